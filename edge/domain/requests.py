"""What people ask of the counter, and what it answers. Values only.

A request carries an ``id`` made by the asking thread; the engine's answer carries the same ``id``.
"""

from dataclasses import dataclass, field
from enum import StrEnum

from edge.domain.reports import FaultReport
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
class PinChecked:
    """The worker's answer to ``VerifyPin``."""

    id: str
    ok: bool


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
    """Answer to an OpenRequest: the session exists and the bolt is being moved."""

    id: str
    session: SessionId


@dataclass(frozen=True, slots=True)
class Refused:
    """Answer to any request. ``detail``: one English sentence saying what to do, for logs and APIs."""

    id: str
    code: Refusal
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Accepted:
    """Answer to an AppealRequest, an AnswerRequest or a FaultReport: it is recorded."""

    id: str


Request = OpenRequest | AppealRequest | AnswerRequest | FaultReport
Answer = Granted | Refused | Accepted
