"""One tray's stream as plateaus and the steps between them, each with how sure it is. Pure, streaming.

The automaton rests or moves. It leaves rest when two values in a row are further from the level than the
leave threshold (one alone is a glitch) and rests again when the last values agree. Both levels of a step
are measured right beside it, so that drift, creep and zero error cancel. Memory is bounded by the window
and the plateau; committed steps are handed over, not kept.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from math import sqrt
from statistics import fmean, median

from edge.weighing.limits import COLOUR, DISPLAY_G, NOISE_G, Display, Limits, noise_var_of, spread_of
from edge.weighing.smooth import LATEST_S, Smoother
from edge.weighing.steps import Ending, Step, level_of

START_S, FEWEST_AT_START, TOO_FEW = 1.0, 4, 3
"""The quiet beginning from which level and noise are taken, the values it waits for, and those a whole
session must have. It is not waited for longer: at 4 values a second a hand may come with the sixth."""
CREEP_SHARE, CREEP_PER_S = 0.00025, 0.02
"""What remains in a level after a press of so many grams, and per second of movement, grams."""
CUT_VAR = 9.0
"""Added to the variance of a level that closing cut off, besides its own unrest, grams squared."""
FEWEST_UNTOUCHED, UNTOUCHED_SD = 3, 3.0
"""The first values of a plateau are believed; later ones that are further off than so many standard
deviations (and a step of the display) belong to the movement that ends it."""
SETTLING_S, SETTLED_G, SETTLED_SD = 3.0, 2.0, 3.0
"""A plateau that is further off than this after so many seconds came to rest later than it seemed to."""
TREMOR_SD, TREMOR_STEPS = 2.2, 1.5
"""A plateau that scatters by more standard deviations (and steps of a coarse display) trembles: of nine
hands in the levels' sessions the calmest had 3.2, of goods at rest in the field's the wildest 1.4."""
SILENT_S = 1.5
"""A tray without a reading for so long at either end of the session is silent."""
RANGE_UNSURE_G = 12.0
"""A tray that closes while its window's range is wider is unstable."""


