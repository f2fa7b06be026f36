"""Everything one step may have been, with its prior and its likelihood. Pure.

For one step an ``Explainer`` is asked by every hypothesis in turn; what they share is worked out once.
Priors are shares of all movements, from field figures of shelves and the method's own simulations;
ten variations of them moved exactness by less than a point.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from math import log, sqrt
from typing import NamedTuple

from edge.weighing.hand import Back, Item, backs, many_back
from edge.weighing.hypotheses import Change, Claim, Deed, Hypothesis, carried_on, level_before, stock_of
from edge.weighing.likelihood import FARTHEST_Z, FREE, log_density
from edge.weighing.position import Place, place_of
from edge.weighing.recording import Book
from edge.weighing.steps import Step
from edge.weighing.takes import SLOW_S, Fit, Shelf, Takes

RETURN_PRIOR = (log(0.85), log(0.12), log(0.03))
"""One, two, three units put back at once."""
MANY_BACK, MANY_BACK_LESS = log(0.01), log(0.5)
"""More of one product, or the whole hand; and each unit beyond the fourth."""
SMALL_HAND, LARGE_HAND = 6, 20
"""Three at once, and two within one movement, are looked at only while the hand holds few; two at once
not while it holds very many, so that nobody makes a step cost what 70 units in the hand would."""
AT_HOME, ASTRAY = log(0.85), 0.15
"""Share of put-backs on the tray the unit came from, and of those on all others together."""
PRESS, PRESS_SHORT, PRESS_DRIFTING = 0.02, 0.12, 0.5
"""A hand rests on the tray: at all; where the plateau is short; where it drifts."""
SHORT_REST_S = 0.7
HELD_MOST_S, HELD_Z, PRESSED_LEAST_G = 1.2, 3.0, 8.0
"""A plateau that is longer, without drift or tremor, and so many standard deviations below the level is no
hand's: what left is gone. From so many grams above the level a hand may have been there already."""
NOTHING, NOTHING_G, NOTHING_VAR = log(0.02), 25.0, 4.0
"""The level moved by itself: creep after a press, a slow cell."""
RELEASED = log(0.3)
"""The same where a hand rested on the tray: it is taken away again, mostly with nothing in it."""
FOREIGN_ON, FOREIGN_OFF, FOREIGN_LEAST_G = log(0.01), log(0.5), 8.0
COMPOUND_ONE, COMPOUND_TWO = log(0.005), log(0.0015)
"""One, or two, put back and others taken within one movement."""
COMPOUND_WITHIN_S, COMPOUND_LONGER = ((0.45, log(0.1)), (0.7, 0.0), (1.3, log(4.0))), log(12.0)
"""Two movements take their time: in 1,200 tuning visits of L3s 50 of them without rest between lasted
1.1 s in the median and 3 % less than 0.5 s; single ones 0.5 s."""
COMPOUND_MOST = 2
COMPOUND_SHARE = 0.8
"""Of the lightest unit: what was taken weighs at least so much."""
UNEXPLAINED = log(3e-5)


class Fitting(NamedTuple):
    """Something that comes back, alone or with a bunch taken in the same movement, and its score."""

    score: float
    z: float
    back: Back
    fit: Fit | None = None


