"""Messages from counters → rows, many in one transaction, idempotent. It knows no broker and no clock.

What it cannot read never stops what it can: such bytes are kept as dead letters and acknowledged as
rejected. Other bytes under a number already stored are kept aside as a conflict (a cloned or restored
disk, or tampering) and never overwrite what is there.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec

from cloud_bridge import feed, packing
from cloud_bridge.central import projecting, projections, timing_rows
from cloud_bridge.central.database import Clash, Forbidden, Unfit
from cloud_bridge.central.presence import heard_from
from cloud_bridge.central.store import DeadLetter, Store, Stored, Stream, covered
from cloud_bridge.central.table import Entry
from cloud_bridge.ranges import Covered

MAX_SEQ = 2**53
MOST = 10**12
"""Of anything that is counted or paid, in fen or pieces."""
TRIES = 10
"""Of a transaction that another worker's stood in the way of."""

EVENTS_TOPIC = re.compile(rf"counters/({feed.COUNTER_ID.pattern})/events")
_GOOD_INC = re.compile(r"[0-9A-Za-z-]{1,64}")
_INC = re.compile(rb'"inc":\s*"([0-9A-Za-z-]{1,64})"')
_SEQ = re.compile(rb'"seq":\s*(\d{1,16})\b')


@dataclass(slots=True)
class Outcome:
    """What was done: the acks to publish now that it is committed, and what to tell people."""

    acks: dict[str, list[feed.Ack]] = field(default_factory=dict)
    stored: int = 0
    known: int = 0
    conflicts: list[tuple[Stream, int]] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)

    def joined(self, later: "Outcome") -> "Outcome":
        """Both; where both have an ack of one stream, the later one says everything."""
        news = {ack.inc for acks in later.acks.values() for ack in acks}
        acks = {name: [ack for ack in acks if ack.inc not in news] for name, acks in self.acks.items()}
        for name, more in later.acks.items():
            acks[name] = [*acks.get(name, []), *more]
        return Outcome(
            acks,
            self.stored + later.stored,
            self.known + later.known,
            [*self.conflicts, *later.conflicts],
            [*self.dead, *later.dead],
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """An event as it is ready to be stored. entries: None where its fact cannot be read; why: says so."""

    event: Stored
    entries: list[Entry] | None
    why: str = ""


def ingest(store: Store, messages: Sequence[tuple[str, bytes]], received: str) -> Outcome:
    """Store all of ``messages``. received: RFC 3339 UTC. Committed when this returns.

    Raises Lost where the database went away: then some may be stored, and nothing was acknowledged.
    """
    return _put([_taken(counter, body) for counter, body in _events(messages)], store, received)


def _put(taken: list[Taken | DeadLetter], store: Store, received: str) -> Outcome:
    try:
        return _retried(taken, store, received)
    except Forbidden:
        raise
    except Unfit as error:
        if len(taken) > 1:  # one of them is poison: look for it by halves
            middle = len(taken) // 2
            first = _put(taken[:middle], store, received)
            return first.joined(_put(taken[middle:], store, received))
        if taken and isinstance(taken[0], Taken):
            return _retried([_poison(taken[0], str(error))], store, received)
        raise


def _retried(taken: list[Taken | DeadLetter], store: Store, received: str) -> Outcome:
    alone = False
    for _ in range(TRIES - 1):
        try:
            return _transaction(taken, store, received, alone)
        except Clash:
            alone = True
    return _transaction(taken, store, received, alone)


def _transaction(taken: list[Taken | DeadLetter], store: Store, received: str, alone: bool) -> Outcome:
    """Projections first, each worker for itself; then one by one through the gate. alone: all of it so."""
    with store.transaction() as db:
        if alone:
            store.gate()
        sorted_out = _Sorted(taken, store)
        fresh = [each.event for each in sorted_out.fresh]
        entries = [entry for each in sorted_out.fresh for entry in each.entries or ()]
        streams = projecting.write(db, entries)
        store.gate()
        if store.put_events(fresh, received) < len(fresh):
            raise Clash("another worker stored one of these at the same time")
        timing_rows.settle(db, sorted({each.stream for each in fresh}), entries)
        projecting.write_streams(db, streams)
        for event in sorted_out.conflicts:
            store.put_conflict(event, received)
        for letter in sorted_out.letters:
            store.put_dead_letter(letter, received)
        held = store.move_marks(sorted_out.streams)
        heard_from(db, {each.stream for each in fresh}, received)
        return sorted_out.outcome(held)


class _Sorted:
    """What is new, what is known, what is in conflict and what cannot be read, in the order of arrival."""

    def __init__(self, taken: list[Taken | DeadLetter], store: Store) -> None:
        events = {each.event.key: each.event for each in taken if isinstance(each, Taken)}
        hashes = store.known(list(events.values()))
        self.fresh: list[Taken] = []
        self.conflicts: list[Stored] = []
        self.letters: list[DeadLetter] = []
        self.streams: dict[Stream, None] = {}
        self._refused: dict[Stream, dict[int, str]] = {}
        self._known = 0
        for each in taken:
            letter = each if isinstance(each, DeadLetter) else self._sort(each, hashes)
            if letter is not None:
                self.letters.append(letter)
                if letter.stream is not None and letter.seq is not None:
                    self._count(letter.stream, letter.seq, letter.code)

    def _sort(self, each: Taken, hashes: dict[tuple[str, str, int], str]) -> DeadLetter | None:
        event = each.event
        stored = hashes.get(event.key)
        if stored is None and each.entries is None:
            return _poison(each, each.why)
        if stored is None:
            hashes[event.key] = event.hash
            self.fresh.append(each)
        elif stored == event.hash:
            self._known += 1
        else:
            self.conflicts.append(event)
            self._count(event.stream, event.seq, "conflict")
            return None
        self._count(event.stream, event.seq)
        return None

    def _count(self, stream: Stream, seq: int, refused: str = "") -> None:
        self.streams[stream] = None
        if refused:
            self._refused.setdefault(stream, {})[seq] = refused

    def outcome(self, held: Mapping[Stream, Covered]) -> Outcome:
        found = Outcome(stored=len(self.fresh), known=self._known, dead=self.letters)
        found.conflicts = [(event.stream, event.seq) for event in self.conflicts]
        for stream in self.streams:
            ack = _ack(stream, held[stream], self._refused.get(stream, {}))
            found.acks.setdefault(stream.counter, []).append(ack)
        return found


def _poison(taken: Taken, why: str) -> DeadLetter:
    event = taken.event
    return _dead(event.stream.counter, event.body, "fact", why, event.stream, event.seq)


def _events(messages: Iterable[tuple[str, bytes]]) -> Iterator[tuple[str, bytes]]:
    """Each event's own bytes; a batch that cannot be opened counts as one event."""
    for topic, body in messages:
        found = EVENTS_TOPIC.fullmatch(topic)
        counter = found[1] if found else topic
        for each in _opened(body):
            yield counter, each


def _opened(body: bytes) -> list[bytes]:
    try:
        body = packing.unpacked(body)
        return feed.unbatch(body) if body.lstrip().startswith(b"[") else [body]
    except feed.Unreadable:
        return [body]


def _taken(counter: str, body: bytes) -> Taken | DeadLetter:
    event, letter = _read(counter, body)
    if event is None:
        assert letter is not None
        return letter
    stored = Stored(Stream(counter, event.inc), event.seq, feed.sha256(body), body)
    try:
        entries = projections.entries(counter, event)
        if why := _unfit(body, entries):
            raise feed.Unreadable(f"{event.type}: {why}")
    except feed.Unreadable as error:
        return Taken(stored, None, str(error))
    return Taken(stored, entries)


def _unfit(body: bytes, entries: Sequence[Entry]) -> str:
    """Why no database of ours keeps these rows, which are of ``body``; "": it does.

    Found here, not by the database: it would never see a row that another one of its batch stands above, and
    meet it when everything is made again.
    """
    rows = [row for each in entries for row in (each.row, *(row for _, part in each.parts for row in part))]
    numbers = [value for row in rows for value in row if type(value) is int]
    if numbers and (min(numbers) < -(2**63) or max(numbers) >= 2**63):
        return "a number beyond 64 bits"
    if numbers and (min(numbers) < -MOST or max(numbers) > MOST) and any(map(_too_large, entries)):
        return f"a number above {MOST}"
    if b"\\u0000" in body and any("\0" in v for row in rows for v in row if isinstance(v, str)):
        return "a text with the character NUL"  # PostgreSQL keeps none
    return ""


def _too_large(entry: Entry) -> bool:
    """Whether a count or an amount is none that ever was: sums over it would not fit the database."""
    for table, rows in ((entry.table, (entry.row,)), *entry.parts):
        for row in rows:
            for at in table.amounts:
                if type(row[at]) is int and not -MOST <= row[at] <= MOST:
                    return True
    return False


def _read(counter: str, body: bytes) -> tuple[feed.Envelope | None, DeadLetter | None]:
    if not feed.COUNTER_ID.fullmatch(counter):
        return None, _dead(counter, body, "topic", "the topic names no counter", None, None)
    try:
        event = feed.decode(body)
    except feed.Unreadable as error:
        why = packing.fault(body) or str(error)
        return None, _dead(counter, body, "envelope", why, *_guessed_key(counter, body))
    stream = Stream(counter, event.inc)
    if not 1 <= event.seq <= MAX_SEQ:
        return None, _dead(counter, body, "seq", f"seq {event.seq} is out of range", None, None)
    if not _GOOD_INC.fullmatch(event.inc):
        return None, _dead(counter, body, "inc", "inc is no incarnation", None, None)
    if event.source != f"/counters/{counter}":
        why = f"source {event.source} on the topic of {counter}"
        return None, _dead(counter, body, "source", why, stream, event.seq)
    return event, None


def _guessed_key(counter: str, body: bytes) -> tuple[Stream | None, int | None]:
    """Incarnation and number of bytes that are no event any more, where both can still be made out."""
    inc, seq = _INC.search(body), _SEQ.search(body)
    if inc is None or seq is None or not 1 <= int(seq[1]) <= MAX_SEQ:
        return None, None
    return Stream(counter, inc[1].decode("ascii")), int(seq[1])


def _dead(
    counter: str, body: bytes, code: str, why: str, stream: Stream | None, seq: int | None
) -> DeadLetter:
    printable = why[:500].encode("utf-8", "replace").decode("utf-8").replace("\0", "?")
    return DeadLetter(counter, stream, seq, code, printable, feed.sha256(body), body)


def standing(store: Store, stream: Stream) -> feed.Ack:
    """How ``stream`` stands, for a counter that says that it is there. Inside a transaction."""
    ack = _ack(stream, covered(store.db, stream), {})
    tip = store.tip(stream)
    return ack if tip is None else msgspec.structs.replace(ack, tip=tip)


def _ack(stream: Stream, held: Covered, refused: dict[int, str]) -> feed.Ack:
    """It names everything held, from below: a counter sends again what it no longer names."""
    reject = tuple(feed.Rejected(seq=seq, code=code) for seq, code in sorted(refused.items()))
    return feed.Ack(inc=stream.inc, through=held.through, have=held.have[: feed.MAX_HAVE], reject=reject)
