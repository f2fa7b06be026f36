"""What is asked of the lock board, when, and what its answers mean. Time is an argument, no I/O."""

from collections import deque
from functools import partial
from math import inf

from edge.domain.values import TrayId
from edge.hardware.bolting import Bolting
from edge.hardware.drivers.lock_driver import LockCheck, LockDriver
from edge.hardware.exchange import Answer, Task
from edge.hardware.health import Health
from edge.hardware.looks import Looks
from edge.hardware.signals import (
    DoorState,
    Fault,
    Misconfigured,
    Pace,
    Signal,
    Unlock,
    UnlockDone,
    Unlocked,
)

SLOWEST_BUSY_S = 0.18
"""While a session runs, the door is asked at least five times a second, waits for others included."""

WATCH_S = 3.0
WATCH_EVERY_S = 0.1
"""After a pulse, for WATCH_S the door is asked every WATCH_EVERY_S: the bolt's confirmation is there."""


MOST_CHECKS_MISSED = 3
"""A board that leaves so many questions about its settings unanswered is taken not to know them."""


class LockRota:
    """The lock board's share of the bus."""

    def __init__(self, driver: LockDriver, periods: dict[Pace, float]) -> None:
        self._driver = driver
        self.listens = driver.speaks_unasked
        """Whether ``hear`` wants what comes over the line."""
        self._periods = {**periods, Pace.BUSY: min(periods[Pace.BUSY], SLOWEST_BUSY_S)}
        self._period = self._periods[Pace.IDLE]
        self._health = Health(driver.device)
        self._looks = Looks(driver)
        self._jobs: deque[Unlock] = deque()
        self._look = [Task(exchange, self._looked) for exchange in driver.looks]
        self._probe = Task(driver.probe, self._probed)
        self._after = None if driver.after_unlock is None else Task(driver.after_unlock, lambda answer: ())
        self._after_owed = False
        self._throw = None if driver.throw is None else Task(driver.throw, self._thrown)
        self._bolting = Bolting()
        self._begin_checks()
        self._rests_until = -inf
        self._query_at = 0.0
        self._watch_until = -inf

    def submit(self, job: Unlock) -> None:
        """Queue a pulse; it goes before everything else and at most once.

        Raises ValueError for one of every lock where the board has no such command.
        """
        if job.every and self._driver.unlock_every is None:
            raise ValueError(
                f"this lock board cannot unlock every lock at once: job {job.job} cannot be done"
            )
        self._jobs.append(job)

    @property
    def contacts(self) -> tuple[bool, ...]:
        """Raw contacts of the board's channels, first channel first; empty: nothing is known of them."""
        return self._looks.contacts

    def set_pace(self, pace: Pace) -> None:
        """Ask the door at this pace from now on."""
        self._period = self._periods[pace]
        self._query_at = 0.0

    def line_up(self) -> None:
        """Begin anew: what was known before the port was lost says nothing now."""
        self._health = Health(self._driver.device, alarmed=self._health.alarmed)
        self._looks.forget()
        self._after_owed = False
        self._bolting = Bolting()
        self._begin_checks()
        self._query_at = 0.0

    def _begin_checks(self) -> None:
        self._unchecked = list(self._driver.checks)
        self._checks_missed = 0
        self._may_check = True

    def line_down(self, now: float) -> tuple[Signal, ...]:
        """What becomes of the pulses still waiting; and the door is unknown."""
        self._looks.forget()
        return (*self.refuse_waiting(now), DoorState(now, None, None))

    def refuse_waiting(self, now: float) -> tuple[Signal, ...]:
        """The refusals of pulses that wait while the line is gone."""
        gone = tuple(UnlockDone(job.job, now, Unlocked.LINE_GONE) for job in self._jobs)
        self._jobs.clear()
        return gone

    def hear(self, received: bytes, now: float) -> tuple[Signal, ...]:
        """What a board that speaks unasked says of the door; it is looked at again at once."""
        told = self._driver.heard(received, now)
        if told:
            self._query_at = 0.0
        return tuple(door for each in told if (door := self._looks.told(each)) is not None)

    def urgent(self, now: float, out: list[Signal]) -> Task | None:
        """The next pulse, if any may go; those that can no longer go in time are refused into ``out``."""
        while self._jobs:
            job = self._jobs[0]
            if max(now, self._rests_until) > job.deadline:
                out.append(UnlockDone(self._jobs.popleft().job, now, Unlocked.EXPIRED))
            elif now < self._rests_until or self._after_owed:
                return None
            else:
                return self._pulse(self._jobs.popleft())
        return None

    def _pulse(self, job: Unlock) -> Task:
        every = self._driver.unlock_every if job.every else None
        self._looks.forget_half()
        self._after_owed = self._after is not None
        return Task(
            every or self._driver.unlock,
            lambda answer: self._pulsed(job, answer),
            lambda at: (UnlockDone(job.job, at, Unlocked.SILENT),),
        )

    def owed(self, now: float) -> Task | None:
        """What is to be said after a pulse, or behind a shut door, or the question due after a time-out."""
        if self._after_owed:
            self._after_owed = False
            return self._after
        if self._throw is not None and self._bolting.due <= now and self._health.may_be_asked(now):
            self._bolting.told()
            self._looks.forget_half()
            return self._throw
        probe_at = self._health.probe_at
        return self._probe if probe_at is not None and now >= probe_at else None

    def routine(self, now: float) -> Task | None:
        """The next question of a look at the door, or about the board's settings, when its time has come."""
        if not self._looks.half and now < self._query_due():
            return None
        if self._unchecked and self._may_check and not self._looks.half:
            check = self._unchecked[0]
            self._may_check = False
            return Task(check.exchange, partial(self._checked, check))
        if not self._looks.half:
            watched = now < self._watch_until
            self._query_at = now + (min(self._period, WATCH_EVERY_S) if watched else self._period)
        return self._look[self._looks.half]

    def due(self) -> float:
        """When there is something to ask next."""
        if self._after_owed or self._looks.half:
            return 0.0
        first = (
            min(self._query_due(), self._bolting.due)
            if self._health.probe_at is None
            else self._health.probe_at
        )
        return min(first, max(0.0, self._rests_until)) if self._jobs else first

    def _query_due(self) -> float:
        return inf if self._health.probe_at is not None else max(self._query_at, self._health.not_before)

    def _looked(self, answer: Answer) -> tuple[Signal, ...]:
        if answer.reply is None:
            self._looks.forget()
            return (DoorState(answer.at, None, None), *self._health.bad(answer))
        door = self._looks.answered(answer.reply, answer.at)
        if self._looks.half:
            return ()
        if door is not None and self._throw is not None:
            self._bolting.seen(door)
        self._may_check = True
        if self._looks.again:
            self._query_at = 0.0
        return (*(() if door is None else (door,)), *self._health.good(answer.at))

    def _thrown(self, answer: Answer) -> tuple[Signal, ...]:
        """Whether the bolt is in is for the next look to say; a motor that fails draws it again."""
        self._query_at = 0.0
        return () if answer.reply is not None else self._health.bad(answer)

    def _checked(self, check: LockCheck, answer: Answer) -> tuple[Signal, ...]:
        if answer.reply is None and answer.fault is not Fault.EXCEPTION:
            self._checks_missed += 1
            if self._checks_missed >= MOST_CHECKS_MISSED:
                self._unchecked.clear()
            return self._health.bad(answer)
        self._unchecked.remove(check)
        value = 0 if answer.reply is None else self._driver.checked(answer.reply)
        device = TrayId(self._driver.device)
        return () if value == 0 else (Misconfigured(device, answer.at, check.register, value),)

    def _probed(self, answer: Answer) -> tuple[Signal, ...]:
        if answer.reply is None and answer.late_until is not None:
            return self._health.bad(answer)
        self._health.probed()
        return ()

    def _pulsed(self, job: Unlock, answer: Answer) -> tuple[Signal, ...]:
        """What the answer to ``job``'s pulse means. Whatever it is, nothing is sent again for it."""
        self._watch_until, self._query_at = answer.at + WATCH_S, 0.0
        self._bolting.let_in(answer.at)
        if answer.reply is None:
            return (UnlockDone(job.job, answer.at, Unlocked.SILENT), *self._health.bad(answer))
        self._rests_until = answer.at + self._driver.rest_s(answer.reply)
        return (UnlockDone(job.job, answer.at, self._driver.outcome(answer.reply)),)
