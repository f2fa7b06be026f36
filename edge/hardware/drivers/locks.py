"""The lock boards that the counter can drive, by the name in the settings. Sends nothing."""

from collections.abc import Callable

from edge.hardware.drivers.cabinet_iw import LockIw
from edge.hardware.drivers.lock_bcc8a import LockBcc8a
from edge.hardware.drivers.lock_driver import LockDriver
from edge.hardware.drivers.lock_krcu import LockKrcu16, LockKrcu48
from edge.hardware.drivers.lock_modbus import LockModbus, Wiring
from edge.hardware.drivers.lock_winnsen import LockWinnsen
from edge.hardware.drivers.lock_wkly import LockWkly
from edge.settings import LockBoard


def lock_driver(lock: LockBoard) -> LockDriver:
    """The driver that ``[lock]`` names, for the board and channels that it names."""
    return LOCKS[lock.driver](lock)


def _bcc8a(lock: LockBoard) -> LockDriver:
    return LockBcc8a(
        lock.board,
        lock.lock,
        lock.reed,
        feedback_when_locked=lock.feedback_when_locked,
        reed_when_closed=lock.reed_when_closed,
    )


def _krcu16(lock: LockBoard) -> LockDriver:
    return LockKrcu16(lock.board, lock.lock, lock.reed, **_contacts(lock))


def _krcu48(lock: LockBoard) -> LockDriver:
    return LockKrcu48(lock.board, lock.lock, lock.reed, **_contacts(lock))


def _modbus(lock: LockBoard) -> LockDriver:
    wiring = Wiring(
        relay=lock.lock, bolt=lock.bolt, reed=lock.reed, pulse_ms=lock.pulse_ms, **_contacts(lock)
    )
    return LockModbus(lock.board, wiring)


def _winnsen(lock: LockBoard) -> LockDriver:
    return LockWinnsen(lock.board, lock.lock, lock.reed, **_contacts(lock))


def _wkly(lock: LockBoard) -> LockDriver:
    return LockWkly(lock.board, lock.lock, lock.reed, base=lock.channel_base, **_contacts(lock))


def _contacts(lock: LockBoard) -> dict[str, bool]:
    return {
        "locked_when_closed": lock.feedback_when_locked == "short",
        "shut_when_closed": lock.reed_when_closed == "short",
    }


LOCKS: dict[str, Callable[[LockBoard], LockDriver]] = {
    "lock.bcc8a": _bcc8a,
    "lock.krcu": _krcu16,
    "lock.krcu48": _krcu48,
    "lock.modbus": _modbus,
    "lock.winnsen": _winnsen,
    "lock.wkly": _wkly,
    "cabinet.iw": lambda lock: LockIw(),
}
