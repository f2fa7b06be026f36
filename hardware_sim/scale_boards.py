"""Which simulated scales the cabinet has, and on which of its lines."""

from collections.abc import Callable, Mapping
from pathlib import Path

from hardware_sim import profile
from hardware_sim.bus import Device
from hardware_sim.config import ScalesTable
from hardware_sim.devices.scale_modbus32 import Scale
from hardware_sim.devices.scale_profile import ProfileScale
from hardware_sim.tray import Felt

Load = Callable[[float], Felt]
Loads = Mapping[str, Load]
"""What each tray's cell feels at a time."""


def scale_boards(scales: ScalesTable, loads: Loads, here: Path) -> dict[str, list[Device]]:
    """The scales that ``[scales]`` names, by the line they are on. here: where maps of one's own lie.

    Raises ConfigError for a register map that cannot be used.
    """
    lines: dict[str, dict[str, int]] = {}
    for tray, unit in scales.units.items():
        lines.setdefault(scales.line_of(tray), {})[tray] = unit
    return {line: SCALES[scales.driver](scales, units, loads, here) for line, units in lines.items()}


def _modbus32(scales: ScalesTable, units: Mapping[str, int], loads: Loads, here: Path) -> list[Device]:
    if scales.profile == "modbus32":
        return [Scale(tray, unit, loads[tray]) for tray, unit in units.items()]
    known = profile.load(scales.profile, here)
    return [ProfileScale(tray, unit, loads[tray], known) for tray, unit in units.items()]


SCALES: dict[str, Callable[[ScalesTable, Mapping[str, int], Loads, Path], list[Device]]] = {
    "scale.modbus32": _modbus32,
}
