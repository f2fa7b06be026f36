"""Puts the outbox's rows into one message. Pure: of what is inside a row it knows the number, no more."""

from collections.abc import Container, Iterator, Sequence

from cloud_bridge import feed
from cloud_bridge.packing import packed
from cloud_bridge.ranges import Covered
from cloud_bridge.turns import Outbox

Row = tuple[int, bytes]

PACKET_OVERHEAD = 256
"""Bytes of a PUBLISH beside its payload: topic, properties, header. An upper bound for our topics."""


def waiting(
    outbox: Outbox, held: Covered, aside: Container[int], after: int, last: int, wanted: int
) -> Iterator[Row]:
    """Rows above ``after`` that the centre does not hold and that are not set aside, oldest first.

    Read ``wanted`` at a time, so that a backlog of days never lies in memory.
    """
    if wanted < 1:
        return
    for low, high in (*held.gaps(), (held.highest + 1, last)):
        at = max(low - 1, after)
        while at < high:
            rows = outbox.events(at, min(wanted, high - at))
            if not rows:
                return
            at = rows[-1][0]
            yield from (row for row in rows if row[0] not in aside)


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
