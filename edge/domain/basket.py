"""From what the trays say to what is charged: prices are those shown when the door opened."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date

from edge.domain.catalogue import Product
from edge.domain.records import Movement, Sale, SaleLine, Stray, TrayEvidence
from edge.domain.values import Fen, Kind, Sku, TrayId
from edge.domain.verdict import Verdict


def sale_of(
    trays: Iterable[TrayEvidence],
    prices: Mapping[Sku, Fen],
    products: Mapping[Sku, Product],
    today: date,
) -> Sale | None:
    """The sale of the trays that are sure; None where nothing is charged.

    ``today``: the local business day, on which certificates are judged.
    """
    lines = tuple(
        _line(tray.tray, count, prices[sku], products[sku], today)
        for tray in trays
        if tray.verdict == "charge"
        for sku, count in tray.goods
        if count > 0
    )
    return Sale(lines) if lines else None


def _line(tray: TrayId, count: int, price: Fen, product: Product, today: date) -> SaleLine:
    return SaleLine(
        tray=tray,
        sku=product.sku,
        name=product.name_zh,
        count=count,
        price=price,
        amount=Fen(price * count),
        certified=product.is_certified(today),
        county=product.county_zh,
        supplier=product.supplier,
    )


def movements_of(kind: Kind, verdict: Verdict) -> tuple[Movement, ...]:
    """What a closed session does to the booked stock: only sure counts are booked.

    Of a BUY what was sold leaves, and what was put back elsewhere is booked where it lies now. Of a
    RESTOCK what came in is RESTOCK and what left is PULL_OFF. A SERVICE session books nothing: what a
    technician moved is found by the next stock-take.
    """
    sure = [(t.tray, sku, n) for t in verdict.trays if t.verdict == "charge" for sku, n in t.goods]
    if kind is Kind.BUY:
        sold = [Movement(tray, sku, "SALE", -count) for tray, sku, count in sure if count > 0]
        return (*sold, *_strayed(verdict.strays))
    if kind is Kind.RESTOCK:
        return tuple(
            Movement(tray, sku, "PULL_OFF" if count > 0 else "RESTOCK", -count) for tray, sku, count in sure
        )
    return ()


def _strayed(strays: Iterable[Stray]) -> Iterator[Movement]:
    for stray in strays:
        if not stray.sure:  # booked as the wrong one of two alike it would be sold as that one
            continue
        yield Movement(stray.from_tray, stray.sku, "MISPLACED", -stray.count, f"lies on {stray.to_tray}")
        yield Movement(stray.to_tray, stray.sku, "MISPLACED", stray.count, f"from {stray.from_tray}")
