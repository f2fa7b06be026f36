"""Which scale is asked next, and when. Time is an argument, no I/O."""

from collections import deque
from collections.abc import Sequence
from functools import partial
from math import inf

from edge.hardware.drivers.scale_modbus32 import ScaleModbus32
from edge.hardware.exchange import Answer, Task
from edge.hardware.signals import Fault, Pace, Reading, Signal, Sweep
from edge.hardware.tray import OVERLOAD_AGAIN_S, Tray

SLACK_S = 0.02
"""Between sweeps, a question in passing is begun only while at least so much time is left."""


class ScaleRota:
    """The scales' share of the bus: sweeps at a pace, and questions in passing between them.

    In passing: settings that must be proven, the status words, and the rare tries at dead trays. At
    least one of them is let through after each sweep, however slow the line.
    """

    def __init__(self, drivers: Sequence[ScaleModbus32], periods: dict[Pace, float]) -> None:
        self._trays = [Tray(driver) for driver in drivers]
        self._weigh = {tray: Task(tray.driver.weigh, partial(self._weighed, tray)) for tray in self._trays}
        self._periods = periods
        self._period = periods[Pace.IDLE]
        status_every = min((driver.profile.status.every_s for driver in drivers), default=inf)
        self._passing_every = status_every / max(1, len(drivers))
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
        self._left: deque[Tray] = deque()
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
        self._left.extend(self._trays)
        self._readings = []
        self._passed = False

    def _next_weighing(self, now: float, out: list[Signal]) -> Task | None:
        while self._left:
            tray = self._left.popleft()
            if tray.health.may_be_asked(now):
                return self._weigh[tray]
            self._readings.append(tray.unheard(now))
        out.append(Sweep(tuple(self._readings)))
        return None

    def _weighed(self, tray: Tray, answer: Answer) -> tuple[Signal, ...]:
        reading, signals = tray.weighed(answer)
        self._readings.append(reading)
        while self._left and not self._left[0].health.may_be_asked(answer.at):
            self._readings.append(self._left.popleft().unheard(answer.at))
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
        due = (tray.status for tray in self._overloaded() if now >= tray.status_at)
        return next(due, None)
