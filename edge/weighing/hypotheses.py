"""One hypothesis about a session so far: what is in the hand, what changed on the trays, how it came. Pure.

It knows what an explanation does to it, not how likely the explanation is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from edge.weighing.hand import Item, order_of, taken, without
from edge.weighing.multisets import Bunch
from edge.weighing.recording import Book
from edge.weighing.steps import Step


class Deed(Enum):
    """What a step may have been."""

    TAKE = auto()
    RETURN = auto()
    COMPOUND = auto()
    PRESS = auto()
    NOTHING = auto()
    FOREIGN_ON = auto()
    FOREIGN_OFF = auto()
    UNEXPLAINED = auto()


class Foreign(NamedTuple):
    """Something that is no goods of ours, lying on a tray."""

    tray: int
    grams: float
    variance: float


class Carried(NamedTuple):
    """The level of a tray before a hand was on it: the next step there counts from it.

    lifted: something hung in the hand, quietly and for long; it can only have been put down again.
    """

    tray: int
    before: float
    before_var: float
    lifted: bool = False


class Change(NamedTuple):
    """Units that came to a tray since the door opened; below 0: that left it."""

    tray: int
    sku: int
    units: int


@dataclass(frozen=True, slots=True)
class Told:
    """One step's explanation on the path of a hypothesis. z: how badly it fits, standard deviations."""

    step: Step
    deed: Deed
    z: float
    taken: tuple[Item, ...] = ()
    returned: tuple[Item, ...] = ()
    mixed: bool = False


class Path(NamedTuple):
    """Explanations so far, the latest first."""

    told: Told
    before: "Path | None"


class Hypothesis(NamedTuple):
    """weight: its logarithm, in nats. unexplained: removals that no goods explain. prior: what of the weight
    only says how often people take such bunches.
    """

    weight: float
    hand: tuple[Item, ...] = ()
    changes: tuple[Change, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    carried: tuple[Carried, ...] = ()
    unexplained: int = 0
    path: Path | None = None
    prior: float = 0.0


class Claim(NamedTuple):
    """One explanation of one step by one hypothesis, before it is worked out.

    weight: the hypothesis' own with it. skus: what the indices of ``bunch`` stand for. back: places in
    the hand of what is returned. off: the index of the foreign object that leaves. lifted: see ``Carried``.
    """

    weight: float
    source: Hypothesis
    deed: Deed
    z: float = 0.0
    skus: tuple[int, ...] = ()
    bunch: Bunch | None = None
    back: tuple[int, ...] = ()
    off: int = -1
    lifted: bool = False


def stock_of(book: Book, tray: int, changes: Sequence[Change]) -> dict[int, int]:
    """Units on ``tray`` after ``changes``, by SKU; those that are gone are left out."""
    stock = dict(book.stock[tray])
    for change in changes:
        if change.tray == tray:
            stock[change.sku] = stock.get(change.sku, 0) + change.units
    return {sku: count for sku, count in stock.items() if count > 0}


def key_of(hypothesis: Hypothesis) -> object:
    """Equal for hypotheses that the future cannot tell apart: masses to the gram."""
    return (
        tuple([(item.sku, item.home, round(item.grams)) for item in hypothesis.hand]),
        hypothesis.changes,
        tuple([(each.tray, round(each.grams)) for each in hypothesis.foreign]),
        tuple([(each.tray, round(each.before), each.lifted) for each in hypothesis.carried]),
        hypothesis.unexplained,
    )


def follow(claim: Claim, step: Step, book: Book) -> Hypothesis:
    """The hypothesis that ``claim`` makes of its source."""
    source, tray = claim.source, step.tray
    before, before_var = level_before(source, step)
    delta, variance = step.after - before, step.variance_from(before, before_var)
    hand, back, new = source.hand, [source.hand[place] for place in claim.back], []
    if claim.bunch is not None:
        grams = sum([item.grams for item in back]) - delta
        own = variance + sum([item.variance for item in back])
        new = taken(claim.bunch, claim.skus, book, tray, step.began, grams, own)
        kept = without(hand, claim.back, book, grams + delta, own) if back else list(hand)
        hand = tuple(sorted(kept + new, key=order_of))
    elif back:
        hand = tuple(sorted(without(hand, claim.back, book, delta, variance), key=order_of))
    told = Told(step, claim.deed, claim.z, tuple(new), tuple(back), mixed=len(claim.skus) > 1)
    return Hypothesis(
        weight=claim.weight,
        hand=hand,
        changes=_changed(source.changes, tray, new, back) if new or back else source.changes,
        foreign=_foreign(claim, tray, delta, variance),
        carried=_carried(claim, tray, before, before_var),
        unexplained=source.unexplained + (claim.deed is Deed.UNEXPLAINED),
        path=Path(told, source.path),
        prior=source.prior + (claim.bunch.prior if claim.bunch else 0.0),
    )


def _foreign(claim: Claim, tray: int, delta: float, variance: float) -> tuple[Foreign, ...]:
    lying = claim.source.foreign
    if claim.deed is Deed.FOREIGN_ON:
        return tuple(sorted((*lying, Foreign(tray, delta, variance))))
    if claim.deed is Deed.FOREIGN_OFF:
        return lying[: claim.off] + lying[claim.off + 1 :]
    return lying


def _carried(claim: Claim, tray: int, before: float, before_var: float) -> tuple[Carried, ...]:
    others = claim.source.carried
    if others:
        others = tuple([each for each in others if each.tray != tray])
    if claim.deed is Deed.PRESS:
        return tuple(sorted((*others, Carried(tray, before, before_var, claim.lifted))))
    return others


def level_before(hypothesis: Hypothesis, step: Step) -> tuple[float, float]:
    """The level and its variance that ``step`` starts from: under a resting hand the one before it."""
    each = carried_on(hypothesis, step.tray)
    return (each.before, each.before_var) if each else (step.before, step.before_var)


def carried_on(hypothesis: Hypothesis, tray: int) -> Carried | None:
    """What is remembered of the level of ``tray`` from before a hand was on it."""
    return next((each for each in hypothesis.carried if each.tray == tray), None)


def _changed(
    changes: tuple[Change, ...], tray: int, taken: Sequence[Item], returned: Sequence[Item]
) -> tuple[Change, ...]:
    counts = {(change.tray, change.sku): change.units for change in changes}
    for sign, items in ((-1, taken), (1, returned)):
        for item in items:
            counts[tray, item.sku] = counts.get((tray, item.sku), 0) + sign
    return tuple([Change(*place, count) for place, count in sorted(counts.items()) if count])
