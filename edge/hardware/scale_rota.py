"""Which scale is asked next, and when. Time is an argument, no I/O."""

from collections import deque
from collections.abc import Callable, Sequence
from functools import partial
from math import inf

from edge.hardware.drivers.scale_driver import Scales
from edge.hardware.exchange import Answer, Task
from edge.hardware.signals import Fault, Pace, Reading, Signal, Sweep
from edge.hardware.tray import OVERLOAD_AGAIN_S, Tray

SLACK_S = 0.02
"""Between sweeps, a question in passing is begun only while at least so much time is left."""

PASSING_S = 3.0
"""At the latest so often each device has its turn for a question in passing, if there is one for it."""


class _Round:
    """The trays that one question weighs."""

    def __init__(self, scales: Scales) -> None:
        self.scales = scales
        self.trays = [Tray(driver) for driver in scales.drivers]
        self._tasks: dict[int, Task] = {}

    def asked(self, now: float) -> list[Tray]:
        """The trays that may be asked now."""
        if self.scales.one_device:
            return self.trays if self.trays[0].health.may_be_asked(now) else []
        return [tray for tray in self.trays if tray.health.may_be_asked(now)]

    def task(self, asked: list[Tray], done: Callable[[list[Tray], Answer], tuple[Signal, ...]]) -> Task:
        """The question to ``asked``; made once for each set of them."""
        key = sum(1 << number for number, tray in enumerate(self.trays) if tray in asked)
        if key not in self._tasks:
            question = self.scales.question(frozenset(tray.driver.tray for tray in asked))
            self._tasks[key] = Task(question, partial(done, asked))
        return self._tasks[key]


class ScaleRota:
    """The scales' share of the bus: sweeps at a pace, and questions in passing between them.

    In passing: settings that must be proven, the status words, and the rare tries at dead trays. At
    least one of them is let through after each sweep, however slow the line.
    """

    def __init__(self, scales: Sequence[Scales], periods: dict[Pace, float]) -> None:
        self._rounds = [_Round(each) for each in scales]
        self._trays = [tray for each in self._rounds for tray in each.trays]
        self._periods = periods
        self._period = periods[Pace.IDLE]
        every = min((tray.driver.status_every_s for tray in self._trays), default=inf)
        self._passing_every = min(every, PASSING_S) / max(1, len(self._trays))
        self._turn = 0
        self.line_up()

    def set_pace(self, pace: Pace) -> None:
        """Sweep at this pace from now on, beginning at once."""
        self._period = self._periods[pace]
        self._sweep_at = 0.0 if self._trays else inf

    def line_up(self) -> None:
        """Begin anew with every tray."""
        for tray in self._trays:
            tray.line_up()
        self._sweep_at = self._passing_at = 0.0 if self._trays else inf
        self._left: deque[_Round] = deque()
        self._readings: list[Reading] = []
        self._passed = True

    def line_down(self, now: float) -> tuple[Signal, ...]:
        """A last sweep that says that nothing is known."""
        self._left.clear()
        readings = tuple(tray.unheard(now, Fault.LINE_GONE) for tray in self._trays)
        return (Sweep(readings),) if readings else ()

    def owed(self, now: float) -> Task | None:
        """The harmless question due after a time-out, if any; those to dead trays go in passing."""
        for tray in self._trays:
            probe_at = tray.health.probe_at
            if probe_at is not None and now >= probe_at and not tray.health.dead:
                return tray.probe
        return None

    def routine(self, now: float, out: list[Signal]) -> Task | None:
        """The next question of the sweep or in passing, if one is due; a finished sweep goes to ``out``."""
        if not self._left:
            if (passing := self._in_passing(now)) is not None:
                return passing
            if now < self._sweep_at:
                return None
            self._begin(now)
        return self._next_weighing(now, out)

    def due(self, now: float) -> float:
        """When there is something to ask next; in the past: at once."""
        if self._left:
            return now
        first = min(self._sweep_at, self._passing_at if self._may_pass(max(now, self._passing_at)) else inf)
        probes = (tray.health.probe_at for tray in self._trays if not tray.health.dead)
        return min([first, *(probe for probe in probes if probe is not None)])

    def _begin(self, now: float) -> None:
        late = now - self._sweep_at > self._period
        self._sweep_at = (now if late else self._sweep_at) + self._period
        self._left.extend(self._rounds)
        self._readings = []
        self._passed = False

    def _next_weighing(self, now: float, out: list[Signal]) -> Task | None:
        while self._left:
            following = self._left.popleft()
            asked = following.asked(now)
            if len(asked) < len(following.trays):
                self._readings += [tray.unheard(now) for tray in following.trays if tray not in asked]
            if asked:
                self._asked = following
                return following.task(asked, self._weighed)
        out.append(Sweep(tuple(self._readings)))
        return None

    def _weighed(self, asked: list[Tray], answer: Answer) -> tuple[Signal, ...]:
        signals: tuple[Signal, ...] = ()
        for tray in asked:
            reading, said = tray.weighed(self._asked.scales.part(answer, tray.driver.tray))
            self._readings.append(reading)
            signals += said
        while self._left and not self._left[0].asked(answer.at):
            self._readings += [tray.unheard(answer.at) for tray in self._left.popleft().trays]
        return signals if self._left else (*signals, Sweep(tuple(self._readings)))

    def _may_pass(self, now: float) -> bool:
        return not self._passed or now <= self._sweep_at - SLACK_S

    def _in_passing(self, now: float) -> Task | None:
        if now < self._passing_at or not self._may_pass(now):
            return None
        self._passed = True
        task = self._overload_status(now) or self._round(now)
        hurry = task is not None and any(tray.unchecked for tray in self._trays)
        every = min(self._passing_every, OVERLOAD_AGAIN_S if self._overloaded() else inf)
        self._passing_at = now if hurry else now + every
        return task

    def _round(self, now: float) -> Task | None:
        for _ in self._trays:
            tray = self._trays[self._turn]
            self._turn = (self._turn + 1) % len(self._trays)
            if (task := tray.in_passing(now)) is not None:
                return task
        return None

    def _overloaded(self) -> list[Tray]:
        return [tray for tray in self._trays if tray.overloaded]

    def _overload_status(self, now: float) -> Task | None:
        due = (tray.status for tray in self._overloaded() if now >= tray.status_at and tray.status)
        return next(due, None)
