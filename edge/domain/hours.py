"""When buyers may open: days of the week with times, as the settings write them. Local time, no calendar."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_TEXT = re.compile(r"(\w{3})(?:-(\w{3}))? (\d{2}):(\d{2})-(\d{2}):(\d{2})")


@dataclass(frozen=True, slots=True)
class Opening:
    """Days (0: Monday) and minutes since local midnight, the first included, the last not."""

    days: frozenset[int]
    begins: int
    ends: int
    text: str

    def covers(self, local: datetime) -> bool:
        return local.weekday() in self.days and self.begins <= local.hour * 60 + local.minute < self.ends


def opening_of(text: str) -> Opening:
    """``mon-fri 07:30-20:00`` or ``sat 09:00-17:00``; 24:00 is midnight. Raises ValueError."""
    found = _TEXT.fullmatch(text.strip().lower())
    first, last = (found[1], found[2] or found[1]) if found else ("", "")
    if not found or first not in DAYS or last not in DAYS:
        raise ValueError(f"{text!r} must be like 'mon-fri 07:30-20:00' or 'sat 09:00-17:00'")
    begins, ends = _minutes(found[3], found[4], text), _minutes(found[5], found[6], text)
    if begins >= ends:
        raise ValueError(f"{text!r} ends before it begins; a night is two lines, until 24:00 and from 00:00")
    start, span = DAYS.index(first), (DAYS.index(last) - DAYS.index(first)) % 7
    return Opening(frozenset((start + day) % 7 for day in range(span + 1)), begins, ends, text.strip())


def is_open(hours: Iterable[Opening], local: datetime) -> bool:
    """Whether buyers may open at ``local``; no hours at all: always."""
    hours = tuple(hours)
    return not hours or any(each.covers(local) for each in hours)


def _minutes(hour: str, minute: str, text: str) -> int:
    value = int(hour) * 60 + int(minute)
    if int(minute) > 59 or value > 24 * 60:
        raise ValueError(f"{text!r}: {hour}:{minute} is no time of day")
    return value
