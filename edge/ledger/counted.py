"""The nightly lines as the ledger keeps them: events without rows of their own. It changes nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from sqlite_utils import Database

from cloud_bridge import feed
from edge.ledger.reader import ledger_errors, open_reader

_TYPE = feed.TYPES[feed.StockCounted]
_NEWEST = "SELECT body FROM event WHERE type = ? ORDER BY seq DESC"


def last_counted(db: Database) -> str | None:
    """The local date of the last nightly audit, YYYY-MM-DD; None: there never was one."""
    row = db.execute(f"{_NEWEST} LIMIT 1", (_TYPE,)).fetchone()
    return None if row is None else _fact(row[0]).day


def last_night(path: Path) -> tuple[feed.StockCounted, ...]:
    """The last audit's lines, in the trays' order; () while there was none. Raises NoInput, LedgerError."""
    with ledger_errors(path), closing(open_reader(path)) as conn:
        return tuple(reversed(list(_of_one_night(conn))))


def _of_one_night(conn: sqlite3.Connection) -> Iterator[feed.StockCounted]:
    mono_ms = None
    for (body,) in conn.execute(_NEWEST, (_TYPE,)):
        fact = _fact(body)
        if mono_ms not in (None, fact.mono_ms):  # lines of one audit were written at one moment
            return
        mono_ms = fact.mono_ms
        yield fact


def _fact(body: bytes) -> feed.StockCounted:
    fact = feed.fact_of(feed.decode(body))
    assert isinstance(fact, feed.StockCounted)
    return fact
