"""How several answers of a lock board become one look at the door, and when a look is believed."""

from dataclasses import replace

from edge.hardware.drivers.lock_driver import LockDriver
from edge.hardware.signals import DoorState

MOST_DOUBTED = 6
"""So many looks in a row that agree with nobody mean that nothing is known; about half a second."""


class Looks:
    """Looks at the door through one driver. A pulse, a time-out or a lost line breaks a look off."""

    def __init__(self, driver: LockDriver) -> None:
        self._driver = driver
        self.forget()

    def forget(self) -> None:
        """Nothing that was seen counts any more."""
        self._answers: list[bytes] = []
        self.contacts: tuple[bool, ...] = ()
        """Raw contacts of all channels as last seen, where the board tells of all at once."""
        self._last: DoorState | None = None
        self._agreed = 0
        self._doubted = 0

    def forget_half(self) -> None:
        """The look under way begins anew."""
        self._answers.clear()

    @property
    def half(self) -> int:
        """Answers that the look under way has; 0: none is under way."""
        return len(self._answers)

    @property
    def again(self) -> bool:
        """Whether the last look is worth nothing before another one, which is worth a hurry."""
        return 0 < self._doubted < MOST_DOUBTED

    def answered(self, reply: bytes, at: float) -> DoorState | None:
        """The look that ``reply`` completes, if it is believed; unknown where looks go on contradicting."""
        self._answers.append(reply)
        if len(self._answers) < len(self._driver.looks):
            return None
        door = self._driver.door(self._answers, at)
        self.contacts = self._driver.contacts(self._answers)
        self._answers.clear()
        return self._believed(door)

    def told(self, said: DoorState) -> DoorState | None:
        """The door after what the board said unasked; None where the other contact is not known."""
        self._answers.clear()
        if self._last is None or self._agreed < self._driver.agree:
            return None
        self._last = replace(
            said,
            closed=self._last.closed if said.closed is None else said.closed,
            locked=self._last.locked if said.locked is None else said.locked,
        )
        return self._last

    def _believed(self, door: DoorState) -> DoorState | None:
        same = self._last is not None and replace(self._last, at=door.at) == door
        self._last = door
        self._agreed = self._agreed + 1 if same else 1
        if self._agreed >= self._driver.agree:
            self._doubted = 0
            return door
        self._doubted += 1
        return None if self._doubted < MOST_DOUBTED else DoorState(door.at, None, None)
