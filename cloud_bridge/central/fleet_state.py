"""How a counter stands, in one of four words: the rule as a function and as SQL, tested equal. Pure."""

from dataclasses import dataclass
from enum import StrEnum

SILENT_S = 330
"""Its bridge speaks every 30 s, every 300 s while it catches up; a last will may be lost with the broker."""
BACKLOG = 200
"""Events that wait to be sent: more than an hour of a busy counter."""
CLOCK_OFF_S = 60
"""A sale beyond it is marked as of a suspect clock."""


class Standing(StrEnum):
    """From bad to good."""

    ALARM = "ALARM"
    OFFLINE = "OFFLINE"
    DEGRADED = "DEGRADED"
    ONLINE = "ONLINE"


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a counter. urgent: grave alarms that nobody acknowledged; standing: all alarms that
    stand. gap: numbers are missing. clock_off_s: how far its clock is from the centre's; None: not told.
    """

    online: bool
    silent_s: int
    urgent: int = 0
    standing: int = 0
    backlog: int = 0
    parked: int = 0
    gap: bool = False
    clock_off_s: int | None = None


def standing_of(facts: Facts) -> Standing:
    """An alarm that nobody has seen comes before everything, also at a counter that is gone since."""
    if facts.urgent:
        return Standing.ALARM
    if not facts.online or facts.silent_s > SILENT_S:
        return Standing.OFFLINE
    off = facts.clock_off_s is not None and abs(facts.clock_off_s) > CLOCK_OFF_S
    if facts.standing or facts.backlog > BACKLOG or facts.parked or facts.gap or off:
        return Standing.DEGRADED
    return Standing.ONLINE


CASE = (
    "case when urgent > 0 then 'ALARM'"
    " when online = 0 or heard < :silent_before then 'OFFLINE'"
    f" when standing > 0 or backlog > {BACKLOG} or parked > 0 or gap > 0"
    f" or clock_off_s > {CLOCK_OFF_S} or clock_off_s < -{CLOCK_OFF_S} then 'DEGRADED'"
    " else 'ONLINE' end"
)
"""``standing_of`` in SQL, over columns of these names; null compares as unknown, so never as off."""
