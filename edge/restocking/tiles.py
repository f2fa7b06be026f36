"""A supplier's visit as the screen shows it: rows become tiles. It decides nothing."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from math import ceil

from edge.domain.restock import Row
from edge.domain.restock_view import LotView, RestockView, TileView
from edge.domain.session import Event, State
from edge.domain.sheet import UNDO_S
from edge.domain.stock import Held, shelf_state
from edge.domain.values import Instant, Place, TrayId
from edge.restocking.rows import moving, source_of
from edge.trays import Trays
from edge.turn import Goods
from edge.visit import Visit

_STAGES = {
    State.GRANTED: "OPENING",
    State.UNLOCKING: "OPENING",
    State.OPEN: "OPEN",
    State.SETTLING: "SETTLING",
}
_LIMITS = (Event.PULL_TIMEOUT, Event.OPEN_LONG, Event.OPEN_TOO_LONG)


@dataclass(frozen=True, slots=True)
class Desk:
    """title: of who is signed in. document: of the task they finished. reason: why the door stays shut.

    suppliers: whose goods they may handle, (): all.
    """

    title: str
    document: str
    reason: str
    suppliers: tuple[str, ...]


def view_of(
    desk: Desk,
    visit: Visit | None,
    rows: tuple[Row, ...],
    trays: Trays,
    goods: Goods,
    measured: Mapping[Place, int | None],
    today: date,
    now: Instant,
) -> RestockView:
    """The whole screen; ``version`` is the caller's to set. measured: pieces by weight alone."""
    alive = trays.in_service(now.mono)
    undo_left = _undo_left(visit, now)
    return RestockView(
        version=0,
        stage=_stage(visit, desk),
        title=desk.title,
        tiles=tuple(_tile(row, visit, trays, alive, goods, measured.get(row.place), today) for row in rows),
        notice=visit.notice if visit else "",
        closes_in_s=_closes_in(visit, now),
        draft=goods.draft.version if goods.draft else "",
        blockers=tuple((code, row.facing.tray) for row in rows for code in row.blocking) if visit else (),
        undo=_undo(visit) if visit and undo_left else "",
        undo_left_s=undo_left,
        document=desk.document,
        reason=desk.reason,
        suppliers=desk.suppliers,
    )


def _stage(visit: Visit | None, desk: Desk) -> str:
    if visit is None:
        return "DONE" if desk.document else "LIST"
    return "SHEET" if visit.signing else _STAGES.get(visit.state, "SETTLING")


def _closes_in(visit: Visit | None, now: Instant) -> int | None:
    due = [visit.timers[each] for each in _LIMITS if each in visit.timers] if visit else []
    return max(0, ceil(min(due) - now.mono)) if due else None


def _undo(visit: Visit) -> str:
    """What the last change was, as the page asked for it."""
    return str(visit.sheet.edits[-1][0].__struct_config__.tag)


def _undo_left(visit: Visit | None, now: Instant) -> int:
    if visit is None or not visit.sheet.edits:
        return 0
    left = UNDO_S - (now.mono - visit.sheet.edits[-1][1])
    return ceil(left) if left > 0 else 0


def _tile(
    row: Row,
    visit: Visit | None,
    trays: Trays,
    alive: Mapping[TrayId, bool],
    goods: Goods,
    measured: int | None,
    today: date,
) -> TileView:
    facing, product, told = row.facing, row.product, row.told
    lots = tuple(_lot(held, row, today) for held in row.lots)
    first = next((lot for lot in lots if lot.expires_on), None)
    count = told.count.count if told.count else None
    return TileView(
        tray=facing.tray,
        sku=facing.sku,
        name=product.name_zh,
        name_en=product.name_en,
        spec=product.spec,
        category=product.category,
        supplier=product.supplier,
        price_fen=product.price,
        before=row.before,
        brought=row.brought,
        pulled=row.pulled,
        now=row.now,
        par=facing.par,
        capacity=facing.capacity,
        wanted=row.wanted,
        source=source_of(goods.deliveries, facing.sku),
        sure=row.sure,
        moving=visit is not None and moving(trays, facing.tray),
        in_service=alive.get(facing.tray, False),
        state=first.state if first else "NONE",
        expires_on=first.expires_on if first else None,
        days_left=first.days_left if first else None,
        lots=lots,
        lot=row.lot.name if row.lot else "",
        produced_on=_day(row.lot.produced_on if row.lot else None),
        lot_expires_on=_day(row.lot.expires_on if row.lot else None),
        shelf_life_days=product.shelf_life_days,
        pull_reason=row.pull_reason,
        typed=count,
        weighed=row.weighed,
        reason=next((each.reason for each in (told.count, told.stock) if each and each.reason), ""),
        counted=row.counted,
        proposed=measured if measured is not None else row.now if row.sure else None,
        problems=row.problems,
        blocking=row.blocking,
        seen_g=round(abs(row.residual_g)) if "WRONG_GOODS" in row.problems else 0,
    )


def _lot(held: Held, row: Row, today: date) -> LotView:
    expires, product = held.lot.expires_on or row.facing.expires_on, row.product
    return LotView(
        lot=held.lot.name,
        produced_on=_day(held.lot.produced_on),
        expires_on=_day(expires),
        count=held.count,
        state=shelf_state(expires, today, product.near_expiry_days, product.block_sale_days),
        days_left=(expires - today).days if expires else None,
    )


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
