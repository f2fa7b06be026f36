"""How often a tray's own goods would leave a take in doubt: multisets, their weights, d′ and posterior. Pure.

A multiset is what one movement may take, as (index of the good, units) pairs. Weights are grams,
variances grams squared.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from math import exp, factorial, prod, sqrt

from edge.weighing.tray_plan import Good

SIZE_PRIOR = (0.84, 0.125, 0.025, 0.006)
"""How often one movement takes 1, 2, 3, 4 units: field figures of manned and unmanned shelves."""
SURE = 0.97
"""A basket less probable than this is not charged."""
TAIL_SHARE, TAIL = 0.025, 3.0
"""One reading in forty comes from a distribution three times as wide: one odd one must not decide."""
LARGE_TRAY = 7
"""Above this many goods the table holds up to three units, else up to four."""
POINTS = ((-1.65, 0.15), (-0.8, 0.22), (0.0, 0.26), (0.8, 0.22), (1.65, 0.15))
"""Where a take's weight is tried, in standard deviations, and the share of takes each point stands for."""
REACH = 6 * TAIL
"""Further away than this many standard deviations, explanations weigh nothing even in the tail."""


@dataclass(frozen=True, slots=True)
class Multiset:
    """Units taken together. units: (index, count), by index. prior: how often, among all takes."""

    units: tuple[tuple[int, int], ...]
    grams: float
    var: float
    prior: float

    @property
    def size(self) -> int:
        return sum(count for _, count in self.units)


def multisets(goods: Sequence[Good], largest: int) -> list[Multiset]:
    """All multisets of 1 to ``largest`` units that the counts of ``goods`` allow, the smallest first."""
    return [each for size in range(1, largest + 1) for each in _of_size(goods, size)]


def _of_size(goods: Sequence[Good], size: int) -> Iterator[Multiset]:
    for chosen in combinations_with_replacement(range(len(goods)), size):
        units = tuple(sorted(Counter(chosen).items()))
        if all(count <= goods[index].count for index, count in units):
            yield Multiset(
                units=units,
                grams=sum(count * goods[index].unit_g for index, count in units),
                var=sum(n * goods[i].own_var + n * n * goods[i].lot_var for i, n in units),
                prior=prior_of(units, size, len(goods)),
            )


def prior_of(units: Sequence[tuple[int, int]], size: int, kinds: int) -> float:
    """How often a movement takes just these: by size, then half at random and half one product only."""
    share = SIZE_PRIOR[size - 1]
    if size == 1:
        return share / kinds
    ways = factorial(size) / prod(factorial(count) for _, count in units)
    return share * (0.5 * ways / float(kinds) ** size + (0.5 / kinds if len(units) == 1 else 0.0))


def d_prime(one: Multiset, other: Multiset, noise_g: float) -> float:
    """Distance of two takes' weights in standard deviations of their difference."""
    return abs(one.grams - other.grams) / sqrt(one.var + other.var + noise_g**2)


def expected_doubt(goods: Sequence[Good], noise_g: float) -> float:
    """Share of takes of one or two units whose posterior stays below ``SURE``; 0 for an empty tray."""
    table = sorted(multisets(goods, 4 if len(goods) <= LARGE_TRAY else 3), key=lambda each: each.grams)
    taken = [each for each in table if each.size <= 2]
    total = sum(each.prior for each in taken)
    if not total:
        return 0.0
    posterior = _Posterior(table, noise_g)
    return sum(each.prior * _doubt_of(each, posterior) for each in taken) / total


class _Posterior:
    """The table ready to be asked. table: by weight, rising."""

    def __init__(self, table: Sequence[Multiset], noise_g: float) -> None:
        self._grams = [each.grams for each in table]
        self._noise = noise_g**2
        self._rows = [(each.grams, each.var + self._noise, each.prior) for each in table]
        self._reach = REACH * sqrt(max(var for _, var, _ in self._rows))

    def sd(self, taken: Multiset) -> float:
        return sqrt(taken.var + self._noise)

    def of(self, taken: Multiset, grams: float) -> float:
        """Probability that ``taken`` was taken, where ``grams`` left the tray."""
        low = bisect_left(self._grams, grams - self._reach)
        high = bisect_right(self._grams, grams + self._reach)
        total = sum(prior * density(grams - mean, var) for mean, var, prior in self._rows[low:high])
        return taken.prior * density(grams - taken.grams, taken.var + self._noise) / total


def density(off: float, var: float) -> float:
    """The density of a difference of ``off`` grams, tail included, up to the common 1/√(2π)."""
    square = off * off / var / 2
    return ((1 - TAIL_SHARE) * exp(-square) + TAIL_SHARE / TAIL * exp(-square / TAIL**2)) / sqrt(var)


def _doubt_of(taken: Multiset, posterior: _Posterior) -> float:
    """Share of the points around its own weight at which ``taken`` would not be sure."""
    sd = posterior.sd(taken)
    return sum(share for z, share in POINTS if posterior.of(taken, taken.grams + z * sd) < SURE)
