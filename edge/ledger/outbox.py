"""The outbox as the bridge sees it: the ledger's events above a mark, as the bytes to send. Read-only.

It keeps no mark of its own; how far the centre acknowledged is the bridge's to know.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from edge.ledger.reader import ledger_errors, open_reader

Range = tuple[int, int]
"""A closed range of event numbers."""

_EVENTS = "SELECT seq, body FROM event WHERE seq BETWEEN ? AND ? ORDER BY seq LIMIT ?"


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

    def events(self, after: int, limit: int, skip: Sequence[Range] = ()) -> list[tuple[int, bytes]]:
        """(seq, bytes) of at most ``limit`` events above ``after``, oldest first, none in ``skip``."""
        found: list[tuple[int, bytes]] = []
        with ledger_errors(self._path):
            for low, high in wanted(after, self.last_seq(), skip):
                found += self._conn.execute(_EVENTS, (low, high, limit - len(found))).fetchall()
                if len(found) >= limit:
                    break
        return found

    def close(self) -> None:
        self._conn.close()

    def _one(self, sql: str) -> Any:
        with ledger_errors(self._path):
            return self._conn.execute(sql).fetchone()[0]


def wanted(after: int, last: int, skip: Sequence[Range]) -> Iterator[Range]:
    """The closed ranges of ``after`` + 1 … ``last`` that ``skip`` (in any order) leaves."""
    low = after + 1
    for first, final in sorted(skip):
        if first > low:
            yield low, min(first - 1, last)
        low = max(low, final + 1)
        if low > last:
            return
    if low <= last:
        yield low, last
