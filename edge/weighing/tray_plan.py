"""What is planned on one tray, as the linter looks at it: goods with weights and spreads. Pure values.

Goods of several products may share a tray. All weights are grams.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from edge.weighing.recording import LOT_SHARE, ROUND_G2

STEP_SD_G = 1.2
"""Standard deviation of one measured change until a tray's own is known: two plateaus of a 10 kg tray."""
READING_SD_G = 0.8
"""Standard deviation of one displayed reading until a tray's own is known."""


@dataclass(frozen=True, slots=True)
class Good:
    """One product on a tray.

    unit_g, sd_g: mean and standard deviation of one unit, gross; sd_g None: nobody has weighed it.
    count: the most units that may lie there. group: products sold as one, at one price; None: alone.
    declared_g: the catalogue's weight where ``unit_g`` is learnt. lot_sd_g: error common to the units
    of a lot; None: not learnt. Raises ValueError naming the field that cannot be.
    """

    sku: str
    unit_g: float
    sd_g: float | None
    count: int
    price_fen: int
    group: str | None = None
    declared_g: float | None = None
    lot_sd_g: float | None = None

    def __post_init__(self) -> None:
        if not (isfinite(self.unit_g) and self.unit_g > 0):
            raise ValueError(f"{self.sku}: unit_g {self.unit_g} must be more than 0 g")
        if self.sd_g is not None and not (isfinite(self.sd_g) and self.sd_g >= 0):
            raise ValueError(f"{self.sku}: sd_g {self.sd_g} must be 0 g or more, or None")
        if self.count < 0:
            raise ValueError(f"{self.sku}: count {self.count} must be 0 or more")

    @property
    def spread_g(self) -> float:
        """``sd_g``, or what the law's allowed shortage lets one expect where it is missing."""
        return self.sd_g if self.sd_g else allowed_shortage_g(self.unit_g) / 4

    @property
    def own_var(self) -> float:
        """Variance of one unit, grams squared: what differs from unit to unit."""
        return self.spread_g**2 + ROUND_G2

    @property
    def lot_var(self) -> float:
        """Variance of what a lot's units have in common, grams squared."""
        own = LOT_SHARE * self.own_var**0.5 if self.lot_sd_g is None else self.lot_sd_g
        return own**2

    @property
    def load_g(self) -> float:
        return self.count * self.unit_g


@dataclass(frozen=True, slots=True)
class TrayPlan:
    """One tray with everything that is planned on it.

    capacity_g: the largest load whose weight the scale can still show. noise_g: standard deviation of
    one measured change. reading_sd_g: of one displayed reading. tare_g: the tray itself.
    Raises ValueError where a product stands there twice or a number cannot be.
    """

    tray: str
    goods: Sequence[Good]
    capacity_g: float
    noise_g: float = STEP_SD_G
    reading_sd_g: float = READING_SD_G
    tare_g: float = 0.0

    def __post_init__(self) -> None:
        skus = [good.sku for good in self.goods]
        if len(set(skus)) < len(skus):
            twice = sorted({sku for sku in skus if skus.count(sku) > 1})
            raise ValueError(f"tray {self.tray}: {', '.join(twice)} stands there twice")
        for name, value in (("capacity_g", self.capacity_g), ("reading_sd_g", self.reading_sd_g)):
            if not (isfinite(value) and value > 0):
                raise ValueError(f"tray {self.tray}: {name} {value} must be more than 0 g")
        for name, value in (("noise_g", self.noise_g), ("tare_g", self.tare_g)):
            if not (isfinite(value) and value >= 0):
                raise ValueError(f"tray {self.tray}: {name} {value} must be 0 g or more")

    @property
    def load_g(self) -> float:
        return sum(good.load_g for good in self.goods)


def allowed_shortage_g(content_g: float) -> float:
    """The shortage that the law allows one pack of ``content_g``.

    Source: 定量包装商品计量监督管理办法 (order 70 of 2023), table 3; above 10 kg its last share.
    """
    for upto, shortage in _SHORTAGE:
        if content_g <= upto:
            return shortage(content_g)
    return 0.015 * content_g


_SHORTAGE = (
    (50.0, lambda grams: 0.09 * grams),
    (100.0, lambda _grams: 4.5),
    (200.0, lambda grams: 0.045 * grams),
    (300.0, lambda _grams: 9.0),
    (500.0, lambda grams: 0.03 * grams),
    (1000.0, lambda _grams: 15.0),
)


def counted_as_one(goods: Sequence[Good]) -> list[Good]:
    """``goods`` with each declared group as a single good, named ``A|B``, in the order of the first.

    Its weight is the mean by count, and its spread covers the difference of the members' weights.
    """
    groups: dict[str, list[Good]] = {}
    for good in goods:
        groups.setdefault(f"group {good.group}" if good.group else f"sku {good.sku}", []).append(good)
    return [members[0] if len(members) == 1 else _merged(members) for members in groups.values()]


def _merged(members: Sequence[Good]) -> Good:
    weights = [max(good.count, 1) for good in members]
    total = sum(weights)
    mean = sum(n * good.unit_g for n, good in zip(weights, members, strict=True)) / total
    var = sum(
        n * (good.spread_g**2 + (good.unit_g - mean) ** 2) for n, good in zip(weights, members, strict=True)
    )
    return Good(
        sku="|".join(good.sku for good in members),
        unit_g=mean,
        sd_g=(var / total) ** 0.5,
        count=sum(good.count for good in members),
        price_fen=members[0].price_fen,
        group=members[0].group,
        lot_sd_g=max(good.lot_var for good in members) ** 0.5,
    )
