"""From settings to buses: which devices answer on which port. Opens nothing."""

from edge.domain.values import TrayId
from edge.hardware.bus import Bus
from edge.hardware.drivers.lock_bcc8a import LockBcc8a
from edge.hardware.drivers.scale_modbus32 import ScaleModbus32
from edge.hardware.profiles.loading import load
from edge.settings import LockBoard, Settings


def buses(settings: Settings) -> dict[str, Bus]:
    """One bus for each port that the lock board or the scales are on, by the port's name.

    Raises ProfileError for a register map that cannot be used, KeyError for a port that is not in
    ``settings.ports``.
    """
    lock, scales = settings.lock, settings.scales
    profile = load(scales.profile)
    return {
        name: Bus(
            name,
            _lock(lock) if lock.port == name else None,
            [ScaleModbus32(TrayId(tray), unit, profile) for tray, unit in scales.units.items()]
            if scales.port == name
            else [],
            baud=settings.ports[name].baud,
            echoes=settings.ports[name].echoes,
            idle_hz=scales.idle_hz,
            busy_hz=scales.busy_hz,
        )
        for name in dict.fromkeys((lock.port, scales.port))
    }


def _lock(board: LockBoard) -> LockBcc8a:
    return LockBcc8a(
        board.board,
        board.lock,
        board.reed,
        feedback_when_locked=board.feedback_when_locked,
        reed_when_closed=board.reed_when_closed,
    )
