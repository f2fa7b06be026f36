"""What a visit begun at the centre has come to, from what is known of it. Pure: facts and clock in.

Only events settle: what the feed may lose (the basket) fills in between, and never charges anybody.
"""

from enum import StrEnum

import msgspec

from cloud_bridge import feed

LATE_S = 10
"""How long after its expiry an unlock's answer is still waited for: it comes behind other events."""


class State(StrEnum):
    """Of a visit. Those in ``FINAL`` stay.

    SENT: the unlock is on its way. OFFLINE: as SENT, but the counter is not there. EXPIRED: no answer came;
    one that comes later still counts. ANSWERED: the bolt moves. OPEN: the basket runs. CLOSED: the door is
    shut, or the basket was lost sight of; the receipt is on its way.
    """

    SENT = "SENT"
    OFFLINE = "OFFLINE"
    EXPIRED = "EXPIRED"
    ANSWERED = "ANSWERED"
    OPEN = "OPEN"
    CLOSED = "CLOSED"
    REFUSED = "REFUSED"
    RECEIPT = "RECEIPT"
    EMPTY = "EMPTY"
    CANCELLED = "CANCELLED"
    REVIEW = "REVIEW"


FINAL = frozenset({State.REFUSED, State.RECEIPT, State.EMPTY, State.CANCELLED, State.REVIEW})
_ENDS = {"EMPTY": State.EMPTY, "CANCELLED": State.CANCELLED, "REVIEW": State.REVIEW}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What the counter said to the unlock. heard_ms: when the centre heard it, since 1970."""

    outcome: str
    code: str
    session: str | None
    heard_ms: int


class Basket(msgspec.Struct, frozen=True, kw_only=True):
    """The counter's latest basket, of whichever visit. heard_ms: as above."""

    live: feed.Live
    heard_ms: int


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """The end of this visit's session. state: SETTLED EMPTY REVIEW CANCELLED."""

    state: str
    closed_at: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One product. Amounts in fen; sure False: not charged as it stands."""

    tray: str
    sku: str
    name: str
    count: int
    price_fen: int
    amount_fen: int
    sure: bool = True


class Sold(msgspec.Struct, frozen=True, kw_only=True):
    """This visit's sale, as the ledger has it."""

    order_no: str
    total_fen: int
    certified_fen: int
    closed_at: str
    lines: tuple[Line, ...]


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """All that is known of a visit. expires_s: from when the unlock must not be obeyed, since 1970.

    online: whether the counter is there now.
    """

    command: str
    expires_s: int
    online: bool
    answer: Answer | None = None
    basket: Basket | None = None
    closed: Closed | None = None
    sold: Sold | None = None

    @property
    def session(self) -> str | None:
        """What the counter calls this visit; None: nothing has told it yet."""
        if self.answer is not None and self.answer.session:
            return self.answer.session
        return self.basket.live.session if self.basket and self.basket.live.command == self.command else None

    @property
    def live(self) -> feed.Live | None:
        """This visit's basket."""
        found = self.basket.live if self.basket else None
        if found is None or not (found.command == self.command or found.session == self.session):
            return None
        return found


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """A visit as its opener sees it. code: why it was REFUSED, else "". left_s: how long SENT can last.

    charged: whether ``total_fen`` is what the ledger charged; until then it is what the basket would come
    to. online: whether the counter is there, else what is shown may be old.
    """

    state: State
    code: str = ""
    online: bool
    left_s: int = 0
    lines: tuple[Line, ...] = ()
    total_fen: int = 0
    certified_fen: int = 0
    charged: bool = False
    order_no: str | None = None
    closed_at: str | None = None


def shown(known: Known, now_s: int) -> Shown:
    """What to show at ``now_s`` (since 1970). The same facts give the same, in whatever order they came."""
    if known.closed is not None or known.sold is not None:
        return _ended(known, known.closed, known.sold)
    answer = known.answer
    if answer is not None and answer.outcome != "DONE":
        return Shown(state=State.REFUSED, code=answer.code or answer.outcome, online=known.online)
    if known.live is not None:
        return _open(known, known.live)
    if answer is not None:
        over = _another_came(known, answer)
        return Shown(state=State.CLOSED if over else State.ANSWERED, online=known.online)
    if now_s >= known.expires_s + LATE_S:
        return Shown(state=State.EXPIRED, online=known.online)
    state = State.SENT if known.online else State.OFFLINE
    return Shown(state=state, online=known.online, left_s=max(0, known.expires_s - now_s))


def _ended(known: Known, closed: Closed | None, sold: Sold | None) -> Shown:
    """By the session's end; a sale without one (it comes beside it) is a receipt already."""
    unsure = tuple(line for line in _lines(known.live) if not line.sure)
    state = _ENDS.get(closed.state, State.CLOSED) if closed else State.RECEIPT
    if sold is None:
        lines = unsure if state is State.REVIEW else ()
        at = closed.closed_at if closed else None
        return Shown(state=state, online=known.online, lines=lines, charged=state in FINAL, closed_at=at)
    state = State.REVIEW if state is State.REVIEW else State.RECEIPT
    return Shown(
        state=state,
        online=known.online,
        lines=sold.lines + (unsure if state is State.REVIEW else ()),
        total_fen=sold.total_fen,
        certified_fen=sold.certified_fen,
        charged=True,
        order_no=sold.order_no,
        closed_at=sold.closed_at,
    )


def _open(known: Known, live: feed.Live) -> Shown:
    """While only the basket tells: a door that is shut is not settled before its event has come."""
    state = {"GRANTED": State.ANSWERED, "UNLOCKING": State.ANSWERED, "OPEN": State.OPEN}.get(
        live.state, State.CLOSED
    )
    return Shown(state=state, online=known.online, lines=_lines(live), total_fen=live.total_fen)


def _another_came(known: Known, answer: Answer) -> bool:
    """A later visit's basket: ours is over, though its end has not arrived."""
    return known.basket is not None and known.basket.heard_ms > answer.heard_ms


def _lines(live: feed.Live | None) -> tuple[Line, ...]:
    return tuple(msgspec.convert(msgspec.structs.asdict(line), Line) for line in live.lines) if live else ()
