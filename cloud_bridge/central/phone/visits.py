"""Visits begun at the centre's page: kept before the counter is asked, one for each Idempotency-Key.

A visit's id is its unlock's. Beside the file it knows no secret: its opener holds a MAC of the id.
"""

import hashlib
from dataclasses import dataclass

from cloud_bridge.central.database import Connection

EXPIRES_S = 20
"""How long the counter may obey the unlock: who stands before the door does not wait longer."""
KEPT_S = 30 * 86_400
"""How long the opener finds the receipt; the sale itself is the ledger's and stays."""
MOST, WITHIN_S = 20, 15 * 60
"""Visits that one buyer may begin, so that a stolen PIN is no flood of commands."""


@dataclass(frozen=True, slots=True)
class Visit:
    """begun_s, expires_s: since 1970."""

    id: str
    counter: str
    begun_s: int
    expires_s: int


class Reused(Exception):
    """The key came before with something else."""


class TooMany(Exception):
    """This buyer began ``MOST`` visits within ``WITHIN_S``."""


def begin(db: Connection, *, id: str, buyer: str, key: str, counter: str, token: str, now_s: int) -> Visit:
    """A new visit, or the one that ``key`` began before; inside a transaction. Raises Reused, TooMany.

    A new one has the ``id`` that was given.
    """
    asks = hashlib.sha256(f"{counter} {token}".encode()).hexdigest()
    if (before := _of_key(db, buyer, key, asks)) is not None:
        return before
    db.execute("delete from visit where begun_s < ?", (now_s - KEPT_S,))
    since = (buyer, now_s - WITHIN_S)
    if db.execute("select count(*) from visit where buyer = ? and begun_s > ?", since).fetchone()[0] >= MOST:
        raise TooMany
    put = db.execute(
        "insert into visit (id, buyer, key, asks, counter, begun_s, expires_s) values (?, ?, ?, ?, ?, ?, ?)"
        " on conflict do nothing",
        (id, buyer, key, asks, counter, now_s, now_s + EXPIRES_S),
    )
    if put.rowcount != 1 and (before := _of_key(db, buyer, key, asks)) is not None:  # at the same moment
        return before
    return Visit(id, counter, now_s, now_s + EXPIRES_S)


def visit(db: Connection, id: str) -> Visit | None:
    row = db.execute("select id, counter, begun_s, expires_s from visit where id = ?", (id,)).fetchone()
    return None if row is None else Visit(*row)


def _of_key(db: Connection, buyer: str, key: str, asks: str) -> Visit | None:
    row = db.execute(
        "select id, counter, begun_s, expires_s, asks from visit where buyer = ? and key = ?", (buyer, key)
    ).fetchone()
    if row is None:
        return None
    if row[4] != asks:
        raise Reused
    return Visit(*row[:4])
