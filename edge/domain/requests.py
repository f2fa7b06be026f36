"""What people ask of the counter, and what it answers. Values only.

A request carries an ``id`` made by the asking thread; the engine's answer carries the same ``id``.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from edge.domain.reports import FaultReport
from edge.domain.restock_view import RestockAct
from edge.domain.values import Kind, SessionId


class Refusal(StrEnum):
    """Why the door stays shut, or a request is turned down. Stable: pages and others rely on them."""

    BUSY = "BUSY"
    RESTOCKING = "RESTOCKING"
    OUT_OF_ORDER = "OUT_OF_ORDER"
    OVER_TEMPERATURE = "OVER_TEMPERATURE"
    CLOSED = "CLOSED"
    UNPAID = "UNPAID"
    BLOCKED = "BLOCKED"
    EXPIRED_GOODS = "EXPIRED_GOODS"
    GOODS_BLOCKED = "GOODS_BLOCKED"
    """Goods lie there that may not be sold, and policy shuts the whole door for them."""
    OFFLINE_LIMIT = "OFFLINE_LIMIT"
    REPLAY = "REPLAY"
    """The token was used before, or is older than it may be: scan the screen again."""
    BAD_TOKEN = "BAD_TOKEN"
    """This counter never issued that token."""
    BAD_PIN = "BAD_PIN"
    """Unknown account or wrong PIN; which of the two is not said."""
    NO_QUOTA = "NO_QUOTA"
    NOT_ALLOWED = "NOT_ALLOWED"
    """The account's role may not open this kind of session."""
    TOO_SOON = "TOO_SOON"
    """The lock's coil has to rest for some seconds."""
    UNKNOWN_SESSION = "UNKNOWN_SESSION"
    NOT_ASKED = "NOT_ASKED"
    """An answer to a question that is not, or no longer, put."""
    KEY_REUSED = "KEY_REUSED"
    """The Idempotency-Key came before with another request."""
    NOT_SIGNED_IN = "NOT_SIGNED_IN"
    """Nobody is signed in at the screen, or somebody else by now."""
    NOT_NOW = "NOT_NOW"
    """What the restocker asks for does not fit what is under way; ``detail`` says why."""
    UNFINISHED = "UNFINISHED"
    """The sheet cannot be signed yet; ``detail`` names what is missing."""


@dataclass(frozen=True, slots=True)
class OpenRequest:
    """Somebody asks for the door. ``key``: the Idempotency-Key; a repeat gets the same answer.

    asked_at: monotonic second of the asking, None: not known; who asked long ago has left the door.
    """

    id: str
    kind: Kind
    token: str
    account: str
    pin: str
    key: str
    asked_at: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """Staff at the counter's own screen: an account and its PIN, or (badge not "") a card's number."""

    id: str
    account: str
    pin: str
    badge: str = ""
    asked_at: float | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class RestockRequest:
    """One tap of whoever is signed in. secret: as ``SignedIn`` gave it."""

    id: str
    secret: str
    act: RestockAct


@dataclass(frozen=True, slots=True)
class PinChecked:
    """The worker's answer to ``VerifyPin``."""

    id: str
    ok: bool


@dataclass(frozen=True, slots=True)
class BadgeChecked:
    """The worker's answer to ``VerifyBadge``: whose it is, None: nobody's."""

    id: str
    account: str | None


@dataclass(frozen=True, slots=True)
class AppealRequest:
    """The opener disputes a closed session's result. ``reason``: free text of at most 200 characters."""

    id: str
    session: SessionId
    reason: str


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """What the buyer says to the question which of two explanations is right.

    session: None where the answer was given at the counter's own screen. choice: number of the option
    from 0; None: neither.
    """

    id: str
    session: SessionId | None
    choice: int | None


@dataclass(frozen=True, slots=True)
class Granted:
    """Answer to an OpenRequest: the session exists and the bolt is being moved.

    secret: of the staff who opened it, as in ``SignedIn``; "" for a buyer.
    """

    id: str
    session: SessionId
    secret: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Answer to a SignInRequest: buyers are shut out until the task is finished or left.

    secret: 32 hex digits that every RestockRequest has to carry.
    """

    id: str
    secret: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer to any request. ``detail``: one English sentence saying what to do, for logs and APIs."""

    id: str
    code: Refusal
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Answer to any request that only had to be recorded: it is."""

    id: str


Request = OpenRequest | AppealRequest | AnswerRequest | FaultReport | SignInRequest | RestockRequest
Answer = Granted | Refused | Accepted | SignedIn
