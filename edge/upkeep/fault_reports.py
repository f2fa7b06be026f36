"""What people report at the counter becomes alarms, and staff at the door clear them. It keeps nothing."""

from edge.alarms import AlarmBook
from edge.domain.records import ClosedSession
from edge.domain.reports import About, FaultReport
from edge.domain.values import Instant, Kind

KIND = "FAULT_REPORT"
SEVERITY = {About.DOOR: "MAJOR"}
"""The others are MINOR: one person's word, and nothing that keeps the counter from being shut."""


class FaultReports:
    def __init__(self, alarms: AlarmBook) -> None:
        self._alarms = alarms

    def hear(self, report: FaultReport, now: Instant) -> None:
        severity = SEVERITY.get(report.about, "MINOR")
        self._alarms.raise_(KIND, report.subject, severity, report.text, now)

    def recorded(self, closed: ClosedSession) -> None:
        """Staff have opened the door, for restock or service: they have seen what was reported."""
        if closed.kind is not Kind.BUY and closed.state != "CANCELLED":
            for subject in sorted(self._alarms.subjects(KIND)):
                self._alarms.clear(KIND, subject, closed.closed)
