"""The shared words as text: one way to write a moment."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from edge.domain.values import rfc3339


@pytest.mark.parametrize(
    ("wall", "text"),
    [
        (datetime(2026, 11, 23, 6, 5, 0, 123999, UTC), "2026-11-23T06:05:00.123Z"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2026-01-01T00:00:00.000Z"),
        (datetime(1970, 1, 1, 7, tzinfo=timezone(timedelta(hours=8))), "1969-12-31T23:00:00.000Z"),
    ],
)
def test_time_is_written_in_utc(wall, text):
    assert rfc3339(wall) == text
