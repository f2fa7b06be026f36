"""Is the ledger what it was? It walks the chain and compares money with events; it repairs nothing."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from cloud_bridge import feed
from edge.errors import LedgerError
from edge.ledger.accounts import disagreements
from edge.ledger.reader import open_reader, refuse_older

_EVENTS = "SELECT seq, id, type, time, prev, hash, body FROM event WHERE seq > ? ORDER BY seq"


def verify(path: Path) -> list[str]:
    """What is wrong, one sentence each, the first altered or missing event first; [] for nothing.

    Raises NoInput where there is no file, LedgerError where it is newer or older than this program.
    """
    try:
        conn = open_reader(path)
    except LedgerError as error:
        if isinstance(error.__cause__, sqlite3.Error):
            return [f"the file cannot be opened: {error.__cause__}"]
        raise
    with closing(conn):
        try:
            refuse_older(path, conn)
            conn.execute("BEGIN")  # one snapshot: the counter may be selling meanwhile
            return [*_chain(conn), *disagreements(conn), *_pages(conn)]
        except sqlite3.Error as error:
            return [f"the file cannot be read to its end: {error}"]


def export(path: Path, after: int = 0) -> Iterator[bytes]:
    """Each event above ``after`` as its bytes, one JSON document a line: what the centre was sent."""
    with closing(open_reader(path)) as conn:
        for row in conn.execute(_EVENTS, (after,)):
            yield bytes(row[6])


def _chain(conn: sqlite3.Connection) -> Iterator[str]:
    """The first event that is not what the chain says."""
    counter, incarnation = conn.execute("SELECT counter, incarnation FROM meta").fetchone()
    seq, last = 0, feed.GENESIS
    for row in conn.execute(_EVENTS, (0,)):
        seq += 1
        if fault := _event_fault(row, seq, last, counter, incarnation):
            yield fault
            return
        last = row[5]
    through, hash = conn.execute("SELECT last_seq, last_hash FROM feed").fetchone()
    if through > seq:
        yield f"event {seq + 1} is missing: the feed counted to {through}"
    elif (through, hash) != (seq, last):
        yield f"event {seq} is not the one that the feed's row names ({through})"


def _event_fault(row: tuple[Any, ...], seq: int, last: str, counter: str, incarnation: str) -> str:
    found, id, type, time, prev, hash, body = row
    if found != seq:
        return f"event {seq} is missing: {found} comes in its place"
    if feed.sha256(body) != hash:
        return f"event {seq} was altered: its bytes do not have the hash that was kept"
    if prev != last:
        return f"event {seq} does not follow event {seq - 1}: one of them was replaced"
    try:
        event = feed.decode(body)
        feed.fact_of(event)
    except feed.Unreadable as error:
        return f"event {seq} cannot be read: {error}"
    kept = (seq, id, type, time, prev, incarnation, f"/counters/{counter}")
    said = (event.seq, event.id, event.type, event.time, event.prev, event.inc, event.source)
    return "" if said == kept else f"event {seq} says {said}, its row says {kept}"


def _pages(conn: sqlite3.Connection) -> Iterator[str]:
    """What SQLite itself finds wrong with the file's pages, keys and references."""
    for (found,) in conn.execute("PRAGMA integrity_check(5)"):
        if found != "ok":
            yield f"file: {found}"
    for table, _, parent, _ in conn.execute("PRAGMA foreign_key_check"):
        yield f"{table}: a row refers to a row of {parent} that is not there"
