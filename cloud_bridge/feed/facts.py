"""What events say: one struct a kind of fact. Knows no envelope, no numbers, no topics; pure.

A fact is told once and never altered; how earlier versions told it stands in ``older``.
"""

import msgspec

MAX_FACT_BYTES = 31 * 1024
"""Of one fact as JSON. An event may have 1 KiB more, of which the envelope takes some 500 bytes."""


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


class ClockSync(Fact, frozen=True, kw_only=True):
    """``clock.sync.v1``: the wall clock was set. source: NTP (the machine says that it is in step) | CENTRE
    (its signed word) | STEP (moved by somebody else, and trusted no more than before).

    before: what it would have shown without; after: what it shows now. Both RFC 3339, at ``mono_ms`` of
    ``boot``.
    """

    boot: str
    source: str
    before: str
    after: str


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
    ClockSync: "clock.sync.v1",
}
"""Facts this version makes. The contract's further types come with the code that makes them."""
