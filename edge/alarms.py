"""Alarms as the engine knows them: each (kind, subject) is raised once and cleared once."""

from collections.abc import Callable

import structlog

from edge.domain.values import Instant, SessionId
from edge.errors import LedgerError
from edge.ledger.ledger import Ledger

log = structlog.get_logger(__name__)

RETRY_S = 1.0


class AlarmBook:
    """Writes changes to the ledger only, so that a fault that persists is not written at every poll.

    What the ledger refuses is kept, shown, and written when it can be (``retry``).
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._raised = {(alarm.kind, alarm.subject): alarm.detail for alarm in ledger.alarms()}
        self._owed: list[Callable[[], bool]] = []
        self._retry_at = 0.0

    def raise_(
        self,
        kind: str,
        subject: str,
        severity: str,
        detail: str,
        now: Instant,
        *,
        session: SessionId | None = None,
    ) -> None:
        """severity: CRITICAL MAJOR MINOR WARNING. Raising again with the same detail does nothing."""
        if self._raised.get((kind, subject)) == detail:
            return
        log.warning("alarm", kind=kind, subject=subject, severity=severity, detail=detail)
        self._raised[kind, subject] = detail
        self._write(lambda: self._ledger.raise_alarm(kind, subject, severity, detail, session, now))

    def clear(self, kind: str, subject: str, now: Instant) -> None:
        if self._raised.pop((kind, subject), None) is not None:
            self._write(lambda: self._ledger.clear_alarm(kind, subject, now))

    def retry(self, now: Instant) -> None:
        """Write what the ledger refused before, in order; at most once a second."""
        if not self._owed or now.mono < self._retry_at:
            return
        self._retry_at = now.mono + RETRY_S
        owed, self._owed = self._owed, []
        for change in owed:
            self._write(change)

    def kinds(self) -> tuple[str, ...]:
        """The kinds raised just now, sorted, each once."""
        return tuple(sorted({kind for kind, _ in self._raised}))

    def subjects(self, kind: str) -> frozenset[str]:
        """What alarms of ``kind`` are raised for just now."""
        return frozenset(subject for known, subject in self._raised if known == kind)

    def _write(self, change: Callable[[], bool]) -> None:
        if self._owed:
            self._owed.append(change)
            return
        try:
            change()
        except LedgerError as error:
            log.error("alarm_not_written", error=str(error))
            self._owed.append(change)
