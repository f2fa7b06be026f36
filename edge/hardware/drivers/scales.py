"""The scales that the counter can drive, by the name in the settings. Sends nothing."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from edge.domain.values import TrayId
from edge.hardware.drivers.cabinet_iw import ScalesIw
from edge.hardware.drivers.scale_ascii import ScaleSics, ScaleStgs
from edge.hardware.drivers.scale_driver import Scales
from edge.hardware.drivers.scale_lowa import LEAST_GAP_S, ScaleLowa
from edge.hardware.drivers.scale_modbus32 import ScaleModbus32
from edge.hardware.drivers.scale_x0502 import ScaleX0502
from edge.hardware.profiles import loading
from edge.settings import Scales as ScaleSettings

Units = Mapping[TrayId, int]


def scale_drivers(scales: ScaleSettings, port: str, here: Path = Path()) -> Sequence[Scales]:
    """The drivers of the trays on ``port``; here: where register maps of one's own lie.

    Raises ProfileError for a register map that cannot be used.
    """
    units = {TrayId(tray): unit for tray, unit in scales.units.items() if scales.port_of(tray) == port}
    return SCALES[scales.driver](scales, units, here) if units else []


def _modbus32(scales: ScaleSettings, units: Units, here: Path) -> Sequence[Scales]:
    known = loading.load(scales.profile, here)
    return [ScaleModbus32(tray, unit, known) for tray, unit in units.items()]


def _ascii(scales: ScaleSettings, units: Units, here: Path) -> Sequence[Scales]:
    speaks = ScaleSics if scales.dialect == "mt_sics" else ScaleStgs
    return [speaks(tray) for tray in units]


def _x0502(scales: ScaleSettings, units: Units, here: Path) -> Sequence[Scales]:
    return [ScaleX0502(units)]


def _lowa(scales: ScaleSettings, units: Units, here: Path) -> Sequence[Scales]:
    """A unit is the multiplexer's number and, as its last digit, the channel."""
    shelves: dict[int, dict[TrayId, int]] = {}
    for tray, unit in units.items():
        shelves.setdefault(unit // 10, {})[tray] = unit % 10
    return [ScaleLowa(mux, channels) for mux, channels in shelves.items()]


SCALES: dict[str, Callable[[ScaleSettings, Units, Path], Sequence[Scales]]] = {
    "scale.modbus32": _modbus32,
    "scale.ascii": _ascii,
    "scale.x0502": _x0502,
    "scale.lowa": _lowa,
    "cabinet.iw": lambda scales, units, here: [ScalesIw(units)],
}

LEAST_GAPS_S = {"scale.lowa": LEAST_GAP_S}
"""Silence that a driver's devices need before a request, where it is more than the usual."""
