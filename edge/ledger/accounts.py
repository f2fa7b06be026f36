"""Do the money tables and the events tell the same story? It rebuilds each event's fact from the rows.

Whoever changes a row has to change the event too, and then the chain names it.
"""

import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from cloud_bridge import feed
from edge.domain.records import Happened
from edge.ledger import calibrations, quota, refunds, stock
from edge.ledger.sessions import happenings

_EVENTS = "SELECT seq, body FROM event ORDER BY seq"
_SALE = (
    "SELECT x.n, s.id, x.order_no, x.buyer, s.channel, x.total_fen, x.certified_fen, s.catalogue, s.opened,"
    " s.closed, x.discount_fen, x.prices FROM sale x JOIN session s ON s.id = x.session WHERE x.order_no = ?"
)
_LINES = (
    "SELECT tray, sku, name, count, price_fen, amount_fen, certified, county, supplier,"
    " nullif(list_price_fen, price_fen), discount_fen, promotion FROM sale_line WHERE sale = ? ORDER BY line"
)
_SESSION = (
    "SELECT s.kind, s.state, s.opener, s.verdict, s.reasons, s.opened, s.closed, x.order_no FROM session s"
    " LEFT JOIN sale x ON x.session = s.id WHERE s.id = ?"
)
_TRAYS = (
    "SELECT tray, verdict, goods, before_dg, after_dg, delta_dg, residual_dg, reasons, alternatives, curve,"
    " events FROM tray_evidence WHERE session = ? ORDER BY tray"
)
_APPEAL = "SELECT reason FROM appeal WHERE session = ?"


def disagreements(conn: sqlite3.Connection) -> Iterator[str]:
    """Rows that are not what their event says, rows without an event, events without a row."""
    told: Counter[str] = Counter()
    for seq, body in conn.execute(_EVENTS):
        try:
            fact = feed.fact_of(feed.decode(body))
        except feed.Unreadable:
            continue  # the chain names it
        table, key, rebuild = _place(conn, fact)
        if fact is None or not table:
            continue
        told[table] += 1
        kept = rebuild()
        if kept is None:
            yield f"{table} {key} is missing: event {seq} tells of it"
        elif msgspec.structs.replace(fact, mono_ms=0) != kept:
            yield f"{table} {key} or its lines were altered: they are not what event {seq} says"
    yield from _unequal(conn, told)


def _unequal(conn: sqlite3.Connection, told: Counter[str]) -> Iterator[str]:
    entries = quota.told_apart(conn)
    if entries != told["quota_entry"]:
        yield f"quota_entry has {entries} rows of its own, the events tell of {told['quota_entry']}"
    for table in ("sale", "refund", "session", "stock_movement", "appeal", "calibration"):
        rows = conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
        if rows != told[table]:
            yield f"{table} has {rows} rows, the events tell of {told[table]}"


def _place(
    conn: sqlite3.Connection, fact: feed.Fact | None
) -> tuple[str, str, Callable[[], feed.Fact | None]]:
    """(table, key, what the rows would say) of a fact; an empty table for facts without rows."""
    if isinstance(fact, feed.SaleSettled):
        return "sale", fact.order_no, lambda: _sale(conn, fact.order_no)
    if isinstance(fact, feed.SaleRefunded):
        return "refund", fact.refund, lambda: refunds.refund_named(conn, fact.refund)
    if isinstance(fact, feed.QuotaEntered):
        return "quota_entry", fact.entry, lambda: quota.entry_named(conn, fact.entry)
    if isinstance(fact, feed.SessionClosed):
        return "session", fact.session, lambda: _session(conn, fact)
    if isinstance(fact, feed.StockMoved):
        return "stock_movement", fact.movement, lambda: stock.fact_named(conn, fact.movement)
    if isinstance(fact, feed.CalibrationChanged):
        return "calibration", fact.calibration, lambda: calibrations.fact_named(conn, fact.calibration)
    if isinstance(fact, feed.AlarmRaised) and fact.kind == "APPEAL":
        return "appeal", fact.subject, lambda: _appeal(conn, fact)
    return "", "", lambda: None


def _sale(conn: sqlite3.Connection, order_no: str) -> feed.Fact | None:
    row = conn.execute(_SALE, (order_no,)).fetchone()
    if row is None:
        return None
    n, session, number, buyer, channel, total, certified, catalogue, opened, closed, discount, prices = row
    fact = feed.SaleSettled(
        mono_ms=0,
        session=session,
        order_no=number,
        buyer=buyer,
        channel=channel,
        lines=tuple(_line(line) for line in conn.execute(_LINES, (n,))),
        total_fen=total,
        certified_fen=certified,
        catalogue=catalogue,
        opened_at=opened,
        closed_at=closed,
        discount_fen=discount,
        prices=prices,
    )
    return quota.sale_as_kept(conn, fact)


def _line(row: tuple[Any, ...]) -> feed.Line:
    tray, sku, name, count, price, amount, certified, county, supplier, listed, discount, promotion = row
    return feed.Line(
        tray=tray,
        sku=sku,
        name=name,
        count=count,
        price_fen=price,
        amount_fen=amount,
        certified=bool(certified),
        county=county,
        supplier=supplier,
        list_price_fen=listed,
        discount_fen=discount,
        promotion=promotion,
    )


def _session(conn: sqlite3.Connection, told: feed.SessionClosed) -> feed.Fact | None:
    """As it was to be told. The first versions told no happenings."""
    row = conn.execute(_SESSION, (told.session,)).fetchone()
    if row is None:
        return None
    kind, state, opener, verdict, reasons, opened, closed, order_no = row
    order = {tray.tray: index for index, tray in enumerate(told.trays)}
    sharing = len(order) if any(tray.events for tray in told.trays) else 0
    trays = [_tray(tray, sharing) for tray in conn.execute(_TRAYS, (told.session,))]
    kept = feed.SessionClosed(
        mono_ms=told.mono_ms,
        session=told.session,
        kind=kind,
        state=state,
        opener=opener,
        verdict=verdict,
        reasons=_texts(reasons),
        trays=tuple(sorted(trays, key=lambda tray: order.get(tray.tray, len(order)))),
        opened_at=opened,
        closed_at=closed,
        order_no=order_no,
    )
    return msgspec.structs.replace(feed.fitting(kept), mono_ms=0)


def _tray(row: tuple[Any, ...], sharing: int) -> feed.TrayVerdict:
    """sharing: how many trays share the room for happenings; 0: none were told."""
    tray, verdict, goods, before, after, delta, residual, reasons, alternatives, curve, events = row
    return feed.TrayVerdict(
        tray=tray,
        verdict=verdict,
        goods=msgspec.json.decode(goods, type=tuple[feed.Goods, ...]),
        before_dg=before,
        after_dg=after,
        delta_dg=delta,
        residual_dg=residual,
        reasons=_texts(reasons),
        alternatives=msgspec.json.decode(alternatives, type=tuple[feed.Alternative, ...]),
        curve=msgspec.json.decode(curve, type=tuple[tuple[int, int], ...]),
        events=happenings(msgspec.json.decode(events, type=tuple[Happened, ...]), sharing) if sharing else (),
    )


def _texts(json: str) -> tuple[str, ...]:
    return msgspec.json.decode(json, type=tuple[str, ...])


def _appeal(conn: sqlite3.Connection, fact: feed.AlarmRaised) -> feed.Fact | None:
    row = conn.execute(_APPEAL, (fact.subject,)).fetchone()
    return None if row is None else msgspec.structs.replace(fact, mono_ms=0, detail=row[0])
