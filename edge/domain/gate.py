"""What may be stocked and what may be sold, at the moment it matters: from papers, dates, recalls, policy.

Everything is judged here, at the counter, so a date that passes while offline counts at that local midnight.
It opens no door and books nothing.
"""

import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from typing import Literal

from edge.domain.catalogue import Product
from edge.domain.hours import Opening
from edge.domain.values import Sku


class Block(StrEnum):
    """Why goods may not be stocked or sold. Stable: pages have a sentence for each, ``block_CODE``."""

    CERT_EXPIRED = "CERT_EXPIRED"
    CERT_PENDING = "CERT_PENDING"
    CERT_SUSPENDED = "CERT_SUSPENDED"
    CERT_NONE = "CERT_NONE"
    GATE_FAILED = "GATE_FAILED"
    """Which of the seven: ``Product.failed_gates``."""
    RECALLED = "RECALLED"
    EXPIRED = "EXPIRED"
    BLOCK_WINDOW = "BLOCK_WINDOW"
    """Too near its date to be sold."""
    ALCOHOL = "ALCOHOL"
    FORBIDDEN_CATEGORY = "FORBIDDEN_CATEGORY"
    NOT_FOR_COUNTER = "NOT_FOR_COUNTER"
    NOT_COUNTABLE = "NOT_COUNTABLE"
    OTHER_SUPPLIER = "OTHER_SUPPLIER"
    OVER_CAPACITY = "OVER_CAPACITY"
    RATIO = "RATIO"
    """Too few certified goods beside it."""
    OUT_OF_SERVICE = "OUT_OF_SERVICE"
    """Its tray is out of service by order, whatever lies there."""
    NEAR_EXPIRY = "NEAR_EXPIRY"
    """A mark that blocks nothing: no ``why_not_…`` gives it."""


@dataclass(frozen=True, slots=True)
class Policy:
    """What this counter may sell, to whom and when. The defaults are those of a government office.

    certified_ratio_min: least share of certified goods, 0…1, where uncertified ones are allowed at all.
    identity: unit_staff: every account of the roster is a member of the unit whom it has checked.
    expired_tray, blocked_tray: what expired and otherwise blocked goods that lie there do to a buyer's visit.
    price_guard_pct: a price so many percent above the usual one is warned of. forbidden: categories.
    """

    certified_only: bool = True
    certified_ratio_min: Fraction = Fraction(1)
    ratio_by: Literal["facings", "sku", "value"] = "facings"
    alcohol: bool = False
    identity: Literal["any", "unit_staff"] = "any"
    expired_tray: Literal["refuse_door", "mask"] = "refuse_door"
    blocked_tray: Literal["refuse_door", "mask"] = "mask"
    hours: tuple[Opening, ...] = ()
    price_guard_pct: int = 10
    forbidden: frozenset[str] = frozenset()

    @property
    def sells_alcohol(self) -> bool:
        """Minors must not get it (未成年人保护法 art. 59): only where every buyer is known as staff."""
        return self.alcohol and self.identity == "unit_staff"


@dataclass(frozen=True, slots=True)
class Recalls:
    """What must not be sold any more: products, or single lots of them (lot None: every lot).

    lots: as the counter's file says. ordered: as the centre does, which alone lifts them.
    """

    lots: frozenset[tuple[Sku, str | None]] = field(default_factory=frozenset)
    ordered: frozenset[tuple[Sku, str | None]] = field(default_factory=frozenset)

    def whole(self, sku: Sku) -> bool:
        """Whether every lot of ``sku`` is recalled."""
        return (sku, None) in self.lots or (sku, None) in self.ordered

    def hit(self, sku: Sku, lot: str | None) -> bool:
        """Whether ``lot`` of ``sku`` is recalled. A lot that is not known ("" or None) may be the one."""
        named = {each for recalled, each in self.lots | self.ordered if recalled == sku}
        if not lot:
            return bool(named)
        return None in named or _plain(lot) in {_plain(each) for each in named if each}


NO_RECALLS = Recalls()


def _plain(lot: str) -> str:
    """A lot's number however it was typed: wide or small letters, gaps or none."""
    return "".join(unicodedata.normalize("NFKC", lot).casefold().split())


