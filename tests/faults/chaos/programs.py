"""Child processes that are meant to be killed and frozen: started again by whoever tends them.

It knows processes and logs, not what they do. One thread only, as in ``edge.children``.
"""

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from edge.children import dies_with, opened_log

STOP_S = 5.0


@dataclass
class Program:
    """One process. kind: what the table of faults calls it."""

    name: str
    kind: str
    command: list[str]
    log: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    pause_s: float = 0.3
    """Before it is started again when it ended by itself."""
    process: "subprocess.Popen[bytes] | None" = None
    due: float = 0.0
    starts: int = 0
    kills: int = 0
    ended: list[int] = field(default_factory=list)
    """How its processes ended by themselves."""
    retired: bool = False
    stopping: signal.Signals = signal.SIGTERM
    _asked: bool = False

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("COUNTER_")}
        with opened_log(self.log) as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**kept, **self.environ},
                start_new_session=True,
                preexec_fn=dies_with(os.getpid()),
            )
        self.starts += 1

    def tend(self, now: float) -> None:
        """Start it again when it is its time."""
        if self.retired:
            return
        if self.process is not None and (code := self.process.poll()) is not None:
            self.process, self.due = None, max(self.due, now + self.pause_s)
            self.ended.append(code)
        if self.process is None and now >= self.due:
            self.start()

    def kill(self, away_s: float) -> None:
        """kill -9; it stays away for ``away_s``."""
        if self.process is None:
            return
        self._die()
        self.process.wait()
        self.process, self.due = None, time.monotonic() + away_s
        self.kills += 1

    def _die(self) -> None:
        self._signal(signal.SIGKILL)

    def freeze(self) -> None:
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self._signal(signal.SIGCONT)

    def ask_to_stop(self) -> None:
        """SIGTERM, or what it takes for it, once. It is not started again."""
        if self.process is not None and not self._asked:
            self.thaw()
            self._signal(self.stopping)
            self._asked = True
        self.retired = True

    def stop(self) -> None:
        """As ``ask_to_stop``, and after a while SIGKILL."""
        self.ask_to_stop()
        if self.process is None:
            return
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self._die()
            self.process.wait()
        self.process = None

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)
