"""Opening hours: how they are written and which moments they cover."""

from datetime import datetime

import pytest

from edge.domain.hours import is_open, opening_of

# 2026-11-23 is a Monday.
WEEK = (opening_of("mon-fri 07:30-20:00"), opening_of("sat 09:00-17:00"))


@pytest.mark.parametrize(
    ("moment", "opened"),
    [
        ("2026-11-23 07:29:59", False),
        ("2026-11-23 07:30:00", True),
        ("2026-11-27 19:59:59", True),
        ("2026-11-27 20:00:00", False),
        ("2026-11-28 08:59:00", False),
        ("2026-11-28 09:00:00", True),
        ("2026-11-29 12:00:00", False),
    ],
)
def test_buyers_may_open_from_the_first_minute_and_not_in_the_last(moment, opened):
    assert is_open(WEEK, datetime.fromisoformat(moment)) is opened


def test_no_hours_means_always():
    assert is_open((), datetime(2026, 11, 29, 3, 0))


def test_a_week_may_turn_over_its_end():
    hours = (opening_of("sat-mon 00:00-24:00"),)
    days = [day for day in range(23, 30) if is_open(hours, datetime(2026, 11, day, 23, 59))]
    assert days == [23, 28, 29]


@pytest.mark.parametrize(
    "text", ["", "daily", "mon 7:30-20:00", "mon-xyz 07:30-20:00", "mon 20:00-07:30", "mon 07:60-20:00",
             "mon 07:30-24:01", "mon 07:30-07:30", "mon,tue 07:30-20:00"],
)  # fmt: skip
def test_what_cannot_be_meant_is_refused(text):
    with pytest.raises(ValueError, match=repr(text)):
        opening_of(text)
