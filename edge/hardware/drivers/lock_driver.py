"""What the bus needs of a lock board's driver, whatever the board. Sends nothing, decides nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.hardware.exchange import Exchange
from edge.hardware.signals import DoorState, Unlocked


@dataclass(frozen=True, slots=True)
class LockCheck:
    """A setting of the board that must be 0, and the question that shows it."""

    register: int
    exchange: Exchange


class LockDriver(Protocol):
    """One bolt and one reed on one board.

    unlock: pulses the bolt; sent once for each job, never again.
    throw: throws the bolt of a lock with a motor, which stays drawn until it is told; None: the bolt falls in
    by itself.
    unlock_every: pulses all locks of the board; None: it has no such command.
    looks: the questions that together show bolt and reed, in the order in which they are asked.
    probe: a harmless question for after a time-out. Its answer is thrown away and cannot be taken for
    that of a look; where a board has no such question, ``worst`` of its exchanges is their ``hold``.
    after_unlock: what the board must be told after each pulse; whatever comes back is thrown away.
    checks: asked when the line comes up; a board that refuses one has no such setting.
    speaks_unasked: whether all bytes of the line are to be shown to ``heard``.
    agree: how many looks in a row must say the same before one is believed.
    """

    device: str = "lock"
    unlock: Exchange
    throw: Exchange | None = None
    unlock_every: Exchange | None = None
    looks: tuple[Exchange, ...]
    probe: Exchange
    after_unlock: Exchange | None = None
    checks: tuple[LockCheck, ...] = ()
    speaks_unasked: bool = False
    agree: int = 1

    def outcome(self, reply: bytes) -> Unlocked:
        """What the answer to an unlock is worth: never more than "the board took the command"."""
        ...

    def door(self, replies: Sequence[bytes], at: float) -> DoorState:
        """Bolt and reed in the answers to ``looks``; None where the board does not know itself."""
        ...

    def contacts(self, replies: Sequence[bytes]) -> tuple[bool, ...]:
        """The raw contacts of all channels in the answers to ``looks``, first channel first; True: closed.

        Empty where the board tells of single channels only.
        """
        return ()

    def rest_s(self, reply: bytes) -> float:
        """For how many seconds the board refuses pulses, by its answer to ``unlock``."""
        return 0.0

    def checked(self, reply: bytes) -> int:
        """The setting in the answer to one of ``checks``."""
        return 0

    def heard(self, received: bytes, at: float) -> Sequence[DoorState]:
        """What the board said unasked among all bytes of the line; None: it did not speak of that one."""
        return ()
