"""The door: leaf, hook bolt and reed contact. Every question is a function of time; nothing ticks.

A pulse draws the hook back after ``DRAW_S``. When nobody opens, it falls in again ``relock_s`` after the
pulse; when the door was open and closes, it falls in ``LATCH_S`` later. A bolt with a motor does neither: it
moves only when it is told, ``MOTOR_S`` long.
"""

from dataclasses import dataclass, field
from random import Random

DRAW_S = 0.2
LATCH_S = 0.3
MOTOR_S = 0.8
BOUNCE_S = (0.02, 0.1)
"""A reed contact bounces this long; boards and drivers debounce 100 ms."""


@dataclass(slots=True)
class Door:
    """stuck: the hook does not follow the pulse. jammed: the hook does not fall in.
    reed_stuck: the contact stays as it is, whatever the leaf does. motor: the bolt waits to be thrown."""

    relock_s: float = 9.5
    is_open: bool = False
    stuck: bool = False
    jammed: bool = False
    reed_stuck: bool | None = None
    motor: bool = False
    _locked: bool = True
    _moves: list[tuple[float, bool]] = field(default_factory=list)
    """Movements of the hook to come: (when, locked afterwards), in time order."""
    _bounces: tuple[float, ...] = ()
    """Times at which the reed changes, the last one for good."""

    def locked(self, at: float) -> bool:
        """Whether the hook is in at ``at``; ``at`` may lie ahead."""
        locked = self._locked
        for when, goes_in in self._moves:
            if when <= at and not (goes_in and self.jammed):
                locked = goes_in
        return locked

    def reed_closed(self, at: float) -> bool:
        """The contact: the leaf's place, seen through bounce."""
        if self.reed_stuck is not None:
            return self.reed_stuck
        still_to_come = sum(1 for when in self._bounces if when > at)
        return (not self.is_open) ^ (still_to_come % 2 == 1)

    def pulse(self, now: float) -> None:
        """The board energises the coil at ``now``."""
        self._settle(now)
        if self.stuck:
            return
        self._moves = [(now + (MOTOR_S if self.motor else DRAW_S), False)]
        if not self.is_open and not self.motor:
            self._moves.append((now + self.relock_s, True))

    def throw(self, now: float) -> None:
        """The motor is told at ``now`` to throw the bolt; where that cannot be it draws it back again."""
        self._settle(now)
        if not (self.stuck or self.jammed or self.is_open):
            self._moves = [(now + MOTOR_S, True)]

    def power_lost(self, now: float) -> None:
        """Without current a pulse that has not yet moved the hook never will."""
        self._settle(now)
        if any(not goes_in for _, goes_in in self._moves):
            self._moves = []

    def open(self, now: float, random: Random) -> None:
        """Pull the leaf open. Whether the hook lets it is the caller's question."""
        self._settle(now)
        self._moves = self._draws()
        self._turn(True, now, random)

    def close(self, now: float, random: Random) -> None:
        self._settle(now)
        self._turn(False, now, random)
        draws = self._draws()
        if self.motor:
            self._moves = draws
        elif draws or not self._locked:
            self._moves = [*draws, (max([now, *(when for when, _ in draws)]) + LATCH_S, True)]

    def restore(self, is_open: bool, locked: bool, now: float) -> None:
        """Put the door as it was found; a closed door's hook falls in."""
        self.is_open, self._locked = is_open, locked
        self._moves = [] if is_open or locked or self.motor else [(now + LATCH_S, True)]

    def _draws(self) -> list[tuple[float, bool]]:
        return [move for move in self._moves if not move[1]]

    def _turn(self, to_open: bool, now: float, random: Random) -> None:
        self.is_open = to_open
        until = now + random.uniform(*BOUNCE_S)
        self._bounces = (*sorted(random.uniform(now, until) for _ in range(4)), until)

    def _settle(self, now: float) -> None:
        """Make what has happened by ``now`` the present. A jammed hook keeps its movement pending."""
        self._locked = self.locked(now)
        self._moves = [m for m in self._moves if m[0] > now or (m[1] and self.jammed)]
