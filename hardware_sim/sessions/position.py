"""Where on the plates things happen, for trays whose four cells are read one by one. Knows lanes, no scale.

Goods stand in lanes of equal width, in the order of the planogram. Every movement has a place of its own;
the point that the whole load acts on is what four cells say of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from math import sqrt
from random import Random

from hardware_sim.sessions.mechanics import HZ, forces
from hardware_sim.sessions.stock import Cabinet, Slot
from hardware_sim.sessions.visit import Change, Visit

WIDTH_MM = 400.0
SCATTER_SHARE = 0.25
"""Standard deviation of a place within its lane, as a share of the lane."""
CELL_MM, CELL_G_MM = 3.0, 1000.0
"""Error of a movement's place: so much, and so many gram millimetres over the grams that moved."""
LEAST_G = 1.0
"""Of a lighter load nobody can say where it acts."""

Rows = Sequence[tuple[float, float]]
PlacedRow = tuple[float, float, float | None]


def lane_mm(slots: Sequence[Slot], place: int) -> float:
    """The middle of the lane at ``place``."""
    return (place + 0.5) * WIDTH_MM / len(slots)


def moments(visit: Visit, cabinet: Cabinet, loads_g: Sequence[float], random: Random) -> list[list[float]]:
    """Gram millimetres on each plate at 100 Hz. ``visit.random`` must stand where ``forces`` found it:
    the same movements, each as heavy as it is times its place.
    """
    moved = [
        replace(change, grams=change.grams * _place_mm(change, cabinet.slots[change.tray], random))
        for change in visit.changes
    ]
    leant = [replace(load, grams=load.grams * random.uniform(1.0, WIDTH_MM)) for load in visit.loads]
    scaled = replace(visit, changes=moved, loads=leant)
    return forces(scaled, [grams * WIDTH_MM / 2 for grams in loads_g])


def placed(rows: Rows, moment: Sequence[float], noise_g: float, random: Random) -> list[PlacedRow]:
    """Rows with the point their load acts on, in millimetres. noise_g: of a row of the whole tray."""
    noise = noise_g * WIDTH_MM / 2
    return [
        (at, grams, round((moment[min(int(at * HZ), len(moment) - 1)] + random.gauss(0.0, noise)) / grams, 3))
        if abs(grams) >= LEAST_G
        else (at, grams, None)
        for at, grams in rows
    ]


def noise_of(noise_g: float, rate_hz: int) -> float:
    """A scale's white noise at ``rate_hz``, grams; noise_g: at 10 Hz."""
    return noise_g * sqrt(rate_hz / 10)


def _place_mm(change: Change, slots: Sequence[Slot], random: Random) -> float:
    """Of what moved: the middle of its lanes, scattered and mistaken; what has no lane lies anywhere."""
    weights = {slot.product.sku: slot.product.mean_g for slot in slots}
    middles = {slot.product.sku: lane_mm(slots, place) for place, slot in enumerate(slots)}
    skus = change.sku.split("+") if change.sku else []
    if not skus or any(sku not in middles for sku in skus):
        return random.uniform(1.0, WIDTH_MM)
    scatter = SCATTER_SHARE * WIDTH_MM / len(slots)
    grams = sum(weights[sku] for sku in skus)
    x_mm = sum(weights[sku] * (middles[sku] + random.gauss(0.0, scatter)) for sku in skus) / grams
    return max(1.0, x_mm + random.gauss(0.0, CELL_MM + CELL_G_MM / abs(change.grams)))
