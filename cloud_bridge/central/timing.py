"""When events truly happened, worked out for counters whose clock was not set. Pure.

An event of a set clock has its own time. Of an unset one the monotonic clock tells how long before or after
the clock was set it happened; of a boot in which it never was, its neighbours and its arrival tell between
which moments it lies, and that is an estimate. What a counter wrote is never changed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

LAG_MS = 92 * 86_400_000
"""A session's end is recorded within seconds, or once a full disk has room or a counter has current again. A
time further back is of before the clock was set."""
AHEAD_MS = 10 * 60_000
"""What is told of cannot end behind its own record but for a clock that was set back a little."""


class Timed(StrEnum):
    """How sure a time is."""

    CLOCK = "CLOCK"  # by a clock that was in step
    HELD = "HELD"  # by one that had been, or that counted on from the centre's word
    SYNC = "SYNC"  # worked out from the moment at which the clock was set in the same boot
    ESTIMATE = "ESTIMATE"  # the clock was not set in that boot; it lies between its neighbours


BY_CLK = {0: Timed.ESTIMATE, 1: Timed.CLOCK, 2: Timed.HELD}
"""Before anything is worked out. By the envelope's ``clk``."""


@dataclass(frozen=True, slots=True, order=True)
class Anchor:
    """When it was so, the monotonic clock showed that. Milliseconds."""

    mono_ms: int
    wall_ms: int


@dataclass(frozen=True, slots=True)
class Span:
    """The events of a boot whose clock was never set. Milliseconds; base: wall less monotonic clock.

    base_ms: by the counter. high_ms: the latest possible, as the events had arrived by then. not_before,
    not_after: the last sure moment before the first event, the first sure one after the last; None: unknown.
    """

    first_mono: int
    last_mono: int
    base_ms: int
    high_ms: int
    not_before: int | None = None
    not_after: int | None = None


def lag_of(event_ms: int, told_ms: int) -> int:
    """How long before its event happened what it tells the time of; 0 where that cannot be."""
    lag = event_ms - told_ms
    return lag if -AHEAD_MS <= lag <= LAG_MS else 0


def corrected(mono_ms: int, anchors: Sequence[Anchor]) -> int:
    """The time by the nearest of ``anchors`` (one or more, in order), in milliseconds since 1970.

    Never before what an earlier moment of the boot is given, though anchors contradict each other.
    """
    found: int | None = None
    for anchor, following in pairwise((*anchors, None)):
        assert anchor is not None
        border = mono_ms if following is None else (anchor.mono_ms + following.mono_ms) // 2
        there = min(mono_ms, border) - anchor.mono_ms + anchor.wall_ms
        found = there if found is None else max(found, there)
        if mono_ms <= border:
            break
    assert found is not None
    return found


def estimates(spans: Sequence[Span]) -> list[int]:
    """The base of each of one ledger's boots without a set clock, in their order, as near to the counter's
    own as bounds allow. Where they contradict each other, order wins.
    """
    ends: list[int] = []
    latest: int | None = None
    for span in reversed(spans):
        end = span.high_ms + span.last_mono
        end = min(each for each in (end, span.not_after, latest) if each is not None)
        ends.append(end)
        latest = end - (span.last_mono - span.first_mono)
    bases: list[int] = []
    earliest: int | None = None
    for span, end in zip(spans, reversed(ends), strict=True):
        base = min(span.base_ms, end - span.last_mono)
        for moment in (span.not_before, earliest):
            base = base if moment is None else max(base, moment - span.first_mono)
        bases.append(base)
        earliest = base + span.last_mono
    return bases
