"""The machine's clocks, read in one place: monotonic, wall, boot id and how far the wall is trusted."""

import ctypes
import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from edge.domain.values import Clk, Instant

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
_TIME_ERROR = 5
"""``adjtimex``'s return value for a clock that nothing keeps in step (adjtimex(2))."""

_ASK_AGAIN_S = 10.0


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


@dataclass(slots=True)
class Clock:
    """``now()`` for the whole process. A clock that was in step once and is not now is HELD."""

    boot: str = field(default_factory=boot_id)
    _clk: Clk = Clk.UNSYNCED
    _asked_at: float = float("-inf")

    def now(self) -> Instant:
        mono = time.monotonic()
        if mono - self._asked_at >= _ASK_AGAIN_S:
            self._asked_at = mono
            self._clk = self._trust()
        return Instant(mono, datetime.now(UTC), self.boot, self._clk)

    def _trust(self) -> Clk:
        if _kept_in_step():
            return Clk.SYNCED
        return Clk.UNSYNCED if self._clk is Clk.UNSYNCED else Clk.HELD
