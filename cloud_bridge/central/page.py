"""The operator's page as HTML: one picture of the centre, rendered by jinja2 with escaping on."""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from cloud_bridge.central import answers, clock
from cloud_bridge.central.words import words

SHOWN_SALES = 20

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"), autoescape=True, undefined=StrictUndefined
)


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


def overview(db: sqlite3.Connection, now: datetime) -> Overview:
    """One consistent picture, read in one transaction. now: aware."""
    db.execute("begin")
    try:
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
    finally:
        db.execute("commit")


def whole(db: sqlite3.Connection, lang: str, now: datetime) -> str:
    """The page. lang: zh or en."""
    return _render("page.html", db, lang, now)


def parts(db: sqlite3.Connection, lang: str, now: datetime) -> str:
    """The page's changing middle."""
    return _render("parts.html", db, lang, now)


def _render(template: str, db: sqlite3.Connection, lang: str, now: datetime) -> str:
    return _templates.get_template(template).render(
        t=words(lang),
        lang=lang,
        now=overview(db, now),
        yuan=yuan,
        shown=clock.shown,
        share=_share,
    )


def yuan(fen: int) -> str:
    """Whole fen as people read them: ``¥3.50``. Never rounds."""
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100}.{abs(fen) % 100:02d}"


def _share(part: int, total: int) -> str:
    """``part`` of ``total`` in per cent, cut (never rounded up) to one decimal."""
    if total <= 0:
        return "—"
    tenths = part * 1000 // total
    return f"{tenths // 10}.{tenths % 10}%"
