"""The centre's commands at the counter: checked again, recorded before anything acts, each answered once.

The engine's thread owns it. What opens a door or changes goods is the engine's, given as ``Hands``; slow
work is the worker's, asked for in the turn. It reads no file and no clock.
"""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from cloud_bridge import signed
from cloud_bridge.commands import (
    Command,
    Config,
    Diagnostics,
    Document,
    Lockout,
    Recall,
    Resend,
    Resume,
    TrayOutOfService,
    Unlock,
)
from edge.alarms import AlarmBook
from edge.domain.gate import Recalls
from edge.domain.orders import (
    DOCUMENT,
    LOCKOUT,
    RECALL,
    TRAY,
    Change,
    Ended,
    Outcome,
    Stands,
    Why,
)
from edge.domain.redact import redacted
from edge.domain.values import Clk, Instant
from edge.errors import LedgerError
from edge.ledger.ledger import Ledger
from edge.orders.gathering import Gathering
from edge.turn import Errand, Examine, Examined, Goods, Order, Tried, TryConfig, TryDocument, Turn

log = structlog.get_logger(__name__)

REFUSED_ALARM = "COMMAND_REFUSED"
"""Alarm: something came as a command that nobody of the centre signed for this counter."""
RETRY_S = 1.0


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom the counter obeys. keys: by key id, {}: nobody. floor: a moment that has passed for sure, in
    seconds since 1970, for a counter whose clock was never set.
    """

    counter: str
    keys: signed.Keys
    floor: int = 0


@dataclass(frozen=True, slots=True)
class Hands:
    """What the engine does for a command.

    unlock: opens for a buyer, or says why not. apply: puts goods in force, with the answer, in the ledger;
    raises LedgerError. idle: whether nobody is at the door. report: a bundle for people who mend, as JSON.
    """

    unlock: Callable[[Unlock, str, Instant, Turn], tuple[str, str] | None]
    apply: Callable[[Goods, Instant, Sequence[Ended], Sequence[Change]], None]
    goods: Callable[[], Goods]
    idle: Callable[[Instant], bool]
    report: Callable[[dict[str, object], Instant], str]


class Orders:
    """standing: what the centre ordered that stands. configured: the command whose settings these are, and
    the one whose settings were taken back, "": none.
    """

    def __init__(
        self,
        ledger: Ledger,
        alarms: AlarmBook,
        trust: Trust,
        hands: Hands,
        configured: tuple[str, str] = ("", ""),
    ) -> None:
        self._ledger = ledger
        self._book = ledger.orders
        self._alarms = alarms
        self._trust = trust
        self._hands = hands
        self._configured = configured
        self._floor = max(trust.floor, _seconds(self._book.latest()))
        self._floor_mono: float | None = None
        """When the floor was that; time has passed since, whatever the wall clock does."""
        self.standing = self._book.standing()
        self._gathering = Gathering()
        self._errands: deque[Errand] = deque()
        self._out: Errand | None = None
        """What the worker is at."""
        self._ready: Tried | None = None
        """What it found fit, until nobody is at the door."""
        self._owed: list[Callable[[Instant, Turn], None]] = []
        self._retry_at = 0.0

    # --- for the engine -------------------------------------------------------------------------------
    def recalled(self, goods: Goods) -> Goods:
        """``goods`` with what the centre recalled beside the file."""
        if goods.recalls.ordered == self.standing.recalls:
            return goods
        return replace(goods, recalls=Recalls(goods.recalls.lots, self.standing.recalls))

    def begin(self, now: Instant, turn: Turn) -> None:
        """The program has started: what was left open is repeated where that is safe. Raises LedgerError."""
        for left in self._book.open():
            try:
                command = signed.read(left.jws, self._trust.keys)
                body = signed.body_of(command)
            except signed.Refused as error:  # of a key that the settings have no more
                self._end(_refused(left.id, left.kind, error.code, error.why), now)
                continue
            done, undone = self._configured
            if isinstance(body, Unlock):
                why = "the counter was started again before the door was opened"
                self._end(Ended(left.id, left.kind, Outcome.FAILED, Why.INTERRUPTED, why), now)
            elif isinstance(body, Config) and left.id == done:
                self._end(Ended(left.id, left.kind, Outcome.DONE), now)
            elif isinstance(body, Config) and left.id == undone:
                why = "the counter did not start with it; the settings of before are in force"
                self._end(Ended(left.id, left.kind, Outcome.FAILED, Why.SELF_CHECK, why), now)
            else:
                self._obey(command, body, now, turn)

    def hear(self, order: Order, now: Instant, turn: Turn) -> None:
        """Something has come to the inbox."""
        try:
            self._hear(order, now, turn)
        except LedgerError as error:
            log.error("command_not_recorded", error=str(error))
            self._owed.append(lambda later, then: self.hear(order, later, then))

    def hear_tried(self, tried: Tried, now: Instant) -> None:
        """The worker is back with a document or with settings."""
        errand = self._out
        if isinstance(errand, Examine) or errand is None or tried.command != _first(errand):
            return
        if not tried.code:
            self._ready = tried
            return
        outcome = Outcome.FAILED if tried.failed else Outcome.REFUSED
        self._over(errand, outcome, tried.code, tried.detail, now)

    def hear_examined(self, examined: Examined, now: Instant) -> None:
        """The worker is back from a look at the machine."""
        if not isinstance(self._out, Examine) or self._out.command != examined.command:
            return
        self._out = None
        report = self._hands.report(dict(examined.machine), now)
        self._end(Ended(examined.command, "diagnostics", Outcome.DONE, report=report), now)

    def files_read(self) -> None:
        """Other goods came from the counter's own files: what was tried with the old ones is tried again."""
        if self._ready is not None and isinstance(self._out, TryDocument):
            self._errands.appendleft(self._out)
            self._out = self._ready = None

    def not_opened(self, command: str, now: Instant) -> None:
        """A session that ``command`` asked for ended before the bolt was moved."""
        why = "the session ended before the bolt was moved"
        self._end(Ended(command, "unlock", Outcome.FAILED, Why.NOT_OPENED, why), now)

    def pass_time(self, now: Instant, turn: Turn) -> None:
        """Retry what the ledger refused, send the worker out, and switch while nobody is at the door."""
        if self._owed and now.mono >= self._retry_at:
            self._retry_at = now.mono + RETRY_S
            owed, self._owed = self._owed, []
            for each in owed:
                each(now, turn)
        late = self._gathering.late(self._moment(now))
        if late:
            why = "the other parts of this document did not come in time; send all of it again"
            self._end_all([_refused(id, kind, Why.INCOMPLETE, why) for id, kind in late], (), now)
        if self._ready is not None and self._hands.idle(now):
            self._switch(self._ready, now, turn)
        if self._out is None and self._errands:
            self._out = self._errands.popleft()
            turn.errands.append(self._out)

    # --- one command --------------------------------------------------------------------------------
    def _hear(self, order: Order, now: Instant, turn: Turn) -> None:
        if order.id in self._book:
            return
        trust = self._trust
        try:
            command = signed.read(order.jws, trust.keys)
        except signed.Refused as error:
            self._disown(order, error, now)
            return
        wall = int(now.wall.timestamp()) if now.clk is not Clk.UNSYNCED else None
        try:
            checked = signed.check(
                order.jws,
                keys=trust.keys,
                counter=trust.counter,
                wall=wall,
                floor=self._moment(now),
                seen=self._book,
            )
            body = signed.body_of(checked)
        except signed.Refused as error:
            self._refuse(order, command, error, now)
            return
        self._raise_floor(command.issued, now)
        self._book.take(command.id, command.nonce, command.kind, order.jws, now)
        self._obey(command, body, now, turn)

    def _disown(self, order: Order, error: signed.Refused, now: Instant) -> None:
        """Nobody we trust signed this: there is nobody to answer, and somebody has to look."""
        log.error("command_disowned", id=order.id[:32], code=error.code)
        self._alarms.raise_(REFUSED_ALARM, "centre", "CRITICAL", error.code, now)

    def _refuse(self, order: Order, command: Command, error: signed.Refused, now: Instant) -> None:
        log.warning("command_refused", id=command.id, kind=command.kind, code=error.code)
        if error.code == "AUDIENCE":
            self._disown(order, error, now)
        elif error.code != "ID_REUSED":
            nonce = None if error.code == "NONCE_REUSED" else command.nonce
            self._book.refuse(
                nonce, order.jws, _refused(command.id, command.kind, error.code, error.why), now
            )

    def _moment(self, now: Instant) -> int:
        """A second since 1970 that has come: the wall clock's where it is trusted."""
        self._raise_floor(int(now.wall.timestamp()) if now.clk is not Clk.UNSYNCED else 0, now)
        return self._floor

    def _raise_floor(self, at: int, now: Instant) -> None:
        if self._floor_mono is None:
            self._floor_mono = now.mono
        passed = int(now.mono - self._floor_mono)
        self._floor, self._floor_mono = max(self._floor + passed, at), self._floor_mono + passed

    def _obey(self, command: Command, body: object, now: Instant, turn: Turn) -> None:
        log.info("command", id=command.id, kind=command.kind)
        match body:
            case Unlock():
                self._unlock(command, body, now, turn)
            case Lockout(reason=reason):
                self._stand(command, Change(Stands(LOCKOUT, "", "", redacted(reason), command.id)), now)
            case Resume():
                self._stand(command, Change(Stands(LOCKOUT, ""), lifted=True), now)
            case TrayOutOfService():
                self._tray(command, body, now)
            case Recall():
                self._recall(command, body, now)
            case Document():
                self._document(command, body, now)
            case Config(values=values):
                self._errands.append(TryConfig(command.id, values))
            case Diagnostics():
                self._errands.append(Examine(command.id))
            case Resend():
                self._resend(command, body, now)

    def _unlock(self, command: Command, asked: Unlock, now: Instant, turn: Turn) -> None:
        """Where it is let in, the session's first record answers it."""
        if (why := self._hands.unlock(asked, command.id, now, turn)) is not None:
            self._end(_refused(command.id, command.kind, *why), now)

    def _tray(self, command: Command, asked: TrayOutOfService, now: Instant) -> None:
        if asked.tray not in self._hands.goods().planogram.trays and asked.out:
            why = f"no tray {asked.tray} in the planogram"
            self._end(_refused(command.id, command.kind, Why.UNKNOWN_TRAY, why), now)
            return
        stands = Stands(TRAY, asked.tray, "", redacted(asked.reason), command.id)
        self._stand(command, Change(stands, lifted=not asked.out), now)

    def _recall(self, command: Command, asked: Recall, now: Instant) -> None:
        stands = Stands(RECALL, asked.sku, asked.lot, redacted(asked.reason), command.id)
        if asked.lifted and (asked.sku, asked.lot or None) not in self.standing.recalls:
            why = f"the centre did not recall {asked.lot or 'every lot'} of {asked.sku}"
            self._end(_refused(command.id, command.kind, Why.NOT_RECALLED, why), now)
            return
        self._stand(command, Change(stands, lifted=asked.lifted), now)

    def _resend(self, command: Command, asked: Resend, now: Instant) -> None:
        """The bridge sends them; here it is only said whether there are such events."""
        known = asked.inc == self._ledger.incarnation and asked.last <= self._book.last_seq()
        if known:
            self._end(Ended(command.id, command.kind, Outcome.DONE), now)
        else:
            why = f"this ledger is {self._ledger.incarnation} and ends at {self._book.last_seq()}"
            self._end(_refused(command.id, command.kind, Why.UNKNOWN_EVENTS, why), now)

    def _document(self, command: Command, asked: Document, now: Instant) -> None:
        """Kept until all its parts are there; the parts of an older one of its kind are then out of date."""
        whole, older = self._gathering.add(command.id, command.kind, command.expires, asked)
        if older:
            why = "a later document of this kind came whole first"
            self._end_all([_refused(id, command.kind, Why.SUPERSEDED, why) for id in older], (), now)
        if whole is not None:
            self._errands.append(whole)

    # --- switching and ending -------------------------------------------------------------------------
    def _switch(self, tried: Tried, now: Instant, turn: Turn) -> None:
        """Put what was found fit in force: a document now, settings by a fresh start."""
        errand, self._ready = self._out, None
        if isinstance(errand, TryConfig):
            turn.restart = errand.command
            return
        assert isinstance(errand, TryDocument)
        self._out = None
        assert tried.goods is not None
        ended = [Ended(id, errand.kind, Outcome.DONE, detail=errand.version) for id in errand.commands]
        stands = Stands(DOCUMENT, errand.kind, "", errand.sha256, tried.command)
        self._hands.apply(tried.goods, now, ended, (Change(stands),))
        self.standing = self._book.standing()
        turn.adopted = tried.command
        log.info("document_in_force", kind=errand.kind, version=errand.version)

    def _over(self, errand: Errand, outcome: Outcome, code: str, detail: str, now: Instant) -> None:
        self._out = None
        match errand:
            case TryDocument(commands=ids, kind=kind):
                self._end_all([Ended(id, kind, outcome, code, detail) for id in ids], (), now)
            case TryConfig(command=id):
                self._end(Ended(id, "config", outcome, code, detail), now)
            case Examine(command=id):
                self._end(Ended(id, "diagnostics", outcome, code, detail), now)

    def _stand(self, command: Command, change: Change, now: Instant) -> None:
        self._end_all((Ended(command.id, command.kind, Outcome.DONE),), (change,), now)

    def _end(self, ended: Ended, now: Instant) -> None:
        self._end_all((ended,), (), now)

    def _end_all(self, ended: Sequence[Ended], changes: Sequence[Change], now: Instant) -> None:
        """Answer; where the ledger refuses, once more later: until then nothing of it is in force."""
        try:
            self._book.end(ended, changes, now)
        except LedgerError as error:
            log.error("answer_not_written", error=str(error))
            self._owed.append(lambda later, _: self._end_all(ended, changes, later))
            return
        for each in ended:
            log.info("command_answered", id=each.id, outcome=each.outcome, code=each.code)
        if changes:
            self.standing = self._book.standing()


def _refused(id: str, kind: str, code: str, detail: str) -> Ended:
    return Ended(id, kind, Outcome.REFUSED, code, detail)


def _first(errand: TryDocument | TryConfig) -> str:
    return errand.commands[0] if isinstance(errand, TryDocument) else errand.command


def _seconds(text: str) -> int:
    """Whole seconds since 1970 of an RFC 3339 time, 0 of none."""
    return int(datetime.fromisoformat(text).timestamp()) if text else 0
