"""One tray's stream of weights as plateaus and the steps between them. Pure: time is an argument.

The automaton is STABLE or MOVING. STABLE → MOVING when two values in a row leave the level by more
than the leave threshold (one alone is a glitch); MOVING → STABLE when the last values agree. A
step's two levels are measured right beside it, so drift, creep and zero error cancel. Grams are
floats here; what leaves the weighing room is whole tenths.
"""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import fmean, pstdev

NOISE_G = 0.8
"""Standard deviation of one reading until a tray's own is known: the prior of the method's record."""

LEAVE_G = 2 + 4.5 * NOISE_G
"""A value within this of the level is noise: 4.5 sigma and the display's own step."""
LEAVE_SHARE, LEAVE_MAX_G = 0.12, 16.0
"""Heavier goods allow a wider threshold (a share of one unit), which spares them false starts."""

WINDOW = 4
"""Values that must agree to end a movement: 0.4–0.8 s at 5–10 readings a second."""
REST_RANGE_G = 2.5 + 3.4 * NOISE_G
REST_SLOPE_G = 1.4 + 2.2 * NOISE_G
"""Largest range of the window, and largest difference of its halves' means, that is rest."""

GAP_S = 1.0
"""After no good value for longer than this the level is measured anew: nobody saw what happened."""

PLATEAU = 8
"""Values that one level is measured from, about 0.8 s."""


@dataclass(frozen=True, slots=True)
class Step:
    """A change of load. start, end: seconds; before, after: the levels beside it, in grams."""

    start: float
    end: float
    before: float
    after: float

    @property
    def delta(self) -> float:
        return self.after - self.before

    @property
    def at(self) -> float:
        """When it happened: a fall when it began, a rise when it ended (so carried goods leave first)."""
        return self.start if self.delta < 0 else self.end


def level_of(values: Sequence[float]) -> float:
    """Mean without the extremes: of six or more values one sixth is cut at each end."""
    cut = len(values) // 6
    return fmean(sorted(values)[cut : len(values) - cut])


@dataclass(slots=True)
class TrayWatch:
    """Follows one tray for as long as the process lives.

    unit_g: weight of one piece, for the leave threshold. ``add`` takes good readings only: a reading
    that is unknown or suspect is a gap, and a gap is not a weight.
    """

    unit_g: float
    _recent: deque[tuple[float, float]] = field(default_factory=lambda: deque(maxlen=WINDOW))
    _plateau: deque[float] = field(default_factory=lambda: deque(maxlen=PLATEAU))
    _strays: list[tuple[float, float]] = field(default_factory=list)
    _moving_since: float | None = None
    _rest_since: float | None = None
    _left_level: float | None = None
    _open_step: tuple[float, float, float] | None = None
    _seen_at: float | None = None
    steps: list[Step] = field(default_factory=list)
    """Steps committed since the last ``forget_steps``, oldest first."""

    @property
    def leave_g(self) -> float:
        return max(LEAVE_G, min(LEAVE_MAX_G, LEAVE_SHARE * self.unit_g))

    @property
    def moving(self) -> bool:
        return self._rest_since is None

    @property
    def rest_since(self) -> float | None:
        """When the present rest began, seconds; None while it moves."""
        return self._rest_since

    @property
    def level(self) -> float | None:
        """The present plateau's level in grams; while moving the one before; None: never at rest."""
        return level_of(self._plateau) if self._plateau else self._left_level

    @property
    def noise_mg(self) -> int | None:
        """Standard deviation of the present plateau's readings, in milligrams; None: too few, or it moves."""
        if self.moving or len(self._plateau) < WINDOW:
            return None
        return round(pstdev(self._plateau) * 1000)

    @property
    def seen_at(self) -> float | None:
        """When the last good reading was taken."""
        return self._seen_at

    def rested(self, now: float, fresh_s: float) -> float | None:
        """Seconds of rest up to the last reading.

        None while moving, while a last value stands off the level, or if that is older than fresh_s.
        """
        if self._rest_since is None or self._strays or self._seen_at is None or now - self._seen_at > fresh_s:
            return None
        return self._seen_at - self._rest_since

    def resume(self, level: float, at: float) -> None:
        """Follow on from ``level`` after a gap: what changed since becomes one step when at rest."""
        self._left_level, self._moving_since = level, at

    def forget_steps(self) -> None:
        """Begin a session: what happened before it is not part of it."""
        self.steps.clear()
        self._open_step = None

    def all_steps(self) -> list[Step]:
        """Committed steps and, if a plateau is still being measured, the provisional one."""
        return [*self.steps, *([self._measured()] if self._open_step else [])]

    def add(self, at: float, grams: float) -> None:
        """One good reading, in time order."""
        if self._seen_at is not None and at <= self._seen_at:
            return
        if self._rest_since is not None and self._seen_at is not None and at - self._seen_at > GAP_S:
            self._strays = []
            self._leave(self._seen_at)
        self._seen_at = at
        self._recent.append((at, grams))
        if self._rest_since is None:
            self._settle()
        else:
            self._follow(at, grams)

    def _follow(self, at: float, grams: float) -> None:
        if abs(grams - level_of(self._plateau)) <= self.leave_g:
            self._strays.clear()
            self._plateau.append(grams)
            if self._open_step and len(self._plateau) == PLATEAU:
                self._commit()
            return
        self._strays.append((at, grams))
        if len(self._strays) == 2:
            self._leave(self._strays[0][0])

    def _leave(self, since: float) -> None:
        self._commit()
        values = list(self._plateau)
        # The value just before leaving may already belong to the movement.
        self._left_level = level_of(values[:-1] if len(values) > 3 else values)
        self._moving_since = since
        self._plateau.clear()
        self._recent = deque(self._strays, maxlen=WINDOW)
        self._strays.clear()
        self._rest_since = None

    def _settle(self) -> None:
        values = [grams for _, grams in self._recent]
        if len(values) < WINDOW or max(values) - min(values) > REST_RANGE_G:
            return
        if abs(fmean(values[: WINDOW // 2]) - fmean(values[WINDOW // 2 :])) > REST_SLOPE_G:
            return
        self._rest_since = self._recent[0][0]
        self._plateau.extend(values)
        if self._left_level is not None and self._moving_since is not None:
            self._open_step = (self._moving_since, self._rest_since, self._left_level)
        self._moving_since = None

    def _measured(self) -> Step:
        assert self._open_step is not None
        start, end, before = self._open_step
        return Step(start, end, before, level_of(self._plateau))

    def _commit(self) -> None:
        if self._open_step is not None:
            step = self._measured()
            self._open_step = None
            # A burst that came back to where it was is a touch, and is kept as one.
            self.steps.append(step)
