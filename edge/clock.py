"""The machine's clocks, read in one place: monotonic, wall, boot id and how far the wall is trusted.

While nothing keeps the wall clock in step it is believed only as far as it can be right: it never runs
behind what has passed for sure (``not_before``), and never backwards.
"""

import ctypes
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

from edge.domain.values import Clk, Instant

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5
"""``adjtimex``'s return value for a clock that nothing keeps in step (adjtimex(2))."""

_ASK_AGAIN_S = 10.0
STEP_S = 1.0
"""A wall clock that moved that much against the monotonic one is asked at once whether it is in step."""
LONGEST_OFF = timedelta(days=92)
"""A clock that nobody set and that is further ahead than this since the last record is a broken one."""


def boot_id() -> str:
    """The kernel's id of this boot; where there is none, one of this process."""
    try:
        return _BOOT_ID.read_text(encoding="ascii").strip()
    except OSError:
        return str(uuid.uuid4())


def _kept_in_step() -> bool:
    """Whether the kernel says that its wall clock is synchronised."""
    try:
        adjtimex = ctypes.CDLL(None).adjtimex
    except (OSError, AttributeError):
        return False
    # struct timex is 208 bytes on 64-bit Linux; zeroed, it only asks.
    state = adjtimex(ctypes.create_string_buffer(256))
    return bool(0 <= state < _TIME_ERROR)


@dataclass(frozen=True, slots=True)
class Machine:
    """What is asked of the machine. in_step: whether something keeps its wall clock right."""

    mono: Callable[[], float] = time.monotonic
    wall: Callable[[], datetime] = lambda: datetime.now(UTC)
    in_step: Callable[[], bool] = _kept_in_step


@dataclass(slots=True)
class Clock:
    """``now()`` for the whole process.

    SYNCED: the machine's wall clock. HELD: it was in step once, or the centre told the time, and time was
    counted on by the monotonic clock since, whatever the wall clock did. UNSYNCED: neither; then the
    machine's wall clock is taken where it is possible, and else counted on from the last moment that passed.
    """

    boot: str = field(default_factory=boot_id)
    machine: Machine = field(default_factory=Machine)
    _clk: Clk = Clk.UNSYNCED
    _asked_at: float = float("-inf")
    _base: datetime | None = None
    """The wall clock less the monotonic one, of what is known; None: nothing is."""
    _seen: datetime | None = None
    """The same of the machine's clocks, when they were read last."""

    def now(self) -> Instant:
        mono, wall = self.machine.mono(), self.machine.wall()
        if mono - self._asked_at >= _ASK_AGAIN_S or self._is_stepped(mono, wall):
            self._asked_at = mono
            self._clk = self._trust()
        self._seen = wall - timedelta(seconds=mono)
        believed = self._believed(mono, wall)
        if self._base is not None or self._clk is not Clk.UNSYNCED:
            self._base = believed - timedelta(seconds=mono)
        return Instant(mono, believed, self.boot, self._clk)

    def not_before(self, at: datetime) -> None:
        """``at`` (aware) has passed: an unset clock does not run behind it."""
        if self._clk is Clk.UNSYNCED:
            base = at - timedelta(seconds=self.machine.mono())
            self._base = base if self._base is None else max(self._base, base)

    def told(self, at: datetime, mono: float) -> None:
        """It was ``at`` (aware) when the monotonic clock showed ``mono``, by somebody whom we trust.

        Until something keeps the machine's clock in step; an earlier moment than the known one is not taken.
        """
        base = at - timedelta(seconds=mono)
        self.now()
        known = self._base
        if self._clk is Clk.SYNCED or (self._clk is Clk.HELD and known is not None and base < known):
            return
        self._clk, self._base = Clk.HELD, base

    def _is_stepped(self, mono: float, wall: datetime) -> bool:
        return self._seen is not None and abs((wall - self._seen).total_seconds() - mono) >= STEP_S

    def _believed(self, mono: float, wall: datetime) -> datetime:
        if self._clk is Clk.SYNCED or self._base is None:
            return wall
        known = self._base + timedelta(seconds=mono)
        possible = self._clk is Clk.UNSYNCED and known <= wall <= known + LONGEST_OFF
        return wall if possible else known

    def _trust(self) -> Clk:
        if self.machine.in_step():
            return Clk.SYNCED
        return Clk.UNSYNCED if self._clk is Clk.UNSYNCED else Clk.HELD
