"""What a supplier's own page shows: values that the page and the API send as JSON."""

from dataclasses import dataclass

import msgspec

from edge.domain.restock_view import LotView
from edge.domain.statement import SupplierStatement


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose goods are shown. suppliers: ids, None: all. chosen: one of them, "": together."""

    title: str
    suppliers: frozenset[str] | None
    chosen: str = ""

    def holds(self, supplier: str) -> bool:
        return self.suppliers is None or supplier in self.suppliers

    def shows(self, supplier: str) -> bool:
        return self.holds(supplier) and self.chosen in ("", supplier)

    @property
    def shown(self) -> frozenset[str] | None:
        """The ids that are asked of the ledger; None: all."""
        return frozenset({self.chosen}) if self.chosen else self.suppliers


class SupplierName(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str


class StockRow(msgspec.Struct, frozen=True, kw_only=True):
    """One product on one tray by the books. state, expires_on, days_left: of the lot that ends first.

    par 0: not planned there. in_service False: the tray's scale is silent. wanted: par − on hand − in
    transit, capped by what fits. blocked: a code of ``edge.domain.gate.Block``, "": it is sold.
    """

    tray: str
    sku: str
    name: str
    name_en: str
    spec: str
    category: str
    supplier: str
    price_fen: int
    on_hand: int
    par: int
    capacity: int
    wanted: int
    state: str
    expires_on: str | None
    days_left: int | None
    in_service: bool
    blocked: str
    lots: tuple[LotView, ...]


class EndRow(msgspec.Struct, frozen=True, kw_only=True):
    """A lot near its date or past it. state: BLACK RED YELLOW, the worst first."""

    tray: str
    sku: str
    name: str
    name_en: str
    lot: str
    expires_on: str
    days_left: int
    count: int
    state: str


class TaskRow(msgspec.Struct, frozen=True, kw_only=True):
    """Something to do. kind: UNSIGNED | TAKE_OFF | BELOW_PAR, or an alarm's. count: pieces, 0: none in it.

    severity: an alarm's, else "". since: RFC 3339, "": not told.
    """

    kind: str
    tray: str = ""
    sku: str = ""
    name: str = ""
    name_en: str = ""
    count: int = 0
    severity: str = ""
    since: str = ""


class WindowSums(msgspec.Struct, frozen=True, kw_only=True):
    """Realised sales of some days up to now. net = sales − refund; refunds count on their own day."""

    key: str
    days: int
    pieces: int
    sales_fen: int
    refunded: int
    refund_fen: int
    net_fen: int


class DayBar(msgspec.Struct, frozen=True, kw_only=True):
    day: str
    pieces: int
    sales_fen: int


class TransitRow(msgspec.Struct, frozen=True, kw_only=True):
    """Goods on their way. node: where they ship from (市县镇村), "": not known."""

    sku: str
    name: str
    name_en: str
    count: int
    lot: str
    expires_on: str | None
    node: str


class SupplierView(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /api/v1/restock/statement``. measure: REALISED (成交), up to as_of (RFC 3339).

    suppliers: all that this account may choose. chosen: one of them, "": all together. statements: one each,
    over [from, to).
    """

    measure: str
    as_of: str
    today: str
    from_day: str = msgspec.field(name="from")
    to_day: str = msgspec.field(name="to")
    title: str
    suppliers: tuple[SupplierName, ...]
    chosen: str
    stock: tuple[StockRow, ...]
    ending: tuple[EndRow, ...]
    tasks: tuple[TaskRow, ...]
    windows: tuple[WindowSums, ...]
    days: tuple[DayBar, ...]
    in_transit: tuple[TransitRow, ...]
    statements: tuple[SupplierStatement, ...]
