"""Facts → rows for pages and reports. Idempotent, and the same whatever order events arrive in.

Everything here can be thrown away and made again from the raw events (``rebuild``). Two events for
one session (a counter's disk restored from a copy) count once: the lower (inc, seq) wins.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from cloud_bridge import feed
from cloud_bridge.central import commanding, commanding_schema, payments, restocks
from cloud_bridge.central.database import Connection

TABLES = (
    *("sale", "sale_line", "session", "stock_move", "alarm"),
    *restocks.TABLES,
    *payments.TABLES,
    *commanding_schema.PROJECTED,
)
"""The tables that ``rebuild`` empties and fills again."""

WINS = "(excluded.inc, excluded.seq) < ({0}.inc, {0}.seq)"


def project(db: Connection, counter: str, event: feed.Envelope) -> None:
    """Write the rows of ``event``. An unknown type has none. Raises feed.Unreadable on a bad fact."""
    fact = feed.fact_of(event)
    if fact is None:
        return
    writer = _WRITERS.get(type(fact))
    if writer is None:
        return
    try:
        writer(db, counter, event, fact)
    except (ValueError, OverflowError) as error:
        raise feed.Unreadable(f"{event.type}: {error}") from error


def rebuild(db: Connection, order_by: str = "id") -> None:
    """Make every projection again from the raw events; belongs inside a transaction."""
    for table in TABLES:
        db.execute(f"delete from {table}")
    events = db.execute(f"select counter, body from raw_event order by {order_by}").fetchall()
    for counter, body in events:
        project(db, counter, feed.decode(body))


def epoch_ms(text: str) -> int:
    """RFC 3339 text as milliseconds since 1970. Raises ValueError; a time without zone is one."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"time without a zone: {text}")
    return round(moment.astimezone(UTC).timestamp() * 1000)


def _sale(db: Connection, counter: str, event: feed.Envelope, sale: feed.SaleSettled) -> None:
    won = db.execute(
        "insert into sale values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (counter, session)"
        " do update set inc = excluded.inc, seq = excluded.seq, order_no = excluded.order_no,"
        " channel = excluded.channel, total_fen = excluded.total_fen, certified_fen = excluded.certified_fen,"
        " catalogue = excluded.catalogue, opened_at = excluded.opened_at, closed_at = excluded.closed_at,"
        " closed_ms = excluded.closed_ms, clk = excluded.clk, unit = excluded.unit"
        f" where {WINS.format('sale')}",
        (
            *(counter, sale.session, event.inc, event.seq, sale.order_no, sale.channel),
            *(sale.total_fen, sale.certified_fen, sale.catalogue, sale.opened_at, sale.closed_at),
            *(epoch_ms(sale.closed_at), event.clk, sale.unit),
        ),
    ).rowcount
    if not won:
        return
    payments.sale_paid(db, counter, sale)
    db.execute("delete from sale_line where counter = ? and session = ?", (counter, sale.session))
    for number, line in enumerate(sale.lines):
        db.execute(
            "insert into sale_line values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(counter, sale.session, number, line.tray, line.sku, line.name, line.count),
                *(line.price_fen, line.amount_fen, line.certified, line.county, line.supplier),
                *(line.supplier_id, line.supply_price_fen),
            ),
        )


def _session(db: Connection, counter: str, event: feed.Envelope, closed: feed.SessionClosed) -> None:
    db.execute(
        "insert into session values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (counter, session)"
        " do update set inc = excluded.inc, seq = excluded.seq, kind = excluded.kind, state = excluded.state,"
        " verdict = excluded.verdict, reasons = excluded.reasons, order_no = excluded.order_no,"
        " opened_at = excluded.opened_at, closed_at = excluded.closed_at, closed_ms = excluded.closed_ms"
        f" where {WINS.format('session')}",
        (
            *(counter, closed.session, event.inc, event.seq, closed.kind, closed.state, closed.verdict),
            *(msgspec.json.encode(closed.reasons).decode(), closed.order_no, closed.opened_at),
            *(closed.closed_at, epoch_ms(closed.closed_at)),
        ),
    )


def _stock(db: Connection, counter: str, event: feed.Envelope, move: feed.StockMoved) -> None:
    db.execute(
        "insert into stock_move values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict (counter, movement) do update set inc = excluded.inc, seq = excluded.seq,"
        " tray = excluded.tray, sku = excluded.sku,"
        " kind = excluded.kind, count = excluded.count, session = excluded.session, reason = excluded.reason,"
        " at_ms = excluded.at_ms, lot = excluded.lot, expires_on = excluded.expires_on"
        f" where {WINS.format('stock_move')}",
        (
            *(counter, move.movement, event.inc, event.seq, move.tray, move.sku, move.kind),
            *(move.count, move.session, move.reason, epoch_ms(event.time), move.lot, move.expires_on),
        ),
    )


def _refunded(db: Connection, counter: str, event: feed.Envelope, refund: feed.SaleRefunded) -> None:
    payments.refunded(db, counter, event, refund, epoch_ms(event.time))


def _entered(db: Connection, counter: str, event: feed.Envelope, entry: feed.QuotaEntered) -> None:
    payments.entered(db, counter, event, entry, epoch_ms(event.time))


def _restocked(db: Connection, counter: str, event: feed.Envelope, done: feed.RestockFinished) -> None:
    restocks.finished(db, counter, event, done, epoch_ms(done.closed_at))


def _raised(db: Connection, counter: str, event: feed.Envelope, alarm: feed.AlarmRaised) -> None:
    row = (alarm.kind, alarm.subject, event.seq, 1, alarm.severity, alarm.detail, alarm.session, event.time)
    _alarm(db, counter, event.inc, row)


def _cleared(db: Connection, counter: str, event: feed.Envelope, alarm: feed.AlarmCleared) -> None:
    _alarm(db, counter, event.inc, (alarm.kind, alarm.subject, event.seq, 0, "", "", None, event.time))


def _alarm(db: Connection, counter: str, inc: str, row: tuple[Any, ...]) -> None:
    """The event with the highest number tells how the alarm stands."""
    db.execute(
        "insert into alarm values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (counter, inc, kind, subject)"
        " do update set seq = excluded.seq, active = excluded.active, severity = excluded.severity,"
        " detail = excluded.detail, session = excluded.session, at = excluded.at"
        " where excluded.seq > alarm.seq",
        (counter, inc, *row),
    )


def _catalogue_applied(
    db: Connection, counter: str, event: feed.Envelope, fact: feed.CatalogueApplied
) -> None:
    commanding.applied(db, counter, event, "catalogue", fact.version)


def _planogram_applied(
    db: Connection, counter: str, event: feed.Envelope, fact: feed.PlanogramApplied
) -> None:
    commanding.applied(db, counter, event, "planogram", fact.version)


_WRITERS: dict[type[feed.Fact], Callable[..., None]] = {
    feed.SaleSettled: _sale,
    feed.SaleRefunded: _refunded,
    feed.QuotaEntered: _entered,
    feed.SessionClosed: _session,
    feed.StockMoved: _stock,
    feed.RestockFinished: _restocked,
    feed.AlarmRaised: _raised,
    feed.AlarmCleared: _cleared,
    feed.CommandAnswered: commanding.answered,
    feed.CatalogueApplied: _catalogue_applied,
    feed.PlanogramApplied: _planogram_applied,
}
