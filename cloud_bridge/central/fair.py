"""How much of one counter's traffic the worker takes: a bucket of tokens for each, in bounded memory. Pure.

What is over is told to the broker as received and is neither stored nor acknowledged to the counter, which
therefore sends it again. To keep it unacknowledged at the broker would fill this worker's window, the one
that all counters share, with the messages of the one that sends too much.
"""

from collections import OrderedDict
from dataclasses import dataclass, field

MOST_COUNTERS = 50_000
BURST_S = 10
"""A bucket holds the tokens of so many seconds, and a debt of as many at most."""
DEAD_LETTER_COST, BYTES_A_TOKEN = 100, 1024
"""Unreadable bytes are kept for people to look at, so they cost more than what they weigh."""
WINDOW_S = 60.0
FLOOD = 300
"""Messages held back within a window that make a flood; catching up without pace stays below."""


def cost(size: int) -> int:
    """Tokens of a message of ``size`` bytes: a live event takes one, a full packed batch about fifteen."""
    return 1 + size // BYTES_A_TOKEN


def counter_of(topic: str) -> str:
    """Whose message it is by its topic; "": nobody's, and not limited."""
    head, _, rest = topic.partition("/")
    return rest.partition("/")[0] if head == "counters" else ""


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float
    held: int = 0
    before: int = 0
    window_at: float = 0.0


@dataclass(slots=True)
class Buckets:
    """per_s: tokens that a counter gets each second. Times are monotonic seconds."""

    per_s: int
    held_back: int = 0
    _of: "OrderedDict[str, _Bucket]" = field(default_factory=OrderedDict)

    def admits(self, counter: str, size: int, now: float) -> bool:
        """Whether a message of ``size`` bytes is taken; it is counted either way."""
        bucket = self._filled(counter, now)
        if bucket.tokens > 0:
            bucket.tokens -= cost(size)
            return True
        self.held_back += 1
        bucket.held += 1
        return False

    def charge(self, counter: str, size: int, now: float) -> None:
        """It was unreadable: ``counter`` pays for the room that it takes here."""
        bucket = self._filled(counter, now)
        bucket.tokens = max(bucket.tokens - DEAD_LETTER_COST * cost(size), -self._most)

    def floods(self, now: float) -> list[str]:
        """Counters of which more was held back lately than an honest one ever has."""
        for name, bucket in list(self._of.items()):
            _turn(bucket, now)
            full = bucket.tokens + (now - bucket.at) * self.per_s >= self._most
            if full and not bucket.held and not bucket.before:
                del self._of[name]
        return [name for name, bucket in self._of.items() if bucket.held + bucket.before >= FLOOD]

    @property
    def _most(self) -> float:
        return float(self.per_s * BURST_S)

    def _filled(self, counter: str, now: float) -> _Bucket:
        bucket = self._of.get(counter)
        if bucket is None:
            if len(self._of) >= MOST_COUNTERS:
                self._of.popitem(last=False)
            bucket = self._of[counter] = _Bucket(self._most, now, window_at=now)
        bucket.tokens = min(bucket.tokens + (now - bucket.at) * self.per_s, self._most)
        bucket.at = now
        _turn(bucket, now)
        return bucket


def _turn(bucket: _Bucket, now: float) -> None:
    """What was held back in this window and in the one before it."""
    passed = now - bucket.window_at
    if passed >= WINDOW_S:
        bucket.before = bucket.held if passed < 2 * WINDOW_S else 0
        bucket.held, bucket.window_at = 0, now
