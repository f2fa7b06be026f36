"""What screens show: one immutable picture of the counter, made by the engine after each change.

``View`` is public (the screen in the corridor): no account, no session id. ``SessionView`` is for
the session's opener alone. Both are msgspec Structs because pages and the API send them as JSON.
Weights never appear: buyers are shown pieces (the trade-scale rule).
"""

import msgspec


class PromotionView(msgspec.Struct, frozen=True, kw_only=True):
    """What a promotion is called. kind: LIMITED_TIME TIME_OF_DAY NEAR_EXPIRY FULL_REDUCTION."""

    kind: str
    zh: str
    en: str


class TrayView(msgspec.Struct, frozen=True, kw_only=True):
    """One product on one tray; goods that share a tray have a view each.

    on_hand: pieces booked, less the pieces in the open door's basket. list_price_fen: None where
    ``price_fen`` is the list price. strike_fen: what may be shown struck through beside it. promotion: by
    which the price is lower, reduction: for which these goods count besides.
    """

    tray: str
    sku: str
    name: str
    name_en: str
    spec: str
    county: str
    county_en: str
    price_fen: int
    on_hand: int
    capacity: int
    certified: bool
    expires_on: str | None
    in_service: bool
    """False: the tray's scale is silent or faulty; its goods are not sold just now."""
    blocked: str = ""
    """Why it is not sold, a code of ``edge.domain.gate.Block``; "": it is. Pages say ``block_CODE``."""
    category: str = ""
    """The catalogue's category; pages choose the product's picture by it. "": a plain box."""
    list_price_fen: int | None = None
    strike_fen: int | None = None
    promotion: PromotionView | None = None
    reduction: PromotionView | None = None
    age_restricted: bool = False
    """Not for minors: pages show the sign."""


class Moved(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happened on a tray. action: TAKE PUT_BACK MISPLACED FOREIGN_OBJECT TOUCH.

    at: RFC 3339 UTC.
    """

    at: str
    action: str
    count: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Why a line costs what it costs: pieces before and after on its tray, and each take and put-back."""

    before: int
    after: int
    events: tuple[Moved, ...]


class LineView(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the basket. sure False: still weighing, or it went to review; then amount_fen is 0.

    amount_fen = count × price_fen − discount_fen, its share of a full reduction. list_price_fen: None where
    ``price_fen`` is the list price.
    """

    tray: str
    sku: str
    name: str
    name_en: str
    count: int
    price_fen: int
    amount_fen: int
    sure: bool
    evidence: Evidence | None = None
    list_price_fen: int | None = None
    discount_fen: int = 0


class OptionView(msgspec.Struct, frozen=True, kw_only=True):
    """One explanation of what left the trays, as the sale it would be; no line: nothing was taken."""

    lines: tuple[LineView, ...]
    total_fen: int
    discount_fen: int = 0


class QuestionView(msgspec.Struct, frozen=True, kw_only=True):
    """The weights leave two baskets open: which was it? ``closes_in_s``: as BasketView's."""

    options: tuple[OptionView, OptionView]
    closes_in_s: int


class BasketView(msgspec.Struct, frozen=True, kw_only=True):
    """The door session as the screen in the corridor shows it.

    state: GRANTED UNLOCKING OPEN SETTLING SETTLED EMPTY REVIEW CANCELLED.
    notice: a string key for pages, or "": door_long door_alarm latch foreign unsure bolt_stuck …
    closes_in_s: whole seconds until the next limit (pull time-out, door warning), None: no limit runs.
    discount_fen: what ``reduction`` takes off, within ``total_fen`` already.
    """

    kind: str
    state: str
    lines: tuple[LineView, ...]
    total_fen: int
    notice: str = ""
    closes_in_s: int | None = None
    order_no: str | None = None
    question: QuestionView | None = None
    discount_fen: int = 0
    reduction: PromotionView | None = None


class View(msgspec.Struct, frozen=True, kw_only=True):
    """The counter, for anyone standing before it.

    state: READY BUSY RESTOCKING OUT_OF_ORDER. reason: why OUT_OF_ORDER, a string key.
    token: what the screen's QR holds now; pages other than the screen itself must not get it.
    """

    version: int
    """Grows with each change; a page that sees a smaller one talks to a restarted counter."""
    counter: str
    name: str
    place: str
    hotline: str
    state: str
    reason: str
    trays: tuple[TrayView, ...]
    basket: BasketView | None
    online: bool
    """Whether the centre acknowledged within the last minutes; selling does not depend on it."""
    token: str
    token_expires_in_s: int
    shut: str = ""
    """Why buyers are not let in though it works: CLOSED EXPIRED_GOODS GOODS_BLOCKED; "": they are."""
    alarms: tuple[str, ...] = ()


class PaidView(msgspec.Struct, frozen=True, kw_only=True):
    """What one source pays. scheme: UNION_FESTIVAL UNION_SPECIAL SELF_PAY. owed: still to be settled.

    left_fen: what the quota has left after it; None: the buyer's own.
    """

    scheme: str
    fen: int
    owed: bool = False
    left_fen: int | None = None


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """One door session for its opener, as ``GET /api/v1/sessions/{id}`` gives it.

    verdict: None while open, then charge | empty | review. discount_fen, reduction: as BasketView's; of a
    session read from the ledger the reduction's name is not known any more.
    """

    session: str
    kind: str
    state: str
    lines: tuple[LineView, ...]
    total_fen: int
    certified_fen: int
    order_no: str | None
    verdict: str | None
    notice: str
    closes_in_s: int | None
    opened_at: str
    closed_at: str | None
    question: QuestionView | None = None
    appeal: str | None = None
    """None, or ``received`` once an appeal was recorded."""
    paid: tuple[PaidView, ...] = ()
    """How quotas and buyer share the total; (): the account as it is pays."""
    refunded_fen: int = 0
    """What went back of the total since."""
    discount_fen: int = 0
    reduction: PromotionView | None = None
