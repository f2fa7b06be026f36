"""A session's end: its record in the ledger, what it leaves behind, its receipt and its recording.

It decides nothing about the session and changes none of its states. A record that the ledger refuses
waits here, and is tried again.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import structlog

from edge.alarms import AlarmBook
from edge.domain.basket import movements_of, sale_of
from edge.domain.records import ClosedSession, Sale
from edge.domain.restock_books import booked_by, intake_of, lines_of
from edge.domain.session import State
from edge.domain.values import Instant, Kind
from edge.domain.verdict import NOTHING
from edge.errors import LedgerError
from edge.flights import Flight
from edge.ledger.ledger import Ledger
from edge.ledger.sessions import AlreadyClosed
from edge.recognition import FOREIGN
from edge.showing import Receipt
from edge.trays import Trays
from edge.turn import Turn
from edge.visit import Visit

log = structlog.get_logger(__name__)

LODGED = "FOREIGN_OBJECT"
"""Alarm on a tray where something lies that is no goods of ours: who takes it away has bought nothing."""
RETRY_S = 1.0
"""Between two tries to record a session that the ledger refused."""


class Closing:
    """At most one record waits. today: the local business day of a moment, for certificates."""

    def __init__(
        self,
        ledger: Ledger,
        alarms: AlarmBook,
        trays: Trays,
        channel: str,
        today: Callable[[Instant], date],
        recorded: Callable[[ClosedSession, bool], None],
        paid: Callable[[Sale, Visit], Sale],
    ) -> None:
        """recorded: told of each session once the ledger has it, and whether it was seen from end to end.

        paid: a sale with who pays it; may raise LedgerError.
        """
        self._ledger = ledger
        self._alarms = alarms
        self._trays = trays
        self._channel = channel
        self._today = today
        self._recorded = recorded
        self._paid = paid
        self._record: ClosedSession | None = None
        self.retry_at = 0.0

    @property
    def pending(self) -> bool:
        """Whether a finished session still waits for the ledger."""
        return self._record is not None

    def prepare(self, visit: Visit, now: Instant) -> None:
        """Make the record of ``visit``, which has come to its end."""
        facts, products = visit.facts, visit.catalogue.products
        verdict = NOTHING if visit.state is State.CANCELLED else visit.verdict
        buying, signed = facts.kind is Kind.BUY, visit.signed
        self._record = ClosedSession(
            id=facts.id,
            kind=facts.kind,
            state=visit.state,
            opener=facts.opener,
            verdict=verdict.verdict,
            reasons=verdict.reasons or ((visit.notice,) if visit.notice else ()),
            opened=facts.opened,
            closed=now,
            catalogue=facts.catalogue,
            channel=self._channel,
            trays=tuple(tray for tray in verdict.trays if tray.verdict != "empty" or tray.events),
            sale=sale_of(verdict.trays, facts, products, self._today(now)) if buying else None,
            movements=movements_of(facts.kind, verdict, visit.lots) if signed is None else booked_by(signed),
            restock=None if signed is None else lines_of(signed),
            signer=visit.signer,
            intake=() if signed is None else intake_of(signed, self._today(now)),
        )

    def write(self, visit: Visit, now: Instant, turn: Turn) -> Receipt | None:
        """Close the session in one transaction. None: the ledger refused, and it waits for another try."""
        closed = self._record
        assert closed is not None
        order_no = None
        if visit.begun:
            try:
                if closed.sale is not None:
                    closed = replace(closed, sale=self._paid(closed.sale, visit))
                order_no = self._ledger.close_session(closed, now)
            except AlreadyClosed:
                log.critical("session_recorded_before")
            except LedgerError as error:
                log.error("session_not_recorded", error=str(error))
                visit.notice, self.retry_at = "ledger", now.mono + RETRY_S
                return None
            self._remember_levels(now)
            self._tell_lodged(visit, closed, now)
            self._recorded(closed, visit.recognition.whole)
        self._record = None
        receipt = Receipt(closed, visit, order_no, now)
        turn.sessions.append(receipt.session())
        weighed = visit.recognition
        if visit.begun and weighed.whole:
            flight = Flight(weighed.recording(closed.id), weighed.policy, closed.kind, self._today(now))
            turn.flights.append(flight)
        return receipt

    def _remember_levels(self, now: Instant) -> None:
        """For the next start of the program, to tell what changed while it was off."""
        try:
            self._ledger.set_baseline(self._trays.rest_levels(now.mono), now)
        except LedgerError as error:
            log.error("weights_not_remembered", error=str(error))

    def _tell_lodged(self, visit: Visit, closed: ClosedSession, now: Instant) -> None:
        """Note what a buyer left behind until staff have had the door open."""
        if closed.kind is not Kind.BUY:
            for tray in visit.lodged if visit.door_seen_open else ():
                self._alarms.clear(LODGED, tray, now)
            return
        for found in closed.trays:
            if FOREIGN in found.reasons:
                detail = "something was left on it that is no goods of ours"
                self._alarms.raise_(LODGED, found.tray, "MINOR", detail, now, session=closed.id)
        for stray in visit.verdict.strays:
            if not stray.sure:  # it may weigh like the tray's own goods and would be sold as one of them
                detail = "goods of another tray lie on it, and which is not sure"
                self._alarms.raise_(LODGED, stray.to_tray, "MINOR", detail, now, session=closed.id)
