"""What goes back of a sale, to what paid it: a row, its entries and one event. It pays nothing out.

A refund is counted against its order for good: more than was paid never goes back, and never to another
source than it came from.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.quota import Part, returned
from edge.domain.values import Fen
from edge.ledger.chain import Chain
from edge.ledger.quota import PARTS, enter, parts_of, summed
from edge.ledger.stock import movement_id

SCHEMA = """
CREATE TABLE refund (
    n INTEGER PRIMARY KEY CHECK (n > 0),
    order_no TEXT NOT NULL REFERENCES sale (order_no),
    fen INTEGER NOT NULL CHECK (fen > 0),
    line INTEGER, -- null: of the whole order
    pieces INTEGER NOT NULL CHECK (pieces >= 0), -- of that line, not sold after all
    reason TEXT NOT NULL CHECK (reason <> ''),
    at TEXT NOT NULL,
    CHECK (pieces = 0 OR line IS NOT NULL)
) STRICT;

CREATE TRIGGER refund_within_sale BEFORE INSERT ON refund BEGIN
    SELECT RAISE(ABORT, 'refund: numbers are contiguous')
     WHERE NEW.n IS NOT (SELECT coalesce(max(n), 0) + 1 FROM refund);
    SELECT RAISE(ABORT, 'refund: more than the order came to')
     WHERE NEW.fen + (SELECT coalesce(sum(fen), 0) FROM refund WHERE order_no = NEW.order_no)
         > (SELECT total_fen FROM sale WHERE order_no = NEW.order_no);
    SELECT RAISE(ABORT, 'refund: more pieces than were sold')
     WHERE NEW.pieces + (SELECT coalesce(sum(pieces), 0) FROM refund
              WHERE order_no = NEW.order_no AND line = NEW.line)
         > (SELECT l.count FROM sale s JOIN sale_line l ON l.sale = s.n
             WHERE s.order_no = NEW.order_no AND l.line = NEW.line);
