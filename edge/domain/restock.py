"""A supplier's visit as a sheet: planned, weighed, typed, and what it does to the books. Pure.

The weights say what came to each tray and what left it. The restocker adds what no weight knows (lot, dates,
why something was taken away) and corrects a count with a reason. Nothing is booked before the sheet is
signed, and then all of it at once.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from edge.domain.catalogue import Product
from edge.domain.planogram import Facing
from edge.domain.sheet import Told
from edge.domain.stock import Lot, Lots
from edge.domain.values import Place, TrayId, days_after

DRIFT = 0.02
"""A delivery whose pieces weigh more than this beside the catalogue is told: its weight has to be learnt."""
DRIFT_FROM = 3
"""Pieces brought from which their mean says something about the lot."""

OTHER_SUPPLIER = "OTHER_SUPPLIER"
"""Refusal that is about who handles goods, and so about taking them away and counting them as well."""

OFF_SHELF = TrayId("off-shelf")
"""Where goods are between being pulled off a tray and being written off: in the staff's hands."""

WRITTEN_OFF = frozenset({"EXPIRED", "DAMAGED", "RECALLED"})
"""Reasons of which goods are lost; RETURNED ones go back to their supplier."""

WARNINGS = frozenset({"WEIGHT_DRIFT"})
"""Problems that keep nothing from being finished."""


@dataclass(frozen=True, slots=True)
class Weighed:
    """What the weights say of one product on one tray in this visit.

    left: net pieces that left it, negative where more came. taken: pieces taken out, put back or not.
    problem: "" | UNSURE | SILENT | WRONG_GOODS. residual_g: what of the change the pieces do not explain.
    load_g: what lies on the tray now, None: not known. there: pieces that this would be, None: other goods
    lie there too.
    """

    left: int = 0
    taken: int = 0
    problem: str = ""
    residual_g: float = 0.0
    load_g: float | None = None
    there: int | None = None


Refuse = Callable[[Product, Lot | None], tuple[str, ...]]
"""Codes why this lot of a product may not be put on the tray; (): it may."""


@dataclass(frozen=True, slots=True)
class Doomed:
    """Lots that must leave a tray before a restock is finished. why: EXPIRED or RECALLED."""

    lots: Lots = ()
    why: str = ""

    @property
    def count(self) -> int:
        return sum(held.count for held in self.lots)


@dataclass(frozen=True, slots=True)
class Homeward:
    """Strays that were carried to the tray they belong on. count: pieces, negative where they left.

    to: where those that left went; None: they came.
    """

    count: int = 0
    to: TrayId | None = None


STAYS = Homeward()


def homeward(weighed: Mapping[Place, Weighed], planned: Collection[Place]) -> dict[Place, Homeward]:
    """Which pieces left a tray that they had strayed to and came to one where they are planned."""
    came = {place: -each.left for place, each in weighed.items() if place in planned and each.left < 0}
    found: dict[Place, Homeward] = {}
    for (tray, sku), each in weighed.items():
        home = next((place for place in came if place[1] == sku and came[place] > 0), None)
        if (tray, sku) in planned or each.left <= 0 or home is None:
            continue
        count = min(each.left, came[home])
        came[home] -= count
        found[tray, sku] = Homeward(-count, home[0])
        found[home] = Homeward(found.get(home, STAYS).count + count)
    return found


@dataclass(frozen=True, slots=True)
class Row:
    """One product on one tray. All counts in pieces.

    before: booked. wanted: the suggestion. weighed: brought by weight. brought, pulled, counted, now: as
    TileView has them. lot: of what is brought; None: not known. refusals: why nothing of it may be put in.
    problems: codes, the weightiest first.
    """

    facing: Facing
    product: Product
    before: int
    wanted: int
    weighed: int
    brought: int
    pulled: int
    pull_reason: str
    counted: int | None
    now: int
    lot: Lot | None
    lots: Lots
    doomed: Doomed
    told: Told
    sure: bool = True
    residual_g: float = 0.0
    refusals: tuple[str, ...] = ()
    home: Homeward = STAYS
    problems: tuple[str, ...] = ()

    @property
    def place(self) -> Place:
        return self.facing.tray, self.facing.sku

    @property
    def blocking(self) -> tuple[str, ...]:
        if self.brought or (self.sure and self.weighed):
            told = WARNINGS
        else:
            told = WARNINGS.union(self.refusals) - ({OTHER_SUPPLIER} if self.handled else set())
        return tuple(each for each in self.problems if each not in told)

    @property
    def handled(self) -> bool:
        """Whether goods are taken away or counted otherwise; what must go anybody may take away."""
        cleared = self.doomed.count if self.pull_reason == self.doomed.why else 0
        return self.pulled > cleared or self.counted_off != 0

    @property
    def counted_off(self) -> int:
        """Pieces that a stock-take found more (or, negative, less) than the books and this visit say."""
        return 0 if self.counted is None else self.counted - self.expected

    @property
    def expected(self) -> int:
        """Pieces there by the books and this visit, whatever a stock-take finds."""
        return self.before + self.home.count - self.pulled + self.brought

    @property
    def reason(self) -> str:
        """Why a count is another than the weighed or the booked one, as typed."""
        said = (self.told.count, self.told.stock)
        return "; ".join(each.reason for each in said if each and each.reason)

    @property
    def touched(self) -> bool:
        """Whether this visit changes anything here."""
        return bool(self.brought or self.pulled or self.home.count or self.counted is not None)


def suggestion(facing: Facing, on_hand: int, in_transit: int) -> int:
    """Pieces to bring: par − on hand − in transit, not below 0, at most what fits the tray."""
    return max(0, min(facing.par - on_hand - in_transit, facing.capacity - on_hand))


