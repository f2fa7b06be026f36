"""Takes over the time that the centre told the bridge, while nobody sets the clock. It asks nobody."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import structlog

from cloud_bridge.enrolment import TIME_FILE, ToldTime, is_signed
from cloud_bridge.signed import BUILT, Keys
from edge.clock import Clock
from edge.domain.values import Clk

log = structlog.get_logger(__name__)

LOOK_S = 5.0
MOST_BYTES = 4096


class ToldWatch:
    """One thread's. keys: whose word counts."""

    def __init__(self, data: Path, keys: Keys, clock: Clock) -> None:
        self._path, self._keys, self._clock = data / TIME_FILE, keys, clock
        self._at = float("-inf")
        self._known = b""

    def look(self) -> None:
        """Now and then, while nothing keeps the machine's clock in step."""
        now = self._clock.now()
        if now.mono - self._at < LOOK_S or now.clk is Clk.SYNCED:
            return
        self._at = now.mono
        try:
            with self._path.open("rb") as file:
                body = file.read(MOST_BYTES)
        except OSError:  # nobody was told anything
            return
        if body != self._known:
            self._known = body
            self._take(body, now.boot, now.mono)

    def _take(self, body: bytes, boot: str, mono: float) -> None:
        try:
            left = msgspec.json.decode(body, type=ToldTime)
            at = datetime.fromtimestamp(left.told.time, UTC)
        except (msgspec.DecodeError, RecursionError, ValueError, OverflowError, OSError) as error:
            log.warning("told_time_unreadable", why=str(error))
            return
        if left.boot != boot or not 0 <= left.mono_ms / 1000 <= mono or left.told.time < BUILT:
            return  # of a boot that is over
        if not is_signed(left.told, self._keys.values()):
            log.error("told_time_not_signed", alarm=True)
            return
        self._clock.told(at, left.mono_ms / 1000)
