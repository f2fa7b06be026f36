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

from cloud_bridge.commands import Unlock
from cloud_bridge.feed import EngineHealth
from edge.afterwards import answered, appealed
from edge.alarms import AlarmBook
from edge.closing import Closing
from edge.coil import Coil
from edge.conductor import Conductor
from edge.domain.orders import Change, Ended, Why
from edge.domain.records import Sale
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
from edge.domain.values import BuyerRef, Decigrams, Instant, Kind, SessionId, TrayId
from edge.domain.view import View
from edge.doorkeeper import Doorkeeper
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
from edge.lately import health_of, live_of
from edge.ledger.ledger import Ledger
from edge.offering import Offering
from edge.orders.desk import Hands, Orders, Trust
from edge.orders.report import Report
from edge.outfit.policies import gate_policy
from edge.purses import Purses
from edge.restocking.desk import Restocking
from edge.restocking.rows import Rows
from edge.settings import Settings
from edge.showing import RESULT_S, Showing
from edge.timekeeping import Timekeeper
from edge.trays import Trays
from edge.turn import CentreSeen, Examined, FilesRead, Goods, Input, Order, Tried, Turn
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
        trust: Trust | None = None,
        configured: tuple[str, str] = ("", ""),
    ) -> None:
        """random_hex: that many unguessable bytes as hex digits. Takes up an unfinished session.

        trust: whose commands are obeyed, None: nobody's. configured: as ``Orders`` has it.
        """
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
        self._equipment = Equipment(self._alarms, now)
        report = Report(settings, ledger, self._equipment, self._trays, lambda: self._goods).text
        hands = Hands(self._open_for_centre, self._apply, lambda: self._goods, self._is_idle, report)
        trust = trust or Trust(settings.counter.id, {})
        self._orders = Orders(ledger, self._alarms, trust, hands, configured)
        self._purses = Purses(settings.policy, ledger, self._zone)
        closing = Closing(ledger, self._alarms, self._trays, channel, self._today, recorded, self._paid)
        over = self._session_over
        self._conductor = Conductor(settings, ledger, self._alarms, self._trays, closing, over)
        self._restocking = self._make_restocking(settings)
        self._showing = Showing(settings.counter, self._tokens)
        self._offering = Offering(ledger, self._zone)
        self._online = False
        self._coil = Coil(settings.lock.rest_s, settings.lock.pulses_a_minute)
        parts = (self._conductor, self._equipment, self._coil, self._gate, self._purses, self._trays, ledger)
        self._door = Doorkeeper(*parts, self._is_staffed, lambda: self._orders.standing.lockout)
        self._checkpoint_at = now.mono + CHECKPOINT_S
        self._timekeeper = Timekeeper(ledger.clock_told_of())
        self._first = Turn()
        self._apply(goods, now)
        self._orders.begin(now, self._first)
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

    def _is_staffed(self) -> bool:
        return self._restocking.staff is not None

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
            why_shut=lambda now: self._door.why_shut_for_staff(now),
            apply=self._apply,
            roster=lambda: self._people,
        )

    def health(self, view: View | None, now: Instant) -> EngineHealth:
        """How the counter is. view: what its screen shows."""
        return health_of(view, self._trays, self._orders.standing, now)

    def step(self, inputs: Sequence[Input], now: Instant) -> Turn:
        """Take ``inputs`` in order, let time-outs come, and say what is to be done."""
        turn, self._first = self._first, Turn()
        self._look_at_clock(now)
        self._look_at_gate(now)
        self._settle_entrance(now)
        for item in inputs:
            self._take(item, now, turn)
        self._pass_time(now, turn)
        self._show(now, turn)
        turn.live = live_of(turn.sessions, self._conductor.visit, self._conductor.receipt, now)
        turn.due = self._due(now)
        return turn

    def _look_at_clock(self, now: Instant) -> None:
        """Tell that it was set; where the ledger refuses, the next step tries again."""
        if (fact := self._timekeeper.look(now)) is None:
            return
        try:
            self._ledger.record_fact(fact, "clock", now)
        except LedgerError as error:
            log.error("clock_not_recorded", error=str(error))
            return
        log.info("clock_set", source=fact.source, before=fact.before, after=fact.after)
        self._timekeeper.told(now)

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
                self._orders.files_read()
            case Order():
                self._orders.hear(item, now, turn)
                self._look_at_gate(now)
            case Tried():
                self._orders.hear_tried(item, now)
            case Examined():
                self._orders.hear_examined(item, now)
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
        if receipt is not None and receipt.visit.facts.command and not receipt.visit.begun:
            self._orders.not_opened(receipt.visit.facts.command, receipt.at)
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
                    turn.answers.append(appealed(item, self._ledger, now))
                case AnswerRequest():
                    turn.answers.append(answered(item, self._conductor, now, turn))
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
        if (why := self._redeemed(request.token, request.kind, account, now)) is not None:
            self._entrance.refuse(request, *why, turn)
            return
        secret = self._random_hex(16) if request.kind is Kind.RESTOCK else ""
        session = self._open(request.kind, account, now, turn)
        if request.kind is Kind.RESTOCK:
            self._restocking.sign_in(account, secret, now)
        self._entrance.grant(request, session, secret, turn)

    def _redeemed(self, token: str, kind: Kind, account: Account, now: Instant) -> tuple[Refusal, str] | None:
        """Why the door stays shut; None: it may be opened, and the token is used up, by nothing else."""
        if (refusal := self._tokens.check(token, now.mono)) is not None:
            return refusal, "scan the screen's code again"
        self._look_at_gate(now)
        if (why := self._door.why_shut(kind, account, now)) is None:
            self._tokens.redeem(token, now.mono)
        return why

    def _open_for_centre(
        self, asked: Unlock, command: str, now: Instant, turn: Turn
    ) -> tuple[str, str] | None:
        """Open for a buyer whom the centre vouches for; why not, None: the bolt is about to be moved."""
        account = self._people.of(BuyerRef(asked.buyer))
        if account is None:
            return Why.UNKNOWN_BUYER, "no account of the roster has this reference; send the roster first"
        if (why := self._redeemed(asked.token, Kind.BUY, account, now)) is None:
            self._open(Kind.BUY, account, now, turn, command)
        return why

    def _open(self, kind: Kind, account: Account, now: Instant, turn: Turn, command: str = "") -> SessionId:
        """Begin a session of ``account``, to whom nothing speaks against it. command: of the centre."""
        session = SessionId(self._random_hex(16))
        self._coil.pulsed(now.mono)
        self._idle_door.session_begins(kind, now)
        learnt = self._upkeep.learnt(self._goods)
        terms = self._offering.terms(self._goods, now)
        blocked = self._gate.held.masked
        self._conductor.begin(
            session, kind, account.ref, self._goods, learnt, terms, blocked, now, turn, command
        )
        return session

    def _sign_in(self, request: SignInRequest, account: Account, now: Instant, turn: Turn) -> None:
        secret = self._random_hex(16)
        if refused := self._restocking.sign_in(account, secret, now):
            self._entrance.refuse(request, *refused, turn)
        else:
            turn.answers.append(SignedIn(request.id, secret))

    def _open_for_staff(self, account: Account, now: Instant, turn: Turn) -> tuple[Refusal, str] | None:
        """The door for who is signed in, at first or once more from the sheet; None: it is being opened."""
        if refused := self._door.why_shut_for_staff(now):
            return refused
        if self._conductor.visit is None:
            self._open(Kind.RESTOCK, account, now, turn)
        else:
            self._coil.pulsed(now.mono)
            self._conductor.let_in(now, turn)
        return None

    def _paid(self, sale: Sale, visit: Visit) -> Sale:
        """``sale`` with who pays it. Raises LedgerError."""
        account = self._goods.roster.of(visit.facts.opener)
        return self._purses.pay(account, sale, visit.catalogue, visit.facts.opened)

    def _look_at_gate(self, now: Instant) -> None:
        """What is blocked now is not sold, nor is what is found to be recalled while a visit lasts.

        A buyer's visit is judged on the day of its grant: neither a midnight nor a clock that is put right
        meanwhile unmakes what was on sale when the door opened, as with prices.
        """
        visit = self._conductor.visit
        buying = visit is not None and visit.facts.kind is Kind.BUY
        at = visit.facts.opened if visit is not None and buying else now
        self._goods = self._orders.recalled(self._goods)
        self._gate.look(self._goods, self._ledger.lots(), at, self._orders.standing.trays.keys())
        if visit is not None:
            visit.blocked |= self._gate.held.masked

    # --- time, goods, pictures ----------------------------------------------------------------------
    def _pass_time(self, now: Instant, turn: Turn) -> None:
        self._entrance.forget(now.mono)
        self._alarms.retry(now)
        self._conductor.pass_time(now, turn)
        self._restocking.pass_time(now)
        self._orders.pass_time(now, turn)
        if self._conductor.visit is not None:
            return
        self._idle_door.follow_up(now)
        self._upkeep.idle(self._goods, now)
        self._purses.follow_up(self._goods.roster, now)
        if self._next_goods is not None:
            goods, self._next_goods = self._next_goods, None
            self._apply(goods.settled(self._ledger.planogram()), now)
        self._look_at_gate(now)
        self._gate.tell(now)
        if now.mono >= self._checkpoint_at:
            self._checkpoint_at = now.mono + CHECKPOINT_S
            self._ledger.checkpoint()

    def _due(self, now: Instant) -> float:
        dues = [now.mono + 1.0, now.mono + self._tokens.replaced_in(now.mono), self._conductor.due()]
        receipt = self._conductor.receipt
        if receipt is not None and receipt.at.mono + RESULT_S > now.mono:
            dues.append(receipt.at.mono + RESULT_S + 0.01)
        return min(dues)

    def _is_idle(self, now: Instant) -> bool:
        """Whether nobody is at the door, at the screen or reads a result."""
        receipt = self._conductor.receipt
        read = receipt is None or now.mono - receipt.at.mono > RESULT_S
        return self._conductor.visit is None and not self._is_staffed() and read

    def _apply(
        self, goods: Goods, now: Instant, ended: Sequence[Ended] = (), changes: Sequence[Change] = ()
    ) -> None:
        """Switch to ``goods``, whole. ended, changes: what commands say of it."""
        self._goods = goods
        self._trays.plan(goods.planogram, goods.catalogue)
        put_in_force(goods, self._ledger, now, ended, changes)
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
            self._door.out_for_buyers(now),
            self._alarms.kinds(),
            self._online,
            self._is_staffed(),
            self._today(now),
            now,
            self._gate.held.shown,
            why[0] if (why := self._gate.shut(now)) else "",
        )
        self._restocking.show(self._goods, now, turn)
        if session is not None:
            turn.sessions.append(session)
