"""The centre's writing side of its database: raw events, marks, what was set aside. One writer.

It stores bytes and counts numbers; it never looks into an event's data (``projections`` does).
``held`` keeps the numbers above the mark only: what became contiguous is covered by the mark itself.
"""

from contextlib import AbstractContextManager
from dataclasses import dataclass

from cloud_bridge.central.database import Address, Connection, open_writer
from cloud_bridge.central.schema import MIGRATIONS
from cloud_bridge.ranges import Covered, merged

MOVE_LIMIT = 1000
"""Numbers looked at in one step of the mark; without a bound 100,000 rows behind a gap cost 44 ms each."""

MOVE = """
update mark set hi = hi + (
    select count(*) from (
        select seq - row_number() over (order by seq) as base from held
        where held.counter = mark.counter and held.inc = mark.inc and seq > mark.hi
        order by seq limit ?
    ) run where base = mark.hi)
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


class Store:
    """Every method but ``transaction`` and ``close`` belongs inside a transaction."""

    def __init__(self, address: Address) -> None:
        self.db = open_writer(address, MIGRATIONS)

    def transaction(self) -> AbstractContextManager[Connection]:
        return self.db.transaction()

    def is_renewed(self) -> bool:
        """An earlier version made the projections: they are to be made again from the raw events."""
        row = self.db.execute("select schema from projected").fetchone()
        return int(row[0]) < len(MIGRATIONS)

    def note_rebuilt(self) -> None:
        """Inside the transaction that made the projections again."""
        self.db.execute("update projected set schema = ?", (len(MIGRATIONS),))

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


def covered(db: Connection, stream: Stream) -> Covered:
    """As ``Store.covered``, on any connection to the file."""
    key = (stream.counter, stream.inc)
    row = db.execute("select hi from mark where counter = ? and inc = ?", key).fetchone()
    seqs = db.execute("select seq from held where counter = ? and inc = ? order by seq", key)
    return Covered(row[0] if row else 0, merged((seq, seq) for (seq,) in seqs))
