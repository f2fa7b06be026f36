"""What the engine hands to the ledger: facts of door sessions, whole and finished. Values only."""

from dataclasses import dataclass, field
from datetime import date

from edge.domain.pricing import Priced, Promotion
from edge.domain.quota import Part
from edge.domain.values import (
    BuyerRef,
    Decigrams,
    Fen,
    Instant,
    Kind,
    Pieces,
    SessionId,
    Sku,
    TrayId,
    days_after,
    months_after,
)


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing seen on a tray. action: TAKE PUT_BACK MISPLACED FOREIGN_OBJECT TOUCH.

    t: seconds since the request was granted. count: pieces, ≥ 0. sku: None for what is no goods of ours.
    """

    t: float
    action: str
    count: int
    sku: Sku | None = None


@dataclass(frozen=True, slots=True)
class Alternative:
    """What else may have left a tray, and how likely that is, in thousandths."""

    goods: Pieces
    permille: int


Curve = tuple[tuple[int, int], ...]
"""A tray's course as some points: tenths of a second since the grant, tenths of a gram."""


@dataclass(frozen=True, slots=True)
class TrayEvidence:
    """Everything one tray said in a session. verdict: charge | empty | review.

    goods: what left it (best guess on review), negative where more came in than left.
    residual: what of the change the goods do not explain. alternatives: the likeliest first.
    """

    tray: TrayId
    verdict: str
    goods: Pieces
    before: Decigrams | None
    after: Decigrams | None
    residual: Decigrams | None
    reasons: tuple[str, ...] = ()
    events: tuple[Happened, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    curve: Curve = ()

    @property
    def delta(self) -> Decigrams | None:
        """after − before; None where either is unknown."""
        if self.before is None or self.after is None:
            return None
        return Decigrams(self.after - self.before)


@dataclass(frozen=True, slots=True)
class Stray:
    """Pieces that lie at the end of a session on another tray than they were taken from.

    sure: they can be no others of the same weight, so that they are booked where they lie.
    """

    sku: Sku
    count: int
    from_tray: TrayId
    to_tray: TrayId
    sure: bool = True


NOTHING_OFF = Fen(0)


@dataclass(frozen=True, slots=True)
class SaleLine:
    """amount = count × price − discount.

    price: of one piece, after a promotion of its own. list_price: None where ``price`` is the list price.
    discount: its share of a full reduction. promotion: what made it cheaper, ``price+reduction``.
    supply_price: what its supplier is due for a piece, None: not known.
    """

    tray: TrayId
    sku: Sku
    name: str
    count: int
    price: Fen
    amount: Fen
    certified: bool
    county: str
    supplier: str
    supplier_id: str = ""
    supply_price: Fen | None = None
    list_price: Fen | None = None
    discount: Fen = NOTHING_OFF
    promotion: str = ""


@dataclass(frozen=True, slots=True)
class Sale:
    """prices: version of the prices file that it was made by; "": there was none. paid: how quotas and buyer
    share it; (): the account as it is pays. unit: the buyer's, opaque.
    """

    lines: tuple[SaleLine, ...]
    paid: tuple[Part, ...] = ()
    unit: str = ""
    prices: str = ""

    @property
    def total(self) -> Fen:
        return Fen(sum(line.amount for line in self.lines))

    @property
    def discount(self) -> Fen:
        """What a full reduction took off all lines together."""
        return Fen(sum(line.discount for line in self.lines))

    @property
    def certified(self) -> Fen:
        """The part of the total that certified products make up."""
        return Fen(sum(line.amount for line in self.lines if line.certified))


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of a tray's booked stock. kind: RESTOCK SALE PULL_OFF WRITE_OFF ADJUST MISPLACED.

    count: signed pieces (a sale is negative). lot: the maker's number, "" where none is known. expires_on:
    the last day of sale.
    """

    tray: TrayId
    sku: Sku
    kind: str
    count: int
    reason: str = ""
    lot: str = ""
    produced_on: date | None = None
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Intake:
    """The record of goods taken in, as the food law wants it (食品安全法 art. 53).

    spec, name: as printed. qty: pieces, > 0. shelf_life_days: None where the goods keep for ever.
    taken_in_on: the local day. document: reference of the inspection or certificate papers. Dates and
    numbers that nobody entered are None or "".
    """

    sku: Sku
    name: str
    spec: str
    qty: int
    lot: str
    produced_on: date | None
    shelf_life_days: int | None
    expires_on: date | None
    taken_in_on: date
    supplier: str
    supplier_address: str
    supplier_contact: str
    document: str

    @property
    def kept_until(self) -> date:
        """The record's last day: six months after the end of shelf life; two years where there is none.

        Goods that came without a date were made on the day they came, at the latest. Source: 食品安全法
        art. 50 ¶2, which art. 53 refers to.
        """
        if self.expires_on is not None:
            return months_after(self.expires_on, 6)
        if self.shelf_life_days is not None:
            made = self.produced_on or self.taken_in_on
            return months_after(days_after(made, self.shelf_life_days), 6)
        return months_after(self.taken_in_on, 24)


@dataclass(frozen=True, slots=True)
class RestockLine:
    """One product on one tray in a signed restock. Pieces; names as in ``restock_view.TileView``.

    adjusted: what a stock-take found more (or, negative, less) than books and visit say.
    """

    tray: TrayId
    sku: Sku
    planned: int
    weighed: int
    brought: int
    pulled: int
    pull_reason: str
    counted: int | None
    adjusted: int
    now: int
    lot: str
    produced_on: date | None
    expires_on: date | None
    reason: str


@dataclass(frozen=True, slots=True)
class ClosedSession:
    """A door session's end. state: SETTLED EMPTY REVIEW CANCELLED; verdict: charge | empty | review.

    sale: None where nothing is charged. movements: what the session changes in the trays' books. restock: the
    lines of a restock's document, None: it was not signed. signer: who signed it, None: the opener.
    intake: what the law wants to be kept of goods that came.
    """

    id: SessionId
    kind: Kind
    state: str
    opener: BuyerRef
    verdict: str
    reasons: tuple[str, ...]
    opened: Instant
    closed: Instant
    catalogue: str
    channel: str
    trays: tuple[TrayEvidence, ...]
    sale: Sale | None
    movements: tuple[Movement, ...] = ()
    intake: tuple[Intake, ...] = ()
    restock: tuple[RestockLine, ...] | None = None
    signer: BuyerRef | None = None


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its journal tells it after a restart: granted, not closed.

    before: each tray's stable weight when the request was granted. pulsed: the intent to move the
    bolt was journalled. prices: as shown when the door opened. skus: what was planned on each tray then.
    steps: what recognition journalled, opaque to the ledger (JSON).
    latched: the door was shut and locked again. reopened: and then opened once more, unasked.
    last_note: when the journal was last written. offered: products that ``prices`` has below their list
    price. promotions: those that ``offered`` names, and the full reductions in force then. price_list: its
    version. blocked: trays with goods that could not be sold then. command: the centre's unlock that began
    it, "": it was asked for at the counter.
    """

    id: SessionId
    kind: Kind
    opener: BuyerRef
    opened: Instant
    catalogue: str
    before: dict[TrayId, Decigrams]
    prices: dict[Sku, Fen]
    pulsed: bool = False
    door_opened: bool = False
    steps: tuple[str, ...] = field(default=())
    skus: dict[TrayId, tuple[Sku, ...]] = field(default_factory=dict)
    latched: bool = False
    reopened: bool = False
    sheet: tuple[str, ...] = field(default=())
    """A restock's edits and undos as journalled (JSON)."""
    last_note: Instant | None = field(default=None, compare=False)
    offered: dict[Sku, Priced] = field(default_factory=dict)
    promotions: tuple[Promotion, ...] = ()
    price_list: str = ""
    blocked: tuple[TrayId, ...] = ()
    command: str = ""
