"""The centre's database on PostgreSQL, by psycopg 3. It knows no table but its own version.

A connection that went away is opened again by the next statement outside a transaction; inside one, what
was begun is lost, which is what ``Lost`` says.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any

from cloud_bridge.central import dialect
from cloud_bridge.central.database import Clash, Forbidden, Lost, Params, Rows, Unfit, shown
from cloud_bridge.central.table import Row, Table
from cloud_bridge.database import Newer
from edge.errors import ConfigError, NoInput

try:
    import psycopg
    from psycopg import errors, sql
    from psycopg.abc import Buffer
    from psycopg.adapt import Dumper, Loader
    from psycopg.pq import Format
except ImportError as error:  # the extra `postgres` is not installed
    raise ConfigError(
        f"[database] url names PostgreSQL, and its driver is not here ({error});"
        " install it with: pip install 'smart-counter[postgres]'"
    ) from error

CONNECT_S = 5
FEW = 30
"""Rows up to this number are part of the statement; more are copied, which takes two statements more."""
MIGRATING = 0x636F756E
"""Of the advisory lock that one migrating process holds; any number will do."""
FROZEN = "-c idle_in_transaction_session_timeout=10s"
"""A worker that is frozen behind the gate would hold up all others; the server ends its transaction."""


class _Whole(Loader):
    """Sums of whole numbers are numeric there; here they stay int. Raises ValueError on a fraction."""

    format = Format.TEXT

    def load(self, data: Buffer) -> int:
        return int(bytes(data))


class _Flag(Dumper):
    """bool as 0 or 1: the tables know no boolean, as SQLite knows none."""

    oid = 20  # int8

    def dump(self, obj: bool) -> bytes:
        return b"1" if obj else b"0"


class Postgres:
    """A connection; ``raw`` is psycopg's own, open when asked for."""

    def __init__(self, url: str, *, writes: bool) -> None:
        self._url, self._writes = url, writes
        self.many_writers = True
        self._turn = RLock()
        self._db: psycopg.Connection[tuple[Any, ...]] | None = None
        self._inside: psycopg.Connection[tuple[Any, ...]] | None = None
        _ = self.raw

    @property
    def raw(self) -> "psycopg.Connection[tuple[Any, ...]]":
        if self._inside is not None:
            return self._inside  # also where it is broken: what was begun on it is gone
        if self._db is None or self._db.closed:
            self._db = self._connected()
        return self._db

    @contextmanager
    def _one_session(self) -> "Iterator[psycopg.Connection[tuple[Any, ...]]]":
        outer, self._inside = self._inside, self.raw
        try:
            yield self._inside
        finally:
            self._inside = outer

    def execute(self, sql: str, params: Params = (), /) -> Rows:
        try:
            return self._executed(sql, params)
        except Lost:
            if self._writes or self._inside is not None:
                raise
            return self._executed(sql, params)  # a reader's server was restarted: ask again

    def _executed(self, sql: str, params: Params) -> Rows:
        with self._told():
            return self.raw.execute(dialect.query(sql), params or None)

    def executemany(self, sql: str, rows: Iterable[Params], /) -> int:
        with self._told(), self.raw.cursor() as cursor:
            cursor.executemany(dialect.query(sql), rows)
            return max(cursor.rowcount, 0)

    def put(self, table: Table, rows: Sequence[Row], /) -> set[Row]:
        if not rows:
            return set()
        with self._told():
            source = self._source(table, rows)
            done = (
                f"insert into {table.name} ({table.listed}) {source}{table.replaces} returning {table.keys}"
            )
            return set(self._run(done))

    def fill(self, table: Table, rows: Sequence[Row], /) -> bool:
        """Straight into the table. What another transaction inserts at the same time is waited for."""
        if len(rows) <= FEW:
            return False
        with self._told():
            try:
                with self.raw.transaction():
                    self._copy(table.name, table.listed, rows)
            except errors.UniqueViolation:
                return False
        return True

    def insert(self, table: Table, rows: Sequence[Row], /) -> None:
        with self._told():
            if len(rows) > FEW:
                self._copy(table.name, table.listed, rows)
            elif rows:
                self._run(f"insert into {table.name} ({table.listed}) {self._values(table, rows)}")

    def add(self, table: Table, rows: Sequence[Row], /) -> int:
        if not rows:
            return 0
        with self._told():
            source = self._source(table, rows)
            done = f"insert into {table.name} ({table.listed}) {source} on conflict do nothing"
            return self.raw.execute(done.encode()).rowcount

    def replace(self, table: Table, key: int, gone: Sequence[Row], rows: Sequence[Row], /) -> None:
        with self._told():
            if gone:
                keys = Table(table.name, table.columns[:key], key)
                self._run(f"delete from {table.name} where ({keys.listed}) in ({self._source(keys, gone)})")
        self.insert(table, rows)

    def stage(self, table: Table, rows: Sequence[Row]) -> str:
        """Copy ``rows`` where this transaction alone sees them; gives a query for them, in their order."""
        columns = table.listed
        name = f"staged_{table.name}_{table.key}"
        if not self._run(f"select to_regclass('pg_temp.{name}')")[0][0]:
            made = f"select {columns} from {table.name} limit 0"
            self._run(f"create temporary table {name} on commit delete rows as {made}")
        else:
            self._run(f"truncate {name}")
        self._copy(name, columns, rows)
        return f"select {columns} from {name}"

    def _copy(self, table: str, columns: str, rows: Sequence[Row]) -> None:
        told = f"copy {table} ({columns}) from stdin".encode()
        with self.raw.cursor() as cursor, cursor.copy(told) as copy:
            for row in rows:
                copy.write_row(row)

    def _source(self, table: Table, rows: Sequence[Row]) -> str:
        """``rows`` as what may follow ``insert into``."""
        return self.stage(table, rows) if len(rows) > FEW else self._values(table, rows)

    def _values(self, table: Table, rows: Sequence[Row]) -> str:
        marks = "(" + ", ".join(["%s"] * len(table.columns)) + ")"
        values = psycopg.ClientCursor(self.raw).mogrify(
            ", ".join([marks] * len(rows)), [value for row in rows for value in row]
        )
        return f"values {values}"

    def _run(self, text: str) -> list[tuple[Any, ...]]:
        """Of text that holds no parameters."""
        done = self.raw.execute(text.encode())
        return done.fetchall() if done.description else []

    @contextmanager
    def transaction(self) -> Iterator["Postgres"]:
        with self._turn, self._told(), self._one_session() as db, db.transaction():
            yield self

    @contextmanager
    def picture(self) -> Iterator["Postgres"]:
        with self._turn, self._told(), self._one_session() as db, db.transaction():
            self.raw.execute("set transaction isolation level repeatable read, read only")
            yield self

    def version(self) -> str:
        """Of the whole server: another database's commit changes it too."""
        return str(self.execute("select pg_snapshot_xmax(pg_current_snapshot())::text").fetchone()[0])

    def close(self) -> None:
        if self._db is not None:
            self._db.close()

    def _connected(self) -> "psycopg.Connection[tuple[Any, ...]]":
        try:
            db = psycopg.connect(
                self._url,
                autocommit=True,
                cursor_factory=psycopg.ClientCursor,  # the server cannot tell the type of `:x is null`
                connect_timeout=CONNECT_S,
                application_name="counter-central",
                options=FROZEN if self._writes else "-c default_transaction_read_only=on",
            )
        except psycopg.OperationalError as error:
            raise Lost(f"{shown(self._url)}: {error}; does the server run, is the URL right?") from error
        except psycopg.ProgrammingError as error:
            raise ConfigError(f"[database] url: {error}") from error
        db.adapters.register_loader("numeric", _Whole)
        db.adapters.register_dumper(bool, _Flag)
        return db

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Driver's errors in our words."""
        try:
            yield
        except (errors.DeadlockDetected, errors.SerializationFailure) as error:
            raise Clash(f"{shown(self._url)}: {error}") from error
        except errors.RaiseException as error:
            raise Forbidden(str(error)) from error
        except (psycopg.IntegrityError, psycopg.DataError) as error:
            raise Unfit(str(error)) from error
        except (psycopg.OperationalError, psycopg.InterfaceError) as error:
            if self._db is not None and self._db.broken:
                self._db.close()
            raise Lost(f"{shown(self._url)}: {error}") from error


