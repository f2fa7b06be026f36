"""What recognition says about a door session, as plain values for engine, screens and reviewer."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

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
    """One basket that may be the right one, and its probability.

    trays: of a whole session's basket, the goods by the tray they left (the last one, if several), as the
    likeliest way to this basket has it; trays without goods are left out. Empty in a tray's own choices.
    """

    goods: Goods
    p: float
    trays: tuple[tuple[TrayId, Goods], ...] = ()


class Stray(NamedTuple):
    """Units that moved from the tray where they are booked to another one, net of all carrying about.

    Whoever books: what was booked on a tray, less the goods that left it for good, less the strays from it,
    plus those onto it, is what lies there. A stray that is then taken from its new tray is among that
    tray's goods, so this holds for it, too.
    """

    came_from: TrayId
    lies_on: TrayId
    sku: Sku
    units: int


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

    p: probability of the basket; posterior: what the search itself gives for it, before it was compared with
    what came true; mixed: a movement took several products. margin: nats that it leads the second by, capped.
    alternatives: the best three baskets, the guess first. strays: what the best guess has on a wrong tray.
    """

    say: Say
    basket: Goods
    p: float
    margin: float
    alternatives: tuple[Choice, ...]
    trays: tuple[TrayVerdict, ...]
    events: tuple[Happened, ...]
    reasons: tuple[Reason, ...]
    strays: tuple[Stray, ...] = ()
    posterior: float = 1.0
    mixed: bool = False
