"""What lies in the counter of one product, lot by lot, and since when. It only reads."""

import sqlite3
from contextlib import closing
from datetime import date
from pathlib import Path

from edge.domain.product_view import OnShelf
from edge.domain.stock import OPENING, Held, books_of
from edge.domain.values import SessionId, Sku, TrayId
from edge.ledger.reader import ledger_errors, open_reader
from edge.ledger.stock import Booked

_LAST = "SELECT coalesce(max(n), 0) FROM stock_movement"
_MOVED = (
    "SELECT tray, kind, count, session, lot, produced_on, expires_on, at FROM stock_movement"
    " WHERE sku = ? ORDER BY n"
)


class Shelf:
    """Any thread may ask. An answer is kept until something moves: a page looked at often costs little.

    Ask for products of the catalogue only, so that what is kept stays small.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: dict[Sku, tuple[int, tuple[OnShelf, ...]]] = {}

    def lying(self, sku: Sku) -> tuple[OnShelf, ...]:
        """The lots by tray, in the order in which they came."""
        with ledger_errors(self._path), closing(open_reader(self._path)) as conn:
            conn.execute("BEGIN")  # one snapshot
            (last,) = conn.execute(_LAST).fetchone()
            known = self._kept.get(sku)
            if known is None or known[0] != last:
                known = self._kept[sku] = last, _lying(conn, sku)
        return known[1]


def _lying(conn: sqlite3.Connection, sku: Sku) -> tuple[OnShelf, ...]:
    moved: list[Booked] = []
    brought: dict[tuple[TrayId, str, str], str] = {}
    for tray, kind, count, session, lot, produced_on, expires_on, at in conn.execute(_MOVED, (sku,)):
        of = None if session is None else SessionId(session)
        moved.append(Booked(TrayId(tray), sku, kind, count, of, lot, _day(produced_on), _day(expires_on)))
        if kind == "RESTOCK" and count > 0:
            brought[TrayId(tray), lot, "" if lot else session or OPENING] = at
    lots = books_of((each, each.session) for each in moved).lots
    return tuple(
        OnShelf(tray, held, brought.get((tray, held.lot.name, _came(held)), ""))
        for (tray, _), together in sorted(lots.items())
        for held in together
    )


def _came(held: Held) -> str:
    return "" if held.lot.name else held.came


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
