"""A filing holds through its last local day, and the alarm says when it no longer does."""

from datetime import UTC, date, datetime

import pytest

from edge import settings as settings_module
from edge.alarms import AlarmBook
from edge.domain.values import Instant
from edge.ledger.ledger import Ledger
from edge.upkeep.filing import Filing

COUNTER = {
    "id": "AK-001",
    "name": "示例",
    "place": "示例",
    "hotline": "000",
    "filing_no": "示例备案第 0001 号",
}


@pytest.fixture
def alarms(tmp_path):
    ledger = Ledger.open(tmp_path / "ledger.db", "AK-001", at("2026-11-23T00:00"), lambda n: bytes(n))
    yield AlarmBook(ledger)
    ledger.close()


def at(wall: str) -> Instant:
    return Instant(1.0, datetime.fromisoformat(wall).replace(tzinfo=UTC), "boot")


DAYS = [
    pytest.param("2026-12-31T15:59", (), id="the last minute of its last day at the counter"),
    pytest.param("2026-12-31T16:00", ("FILING_LAPSED",), id="local midnight after it"),
    pytest.param("2027-03-01T00:00", ("FILING_LAPSED",), id="long after"),
]


@pytest.mark.parametrize(("wall", "kinds"), DAYS)
def test_a_filing_lapses_at_local_midnight(alarms, wall, kinds):
    counter = settings_module.Counter(**COUNTER, filing_valid_to=date(2026, 12, 31))
    Filing(counter, alarms).look(at(wall))
    assert alarms.kinds() == kinds


def test_a_renewed_filing_clears_the_alarm_and_none_raises_none(alarms):
    late = at("2027-01-01T00:00")
    Filing(settings_module.Counter(**COUNTER, filing_valid_to=date(2026, 12, 31)), alarms).look(late)
    Filing(settings_module.Counter(**COUNTER, filing_valid_to=date(2027, 12, 31)), alarms).look(late)
    assert alarms.kinds() == ()
    Filing(settings_module.Counter(**COUNTER), alarms).look(late)
    assert alarms.kinds() == ()
