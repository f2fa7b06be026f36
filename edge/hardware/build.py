"""From settings to buses: which drivers share which line."""

from pathlib import Path

from edge.hardware.bus import GAP_LEAST_S, Bus
from edge.hardware.drivers.locks import lock_driver
from edge.hardware.drivers.scales import LEAST_GAPS_S, scale_drivers
from edge.settings import Settings


def buses_of(settings: Settings, here: Path = Path()) -> dict[str, Bus]:
    """A bus for every port that the lock board or the scales use, by the port's name.

    here: the settings file's directory, where register maps of one's own lie.
    Raises ProfileError for a register map that cannot be used.
    """
    used = {settings.lock.port, *map(settings.scales.port_of, settings.scales.units)}
    return {name: _bus(name, settings, here) for name in settings.ports if name in used}


def _bus(name: str, settings: Settings, here: Path) -> Bus:
    port, lock, scales = settings.ports[name], settings.lock, settings.scales
    return Bus(
        name,
        lock_driver(lock) if lock.port == name else None,
        scale_drivers(scales, name, here),
        baud=port.baud,
        echoes=port.echoes,
        idle_hz=scales.idle_hz,
        busy_hz=scales.busy_hz,
        least_gap_s=LEAST_GAPS_S.get(scales.driver, GAP_LEAST_S),
    )
