"""Was every sale charged what its prices file says? The counter's own function is asked again here.

What only the counter saw, the dates of the goods on its trays, is taken as the line tells it: a line that
names a near-expiry promotion is held against that promotion, another is taken not to have been near.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from cloud_bridge import feed
from cloud_bridge.central.database import Connection
from cloud_bridge.central.page import yuan
from edge.domain.catalogue import Catalogue
from edge.domain.pricing import PricedLine, PriceList, PromotionKind, price_of, reduction_of
from edge.domain.values import Fen, Sku

_SALES = "select counter, body from raw_event join sale using (counter, inc, seq) order by counter, closed_ms"


class Mispriced(msgspec.Struct, frozen=True, kw_only=True):
    """A line that the files price otherwise. In fen, price of a piece and discount of the line.

    due_fen: None where the catalogue has no such product.
    """

    counter: str
    order_no: str
    line: int
    sku: str
    name: str
    price_fen: int
    discount_fen: int
    due_fen: int | None
    due_discount_fen: int


class PriceAudit(msgspec.Struct, frozen=True, kw_only=True):
    """sales: compared. others: sales by another version of prices or catalogue, which were not."""

    prices: str
    catalogue: str
    sales: int
    others: int
    wrong: tuple[Mispriced, ...]


def verify_prices(db: Connection, catalogue: Catalogue, prices: PriceList, zone: ZoneInfo) -> PriceAudit:
    """Work out every sale made by these very files anew. zone: of the counters' local time."""
    sales, others = 0, 0
    wrong: list[Mispriced] = []
    for counter, body in db.execute(_SALES):
        sale = feed.fact_of(feed.decode(body))
        assert isinstance(sale, feed.SaleSettled)
        if (sale.prices, sale.catalogue) != (prices.version, catalogue.version):
            others += 1
            continue
        sales += 1
        at = datetime.fromisoformat(sale.opened_at).astimezone(zone)
        wrong += _wrong(counter, sale, catalogue, prices, at)
    return PriceAudit(
        prices=prices.version, catalogue=catalogue.version, sales=sales, others=others, wrong=tuple(wrong)
    )


def _wrong(
    counter: str, sale: feed.SaleSettled, catalogue: Catalogue, prices: PriceList, at: datetime
) -> Iterator[Mispriced]:
    lines = [
        PricedLine(Sku(x.sku), Fen(x.price_fen * x.count), x.list_price_fen is not None) for x in sale.lines
    ]
    shares = reduction_of(lines, prices, at).shares
    for number, (line, share) in enumerate(zip(sale.lines, shares, strict=True), 1):
        due = _due(line, catalogue, prices, at)
        if (line.price_fen, line.discount_fen) != (due, share):
            yield Mispriced(
                counter=counter,
                order_no=sale.order_no,
                line=number,
                sku=line.sku,
                name=line.name,
                price_fen=line.price_fen,
                discount_fen=line.discount_fen,
                due_fen=due,
                due_discount_fen=share,
            )


def _due(line: feed.Line, catalogue: Catalogue, prices: PriceList, at: datetime) -> Fen | None:
    product = catalogue.products.get(Sku(line.sku))
    if product is None:
        return None
    ids = line.promotion.split("+")
    near = (each for each in prices.promotions if each.kind is PromotionKind.NEAR_EXPIRY and each.id in ids)
    named = next(near, None)
    date = at.date() + timedelta(days=named.days_left or 0) if named else None
    return price_of(product, prices, at, date).fen


def prices_text(found: PriceAudit) -> str:
    """For people: one line for all, and one for each line that differs."""
    head = f"prices {found.prices}: {found.sales} sales compared, {found.others} by other files"
    return "\n".join([head, *(_said(each) for each in found.wrong)])


def _said(each: Mispriced) -> str:
    due = "no such product" if each.due_fen is None else _money(each.due_fen, each.due_discount_fen)
    charged = _money(each.price_fen, each.discount_fen)
    return f"  {each.counter} {each.order_no} line {each.line} {each.name}: charged {charged}, due {due}"


def _money(fen: int, discount_fen: int) -> str:
    return yuan(fen) + (f" less {yuan(discount_fen)}" if discount_fen else "")
