"""What was learnt of unit weights and of empty trays: rows that stay, and their events. It learns nothing.

A row holds what was known before and after, and the observation behind it, so that a lot's history can be
worked out again without one of them. Weights are whole milligrams. Undoing is one more row.
"""

import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.stock import Lots
from edge.domain.values import Place, SessionId, Sku, TrayId
from edge.ledger import stock
from edge.ledger.chain import Chain
from edge.ledger.reader import ledger_errors, open_reader
from edge.ledger.stock import movement_id

SCHEMA = """
CREATE TABLE calibration (
    n INTEGER PRIMARY KEY CHECK (n > 0),
    kind TEXT NOT NULL CHECK (kind IN ('UNIT', 'ZERO')), -- one unit of a lot, or an empty tray
    why TEXT NOT NULL CHECK (why IN ('restock', 'single_take', 'emptied', 'serviced', 'undone')),
    tray TEXT NOT NULL,
    sku TEXT NOT NULL,
    lot TEXT NOT NULL,
    old_mg INTEGER, -- a unit's mean, or what the empty tray shows; null: not known
    old_sd_mg INTEGER,
    old_error_mg INTEGER,
    old_units INTEGER NOT NULL CHECK (old_units >= 0),
    new_mg INTEGER,
    new_sd_mg INTEGER,
    new_error_mg INTEGER,
    new_units INTEGER NOT NULL CHECK (new_units >= 0),
    seen_mg INTEGER, -- the whole change of the tray that was observed
    seen_error_mg INTEGER,
    seen_count INTEGER,
    seen_ppm INTEGER, -- how sure the observation was, in millionths
    undoes INTEGER REFERENCES calibration (n),
    session TEXT,
    at TEXT NOT NULL,
    CHECK ((why = 'undone') = (undoes IS NOT NULL)),
    CHECK (kind <> 'UNIT' OR (sku <> '' AND lot <> '' AND new_mg > 0 AND new_sd_mg >= 0)),
    CHECK (kind <> 'ZERO' OR tray <> '')
) STRICT;

CREATE TRIGGER calibration_follows BEFORE INSERT ON calibration BEGIN
    SELECT RAISE(ABORT, 'calibration: numbers are contiguous')
     WHERE NEW.n IS NOT (SELECT coalesce(max(n), 0) + 1 FROM calibration);
    SELECT RAISE(ABORT, 'calibration: what is undone is of another lot or tray')
     WHERE NEW.undoes IS NOT NULL AND NOT EXISTS (
           SELECT 1 FROM calibration c WHERE c.n = NEW.undoes AND c.kind = NEW.kind
              AND (c.kind = 'UNIT' AND c.sku = NEW.sku AND c.lot = NEW.lot
                OR c.kind = 'ZERO' AND c.tray = NEW.tray));
END;
"""

_COLUMNS = (
    "n, kind, why, tray, sku, lot, old_mg, old_sd_mg, old_error_mg, old_units, new_mg, new_sd_mg,"
    " new_error_mg, new_units, seen_mg, seen_error_mg, seen_count, seen_ppm, undoes, session, at"
)
_INSERT = f"INSERT INTO calibration ({_COLUMNS}) VALUES ({', '.join('?' * (_COLUMNS.count(',') + 1))})"
_ALL = f"SELECT {_COLUMNS} FROM calibration ORDER BY n"
_LATEST = (
    f"SELECT {_COLUMNS} FROM calibration WHERE n IN (SELECT max(n) FROM calibration"
    " GROUP BY kind, iif(kind = 'UNIT', sku, tray), lot) ORDER BY n"
)
_ONE = f"SELECT {_COLUMNS} FROM calibration WHERE n = ?"
_LAST = "SELECT coalesce(max(n), 0) FROM calibration"


@dataclass(frozen=True, slots=True)
class Known:
    """A weight as it is known, in whole milligrams; None: not known. units: pieces that stand behind it.

    sd: of one piece. error: standard deviation of what is not known of the weight itself.
    """

    mg: int | None = None
    sd_mg: int | None = None
    error_mg: int | None = None
    units: int = 0


@dataclass(frozen=True, slots=True)
class Seen:
    """An observation: the tray's whole change, its standard deviation, pieces; how sure, in millionths."""

    mg: int
    error_mg: int
    count: int
    ppm: int


