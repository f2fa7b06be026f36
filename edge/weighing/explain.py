"""Everything one step may have been, with its prior and its likelihood. Pure.

For one step an ``Explainer`` is asked by every hypothesis in turn; what they share is worked out once.
Priors are shares of all movements, from field figures of shelves and the method's own simulations;
ten variations of them moved exactness by less than a point.
"""

from collections.abc import Iterator
from itertools import combinations
from math import comb, log, sqrt
from typing import NamedTuple

from edge.weighing.bulk import bulky
from edge.weighing.hypotheses import Claim, Deed, Hypothesis, Item, level_before, stock_of
from edge.weighing.likelihood import FARTHEST_Z, FREE, log_density
from edge.weighing.multisets import Bunch, everyday, large, of_one_good
from edge.weighing.recording import Book
from edge.weighing.steps import Step

RETURN_PRIOR = (0.85, 0.12, 0.03)
"""One, two, three units put back at once."""
MOST_RETURNED, SMALL_HAND = 2, 6
"""Three at once, and two within one movement, are looked at only while the hand holds few."""
AT_HOME, ASTRAY = log(0.85), 0.15
"""Share of put-backs on the tray the unit came from, and of those on all others together."""
PRESS, PRESS_SHORT, PRESS_DRIFTING = 0.02, 0.12, 0.5
"""A hand rests on the tray: at all; where the plateau is short; where it drifts."""
SHORT_REST_S = 0.7
NOTHING, NOTHING_G, NOTHING_VAR = log(0.02), 25.0, 4.0
"""The level moved by itself: creep after a press, a slow cell."""
FOREIGN_ON, FOREIGN_OFF, FOREIGN_LEAST_G = log(0.01), log(0.5), 8.0
COMPOUND_ONE, COMPOUND_TWO, COMPOUND_SLOW = 0.005, 0.0015, 3.0
"""One, or two, put back and others taken within one movement; likelier if it was slow."""
COMPOUND_MOST = 2
COMPOUND_SHARE = 0.8
"""Of the lightest unit: what was taken weighs at least so much."""
UNEXPLAINED = log(3e-5)
SLOW_S = 1.3
"""A movement longer than this is likelier to hold several units."""
SLOW_A_UNIT, SLOW_ONE = 0.9, -0.45
LARGE_LEAST_G, LARGE_Z = 250.0, 3.0
"""The large table is asked from this weight on if nothing of the everyday one fits within so many sd."""
MANY_ALIKE = 5
"""From this many units of one good on they are not in any table's first part."""


class Fit(NamedTuple):
    """A bunch that could weigh what was measured. score: prior and likelihood, in nats."""

    score: float
    z: float
    bunch: Bunch


