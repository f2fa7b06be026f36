"""When the wall clock was set, told once: a ``clock.sync`` fact for those who work out times. Pure.

It sees nothing but the instants of the engine's steps, and trusts no more than they say.
"""

from collections import deque
from datetime import timedelta

from cloud_bridge.feed import ClockSync
from edge.domain.values import Clk, Instant, rfc3339

STEP_S = 1.0
"""A wall clock that moved less against the monotonic one was slewed, or is as exact as anybody needs."""
MOST_A_DAY = 12
"""Facts in 24 hours, beside the first good clock of a boot: a clock that is fought over fills no ledger."""
DAY_S = 86_400.0


class Timekeeper:
    """of_boot: the boot whose good clock the ledger tells of already, "": none. One engine's."""

    def __init__(self, of_boot: str = "") -> None:
        self._of_boot = of_boot
        self._known: Instant | None = None
        """What was told, or seen first: wall clocks are held against it."""
        self._told_at: deque[float] = deque()

    def look(self, now: Instant) -> ClockSync | None:
        """What is to be told of the clock; then ``told`` must follow once it is recorded."""
        known = self._known
        if known is None or known.boot != now.boot:
            self._known = known = now
        first = now.clk is not Clk.UNSYNCED and self._of_boot != now.boot
        if not first and (_step_s(known, now) < STEP_S or self._is_enough(now.mono)):
            return None
        before = known.wall + timedelta(seconds=now.mono - known.mono)
        return ClockSync(
            mono_ms=int(now.mono * 1000),
            boot=now.boot,
            source=_source(now.clk),
            before=rfc3339(before),
            after=rfc3339(now.wall),
        )

    def told(self, now: Instant) -> None:
        """It is in the ledger."""
        self._known = now
        self._told_at.append(now.mono)
        if now.clk is not Clk.UNSYNCED:
            self._of_boot = now.boot

    def _is_enough(self, mono: float) -> bool:
        while self._told_at and not 0 <= mono - self._told_at[0] < DAY_S:
            self._told_at.popleft()
        return len(self._told_at) >= MOST_A_DAY


def _step_s(known: Instant, now: Instant) -> float:
    """How far the wall clock moved against the monotonic one since."""
    return abs((now.wall - known.wall).total_seconds() - (now.mono - known.mono))


def _source(clk: Clk) -> str:
    return {Clk.SYNCED: "NTP", Clk.HELD: "CENTRE", Clk.UNSYNCED: "STEP"}[clk]
