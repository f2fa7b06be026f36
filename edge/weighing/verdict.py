"""What recognition says about a door session, as plain values for engine, screens and reviewer."""

from dataclasses import dataclass
from enum import StrEnum

from edge.domain.values import Decigrams, Sku, TrayId

Goods = tuple[tuple[Sku, int], ...]
"""Units by SKU, in the order of the SKUs, none of them 0."""


class Say(StrEnum):
    """charge: something sure left. empty: surely nothing did. review: somebody must look."""

    CHARGE = "charge"
    EMPTY = "empty"
    REVIEW = "review"


class Action(StrEnum):
    """What a person did, in the words of the receipt's timeline."""

    TAKE = "TAKE"
    PUT_BACK = "PUT_BACK"
    MISPLACED = "MISPLACED"
    FOREIGN_OBJECT = "FOREIGN_OBJECT"
    TOUCH = "TOUCH"


class Reason(StrEnum):
    """Why somebody must look."""

    AMBIGUOUS = "ambiguous"
    POOR_FIT = "poor_fit"
    FOREIGN_LEFT = "foreign_left"
    UNEXPLAINED_REMOVAL = "unexplained_removal"
    UNRESOLVED_PRESS = "unresolved_press"
    BULK = "bulk"
    UNSTABLE_TRAY = "unstable_tray"
    SILENT_TRAY = "silent_tray"
    BAD_PLANOGRAM = "bad_planogram"
    UNKNOWN_TRAY = "unknown_tray"
    TOO_MANY_STEPS = "too_many_steps"


@dataclass(frozen=True, slots=True)
class Happened:
    """at: seconds on the samples' clock. sku: None for what is no goods of ours; count is then 0."""

    at: float
    tray: TrayId
    action: Action
    sku: Sku | None
    count: int


@dataclass(frozen=True, slots=True)
class Choice:
    """One basket that may be the right one, and its probability."""

    goods: Goods
    p: float


@dataclass(frozen=True, slots=True)
class TrayVerdict:
    """One tray's part. delta: level at the end less that at the beginning; residual: what of it the goods
    do not explain; None: the tray gave no level. goods: what left it for good (best guess).
    alternatives: the likeliest first, that guess included.
    """

    tray: TrayId
    say: Say
    delta: Decigrams | None
    residual: Decigrams | None
    goods: Goods
    alternatives: tuple[Choice, ...]
    reasons: tuple[Reason, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The whole session's. basket: best guess; on review only the trays that say charge are charged.

    p: probability of the basket. margin: nats that it leads the second by, capped.
    alternatives: the best three baskets, the guess first.
    """

    say: Say
    basket: Goods
    p: float
    margin: float
    alternatives: tuple[Choice, ...]
    trays: tuple[TrayVerdict, ...]
    events: tuple[Happened, ...]
    reasons: tuple[Reason, ...]
