"""Runs child processes that must not outlive this one, and starts again those that die.

It knows processes, log files and back-off, not what the children do. One thread only: the kernel ties
a child's life to the *thread* that started it, so all of them are started by the main thread.
"""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

PR_SET_PDEATHSIG = 1
LOG_LIMIT = 4 * 2**20
BACK_OFF_S = (0.2, 10.0)
"""First and longest pause before a dead child is started again."""
HOPELESS = (2, 73, 78)
"""Exit codes that another start will not change: wrong use, cannot create, settings."""
STEADY_S = 20.0
"""A child that lived this long begins again with the first pause."""


@dataclass(slots=True)
class Child:
    """One process. ready: whether it does its work by now; asked after the start, from time to time."""

    name: str
    command: Sequence[str]
    log: Path
    ready: Callable[[], bool]
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    due: float = 0.0
    """When it may be started again, on the monotonic clock."""
    pause: float = BACK_OFF_S[0]
    ended: int | None = None
    """How its last process ended; None while none has."""

    @property
    def pid(self) -> int | None:
        return self.process.pid if self.process else None


@dataclass(slots=True)
class Family:
    """The children of this process. say: takes a line for the person who started it all."""

    environ: Mapping[str, str]
    say: Callable[[str], None]
    children: list[Child] = field(default_factory=list)
    keep: tuple[int, ...] = ()
    """File descriptors every child inherits."""

    def start(self, child: Child, now: float) -> None:
        """Start ``child``, its output into its log."""
        with opened_log(child.log) as log:
            child.process = subprocess.Popen(
                child.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self.environ),
                start_new_session=True,  # Ctrl-C is for the parent, which stops the children in order
                preexec_fn=dies_with(os.getpid()),
                pass_fds=self.keep,
            )
        child.started = now
        if child not in self.children:
            self.children.append(child)

    def tend(self, now: float) -> bool:
        """Note who died and start again who may; gives whether a process is another than before."""
        changed = False
        for child in self.children:
            if child.process is not None and child.process.poll() is not None:
                self._bury(child, child.process.returncode, now)
            if child.process is None and now >= child.due:
                self.start(child, now)
                changed = True
        return changed

    def _bury(self, child: Child, code: int, now: float) -> None:
        if now - child.started >= STEADY_S:
            child.pause = BACK_OFF_S[0]
        child.process, child.due, child.ended = None, now + child.pause, code
        self.say(
            f"{child.name} 已退出({code}),{child.pause:g} 秒后重启 · ended, starts again in "
            f"{child.pause:g} s; log: {child.log}"
        )
        child.pause = min(child.pause * 2, BACK_OFF_S[1])

    def stop(self, patience_s: float) -> None:
        """SIGTERM to all, up to ``patience_s`` for them to end, then SIGKILL to the rest."""
        alive = [child.process for child in self.children if child.process is not None]
        for process in alive:
            process.terminate()
        deadline = time.monotonic() + patience_s
        for process in alive:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def wait_ready(
    family: Family, names: Iterable[str], deadline: float, stopped: Callable[[float], bool]
) -> list[str]:
    """Tend until the named children are ready; gives the names that are not.

    Ends at ``deadline``, or at once where a child ended in a way that another start will not change.

    stopped: sleeps for the seconds it is given, and says whether somebody wants to stop.
    """
    waiting = [child for child in family.children if child.name in set(names)]
    while waiting:
        now = time.monotonic()
        family.tend(now)
        waiting = [child for child in waiting if child.process is None or not child.ready()]
        hopeless = any(child.ended in HOPELESS for child in waiting)
        if not waiting or hopeless or now >= deadline or stopped(0.05):
            break
    return [child.name for child in waiting]


def opened_log(path: Path) -> IO[bytes]:
    """The log, to be appended to; a big one is first put aside as ``NAME.1``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_LIMIT:
        path.replace(path.with_name(f"{path.name}.1"))
    return path.open("ab")


def dies_with(parent: int) -> Callable[[], None] | None:
    """For ``preexec_fn``: the kernel sends SIGTERM when the parent is gone, even killed with -9.

    None where the system cannot do it (anything but Linux).
    """
    try:
        prctl = ctypes.CDLL(None).prctl
    except AttributeError:
        return None

    def tie() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it died between fork and prctl
            os._exit(1)

    return tie
