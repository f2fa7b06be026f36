"""The scales that the counter can drive, by the name in the settings. Sends nothing."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edge.domain.values import TrayId
from edge.hardware.drivers.scale_driver import Scales
from edge.hardware.drivers.scale_modbus32 import ScaleModbus32
from edge.hardware.profiles import loading
from edge.settings import Scales as ScaleSettings

Units = Mapping[TrayId, int]


def scale_drivers(scales: ScaleSettings, port: str, here: Path = Path()) -> Sequence[Scales]:
    """The drivers of the trays on ``port``; here: where register maps of one's own lie.

    Raises ProfileError for a register map that cannot be used.
    """
    units = {TrayId(tray): unit for tray, unit in scales.units.items() if scales.port_of(tray) == port}
    return SCALES[scales.driver](units, scales.profile, here)


def _modbus32(units: Units, profile: str, here: Path) -> Sequence[Scales]:
    known = loading.load(profile, here)
    return [ScaleModbus32(tray, unit, known) for tray, unit in units.items()]


SCALES: dict[str, Callable[[Units, str, Path], Sequence[Scales]]] = {
    "scale.modbus32": _modbus32,
}

LEAST_GAPS_S: dict[str, float] = {}
"""Silence that a driver's devices need before a request, where it is more than the usual."""
