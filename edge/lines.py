"""The lines of a basket or a receipt, made from what the trays say: pieces and money, no weights."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from msgspec.structs import replace

from edge.domain.basket import reduction_on
from edge.domain.pricing import Promotion
from edge.domain.quota import Part
from edge.domain.records import Happened, TrayEvidence
from edge.domain.values import Fen, Kind, Sku, TrayId, rfc3339
from edge.domain.view import Evidence, LineView, Moved, OptionView, PaidView, PromotionView
from edge.recognition import Option
from edge.visit import Visit

_TOLD = {"TAKE", "PUT_BACK", "MISPLACED"}
"""What a buyer is told of a tray; touches and presses are the reviewer's."""


def lines_of(visit: Visit, evidence: tuple[TrayEvidence, ...]) -> tuple[LineView, ...]:
    """A line for everything that left a tray; doubt costs nothing. Of a restock, what came as well."""
    return _reduced(
        visit,
        [
            _line(visit, tray.tray, sku, count, sure=tray.verdict == "charge", events=tray.events)
            for tray in evidence
            for sku, count in tray.goods
            if tray.verdict == "charge" or count > 0
        ],
    )


def _line(
    visit: Visit,
    tray: TrayId,
    sku: Sku,
    count: int,
    *,
    sure: bool,
    events: tuple[Happened, ...] | None = None,
) -> LineView:
    """events: what the tray told, None: no evidence is shown."""
    product, price = visit.catalogue.products[sku], visit.facts.prices[sku]
    offer = visit.facts.offered.get(sku)
    before, zero = visit.stock.get((tray, sku), 0), visit.facts.opened.wall
    told = [e for e in events or () if e.action in _TOLD and e.sku == sku]
    moved = tuple(_moved(event, zero) for event in told)
    return LineView(
        tray=tray,
        sku=sku,
        name=product.name_zh,
        name_en=product.name_en,
        count=abs(count),
        price_fen=price,
        amount_fen=Fen(price * count) if sure and visit.facts.kind is Kind.BUY else 0,
        sure=sure,
        evidence=None if events is None else Evidence(before=before, after=before - count, events=moved),
        list_price_fen=offer.list_fen if offer else None,
    )


def _reduced(visit: Visit, lines: list[LineView]) -> tuple[LineView, ...]:
    """``lines``, those that cost something with their share of the session's full reduction."""
    charged = [n for n, line in enumerate(lines) if line.amount_fen > 0]
    off = reduction_on([(Sku(lines[n].sku), lines[n].count) for n in charged], visit.facts)
    for n, share in zip(charged, off.shares, strict=True):
        amount_fen = lines[n].amount_fen - share
        lines[n] = replace(lines[n], amount_fen=amount_fen, discount_fen=share)
    return tuple(lines)


def _moved(event: Happened, zero: datetime) -> Moved:
    return Moved(at=rfc3339(zero + timedelta(seconds=event.t)), action=event.action, count=event.count)


def option_of(visit: Visit, option: Option) -> OptionView:
    """What would be charged if this is what happened."""
    lines = _reduced(
        visit,
        [
            _line(visit, tray, sku, count, sure=True)
            for tray, goods in option.goods
            for sku, count in goods
            if count > 0
        ],
    )
    return OptionView(lines=lines, total_fen=total_of(lines), discount_fen=discount_of(lines))


def paid_views(parts: Iterable[Part]) -> tuple[PaidView, ...]:
    """What each source pays of a sale in all, in the order of payment."""
    sums: dict[tuple[str, str], PaidView] = {}
    for part in parts:
        before = sums.get((part.scheme, part.quota))
        fen = part.fen + (before.fen if before else 0)
        sums[part.scheme, part.quota] = PaidView(
            scheme=part.scheme, fen=fen, owed=part.owed, left_fen=part.left
        )
    return tuple(sums.values())


def promotion_view(promotion: Promotion | None) -> PromotionView | None:
    """What screens call it."""
    if promotion is None:
        return None
    return PromotionView(kind=promotion.kind.value, zh=promotion.zh, en=promotion.en)


def reduction_of(visit: Visit, lines: Iterable[LineView]) -> PromotionView | None:
    """The full reduction that ``lines`` have a share of; None: none."""
    charged = [line for line in lines if line.amount_fen + line.discount_fen > 0]
    off = reduction_on([(Sku(line.sku), line.count) for line in charged], visit.facts)
    found = [each for each in visit.facts.promotions if each.id == off.promotion]
    return promotion_view(found[0]) if found else None


def total_of(lines: Iterable[LineView]) -> int:
    """What ``lines`` cost together, in fen."""
    return sum(line.amount_fen for line in lines)


def discount_of(lines: Iterable[LineView]) -> int:
    """What a full reduction took off ``lines`` together, in fen."""
    return sum(line.discount_fen for line in lines)
