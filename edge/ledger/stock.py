"""Stock as a sum of movements. It knows pieces, trays and reasons; it corrects nothing."""

from collections.abc import Sequence

from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.records import Movement
from edge.domain.values import Place, SessionId
from edge.ledger.chain import Chain

_MOVE = (
    "INSERT INTO stock_movement (n, tray, sku, kind, count, session, reason, at)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
)
_ON_HAND = "SELECT tray, sku, sum(count) FROM stock_movement GROUP BY tray, sku ORDER BY tray, sku"


def move(db: Database, chain: Chain, movements: Sequence[Movement], session: SessionId | None) -> None:
    """Each movement as a row and a ``stock.moved`` event."""
    if not movements:
        return
    rows = []
    for m in movements:
        n = chain.next_movement()
        rows.append((n, m.tray, m.sku, m.kind, m.count, session, m.reason, chain.at))
        chain.append(_fact(chain, n, m, session), m.tray)
    db.conn.executemany(_MOVE, rows)


def on_hand(db: Database) -> dict[Place, int]:
    """Pieces booked by tray and product, of whatever ever moved there."""
    return {(tray, sku): count for tray, sku, count in db.execute(_ON_HAND).fetchall()}


def movement_id(incarnation: str, n: int) -> str:
    """A movement's name, unique over counters and incarnations."""
    return f"{incarnation}-{n}"


def _fact(chain: Chain, n: int, moved: Movement, session: SessionId | None) -> feed.StockMoved:
    return feed.StockMoved(
        mono_ms=chain.mono_ms,
        movement=movement_id(chain.identity.incarnation, n),
        tray=moved.tray,
        sku=moved.sku,
        kind=moved.kind,
        count=moved.count,
        session=session,
        reason=moved.reason,
    )
