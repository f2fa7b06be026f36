"""What a door session comes to, tray by tray: the session's own words for it, whoever weighed. Values."""

from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, replace

from edge.domain.records import Stray, TrayEvidence
from edge.domain.values import TrayId


@dataclass(frozen=True, slots=True)
class Verdict:
    """verdict: charge (something sure left, nothing in doubt) | empty | review.

    strays: what was put back on another tray, and whether that is sure.
    """

    verdict: str
    trays: tuple[TrayEvidence, ...]
    reasons: tuple[str, ...]
    strays: tuple[Stray, ...] = ()


NOTHING = Verdict("empty", (), ())


def verdict_of(
    trays: tuple[TrayEvidence, ...], strays: tuple[Stray, ...] = (), also: Iterable[str] = ()
) -> Verdict:
    """The verdict on the whole of ``trays``: one in doubt puts it under review, the sure are charged.

    Where a tray is in doubt it is not sure what strayed to or from it, nor what it was that was
    carried from it to another tray and taken from there. also: reasons that no tray has by itself.
    """
    reached = _reached(trays, strays, {tray.tray for tray in trays if tray.verdict == "review"})
    trays = _doubted(trays, reached, "ambiguous")
    reasons = tuple(sorted({*also, *(reason for tray in trays for reason in tray.reasons)}))
    doubtful = {tray.tray for tray in trays if tray.verdict == "review"}
    told = tuple(
        s if doubtful.isdisjoint((s.from_tray, s.to_tray)) else replace(s, sure=False) for s in strays
    )
    if doubtful:
        return Verdict("review", trays, reasons, told)
    taken = any(tray.goods for tray in trays)
    return Verdict("charge" if taken else "empty", trays, reasons, told)


def in_doubt(verdict: Verdict, reason: str, only: Container[TrayId] | None = None) -> Verdict:
    """``verdict`` with every tray that lost or gained something sent to review for ``reason``.

    only: of these trays, None: of all.
    """
    moved = {tray.tray for tray in verdict.trays if tray.goods}
    moved |= {tray for stray in verdict.strays for tray in (stray.from_tray, stray.to_tray)}
    doubtful = {tray for tray in moved if only is None or tray in only}
    doubtful |= _reached(verdict.trays, verdict.strays, doubtful)
    if not doubtful:
        return verdict
    return verdict_of(_doubted(verdict.trays, doubtful, reason), verdict.strays, verdict.reasons)


def _doubted(
    trays: Iterable[TrayEvidence], doubtful: Container[TrayId], reason: str
) -> tuple[TrayEvidence, ...]:
    return tuple(
        replace(tray, verdict="review", reasons=(*tray.reasons, reason)) if tray.tray in doubtful else tray
        for tray in trays
    )


def _reached(
    trays: Iterable[TrayEvidence], strays: Sequence[Stray], doubtful: Container[TrayId]
) -> set[TrayId]:
    """Sure trays of which goods were taken that may have come from one of ``doubtful``."""
    carried = {stray.sku for stray in strays if stray.from_tray in doubtful}
    onto = {(stray.to_tray, stray.sku) for stray in strays if stray.sku in carried}
    return {
        tray.tray
        for tray in trays
        if tray.verdict == "charge" and any((tray.tray, sku) in onto for sku, _ in tray.goods)
    }
