"""From what the trays say to what is charged: prices are those shown when the door opened."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date

from edge.domain.catalogue import Product
from edge.domain.pricing import PricedLine, Reduced, reduced
from edge.domain.records import Movement, OpenSession, Sale, SaleLine, Stray, TrayEvidence
from edge.domain.stock import NO_LOTS, Books, Lots, books_with
from edge.domain.values import Fen, Kind, Place, Sku, TrayId
from edge.domain.verdict import Verdict


def sale_of(
    trays: Iterable[TrayEvidence],
    facts: OpenSession,
    products: Mapping[Sku, Product],
    today: date,
) -> Sale | None:
    """The sale of the trays that are sure, at the terms of the grant; None where nothing is charged.

    ``today``: the local business day, on which certificates are judged.
    """
    sold = [
        (tray.tray, sku, count)
        for tray in trays
        if tray.verdict == "charge"
        for sku, count in tray.goods
        if count > 0
    ]
    if not sold:
        return None
    off = reduction_on([(sku, count) for _, sku, count in sold], facts)
    lines = (
        _line(facts, tray, count, products[sku], today, off.promotion, share)
        for (tray, sku, count), share in zip(sold, off.shares, strict=True)
    )
    return Sale(tuple(lines), prices=facts.price_list)


def reduction_on(sold: Sequence[tuple[Sku, int]], facts: OpenSession) -> Reduced:
    """What the full reductions of the grant take off pieces sold, each line's share in their order."""
    lines = [PricedLine(sku, Fen(facts.prices[sku] * n), sku in facts.offered) for sku, n in sold]
    return reduced(lines, facts.promotions)


def _line(
    facts: OpenSession,
    tray: TrayId,
    count: int,
    product: Product,
    today: date,
    reduction: str,
    share: Fen,
) -> SaleLine:
    price, offer = facts.prices[product.sku], facts.offered.get(product.sku)
    promotions = (offer.promotion if offer else "", reduction if share else "")
    return SaleLine(
        tray=tray,
        sku=product.sku,
        name=product.name_zh,
        count=count,
        price=price,
        amount=Fen(price * count - share),
        certified=product.is_certified(today),
        county=product.county_zh,
        supplier=product.supplier,
        list_price=offer.list_fen if offer else None,
        discount=share,
        promotion="+".join(each for each in promotions if each),
        supplier_id=product.supplier_id,
        supply_price=product.supply_price,
    )


def movements_of(kind: Kind, verdict: Verdict, lots: Mapping[Place, Lots] = NO_LOTS) -> tuple[Movement, ...]:
    """What a closed session does to the booked stock: only sure counts are booked.

    Of a BUY what was sold leaves, and what was put back elsewhere is booked where it lies now. Of a
    RESTOCK what came in is RESTOCK and what left is PULL_OFF. A SERVICE session books nothing: what a
    technician moved is found by the next stock-take. Of ``lots``, what lay there, the first to expire is
    the first to leave, one movement a lot; a stray takes its lot along.
    """
    books = books_with(lots)
    sure = [(t.tray, sku, n) for t in verdict.trays if t.verdict == "charge" for sku, n in t.goods]
    if kind is Kind.BUY:
        sold = [moved for tray, sku, n in sure if n > 0 for moved in books.take(tray, sku, "SALE", n)]
        return (*sold, *_strayed(verdict.strays, books))
    if kind is Kind.RESTOCK:
        return tuple(moved for tray, sku, n in sure for moved in _restocked(tray, sku, n, books))
    return ()


def _restocked(tray: TrayId, sku: Sku, count: int, books: Books) -> list[Movement]:
    if count > 0:
        return books.take(tray, sku, "PULL_OFF", count)
    return [Movement(tray, sku, "RESTOCK", -count)]


def _strayed(strays: Iterable[Stray], books: Books) -> Iterator[Movement]:
    for stray in strays:
        if not stray.sure:  # booked as the wrong one of two alike it would be sold as that one
            continue
        lies_on = f"lies on {stray.to_tray}"
        for left in books.take(stray.from_tray, stray.sku, "MISPLACED", stray.count, lies_on):
            yield left
            yield replace(left, tray=stray.to_tray, count=-left.count, reason=f"from {stray.from_tray}")
