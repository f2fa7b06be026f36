"""Which simulated lock board the cabinet has, and what its channels are wired to."""

from collections.abc import Callable

from hardware_sim.bus import Device
from hardware_sim.config import Contact, LockTable
from hardware_sim.devices.lock_bcc8a import LockBoard
from hardware_sim.devices.lock_channel import Channel
from hardware_sim.devices.lock_krcu import LockKrcu16, LockKrcu48
from hardware_sim.devices.lock_modbus import LockRelay
from hardware_sim.devices.lock_winnsen import LockWinnsen
from hardware_sim.devices.lock_wkly import LockWkly
from hardware_sim.door import Door


def lock_board(lock: LockTable, door: Door) -> Device:
    """The board that ``[lock]`` names, with the door's bolt and reed on its channels."""
    bolt = Channel(_contact(door.locked, lock.feedback_when_locked), door.pulse)
    reed = Channel(_contact(door.reed_closed, lock.reed_when_closed))
    return BOARDS[lock.driver](lock, bolt, reed)


def _contact(is_so: Callable[[float], bool], when_so: Contact) -> Callable[[float], bool]:
    """The raw contact of something that is shorted, or open, when ``is_so``."""
    return is_so if when_so == "short" else lambda at: not is_so(at)


def _wires(lock: LockTable, bolt: Channel, reed: Channel) -> dict[int, Channel]:
    """Bolt and reed on channels of one kind, by their numbers."""
    return {lock.lock: bolt, lock.reed: reed}


def _relay(lock: LockTable, bolt: Channel, reed: Channel) -> Device:
    """Relays and inputs are numbered apart."""
    return LockRelay(lock.board, {lock.lock: bolt.pulse}, {lock.bolt: bolt, lock.reed: reed})


BOARDS: dict[str, Callable[[LockTable, Channel, Channel], Device]] = {
    "lock.bcc8a": lambda lock, bolt, reed: LockBoard(lock.board, _wires(lock, bolt, reed)),
    "lock.krcu": lambda lock, bolt, reed: LockKrcu16(lock.board, _wires(lock, bolt, reed)),
    "lock.krcu48": lambda lock, bolt, reed: LockKrcu48(lock.board, _wires(lock, bolt, reed)),
    "lock.modbus": _relay,
    "lock.winnsen": lambda lock, bolt, reed: LockWinnsen(lock.board, _wires(lock, bolt, reed)),
    "lock.wkly": lambda lock, bolt, reed: LockWkly(lock.board, lock.channel_base, _wires(lock, bolt, reed)),
}
