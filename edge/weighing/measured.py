"""How many pieces lie on a tray by its weight alone, beside the books. Pure; it corrects nothing.

It needs what the tray shows empty. Where more than one count fits the weight, or none does, nobody knows.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, product
from math import ceil, floor, prod, sqrt

from edge.domain.values import Place, TrayId
from edge.weighing.recording import StockedTray, Unit, unit_of, weighs

BAND_G, BAND_SD = 5.0, 3.0
"""How far a load may be from its count: 3 standard deviations and 5 g, as when selling."""
SAFE_SD = 5.0
"""So far, and 5 g, any other count has to be off, or the weight does not tell which it is. Of 3,000 random
stocks of the sample catalogue, one product a tray and not yet weighed, 2 % stayed unknown, none was wrong."""
LEVEL_SD_G = 0.5
"""Standard deviation of one level at rest."""
MOST_COUNTS = 2_000
"""Combinations of all goods but one that are looked through; four products of ten pieces have 1,331."""


@dataclass(frozen=True, slots=True)
class Empty:
    """What a tray shows with nothing on it, and the standard deviation of what is unknown of it; grams."""

    level_g: float
    error_g: float


def measured_stock(
    trays: Iterable[StockedTray], levels: Mapping[TrayId, float], empty: Mapping[TrayId, Empty]
) -> dict[Place, int | None]:
    """Pieces of each product on each of ``trays``, by weight; None where the weight does not tell.

    trays: with all that may lie on them, whatever is booked. levels: grams at rest; a tray without one, or
    without a known zero, is not known.
    """
    found: dict[Place, int | None] = {}
    for tray in trays:
        level, zero = levels.get(tray.tray), empty.get(tray.tray)
        counts = None
        if tray.goods and level is not None and zero is not None and all(map(weighs, tray.goods)):
            counts = _counts(level - zero.level_g, zero.error_g, [unit_of(good) for good in tray.goods])
        for index, good in enumerate(tray.goods):
            found[tray.tray, good.sku] = None if counts is None else counts[index]
    return found


def _counts(load_g: float, zero_sd_g: float, units: Sequence[Unit]) -> tuple[int, ...] | None:
    """The one combination of counts that weighs ``load_g``; None: none does, or another may."""
    shown = zero_sd_g**2 + LEVEL_SD_G**2
    most = [max(0, int((load_g + BAND_G) / unit.grams)) + 1 for unit in units]
    if prod(count + 1 for count in most[:-1]) > MOST_COUNTS:
        return None
    near = list(islice(_near(load_g, shown, units, most), 2))
    return near[0][0] if len(near) == 1 and near[0][1] else None


def _near(
    load_g: float, shown: float, units: Sequence[Unit], most: Sequence[int]
) -> Iterator[tuple[tuple[int, ...], bool]]:
    """Combinations that the weight does not rule out, and whether it fits them well."""
    widest = sum(n * unit.own_var + n * n * unit.lot_var for n, unit in zip(most, units, strict=True))
    reach, last = SAFE_SD * sqrt(widest + shown) + BAND_G, units[-1].grams
    for others in product(*(range(count + 1) for count in most[:-1])):
        rest = load_g - sum(n * unit.grams for n, unit in zip(others, units[:-1], strict=True))
        for n in range(max(0, ceil((rest - reach) / last)), floor((rest + reach) / last) + 1):
            off, sd = abs(rest - n * last), _sd((*others, n), units, shown)
            if off <= SAFE_SD * sd + BAND_G:
                yield (*others, n), off <= BAND_SD * sd + BAND_G


def _sd(counts: Sequence[int], units: Sequence[Unit], shown: float) -> float:
    own = sum(n * unit.own_var + n * n * unit.lot_var for n, unit in zip(counts, units, strict=True))
    return sqrt(own + shown)
