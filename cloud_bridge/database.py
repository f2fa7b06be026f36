"""Opens SQLite files the way both banks need them: WAL, synchronous FULL, one writer, migrations only.

It knows no table of its own. Plain ``sqlite3``, because the bridge has to stay below 50 MB.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from edge.errors import CannotCreate, CounterError

BUSY_MS = 5000
EXPECTED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
"""WAL with FULL is the one pair that lost no committed row in 150 measured power cuts."""


class Newer(CounterError):
    """The file was written by a later version of this program; opening it could destroy it."""

    exit_code = 78


def open_writer(path: Path, migrations: Sequence[str]) -> sqlite3.Connection:
    """The file's only writing connection, migrated to ``len(migrations)``.

    Raises CannotCreate where there is no writable place, Newer on a file with more migrations.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None)
        db.execute("pragma journal_mode=wal")
    except (OSError, sqlite3.OperationalError) as error:
        raise CannotCreate(f"{path}: {error}; give a directory this user may write") from error
    db.execute("pragma synchronous=full")
    db.execute("pragma foreign_keys=on")
    db.execute("pragma recursive_triggers=on")
    db.execute(f"pragma busy_timeout={BUSY_MS}")
    _assert_durable(db, path)
    _migrate(db, path, migrations)
    return db


def open_reader(path: Path) -> sqlite3.Connection:
    """A read-only connection to a file that another process or thread writes."""
    db = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)
    db.execute(f"pragma busy_timeout={BUSY_MS}")
    return db


@contextmanager
def writing(db: sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """One use case: BEGIN IMMEDIATE … COMMIT, or ROLLBACK on any error (a kill included)."""
    db.execute("begin immediate")
    try:
        yield db
        db.execute("commit")
    except BaseException:
        if db.in_transaction:
            db.execute("rollback")
        raise


def _assert_durable(db: sqlite3.Connection, path: Path) -> None:
    for name, wanted in EXPECTED.items():
        found = db.execute(f"pragma {name}").fetchone()[0]
        if found != wanted:
            raise CannotCreate(f"{path}: {name} is {found}, must be {wanted}; is it on a network drive?")


def _migrate(db: sqlite3.Connection, path: Path, migrations: Sequence[str]) -> None:
    version = int(db.execute("pragma user_version").fetchone()[0])
    if version > len(migrations):
        raise Newer(
            f"{path}: has schema {version}, this program knows {len(migrations)}; use the newer program"
        )
    for number, script in enumerate(migrations[version:], start=version + 1):
        with writing(db):
            for statement in script.split(";\n"):
                if statement.strip():
                    db.execute(statement)
            db.execute(f"pragma user_version={number}")
