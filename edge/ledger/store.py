"""The ledger's file: how it is opened, who may write, what no statement may do. It knows no facts.

One connection writes, and only inside ``writing()``: the authorizer refuses every other way to begin a
transaction, so a write outside of it, sqlite-utils' own ``atomic()`` and a deferred BEGIN all fail
loudly. Others use ``reader.open_reader``.
"""

import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlite_utils import Database
from sqlite_utils.db import Table

from edge.domain.values import rfc3339
from edge.errors import Busy, CannotCreate, LedgerError
from edge.ledger.reader import BUSY_MS, ledger_errors, refuse_foreign
from edge.ledger.schema import migrations
from edge.ledger.tables import APPEND_ONLY, MIGRATIONS, TABLES

WAL_LIMIT = 16 * 1024 * 1024
"""Above this the write-ahead log is cut back; readers that idle in a transaction make it grow."""

SETTINGS: dict[str, int | str] = {
    "journal_mode": "wal",
    "synchronous": 2,
    "foreign_keys": 1,
    "recursive_triggers": 1,
    "busy_timeout": BUSY_MS,
    "wal_autocheckpoint": 0,
}
"""Set, then read back; the file is not written unless every one holds (2: FULL)."""


class Store:
    """The one writing connection. Its thread is the only one that may use it.

    ``db`` may be asked anything; it refuses to write outside of ``writing()``.
    """

    def __init__(self, path: Path, db: Database, lock: int) -> None:
        self.path = path
        self.db = db
        self._lock = lock
        self._opening = False
        db.conn.set_authorizer(self._allows)

    @classmethod
    def open(cls, path: Path, prepare: Callable[[Database], None]) -> "Store":
        """The ledger at ``path``, made where it is not there; ``prepare`` may write its first rows.

        Raises Busy when another process writes it, CannotCreate where there is no writable place,
        LedgerError when the file is damaged, newer than this program, or not a ledger.
        """
        lock = writer_lock(path)
        try:
            if not path.exists():
                _make(path, prepare)
            return cls(path, _opened(path, prepare), lock)
        except BaseException:
            os.close(lock)
            raise

    @contextlib.contextmanager
    def writing(self) -> Iterator[Database]:
        """BEGIN IMMEDIATE … COMMIT, or ROLLBACK on any error, which is raised again as it is."""
        conn = self.db.conn
        if conn.in_transaction:  # a ROLLBACK that itself failed: nothing of it may join this one
            conn.execute("ROLLBACK")
        try:
            self._begin()
            yield self.db
            conn.execute("COMMIT")
        except BaseException:
            if conn.in_transaction:
                conn.execute("ROLLBACK")
            raise

    def _begin(self) -> None:
        self._opening = True
        try:
            self.db.conn.execute(_BEGIN)
        finally:
            self._opening = False

    def query(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """The rows of a question."""
        return self.db.execute(sql, parameters).fetchall()

    def table(self, name: str) -> Table:
        """sqlite-utils' table ``name``. Raises LedgerError for one that is not there: none is made."""
        if name not in TABLES:
            raise LedgerError(f"the ledger has no table {name!r}")
        return self.db.table(name)

    def checkpoint(self) -> int:
        """Copy the write-ahead log into the file while nobody sells; gives the log's bytes afterwards.

        Never waits for readers below WAL_LIMIT (PASSIVE); above it the log is cut back (TRUNCATE).
        """
        mode = "TRUNCATE" if self.wal_bytes() > WAL_LIMIT else "PASSIVE"
        with ledger_errors(self.path):
            self.db.execute(f"PRAGMA wal_checkpoint({mode})").fetchall()
        return self.wal_bytes()

    def wal_bytes(self) -> int:
        wal = Path(f"{self.path}-wal")
        return wal.stat().st_size if wal.exists() else 0

    def close(self) -> None:
        """Once; a second call does nothing."""
        if self._lock < 0:
            return
        self.db.close()
        os.close(self._lock)
        self._lock = -1

    def _allows(self, action: int, one: str | None, two: str | None, _db: str | None, _by: str | None) -> int:
        if action in _READS or action == sqlite3.SQLITE_INSERT:
            return _denied_if(action == sqlite3.SQLITE_INSERT and one not in TABLES)
        if action in (sqlite3.SQLITE_UPDATE, sqlite3.SQLITE_DELETE):
            return _denied_if(one in APPEND_ONLY or one not in TABLES)
        if action == sqlite3.SQLITE_TRANSACTION:
            return _denied_if(one == "BEGIN" and not self._opening)
        if action == sqlite3.SQLITE_SAVEPOINT:
            return _denied_if(not self.db.conn.in_transaction)
        if action == sqlite3.SQLITE_PRAGMA:
            return _denied_if(two is not None and one not in _PRAGMAS)
        return sqlite3.SQLITE_DENY


_BEGIN = "BEGIN IMMEDIATE /* writing() */"
"""Its own text: the authorizer is asked when a text is first prepared, so nobody may share this one."""

_READS = (sqlite3.SQLITE_SELECT, sqlite3.SQLITE_READ, sqlite3.SQLITE_FUNCTION, sqlite3.SQLITE_RECURSIVE)
_PRAGMAS = ("wal_checkpoint", "table_info", "table_xinfo", "index_list", "index_info", "quick_check")


def _denied_if(wrong: bool) -> int:
    return sqlite3.SQLITE_DENY if wrong else sqlite3.SQLITE_OK


def writer_lock(path: Path) -> int:
    """A lock that dies with the process: two writers on one file are never wanted, and old SQLite
    versions (3.7.0 to 3.51.2) can lose commits with them (sqlite.org/wal.html, WAL-reset bug)."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise CannotCreate(f"{path}: {error.strerror}; is the data directory writable?") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(lock)
        raise Busy(f"{path}: another process has this ledger open; stop it first") from error
    return lock


def _make(path: Path, prepare: Callable[[Database], None]) -> None:
    """A new file appears whole, under its name, or not at all: readers never meet a half-made one."""
    draft = Path(f"{path}.new")
    for leftover in (draft, Path(f"{draft}-wal"), Path(f"{draft}-shm"), Path(f"{draft}-journal")):
        leftover.unlink(missing_ok=True)
    _opened(draft, prepare).close()
    draft.rename(path)
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _opened(path: Path, prepare: Callable[[Database], None]) -> Database:
    with ledger_errors(path):
        db = Database(sqlite3.connect(str(path), isolation_level="IMMEDIATE", cached_statements=256))
    try:
        with ledger_errors(path):
            refuse_foreign(path, db.conn)
            _set_and_check(path, db)
            if (found := db.execute("PRAGMA quick_check(1)").fetchone()[0]) != "ok":
                raise LedgerError(f"{path}: damaged ({found}); restore a copy, keep this file as evidence")
            migrations.apply(db)
            db.execute("BEGIN IMMEDIATE")
            prepare(db)
            db.execute("COMMIT")
    except BaseException:
        db.close()
        raise
    return db


def _set_and_check(path: Path, db: Database) -> None:
    for name, wanted in SETTINGS.items():
        db.execute(f"PRAGMA {name} = {wanted}").fetchall()
    db.execute(f"PRAGMA journal_size_limit = {WAL_LIMIT}").fetchall()
    db.execute("PRAGMA secure_delete = ON").fetchall()  # what is forgotten leaves no trace in the file
    for name, wanted in SETTINGS.items():
        if (found := db.execute(f"PRAGMA {name}").fetchone()[0]) != wanted:
            raise LedgerError(
                f"{path}: PRAGMA {name} is {found}, it must be {wanted}; the disk may not allow it"
            )


def first_rows(counter: str, incarnation: str, created: datetime) -> Callable[[Database], None]:
    """Writes the meta row of a new file; leaves that of an old one alone."""

    def prepare(db: Database) -> None:
        db.execute(
            "INSERT INTO meta SELECT 1, ?, ?, ?, ? WHERE NOT EXISTS (SELECT 1 FROM meta)",
            (counter, incarnation, len(MIGRATIONS), rfc3339(created)),
        )

    return prepare
