"""From settings to buses: which drivers share which line."""

from pathlib import Path

from edge.domain.values import TrayId
from edge.hardware.bus import Bus
from edge.hardware.drivers.locks import lock_driver
from edge.hardware.drivers.scale_modbus32 import ScaleModbus32
from edge.hardware.profiles import loading
from edge.settings import Settings


def buses_of(settings: Settings, here: Path = Path()) -> dict[str, Bus]:
    """A bus for every port that the lock board or the scales use, by the port's name.

    here: the settings file's directory, where register maps of one's own lie.
    Raises ProfileError for a register map that cannot be used.
    """
    used = {settings.lock.port, settings.scales.port}
    return {name: _bus(name, settings, here) for name in settings.ports if name in used}


def _bus(name: str, settings: Settings, here: Path) -> Bus:
    port, lock, scales = settings.ports[name], settings.lock, settings.scales
    profile = loading.load(scales.profile, here)
    trays = [ScaleModbus32(TrayId(tray), unit, profile) for tray, unit in scales.units.items()]
    return Bus(
        name,
        lock_driver(lock) if lock.port == name else None,
        trays if scales.port == name else [],
        baud=port.baud,
        echoes=port.echoes,
        idle_hz=scales.idle_hz,
        busy_hz=scales.busy_hz,
    )
