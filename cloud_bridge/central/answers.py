"""Questions to the centre's database, for pages, the API and reports. Reads only; knows no HTTP.

Money is whole fen. Every sum comes as the pair (total, certified): one without the other is not shown.
"""

from collections.abc import Iterable
from typing import Any

import msgspec

from cloud_bridge.central.database import Connection
from cloud_bridge.central.store import Stream, covered

ALL_TIME = (-(2**62), 2**62)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    tray: str
    sku: str
    name: str
    count: int
    price_fen: int
    amount_fen: int
    certified: bool
    county: str


class Sale(msgspec.Struct, frozen=True, kw_only=True):
    """id: order of arrival at this centre; the cursor of the list."""

    id: int
    order_no: str
    counter: str
    session: str
    lines: tuple[Line, ...]
    total_fen: int
    certified_fen: int
    closed_at: str
    received_at: str
    refunded_fen: int = 0
    """What went back of the total since; the net is the difference."""


class Sums(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a table of sums: pieces, orders, and the two amounts, before refunds.

    refund_fen: of the whole, what went back in the same time, of whichever day's sales.
    """

    key: str
    name: str = ""
    county: str = ""
    orders: int = 0
    count: int = 0
    total_fen: int = 0
    certified_fen: int = 0
    refund_fen: int = 0


class Counter(msgspec.Struct, frozen=True, kw_only=True):
    """One counter as the centre sees it. through, gaps: of the ledger it writes now."""

    counter: str
    online: bool
    since: str | None
    version: str | None
    heard: str
    inc: str | None
    through: int
    gaps: tuple[tuple[int, int], ...]
    backlog: int | None
    last_sale_at: str | None


class Review(msgspec.Struct, frozen=True, kw_only=True):
    counter: str
    session: str
    kind: str
    reasons: tuple[str, ...]
    closed_at: str


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """raised by a counter, or by the centre itself (``own_alarms``; counter "": about no counter)."""

    counter: str
    kind: str
    subject: str
    severity: str
    detail: str
    at: str


def sales(
    db: Connection,
    *,
    counter: str | None = None,
    limit: int = 50,
    before: int | None = None,
    since: int | None = None,
) -> list[Sale]:
    """Newest arrival first. before: ids below it; since: ids above it."""
    rows = db.execute(
        "select e.id, s.order_no, s.counter, s.session, s.total_fen, s.certified_fen, s.closed_at,"
        " e.received, (select coalesce(sum(fen), 0) from refund r where r.counter = s.counter"
        " and r.session = s.session)"
        " from raw_event e join sale s using (counter, inc, seq)"
        " where (:counter is null or s.counter = :counter) and (:before is null or e.id < :before)"
        " and (:since is null or e.id > :since) order by e.id desc limit :limit",
        {"counter": counter, "before": before, "since": since, "limit": limit},
    ).fetchall()
    return [
        Sale(
            id=row[0],
            order_no=row[1],
            counter=row[2],
            session=row[3],
            lines=lines_of(db, row[2], row[3]),
            total_fen=row[4],
            certified_fen=row[5],
            closed_at=row[6],
            received_at=row[7],
            refunded_fen=row[8],
        )
        for row in rows
    ]


def lines_of(db: Connection, counter: str, session: str) -> tuple[Line, ...]:
    """What was sold in that session."""
    rows = db.execute(
        "select tray, sku, name, count, price_fen, amount_fen, certified, county from sale_line"
        " where counter = ? and session = ? order by line",
        (counter, session),
    )
    return tuple(
        Line(
            tray=tray,
            sku=sku,
            name=name,
            count=count,
            price_fen=price,
            amount_fen=amount,
            certified=bool(certified),
            county=county,
        )
        for tray, sku, name, count, price, amount, certified, county in rows
    )


def last_event(db: Connection) -> int:
    """The id of the newest raw event; 0 where there is none."""
    return int(db.execute("select coalesce(max(id), 0) from raw_event").fetchone()[0])


def total(db: Connection, from_ms: int, to_ms: int) -> Sums:
    """All sales closed in [from, to)."""
    row = db.execute(
        "select count(*), coalesce(sum(total_fen), 0), coalesce(sum(certified_fen), 0),"
        " (select coalesce(sum(count), 0) from sale_line join sale using (counter, session)"
        "  where closed_ms >= :a and closed_ms < :b),"
        " (select coalesce(sum(fen), 0) from refund where at_ms >= :a and at_ms < :b)"
        " from sale where closed_ms >= :a and closed_ms < :b",
        {"a": from_ms, "b": to_ms},
    ).fetchone()
    return Sums(
        key="total", orders=row[0], total_fen=row[1], certified_fen=row[2], count=row[3], refund_fen=row[4]
    )


def by_counter(db: Connection, from_ms: int, to_ms: int) -> list[Sums]:
    rows = db.execute(
        "select counter, count(*), sum(total_fen), sum(certified_fen) from sale"
        " where closed_ms >= ? and closed_ms < ? group by counter order by counter",
        (from_ms, to_ms),
    )
    return [Sums(key=key, orders=n, total_fen=t, certified_fen=c) for key, n, t, c in rows]


def by_product(db: Connection, from_ms: int, to_ms: int) -> list[Sums]:
    return _by_line(db, "l.sku", "max(l.name), max(l.county)", from_ms, to_ms)


def by_county(db: Connection, from_ms: int, to_ms: int) -> list[Sums]:
    """By origin county of the goods."""
    return _by_line(db, "l.county", "'', l.county", from_ms, to_ms)


def _by_line(db: Connection, key: str, names: str, from_ms: int, to_ms: int) -> list[Sums]:
    rows = db.execute(
        f"select {key}, {names}, count(distinct s.session), sum(l.count), sum(l.amount_fen),"
        " sum(case when l.certified <> 0 then l.amount_fen else 0 end) from sale s"
        " join sale_line l using (counter, session)"
        f" where s.closed_ms >= ? and s.closed_ms < ? group by {key} order by 6 desc, 1",
        (from_ms, to_ms),
    )
    return [
        Sums(key=key, name=name, county=county, orders=orders, count=n, total_fen=t, certified_fen=c)
        for key, name, county, orders, n, t, c in rows
    ]


def counters(db: Connection) -> list[Counter]:
    rows = db.execute(
        "select c.counter, c.online, c.since, c.version, c.heard, c.inc, c.backlog,"
        " (select closed_at from sale s where s.counter = c.counter order by closed_ms desc limit 1)"
        " from counter c order by c.counter"
    ).fetchall()
    return [_counter(db, row) for row in rows]


def _counter(db: Connection, row: tuple[Any, ...]) -> Counter:
    name, online, since, version, heard, inc, backlog, last_sale_at = row
    held = covered(db, Stream(name, inc or ""))
    return Counter(
        counter=name,
        online=bool(online),
        since=since,
        version=version,
        heard=heard,
        inc=inc,
        through=held.through,
        gaps=tuple(held.gaps()),
        backlog=backlog,
        last_sale_at=last_sale_at,
    )


def reviews(db: Connection, limit: int = 50) -> tuple[int, list[Review]]:
    """How many sessions wait for a person, and the oldest of them."""
    count = db.execute("select count(*) from session where state = 'REVIEW'").fetchone()[0]
    rows = db.execute(
        "select counter, session, kind, reasons, closed_at from session where state = 'REVIEW'"
        " order by closed_ms limit ?",
        (limit,),
    )
    return int(count), [
        Review(
            counter=counter,
            session=session,
            kind=kind,
            reasons=msgspec.json.decode(reasons, type=tuple[str, ...]),
            closed_at=closed_at,
        )
        for counter, session, kind, reasons, closed_at in rows
    ]


def alarms(db: Connection) -> list[Alarm]:
    """What stands now: the counters' active alarms, and the centre's own."""
    rows = db.execute(
        "select a.counter, a.kind, a.subject, a.severity, a.detail, a.at from alarm a"
        " join counter c on c.counter = a.counter and c.inc = a.inc where a.active <> 0"
        " union all select counter, kind, subject, severity, detail, at from centre_alarm where active = 1"
        " order by 6 desc limit 100"
    )
    return [_alarm(row) for row in rows]


def _alarm(row: Iterable[str]) -> Alarm:
    counter, kind, subject, severity, detail, at = row
    return Alarm(counter=counter, kind=kind, subject=subject, severity=severity, detail=detail, at=at)
