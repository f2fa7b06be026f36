"""One tray's stream as plateaus and the steps between them, each with how sure it is. Pure, streaming.

The automaton rests or moves. It leaves rest when two values in a row are further from the level than the
leave threshold (one alone is a glitch) and rests again when the last values agree. Both levels of a step
are measured right beside it, so that drift, creep and zero error cancel. Memory is bounded by the window
and the plateau; committed steps are handed over, not kept.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt
from statistics import fmean, median

from edge.weighing.smooth import Smoother

START_S, FEWEST_AT_START = 1.0, 6
"""The quiet beginning from which level and noise are taken, and the values it must have."""
NOISE_G, NOISE_WEIGHT = 0.8, 6
"""Noise of a value before any was seen, and how many values that belief is worth."""
MAD_TO_SD = 1.4826
MOST_NOISE_VAR = 25.0
"""A start that was not quiet after all may not pass for noise."""
COLOUR = 1.6
"""Neighbouring values are alike: a mean of n is worse than independent ones by this factor (variance)."""
DISPLAY_VAR = 0.15
"""Variance of a level from the display's steps of 1 g and the filter's own rounding, grams squared."""
CREEP_SHARE, CREEP_PER_S = 0.00025, 0.02
"""What remains in a level after a press of so many grams, and per second of movement, grams."""
LAST_REST_S = 9.0
"""Length told of a plateau that was not left: long enough to be one."""
SILENT_S = 1.5
"""A tray without a reading for so long at either end of the session is silent."""
RANGE_UNSURE_G = 12.0
"""A tray that closes while its window's range is wider is unstable."""


@dataclass(frozen=True, slots=True)
class Step:
    """A change of load on one tray, in grams and seconds.

    before, after: the levels beside it; before_var, after_var: their variances without the gain's share.
    moved_s: how long it moved. drift_g, rest_s: what the plateau after it did until it was left, and its
    length. gain_share: error of the change as a share of it. rest: what no step explains (a pseudo-event).
    """

    tray: int
    began: float
    ended: float
    before: float
    after: float
    before_var: float
    after_var: float
    moved_s: float = 0.0
    drift_g: float = 0.0
    rest_s: float = LAST_REST_S
    gain_share: float = 0.0011
    rest: bool = False

    @property
    def delta(self) -> float:
        return self.after - self.before

    @property
    def at(self) -> float:
        """When it happened: a fall when it began, a rise when it ended (so carried goods leave first)."""
        return self.began if self.after < self.before else self.ended

    @property
    def variance(self) -> float:
        return self.variance_from(self.before, self.before_var)

    def variance_from(self, before: float, before_var: float) -> float:
        """The variance of the change from another level before."""
        gain = self.gain_share * (self.after - before)
        return before_var + self.after_var + gain * gain


@dataclass(frozen=True, slots=True)
class Limits:
    """What counts as leaving, as rest and as a step on one tray, grams; window and plateau in values.

    Source: the method's record; the shares were found on simulated trays and one real load cell.
    """

    leave: float
    window: int
    plateau: int
    range: float
    slope: float
    smallest: float
    residual: float

    @classmethod
    def of(cls, sigma: float, rate: float, lightest: float) -> "Limits":
        """sigma: noise of a value; rate: values a second; lightest: grams of the lightest unit."""
        window = max(4, round(0.22 * rate))
        return cls(
            leave=max(2 + 4.5 * sigma, min(16.0, 0.12 * lightest)),
            window=window,
            plateau=max(4, round(0.8 * rate)),
            range=2.5 + (3.4 + 0.2 * (window - 4)) * sigma,
            slope=1.4 + 2.2 * sigma * sqrt(4 / window),
            smallest=min(30.0, max(7.0, 0.25 * lightest)),
            residual=max(10.0, 0.4 * lightest),
        )


@dataclass(frozen=True, slots=True)
class Ending:
    """How one tray's stream ended. first, last: levels in grams, None where it gave none."""

    first: float | None
    last: float | None
    unstable: bool
    silent: bool


