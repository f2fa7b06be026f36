"""What a recorded door session teaches about unit weights and empty trays. Pure; only what is sure counts.

It knows the session's evidence, and neither lots nor what was known before.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge.domain.records import ClosedSession, TrayEvidence
from edge.domain.values import Decigrams, Kind, Place, Sku, TrayId, grams
from edge.weighing.learning import Observation, Restock, SingleTake
from edge.weighing.recording import GAIN_SHARE

NET_VAR_G2 = 2.0
"""Variance of a tray's change from before the door opened until after it was shut: two levels of a tray at
rest (0.5 g each at most) and a minute's drift and creep (1.2 g), as the simulated trays have them."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """An observation of units of ``sku`` that lay, or lie now, on ``tray``."""

    tray: TrayId
    sku: Sku
    seen: Observation


def lessons_of(closed: ClosedSession) -> Iterator[Lesson]:
    """What ``closed`` teaches about unit weights, in the trays' order.

    Of a BUY: trays of which one piece was taken in one movement and on which nothing else happened. Of a
    RESTOCK: trays that one product came to and nothing left. Everything else teaches nothing.
    """
    if closed.kind is Kind.SERVICE:
        return
    for tray in closed.trays:
        lesson = _take(tray) if closed.kind is Kind.BUY else _restock(tray)
        if lesson is not None:
            yield lesson


def emptied(closed: ClosedSession, on_hand: Mapping[Place, int]) -> Iterator[tuple[TrayId, Decigrams]]:
    """Trays that this session surely emptied, by the books, and what they show empty."""
    if closed.kind is Kind.SERVICE:
        return
    full = {tray for (tray, _), count in on_hand.items() if count}
    for tray in closed.trays:
        if tray.goods and _is_sure(tray) and tray.tray not in full and tray.after is not None:
            yield tray.tray, tray.after


def _take(tray: TrayEvidence) -> Lesson | None:
    if [count for _, count in tray.goods] != [1] or tray.delta is None:
        return None
    if [(each.action, each.count) for each in tray.events] != [("TAKE", 1)]:
        return None
    loss_g = -grams(tray.delta)
    return Lesson(
        tray.tray,
        tray.goods[0][0],
        SingleTake(loss_g, _variance(loss_g), _sure_p(tray), flagged=not _is_sure(tray)),
    )


def _restock(tray: TrayEvidence) -> Lesson | None:
    if len(tray.goods) != 1 or tray.goods[0][1] >= 0 or tray.delta is None:
        return None
    (sku, count), gain_g = tray.goods[0], grams(tray.delta)
    return Lesson(tray.tray, sku, Restock(-count, gain_g, _variance(gain_g), trusted=_is_sure(tray)))


def _is_sure(tray: TrayEvidence) -> bool:
    return tray.verdict == "charge" and not tray.reasons


def _sure_p(tray: TrayEvidence) -> float:
    """Probability of what the evidence says left; 0 where nobody told one."""
    return next((each.permille / 1000 for each in tray.alternatives if each.goods == tray.goods), 0.0)


def _variance(change_g: float) -> float:
    return NET_VAR_G2 + (GAIN_SHARE * change_g) ** 2
