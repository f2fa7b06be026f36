"""Shares with their 95 % intervals, and baskets as the benchmark has them. Pure arithmetic."""

from collections.abc import Mapping
from math import sqrt

import msgspec

Basket = Mapping[str, int]


class Share(msgspec.Struct, frozen=True):
    """hits of n, and the 95 % Wilson interval of their share, all in per cent."""

    hits: int
    n: int
    percent: float
    low: float
    high: float


def share(hits: int, n: int) -> Share:
    """``hits`` of ``n`` with their interval; of none at all everything is possible."""
    low, high = wilson(hits, n)
    return Share(hits, n, _percent(hits / n if n else 0.0), _percent(low), _percent(high))


def wilson(hits: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """The 95 % interval of a share. Source: Wilson 1927, J. Am. Stat. Assoc. 22, 209."""
    if n == 0:
        return 0.0, 1.0
    p, square = hits / n, z * z
    middle, half = p + square / (2 * n), z * sqrt(p * (1 - p) / n + square / (4 * n * n))
    whole = 1 + square / n
    return max(0.0, (middle - half) / whole), min(1.0, (middle + half) / whole)


def _percent(ratio: float) -> float:
    return round(100 * ratio, 3)
