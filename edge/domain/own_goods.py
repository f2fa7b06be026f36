"""What a ledger tells of some suppliers' goods: values that a reader fills and a page's view is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from edge.domain.statement import Supplied
from edge.domain.stock import Lots
from edge.domain.values import Place


@dataclass(frozen=True, slots=True)
class Traded:
    """One line of a sale, or of a refund, at a moment (aware). supplier: its id, "": the sale knew none."""

    at: datetime
    supplier: str
    goods: Supplied


@dataclass(frozen=True, slots=True)
class Gone:
    """Pieces written off at a moment (aware)."""

    at: datetime
    sku: str
    reason: str
    pieces: int


@dataclass(frozen=True, slots=True)
class Standing:
    """An alarm that stands. since: RFC 3339. Its detail may name others' goods and stays behind."""

    kind: str
    subject: str
    severity: str
    since: str


@dataclass(frozen=True, slots=True)
class OwnGoods:
    """traded, gone: since the day asked for, in time order. lots: of own products alone; what lies there now.

    suppliers: what the goods sold say of names, by id.
    """

    traded: tuple[Traded, ...] = ()
    gone: tuple[Gone, ...] = ()
    lots: Mapping[Place, Lots] = field(default_factory=dict)
    alarms: tuple[Standing, ...] = ()
    suppliers: Mapping[str, str] = field(default_factory=dict)


Owned = Callable[[frozenset[str] | None, frozenset[str], datetime], OwnGoods]
"""(ids of suppliers, None: all; their products; since when) → what the ledger tells. Raises LedgerError."""
