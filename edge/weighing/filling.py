"""What a restock brought to each tray and took from it, counted movement by movement. Pure.

Whoever fills a tray moves one product at a time, so a movement is whole pieces of one product that lies
there; what fits none, or more than one, goes to review. A buyer's visit is ``recogniser``'s.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import sqrt

from edge.domain.records import Happened, TrayEvidence
from edge.domain.values import Decigrams, Pieces, Sku, TrayId, decigrams
from edge.domain.verdict import Verdict, verdict_of
from edge.weighing.track import Step

UNIT_SHARE = 0.35
"""A weight must be within this share of a unit to be whole pieces, so that two counts never both fit."""


@dataclass(frozen=True, slots=True)
class Band:
    """How far n pieces may weigh from n units: ``k · sd · √n + const`` grams."""

    k: float = 3.0
    const_g: float = 5.0

    def around(self, count: float, sd_g: float) -> float:
        return self.k * sd_g * sqrt(abs(count)) + self.const_g


@dataclass(frozen=True, slots=True)
class Lying:
    """A product that may lie on a tray. stock: pieces booked there.

    most: pieces in one movement that stay countable. astray: it belongs elsewhere, and only leaves.
    """

    sku: Sku
    unit_g: float
    sd_g: float
    stock: int
    most: int
    astray: bool = False


@dataclass(frozen=True, slots=True)
class Filled:
    """One tray's part of a restock.

    before, after: levels in grams, None where the tray gave none. steps: in time order, times on the
    same clock as ``opened_at``. unsettled: still moving when time ran out.
    """

    tray: TrayId
    goods: Sequence[Lying]
    before: float | None
    after: float | None
    steps: Sequence[Step] = ()
    unsettled: bool = False


@dataclass(frozen=True, slots=True)
class _Movement:
    """fits: every (product, pieces that left) that it may have been; none: it is no goods of the tray."""

    step: Step
    fits: tuple[tuple[Lying, int], ...]

    @property
    def sure(self) -> tuple[Lying, int] | None:
        return self.fits[0] if len(self.fits) == 1 else None


def pieces_in(grams: float, unit_g: float, sd_g: float, band: Band) -> int | None:
    """The whole number of pieces that ``grams`` is, sign kept; None: it fits none."""
    count = round(grams / unit_g)
    off = abs(grams - count * unit_g)
    return count if off <= band.around(count, sd_g) and off < UNIT_SHARE * unit_g else None


def counted(trays: Sequence[Filled], band: Band, opened_at: float) -> Verdict:
    """What came to and left ``trays`` in one restock. opened_at: zero of the events' times."""
    return verdict_of(tuple(_tray(tray, band, opened_at) for tray in trays))


def _tray(filled: Filled, band: Band, opened_at: float) -> TrayEvidence:
    moved = [_movement(step, filled.goods, band) for step in filled.steps]
    events = tuple(_happened(each, opened_at) for each in moved)
    if filled.before is None or filled.after is None:
        return _evidence(filled, (), None, ("silent_tray",), events)
    goods = _net(moved)
    left_g = filled.before - filled.after
    weights = {good.sku: good.unit_g for good in filled.goods}
    residual = left_g - sum(count * weights[sku] for sku, count in goods)
    return _evidence(filled, goods, residual, tuple(_doubts(filled, moved, goods, residual, band)), events)


def _movement(step: Step, goods: Sequence[Lying], band: Band) -> _Movement:
    fits = [(good, pieces_in(-step.delta, good.unit_g, good.sd_g, band)) for good in goods]
    if any(count == 0 for good, count in fits if not good.astray):  # a touch, whatever lies there
        return _Movement(step, tuple((good, 0) for good, _ in fits[:1]))
    return _Movement(step, tuple((good, count) for good, count in fits if count and _may(good, count)))


def _may(good: Lying, count: int) -> bool:
    return not good.astray or 0 < count <= good.stock


def _net(moved: Sequence[_Movement]) -> Pieces:
    counts: Counter[Sku] = Counter()
    for each in moved:
        if each.sure:
            counts[each.sure[0].sku] += each.sure[1]
    return tuple(sorted((sku, count) for sku, count in counts.items() if count))


def _doubts(
    filled: Filled, moved: Sequence[_Movement], goods: Pieces, residual: float, band: Band
) -> Iterator[str]:
    if filled.unsettled:
        yield "unstable_tray"
    foreign = [each.step.delta for each in moved if not each.fits]
    if foreign and abs(sum(foreign)) > band.around(0, 0):  # a hand that leant and went left nothing
        yield "foreign_object"
    if any(len(each.fits) > 1 for each in moved):
        yield "ambiguous"
    stock = {good.sku: good.stock for good in filled.goods}
    if any(count > stock[sku] for sku, count in goods):
        yield "more_than_booked"
    if any(each.sure and abs(each.sure[1]) > each.sure[0].most for each in moved):
        yield "too_many_to_count"
    var = sum(abs(each.sure[1]) * each.sure[0].sd_g ** 2 for each in moved if each.sure)
    if abs(residual) > band.around(1, sqrt(var)):
        yield "steps_disagree"


def _evidence(
    filled: Filled,
    goods: Pieces,
    residual: float | None,
    reasons: tuple[str, ...],
    events: tuple[Happened, ...],
) -> TrayEvidence:
    return TrayEvidence(
        tray=filled.tray,
        verdict="review" if reasons else "charge" if goods else "empty",
        goods=goods,
        before=_dg(filled.before),
        after=_dg(filled.after),
        residual=_dg(residual),
        reasons=reasons,
        events=events,
    )


def _dg(value: float | None) -> Decigrams | None:
    return None if value is None else decigrams(value)


def _happened(moved: _Movement, opened_at: float) -> Happened:
    at = round(moved.step.at - opened_at, 3)
    if moved.sure is None:
        return Happened(at, "FOREIGN_OBJECT", 0)
    good, count = moved.sure
    if count == 0:
        return Happened(at, "TOUCH", 0)
    return Happened(at, "TAKE" if count > 0 else "PUT_BACK", abs(count), good.sku)