@dataclass(frozen=True, slots=True)
class Calibrated:
    """One row. kind: UNIT (of ``sku`` and ``lot``; tray: where it was seen) | ZERO (of ``tray`` alone).

    n: 0 until it is written. undoes: the row that this one takes back. at: RFC 3339, UTC; "" until then.
    """

    kind: str
    why: str
    tray: TrayId
    sku: Sku
    lot: str
    old: Known
    new: Known
    seen: Seen | None = None
    undoes: int | None = None
    session: SessionId | None = None
    n: int = 0
    at: str = ""


def write(db: Database, chain: Chain, rows: Sequence[Calibrated]) -> None:
    """Each of ``rows`` with its ``calibration.changed`` event; their ``n`` and ``at`` are given here."""
    n = db.execute(_LAST).fetchone()[0]
    for each in rows:
        n += 1
        db.execute(_INSERT, _row(each, n, chain.at))
        fact = _fact(replace(each, n=n), chain.identity.incarnation)
        chain.append(msgspec.structs.replace(fact, mono_ms=chain.mono_ms), each.lot or each.tray)


def history(db: Database | sqlite3.Connection) -> tuple[Calibrated, ...]:
    """Every row, the oldest first."""
    return tuple([_calibrated(row) for row in db.execute(_ALL)])


def latest(db: Database | sqlite3.Connection) -> tuple[Calibrated, ...]:
    """The last row of each lot and of each tray: what is known now."""
    return tuple([_calibrated(row) for row in db.execute(_LATEST)])


def read_history(path: Path) -> tuple[Calibrated, ...]:
    """Every row of the ledger at ``path``, read only. Raises NoInput, LedgerError."""
    with ledger_errors(path), closing(open_reader(path)) as conn:
        return history(conn)


def read_known(path: Path) -> tuple[tuple[Calibrated, ...], dict[Place, Lots]]:
    """What is known now and which lots lie where, of the ledger at ``path``. Raises NoInput, LedgerError."""
    with ledger_errors(path), closing(open_reader(path)) as conn:
        conn.execute("BEGIN")  # one snapshot: a lot's weight and its pieces belong together
        return latest(conn), stock.books(conn).lots


def _row(of: Calibrated, n: int, at: str) -> tuple[Any, ...]:
    old, new = (_known(each) for each in (of.old, of.new))
    seen = (of.seen.mg, of.seen.error_mg, of.seen.count, of.seen.ppm) if of.seen else (None,) * 4
    return (
        n, of.kind, of.why, of.tray, of.sku, of.lot, *old, *new, *seen, of.undoes, of.session, at
    )  # fmt: skip


def _known(of: Known) -> tuple[int | None, ...]:
    return of.mg, of.sd_mg, of.error_mg, of.units


def _calibrated(row: tuple[Any, ...]) -> Calibrated:
    n, kind, why, tray, sku, lot, *known = row
    undoes, session, at = known[12:]
    return Calibrated(
        kind=kind,
        why=why,
        tray=tray,
        sku=sku,
        lot=lot,
        old=Known(*known[0:4]),
        new=Known(*known[4:8]),
        seen=None if known[8] is None else Seen(*known[8:12]),
        undoes=undoes,
        session=session,
        n=n,
        at=at,
    )


def fact_named(conn: sqlite3.Connection, name: str) -> feed.CalibrationChanged | None:
    """What the row called ``name`` says, as its event but for the time; None: there is no such row."""
    incarnation, _, n = name.rpartition("-")
    row = conn.execute(_ONE, (n,)).fetchone()
    return None if row is None else _fact(_calibrated(row), incarnation)


def _fact(of: Calibrated, incarnation: str) -> feed.CalibrationChanged:
    return feed.CalibrationChanged(
        mono_ms=0,
        calibration=movement_id(incarnation, of.n),
        kind=of.kind,
        why=of.why,
        tray=of.tray,
        sku=of.sku,
        lot=of.lot,
        old_mg=of.old.mg,
        new_mg=of.new.mg,
        new_sd_mg=of.new.sd_mg,
        new_error_mg=of.new.error_mg,
        units=of.new.units,
        undoes=None if of.undoes is None else movement_id(incarnation, of.undoes),
        session=of.session,
    )
