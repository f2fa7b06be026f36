"""The tables of accounts, buyers, logins, tries, visits, audit trail, acknowledgements; how they are opened.

They are written by several: each web process, and the commands of ``counter-central account``. On a server
they stand beside the centre's tables. With SQLite they have a file of their own, which keeps the rollback
journal, where any number of writers take turns, and not the WAL of the other files, which one process owns.
"""

import os
import sqlite3
from pathlib import Path
from secrets import token_bytes

from cloud_bridge.central.database import Address, Connection
from cloud_bridge.central.database_sqlite import Sqlite
from cloud_bridge.central.dialect import statements
from cloud_bridge.database import BUSY_MS, Newer
from edge.errors import CannotCreate

FILE = "access.db"
DURABLE = ("journal_mode=delete", "synchronous=extra", "foreign_keys=on", "recursive_triggers=on")

MIGRATIONS = (
    """
create table account (
    name text primary key, role text not null, supplier text not null, password text not null,
    made_at text not null, disabled_at text
) strict;
create table token (
    id text primary key, hash text not null unique, account text not null references account (name),
    made_at text not null, expires_s integer not null, revoked_at text
) strict;
create table login (
    hash text primary key, account text not null references account (name), begun_s integer not null,
    seen_s integer not null, address text not null
) strict;
create table login_try (subject text not null, at_s integer not null) strict;
create index login_try_by_subject on login_try (subject, at_s);
create table secret (name text primary key, value blob not null) strict;
create table trail (
    n integer primary key, at text not null, who text not null, role text not null, what text not null,
    subject text not null, address text not null, outcome text not null, detail text not null
) strict;
create trigger trail_stays before update on trail
    begin select raise(abort, 'the trail is append-only'); end;
create trigger trail_is_kept before delete on trail
    begin select raise(abort, 'the trail is append-only'); end;
create table alarm_ack (
    counter text not null, inc text not null, kind text not null, subject text not null,
    seq integer not null, who text not null, at text not null, note text not null,
    primary key (counter, inc, kind, subject, seq)
) strict
""",
    """
create table buyer (
    login text primary key, ref text not null unique, pin text not null, unit text not null,
    made_at text not null, disabled_at text
) strict;
create table visit (
    id text primary key, buyer text not null, key text not null, asks text not null, counter text not null,
    begun_s integer not null, expires_s integer not null, unique (buyer, key)
) strict;
create index visit_by_time on visit (begun_s)
""",
)


def open_access(address: Address) -> Connection:
    """A connection that reads and writes these tables: on the server, or in the file beside the centre's.

    Raises CannotCreate where that is impossible, Newer on tables of a later version.
    """
    if isinstance(address, Path):
        return Sqlite(_opened(beside(address)))
    from cloud_bridge.central import database_postgres

    db = database_postgres.writer(address, MIGRATIONS, version_table="access_version")
    _make_key(db)
    return db


def beside(database: Path) -> Path:
    """Where the access file of the centre with that SQLite file lies."""
    return database.with_name(FILE)


def attach(db: Connection, address: Address) -> None:
    """Let a reader of the centre's database read these tables too; on a server it does anyway."""
    if isinstance(db, Sqlite) and isinstance(address, Path):
        db.raw.execute("attach ? as access", (f"{beside(address).resolve().as_uri()}?mode=ro",))


def _opened(path: Path) -> sqlite3.Connection:
    """The file, for its owner's eyes only; made where there is none."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
        db = sqlite3.connect(path, isolation_level=None, timeout=BUSY_MS / 1000)
    except (OSError, sqlite3.OperationalError) as error:
        raise CannotCreate(f"{path}: {error}; give a directory this user may write") from error
    try:
        for pragma in DURABLE:
            db.execute(f"pragma {pragma}")
        _migrate(db, path)
    except BaseException:
        db.close()
        raise
    return db


def _migrate(db: sqlite3.Connection, path: Path) -> None:
    """Under the write lock, with a second look: two processes may start at once."""
    if int(db.execute("pragma user_version").fetchone()[0]) == len(MIGRATIONS):
        return
    with Sqlite(db).transaction() as ours:
        version = int(db.execute("pragma user_version").fetchone()[0])
        if version > len(MIGRATIONS):
            raise Newer(f"{path}: has schema {version}, this program knows {len(MIGRATIONS)}; use the newer")
        for script in MIGRATIONS[version:]:
            for statement in statements(script):
                db.execute(statement)
        _make_key(ours)
        db.execute(f"pragma user_version={len(MIGRATIONS)}")


def _make_key(db: Connection) -> None:
    db.execute(
        "insert into secret (name, value) values ('signing', ?) on conflict do nothing", (token_bytes(32),)
    )
