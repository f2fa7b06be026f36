"""What the ledger tells of some suppliers' goods: sold, given back, written off, lying here. Reads only.

Each call opens its own connection, so any thread may call. Rows of other suppliers are left behind here, in
the query: nobody further out can show them by mistake.
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import date, datetime
from pathlib import Path

from edge.domain.own_goods import Gone, OwnGoods, Standing, Traded
from edge.domain.statement import Supplied
from edge.domain.stock import Lots, books_of
from edge.domain.values import Place, SessionId, Sku, TrayId, rfc3339
from edge.ledger.reader import ledger_errors, open_reader
from edge.ledger.stock import Booked

_OWN = "(:all OR coalesce(p.supplier_id, '') IN (SELECT value FROM json_each(:ids)))"
_SOLD = (
    "SELECT x.closed, coalesce(p.supplier_id, ''), l.supplier, l.sku, l.name, p.supply_price_fen, l.count, 0,"
    " l.amount_fen, 0 FROM sale s JOIN session x ON x.id = s.session JOIN sale_line l ON l.sale = s.n"
    f" LEFT JOIN sale_supply p ON p.sale = l.sale AND p.line = l.line WHERE x.closed >= :since AND {_OWN}"
    " ORDER BY s.n, l.line"
)
_BACK = (
    "SELECT r.at, coalesce(p.supplier_id, ''), l.supplier, l.sku, l.name, p.supply_price_fen, 0,"
    " r.pieces, 0,"
    " (SELECT sum(e.fen) FROM quota_entry e WHERE e.refund = r.n AND e.line = l.line)"
    " FROM refund r JOIN sale s ON s.order_no = r.order_no JOIN sale_line l ON l.sale = s.n"
    " LEFT JOIN sale_supply p ON p.sale = l.sale AND p.line = l.line"
    " WHERE r.at >= :since AND EXISTS (SELECT 1 FROM quota_entry e WHERE e.refund = r.n AND e.line = l.line)"
    f" AND {_OWN} ORDER BY r.n, l.line"
)
"""A refund's lines are those that its entries name, as its event tells them to the centre. Pieces come back
of one line alone; a refund of the whole order has none."""
_GONE = (
    "SELECT at, sku, reason, -count FROM stock_movement WHERE kind = 'WRITE_OFF' AND at >= :since"
    " AND sku IN (SELECT value FROM json_each(:skus)) ORDER BY n"
)
_MOVED = (
    "SELECT tray, sku, kind, count, session, lot, produced_on, expires_on FROM stock_movement"
    " WHERE sku IN (SELECT value FROM json_each(:skus)) ORDER BY n"
)
_ALARMS = (
    "SELECT kind, subject, severity, since FROM alarm WHERE state = 'raised' ORDER BY since, kind, subject"
)


class SupplierReading:
    """The ledger at ``path``."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def owned(self, suppliers: frozenset[str] | None, skus: frozenset[str], since: datetime) -> OwnGoods:
        """suppliers: ids, None: all. skus: their products. since: aware; of what lies here, all is told.

        Raises LedgerError, and NoInput where there is no ledger yet.
        """
        asked = {
            "all": suppliers is None,
            "ids": json.dumps(sorted(suppliers or ())),
            "skus": json.dumps(sorted(skus)),
            "since": rfc3339(since),
        }
        with ledger_errors(self._path), closing(open_reader(self._path)) as conn:
            conn.execute("BEGIN")  # one snapshot: stock, sales and refunds belong together
            rows = conn.execute(_SOLD, asked).fetchall() + conn.execute(_BACK, asked).fetchall()
            gone = [
                Gone(datetime.fromisoformat(at), *what) for at, *what in conn.execute(_GONE, asked).fetchall()
            ]
            return OwnGoods(
                traded=tuple(sorted((_traded(row) for row in rows), key=lambda each: each.at)),
                gone=tuple(gone),
                lots=_lots(conn, asked),
                alarms=tuple(Standing(*row) for row in conn.execute(_ALARMS)),
                suppliers={id: name for _, id, name, *_ in rows},
            )


def _traded(row: tuple[str, str, str, str, str, int | None, int, int, int, int]) -> Traded:
    at, id, _, sku, name, supply_price, sold, refunded, sales, refund = row
    goods = Supplied(sku, name, supply_price, sold, refunded, sales, refund)
    return Traded(datetime.fromisoformat(at), id, goods)


def _lots(conn: sqlite3.Connection, asked: dict[str, object]) -> dict[Place, Lots]:
    return books_of((moved, moved.session) for moved in _moved(conn, asked)).lots


def _moved(conn: sqlite3.Connection, asked: dict[str, object]) -> Iterator[Booked]:
    for tray, sku, kind, count, session, lot, produced_on, expires_on in conn.execute(_MOVED, asked):
        of = None if session is None else SessionId(session)
        days = _day(produced_on), _day(expires_on)
        yield Booked(TrayId(tray), Sku(sku), kind, count, of, lot, *days)


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
