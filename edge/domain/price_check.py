"""What is wrong with a price list: one sentence for each fault, with its remedy. It knows no file."""

import re
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Sequence

from edge.domain.pricing import PriceList, Promotion, PromotionKind
from edge.domain.values import Sku

_ID = re.compile(r"[a-z0-9][a-z0-9-]{0,31}")
"""No ``+``: a line's promotions are kept as ``price+reduction``."""


def problems_of(prices: PriceList, known: Container[Sku]) -> Iterator[str]:
    """Sentences naming everything that makes ``prices`` unusable. known: the catalogue's products."""
    for sku, versions in prices.prices.items():
        if sku not in known:
            yield f"price of {sku}: the catalogue has no such product; correct it or remove the price"
        for begins, times in Counter(version.begins for version in versions).items():
            if times > 1:
                yield f"price of {sku}: {times} versions begin {begins.isoformat()}; keep one"
        for version in versions:
            if version.fen < 1:
                yield f"price of {sku}: {version.fen} fen; a price is 1 fen or more"
            if version.begins.tzinfo is not None:
                yield f"price of {sku}: {version.begins.isoformat()} has an offset; write local time"
    for id, times in Counter(each.id for each in prices.promotions).items():
        if times > 1:
            yield f"promotion {id}: {times} have this id; each needs its own"
    for promotion in prices.promotions:
        yield from (f"promotion {promotion.id}: {each}" for each in _faults(promotion, known))


def group_problems(prices: PriceList, groups: Iterable[Sequence[Sku]]) -> Iterator[str]:
    """Goods that need not be told apart, one group each of ``groups``, and could come to cost unlike."""
    for group in groups:
        names = " and ".join(group)
        if len({prices.prices.get(sku, ()) for sku in group}) > 1:
            yield f"price versions of {names} differ; they are one group on a tray: give them the same"
        for each in prices.promotions:
            if len({each.covers(sku) for sku in group}) > 1:
                yield f"promotion {each.id}: has not all of {names}, one group on a tray: all of them or none"


def _faults(of: Promotion, known: Container[Sku]) -> Iterator[str]:
    if not _ID.fullmatch(of.id):
        yield "its id must be lower-case letters, digits and hyphens, 32 at most"
    for sku in of.skus:
        if sku not in known:
            yield f"the catalogue has no product {sku}; correct it or remove it"
    yield from _time_faults(of)
    if of.kind is PromotionKind.FULL_REDUCTION:
        yield from _reduction_faults(of)
    else:
        yield from _price_faults(of)


def _time_faults(of: Promotion) -> Iterator[str]:
    when = of.when
    for name, moment in (("from", when.begins), ("to", when.ends)):
        if moment is not None and moment.tzinfo is not None:
            yield f"{name} {moment.isoformat()} has an offset; write local time"
            return
    if when.begins and when.ends and when.begins >= when.ends:
        yield f"from {when.begins.isoformat()} is not before to {when.ends.isoformat()}"
    if when.hours and when.hours[0] == when.hours[1]:
        yield f"hours begin and end at {when.hours[0]:%H:%M}; leave them out for the whole day"
    if of.kind is PromotionKind.LIMITED_TIME and not (when.begins and when.ends):
        yield "LIMITED_TIME needs from and to"
    if of.kind is PromotionKind.TIME_OF_DAY and when.hours is None:
        yield 'TIME_OF_DAY needs hours, like "11:30-13:30"'


def _price_faults(of: Promotion) -> Iterator[str]:
    if (of.fixed is None) == (of.percent is None):
        yield "needs one of fen and percent, not both"
    if of.fixed is not None and of.fixed < 1:
        yield f"fen = {of.fixed}; a price is 1 fen or more"
    if of.percent is not None and not 1 <= of.percent <= 99:
        yield f"percent = {of.percent}; it is what is paid of the list price, 1 to 99"
    if (of.days_left is None) == (of.kind is PromotionKind.NEAR_EXPIRY):
        yield "days_left belongs to NEAR_EXPIRY, which needs it"
    if of.days_left is not None and of.days_left < 0:
        yield f"days_left = {of.days_left}; 0 is the last day itself"
    if of.steps or of.stacks:
        yield "steps and stacks belong to FULL_REDUCTION"


def _reduction_faults(of: Promotion) -> Iterator[str]:
    if not of.steps:
        yield "FULL_REDUCTION needs steps, like [{ over_fen = 3000, minus_fen = 500 }]"
    for step in of.steps:
        if not 1 <= step.minus <= step.over:
            yield f"step {step.over} − {step.minus}: takes off at least 1 fen and at most what it asks for"
    if of.fixed is not None or of.percent is not None or of.days_left is not None:
        yield "fen, percent and days_left do not belong to FULL_REDUCTION"