class Stepper:
    """One tray's automaton.

    lightest_g: its lightest unit. ``commit`` is called with each step as soon as its new plateau is long
    enough or left again, and once more with the same step (``again`` true) when its plateau was left.
    """

    def __init__(
        self, tray: int, lightest_g: float, gain_share: float, commit: Callable[[Step, bool], None]
    ) -> None:
        self._tray, self._lightest, self._gain_share = tray, lightest_g, gain_share
        self._commit = commit
        self._smooth = Smoother(self._value, self._set_limits)
        self.add = self._smooth.add
        self._start: list[tuple[float, float]] | None = []
        self._limits = Limits.of(NOISE_G, 10.0, lightest_g)
        self._display = Display()
        self._noise_var = NOISE_G**2
        self._resting = True
        self._level = self._at = 0.0
        self._followed = 0
        self._stray: tuple[float, float] | None = None
        self._recent: deque[float] = deque(maxlen=1)
        self._early: list[float] = []
        self._later: deque[float] = deque(maxlen=1)
        self._window: deque[tuple[float, float]] = deque(maxlen=4)
        self._rested_at = 0.0
        self._left: tuple[float, float, int] = (0.0, 0.0, 0)
        self._peak = 0.0
        self._pending: Step | None = None
        self._latest: Step | None = None
        self._sum = 0.0
        self.first: float | None = None

    @property
    def moving(self) -> bool:
        return not self._resting

    @property
    def seen_at(self) -> float:
        """When the last good row was taken; far in the past where there was none."""
        return self._smooth.at

    @property
    def quiet_until(self) -> float:
        """No step that begins earlier than this can still come."""
        if self.first is None:
            return -LATEST_S
        if self._pending is not None:
            return self._pending.began
        if not self._resting:
            return self._left[0]
        return self._stray[0] if self._stray else self._at

    @property
    def level(self) -> float | None:
        """The present level; while it moves the one it left; None: not known yet."""
        if self.first is None:
            return None
        return self._level if self._resting else self._left[1]

    def provisional(self) -> Step | None:
        """The step whose new plateau is still being measured."""
        if self._pending is None or not self._resting:
            return None
        step = self._measured(self._early)
        return step if abs(step.delta) >= self._limits.smallest else None

    def rested(self) -> float | None:
        """Seconds of rest up to the last value; None while it moves or has no level yet."""
        return self._at - self._rested_at if self._resting and self.first is not None else None

    def close(self, began: float, ended: float) -> Ending:
        """No more rows will come. began, ended: the session's, to tell a silent tray."""
        first_row = self._smooth.began
        seen = self._smooth.at
        self._smooth.close()
        if self._start is not None:
            self._begin()
        if self.first is None or first_row is None:
            return Ending(None, None, unstable=False, silent=True)
        silent = first_row > began + SILENT_S or seen < ended - SILENT_S
        unstable = False if self._resting else self._cut_short()
        if self._pending is not None:
            self._hand_over(self._measured(self._early))
        if self._latest is not None and (step := self._settled(self._latest)) is not self._latest:
            self._commit(step, True)
        last = level_of(list(self._recent)) if self._resting else self._level
        self._append_residual(last - self.first)
        return Ending(self.first, last, unstable, silent)

    # --- the stream -----------------------------------------------------------------------------------

    def _value(self, at: float, value: float) -> None:
        if self._start is not None:
            self._begin_with(at, value)
        elif not self._resting:
            self._move(at, value)
        elif -self._limits.leave <= value - self._level <= self._limits.leave:
            self._follow(at, value)
        elif self._stray is None:
            self._stray = (at, value)
        else:
            self._leave(at, value)

    def _follow(self, at: float, value: float) -> None:
        self._stray = None
        self._at = at
        self._followed += 1
        self._level += (value - self._level) * (0.5 if self._followed <= 4 else 0.15)
        self._recent.append(value)
        if self._pending is not None:
            self._early.append(value)
            if len(self._early) >= self._limits.plateau:
                self._hand_over(self._measured(self._early))
        elif at - self._rested_at < SETTLING_S:
            self._later.append(value)

    def _leave(self, at: float, value: float) -> None:
        assert self._stray is not None
        if self._pending is not None:
            self._hand_over(self._measured(_without_last(self._early)))
        left_at = self._stray[0]
        if self._latest is not None:
            step = self._settled(self._latest)
            drift = self._level - step.after
            rest_s, trembled = left_at - self._rested_at, self._trembled()
            self._commit(replace(step, drift_g=drift, rest_s=rest_s, trembled=trembled), True)
            self._latest = None
        values = self._untouched()
        self._left = (left_at, level_of(values), len(values))
        self._peak = 0.0
        self._display.see(self._stray[1])
        self._window = deque([self._stray], maxlen=self._limits.window)
        self._stray, self._resting = None, False
        self._move(at, value)

    def _trembled(self) -> bool:
        """Whether something alive was on the tray: its values scatter more than they did at the start."""
        coarse = TREMOR_STEPS * (self._display.step_g - DISPLAY_G)
        return spread_of(self._recent) > TREMOR_SD * sqrt(self._noise_var) + coarse

    def _untouched(self) -> list[float]:
        """The values before leaving that no finger had touched: a slow grip begins below the threshold."""
        values = _without_last(list(self._recent))
        quiet = level_of(values[: max(FEWEST_UNTOUCHED, len(values) // 2)])
        most = UNTOUCHED_SD * sqrt(self._noise_var) + self._display.step_g
        while len(values) > FEWEST_UNTOUCHED and abs(values[-1] - quiet) > most:
            values.pop()
        return values[-self._limits.plateau :]

    def _move(self, at: float, value: float) -> None:
        window, limits = self._window, self._limits
        window.append((at, value))
        self._display.see(value)
        self._peak = max(self._peak, abs(value - self._left[1]))
        if len(window) < limits.window or abs(value - window[0][1]) > limits.range:
            return
        values = [each for _, each in window]
        half = limits.window // 2
        if max(values) - min(values) > limits.range:
            return
        if abs(fmean(values[:half]) - fmean(values[-half:])) <= limits.slope:
            self._rest(window[0][0], at, values)

    def _rest(self, since: float, at: float, values: list[float]) -> None:
        self._set_limits()
        self._resting, self._rested_at, self._at = True, since, at
        self._level, self._followed = level_of(values), 0
        self._recent.clear()
        self._recent.extend(values)
        self._early = values
        began, before, seen = self._left
        self._pending = Step(
            self._tray, began, since, before, self._level, self._level_var(seen), 0.0,
            max(0.0, since - began), gain_share=self._gain_share,
        )  # fmt: skip
        if len(values) >= self._limits.plateau:
            self._hand_over(self._measured(values))

    # --- measuring ------------------------------------------------------------------------------------

    def _level_var(self, values: int) -> float:
        return COLOUR * self._noise_var / max(1, values) + self._display.variance

    def _measured(self, values: Sequence[float]) -> Step:
        assert self._pending is not None
        after_var = self._level_var(len(values)) + self._unrest(self._pending.moved_s)
        return replace(self._pending, after=level_of(values), after_var=after_var)

    def _settled(self, step: Step) -> Step:
        """``step`` with the level its plateau came to, where a hand that lay there went softly."""
        if len(self._later) < self._limits.plateau:
            return step
        level = level_of(self._later)
        if abs(level - step.after) <= SETTLED_G + SETTLED_SD * sqrt(2 * step.after_var):
            return step
        self._sum += level - step.after
        return replace(step, after=level)

    def _unrest(self, moved_s: float) -> float:
        return (CREEP_SHARE * self._peak) ** 2 + (CREEP_PER_S * moved_s) ** 2

    def _hand_over(self, step: Step) -> None:
        self._pending = None
        self._latest = None
        if abs(step.delta) >= self._limits.smallest:
            self._latest, self._later = step, deque(maxlen=self._limits.plateau)
            self._sum += step.delta
            self._commit(step, False)

    # --- beginning and end ----------------------------------------------------------------------------

    def _begin_with(self, at: float, value: float) -> None:
        assert self._start is not None
        self._start.append((at, value))
        if len(self._start) >= FEWEST_AT_START and at - self._start[0][0] >= START_S:
            self._begin()

    def _begin(self) -> None:
        start, self._start = self._start or [], None
        if len(start) < TOO_FEW:
            return
        values = [value for _, value in start]
        self.first = self._level = median(values)
        self._noise_var = noise_var_of(values, self._level)
        for value in values:
            self._display.see(value)
        self._set_limits()
        self._rested_at, self._at, self._followed = start[0][0], start[-1][0], 4
        near = [value for value in values if abs(value - self._level) <= self._limits.leave]
        self._recent = deque(near or [self._level], maxlen=2 * self._limits.plateau)

    def _set_limits(self) -> None:
        sigma, display_g = sqrt(self._noise_var), self._display.step_g
        self._limits = Limits.of(sigma, self._smooth.rate, self._lightest, display_g)
        if self._recent.maxlen != 2 * self._limits.plateau:
            self._recent = deque(self._recent, maxlen=2 * self._limits.plateau)
        if self._window.maxlen != self._limits.window:
            self._window = deque(self._window, maxlen=self._limits.window)

    def _cut_short(self) -> bool:
        """The step that closing interrupts; true where it moved too much to be believed."""
        values = [value for _, value in self._window]
        spread = max(values) - min(values)
        began, before, seen = self._left
        at = self._window[-1][0]
        self._level = median(values)
        after_var = self._level_var(len(values)) + spread * spread + CUT_VAR
        self._hand_over(
            Step(
                self._tray, began, at, before, self._level, self._level_var(seen), after_var,
                at - began, gain_share=self._gain_share,
            )
        )  # fmt: skip
        return spread > RANGE_UNSURE_G

    def _append_residual(self, whole: float) -> None:
        """What the levels at both ends say beyond the steps: a missed step must not be free."""
        rest = whole - self._sum
        if abs(rest) > self._limits.residual:
            at = self._smooth.at
            self._commit(Step(self._tray, at, at, 0.0, rest, 8.0, 8.0, gain_share=0.0, rest=True), False)


def _without_last(values: list[float]) -> list[float]:
    """The value just before leaving may already belong to the movement."""
    return values[:-1] if len(values) > 3 else values
