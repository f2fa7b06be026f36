"""Files beside the ledger that may be lost: the engine's basket and health, the time the centre told."""

from pathlib import Path
from typing import TypeVar

import msgspec
import structlog

from cloud_bridge import feed
from cloud_bridge.enrolment import TIME_FILE, ToldTime

log = structlog.get_logger("bridge")

T = TypeVar("T")

LIVE, HEALTH = "live.json", "health.json"
MOST_BYTES = 64 * 1024


class Beside:
    """Of one data directory. What is half written, too large or of another version is passed over."""

    def __init__(self, data: Path) -> None:
        self._data = data
        self._seen = _stamp(data / LIVE)

    def live(self) -> feed.Live | None:
        """The basket, once for each time that it was written."""
        stamp = _stamp(self._data / LIVE)
        if stamp == self._seen:
            return None
        self._seen = stamp
        return _read(self._data / LIVE, feed.Live)

    def health(self) -> feed.EngineHealth | None:
        """What the engine said last, None: nothing that can be read."""
        return _read(self._data / HEALTH, feed.EngineHealth)


def leave_time(data: Path, told: ToldTime) -> None:
    """For the engine, whose clock is not set either. It may be lost: then it goes on as before."""
    making = data / f"{TIME_FILE}.tmp"
    try:
        making.touch(mode=0o600)
        making.write_bytes(msgspec.json.encode(told))
        making.replace(data / TIME_FILE)
    except OSError as error:
        log.warning("time_not_left", why=str(error))


def _stamp(path: Path) -> tuple[int, int, int]:
    try:
        seen = path.stat()
    except OSError:  # it is not there
        return (0, 0, 0)
    return (seen.st_mtime_ns, seen.st_size, seen.st_ino)


def _read(path: Path, kind: type[T]) -> T | None:
    try:
        with path.open("rb") as file:
            body = file.read(MOST_BYTES + 1)
        return None if len(body) > MOST_BYTES else msgspec.json.decode(body, type=kind)
    except (OSError, *feed.BAD_JSON):
        return None
