"""Puts what may be lost beside the ledger for the bridge: ``live.json`` and ``health.json``.

Nothing waits for these files: they are not synced, and one that cannot be written is told once in the log.
"""

from pathlib import Path

import msgspec
import structlog

from cloud_bridge.feed import EngineHealth, Live

log = structlog.get_logger(__name__)

LIVE, HEALTH = "live.json", "health.json"
LIVE_EVERY_S = 0.2
HEALTH_EVERY_S = 30.0
FINAL = ("SETTLED", "EMPTY", "REVIEW", "CANCELLED")


class LatelyFiles:
    """One thread's. A basket of an earlier run is taken away at the start."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._waiting: Live | None = None
        self._written_at = float("-inf")
        self._health_at = float("-inf")
        self._told = False
        try:
            (data / LIVE).unlink(missing_ok=True)
        except OSError as error:
            self._tell(error)

    def show(self, live: Live | None, now: float) -> None:
        """A basket has changed, None: none has. now: monotonic seconds. At most five are written a second,
        but for the end, which is written at once."""
        self._waiting = live or self._waiting
        if self._waiting is None:
            return
        if now - self._written_at < LIVE_EVERY_S and self._waiting.state not in FINAL:
            return
        self._written_at, waiting, self._waiting = now, self._waiting, None
        self._put(LIVE, msgspec.json.encode(waiting))

    def is_due(self, now: float) -> bool:
        """Whether it is time to say how the counter is."""
        if now - self._health_at < HEALTH_EVERY_S:
            return False
        self._health_at = now
        return True

    def tell(self, health: EngineHealth) -> None:
        """How the counter is."""
        self._put(HEALTH, msgspec.json.encode(health))

    def _put(self, name: str, body: bytes) -> None:
        making = self._data / f"{name}.tmp"
        try:
            making.touch(mode=0o600)
            making.write_bytes(body)
            making.replace(self._data / name)
        except OSError as error:
            self._tell(error)

    def _tell(self, error: OSError) -> None:
        if not self._told:
            log.warning("telemetry_not_written", why=str(error))
        self._told = True