def level_of(values: Sequence[float]) -> float:
    """Mean without the extremes: of six or more values one sixth is cut at each end."""
    cut = len(values) // 6
    return fmean(sorted(values)[cut : len(values) - cut]) if cut else fmean(values)


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
        self._smooth = Smoother(self._value)
        self.add = self._smooth.add
        self._start: list[tuple[float, float]] | None = []
        self._limits = Limits.of(NOISE_G, 10.0, lightest_g)
        self._noise_var = NOISE_G**2
        self._resting = True
        self._level = self._at = 0.0
        self._followed = 0
        self._stray: tuple[float, float] | None = None
        self._recent: deque[float] = deque(maxlen=1)
        self._early: list[float] = []
        self._window: deque[tuple[float, float]] = deque(maxlen=4)
        self._rested_at = 0.0
        self._left: tuple[float, float, float] = (0.0, 0.0, 0.0)
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

    def _leave(self, at: float, value: float) -> None:
        assert self._stray is not None
        if self._pending is not None:
            self._hand_over(self._measured(_without_last(self._early)))
        left_at = self._stray[0]
        if self._latest is not None:
            drift = self._level - self._latest.after
            self._commit(replace(self._latest, drift_g=drift, rest_s=left_at - self._rested_at), True)
            self._latest = None
        values = _without_last(list(self._recent))
        self._left = (left_at, level_of(values), self._level_var(len(values)))
        self._peak = 0.0
        self._window = deque([self._stray], maxlen=self._limits.window)
        self._stray, self._resting = None, False
        self._move(at, value)

    def _move(self, at: float, value: float) -> None:
        window, limits = self._window, self._limits
        window.append((at, value))
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
        self._resting, self._rested_at, self._at = True, since, at
        self._level, self._followed = level_of(values), 0
        self._recent.clear()
        self._recent.extend(values)
        self._early = values
        began, before, before_var = self._left
        self._pending = Step(
            self._tray, began, since, before, self._level, before_var, 0.0, max(0.0, since - began),
            gain_share=self._gain_share,
        )  # fmt: skip
        if len(values) >= self._limits.plateau:
            self._hand_over(self._measured(values))

    # --- measuring ------------------------------------------------------------------------------------

    def _level_var(self, values: int) -> float:
        return COLOUR * self._noise_var / max(1, values) + DISPLAY_VAR

    def _measured(self, values: Sequence[float]) -> Step:
        assert self._pending is not None
        after_var = self._level_var(len(values)) + self._unrest(self._pending.moved_s)
        return replace(self._pending, after=level_of(values), after_var=after_var)

    def _unrest(self, moved_s: float) -> float:
        return (CREEP_SHARE * self._peak) ** 2 + (CREEP_PER_S * moved_s) ** 2

    def _hand_over(self, step: Step) -> None:
        self._pending = None
        self._latest = None
        if abs(step.delta) >= self._limits.smallest:
            self._latest = step
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
        if len(start) < 3:
            return
        values = [value for _, value in start]
        level = median(values)
        spread = MAD_TO_SD * median(abs(value - level) for value in values)
        share = len(values) * min(spread * spread, MOST_NOISE_VAR) + NOISE_WEIGHT * NOISE_G**2
        self._noise_var = share / (len(values) + NOISE_WEIGHT)
        self._limits = Limits.of(sqrt(self._noise_var), self._smooth.rate, self._lightest)
        self.first = self._level = level
        self._rested_at, self._at, self._followed = start[0][0], start[-1][0], 4
        self._recent = deque(values, maxlen=self._limits.plateau + 1)

    def _cut_short(self) -> bool:
        """The step that closing interrupts; true where it moved too much to be believed."""
        values = [value for _, value in self._window]
        spread = max(values) - min(values)
        began, before, before_var = self._left
        at = self._window[-1][0]
        self._level = median(values)
        after_var = self._level_var(len(values)) + spread * spread + 9
        self._hand_over(
            Step(
                self._tray, began, at, before, self._level, before_var, after_var,
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
