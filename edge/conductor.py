"""Carries one door session out: looks events up in the table and performs their effects.

It owns the session under way and writes its journal; its record is ``closing``'s work. Who may open,
what the screen shows and what happens to a door without a session are others' too.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace

import msgspec
import structlog

from edge.alarms import AlarmBook
from edge.closing import LODGED, Closing
from edge.domain.pricing import Terms
from edge.domain.records import OpenSession
from edge.domain.requests import AnswerRequest
from edge.domain.restock import Row
from edge.domain.session import Effect, Event, State
from edge.domain.sheet import Sheet
from edge.domain.values import BuyerRef, Decigrams, Instant, Kind, Place, SessionId, TrayId
from edge.door_events import door_events
from edge.errors import LedgerError
from edge.hardware.signals import DoorState, Pace, SetPace, Sweep, Unlock, UnlockDone, Unlocked
from edge.ledger.ledger import Ledger
from edge.offering import promoted
from edge.recognition import LEAD_S, Recognition, Weight, policy_of, stocked
from edge.restocking.journal import signed_verdict
from edge.settings import Settings
from edge.showing import Receipt
from edge.trays import Trays
from edge.turn import Goods, Turn
from edge.visit import Visit, resumed
from edge.weighing.filling import Band

log = structlog.get_logger(__name__)

QUIET_S = 1.1
"""Rest before the bolt moves: recognition takes each tray's noise and level from its first second."""
WEIGH_WAIT_S = 1.6
"""How long a granted request waits for trays that still move before it opens without their weight."""
RELOCK_S = 3.0
"""How long the bolt may take to come back after the pull limit."""
UNLOCK_WITHIN_S = 1.0
"""An unlock that could not be sent within this is refused, never played late."""

_BLIND = (Event.BOLT_STUCK, Event.RELOCK_TIMEOUT)
"""Limits that say nothing while the lock board says nothing."""

_ALARMS: dict[Effect, tuple[str, str, str, str, str]] = {
    Effect.ALARM_BOLT_STUCK: ("BOLT_STUCK", "lock", "MAJOR", "the bolt did not move", "bolt_stuck"),
    Effect.ALARM_NOT_LOCKED: ("NOT_LOCKED", "lock", "CRITICAL", "the bolt did not come back", ""),
    Effect.ALARM_NOT_LATCHED: ("NOT_LATCHED", "door", "MAJOR", "shut, but the bolt is not out", "latch"),
    Effect.ALARM_OPEN_TOO_LONG: ("DOOR_OPEN", "door", "MAJOR", "the door is open too long", "door_alarm"),
    Effect.ALARM_FORCED: ("FORCED_ENTRY", "door", "CRITICAL", "the door opened unasked", ""),
}
"""Effect → alarm kind, subject, severity, detail, and the notice that the buyer sees."""


