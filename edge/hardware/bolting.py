"""When a bolt that a motor drives is to be thrown: only the counter tells the board. Time is an argument."""

from dataclasses import dataclass
from math import inf

from edge.hardware.signals import DoorState

SETTLED_S = 0.5
"""The door rests in its frame for so long before the bolt is thrown behind it."""
UNOPENED_S = 9.5
"""So long whoever was let in has for opening the door."""
AGAIN_S, MOST_TRIES = 3.0, 3
"""A motor that fails is given a rest, and not told for ever: the counter's alarm for an open bolt stands."""


@dataclass(slots=True)
class Bolting:
    """due: when the bolt is to be thrown; inf: not as things are."""

    due: float = inf
    _let_in_at: float = -inf
    _opened: bool = False
    _tries: int = 0

    def let_in(self, at: float) -> None:
        """The bolt was told to draw, whether or not that is known to have worked."""
        self.due, self._let_in_at, self._opened, self._tries = inf, at, False, 0

    def seen(self, door: DoorState) -> None:
        """Take note of a look at the door. What is not known leaves the bolt where it is."""
        if door.closed is False:
            self.due, self._opened, self._tries = inf, True, 0
        elif door.locked:
            self.due, self._opened, self._tries = inf, False, 0
        elif door.closed is None or door.locked is None:
            self.due = inf
        elif self.due == inf and self._tries < MOST_TRIES:
            self.due = door.at + AGAIN_S if self._tries else self._first(door.at)

    def told(self) -> None:
        """The board has been told to throw the bolt."""
        self.due = inf
        self._tries += 1

    def _first(self, now: float) -> float:
        return now + SETTLED_S if self._opened else max(now + SETTLED_S, self._let_in_at + UNOPENED_S)
