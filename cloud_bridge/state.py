"""bridge.db: how far the centre has acknowledged. The bridge is its only writer; the engine reads it.

Tables: ``mark`` (one row an incarnation: every event up to ``through`` is at the centre, learnt
``at``), ``have`` (further closed ranges above it), ``reject`` (held by the centre but unreadable to
it or in conflict), ``parked`` (set aside by this side). Losing the file costs resends, nothing else.
"""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cloud_bridge import inbox
from cloud_bridge.database import open_writer, writing
from cloud_bridge.ranges import Covered

FILE = "bridge.db"

MIGRATIONS = (
    """
create table mark (inc text primary key, through integer not null, at text not null) strict;
create table have (
    inc text not null references mark, low integer not null, high integer not null check (high >= low),
    primary key (inc, low)
) strict;
create table reject (
    inc text not null, seq integer not null, code text not null, at text not null, primary key (inc, seq)
) strict;
create table parked (
    inc text not null, seq integer not null, code text not null, primary key (inc, seq)
) strict;
create table alarm (kind text primary key, detail text not null, at text not null) strict
""",
    inbox.TABLES,
    inbox.TEXTS_GO,
    inbox.HASHES,
)


@dataclass(frozen=True, slots=True)
class Kept:
    """What a bridge starts from. parked and rejects: seq → code."""

    covered: Covered
    parked: Mapping[int, str]
    rejects: Mapping[int, str]


class State:
    """The writing side of bridge.db."""

    def __init__(self, path: Path) -> None:
        self._db = open_writer(path, MIGRATIONS)
        self._db.execute("pragma secure_delete = on")  # what is forgotten leaves nothing in free pages
        self.inbox = inbox.Inbox(self._db)

    def kept(self, inc: str) -> Kept:
        """What is known of incarnation ``inc``; nothing, where it is new."""
        return kept(self._db, inc)

    def keep(self, inc: str, now: Kept, at: str) -> None:
        """Replace what is known of ``inc``. at: RFC 3339 UTC."""
        with writing(self._db) as db:
            db.execute(
                "insert into mark values (?, ?, ?) on conflict (inc) do update"
                " set through = excluded.through, at = excluded.at",
                (inc, now.covered.through, at),
            )
            db.execute("delete from have where inc = ?", (inc,))
            db.executemany("insert into have values (?, ?, ?)", [(inc, *r) for r in now.covered.have])
            db.executemany(
                "insert into reject values (?, ?, ?, ?) on conflict do nothing",
                [(inc, seq, code, at) for seq, code in now.rejects.items()],
            )
            db.execute("delete from parked where inc = ?", (inc,))
            db.executemany(
                "insert into parked values (?, ?, ?)", [(inc, s, c) for s, c in now.parked.items()]
            )

    def alarm(self, kind: str, detail: str, at: str) -> None:
        """Leave word of something an operator has to look at. detail: JSON."""
        with writing(self._db) as db:
            db.execute("insert or replace into alarm values (?, ?, ?)", (kind, detail, at))

    def close(self) -> None:
        self._db.close()


def sent_again(db: sqlite3.Connection, inc: str, covered: Covered) -> dict[str, int | str]:
    """What the centre had forgotten last, and how many of it it holds again; {} where it forgot nothing."""
    row = db.execute("select detail, at from alarm where kind = 'forgotten_by_centre'").fetchone()
    told = json.loads(row[0]) if row else {}
    if told.get("inc") != inc:
        return {}
    first, last, count = int(told["first"]), int(told["last"]), int(told["count"])
    left = covered.missing(last) - covered.missing(first - 1)
    return {"first": first, "last": last, "of": count, "arrived": max(0, count - left), "since": str(row[1])}


def kept(db: sqlite3.Connection, inc: str) -> Kept:
    """As ``State.kept``, on any connection to the file."""
    row = db.execute("select through from mark where inc = ?", (inc,)).fetchone()
    have = db.execute("select low, high from have where inc = ? order by low", (inc,)).fetchall()
    parked = db.execute("select seq, code from parked where inc = ?", (inc,)).fetchall()
    rejects = db.execute("select seq, code from reject where inc = ?", (inc,)).fetchall()
    return Kept(Covered(row[0] if row else 0, tuple(have)), dict(parked), dict(rejects))
