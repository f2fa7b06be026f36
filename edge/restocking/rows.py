"""Fills the rows of a restock's sheet: books, weights, deliveries and what was typed. It changes nothing."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import date
from functools import partial

from edge.domain.catalogue import Product
from edge.domain.delivery import Delivery
from edge.domain.gate import Policy, why_not_stock
from edge.domain.planogram import Facing
from edge.domain.restock import STAYS, Doomed, Row, Weighed, homeward, row_of, suggestion
from edge.domain.roster import Account
from edge.domain.session import State
from edge.domain.sheet import Told
from edge.domain.stock import Lot, Lots
from edge.domain.values import Instant, Place, Sku, TrayId, grams
from edge.domain.verdict import Verdict
from edge.ledger.ledger import Ledger
from edge.restocking.journal import weighed_of
from edge.trays import Trays
from edge.turn import Goods
from edge.visit import Visit


class Rows:
    """Reads the ledger and the trays. ``begin`` before each task: what was delivered last is kept.

    measured: pieces on the trays by weight alone, None where the weight does not tell.
    """

    def __init__(
        self,
        ledger: Ledger,
        trays: Trays,
        measured: Callable[[Goods, Instant], Mapping[Place, int | None]],
        policy: Policy,
        max_load_g: float,
        today: Callable[[Instant], date],
    ) -> None:
        self._ledger = ledger
        self._trays = trays
        self._max_load_g = max_load_g
        self._today = today
        self._measured = measured
        self._policy = policy
        self._last: Mapping[Sku, Lot] = {}

    def begin(self) -> None:
        self._last = self._ledger.last_lots()

    def measured(self, goods: Goods, now: Instant) -> Mapping[Place, int | None]:
        """What a stock-take would find by the weights."""
        return self._measured(goods, now)

    def places(self, goods: Goods) -> set[Place]:
        """Where something may be put or taken in a restock: what is planned, and what strayed."""
        return {(facing.tray, facing.sku) for facing in self._facings(goods, self._ledger.lots())}

    def of(self, visit: Visit | None, account: Account, goods: Goods, now: Instant) -> tuple[Row, ...]:
        """The sheet as it stands, in the cabinet's order. visit: None before the door opens."""
        lots, today = self._ledger.lots(), self._today(now)
        verdict = self._verdict(visit, now)
        in_transit = _in_transit(goods.deliveries)
        facings = list(self._facings(goods, lots))
        weighed = {(each.tray, each.sku): self._weighed(verdict, each, goods) for each in facings}
        home = homeward(weighed, {(each.tray, each.sku) for each in goods.planogram.facings})
        rows = []
        for facing in facings:
            place = facing.tray, facing.sku
            product, held = goods.catalogue.products[facing.sku], lots.get(place, ())
            on_hand = sum(each.count for each in held)
            wanted = suggestion(facing, on_hand, in_transit.pop(facing.sku, 0))
            told = visit.sheet.told(place) if visit else Told()
            usual = self._usual(goods.deliveries, facing.sku)
            rows.append(
                row_of(
                    facing,
                    product,
                    held,
                    self._doomed(facing, held, goods, today),
                    wanted,
                    usual,
                    weighed[place],
                    told,
                    partial(self._refusals, account, goods, today),
                    self._max_load_g,
                    today,
                    home.get(place, STAYS),
                )
            )
        return tuple(rows)

    def _refusals(
        self, account: Account, goods: Goods, today: date, product: Product, lot: Lot | None
    ) -> tuple[str, ...]:
        """Why ``account`` may not bring it; capacity is the row's own knowledge."""
        other = () if account.may_handle(product.supplier_id) else ("OTHER_SUPPLIER",)
        expires = lot.expires_on if lot else None
        name = lot.name if lot else None
        blocked = why_not_stock(product, expires, name, today, self._policy, goods.recalls)
        return (*other, *blocked)

    def _doomed(self, facing: Facing, held: Lots, goods: Goods, today: date) -> Doomed:
        """Lots past their date, or recalled: they may not stay."""
        expired = [h for h in held if (day := h.lot.expires_on or facing.expires_on) and day < today]
        recalled = [h for h in held if h not in expired and goods.recalls.hit(facing.sku, h.lot.name)]
        why = "EXPIRED" if expired else "RECALLED" if recalled else ""
        return Doomed((*expired, *recalled), why)

    def _usual(self, deliveries: Iterable[Delivery], sku: Sku) -> Lot | None:
        """The lot that is brought, unless the restocker says another: as sent, else as the last time."""
        sent = next((each.lot for each in deliveries if each.sku == sku and not each.in_transit), None)
        return sent or self._last.get(sku)

    def _verdict(self, visit: Visit | None, now: Instant) -> Verdict | None:
        if visit is None or visit.state not in (State.OPEN, State.SETTLING):
            return None
        return visit.verdict if visit.signing else visit.live(self._trays, now.mono)

    def _weighed(self, verdict: Verdict | None, facing: Facing, goods: Goods) -> Weighed:
        if verdict is None:
            return Weighed()
        tray = next((each for each in verdict.trays if each.tray == facing.tray), None)
        watch = self._trays.watches.get(facing.tray)
        alone = tray is not None and len(tray.goods) <= 1
        level = watch.level if watch else None
        found = weighed_of(tray, facing.sku, level, alone)
        if level is None or len(goods.planogram.skus(facing.tray)) > 1:
            return found
        return replace(found, there=round(level / grams(goods.catalogue.products[facing.sku].unit_weight)))

    def _facings(self, goods: Goods, lots: Mapping[Place, Lots]) -> Iterator[Facing]:
        """What is planned, tray by tray, and after it what strayed there."""
        held = {place: sum(each.count for each in here) for place, here in lots.items()}
        for tray, facings in goods.planogram.trays.items():
            yield from facings
            planned = {facing.sku for facing in facings}
            for (of, sku), count in held.items():
                if of == tray and count > 0 and sku not in planned and sku in goods.catalogue.products:
                    yield Facing(tray, sku, capacity=count, par=0, opening=0)


def _in_transit(deliveries: Iterable[Delivery]) -> dict[Sku, int]:
    pieces: dict[Sku, int] = {}
    for each in deliveries:
        if each.in_transit:
            pieces[each.sku] = pieces.get(each.sku, 0) + each.count
    return pieces


def source_of(deliveries: Iterable[Delivery], sku: Sku) -> str:
    """The node that goods of ``sku`` ship from; "": not known."""
    return next((each.node for each in deliveries if each.sku == sku and each.node), "")


def moving(trays: Trays, tray: TrayId) -> bool:
    watch = trays.watches.get(tray)
    return watch is not None and watch.moving
