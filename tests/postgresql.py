"""A PostgreSQL server of the tests' own: in a temporary directory, gone when they end.

The programs come from the system's package, which `tools/system_packages.sh` installs.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from cloud_bridge.central import dialect
from cloud_bridge.central.database import Connection
from cloud_bridge.central.database_sqlite import Sqlite
from cloud_bridge.central.store import Store
from edge.bench import postgres_server
from edge.bench.postgres_server import INSTALL, programs

__all__ = ["INSTALL", "programs"]

SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",  # what a test proves survives the death of processes, not of the machine
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
    "max_connections": "60",
}


EMPTY = """
set local session_replication_role = replica;
do $$ declare t text; begin
    for t in select format('%I', relname) from pg_class where relnamespace = 'public'::regnamespace
        and relkind in ('r', 'p') and not relispartition
        and relname not in ('schema_version', 'access_version')
    loop execute 'delete from ' || t; end loop;
    for t in select format('%I', relname) from pg_class
        where relnamespace = 'public'::regnamespace and relkind = 'S'
    loop perform setval(t, 1, false); end loop;
    insert into projected (schema) values (0);
end $$
"""
"""Quicker than a new database for each test. replica: without the triggers of append-only tables."""


class Server(postgres_server.Server):
    """With one database for the centre's tests."""

    _made = False

    def empty(self) -> str:
        """The URL of the centre's one test database, its tables made and empty."""
        url = self.url("centre")
        if not self._made:
            Store(self.made("centre")).close()
            self._made = True
        with psycopg.connect(url) as db:
            db.execute(EMPTY)
        return url


@contextmanager
def running(**settings: str) -> Iterator[Server]:
    """A started server; its directory lies where nobody may reach it."""
    directory = Path(tempfile.mkdtemp(prefix="counter-pg-", dir="/tmp"))
    server = Server(directory, directory, SETTINGS | settings)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(directory, ignore_errors=True)


@contextmanager
def refusing(db: Connection, what: str, table: str, why: str) -> Iterator[None]:
    """Every insert, update or delete (``what``) on ``table`` fails with ``why``; on either store."""
    trigger = f"create trigger no before {what} on {table} begin select raise(abort, '{why}'); end"
    db.execute(trigger if isinstance(db, Sqlite) else dialect.schema(trigger)[0])
    try:
        yield
    finally:
        db.execute("drop trigger no" if isinstance(db, Sqlite) else f"drop trigger no on {table}")


def tamper(db: Connection, statement: str, *params: object) -> None:
    """What no program of ours can do: change a raw event, as somebody with the database's keys could."""
    if isinstance(db, Sqlite):
        db.execute("drop trigger if exists raw_event_stays")
        db.execute(statement, params)
        return
    with db.transaction():
        db.execute("set local session_replication_role = replica")
        db.execute(statement, params)
