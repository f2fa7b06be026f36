"""From the surviving hypotheses to a verdict: what is sure enough to be charged, and why the rest is not."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations
from math import sqrt

from edge.domain.values import decigrams
from edge.weighing.baskets import (
    Basket,
    baskets_of,
    calibrate,
    choices,
    counts_of,
    margin,
    named,
    strays,
    tray_baskets,
    tray_choices,
)
from edge.weighing.hand import Item
from edge.weighing.hypotheses import Deed, Foreign, Hypothesis, Path, Told
from edge.weighing.likelihood import FARTHEST_Z
from edge.weighing.policy import Policy
from edge.weighing.recording import Book
from edge.weighing.steps import Ending
from edge.weighing.verdict import Action, Happened, Reason, Say, TrayVerdict, Verdict

MOST_PERHAPS, LARGE_HAND, PERHAPS_G = 2, 20, 5.0
"""A foreign object may be so many units of a hand that is not larger, within these grams and the scatter."""

LEVEL_G, LEVEL_SHARE, LEVEL_MOST_G = 10.0, 0.15, 25.0
"""What a tray's levels may differ by that nothing explains: grams, share of its lightest unit, and never
more than this. In 2,500 visits of two simulators drift, warm-up and creep after hands left at most 12 g, on
trays whose lightest unit weighs above 110 g; on lighter ones 7 g."""

TIE_NATS, TIE_PRIOR_NATS = 1.0, 3.5
"""Two baskets that the scales tell apart by less are a tie, unless habits speak against one of them by more:
that one grip rather holds one thing than two (3 nats) must not settle it alone. Of 2,000 visits of the
levels L1 and L2 and 1,000 of the field at most one more is asked about."""

Doubt = tuple[int | None, Reason]
"""The tray's index (None: the whole session) and what is wrong there."""


def decided(
    beam: Sequence[Hypothesis],
    endings: Sequence[Ending],
    doubts: Iterable[Doubt],
    book: Book,
    policy: Policy,
) -> Verdict:
    """The verdict of the hypotheses in ``beam``. doubts: those that are no matter of hypotheses."""
    raw = baskets_of(beam)
    best = raw[0].path
    told = list(_told(best.path))
    mixed = any(len({item.sku for item in each.taken}) > 1 for each in told)
    baskets = calibrate(raw, mixed)
    found = [*doubts, *_doubts_of_endings(endings), *_doubts_of_path(told, best, policy)]
    found += _doubts_of_levels(told, endings, book)
    p = baskets[0].p
    if p < policy.sure_p or _tied(raw):
        found.append((None, Reason.AMBIGUOUS))
    shares = [calibrate(tray_baskets(beam, tray), mixed) for tray in range(len(book.trays))]
    trays = _tray_verdicts(shares, best, told, endings, found, book, policy.sure_p)
    basket = named(baskets[0].counts, book)
    return Verdict(
        say=Say.REVIEW if found else Say.CHARGE if basket else Say.EMPTY,
        basket=basket,
        p=p,
        margin=margin(raw, policy.margin_cap),
        alternatives=choices(baskets, book),
        trays=trays,
        events=tuple(_events(told, book)),
        reasons=_unique(reason for _, reason in found),
        strays=strays(best, book),
        posterior=raw[0].p,
        mixed=mixed,
    )


