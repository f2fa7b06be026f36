"""Puts the outbox's rows into one message. Pure: it knows what is inside a row no further than its number."""

from collections.abc import Sequence

from cloud_bridge import feed
from cloud_bridge.packing import packed

Row = tuple[int, bytes]

PACKET_OVERHEAD = 256
"""Bytes of a PUBLISH beside its payload: topic, properties, header. An upper bound for our topics."""


def loaded(rows: Sequence[Row], budget: int) -> tuple[tuple[int, ...], bytes]:
    """As many of ``rows``, from the first on, as a message of ``budget`` bytes holds, and that message.

    Always at least one; whether that one fits is asked of ``fits`` before.
    """
    while True:
        body = packed(feed.batch([body for _, body in rows]) if len(rows) > 1 else rows[0][1])
        if len(body) <= budget or len(rows) == 1:
            return tuple(seq for seq, _ in rows), body
        rows = rows[: len(rows) // 2]


def fits(body: bytes, max_packet: int) -> bool:
    """Whether this row alone passes a broker that takes packets of ``max_packet`` bytes."""
    room = max_packet - PACKET_OVERHEAD
    return len(body) <= room or len(packed(body)) <= room


def is_event(inc: str, seq: int, body: bytes) -> bool:
    """Whether ``body`` is the event that its row says it is; a disk can rot."""
    try:
        event = feed.decode(body)
    except feed.Unreadable:
        return False
    return (event.inc, event.seq) == (inc, seq)
