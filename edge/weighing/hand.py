"""What a person holds: units that weigh what they weighed when taken, and how they come back. Pure.

Units of one movement were weighed together: their sum is known to the scale's noise, each alone only to
its product's spread. A ``Batch`` remembers the sum, so that what came back tells what is left.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate, combinations
from math import comb, log
from typing import NamedTuple

from edge.weighing.multisets import Bunch
from edge.weighing.recording import Book

LOT_INFLATION = 1 + 0.35**2
"""A unit's whole variance over its own: the lot's error counts as unknown, too."""
LEAST_OWN_VAR = 0.05
"""Nobody knows an own mass better than the display shows it, grams squared."""


class Batch(NamedTuple):
    """Units of one movement that are still in the hand. at: when they were taken, which names the batch.

    grams, variance: of their sum as measured. spread: their units' variances, summed.
    """

    at: float
    grams: float
    variance: float
    spread: float


class Item(NamedTuple):
    """A unit out of its tray. home: the tray it left last. grams, variance: of its own mass.

    spread: variance of such units. batch: whom it was weighed with; None: alone.
    """

    sku: int
    home: int
    grams: float
    variance: float
    spread: float
    batch: Batch | None = None


class Back(NamedTuple):
    """Units of a hand that may come back together. places: in the hand. prior: the share, in nats, that
    these are the ones. home: whether all left this tray."""

    places: tuple[int, ...]
    prior: float
    grams: float
    variance: float
    home: bool


def order_of(item: Item) -> tuple[int, int, float, float, float]:
    """Units that do not differ lie side by side."""
    return item.sku, item.home, item.grams, item.variance, item.batch.at if item.batch else 0.0


def taken(
    bunch: Bunch, skus: Sequence[int], book: Book, tray: int, at: float, grams: float, variance: float
) -> list[Item]:
    """The units of ``bunch`` that left ``tray`` as ``grams`` measured with ``variance``."""
    kinds = [skus[index] for index, count in bunch.units for _ in range(count)]
    spread = sum(book.unit(tray, sku).own_var for sku in kinds) * LOT_INFLATION
    return _weighed([(sku, tray) for sku in kinds], book, Batch(at, grams, variance, spread))


def _weighed(units: Sequence[tuple[int, int]], book: Book, batch: Batch) -> list[Item]:
    """Units (sku, home) with their own masses: what was measured beyond the mean is shared out by spread."""
    off = batch.grams - sum(book.unit(home, sku).grams for sku, home in units)
    total = batch.spread + batch.variance
    items = []
    for sku, home in units:
        unit = book.unit(home, sku)
        spread = unit.own_var * LOT_INFLATION
        share = spread / total
        if len(units) == 1:
            return [Item(sku, home, unit.grams + share * off, batch.variance, spread)]
        own = max(LEAST_OWN_VAR, spread - spread * share)
        items.append(Item(sku, home, unit.grams + share * off, own, spread, batch))
    return items


def without(
    hand: Sequence[Item], places: Sequence[int], book: Book, grams: float, variance: float
) -> list[Item]:
    """``hand`` after the units at ``places`` came back as ``grams`` measured with ``variance``."""
    gone = [hand[place] for place in places]
    kept = [item for place, item in enumerate(hand) if place not in places]
    batch = gone[0].batch
    if all(item.batch is None for item in gone):
        return kept
    if batch is None or any(item.batch != batch for item in gone):
        mixed = {item.batch for item in gone}
        return [item._replace(batch=None) if item.batch in mixed else item for item in kept]
    fellows = [item for item in kept if item.batch == batch]
    others = [item for item in kept if item.batch != batch]
    if not fellows:
        return others
    rest = Batch(
        batch.at,
        batch.grams - grams,
        batch.variance + variance,
        sum(item.spread for item in fellows),
    )
    return others + _weighed([(item.sku, item.home) for item in fellows], book, rest)


def backs(hand: Sequence[Item], most: int, tray: int, least_g: float, most_g: float) -> Iterator[Back]:
    """All of ``least_g`` to ``most_g`` that may come back on ``tray`` at once, up to ``most`` units.

    Units that do not differ count as one choice, likelier by their number.
    """
    first: dict[Item, int] = {}
    alike = [first.setdefault(item, place) for place, item in enumerate(hand)]
    grams = [item.grams for item in hand]
    for size in range(1, min(most, len(hand)) + 1):
        chosen: dict[tuple[int, ...], int] = {}
        for places in combinations(alike, size):
            if least_g <= sum([grams[place] for place in places]) <= most_g:
                chosen[places] = chosen.get(places, 0) + 1
        ways = comb(len(hand), size)
        for places, count in chosen.items():
            yield _back(hand, _apart(places), log(count / ways), tray)


def many_back(hand: Sequence[Item], above: int, tray: int, least_g: float, most_g: float) -> Iterator[Back]:
    """More than ``above`` units of one product, or all that is in the hand, within those weights.

    Of one product's units those side by side stand for all choices of so many of them.
    """
    ends = [n for n in range(1, len(hand)) if hand[n][:2] != hand[n - 1][:2]]
    kinds = list(zip([0, *ends], [*ends, len(hand)], strict=True))
    sums = [0.0, *accumulate([item.grams for item in hand])]
    for begin, end in kinds:
        for size in range(above + 1, end - begin + 1):
            if sums[begin + size] - sums[begin] > most_g or sums[end] - sums[end - size] < least_g:
                continue
            near = [n for n in range(begin, end - size + 1) if least_g <= sums[n + size] - sums[n] <= most_g]
            for first in near:
                prior = -log(len(kinds) * (end - begin - size + 1))
                yield _back(hand, tuple(range(first, first + size)), prior, tray)
    if len(kinds) > 1 and len(hand) > above and least_g <= sums[-1] <= most_g:
        yield _back(hand, tuple(range(len(hand))), 0.0, tray)


def _apart(places: Sequence[int]) -> tuple[int, ...]:
    """Equal units lie side by side in a hand: the second of them is in the next place."""
    apart: list[int] = []
    for place in places:
        apart.append(place if not apart or place > apart[-1] else apart[-1] + 1)
    return tuple(apart)


def _back(hand: Sequence[Item], places: tuple[int, ...], prior: float, tray: int) -> Back:
    items = [hand[place] for place in places]
    return Back(
        places=places,
        prior=prior,
        grams=sum([item.grams for item in items]),
        variance=_variance(items),
        home=all(item.home == tray for item in items),
    )


def _variance(items: Sequence[Item]) -> float:
    """Of the units' sum: those of one batch are known better together than one by one."""
    if len(items) == 1:
        return items[0].variance
    variance = sum([item.variance for item in items if item.batch is None])
    for batch in {item.batch for item in items if item.batch is not None}:
        variance += _of_batch([item for item in items if item.batch == batch], batch)
    return variance


def _of_batch(fellows: Iterable[Item], batch: Batch) -> float:
    spread = sum([item.spread for item in fellows])
    return max(LEAST_OWN_VAR, spread - spread * spread / (batch.spread + batch.variance))
