"""Whether the counter's filing with the authority still holds. It knows one date and raises one alarm."""

from zoneinfo import ZoneInfo

from edge.alarms import AlarmBook
from edge.domain.values import Instant
from edge.settings import Counter

KIND, SUBJECT = "FILING_LAPSED", "filing"


class Filing:
    """Raises the alarm on the first local day after the filing's last one; a renewed filing clears it."""

    def __init__(self, counter: Counter, alarms: AlarmBook) -> None:
        self._number = counter.filing_no
        self._valid_to = counter.filing_valid_to
        self._zone = ZoneInfo(counter.timezone)
        self._alarms = alarms

    def look(self, now: Instant) -> None:
        """Called at every idle step."""
        lapsed = self._valid_to is not None and now.wall.astimezone(self._zone).date() > self._valid_to
        if lapsed:
            self._alarms.raise_(KIND, SUBJECT, "MAJOR", f"{self._number}: valid to {self._valid_to}", now)
        else:
            self._alarms.clear(KIND, SUBJECT, now)
