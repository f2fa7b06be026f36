"""What is noise, rest and a step on one tray: from its quiet start, its display, its lightest unit. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from math import gcd, sqrt
from statistics import median

NOISE_G, NOISE_WEIGHT = 0.8, 6
"""Noise of a value before any was seen, and how many values that belief is worth."""
MAD_TO_SD = 1.4826
MOST_NOISE_VAR = 25.0
"""A start that was not quiet after all may not pass for noise."""
COLOUR = 1.6
"""Neighbouring values are alike: a mean of n is worse than independent ones by this factor (variance)."""
DISPLAY_G, DISPLAY_VAR = 1.0, 0.15
"""The display's step until a coarser one shows, and the variance of a level by it and the filter."""
COARSEST_G, FEWEST_DIFFERENCES = 20.0, 3
"""A coarser common divisor is chance, and so is one of fewer differences."""
SMALLEST_G, SMALLEST_MOST_G, SMALLEST_SHARE = 7.0, 12.0, 0.25
"""The smallest change that is a step: of the lightest unit, and its bounds. The method's record lets it
grow to 30 g; but a unit taken while a hand comes to rest on the tray may change the level by less, and is
then lost: with 12 g all of 900 tuning visits of level L1 came out right, with 30 g three did not."""


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
    def of(cls, sigma: float, rate: float, lightest_g: float, display_g: float = DISPLAY_G) -> "Limits":
        """sigma: noise of a value; rate: values a second. Two values of one weight may show a whole
        step of the display apart: each limit has room for what it is coarser than a gram.
        """
        window = max(4, round(0.22 * rate))
        coarse = display_g - DISPLAY_G
        return cls(
            leave=max(2 + 4.5 * sigma, min(16.0, 0.12 * lightest_g)) + coarse,
            window=window,
            plateau=max(4, round(0.8 * rate)),
            range=2.5 + (3.4 + 0.2 * (window - 4)) * sigma + coarse,
            slope=1.4 + 2.2 * sigma * sqrt(4 / window) + coarse / 2,
            smallest=max(SMALLEST_G + coarse / 2, min(SMALLEST_MOST_G, SMALLEST_SHARE * lightest_g)),
            residual=max(10.0, 0.4 * lightest_g),
        )


class Display:
    """Learns the display's step from values as they come: the common divisor of their differences."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._tenths = self._differences = 0
        self.step_g = DISPLAY_G

    def see(self, value: float) -> None:
        """One value, in tenths of a gram at best."""
        last, self._last = self._last, value
        if last is None or last == value or self._tenths == 1:
            return
        self._tenths = gcd(self._tenths, round(10 * abs(value - last)))
        self._differences += 1
        if self._differences >= FEWEST_DIFFERENCES:
            step_g = self._tenths / 10
            self.step_g = step_g if DISPLAY_G <= step_g <= COARSEST_G else DISPLAY_G

    @property
    def variance(self) -> float:
        """Of a level shown in such steps, grams squared: evenly spread within one of them."""
        return max(DISPLAY_VAR, self.step_g**2 / 12)


def spread_of(values: Collection[float], level: float | None = None) -> float:
    """Standard deviation of ``values`` around ``level``, or their median, by the middle one of them."""
    middle = median(values) if level is None else level
    return MAD_TO_SD * median(abs(value - middle) for value in values)


def noise_var_of(values: Sequence[float], level: float) -> float:
    """Variance of one value around ``level``, from a quiet beginning and what is believed of scales."""
    spread = spread_of(values, level)
    seen = len(values) * min(spread * spread, MOST_NOISE_VAR)
    return (seen + NOISE_WEIGHT * NOISE_G**2) / (len(values) + NOISE_WEIGHT)
