"""Which lots lie where, by the books: each restock is a lot of its own, and the oldest is sold first. Pure.

Deliveries carry no lot numbers yet, so a lot is named after the restock that brought it. Which of two lots
on one tray a buyer takes from nobody can see: goods are filled up from behind, so the older one is in front.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from edge.domain.planogram import Planogram
from edge.domain.records import Movement
from edge.domain.values import Place, SessionId, Sku, TrayId

OPENING = "opening"
"""What lay there when the ledger was new."""
UNKNOWN = "unknown"
"""Pieces that came by no restock: put back on another tray, or found by a count."""

Lots = tuple[tuple[str, int], ...]
"""Lots of one product on one tray and their pieces, the oldest first; none of them 0."""


class Moved(Protocol):
    """A stock movement. count: signed pieces."""

    @property
    def tray(self) -> TrayId: ...
    @property
    def sku(self) -> Sku: ...
    @property
    def kind(self) -> str: ...
    @property
    def count(self) -> int: ...


def after(lots: Mapping[Place, Lots], moved: Moved, session: SessionId | None) -> dict[Place, Lots]:
    """``lots`` once ``moved`` is booked. session: the one that moved it; None: no session did."""
    place = moved.tray, moved.sku
    held = lots.get(place, ())
    if moved.count > 0:
        return {**lots, place: _with(held, _name(moved, session), moved.count)}
    return {**lots, place: _without(held, -moved.count)}


def after_all(movements: Iterable[tuple[Moved, SessionId | None]]) -> dict[Place, Lots]:
    """What a whole history of movements leaves. In time order."""
    lots: dict[Place, Lots] = {}
    for moved, session in movements:
        place = moved.tray, moved.sku
        lots[place] = after({place: lots.get(place, ())}, moved, session)[place]
    return lots


def out_of_place(lying: Mapping[Place, Lots], planogram: Planogram) -> Iterator[Movement]:
    """Movements that take off the books what was planned before and ``planogram`` has no place for.

    What came by no restock is a stray, whatever is planned around it: it stays.
    """
    for (tray, sku), held in lying.items():
        count = sum(pieces for lot, pieces in held if lot != UNKNOWN)
        if count and sku not in planogram.skus(tray):
            yield Movement(tray, sku, "ADJUST", -count, "another product is planned here")


def _name(moved: Moved, session: SessionId | None) -> str:
    if moved.kind != "RESTOCK":
        return UNKNOWN
    return session or OPENING


def _with(held: Lots, lot: str, count: int) -> Lots:
    if held and held[-1][0] == lot:
        return (*held[:-1], (lot, held[-1][1] + count))
    return (*held, (lot, count))


def _without(held: Lots, count: int) -> Lots:
    left = []
    for lot, pieces in held:
        gone = min(count, pieces)
        count -= gone
        if pieces > gone:
            left.append((lot, pieces - gone))
    return tuple(left)
