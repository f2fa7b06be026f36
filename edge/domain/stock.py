"""Lots by the books: what lies where, what leaves first, and until when it may be sold. Pure.

It knows pieces, dates and movements; no ledger, weight or price. Goods leave by their date and, of one date,
as they came: they are filled up from behind.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from types import MappingProxyType
from typing import Protocol

from edge.domain.records import Movement
from edge.domain.values import Place, SessionId, Sku, TrayId

OPENING = "opening"
"""What lay there when the ledger was new."""
UNKNOWN = "unknown"
"""Pieces that came by no restock: put back on another tray, or found by a count."""


@dataclass(frozen=True, slots=True)
class Lot:
    """Goods of one production. name: the maker's lot number, "" where none was entered.

    expires_on: the last day of sale; None: not known, or the goods keep for ever.
    """

    name: str = ""
    produced_on: date | None = None
    expires_on: date | None = None


NO_LOT = Lot()


@dataclass(frozen=True, slots=True)
class Held:
    """Pieces of one lot of one product on one tray; never 0 or less.

    came: UNKNOWN for what no restock brought; else, of a lot without a name, the restock's session or
    OPENING, and "" of a lot with one.
    """

    lot: Lot
    count: int
    came: str = ""


Lots = tuple[Held, ...]
"""One product on one tray, in the order in which the lots came."""

NO_LOTS: Mapping[Place, Lots] = MappingProxyType({})


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
    @property
    def lot(self) -> str: ...
    @property
    def produced_on(self) -> date | None: ...
    @property
    def expires_on(self) -> date | None: ...


def lot_of(moved: Moved) -> Lot:
    """The lot that a movement names."""
    return Lot(moved.lot, moved.produced_on, moved.expires_on)


def first_expired_first_out(held: Lots, count: int) -> Lots:
    """Of which lots ``count`` pieces are taken: earliest date first, undated last, ties as they came.

    Fewer than ``count`` where fewer are held.
    """
    taken = []
    for each in sorted(held, key=_date):
        gone = min(each.count, count)
        count -= gone
        if gone > 0:
            taken.append(replace(each, count=gone))
    return tuple(taken)


def leaving(held: Lots, tray: TrayId, sku: Sku, kind: str, count: int, reason: str = "") -> list[Movement]:
    """The movements by which ``count`` (> 0) pieces leave, one a lot, the first to expire first.

    What goes beyond the lots held is of no lot: that they were there is known by its weight alone.
    """
    by_lot: dict[Lot, int] = {}
    for each in first_expired_first_out(held, count):
        by_lot[each.lot] = by_lot.get(each.lot, 0) + each.count
    if beyond := count - sum(by_lot.values()):
        by_lot[NO_LOT] = by_lot.get(NO_LOT, 0) + beyond
    return [
        Movement(tray, sku, kind, -pieces, reason, lot.name, lot.produced_on, lot.expires_on)
        for lot, pieces in by_lot.items()
    ]


@dataclass(slots=True)
class Books:
    """What movements leave: pieces and lots by place. The pieces of a place's lots are its pieces on hand.

    Where more left than ever came, the pieces are below 0 and there is no lot; what comes next makes up
    for them first.
    """

    on_hand: dict[Place, int] = field(default_factory=dict)
    lots: dict[Place, Lots] = field(default_factory=dict)

    def book(self, moved: Moved, session: SessionId | None) -> None:
        """session: the one that moved it; None: no session did."""
        place = moved.tray, moved.sku
        booked, held = self.on_hand.get(place, 0), self.lots.get(place, ())
        self.on_hand[place] = booked + moved.count
        if moved.count > 0:
            held = _with(held, moved, moved.count + min(0, booked), session)
        else:
            held = _without(held, lot_of(moved), -moved.count)
        if held:
            self.lots[place] = held
        else:
            self.lots.pop(place, None)

    def take(self, tray: TrayId, sku: Sku, kind: str, count: int, reason: str = "") -> list[Movement]:
        """``leaving``, booked."""
        movements = leaving(self.lots.get((tray, sku), ()), tray, sku, kind, count, reason)
        for moved in movements:
            self.book(moved, None)
        return movements


def books_of(movements: Iterable[tuple[Moved, SessionId | None]]) -> Books:
    """What a whole history of movements leaves. In time order."""
    books = Books()
    for moved, session in movements:
        books.book(moved, session)
    return books


def books_with(lots: Mapping[Place, Lots]) -> Books:
    """Books in which these lots lie."""
    return Books({place: sum(each.count for each in held) for place, held in lots.items()}, dict(lots))


def expires_on(held: Lots, fallback: date | None) -> date | None:
    """The first date among ``held``; ``fallback``: that of lots without one. None: no date, or no goods."""
    dates = [each.lot.expires_on or fallback for each in held]
    return min((day for day in dates if day is not None), default=None)


class ShelfState(StrEnum):
    """How near goods are to their date, as a traffic light. Colour is never the only sign of it."""

    NONE = "NONE"
    """Without a date."""
    GREEN = "GREEN"
    YELLOW = "YELLOW"
    """Near its date: to be marked as such (反食品浪费法 art. 12)."""
    RED = "RED"
    """So near that it is not sold any more."""
    BLACK = "BLACK"
    """Past its date: must be cleared away (食品安全法 art. 54)."""


def shelf_state(expires_on: date | None, today: date, near_days: int, block_days: int) -> ShelfState:
    """How goods stand on ``today``, the local day. They are sold through the day named.

    near_days: with so many left, or fewer, they are YELLOW. block_days: so many last days, the day named
    among them, are RED; 0: none is.
    """
    if expires_on is None:
        return ShelfState.NONE
    left = (expires_on - today).days
    if left < 0:
        return ShelfState.BLACK
    if left < block_days:
        return ShelfState.RED
    return ShelfState.YELLOW if left <= near_days else ShelfState.GREEN


def variance(booked: Mapping[Place, int], measured: Mapping[Place, int | None]) -> dict[Place, int]:
    """Measured − booked pieces where they differ; places that nobody could measure are left out."""
    found = ((place, count - booked.get(place, 0)) for place, count in measured.items() if count is not None)
    return {place: pieces for place, pieces in found if pieces}


def _date(held: Held) -> date:
    return held.lot.expires_on or date.max


def _with(held: Lots, moved: Moved, count: int, session: SessionId | None) -> Lots:
    """``count``: what is left of the movement's pieces once those are made up for that were missing."""
    if count <= 0:
        return held
    lot, came = lot_of(moved), _came(held, moved, session)
    same = [each for each in held if (each.lot, each.came) == (lot, came)]
    if same:
        return tuple(replace(h, count=h.count + count) if h is same[0] else h for h in held)
    return (*held, Held(lot, count, came))


def _came(held: Lots, moved: Moved, session: SessionId | None) -> str:
    """More of a named lot that lies here is of it, however it came."""
    if moved.kind == "RESTOCK":
        return "" if moved.lot else session or OPENING
    here = any(each.lot == lot_of(moved) and not each.came for each in held)
    return "" if moved.lot and here else UNKNOWN


def _without(held: Lots, lot: Lot, count: int) -> Lots:
    """Of the lot named; where less of it lies than leaves, of the others, the first to expire first."""
    order = sorted(range(len(held)), key=lambda i: (held[i].lot != lot, _date(held[i])))
    left = [each.count for each in held]
    for i in order:
        gone = min(left[i], count)
        left[i] -= gone
        count -= gone
    return tuple(replace(each, count=pieces) for each, pieces in zip(held, left, strict=True) if pieces)
