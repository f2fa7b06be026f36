"""What others may read of the centre: the rows of each list, as JSON has them. Pure.

Money is whole fen. ``id``, ``number``: order of arrival at this centre, the cursor. ``inc``, ``seq``:
the event at the counter that the row comes from.
"""

import msgspec


class Event(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One event as it arrived; its bytes are unchanged, so that hash and chain can be checked.

    event_base64 instead of event: bytes that are not one line of text.
    """

    number: int
    received: str
    event: msgspec.Raw | None = None
    event_base64: str | None = None


class SaleLine(msgspec.Struct, frozen=True, kw_only=True):
    """amount = count × price − discount. supply_price_fen: due to the supplier for a piece, None: unknown."""

    tray: str
    sku: str
    name: str
    count: int
    price_fen: int
    amount_fen: int
    certified: bool
    county: str
    supplier: str
    supplier_id: str
    supply_price_fen: int | None


class SalePaid(msgspec.Struct, frozen=True, kw_only=True):
    """What one source paid. owed: the buyer has yet to settle it."""

    scheme: str
    quota: str
    fen: int
    certified_fen: int
    owed: bool


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """One sale, before refunds. refunded_fen: what went back of it until now. clk: was the clock set.

    happened_at: when it closed, worked out where the counter's clock was not set; the day it counts for.
    timed: how sure that is, CLOCK HELD SYNC or ESTIMATE. opened_at, closed_at: as the counter wrote them.
    """

    id: int
    order_no: str
    counter: str
    session: str
    total_fen: int
    certified_fen: int
    opened_at: str
    closed_at: str
    received_at: str
    refunded_fen: int
    channel: str
    unit: str
    catalogue: str
    clk: int
    inc: str
    seq: int
    happened_at: str
    timed: str
    lines: tuple[SaleLine, ...]
    paid: tuple[SalePaid, ...]


class RefundLine(msgspec.Struct, frozen=True, kw_only=True):
    """line: of the sale, from 1. count: pieces that count as not sold."""

    line: int
    fen: int
    count: int


class RefundPaid(msgspec.Struct, frozen=True, kw_only=True):
    """Where it went."""

    scheme: str
    quota: str
    fen: int
    certified_fen: int


class Refund(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a sale that went back."""

    id: int
    counter: str
    refund: str
    session: str
    order_no: str
    unit: str
    fen: int
    certified_fen: int
    reason: str
    at: str
    received_at: str
    inc: str
    seq: int
    lines: tuple[RefundLine, ...]
    paid: tuple[RefundPaid, ...]


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One door session. state: SETTLED EMPTY REVIEW CANCELLED."""

    id: int
    counter: str
    session: str
    kind: str
    state: str
    verdict: str
    reasons: tuple[str, ...]
    order_no: str | None
    opened_at: str
    closed_at: str
    received_at: str
    inc: str
    seq: int


class Movement(msgspec.Struct, frozen=True, kw_only=True):
    """One change of stock. kind: RESTOCK SALE PULL_OFF WRITE_OFF ADJUST MISPLACED; count is signed."""

    id: int
    counter: str
    movement: str
    tray: str
    sku: str
    kind: str
    count: int
    session: str | None
    reason: str
    lot: str
    expires_on: str | None
    at: str
    received_at: str
    inc: str
    seq: int


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """How one alarm of a counter stands; it gets a new ``id`` each time that it is raised or cleared."""

    id: int
    counter: str
    kind: str
    subject: str
    severity: str
    detail: str
    session: str | None
    active: bool
    at: str
    received_at: str
    inc: str
    seq: int


class Stock(msgspec.Struct, frozen=True, kw_only=True):
    """What is booked on one tray. through: the last movement in it; add those with a higher ``id``."""

    counter: str
    tray: str
    sku: str
    on_hand: int
    through: int
