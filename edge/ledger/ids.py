"""Names made at the counter, as pure functions of time and random bytes. It knows no clock and no source."""

import hashlib
from collections.abc import Iterator
from datetime import datetime

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [a + b for a in _CROCKFORD for b in _CROCKFORD]

ULID_RANDOM_BYTES = 8
ORDER_NO_MAX = 32
"""WeChat Pay v3, ``out_trade_no`` and ``out_order_no``: at most 32 of letters, digits and ``_-|*``."""

_COUNTER_IN_ORDER = 19
"""What 32 leaves for the counter's id beside two dashes, 4 hex digits and 7 digits."""


def ulids(wall_ms: int, random: bytes) -> Iterator[str]:
    """The ids of one transaction, rising: 26 characters that sort by ``wall_ms`` (since 1970, UTC).

    random: 8 bytes. Layout of the ULID specification: 48 bits of time, then 64 of chance and 16 that
    count from 0, base 32. Unique by chance, not by the clock: a clock that jumps back makes ids that
    sort early, never ids that repeat.
    """
    time_and_chance = (wall_ms & (1 << 48) - 1) << 64 | int.from_bytes(random, "big")
    head = "".join([_PAIRS[(time_and_chance >> shift) & 1023] for shift in range(104, 3, -10)])
    low = (time_and_chance & 15) << 16
    for number in range(low, low + (1 << 16)):
        yield head + _PAIRS[number >> 10] + _PAIRS[number & 1023]


def order_no(counter: str, incarnation: str, n: int, series: str = "") -> str:
    """The ``n``-th sale's number, e.g. ``XA-001-7f3a-000042``: at most 32 of ``[0-9A-Za-z_-]``.

    series: of other documents, e.g. "R": ``XA-001-7f3a-R00042``.

    The incarnation's first digits keep a restored or cloned ledger from using a number again. A long
    counter id is cut and told apart by its hash.
    """
    if len(counter) > _COUNTER_IN_ORDER:
        counter = f"{counter[:10]}_{hashlib.sha256(counter.encode()).hexdigest()[:8]}"
    number = f"{counter}-{incarnation[:4]}-{series}{n:0{6 - len(series)}d}"
    if len(number) > ORDER_NO_MAX:
        raise ValueError(f"order number {number} is longer than {ORDER_NO_MAX} characters")
    return number


def wall_ms(wall: datetime) -> int:
    """Milliseconds since 1970 of an aware datetime."""
    return int(wall.timestamp() * 1000)
