"""Which goods to exchange between trays so that takes leave less doubt. Pure; greedy, at most three.

Every exchange is first scored by a quick measure (how much the weights of small takes overlap); only
the most promising are computed in full.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import nlargest
from math import exp

from edge.weighing.doubt import expected_doubt
from edge.weighing.tray_plan import Good, TrayPlan, counted_as_one

MOST = 3
TRIED = 5
"""Exchanges that are computed in full, of those that the quick measure likes best."""
WORST_TRAYS = 3
"""Only the most doubtful trays are relieved in one round."""
FAR = 49.0
"""Takes further apart than 7 standard deviations (squared here) do not overlap."""
DOUBLE = 0.4
"""Weight of an overlap with a take of two units: √(.125 / .84), how much rarer it is."""
WORTH = 0.01
"""An exchange must lower the counter's summed doubt by more than this."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Exchange ``sku`` of ``tray`` for ``other_sku`` of ``other_tray``.

    before, after: doubt of the two trays together.
    """

    tray: str
    sku: str
    other_tray: str
    other_sku: str
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class _Trial:
    places: tuple[int, int]
    moved: tuple[Good, Good]
    plans: tuple[TrayPlan, TrayPlan]
    gain: float


class _Overlaps:
    """The quick measure: overlap of every two takes with three units together or fewer.

    Counts are left out of it. Remembers what it measured: rounds ask for the same trays again.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[float, tuple[Good, ...]], float] = {}

    def of(self, plan: TrayPlan) -> float:
        key = plan.noise_g, tuple(plan.goods)
        if key not in self._known:
            goods = _sold(plan)
            units = [(good.unit_g, good.own_var, good.lot_var) for good in goods]
            self._known[key] = _overlap(units, plan.noise_g**2)
        return self._known[key]


def _overlap(units: Sequence[tuple[float, float, float]], noise: float) -> float:
    """units: weight, own variance, lot variance."""
    takes = [(grams, own + lot + noise) for grams, own, lot in units]
    singles = len(takes)
    for place, (grams, own, lot) in enumerate(units):
        takes.append((2 * grams, 2 * own + 4 * lot))
        takes += [(grams + more, own + lot + apart + common) for more, apart, common in units[place + 1 :]]
    total = 0.0
    for place in range(singles):
        grams, var = takes[place]
        for rank, (other, more) in enumerate(takes[place + 1 :], place + 1):
            square, wide = (grams - other) ** 2, var + more
            if square < FAR * wide:
                total += exp(-square / wide / 8) * (1.0 if rank < singles else DOUBLE)
    return total


def swaps(plans: Sequence[TrayPlan], doubts: Sequence[float]) -> tuple[Swap, ...]:
    """Up to three exchanges, one after the other, each the one that lowers Σ ``doubts`` most."""
    now, known, overlaps = list(plans), list(doubts), _Overlaps()
    found: list[Swap] = []
    for _ in range(MOST):
        best = _best(now, known, overlaps)
        if best is None:
            break
        trial, after = best
        (i, j), (good, other) = trial.places, trial.moved
        before = known[i] + known[j]
        found.append(Swap(now[i].tray, good.sku, now[j].tray, other.sku, before, sum(after)))
        now[i], now[j] = trial.plans
        known[i], known[j] = after
    return tuple(found)


def _best(
    plans: Sequence[TrayPlan], doubts: Sequence[float], overlaps: _Overlaps
) -> tuple[_Trial, tuple[float, float]] | None:
    if not any(doubt > WORTH for doubt in doubts):
        return None
    most, chosen = WORTH, None
    for trial in nlargest(TRIED, _trials(plans, doubts, overlaps), key=lambda each: each.gain):
        i, j = trial.places
        after = _doubt(trial.plans[0]), _doubt(trial.plans[1])
        gain = doubts[i] + doubts[j] - sum(after)
        if gain > most:
            most, chosen = gain, (trial, after)
    return chosen


def _trials(plans: Sequence[TrayPlan], doubts: Sequence[float], overlaps: _Overlaps) -> Iterator[_Trial]:
    """Every exchange that relieves one of the worst trays and overloads none."""
    scores = [overlaps.of(plan) for plan in plans]
    worst = [i for i in nlargest(WORST_TRAYS, range(len(plans)), key=doubts.__getitem__) if doubts[i] > WORTH]
    for i in worst:
        for j, other in enumerate(plans):
            if j == i or (j in worst and j < i):
                continue
            for good in plans[i].goods:
                for rival in other.goods:
                    exchanged = _exchanged(plans[i], good, other, rival)
                    if exchanged:
                        gain = scores[i] + scores[j] - overlaps.of(exchanged[0]) - overlaps.of(exchanged[1])
                        yield _Trial((i, j), (good, rival), exchanged, gain)


def _exchanged(plan: TrayPlan, good: Good, other: TrayPlan, rival: Good) -> tuple[TrayPlan, TrayPlan] | None:
    """Both plans after the exchange; None where it may not be: a group stays together, a scale is full."""
    if good.group or rival.group or good.sku == rival.sku:
        return None
    if any(each.sku == rival.sku for each in plan.goods) or any(each.sku == good.sku for each in other.goods):
        return None
    after = (_with(plan, good, rival), _with(other, rival, good))
    fits = all(
        new.load_g <= max(old.load_g, 0.65 * new.capacity_g)
        for new, old in zip(after, (plan, other), strict=True)
    )
    return after if fits else None


def _with(plan: TrayPlan, gone: Good, come: Good) -> TrayPlan:
    return replace(plan, goods=tuple(come if good is gone else good for good in plan.goods))


def _sold(plan: TrayPlan) -> list[Good]:
    return [good for good in counted_as_one(plan.goods) if good.count]


def _doubt(plan: TrayPlan) -> float:
    return expected_doubt(_sold(plan), plan.noise_g)
