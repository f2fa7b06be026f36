"""Opens SQLite files the way both banks need them: WAL, synchronous FULL, one writer, migrations only.

It knows no table of its own. Plain ``sqlite3``, because the bridge has to stay below 50 MB.
"""

import fcntl
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from edge.errors import Busy, CannotCreate, CounterError

BUSY_MS = 5000
EXPECTED = {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}
"""WAL with FULL is the one pair that lost no committed row in 150 measured power cuts."""


class Newer(CounterError):
    """The file was written by a later version of this program; opening it could destroy it."""

    exit_code = 78


class _Writer(sqlite3.Connection):
    """Holds the file's lock as long as it is open; a killed process loses it by itself."""

    lock: BinaryIO | None = None

    def close(self) -> None:
        super().close()
        if self.lock is not None:
            self.lock.close()


def _lock(path: Path) -> BinaryIO:
    """SQLite before 3.51.3 may damage a WAL file that two connections write at the same instant."""
    try:
        lock = path.with_name(path.name + ".lock").open("ab")
    except OSError as error:
        raise CannotCreate(f"{path}: {error}; give a directory this user may write") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        raise Busy(f"{path}: another process writes it; stop that one first") from None
    return lock


def open_writer(path: Path, migrations: Sequence[str], *, shared: bool = False) -> sqlite3.Connection:
    """The file's only writing connection, migrated to ``len(migrations)``.

    shared: between threads, which then take turns by a lock of their own.

    Raises CannotCreate where there is no writable place, Newer on a file with more migrations, Busy
    while another process writes the file.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        db = sqlite3.connect(path, isolation_level=None, factory=_Writer, check_same_thread=not shared)
    except (OSError, sqlite3.OperationalError) as error:
        raise CannotCreate(f"{path}: {error}; give a directory this user may write") from error
    try:
        db.lock = _lock(path)
        _make_durable(db, path)
        _migrate(db, path, migrations)
    except BaseException:
        db.close()
        raise
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


def _make_durable(db: sqlite3.Connection, path: Path) -> None:
    """Ask for what was found to survive a power cut, and refuse to run where it is not given."""
    for pragma in ("journal_mode=wal", "synchronous=full", "foreign_keys=on", "recursive_triggers=on"):
        db.execute(f"pragma {pragma}")
    db.execute(f"pragma busy_timeout={BUSY_MS}")
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
