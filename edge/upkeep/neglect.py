"""Tells the operator of a counter that nobody looks after any more. It knows stock and visits, and one alarm.

The next restock clears it. The ledger is asked at the start and when the stock has become low; else memory
is enough.
"""

from collections.abc import Mapping
from datetime import datetime

from edge.alarms import AlarmBook
from edge.domain.abandoned import is_low, low_since, why_abandoned
from edge.domain.planogram import Planogram
from edge.domain.records import ClosedSession
from edge.domain.session import State
from edge.domain.values import Instant, Kind, Place
from edge.ledger.ledger import Ledger

KIND, SUBJECT = "ABANDONED", "counter"
EVERY_S = 600.0
"""Between two looks; days are what matters."""


class Neglect:
    """days: so many may pass without a restock."""

    def __init__(self, days: int, ledger: Ledger, alarms: AlarmBook) -> None:
        self._days = days
        self._ledger = ledger
        self._alarms = alarms
        self._visited: datetime | None = None
        self._low: datetime | None = None
        self._look_at = 0.0

    def recorded(self, closed: ClosedSession) -> None:
        """A session stands in the ledger: a restock counts, whatever it brought."""
        if closed.kind is Kind.RESTOCK and closed.state != State.CANCELLED:
            self._visited, self._look_at = closed.closed.wall, 0.0

    def look(self, planogram: Planogram, on_hand: Mapping[Place, int], now: Instant) -> None:
        """Called at every idle step. Raises LedgerError."""
        if now.mono < self._look_at:
            return
        self._look_at = now.mono + EVERY_S
        if self._visited is None:
            self._visited = self._ledger.visited()
        pieces, par = sum(on_hand.values()), sum(facing.par for facing in planogram.facings)
        if not is_low(pieces, par):
            self._low = None
        elif self._low is None:
            self._low = self._ledger.ask_moved(lambda moved: low_since(pieces, par, moved))
        why = why_abandoned(self._visited, self._low, now.wall, self._days)
        if why:
            self._alarms.raise_(KIND, SUBJECT, "MAJOR", why, now)
        else:
            self._alarms.clear(KIND, SUBJECT, now)
