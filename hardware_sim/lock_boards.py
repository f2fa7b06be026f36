"""Which simulated lock board the cabinet has, and what its channels are wired to."""

from collections.abc import Callable

from hardware_sim.bus import Device
from hardware_sim.config import Contact, LockTable
from hardware_sim.devices.lock_bcc8a import LockBoard
from hardware_sim.devices.lock_channel import Channel
from hardware_sim.devices.lock_krcu import LockKrcu16, LockKrcu48
from hardware_sim.door import Door

Wires = dict[int, Channel]


def lock_board(lock: LockTable, door: Door) -> Device:
    """The board that ``[lock]`` names, with the door's bolt and reed on its channels."""
    bolt = Channel(_contact(door.locked, lock.feedback_when_locked), door.pulse)
    reed = Channel(_contact(door.reed_closed, lock.reed_when_closed))
    return BOARDS[lock.driver](lock, {lock.lock: bolt, lock.reed: reed})


def _contact(is_so: Callable[[float], bool], when_so: Contact) -> Callable[[float], bool]:
    """The raw contact of something that is shorted, or open, when ``is_so``."""
    return is_so if when_so == "short" else lambda at: not is_so(at)


BOARDS: dict[str, Callable[[LockTable, Wires], Device]] = {
    "lock.bcc8a": lambda lock, wires: LockBoard(lock.board, wires),
    "lock.krcu": lambda lock, wires: LockKrcu16(lock.board, wires),
    "lock.krcu48": lambda lock, wires: LockKrcu48(lock.board, wires),
}
