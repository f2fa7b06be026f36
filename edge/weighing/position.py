"""Where on a tray a step took place, for trays whose cells are read one by one. Optional, and pure.

A row then has an x besides its grams: the point, across the lanes, that the whole load acts on. Two such
points and their loads give the point of the change. It knows lanes, not who lies in them.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from math import log
from statistics import fmean, pvariance
from typing import NamedTuple

from edge.weighing.likelihood import log_density
from edge.weighing.limits import COLOUR
from edge.weighing.recording import Book, Unit
from edge.weighing.smooth import MOST_G
from edge.weighing.steps import Step

MOST_ROWS = 2048
"""Rows kept a tray: 25 s at 80 a second. A movement that lasted longer has no place."""
BEFORE_S, AFTER_S, FEWEST = 0.9, 0.8, 3
MOST_MM = 10_000.0
"""No load acts further from a tray than this; light ones seem to act anywhere."""
NEAR_G = 12.0
"""Rows of a plateau lie within this of its level; glitches and squeezes do not."""
CELL_MM, CELL_G_MM = 3.0, 1000.0
"""Error of a place: cells and their seats, and gram millimetres of noise and gain for each gram moved.
Source: four cells under a tray of 400 mm, reckoned; not yet measured on a tray of ours."""


class Place(NamedTuple):
    """Where a step was, in millimetres, on a tray of lanes. scatter_mm: of a unit within its lane."""

    x_mm: float
    variance: float
    width_mm: float
    scatter_mm: float

    def score(self, units: Iterable[tuple[Unit, int]]) -> float:
        """How much better than anywhere on the tray the place fits so many of these, in nats."""
        grams = moment = spread = 0.0
        for unit, count in units:
            if unit.x_mm is None:
                return 0.0
            grams += count * unit.grams
            moment += count * unit.grams * unit.x_mm
            spread += count * (unit.grams * self.scatter_mm) ** 2
        off, own = self.x_mm - moment / grams, self.variance + spread / grams**2
        return log_density(off, own) + log(self.width_mm)


def place_of(step: Step, book: Book) -> Place | None:
    """Where ``step`` was; None: its tray has no lanes, or nobody could tell."""
    lanes = book.lanes[step.tray]
    if lanes is None or step.x_mm is None:
        return None
    return Place(step.x_mm, step.x_var, lanes.width_mm, lanes.scatter_mm)


class Moments:
    """One tray's latest rows with their moments. Bounded."""

    def __init__(self) -> None:
        self._rows: deque[tuple[float, float, float]] = deque(maxlen=MOST_ROWS)

    def add(self, at: float, grams: float, x_mm: float) -> None:
        """One row, in time order or not; what no scale says is left out."""
        if abs(x_mm) < MOST_MM and abs(grams) < MOST_G:
            self._rows.append((at, grams, grams * x_mm))

    def placed(self, step: Step) -> Step:
        """``step`` with its place, where the plateaus on both sides have rows enough."""
        delta = step.delta
        if step.rest or not delta:
            return step
        early = self._plateau(step.began - BEFORE_S, step.began, step.before)
        late = self._plateau(step.ended, step.ended + AFTER_S, step.after)
        if len(early) < FEWEST or len(late) < FEWEST:
            return step
        x_mm = (fmean(late) - fmean(early)) / delta
        noise = COLOUR * (pvariance(early) / len(early) + pvariance(late) / len(late))
        own = (CELL_MM + CELL_G_MM / abs(delta)) ** 2
        return replace(step, x_mm=x_mm, x_var=own + noise / delta**2)

    def _plateau(self, begin: float, end: float, level: float) -> list[float]:
        return [m for at, grams, m in self._rows if begin <= at <= end and abs(grams - level) <= NEAR_G]
