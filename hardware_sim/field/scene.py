"""Trays and what hands do to them, told act by act. Books every act as forces and as true events.

Knows no scale. Times are seconds; each act returns when its last force has gone.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import NamedTuple

from hardware_sim.field import motion
from hardware_sim.field.goods import Good, Unit
from hardware_sim.field.habits import Habits

CORNER = 3e-4  # of the load, at the plate's edge; platform cells are given as 0.02–0.03 %
FRAME = 0.01  # of what stands on a tray, thrown by a slammed door


class Event(NamedTuple):
    """What truly happened: when, on which tray, how much it changed, what it was."""

    t: float
    tray: int
    delta_g: float
    action: str
    sku: str


@dataclass(slots=True)
class Tray:
    """One tray: what the planogram says, what stands there, and what the plate makes of its corners."""

    id: str
    goods: list[Good]
    units: list[Unit]
    booked: Counter[str]
    corner: tuple[float, float]

    def felt(self, unit: Unit) -> float:
        """Grams the cell takes this pack for, where it stands."""
        return unit.grams * (1.0 + self.corner[0] * unit.x + self.corner[1] * unit.y)


def tray(rng: Random, number: int, goods: list[Good], units: list[Unit]) -> Tray:
    """A tray whose planogram is right: booked is what stands there."""
    corner = (rng.gauss(0.0, CORNER), rng.gauss(0.0, CORNER))
    name = f"{1 + number // 8}-{1 + number % 8:02d}"
    return Tray(name, goods, units, Counter(unit.sku for unit in units), corner)


@dataclass(slots=True)
class Scene:
    """The open cabinet. ``hand`` holds what was taken and not put back, with the tray it came from."""

    rng: Random
    habits: Habits
    trays: list[Tray]
    events: list[Event] = field(default_factory=list)
    forces: list[list[motion.Force]] = field(init=False)
    loads: list[float] = field(init=False)
    hand: list[tuple[int, Unit]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.forces = [[] for _ in self.trays]
        self.loads = [sum(tray.felt(unit) for unit in tray.units) for tray in self.trays]

    def take(self, t: float, tray: int, units: Iterable[Unit], hurry: float = 1.0) -> float:
        """These packs leave the tray in one grip."""
        taken, place = list(units), self.trays[tray]
        grams = sum(place.felt(unit) for unit in taken)
        squeeze = min(self.rng.uniform(*self.habits.squeeze_g), 60.0 + grams)
        forces = motion.lifted(self.rng, t, hurry * self.rng.uniform(*self.habits.lift_s), grams, squeeze)
        self.forces[tray] += forces
        for unit in taken:
            place.units.remove(unit)
            self.hand.append((tray, unit))
            unit.since = forces[-1].end
            self._happened(forces[-1], tray, -unit.grams, "take", unit.sku)
        return motion.end_of(forces)

    def put(self, t: float, tray: int, unit: Unit, action: str = "put", hurry: float = 1.0) -> float:
        """A pack from the hand comes to stand on a tray, at another place than before."""
        self.hand.remove(next(held for held in self.hand if held[1] is unit))
        return self.add(t, tray, unit, action, hurry)

    def add(self, t: float, tray: int, unit: Unit, action: str, hurry: float = 1.0) -> float:
        """Anything comes to stand on a tray."""
        unit.x, unit.y = self.rng.uniform(-1, 1), self.rng.uniform(-1, 1)
        grams = self.trays[tray].felt(unit)
        seconds = 0.6 * hurry * self.rng.uniform(*self.habits.lift_s)
        forces = motion.lowered(self.rng, t, seconds, grams, self.rng.uniform(*self.habits.squeeze_g))
        self.forces[tray] += forces
        self.trays[tray].units.append(unit)
        unit.since = forces[1].end
        self._happened(forces[1], tray, unit.grams, action, unit.sku)
        return self._rolls(motion.end_of(forces), tray, grams)

    def remove(self, t: float, tray: int, unit: Unit, action: str) -> float:
        """A thing that is nobody's stock leaves the tray again."""
        forces = motion.lifted(
            self.rng, t, self.rng.uniform(*self.habits.lift_s), self.trays[tray].felt(unit), 80.0
        )
        self.forces[tray] += forces
        self.trays[tray].units.remove(unit)
        self._happened(forces[-1], tray, -unit.grams, action, unit.sku)
        return motion.end_of(forces)

    def touch(self, t: float, tray: int) -> float:
        """Fingers brush along packs, one to three times."""
        forces = []
        for _ in range(self.rng.randint(1, 3)):
            forces.append(motion.bump(t, self.rng.uniform(0.1, 0.5), self.rng.uniform(15.0, 400.0)))
            t = forces[-1].end + self.rng.uniform(0.0, 0.3)
        return self._pushed(tray, forces, "touch")

    def lean(self, t: float, tray: int, seconds: float) -> float:
        """A hand or an elbow rests on the tray."""
        low, high = self.habits.lean_g
        grams = low * (high / low) ** self.rng.random()
        return self._pushed(tray, [motion.press(self.rng, t, seconds, grams, self.habits.tremor)], "lean")

    def shove(self, t: float, tray: int) -> float:
        """A pack is pushed to another place on the same tray: only the corner load changes."""
        place = self.trays[tray]
        unit = self.rng.choice(place.units)
        before = place.felt(unit)
        unit.x, unit.y = self.rng.uniform(-1, 1), self.rng.uniform(-1, 1)
        seconds = self.rng.uniform(0.2, 0.8)
        drag = motion.dragged(self.rng, t, seconds, min(80.0, 0.1 * before))
        return self._pushed(tray, [drag, motion.moved(t, seconds, place.felt(unit) - before)], "touch")

    def shake(self, t: float, strength: float = 1.0) -> float:
        """Door or bolt: every tray rings by what stands on it."""
        ends = [t]
        for number, load in enumerate(self.loads):
            force = motion.shaken(self.rng, t, strength * (5.0 + FRAME * load) * self.rng.uniform(0.3, 1.0))
            self.forces[number].append(force)
            ends.append(force.end)
        return max(ends)

    def owed(self) -> Counter[str]:
        """What the hand carries away."""
        return Counter(unit.sku for _, unit in self.hand)

    def _rolls(self, t: float, tray: int, grams: float) -> float:
        if self.rng.random() >= self.habits.roll:
            return t
        force = motion.rolling(self.rng, t, grams)
        self.forces[tray].append(force)
        return force.end

    def _pushed(self, tray: int, forces: list[motion.Force], action: str) -> float:
        self.forces[tray] += forces
        self._happened(forces[0], tray, 0.0, action, "")
        return motion.end_of(forces)

    def _happened(self, force: motion.Force, tray: int, delta_g: float, action: str, sku: str) -> None:
        at = 0.5 * (force.start + force.end)
        self.events.append(Event(round(at, 3), tray, round(delta_g, 1), action, sku))
