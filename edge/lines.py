"""The lines of a basket or a receipt, made from what the trays say: pieces and money, no weights."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from edge.domain.quota import Part
from edge.domain.records import Happened, TrayEvidence
from edge.domain.values import Fen, Kind, Sku, TrayId, rfc3339
from edge.domain.view import Evidence, LineView, Moved, OptionView, PaidView
from edge.recognition import Option
from edge.visit import Visit

_TOLD = {"TAKE", "PUT_BACK", "MISPLACED"}
"""What a buyer is told of a tray; touches and presses are the reviewer's."""


def lines_of(visit: Visit, evidence: tuple[TrayEvidence, ...]) -> tuple[LineView, ...]:
    """A line for everything that left a tray; doubt costs nothing. Of a restock, what came as well."""
    return tuple(
        _line(visit, tray.tray, sku, count, sure=tray.verdict == "charge", events=tray.events)
        for tray in evidence
        for sku, count in tray.goods
        if tray.verdict == "charge" or count > 0
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
    )


def _moved(event: Happened, zero: datetime) -> Moved:
    return Moved(at=rfc3339(zero + timedelta(seconds=event.t)), action=event.action, count=event.count)


def option_of(visit: Visit, option: Option) -> OptionView:
    """What would be charged if this is what happened."""
    lines = tuple(
        _line(visit, tray, sku, count, sure=True)
        for tray, goods in option.goods
        for sku, count in goods
        if count > 0
    )
    return OptionView(lines=lines, total_fen=sum(line.amount_fen for line in lines))


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
