"""Who paid, what went back, what lapsed → rows for bills and statements. As ``projections``: idempotent.

A refund is counted on its own day, and joins its sale when both have come, in whichever order.
"""

from cloud_bridge import feed
from cloud_bridge.central.database import Connection

TABLES = ("sale_paid", "refund", "refund_line", "refund_paid", "quota_entry")

_FIRST = " where (excluded.inc, excluded.seq) < ({0}.inc, {0}.seq)"
"""Two events under one name (a disk restored from a copy) count once: the lower (inc, seq) wins."""


def sale_paid(db: Connection, counter: str, sale: feed.SaleSettled) -> None:
    """How ``sale`` was paid, instead of what stood there; one of before quotas was paid by its account."""
    db.execute("delete from sale_paid where counter = ? and session = ?", (counter, sale.session))
    whole = feed.Paid(scheme="ACCOUNT", quota="", fen=sale.total_fen, certified_fen=sale.certified_fen)
    for n, paid in enumerate(sale.paid or (whole,)):
        db.execute(
            "insert into sale_paid values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                *(counter, sale.session, n, paid.scheme, paid.quota),
                *(paid.fen, paid.certified_fen, paid.owed),
            ),
        )


def refunded(
    db: Connection, counter: str, event: feed.Envelope, refund: feed.SaleRefunded, at_ms: int
) -> None:
    """A refund, its lines, and where it went."""
    won = db.execute(
        "insert into refund values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (counter, refund)"
        " do update set inc = excluded.inc, seq = excluded.seq, session = excluded.session,"
        " order_no = excluded.order_no, unit = excluded.unit, fen = excluded.fen,"
        " certified_fen = excluded.certified_fen, reason = excluded.reason, at = excluded.at,"
        " at_ms = excluded.at_ms" + _FIRST.format("refund"),
        (
            *(counter, refund.refund, event.inc, event.seq, refund.session, refund.order_no, refund.unit),
            *(refund.fen, refund.certified_fen, refund.reason, event.time, at_ms),
        ),
    ).rowcount
    if not won:
        return
    key = (counter, refund.refund)
    for table in ("refund_line", "refund_paid"):
        db.execute(f"delete from {table} where counter = ? and refund = ?", key)
    db.executemany(
        "insert into refund_line values (?, ?, ?, ?, ?)",
        [(*key, line.line - 1, line.fen, line.count) for line in refund.lines],
    )
    db.executemany(
        "insert into refund_paid values (?, ?, ?, ?, ?, ?, ?)",
        [(*key, n, p.scheme, p.quota, p.fen, p.certified_fen) for n, p in enumerate(refund.paid)],
    )


def entered(db: Connection, counter: str, event: feed.Envelope, entry: feed.QuotaEntered, at_ms: int) -> None:
    """What lapsed to a unit, or what somebody settled."""
    db.execute(
        "insert into quota_entry values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (counter, entry)"
        " do update set inc = excluded.inc, seq = excluded.seq, kind = excluded.kind, unit = excluded.unit,"
        " scheme = excluded.scheme, quota = excluded.quota, fen = excluded.fen,"
        " order_no = excluded.order_no, at_ms = excluded.at_ms" + _FIRST.format("quota_entry"),
        (
            *(counter, entry.entry, event.inc, event.seq, entry.kind, entry.unit),
            *(entry.scheme, entry.quota, entry.fen, entry.order_no, at_ms),
        ),
    )
