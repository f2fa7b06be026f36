"""The centre's writing side of its database: raw events, marks, what was set aside.

It stores bytes and counts numbers; it never looks into an event's data (``projections`` does). On SQLite
there is one writer; on PostgreSQL any number, which pass ``gate`` one by one on their way to the commit.
"""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from itertools import islice

from cloud_bridge.central.database import Address, Connection, open_writer
from cloud_bridge.central.schema import MIGRATIONS
from cloud_bridge.central.table import Table
from cloud_bridge.ranges import Covered, Range

MOVE_LIMIT = 1000
"""Numbers looked at in one step of the mark; without a bound 100,000 rows behind a gap cost 44 ms each."""
AT_ONCE = 200
"""Streams in one statement."""
GATE = 0x67617465
"""Of the advisory lock; any number will do that nothing else of ours uses."""

_NUMBERS = (
    "select seq from (select seq from raw_event e where e.counter = {of}.counter and e.inc = {of}.inc"
    " and e.seq > {of}.hi order by seq limit {limit}) stored"
    " union select seq from (select seq from held h where h.counter = {of}.counter and h.inc = {of}.inc"
    " and h.seq > {of}.hi order by seq limit {limit}) aside"
)
"""Numbers held above the mark: of events, and of what could not be read (``held``)."""

MOVE = (
    "update mark set hi = hi + (select count(*) from (select seq - row_number() over (order by seq) as base"
    f" from ({_NUMBERS.format(of='mark', limit=':limit')}) above order by seq limit :limit) run"
    " where base = mark.hi) where (counter, inc) in (values {keys}) returning counter, inc, hi"
)
"""Counts the run that starts at hi + 1, and nothing else: the run after a gap must not move the mark."""

RAW = Table("raw_event", ("counter", "inc", "seq", "hash", "body", "received"), 3)
_MARK = Table("mark", ("counter", "inc"), 1)


@dataclass(frozen=True, slots=True, order=True)
class Stream:
    """One incarnation of one counter: the space in which numbers are gapless."""

    counter: str
    inc: str


@dataclass(frozen=True, slots=True)
class Stored:
    """An event's bytes under their number."""

    stream: Stream
    seq: int
    hash: str
    body: bytes

    @property
    def key(self) -> tuple[str, str, int]:
        return self.stream.counter, self.stream.inc, self.seq


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
        return self.db.hashes(RAW, [event.key for event in events])

    def put_events(self, events: Sequence[Stored], received: str) -> int:
        """Store those whose number is free, in their order; gives how many. Numbers are distinct."""
        rows = [(*event.key, event.hash, event.body, received) for event in events]
        return self.db.add(RAW, rows)

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

    def move_marks(self, streams: Iterable[Stream]) -> dict[Stream, int]:
        """The last number with none missing below it, of each stream, moved as far as it goes."""
        found: dict[Stream, int] = {}
        waiting = iter(sorted(set(streams)))
        while chunk := list(islice(waiting, AT_ONCE)):
            self.db.add(_MARK, [(each.counter, each.inc) for each in chunk])
            found |= self._moved(chunk)
        return found

    def _moved(self, streams: list[Stream]) -> dict[Stream, int]:
        found = self._marks(streams)
        moving = streams
        while moving:
            rows = self.db.execute(*_keyed(MOVE, moving, limit=MOVE_LIMIT)).fetchall()
            now = {Stream(counter, inc): int(hi) for counter, inc, hi in rows}
            moving = [each for each in moving if now[each] - found[each] == MOVE_LIMIT]
            found |= now
        return found

    def _marks(self, streams: list[Stream]) -> dict[Stream, int]:
        asked = "select counter, inc, hi from mark where (counter, inc) in (values {keys})"
        rows = self.db.execute(*_keyed(asked, streams))
        return {Stream(counter, inc): int(hi) for counter, inc, hi in rows}

    def above(self, streams: Iterable[Stream]) -> dict[Stream, tuple[Range, ...]]:
        """The ranges held above the mark, in order; streams without any are left out."""
        return above(self.db, streams)

    def close(self) -> None:
        self.db.close()


_ABOVE = (
    "select counter, inc, min(seq), max(seq) from (select counter, inc, seq,"
    " seq - row_number() over (partition by counter, inc order by seq) as island from ("
    "select m.counter, m.inc, e.seq from mark m join raw_event e on e.counter = m.counter and e.inc = m.inc"
    " and e.seq > m.hi where (m.counter, m.inc) in (values {keys})"
    " union select m.counter, m.inc, h.seq from mark m join held h on h.counter = m.counter"
    " and h.inc = m.inc and h.seq > m.hi where (m.counter, m.inc) in (values {keys}))"
    " above) numbered group by counter, inc, island order by 1, 2, 3"
)


def above(db: Connection, streams: Iterable[Stream]) -> dict[Stream, tuple[Range, ...]]:
    """As ``Store.above``, on any connection."""
    found: dict[Stream, list[Range]] = {}
    waiting = iter(streams)
    while chunk := list(islice(waiting, AT_ONCE)):
        for counter, inc, low, high in db.execute(*_keyed(_ABOVE, chunk)).fetchall():
            found.setdefault(Stream(counter, inc), []).append((low, high))
    return {stream: tuple(ranges) for stream, ranges in found.items()}


def _keyed(statement: str, streams: Sequence[Stream], **more: int) -> tuple[str, dict[str, str | int]]:
    """``statement`` with the streams in the place of {keys}, and its parameters."""
    values = ", ".join(f"(:c{n}, :i{n})" for n in range(len(streams)))
    params: dict[str, str | int] = {**more}
    params.update({f"c{n}": each.counter for n, each in enumerate(streams)})
    params.update({f"i{n}": each.inc for n, each in enumerate(streams)})
    return statement.format(keys=values), params


def covered(db: Connection, stream: Stream) -> Covered:
    """All numbers held of ``stream``, on any connection."""
    key = (stream.counter, stream.inc)
    row = db.execute("select hi from mark where counter = ? and inc = ?", key).fetchone()
    return Covered(int(row[0]) if row else 0, above(db, [stream]).get(stream, ()))
