"""Raw rows of one tray to smooth values: bad rows dropped, fast rates thinned, single glitches gone.

It knows time and grams, not what lies on the tray. Bounded: at most ``FIRST_ROWS`` rows are held.
"""

from collections.abc import Callable
from itertools import pairwise
from math import nan
from statistics import median

FIRST_ROWS = 60
"""Rows at most from which the tray's own rate is told."""
FIRST_S, FEWEST_ROWS = 1.0, 6
"""Or those of this many seconds, but not fewer rows."""
VALUE_HZ = 20.0
"""Rates are thinned to about this many values a second: faster ones did not find more."""
APART_G = 60.0
"""Two rows further apart than this are not averaged: one of them is a glitch, or a load on its way."""
REPEAT_S = 0.22
"""The slowest transmitters have a new value 4.5 to 5 times a second. One that is asked more often repeats
the last: until two new values have come right after one another nobody knows whether it does."""
STRAY_G = 15.0
"""One row further off than this, between two like ones, is a glitch and no new value."""
MOST_G = 1e6
"""No scale of a counter shows a tonne: such a row is a sentinel of the wire, not a weight."""
LATEST_S = 1e9
"""A session of thirty years: a time beyond is no time."""

Sink = Callable[[float, float], None]


class Smoother:
    """Feeds ``sink`` with (seconds, grams), in time order, half a block and one value late.

    A block of B rows gives one value (two rows: their mean, more: their median), of which each is then
    the median with its two neighbours. Rows that are not finite or not later than the last are gaps.
    Rows that a transmitter only repeats are one reading: their block ends where the next one comes.
    new_rate: is called when ``rate`` turns out to be another one later on.
    """

    def __init__(self, sink: Sink, new_rate: Callable[[], None] = lambda: None) -> None:
        self._sink, self._new_rate = sink, new_rate
        self._first: list[tuple[float, float]] | None = []
        self._block = 1
        self._interval = 0.0
        self._repeats: Repeats | None = None
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
            return
        if self._repeats is not None and self._repeats.new(grams):
            self._new_reading()
        if self._block == 1:
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
            self._interval = max(1e-4, median(b[0] - a[0] for a, b in pairwise(rows)))
            self._longest = 2.5 * self._interval
            most = Repeats(round(REPEAT_S / self._interval))
            for _, grams in rows:
                most.new(grams)
            self._repeats = Repeats(most.most)
            self._set_block()
        self._at = -LATEST_S
        for at, grams in rows:
            self.add(at, grams)

    def _new_reading(self) -> None:
        """The transmitter has a new value: what it repeated of the last is one reading."""
        assert self._repeats is not None
        if self._rows and (self._repeats.most > 1 or self._repeats.learnt):
            self._end_block()
        if self._repeats.learnt:
            self._repeats.learnt = False
            self._set_block()
            self._new_rate()

    def _set_block(self) -> None:
        assert self._repeats is not None
        self._block = max(1, self._repeats.most, round(1 / self._interval / VALUE_HZ))
        self.rate = 1 / self._interval / self._block
        if self._repeats.most == 1:
            self._repeats = None  # it never repeats: watched no longer

    def _into_block(self, at: float, grams: float) -> None:
        if self._rows and at - self._at > self._longest:
            self._end_block()
        self._at = at
        self._rows.append(grams)
        if len(self._rows) >= self._block:
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


class Repeats:
    """Learns how many rows show one reading of the transmitter. most: rows of one reading at most; unknown
    at first, then what the two shortest runs of equal rows say. learnt: ``most`` has changed.
    """

    def __init__(self, most: int) -> None:
        self.most = max(1, most)
        self.learnt = False
        self._shortest = self._second = FIRST_ROWS
        self._before, self._run_before = 0.0, 0
        self._last, self._run = nan, 0
        self._whole = False

    def new(self, grams: float) -> bool:
        """Whether ``grams`` differs from the row before it."""
        if grams == self._last:
            self._run += 1
            return False
        stray = self._run == 1 and abs(self._last - self._before) > STRAY_G > abs(grams - self._before)
        if stray and grams == self._before:
            self._last, self._run = grams, self._run_before + 2
            self._run_before = 0
            return True
        if self._run_before:
            self._count(self._run_before)
        self._before, self._run_before = self._last, self._run if self._whole and not stray else 0
        self._whole = self._run > 0  # nobody saw the first run begin
        self._last, self._run = grams, 1
        return True

    def _count(self, run: int) -> None:
        if run < self._second:
            self._shortest, self._second = min(run, self._shortest), max(run, self._shortest)
            most = 1 if self._second == 1 else self._second + 1
            if most < self.most:
                self.most, self.learnt = most, True
