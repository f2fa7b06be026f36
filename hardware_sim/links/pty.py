"""The simulated line as a pseudo-terminal under a stable name. Knows descriptors and line speed, not boards.

Measured on Linux: a new pair echoes and edits lines until it is set raw; its master reads EIO once the
last client has closed, so one slave descriptor is kept open; the client's speed can be read on the
master's side. Unplugging is closing both ends; plugging in again is a new pair under the old name, as
with /dev/serial/by-id.
"""

import os
import termios
import tty
from pathlib import Path
from random import Random

from hardware_sim.errors import ConfigError

CHUNK = 4096
OSPEED = 5
"""Place of the output speed in what ``tcgetattr`` gives."""

SPEEDS = {
    getattr(termios, f"B{baud}"): baud
    for baud in (300, 600, 1200, 2400, 4800, 9600, 19200, 38400, 57600, 115200, 230400, 460800, 921600)
}


class PtyLink:
    """A pseudo-terminal whose slave is reached by ``path``, a symbolic link that outlives each plug."""

    def __init__(self, path: Path, baud: int, random: Random) -> None:
        self.url = str(path)
        self._path = path
        self._baud = baud
        self._random = random
        self._master = -1
        self._slave = -1
        self._target = ""

    @property
    def is_open(self) -> bool:
        return self._master >= 0

    def plug(self) -> None:
        """A new pair under the old name. Raises ConfigError when the name is taken by something else."""
        self._master, self._slave = os.openpty()
        tty.setraw(self._slave)
        self._set_speed()
        os.set_blocking(self._master, False)
        self._target = os.ttyname(self._slave)
        self._point(self._target)

    def unplug(self) -> None:
        """Close both ends: whoever has the port open is woken with an error."""
        if self.is_open:
            os.close(self._master)
            os.close(self._slave)
            self._master = self._slave = -1

    def close(self) -> None:
        """Unplug for good and take the name away."""
        self.unplug()
        if self._path.is_symlink() and os.readlink(self._path) == self._target:
            self._path.unlink()

    def descriptors(self) -> list[int]:
        """What to wait on for bytes."""
        return [self._master] if self.is_open else []

    def read(self) -> bytes:
        """What the client has sent; garbage when its line speed is another one."""
        try:
            data = os.read(self._master, CHUNK)
        except BlockingIOError:
            return b""
        return self._at_speed(data)

    def write(self, data: bytes) -> None:
        """Hand ``data`` to the client. Bytes that nobody fetches are lost, as on a wire."""
        try:
            os.write(self._master, self._at_speed(data))
        except BlockingIOError:
            termios.tcflush(self._master, termios.TCOFLUSH)

    def _at_speed(self, data: bytes) -> bytes:
        speed = SPEEDS.get(termios.tcgetattr(self._master)[OSPEED])
        return data if speed == self._baud else self._random.randbytes(len(data))

    def _set_speed(self) -> None:
        """So that a client which never sets a speed finds the right one."""
        speed = next((code for code, baud in SPEEDS.items() if baud == self._baud), None)
        if speed is None:
            raise ConfigError(
                f"[line] baud {self._baud} is not a serial speed: choose from {sorted(SPEEDS.values())}"
            )
        attributes = termios.tcgetattr(self._slave)
        attributes[4] = attributes[OSPEED] = speed
        termios.tcsetattr(self._slave, termios.TCSANOW, attributes)

    def _point(self, target: str) -> None:
        """Make the name point to ``target`` in one step."""
        if self._path.exists() and not self._path.is_symlink():
            raise ConfigError(f"{self._path} exists and is not a symbolic link: choose another --link")
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_name(f"{self._path.name}.{os.getpid()}")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to(target)
        fresh.replace(self._path)
