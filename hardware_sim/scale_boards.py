"""Which simulated scales the cabinet has, and on which of its lines."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from hardware_sim import profile
from hardware_sim.bus import BITS_A_CHARACTER, Device
from hardware_sim.config import ScalesTable
from hardware_sim.devices.scale_ascii import SicsScale, StgsScale
from hardware_sim.devices.scale_lowa import LowaMux
from hardware_sim.devices.scale_modbus32 import Scale
from hardware_sim.devices.scale_profile import ProfileScale
from hardware_sim.devices.scale_x0502 import X0502Cell
from hardware_sim.tray import Felt

Load = Callable[[float], Felt]
Loads = Mapping[str, Load]
"""What each tray's cell feels at a time."""
Boards = dict[str, list[Device]]


@dataclass(frozen=True, slots=True)
class Shelf:
    """The scales of one line. here: where register maps of one's own lie."""

    scales: ScalesTable
    units: Mapping[str, int]
    loads: Loads
    baud: int
    here: Path


def scale_boards(scales: ScalesTable, loads: Loads, bauds: Mapping[str, int], here: Path) -> Boards:
    """The scales that ``[scales]`` names, by the line they are on.

    Raises ConfigError for a register map that cannot be used.
    """
    lines: dict[str, dict[str, int]] = {}
    for tray, unit in scales.units.items():
        lines.setdefault(scales.line_of(tray), {})[tray] = unit
    return {
        line: SCALES[scales.driver](Shelf(scales, units, loads, bauds[line], here))
        for line, units in lines.items()
    }


def _modbus32(shelf: Shelf) -> list[Device]:
    if shelf.scales.profile == "modbus32":
        return [Scale(tray, unit, shelf.loads[tray]) for tray, unit in shelf.units.items()]
    known = profile.load(shelf.scales.profile, shelf.here)
    return [ProfileScale(tray, unit, shelf.loads[tray], known) for tray, unit in shelf.units.items()]


def _ascii(shelf: Shelf) -> list[Device]:
    if shelf.scales.dialect == "mt_sics":
        return [SicsScale(tray, shelf.loads[tray]) for tray in shelf.units]
    return [StgsScale(tray, shelf.loads[tray]) for tray in shelf.units]


def _x0502(shelf: Shelf) -> list[Device]:
    character_s = BITS_A_CHARACTER / shelf.baud
    return [X0502Cell(tray, unit, shelf.loads[tray], character_s) for tray, unit in shelf.units.items()]


def _lowa(shelf: Shelf) -> list[Device]:
    """A unit is the multiplexer's number and, as its last digit, the channel."""
    muxes: dict[int, dict[int, str]] = {}
    for tray, unit in shelf.units.items():
        muxes.setdefault(unit // 10, {})[unit % 10] = tray
    return [
        LowaMux(
            next(iter(trays.values())), mux, {channel: shelf.loads[tray] for channel, tray in trays.items()}
        )
        for mux, trays in muxes.items()
    ]


SCALES: dict[str, Callable[[Shelf], list[Device]]] = {
    "scale.modbus32": _modbus32,
    "scale.ascii": _ascii,
    "scale.x0502": _x0502,
    "scale.lowa": _lowa,
    "cabinet.iw": lambda shelf: [],
}
"""By driver; the trays of cabinet.iw are on the lock's board."""
