"""The contract of the MQTT feed: events, commands' envelope, topics, acks. Pure; both banks import it.

Events are CloudEvents 1.0 in structured JSON with the extensions ``inc seq boot clk prev``. An event
is serialised once, in the transaction that made the fact, and never again: its SHA-256 is part of
the next event (``prev``), so one changed byte is named by the chain.
"""

import hashlib
import re
from collections.abc import Sequence
from typing import Any

import msgspec

from cloud_bridge import older

COUNTER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,23}")
"""A counter's id stands in topics, file names and order numbers."""

MAX_EVENT_BYTES = 32 * 1024
MAX_FACT_BYTES = MAX_EVENT_BYTES - 1024
"""The envelope takes some 500 bytes."""
GENESIS = "0" * 64
"""``prev`` of the first event of an incarnation."""

CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"
BATCH_CONTENT_TYPE = "application/cloudevents-batch+json; charset=utf-8"


# --- topics -------------------------------------------------------------------------------------
def topic(counter: str, leaf: str) -> str:
    """``counters/{counter}/{leaf}``; leaf: events presence live health acks commands."""
    return f"counters/{counter}/{leaf}"


CENTRE_STATE = "centre/state"


# --- facts (the ``data`` of events) ---------------------------------------------------------------
class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """``mono_ms``: the counter's monotonic clock, whole milliseconds since its boot."""

    mono_ms: int


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a sale. Amounts in fen; county and certificate as they were at the sale.

    amount = count × price − discount, the line's share of a full reduction. list_price_fen: None where the
    price is the list price. promotion: ids of what made it cheaper, ``price+reduction``; "": nothing did.
    supply_price_fen: what the supplier is due for a piece, None: not known.
    """

    tray: str
    sku: str
    name: str
    count: int
    price_fen: int
    amount_fen: int
    certified: bool
    county: str
    supplier: str
    list_price_fen: int | None = None
    discount_fen: int = 0
    promotion: str = ""
    supplier_id: str = ""
    supply_price_fen: int | None = None


class Paid(msgspec.Struct, frozen=True, kw_only=True):
    """What one source paid of a sale. scheme: UNION_FESTIVAL UNION_SPECIAL SELF_PAY, or ACCOUNT where the
    buyer's account has no quotas.

    quota: its id, "" where there is none. owed: the buyer has yet to settle it. left_fen: of the quota then.
    """

    scheme: str
    quota: str
    fen: int
    certified_fen: int
    owed: bool = False
    left_fen: int | None = None


class SaleSettled(Fact, frozen=True, kw_only=True):
    """``sale.settled.v1``. ``buyer``: opaque reference. total = Σ amounts = Σ paid, certified ⊆ total.

    paid: () in events of before quotas. unit: opaque id of the buyer's unit.
    discount = Σ discounts of the lines. prices: version of the prices file; "": there was none.
    """

    session: str
    order_no: str
    buyer: str
    channel: str
    lines: tuple[Line, ...]
    total_fen: int
    certified_fen: int
    catalogue: str
    opened_at: str
    closed_at: str
    discount_fen: int = 0
    prices: str = ""
    paid: tuple[Paid, ...] = ()
    unit: str = ""


class RefundedLine(msgspec.Struct, frozen=True, kw_only=True):
    """What of one line of a sale went back. line: from 1. count: pieces that count as not sold."""

    line: int
    fen: int
    count: int


class SaleRefunded(Fact, frozen=True, kw_only=True):
    """``sale.refunded.v1``: a part of a sale goes back to what paid it. refund: unique over counters.

    fen = Σ lines = Σ paid; ``paid`` names where it goes, never another source than the sale's.
    """

    refund: str
    session: str
    order_no: str
    buyer: str
    fen: int
    certified_fen: int
    lines: tuple[RefundedLine, ...]
    paid: tuple[Paid, ...]
    unit: str = ""
    reason: str = ""


class QuotaEntered(Fact, frozen=True, kw_only=True):
    """``quota.entered.v1``: what moves a quota or a debt and is no sale. entry: unique over counters.

    kind: LAPSE (unused, falls back to ``unit``) | PAID (``account`` settled what it owed of ``order_no``).
    """

    entry: str
    kind: str
    account: str
    unit: str
    scheme: str
    quota: str
    fen: int
    order_no: str | None = None
    reason: str = ""


class Goods(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one product that left a tray; negative: came in."""

    sku: str
    count: int


