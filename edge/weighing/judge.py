"""From plateaus to pieces: what left each tray, and whether that is sure enough to be charged.

One product a tray. What fits no whole number of pieces is never rounded into one: it goes to review.
The fuller recogniser takes this module's place behind ``judge``.
"""

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from math import prod, sqrt

from edge.domain.records import Happened, TrayEvidence
from edge.domain.values import Decigrams, Sku, TrayId, decigrams
from edge.weighing.track import Step

SWAP_G, SWAP_SHARE = 1.5, 0.002
"""A returned piece weighs what it weighed when taken, within this (scale) plus this share (corner load)."""


@dataclass(frozen=True, slots=True)
class Band:
    """How far n pieces may weigh from n units: ``k · sd · √n + const`` grams."""

    k: float = 3.0
    const_g: float = 5.0

    def around(self, count: int, sd_g: float) -> float:
        return self.k * sd_g * sqrt(abs(count)) + self.const_g


@dataclass(frozen=True, slots=True)
class TrayStory:
    """One tray's part of a session.

    stock: pieces booked on it when the door opened; most: pieces in one movement that stay countable.
    before, after: levels in grams, None where the tray gave none. steps: in time order, times on
    the same clock as ``opened_at``. unsettled: still moving when time ran out. lodged: an earlier
    visitor left something here that weighs like pieces.
    """

    tray: TrayId
    sku: Sku
    unit_g: float
    sd_g: float
    stock: int
    most: int
    before: float | None
    after: float | None
    steps: Sequence[Step] = ()
    unsettled: bool = False
    lodged: bool = False


@dataclass(frozen=True, slots=True)
class Verdict:
    """verdict: charge (something sure left, nothing in doubt) | empty | review."""

    verdict: str
    trays: tuple[TrayEvidence, ...]
    reasons: tuple[str, ...]


NOTHING = Verdict("empty", (), ())


def in_doubt(verdict: Verdict, reason: str, only: Container[TrayId] | None = None) -> Verdict:
    """``verdict`` with every tray that lost or gained something sent to review for ``reason``.

    only: of these trays, None: of all.
    """
    doubtful = {tray.tray for tray in verdict.trays if tray.count and (only is None or tray.tray in only)}
    if not doubtful:
        return verdict
    trays = tuple(
        replace(tray, verdict="review", reasons=(*tray.reasons, reason)) if tray.tray in doubtful else tray
        for tray in verdict.trays
    )
    return Verdict("review", trays, (*verdict.reasons, reason))


def pieces_in(grams: float, unit_g: float, sd_g: float, band: Band) -> int | None:
    """The whole number of pieces that ``grams`` is, sign kept; None: it fits none.

    Accepted within the band and within 0.35 of one unit, so that two counts never both fit.
    """
    count = round(grams / unit_g)
    off = abs(grams - count * unit_g)
    return count if off <= band.around(count, sd_g) and off < 0.35 * unit_g else None


def judge(stories: Sequence[TrayStory], band: Band, opened_at: float, *, filling: bool = False) -> Verdict:
    """What left the trays of one door session.

    opened_at: zero of the events' times. filling: goods may come in as well (a restock), so whole
    pieces gained are no foreign object.
    """
    alone = [_judge_tray(story, band, opened_at, filling) for story in stories]
    trays = tuple(_doubt_misplaced(alone, {story.tray: story for story in stories}, band))
    reasons = tuple(sorted({reason for tray in trays for reason in tray.reasons}))
    if any(tray.verdict == "review" for tray in trays):
        return Verdict("review", trays, reasons)
    moved = any(tray.count for tray in trays)
    return Verdict("charge" if moved else "empty", trays, reasons)


def _judge_tray(story: TrayStory, band: Band, opened_at: float, filling: bool) -> TrayEvidence:
    events = tuple(_happened(step, story, band, opened_at) for step in story.steps)
    if story.before is None or story.after is None:
        return _evidence(story, 0, None, ("silent_tray",), events)
    left_g = story.before - story.after
    count = pieces_in(left_g, story.unit_g, story.sd_g, band)
    guess = round(left_g / story.unit_g) if count is None else count
    residual = left_g - guess * story.unit_g
    reasons = tuple(_doubts(story, band, count, left_g, events, filling))
    return _evidence(story, guess, residual, reasons, events)


def _doubts(
    story: TrayStory,
    band: Band,
    count: int | None,
    left_g: float,
    events: Sequence[Happened],
    filling: bool,
) -> list[str]:
    doubts = []
    if story.unsettled:
        doubts.append("unstable_tray")
    if count is None:
        doubts.append("foreign_object" if left_g < 0 else "poor_fit")
    elif count < 0 and not filling:
        doubts.append("foreign_object")
    elif count > story.stock:
        doubts.append("more_than_booked")
    elif max((event.count for event in events), default=count) > story.most:
        doubts.append("too_many_to_count")
    if not doubts and _net(events) != count:
        doubts.append("steps_disagree")
    if not filling and story.lodged and any(event.count for event in events):
        doubts.append("lodged_object")
    if not filling and "foreign_object" not in doubts and _swapped(story, band):
        doubts.append("swap")
    return doubts


