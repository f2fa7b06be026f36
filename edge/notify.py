"""Tells systemd that a program is ready and lives, as sd_notify(3) says; without systemd it is mute."""

import os
import socket
from contextlib import suppress


class Notify:
    """``beat`` is for the program's main loop: whoever hangs is started again (WatchdogSec of the unit)."""

    def __init__(self, address: str | None = None) -> None:
        found = os.environ.get("NOTIFY_SOCKET", "") if address is None else address
        self._address = "\0" + found[1:] if found.startswith("@") else found
        self._next = 0.0

    def ready(self) -> None:
        self._say(b"READY=1")

    def beat(self, now: float) -> None:
        """now: seconds, monotonic. At most one word a second."""
        if now >= self._next:
            self._next = now + 1.0
            self._say(b"WATCHDOG=1")

    def _say(self, word: bytes) -> None:
        if self._address:
            with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.setblocking(False)  # a full queue is no reason for the loop to wait
                line.sendto(word, self._address)
