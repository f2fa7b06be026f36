"""The counter's loop as one step: inputs → session → effects. It alone knows devices and ledger both.

``Engine.step(inputs, now)`` never waits, reads no clock and starts nothing: jobs for the bus, answers
for people, PINs to check and pictures for the screens come back in a ``Turn``. The shell around it
(app.py) has the threads. What may follow what in a door session stands in domain/session's table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from zoneinfo import ZoneInfo

import structlog

from edge.alarms import AlarmBook
from edge.closing import Closing
from edge.coil import Coil
from edge.conductor import Conductor
from edge.domain.records import Sale
from edge.domain.redact import redacted
from edge.domain.reports import FaultReport
from edge.domain.requests import (
    Accepted,
    AnswerRequest,
    AppealRequest,
    BadgeChecked,
    OpenRequest,
    PinChecked,
    Refusal,
    Refused,
    Request,
    RestockRequest,
    SignedIn,
    SignInRequest,
)
from edge.domain.roster import Account, Roster
from edge.domain.tokens import TokenBook
from edge.domain.values import Decigrams, Instant, Kind, SessionId, TrayId
from edge.entrance import Entrance
from edge.equipment import Equipment
from edge.errors import LedgerError
from edge.gatekeeper import Gatekeeper
from edge.hardware.signals import (
    DeviceAlarm,
    DoorState,
    LineState,
    Misconfigured,
    Sweep,
    UnlockDone,
)
from edge.idle_door import IdleDoor
from edge.in_force import put_in_force
from edge.ledger.ledger import Ledger
from edge.offering import Offering
from edge.outfit.policies import gate_policy
from edge.purses import Purses
from edge.restocking.desk import Restocking
from edge.restocking.rows import Rows
from edge.settings import Settings
from edge.showing import RESULT_S, Showing
from edge.trays import Trays
from edge.turn import CentreSeen, FilesRead, Goods, Input, Turn
from edge.upkeep.upkeep import Upkeep
from edge.visit import Visit

log = structlog.get_logger(__name__)

CHECKPOINT_S = 60.0
"""How often the ledger's log is folded back while nobody is at the door."""


