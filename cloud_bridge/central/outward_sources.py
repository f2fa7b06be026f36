"""Which lists others may read, by which columns and filters. Pure: it makes no query and knows no HTTP."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from cloud_bridge.central import outward_rows as rows
from cloud_bridge.central import restocks

Kind = Literal["text", "texts", "flag", "ms", "moment"]
Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """A query parameter and its condition with one ``?``.

    kind: how the text is read. ms and moment: a day (Asia/Shanghai) or an RFC 3339 moment, as milliseconds
    since 1970 or as text in UTC; texts: several, parted by commas, looked for in the event itself.
    """

    name: str
    sql: str
    says: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Part:
    """A list inside a row, in order, found by two columns of the row: ``counter`` and ``key``."""

    name: str
    row: type[msgspec.Struct]
    table: str
    key: str
    order: str
    columns: str


def _same(values: Values) -> Values:
    return values


@dataclass(frozen=True, slots=True)
class Source:
    """One list. columns: of ``t`` (the table) and ``e`` (its raw event), in the order of ``row``'s fields.

    name: stands in the path; file: the name of its files. keys: empty for lists by arrival, whose cursor is
    the event's number; else the columns whose last values are the cursor.
    """

    name: str
    file: str
    title: str
    row: type[msgspec.Struct]
    columns: str
    table: str
    filters: tuple[Filter, ...]
    parts: tuple[Part, ...] = ()
    keys: tuple[str, ...] = ()
    finish: Callable[[Values], Values] = field(default=_same)

    @property
    def by_arrival(self) -> bool:
        return not self.keys


COUNTER = Filter("counter", "t.counter = ?", "Of this counter only.")


def _times(low: str, what: str, kind: Kind = "ms") -> tuple[Filter, Filter]:
    return (
        Filter("from", f"{low} >= ?", f"{what} at this moment or later.", kind),
        Filter("to", f"{low} < ?", f"{what} before this moment.", kind),
    )


def _reasons(values: Values) -> Values:
    return values | {"reasons": msgspec.json.decode(values["reasons"])}


def _moved(values: Values) -> Values:
    moment = datetime.fromtimestamp(values["at"] / 1000, UTC).isoformat(timespec="milliseconds")
    return values | {"at": moment.replace("+00:00", "Z")}


def _happened(values: Values) -> Values:
    moment = datetime.fromtimestamp(values["happened_at"] / 1000, UTC).isoformat(timespec="milliseconds")
    return values | {"happened_at": moment.replace("+00:00", "Z")}


def _summed(values: Values) -> Values:
    lines = [restocks.Line(**each) for each in values["lines"]]
    sums = {name: sum(getattr(line, name) for line in lines) for name in ("planned", "brought", "pulled")}
    return values | sums | {"differences": sum(line.differs for line in lines)}


NAME = (
    "coalesce((select l.name from sale_line l join sale s on s.counter = l.counter and s.session = l.session"
    " where l.sku = p.sku order by s.closed_ms desc limit 1), '')"
)

EVENTS = Source(
    name="events",
    file="events",
    title="Every event as it arrived, oldest first.",
    row=rows.Event,
    columns="e.id, e.received, e.body",
    table="raw_event",
    filters=(
        Filter("counter", "e.counter = ?", "Of this counter only."),
        Filter("type", "", "Of these types only, parted by commas, like sale.settled.v1.", "texts"),
        *_times("e.received", "Arrived", "moment"),
    ),
)

SALES = Source(
    name="sales",
    file="sales",
    title="Sales, before refunds.",
    row=rows.Sale,
    columns="e.id, t.order_no, t.counter, t.session, t.total_fen, t.certified_fen, t.opened_at, t.closed_at,"
    " e.received, (select coalesce(sum(r.fen), 0) from refund r where r.counter = t.counter"
    " and r.session = t.session), t.channel, t.unit, t.catalogue, t.clk, t.inc, t.seq,"
    " t.closed_ms, t.timed",
    table="sale",
    filters=(
        COUNTER,
        Filter("order_no", "t.order_no = ?", "This order only."),
        Filter("unit", "t.unit = ?", "Of buyers of this unit only."),
        *_times("t.closed_ms", "Closed"),
    ),
    parts=(
        Part(
            "lines",
            rows.SaleLine,
            "sale_line",
            "session",
            "p.line",
            "p.tray, p.sku, p.name, p.count, p.price_fen, p.amount_fen, p.certified, p.county, p.supplier,"
            " p.supplier_id, p.supply_price_fen",
        ),
        Part(
            "paid",
            rows.SalePaid,
            "sale_paid",
            "session",
            "p.n",
            "p.scheme, p.quota, p.fen, p.certified_fen, p.owed",
        ),
    ),
    finish=_happened,
)

REFUNDS = Source(
    name="refunds",
    file="refunds",
    title="Parts of sales that went back.",
    row=rows.Refund,
    columns="e.id, t.counter, t.refund, t.session, t.order_no, t.unit, t.fen, t.certified_fen, t.reason,"
    " t.at, e.received, t.inc, t.seq",
    table="refund",
    filters=(
        COUNTER,
        Filter("order_no", "t.order_no = ?", "Of this order only."),
        *_times("t.at_ms", "Given back"),
    ),
    parts=(
        Part("lines", rows.RefundLine, "refund_line", "refund", "p.line", "p.line, p.fen, p.count"),
        Part(
            "paid",
            rows.RefundPaid,
            "refund_paid",
            "refund",
            "p.n",
            "p.scheme, p.quota, p.fen, p.certified_fen",
        ),
    ),
)

SESSIONS = Source(
    name="sessions",
    file="sessions",
    title="Door sessions, sold or not.",
    row=rows.Session,
    columns="e.id, t.counter, t.session, t.kind, t.state, t.verdict, t.reasons, t.order_no, t.opened_at,"
    " t.closed_at, e.received, t.inc, t.seq",
    table="session",
    filters=(
        COUNTER,
        Filter("kind", "t.kind = ?", "BUY, RESTOCK or SERVICE."),
        Filter("state", "t.state = ?", "SETTLED, EMPTY, REVIEW or CANCELLED."),
        *_times("t.closed_ms", "Closed"),
    ),
    finish=_reasons,
)

MOVEMENTS = Source(
    name="stock/movements",
    file="stock_movements",
    title="Every change of stock.",
    row=rows.Movement,
    columns="e.id, t.counter, t.movement, t.tray, t.sku, t.kind, t.count, t.session, t.reason, t.lot,"
    " t.expires_on, t.at_ms, e.received, t.inc, t.seq",
    table="stock_move",
    filters=(
        COUNTER,
        Filter("sku", "t.sku = ?", "Of this product only."),
        Filter("kind", "t.kind = ?", "RESTOCK, SALE, PULL_OFF, WRITE_OFF, ADJUST or MISPLACED."),
        *_times("t.at_ms", "Booked"),
    ),
    finish=_moved,
)

RESTOCKS = Source(
    name="restocks",
    file="restocks",
    title="Restock documents as they were signed.",
    row=restocks.Restock,
    columns="e.id, t.counter, t.session, t.document, t.signer, t.opened_at, t.closed_at, e.received,"
    " 0, 0, 0, 0",
    table="restock",
    filters=(COUNTER, *_times("t.closed_ms", "Closed")),
    parts=(
        Part(
            "lines",
            restocks.Line,
            "restock_line",
            "session",
            "p.line",
            f"p.tray, p.sku, {NAME}, p.planned, p.weighed, p.brought, p.pulled, p.pull_reason, p.counted,"
            " p.adjusted, p.lies, p.lot, p.produced_on, p.expires_on, p.reason",
        ),
    ),
    finish=_summed,
)

ALARMS = Source(
    name="alarms",
    file="alarms",
    title="How the counters' alarms stand.",
    row=rows.Alarm,
    columns="e.id, t.counter, t.kind, t.subject, t.severity, t.detail, t.session, t.active, t.at, e.received,"
    " t.inc, t.seq",
    table="alarm",
    filters=(
        COUNTER,
        Filter("kind", "t.kind = ?", "Of this kind only, like DOOR_OPEN."),
        Filter("active", "t.active = ?", "1: those that stand, 0: those that were cleared.", "flag"),
        *_times("e.received", "Arrived", "moment"),
    ),
)

STOCK = Source(
    name="stock",
    file="stock",
    title="What is booked on each tray.",
    row=rows.Stock,
    columns="t.counter, t.tray, t.sku, sum(t.count), max(e.id)",
    table="stock_move",
    filters=(COUNTER, Filter("sku", "t.sku = ?", "Of this product only.")),
    keys=("t.counter", "t.tray", "t.sku"),
)

SOURCES: Mapping[str, Source] = {
    each.name: each for each in (EVENTS, SALES, REFUNDS, SESSIONS, STOCK, MOVEMENTS, RESTOCKS, ALARMS)
}