def _unique(reasons: Iterable[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(set(reasons)))


# --- doubts -------------------------------------------------------------------------------------------


def _told(path: Path | None) -> Iterator[Told]:
    """The explanations in the order of the steps."""
    stages = []
    while path is not None:
        stages.append(path.told)
        path = path.before
    return reversed(stages)


def _doubts_of_endings(endings: Sequence[Ending]) -> Iterator[Doubt]:
    for tray, ending in enumerate(endings):
        if ending.silent:
            yield tray, Reason.SILENT_TRAY
        if ending.unstable:
            yield tray, Reason.UNSTABLE_TRAY


def _doubts_of_path(told: Sequence[Told], best: Hypothesis, policy: Policy) -> Iterator[Doubt]:
    for each in told:
        if each.z > (policy.swap_z if each.deed is Deed.RETURN else policy.fit_z):
            yield each.step.tray, Reason.POOR_FIT
            for item in each.returned:  # its home may be charged for what did not come back
                yield item.home, Reason.POOR_FIT
        if each.mixed and len(each.taken) >= policy.bulk_units:
            yield each.step.tray, Reason.BULK
        if each.deed is Deed.UNEXPLAINED:
            yield each.step.tray, Reason.UNEXPLAINED_REMOVAL
    for thing in best.foreign:
        yield thing.tray, Reason.FOREIGN_LEFT
        for item in _perhaps(thing, best.hand):
            yield item.home, Reason.FOREIGN_LEFT
    if best.foreign:
        yield from _doubts_of_grips(told)
    for press in best.carried:
        yield press.tray, Reason.UNRESOLVED_PRESS


def _doubts_of_grips(told: Sequence[Told]) -> Iterator[Doubt]:
    """Trays from which several products went in one movement, where something nobody knows was left.

    Such a movement may have been a put-back and a take without rest between, and what was put back with
    it and taken on may be what lies elsewhere now.
    """
    for each in told:
        if len({item.sku for item in each.taken}) > 1:
            yield each.step.tray, Reason.AMBIGUOUS


def _perhaps(thing: Foreign, hand: Sequence[Item]) -> Iterator[Item]:
    """Units that may lie there as the foreign object: a hand on a tray can make a take seem later than the
    put-back that followed it. Nobody is charged for what weighs what came back.
    """
    for size in range(1, MOST_PERHAPS + 1):
        for items in combinations(hand, size) if len(hand) <= LARGE_HAND else ():
            off = thing.grams - sum(item.grams for item in items)
            if abs(off) <= PERHAPS_G + FARTHEST_Z * sqrt(thing.variance + sum(i.variance for i in items)):
                yield from items


def _doubts_of_levels(told: Sequence[Told], endings: Sequence[Ending], book: Book) -> Iterator[Doubt]:
    """Trays whose level is another one at the end than what was done there explains."""
    before: dict[int, float] = {}
    explained = [0.0] * len(endings)
    for each in told:
        step = each.step
        level = before.pop(step.tray, step.before)
        if each.deed is Deed.PRESS:
            before[step.tray] = level
        elif each.deed is not Deed.NOTHING:
            explained[step.tray] += step.after - level
    for tray, ending in enumerate(endings):
        if ending.first is None or ending.last is None:
            continue
        left = ending.last - ending.first - explained[tray]
        if abs(left) > min(LEVEL_MOST_G, max(LEVEL_G, LEVEL_SHARE * book.lightest[tray])):
            yield tray, Reason.UNEXPLAINED_REMOVAL if left < 0 else Reason.FOREIGN_LEFT


def _tied(baskets: Sequence[Basket]) -> bool:
    """Whether only habits tell the best basket from another one."""
    best = baskets[0].path
    for other in baskets[1:]:
        habits = best.prior - other.path.prior
        seen = best.weight - other.path.weight - habits
        if seen < TIE_NATS and habits < TIE_PRIOR_NATS:
            return True
    return False


# --- trays --------------------------------------------------------------------------------------------


def _tray_verdicts(
    shares: Sequence[Sequence[Basket]],
    best: Hypothesis,
    told: Sequence[Told],
    endings: Sequence[Ending],
    doubts: Sequence[Doubt],
    book: Book,
    sure_p: float,
) -> tuple[TrayVerdict, ...]:
    """Without a doubt every tray is as the best path has it; else each must be sure by itself."""
    unsure = {tray for tray, each in enumerate(shares) if each[0].p < sure_p} if doubts else set()
    if doubts and not unsure and all(tray is None for tray, _ in doubts):
        unsure = _least_sure(shares, doubts)
    residuals = _residuals(told, endings, book)
    verdicts = []
    for tray, name in enumerate(book.trays):
        goods = counts_of(item for item in best.hand if item.home == tray)
        reasons = {reason for at, reason in doubts if at == tray}
        if tray in unsure:
            reasons.add(Reason.AMBIGUOUS)
        ending = endings[tray]
        level = None if ending.first is None or ending.last is None else ending.last - ending.first
        residual = residuals.get(tray)
        verdicts.append(
            TrayVerdict(
                tray=name,
                say=Say.REVIEW if reasons else Say.CHARGE if goods else Say.EMPTY,
                delta=None if level is None else decigrams(level),
                residual=None if residual is None else decigrams(residual),
                goods=named(goods, book),
                alternatives=tray_choices(shares[tray], book),
                reasons=_unique(reasons),
            )
        )
    return tuple(verdicts)


def _least_sure(shares: Sequence[Sequence[Basket]], doubts: Sequence[Doubt]) -> set[int]:
    """Trays to review where only the session as a whole is in doubt.

    Small doubts of several trays may add up to an ambiguous basket: the worst of them is taken out.
    Any other doubt about the whole session touches every tray.
    """
    if any(reason is not Reason.AMBIGUOUS for _, reason in doubts):
        return set(range(len(shares)))
    return {min(range(len(shares)), key=lambda tray: shares[tray][0].p)}


def _residuals(told: Sequence[Told], endings: Sequence[Ending], book: Book) -> dict[int, float]:
    """Grams of each tray's change that the best path's goods and foreign objects do not explain."""
    residuals = {
        tray: ending.last - ending.first
        for tray, ending in enumerate(endings)
        if ending.first is not None and ending.last is not None
    }
    for each in told:
        tray = each.step.tray
        if tray not in residuals:
            continue
        residuals[tray] += sum(book.unit(tray, item.sku).grams for item in each.taken)
        residuals[tray] -= sum(book.unit(tray, item.sku).grams for item in each.returned)
        if each.deed in (Deed.FOREIGN_ON, Deed.FOREIGN_OFF):
            residuals[tray] -= each.step.delta
    return residuals


# --- events -------------------------------------------------------------------------------------------

_WITHOUT_GOODS = {
    Deed.PRESS: Action.TOUCH,
    Deed.NOTHING: Action.TOUCH,
    Deed.FOREIGN_ON: Action.FOREIGN_OBJECT,
    Deed.FOREIGN_OFF: Action.FOREIGN_OBJECT,
    Deed.UNEXPLAINED: Action.FOREIGN_OBJECT,
}


def _events(told: Sequence[Told], book: Book) -> Iterator[Happened]:
    for each in told:
        tray, at = each.step.tray, each.step.at
        if each.deed in _WITHOUT_GOODS:
            yield Happened(at, book.trays[tray], _WITHOUT_GOODS[each.deed], None, 0)
            continue
        home = [item for item in each.returned if item.home == tray]
        astray = [item for item in each.returned if item.home != tray]
        for action, items in ((Action.PUT_BACK, home), (Action.MISPLACED, astray), (Action.TAKE, each.taken)):
            for sku, count in counts_of(items):
                yield Happened(at, book.trays[tray], action, book.skus[sku], count)