def reader(url: str) -> Postgres:
    """Raises NoInput where no centre has written yet."""
    db = Postgres(url, writes=False)
    if _version(db) == 0:
        db.close()
        raise NoInput(f"{shown(url)}: no tables of a centre here; `counter-central run` makes them")
    return db


def writer(url: str, migrations: Sequence[str], version_table: str = "schema_version") -> Postgres:
    """Of several that start at once one migrates, the others wait for it.

    version_table: says how far; tables that others own have one of their own.
    """
    db = Postgres(url, writes=True)
    try:
        with db.transaction():
            db.execute("select pg_advisory_xact_lock(?)", (MIGRATING,))
            _migrate(db, url, migrations, version_table)
    except BaseException:
        db.close()
        raise
    return db


def _version(db: Postgres, table: str = "schema_version") -> int:
    if db.execute("select to_regclass(?)", (table,)).fetchone()[0] is None:
        return 0
    return int(db.execute(f"select version from {table}").fetchone()[0])


def _migrate(db: Postgres, url: str, migrations: Sequence[str], table: str) -> None:
    version = _version(db, table)
    if version > len(migrations):
        raise Newer(
            f"{shown(url)}: has schema {version}, this program knows {len(migrations)}; use the newer program"
        )
    if version == 0:
        db.raw.execute(dialect.REFUSE)
        db.execute(f"create table {table} (version bigint not null)")
        db.execute(f"insert into {table} values (0)")
    for script in migrations[version:]:
        for statement in dialect.schema(script):
            db.raw.execute(sql.SQL(statement))
    db.execute(f"update {table} set version = ?", (len(migrations),))
