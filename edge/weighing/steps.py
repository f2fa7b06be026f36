"""A change of load as it was measured: two levels, how sure they are, and what lay between. Values."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean

LAST_REST_S = 9.0
"""Length told of a plateau that was not left: long enough to be one."""


@dataclass(frozen=True, slots=True)
class Step:
    """A change of load on one tray, in grams and seconds.

    before, after: the levels beside it; before_var, after_var: their variances without the gain's share.
    moved_s: how long it moved. drift_g, rest_s: what the plateau after it did until it was left, and its
    length. gain_share: error of the change as a share of it. rest: what no step explains (a pseudo-event).
    x_mm, x_var: where on the tray, and its variance, where the tray's cells are read one by one.
    trembled: the values of that plateau swayed more than the scale does by itself, as those of a hand do.
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
    x_mm: float | None = None
    x_var: float = 0.0
    trembled: bool = False

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
