"""What a unit is billed for a month and what a supplier is due for a period. Reads only; no names in it.

Sales count on the day they closed, refunds on the day they were made. Money is whole fen.
"""

from typing import Any

import msgspec

from cloud_bridge.central.database import Connection
from edge.domain.statement import Supplied, SupplierStatement, WrittenOff, statement_of
from edge.domain.tables import csv_text

NOT_832 = "本表不等于832平台采购额"
"""On every bill of a unit: no line of a counter's sale carries an order number of the 832 platform."""

SELF = "SELF_PAY"
"""Paid by buyers themselves: told on the bill, and not billed."""


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """One row: sales less refunds. key: an origin county or a scheme; refund_fen: how much was taken off."""

    key: str
    total_fen: int
    certified_fen: int
    refund_fen: int


class UnitBill(msgspec.Struct, frozen=True, kw_only=True):
    """One unit's month. net = total − refund; billed: what of the net is not the buyers' own.

    certified_permille: of the net, rounded down; None where the net is 0. lapsed: unused, the unit's again.
    """

    unit: str
    month: str
    orders: int
    pieces: int
    total_fen: int
    refund_fen: int
    net_fen: int
    certified_fen: int
    certified_permille: int | None
    billed_fen: int
    lapsed_fen: int
    counties: tuple[Share, ...]
    schemes: tuple[Share, ...]
    note: str = NOT_832


_IN = "{0} >= :low and {0} < :high"
_SALES = (
    "select count(*), coalesce(sum(total_fen), 0), coalesce(sum(certified_fen), 0),"
    " coalesce(sum((select sum(l.count) from sale_line l where l.counter = s.counter"
    " and l.session = s.session)), 0) from sale s where unit = :unit and " + _IN.format("closed_ms")
)
_REFUNDS = (
    "select coalesce(sum(fen), 0), coalesce(sum(certified_fen), 0) from refund where unit = :unit and "
    + _IN.format("at_ms")
)
_REFUNDED_PIECES = (
    "select coalesce(sum(l.count), 0) from refund r join refund_line l using (counter, refund)"
    " where r.unit = :unit and " + _IN.format("r.at_ms")
)
_LAPSED = (
    "select coalesce(sum(fen), 0) from quota_entry where kind = 'LAPSE' and unit = :unit and "
    + _IN.format("at_ms")
)
_COUNTIES = (
    "select l.county, l.amount_fen, case when l.certified <> 0 then l.amount_fen else 0 end, 0 from sale s"
    " join sale_line l using (counter, session) where s.unit = :unit and "
    + _IN.format("s.closed_ms")
    + " union all select coalesce(l.county, ''), -x.fen,"
    " case when l.certified <> 0 then -x.fen else 0 end, x.fen"
    " from refund r join refund_line x using (counter, refund)"
    " left join sale_line l on l.counter = r.counter and l.session = r.session and l.line = x.line"
    " where r.unit = :unit and " + _IN.format("r.at_ms")
)
_SCHEMES = (
    "select p.scheme, p.fen, p.certified_fen, 0 from sale s join sale_paid p using (counter, session)"
    " where s.unit = :unit and "
    + _IN.format("s.closed_ms")
    + " union all select p.scheme, -p.fen, -p.certified_fen, p.fen from refund r"
    " join refund_paid p using (counter, refund) where r.unit = :unit and " + _IN.format("r.at_ms")
)
_SUPPLIED = (
    "select sku, max(name), supply, sum(sold), sum(back), sum(amount), sum(refund) from ("
    " select l.sku, l.name, l.supply_price_fen as supply, l.count as sold, 0 as back,"
    " l.amount_fen as amount, 0 as refund from sale s join sale_line l using (counter, session)"
    " where l.supplier_id = :supplier and "
    + _IN.format("s.closed_ms")
    + " union all select l.sku, l.name, l.supply_price_fen, 0, x.count, 0, x.fen from refund r"
    " join refund_line x using (counter, refund)"
    " join sale_line l on l.counter = r.counter and l.session = r.session and l.line = x.line"
    " where l.supplier_id = :supplier and "
    + _IN.format("r.at_ms")
    + ") part group by sku, supply order by sku, supply"
)
_WRITTEN_OFF = (
    "select sku, reason, -sum(count) from stock_move where kind = 'WRITE_OFF' and "
    + _IN.format("at_ms")
    + " and sku in (select sku from sale_line where supplier_id = :supplier)"
    " group by sku, reason order by sku, reason"
)


def unit_bill(db: Connection, unit: str, month: str, low: int, high: int) -> UnitBill:
    """The bill of ``unit``. low, high: the month's bounds in milliseconds; month: how it is called."""
    of = {"unit": unit, "low": low, "high": high}
    orders, total, certified, pieces = db.execute(_SALES, of).fetchone()
    refund, uncertified = db.execute(_REFUNDS, of).fetchone()
    schemes = _shares(db, _SCHEMES, of)
    net, certified = total - refund, certified - uncertified
    return UnitBill(
        unit=unit,
        month=month,
        orders=orders,
        pieces=pieces - db.execute(_REFUNDED_PIECES, of).fetchone()[0],
        total_fen=total,
        refund_fen=refund,
        net_fen=net,
        certified_fen=certified,
        certified_permille=certified * 1000 // net if net > 0 else None,
        billed_fen=sum(each.total_fen for each in schemes if each.key != SELF),
        lapsed_fen=db.execute(_LAPSED, of).fetchone()[0],
        counties=_shares(db, _COUNTIES, of),
        schemes=schemes,
    )


def _shares(db: Connection, rows: str, of: dict[str, Any]) -> tuple[Share, ...]:
    columns = "key, fen, certified, refund"
    summed = db.execute(
        f"with part ({columns}) as ({rows}) select key, sum(fen), sum(certified), sum(refund) from part"
        " group by key order by key",
        of,
    )
    return tuple(
        Share(key=key, total_fen=fen, certified_fen=certified, refund_fen=refund)
        for key, fen, certified, refund in summed
    )


def supplier_statement(
    db: Connection, supplier: str, days: tuple[str, str], low: int, high: int
) -> SupplierStatement:
    """What ``supplier`` (its id) sold and is due. days: the bounds' names; low, high: in milliseconds."""
    of = {"supplier": supplier, "low": low, "high": high}
    supplied = (Supplied(*row) for row in db.execute(_SUPPLIED, of))
    written_off = (
        WrittenOff(sku=sku, reason=reason, pieces=pieces)
        for sku, reason, pieces in db.execute(_WRITTEN_OFF, of)
    )
    return statement_of(supplier, days, supplied, written_off)


def bill_csv(bill: UnitBill) -> str:
    """The bill as a table: the whole, then counties, then schemes; the last line is the note."""
    shares = [("county", each) for each in bill.counties] + [("scheme", each) for each in bill.schemes]
    whole = ("total", bill.unit, bill.net_fen, bill.certified_fen, bill.refund_fen, bill.orders, bill.pieces)
    return csv_text(
        ("part", "key", "net_fen", "certified_fen", "refund_fen", "orders", "pieces"),
        [
            whole,
            *((part, s.key, s.total_fen, s.certified_fen, s.refund_fen, "", "") for part, s in shares),
            ("billed", bill.unit, bill.billed_fen, "", "", "", ""),
            ("lapsed", bill.unit, bill.lapsed_fen, "", "", "", ""),
            ("note", bill.note, "", "", "", "", ""),
        ],
    )
