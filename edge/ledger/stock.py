"""Stock as a sum of movements. It knows pieces, trays, lots and reasons; it corrects nothing."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.records import Movement
from edge.domain.stock import Books, Lot, books_of
from edge.domain.values import SessionId, Sku, TrayId
from edge.ledger.chain import Chain

LOT_COLUMNS = """
ALTER TABLE stock_movement ADD COLUMN lot TEXT NOT NULL DEFAULT '';

ALTER TABLE stock_movement ADD COLUMN produced_on TEXT CHECK (produced_on IS date(produced_on, '+0 days'));

ALTER TABLE stock_movement ADD COLUMN expires_on TEXT CHECK (expires_on IS date(expires_on, '+0 days'));
"""
"""What a movement tells of its lot; dates as ISO 8601 (``+0 days`` makes SQLite refuse a 30th of February).
Rows of before are of no lot."""

_MOVE = (
    "INSERT INTO stock_movement (n, tray, sku, kind, count, session, reason, at, lot, produced_on,"
    " expires_on) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_ALL = "SELECT tray, sku, kind, count, session, lot, produced_on, expires_on FROM stock_movement ORDER BY n"
_LAST_LOTS = (
    "SELECT sku, lot, produced_on, expires_on FROM stock_movement WHERE n IN (SELECT max(n)"
    " FROM stock_movement WHERE kind = 'RESTOCK' AND (lot <> '' OR produced_on IS NOT NULL) GROUP BY sku)"
)
"""What the last delivery of each product said of its lot; an opening stock says nothing of it."""
_ONE = (
    "SELECT tray, sku, kind, count, session, reason, lot, produced_on, expires_on FROM stock_movement"
    " WHERE n = ?"
)


@dataclass(frozen=True, slots=True)
class Booked:
    """A stock movement, as far as it tells of lots."""

    tray: TrayId
    sku: Sku
    kind: str
    count: int
    session: SessionId | None
    lot: str = ""
    produced_on: date | None = None
    expires_on: date | None = None


def move(db: Database, chain: Chain, movements: Sequence[Movement], session: SessionId | None) -> None:
    """Each movement as a row and a ``stock.moved`` event."""
    if not movements:
        return
    rows = []
    for m in movements:
        n, made, expires = chain.next_movement(), iso(m.produced_on), iso(m.expires_on)
        rows.append((n, m.tray, m.sku, m.kind, m.count, session, m.reason, chain.at, m.lot, made, expires))
        chain.append(_fact(chain, n, m, session), m.tray)
    db.conn.executemany(_MOVE, rows)


def books(db: Database | sqlite3.Connection) -> Books:
    """What all movements leave, by tray and product, of whatever ever moved there."""
    return books_of((moved, moved.session) for moved in map(_booked, db.execute(_ALL)))


def last_lots(db: Database) -> dict[Sku, Lot]:
    """The lot of each product that was brought last, of those that have a name or a date."""
    return {sku: Lot(lot, _day(made), _day(expires)) for sku, lot, made, expires in db.execute(_LAST_LOTS)}


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def movement_id(incarnation: str, n: int) -> str:
    """A movement's name, unique over counters and incarnations."""
    return f"{incarnation}-{n}"


def fact_named(conn: sqlite3.Connection, name: str) -> feed.StockMoved | None:
    """What the row called ``name`` says, as its event but for the time; None: there is no such row."""
    row = conn.execute(_ONE, (name.rpartition("-")[2],)).fetchone()
    if row is None:
        return None
    tray, sku, kind, count, session, reason, lot, produced_on, expires_on = row
    return feed.StockMoved(
        mono_ms=0,
        movement=name,
        tray=tray,
        sku=sku,
        kind=kind,
        count=count,
        session=session,
        reason=reason,
        lot=lot,
        produced_on=produced_on,
        expires_on=expires_on,
    )


def iso(day: date | None) -> str | None:
    """``day`` as the tables keep it."""
    return None if day is None else day.isoformat()


def _booked(row: tuple[str, str, str, int, str | None, str, str | None, str | None]) -> Booked:
    tray, sku, kind, count, session, lot, *days = row
    produced_on, expires_on = (None if day is None else date.fromisoformat(day) for day in days)
    of = None if session is None else SessionId(session)
    return Booked(TrayId(tray), Sku(sku), kind, count, of, lot, produced_on, expires_on)


def _fact(chain: Chain, n: int, moved: Movement, session: SessionId | None) -> feed.StockMoved:
    return feed.StockMoved(
        mono_ms=chain.mono_ms,
        movement=movement_id(chain.identity.incarnation, n),
        tray=moved.tray,
        sku=moved.sku,
        kind=moved.kind,
        count=moved.count,
        session=session,
        reason=moved.reason,
        lot=moved.lot,
        produced_on=iso(moved.produced_on),
        expires_on=iso(moved.expires_on),
    )
