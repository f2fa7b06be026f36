"""The supplier's visit at the counter's screen: who is signed in, what they see, and what each tap does.

The engine's thread owns it. The door session is the conductor's; here its sheet is filled in and signed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from hmac import compare_digest

import msgspec

from edge.alarms import AlarmBook
from edge.conductor import Conductor
from edge.domain.requests import Accepted, Refusal, Refused, RestockRequest
from edge.domain.restock_view import (
    ApplyDraft,
    Finish,
    Here,
    Leave,
    OpenDoor,
    RestockView,
    SetCount,
    SetLot,
    SetPull,
    SetStock,
    Undo,
)
from edge.domain.roster import Account, Roster
from edge.domain.session import State
from edge.domain.sheet import Edit
from edge.domain.values import Instant, Kind
from edge.errors import LedgerError
from edge.restocking.journal import note_of
from edge.restocking.rows import Rows
from edge.restocking.tiles import Desk, view_of
from edge.restocking.typed import kept, senseless
from edge.trays import Trays
from edge.turn import Goods, Turn
from edge.visit import Visit

IDLE_S = 180.0
"""Who is signed in and does nothing, with the door shut, is signed out: a sheet stays, but whoever comes next
must not open the door with one tap."""
DONE_S = 90.0
"""How long the signed receipt stays before the screen is the buyers' again."""
UNSIGNED_S = 600.0
"""A counted restock that nobody signs keeps buyers out: after this somebody has to be called."""
UNSIGNED = "RESTOCK_UNSIGNED"


@dataclass(slots=True)
class Staff:
    """Who is signed in. secret: what their page has to show. document: of the task they finished."""

    account: Account
    secret: str
    seen_at: float
    document: str = ""


