"""The centre's database as a SQLite file; how it is opened is ``cloud_bridge.database``'s."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import RLock

from cloud_bridge import database as files
from cloud_bridge.central.database import Params, Unfit
from edge.errors import NoInput


class Sqlite:
    """A connection; ``raw`` is Python's own."""

    def __init__(self, raw: sqlite3.Connection) -> None:
        self.raw = raw
        self.many_writers = False
        self._turn = RLock()

    def execute(self, sql: str, params: Params = (), /) -> sqlite3.Cursor:
        try:
            return self.raw.execute(sql, params)
        except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
            raise Unfit(str(error)) from error

    def executemany(self, sql: str, rows: Iterable[Params], /) -> int:
        try:
            return self.raw.executemany(sql, rows).rowcount
        except (sqlite3.IntegrityError, sqlite3.DataError, OverflowError) as error:
            raise Unfit(str(error)) from error

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
