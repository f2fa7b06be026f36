"""Whether anybody still looks after the counter: its last restock, and since when it is nearly empty. Pure.

Lockers that nobody filled any more stood for a year elsewhere before somebody noticed.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

LOW_PERCENT = 20
"""Less than so much of par is nearly empty, all goods together."""
LOW_FOR = timedelta(days=7)
"""Nearly empty for longer than this, the counter is abandoned."""


def is_low(on_hand: int, par: int) -> bool:
    """on_hand, par: pieces, all trays together. Without a par nothing is low."""
    return par > 0 and on_hand * 100 < par * LOW_PERCENT


def low_since(on_hand: int, par: int, newest_first: Iterable[tuple[datetime, int]]) -> datetime | None:
    """Since when the stock is low without a break; None: it is not.

    newest_first: when pieces came (negative: left) and how many, what moved at one moment as one.
    """
    since = None
    if not is_low(on_hand, par):
        return None
    for at, count in newest_first:
        since, on_hand = at, on_hand - count
        if not is_low(on_hand, par):
            break
    return since


def why_abandoned(visited: datetime, low: datetime | None, now: datetime, days: int) -> str:
    """A sentence that stays the same from day to day; "": it is looked after.

    visited: the last restock, or the first stock. low: ``low_since``; a restock begins it anew. days: so
    many may pass without a restock. All aware.
    """
    if now - visited > timedelta(days=days):
        return f"no restock since {visited:%Y-%m-%d}"
    if low is not None and now - max(low, visited) > LOW_FOR:
        return f"less than {LOW_PERCENT} % of par since {max(low, visited):%Y-%m-%d}"
    return ""