class Restocking:
    """At most one at a time."""

    def __init__(
        self,
        conductor: Conductor,
        alarms: AlarmBook,
        rows: Rows,
        trays: Trays,
        today: Callable[[Instant], date],
        open_door: Callable[[Account, Instant, Turn], tuple[Refusal, str] | None],
        why_shut: Callable[[Instant], tuple[Refusal, str] | None],
        apply: Callable[[Goods, Instant], None],
        roster: Callable[[], Roster],
    ) -> None:
        """open_door: begins a RESTOCK session, or says why not. why_shut: the same without trying.

        apply: puts other goods in force. roster: the one read last.
        """
        self._conductor = conductor
        self._alarms = alarms
        self._rows = rows
        self._trays = trays
        self._today = today
        self._open_door = open_door
        self._why_shut = why_shut
        self._apply = apply
        self._roster = roster
        self._shown: RestockView | None = None
        self.staff: Staff | None = None

    def sign_in(self, account: Account, secret: str, now: Instant) -> tuple[Refusal, str] | None:
        """``account`` proved who they are. A task that was left goes on; None: they are in."""
        visit = self._conductor.visit
        if Kind.RESTOCK not in account.kinds:
            return Refusal.NOT_ALLOWED, "this account may not restock"
        if visit is not None and visit.facts.kind is not Kind.RESTOCK:
            return Refusal.BUSY, "wait until the door is shut and settled"
        self.staff, self._shown = Staff(account, secret, now.mono), None
        self._rows.begin()
        return None

    def ask(self, request: RestockRequest, goods: Goods, now: Instant, turn: Turn) -> None:
        """One tap: do it, or say why not."""
        self._strike_off()
        staff = self.staff
        if staff is None or not compare_digest(staff.secret.encode(), request.secret.encode()):
            text = "nobody is signed in with this; sign in at the screen"
            turn.answers.append(Refused(request.id, Refusal.NOT_SIGNED_IN, text))
            return
        staff.seen_at = now.mono
        try:
            why = self._do(request, staff, goods, now, turn)
        except LedgerError as error:
            why = Refusal.OUT_OF_ORDER, f"not recorded, nothing was changed: {error}"
        turn.answers.append(Accepted(request.id) if why is None else Refused(request.id, *why))

    def pass_time(self, now: Instant) -> None:
        """Sign out who went away; call somebody for a sheet that nobody signs."""
        self._strike_off()
        staff, visit = self.staff, self._conductor.visit
        if visit is not None and visit.signing:
            if now.mono - self._touched(visit) > IDLE_S:
                self.staff = None
            if now.mono - self._touched(visit) > UNSIGNED_S:
                detail = "a restock was counted and not signed; buyers are shut out until it is"
                self._alarms.raise_(UNSIGNED, "door", "MAJOR", detail, now, session=visit.facts.id)
        elif visit is None:
            self._alarms.clear(UNSIGNED, "door", now)
            if staff is not None and now.mono - staff.seen_at > (DONE_S if staff.document else IDLE_S):
                self.staff = None

    def _strike_off(self) -> None:
        """Sign out whose account is gone or another since they signed in."""
        staff = self.staff
        if staff is not None and self._roster().accounts.get(staff.account.login) != staff.account:
            self.staff = None

    def _touched(self, visit: Visit) -> float:
        return max(visit.latched_at, self.staff.seen_at if self.staff else 0.0)

    # --- taps ---------------------------------------------------------------------------------------
    def _do(
        self, request: RestockRequest, staff: Staff, goods: Goods, now: Instant, turn: Turn
    ) -> tuple[Refusal, str] | None:
        match request.act:
            case OpenDoor():
                return self._open(staff, now, turn)
            case SetLot() | SetCount() | SetPull() | SetStock() as edit:
                return self._edit(edit, goods, now)
            case Undo():
                return self._undo(now)
            case ApplyDraft():
                return self._apply_draft(goods, now)
            case Finish():
                return self._finish(staff, goods, now, turn)
            case Leave():
                return self._leave()
            case Here():
                return None

    def _open(self, staff: Staff, now: Instant, turn: Turn) -> tuple[Refusal, str] | None:
        visit = self._conductor.visit
        if visit is not None and not visit.signing:
            return Refusal.NOT_NOW, "the door is being opened or is open already"
        if staff.document:
            return Refusal.NOT_NOW, "this task is signed; sign in again for another one"
        return self._open_door(staff.account, now, turn)

    def _edit(self, edit: Edit, goods: Goods, now: Instant) -> tuple[Refusal, str] | None:
        visit = self._task()
        if visit is None:
            return Refusal.NOT_NOW, "open the door first: what is typed belongs to a restock"
        if (edit.tray, edit.sku) not in self._rows.places(goods):
            return Refusal.NOT_NOW, f"{edit.sku} does not belong on tray {edit.tray}"
        if why := senseless(edit):
            return Refusal.NOT_NOW, why
        edit = kept(edit)
        self._conductor.note_sheet(visit.sheet.changed(edit, now.mono), note_of(edit), now)
        return None

    def _undo(self, now: Instant) -> tuple[Refusal, str] | None:
        visit = self._task()
        sheet = visit.sheet.undone(now.mono) if visit else None
        if sheet is None:
            return Refusal.NOT_NOW, "there is nothing to take back any more; change it instead"
        self._conductor.note_sheet(sheet, note_of(None), now)
        return None

    def _apply_draft(self, goods: Goods, now: Instant) -> tuple[Refusal, str] | None:
        if self._conductor.visit is not None:
            return Refusal.NOT_NOW, "goods are planned anew before the door opens, not while it is"
        if goods.draft is None:
            return Refusal.NOT_NOW, "no planogram waits"
        self._apply(goods.accepted(), now)
        self._rows.begin()
        return None

    def _finish(self, staff: Staff, goods: Goods, now: Instant, turn: Turn) -> tuple[Refusal, str] | None:
        visit = self._conductor.visit
        if visit is None or not visit.signing:
            return Refusal.NOT_NOW, "shut the door and wait until everything is counted"
        if visit.unlocked or now.mono <= visit.let_in_until:
            return Refusal.NOT_NOW, "the door is being opened again; pull it, or wait until it is locked"
        rows = self._rows.of(visit, staff.account, goods, now)
        if missing := [f"{code} on tray {row.facing.tray}" for row in rows for code in row.blocking]:
            return Refusal.UNFINISHED, ", ".join(missing)
        self._conductor.sign(rows, staff.account.ref, now, turn)
        return None

    def finished(self, document: str) -> None:
        """The restock stands in the ledger under this number."""
        if self.staff is not None:
            self.staff.document = document
        self._rows.begin()

    def _leave(self) -> tuple[Refusal, str] | None:
        if self._conductor.visit is not None:
            return Refusal.NOT_NOW, "shut the door and sign the sheet first"
        self.staff = None
        return None

    def _task(self) -> Visit | None:
        """The restock under way, from the open door to its signature."""
        visit = self._conductor.visit
        if visit is None or visit.facts.kind is not Kind.RESTOCK:
            return None
        return visit if visit.state in (State.OPEN, State.SETTLING) else None

    # --- what is shown ------------------------------------------------------------------------------
    def show(self, goods: Goods, now: Instant, turn: Turn) -> None:
        """Put what changed into ``turn``."""
        staff = self.staff
        if staff is None:
            turn.signed_out = self._shown is not None
            self._shown = None
            return
        visit = self._conductor.visit
        rows = self._rows.of(visit, staff.account, goods, now)
        refused = None if visit is not None else self._why_shut(now)
        reason = refused[0].value if refused else ""
        desk = Desk(staff.account.title, staff.document, reason, staff.account.suppliers)
        measured = self._rows.measured(goods, now)
        view = view_of(desk, visit, rows, self._trays, goods, measured, self._today(now), now)
        version = self._shown.version if self._shown else 0
        view = msgspec.structs.replace(view, version=version)
        if view != self._shown:
            self._shown = msgspec.structs.replace(view, version=version + 1)
            turn.restock = self._shown, staff.secret
