"""Two machines with one identity, through a real broker: the centre says so within a minute."""

import json
import sqlite3
import time
from contextlib import closing

import pytest

SCHEMA = {"at", "level", "logger", "event"}


def alarms(rig):
    path = rig.directory / "central.db"
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return db.execute("select counter, kind, detail from centre_alarm where active = 1").fetchall()


@pytest.mark.processes
@pytest.mark.long
def test_two_bridges_that_throw_each_other_off_are_an_alarm_that_names_both(rig, until):
    rig.start_centre()
    until(lambda: "broker_up" in rig.log("cloud_bridge-central"), "centre's session")
    rig.start_bridge()
    (rig.directory / "other").mkdir()
    other = type(rig)(rig.directory / "other", rig.broker)
    try:
        begun = time.monotonic()
        other.start_bridge()
        until(lambda: alarms(rig), "alarm", 60)
        assert time.monotonic() - begun < 60
    finally:
        other.close()
    ((counter, kind, detail),) = alarms(rig)
    assert (counter, kind) == ("T-001", "TWO_COUNTERS")
    assert detail.count("inc ") == 2
    assert detail.count("boot ") == 2
    for text in (rig.log("cloud_bridge-central"), rig.log("cloud_bridge")):
        lines = [json.loads(line) for line in text.splitlines()]
        assert lines
        assert all(set(line) >= SCHEMA for line in lines)
