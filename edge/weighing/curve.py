"""One tray's rows of a session as a small curve for the eye: plateaus, steps, touches. Pure.

It knows no products and judges nothing; what it leaves out is no evidence, the recording is.
Rows are first thinned to first, lowest, highest and last of each slice of time (the M4 aggregation:
Jugel, Jerzak, Hackenbroich and Markl, VLDB 2014), then points go by the area of the triangle with
their neighbours, the smallest first (Visvalingam and Whyatt, The Cartographic Journal 1993). Area is
time × weight: a hand that shakes goes before a plateau's corner does.
"""

from collections.abc import Iterable, Sequence
from heapq import heapify, heappop, heappush
from operator import itemgetter
from typing import NamedTuple

MOST = 48
"""Points a curve may have: 0.6 kB of JSON at the most, and a corner every 5 px of a phone's picture."""
SLICES_A_POINT = 4
FLAT_SHARE = 0.01
"""A point nearer than this share of the range to the line without it is not seen: less than one of the
70 pixels that a phone's picture has."""
GLITCH = 4.0
"""A lone row is a glitch where it stands this many times further off than its neighbours differ."""
FARTHEST_S, HEAVIEST_G = 1e6, 1e7
"""Beyond these a number is no reading: eleven days, ten tonnes."""

Curve = tuple[tuple[int, int], ...]
"""(tenths of a second since the grant, tenths of a gram), in time order."""


class _Row(NamedTuple):
    t: float
    grams: float


def curve_of(samples: Iterable[tuple[float, float]], most: int = MOST) -> Curve:
    """At most ``most`` points of one tray's rows (seconds since the grant, grams), oldest first.

    The first and the last row stay; a row that is no number, or a lone glitch, goes. Rows may come in
    any order. Empty where no row is left. Raises ValueError where ``most`` is less than 2.
    """
    if most < 2:
        raise ValueError(f"a curve needs room for 2 points or more, not {most}")
    rows = sorted(
        (_Row(t, grams) for t, grams in samples if _is_reading(t, grams)), key=itemgetter(0)
    )  # by time alone: rows of one moment keep the order they came in
    kept = _simplest(_thinned(_without_glitches(rows), most * SLICES_A_POINT), most)
    points = [(round(row.t * 10), round(row.grams * 10)) for row in kept]
    return tuple(point for at, point in enumerate(points) if at == 0 or point != points[at - 1])


def _is_reading(t: float, grams: float) -> bool:
    """NaN compares as False, so it is none."""
    return abs(t) <= FARTHEST_S and abs(grams) <= HEAVIEST_G


def _without_glitches(rows: Sequence[_Row]) -> Sequence[_Row]:
    if len(rows) < 3:
        return rows
    grams = [row.grams for row in rows]
    inner = (row for at, row in enumerate(rows[1:-1], 1) if not _is_glitch(grams, at))
    return [rows[0], *inner, rows[-1]]


def _is_glitch(grams: Sequence[float], at: int) -> bool:
    """Off to one side of both neighbours, which agree with each other and with those beyond them: the
    top of a touch has neighbours on a slope."""
    here, left, right = grams[at], grams[at - 1], grams[at + 1]
    off = min(here - left, here - right) if here > left else min(left - here, right - here)
    if off <= 0:
        return False
    far_left, far_right = grams[max(at - 2, 0)], grams[min(at + 2, len(grams) - 1)]
    return off > GLITCH * max(abs(left - right), abs(left - far_left), abs(right - far_right))


def _thinned(rows: Sequence[_Row], slices: int) -> Sequence[_Row]:
    """First, lowest, highest and last row of each of ``slices`` equal parts of the time."""
    if len(rows) <= 4 * slices:
        return rows
    start = rows[0].t
    per_s = slices / (rows[-1].t - start) if rows[-1].t > start else 0.0
    kept, first = [], 0
    for at in range(1, len(rows) + 1):
        if at == len(rows) or int((rows[at].t - start) * per_s) != int((rows[first].t - start) * per_s):
            part = range(first, at)
            lowest = min(part, key=lambda each: rows[each].grams)
            highest = max(part, key=lambda each: rows[each].grams)
            kept += sorted({first, lowest, highest, at - 1})
            first = at
    return [rows[at] for at in kept]


def _simplest(rows: Sequence[_Row], most: int) -> list[_Row]:
    """At most ``most`` of ``rows``: those whose triangles are largest, and none that lies flat."""
    if len(rows) < 3:
        return list(rows)
    grams = [row.grams for row in rows]
    flat = FLAT_SHARE * (max(grams) - min(grams))
    before, after = list(range(-1, len(rows) - 1)), list(range(1, len(rows) + 1))
    area = [0.0, *(_area(*rows[at - 1 : at + 2]) for at in range(1, len(rows) - 1)), 0.0]
    queue = [(area[at], at) for at in range(1, len(rows) - 1)]
    heapify(queue)
    there, left = [True] * len(rows), len(rows)
    while queue:
        size, at = heappop(queue)
        if not there[at] or size != area[at]:
            continue
        low, high = before[at], after[at]
        if left <= most and _off(rows[low], rows[at], rows[high]) > flat:
            continue
        there[at], left = False, left - 1
        after[low], before[high] = high, low
        for near in (low, high):
            if 0 < near < len(rows) - 1:
                area[near] = _area(rows[before[near]], rows[near], rows[after[near]])
                heappush(queue, (area[near], near))
    return [row for row, stays in zip(rows, there, strict=True) if stays]


def _area(a: _Row, b: _Row, c: _Row) -> float:
    """Twice the triangle's area, in gram seconds."""
    return abs((b.t - a.t) * (c.grams - a.grams) - (c.t - a.t) * (b.grams - a.grams))


def _off(a: _Row, b: _Row, c: _Row) -> float:
    """How far ``b`` lies above or below the line from ``a`` to ``c``, in grams."""
    if c.t <= a.t:
        return max(min(a.grams, c.grams) - b.grams, b.grams - max(a.grams, c.grams), 0.0)
    line = a.grams + (c.grams - a.grams) * (b.t - a.t) / (c.t - a.t)
    return abs(b.grams - line)
