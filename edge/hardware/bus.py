"""The master of one serial line as a step machine: bytes and time in, bytes and signals out.

Knows whose turn it is, the idle gap, deadlines, echo and quarantine; opens no port, reads no clock.
The rules come from measurements: an answer carries no number, so the answer to a timed-out request
passes for that of the next one unless the line is left alone until the device cannot speak any more.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from edge.hardware.drivers.lock_driver import LockDriver
from edge.hardware.drivers.scale_driver import Scales
from edge.hardware.exchange import Answer, BusTurn, Question, Task
from edge.hardware.lock_rota import LockRota
from edge.hardware.scale_rota import ScaleRota
from edge.hardware.signals import Fault, Job, LineState, Pace, SetPace, Signal

BITS_PER_CHARACTER = 10
"""8N1."""

GAP_CHARACTERS = 3.5 * 11 / 10
GAP_LEAST_S = 0.00175
"""Silence before each request: 3.5 characters of 11 bits, at least 1.75 ms.

Source: Modbus over Serial Line V1.02, RTU framing.
"""

OPENING_QUARANTINE_S = 0.3
"""After the port was opened nothing is sent for so long: what a former owner asked may still be answered."""

MOST_HEARD = 512
"""Bytes listened to for one answer; a line that babbles on is cut off there."""


@dataclass(slots=True)
class _Asking:
    """The exchange in flight."""

    task: Task
    deadline: float
    quarantine: float
    late_until: float
    busy_until: float
    heard: bytes = b""


class Bus:
    """One line's master, shared by a lock board and any number of scales (either may be missing).

    ``step`` is to be called with what was received, at the latest at each turn's ``due``.
    """

    def __init__(
        self,
        port_name: str,
        lock: LockDriver | None,
        scales: Sequence[Scales],
        *,
        baud: int,
        echoes: bool = False,
        idle_hz: float,
        busy_hz: float,
        least_gap_s: float = GAP_LEAST_S,
    ) -> None:
        """least_gap_s: silence before each request where 3.5 characters take less."""
        periods = {Pace.IDLE: 1 / idle_hz, Pace.BUSY: 1 / busy_hz}
        self.port_name = port_name
        self.noise = 0
        """Bytes that came while nothing was asked, dropped."""
        self._lock = None if lock is None else LockRota(lock, periods)
        self._scales = ScaleRota(scales, periods)
        self._character = BITS_PER_CHARACTER / baud
        self._gap = max(GAP_CHARACTERS * self._character, least_gap_s)
        self._echoes = echoes
        self._talks = any(not scale.asks for scale in scales)
        self._up = False
        self._asking: _Asking | None = None
        self._quiet_until = 0.0
        self._out: list[Signal] = []

    def submit(self, job: Job) -> None:
        """Take a job on. Raises ValueError for an unlock that no board of this line can do."""
        if isinstance(job, SetPace):
            self._scales.set_pace(job.pace)
            if self._lock is not None:
                self._lock.set_pace(job.pace)
        elif self._lock is None:
            raise ValueError(f"port {self.port_name} has no lock board: unlock job {job.job} cannot be done")
        else:
            self._lock.submit(job)

    @property
    def contacts(self) -> tuple[bool, ...]:
        """Raw contacts of the lock board's channels as last seen, first channel first; True: closed.

        For whoever wires a cabinet: they show what a contact says while the bolt moves. Empty: nothing is
        known, or the board tells of single channels only.
        """
        return () if self._lock is None else self._lock.contacts

    def line_up(self, now: float) -> None:
        """The port has just been opened. Nothing known before counts any more."""
        self._up = True
        self._asking = None
        self._quiet_until = now + OPENING_QUARANTINE_S
        self._scales.line_up()
        if self._lock is not None:
            self._lock.line_up()
        self._out.append(LineState(self.port_name, now, up=True))

    def line_down(self, now: float, reason: str) -> None:
        """The port is gone. An unlock in flight ends as SILENT, waiting ones as LINE_GONE."""
        asking, self._asking = self._asking, None
        self._up = False
        self._out.append(LineState(self.port_name, now, up=False, reason=reason))
        if asking is not None and asking.task.gone is not None:
            self._out += asking.task.gone(now)
        self._out += self._scales.line_down(now)
        if self._lock is not None:
            self._out += self._lock.line_down(now)

    def step(self, received: bytes, now: float) -> BusTurn:
        """What follows from ``received`` (may be empty) at monotonic time ``now``."""
        if not self._up:
            if self._lock is not None:
                self._out += self._lock.refuse_waiting(now)
            return BusTurn(b"", self._signals(), 0, now + 1.0)
        if received:
            if not self._talks:  # who speaks unasked leaves no silence to wait for, and nobody is asked
                self._quiet_until = max(self._quiet_until, now + self._gap)
            if self._lock is not None and self._lock.listens:
                self._out += self._lock.hear(received, now)
        if self._asking is not None:
            want = self._listen(self._asking, received, now)
            if want:
                return BusTurn(b"", self._signals(), want, self._asking.deadline)
        else:
            self.noise += len(received)
        return self._ask(now)

    def _signals(self) -> tuple[Signal, ...]:
        out, self._out = tuple(self._out), []
        return out

    def _ask(self, now: float) -> BusTurn:
        task = self._next(now) if now >= self._quiet_until else None
        if task is None:
            return BusTurn(b"", self._signals(), 0, max(self._quiet_until, self._due(now)))
        return self._send(task, now)

    def _next(self, now: float) -> Task | None:
        """Whose turn it is: unlock, what is owed after a time-out, the door, the scales."""
        lock = self._lock
        task = None
        if lock is not None:
            task = lock.urgent(now, self._out) or lock.owed(now)
        task = task or self._scales.owed(now)
        if task is None and lock is not None:
            task = lock.routine(now)
        return task or self._scales.routine(now, self._out)

    def _due(self, now: float) -> float:
        scales = self._scales.due(now)
        return scales if self._lock is None else min(scales, self._lock.due())

    def _send(self, task: Task, now: float) -> BusTurn:
        exchange = task.exchange
        echo = len(exchange.request) if self._echoes else 0
        sent = now + len(exchange.request) * self._character
        wire = sent + exchange.size * self._character
        self._asking = _Asking(
            task,
            deadline=wire + exchange.deadline,
            quarantine=wire + exchange.worst,
            late_until=wire + max(exchange.worst, exchange.hold),
            busy_until=0.0 if exchange.busy is None else wire + exchange.busy,
        )
        self._quiet_until = sent + self._gap
        want = echo + exchange.least
        fresh, ripe = not exchange.request, wire + self._gap
        return BusTurn(exchange.request, self._signals(), want, self._asking.deadline, ripe, fresh)

    def _listen(self, asking: _Asking, received: bytes, now: float) -> int:
        """Bytes still wanted of the answer; 0 when the exchange has ended, well or badly."""
        asking.heard += received
        exchange = asking.task.exchange
        missing, answer = self._without_echo(exchange, asking.heard)
        verdict = Fault.ECHO if answer is None else exchange.judge(answer) if answer else exchange.least
        if isinstance(verdict, int):
            if now < asking.deadline and len(asking.heard) <= MOST_HEARD:
                return missing + verdict
            last = exchange.overdue(answer or b"")
            reply, fault = (last, None) if isinstance(last, bytes) else (None, last)
            self._end(asking, Answer(now, reply, fault, asking.late_until))
        elif isinstance(verdict, Fault):
            late = asking.late_until if verdict is Fault.ECHO else None
            self._end(asking, Answer(now, None, verdict, late))
        else:
            self._end(asking, Answer(now, verdict))
        return 0

    def _without_echo(self, exchange: Question, heard: bytes) -> tuple[int, bytes | None]:
        """Bytes of the echo still missing, and what follows it; None: what came is no echo."""
        if not self._echoes:
            return 0, heard
        size = len(exchange.request)
        if not exchange.request.startswith(heard[:size]):
            return 0, None
        return max(0, size - len(heard)), heard[size:]

    def _end(self, asking: _Asking, answer: Answer) -> None:
        self._asking = None
        still = asking.busy_until if answer.late_until is None else asking.quarantine
        self._quiet_until = max(self._quiet_until, still)
        self._out += asking.task.done(answer)
