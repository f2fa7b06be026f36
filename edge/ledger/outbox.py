"""The outbox as the bridge sees it: the ledger's events above a mark, as the bytes to send. Read-only.

It keeps no mark of its own; how far the centre acknowledged is the bridge's to know.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from edge.ledger.reader import ledger_errors, open_reader

_ANSWERS = "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'command_end'"
_ANSWERED = "SELECT command FROM command_end WHERE command IN ({marks})"
_EVENTS = "SELECT seq, body FROM event WHERE seq > ? ORDER BY seq LIMIT ?"


class Outbox:
    """One read-only connection; of one thread. No call leaves a transaction open."""

    def __init__(self, path: Path) -> None:
        """Raises NoInput where there is no ledger yet, LedgerError where it cannot be read."""
        self._path = path
        self._conn = open_reader(path)

    def incarnation(self) -> str:
        """16 hex digits; a ledger that was made anew has others."""
        return str(self._one("SELECT incarnation FROM meta"))

    def last_seq(self) -> int:
        """The newest event's number, 0 while there is none."""
        return int(self._one("SELECT last_seq FROM feed"))

    def events(self, after: int, limit: int) -> list[tuple[int, bytes]]:
        """(seq, bytes) of at most ``limit`` events above ``after``, oldest first."""
        with ledger_errors(self._path):
            return self._conn.execute(_EVENTS, (after, limit)).fetchall()

    def answered(self, commands: Sequence[str]) -> set[str]:
        """Those of ``commands``, by id, that have ended and were answered by an event."""
        asked = _ANSWERED.format(marks=", ".join("?" * len(commands)))
        with ledger_errors(self._path):
            if self._conn.execute(_ANSWERS).fetchone() is None:
                return set()  # a ledger of before commands, until the counter's program opens it
            return {id for (id,) in self._conn.execute(asked, tuple(commands)).fetchall()}

    def close(self) -> None:
        self._conn.close()

    def _one(self, sql: str) -> Any:
        with ledger_errors(self._path):
            return self._conn.execute(sql).fetchone()[0]
