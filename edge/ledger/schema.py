"""The tables, as raw SQL in migrations. It knows no paths and writes no rows.

Money is whole fen, weight whole tenths of a gram, time is text in RFC 3339 (UTC) or whole milliseconds.
What is written about money and events stays: triggers refuse UPDATE and DELETE (and with
``recursive_triggers`` on, REPLACE). Lines are written before their sale and trays before their session;
the later row seals them: after it, nothing can be added.
"""

from sqlite_utils import Database, Migrations

from cloud_bridge.feed import GENESIS
from edge.ledger import calibrations, intake, orders, prices, quota, refunds, stock
from edge.ledger.tables import APPEND_ONLY, MIGRATION_SET

migrations = Migrations(MIGRATION_SET)

_LATER = ("calibration", "intake", "sale_supply", "refund", "quota_entry", "command", "command_end")
"""Tables that the first version did not have."""

_FIRST = f"""
CREATE TABLE meta (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    counter TEXT NOT NULL CHECK (counter <> ''),
    incarnation TEXT NOT NULL CHECK (length(incarnation) = 16),
    schema INTEGER NOT NULL, -- migrations that stood when the file was made
    created TEXT NOT NULL
) STRICT;

CREATE TABLE feed (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    last_seq INTEGER NOT NULL CHECK (last_seq >= 0),
    last_hash TEXT NOT NULL CHECK (length(last_hash) = 64)
) STRICT;

INSERT INTO feed VALUES (1, 0, '{GENESIS}');

CREATE TABLE event (
    seq INTEGER PRIMARY KEY CHECK (seq > 0),
    id TEXT NOT NULL UNIQUE,
    type TEXT NOT NULL,
    time TEXT NOT NULL,
    prev TEXT NOT NULL CHECK (length(prev) = 64),
    hash TEXT NOT NULL CHECK (length(hash) = 64),
    body BLOB NOT NULL -- the bytes as sent
) STRICT;

CREATE TABLE session (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('BUY', 'RESTOCK', 'SERVICE')),
    state TEXT NOT NULL CHECK (state IN ('SETTLED', 'EMPTY', 'REVIEW', 'CANCELLED')),
    verdict TEXT NOT NULL CHECK (verdict IN ('charge', 'empty', 'review')),
    opener TEXT NOT NULL,
    reasons TEXT NOT NULL CHECK (json_valid(reasons)),
    opened TEXT NOT NULL,
    closed TEXT NOT NULL,
    boot TEXT NOT NULL,
    clk INTEGER NOT NULL CHECK (clk IN (0, 1, 2)),
    catalogue TEXT NOT NULL,
    channel TEXT NOT NULL
) STRICT;

CREATE TABLE session_journal (
    n INTEGER PRIMARY KEY,
    session TEXT NOT NULL,
    note TEXT NOT NULL,
    body TEXT NOT NULL CHECK (json_valid(body)),
    at TEXT NOT NULL,
    mono_ms INTEGER NOT NULL,
    boot TEXT NOT NULL
) STRICT;

CREATE INDEX session_journal_session ON session_journal (session);

CREATE INDEX session_journal_granted ON session_journal (n) WHERE note = 'granted';

CREATE TABLE tray_evidence (
    session TEXT NOT NULL REFERENCES session (id) DEFERRABLE INITIALLY DEFERRED,
    tray TEXT NOT NULL,
    sku TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('charge', 'empty', 'review')),
    count INTEGER NOT NULL,
    booked INTEGER NOT NULL, -- pieces on the books before this session
    before_dg INTEGER,
    after_dg INTEGER,
    delta_dg INTEGER CHECK (delta_dg IS after_dg - before_dg),
    residual_dg INTEGER,
    reasons TEXT NOT NULL CHECK (json_valid(reasons)),
    events TEXT NOT NULL CHECK (json_valid(events)),
    PRIMARY KEY (session, tray)
) STRICT, WITHOUT ROWID;

CREATE TABLE sale (
    n INTEGER PRIMARY KEY CHECK (n > 0),
    order_no TEXT NOT NULL UNIQUE CHECK (length(order_no) BETWEEN 1 AND 32),
    session TEXT NOT NULL UNIQUE REFERENCES session (id),
    buyer TEXT NOT NULL,
    total_fen INTEGER NOT NULL CHECK (total_fen >= 0),
    certified_fen INTEGER NOT NULL CHECK (certified_fen BETWEEN 0 AND total_fen)
) STRICT;

CREATE INDEX sale_buyer ON sale (buyer, total_fen);

CREATE TABLE sale_line (
    sale INTEGER NOT NULL REFERENCES sale (n) DEFERRABLE INITIALLY DEFERRED,
    line INTEGER NOT NULL CHECK (line > 0),
    tray TEXT NOT NULL,
    sku TEXT NOT NULL,
    name TEXT NOT NULL,
    count INTEGER NOT NULL CHECK (count > 0),
    price_fen INTEGER NOT NULL CHECK (price_fen >= 0),
    amount_fen INTEGER NOT NULL CHECK (amount_fen = count * price_fen),
    certified INTEGER NOT NULL CHECK (certified IN (0, 1)),
    county TEXT NOT NULL,
    supplier TEXT NOT NULL,
    PRIMARY KEY (sale, line)
) STRICT, WITHOUT ROWID;

CREATE TABLE stock_movement (
    n INTEGER PRIMARY KEY CHECK (n > 0),
    tray TEXT NOT NULL,
    sku TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('RESTOCK', 'SALE', 'PULL_OFF', 'WRITE_OFF', 'ADJUST', 'MISPLACED')),
    count INTEGER NOT NULL CHECK (count <> 0),
    session TEXT,
    reason TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE TABLE appeal (
    n INTEGER PRIMARY KEY,
    session TEXT NOT NULL UNIQUE REFERENCES session (id),
    reason TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE TABLE alarm (
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    severity TEXT NOT NULL,
    detail TEXT NOT NULL,
    session TEXT,
    state TEXT NOT NULL CHECK (state IN ('raised', 'cleared')),
    since TEXT NOT NULL,
    PRIMARY KEY (kind, subject)
) STRICT, WITHOUT ROWID;

CREATE TABLE pin_guard (
    account TEXT PRIMARY KEY,
    tries INTEGER NOT NULL CHECK (tries >= 0),
    locked_at_ms INTEGER, -- monotonic clock of ``boot``
    lock_ms INTEGER NOT NULL CHECK (lock_ms >= 0),
    boot TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE baseline (
    tray TEXT PRIMARY KEY,
    weight_dg INTEGER NOT NULL,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER event_chain BEFORE INSERT ON event BEGIN
    SELECT RAISE(ABORT, 'event: seq is not contiguous')
     WHERE NEW.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM event);
    SELECT RAISE(ABORT, 'event: prev is not the hash of the event before')
     WHERE NEW.prev IS NOT coalesce((SELECT hash FROM event WHERE seq = NEW.seq - 1), '{GENESIS}');
END;

CREATE TRIGGER feed_follows BEFORE UPDATE ON feed BEGIN
    SELECT RAISE(ABORT, 'feed: not the last event')
     WHERE NEW.id <> 1 OR NEW.last_hash IS NOT (SELECT hash FROM event WHERE seq = NEW.last_seq)
        OR NEW.last_seq IS NOT (SELECT max(seq) FROM event);
END;

CREATE TRIGGER feed_stays BEFORE DELETE ON feed BEGIN SELECT RAISE(ABORT, 'feed: stays'); END;

CREATE TRIGGER sale_line_sealed BEFORE INSERT ON sale_line BEGIN
    SELECT RAISE(ABORT, 'sale_line: the sale is sealed') WHERE EXISTS (SELECT 1 FROM sale WHERE n = NEW.sale);
END;

CREATE TRIGGER sale_adds_up BEFORE INSERT ON sale BEGIN
    SELECT RAISE(ABORT, 'sale: numbers are contiguous')
     WHERE NEW.n IS NOT (SELECT coalesce(max(n), 0) + 1 FROM sale);
    SELECT RAISE(ABORT, 'sale: the total is not the sum of its lines')
     WHERE (NEW.total_fen, NEW.certified_fen) IS NOT
           (SELECT sum(amount_fen), sum(amount_fen * certified) FROM sale_line WHERE sale = NEW.n);
END;

CREATE TRIGGER tray_evidence_sealed BEFORE INSERT ON tray_evidence BEGIN
    SELECT RAISE(ABORT, 'tray_evidence: the session is closed')
     WHERE EXISTS (SELECT 1 FROM session WHERE id = NEW.session);
END;

CREATE TRIGGER session_journal_order BEFORE INSERT ON session_journal BEGIN
    SELECT RAISE(ABORT, 'session_journal: the session is closed')
     WHERE EXISTS (SELECT 1 FROM session WHERE id = NEW.session);
    SELECT RAISE(ABORT, 'session_journal: another session is open')
     WHERE NEW.note = 'granted' AND EXISTS (
           SELECT 1 FROM (SELECT session FROM session_journal WHERE note = 'granted'
                           ORDER BY n DESC LIMIT 1) g
            WHERE NOT EXISTS (SELECT 1 FROM session WHERE id = g.session));
    SELECT RAISE(ABORT, 'session_journal: the session was not granted')
     WHERE NEW.note <> 'granted' AND NOT EXISTS (
           SELECT 1 FROM session_journal WHERE session = NEW.session AND note = 'granted');
END;
"""


