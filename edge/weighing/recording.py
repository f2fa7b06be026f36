"""One recorded door session as plain values: what was planned on the trays and what their scales said.

It knows no file format and judges nothing; ``Book`` is the same planogram indexed for the search.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from edge.domain.values import Sku, TrayId

Sample = tuple[float, int, float]
"""Seconds, index into the trays, grams (raw: unknown offset, not zeroed)."""
Placed = tuple[float, int, float, float]
"""The same and the point the load acts on, in millimetres across the lanes; of trays whose cells are read
one by one."""
Row = Sample | Placed

LOT_SHARE = 0.35
"""Standard deviation of a lot's common error, as a share of one unit's, until the lot has been weighed."""
ROUND_G2 = 0.05
"""Added to each unit's variance: weights are stated in tenths of a gram at best."""
GAIN_SHARE = 0.0011
"""Error of a measured change as a share of it: gain and corner load of the trays simulated for the
method's record. A real rig of four cells asks for 0.002; calibration with five positions tells."""
UNKNOWN_UNIT_G = 80.0
"""Lightest unit assumed for a tray where nothing is planned."""
LEAST_UNIT_G, MOST_UNIT_G = 1.0, 1e5
"""A unit below the display's step or above 100 kg is a slip of whoever wrote the planogram."""
MOST_COUNT = 10_000
"""Booked units beyond this change nothing: the lightest would weigh ten kilograms together."""
LEAST_WIDTH_MM, MOST_WIDTH_MM = 20.0, 5000.0
"""A tray of another width, or with a lane beside it, is taken for one without lanes."""
SCATTER_SHARE = 0.25
"""Standard deviation of a unit's place, as a share of its lane: people put things about the middle."""
MOST_GOODS = 24
"""Products of one tray. Its weights would collide long before; the search would take minutes instead."""


@dataclass(frozen=True, slots=True)
class Stocked:
    """Units of one product on one tray.

    unit_g: mean gross weight. tol_g: three standard deviations of one unit. count: booked stock, a hard
    limit. lot_sd_g: error common to the units of a lot; None: not learnt. x_mm: middle of its lane.
    """

    sku: Sku
    unit_g: float
    tol_g: float
    count: int
    lot_sd_g: float | None = None
    x_mm: float | None = None


@dataclass(frozen=True, slots=True)
class StockedTray:
    """A tray and what is booked on it. gain_share: see ``GAIN_SHARE``. width_mm: across its lanes."""

    tray: TrayId
    goods: tuple[Stocked, ...] = ()
    gain_share: float = GAIN_SHARE
    width_mm: float | None = None


@dataclass(frozen=True, slots=True)
class Recording:
    """A whole door session. ended: when it was closed, on the samples' clock; None: at the last row."""

    id: str
    trays: tuple[StockedTray, ...]
    samples: Sequence[Row]
    ended: float | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit's weight in grams, its own variance and that of its lot's common error, grams squared.

    x_mm: the middle of its lane.
    """

    grams: float
    own_var: float
    lot_var: float
    x_mm: float | None = None

    def __post_init__(self) -> None:
        assert self.grams > 0
        assert self.own_var > 0


@dataclass(frozen=True, slots=True)
class Lanes:
    """A tray's lanes, in millimetres. scatter_mm: standard deviation of a unit's place within its lane."""

    width_mm: float
    scatter_mm: float


class Book:
    """The planogram of one session, indexed: SKUs and trays are numbers in here.

    skus: names in sorted order, so that ties fall the same way whatever the file's order.
    faults: sentences naming what was planned and cannot be (a weight that is no weight, a negative count,
    more products on a tray than can be told apart); such goods are left out or counted as 0.
    """

    def __init__(self, trays: Sequence[StockedTray]) -> None:
        self.trays: tuple[TrayId, ...] = tuple(tray.tray for tray in trays)
        self.skus: tuple[Sku, ...] = tuple(sorted({good.sku for tray in trays for good in tray.goods}))
        self.gain_share = tuple(tray.gain_share for tray in trays)
        self.lanes: tuple[Lanes | None, ...] = tuple(_lanes_of(tray) for tray in trays)
        self.faults: list[str] = []
        self.stock: list[dict[int, int]] = []
        self._units: list[dict[int, Unit]] = []
        self._anywhere: dict[int, Unit] = {}
        index = {sku: number for number, sku in enumerate(self.skus)}
        for tray in trays:
            self._enter(tray, index)
        lightest = min((unit.grams for unit in self._anywhere.values()), default=UNKNOWN_UNIT_G)
        self.lightest: tuple[float, ...] = tuple(
            min((unit.grams for unit in units.values()), default=lightest) for units in self._units
        )

    def unit(self, tray: int, sku: int) -> Unit:
        """The weight of a unit of ``sku`` on ``tray``; of a stray one that of its own tray."""
        return self._units[tray].get(sku) or self._anywhere[sku]

    def _enter(self, tray: StockedTray, index: Mapping[Sku, int]) -> None:
        units: dict[int, Unit] = {}
        stock: dict[int, int] = {}
        many = len({good.sku for good in tray.goods})
        if many > MOST_GOODS:
            self.faults.append(f"tray {tray.tray}: {many} products are more than {MOST_GOODS}")
        for good in tray.goods if many <= MOST_GOODS else ():
            sku = index[good.sku]
            if faults := list(_faults_of(good)):
                self.faults += [f"tray {tray.tray}, {good.sku}: {fault}" for fault in faults]
            if not weighs(good):
                continue
            units.setdefault(sku, unit_of(good))
            self._anywhere.setdefault(sku, replace(units[sku], x_mm=None))
            stock[sku] = min(stock.get(sku, 0) + max(good.count, 0), MOST_COUNT)
        self._units.append(units)
        self.stock.append(stock)


def weighs(good: Stocked) -> bool:
    """Whether what is said of a piece is a weight at all."""
    return LEAST_UNIT_G <= good.unit_g <= MOST_UNIT_G and 0 <= good.tol_g <= MOST_UNIT_G


def _faults_of(good: Stocked) -> Iterator[str]:
    if not weighs(good):
        yield f"unit_g {good.unit_g} with tol_g {good.tol_g} is no weight"
    if good.count < 0:
        yield f"count {good.count} is less than nothing"


def unit_of(good: Stocked) -> Unit:
    """What one piece of ``good``, which ``weighs`` something, weighs."""
    sd = good.tol_g / 3
    own = sd * sd + ROUND_G2
    lot = LOT_SHARE * own**0.5 if good.lot_sd_g is None else good.lot_sd_g
    return Unit(good.unit_g, own, lot * lot, good.x_mm)


def _lanes_of(tray: StockedTray) -> Lanes | None:
    width = tray.width_mm
    if width is None or not LEAST_WIDTH_MM <= width <= MOST_WIDTH_MM:
        return None
    lanes = {good.x_mm for good in tray.goods if good.x_mm is not None and 0 <= good.x_mm <= width}
    if not lanes or any(good.x_mm is not None and good.x_mm not in lanes for good in tray.goods):
        return None
    return Lanes(width, SCATTER_SHARE * width / len(lanes))
