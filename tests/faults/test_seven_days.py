"""A counter was off the network for a week: 500 visits arrive once, oldest first; the stock is equal."""

import time
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

import pytest

from edge.domain.values import Clk, Instant
from tests.faults.chaos.reading import rows
from tests.faults.chaos.writer import opened, visit

pytestmark = [pytest.mark.processes, pytest.mark.chaos]

VISITS, WEEK_S = 500, 7 * 86400.0


@dataclass
class Week:
    """A clock of a week that passes in 500 steps."""

    passed_s: float = 0.0

    def now(self) -> Instant:
        wall = datetime(2026, 11, 17, tzinfo=UTC) + timedelta(seconds=self.passed_s)
        return Instant(100 + self.passed_s, wall, "boot-1", Clk.HELD)


def sold_for_a_week(directory, counter):
    """What the counter's engine writes in that week."""
    clock, random = Week(), Random(7)
    directory.mkdir()
    with closing(opened(directory, counter, clock)) as ledger:
        for number in range(VISITS):
            clock.passed_s = WEEK_S * number / VISITS
            visit(ledger, clock, random)
        ledger.checkpoint()


@pytest.mark.long
def test_500_visits_of_a_week_off_the_network_arrive_once_and_oldest_first(staged, tmp_path):
    stage = staged(writers=0)
    sold_for_a_week(tmp_path / "W-900", "W-900")
    stage.bridge("W-900", tmp_path / "W-900")
    assert stage.drained(time.monotonic(), 60.0) is not None
    assert stage.problems() == []  # events byte for byte, sales, their lines, and the stock of each tray
    order = [seq for (seq,) in rows(stage.central_db, "SELECT seq FROM raw_event ORDER BY id")]
    assert order == list(range(1, len(order) + 1))
    (spans,) = rows(stage.central_db, "SELECT min(closed_at), max(closed_at), count(*) FROM session")
    assert spans[0][:10] == "2026-11-17"
    assert spans[1][:10] == "2026-11-23"
    assert spans[2] == VISITS
