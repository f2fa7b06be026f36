"""Which simulated lock board the cabinet has, and what its channels are wired to."""

from collections.abc import Callable
from dataclasses import dataclass

from hardware_sim.bus import Device
from hardware_sim.config import Contact, LockTable
from hardware_sim.devices.cabinet_iw import CabinetIw, Loads
from hardware_sim.devices.lock_bcc8a import LockBoard
from hardware_sim.devices.lock_channel import Channel
from hardware_sim.devices.lock_krcu import LockKrcu16, LockKrcu48
from hardware_sim.devices.lock_modbus import LockRelay
from hardware_sim.devices.lock_winnsen import LockWinnsen
from hardware_sim.devices.lock_wkly import LockWkly
from hardware_sim.door import Door


@dataclass(frozen=True, slots=True)
class Behind:
    """What is behind a board: bolt and reed as contacts, the door itself, the trays by their numbers."""

    bolt: Channel
    reed: Channel
    door: Door
    loads: Loads

    def wires(self, lock: LockTable) -> dict[int, Channel]:
        """Bolt and reed on channels of one kind, by their numbers."""
        return {lock.lock: self.bolt, lock.reed: self.reed}


def lock_board(lock: LockTable, door: Door, loads: Loads) -> Device:
    """The board that ``[lock]`` names. loads: the trays that it weighs, by their places."""
    bolt = Channel(_contact(door.locked, lock.feedback_when_locked), door.pulse)
    reed = Channel(_contact(door.reed_closed, lock.reed_when_closed))
    return BOARDS[lock.driver](lock, Behind(bolt, reed, door, loads))


def _contact(is_so: Callable[[float], bool], when_so: Contact) -> Callable[[float], bool]:
    """The raw contact of something that is shorted, or open, when ``is_so``."""
    return is_so if when_so == "short" else lambda at: not is_so(at)


def _relay(lock: LockTable, behind: Behind) -> Device:
    """Relays and inputs are numbered apart."""
    return LockRelay(
        lock.board, {lock.lock: behind.bolt.pulse}, {lock.bolt: behind.bolt, lock.reed: behind.reed}
    )


BOARDS: dict[str, Callable[[LockTable, Behind], Device]] = {
    "lock.bcc8a": lambda lock, behind: LockBoard(lock.board, behind.wires(lock)),
    "lock.krcu": lambda lock, behind: LockKrcu16(lock.board, behind.wires(lock)),
    "lock.krcu48": lambda lock, behind: LockKrcu48(lock.board, behind.wires(lock)),
    "lock.modbus": _relay,
    "lock.winnsen": lambda lock, behind: LockWinnsen(lock.board, behind.wires(lock)),
    "lock.wkly": lambda lock, behind: LockWkly(lock.board, lock.channel_base, behind.wires(lock)),
    "cabinet.iw": lambda lock, behind: CabinetIw(behind.door, behind.loads),
}
