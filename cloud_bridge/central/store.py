"""The centre's writing side of its database: raw events, marks, what was set aside.

It stores bytes and counts numbers; it never looks into an event's data (``projections`` does). On SQLite
there is one writer; on PostgreSQL any number, which pass ``gate`` one by one on their way to the commit.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple, TypeVar

from cloud_bridge.central.database import Address, Connection, open_writer
from cloud_bridge.central.schema import MIGRATIONS
from cloud_bridge.central.table import Table
from cloud_bridge.ranges import Covered, Range, merged

T = TypeVar("T")

AT_ONCE = 100
"""Streams, or runs of numbers, in one statement; SQLite takes 500 parts of a union."""
GATE = 0x67617465
"""Of the advisory lock; any number will do that nothing else of ours uses."""

# Each part of these names its counter, so that PostgreSQL looks at one partition of the raw events: a join
# with all of them takes longer to plan than to run.
_KNOWN = "select counter, inc, seq, hash from raw_event where counter = ? and inc = ? and seq between ? and ?"
_NUMBERS = (
    "select counter, inc, seq from raw_event where counter = ? and inc = ? and seq > ?"
    " union select counter, inc, seq from held where counter = ? and inc = ? and seq > ?"
)
"""Numbers held above the mark: of events, and of what could not be read (``held``)."""
_ABOVE = (
    "select counter, inc, min(seq), max(seq) from (select counter, inc, seq,"
    " seq - row_number() over (partition by counter, inc order by seq) as island from ({numbers}) above"
    ") numbered group by counter, inc, island order by 1, 2, 3"
)

RAW = Table("raw_event", ("counter", "inc", "seq", "hash", "body", "received"), 3)
_MARK = Table("mark", ("counter", "inc", "hi"), 2, wins="excluded.hi > mark.hi")


class Stream(NamedTuple):
    """One incarnation of one counter: the space in which numbers are gapless."""

    counter: str
    inc: str


class Stored(NamedTuple):
    """An event's bytes under their number."""

    stream: Stream
    seq: int
    hash: str
    body: bytes

    @property
    def key(self) -> tuple[str, str, int]:
        return *self.stream, self.seq


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

    def gate(self) -> None:
        """From here to the commit one worker at a time: the events' ids become visible in their order."""
        if self.db.many_writers:
            self.db.execute("select pg_advisory_xact_lock(?)", (GATE,))

    def known(self, events: Sequence[Stored]) -> dict[tuple[str, str, int], str]:
        """Which of these numbers are stored already, and under which hash."""
        by_stream: dict[Stream, list[int]] = {}
        for event in events:
            by_stream.setdefault(event.stream, []).append(event.seq)
        runs = ((*each, *run) for each, seqs in by_stream.items() for run in merged((n, n) for n in seqs))
        found: dict[tuple[str, str, int], str] = {}
        for chunk in _chunks(runs):
            asked = " union all ".join([_KNOWN] * len(chunk))
            rows = self.db.execute(asked, [value for run in chunk for value in run])
            found |= {(counter, inc, seq): hash for counter, inc, seq, hash in rows}
        return found

    def put_events(self, events: Sequence[Stored], received: str) -> int:
        """Store those whose number is free, in their order; gives how many. Numbers are distinct."""
        rows = [(*event.key, event.hash, event.body, received) for event in events]
        return len(rows) if self.db.fill(RAW, rows) else self.db.add(RAW, rows)

    def put_conflict(self, event: Stored, received: str) -> None:
        """Keep other bytes under a number that is taken."""
        self.db.execute(
            "insert into conflict (counter, inc, seq, hash, body, received) values (?, ?, ?, ?, ?, ?)"
            " on conflict do nothing",
            (*event.key, event.hash, event.body, received),
        )

    def put_dead_letter(self, letter: DeadLetter, received: str) -> None:
        """Keep it. Its number, where known, counts as held, so that nothing behind it waits."""
        inc = letter.stream.inc if letter.stream else None
        self.db.execute(
            "insert into dead_letter (counter, inc, seq, code, why, hash, body, received)"
            " values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
            (letter.counter, inc, letter.seq, letter.code, letter.why, letter.hash, letter.body, received),
        )
        if letter.stream and letter.seq is not None:
            self.db.execute(
                "insert into held (counter, inc, seq) values (?, ?, ?) on conflict do nothing",
                (letter.stream.counter, letter.stream.inc, letter.seq),
            )

    def move_marks(self, streams: Iterable[Stream]) -> dict[Stream, Covered]:
        """All numbers held of each stream, its mark moved as far as none is missing. Behind the gate.

        It counts from the mark + 1 and nothing else: what lies behind a gap must not move it.
        """
        found: dict[Stream, Covered] = {}
        for chunk in _chunks(sorted(set(streams))):
            marks = _marks(self.db, chunk)
            above = _above(self.db, {each: marks.get(each, 0) for each in chunk})
            now = {each: Covered(marks.get(each, 0)).plus(0, above.get(each, ())) for each in chunk}
            moved = [(*each, now[each].through) for each in chunk if marks.get(each) != now[each].through]
            self.db.put(_MARK, moved)
            found |= now
        return found

    def tip(self, stream: Stream) -> tuple[int, str] | None:
        """The highest event stored of ``stream`` and its hash; None while there is none."""
        asked = "select seq, hash from raw_event where counter = ? and inc = ? order by seq desc limit 1"
        row = self.db.execute(asked, (stream.counter, stream.inc)).fetchone()
        return None if row is None else (int(row[0]), str(row[1]))

    def close(self) -> None:
        self.db.close()


def covered(db: Connection, stream: Stream) -> Covered:
    """All numbers held of ``stream``, on any connection."""
    through = _marks(db, [stream]).get(stream, 0)
    return Covered(through, tuple(_above(db, {stream: through}).get(stream, ())))


def _marks(db: Connection, streams: Sequence[Stream]) -> dict[Stream, int]:
    asked = "select counter, inc, hi from mark where (counter, inc) in (values {})"
    keys = ", ".join(["(?, ?)"] * len(streams))
    rows = db.execute(asked.format(keys), [value for each in streams for value in each])
    return {Stream(counter, inc): int(hi) for counter, inc, hi in rows}


def _above(db: Connection, marks: Mapping[Stream, int]) -> dict[Stream, list[Range]]:
    """The ranges held above each mark, in order; streams without any are left out."""
    asked = _ABOVE.format(numbers=" union ".join([_NUMBERS] * len(marks)))
    params = [value for stream, hi in marks.items() for value in (*stream, hi) * 2]
    found: dict[Stream, list[Range]] = {}
    for counter, inc, low, high in db.execute(asked, params).fetchall():
        found.setdefault(Stream(counter, inc), []).append((low, high))
    return found


def _chunks(items: Iterable[T]) -> Iterator[list[T]]:
    waiting = iter(items)
    while chunk := list(islice(waiting, AT_ONCE)):
        yield chunk
