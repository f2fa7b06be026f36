"""Who is at the door: tokens, accounts, PINs, badges and repeated requests, until they are let in."""

from dataclasses import dataclass

from edge.domain.requests import (
    Answer,
    BadgeChecked,
    Granted,
    OpenRequest,
    PinChecked,
    Refusal,
    Refused,
    SignInRequest,
)
from edge.domain.roster import Account, Roster
from edge.domain.tokens import TokenBook
from edge.domain.values import Instant, SessionId
from edge.ledger.ledger import Ledger
from edge.ledger.pins import BADGES, Locked
from edge.turn import Turn, VerifyBadge, VerifyPin

_REMEMBERED = 256
"""Answers kept for repeated Idempotency-Keys."""

ASKED_FOR_S = 3.0
"""A request that is not granted within this is dropped: its page gives up soon after (5 s), and a bolt
that moves for somebody who has walked away opens the counter, on their account, to whoever comes next."""

_AT_ONCE = 16
"""PINs in checking; one check takes some 50 ms, so that more could not be answered in time."""


@dataclass(frozen=True, slots=True)
class _Waiting:
    request: OpenRequest | SignInRequest
    account: Account | None
    since: float


class Entrance:
    """Counts each PIN try before it is checked; gives one answer per request, the same for a repeat."""

    def __init__(self, tokens: TokenBook, ledger: Ledger, tries: int, lock_s: float) -> None:
        self._tokens = tokens
        self._ledger = ledger
        self._tries = tries
        self._lock_s = lock_s
        self._waiting: dict[str, _Waiting] = {}
        self._answered: dict[str, tuple[OpenRequest, Answer | None]] = {}
        self._admitted: list[str] = []
        """Accounts whose tries are to be forgotten: written once the bolt is on its way."""

    def ask(self, request: OpenRequest, roster: Roster, now: Instant, turn: Turn) -> None:
        """Answer at once what can be answered; otherwise have the PIN checked."""
        if self._repeated(request, turn):
            return
        since = self._taken_up(request, now, turn)
        if since is None:
            return
        self._remember(request, None)
        if refusal := self._tokens.check(request.token, now.mono):
            self.refuse(request, refusal, "scan the screen's code again", turn)
            return
        self._check_pin(request, roster, since, now, turn)

    def sign_in(self, request: SignInRequest, roster: Roster, now: Instant, turn: Turn) -> None:
        """Staff at the screen: who stands there needs no token, but a PIN or a badge."""
        since = self._taken_up(request, now, turn)
        if since is None:
            return
        if not request.badge:
            self._check_pin(request, roster, since, now, turn)
            return
        badges = {a.login: a.badge for a in roster.accounts.values() if a.badge is not None}
        if self._counted(request, BADGES, now, turn):
            self._waiting[request.id] = _Waiting(request, None, since)
            turn.checks.append(VerifyBadge(request.id, request.badge, badges))

    def _taken_up(self, request: OpenRequest | SignInRequest, now: Instant, turn: Turn) -> float | None:
        """Since when ``request`` waits (monotonic); None: it was refused, as too late or one too many."""
        self.settle(now)
        since = now.mono if request.asked_at is None else min(request.asked_at, now.mono)
        if now.mono - since <= ASKED_FOR_S and len(self._waiting) < _AT_ONCE:
            return since
        self.refuse(request, Refusal.BUSY, "the counter was busy; try again", turn)
        return None

    def _check_pin(
        self, request: OpenRequest | SignInRequest, roster: Roster, since: float, now: Instant, turn: Turn
    ) -> None:
        account = roster.accounts.get(request.account)
        if account is not None and not self._counted(request, account.ref, now, turn):
            return
        self._waiting[request.id] = _Waiting(request, account, since)
        turn.checks.append(VerifyPin(request.id, request.pin, account.pin if account else None))

    def _counted(self, request: OpenRequest | SignInRequest, whose: str, now: Instant, turn: Turn) -> bool:
        """Count a try before it is made; False: it was refused, there were too many."""
        counted = self._ledger.count_try(whose, now, self._tries, self._lock_s)
        if not isinstance(counted, Locked):
            return True
        minutes = int(counted.left_s // 60) + 1
        text = f"too many wrong PINs; locked for {minutes} more minutes"
        self.refuse(request, Refusal.BLOCKED, text, turn)
        return False

    def recognise(
        self, checked: BadgeChecked, roster: Roster, now: Instant, turn: Turn
    ) -> tuple[SignInRequest, Account] | None:
        """Whose badge it was; None: nobody's, or nobody waits for this answer any more."""
        waiting = self._waiting.pop(checked.id, None)
        if waiting is None or not isinstance(waiting.request, SignInRequest):
            return None
        if now.mono - waiting.since > ASKED_FOR_S:
            self.refuse(waiting.request, Refusal.BUSY, "the counter was busy; try again", turn)
            return None
        account = roster.accounts.get(checked.account) if checked.account else None
        if account is None or account.badge is None:
            self.refuse(waiting.request, Refusal.BAD_PIN, "nobody has this badge", turn)
            return None
        self._admitted.append(BADGES)
        return waiting.request, account

    def admit(
        self, checked: PinChecked, roster: Roster, now: Instant, turn: Turn
    ) -> tuple[OpenRequest | SignInRequest, Account] | None:
        """Whose PIN was right; None: refused, or nobody waits for this answer any more.

        roster: the one in force now; an account that changed since it was asked for is not let in.
        """
        waiting = self._waiting.pop(checked.id, None)
        if waiting is None:
            return None
        if now.mono - waiting.since > ASKED_FOR_S:
            self.refuse(waiting.request, Refusal.BUSY, "the counter was busy; try again", turn)
            return None
        account = roster.accounts.get(waiting.request.account)
        if not checked.ok or account is None or account != waiting.account:
            self.refuse(waiting.request, Refusal.BAD_PIN, "unknown account or wrong PIN", turn)
            return None
        self._admitted.append(account.ref)
        return waiting.request, account

    def grant(self, request: OpenRequest, session: SessionId, secret: str, turn: Turn) -> None:
        self._answer(request, Granted(request.id, session, secret), turn)

    def refuse(self, request: OpenRequest | SignInRequest, code: Refusal, detail: str, turn: Turn) -> None:
        self._answer(request, Refused(request.id, code, detail), turn)

    def settle(self, now: Instant) -> None:
        """Forget the wrong tries of those who were let in. Raises LedgerError; then it stays to be done."""
        while self._admitted:
            whose = self._admitted[-1]
            if whose == BADGES:  # a card of one's own must not make room for guessing its neighbours' numbers
                self._ledger.take_back_try(whose, now)
            else:
                self._ledger.clear_tries(whose, now)
            self._admitted.pop()

    def forget(self, now: float) -> None:
        """Drop checks that nobody answered."""
        for id in [id for id, w in self._waiting.items() if now - w.since > ASKED_FOR_S]:
            self.abandon(self._waiting.pop(id).request)

    def abandon(self, request: OpenRequest | SignInRequest) -> None:
        """``request`` will get no answer: its key may be used for another try."""
        if isinstance(request, SignInRequest):
            return
        earlier = self._answered.get(request.key)
        if earlier is not None and earlier[1] is None:
            del self._answered[request.key]

    def _repeated(self, request: OpenRequest, turn: Turn) -> bool:
        earlier = self._answered.get(request.key)
        if earlier is None:
            return False
        first, answer = earlier
        if _asks(first) != _asks(request):
            text = "this Idempotency-Key came with another request"
            turn.answers.append(Refused(request.id, Refusal.KEY_REUSED, text))
        elif answer is None:
            turn.answers.append(Refused(request.id, Refusal.BUSY, "this request is being answered"))
        else:
            turn.answers.append(_addressed(answer, request.id))
        return True

    def _answer(self, request: OpenRequest | SignInRequest, answer: Answer, turn: Turn) -> None:
        if isinstance(request, OpenRequest):
            self._remember(request, answer)
        turn.answers.append(answer)

    def _remember(self, request: OpenRequest, answer: Answer | None) -> None:
        self._answered[request.key] = (request, answer)
        while len(self._answered) > _REMEMBERED:
            del self._answered[next(iter(self._answered))]


def _asks(request: OpenRequest) -> tuple[str, ...]:
    return request.kind, request.token, request.account, request.pin


def _addressed(answer: Answer, id: str) -> Answer:
    match answer:
        case Granted(_, session, secret):
            return Granted(id, session, secret)
        case Refused(_, code, detail):
            return Refused(id, code, detail)
        case _:
            return answer
