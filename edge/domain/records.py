"""What the engine hands to the ledger: facts of door sessions, whole and finished. Values only."""

from dataclasses import dataclass, field

from edge.domain.values import BuyerRef, Decigrams, Fen, Instant, Kind, SessionId, Sku, TrayId


@dataclass(frozen=True, slots=True)
class Happened:
    """One thing seen on a tray. action: TAKE PUT_BACK MISPLACED FOREIGN_OBJECT TOUCH.

    t: seconds since the session's first sample. count: pieces, ≥ 0.
    """

    t: float
    action: str
    count: int


@dataclass(frozen=True, slots=True)
class TrayEvidence:
    """Everything one tray said in a session. verdict: charge | empty | review.

    count: pieces that left (best guess on review), negative when more came in than left.
    """

    tray: TrayId
    sku: Sku
    verdict: str
    count: int
    before: Decigrams | None
    after: Decigrams | None
    residual: Decigrams | None
    reasons: tuple[str, ...] = ()
    events: tuple[Happened, ...] = ()

    @property
    def delta(self) -> Decigrams | None:
        """after − before; None where either is unknown."""
        if self.before is None or self.after is None:
            return None
        return Decigrams(self.after - self.before)


@dataclass(frozen=True, slots=True)
class SaleLine:
    tray: TrayId
    sku: Sku
    name: str
    count: int
    price: Fen
    amount: Fen
    certified: bool
    county: str
    supplier: str


@dataclass(frozen=True, slots=True)
class Sale:
    lines: tuple[SaleLine, ...]

    @property
    def total(self) -> Fen:
        return Fen(sum(line.amount for line in self.lines))

    @property
    def certified(self) -> Fen:
        """The part of the total that certified products make up."""
        return Fen(sum(line.amount for line in self.lines if line.certified))


@dataclass(frozen=True, slots=True)
class Movement:
    """One change of a tray's booked stock. kind: RESTOCK SALE PULL_OFF WRITE_OFF ADJUST MISPLACED.

    count: signed pieces (a sale is negative).
    """

    tray: TrayId
    sku: Sku
    kind: str
    count: int
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ClosedSession:
    """A door session's end. state: SETTLED EMPTY REVIEW CANCELLED; verdict: charge | empty | review.

    sale: None where nothing is charged. movements: what the sale takes off the trays' books.
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


@dataclass(frozen=True, slots=True)
class OpenSession:
    """A session as its journal tells it after a restart: granted, not closed.

    before: each tray's stable weight when the request was granted. pulsed: the intent to move the
    bolt was journalled. prices: as shown when the door opened. skus: what lay on each tray then.
    steps: the tray automata's committed steps, opaque to the ledger (JSON of the weighing room).
    latched: the door was shut and locked again. reopened: and then opened once more, unasked.
    last_note: when the journal was last written.
    """

    id: SessionId
    kind: Kind
    opener: BuyerRef
    opened: Instant
    catalogue: str
    before: dict[TrayId, Decigrams]
    prices: dict[TrayId, Fen]
    pulsed: bool = False
    door_opened: bool = False
    steps: tuple[str, ...] = field(default=())
    skus: dict[TrayId, Sku] = field(default_factory=dict)
    latched: bool = False
    reopened: bool = False
    last_note: Instant | None = field(default=None, compare=False)
