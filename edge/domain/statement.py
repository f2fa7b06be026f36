"""What a supplier sold and is due: one formula, for the counter's page and the centre's report. Pure.

It adds up rows that somebody read; whose goods they are, and of which days, the reader has decided. Money is
whole fen.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import msgspec

from edge.domain.tables import csv_text


@dataclass(frozen=True, slots=True)
class Supplied:
    """Pieces of one product, sold or gone back. sales, refund, supply_price (of a piece): fen; None: unknown.

    refunded: pieces that count as not sold. A goodwill refund gives money back and no pieces.
    """

    sku: str
    name: str
    supply_price: int | None
    sold: int = 0
    refunded: int = 0
    sales: int = 0
    refund: int = 0


class SupplierRow(msgspec.Struct, frozen=True, kw_only=True):
    """One product at one supply price. net: pieces sold less those refunded.

    supply_price_fen, payable_fen: None where the sale did not know what the supplier is due.
    """

    sku: str
    name: str
    supply_price_fen: int | None
    sold: int
    refunded: int
    net: int
    sales_fen: int
    refund_fen: int
    payable_fen: int | None


class WrittenOff(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one product that were written off, and why."""

    sku: str
    reason: str
    pieces: int


class SupplierStatement(msgspec.Struct, frozen=True, kw_only=True):
    """A supplier's own goods in [from, to). payable: Σ supply price × net pieces, of the rows that know it.

    unpriced: net pieces without a supply price: to be cleared up with the operator.
    """

    supplier: str
    from_day: str
    to_day: str
    sold: int
    refunded: int
    sales_fen: int
    refund_fen: int
    payable_fen: int
    unpriced: int
    rows: tuple[SupplierRow, ...]
    written_off: tuple[WrittenOff, ...]


def payable(supply_price: int | None, sold: int, refunded: int) -> int | None:
    """Fen that a supplier is due: supply price × pieces sold and not given back; None: no price is known.

    What a buyer paid and what was given back in money does not matter: the reduction is the operator's.
    """
    return None if supply_price is None else supply_price * (sold - refunded)


def statement_of(
    supplier: str, days: tuple[str, str], supplied: Iterable[Supplied], written_off: Iterable[WrittenOff]
) -> SupplierStatement:
    """The statement over ``days``, [from, to); by product and supply price, an unknown one first."""
    rows = tuple(_row(each) for each in _summed(supplied))
    return SupplierStatement(
        supplier=supplier,
        from_day=days[0],
        to_day=days[1],
        sold=sum(row.sold for row in rows),
        refunded=sum(row.refunded for row in rows),
        sales_fen=sum(row.sales_fen for row in rows),
        refund_fen=sum(row.refund_fen for row in rows),
        payable_fen=sum(row.payable_fen or 0 for row in rows),
        unpriced=sum(row.net for row in rows if row.payable_fen is None),
        rows=rows,
        written_off=_off(written_off),
    )


def _summed(supplied: Iterable[Supplied]) -> list[Supplied]:
    found: dict[tuple[str, int | None], Supplied] = {}
    for each in supplied:
        so_far = found.get((each.sku, each.supply_price))
        found[each.sku, each.supply_price] = each if so_far is None else _sum(so_far, each)
    return sorted(
        found.values(), key=lambda each: (each.sku, -1 if each.supply_price is None else each.supply_price)
    )


def _sum(one: Supplied, other: Supplied) -> Supplied:
    return replace(
        one,
        name=max(one.name, other.name),
        sold=one.sold + other.sold,
        refunded=one.refunded + other.refunded,
        sales=one.sales + other.sales,
        refund=one.refund + other.refund,
    )


def _row(each: Supplied) -> SupplierRow:
    return SupplierRow(
        sku=each.sku,
        name=each.name,
        supply_price_fen=each.supply_price,
        sold=each.sold,
        refunded=each.refunded,
        net=each.sold - each.refunded,
        sales_fen=each.sales,
        refund_fen=each.refund,
        payable_fen=payable(each.supply_price, each.sold, each.refunded),
    )


def _off(written_off: Iterable[WrittenOff]) -> tuple[WrittenOff, ...]:
    found: dict[tuple[str, str], int] = {}
    for each in written_off:
        found[each.sku, each.reason] = found.get((each.sku, each.reason), 0) + each.pieces
    return tuple(WrittenOff(sku=sku, reason=reason, pieces=n) for (sku, reason), n in sorted(found.items()))


def statement_csv(told: SupplierStatement) -> str:
    """The statement as a table: its products, what was written off, and the whole."""
    return statements_csv([told])


def statements_csv(told: Sequence[SupplierStatement]) -> str:
    """Several statements, one below the other, each with its ``total`` line; the second cell names whose."""
    head = tuple(each.name for each in msgspec.structs.fields(SupplierRow))
    return csv_text(head, [row for each in told for row in _lines(each, head)])


def _lines(told: SupplierStatement, head: Sequence[str]) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = [tuple(getattr(row, name) for name in head) for row in told.rows]
    off: list[tuple[object, ...]] = [
        (each.sku, f"WRITE_OFF {each.reason}".strip(), "", "", "", -each.pieces, "", "", "")
        for each in told.written_off
    ]
    net = told.sold - told.refunded
    pieces = told.sold, told.refunded, net
    whole = ("total", told.supplier, "", *pieces, told.sales_fen, told.refund_fen, told.payable_fen)
    return [*rows, *off, whole]
