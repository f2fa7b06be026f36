"""Which events a subscription gets next, and the message they make. Reads the centre's database only.

The same events make the same bytes and the same id, so that a receiver can tell a repeated message.
"""

from dataclasses import dataclass
from typing import Any

import msgspec

from cloud_bridge.central.database import Connection
from cloud_bridge.central.hook_store import Subscription
from cloud_bridge.central.outward_ask import Asked
from cloud_bridge.central.outward_query import page
from cloud_bridge.central.outward_rows import Event
from cloud_bridge.central.outward_sources import EVENTS

MOST_EVENTS = 100
MOST_BYTES = 256 * 1024
"""Of the events in one message; a single event is at most 32 KiB."""
TYPE, TEST_TYPE = "events.v1", "test.v1"


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """The body. timestamp: when the last of its events arrived here; data: oldest first, events unchanged."""

    type: str
    timestamp: str
    data: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Batch:
    """What one message carries. through: the cursor once it is taken. numbers: of its events.

    anew: a single event that a person wants sent again; the cursor does not move.
    """

    id: str
    body: bytes
    numbers: tuple[int, ...]
    through: int
    anew: bool = False


def next_batch(db: Connection, to: Subscription) -> Batch | int:
    """The next message for ``to``, or, where there is none, the number up to which nothing is for it."""
    filters: dict[str, Any] = {"counter": to.counter} if to.counter else {}
    if to.types:
        filters["type"] = frozenset(to.types)
    limit = 1 if to.cursor < to.apart_to else MOST_EVENTS
    found = page(db, EVENTS, Asked(filters=filters, number=to.cursor, limit=limit))
    rows = _fitting([row for row in found.rows if isinstance(row, Event)])
    if not rows:
        return int(found.cursor)
    through = int(found.cursor) if len(rows) == len(found.rows) else rows[-1].number
    return _batch(to, rows, through)


def again(db: Connection, to: Subscription, number: int) -> Batch | None:
    """The message of one event once more; None where the centre does not hold it (any more)."""
    found = page(db, EVENTS, Asked(filters={}, number=number - 1, limit=1))
    rows = [row for row in found.rows if isinstance(row, Event) and row.number == number]
    return _batch(to, rows, to.cursor, anew=True) if rows else None


def test_body(at: str) -> bytes:
    """A message without events, to see whether the receiver takes any. at: RFC 3339 UTC."""
    return msgspec.json.encode(Message(type=TEST_TYPE, timestamp=at, data=()))


def _fitting(rows: list[Event]) -> list[Event]:
    """As many from the front as one message may carry, at least one."""
    size = 0
    for count, row in enumerate(rows):
        size += len(bytes(row.event)) if row.event is not None else len(row.event_base64 or "")
        if size > MOST_BYTES and count:
            return rows[:count]
    return rows


def _batch(to: Subscription, rows: list[Event], through: int, *, anew: bool = False) -> Batch:
    numbers = tuple(row.number for row in rows)
    id = f"msg_{to.id}_{to.round}_{numbers[0]}_{numbers[-1]}"
    body = msgspec.json.encode(Message(type=TYPE, timestamp=rows[-1].received, data=tuple(rows)))
    return Batch(id, body, numbers, through, anew)
