"""Workers and pages as processes of their own; a worker killed in the middle of a catch-up."""

import json
import urllib.request
from contextlib import closing

import pytest

from cloud_bridge.central import cli
from cloud_bridge.central.database import open_reader

pytestmark = pytest.mark.processes

EVENTS = 1200
LIMIT_S = 60.0

KILLED = [
    pytest.param("sqlite", id="SQLite: one after the other"),
    pytest.param("postgresql", id="PostgreSQL: one of two", marks=pytest.mark.long),
]


def counted(place):
    """How many events are stored, how many different ones, and how many sales."""
    with closing(open_reader(place)) as db:
        asked = "select count(*), count(distinct seq), (select count(*) from sale) from raw_event"
        return db.execute(asked).fetchone()


@pytest.mark.parametrize("place", KILLED, indirect=True)
def test_another_worker_carries_on_when_one_is_killed_in_a_catch_up(place, rig, until):
    """mosquitto throws away what a dead worker had been given; the counter sends it again, and once counts.

    A SQLite file takes one writer: the other worker can only begin once the lock of the first is gone.
    """
    rig.sell(EVENTS)
    first = rig.start_centre("--worker-id", "centre-1", "--no-web")
    if place != rig.directory / "central.db":
        rig.start_centre("--worker-id", "centre-2", "--no-web")
    rig.start_bridge()
    until(lambda: counted(place)[0] > 200, "the first events", LIMIT_S)
    rig.kill(first)
    before = counted(place)[0]
    assert before < EVENTS
    if place == rig.directory / "central.db":
        rig.start_centre("--worker-id", "centre-2", "--no-web")
    until(lambda: counted(place) == (EVENTS, EVENTS, EVENTS), "all of them, once", LIMIT_S)
    until(lambda: rig.mark() == EVENTS, "the last ack", LIMIT_S)


def test_pages_run_beside_a_worker_that_has_none(rig, until):
    rig.start_centre("--no-web")
    assert rig.centre_url is None
    pages = rig.start_centre("--no-worker", COUNTER_CENTRAL_WEB__ANONYMOUS="auditor")
    rig.start_bridge()
    rig.sell(2)

    def shown():
        with urllib.request.urlopen(f"{rig.centre_url}/api/v1/sales?counter=T-001") as answer:
            return len(json.load(answer))

    until(lambda: shown() == 2, "both sales", LIMIT_S)
    pages.terminate()
    assert rig.ended(pages) == 0


def test_a_centre_without_either_is_no_centre(capsys):
    assert cli.main(["run", "--no-web", "--no-worker"]) == 2
    assert "nothing to do" in capsys.readouterr().err
