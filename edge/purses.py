"""What accounts may still spend here: the roster's quotas against the ledger's entries, under the policy.

It decides who may open for money's sake, and how a sale is shared; it moves no money and asks nobody.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, datetime, time
from zoneinfo import ZoneInfo

import structlog

from edge.domain.catalogue import Catalogue
from edge.domain.quota import Purse, Quota, split, usable
from edge.domain.records import Sale
from edge.domain.requests import Refusal
from edge.domain.roster import Account, Roster
from edge.domain.values import BuyerRef, Fen, Instant, yuan
from edge.errors import LedgerError
from edge.ledger.ledger import Ledger
from edge.settings import Policy

log = structlog.get_logger(__name__)


class Purses:
    """Asked before the door opens, when a sale is written, and while nobody is there."""

    def __init__(self, policy: Policy, ledger: Ledger, zone: ZoneInfo) -> None:
        self._policy = policy
        self._ledger = ledger
        self._zone = zone
        self._lapsed: tuple[date, Roster] | None = None

    def why_not(self, account: Account, now: Instant) -> tuple[Refusal, str] | None:
        """Why ``account`` may not buy, as far as money goes; None: it may. Raises LedgerError."""
        for order_no, fen in self._ledger.owed(account.ref).items():
            text = f"{yuan(fen)} of order {order_no} is still to be paid; the unit's office settles it"
            return Refusal.UNPAID, text
        if account.quota is not None and self._ledger.spent(account.ref) >= account.quota:
            return Refusal.NO_QUOTA, "the account's quota is used up"
        if reason := self._bought_enough(account.ref, now):
            return Refusal.NO_QUOTA, reason
        bound = account.quotas and self._policy.over_quota == "refuse"
        if bound and not usable(self._of(account), self._day(now)):
            return Refusal.NO_QUOTA, "the account has no quota left that runs today"
        return None

    def pay(self, account: Account | None, sale: Sale, catalogue: Catalogue, opened: Instant) -> Sale:
        """``sale`` with who pays it, by the day on which the door opened. Raises LedgerError.

        account: None where the roster has it no more; then it pays as it is.
        """
        if account is None:
            return sale
        if not account.quotas:
            return replace(sale, unit=account.unit)
        codes = {each.county_zh: each.county_code for each in catalogue.products.values()}
        owed = self._policy.over_quota == "refuse"
        parts = split(sale.lines, self._of(account), self._day(opened), owed=owed, codes=codes)
        return replace(sale, unit=account.unit, paid=parts)

    def lapse(self, roster: Roster, now: Instant) -> None:
        """Once a day, and for each new roster: what quotas that have ended still held is the unit's again.

        Raises LedgerError, and is then to be tried again.
        """
        today = self._day(now)
        if self._lapsed == (today, roster):
            return
        if ended := list(self._ended(roster.accounts.values(), today)):
            self._ledger.lapse(ended, now)
        self._lapsed = today, roster

    def follow_up(self, roster: Roster, now: Instant) -> None:
        """``lapse`` while nobody is at the door; where the ledger refuses, once more with the next step."""
        try:
            if self._ledger.can_sell():
                self.lapse(roster, now)
        except LedgerError as error:
            log.error("lapse_not_written", error=str(error))

    def _ended(self, accounts: Iterable[Account], today: date) -> Iterator[tuple[BuyerRef, Quota, Fen]]:
        for account in accounts:
            for purse in self._of(account):
                if purse.left > 0 and purse.quota.valid_to < today:
                    yield account.ref, purse.quota, purse.left

    def _of(self, account: Account) -> list[Purse]:
        if not account.quotas:
            return []
        drawn = self._ledger.drawn(account.ref)
        return [
            Purse(quota, Fen(max(0, quota.cap - drawn.get(quota.id, Fen(0))))) for quota in account.quotas
        ]

    def _bought_enough(self, buyer: BuyerRef, now: Instant) -> str:
        """Which limit of the day is reached, "": none."""
        fen, pieces = self._policy.per_day_fen, self._policy.per_day_pieces
        if fen is None and pieces is None:
            return ""
        midnight = datetime.combine(self._day(now), time(), self._zone)
        bought = self._ledger.bought(buyer, midnight)
        if fen is not None and bought[0] >= fen:
            return f"the {yuan(Fen(fen))} that a person may spend here a day are spent; come again tomorrow"
        if pieces is not None and bought[1] >= pieces:
            return f"the {pieces} pieces that a person may take a day are taken; come again tomorrow"
        return ""

    def _day(self, now: Instant) -> date:
        return now.wall.astimezone(self._zone).date()