_GOODS_OF_A_TRAY = """
CREATE TABLE evidence_of_trays (
    session TEXT NOT NULL REFERENCES session (id) DEFERRABLE INITIALLY DEFERRED,
    tray TEXT NOT NULL,
    verdict TEXT NOT NULL CHECK (verdict IN ('charge', 'empty', 'review')),
    goods TEXT NOT NULL CHECK (json_valid(goods)), -- [{sku, count, booked}]; booked: pieces before
    before_dg INTEGER,
    after_dg INTEGER,
    delta_dg INTEGER CHECK (delta_dg IS after_dg - before_dg),
    residual_dg INTEGER,
    reasons TEXT NOT NULL CHECK (json_valid(reasons)),
    events TEXT NOT NULL CHECK (json_valid(events)),
    alternatives TEXT NOT NULL CHECK (json_valid(alternatives)),
    curve TEXT NOT NULL CHECK (json_valid(curve)),
    PRIMARY KEY (session, tray)
) STRICT, WITHOUT ROWID;

INSERT INTO evidence_of_trays SELECT session, tray, verdict,
       CASE count WHEN 0 THEN '[]'
            ELSE json_array(json_object('sku', sku, 'count', count, 'booked', booked)) END,
       before_dg, after_dg, delta_dg, residual_dg, reasons, events, '[]', '[]'
  FROM tray_evidence;

DROP TABLE tray_evidence;

ALTER TABLE evidence_of_trays RENAME TO tray_evidence;

CREATE TRIGGER tray_evidence_sealed BEFORE INSERT ON tray_evidence BEGIN
    SELECT RAISE(ABORT, 'tray_evidence: the session is closed')
     WHERE EXISTS (SELECT 1 FROM session WHERE id = NEW.session);
END;
"""


