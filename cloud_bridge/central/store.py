"""The centre's writing side of its database: raw events, marks, what was set aside. One writer.

It stores bytes and counts numbers; it never looks into an event's data (``projections`` does).
``held`` keeps the numbers above the mark only: what became contiguous is covered by the mark itself.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cloud_bridge.central.schema import MIGRATIONS
from cloud_bridge.database import open_reader, open_writer, writing
from cloud_bridge.ranges import Covered, merged

MOVE_LIMIT = 1000
"""Numbers looked at in one step of the mark; without a bound 100,000 rows behind a gap cost 44 ms each."""

MOVE = """
update mark set hi = hi + (
    select count(*) from (
        select seq - row_number() over (order by seq) as base from held
        where held.counter = mark.counter and held.inc = mark.inc and seq > mark.hi
        order by seq limit ?
    ) where base = mark.hi)
where counter = ? and inc = ? returning hi
"""
"""Counts the run that starts at hi + 1, and nothing else: the run after a gap must not move the mark."""


@dataclass(frozen=True, slots=True)
class Stream:
    """One incarnation of one counter: the space in which numbers are gapless."""

    counter: str
    inc: str


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """Bytes nobody here can read. stream, seq: where they could be made out all the same."""

    counter: str
    stream: Stream | None
    seq: int | None
    code: str
    why: str
    hash: str
    body: bytes


def _version(path: Path) -> int:
    """Of the file's schema; 0 where there is none."""
    if not path.is_file():
        return 0
    with closing(open_reader(path)) as db:
        return int(db.execute("pragma user_version").fetchone()[0])


class Store:
    """Every method but ``transaction`` and ``close`` belongs inside a transaction."""

    def __init__(self, path: Path) -> None:
        before = _version(path)
        self.db = open_writer(path, MIGRATIONS)
        self.renewed = 0 < before < len(MIGRATIONS)
        """The file was an earlier version's: projections are to be made again from the raw events."""

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        with writing(self.db) as db:
            yield db

    def put_event(self, stream: Stream, seq: int, hash: str, body: bytes, received: str) -> str:
        """``stored``, ``known`` (the same bytes again) or ``conflict`` (other bytes under this key)."""
        put = self.db.execute(
            "insert into raw_event (counter, inc, seq, hash, body, received) values (?, ?, ?, ?, ?, ?)"
            " on conflict do nothing",
            (stream.counter, stream.inc, seq, hash, body, received),
        )
        if put.rowcount == 1:
            self._hold(stream, seq)
            return "stored"
        key = (stream.counter, stream.inc, seq)
        known = self.db.execute(
            "select hash from raw_event where counter = ? and inc = ? and seq = ?", key
        ).fetchone()[0]
        if known == hash:
            return "known"
        self.db.execute(
            "insert into conflict (counter, inc, seq, hash, body, received) values (?, ?, ?, ?, ?, ?)"
            " on conflict do nothing",
            (*key, hash, body, received),
        )
        return "conflict"

    def put_dead_letter(self, letter: DeadLetter, received: str) -> None:
        """Keep it. Its number, where known, counts as held, so that nothing behind it waits."""
        inc = letter.stream.inc if letter.stream else None
        self.db.execute(
            "insert into dead_letter (counter, inc, seq, code, why, hash, body, received)"
            " values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
            (letter.counter, inc, letter.seq, letter.code, letter.why, letter.hash, letter.body, received),
        )
        if letter.stream and letter.seq is not None:
            self._hold(letter.stream, letter.seq)

    def move_mark(self, stream: Stream) -> int:
        """The last number with none missing below it, moved as far as it goes."""
        key = (stream.counter, stream.inc)
        hi = self.mark(stream)
        while (moved := self.db.execute(MOVE, (MOVE_LIMIT, *key)).fetchone()[0]) != hi:
            hi = int(moved)
            self.db.execute("delete from held where counter = ? and inc = ? and seq <= ?", (*key, hi))
        return hi

    def mark(self, stream: Stream) -> int:
        row = self.db.execute(
            "select hi from mark where counter = ? and inc = ?", (stream.counter, stream.inc)
        ).fetchone()
        return int(row[0]) if row else 0

    def covered(self, stream: Stream) -> Covered:
        """All numbers held of ``stream``."""
        return covered(self.db, stream)

    def close(self) -> None:
        self.db.close()

    def _hold(self, stream: Stream, seq: int) -> None:
        key = (stream.counter, stream.inc)
        self.db.execute("insert into mark (counter, inc) values (?, ?) on conflict do nothing", key)
        if seq > self.mark(stream):
            self.db.execute("insert into held values (?, ?, ?) on conflict do nothing", (*key, seq))


def covered(db: sqlite3.Connection, stream: Stream) -> Covered:
    """As ``Store.covered``, on any connection to the file."""
    key = (stream.counter, stream.inc)
    row = db.execute("select hi from mark where counter = ? and inc = ?", key).fetchone()
    seqs = db.execute("select seq from held where counter = ? and inc = ? order by seq", key)
    return Covered(row[0] if row else 0, merged((seq, seq) for (seq,) in seqs))