def row_of(
    facing: Facing,
    product: Product,
    lots: Lots,
    doomed: Doomed,
    wanted: int,
    usual: Lot | None,
    weighed: Weighed,
    told: Told,
    refuse: Refuse,
    max_load_g: float,
    today: date,
    home: Homeward = STAYS,
) -> Row:
    """lots: what is booked there. usual: the lot that is taken for what is brought, unless another is told.

    max_load_g: the most that a tray's scale carries. today: the local business day.
    """
    before = sum(held.count for held in lots)
    weighed = replace(weighed, left=weighed.left + home.count)
    pulled = _pulled(told, weighed, doomed.count)
    came = max(0, pulled - weighed.left)
    brought = told.count.count if told.count and told.count.count is not None else came
    counted = told.stock.count if told.stock else None
    lot = _lot(told, usual, product)
    refused = refuse(product, lot)
    refusals = refused if brought or came or wanted else ()
    row = Row(
        facing=facing,
        product=product,
        before=before,
        wanted=0 if refusals else wanted,
        weighed=came,
        brought=brought,
        pulled=pulled,
        pull_reason=told.pull.reason if told.pull else doomed.why if 0 < pulled <= doomed.count else "",
        counted=counted,
        now=before + home.count - pulled + brought if counted is None else counted,
        lot=lot,
        lots=lots,
        doomed=doomed,
        told=told,
        sure=not weighed.problem,
        residual_g=weighed.residual_g,
        refusals=refusals,
        home=home,
    )
    if row.handled and not refusals:
        row = replace(row, refusals=tuple(each for each in refused if each == OTHER_SUPPLIER))
    found = tuple(dict.fromkeys(_problems(row, weighed, max_load_g, today)))
    return replace(row, problems=found)


def _pulled(told: Told, weighed: Weighed, must_go: int) -> int:
    """Pieces taken away for good. Who takes old ones out to put new ones behind them pulls nothing off.

    As typed; else what is gone by the net weight; else the expired ones, if at least as many were taken out.
    """
    if told.pull and told.pull.count is not None:
        return told.pull.count
    net = max(0, weighed.left)
    return max(net, must_go) if must_go and weighed.taken >= must_go else net


def _lot(told: Told, usual: Lot | None, product: Product) -> Lot | None:
    if told.lot is None:
        return usual
    produced = date.fromisoformat(told.lot.produced_on) if told.lot.produced_on else None
    expires = date.fromisoformat(told.lot.expires_on) if told.lot.expires_on else None
    if expires is None and produced and product.shelf_life_days:
        expires = days_after(produced, product.shelf_life_days)
    return Lot(told.lot.lot, produced, expires)


def _problems(row: Row, weighed: Weighed, max_load_g: float, today: date) -> Iterator[str]:
    """The weightiest first."""
    yield from row.refusals
    if weighed.problem and not _settled(row, weighed):
        yield weighed.problem
    if weighed.load_g is not None and weighed.load_g > max_load_g:
        yield "OVERLOAD"
    if row.now > row.facing.capacity:
        yield "OVER_CAPACITY"
    if row.pulled > row.before + row.brought and row.counted is None:
        yield "MORE_THAN_BOOKED"
    if _stays(row, weighed):
        yield f"{row.doomed.why}_LOT"
    yield from _unsaid(row, weighed, today)
    if _drifted(row, weighed):
        yield "WEIGHT_DRIFT"


def _stays(row: Row, weighed: Weighed) -> bool:
    """Whether something lies there that must go. Where the weights are sure, a word does not move it.

    A tray that weighs as if all of it lay there is not counted empty.
    """
    seen = row.pulled if weighed.problem else min(row.pulled, max(weighed.taken, weighed.left))
    empty = row.counted == 0 and (weighed.there or 0) < max(1, row.doomed.count)
    return row.doomed.count > seen and not empty


def _settled(row: Row, weighed: Weighed) -> bool:
    """Whether what was typed settles what the weights leave open.

    Wrong goods it does only where all that lies there weighs as many pieces as were counted: whoever puts two
    things down at once, and takes the wrong one out again, leaves nothing wrong there.
    """
    if weighed.problem == "WRONG_GOODS":
        return row.counted is not None and row.counted == weighed.there
    return row.told.count is not None or row.counted is not None


def _unsaid(row: Row, weighed: Weighed, today: date) -> Iterator[str]:
    """What the restocker has still to say."""
    if row.brought:
        yield from _lot_problems(row, today)
    if row.pulled and not row.pull_reason:
        yield "PULL_REASON_MISSING"
    count = row.told.count
    if count is not None and not weighed.problem and count.count != row.weighed and not count.reason:
        yield "COUNT_DIFFERS"
    stock = row.told.stock
    if stock is not None and stock.count != row.expected and not stock.reason:
        yield "REASON_MISSING"


def _lot_problems(row: Row, today: date) -> Iterator[str]:
    lot, keeps = row.lot, row.product.shelf_life_days is None
    if lot is None or not (lot.name or lot.produced_on) or (lot.expires_on is None and not keeps):
        yield "LOT_MISSING"
    elif lot.produced_on and lot.produced_on > today:
        yield "PRODUCED_LATER"


def _drifted(row: Row, weighed: Weighed) -> bool:
    """Whether the pieces brought weigh otherwise than the catalogue says, by the mean of all of them."""
    net = -weighed.left
    if net < DRIFT_FROM or weighed.problem:
        return False
    return abs(weighed.residual_g / net) > DRIFT * row.product.unit_weight / 10