def _stays(table: str) -> list[str]:
    return [
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN"
        f" SELECT RAISE(ABORT, '{table}: append-only'); END;"
        for verb in ("UPDATE", "DELETE")
    ]


def _run(db: Database, script: str) -> None:
    """One statement a paragraph."""
    for statement in script.strip().split("\n\n"):
        db.execute(statement)


def _seal(db: Database, *tables: str) -> None:
    for table in tables:
        for statement in _stays(table):
            db.execute(statement)


@migrations()
def m001_first(db: Database) -> None:
    """Everything."""
    _run(db, _FIRST)
    _seal(db, *(table for table in APPEND_ONLY if table not in _LATER))


@migrations()
def m002_goods_of_a_tray(db: Database) -> None:
    """Goods of several products may share a tray; evidence has alternatives and a curve."""
    _run(db, _GOODS_OF_A_TRAY)
    _seal(db, "tray_evidence")


@migrations()
def m003_calibration(db: Database) -> None:
    """What was learnt of unit weights and of empty trays."""
    _run(db, calibrations.SCHEMA)
    _seal(db, "calibration")


@migrations()
def m004_lots(db: Database) -> None:
    """Movements name their lot and its dates; what the food law wants to be kept of goods taken in."""
    _run(db, stock.LOT_COLUMNS)
    _run(db, intake.SCHEMA)
    _seal(db, "intake")


@migrations()
def m005_prices(db: Database) -> None:
    """A line knows its list price, its promotions and its share of a reduction; a sale what that came to."""
    _run(db, prices.SCHEMA)
    _seal(db, "sale_line")


@migrations()
def m006_quota(db: Database) -> None:
    """Who pays what of a sale, what goes back, what suppliers are due."""
    _run(db, refunds.SCHEMA)
    _run(db, quota.SCHEMA)
    _seal(db, "sale_supply", "refund", "quota_entry")


@migrations()
def m007_commands(db: Database) -> None:
    """What the centre ordered, what became of it, and what of it stands."""
    _run(db, orders.SCHEMA)
    _seal(db, "command", "command_end")
