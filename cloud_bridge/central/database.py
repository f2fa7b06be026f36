"""One database, two engines: a SQLite file, or PostgreSQL where a URL is given. It knows no table.

Everybody writes the SQL that ``dialect`` describes. A reader cannot write. A row is a plain tuple; text is
str, whole numbers and sums are int, blobs are bytes.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol, Self

from cloud_bridge.central.table import Row, Table
from edge.errors import CounterError

Address = Path | str
"""A path: that SQLite file. A string: the URL of a PostgreSQL database."""

Params = Sequence[Any] | Mapping[str, Any]

URL = "postgresql://"


class Rows(Protocol):
    """What a statement gave. rowcount: rows inserted, updated or deleted."""

    @property
    def rowcount(self) -> int: ...
    def fetchone(self) -> Any: ...
    def fetchall(self) -> list[Any]: ...
    def __iter__(self) -> Iterator[Any]: ...
    def close(self) -> object: ...


class Connection(Protocol):
    """One connection. It belongs to one thread, but for ``transaction``, which waits for its turn."""

    many_writers: bool
    """Whether others may write at the same time, so that numbers are not committed in the order drawn."""

    def execute(self, sql: str, params: Params = (), /) -> Rows: ...

    def executemany(self, sql: str, rows: Iterable[Params], /) -> int:
        """Run it for each of ``rows``; gives how many rows were touched."""
        ...

    def put(self, table: Table, rows: Sequence[Row], /) -> set[Row]:
        """Insert or replace, as ``table`` says; gives the keys of those that took effect.

        Keys are distinct. Inside a transaction, like ``replace``.
        """
        ...

    def fill(self, table: Table, rows: Sequence[Row], /) -> bool:
        """Insert ``rows``, in their order, the quick way for many whose keys are free.

        False, and none was inserted: a key is taken, or they are too few for that way.
        """
        ...

    def insert(self, table: Table, rows: Sequence[Row], /) -> None:
        """Insert ``rows``. Raises Unfit where a key is taken."""
        ...

    def add(self, table: Table, rows: Sequence[Row], /) -> int:
        """Insert, in their order, what is not there; gives how many rows were."""
        ...

    def replace(self, table: Table, key: int, gone: Sequence[Row], rows: Sequence[Row], /) -> None:
        """Delete the rows whose first ``key`` columns are in ``gone``, then insert ``rows``."""
        ...

    def transaction(self) -> AbstractContextManager[Self]:
        """One use case: all of it is committed, or nothing."""
        ...

    def picture(self) -> AbstractContextManager[Self]:
        """Everything read inside is of one moment."""
        ...

    def version(self) -> int | str:
        """Another value after any commit of another connection."""
        ...

    def close(self) -> None: ...


class Unfit(ValueError):
    """The database takes no such value. Nothing of the transaction was written."""


class Forbidden(Unfit):
    """A trigger says that this is never done, whatever the value."""


class Lost(CounterError):
    """The database cannot be reached, or went away. What was not committed was not written."""

    exit_code = 75


class Clash(CounterError):
    """Two transactions stood in each other's way; doing this one again will help."""

    exit_code = 75


def shown(address: Address) -> str:
    """``address`` for people and logs, without a password."""
    if isinstance(address, Path):
        return str(address)
    head, at, tail = address.removeprefix(URL).rpartition("@")
    user = head.partition(":")[0]
    return f"{URL}{user}{at}{tail}".partition("?")[0]


def open_reader(address: Address) -> Connection:
    """A connection that cannot write. Raises NoInput where there is no database, Lost where none answers."""
    if isinstance(address, Path):
        from cloud_bridge.central import database_sqlite

        return database_sqlite.reader(address)
    from cloud_bridge.central import database_postgres

    return database_postgres.reader(address)


def open_writer(address: Address, migrations: Sequence[str]) -> Connection:
    """A writing connection to a database with these migrations.

    Raises as ``cloud_bridge.database.open_writer`` for a file, Lost where no server answers, Newer on a
    database with more migrations. A SQLite file takes one writer at a time, PostgreSQL any number.
    """
    if isinstance(address, Path):
        from cloud_bridge.central import database_sqlite

        return database_sqlite.writer(address, migrations)
    from cloud_bridge.central import database_postgres

    return database_postgres.writer(address, migrations)
