"""Is the cabinet fit to open: its line, lock, door and settings as the bus last told. It opens nothing."""

import structlog

from edge.alarms import AlarmBook
from edge.domain.values import Instant
from edge.hardware.signals import DeviceAlarm, DoorState, LineState, Misconfigured

log = structlog.get_logger(__name__)


class Equipment:
    """What the devices said, and the alarms that follow from it."""

    def __init__(self, alarms: AlarmBook, now: Instant) -> None:
        self._alarms = alarms
        self._line_up = False
        self._lock_lost = False
        self._misconfigured: set[str] = set()
        self.door = DoorState(now.mono, None, None)

    def why_unfit(self, *, idle: bool) -> str:
        """Why nobody may open just now, as a string key; "": all is well. idle: no session is under way."""
        if not self._line_up:
            return "line"
        if self._lock_lost or self.door.closed is None or self.door.locked is None:
            return "lock"
        if self._misconfigured:
            return "misconfigured"
        if idle and not (self.door.closed and self.door.locked):
            return "door"
        return ""

    def see_door(self, seen: DoorState) -> None:
        if (seen.closed, seen.locked) != (self.door.closed, self.door.locked):
            log.info("door", closed=seen.closed, locked=seen.locked)
        self.door = seen

    def hear_device(self, alarm: DeviceAlarm, now: Instant) -> None:
        if alarm.device == "lock":
            self._lock_lost = alarm.fault is not None
        if alarm.fault is None:
            self._alarms.clear("SENSOR_LOST", alarm.device, now)
        else:
            self._alarms.raise_("SENSOR_LOST", alarm.device, "MAJOR", alarm.fault, now)

    def hear_line(self, line: LineState, now: Instant) -> None:
        self._line_up = line.up
        if line.up:
            self._alarms.clear("LINE_GONE", line.port, now)
        else:
            self.door = DoorState(now.mono, None, None)
            self._alarms.raise_("LINE_GONE", line.port, "CRITICAL", line.reason, now)

    def hear_misconfigured(self, found: Misconfigured, now: Instant) -> None:
        self._misconfigured.add(found.tray)
        detail = f"register {found.register} holds {found.value}; it must hold 0"
        self._alarms.raise_("MISCONFIGURED", found.tray, "CRITICAL", detail, now)
