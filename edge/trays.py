"""What the scales say now, tray by tray: who is alive, who rests and at which level."""

from collections import deque
from collections.abc import Mapping

from edge.domain.catalogue import Catalogue
from edge.domain.planogram import Planogram
from edge.domain.values import Decigrams, TrayId, decigrams, grams
from edge.hardware.signals import Reading, Sweep
from edge.weighing.track import TrayWatch

FRESH_S = 1.0
"""A tray without a good reading for this long has no weight."""
LOST_S = 3.0
"""A tray without a good reading for this long is out of service."""
REST_S = 0.5
"""Rest before a weight counts; with the window before it about a second of agreeing values."""

LATELY_S = 3.0
"""Readings kept for a session that is about to begin: from them it has each tray's noise and level."""


class Trays:
    """The watches of the planogram's trays. Takes sweeps; unknown and suspect readings are gaps."""

    def __init__(self) -> None:
        self.watches: dict[TrayId, TrayWatch] = {}
        self._lately: deque[Reading] = deque()

    def plan(self, planogram: Planogram, catalogue: Catalogue) -> None:
        """Follow the trays of ``planogram``; a tray whose product stays keeps its history."""
        before, self.watches = self.watches, {}
        for tray, facings in planogram.trays.items():
            unit_g = min(grams(catalogue.products[facing.sku].unit_weight) for facing in facings)
            kept = before.get(tray)
            self.watches[tray] = kept if kept and kept.unit_g == unit_g else TrayWatch(unit_g)

    def hear(self, sweep: Sweep) -> None:
        for reading in sweep.readings:
            watch = self.watches.get(reading.tray)
            if watch is not None and reading.weight is not None and not reading.suspect:
                watch.add(reading.at, grams(reading.weight))
                self._lately.append(reading)
        while self._lately and self._lately[0].at < self._lately[-1].at - LATELY_S:
            self._lately.popleft()

    def lately(self, since: float) -> list[Reading]:
        """The good readings since ``since`` (monotonic seconds), at most those of the last 3 s.

        Only those of the present rest of all trays that rest: what moved before is another's doing.
        """
        rests = {tray: at for tray, watch in self.watches.items() if (at := watch.rest_since) is not None}
        since = max([since, *rests.values()])
        return [reading for reading in self._lately if reading.tray in rests and reading.at >= since]

    def in_service(self, now: float) -> dict[TrayId, bool]:
        return {
            tray: watch.seen_at is not None and now - watch.seen_at <= LOST_S
            for tray, watch in self.watches.items()
        }

    def rest_level(
        self, tray: TrayId, now: float, since: float | None = None, rest_s: float = REST_S
    ) -> float | None:
        """The tray's level in grams; None while it moves, is silent or has rested for less than ``rest_s``.

        since: count only rest that goes on after this moment.
        """
        watch = self.watches[tray]
        rested = watch.rested(now, FRESH_S)
        if rested is None or rested < rest_s:
            return None
        if since is not None and (watch.seen_at or 0.0) < since + REST_S:
            return None
        return watch.level

    def all_rest(self, now: float, since: float | None = None, rest_s: float = REST_S) -> bool:
        """Whether every living tray rests; False where none lives."""
        living = [tray for tray, alive in self.in_service(now).items() if alive]
        return bool(living) and all(self.rest_level(tray, now, since, rest_s) is not None for tray in living)

    def rest_levels(self, now: float) -> dict[TrayId, Decigrams]:
        """The levels of the trays that rest."""
        levels = ((tray, self.rest_level(tray, now)) for tray in self.watches)
        return {tray: decigrams(level) for tray, level in levels if level is not None}

    def last_levels(self) -> dict[TrayId, Decigrams]:
        """The last level each tray rested at, however long ago."""
        levels = ((tray, watch.level) for tray, watch in self.watches.items())
        return {tray: decigrams(level) for tray, level in levels if level is not None}

    def silent_levels(self, now: float) -> dict[TrayId, Decigrams]:
        """The last level of each tray that says nothing now."""
        silent = {
            t for t, watch in self.watches.items() if watch.seen_at is None or now - watch.seen_at > FRESH_S
        }
        return {tray: level for tray, level in self.last_levels().items() if tray in silent}

    def forget_steps(self) -> None:
        for watch in self.watches.values():
            watch.forget_steps()


def changes(before: Mapping[TrayId, Decigrams], after: Mapping[TrayId, Decigrams]) -> dict[TrayId, float]:
    """Grams gained per tray that is known in both."""
    return {tray: grams(Decigrams(after[tray] - before[tray])) for tray in before if tray in after}