class Conductor:
    """At most one session at a time. Every method takes the present moment; none waits."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        alarms: AlarmBook,
        trays: Trays,
        closing: Closing,
        over: Callable[[Mapping[TrayId, Decigrams]], None],
    ) -> None:
        """over: told when a session ends; given weights of before that it does not account for."""
        self._limits = settings.session
        self._policy = policy_of(settings.weighing)
        self._band = Band(settings.weighing.band_k, settings.weighing.band_const_g)
        self._ledger = ledger
        self._alarms = alarms
        self._trays = trays
        self._closing = closing
        self._over = over
        self._turn = Turn()
        self.visit: Visit | None = None
        self.receipt: Receipt | None = None
        """The last session's result, until another begins."""

    @property
    def stuck(self) -> bool:
        """Whether a finished session still waits for the ledger."""
        return self._closing.pending

    def begin(
        self,
        session: SessionId,
        kind: Kind,
        opener: BuyerRef,
        goods: Goods,
        learnt: Mapping[Place, Weight],
        terms: Terms,
        blocked: Iterable[TrayId],
        now: Instant,
        turn: Turn,
        command: str = "",
    ) -> None:
        """A request was granted: weigh, then move the bolt. Prices are those of this moment.

        learnt: what pieces weigh, where the counter knows better than the catalogue. terms: what they cost.
        blocked: trays that nothing is sold from. command: the centre's, where it asked for the door.
        """
        self._turn = turn
        stock, planogram = self._ledger.on_hand(), goods.planogram
        lying = stocked(planogram, goods.catalogue, stock, learnt)
        prices = {good.sku: terms.offered[good.sku].fen for tray in lying for good in tray.goods}
        skus = {tray: planogram.skus(tray) for tray in planogram.trays}
        facts = OpenSession(
            session,
            kind,
            opener,
            now,
            goods.catalogue.version,
            {},
            prices,
            skus=skus,
            offered=promoted(terms, prices),
            promotions=terms.promotions,
            price_list=terms.version,
            blocked=tuple(sorted(blocked)),
            command=command,
        )
        weighed = Recognition(lying, now.mono, self._policy, facts.before)
        self.visit = Visit(facts, now.mono, goods.catalogue, planogram, stock, self._band, weighed)
        self.visit.lots, self.visit.blocked = self._ledger.lots(), frozenset(facts.blocked)
        self.visit.lodged = frozenset(TrayId(tray) for tray in self._alarms.subjects(LODGED))
        self.receipt = None
        turn.jobs.append(SetPace(Pace.BUSY))
        self._happen(Event.GRANT, now)

    def resume(self, goods: Goods, learnt: Mapping[Place, Weight], now: Instant, turn: Turn) -> None:
        """Take up the session that the journal left open, if any. The bolt is never pulsed again."""
        facts = self._ledger.unfinished()
        if facts is None:
            return
        self._turn, planogram, catalogue = turn, goods.planogram, goods.catalogue
        stock = self._ledger.on_hand()
        weighed = Recognition(stocked(planogram, catalogue, stock, learnt), now.mono, self._policy)
        self.visit = resumed(facts, now, catalogue, planogram, stock, self._band, weighed, self._trays)
        self.visit.lots, self.visit.blocked = self._ledger.lots(), frozenset(facts.blocked)
        self.visit.lodged = frozenset(TrayId(tray) for tray in self._alarms.subjects(LODGED))
        log.warning("session_resumed", pulsed=facts.pulsed, door_opened=facts.door_opened)
        turn.jobs.append(SetPace(Pace.BUSY))
        self._happen(Event.RESUME if facts.pulsed else Event.RESUME_UNSENT, now)

    def hear_sweep(self, sweep: Sweep, now: Instant, turn: Turn) -> None:
        """New readings have come to the trays."""
        self._turn, visit = turn, self.visit
        if visit is None or self.stuck:
            return
        if visit.state is State.GRANTED:
            self._weigh_before(visit, now)
            return
        visit.recognition.hear(sweep.readings)
        if visit.state is State.OPEN:
            self._note_steps(visit, now)
        elif visit.state is State.SETTLING and not visit.asking and self._steady(visit, now):
            self._happen(Event.STEADY, now)

    def _steady(self, visit: Visit, now: Instant) -> bool:
        return self._trays.all_rest(now.mono, since=visit.latched_at)

    def hear_answer(self, answer: AnswerRequest, now: Instant, turn: Turn) -> bool:
        """The buyer says which of two explanations is right. False: nothing was asked, or not of them."""
        self._turn, visit = turn, self.visit
        if visit is None or visit.question is None or self.stuck:
            return False
        if answer.session not in (None, visit.facts.id) or answer.choice not in (None, 0, 1):
            return False
        self._journal(visit, "answered", {"choice": answer.choice}, now)
        if answer.choice is not None:
            visit.verdict = visit.answered(answer.choice, self._trays)
        self._happen(Event.ANSWERED, now)
        return True

    # --- a restock's sheet --------------------------------------------------------------------------
    def note_sheet(self, sheet: Sheet, note: Mapping[str, object], now: Instant) -> None:
        """The restocker typed something, or took it back. Raises LedgerError; then nothing was typed."""
        visit = self.visit
        assert visit is not None
        self._ledger.journal(visit.facts.id, "sheet", note, now)
        visit.sheet = sheet

    def let_in(self, now: Instant, turn: Turn) -> None:
        """From the sheet back to the trays. The bolt is pulsed at once or not at all."""
        self._turn, visit = turn, self.visit
        assert visit is not None
        visit.let_in_until = now.mono + UNLOCK_WITHIN_S + self._limits.pull_s
        self._journal(visit, "let_in", {}, now)
        turn.jobs.append(Unlock(visit.facts.id, now.mono + UNLOCK_WITHIN_S))

    def sign(self, rows: tuple[Row, ...], signer: BuyerRef, now: Instant, turn: Turn) -> None:
        """``signer`` signs the sheet as ``rows`` say: everything of it is booked in one transaction."""
        self._turn, visit = turn, self.visit
        assert visit is not None
        visit.signed, visit.signer, visit.signing = rows, signer, False
        visit.verdict = signed_verdict(visit.verdict, rows)
        self._happen(Event.SIGNED, now)

    def see_door(self, seen: DoorState, now: Instant, turn: Turn) -> None:
        self._turn, visit = turn, self.visit
        if visit is None or self.stuck:
            return
        visit.door_unknown = visit.is_untold_by(seen)
        visit.unlocked = seen.locked is False
        if visit.signing and visit.unlocked and seen.closed and now.mono > visit.let_in_until + RELOCK_S:
            self._perform(Effect.ALARM_NOT_LOCKED, visit, now)
        if visit.found_reopened(seen):
            self._perform(Effect.MARK_REOPENED, visit, now)
            self._perform(Effect.ALARM_FORCED, visit, now)
        for event in door_events(visit, seen):
            if self.visit is visit:
                self._happen(event, now)

    def unlock_done(self, done: UnlockDone, now: Instant, turn: Turn) -> None:
        self._turn, visit = turn, self.visit
        if visit is None or visit.facts.id != done.job or visit.state is not State.UNLOCKING:
            return
        log.info("unlock", outcome=done.outcome)
        visit.door_unknown = True  # what was seen before the pulse says nothing of the bolt after it
        if done.outcome in (Unlocked.EXPIRED, Unlocked.LINE_GONE) and not visit.bolt_moved:
            self._happen(Event.NOT_SENT, now)

    def pass_time(self, now: Instant, turn: Turn) -> None:
        """Let time-outs come."""
        self._turn, visit = turn, self.visit
        if visit is None:
            return
        if self.stuck:
            if now.mono >= self._closing.retry_at:
                self._write(visit, now)
            return
        for event in visit.due(now.mono):
            if self.visit is visit:
                blind = event in _BLIND and visit.door_unknown
                visit.blind = visit.blind or blind
                self._happen(Event.BOLT_UNSEEN if blind else event, now)

    def due(self) -> float:
        """When the next time-out comes (monotonic seconds); infinity: none runs."""
        if self.stuck:
            return self._closing.retry_at
        return min(self.visit.timers.values(), default=float("inf")) if self.visit else float("inf")

    # --- events and effects -----------------------------------------------------------------------
    def _happen(self, event: Event, now: Instant) -> None:
        visit = self.visit
        assert visit is not None
        effects = visit.handle(event)
        log.info("session", happened=event, state=visit.state)
        for effect in effects:
            self._perform(effect, visit, now)

    def _perform(self, effect: Effect, visit: Visit, now: Instant) -> None:
        timers, limits = visit.timers, self._limits
        match effect:
            case Effect.WEIGH_BEFORE:
                timers[Event.WEIGH_TIMEOUT] = visit.zero + WEIGH_WAIT_S
                self._weigh_before(visit, now)
            case Effect.PULSE_LOCK:
                self._pulse(visit, now)
            case Effect.AWAIT_PULL:
                timers.pop(Event.BOLT_STUCK, None)
                timers[Event.PULL_TIMEOUT] = now.mono + limits.pull_s
            case Effect.AWAIT_RELOCK:
                timers[Event.RELOCK_TIMEOUT] = now.mono + RELOCK_S
            case Effect.WATCH:
                if visit.signing:
                    visit.go_back()
                visit.watch_open_door(now.mono, limits.warn_s, limits.alarm_s)
                self._journal(visit, "door_opened" if visit.door_seen_open else "resumed", {}, now)
            case Effect.AWAIT_LATCH:
                self._journal(visit, "door_closed", {}, now)
                timers[Event.LATCH_TIMEOUT] = now.mono + limits.latch_s
            case Effect.AWAIT_REST:
                self._latched(visit, now)
            case Effect.DECIDE:
                self._decide(visit, now)
            case Effect.ASK_BUYER:
                timers.pop(Event.REST_TIMEOUT, None)
                timers[Event.ANSWER_TIMEOUT] = now.mono + limits.ask_s
            case Effect.AWAIT_SIGNATURE:
                timers.pop(Event.REST_TIMEOUT, None)
                visit.signing = True
            case Effect.CONCLUDE:
                visit.question = None
                self._conclude(visit, now)
            case Effect.BEEP:
                visit.notice = "door_long"
            case Effect.MARK_REOPENED:
                visit.reopen()
                self._journal(visit, "reopened", {}, now)
            case Effect.RECORD:
                timers.clear()
                self._closing.prepare(visit, now)
                self._write(visit, now)
            case Effect.FINISH:
                self.visit = None
                self._over(self._unexplained(visit, now))
                self._turn.jobs.append(SetPace(Pace.IDLE))
            case _:
                kind, subject, severity, detail, notice = _ALARMS[effect]
                visit.notice = notice or visit.notice
                self._alarms.raise_(kind, subject, severity, detail, now, session=visit.facts.id)

    def _unexplained(self, visit: Visit, now: Instant) -> Mapping[TrayId, Decigrams]:
        """Weights of before the end of ``visit`` that nothing it says accounts for."""
        if self.receipt is not None and self.receipt.closed.state == State.CANCELLED:
            return visit.facts.before
        return self._trays.silent_levels(now.mono) if visit.facts.kind is Kind.BUY else {}

    def _weigh_before(self, visit: Visit, now: Instant) -> None:
        """Note every resting tray's weight; wait for the living ones that move, but not for ever."""
        quiet = self._trays.all_rest(now.mono, rest_s=QUIET_S)
        if not quiet and now.mono < visit.zero + WEIGH_WAIT_S:
            return
        visit.timers.pop(Event.WEIGH_TIMEOUT, None)
        visit.facts.before.update(self._trays.rest_levels(now.mono))
        self._trays.forget_steps()
        visit.recognition.hear(self._trays.lately(visit.zero - LEAD_S))
        self._happen(Event.WEIGHED, now)

    def _pulse(self, visit: Visit, now: Instant) -> None:
        """Intent first, then the pulse: after a crash between the two nothing is pulsed again."""
        try:
            self._ledger.begin_session(replace(visit.facts, pulsed=True), now)
            visit.begun = True
        except LedgerError as error:
            log.error("intent_not_written", error=str(error))
            visit.notice = "ledger"
            self._happen(Event.NOT_SENT, now)
            return
        self._turn.jobs.append(Unlock(visit.facts.id, now.mono + UNLOCK_WITHIN_S))
        visit.timers[Event.BOLT_STUCK] = now.mono + UNLOCK_WITHIN_S + self._limits.bolt_s

    def _latched(self, visit: Visit, now: Instant) -> None:
        self._alarms.clear("NOT_LATCHED", "door", now)
        self._alarms.clear("DOOR_OPEN", "door", now)
        self._journal(visit, "latched", {}, now)
        visit.timers.clear()
        visit.timers[Event.REST_TIMEOUT] = now.mono + self._limits.settle_s
        visit.notice, visit.latched_at = "", now.mono

    def _note_steps(self, visit: Visit, now: Instant) -> None:
        if (news := visit.news()) is not None:
            self._journal(visit, "step", msgspec.to_builtins(news, str_keys=True), now)

    def _journal(self, visit: Visit, note: str, body: Mapping[str, object], now: Instant) -> None:
        """A note that helps a resumed session. Without it the session still has its weights before."""
        try:
            self._ledger.journal(visit.facts.id, note, body, now)
        except LedgerError as error:
            log.error("journal_not_written", note=note, error=str(error))

    # --- the end ------------------------------------------------------------------------------------
    def _decide(self, visit: Visit, now: Instant) -> None:
        self._note_steps(visit, now)
        visit.decide(self._trays, now.mono)
        if visit.facts.kind is Kind.RESTOCK and not visit.shut_throughout(visit.verdict):
            self._happen(Event.SHEET, now)
        elif visit.question is not None and self._limits.ask_s > 0:
            self._happen(Event.ASK, now)
        else:
            visit.question = None
            self._conclude(visit, now)

    def _conclude(self, visit: Visit, now: Instant) -> None:
        verdict = visit.verdict.verdict
        if verdict == "review" and visit.shut_throughout(visit.verdict):
            self._happen(Event.NEVER_OPENED, now)
        elif verdict == "review":
            self._happen(Event.DOUBT, now)
        elif verdict == "charge":
            self._happen(Event.CHARGE, now)
        elif not visit.door_seen_open:
            self._happen(Event.NEVER_OPENED, now)
        else:
            self._happen(Event.NOTHING, now)

    def _write(self, visit: Visit, now: Instant) -> None:
        """Record the session. A failure keeps it waiting, and nothing else is sold."""
        receipt = self._closing.write(visit, now, self._turn)
        if receipt is not None:
            self.receipt = receipt
            self._happen(Event.RECORDED, now)
