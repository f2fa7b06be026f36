"""Who paid what, what is owed and what lapsed: rows that stay, and their events.

A quota's balance is its cap less the sum of its entries; nothing is ever set. It decides nothing: how a
sale is shared is ``edge.domain.quota``'s. Refunds are entries too (``refunds``). Sales of before these
tables have no entries; they were paid by the account as it is.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.quota import Part, Quota, Scheme
from edge.domain.records import Sale, SaleLine
from edge.domain.values import BuyerRef, Fen
from edge.ledger.chain import Chain
from edge.ledger.reader import ledger_errors, open_reader
from edge.ledger.stock import movement_id

SCHEMA = """
CREATE TABLE sale_supply (
    sale INTEGER NOT NULL,
    line INTEGER NOT NULL CHECK (line > 0),
    supplier_id TEXT NOT NULL,
    supply_price_fen INTEGER CHECK (supply_price_fen >= 0), -- of one piece; null: not known
    PRIMARY KEY (sale, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE quota_entry (
    n INTEGER PRIMARY KEY CHECK (n > 0),
    kind TEXT NOT NULL CHECK (kind IN ('DEBIT', 'OWED', 'PAID', 'REFUND', 'LAPSE')),
    account TEXT NOT NULL CHECK (account <> ''), -- opaque reference
    unit TEXT NOT NULL,
    scheme TEXT NOT NULL,
    quota TEXT NOT NULL,
    fen INTEGER NOT NULL CHECK (fen > 0),
    order_no TEXT,
    line INTEGER,
    refund INTEGER,
    left_fen INTEGER, -- of the quota, after a debit
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    CHECK ((kind = 'LAPSE') = (order_no IS NULL)),
    CHECK ((kind = 'REFUND') = (refund IS NOT NULL)),
    CHECK ((kind IN ('DEBIT', 'OWED', 'REFUND')) = (line IS NOT NULL)),
    CHECK (kind <> 'LAPSE' OR quota <> '')
) STRICT;

CREATE INDEX quota_entry_account ON quota_entry (account, quota, kind, fen);

CREATE INDEX quota_entry_order ON quota_entry (order_no) WHERE order_no IS NOT NULL;

CREATE TRIGGER quota_entry_follows BEFORE INSERT ON quota_entry BEGIN
    SELECT RAISE(ABORT, 'quota_entry: numbers are contiguous')
     WHERE NEW.n IS NOT (SELECT coalesce(max(n), 0) + 1 FROM quota_entry);
    SELECT RAISE(ABORT, 'quota_entry: the sale is sealed')
     WHERE NEW.kind IN ('DEBIT', 'OWED') AND EXISTS (SELECT 1 FROM sale WHERE order_no = NEW.order_no);
    SELECT RAISE(ABORT, 'quota_entry: no refund of that order')
     WHERE NEW.kind = 'REFUND'
       AND NOT EXISTS (SELECT 1 FROM refund WHERE n = NEW.refund AND order_no = NEW.order_no);
    SELECT RAISE(ABORT, 'quota_entry: more comes back than was paid of that line from there')
     WHERE NEW.kind = 'REFUND'
       AND NEW.fen + (SELECT coalesce(sum(fen), 0) FROM quota_entry e WHERE e.kind = 'REFUND'
              AND e.order_no = NEW.order_no AND e.line = NEW.line AND e.scheme = NEW.scheme
              AND e.quota = NEW.quota)
         > coalesce((SELECT sum(fen) FROM quota_entry e WHERE e.kind IN ('DEBIT', 'OWED')
              AND e.order_no = NEW.order_no AND e.line = NEW.line AND e.scheme = NEW.scheme
              AND e.quota = NEW.quota),
            (SELECT l.amount_fen FROM sale s JOIN sale_line l ON l.sale = s.n WHERE s.order_no = NEW.order_no
              AND l.line = NEW.line AND NOT EXISTS
                  (SELECT 1 FROM quota_entry e WHERE e.order_no = NEW.order_no
                      AND e.kind IN ('DEBIT', 'OWED'))),
            0);
END;

CREATE TRIGGER sale_is_paid BEFORE INSERT ON sale BEGIN
    SELECT RAISE(ABORT, 'sale: what is paid is not the total')
     WHERE NEW.total_fen IS NOT (SELECT sum(fen) FROM quota_entry WHERE order_no = NEW.order_no)
       AND EXISTS (SELECT 1 FROM quota_entry WHERE order_no = NEW.order_no);
END;

"""

_COLUMNS = "n, kind, account, unit, scheme, quota, fen, order_no, line, refund, left_fen, reason, at"
_INSERT = f"INSERT INTO quota_entry ({_COLUMNS}) VALUES ({', '.join('?' * (_COLUMNS.count(',') + 1))})"
_LAST = "SELECT coalesce(max(n), 0) FROM quota_entry"
_SUPPLY = "INSERT INTO sale_supply (sale, line, supplier_id, supply_price_fen) VALUES (?, ?, ?, ?)"
_SUPPLIED = (
    "SELECT p.line, p.supplier_id, p.supply_price_fen FROM sale s JOIN sale_supply p ON p.sale = s.n"
    " WHERE s.order_no = ?"
)
_OF_SALE = (
    "SELECT e.scheme, e.quota, e.kind, sum(e.fen), sum(e.fen * l.certified), min(e.left_fen), e.unit"
    " FROM quota_entry e JOIN sale s ON s.order_no = e.order_no"
    " JOIN sale_line l ON l.sale = s.n AND l.line = e.line"
    " WHERE e.order_no = ? AND e.kind IN ('DEBIT', 'OWED')"
    " GROUP BY e.scheme, e.quota, e.kind ORDER BY min(e.n)"
)
_USED = (
    "SELECT quota, sum(iif(kind = 'REFUND', -fen, fen)) FROM quota_entry WHERE account = ? AND quota <> ''"
    " GROUP BY quota"
)
_DUE = (
    "SELECT order_no, sum(CASE kind WHEN 'OWED' THEN fen ELSE -fen END) AS due FROM quota_entry e"
    " WHERE {who} (kind IN ('OWED', 'PAID') OR kind = 'REFUND' AND scheme = 'SELF_PAY')"
    " AND EXISTS (SELECT 1 FROM quota_entry o WHERE o.order_no = e.order_no AND o.kind = 'OWED')"
    " GROUP BY order_no HAVING due > 0 ORDER BY min(n)"
)
_OWED, _OWED_BY_ALL = _DUE.format(who="account = ? AND"), _DUE.format(who="")
_BUYER = "SELECT buyer FROM sale WHERE order_no = ?"
PARTS = (
    "SELECT line, scheme, quota, fen, kind = 'OWED', unit FROM quota_entry WHERE order_no = ?"
    " AND kind IN ('DEBIT', 'OWED') ORDER BY n"
)
_ENTRY_NAMED = (
    "SELECT kind, account, unit, scheme, quota, fen, order_no, reason FROM quota_entry WHERE n = ?"
    " AND kind IN ('PAID', 'LAPSE')"
)
_COUNTED = "SELECT count(*) FROM quota_entry WHERE kind IN ('PAID', 'LAPSE')"


def paid_by_account(lines: Iterable[SaleLine]) -> tuple[Part, ...]:
    """A sale that no quota shares: the account as it is pays it."""
    return tuple(Part(n, Scheme.ACCOUNT, "", line.amount) for n, line in enumerate(lines, 1) if line.amount)


def write_sale(
    db: Database, chain: Chain, sale: Sale, n: int, buyer: BuyerRef, fact: feed.SaleSettled
) -> feed.SaleSettled:
    """Who pays, and what suppliers are due; belongs before the sale's own row. Gives ``fact`` with it."""
    parts = sale.paid or paid_by_account(sale.lines)
    enter(
        db,
        chain,
        [("OWED" if p.owed else "DEBIT", buyer, sale.unit, p, fact.order_no, None, "") for p in parts],
    )
    supplied = [(n, i, line.supplier_id, line.supply_price) for i, line in enumerate(sale.lines, 1)]
    if known := [row for row in supplied if row[2] or row[3] is not None]:
        db.conn.executemany(_SUPPLY, known)
    certified = {i for i, line in enumerate(sale.lines, 1) if line.certified}
    return msgspec.structs.replace(fact, paid=summed(parts, certified), unit=sale.unit if parts else "")


def sale_as_kept(conn: sqlite3.Connection, fact: feed.SaleSettled) -> feed.SaleSettled:
    """``fact`` with what the rows say of its payment and its suppliers."""
    supplied = {line: (id, price) for line, id, price in conn.execute(_SUPPLIED, (fact.order_no,))}
    lines = []
    for i, told in enumerate(fact.lines, 1):
        id, price = supplied.get(i, ("", None))
        lines.append(msgspec.structs.replace(told, supplier_id=id, supply_price_fen=price))
    rows = conn.execute(_OF_SALE, (fact.order_no,)).fetchall()
    paid = tuple([_paid(*row[:6]) for row in rows])
    return msgspec.structs.replace(fact, lines=tuple(lines), paid=paid, unit=rows[0][6] if rows else "")


def paid_of(conn: sqlite3.Connection, order_no: str) -> tuple[feed.Paid, ...]:
    """How an order was paid; () for one of before quotas."""
    return tuple([_paid(*row[:6]) for row in conn.execute(_OF_SALE, (order_no,))])


def _paid(scheme: str, quota: str, kind: str, fen: int, certified: int, left: int | None) -> feed.Paid:
    return feed.Paid(
        scheme=scheme, quota=quota, fen=fen, certified_fen=certified, owed=kind == "OWED", left_fen=left
    )


def summed(parts: Sequence[Part], certified: set[int]) -> tuple[feed.Paid, ...]:
    """``parts`` by source, as events tell them. certified: lines of certified goods."""
    grouped: dict[tuple[str, str, bool], list[Part]] = defaultdict(list)
    for part in parts:
        grouped[part.scheme, part.quota, part.owed].append(part)
    return tuple(
        [
            feed.Paid(
                scheme=scheme,
                quota=quota,
                fen=sum(part.fen for part in group),
                certified_fen=sum(part.fen for part in group if part.line in certified),
                owed=owed,
                left_fen=group[0].left,
            )
            for (scheme, quota, owed), group in grouped.items()
        ]
    )


def used(db: Database, account: BuyerRef) -> dict[str, Fen]:
    """What ``account`` has drawn of each quota, by its id: debits and lapses less refunds."""
    return {quota: Fen(fen) for quota, fen in db.execute(_USED, (account,)).fetchall()}


def owed(db: Database, account: BuyerRef) -> dict[str, Fen]:
    """What ``account`` has still to pay of each order, the oldest first."""
    return {order: Fen(fen) for order, fen in db.execute(_OWED, (account,)).fetchall()}


def parts_of(db: Database, order_no: str, amounts: Mapping[int, int]) -> tuple[list[Part], str]:
    """How an order was paid, line by line in the order of payment, and its unit. amounts: by line."""
    rows = db.execute(PARTS, (order_no,)).fetchall()
    if not rows:
        return [Part(n, Scheme.ACCOUNT, "", Fen(fen)) for n, fen in amounts.items() if fen], ""
    return [Part(n, s, quota, Fen(fen), bool(owed)) for n, s, quota, fen, owed, _ in rows], rows[0][5]


def read_owed(path: Path) -> dict[str, Fen]:
    """What anybody has still to pay, by order, of the ledger at ``path``. Raises NoInput, LedgerError."""
    with ledger_errors(path), closing(open_reader(path)) as conn:
        return {order: Fen(fen) for order, fen in conn.execute(_OWED_BY_ALL)}


def settle(db: Database, chain: Chain, order_no: str, reason: str) -> Fen:
    """The buyer has paid what they owed of ``order_no``, elsewhere. 0, writing nothing: nothing was owed."""
    sale = db.execute(_BUYER, (order_no,)).fetchone()
    due = owed(db, sale[0]).get(order_no) if sale else None
    if due is None:
        return Fen(0)
    _, unit = parts_of(db, order_no, {})
    own = Part(0, Scheme.SELF_PAY, "", due)
    _tell(db, chain, [("PAID", sale[0], unit, own, order_no, None, reason)])
    return due


def lapse(db: Database, chain: Chain, lapsing: Sequence[tuple[BuyerRef, Quota, Fen]]) -> None:
    """What accounts did not use of quotas that have ended falls back to their unit."""
    _tell(
        db,
        chain,
        [
            ("LAPSE", account, quota.unit, Part(0, quota.scheme, quota.id, fen), None, None, "")
            for account, quota, fen in lapsing
        ],
    )


Row = tuple[str, BuyerRef, str, Part, str | None, int | None, str]
"""kind, account, unit, what and how much, order, refund, reason."""


def enter(db: Database, chain: Chain, rows: Sequence[Row]) -> int:
    """Write the entries; gives the number of the first."""
    first: int = db.execute(_LAST).fetchone()[0] + 1
    made: list[tuple[Any, ...]] = []
    for n, (kind, account, unit, part, order_no, refund, reason) in enumerate(rows, first):
        what = (part.scheme, part.quota, part.fen, order_no, part.line or None, refund, part.left)
        made.append((n, kind, account, unit, *what, reason, chain.at))
    db.conn.executemany(_INSERT, made)
    return first


def _tell(db: Database, chain: Chain, rows: Sequence[Row]) -> None:
    """Write entries that have an event of their own, and that event."""
    for n, row in enumerate(rows, enter(db, chain, rows)):
        kind, account, unit, part, order_no, _, reason = row
        fact = feed.QuotaEntered(
            mono_ms=chain.mono_ms,
            entry=movement_id(chain.identity.incarnation, n),
            kind=kind,
            account=account,
            unit=unit,
            scheme=part.scheme,
            quota=part.quota,
            fen=part.fen,
            order_no=order_no,
            reason=reason,
        )
        chain.append(fact, order_no or part.quota)


def entry_named(conn: sqlite3.Connection, name: str) -> feed.QuotaEntered | None:
    """What the entry called ``name`` says, as its event but for the time; None: there is no such row."""
    row = conn.execute(_ENTRY_NAMED, (name.rpartition("-")[2],)).fetchone()
    if row is None:
        return None
    kind, account, unit, scheme, quota, fen, order_no, reason = row
    return feed.QuotaEntered(
        mono_ms=0,
        entry=name,
        kind=kind,
        account=account,
        unit=unit,
        scheme=scheme,
        quota=quota,
        fen=fen,
        order_no=order_no,
        reason=reason,
    )


def told_apart(conn: sqlite3.Connection) -> int:
    """How many entries have an event of their own; the others are part of a sale or a refund."""
    return int(conn.execute(_COUNTED).fetchone()[0])
