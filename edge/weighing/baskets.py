"""From the surviving hypotheses to baskets and their probabilities, whole and per tray. Pure.

It decides nothing: what is sure enough to be charged is said elsewhere.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import exp, log
from typing import NamedTuple

from edge.weighing.calibrated import calibrated
from edge.weighing.hand import Item
from edge.weighing.hypotheses import Hypothesis
from edge.weighing.likelihood import log_sum
from edge.weighing.recording import Book
from edge.weighing.verdict import Choice, Goods, Stray

CHOICES = 3
"""The right basket is among so many in 99.5 % of the method's sessions of level L2."""

Counts = tuple[tuple[int, int], ...]
"""Units by SKU, both as numbers of the ``Book``, in the order of the SKUs."""


class Basket(NamedTuple):
    """What may have left, its probability, and the hypothesis that leads there best."""

    counts: Counts
    p: float
    path: Hypothesis


def baskets_of(beam: Sequence[Hypothesis]) -> list[Basket]:
    """Whole baskets, the likeliest first. beam: the likeliest hypothesis first."""
    return _baskets(beam, counts_of)


def _baskets(beam: Sequence[Hypothesis], counted: Callable[[Iterable[Item]], Counts]) -> list[Basket]:
    weights: dict[Counts, list[float]] = {}
    paths: dict[Counts, Hypothesis] = {}
    for each in beam:
        counts = counted(each.hand)
        weights.setdefault(counts, []).append(each.weight)
        paths.setdefault(counts, each)
    return [Basket(counts, p, paths[counts]) for counts, p in _normal(weights)]


def tray_baskets(beam: Sequence[Hypothesis], tray: int) -> list[Basket]:
    """What may have left ``tray`` for good, the likeliest first."""
    return _baskets(beam, lambda hand: counts_of(item for item in hand if item.home == tray))


def _normal(weights: Mapping[Counts, list[float]]) -> list[tuple[Counts, float]]:
    """Probabilities, the largest first; ties by SKU."""
    sums = {counts: log_sum(logs) for counts, logs in weights.items()}
    whole = log_sum(list(sums.values()))
    return sorted(((c, exp(each - whole)) for c, each in sums.items()), key=lambda pair: (-pair[1], pair[0]))


def counts_of(items: Iterable[Item]) -> Counts:
    """How many of each SKU ``items`` are."""
    return tuple(sorted(Counter(item.sku for item in items).items()))


def margin(baskets: Sequence[Basket], cap: float) -> float:
    """Nats that the first leads the second by, at most ``cap``."""
    first, second = baskets[0].p, baskets[1].p if len(baskets) > 1 else 0.0
    return min(cap, log(first / second)) if second else cap


def named(counts: Counts, book: Book) -> Goods:
    """``counts`` with the SKUs' names."""
    return tuple((book.skus[sku], count) for sku, count in counts)


def calibrate(baskets: Sequence[Basket], mixed: bool) -> list[Basket]:
    """``baskets`` with the first as probable as such ones were found to be; the others share the rest."""
    first = baskets[0]
    p = calibrated(first.p, mixed)
    others = (1 - p) / (1 - first.p) if first.p < 1 else 1.0
    return [first._replace(p=p), *(each._replace(p=each.p * others) for each in baskets[1:])]


def choices(baskets: Sequence[Basket], book: Book) -> tuple[Choice, ...]:
    """The best few baskets, and which tray would be charged what if one of them were right."""
    return tuple(
        Choice(
            goods=named(each.counts, book),
            p=each.p,
            trays=tuple(
                (name, named(goods, book))
                for tray, name in enumerate(book.trays)
                if (goods := counts_of(item for item in each.path.hand if item.home == tray))
            ),
        )
        for each in baskets[:CHOICES]
    )


def tray_choices(shares: Sequence[Basket], book: Book) -> tuple[Choice, ...]:
    """The best few of one tray."""
    return tuple(Choice(named(each.counts, book), each.p) for each in shares[:CHOICES])


def strays(path: Hypothesis, book: Book) -> tuple[Stray, ...]:
    """Units that ``path`` moved between trays: what a tray lacks or has too many of beyond what left it."""
    moved: Counter[tuple[int, int]] = Counter()
    for change in path.changes:
        moved[change.sku, change.tray] += change.units
    for item in path.hand:
        moved[item.sku, item.home] += 1
    return tuple(
        Stray(book.trays[source], book.trays[target], book.skus[sku], count)
        for sku in sorted({sku for sku, _ in moved})
        for source, target, count in _carried({t: n for (s, t), n in moved.items() if s == sku})
    )


def _carried(moved: Mapping[int, int]) -> Iterator[tuple[int, int, int]]:
    """(from, to, units) of one SKU that make ``moved`` of a counter where nothing was moved."""
    sources = [tray for tray in sorted(moved) for _ in range(-moved[tray])]
    targets = [tray for tray in sorted(moved) for _ in range(moved[tray])]
    for (source, target), count in Counter(zip(sources, targets, strict=True)).items():
        yield source, target, count