class Alternative(msgspec.Struct, frozen=True, kw_only=True):
    """What else may have left a tray, and how likely that is, in thousandths."""

    goods: tuple[Goods, ...]
    permille: int


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing seen on a tray. t_ds: tenths of a second since the grant. action: TAKE PUT_BACK MISPLACED
    FOREIGN_OBJECT TOUCH. sku: None for what is no goods of ours."""

    t_ds: int
    action: str
    count: int
    sku: str | None = None


MOST_HAPPENINGS = 80
"""Of all trays of a session together, in equal shares; the ledger has all of them. One takes 70 bytes."""


class TrayVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """What the weights of one tray said; for the reviewer, so in grams (tenths, as integers).

    verdict: charge | empty | review. goods: the best guess. before/after: None where the tray was silent.
    curve: its course, tenths of a second since the grant and tenths of a gram. events: the first ones.
    """

    tray: str
    verdict: str
    goods: tuple[Goods, ...]
    before_dg: int | None
    after_dg: int | None
    delta_dg: int | None
    residual_dg: int | None
    reasons: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    curve: tuple[tuple[int, int], ...] = ()
    events: tuple[Happening, ...] = ()


class SessionClosed(Fact, frozen=True, kw_only=True):
    """``session.closed.v1``. state: SETTLED EMPTY REVIEW CANCELLED."""

    session: str
    kind: str
    state: str
    opener: str
    verdict: str
    reasons: tuple[str, ...]
    trays: tuple[TrayVerdict, ...]
    opened_at: str
    closed_at: str
    order_no: str | None = None


def fitting(fact: SessionClosed) -> SessionClosed:
    """``fact``, without what only explains it where a busy cabinet's whole would not fit an event."""
    if len(msgspec.json.encode(fact)) <= MAX_FACT_BYTES:
        return fact
    trays = tuple(msgspec.structs.replace(t, alternatives=(), curve=(), events=()) for t in fact.trays)
    return msgspec.structs.replace(fact, trays=trays)


class StockMoved(Fact, frozen=True, kw_only=True):
    """``stock.moved.v1``. kind: RESTOCK SALE PULL_OFF WRITE_OFF ADJUST MISPLACED; count is signed.

    lot: the maker's number, "" where none is known. Dates: ISO 8601; expires_on is the last day of sale.
    """

    movement: str
    tray: str
    sku: str
    kind: str
    count: int
    session: str | None = None
    reason: str = ""
    lot: str = ""
    produced_on: str | None = None
    expires_on: str | None = None


