"""How often a tray's own goods leave a take in doubt, by the recogniser's own priors and densities. Pure.

A bunch is what one movement may take. Unlike in the recogniser's table, the counts planned bound it.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import combinations_with_replacement
from math import exp, sqrt

from edge.weighing.likelihood import TAIL, TAIL_SHARE
from edge.weighing.multisets import FEW_GOODS, Bunch, bunch_of
from edge.weighing.recording import Unit
from edge.weighing.tray_plan import Good

SURE = 0.97
"""A take less probable than this, by the search's own reckoning, counts as doubtful: the limit with which
the method's record checked expected doubt against reviews of 1,500 random trays."""
POINTS = ((-1.65, 0.15), (-0.8, 0.22), (0.0, 0.26), (0.8, 0.22), (1.65, 0.15))
"""Where a take's weight is tried, in standard deviations, and the share of takes each point stands for."""
REACH = 6 * TAIL
"""Further away than this many standard deviations, explanations weigh nothing even in the tail."""


def bunches(goods: Sequence[Good], largest: int) -> list[Bunch]:
    """All takes of 1 to ``largest`` units that the counts of ``goods`` allow, the smallest first."""
    units = [Unit(good.unit_g, good.own_var, good.lot_var) for good in goods]
    return [
        bunch_of(units, chosen)
        for size in range(1, largest + 1)
        for chosen in _chosen(len(goods), size)
        if all(count <= goods[index].count for index, count in chosen)
    ]


def _chosen(kinds: int, size: int) -> Iterator[tuple[tuple[int, int], ...]]:
    for each in combinations_with_replacement(range(kinds), size):
        yield tuple(sorted(Counter(each).items()))


def d_prime(one: Bunch, other: Bunch, noise_g: float) -> float:
    """Distance of two takes' weights in standard deviations of their difference."""
    return abs(one.grams - other.grams) / sqrt(one.variance + other.variance + noise_g**2)


def expected_doubt(goods: Sequence[Good], noise_g: float) -> float:
    """Share of takes of one or two units whose posterior stays below ``SURE``; 0 for an empty tray."""
    table = sorted(bunches(goods, 4 if len(goods) <= FEW_GOODS else 3), key=lambda each: each.grams)
    taken = [each for each in table if each.size <= 2]
    total = sum(exp(each.prior) for each in taken)
    if not total:
        return 0.0
    posterior = _Posterior(table, noise_g)
    return sum(exp(each.prior) * _doubt_of(each, posterior) for each in taken) / total


class _Posterior:
    """The table ready to be asked. table: by weight, rising."""

    def __init__(self, table: Sequence[Bunch], noise_g: float) -> None:
        self._grams = [each.grams for each in table]
        self._noise = noise_g**2
        self._rows = [(each.grams, each.variance + self._noise, exp(each.prior)) for each in table]
        self._reach = REACH * sqrt(max(var for _, var, _ in self._rows))

    def sd(self, taken: Bunch) -> float:
        return sqrt(taken.variance + self._noise)

    def of(self, taken: Bunch, grams: float) -> float:
        """Probability that ``taken`` was taken, where ``grams`` left the tray."""
        low = bisect_left(self._grams, grams - self._reach)
        high = bisect_right(self._grams, grams + self._reach)
        total = sum(prior * density(grams - mean, var) for mean, var, prior in self._rows[low:high])
        return exp(taken.prior) * density(grams - taken.grams, taken.variance + self._noise) / total


def density(off: float, var: float) -> float:
    """The density of a difference of ``off`` grams, tail included, up to the common 1/√(2π)."""
    square = off * off / var / 2
    return ((1 - TAIL_SHARE) * exp(-square) + TAIL_SHARE / TAIL * exp(-square / TAIL**2)) / sqrt(var)


def _doubt_of(taken: Bunch, posterior: _Posterior) -> float:
    """Share of the points around its own weight at which ``taken`` would not be sure."""
    sd = posterior.sd(taken)
    return sum(share for z, share in POINTS if posterior.of(taken, taken.grams + z * sd) < SURE)
