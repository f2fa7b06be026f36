"""A message's bytes made small for a paid link, and opened again within bounds. Pure; both banks import it.

A packed message is one zlib stream (RFC 1950) of the JSON that would otherwise be sent. It is told by
its first bytes, because brokers and bridges drop or rewrite the content type: no JSON text begins with
0x78. The events inside are untouched, so their hashes and the chain are those of the ledger.
"""

import zlib

from cloud_bridge import feed

CONTENT_TYPE = "application/zlib"
"""RFC 6713. What is inside says itself: ``{`` one event, ``[`` a batch."""

WORTH_PACKING = 256
"""Bytes. What is smaller has nothing to repeat."""
LEVEL = 6
"""100 events in 5 ms on a PC's core; level 9 takes 8 ms and saves 2 %, level 1 takes 2 and costs 27 %."""

MOST_UNPACKED = 1024 * 1024
"""Bytes; twice what our sender puts into a message (``turns.Limits.batch_raw_bytes``)."""
MOST_RATIO = 64
"""Events bring a hash each that cannot be packed: a batch of 100 becomes 6 to 7 times smaller (measured)."""


def packed(body: bytes) -> bytes:
    """``body`` packed where that is smaller and ``unpacked`` would open it, otherwise as it is."""
    if len(body) < WORTH_PACKING:
        return body
    small = zlib.compress(body, LEVEL)
    return small if len(small) < len(body) <= _most(small) else body


def is_packed(body: bytes) -> bool:
    """Whether ``body`` begins as a zlib stream does: 0x78, and a check over both bytes of the header."""
    return len(body) >= 2 and body[0] == 0x78 and (body[0] << 8 | body[1]) % 31 == 0


def unpacked(body: bytes) -> bytes:
    """The JSON in ``body``, packed or not. Raises feed.Unreadable on a stream that is damaged, cut off,
    followed by something else, larger than ``MOST_UNPACKED`` or ``MOST_RATIO`` times what came."""
    if not is_packed(body):
        return body
    stream = zlib.decompressobj()
    try:
        opened = stream.decompress(body, _most(body) + 1)
    except zlib.error as error:
        raise feed.Unreadable(f"packed: {error}") from error
    if len(opened) > _most(body):
        raise feed.Unreadable(f"packed: opens to more than {_most(body)} bytes")
    if not stream.eof or stream.unused_data:
        raise feed.Unreadable("packed: " + ("bytes behind the end" if stream.eof else "cut off"))
    return opened


def fault(body: bytes) -> str:
    """Why a packed message is no event (any more); "" where it is not packed."""
    if not is_packed(body):
        return ""
    try:
        unpacked(body)
    except feed.Unreadable as error:
        return str(error)
    return "packed twice"


def content_type(body: bytes) -> str:
    """What a message's properties say of it; a receiver goes by the bytes."""
    if is_packed(body):
        return CONTENT_TYPE
    return feed.BATCH_CONTENT_TYPE if body.startswith(b"[") else feed.CONTENT_TYPE


def _most(packed_body: bytes) -> int:
    return min(MOST_UNPACKED, MOST_RATIO * len(packed_body))
