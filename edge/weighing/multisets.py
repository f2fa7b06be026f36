"""What one movement may take from a tray: all small multisets of its goods, ordered by weight. Pure.

A table knows no stock: whoever asks drops what the tray did not hold. Goods are indices into ``units``.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from functools import lru_cache
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
7 goods, five at 8, four above: a thousand rows up to 9 goods, 17,550 (a tenth of a second, once) at 24."""


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
    return Table(_of_sizes(units, 1, 4 if len(units) <= FEW_GOODS else 3))


@lru_cache(maxsize=64)
def large(units: tuple[Unit, ...]) -> Table:
    """The bunches beyond the everyday ones that are still few enough to list."""
    few = len(units) <= FEW_GOODS
    return Table(_of_sizes(units, 5 if few else 4, 6 if few else 5 if len(units) <= MANY_GOODS else 4))


def bunch_of(units: Sequence[Unit], chosen: tuple[tuple[int, int], ...]) -> Bunch:
    """The bunch of ``chosen``, by index and without zeros."""
    size = sum(count for _, count in chosen)
    return Bunch(
        grams=sum(count * units[index].grams for index, count in chosen),
        variance=sum(n * units[i].own_var + n * n * units[i].lot_var for i, n in chosen),
        prior=_prior(size, len(units), sum(lgamma(count + 1) for _, count in chosen), len(chosen)),
        size=size,
        units=chosen,
    )


def _prior(size: int, goods: int, alike: float, kinds: int) -> float:
    """Logarithm of how often a movement takes these: by size, then half at random, half one good only.

    alike: logarithm of the ways to order the units that do not differ.
    """
    share = log(SIZE_PRIOR[size - 1] if size <= len(SIZE_PRIOR) else LARGE_PRIOR)
    if size == 1:
        return share - log(goods)
    at_random = log(0.5) + lgamma(size + 1) - alike - size * log(goods)
    return share + (at_random if kinds > 1 else log_sum([at_random, log(0.5 / goods)]))


def _of_sizes(units: tuple[Unit, ...], least: int, most: int) -> list[Bunch]:
    """All bunches of ``least`` to ``most`` units, each good added in turn to what there is already."""
    parts: list[_Part] = [_Part(0.0, 0.0, 0.0, 0, ())]
    for index, unit in enumerate(units):
        adds = [
            (n, n * unit.grams, n * unit.own_var + n * n * unit.lot_var, lgamma(n + 1))
            for n in range(1, most + 1)
        ]
        parts += [
            _Part(part.grams + grams, part.variance + var, part.alike + alike, part.size + n,
                  (*part.units, (index, n)))
            for part in parts
            for n, grams, var, alike in adds[: most - part.size]
        ]  # fmt: skip
    return [
        Bunch(grams, var, _prior(size, len(units), alike, len(chosen)), size, chosen)
        for grams, var, alike, size, chosen in parts
        if size >= least
    ]


class _Part(NamedTuple):
    grams: float
    variance: float
    alike: float
    size: int
    units: tuple[tuple[int, int], ...]
