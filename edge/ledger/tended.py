"""When the counter was looked after last, by the ledger's rows. It judges nothing."""

from collections.abc import Iterator
from datetime import datetime
from itertools import groupby

from sqlite_utils import Database

_VISITED = (
    "SELECT max(coalesce((SELECT max(closed) FROM session"
    " WHERE kind = 'RESTOCK' AND state <> 'CANCELLED'), ''),"
    " coalesce((SELECT max(at) FROM stock_movement WHERE kind = 'RESTOCK'), ''), created) FROM meta"
)
_MOVED = "SELECT at, count FROM stock_movement ORDER BY n DESC"


def visited(db: Database) -> datetime:
    """The last restock that somebody signed, or the first stock; the ledger's first day where neither is."""
    return datetime.fromisoformat(db.execute(_VISITED).fetchone()[0])


def moved(db: Database) -> Iterator[tuple[datetime, int]]:
    """When pieces came or left, all trays together, the newest first; read as far as it is asked for."""
    for at, rows in groupby(db.execute(_MOVED), key=lambda row: row[0]):
        yield datetime.fromisoformat(at), sum(count for _, count in rows)
