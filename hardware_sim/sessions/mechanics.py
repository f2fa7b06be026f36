"""The force on one plate at 100 Hz: loads that come and go, impacts, ringing, hands. Knows no scale."""

from collections.abc import Iterable, Sequence
from itertools import accumulate, pairwise
from math import cos, exp, pi, sin
from operator import add
from random import Random

from hardware_sim.sessions.levels import Range
from hardware_sim.sessions.visit import Change, Load, Visit

HZ = 100
IMPACT: Range = (0.1, 1.2)
IMPACT_HZ: Range = (8.0, 20.0)
IMPACT_TAU_S = 0.04
RING: Range = (0.03, 0.15)
RING_HZ: Range = (4.0, 18.0)
RING_TAU_S: Range = (0.05, 0.25)
DOOR_G = 10.0
OPENING_G, SLAM_G = 30.0, 40.0
"""How hard the door rings every tray: ten grams, and these times the level's vibration."""
LEAN_RAMP_S: Range = (0.08, 0.25)
TREMOR_TAU_S = 0.12
SETTLED = 5.0
"""Oscillations are followed for this many of their time constants."""


class Plate:
    """One tray's load over time. grams: what lies on it when the record begins."""

    def __init__(self, grams: float, seconds: float) -> None:
        self._grams = grams
        self._moves = [0.0] * (int(seconds * HZ) + 2)
        self._passing = [0.0] * len(self._moves)

    def force(self) -> list[float]:
        """Grams at every hundredth of a second."""
        self._moves[0] += self._grams
        return list(map(add, accumulate(self._moves), self._passing))

    def shift(self, at: float, seconds: float, grams: float) -> None:
        """A load that changes for good, as a smooth ramp."""
        steps = max(1, round(seconds * HZ))
        ramp = [(1 - cos(pi * step / steps)) / 2 * grams for step in range(steps + 1)]
        for place, (low, high) in enumerate(pairwise(ramp), int(at * HZ) + 1):
            if place < len(self._moves):
                self._moves[place] += high - low

    def ring(self, at: float, grams: float, hz: float, tau_s: float) -> None:
        """An oscillation that starts with a swing of ``grams`` and dies."""
        values = (
            grams * exp(-step / HZ / tau_s) * sin(2 * pi * hz * step / HZ)
            for step in range(int(SETTLED * tau_s * HZ))
        )
        self._pass(at, values)

    def bump(self, at: float, seconds: float, grams: float) -> None:
        """A squeeze: half a sine."""
        steps = max(2, round(seconds * HZ))
        self._pass(at, (grams * sin(pi * step / steps) for step in range(steps)))

    def lean(self, load: Load, ramp_s: float, random: Random) -> None:
        """An arm: up, a while with a tremor, off."""
        steps, ramp = max(2, round(load.seconds * HZ)), max(1, round(ramp_s * HZ))
        keep = exp(-1 / HZ / TREMOR_TAU_S)
        kick, sway, values = (load.tremor or 0.0) * (1 - keep**2) ** 0.5, 0.0, []
        for step in range(steps):
            sway = keep * sway + random.gauss(0.0, kick)
            values.append(load.grams * (1 + sway) * min(1.0, step / ramp, (steps - step) / ramp))
        self._pass(load.at, values)

    def _pass(self, at: float, values: Iterable[float]) -> None:
        passing = self._passing
        for place, grams in enumerate(values, int(at * HZ) + 1):
            if place >= len(passing):
                break
            passing[place] += grams


def forces(visit: Visit, loads_g: Sequence[float]) -> list[list[float]]:
    """Each tray's force over the visit. loads_g: what lay on the trays when it began."""
    plates = [Plate(grams, visit.seconds) for grams in loads_g]
    for change in visit.changes:
        _move(plates[change.tray], change, visit)
    for load in visit.loads:
        if load.tremor is None:
            plates[load.tray].bump(load.at, load.seconds, load.grams)
        else:
            plates[load.tray].lean(load, visit.between(LEAN_RAMP_S), visit.random)
    for plate in plates:
        _door(plate, visit)
    return [plate.force() for plate in plates]


def _move(plate: Plate, change: Change, visit: Visit) -> None:
    """A scale is not told the mass that was placed, but that mass where it stands on the plate."""
    applied = change.grams * (1 + visit.random.gauss(0.0, visit.level.scale.corner))
    plate.shift(change.at, change.seconds, applied)
    if change.grams > 0:
        plate.ring(change.end, visit.between(IMPACT) * applied, visit.between(IMPACT_HZ), IMPACT_TAU_S)
    _ring(plate, change.end, visit.between(RING) * abs(applied), visit)


def _door(plate: Plate, visit: Visit) -> None:
    shake = visit.level.scale.vibration_g
    _ring(plate, visit.opened, DOOR_G + OPENING_G * shake, visit)
    _ring(plate, visit.closed, DOOR_G + SLAM_G * shake, visit)


def _ring(plate: Plate, at: float, grams: float, visit: Visit) -> None:
    plate.ring(at, grams, visit.between(RING_HZ), visit.between(RING_TAU_S))
