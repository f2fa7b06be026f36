"""The centre's database is put back from an older copy: counters send again what it forgot."""

import sqlite3
import time
from contextlib import closing

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.chaos, pytest.mark.long]


def copied(database, copy):
    """As a backup is made: by SQLite's own backup, while the centre writes."""
    with closing(sqlite3.connect(database)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def put_back(copy, database):
    for leftover in ("-wal", "-shm"):
        database.with_name(database.name + leftover).unlink(missing_ok=True)
    database.write_bytes(copy.read_bytes())


@pytest.mark.parametrize("bridges", ["stay", "start again"])
def test_what_a_restored_centre_forgot_is_sent_again(staged, until, tmp_path, bridges):
    stage, copy = staged(writers=2), tmp_path / "yesterday.db"
    until(lambda: all(stage.mark(each.id) > 50 for each in stage.counters), "events at the centre", stage)
    copied(stage.central_db, copy)
    goal = {each.id: stage.mark(each.id) + 150 for each in stage.counters}
    until(lambda: all(stage.mark(id) > mark for id, mark in goal.items()), "150 more of each", stage)
    stage.programs["worker-1"].kill(away_s=0.5)
    put_back(copy, stage.central_db)
    assert all(stage.mark(id) < mark for id, mark in goal.items()), "nothing was forgotten"
    if bridges == "start again":
        for each in stage.counters:
            stage.programs[f"bridge-{each.id}"].kill(away_s=0.0)
    stage.stop_selling()
    assert stage.drained(time.monotonic(), 30.0) is not None
    assert stage.problems() == []