class RestockLine(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One product on one tray in a restock. Pieces.

    planned: as suggested. weighed, brought: put in by weight, and as signed. pulled: taken away, with its
    reason EXPIRED DAMAGED RECALLED RETURNED. counted, adjusted: a stock-take and its difference to the books.
    now: what lies there. lot, produced_on, expires_on: of what was brought.
    """

    tray: str
    sku: str
    planned: int
    weighed: int
    brought: int
    now: int
    pulled: int = 0
    pull_reason: str = ""
    counted: int | None = None
    adjusted: int = 0
    lot: str = ""
    produced_on: str | None = None
    expires_on: str | None = None
    reason: str = ""


class RestockFinished(Fact, frozen=True, kw_only=True):
    """``restock.finished.v1``: a supplier's visit as it was signed. ``signer``: opaque reference."""

    document: str
    session: str
    signer: str
    lines: tuple[RestockLine, ...]
    opened_at: str
    closed_at: str


class AlarmRaised(Fact, frozen=True, kw_only=True):
    """``alarm.raised.v1``. One alarm is (kind, subject); raising it again updates it."""

    kind: str
    subject: str
    severity: str
    detail: str = ""
    session: str | None = None


class AlarmCleared(Fact, frozen=True, kw_only=True):
    """``alarm.cleared.v1``."""

    kind: str
    subject: str


class Counted(msgspec.Struct, frozen=True, kw_only=True):
    """Goods of a tray as counted: pieces booked, and how many of them are missing (negative: too many)."""

    sku: str
    booked: int
    missing: int


class StockCounted(Fact, frozen=True, kw_only=True):
    """``stock.counted.v1``: the nightly line of one tray, from its weight with the door shut.

    day: the local date. cause: NONE, or what is wrong (SHRINKAGE LEAK DRIFTING_CELL …). basis: what it was
    held against, EMPTY_TRAY | LAST_SESSION | FIRST_LEVEL. since, watched_s: when watching began, and how
    long levels came. residual: measured − expected; slow: what it wandered; jump: the sum of its steps.
    Weights in tenths of a gram; None: no reading.
    """

    tray: str
    day: str
    cause: str
    basis: str
    since: str
    watched_s: int
    expected_dg: int
    measured_dg: int | None
    residual_dg: int | None
    slow_dg: int
    jump_dg: int
    goods: tuple[Counted, ...] = ()


class CalibrationChanged(Fact, frozen=True, kw_only=True):
    """``calibration.changed.v1``. kind: UNIT (a piece of ``sku`` and ``lot``) | ZERO (the empty ``tray``).

    calibration, undoes: names of rows, unique over counters. why: restock | single_take | emptied |
    serviced | undone. Whole milligrams; None: not known (any more). units: pieces behind the weight.
    """

    calibration: str
    kind: str
    why: str
    tray: str
    sku: str
    lot: str
    old_mg: int | None
    new_mg: int | None
    new_sd_mg: int | None
    new_error_mg: int | None
    units: int
    undoes: str | None = None
    session: str | None = None


class CatalogueApplied(Fact, frozen=True, kw_only=True):
    """``catalogue.applied.v1``."""

    version: str
    products: int


class PlanogramApplied(Fact, frozen=True, kw_only=True):
    """``planogram.applied.v1``."""

    version: str
    trays: int


class CommandAnswered(Fact, frozen=True, kw_only=True):
    """``command.answered.v1``. outcome: DONE | REFUSED (it was not acted on) | FAILED (tried, and undone).

    code: why not, "" for DONE. session: what an unlock began. report: JSON text of a diagnostics bundle.
    """

    command: str
    kind: str
    outcome: str
    code: str = ""
    detail: str = ""
    session: str | None = None
    report: str = ""


TYPES: dict[type[Fact], str] = {
    SaleSettled: "sale.settled.v1",
    SaleRefunded: "sale.refunded.v1",
    QuotaEntered: "quota.entered.v1",
    SessionClosed: "session.closed.v1",
    StockMoved: "stock.moved.v1",
    RestockFinished: "restock.finished.v1",
    AlarmRaised: "alarm.raised.v1",
    AlarmCleared: "alarm.cleared.v1",
    StockCounted: "stock.counted.v1",
    CalibrationChanged: "calibration.changed.v1",
    CatalogueApplied: "catalogue.applied.v1",
    PlanogramApplied: "planogram.applied.v1",
    CommandAnswered: "command.answered.v1",
}
"""Facts this version makes. The contract's further types come with the code that makes them."""


# --- envelope -------------------------------------------------------------------------------------
class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """One event. ``data`` is decoded by ``fact_of`` according to ``type``."""

    specversion: str
    id: str
    source: str
    type: str
    time: str
    subject: str
    datacontenttype: str
    inc: str
    seq: int
    boot: str
    clk: int
    prev: str
    data: msgspec.Raw


def sha256(body: bytes) -> str:
    """The chain's link: SHA-256 of an event's bytes as sent, 64 hex digits."""
    return hashlib.sha256(body).hexdigest()


class Unreadable(ValueError):
    """These bytes are no event of this contract; the message says where."""


BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
"""All that msgspec raises on bytes from outside; nesting 10,000 deep is a RecursionError."""

_envelopes = msgspec.json.Decoder(Envelope)
_facts: dict[str, Any] = {name: msgspec.json.Decoder(kind) for kind, name in TYPES.items()}


def encode(
    fact: Fact,
    *,
    counter: str,
    id: str,
    time: str,
    subject: str,
    inc: str,
    seq: int,
    boot: str,
    clk: int,
    prev: str,
) -> bytes:
    """The event's bytes, as they are stored and sent. Raises ValueError above MAX_EVENT_BYTES."""
    body = msgspec.json.encode(
        Envelope(
            specversion="1.0",
            id=id,
            source=f"/counters/{counter}",
            type=TYPES[type(fact)],
            time=time,
            subject=subject,
            datacontenttype="application/json",
            inc=inc,
            seq=seq,
            boot=boot,
            clk=clk,
            prev=prev,
            data=msgspec.Raw(msgspec.json.encode(fact)),
        )
    )
    if len(body) > MAX_EVENT_BYTES:
        raise ValueError(f"event {seq} has {len(body)} bytes, the limit is {MAX_EVENT_BYTES}")
    return body


def decode(body: bytes) -> Envelope:
    """The envelope in ``body``. Raises Unreadable."""
    try:
        return _envelopes.decode(body)
    except BAD_JSON as error:
        raise Unreadable(str(error)) from error


def fact_of(event: Envelope) -> Fact | None:
    """The event's fact, also of an older form; None for an unknown type. Raises Unreadable."""
    decoder = _facts.get(event.type)
    if decoder is None:
        return None
    try:
        fact: Fact = decoder.decode(event.data)
    except BAD_JSON as error:
        before = _fact_of_older(event)
        if before is None:
            raise Unreadable(f"{event.type}: {error}") from error
        return before
    return fact


def _fact_of_older(event: Envelope) -> Fact | None:
    renewed = older.FORMS.get(event.type)
    if renewed is None:
        return None
    try:
        fact: Fact = _facts[event.type].decode(renewed(event.data))
    except BAD_JSON:
        return None  # not of the older form either: the first error says what is wrong
    return fact


def batch(bodies: Sequence[bytes]) -> bytes:
    """One CloudEvents JSON batch of events, their bytes untouched."""
    return b"[" + b",".join(bodies) + b"]"


def unbatch(body: bytes) -> list[bytes]:
    """The events' bytes in a batch, exactly as they were put in. Raises Unreadable."""
    try:
        return [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except BAD_JSON as error:
        raise Unreadable(f"batch: {error}") from error


# --- acks and presence ------------------------------------------------------------------------------
class Rejected(msgspec.Struct, frozen=True, kw_only=True):
    seq: int
    code: str


MAX_HAVE = 64
"""Ranges named in one ack; the lowest, so that what is left over shrinks from below."""


class Ack(msgspec.Struct, frozen=True, kw_only=True):
    """What the centre holds after its commit.

    through: every seq from 1 to here. have: further closed ranges. reject: held, but unreadable or
    in conflict; these count as delivered so that nothing behind them waits.
    """

    inc: str
    through: int
    have: tuple[tuple[int, int], ...] = ()
    reject: tuple[Rejected, ...] = ()


class Presence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who is there. inc: a counter's ledger; the centre answers such a birth with an ack of how it stands."""

    online: bool
    since: str | None = None
    boot: str | None = None
    version: str | None = None
    inc: str | None = None


class TrayHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One tray's scale. state: REST MOVING SILENT or OUT (of service by order).

    noise_mg: standard deviation of its last readings at rest, None: too few of them.
    """

    tray: str
    state: str
    noise_mg: int | None = None


class EngineHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the counter is, by its engine. state, reason: as its screen shows them.

    clk: unsynced synced or held. alarms: kinds that stand. temperature_dc: tenths of a degree Celsius, None:
    no sensor. free_mib: room where the ledger lives.
    """

    state: str
    reason: str = ""
    clk: str = ""
    alarms: int = 0
    trays: tuple[TrayHealth, ...] = ()
    temperature_dc: int | None = None
    free_mib: int | None = None


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Unnumbered telemetry of the bridge; may be lost.

    backlog: events not yet acknowledged by the centre. parked: of these, the ones set aside.
    refused: texts on the counter's command topic that were no command to be obeyed, since its bridge.db.
    at: the counter's wall clock as it is sent, RFC 3339; "": an older counter, which does not tell.
    """

    backlog: int
    through: int
    parked: int
    version: str
    refused: int = 0
    at: str = ""
    engine: EngineHealth | None = None
    """What the engine said last, at most half a minute before; None: nothing yet."""


class LiveLine(msgspec.Struct, frozen=True, kw_only=True):
    """One product in the open door's basket. Amounts in fen; sure False: not charged as it stands."""

    tray: str
    sku: str
    name: str
    count: int
    price_fen: int
    amount_fen: int
    sure: bool = True


class Live(msgspec.Struct, frozen=True, kw_only=True):
    """The open door's running basket on ``live``: unnumbered, may be lost, the latest counts.

    state: of the session table. command: the unlock that began it, "" for one begun at the counter.
    """

    session: str
    state: str
    lines: tuple[LiveLine, ...]
    total_fen: int
    mono_ms: int
    command: str = ""
