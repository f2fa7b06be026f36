"""What the food law wants to be kept of goods taken in (食品安全法 art. 53): rows that stay."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlite_utils import Database

from edge.domain.records import Intake
from edge.domain.values import SessionId, Sku
from edge.ledger.stock import iso

SCHEMA = """
CREATE TABLE intake (
    n INTEGER PRIMARY KEY CHECK (n > 0),
    session TEXT NOT NULL REFERENCES session (id), -- the restock that brought it
    sku TEXT NOT NULL,
    name TEXT NOT NULL CHECK (name <> ''),
    spec TEXT NOT NULL,
    qty INTEGER NOT NULL CHECK (qty > 0),
    lot TEXT NOT NULL,
    produced_on TEXT CHECK (produced_on IS date(produced_on, '+0 days')),
    shelf_life_days INTEGER CHECK (shelf_life_days > 0), -- null: the goods keep for ever
    expires_on TEXT CHECK (expires_on IS date(expires_on, '+0 days')),
    taken_in_on TEXT NOT NULL CHECK (taken_in_on IS date(taken_in_on, '+0 days')),
    supplier TEXT NOT NULL,
    supplier_address TEXT NOT NULL,
    supplier_contact TEXT NOT NULL,
    document TEXT NOT NULL,
    kept_until TEXT NOT NULL CHECK (kept_until IS date(kept_until, '+0 days')),
    at TEXT NOT NULL
) STRICT;

CREATE INDEX intake_session ON intake (session);
"""

_COLUMNS = (
    "sku, name, spec, qty, lot, produced_on, shelf_life_days, expires_on, taken_in_on, supplier,"
    " supplier_address, supplier_contact, document"
)
_INSERT = f"INSERT INTO intake (session, at, kept_until, {_COLUMNS}) VALUES (?, ?, ?, {', '.join('?' * 13)})"
_OF_SESSION = f"SELECT {_COLUMNS} FROM intake WHERE session = ? ORDER BY n"


def write(db: Database, at: str, session: SessionId, taken_in: Sequence[Intake]) -> None:
    """The rows of a restock, in the transaction that closes it. at: RFC 3339, UTC."""
    if taken_in:
        db.conn.executemany(_INSERT, [(session, at, *_row(each)) for each in taken_in])


def of_session(db: Database, session: SessionId) -> tuple[Intake, ...]:
    """What ``session`` brought, in the order in which it was written."""
    return tuple([_intake(row) for row in db.execute(_OF_SESSION, (session,)).fetchall()])


def _row(of: Intake) -> tuple[Any, ...]:
    return (
        iso(of.kept_until),
        of.sku,
        of.name,
        of.spec,
        of.qty,
        of.lot,
        iso(of.produced_on),
        of.shelf_life_days,
        iso(of.expires_on),
        iso(of.taken_in_on),
        of.supplier,
        of.supplier_address,
        of.supplier_contact,
        of.document,
    )


def _intake(row: tuple[Any, ...]) -> Intake:
    sku, name, spec, qty, lot, produced_on, life, expires_on, taken_in_on, *of = row
    supplier, address, contact, document = of
    return Intake(
        sku=Sku(sku),
        name=name,
        spec=spec,
        qty=qty,
        lot=lot,
        produced_on=_day(produced_on),
        shelf_life_days=life,
        expires_on=_day(expires_on),
        taken_in_on=date.fromisoformat(taken_in_on),
        supplier=supplier,
        supplier_address=address,
        supplier_contact=contact,
        document=document,
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)
