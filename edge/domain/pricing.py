"""What a piece costs at a moment, and what a full reduction takes off a basket. No file, no clock, no ledger.

The counter asks when a door is granted, the centre when it checks a sale: the same functions. The rules::

    list price   the newest version that has begun; the catalogue's where there is none
    its price    the lowest of the list price and what each promotion in force asks; ties: the first id
    reduction    over what one sale has of its goods, X fen at least: Y fen less. The best single step of
                 all reductions in force, never more than these goods cost, shared out over their lines
    stacking     a piece at a promotion's price neither counts for a reduction nor gets a share of it,
                 unless the reduction says ``stacks``
    strike       the list price is struck through only where it is no more than the lowest deal of the last
                 7 days at this outlet, and there was one (明码标价和禁止价格欺诈规定, art. 16)

Times are the counter's local wall time. A promotion is in force from its beginning to just before its end.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from enum import StrEnum

from edge.domain.catalogue import Product
from edge.domain.values import Fen, Place, Sku

COMPARE_DAYS = 7
"""How far back a struck-through price is compared (明码标价和禁止价格欺诈规定, art. 16)."""


class PromotionKind(StrEnum):
    LIMITED_TIME = "LIMITED_TIME"
    TIME_OF_DAY = "TIME_OF_DAY"
    NEAR_EXPIRY = "NEAR_EXPIRY"
    FULL_REDUCTION = "FULL_REDUCTION"


@dataclass(frozen=True, slots=True)
class PriceVersion:
    """A list price from a moment on (local wall time)."""

    begins: datetime
    fen: Fen


@dataclass(frozen=True, slots=True)
class Step:
    """``over``: what the goods must come to at least; ``minus``: what is taken off then."""

    over: Fen
    minus: Fen


@dataclass(frozen=True, slots=True)
class When:
    """Local moments: begins ≤ moment < ends, on ``weekdays`` (0: Monday; none: every day), within ``hours``.

    hours: from the first to just before the second; where the second is not later, across midnight, and
    then the weekday is the one on which they began. None: no such limit.
    """

    begins: datetime | None = None
    ends: datetime | None = None
    weekdays: tuple[int, ...] = ()
    hours: tuple[time, time] | None = None

    def holds(self, at: datetime) -> bool:
        at = at.replace(tzinfo=None)
        if (self.begins and at < self.begins) or (self.ends and at >= self.ends):
            return False
        day = at.date()
        if self.hours is not None:
            first, last = self.hours
            if first < last:
                if not first <= at.time() < last:
                    return False
            elif at.time() < last:
                day -= timedelta(days=1)
            elif at.time() < first:
                return False
        return not self.weekdays or day.weekday() in self.weekdays


@dataclass(frozen=True, slots=True)
class Promotion:
    """One promotion. skus: (): all goods. zh, en: what screens call it.

    fixed, percent: what a piece costs, in fen or as percents of the list price, rounded down; exactly one
    for every kind but FULL_REDUCTION. days_left: of a NEAR_EXPIRY, at most so many days until the date of
    the earliest lot; 0: that day itself. steps, stacks: of a FULL_REDUCTION.
    """

    id: str
    kind: PromotionKind
    zh: str
    en: str
    skus: tuple[Sku, ...] = ()
    when: When = When()
    fixed: Fen | None = None
    percent: int | None = None
    days_left: int | None = None
    steps: tuple[Step, ...] = ()
    stacks: bool = False

    def covers(self, sku: Sku) -> bool:
        return not self.skus or sku in self.skus

    def price(self, list_fen: Fen) -> Fen | None:
        """What a piece costs by it; None for a reduction, which has no price of its own."""
        if self.percent is not None:
            return Fen(list_fen * self.percent // 100)
        return self.fixed

    def minus(self, total: Fen) -> Fen:
        """What its best step takes off goods that come to ``total``."""
        return Fen(min(total, max((step.minus for step in self.steps if step.over <= total), default=0)))

    def near(self, today: date, expires_on: date | None) -> bool:
        """Whether goods of that date are near enough to it; true where that is no condition."""
        if self.days_left is None:
            return True
        return expires_on is not None and 0 <= (expires_on - today).days <= self.days_left


@dataclass(frozen=True, slots=True)
class PriceList:
    """Price versions by product, oldest first, and promotions. version: "": no such file."""

    version: str = ""
    prices: Mapping[Sku, tuple[PriceVersion, ...]] = field(default_factory=dict)
    promotions: tuple[Promotion, ...] = ()

    def list_price(self, product: Product, at: datetime) -> Fen:
        """The newest version's that has begun; the catalogue's where none has."""
        moment = at.replace(tzinfo=None)
        begun = [each for each in self.prices.get(product.sku, ()) if each.begins <= moment]
        return max(begun, key=lambda each: each.begins).fen if begun else product.price


NO_PRICES = PriceList()


@dataclass(frozen=True, slots=True)
class Priced:
    """What one piece costs. strike_fen: a struck-through price that may be shown. promotion: "": none."""

    fen: Fen
    list_fen: Fen
    strike_fen: Fen | None = None
    promotion: str = ""


def price_of(
    product: Product,
    prices: PriceList,
    at: datetime,
    expires_on: date | None,
    lowest_deal: Mapping[Sku, Fen] | None = None,
) -> Priced:
    """What a piece of ``product`` costs at ``at`` (local).

    expires_on: the earliest date of the pieces there. lowest_deal: the lowest deal price of the last 7 days
    by product; a product that is not in it has no struck-through price.
    """
    listed = prices.list_price(product, at)
    asked = [
        (fen, promotion.id)
        for promotion in prices.promotions
        if promotion.covers(product.sku)
        and promotion.when.holds(at)
        and promotion.near(at.date(), expires_on)
        if (fen := promotion.price(listed)) is not None and fen < listed
    ]
    if not asked:
        return Priced(listed, listed)
    fen, promotion_id = min(asked)
    lowest = (lowest_deal or {}).get(product.sku)
    strike = listed if lowest is not None and listed <= lowest else None
    return Priced(fen, listed, strike, promotion_id)


@dataclass(frozen=True, slots=True)
class PricedLine:
    """A basket's line as a reduction sees it. promoted: its pieces have a promotion's price."""

    sku: Sku
    amount: Fen
    promoted: bool = False


@dataclass(frozen=True, slots=True)
class Reduced:
    """What is taken off each line, in their order. promotion: "" where nothing is."""

    promotion: str
    shares: tuple[Fen, ...]

    @property
    def total(self) -> Fen:
        return Fen(sum(self.shares))


def reductions_at(prices: PriceList, at: datetime) -> tuple[Promotion, ...]:
    """The full reductions in force at ``at`` (local)."""
    return tuple(each for each in prices.promotions if each.steps and each.when.holds(at))


def reduction_of(lines: Sequence[PricedLine], prices: PriceList, at: datetime) -> Reduced:
    """What the best reduction in force at ``at`` takes off ``lines``."""
    return reduced(lines, reductions_at(prices, at))


def reduced(lines: Sequence[PricedLine], reductions: Iterable[Promotion]) -> Reduced:
    """What the best of ``reductions`` takes off ``lines``: one step of one of them; ties: the first id."""
    best = Reduced("", (Fen(0),) * len(lines))
    for each in sorted(reductions, key=lambda each: each.id):
        amounts = [line.amount if _counts(line, each) else Fen(0) for line in lines]
        off = each.minus(Fen(sum(amounts)))
        if off > best.total:
            best = Reduced(each.id, shared_out(off, amounts))
    return best


def _counts(line: PricedLine, reduction: Promotion) -> bool:
    return reduction.covers(line.sku) and (reduction.stacks or not line.promoted)


def shared_out(off: Fen, amounts: Sequence[Fen]) -> tuple[Fen, ...]:
    """``off`` in whole fen over ``amounts``, in their proportion: largest remainder; ties: the first line.

    No share is more than its amount. off: at most the sum of ``amounts``.
    """
    total = sum(amounts)
    if total == 0:
        return (Fen(0),) * len(amounts)
    shares = [off * amount // total for amount in amounts]
    by_rest = sorted(range(len(amounts)), key=lambda n: (-(off * amounts[n] % total), n))
    for n in by_rest[: off - sum(shares)]:
        shares[n] += 1
    return tuple(Fen(share) for share in shares)


@dataclass(frozen=True, slots=True)
class Terms:
    """What goods cost at one moment. version: of the price list.

    promotions: those ``offered`` names, and the reductions in force.
    """

    version: str
    offered: Mapping[Sku, Priced]
    promotions: tuple[Promotion, ...] = ()

    def named(self, id: str) -> Promotion | None:
        """The promotion of that id; None where there is none."""
        return next((each for each in self.promotions if each.id == id), None)

    def reduction_for(self, sku: Sku) -> Promotion | None:
        """The first full reduction for which pieces of ``sku`` count at this price; None: there is none."""
        line = PricedLine(sku, Fen(0), bool(self.offered[sku].promotion))
        found = [each for each in self.promotions if each.steps and _counts(line, each)]
        return min(found, key=lambda each: each.id, default=None)


def terms_of(
    products: Mapping[Sku, Product],
    skus: Iterable[Sku],
    dates: Mapping[Place, date],
    prices: PriceList,
    at: datetime,
    lowest_deal: Mapping[Sku, Fen],
) -> Terms:
    """What each of ``skus`` costs at ``at`` (local).

    dates: the earliest at each place where pieces with a date lie. A product has one price at a time: where
    it lies on two trays with two dates, the lower of the two prices.
    """
    of: dict[Sku, set[date | None]] = {sku: {None} for sku in skus}
    for (_, sku), day in dates.items():
        if sku in of:
            of[sku].add(day)
    offered = {}
    for sku, days in of.items():
        found = (price_of(products[sku], prices, at, day, lowest_deal) for day in days)
        offered[sku] = min(found, key=lambda each: (each.fen, each.promotion))
    used = {each.promotion for each in offered.values()}
    promotions = [each for each in prices.promotions if each.id in used]
    reductions = [each for each in reductions_at(prices, at) if any(map(each.covers, offered))]
    kept = tuple(_for_these(each, offered) for each in (*promotions, *reductions))
    return Terms(prices.version, offered, kept)


def _for_these(promotion: Promotion, skus: Container[Sku]) -> Promotion:
    """``promotion`` without goods that are not here: a session's journal keeps it."""
    return replace(promotion, skus=tuple(sku for sku in promotion.skus if sku in skus))
