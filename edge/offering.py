"""What goods cost just now at this counter: the price list, seen with what lies there and what was dealt.

It asks the ledger for the last deals and decides nothing: the rules are ``edge.domain.pricing``'s.
"""

from collections.abc import Iterable, Mapping
from datetime import date
from zoneinfo import ZoneInfo

import structlog

from edge.domain.planogram import Planogram
from edge.domain.pricing import COMPARE_DAYS, Priced, Terms, terms_of
from edge.domain.records import OpenSession
from edge.domain.stock import Lots
from edge.domain.values import Fen, Instant, Place, Sku
from edge.errors import LedgerError
from edge.ledger.ledger import Ledger
from edge.turn import Goods

log = structlog.get_logger(__name__)

DEALS_S = 60.0
"""How long an answer about the last deals holds while nothing is sold."""


class Offering:
    """The counter's prices, moment by moment. zone: the counter's own, for local times."""

    def __init__(self, ledger: Ledger, zone: ZoneInfo) -> None:
        self._ledger = ledger
        self._zone = zone
        self._deals: Mapping[Sku, Fen] = {}
        self._deals_until = 0.0

    def sold(self) -> None:
        """A session has ended: the last deals are others now."""
        self._deals_until = 0.0

    def terms(self, goods: Goods, now: Instant) -> Terms:
        """What everything costs that is planned or booked anywhere."""
        lots, known = self._ledger.lots(), goods.catalogue.products
        lying = (*(facing.sku for facing in goods.planogram.facings), *(sku for _, sku in lots))
        skus = [sku for sku in dict.fromkeys(lying) if sku in known]
        dates, deals = dates_of(goods.planogram, lots), self._lowest_deals(goods, now)
        return terms_of(known, skus, dates, goods.prices, now.wall.astimezone(self._zone), deals)

    def _lowest_deals(self, goods: Goods, now: Instant) -> Mapping[Sku, Fen]:
        """Asked only where a promotion might strike a price through. Where it is not known nothing is."""
        if not goods.prices.promotions or now.mono < self._deals_until:
            return self._deals
        self._deals_until = now.mono + DEALS_S
        try:
            self._deals = self._ledger.lowest_deals(now, COMPARE_DAYS)
        except LedgerError as error:
            log.error("deals_not_read", error=str(error))
            self._deals = {}
        return self._deals


def dates_of(planogram: Planogram, lots: Mapping[Place, Lots]) -> dict[Place, date]:
    """The earliest date at each place where pieces with a date lie."""
    days = ((place, planogram.expires_on(place, held)) for place, held in lots.items())
    return {place: day for place, day in days if day is not None}


def promoted(terms: Terms, skus: Iterable[Sku]) -> dict[Sku, Priced]:
    """Of ``skus``, those that cost less than their list price, as a grant keeps them."""
    return {sku: terms.offered[sku] for sku in skus if terms.offered[sku].promotion}


def shown(facts: OpenSession | None, now: Terms) -> Terms:
    """What screens show: the terms of the session under way, else those of now."""
    if facts is None:
        return now
    granted = {sku: Priced(fen, fen) for sku, fen in facts.prices.items()}
    return Terms(facts.price_list, {**now.offered, **granted, **facts.offered}, facts.promotions)
