"""Messages from counters → rows, in one transaction, idempotent. It knows no broker and no clock.

What it cannot read never stops what it can: such bytes are kept as dead letters and acknowledged as
rejected. Other bytes under a number already stored are kept aside as a conflict (a cloned or restored
disk, or tampering) and never overwrite what is there.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from cloud_bridge import feed, packing
from cloud_bridge.central.database import Connection
from cloud_bridge.central.horizon import announce
from cloud_bridge.central.presence import heard_from
from cloud_bridge.central.projections import project
from cloud_bridge.central.store import DeadLetter, Store, Stream

MAX_SEQ = 2**53
EVENTS_TOPIC = re.compile(rf"counters/({feed.COUNTER_ID.pattern})/events")
_GOOD_INC = re.compile(r"[0-9A-Za-z-]{1,64}")
_INC = re.compile(rb'"inc":\s*"([0-9A-Za-z-]{1,64})"')
_SEQ = re.compile(rb'"seq":\s*(\d{1,16})\b')


@dataclass(slots=True)
class Outcome:
    """What a transaction did: the acks to publish once it is committed, and what to tell people."""

    acks: dict[str, list[feed.Ack]] = field(default_factory=dict)
    stored: int = 0
    known: int = 0
    conflicts: list[tuple[Stream, int]] = field(default_factory=list)
    dead: list[DeadLetter] = field(default_factory=list)


def ingest(store: Store, messages: Sequence[tuple[str, bytes]], received: str) -> Outcome:
    """Store all of ``messages`` or none. received: RFC 3339 UTC. Committed when this returns."""
    outcome = Outcome()
    rejects: dict[Stream, dict[int, str]] = {}
    with store.transaction() as db:
        announce(db)
        for counter, body in _events(messages):
            _take(store, db, outcome, rejects, counter, body, received)
        for stream, refused in rejects.items():
            store.move_mark(stream)
            heard_from(db, stream.counter, stream.inc, received)
            outcome.acks.setdefault(stream.counter, []).append(_ack(store, stream, refused))
    return outcome


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


def _take(
    store: Store,
    db: Connection,
    outcome: Outcome,
    rejects: dict[Stream, dict[int, str]],
    counter: str,
    body: bytes,
    received: str,
) -> None:
    event, letter = _read(counter, body)
    if event is not None:
        stream = Stream(counter, event.inc)
        refused = rejects.setdefault(stream, {})
        db.execute("savepoint event")
        try:
            what = store.put_event(stream, event.seq, feed.sha256(body), body, received)
            if what == "stored":
                project(db, counter, event)
                outcome.stored += 1
            elif what == "known":
                outcome.known += 1
            else:
                outcome.conflicts.append((stream, event.seq))
                refused[event.seq] = "conflict"
        except feed.Unreadable as error:
            db.execute("rollback to event")
            letter = _dead(counter, body, "fact", str(error), stream, event.seq)
        db.execute("release event")
    if letter is not None:
        store.put_dead_letter(letter, received)
        outcome.dead.append(letter)
        if letter.stream is not None and letter.seq is not None:
            rejects.setdefault(letter.stream, {})[letter.seq] = letter.code


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
    printable = why[:500].encode("utf-8", "replace").decode("utf-8")  # SQLite refuses lone surrogates
    return DeadLetter(counter, stream, seq, code, printable, feed.sha256(body), body)


def standing(store: Store, stream: Stream) -> feed.Ack:
    """How ``stream`` stands, for a counter that says that it is there. Inside a transaction."""
    return _ack(store, stream, {})


def _ack(store: Store, stream: Stream, refused: dict[int, str]) -> feed.Ack:
    held = store.covered(stream)
    return feed.Ack(
        inc=stream.inc,
        through=held.through,
        have=held.have[: feed.MAX_HAVE],
        reject=tuple(feed.Rejected(seq=seq, code=code) for seq, code in sorted(refused.items())),
    )