END;
"""

_SALE = "SELECT n, session, buyer FROM sale WHERE order_no = ?"
_LINES = "SELECT line, count, amount_fen, certified FROM sale_line WHERE sale = ? ORDER BY line"
_BACK = (
    "SELECT line, scheme, quota, sum(fen) FROM quota_entry WHERE order_no = ? AND kind = 'REFUND'"
    " GROUP BY line, scheme, quota"
)
_SUM = "SELECT coalesce(sum(fen), 0) FROM refund WHERE order_no = ?"
_PIECES = "SELECT coalesce(sum(pieces), 0) FROM refund WHERE order_no = ? AND line = ?"
_REFUND = "INSERT INTO refund (n, order_no, fen, line, pieces, reason, at) VALUES (?, ?, ?, ?, ?, ?, ?)"
_LAST_REFUND = "SELECT coalesce(max(n), 0) FROM refund"
_REFUND_NAMED = (
    "SELECT r.order_no, r.fen, r.line, r.pieces, r.reason, s.n, s.session, s.buyer FROM refund r"
    " JOIN sale s ON s.order_no = r.order_no WHERE r.n = ?"
)
_OF_REFUND = "SELECT line, scheme, quota, fen, unit FROM quota_entry WHERE refund = ? ORDER BY n"


class NoRefund(Exception):
    """The order, or what is left of it, does not allow this refund; the text says why."""


@dataclass(frozen=True, slots=True)
class Returned:
    """A refund that was written. n: its number. parts: where it went."""

    n: int
    order_no: str
    fen: Fen
    parts: tuple[Part, ...]


def refund(
    db: Database, chain: Chain, order_no: str, fen: Fen, line: int | None, pieces: int, reason: str
) -> Returned:
    """``fen`` of an order goes back to what paid it. Raises NoRefund, having written nothing.

    line: only of this one. pieces: how many of it count as not sold, so that nobody is due for them.
    """
    sale = db.execute(_SALE, (order_no,)).fetchone()
    if sale is None:
        raise NoRefund(f"order {order_no}: there is none of that number in this ledger")
    n_sale, session, buyer = sale
    lines = {n: (count, amount, certified) for n, count, amount, certified in db.execute(_LINES, (n_sale,))}
    parts, unit = parts_of(db, order_no, {n: amount for n, (_, amount, _) in lines.items()})
    if line is not None and line not in lines:
        raise NoRefund(f"order {order_no}: has no line {line}, its lines are 1 to {len(lines)}")
    if line is not None and pieces + db.execute(_PIECES, (order_no, line)).fetchone()[0] > lines[line][0]:
        raise NoRefund(f"order {order_no}: line {line} has {lines[line][0]} pieces, less were left to refund")
    within = [part for part in parts if line in (None, part.line)]
    already = {(n, scheme, quota): Fen(f) for n, scheme, quota, f in db.execute(_BACK, (order_no,))}
    back = returned(within, already, fen)
    if (room := sum(part.fen for part in back)) < fen:
        raise NoRefund(f"order {order_no}: {room} fen are left to refund, not {fen}")
    n = db.execute(_LAST_REFUND).fetchone()[0] + 1
    db.execute(_REFUND, (n, order_no, fen, line, pieces, reason, chain.at))
    enter(db, chain, [("REFUND", buyer, unit, part, order_no, n, reason) for part in back])
    certified = {each for each, (_, _, is_certified) in lines.items() if is_certified}
    fact = _refunded(chain.identity.incarnation, n, (order_no, fen, line, pieces, reason), back, certified)
    fact = msgspec.structs.replace(fact, mono_ms=chain.mono_ms, session=session, buyer=buyer, unit=unit)
    chain.append(fact, order_no)
    return Returned(n, order_no, fen, back)


def _refunded(
    incarnation: str,
    n: int,
    refund: tuple[str, int, int | None, int, str],
    back: Sequence[Part],
    certified: set[int],
) -> feed.SaleRefunded:
    order_no, fen, line, pieces, reason = refund
    by_line: dict[int, int] = defaultdict(int)
    for part in back:
        by_line[part.line] += part.fen
    return feed.SaleRefunded(
        mono_ms=0,
        refund=movement_id(incarnation, n),
        session="",
        order_no=order_no,
        buyer="",
        fen=fen,
        certified_fen=sum(amount for each, amount in by_line.items() if each in certified),
        lines=tuple(
            [
                feed.RefundedLine(line=each, fen=amount, count=pieces if each == line else 0)
                for each, amount in sorted(by_line.items())
            ]
        ),
        paid=summed(back, certified),
        reason=reason,
    )


def refunded(conn: sqlite3.Connection, order_no: str) -> Fen:
    """What went back of an order so far."""
    return Fen(conn.execute(_SUM, (order_no,)).fetchone()[0])


def refund_named(conn: sqlite3.Connection, name: str) -> feed.SaleRefunded | None:
    """What the refund called ``name`` says by its rows, as its event but for the time; None: none such."""
    incarnation, _, n = name.rpartition("-")
    row = conn.execute(_REFUND_NAMED, (n,)).fetchone()
    if row is None:
        return None
    *refund, sale, session, buyer = row
    entries = conn.execute(_OF_REFUND, (n,)).fetchall()
    owed = {(x, s, q) for x, s, q, _, is_owed, _ in conn.execute(PARTS, (refund[0],)) if is_owed}
    back = [Part(x, s, q, Fen(fen), (x, s, q) in owed) for x, s, q, fen, _ in entries]
    certified = {line for line, _, _, is_certified in conn.execute(_LINES, (sale,)) if is_certified}
    fact = _refunded(incarnation, int(n), tuple(refund), back, certified)
    unit = entries[0][4] if entries else ""
    return msgspec.structs.replace(fact, session=session, buyer=buyer, unit=unit)
