"""What one movement may take from a tray: all small multisets of its goods, ordered by weight. Pure.

A table knows no stock: whoever asks drops what the tray did not hold. Goods are indices into ``units``.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import combinations_with_replacement
from math import lgamma, log, sqrt
from typing import NamedTuple

from edge.weighing.likelihood import FARTHEST_Z, log_sum
from edge.weighing.recording import Unit

SIZE_PRIOR = (0.84, 0.125, 0.025, 0.006, 0.002, 0.001, 0.0005, 0.0003, 0.0002, 0.0001)
LARGE_PRIOR = 5e-5
"""How often a movement takes 1 … 10 and more units: field figures of shelves; changing each of them by
factors moved exactness by less than a point."""
FEW_GOODS, MANY_GOODS = 7, 8
"""The everyday table holds four units a movement up to 7 goods, else three; the large one six units up to
7 goods, five at 8, four above: about a thousand rows at most."""


class Bunch(NamedTuple):
    """Units taken in one movement. units: (index of the good, count), by index. prior: its logarithm."""

    grams: float
    variance: float
    prior: float
    size: int
    units: tuple[tuple[int, int], ...]


class Table:
    """Bunches in order of weight."""

    def __init__(self, bunches: Sequence[Bunch]) -> None:
        self._bunches = sorted(bunches)
        self._grams = [bunch.grams for bunch in self._bunches]
        self._widest = max((bunch.variance for bunch in self._bunches), default=0.0)

    def near(self, grams: float, variance: float) -> list[Bunch]:
        """All that could weigh ``grams`` measured with ``variance``, and some that could not."""
        reach = FARTHEST_Z * sqrt(self._widest + variance) + 2
        low = bisect_left(self._grams, grams - reach)
        return self._bunches[low : bisect_right(self._grams, grams + reach, low)]


@lru_cache(maxsize=256)
def everyday(units: tuple[Unit, ...]) -> Table:
    """Bunches of one to four units (three on a tray of many goods)."""
    largest = 4 if len(units) <= FEW_GOODS else 3
    return Table([bunch for size in range(1, largest + 1) for bunch in _of_size(units, size)])


@lru_cache(maxsize=64)
def large(units: tuple[Unit, ...]) -> Table:
    """The bunches beyond the everyday ones that are still few enough to list."""
    least = 5 if len(units) <= FEW_GOODS else 4
    most = 6 if len(units) <= FEW_GOODS else 5 if len(units) <= MANY_GOODS else 4
    return Table([bunch for size in range(least, most + 1) for bunch in _of_size(units, size)])


def of_one_good(units: Sequence[Unit], index: int, count: int) -> Bunch:
    """``count`` units of one good."""
    return bunch_of(units, ((index, count),))


def bunch_of(units: Sequence[Unit], chosen: tuple[tuple[int, int], ...]) -> Bunch:
    """The bunch of ``chosen``, by index and without zeros."""
    size = sum(count for _, count in chosen)
    return Bunch(
        grams=sum(count * units[index].grams for index, count in chosen),
        variance=sum(n * units[i].own_var + n * n * units[i].lot_var for i, n in chosen),
        prior=log(size_prior(size)) + _log_composition(chosen, size, len(units)),
        size=size,
        units=chosen,
    )


def size_prior(size: int) -> float:
    return SIZE_PRIOR[size - 1] if size <= len(SIZE_PRIOR) else LARGE_PRIOR


def _log_composition(chosen: tuple[tuple[int, int], ...], size: int, goods: int) -> float:
    """Half of all takes of several are at random, half of one good only."""
    if size == 1:
        return -log(goods)
    ways = lgamma(size + 1) - sum(lgamma(count + 1) for _, count in chosen)
    at_random = log(0.5) + ways - size * log(goods)
    return at_random if len(chosen) > 1 else log_sum([at_random, log(0.5 / goods)])


def _of_size(units: tuple[Unit, ...], size: int) -> Iterator[Bunch]:
    for chosen in combinations_with_replacement(range(len(units)), size):
        yield bunch_of(units, tuple(sorted(Counter(chosen).items())))
