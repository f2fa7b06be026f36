"""One channel of a lock board, seen from the board: a coil and a contact. Knows no protocol and no door."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel's wires. closed: the raw contact at a time, which may lie ahead; pulse: the coil fires."""

    closed: Callable[[float], bool]
    pulse: Callable[[float], None] = lambda now: None


@dataclass(frozen=True, slots=True)
class Channels:
    """What is wired to a board, by channel number from 1; the others have no coil and read open."""

    wired: Mapping[int, Channel]

    def pulse(self, lock: int, at: float) -> None:
        if lock in self.wired:
            self.wired[lock].pulse(at)

    def closed(self, lock: int, at: float) -> bool:
        return lock in self.wired and self.wired[lock].closed(at)

    def contacts(self, at: float) -> int:
        """The raw contacts as bits, bit 0 is channel 1."""
        return sum(1 << lock - 1 for lock in self.wired if self.closed(lock, at))
