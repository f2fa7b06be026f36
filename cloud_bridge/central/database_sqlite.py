"""The centre's database as a SQLite file; how it is opened is ``cloud_bridge.database``'s."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from cloud_bridge import database as files
from cloud_bridge.central.database import Forbidden, Params, Unfit
from cloud_bridge.central.table import Row, Table
from edge.errors import NoInput

UNFIT = (sqlite3.IntegrityError, sqlite3.DataError, OverflowError)
TAKEN = ("SQLITE_CONSTRAINT_PRIMARYKEY", "SQLITE_CONSTRAINT_UNIQUE")


def _told(error: Exception) -> Unfit:
    refused = isinstance(error, sqlite3.Error) and error.sqlite_errorname == "SQLITE_CONSTRAINT_TRIGGER"
    return Forbidden(str(error)) if refused else Unfit(str(error))


class Sqlite:
    """A connection; ``raw`` is Python's own."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self.many_writers = False
        self._turn = RLock()

    def execute(self, sql: str, params: Params = (), /) -> sqlite3.Cursor:
        try:
            return self.raw.execute(sql, params)
        except UNFIT as error:
            raise _told(error) from error

    def executemany(self, sql: str, rows: Iterable[Params], /) -> int:
        try:
            return self.raw.executemany(sql, rows).rowcount
        except UNFIT as error:
            raise _told(error) from error

    def put(self, table: Table, rows: Sequence[Row], /) -> set[Row]:
        done = table.insert + table.replaces
        return {row[: table.key] for row in rows if self.execute(done, row).rowcount == 1}

    def fill(self, table: Table, rows: Sequence[Row], /) -> bool:
        self.raw.execute("savepoint fill")
        try:
            self.raw.executemany(table.insert, rows)
        except UNFIT as error:
            self.raw.execute("rollback to fill")
            self.raw.execute("release fill")
            if isinstance(error, sqlite3.IntegrityError) and error.sqlite_errorname in TAKEN:
                return False
            raise _told(error) from error
        self.raw.execute("release fill")
        return True

    def insert(self, table: Table, rows: Sequence[Row], /) -> None:
        self.executemany(table.insert, rows)

    def add(self, table: Table, rows: Sequence[Row], /) -> int:
        return max(self.executemany(f"{table.insert} on conflict do nothing", rows), 0)

    def replace(self, table: Table, key: int, gone: Sequence[Row], rows: Sequence[Row], /) -> None:
        where = " and ".join(f"{column} = ?" for column in table.columns[:key])
        self.executemany(f"delete from {table.name} where {where}", gone)
        self.insert(table, rows)

    @contextmanager
    def transaction(self) -> Iterator["Sqlite"]:
        """One thread at a time; the file has no other writer."""
        with self._turn, files.writing(self.raw):
            yield self

    @contextmanager
    def picture(self) -> Iterator["Sqlite"]:
        self.raw.execute("begin")
        try:
            yield self
        finally:
            self.raw.execute("commit")

    def version(self) -> int:
        return int(self.raw.execute("pragma data_version").fetchone()[0])

    def close(self) -> None:
        self.raw.close()


def reader(path: Path) -> Sqlite:
    """Raises NoInput where there is no file."""
    if not path.is_file():
        raise NoInput(f"{path}: no database of a centre here; `counter-central run` makes one")
    return Sqlite(files.open_reader(path))


def writer(path: Path, migrations: Sequence[str]) -> Sqlite:
    return Sqlite(files.open_writer(path, migrations, shared=True))
