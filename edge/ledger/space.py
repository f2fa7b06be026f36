"""Room on the disk: when selling stops, and the reserve that lets an open session still be written.

At a full disk SQLite can neither insert nor delete nor checkpoint (measured); a file kept for that
moment is deleted to get going again. Proposed figures: 8 MiB kept, no selling below 64 MiB free.
"""

import os
from collections.abc import Callable
from pathlib import Path

RESERVE_BYTES = 8 * 1024 * 1024
SELLING_BYTES = 64 * 1024 * 1024


def free_bytes(directory: Path) -> int:
    """What an ordinary user may still write on the file system of ``directory``."""
    stat = os.statvfs(directory)
    return stat.f_bavail * stat.f_frsize


class Space:
    """The free-space rule of one directory. ``free``: asked each time; it costs one system call."""

    def __init__(
        self,
        directory: Path,
        free: Callable[[Path], int] = free_bytes,
        reserve_bytes: int = RESERVE_BYTES,
        selling_bytes: int = SELLING_BYTES,
    ) -> None:
        self._directory = directory
        self._free = free
        self._reserve_bytes = reserve_bytes
        self._selling_bytes = selling_bytes
        self.reserve = directory / "reserve"

    def enough(self) -> bool:
        """Whether a new session may begin: room left, and the reserve in place (made again if it can be)."""
        return self._free(self._directory) >= self._selling_bytes and self.keep()

    def keep(self) -> bool:
        """Make the reserve where it is missing or short; False where the disk has no room for it."""
        if self.reserve.exists() and self.reserve.stat().st_size >= self._reserve_bytes:
            return True
        try:
            fd = os.open(self.reserve, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                os.posix_fallocate(fd, 0, self._reserve_bytes)
            finally:
                os.close(fd)
        except OSError:
            self.release()
            return False
        return True

    def release(self) -> bool:
        """Give the reserve back to the disk; False when there was none left to give."""
        try:
            self.reserve.unlink()
        except OSError:
            return False
        return True
