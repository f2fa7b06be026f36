"""Raw rows of one tray to smooth values: bad rows dropped, fast rates thinned, single glitches gone.

It knows time and grams, not what lies on the tray. Bounded: at most ``FIRST_ROWS`` rows are held.
"""

from collections.abc import Callable
from itertools import pairwise
from statistics import median

FIRST_ROWS = 60
"""Rows at most from which the tray's own rate is told."""
FIRST_S, FEWEST_ROWS = 1.0, 6
"""Or those of this many seconds, but not fewer rows."""
VALUE_HZ = 20.0
"""Rates are thinned to about this many values a second: faster ones did not find more."""
APART_G = 60.0
"""Two rows further apart than this are not averaged: one of them is a glitch, or a load on its way."""
MOST_G = 1e6
"""No scale of a counter shows a tonne: such a row is a sentinel of the wire, not a weight."""
LATEST_S = 1e9
"""A session of thirty years: a time beyond is no time."""

Sink = Callable[[float, float], None]


class Smoother:
    """Feeds ``sink`` with (seconds, grams), in time order, half a block and one value late.

    A block of B rows gives one value (two rows: their mean, more: their median), of which each is then
    the median with its two neighbours. Rows that are not finite or not later than the last are gaps.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._first: list[tuple[float, float]] | None = []
        self._block = 1
        self._rows: list[float] = []
        self._longest = 0.0
        self._at = self._value_at = -LATEST_S
        self._older = self._newer = 0.0
        self._started = False
        self.began: float | None = None
        """When the first good row was taken; None: there was none."""
        self.rate = 0.0
        """Values a second that the sink gets; 0 until it is known."""

    @property
    def at(self) -> float:
        """When the last good row was taken."""
        return self._at

    def add(self, at: float, grams: float) -> None:
        """One row as it came."""
        if not (self._at < at < LATEST_S and -MOST_G < grams < MOST_G):
            return
        if self._first is not None:
            self._collect(at, grams)
        elif self._block == 1:
            self._at = at
            self._among_three(at, grams)
        else:
            self._into_block(at, grams)

    def close(self) -> None:
        """No more rows will come: what is held is given to the sink."""
        if self._first is not None:
            self._learn_rate()
        if self._rows:
            self._end_block()
        if self._started:
            self._sink(self._value_at, self._newer)

    def _collect(self, at: float, grams: float) -> None:
        assert self._first is not None
        if self.began is None:
            self.began = at
        self._at = at
        self._first.append((at, grams))
        rows = len(self._first)
        if rows >= FIRST_ROWS or (rows >= FEWEST_ROWS and at - self.began >= FIRST_S):
            self._learn_rate()

    def _learn_rate(self) -> None:
        rows, self._first = self._first or [], None
        if len(rows) < 2:
            self._block, self.rate = 1, 1.0
        else:
            interval = max(1e-4, median(b[0] - a[0] for a, b in pairwise(rows)))
            self._block = max(1, round(1 / interval / VALUE_HZ))
            self.rate = 1 / interval / self._block
            self._longest = 2.5 * interval
        self._at = -LATEST_S
        for at, grams in rows:
            self.add(at, grams)

    def _into_block(self, at: float, grams: float) -> None:
        if self._rows and at - self._at > self._longest:
            self._end_block()
        self._at = at
        self._rows.append(grams)
        if len(self._rows) == self._block:
            self._end_block()

    def _end_block(self) -> None:
        rows, self._rows = self._rows, []
        if len(rows) != 2:
            value = median(rows)
        elif abs(rows[0] - rows[1]) > APART_G:
            last = self._newer if self._started else rows[0]
            value = min(rows, key=lambda row: abs(row - last))
        else:
            value = (rows[0] + rows[1]) / 2
        self._among_three(self._at, value)

    def _among_three(self, at: float, value: float) -> None:
        """Gives the sink the value before this one, unless it sticks out from both its neighbours."""
        if not self._started:
            self._started, self._older, self._newer, self._value_at = True, value, value, at
            return
        older, newer = self._older, self._newer
        if (newer > older) == (newer > value):  # sticks out: the neighbour nearer to it stands for it
            middle = max(older, value) if newer > older else min(older, value)
        else:
            middle = newer
        self._older, self._newer = newer, value
        was, self._value_at = self._value_at, at
        self._sink(was, middle)
