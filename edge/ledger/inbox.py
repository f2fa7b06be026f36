"""Which commands arrived, as the bridge's file says. Read-only; the bridge may be dead or new.

What is here passed the bridge's check and no more: whoever acts on it checks it again.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

from edge.ledger.reader import ledger_errors, read_only

_ROWS = "SELECT n, id, kind, jws, arrived_at FROM inbox WHERE n > ? AND jws <> '' ORDER BY n LIMIT ?"


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far an inbox was read. file: its identity; one that was lost and made anew has another."""

    file: str = ""
    n: int = 0


@dataclass(frozen=True, slots=True)
class Row:
    """One command. cursor: to read on behind it. arrived_at: RFC 3339 UTC, by the bridge's clock."""

    cursor: Cursor
    id: str
    kind: str
    jws: str
    arrived_at: str


class Inbox:
    """One read-only connection, of one thread. No call leaves a transaction open."""

    def __init__(self, bridge_db: Path) -> None:
        """The file need not be there yet."""
        self._path = bridge_db
        self._conn: sqlite3.Connection | None = None
        self._opened = (0, 0)
        self._file = ""

    def rows(self, after: Cursor, limit: int = 50) -> list[Row]:
        """At most ``limit`` commands behind ``after`` (``Cursor()``: all), oldest first.

        All of them again, from the first, where ``after`` is of another file: who reads knows by their ids
        what was done. Raises LedgerError where the file is there and cannot be read.
        """
        with ledger_errors(self._path):
            conn = self._connected()
            if conn is None:
                return []
            start = after.n if after.file == self._file else 0
            return [Row(Cursor(self._file, n), *rest) for n, *rest in conn.execute(_ROWS, (start, limit))]

    def close(self) -> None:
        if self._conn is not None:
            self._conn.close()
            self._conn = None

    def _connected(self) -> sqlite3.Connection | None:
        """The connection to the file that is there now; None without a file or without its table."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            self.close()
            return None
        if self._conn is not None and (found.st_dev, found.st_ino) == self._opened:
            return self._conn
        self.close()
        conn = read_only(self._path)
        try:
            made = conn.execute("SELECT 1 FROM sqlite_master WHERE name = 'inbox_file'").fetchone()
            row = conn.execute("SELECT id FROM inbox_file").fetchone() if made else None
        except BaseException:
            conn.close()
            raise
        if row is None:
            conn.close()
            return None
        self._conn, self._opened, self._file = conn, (found.st_dev, found.st_ino), row[0]
        return conn
