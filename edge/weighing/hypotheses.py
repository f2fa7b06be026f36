"""One hypothesis about a session so far: what is in the hand, what changed on the trays, how it came. Pure.

It knows what an explanation does to it, not how likely the explanation is.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, auto
from typing import NamedTuple

from edge.weighing.multisets import Bunch
from edge.weighing.recording import Book, Unit
from edge.weighing.steps import Step

LOT_INFLATION = 1 + 0.35**2
"""A unit's whole variance over its own: the lot's error counts as unknown, too."""
LEAST_OWN_VAR = 0.05
"""Nobody knows an own mass better than the display shows it, grams squared."""


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


class Item(NamedTuple):
    """A unit out of its tray: it weighs what it weighed when it was taken. home: the tray it left last."""

    sku: int
    home: int
    grams: float
    variance: float


class Foreign(NamedTuple):
    """Something that is no goods of ours, lying on a tray."""

    tray: int
    grams: float
    variance: float


class Carried(NamedTuple):
    """The level of a tray before a hand rested on it: the next step there counts from it."""

    tray: int
    before: float
    before_var: float


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
    """weight: its logarithm, in nats. unexplained: removals that no goods explain."""

    weight: float
    hand: tuple[Item, ...] = ()
    changes: tuple[Change, ...] = ()
    foreign: tuple[Foreign, ...] = ()
    carried: tuple[Carried, ...] = ()
    unexplained: int = 0
    path: Path | None = None


class Claim(NamedTuple):
    """One explanation of one step by one hypothesis, before it is worked out.

    weight: the hypothesis' own with it. skus: what the indices of ``bunch`` stand for. back: places in
    the hand of what is returned. off: the index of the foreign object that leaves.
    """

    weight: float
    source: Hypothesis
    deed: Deed
    z: float = 0.0
    skus: tuple[int, ...] = ()
    bunch: Bunch | None = None
    back: tuple[int, ...] = ()
    off: int = -1


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
        tuple([(each.tray, round(each.before)) for each in hypothesis.carried]),
        hypothesis.unexplained,
    )


def follow(claim: Claim, step: Step, book: Book) -> Hypothesis:
    """The hypothesis that ``claim`` makes of its source."""
    source, tray = claim.source, step.tray
    carried = tuple([each for each in source.carried if each.tray != tray])
    before, before_var = level_before(source, step)
    if claim.deed is Deed.PRESS:
        carried = tuple(sorted((*carried, Carried(tray, before, before_var))))
    delta, variance = step.after - before, step.variance_from(before, before_var)
    returned = tuple([source.hand[place] for place in claim.back])
    kept = [item for place, item in enumerate(source.hand) if place not in claim.back]
    taken: tuple[Item, ...] = ()
    if claim.bunch is not None:
        back_grams = sum(item.grams for item in returned)
        back_var = sum(item.variance for item in returned)
        units = tuple(book.unit(tray, sku) for sku in claim.skus)
        taken = _items(claim.bunch, claim.skus, units, tray, back_grams - delta, variance + back_var)
    foreign = source.foreign
    if claim.deed is Deed.FOREIGN_ON:
        foreign = tuple(sorted((*foreign, Foreign(tray, delta, variance))))
    elif claim.deed is Deed.FOREIGN_OFF:
        foreign = foreign[: claim.off] + foreign[claim.off + 1 :]
    told = Told(step, claim.deed, claim.z, taken, returned, mixed=len(claim.skus) > 1)
    return Hypothesis(
        weight=claim.weight,
        hand=tuple(sorted((*kept, *taken))) if taken else tuple(kept),
        changes=_changed(source.changes, tray, taken, returned) if taken or returned else source.changes,
        foreign=foreign,
        carried=carried,
        unexplained=source.unexplained + (claim.deed is Deed.UNEXPLAINED),
        path=Path(told, source.path),
    )


def level_before(hypothesis: Hypothesis, step: Step) -> tuple[float, float]:
    """The level and its variance that ``step`` starts from: under a resting hand the one before it."""
    for each in hypothesis.carried:
        if each.tray == step.tray:
            return each.before, each.before_var
    return step.before, step.before_var


def _items(
    bunch: Bunch,
    skus: Sequence[int],
    units: Sequence[Unit],
    tray: int,
    grams: float,
    variance: float,
) -> tuple[Item, ...]:
    """The units of ``bunch`` with their own masses: what was measured beyond the mean is shared out."""
    total = bunch.variance + variance
    off = grams - bunch.grams
    items = []
    for index, count in bunch.units:
        unit = units[index]
        spread = unit.own_var * LOT_INFLATION
        share = spread / (spread + variance) if bunch.size == 1 else spread / total
        own = variance if bunch.size == 1 else max(LEAST_OWN_VAR, spread - spread * share)
        items += [Item(skus[index], tray, unit.grams + share * off, own)] * count
    return tuple(items)


def _changed(
    changes: tuple[Change, ...], tray: int, taken: Sequence[Item], returned: Sequence[Item]
) -> tuple[Change, ...]:
    counts = {(change.tray, change.sku): change.units for change in changes}
    for sign, items in ((-1, taken), (1, returned)):
        for item in items:
            counts[tray, item.sku] = counts.get((tray, item.sku), 0) + sign
    return tuple([Change(*place, count) for place, count in sorted(counts.items()) if count])
