"""Facts → rows for pages and reports. Pure; who writes them is ``projecting``.

The same rows come out whatever order and however often events arrive: two rows for one key are settled by
(inc, seq), never by arrival.
"""

from collections.abc import Callable

import msgspec

from cloud_bridge import feed
from cloud_bridge.central import commanding, commanding_schema, payments, restocks, standing, timing_rows
from cloud_bridge.central.table import FIRST, LATEST, Entry, Table, table

SALE = table(
    "sale",
    "counter session inc seq order_no channel total_fen certified_fen catalogue opened_at closed_at closed_ms"
    " clk unit timed",
    key=2,
    wins=FIRST,
)
SALE_LINE = table(
    "sale_line",
    "counter session line tray sku name count price_fen amount_fen certified county supplier supplier_id"
    " supply_price_fen",
    key=3,
)
SESSION = table(
    "session",
    "counter session inc seq kind state verdict reasons order_no opened_at closed_at closed_ms timed",
    key=2,
    wins=FIRST,
)
STOCK_MOVE = table(
    "stock_move",
    "counter movement inc seq tray sku kind count session reason at_ms lot expires_on timed",
    key=2,
    wins=FIRST,
)
ALARM = table("alarm", "counter inc kind subject seq active severity detail session at", key=4, wins=LATEST)

PARTS: dict[Table, tuple[Table, ...]] = {
    SALE: (SALE_LINE, payments.SALE_PAID),
    SESSION: (),
    STOCK_MOVE: (),
    ALARM: (),
    commanding_schema.COMMAND_ANSWER: (),
    commanding_schema.APPLIED: (),
    payments.REFUND: (payments.REFUND_LINE, payments.REFUND_PAID),
    payments.QUOTA_ENTRY: (),
    restocks.RESTOCK: (restocks.RESTOCK_LINE,),
    timing_rows.CLOCK_UNSET: (),
    timing_rows.CLOCK_SYNC: (),
}
"""Tables, in the order in which they are written, and those whose rows hang on theirs."""
TABLES = (
    *(each.name for parent, parts in PARTS.items() for each in (parent, *parts)),
    standing.STREAM.name,
    timing_rows.CLOCK_BOOT.name,
)
"""The tables that a rebuild empties and fills again."""


def entries(counter: str, event: feed.Envelope) -> list[Entry]:
    """The rows of ``event``. An unknown type has only its stream's. Raises feed.Unreadable on a bad fact."""
    fact = feed.fact_of(event)
    writer = None if fact is None else _WRITERS.get(type(fact))
    try:
        found = [standing.entry(counter, event, fact)]
        told = None if writer is None else writer(counter, event, fact)
        told, noted = timing_rows.timed(counter, event, told)
        found += noted if told is None else (told, *noted)
    except (ValueError, OverflowError) as error:
        raise feed.Unreadable(f"{event.type}: {error}") from error
    return found


def epoch_ms(text: str) -> int:
    """RFC 3339 text as milliseconds since 1970. Raises ValueError; a time without zone is one."""
    return standing.epoch_ms(text)


def _sale(counter: str, event: feed.Envelope, sale: feed.SaleSettled) -> Entry:
    row = (
        *(counter, sale.session, event.inc, event.seq, sale.order_no, sale.channel),
        *(sale.total_fen, sale.certified_fen, sale.catalogue, sale.opened_at, sale.closed_at),
        *(epoch_ms(sale.closed_at), event.clk, sale.unit),
    )
    lines = [
        (
            *(counter, sale.session, number, line.tray, line.sku, line.name, line.count),
            *(line.price_fen, line.amount_fen, int(line.certified), line.county, line.supplier),
            *(line.supplier_id, line.supply_price_fen),
        )
        for number, line in enumerate(sale.lines)
    ]
    return Entry(SALE, row, ((SALE_LINE, lines), (payments.SALE_PAID, payments.sale_paid(counter, sale))))


def _session(counter: str, event: feed.Envelope, closed: feed.SessionClosed) -> Entry:
    row = (
        *(counter, closed.session, event.inc, event.seq, closed.kind, closed.state, closed.verdict),
        *(msgspec.json.encode(closed.reasons).decode(), closed.order_no, closed.opened_at),
        *(closed.closed_at, epoch_ms(closed.closed_at)),
    )
    return Entry(SESSION, row)


def _stock(counter: str, event: feed.Envelope, move: feed.StockMoved) -> Entry:
    row = (
        *(counter, move.movement, event.inc, event.seq, move.tray, move.sku, move.kind),
        *(move.count, move.session, move.reason, epoch_ms(event.time), move.lot, move.expires_on),
    )
    return Entry(STOCK_MOVE, row)


def _refunded(counter: str, event: feed.Envelope, refund: feed.SaleRefunded) -> Entry:
    return payments.refunded(counter, event, refund, epoch_ms(event.time))


def _entered(counter: str, event: feed.Envelope, entry: feed.QuotaEntered) -> Entry:
    return payments.entered(counter, event, entry, epoch_ms(event.time))


def _restocked(counter: str, event: feed.Envelope, done: feed.RestockFinished) -> Entry:
    return restocks.finished(counter, event, done, epoch_ms(done.closed_at))


def _raised(counter: str, event: feed.Envelope, alarm: feed.AlarmRaised) -> Entry:
    told = (1, alarm.severity, alarm.detail, alarm.session, event.time)
    return Entry(ALARM, (counter, event.inc, alarm.kind, alarm.subject, event.seq, *told))


def _cleared(counter: str, event: feed.Envelope, alarm: feed.AlarmCleared) -> Entry:
    told = (0, "", "", None, event.time)
    return Entry(ALARM, (counter, event.inc, alarm.kind, alarm.subject, event.seq, *told))


def _catalogue_applied(counter: str, event: feed.Envelope, fact: feed.CatalogueApplied) -> Entry:
    return commanding.applied(counter, event, "catalogue", fact.version)


def _planogram_applied(counter: str, event: feed.Envelope, fact: feed.PlanogramApplied) -> Entry:
    return commanding.applied(counter, event, "planogram", fact.version)


_WRITERS: dict[type[feed.Fact], Callable[..., Entry | None]] = {
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
    feed.ClockSync: timing_rows.synced,
}
