"""Makes a supplier's own page out of what ledger and catalogue tell of its goods. Pure.

It knows no ledger and no clock. Whose goods are shown is ``Scope``'s to say; nothing of others goes in.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta, tzinfo

from edge.domain.catalogue import Product
from edge.domain.own_goods import OwnGoods, Traded
from edge.domain.planogram import Facing
from edge.domain.product_view import Assortment
from edge.domain.restock import OFF_SHELF, suggestion
from edge.domain.restock_view import LotView
from edge.domain.statement import SupplierStatement, WrittenOff, statement_of
from edge.domain.stock import Held, Lots, shelf_state
from edge.domain.supplier_view import (
    DayBar,
    EndRow,
    Scope,
    StockRow,
    SupplierName,
    SupplierView,
    TaskRow,
    TransitRow,
    WindowSums,
)
from edge.domain.values import Place, Sku, rfc3339
from edge.domain.view import TrayView

BARS = 14
"""Days that the page draws."""
WINDOWS = (("today", 1), ("week", 7), ("month", 30))
"""Days of which the page tells sums, the current one among them."""
ENDING = ("BLACK", "RED", "YELLOW")
"""States of lots that end soon, the worst first."""


def own_skus(assortment: Assortment, scope: Scope) -> frozenset[str]:
    """The products whose stock and movements may be asked for."""
    return frozenset(
        sku for sku, product in assortment.catalogue.products.items() if scope.shows(product.supplier_id)
    )


def first_day(days: tuple[date, date], today: date) -> date:
    """Since when sales have to be read for a page over ``days``."""
    return min(days[0], today - timedelta(days=max(BARS, *(n for _, n in WINDOWS)) - 1))


def supplier_view(
    scope: Scope,
    assortment: Assortment,
    owned: OwnGoods,
    trays: Iterable[TrayView],
    days: tuple[date, date],
    now: datetime,
    zone: tzinfo,
    unsigned: bool,
) -> SupplierView:
    """The whole page. trays: as screens show them. days: [from, to). now: aware. zone: the counter's.

    unsigned: a restock was counted and waits for its signature.
    """
    today = now.astimezone(zone).date()
    stock = tuple(_stock(scope, assortment, owned.lots, trays, today))
    return SupplierView(
        measure="REALISED",
        as_of=rfc3339(now),
        today=today.isoformat(),
        from_day=days[0].isoformat(),
        to_day=days[1].isoformat(),
        title=scope.title,
        suppliers=_names(scope, assortment, owned),
        chosen=scope.chosen,
        stock=stock,
        ending=_ending(stock),
        tasks=tuple(_tasks(stock, owned, unsigned)),
        windows=tuple(_window(key, n, owned.traded, today, zone) for key, n in WINDOWS),
        days=_bars(owned.traded, today, zone),
        in_transit=tuple(_transit(scope, assortment)),
        statements=_statements(scope, assortment, owned, days, zone),
    )


def _names(scope: Scope, assortment: Assortment, owned: OwnGoods) -> tuple[SupplierName, ...]:
    """Of the catalogue, and of goods sold that it does not hold any more."""
    found = {id: name for id, name in owned.suppliers.items() if id and scope.holds(id)}
    for product in assortment.catalogue.products.values():
        if product.supplier_id and scope.holds(product.supplier_id):
            found[product.supplier_id] = product.supplier
    return tuple(SupplierName(id=id, name=found[id]) for id in sorted(found))


# --- what lies there ------------------------------------------------------------------------------------
def _stock(
    scope: Scope, assortment: Assortment, lots: Mapping[Place, Lots], trays: Iterable[TrayView], today: date
) -> Iterator[StockRow]:
    """In the cabinet's order; a tray's planned goods first, then what strayed there."""
    shown = {(each.tray, each.sku): each for each in trays}
    coming = _coming(assortment)
    for facing in _facings(assortment, lots):
        product = assortment.catalogue.products.get(facing.sku)
        if product is None or not scope.shows(product.supplier_id):
            continue
        held = lots.get((facing.tray, facing.sku), ())
        on_hand = sum(each.count for each in held)
        views = tuple(_lot(each, facing, product, today) for each in held)
        first = min((each for each in views if each.expires_on), key=_end, default=None)
        seen = shown.get((facing.tray, facing.sku))
        yield StockRow(
            tray=facing.tray,
            sku=facing.sku,
            name=product.name_zh,
            name_en=product.name_en,
            spec=product.spec,
            category=product.category,
            supplier=product.supplier_id,
            price_fen=seen.price_fen if seen else product.price,
            on_hand=on_hand,
            par=facing.par,
            capacity=facing.capacity,
            wanted=suggestion(facing, on_hand, coming.pop(facing.sku, 0)),
            state=first.state if first else "NONE",
            expires_on=first.expires_on if first else None,
            days_left=first.days_left if first else None,
            in_service=seen.in_service if seen else True,
            blocked=seen.blocked if seen else "",
            lots=views,
        )


def _facings(assortment: Assortment, lots: Mapping[Place, Lots]) -> Iterator[Facing]:
    planned = {(facing.tray, facing.sku) for facing in assortment.planogram.facings}
    for tray, facings in assortment.planogram.trays.items():
        yield from facings
        yield from (
            _stray(place, held) for place, held in lots.items() if place[0] == tray and place not in planned
        )
    for place, held in lots.items():  # on trays that are planned no more
        if place[0] not in assortment.planogram.trays and place[0] != OFF_SHELF:
            yield _stray(place, held)


def _stray(place: Place, held: Lots) -> Facing:
    return Facing(*place, capacity=sum(each.count for each in held), par=0, opening=0)


def _lot(held: Held, facing: Facing, product: Product, today: date) -> LotView:
    expires = held.lot.expires_on or facing.expires_on
    return LotView(
        lot=held.lot.name,
        produced_on=held.lot.produced_on.isoformat() if held.lot.produced_on else None,
        expires_on=expires.isoformat() if expires else None,
        count=held.count,
        state=shelf_state(expires, today, product.near_expiry_days, product.block_sale_days),
        days_left=(expires - today).days if expires else None,
    )


def _end(lot: LotView) -> str:
    return lot.expires_on or ""


def _ending(stock: Iterable[StockRow]) -> tuple[EndRow, ...]:
    found = [
        EndRow(
            tray=row.tray,
            sku=row.sku,
            name=row.name,
            name_en=row.name_en,
            lot=lot.lot,
            expires_on=lot.expires_on or "",
            days_left=lot.days_left or 0,
            count=lot.count,
            state=lot.state,
        )
        for row in stock
        for lot in row.lots
        if lot.state in ENDING
    ]
    return tuple(
        sorted(found, key=lambda each: (ENDING.index(each.state), each.days_left, each.tray, each.sku))
    )


def _coming(assortment: Assortment) -> dict[Sku, int]:
    pieces: dict[Sku, int] = {}
    for each in assortment.deliveries:
        if each.in_transit:
            pieces[each.sku] = pieces.get(each.sku, 0) + each.count
    return pieces


def _transit(scope: Scope, assortment: Assortment) -> Iterator[TransitRow]:
    for each in assortment.deliveries:
        product = assortment.catalogue.products.get(each.sku)
        if not each.in_transit or product is None or not scope.shows(product.supplier_id):
            continue
        yield TransitRow(
            sku=each.sku,
            name=product.name_zh,
            name_en=product.name_en,
            count=each.count,
            lot=each.lot.name,
            expires_on=each.lot.expires_on.isoformat() if each.lot.expires_on else None,
            node=each.node,
        )


# --- what is to be done ---------------------------------------------------------------------------------
def _tasks(stock: tuple[StockRow, ...], owned: OwnGoods, unsigned: bool) -> Iterator[TaskRow]:
    """A sheet that waits for its signature, goods past their date, alarms, then what is to be brought."""
    if unsigned:
        yield TaskRow(kind="UNSIGNED")
    for row in stock:
        if expired := sum(lot.count for lot in row.lots if lot.state == "BLACK"):
            yield _task("TAKE_OFF", row, expired)
    yield from _alarms(stock, owned)
    for row in sorted(stock, key=lambda each: -each.wanted):
        if row.wanted:
            yield _task("BELOW_PAR", row, row.wanted)


def _alarms(stock: tuple[StockRow, ...], owned: OwnGoods) -> Iterator[TaskRow]:
    """Those about a tray on which own goods lie or belong, or about an own product; none of the door's.

    Goods past their date are told by TAKE_OFF. A shared tray's block is told where own goods are blocked.
    """
    blocked = {row.tray for row in stock if row.blocked}
    by_tray: dict[str, StockRow] = {}
    by_sku: dict[str, StockRow] = {}
    for row in reversed(stock):
        by_tray[row.tray] = by_sku[row.sku] = row
    for alarm in owned.alarms:
        if alarm.kind == "EXPIRED_GOODS" or (alarm.kind == "BLOCKED_GOODS" and alarm.subject not in blocked):
            continue
        if alarm.subject in by_sku:
            yield _task(alarm.kind, by_sku[alarm.subject], 0, alarm.severity, alarm.since)
        elif alarm.subject in by_tray:
            yield TaskRow(kind=alarm.kind, tray=alarm.subject, severity=alarm.severity, since=alarm.since)


def _task(kind: str, row: StockRow, count: int, severity: str = "", since: str = "") -> TaskRow:
    return TaskRow(
        kind=kind,
        tray=row.tray,
        sku=row.sku,
        name=row.name,
        name_en=row.name_en,
        count=count,
        severity=severity,
        since=since,
    )


# --- what was sold --------------------------------------------------------------------------------------
def _window(key: str, days: int, traded: Iterable[Traded], today: date, zone: tzinfo) -> WindowSums:
    since = today - timedelta(days=days - 1)
    goods = [each.goods for each in traded if since <= _day(each.at, zone) <= today]
    sales, refund = sum(each.sales for each in goods), sum(each.refund for each in goods)
    return WindowSums(
        key=key,
        days=days,
        pieces=sum(each.sold for each in goods),
        sales_fen=sales,
        refunded=sum(each.refunded for each in goods),
        refund_fen=refund,
        net_fen=sales - refund,
    )


def _bars(traded: Iterable[Traded], today: date, zone: tzinfo) -> tuple[DayBar, ...]:
    """The last days, the oldest first; a day without sales is there with 0."""
    pieces = {today - timedelta(days=n): 0 for n in reversed(range(BARS))}
    fen = dict.fromkeys(pieces, 0)
    for each in traded:
        if (day := _day(each.at, zone)) in pieces:
            pieces[day] += each.goods.sold
            fen[day] += each.goods.sales
    return tuple(DayBar(day=day.isoformat(), pieces=n, sales_fen=fen[day]) for day, n in pieces.items())


def _statements(
    scope: Scope, assortment: Assortment, owned: OwnGoods, days: tuple[date, date], zone: tzinfo
) -> tuple[SupplierStatement, ...]:
    """One for each supplier that sold, took back or lost something in these days."""
    words = days[0].isoformat(), days[1].isoformat()
    traded = [each for each in owned.traded if days[0] <= _day(each.at, zone) < days[1]]
    gone = [
        (
            _owner(assortment, owned, each.sku),
            WrittenOff(sku=each.sku, reason=each.reason, pieces=each.pieces),
        )
        for each in owned.gone
        if days[0] <= _day(each.at, zone) < days[1]
    ]
    ids = {each.supplier for each in traded} | {id for id, _ in gone}
    return tuple(
        statement_of(
            id,
            words,
            (each.goods for each in traded if each.supplier == id),
            (lost for owner, lost in gone if owner == id),
        )
        for id in sorted(ids)
        if scope.shows(id)
    )


def _owner(assortment: Assortment, owned: OwnGoods, sku: str) -> str:
    product = assortment.catalogue.products.get(Sku(sku))
    if product is not None:
        return product.supplier_id
    return next((each.supplier for each in owned.traded if each.goods.sku == sku), "")


def _day(at: datetime, zone: tzinfo) -> date:
    return at.astimezone(zone).date()
