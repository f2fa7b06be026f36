"""When a counter counts as abandoned: days without a restock, or nearly empty for a week."""

from datetime import UTC, datetime, timedelta

import pytest

from edge.domain.abandoned import is_low, low_since, why_abandoned

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


LOW = [
    (19, 100, True),
    (20, 100, False),
    (0, 100, True),
    (-3, 100, True),
    (0, 0, False),
    (1, 4, False),
    (0, 4, True),
]


@pytest.mark.parametrize(("on_hand", "par", "low"), LOW)
def test_less_than_a_fifth_of_par_is_low(on_hand, par, low):
    assert is_low(on_hand, par) is low


SINCE = [
    pytest.param(19, [(ago(1), -1), (ago(9), -5), (ago(20), 25)], ago(1), id="it became low yesterday"),
    pytest.param(10, [(ago(1), -1), (ago(9), -20), (ago(20), 31)], ago(9), id="and nine days ago"),
    pytest.param(10, [(ago(1), -1), (ago(2), 8), (ago(3), -40)], ago(3), id="a few that came change nothing"),
    pytest.param(10, [(ago(5), 10)], ago(5), id="it never held more"),
    pytest.param(20, [(ago(9), -20)], None, id="it is not low"),
    pytest.param(0, [], None, id="nothing ever moved"),
]


@pytest.mark.parametrize(("on_hand", "moved", "since"), SINCE)
def test_since_when_it_is_low_without_a_break(on_hand, moved, since):
    assert low_since(on_hand, 100, moved) == since


def test_what_is_older_than_the_last_full_day_is_not_read():
    moved = iter([(ago(1), -30), (ago(2), -1)])
    low_since(10, 100, moved)
    assert next(moved) == (ago(2), -1)


WHY = [
    (ago(21), None, ""),
    (ago(21.01), None, "no restock since 2026-11-03"),
    (ago(10), ago(6.9), ""),
    (ago(10), ago(7.1), "less than 20 % of par since 2026-11-16"),
    (ago(2), ago(9), ""),  # somebody came since, and brought little
    (ago(-400), None, ""),  # the clock was set back
]


@pytest.mark.parametrize(("visited", "low", "why"), WHY)
def test_why_it_is_abandoned(visited, low, why):
    assert why_abandoned(visited, low, NOW, 21) == why
