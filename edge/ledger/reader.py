"""How others look into the ledger: read-only, committed rows only, never a checkpoint. Plain sqlite3."""

import contextlib
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from edge.errors import LedgerError, NoInput
from edge.ledger.tables import MIGRATION_SET, MIGRATION_TABLE, MIGRATIONS, TABLES

BUSY_MS = 5000


def open_reader(path: Path) -> sqlite3.Connection:
    """A connection that can write nothing (``mode=ro``, ``query_only``).

    Raises NoInput where there is no ledger yet, LedgerError for a file that is newer than this program
    or no ledger.
    """
    if not path.is_file():
        raise NoInput(f"{path}: no ledger here yet; `counter run` makes it")
    with ledger_errors(path):
        conn = read_only(path)
    try:
        with ledger_errors(path):
            conn.execute("PRAGMA query_only = 1")
            if not refuse_foreign(path, conn):
                raise NoInput(f"{path}: an empty file, no ledger; `counter run` makes one of it")
    except BaseException:
        conn.close()
        raise
    return conn


def read_only(path: Path) -> sqlite3.Connection:
    """A ``mode=ro`` connection to a file that somebody else writes. Raises sqlite3.Error."""
    uri = f"file:{quote(str(path))}?mode=ro"
    return sqlite3.connect(uri, uri=True, isolation_level=None, timeout=BUSY_MS / 1000)


def refuse_foreign(path: Path, conn: sqlite3.Connection) -> frozenset[str]:
    """The migrations that stand. Raises LedgerError for a newer file and for one that is no ledger."""
    tables = {name for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    applied: set[str] = set()
    if MIGRATION_TABLE in tables:
        names = conn.execute(f"SELECT name FROM {MIGRATION_TABLE} WHERE migration_set = ?", (MIGRATION_SET,))
        applied = {name for (name,) in names}
    if newer := sorted(applied - set(MIGRATIONS)):
        raise LedgerError(
            f"{path}: made by a newer version of this program (it has {', '.join(newer)});"
            " install that version, or restore an older copy"
        )
    if not applied and (others := tables - {MIGRATION_TABLE}):
        raise LedgerError(f"{path}: not a ledger: it has the tables {', '.join(sorted(others))}")
    return frozenset(applied)


def refuse_older(path: Path, conn: sqlite3.Connection) -> None:
    """Raises LedgerError for a file whose tables are not yet those of this version."""
    if older := sorted(set(MIGRATIONS) - refuse_foreign(path, conn)):
        raise LedgerError(
            f"{path}: made by an older version of this program (it lacks {', '.join(older)});"
            " `counter run` brings it up to date"
        )


def count(conn: sqlite3.Connection, table: str) -> int:
    """Rows of ``table``. Raises LedgerError for a table the ledger does not have."""
    if table not in TABLES:
        raise LedgerError(f"the ledger has no table {table!r}")
    found: int = conn.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return found


@contextlib.contextmanager
def ledger_errors(path: Path) -> Iterator[None]:
    """SQLite's errors as LedgerErrors that name the file."""
    try:
        yield
    except sqlite3.Error as error:
        raise LedgerError(f"{path}: {error} ({error_name(error)})") from error


def error_name(error: sqlite3.Error) -> str:
    """SQLite's own name of an error, e.g. ``SQLITE_FULL``; the class's where SQLite gave none."""
    return getattr(error, "sqlite_errorname", None) or type(error).__name__
