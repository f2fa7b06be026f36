"""Many mixed units in one movement: the few fullest explanations by dynamic programming on whole grams.

The answer is a guess for a person to confirm, so two explanations a gram are kept, not all of them.
"""

from collections.abc import Sequence
from math import sqrt

from edge.weighing.likelihood import FARTHEST_Z
from edge.weighing.multisets import Bunch, bunch_of
from edge.weighing.recording import Unit

TWO = 2
"""Explanations kept a gram, so that the margin between them survives."""
MOST_SUMS = 40_000
"""Weights in grams looked at: beyond (a tray of 40 kg) nothing is said."""

Counts = tuple[int, ...]


def bulky(units: Sequence[Unit], stock: Sequence[int], grams: float, variance: float) -> list[Bunch]:
    """Bunches of any size that stock allows and that weigh about ``grams``, measured with ``variance``.

    stock: units of each good. Prefers few units where several bunches weigh the same.
    """
    most = sum(stock)
    widest = max((unit.own_var * most + unit.lot_var * most * most for unit in units), default=0.0)
    reach = min(FARTHEST_Z * sqrt(widest + variance), max(min(unit.grams for unit in units), 30.0))
    top = int(grams + reach) + 1
    if top > MOST_SUMS:
        return []
    sums: dict[int, list[Counts]] = {0: [()]}
    for unit, count in zip(units, stock, strict=True):
        sums = _with(sums, round(unit.grams), count, top)
    near = [counts for total, found in sums.items() if total >= grams - reach for counts in found]
    return [
        bunch_of(units, tuple((index, n) for index, n in enumerate(counts) if n))
        for counts in near
        if any(counts)
    ]


def _with(sums: dict[int, list[Counts]], grams: int, count: int, top: int) -> dict[int, list[Counts]]:
    """``sums`` with 0 to ``count`` units of one more good of so many whole grams."""
    more: dict[int, list[Counts]] = {}
    for total, found in sums.items():
        for n in range(count + 1):
            reached = total + n * grams
            if reached > top:
                break
            kept = more.setdefault(reached, [])
            kept += [(*counts, n) for counts in found]
    for kept in more.values():
        if len(kept) > TWO:
            kept.sort(key=lambda counts: (sum(counts), counts))
            del kept[TWO:]
    return more
