"""Looks into the bridge's file for commands and hands each to the engine, once a run. It judges nothing."""

from collections.abc import Callable
from pathlib import Path

import structlog

from edge.errors import LedgerError
from edge.ledger.inbox import Cursor, Inbox
from edge.turn import Order

log = structlog.get_logger(__name__)

INBOX_EVERY_S = 0.2
"""A door that was asked for at the centre must not be waited for."""
AT_ONCE = 20


class InboxWatch:
    """From the first command at every start: who acts knows by their ids what was done. One thread's."""

    def __init__(self, bridge_db: Path, put: Callable[[Order], None]) -> None:
        self._inbox = Inbox(bridge_db)
        self._put = put
        self._cursor = Cursor()
        self._at = 0.0
        self._told = False

    def look(self, now: float) -> None:
        """Hand on what has come. now: monotonic seconds; too early, and nothing is looked at."""
        if now < self._at:
            return
        self._at = now + INBOX_EVERY_S
        try:
            rows = self._inbox.rows(self._cursor, AT_ONCE)
        except LedgerError as error:
            if not self._told:
                log.error("inbox_not_read", error=str(error))
            self._told = True
            return
        self._told = False
        for row in rows:
            self._cursor = row.cursor
            self._put(Order(row.id, row.jws))

    def close(self) -> None:
        self._inbox.close()