def _evidence(
    story: TrayStory,
    count: int,
    residual: float | None,
    reasons: tuple[str, ...],
    events: tuple[Happened, ...],
) -> TrayEvidence:
    verdict = "review" if reasons else "charge" if count else "empty"
    return TrayEvidence(
        tray=story.tray,
        sku=story.sku,
        verdict=verdict,
        count=count,
        before=_dg(story.before),
        after=_dg(story.after),
        residual=_dg(residual),
        reasons=reasons,
        events=events,
    )


def _dg(value: float | None) -> Decigrams | None:
    return None if value is None else decigrams(value)


def _happened(step: Step, story: TrayStory, band: Band, opened_at: float) -> Happened:
    count = pieces_in(-step.delta, story.unit_g, story.sd_g, band)
    at = round(step.at - opened_at, 3)
    if count is None:
        return Happened(at, "FOREIGN_OBJECT", 0)
    action = "TAKE" if count > 0 else "PUT_BACK" if count < 0 else "TOUCH"
    return Happened(at, action, abs(count))


def _net(events: Sequence[Happened]) -> int:
    sign = {"TAKE": 1, "PUT_BACK": -1}
    return sum(sign.get(event.action, 0) * event.count for event in events)


def _swapped(story: TrayStory, band: Band) -> bool:
    """Whether something of one piece's weight was left on the tray in the place of a piece.

    That is so when a single returned piece weighs unlike every single piece that had been taken, and
    when something came that nobody had taken and did not leave again. Pieces taken several at once have
    no weight of their own; a return of such is not judged.
    """
    tolerance = SWAP_G + SWAP_SHARE * story.unit_g
    held: list[float] = []
    guests: list[float] = []
    for step in story.steps:
        count = pieces_in(-step.delta, story.unit_g, story.sd_g, band)
        if count is None or count == 0:
            continue
        if count == 1:
            if not _pick(guests, -step.delta, tolerance):
                held.append(-step.delta)
        elif count != -1:
            return bool(guests)
        elif not held:
            guests.append(step.delta)
        elif not _pick(held, step.delta, tolerance):
            return True
    return bool(guests)


def _pick(weights: list[float], grams: float, tolerance: float) -> bool:
    """Take the one nearest to ``grams`` out of ``weights``; False: none is within ``tolerance``."""
    nearest = min(weights, key=lambda own: abs(own - grams), default=None)
    if nearest is None or abs(nearest - grams) > tolerance:
        return False
    weights.remove(nearest)
    return True


_MAY_HIDE = {"foreign_object", "poor_fit", "steps_disagree", "swap"}
"""A tray in doubt for one of these may bear goods of other trays."""
_MOST_COMBINATIONS = 4096


def _doubt_misplaced(
    trays: Sequence[TrayEvidence], stories: Mapping[TrayId, TrayStory], band: Band
) -> list[TrayEvidence]:
    """A tray whose goods may lie on another tray is not sure either: its line goes to review too."""
    taken = {t.tray: t.count for t in trays if t.verdict == "charge" and t.count > 0}
    hosts = [t for t in trays if t.delta is not None and not _MAY_HIDE.isdisjoint(t.reasons)]
    doubtful: set[TrayId] = set()
    for host in hosts if taken else []:
        doubtful |= _hidden_on(stories[host.tray], taken, stories, band)
    return [
        replace(tray, verdict="review", reasons=(*tray.reasons, "maybe_misplaced"))
        if tray.tray in doubtful
        else tray
        for tray in trays
    ]


def _hidden_on(
    host: TrayStory, taken: Mapping[TrayId, int], stories: Mapping[TrayId, TrayStory], band: Band
) -> set[TrayId]:
    """Trays of which some pieces may lie on ``host``: with them its change is whole pieces of its own."""
    assert host.before is not None
    assert host.after is not None
    if prod(count + 1 for count in taken.values()) > _MOST_COMBINATIONS:
        return set(taken)
    found: set[TrayId] = set()
    for counts in product(*(range(count + 1) for count in taken.values())):
        chosen = {tray: count for tray, count in zip(taken, counts, strict=True) if count}
        if chosen.keys() <= found:
            continue
        left_g = host.before - host.after + sum(n * stories[tray].unit_g for tray, n in chosen.items())
        own = round(left_g / host.unit_g)
        var = own * host.sd_g**2 + sum(n * stories[tray].sd_g ** 2 for tray, n in chosen.items())
        if 0 <= own <= host.stock and abs(left_g - own * host.unit_g) <= band.around(1, sqrt(var)):
            found |= chosen.keys()
    return found
