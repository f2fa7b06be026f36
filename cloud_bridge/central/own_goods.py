"""A supplier's own page: what it sold and is due this month, where its goods lie. No other's is read."""

from datetime import datetime, timedelta

import msgspec

from cloud_bridge.central import clock, statements
from cloud_bridge.central.database import Connection
from edge.domain.statement import SupplierStatement


class Lying(msgspec.Struct, frozen=True, kw_only=True):
    """Pieces of one of its products at one counter, by the books."""

    counter: str
    sku: str
    name: str
    on_hand: int
    expires_on: str | None


class OwnGoods(msgspec.Struct, frozen=True, kw_only=True):
    statement: SupplierStatement
    lying: list[Lying]


_LYING = (
    "select l.counter, l.sku, max(p.name), sum(l.on_hand), min(l.expires_on) from stock_lot l"
    " join (select sku, max(name) as name from sale_line where supplier_id = ? group by sku) p"
    " on p.sku = l.sku"
    " where not exists (select 1 from sale_line o where o.sku = l.sku and o.supplier_id <> ?)"
    " group by l.counter, l.sku order by l.counter, l.sku"
)
"""Of goods that were sold as this supplier's and never as another's: in doubt they are not shown."""


def own_goods(db: Connection, supplier: str, now: datetime) -> OwnGoods:
    """This calendar month so far, Asia/Shanghai, and the stock of now."""
    today = now.astimezone(clock.SHANGHAI).replace(tzinfo=None)
    first = today.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    following = (today + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    days = first.date().isoformat(), following.date().isoformat()
    bounds = clock.day_start_ms(first), clock.day_start_ms(following)
    told = statements.supplier_statement(db, supplier, days, *bounds)
    rows = db.execute(_LYING, (supplier, supplier))
    return OwnGoods(
        statement=told,
        lying=[
            Lying(counter=counter, sku=sku, name=name, on_hand=int(count), expires_on=expires_on)
            for counter, sku, name, count, expires_on in rows
        ],
    )
