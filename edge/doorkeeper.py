"""Why the door stays shut, and for whom: all that is asked before a session may begin. It opens nothing."""

from collections.abc import Callable

from edge.coil import Coil
from edge.conductor import Conductor
from edge.domain.requests import Refusal
from edge.domain.roster import Account
from edge.domain.values import Instant, Kind
from edge.equipment import Equipment
from edge.gatekeeper import Gatekeeper
from edge.ledger.ledger import Ledger
from edge.purses import Purses
from edge.trays import Trays

LOCKED_OUT = "locked_out"
"""Why the counter is out of order, as a string key: by the centre's order."""


class Doorkeeper:
    """Asked by the engine alone. staffed: whether somebody is signed in to fill the counter.

    lockout: the reason of the centre's order, None: there is none.
    """

    def __init__(
        self,
        conductor: Conductor,
        equipment: Equipment,
        coil: Coil,
        gate: Gatekeeper,
        purses: Purses,
        trays: Trays,
        ledger: Ledger,
        staffed: Callable[[], bool],
        lockout: Callable[[], str | None],
    ) -> None:
        self._conductor = conductor
        self._equipment = equipment
        self._coil = coil
        self._gate = gate
        self._purses = purses
        self._trays = trays
        self._ledger = ledger
        self._staffed = staffed
        self._lockout = lockout

    @property
    def out_of_order(self) -> str:
        """Why nobody at all may open just now, as a string key; "": all is well."""
        if self._conductor.stuck or not self._ledger.can_sell():
            return "ledger"
        return self._equipment.why_unfit(idle=self._conductor.visit is None)

    def out_for_buyers(self, now: Instant) -> str:
        """Why no buyer may open just now, as a string key; "": the counter works."""
        if reason := self.out_of_order:
            return reason
        if self._lockout() is not None:
            return LOCKED_OUT
        return "scales" if self._weighs_nothing(now) else ""

    def why_shut_for_staff(self, now: Instant) -> tuple[Refusal, str] | None:
        """Why the door stays shut even for who is signed in; None: it may be opened."""
        if reason := self.out_of_order:
            return Refusal.OUT_OF_ORDER, f"the counter is out of order: {reason}"
        if self._coil.is_hot(now.mono):
            return Refusal.TOO_SOON, "the lock has to rest; try again in some seconds"
        return None

    def why_shut(self, kind: Kind, account: Account, now: Instant) -> tuple[Refusal, str] | None:
        """Why the door stays shut for ``account``; None: it may be opened. Raises LedgerError."""
        if kind not in account.kinds:
            return Refusal.NOT_ALLOWED, f"this account may not open for {kind}"
        if (visit := self._conductor.visit) is not None:
            if visit.facts.kind is Kind.BUY:
                return Refusal.BUSY, "wait until the door is shut and settled"
            return Refusal.RESTOCKING, "wait until the counter is filled"
        if self._staffed() and kind is not Kind.RESTOCK:
            return Refusal.RESTOCKING, "wait until the counter is filled"
        if refused := self.why_shut_for_staff(now):
            return refused
        return self._why_not_buy(account, now) if kind is Kind.BUY else None

    def _why_not_buy(self, account: Account, now: Instant) -> tuple[Refusal, str] | None:
        if reason := self.out_for_buyers(now):
            return Refusal.OUT_OF_ORDER, f"the counter is out of order: {reason}"
        if (why := self._gate.why_not_buy(account, now)) is not None:
            return why
        return self._purses.why_not(account, now)

    def _weighs_nothing(self, now: Instant) -> bool:
        return not any(self._trays.in_service(now.mono).values())