class Explainer:
    """Explanations of ``step``. last: no later step on this tray is known, so no hand rests on it."""

    def __init__(self, step: Step, book: Book, last: bool) -> None:
        self._step, self._book = step, book
        self._slow = step.moved_s > SLOW_S
        self._press = 0.0 if last else _press_prior(step)
        self._not_pressed = log(1 - self._press)
        self._still = self._press == PRESS and step.rest_s > HELD_MOST_S and not step.trembled
        others = len(book.trays) - 1
        self._astray = log(ASTRAY / others) if others else None
        self._takes = Takes(self._slow)
        self._place = place_of(step, book)
        self._shelves: dict[tuple[Change, ...], Shelf] = {}
        self._returns: dict[tuple[tuple[Item, ...], float, float, Place | None], list[Fitting]] = {}
        self._both: dict[tuple[tuple[Item, ...], tuple[int, ...], float, float], list[Fitting]] = {}

    def claims(self, source: Hypothesis, floor: float) -> Iterator[Claim]:
        """All that ``source`` may take the step for and that weighs more than ``floor``."""
        before, before_var = level_before(source, self._step)
        carried = carried_on(source, self._step.tray)
        delta = self._step.after - before
        variance = self._step.variance_from(before, before_var)
        weight = source.weight + self._not_pressed
        lifted = self._lifted(source, delta, variance)
        if self._press:
            yield Claim(source.weight + log(self._press) + FREE, source, Deed.PRESS, lifted=lifted)
        if abs(delta) < NOTHING_G:
            own = variance + NOTHING_VAR
            prior = RELEASED if before != self._step.before else NOTHING
            yield Claim(weight + prior + log_density(delta, own), source, Deed.NOTHING)
        if carried and carried.lifted:
            return
        shelf = self._shelf(source.changes)
        # Under a resting hand the step began elsewhere: its place is the hand's, too.
        place = self._place if before == self._step.before else None
        if delta < 0:
            yield from self._fall(source, shelf, weight, floor, -delta, variance, place)
        else:
            yield from self._rise(source, weight, floor, delta, variance, place)
        if shelf.skus and source.hand:
            for both in self._compounds(source.hand, shelf, delta, variance):
                if weight + both.score < floor:
                    break
                if both.fit and shelf.holds(both.fit.bunch):
                    yield Claim(
                        weight + both.score, source, Deed.COMPOUND, both.z, shelf.skus, both.fit.bunch,
                        both.back.places,
                    )  # fmt: skip

    def _lifted(self, source: Hypothesis, delta: float, variance: float) -> bool:
        """Whether a hand that is said to be on the tray since ``delta`` can only hold something up.

        A hand that rests presses: the level rises, or it is back where it was. Below that it holds what
        it takes, but not for long and not still; or it lets go while it takes.
        """
        carried = carried_on(source, self._step.tray)
        if carried and (carried.lifted or self._step.before > carried.before + PRESSED_LEAST_G):
            return carried.lifted
        return self._still and delta < -HELD_Z * sqrt(variance + NOTHING_VAR)

    def _shelf(self, changes: tuple[Change, ...]) -> Shelf:
        found = self._shelves.get(changes)
        if found is None:
            tray = self._step.tray
            stock = sorted(stock_of(self._book, tray, changes).items())
            skus = tuple([sku for sku, _ in stock])
            units = tuple([self._book.unit(tray, sku) for sku in skus])
            found = self._shelves[changes] = Shelf(skus, units, tuple([count for _, count in stock]))
        return found

    def _fall(
        self,
        source: Hypothesis,
        shelf: Shelf,
        weight: float,
        floor: float,
        fell: float,
        variance: float,
        place: Place | None,
    ) -> Iterator[Claim]:
        if shelf.skus:
            for fit in self._takes.of(shelf, fell, variance, place):
                if weight + fit.score < floor:
                    break
                yield Claim(weight + fit.score, source, Deed.TAKE, fit.z, shelf.skus, fit.bunch)
        for index, thing in enumerate(source.foreign):
            if thing.tray == self._step.tray:
                own = thing.variance + variance
                off = fell - thing.grams
                score = weight + FOREIGN_OFF + log_density(off, own)
                yield Claim(score, source, Deed.FOREIGN_OFF, abs(off) / sqrt(own), off=index)
        yield Claim(weight + UNEXPLAINED + FREE, source, Deed.UNEXPLAINED)

    def _rise(
        self,
        source: Hypothesis,
        weight: float,
        floor: float,
        rose: float,
        variance: float,
        place: Place | None,
    ) -> Iterator[Claim]:
        if rose >= FOREIGN_LEAST_G:
            yield Claim(weight + FOREIGN_ON + FREE, source, Deed.FOREIGN_ON)
        key = (source.hand, rose, variance, place)
        if key not in self._returns:
            self._returns[key] = _ranked(self._returned(source.hand, rose, variance, place))
        for fitting in self._returns[key]:
            if weight + fitting.score < floor:
                break
            places = fitting.back.places
            yield Claim(weight + fitting.score, source, Deed.RETURN, fitting.z, back=places)

    def _returned(
        self, hand: tuple[Item, ...], rose: float, variance: float, place: Place | None
    ) -> Iterator[Fitting]:
        if not hand:
            return
        most = 3 if len(hand) <= SMALL_HAND else 2 if len(hand) <= LARGE_HAND else 1
        reach = FARTHEST_Z * sqrt(variance + most * max([item.variance for item in hand]))
        wide = FARTHEST_Z * sqrt(variance + sum([item.variance for item in hand]))
        few = backs(hand, most, self._step.tray, rose - reach, rose + reach)
        for back in chain(few, many_back(hand, most, self._step.tray, rose - wide, rose + wide)):
            own = variance + back.variance
            z = abs(rose - back.grams) / sqrt(own)
            where = AT_HOME if back.home else self._astray
            if z <= FARTHEST_Z and where is not None:
                prior = _return_prior(len(back.places)) + back.prior + where
                if place and back.home:
                    tray = self._step.tray
                    prior += place.score((self._book.unit(tray, hand[p].sku), 1) for p in back.places)
                yield Fitting(prior + log_density(rose - back.grams, own), z, back)

    def _compounds(
        self, hand: tuple[Item, ...], shelf: Shelf, delta: float, variance: float
    ) -> list[Fitting]:
        key = (hand, shelf.skus, delta, variance)
        if key not in self._both:
            self._both[key] = _ranked(self._put_and_taken(hand, shelf, delta, variance))
        return self._both[key]

    def _put_and_taken(
        self, hand: tuple[Item, ...], shelf: Shelf, delta: float, variance: float
    ) -> Iterator[Fitting]:
        weights = [unit.grams for unit in shelf.units]
        least, most = COMPOUND_SHARE * min(weights), 1.5 * COMPOUND_MOST * max(weights)
        moved_s = self._step.moved_s
        timed = next((share for upto, share in COMPOUND_WITHIN_S if moved_s <= upto), COMPOUND_LONGER)
        size = 2 if self._slow and len(hand) <= SMALL_HAND else 1
        for back in backs(hand, size, self._step.tray, delta + least, delta + most):
            where = AT_HOME if back.home else self._astray
            if where is None:
                continue
            share = (COMPOUND_ONE if len(back.places) == 1 else COMPOUND_TWO) + timed + back.prior + where
            grams, own = back.grams - delta, variance + back.variance
            for fit in self._takes.few(shelf, grams, own, COMPOUND_MOST):
                yield Fitting(share + fit.score, fit.z, back, fit)


def _return_prior(units: int) -> float:
    few = len(RETURN_PRIOR)
    return RETURN_PRIOR[units - 1] if units <= few else MANY_BACK + MANY_BACK_LESS * (units - few - 1)


def _ranked(fittings: Iterable[Fitting]) -> list[Fitting]:
    return sorted(fittings, key=lambda fitting: -fitting.score)


def _press_prior(step: Step) -> float:
    if abs(step.drift_g) > 4 + 3 * sqrt(step.after_var):
        return PRESS_DRIFTING
    return PRESS_SHORT if step.rest_s < SHORT_REST_S else PRESS
