"""A small disk of its own that can be filled to the brim: a tmpfs, where this user may mount one."""

import os
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

BALLAST = "ballast"


@dataclass
class Disk:
    """A directory on a file system of ``megabytes``; an ordinary one where mounting is not allowed."""

    place: Path
    megabytes: int
    mounted: bool = False

    def mount(self) -> None:
        self.place.mkdir(parents=True, exist_ok=True)
        if os.geteuid() == 0:
            command = ["mount", "-t", "tmpfs", "-o", f"size={self.megabytes}m", "tmpfs", str(self.place)]
            self.mounted = subprocess.run(command, capture_output=True, check=False).returncode == 0

    def fill(self) -> None:
        """Leave no room at all. Only for a disk of its own."""
        assert self.mounted, "a shared disk is never filled"
        fd = os.open(self.place / BALLAST, os.O_RDWR | os.O_CREAT)
        try:
            step, size = 1 << 20, os.fstat(fd).st_size
            while step >= 4096:
                try:
                    os.posix_fallocate(fd, size, step)
                    size += step
                except OSError:
                    step //= 2
        finally:
            os.close(fd)

    def free(self) -> None:
        with suppress(FileNotFoundError):
            (self.place / BALLAST).unlink()

    def keep_in(self, place: Path) -> None:
        """Copy what lies here to an ordinary directory, so that it outlives the mount."""
        if self.mounted:
            subprocess.run(["cp", "-a", f"{self.place}/.", str(place)], check=False)

    def unmount(self) -> None:
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.place)], capture_output=True, check=False)
            self.mounted = False
