"""The uplink's words: what it reads, what it is told, what it answers. Values only."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from cloud_bridge import feed


class Outbox(Protocol):
    """The counter's numbered events, read-only. ``events``: (seq, bytes) above ``after``, in order.

    answered: those of these commands, by id, that have ended.
    """

    def incarnation(self) -> str: ...
    def last_seq(self) -> int: ...
    def events(self, after: int, limit: int) -> list[tuple[int, bytes]]: ...
    def answered(self, commands: Sequence[str]) -> set[str]: ...


@dataclass(frozen=True, slots=True)
class Limits:
    """window: messages awaiting PUBACK. unmarked: events awaiting the centre. Times in seconds.

    batch_bytes: of a message as it is sent; batch_raw_bytes: of the events in it. behind_above: with more
    events to send than that, a new session starts with jitter.
    """

    window: int = 20
    unmarked: int = 200
    behind_above: int = 20
    batch_above: int = 1
    batch_events: int = 100
    batch_bytes: int = 60_000
    batch_raw_bytes: int = 512 * 1024
    resend_s: float = 1.5
    ceiling_s: float = 60.0
    retry_rarely_s: float = 900.0
    stalled_s: float = 60.0
    start_jitter_s: float = 3.0
    replay_per_s: float = 400.0
    """Events a second while catching up, so that a fleet coming back does not flood the centre."""
    audit_s: float = 3600.0
    """About so often the centre is asked how the ledger stands there, though nothing is wrong."""
    unanswered: int = 8
    """Sends of a row, each passed over by an ack of rows behind it, before it is set aside."""


# --- inputs -------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Connected:
    """A new session, subscribed. The two limits are the broker's CONNACK properties."""

    receive_maximum: int = 65535
    max_packet: int = 268_435_455


@dataclass(frozen=True, slots=True)
class Disconnected:
    """The session is gone, and with it all that awaited a PUBACK. code: of the broker's DISCONNECT, or 0."""

    code: int = 0


@dataclass(frozen=True, slots=True)
class PubAck:
    ref: int
    code: int


@dataclass(frozen=True, slots=True)
class CentreIs:
    """The centre's own presence: a hint that trying now is worth while."""

    online: bool


Input = Connected | Disconnected | PubAck | CentreIs | feed.Ack


# --- outputs ------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Publish:
    """One message for the broker. ref: names it in the later PubAck. body: perhaps packed."""

    ref: int
    seqs: tuple[int, ...]
    body: bytes


@dataclass(frozen=True, slots=True)
class Note:
    """Something for the log; an alarm is something an operator can act on."""

    event: str
    fields: dict[str, object]
    alarm: bool = False


@dataclass(frozen=True, slots=True)
class Turn:
    """due: when to take the next turn if nothing arrives. stalled: this connection is to be dropped.

    asks: say the birth again, so that the centre answers how this ledger stands there.
    """

    publishes: tuple[Publish, ...]
    notes: tuple[Note, ...]
    due: float
    stalled: bool = False
    asks: bool = False
