"""How well grams fit: the density every explanation is measured with, in nats. Pure arithmetic."""

from math import exp, log, log1p, pi, sqrt

TAIL_SHARE, TAIL = 0.025, 3.0
"""One reading in forty comes from a distribution three times as wide: one odd one must not decide."""
FREE = log(1 / 3000)
"""Density of a weight nobody can predict: people put down anything up to about 3 kg."""
FARTHEST_Z = 6.0
"""Standard deviations beyond which an explanation is not considered."""

_LOG_WIDE = log(TAIL_SHARE / TAIL) - 0.5 * log(2 * pi)
_CORE_SHARE = (1 - TAIL_SHARE) / (TAIL_SHARE / TAIL)


def log_density(off: float, variance: float) -> float:
    """The logarithm of the density, per gram, of a deviation of ``off`` grams; variance above 0."""
    square = off * off / variance / 2
    wide = square / (TAIL * TAIL)
    return _LOG_WIDE - wide + log1p(_CORE_SHARE * exp(wide - square)) - 0.5 * log(variance)


def z_of(off: float, variance: float) -> float:
    """``off`` in standard deviations, without sign."""
    return abs(off) / sqrt(variance)


def log_sum(values: list[float]) -> float:
    """The logarithm of the sum of what ``values`` are logarithms of; not for an empty list."""
    top = max(values)
    return top + log(sum(exp(value - top) for value in values))
