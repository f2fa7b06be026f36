"""Whether a planogram can be told apart by weight: checks tray by tray, before goods are stocked. Pure.

It knows weights, spreads, counts and noise; it knows no file, no word for people and no picture. The
limits of d′ and the share of load come from simulated sessions (trays without a pair below d′ = 4:
99.1 % of sessions exact and 4 % reviewed, with one 92.8 % and 28 %); the other limits are choices.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from heapq import nsmallest
from itertools import combinations
from math import sqrt

from edge.weighing.doubt import bunches, d_prime, expected_doubt
from edge.weighing.lint_swaps import Swap, swaps
from edge.weighing.multisets import Bunch
from edge.weighing.tray_plan import Good as Good
from edge.weighing.tray_plan import TrayPlan as TrayPlan
from edge.weighing.tray_plan import counted_as_one

PAIR_ERROR, PAIR_WARN = 3.0, 4.0
"""d′ 3: of two equally likely takes at most 6.7 % are confused; d′ 4: 2.3 %."""
DOUBT_WARN = 0.10
HAND_G = 4000.0
"""A hand that leans on the tray while the door is open."""
LOAD_ERROR, LOAD_WARN = 1.0, 0.65
"""Goods, tray and hand as a share of the capacity; goods alone. Saturation hides whole sessions."""
LIGHT_ERROR, LIGHT_WARN = 5.0, 10.0
"""Lightest unit in standard deviations of a reading."""
ADJACENT, SAFE_COUNT = 4.0, 4
"""n and n − 1 units of one product must lie this many sd apart; for this many units at least."""
SPREAD_SHARE, LEARNT_SHARE = 0.05, 0.02
"""Spread of a unit, and distance of a learnt weight from the declared one, as shares of the weight."""
CROSS_WARN = 3.0
WORST = 5


class Level(IntEnum):
    OK, WARN, ERROR = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Finding:
    """One rule that a tray does not keep, or, at level OK, something worth knowing.

    value, limit: in the rule's own unit (d′, share, units, grams, fen).
    """

    level: Level
    code: str
    skus: tuple[str, ...] = ()
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Pair:
    """Two different takes from one tray and how far apart they weigh. one, other: (sku, units)."""

    one: tuple[tuple[str, int], ...]
    other: tuple[tuple[str, int], ...]
    gap_g: float
    d_prime: float

    @property
    def units(self) -> int:
        return sum(count for _, count in (*self.one, *self.other))

    @property
    def level(self) -> Level:
        below = (self.d_prime < PAIR_WARN) + (self.d_prime < PAIR_ERROR)
        return Level(below)


@dataclass(frozen=True, slots=True)
class CrossPair:
    """One unit each of two trays that weigh alike: misplaced, either could pass for the other."""

    tray: str
    sku: str
    other_tray: str
    other_sku: str
    gap_g: float
    d_prime: float


@dataclass(frozen=True, slots=True)
class TrayReport:
    """What the linter says of one tray.

    pairs: the worst five, nearest first. collisions: every pair below the warning limit, of two units
    (A ≈ B) and of three (A + B ≈ C, 2 A ≈ B). doubt: share of takes of one or two units that would
    not be sure. safe_counts: sku → units of it that stay countable in one take, at most its count.
    load_share: goods as a share of the capacity; full_share: with the tray and a leaning hand.
    """

    tray: str
    findings: tuple[Finding, ...]
    pairs: tuple[Pair, ...]
    collisions: tuple[Pair, ...]
    doubt: float
    safe_counts: dict[str, int]
    load_share: float
    full_share: float

    @property
    def level(self) -> Level:
        return max((finding.level for finding in self.findings), default=Level.OK)


@dataclass(frozen=True, slots=True)
class CabinetReport:
    """All trays in the order given, pairs across trays (nearest first), and at most three swaps."""

    trays: tuple[TrayReport, ...]
    cross: tuple[CrossPair, ...]
    swaps: tuple[Swap, ...] = field(default=())

    @property
    def level(self) -> Level:
        return max((tray.level for tray in self.trays), default=Level.OK)


def lint(plans: Sequence[TrayPlan]) -> CabinetReport:
    """The whole counter. Raises ValueError where two plans name the same tray."""
    names = [plan.tray for plan in plans]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"tray {', '.join(sorted(twice))} is planned twice")
    cross = tuple(sorted(cross_pairs(plans), key=lambda pair: (pair.d_prime, pair.tray, pair.other_tray)))
    reports = (lint_tray(plan) for plan in plans)
    trays = tuple(replace(each, findings=(*each.findings, *_across(each.tray, cross))) for each in reports)
    return CabinetReport(trays, cross, swaps(plans, [tray.doubt for tray in trays]))


def lint_tray(plan: TrayPlan) -> TrayReport:
    """One tray on its own. A declared group of products counts as one."""
    goods = [good for good in counted_as_one(plan.goods) if good.count]
    pairs = nearest_pairs(goods, plan.noise_g)
    doubt = expected_doubt(goods, plan.noise_g)
    safe = {good.sku: safe_count(good, plan.noise_g) for good in goods}
    load, full = plan.load_g, plan.load_g + plan.tare_g + HAND_G
    collisions = tuple(pair for pair in pairs if pair.level)
    return TrayReport(
        tray=plan.tray,
        findings=(
            *_pair_findings(collisions),
            *_group_findings(plan),
            *_doubt_findings(doubt),
            *_load_findings(load / plan.capacity_g, full / plan.capacity_g),
            *_light_findings(goods, plan.reading_sd_g),
            *_count_findings(goods, safe),
            *_spread_findings(plan.goods),
        ),
        pairs=tuple(nsmallest(WORST, pairs, key=lambda pair: (pair.d_prime, pair.units))),
        collisions=tuple(sorted(collisions, key=lambda pair: (pair.units, pair.d_prime))),
        doubt=doubt,
        safe_counts=safe,
        load_share=load / plan.capacity_g,
        full_share=full / plan.capacity_g,
    )


def nearest_pairs(goods: Sequence[Good], noise_g: float) -> list[Pair]:
    """Every pair of different takes with three units together or fewer, as counts allow; not sorted."""
    small = bunches(goods, 2)
    singles = [each for each in small if each.size == 1]
    doubles = [each for each in small if each.size == 2]
    both = [*combinations(singles, 2), *((one, other) for one in singles for other in doubles)]
    return [
        Pair(
            one=_named(one, goods),
            other=_named(other, goods),
            gap_g=abs(one.grams - other.grams),
            d_prime=d_prime(one, other, noise_g),
        )
        for one, other in both
    ]


def safe_count(good: Good, noise_g: float) -> int:
    """The most units of ``good`` in one take that are told from one unit less; at most its count."""
    for n in range(1, good.count + 1):
        var = (2 * n - 1) * good.own_var + (n * n + (n - 1) ** 2) * good.lot_var + noise_g**2
        if good.unit_g / sqrt(var) < ADJACENT:
            return n - 1
    return good.count


def _named(taken: Bunch, goods: Sequence[Good]) -> tuple[tuple[str, int], ...]:
    return tuple((goods[index].sku, count) for index, count in taken.units)


def _pair_findings(collisions: Sequence[Pair]) -> Iterator[Finding]:
    if not collisions:
        return
    worst = min(collisions, key=lambda pair: (pair.d_prime, pair.units))
    skus = tuple(dict.fromkeys(sku for sku, _ in (*worst.one, *worst.other)))
    yield Finding(worst.level, "near_pair", skus, worst.d_prime, PAIR_WARN)


def _group_findings(plan: TrayPlan) -> Iterator[Finding]:
    """A group is sold at one price, whichever of its products was taken."""
    for name in dict.fromkeys(good.group for good in plan.goods if good.group):
        members = [good for good in plan.goods if good.group == name]
        skus = tuple(good.sku for good in members)
        prices = [good.price_fen for good in members]
        if len(members) < 2:
            continue
        if apart := max(prices) - min(prices):
            yield Finding(Level.ERROR, "group_price", skus, apart, 0)
        weights = [good.unit_g for good in members]
        spread = sqrt(2 * max(good.own_var + good.lot_var for good in members) + plan.noise_g**2)
        if max(weights) - min(weights) > PAIR_ERROR * spread:
            yield Finding(Level.WARN, "group_weight", skus, max(weights) - min(weights), PAIR_ERROR * spread)
        else:
            yield Finding(Level.OK, "group", skus)


def _doubt_findings(doubt: float) -> Iterator[Finding]:
    if doubt > DOUBT_WARN:
        yield Finding(Level.WARN, "doubt", (), doubt, DOUBT_WARN)


def _load_findings(load_share: float, full_share: float) -> Iterator[Finding]:
    if full_share > LOAD_ERROR:
        yield Finding(Level.ERROR, "overload", (), full_share, LOAD_ERROR)
    if load_share > LOAD_WARN:
        yield Finding(Level.WARN, "heavy_load", (), load_share, LOAD_WARN)


def _light_findings(goods: Sequence[Good], reading_sd_g: float) -> Iterator[Finding]:
    if not goods:
        return
    lightest = min(goods, key=lambda good: (good.unit_g, good.sku))
    share = lightest.unit_g / reading_sd_g
    if share < LIGHT_WARN:
        error = share < LIGHT_ERROR
        limit = LIGHT_ERROR if error else LIGHT_WARN
        yield Finding(Level.ERROR if error else Level.WARN, "light_unit", (lightest.sku,), share, limit)


def _count_findings(goods: Sequence[Good], safe: dict[str, int]) -> Iterator[Finding]:
    for good in goods:
        if safe[good.sku] < min(SAFE_COUNT, good.count):
            yield Finding(Level.WARN, "safe_count", (good.sku,), safe[good.sku], SAFE_COUNT)


def _spread_findings(goods: Sequence[Good]) -> Iterator[Finding]:
    for good in goods:
        if not good.sd_g:
            yield Finding(Level.ERROR, "spread_missing", (good.sku,))
        elif good.sd_g > SPREAD_SHARE * good.unit_g:
            yield Finding(Level.WARN, "wide_spread", (good.sku,), good.sd_g / good.unit_g, SPREAD_SHARE)
        declared = good.declared_g or good.unit_g
        if abs(good.unit_g - declared) > LEARNT_SHARE * declared:
            off = (good.unit_g - declared) / declared
            yield Finding(Level.WARN, "learnt_differs", (good.sku,), off, LEARNT_SHARE)


def cross_pairs(plans: Sequence[TrayPlan]) -> Iterator[CrossPair]:
    """Single units of two trays that are hardly told apart; one product or group on both is no matter."""
    for plan, other in combinations(plans, 2):
        noise = max(plan.noise_g, other.noise_g)
        for good in plan.goods:
            for rival in other.goods:
                same = good.sku == rival.sku or (good.group and good.group == rival.group)
                if same or not (good.count and rival.count):
                    continue
                gap = abs(good.unit_g - rival.unit_g)
                var = good.own_var + good.lot_var + rival.own_var + rival.lot_var + noise**2
                if gap < CROSS_WARN * sqrt(var):
                    yield CrossPair(plan.tray, good.sku, other.tray, rival.sku, gap, gap / sqrt(var))


def _across(tray: str, cross: Sequence[CrossPair]) -> Iterator[Finding]:
    for pair in cross:
        if tray in (pair.tray, pair.other_tray):
            yield Finding(Level.WARN, "cross_tray", (pair.sku, pair.other_sku), pair.d_prime, CROSS_WARN)
