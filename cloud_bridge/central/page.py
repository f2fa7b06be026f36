"""The operator's pages as HTML: one picture of the centre, and the evidence of sessions under review.

Rendered by ``frame``, with escaping on.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from cloud_bridge import feed
from cloud_bridge.central import answers, clock, own_goods, restocks, reviews
from cloud_bridge.central.database import Connection
from cloud_bridge.central.frame import Seen, rendered

SHOWN_SALES = 20
LISTED = 100


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """What the page shows. Sums are of the business day; measure: REALISED (成交)."""

    measure: str
    as_of: str
    today: answers.Sums
    by_counter: list[answers.Sums]
    by_product: list[answers.Sums]
    counters: list[answers.Counter]
    sales: list[answers.Sale]
    reviews_waiting: int
    reviews: list[answers.Review]
    alarms: list[answers.Alarm]


def overview(db: Connection, now: datetime) -> Overview:
    """One consistent picture, read in one transaction. now: aware."""
    with db.picture():
        day = clock.day_of(now)
        waiting, reviews = answers.reviews(db)
        return Overview(
            measure="REALISED",
            as_of=now.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
            today=answers.total(db, *day),
            by_counter=answers.by_counter(db, *day),
            by_product=answers.by_product(db, *day),
            counters=answers.counters(db),
            sales=answers.sales(db, limit=SHOWN_SALES),
            reviews_waiting=waiting,
            reviews=reviews,
            alarms=answers.alarms(db),
        )


def whole(db: Connection, seen: Seen, now: datetime) -> str:
    """The page."""
    return _page("page.html", seen, now=overview(db, now))


def parts(db: Connection, seen: Seen, now: datetime) -> str:
    """The page's changing middle."""
    return _page("parts.html", seen, now=overview(db, now))


def waiting(db: Connection, seen: Seen) -> str:
    """The list of sessions under review."""
    count, _ = answers.reviews(db, 0)
    return _page("reviews.html", seen, told=reviews.waiting(db), count=count)


def evidence(told: reviews.Closed, seen: Seen) -> str:
    """What the trays of one session said."""
    return _page("review.html", seen, told=told)


def restocked(db: Connection, seen: Seen) -> str:
    """The list of signed restock documents."""
    return _page("restocks.html", seen, told=restocks.restocks(db, limit=LISTED))


def own(told: own_goods.OwnGoods, seen: Seen) -> str:
    """A supplier's own page."""
    return _page("own.html", seen, told=told, statement=told.statement)


def restock_document(told: restocks.Restock, seen: Seen) -> str:
    """One document with its lines."""
    return _page("restock.html", seen, told=told)


def _page(template: str, seen: Seen, **shown: Any) -> str:
    tools = {"yuan": yuan, "share": _share, "grams": grams, "goods": goods, "likely": likely}
    return rendered(template, seen, **tools, **shown)


def yuan(fen: int) -> str:
    """Whole fen as people read them: ``¥3.50``. Never rounds."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100}.{abs(fen) % 100:02d}"


def grams(tenths: int | None, *, signed: bool = False) -> str:
    """Tenths of a gram as staff read them: ``2350.5 g``; a dash where nothing was weighed."""
    if tenths is None:
        return "—"
    sign = "-" if tenths < 0 else "+" if signed and tenths else ""
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10} g"


def goods(found: Iterable[feed.Goods], names: Mapping[str, str]) -> str:
    """What left a tray: ``name × 2``; more came in than left: ``name × -1``. "" for nothing."""
    return " + ".join(f"{names.get(each.sku, each.sku)} × {each.count}" for each in found if each.count)


def likely(permille: int) -> str:
    """Thousandths in per cent; what was rounded to nothing is still possible."""
    return f"{permille // 10}.{permille % 10} %" if permille else "< 0.1 %"


def _share(part: int, total: int) -> str:
    """``part`` of ``total`` in per cent, cut (never rounded up) to one decimal."""
    if total <= 0:
        return "—"
    tenths = part * 1000 // total
    return f"{tenths // 10}.{tenths % 10}%"
