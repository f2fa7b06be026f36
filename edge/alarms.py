"""Alarms as the engine knows them: each (kind, subject) is raised once and cleared once."""

from edge.domain.values import Instant, SessionId
from edge.ledger import Ledger


class AlarmBook:
    """Writes changes to the ledger only, so that a fault that persists is not written at every poll."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._raised = {(alarm.kind, alarm.subject): alarm.detail for alarm in ledger.alarms()}

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
        self._ledger.raise_alarm(kind, subject, severity, detail, session, now)
        self._raised[kind, subject] = detail

    def clear(self, kind: str, subject: str, now: Instant) -> None:
        if (kind, subject) in self._raised:
            self._ledger.clear_alarm(kind, subject, now)
            del self._raised[kind, subject]

    def kinds(self) -> tuple[str, ...]:
        """The kinds raised just now, sorted, each once."""
        return tuple(sorted({kind for kind, _ in self._raised}))
