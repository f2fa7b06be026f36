"""A tiny visit maker for the tests: trays as springs with noise, hands as ramps. Nothing is tuned with it."""

from collections.abc import Callable
from dataclasses import dataclass, field
from math import exp
from random import Random

import pytest

from edge.domain.values import Sku, TrayId
from edge.weighing.recording import Recording, Stocked, StockedTray


@dataclass
class Film:
    """A visit to be. Moves are added in any order; ``recording`` gives what the scales would have said."""

    trays: tuple[StockedTray, ...]
    hz: float = 10.0
    noise_g: float = 0.5
    display_g: float = 1.0
    drift: float = 0.0
    seed: int = 1
    offset_g: float = 5000.0
    start_s: float = 0.0
    moves: list[tuple[float, int, float, float]] = field(default_factory=list)
    presses: list[tuple[float, int, float, float]] = field(default_factory=list)

    def load(self, at: float, tray: int, grams: float, within_s: float = 0.3) -> "Film":
        """``grams`` come to rest on the tray (below 0: leave it), beginning ``at``."""
        self.moves.append((at, tray, grams, within_s))
        return self

    def press(self, at: float, tray: int, grams: float, for_s: float) -> "Film":
        self.presses.append((at, tray, grams, for_s))
        return self

    def recording(self, until: float | None = None) -> Recording:
        lasts = [at + s for at, _, _, s in (*self.moves, *self.presses)]
        until = max(lasts, default=2.0) + 3.0 if until is None else until
        random, rows = Random(self.seed), []
        for tray in range(len(self.trays)):
            at, shown = random.uniform(0, 1 / self.hz), self._force(0.0, tray)
            while at < until:
                shown += (self._force(at, tray) - shown) * (1 - exp(-1 / self.hz / 0.07))
                raw = self.offset_g + shown + self.drift * at + random.gauss(0, self.noise_g)
                shown_g = round(raw / self.display_g) * self.display_g
                rows.append((round(self.start_s + at, 4), tray, float(shown_g)))
                at += 1 / self.hz
        return Recording("film", self.trays, sorted(rows))

    def _force(self, at: float, tray: int) -> float:
        force = 0.0
        for begins, where, grams, within in self.moves:
            if where == tray and at > begins:
                force += grams * min(1.0, (at - begins) / within)
        for begins, where, grams, lasts in self.presses:
            if where == tray and begins < at < begins + lasts:
                force += grams
        return force


def tray(name: str, *goods: tuple[str, float, float, int]) -> StockedTray:
    """A tray of (sku, unit_g, tol_g, count)."""
    return StockedTray(TrayId(name), tuple(Stocked(Sku(sku), *rest) for sku, *rest in goods))


@pytest.fixture
def film() -> Callable[..., Film]:
    """``film([(sku, unit_g, tol_g, count), …], …, **how)``: one list of goods a tray, ``1-01`` and on."""

    def make(*trays: list[tuple[str, float, float, int]], **how: float) -> Film:
        return Film(tuple(tray(f"1-{n:02}", *goods) for n, goods in enumerate(trays, 1)), **how)

    return make
