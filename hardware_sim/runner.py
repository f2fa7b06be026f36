"""The thread that owns the simulated cabinet: bytes of its links, and commands of others, in real time.

Knows when to wake and whom to answer. Nobody else touches the world: other threads leave commands and
get futures.
"""

import os
import queue
import select
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Protocol

from hardware_sim import saved
from hardware_sim.bus import Line
from hardware_sim.config import MAIN
from hardware_sim.errors import SimError
from hardware_sim.world import World

LONGEST_WAIT_S = 0.5

Job = Callable[[float], dict[str, Any]]


class Link(Protocol):
    """A real-time way to the world's line: pseudo-terminal or TCP."""

    @property
    def url(self) -> str:
        """What the counter's ``url`` must say."""

    @property
    def is_open(self) -> bool: ...

    def plug(self) -> None: ...

    def unplug(self) -> None: ...

    def close(self) -> None: ...

    def descriptors(self) -> list[int]: ...

    def read(self) -> bytes: ...

    def write(self, data: bytes) -> None: ...


class Runner:
    """Runs ``world`` on ``link`` in a thread of its own. keep: the state's file, None: keep nothing.

    others: the links of further lines, by the lines' names.
    """

    def __init__(
        self, world: World, link: Link, keep: Path | None = None, others: Mapping[str, Link] | None = None
    ) -> None:
        self._world = world
        self._link = link
        self._links = {MAIN: link, **(others or {})}
        self._keep = keep
        self._jobs: queue.SimpleQueue[tuple[Job, Future[dict[str, Any]]]] = queue.SimpleQueue()
        self._wake_read, self._wake_write = os.pipe()
        self._stopping = False
        self._thread = threading.Thread(target=self._run, name="sim-line", daemon=True)
        self.failure: Exception | None = None
        """What ended the thread before it was asked to stop."""

    def start(self) -> None:
        """Plug in and begin. Raises ConfigError when the link cannot be made."""
        for link in self._links.values():
            link.plug()
        self._save(time.monotonic())
        self._thread.start()

    def stop(self) -> None:
        """End the thread, unplug, take the link's name away."""
        self._stopping = True
        self._wake()
        self._thread.join(timeout=2.0)
        for link in self._links.values():
            link.close()
        os.close(self._wake_read)
        os.close(self._wake_write)

    @property
    def url(self) -> str:
        return self._link.url

    @property
    def alive(self) -> bool:
        return self._thread.is_alive()

    def act(self, command: dict[str, Any]) -> "Future[dict[str, Any]]":
        """Do ``command`` in the owner's thread; the future holds the new state, or Malformed, Impossible."""

        def job(now: float) -> dict[str, Any]:
            state = self._world.act(command, now)
            self._save(now)
            return state

        return self._ask(job)

    def state(self) -> "Future[dict[str, Any]]":
        return self._ask(self._world.state)

    def _ask(self, job: Job) -> "Future[dict[str, Any]]":
        answer: Future[dict[str, Any]] = Future()
        self._jobs.put((job, answer))
        self._wake()
        return answer

    def _wake(self) -> None:
        os.write(self._wake_write, b"!")

    def _run(self) -> None:
        try:
            while not self._stopping:
                self._turn()
        except Exception as error:
            self.failure = error
            raise

    def _turn(self) -> None:
        lines = [self._world.lines[name] for name, link in self._links.items() if link.is_open]
        due = min((at for line in lines if (at := line.next_due()) is not None), default=None)
        wait = LONGEST_WAIT_S if due is None else min(LONGEST_WAIT_S, max(0.0, due - time.monotonic()))
        descriptors = [each for link in self._links.values() for each in link.descriptors()]
        ready, _, _ = select.select([self._wake_read, *descriptors], [], [], wait)
        if self._wake_read in ready:
            os.read(self._wake_read, 4096)
        self._do_jobs()
        for name, link in self._links.items():
            if link.is_open:
                heard = any(each in ready for each in link.descriptors())
                self._exchange(link, self._world.lines[name], heard)

    def _exchange(self, link: Link, line: Line, heard: bool) -> None:
        """Bytes from the client onto the pair, and what has arrived for it by now."""
        if heard and (data := link.read()):
            line.send(data, time.monotonic())
        if arrived := line.receive(time.monotonic()):
            link.write(arrived)

    def _do_jobs(self) -> None:
        while not self._jobs.empty():
            job, answer = self._jobs.get()
            try:
                answer.set_result(job(time.monotonic()))
            except SimError as error:
                answer.set_exception(error)
            self._follow_plug()

    def _follow_plug(self) -> None:
        """Let the link be as the fault line_gone wants it."""
        for link in self._links.values():
            if self._world.unplugged and link.is_open:
                link.unplug()
            elif not self._world.unplugged and not link.is_open:
                link.plug()

    def _save(self, now: float) -> None:
        if self._keep is not None:
            saved.write(self._keep, self._world.saved(now))
