"""Who paid, what went back, what lapsed → rows for bills and statements. Pure, as ``projections``.

A refund is counted on its own day, and joins its sale when both have come, in whichever order.
"""

from cloud_bridge import feed
from cloud_bridge.central.table import FIRST, Entry, Row, table

SALE_PAID = table("sale_paid", "counter session n scheme quota fen certified_fen owed", key=3)
REFUND = table(
    "refund",
    "counter refund inc seq session order_no unit fen certified_fen reason at at_ms timed",
    key=2,
    wins=FIRST,
)
REFUND_LINE = table("refund_line", "counter refund line fen count", key=3)
REFUND_PAID = table("refund_paid", "counter refund n scheme quota fen certified_fen", key=3)
QUOTA_ENTRY = table(
    "quota_entry", "counter entry inc seq kind unit scheme quota fen order_no at_ms timed", key=2, wins=FIRST
)


def sale_paid(counter: str, sale: feed.SaleSettled) -> list[Row]:
    """How ``sale`` was paid; one of before quotas was paid by its account."""
    whole = feed.Paid(scheme="ACCOUNT", quota="", fen=sale.total_fen, certified_fen=sale.certified_fen)
    return [
        (counter, sale.session, n, p.scheme, p.quota, p.fen, p.certified_fen, int(p.owed))
        for n, p in enumerate(sale.paid or (whole,))
    ]


def refunded(counter: str, event: feed.Envelope, refund: feed.SaleRefunded, at_ms: int) -> Entry:
    """A refund, its lines, and where it went. Raises ValueError where it names a line twice."""
    if len({line.line for line in refund.lines}) < len(refund.lines):
        raise ValueError("one line of the sale is named twice")
    key = (counter, refund.refund)
    row = (
        *(*key, event.inc, event.seq, refund.session, refund.order_no, refund.unit),
        *(refund.fen, refund.certified_fen, refund.reason, event.time, at_ms),
    )
    lines: list[Row] = [(*key, line.line - 1, line.fen, line.count) for line in refund.lines]
    paid: list[Row] = [
        (*key, n, p.scheme, p.quota, p.fen, p.certified_fen) for n, p in enumerate(refund.paid)
    ]
    return Entry(REFUND, row, ((REFUND_LINE, lines), (REFUND_PAID, paid)))


def entered(counter: str, event: feed.Envelope, entry: feed.QuotaEntered, at_ms: int) -> Entry:
    """What lapsed to a unit, or what somebody settled."""
    row = (
        *(counter, entry.entry, event.inc, event.seq, entry.kind, entry.unit),
        *(entry.scheme, entry.quota, entry.fen, entry.order_no, at_ms),
    )
    return Entry(QUOTA_ENTRY, row)