class Explainer:
    """Explanations of ``step``. last: no later step on this tray is known, so no hand rests on it."""

    def __init__(self, step: Step, book: Book, last: bool) -> None:
        self._step, self._book = step, book
        self._slow = step.moved_s > SLOW_S
        self._press = 0.0 if last else _press_prior(step)
        self._not_pressed = log(1 - self._press)
        self._fits: dict[tuple[tuple[int, ...], float, float], list[Fit]] = {}
        self._bulky: dict[tuple[tuple[int, ...], tuple[int, ...], float], list[Fit]] = {}

    def claims(self, source: Hypothesis) -> Iterator[Claim]:
        """All that ``source`` may take the step for."""
        before, before_var = level_before(source, self._step)
        delta = self._step.after - before
        variance = self._step.variance_from(before, before_var)
        weight = source.weight + self._not_pressed
        if self._press:
            yield Claim(source.weight + log(self._press) + FREE, source, Deed.PRESS)
        if abs(delta) < NOTHING_G:
            own = variance + NOTHING_VAR
            yield Claim(weight + NOTHING + log_density(delta, own), source, Deed.NOTHING)
        if delta < 0:
            yield from self._fall(source, weight, -delta, variance)
        else:
            yield from self._rise(source, weight, delta, variance)
        yield from self._compounds(source, weight, delta, variance)

    # --- takes and removals ---------------------------------------------------------------------------

    def _fall(self, source: Hypothesis, weight: float, fell: float, variance: float) -> Iterator[Claim]:
        stock = stock_of(self._book, self._step.tray, source.changes)
        if stock:
            skus = tuple(sorted(stock))
            for fit in self._takes(skus, stock, fell, variance):
                yield Claim(weight + fit.score, source, Deed.TAKE, fit.z, skus, fit.bunch)
        for index, thing in enumerate(source.foreign):
            if thing.tray == self._step.tray:
                own = thing.variance + variance
                z = abs(fell - thing.grams) / sqrt(own)
                score = FOREIGN_OFF + log_density(fell - thing.grams, own)
                yield Claim(weight + score, source, Deed.FOREIGN_OFF, z, off=index)
        yield Claim(weight + UNEXPLAINED + FREE, source, Deed.UNEXPLAINED)

    def _takes(self, skus: tuple[int, ...], stock: dict[int, int], fell: float, variance: float) -> list[Fit]:
        found = self._fits.get((skus, fell, variance))
        if found is None:
            found = self._fits[skus, fell, variance] = self._listed(skus, fell, variance)
        held = [stock[sku] for sku in skus]
        fits = [fit for fit in found if all(held[index] >= n for index, n in fit.bunch.units)]
        fits += self._many_alike(skus, held, fell, variance)
        if fell >= LARGE_LEAST_G and len(skus) > 1 and all(fit.z > LARGE_Z for fit in fits):
            key = (skus, tuple(held), fell)
            if key not in self._bulky:
                self._bulky[key] = self._bulk(skus, held, fell, variance)
            fits += self._bulky[key]
        return fits

    def _listed(self, skus: tuple[int, ...], fell: float, variance: float) -> list[Fit]:
        units = tuple([self._book.unit(self._step.tray, sku) for sku in skus])
        fits = self._fitting(everyday(units).near(fell, variance), fell, variance)
        if self._slow or (fell >= LARGE_LEAST_G and all(fit.z > LARGE_Z for fit in fits)):
            fits += self._fitting(large(units).near(fell, variance), fell, variance)
        return fits

    def _fitting(self, bunches: list[Bunch], grams: float, variance: float) -> list[Fit]:
        fits = []
        for bunch in bunches:
            own = bunch.variance + variance
            z = abs(grams - bunch.grams) / sqrt(own)
            if z <= FARTHEST_Z:
                score = bunch.prior + log_density(grams - bunch.grams, own)
                if self._slow:
                    score += SLOW_A_UNIT * (bunch.size - 1) + SLOW_ONE
                fits.append(Fit(score, z, bunch))
        return fits

    def _many_alike(self, skus: tuple[int, ...], held: list[int], fell: float, variance: float) -> list[Fit]:
        """More units of one good than the tables list: a take of 20 bottles is 20 bottles."""
        units = [self._book.unit(self._step.tray, sku) for sku in skus]
        listed = 6 if len(skus) <= 7 else 4
        bunches = []
        for index, unit in enumerate(units):
            near = round(fell / unit.grams)
            if near + 1 <= listed:
                continue
            counts = range(max(listed + 1, near - 1), min(held[index], near + 1) + 1)
            bunches += [of_one_good(units, index, count) for count in counts]
        return self._fitting(bunches, fell, variance)

    def _bulk(self, skus: tuple[int, ...], held: list[int], fell: float, variance: float) -> list[Fit]:
        units = [self._book.unit(self._step.tray, sku) for sku in skus]
        bunches = [bunch for bunch in bulky(units, held, fell, variance) if bunch.size > MANY_ALIKE]
        return self._fitting(bunches, fell, variance)

    # --- returns --------------------------------------------------------------------------------------

    def _rise(self, source: Hypothesis, weight: float, rose: float, variance: float) -> Iterator[Claim]:
        if rose >= FOREIGN_LEAST_G:
            yield Claim(weight + FOREIGN_ON + FREE, source, Deed.FOREIGN_ON)
        most = MOST_RETURNED + (len(source.hand) <= SMALL_HAND)
        for places, prior in self._subsets(source.hand, most):
            grams = sum([source.hand[place].grams for place in places])
            own = variance + sum([source.hand[place].variance for place in places])
            z = abs(rose - grams) / sqrt(own)
            if z <= FARTHEST_Z:
                score = log(RETURN_PRIOR[len(places) - 1]) + prior + log_density(rose - grams, own)
                yield Claim(weight + score, source, Deed.RETURN, z, back=places)

    def _subsets(self, hand: tuple[Item, ...], most: int) -> Iterator[tuple[tuple[int, ...], float]]:
        """Places in the hand of what may come back, with the logarithm of its prior; equal ones once."""
        for size in range(1, min(most, len(hand)) + 1):
            equal: dict[tuple[Item, ...], list[tuple[int, ...]]] = {}
            for places in combinations(range(len(hand)), size):
                equal.setdefault(tuple([hand[place] for place in places]), []).append(places)
            ways = comb(len(hand), size)
            for items, alike in equal.items():
                where = self._where(items)
                if where is not None:
                    yield alike[0], log(len(alike) / ways) + where

    def _where(self, items: tuple[Item, ...]) -> float | None:
        """The logarithm of the share of put-backs on this tray; None: there is no other tray."""
        if all(item.home == self._step.tray for item in items):
            return AT_HOME
        return log(ASTRAY / (len(self._book.trays) - 1)) if len(self._book.trays) > 1 else None

    # --- both in one movement -------------------------------------------------------------------------

    def _compounds(self, source: Hypothesis, weight: float, delta: float, variance: float) -> Iterator[Claim]:
        stock = stock_of(self._book, self._step.tray, source.changes)
        if not stock or not source.hand:
            return
        skus = tuple(sorted(stock))
        units = tuple([self._book.unit(self._step.tray, sku) for sku in skus])
        least = COMPOUND_SHARE * min([unit.grams for unit in units])
        most = 2 if self._slow and len(source.hand) <= SMALL_HAND else 1
        factor = log(COMPOUND_SLOW) if self._slow else 0.0
        for places, prior in self._subsets(source.hand, most):
            items = [source.hand[place] for place in places]
            grams = sum([item.grams for item in items]) - delta
            if grams < least:
                continue
            own = variance + sum([item.variance for item in items])
            share = log(COMPOUND_ONE if len(places) == 1 else COMPOUND_TWO) + factor + prior
            near = [bunch for bunch in everyday(units).near(grams, own) if bunch.size <= COMPOUND_MOST]
            for fit in self._fitting(near, grams, own):
                if all(stock[skus[index]] >= n for index, n in fit.bunch.units):
                    score = share + fit.score
                    yield Claim(weight + score, source, Deed.COMPOUND, fit.z, skus, fit.bunch, places)


def _press_prior(step: Step) -> float:
    if abs(step.drift_g) > 4 + 3 * sqrt(step.after_var):
        return PRESS_DRIFTING
    return PRESS_SHORT if step.rest_s < SHORT_REST_S else PRESS