def why_not_sell(
    product: Product,
    lot_expiry: date | None,
    lot_name: str | None,
    today: date,
    policy: Policy,
    recalls: Recalls,
) -> tuple[Block, ...]:
    """Every reason not to sell a piece of this lot on ``today`` (the local day); (): it may be sold.

    lot_expiry: the last day it may be sold, None: it has none.
    """
    return (*_papers(product, today, policy), *_lot(product, lot_expiry, lot_name, today, recalls))


def why_not_plan(product: Product, today: date, policy: Policy, recalls: Recalls) -> tuple[Block, ...]:
    """Every reason to give ``product`` no place at all, whatever its lots: papers, policy, a whole recall."""
    recalled = (Block.RECALLED,) if recalls.whole(product.sku) else ()
    return (*_papers(product, today, policy), *recalled)


def why_not_stock(
    product: Product,
    lot_expiry: date | None,
    lot_name: str | None,
    today: date,
    policy: Policy,
    recalls: Recalls,
    *,
    suppliers: Collection[str] = (),
    pieces: int = 0,
    capacity: int | None = None,
    certified_share: Fraction | None = None,
) -> tuple[Block, ...]:
    """Every reason not to put this lot on a tray: those of selling, and those of the tray and the visit.

    suppliers: ids of those whose goods the visitor may bring, as ``Account.suppliers``; (): anybody's.
    pieces: what would lie there after it, of at most ``capacity``. certified_share: of the planogram with
    this product in it, see ``planogram.share_of``.
    """
    found = list(why_not_sell(product, lot_expiry, lot_name, today, policy, recalls))
    if suppliers and product.supplier_id not in suppliers:
        found.append(Block.OTHER_SUPPLIER)
    if capacity is not None and pieces > capacity:
        found.append(Block.OVER_CAPACITY)
    if certified_share is not None and is_too_few(product, certified_share, today, policy):
        found.append(Block.RATIO)
    return tuple(found)


def is_too_few(product: Product, certified_share: Fraction, today: date, policy: Policy) -> bool:
    """Whether ``product`` is one of too many uncertified ones."""
    return not product.is_certified(today) and certified_share < policy.certified_ratio_min


def is_near_expiry(product: Product, lot_expiry: date | None, today: date) -> bool:
    """Whether a piece of this lot is to be marked as near its date; past it, it is expired instead."""
    if lot_expiry is None or lot_expiry < today:
        return False
    return lot_expiry - today <= timedelta(days=product.near_expiry_days)


def _papers(product: Product, today: date, policy: Policy) -> Iterator[Block]:
    if product.category in policy.forbidden:
        yield Block.FORBIDDEN_CATEGORY
    yield from _certificate(product, today, policy)
    if product.cert_status != "NONE" and product.failed_gates(today):  # who never applied passed none
        yield Block.GATE_FAILED
    if product.age_restricted and not policy.sells_alcohol:
        yield Block.ALCOHOL
    if not product.counter_ok:
        yield Block.NOT_FOR_COUNTER
    if product.count_by_weight_max == 0:
        yield Block.NOT_COUNTABLE


def _certificate(product: Product, today: date, policy: Policy) -> Iterator[Block]:
    """A certificate that lapsed or is suspended blocks under every policy; none at all only under one."""
    match product.cert_status:
        case "ACTIVE":
            if product.cert_from is not None and today < product.cert_from:
                yield Block.CERT_PENDING
            if product.cert_to is not None and product.cert_to < today:
                yield Block.CERT_EXPIRED
        case "EXPIRED":
            yield Block.CERT_EXPIRED
        case "PENDING":
            yield Block.CERT_PENDING
        case "SUSPENDED":
            yield Block.CERT_SUSPENDED
        case _:
            if policy.certified_only:
                yield Block.CERT_NONE


def _lot(
    product: Product, expiry: date | None, lot: str | None, today: date, recalls: Recalls
) -> Iterator[Block]:
    if recalls.hit(product.sku, lot):
        yield Block.RECALLED
    if expiry is None:
        return
    if expiry < today:
        yield Block.EXPIRED
    elif expiry < today + timedelta(days=product.block_sale_days):
        yield Block.BLOCK_WINDOW
