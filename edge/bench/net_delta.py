"""Recognition from weights at both ends only: what counters do that do not watch the open door.

The floor a benchmark stands on: ``naive`` rounds to one product, ``net_map`` is the best that can be
said of net differences. None of it is used to sell anything.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import exp, lgamma, log, pi, sqrt
from statistics import median

from edge.bench.scores import SURE_P, Answer
from edge.weighing.recording import Recording, Stocked

ENDS_S = 0.8
SIGMA_M_G, GAIN_SHARE = 1.5, 0.0011
"""Error of a net difference: two medians, a visit's drift, and gain and corner load of the change."""
LOT_SHARE, ROUND_G2 = 0.35, 0.05
Z_MOST, Z_FIT = 6.0, 3.8
NOTHING, MORE = 0.5, 0.5
"""Share of trays nobody takes from; each further unit has the second share of the one before."""
NODES = 50_000
"""Baskets looked at for one tray before it is given up (and flagged)."""
KEPT = 16

Counts = tuple[int, ...]


def naive(recording: Recording) -> Answer:
    """Each tray's difference, rounded to the one product that leaves the smallest rest. Never unsure."""
    basket: dict[str, int] = {}
    for tray, gone in zip(recording.trays, net_differences(recording), strict=True):
        options = [
            (abs(gone - count * good.unit_g), count, good.sku)
            for good in tray.goods
            for count in {max(0, min(good.count, round(gone / good.unit_g)))}
        ]
        if options:
            _, count, sku = min(options)
            basket[sku] = basket.get(sku, 0) + count
    return Answer([basket])


def net_differences(recording: Recording) -> list[float]:
    """What left each tray, in grams: medians of its first and last 0.8 s; 0 of a tray without rows."""
    if not recording.samples:
        return [0.0] * len(recording.trays)
    early, late = recording.samples[0][0] + ENDS_S, recording.samples[-1][0] - ENDS_S
    before: list[list[float]] = [[] for _ in recording.trays]
    after: list[list[float]] = [[] for _ in recording.trays]
    for at, tray, grams, *_ in recording.samples:
        if at <= early:
            before[tray].append(grams)
        if at >= late:
            after[tray].append(grams)
    return [median(a) - median(z) if a and z else 0.0 for a, z in zip(before, after, strict=True)]


def net_map(recording: Recording) -> Answer:
    """The most probable basket given only net differences, with its probability."""
    joint: list[tuple[float, dict[str, int]]] = [(1.0, {})]
    flagged = False
    for tray, gone in zip(recording.trays, net_differences(recording), strict=True):
        options, fits = tray_posterior(tray.goods, gone)
        flagged |= not fits
        joint = _combined(joint, options)
    p = joint[0][0]
    return Answer([basket for _, basket in joint[:3]], flagged or p < SURE_P, min(1.0, p))


@dataclass(frozen=True, slots=True)
class _Search:
    goods: Sequence[Stocked]
    gone: float
    slack: float

    def baskets(self) -> Iterator[Counts]:
        """Counts by product whose weight is within ``slack`` of what is gone, heaviest product first."""
        yield from self._below(0, self.gone, ())

    def _below(self, place: int, left: float, counts: Counts) -> Iterator[Counts]:
        good = self.goods[place]
        most = min(good.count, int((left + self.slack) // good.unit_g))
        if place == len(self.goods) - 1:
            least = max(0, -int((self.slack - left) // good.unit_g))
            for count in range(least, most + 1):
                yield (*counts, count)
            return
        for count in range(most + 1):
            yield from self._below(place + 1, left - count * good.unit_g, (*counts, count))


def tray_posterior(goods: Sequence[Stocked], gone: float) -> tuple[list[tuple[float, dict[str, int]]], bool]:
    """Baskets of one tray with their probabilities, best first, and whether the best one fits at all."""
    ranked = sorted((good for good in goods if good.count > 0 and good.unit_g > 0), key=lambda g: -g.unit_g)
    slack = _slack(ranked, gone)
    if not ranked or gone < -slack:
        return [(1.0, {})], abs(gone) < slack
    found: list[tuple[float, float, Counts]] = []
    for number, counts in enumerate(_Search(ranked, gone, slack).baskets()):
        if number >= NODES:
            return [(1.0, {})], False
        found.append(_scored(ranked, counts, gone))
    best = max((score for score, _, _ in found), default=0.0)
    whole = sum(exp(score - best) for score, _, _ in found)
    found.sort(key=lambda each: -each[0])
    options = [(exp(score - best) / whole, _named(ranked, counts)) for score, _, counts in found[:KEPT]]
    return options or [(1.0, {})], bool(found) and abs(found[0][1]) <= Z_FIT


def _slack(goods: Sequence[Stocked], gone: float) -> float:
    grams = max(0.0, gone) + 50.0
    own = max((_own_var(good) / good.unit_g for good in goods), default=0.0) * grams
    lot = max((LOT_SHARE**2 * _own_var(good) / good.unit_g**2 for good in goods), default=0.0) * grams**2
    return Z_MOST * sqrt(_measured_var(gone) + own + lot)


def _scored(goods: Sequence[Stocked], counts: Counts, gone: float) -> tuple[float, float, Counts]:
    """Log posterior up to a constant, and how many standard deviations off."""
    grams, variance = 0.0, _measured_var(gone)
    for good, count in zip(goods, counts, strict=True):
        grams += count * good.unit_g
        variance += count * _own_var(good) + (count * LOT_SHARE) ** 2 * _own_var(good)
    z = (gone - grams) / sqrt(variance)
    return log(_robust(z) / sqrt(variance)) + log_prior(counts), z, counts


def log_prior(counts: Counts) -> float:
    """By size, then half at random and half one product only."""
    size, kinds = sum(counts), len(counts)
    if size == 0:
        return log(NOTHING)
    mixed = lgamma(size + 1) - sum(lgamma(count + 1) for count in counts) - size * log(kinds)
    one_only = 1 / kinds if max(counts) == size else 0.0
    return log((1 - NOTHING) * (1 - MORE)) + (size - 1) * log(MORE) + log((exp(mixed) + one_only) / 2)


def _robust(z: float) -> float:
    """One odd reading in forty must not decide."""
    return (0.975 * exp(-z * z / 2) + 0.025 / 3 * exp(-z * z / 18)) / sqrt(2 * pi)


def _own_var(good: Stocked) -> float:
    return (good.tol_g / 3) ** 2 + ROUND_G2


def _measured_var(gone: float) -> float:
    return SIGMA_M_G**2 + (GAIN_SHARE * gone) ** 2


def _named(goods: Sequence[Stocked], counts: Counts) -> dict[str, int]:
    return {str(good.sku): count for good, count in zip(goods, counts, strict=True) if count}


def _combined(
    joint: Sequence[tuple[float, dict[str, int]]], options: Sequence[tuple[float, dict[str, int]]]
) -> list[tuple[float, dict[str, int]]]:
    """Sums of one basket of each, equal ones added up, the most probable first."""
    sums: dict[tuple[tuple[str, int], ...], float] = {}
    for p, basket in joint:
        for q, more in options:
            both = dict(basket)
            for sku, count in more.items():
                both[sku] = both.get(sku, 0) + count
            key = tuple(sorted(both.items()))
            sums[key] = sums.get(key, 0.0) + p * q
    ranked = sorted(sums.items(), key=lambda each: (-each[1], each[0]))[:KEPT]
    return [(p, dict(key)) for key, p in ranked]
