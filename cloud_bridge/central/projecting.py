"""Writes the projections' rows, many at a time, and makes all of them again from the raw events."""

from collections.abc import Callable, Iterable

import structlog

from cloud_bridge import feed
from cloud_bridge.central import projections, standing, timing_rows
from cloud_bridge.central.database import Connection
from cloud_bridge.central.table import FIRST, Entry, Table, best

log = structlog.get_logger("centre")

CHUNK = 2000
"""Events of one step of a rebuild."""

Progress = Callable[[int, int], None]


def write(db: Connection, entries: Iterable[Entry]) -> list[Entry]:
    """Write all but the streams' rows, which are given back: for ``write_streams``, at the very end."""
    by_table: dict[Table, list[Entry]] = {}
    for entry in entries:
        by_table.setdefault(entry.table, []).append(entry)
    for table, parts in projections.PARTS.items():
        if found := by_table.get(table):
            _write_table(db, table, parts, best(found))
    return by_table.get(standing.STREAM, [])


def write_streams(db: Connection, entries: Iterable[Entry]) -> None:
    """Every event of a counter touches one row: workers wait for each other from here to the commit."""
    db.put(standing.STREAM, standing.folded(entries))


def _write_table(db: Connection, table: Table, parts: tuple[Table, ...], entries: list[Entry]) -> None:
    rows = [entry.row for entry in entries]
    if table.wins == FIRST and db.fill(table, rows):  # nearly always: the first that is heard of each
        for n, part in enumerate(parts):
            db.insert(part, [row for entry in entries for row in entry.parts[n][1]])
        return
    effective = db.put(table, rows)
    if not parts:
        return
    standing_now = [entry for entry in entries if entry.row[: table.key] in effective]
    keys = [entry.row[: table.key] for entry in standing_now]
    for n, part in enumerate(parts):
        db.replace(part, table.key, keys, [row for entry in standing_now for row in entry.parts[n][1]])


def rebuild(db: Connection, order_by: str = "id", progress: Progress = lambda done, of: None) -> None:
    """Make every projection again from the raw events; belongs inside a transaction.

    order_by: columns of ``raw_event``; the outcome is the same whatever they are. progress: done, of all.
    """
    for table in projections.TABLES:
        db.execute(f"delete from {table}")
    ids = [id for (id,) in db.execute(f"select id from raw_event order by {order_by}").fetchall()]
    for start in range(0, len(ids), CHUNK):
        chunk = ids[start : start + CHUNK]
        marks = ", ".join("?" * len(chunk))
        found = db.execute(f"select counter, body from raw_event where id in ({marks})", chunk).fetchall()
        entries = (entry for counter, body in found for entry in _entries(counter, body))
        write_streams(db, write(db, entries))
        progress(min(start + CHUNK, len(ids)), len(ids))
    timing_rows.settle_all(db)


def _entries(counter: str, body: bytes) -> list[Entry]:
    """None where this version cannot read what an earlier one could: the event is kept all the same."""
    try:
        return projections.entries(counter, feed.decode(body))
    except feed.Unreadable as error:
        log.error("event_unreadable", alarm=True, counter=counter, why=str(error))
        return []
