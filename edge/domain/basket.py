"""From what the trays say to what is charged: prices are those shown when the door opened."""

from collections.abc import Iterable, Mapping
from datetime import date

from edge.domain.catalogue import Product
from edge.domain.records import Movement, Sale, SaleLine, TrayEvidence
from edge.domain.values import Fen, Kind, Sku, TrayId


def sale_of(
    trays: Iterable[TrayEvidence],
    prices: Mapping[TrayId, Fen],
    products: Mapping[Sku, Product],
    today: date,
) -> Sale | None:
    """The sale of the trays that are sure; None where nothing is charged.

    ``today``: the local business day, on which certificates are judged.
    """
    lines = tuple(
        _line(tray, prices[tray.tray], products[tray.sku], today)
        for tray in trays
        if tray.verdict == "charge" and tray.count > 0
    )
    return Sale(lines) if lines else None


def _line(tray: TrayEvidence, price: Fen, product: Product, today: date) -> SaleLine:
    return SaleLine(
        tray=tray.tray,
        sku=tray.sku,
        name=product.name_zh,
        count=tray.count,
        price=price,
        amount=Fen(price * tray.count),
        certified=product.is_certified(today),
        county=product.county_zh,
        supplier=product.supplier,
    )


def movements_of(kind: Kind, trays: Iterable[TrayEvidence]) -> tuple[Movement, ...]:
    """What a closed session does to the booked stock: only sure counts are booked.

    Of a BUY what was sold leaves. Of a RESTOCK what came in is RESTOCK and what left is PULL_OFF.
    A SERVICE session books nothing: what a technician moved is found by the next stock-take.
    """
    sure = [tray for tray in trays if tray.verdict == "charge" and tray.count]
    if kind is Kind.BUY:
        return tuple(Movement(t.tray, t.sku, "SALE", -t.count) for t in sure if t.count > 0)
    if kind is Kind.RESTOCK:
        return tuple(
            Movement(t.tray, t.sku, "PULL_OFF" if t.count > 0 else "RESTOCK", -t.count) for t in sure
        )
    return ()
