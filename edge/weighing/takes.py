"""Which bunches of a tray's goods fit what one step measured, with prior and likelihood. Pure.

Small bunches come from tables, many units of one good are worked out, many mixed ones come by dynamic
programming. What hypotheses of one step share is worked out once.
"""

from collections.abc import Iterable, Sequence
from math import sqrt
from typing import NamedTuple

from edge.weighing.bulk import bulky
from edge.weighing.likelihood import FARTHEST_Z, log_density
from edge.weighing.multisets import FEW_GOODS, Bunch, bunch_of, everyday, large
from edge.weighing.position import Place
from edge.weighing.recording import Unit

SLOW_S = 1.3
"""A movement longer than this is likelier to hold several units."""
SLOW_A_UNIT, SLOW_ONE = 0.9, -0.45
"""What being slow adds for each unit beyond the first, and to every bunch, nats."""
LARGE_LEAST_G, LARGE_Z = 250.0, 3.0
"""The large table is asked from this weight on if nothing of the everyday one fits within so many sd."""
MOST_BULKY = 3
"""How often one step is worked out as an armful, for the likeliest hypotheses: once takes half a second on
a tray of 24 products, and its answer is a guess for a person."""
LISTED_FEW, LISTED_MANY = 6, 4
"""Units up to which the tables list every bunch, on a tray of few goods and of many."""


class Fit(NamedTuple):
    """A bunch that could weigh what was measured. score: prior and likelihood, in nats. Lists of fits are
    in the order of the score, the best first.
    """

    score: float
    z: float
    bunch: Bunch


class Shelf(NamedTuple):
    """What a tray holds: goods by SKU, their units' weights and counts."""

    skus: tuple[int, ...]
    units: tuple[Unit, ...]
    held: tuple[int, ...]

    def holds(self, bunch: Bunch) -> bool:
        held = self.held
        return all([held[index] >= count for index, count in bunch.units])  # noqa: C419 (a list is quicker)


class Takes:
    """Bunches for one step. slow: it lasted long enough for several movements."""

    def __init__(self, slow: bool) -> None:
        self._slow = slow
        self._bulky_left = MOST_BULKY
        self._tabled: dict[tuple[tuple[int, ...], float, float, Place | None], list[Fit]] = {}
        self._whole: dict[tuple[tuple[int, ...], tuple[int, ...], float, float, Place | None], list[Fit]] = {}
        self._few: dict[tuple[tuple[int, ...], float, float, int], list[Fit]] = {}

    def of(self, shelf: Shelf, grams: float, variance: float, place: Place | None = None) -> list[Fit]:
        """All bunches that the shelf holds and that could weigh ``grams``. place: where they lay."""
        key = (shelf.skus, shelf.held, grams, variance, place)
        if key not in self._whole:
            self._whole[key] = self._found(shelf, grams, variance, place)
        return self._whole[key]

    def few(self, shelf: Shelf, grams: float, variance: float, most: int) -> list[Fit]:
        """Those of at most ``most`` units, whether the shelf holds them or not."""
        key = (shelf.skus, grams, variance, most)
        if key not in self._few:
            near = [b for b in everyday(shelf.units).near(grams, variance) if b.size <= most]
            self._few[key] = self._fitting(shelf.units, near, grams, variance)
        return self._few[key]

    def _found(self, shelf: Shelf, grams: float, variance: float, place: Place | None) -> list[Fit]:
        key = (shelf.skus, grams, variance, place)
        if key not in self._tabled:
            self._tabled[key] = self._listed(shelf.units, grams, variance, place)
        fits = [fit for fit in self._tabled[key] if shelf.holds(fit.bunch)]
        fits += self._many_alike(shelf, grams, variance, place)
        unfit = grams >= LARGE_LEAST_G and all(fit.z > LARGE_Z for fit in fits)
        if len(shelf.skus) > 1 and unfit and self._bulky_left:
            self._bulky_left -= 1
            bunches = bulky(shelf.units, shelf.held, grams, variance)
            beyond = [bunch for bunch in bunches if bunch.size > _listed_units(shelf.units)]
            fits += self._fitting(shelf.units, beyond, grams, variance, place)
        fits.sort(key=_score, reverse=True)
        return fits

    def _listed(
        self, units: tuple[Unit, ...], grams: float, variance: float, place: Place | None
    ) -> list[Fit]:
        fits = self._fitting(units, everyday(units).near(grams, variance), grams, variance, place)
        if self._slow or (grams >= LARGE_LEAST_G and all(fit.z > LARGE_Z for fit in fits)):
            fits += self._fitting(units, large(units).near(grams, variance), grams, variance, place)
        return fits

    def _many_alike(self, shelf: Shelf, grams: float, variance: float, place: Place | None) -> list[Fit]:
        """More units of one good than the tables list: a take of 20 bottles is 20 bottles."""
        listed = _listed_units(shelf.units)
        bunches = []
        for index, unit in enumerate(shelf.units):
            near = round(grams / unit.grams)
            if near + 1 > listed:
                counts = range(max(listed + 1, near - 1), min(shelf.held[index], near + 1) + 1)
                bunches += [bunch_of(shelf.units, ((index, count),)) for count in counts]
        return self._fitting(shelf.units, bunches, grams, variance, place) if bunches else []

    def _fitting(
        self,
        units: Sequence[Unit],
        bunches: Iterable[Bunch],
        grams: float,
        variance: float,
        place: Place | None = None,
    ) -> list[Fit]:
        fits = []
        for bunch in bunches:
            own = bunch.variance + variance
            off = grams - bunch.grams
            z = abs(off) / sqrt(own)
            if z <= FARTHEST_Z:
                score = bunch.prior + log_density(off, own)
                if self._slow:
                    score += SLOW_A_UNIT * (bunch.size - 1) + SLOW_ONE
                if place:
                    score += place.score((units[index], count) for index, count in bunch.units)
                fits.append(Fit(score, z, bunch))
        fits.sort(key=_score, reverse=True)
        return fits


def _score(fit: Fit) -> float:
    return fit.score


def _listed_units(units: Sequence[Unit]) -> int:
    return LISTED_FEW if len(units) <= FEW_GOODS else LISTED_MANY