class Engine:
    """One counter. It owns the ledger and every decision; give it everything it may touch."""

    def __init__(
        self,
        settings: Settings,
        goods: Goods,
        ledger: Ledger,
        random_hex: Callable[[int], str],
        now: Instant,
    ) -> None:
        """random_hex: that many unguessable bytes as hex digits. Takes up an unfinished session."""
        limits = settings.session
        self._goods = goods = goods.settled(ledger.planogram())
        self._next_goods: Goods | None = None
        self._ledger = ledger
        self._random_hex = random_hex
        self._zone = ZoneInfo(settings.counter.timezone)
        self._tokens = TokenBook(limits.token_new_s, limits.token_ttl_s, lambda: random_hex(16))
        ledger.know_accounts({each.login: each.ref for each in goods.roster.accounts.values()}, now)
        self._entrance = Entrance(self._tokens, ledger, limits.pin_tries, limits.pin_lock_s)
        self._alarms = AlarmBook(ledger)
        self._trays = Trays()
        unfinished = ledger.unfinished() is not None
        left = {} if unfinished else {t: base.weight for t, base in ledger.baselines().items()}
        change_g = settings.weighing.band_const_g
        self._idle_door = IdleDoor(self._alarms, self._trays, change_g, limits.latch_s, left)
        self._gate = Gatekeeper(settings, self._alarms)
        self._upkeep = Upkeep(settings, ledger, self._alarms, self._trays, now)
        recorded, channel = self._upkeep.recorded, settings.counter.channel
        self._purses = Purses(settings.policy, ledger, self._zone)
        closing = Closing(ledger, self._alarms, self._trays, channel, self._today, recorded, self._paid)
        over = self._session_over
        self._conductor = Conductor(settings, ledger, self._alarms, self._trays, closing, over)
        self._restocking = self._make_restocking(settings)
        self._showing = Showing(settings.counter, self._tokens)
        self._offering = Offering(ledger, self._zone)
        self._equipment = Equipment(self._alarms, now)
        self._online = False
        self._coil = Coil(settings.lock.rest_s, settings.lock.pulses_a_minute)
        self._checkpoint_at = now.mono + CHECKPOINT_S
        self._first = Turn()
        self._apply(goods, now)
        self._conductor.resume(goods, self._upkeep.learnt(goods), now, self._first)

    @property
    def goods(self) -> Goods:
        """What is in force."""
        return self._goods

    @property
    def _people(self) -> Roster:
        """Who may come in. Goods wait for an idle moment, a restock's sheet may wait long: people do not."""
        waiting = self._next_goods if self._conductor.visit is not None else None
        return (waiting or self._goods).roster

    def _make_restocking(self, settings: Settings) -> Restocking:
        policy, max_load_g = gate_policy(settings), settings.weighing.max_load_g
        measured = self._upkeep.measured
        rows = Rows(self._ledger, self._trays, measured, policy, max_load_g, self._today)
        return Restocking(
            self._conductor,
            self._alarms,
            rows,
            self._trays,
            self._today,
            open_door=self._open_for_staff,
            why_shut=self._why_shut_for_staff,
            apply=self._apply,
            roster=lambda: self._people,
        )

    def step(self, inputs: Sequence[Input], now: Instant) -> Turn:
        """Take ``inputs`` in order, let time-outs come, and say what is to be done."""
        turn, self._first = self._first, Turn()
        self._look_at_gate(now)
        self._settle_entrance(now)
        for item in inputs:
            self._take(item, now, turn)
        self._pass_time(now, turn)
        self._show(now, turn)
        turn.due = self._due(now)
        return turn

    @property
    def out_of_order(self) -> str:
        """Why nobody may open just now, as a string key; "": all is well."""
        if self._conductor.stuck or not self._ledger.can_sell():
            return "ledger"
        return self._equipment.why_unfit(idle=self._conductor.visit is None)

    def _take(self, item: Input, now: Instant, turn: Turn) -> None:
        match item:
            case Sweep():
                self._trays.hear(item)
                self._conductor.hear_sweep(item, now, turn)
            case DoorState():
                self._on_door(item, now, turn)
            case UnlockDone():
                self._conductor.unlock_done(item, now, turn)
            case DeviceAlarm():
                self._equipment.hear_device(item, now)
            case LineState():
                self._equipment.hear_line(item, now)
            case Misconfigured():
                self._equipment.hear_misconfigured(item, now)
            case FaultReport():
                self._upkeep.hear_report(item, now)
                turn.answers.append(Accepted(item.id))
            case Goods():
                self._next_goods = item
                self._goods = replace(self._goods, recalls=item.recalls)  # a recall waits for nobody
            case FilesRead():
                self._gate.hear_files(item, now)
            case CentreSeen():
                self._online = item.online
            case _:
                self._on_person(item, now, turn)

    # --- devices ------------------------------------------------------------------------------------
    def _on_door(self, seen: DoorState, now: Instant, turn: Turn) -> None:
        self._equipment.see_door(seen)
        if self._conductor.visit is not None:
            if self._conductor.stuck:  # the visitor has gone: who opens now is somebody else
                self._see_idle_door(seen, now)
            self._conductor.see_door(seen, now, turn)
        else:
            self._see_idle_door(seen, now)

    def _see_idle_door(self, seen: DoorState, now: Instant) -> None:
        self._idle_door.see(seen, now)
        if seen.closed is False:
            self._upkeep.door_open(now)

    def _session_over(self, unexplained: Mapping[TrayId, Decigrams]) -> None:
        receipt = self._conductor.receipt
        if receipt is not None and receipt.closed.restock is not None and receipt.order_no:
            self._restocking.finished(receipt.order_no)
        self._idle_door.session_over(unexplained)
        self._offering.sold()
        self._upkeep.session_over()

    # --- people -------------------------------------------------------------------------------------
    def _on_person(self, item: Request | PinChecked | BadgeChecked, now: Instant, turn: Turn) -> None:
        """Answer a request. Where the ledger cannot be written, nobody is let in."""
        try:
            match item:
                case OpenRequest():
                    self._entrance.ask(item, self._people, now, turn)
                case SignInRequest():
                    self._entrance.sign_in(item, self._people, now, turn)
                case BadgeChecked():
                    known = self._entrance.recognise(item, self._people, now, turn)
                    if known is not None:
                        self._sign_in(*known, now, turn)
                case RestockRequest():
                    self._restocking.ask(item, self._goods, now, turn)
                case PinChecked():
                    self._on_pin(item, now, turn)
                case AppealRequest():
                    self._on_appeal(item, now, turn)
                case AnswerRequest():
                    self._on_answer(item, now, turn)
        except LedgerError as error:
            log.error("request_not_written", error=str(error))
            if isinstance(item, OpenRequest | SignInRequest):
                self._entrance.abandon(item)
            turn.answers.append(Refused(item.id, Refusal.OUT_OF_ORDER, "the counter is out of order: ledger"))

    def _settle_entrance(self, now: Instant) -> None:
        """What the step before left to write, once its jobs were on their way."""
        try:
            self._entrance.settle(now)
        except LedgerError as error:
            log.error("tries_not_forgotten", error=str(error))

    def _on_pin(self, checked: PinChecked, now: Instant, turn: Turn) -> None:
        admitted = self._entrance.admit(checked, self._people, now, turn)
        if admitted is None:
            return
        request, account = admitted
        if isinstance(request, SignInRequest):
            self._sign_in(request, account, now, turn)
            return
        # The token is looked at before anything else and used up only by a granted request.
        refusal = self._tokens.check(request.token, now.mono)
        why = (refusal, "scan the screen's code again") if refusal else self._why_shut(request, account, now)
        if why is not None:
            self._entrance.refuse(request, *why, turn)
            return
        self._tokens.redeem(request.token, now.mono)
        secret = self._random_hex(16) if request.kind is Kind.RESTOCK else ""
        session = self._open(request.kind, account, now, turn)
        if request.kind is Kind.RESTOCK:
            self._restocking.sign_in(account, secret, now)
        self._entrance.grant(request, session, secret, turn)

    def _open(self, kind: Kind, account: Account, now: Instant, turn: Turn) -> SessionId:
        """Begin a session of ``account``, to whom nothing speaks against it."""
        session = SessionId(self._random_hex(16))
        self._coil.pulsed(now.mono)
        self._idle_door.session_begins(kind, now)
        learnt = self._upkeep.learnt(self._goods)
        terms = self._offering.terms(self._goods, now)
        blocked = self._gate.held.masked
        self._conductor.begin(session, kind, account.ref, self._goods, learnt, terms, blocked, now, turn)
        return session

    def _sign_in(self, request: SignInRequest, account: Account, now: Instant, turn: Turn) -> None:
        secret = self._random_hex(16)
        if refused := self._restocking.sign_in(account, secret, now):
            self._entrance.refuse(request, *refused, turn)
        else:
            turn.answers.append(SignedIn(request.id, secret))

    def _open_for_staff(self, account: Account, now: Instant, turn: Turn) -> tuple[Refusal, str] | None:
        """The door for who is signed in, at first or once more from the sheet; None: it is being opened."""
        if refused := self._why_shut_for_staff(now):
            return refused
        if self._conductor.visit is None:
            self._open(Kind.RESTOCK, account, now, turn)
        else:
            self._coil.pulsed(now.mono)
            self._conductor.let_in(now, turn)
        return None

    def _why_shut_for_staff(self, now: Instant) -> tuple[Refusal, str] | None:
        if reason := self.out_of_order:
            return Refusal.OUT_OF_ORDER, f"the counter is out of order: {reason}"
        if self._coil.is_hot(now.mono):
            return Refusal.TOO_SOON, "the lock has to rest; try again in some seconds"
        return None

    def _why_shut(self, request: OpenRequest, account: Account, now: Instant) -> tuple[Refusal, str] | None:
        """Why the door stays shut for ``account``; None: it may be opened."""
        if request.kind not in account.kinds:
            return Refusal.NOT_ALLOWED, f"this account may not open for {request.kind}"
        if (visit := self._conductor.visit) is not None:
            if visit.facts.kind is Kind.BUY:
                return Refusal.BUSY, "wait until the door is shut and settled"
            return Refusal.RESTOCKING, "wait until the counter is filled"
        if self._restocking.staff is not None and request.kind is not Kind.RESTOCK:
            return Refusal.RESTOCKING, "wait until the counter is filled"
        if refused := self._why_shut_for_staff(now):
            return refused
        return self._why_not_buy(account, now) if request.kind is Kind.BUY else None

    def _why_not_buy(self, account: Account, now: Instant) -> tuple[Refusal, str] | None:
        if self._weighs_nothing(now):
            return Refusal.OUT_OF_ORDER, "the counter is out of order: scales"
        self._look_at_gate(now)
        if (why := self._gate.why_not_buy(account, now)) is not None:
            return why
        return self._purses.why_not(account, now)

    def _paid(self, sale: Sale, visit: Visit) -> Sale:
        """``sale`` with who pays it. Raises LedgerError."""
        account = self._goods.roster.of(visit.facts.opener)
        return self._purses.pay(account, sale, visit.catalogue, visit.facts.opened)

    def _weighs_nothing(self, now: Instant) -> bool:
        return not any(self._trays.in_service(now.mono).values())

    def _look_at_gate(self, now: Instant) -> None:
        """What is blocked now is not sold, nor is what is found to be recalled while a visit lasts.

        A buyer's visit is judged on the day of its grant: neither a midnight nor a clock that is put right
        meanwhile unmakes what was on sale when the door opened, as with prices.
        """
        visit = self._conductor.visit
        buying = visit is not None and visit.facts.kind is Kind.BUY
        at = visit.facts.opened if visit is not None and buying else now
        self._gate.look(self._goods, self._ledger.lots(), at)
        if visit is not None:
            visit.blocked |= self._gate.held.masked

    def _on_appeal(self, appeal: AppealRequest, now: Instant, turn: Turn) -> None:
        if self._ledger.appeal(appeal.session, redacted(appeal.reason), now):
            turn.answers.append(Accepted(appeal.id))
        else:
            text = "no closed session of that id"
            turn.answers.append(Refused(appeal.id, Refusal.UNKNOWN_SESSION, text))

    def _on_answer(self, answer: AnswerRequest, now: Instant, turn: Turn) -> None:
        if self._conductor.hear_answer(answer, now, turn):
            turn.answers.append(Accepted(answer.id))
        else:
            text = "nothing is asked just now, or it was answered; the receipt shows what came of it"
            turn.answers.append(Refused(answer.id, Refusal.NOT_ASKED, text))

    # --- time, goods, pictures ----------------------------------------------------------------------
    def _pass_time(self, now: Instant, turn: Turn) -> None:
        self._entrance.forget(now.mono)
        self._alarms.retry(now)
        self._conductor.pass_time(now, turn)
        self._restocking.pass_time(now)
        if self._conductor.visit is not None:
            return
        self._idle_door.follow_up(now)
        self._upkeep.idle(self._goods, now)
        self._lapse(now)
        if self._next_goods is not None:
            goods, self._next_goods = self._next_goods, None
            self._apply(goods.settled(self._ledger.planogram()), now)
        self._look_at_gate(now)
        self._gate.tell(now)
        if now.mono >= self._checkpoint_at:
            self._checkpoint_at = now.mono + CHECKPOINT_S
            self._ledger.checkpoint()

    def _lapse(self, now: Instant) -> None:
        """Quotas that have ended; where the ledger refuses, once more with the next step."""
        try:
            if self._ledger.can_sell():
                self._purses.lapse(self._goods.roster, now)
        except LedgerError as error:
            log.error("lapse_not_written", error=str(error))

    def _due(self, now: Instant) -> float:
        dues = [now.mono + 1.0, now.mono + self._tokens.replaced_in(now.mono), self._conductor.due()]
        receipt = self._conductor.receipt
        if receipt is not None and receipt.at.mono + RESULT_S > now.mono:
            dues.append(receipt.at.mono + RESULT_S + 0.01)
        return min(dues)

    def _apply(self, goods: Goods, now: Instant) -> None:
        """Switch to ``goods``, whole."""
        self._goods = goods
        self._trays.plan(goods.planogram, goods.catalogue)
        put_in_force(goods, self._ledger, now)
        self._upkeep.applied(goods, now)

    def _today(self, now: Instant) -> date:
        """The local business day."""
        return now.wall.astimezone(self._zone).date()

    def _show(self, now: Instant, turn: Turn) -> None:
        conductor = self._conductor
        turn.view, session = self._showing.view(
            self._goods,
            self._offering.terms(self._goods, now),
            self._trays,
            self._ledger.on_hand(),
            self._ledger.lots(),
            conductor.visit,
            conductor.receipt,
            self.out_of_order or ("scales" if self._weighs_nothing(now) else ""),
            self._alarms.kinds(),
            self._online,
            self._restocking.staff is not None,
            self._today(now),
            now,
            self._gate.held.shown,
            why[0] if (why := self._gate.shut(now)) else "",
        )
        self._restocking.show(self._goods, now, turn)
        if session is not None:
            turn.sessions.append(session)
