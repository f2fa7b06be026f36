"""A PostgreSQL server of the tests' own: on a socket in a temporary directory, gone when they end.

The programs come from the system's package, which `tools/system_packages.sh` installs. PostgreSQL refuses
to run as root, so root runs it as nobody.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from cloud_bridge.central import dialect
from cloud_bridge.central.database import Connection
from cloud_bridge.central.database_sqlite import Sqlite
from cloud_bridge.central.store import Store

INSTALL = "apt-get update && apt-get install -y --no-install-recommends postgresql"
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


def programs() -> Path | None:
    """Where initdb and postgres are; the newest version's."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda each: int(each.parts[4]))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).parent if initdb else None


class Server:
    """``url(name)`` of a database; ``start`` and ``kill`` the postmaster."""

    def __init__(self, directory: Path, settings: dict[str, str]) -> None:
        found = programs()
        assert found, f"PostgreSQL is not installed; run: {INSTALL}"
        self._programs, self._directory, self._settings = found, directory, settings
        self._process: subprocess.Popen[bytes] | None = None
        self._made = False
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(directory, nobody.pw_uid, nobody.pw_gid)
        self._run(
            "initdb", "-D", self._data, "-U", "counter", "-A", "trust", "-E", "UTF8", "--locale=C", "-N"
        )

    @property
    def _data(self) -> str:
        return str(self._directory / "data")

    def url(self, database: str = "postgres") -> str:
        return f"postgresql://counter@/{database}?host={self._directory}"

    def empty(self) -> str:
        """The URL of the centre's one test database, its tables made and empty."""
        url = self.url("centre")
        if not self._made:
            with psycopg.connect(self.url(), autocommit=True) as db:
                db.execute("create database centre")
            Store(url).close()
            self._made = True
        with psycopg.connect(url) as db:
            db.execute(EMPTY)
        return url

    def start(self) -> None:
        given = [f"-c{key}={value}" for key, value in self._settings.items()]
        command = [self._program("postgres"), "-D", self._data, "-k", str(self._directory), *given]
        with (self._directory / "log").open("ab") as log:
            self._process = subprocess.Popen(self._as_nobody(command), stdout=log, stderr=log)
        self._run("pg_isready", "-h", str(self._directory), "-U", "counter", "-t", "20", tries=200)

    def kill(self) -> None:
        """As a dying machine would, as far as processes go."""
        assert self._process
        pid = int(Path(self._data, "postmaster.pid").read_text().split()[0])
        os.kill(pid, 9)
        self._process.wait()
        self._process = None

    def stop(self) -> None:
        if self._process:
            self._run("pg_ctl", "-D", self._data, "stop", "-m", "immediate")
            self._process.wait()
            self._process = None

    def _program(self, name: str) -> str:
        return str(self._programs / name)

    def _run(self, name: str, *arguments: str, tries: int = 1) -> None:
        command = self._as_nobody([self._program(name), *arguments])
        for _ in range(tries):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode == 0:
                return
        raise AssertionError(f"{name}: {done.stdout}{done.stderr}")

    @staticmethod
    def _as_nobody(command: list[str]) -> list[str]:
        if os.geteuid() != 0:
            return command
        return ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", *command]


@contextmanager
def running(**settings: str) -> Iterator[Server]:
    """A started server; its directory lies where nobody may reach it."""
    directory = Path(tempfile.mkdtemp(prefix="counter-pg-", dir="/tmp"))
    server = Server(directory, SETTINGS | settings)
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
