"""The benchmark of the ingest: that it runs and what it says; how fast anything is, is asserted nowhere."""

import json
from contextlib import ExitStack, closing

import pytest

from cloud_bridge.central import ingest_bench, projections
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store
from edge.bench import postgres_server
from edge.bench.ingest import NO_POSTGRES, databases, made
from edge.cli import main

KEYS = {"store", "who", "workers", "events_s", "cpu_ms_1000", "commit_p50_ms", "commit_p99_ms"}


def measured(capsys, tmp_path, *arguments):
    assert main(["bench", "ingest", *arguments, "--json", "--dir", str(tmp_path)]) == 0
    return json.loads(capsys.readouterr().out)["ingest"]


@pytest.fixture
def reachable(tmp_path):
    """Where root runs the benchmark, PostgreSQL is nobody's, who may not look into pytest's directories."""
    for each in (tmp_path, *tmp_path.parents):
        if not each.stat().st_mode & 0o001:
            each.chmod(0o755)
    return tmp_path


def test_the_benchmark_runs_on_both_stores_and_its_report_is_whole(reachable, capsys, postgresql_server):
    found = measured(capsys, reachable, "--n", "120", "--workers", "1")
    assert [(row["store"], row["who"], row["workers"]) for row in found["rows"]] == [
        ("sqlite", "bare executemany", 1),
        ("sqlite", "ingest", 1),
        ("postgresql", "bare COPY", 1),
        ("postgresql", "ingest", 1),
    ]
    assert all(row.keys() >= KEYS and row["events_s"] > 0 for row in found["rows"])
    assert [goal["target"] for goal in found["targets"]] == ["", "≥ 0.5", "", "≥ 0.5"]
    assert list(reachable.iterdir()) == []


def test_a_postgresql_that_is_not_there_is_named(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(postgres_server, "programs", lambda: None)
    left_out = []
    with ExitStack() as stack:
        found = [each.name for each in databases(stack, ("sqlite", "postgresql"), tmp_path, left_out)]
    assert found == ["sqlite"]
    assert left_out == [NO_POSTGRES]
    assert "apt-get install" in NO_POSTGRES
    assert main(["bench", "ingest", "--n", "40", "--store", "postgresql", "--dir", str(tmp_path)]) == 69
    assert NO_POSTGRES in capsys.readouterr().err


def test_the_bare_loop_writes_the_rows_that_ingest_leaves(tmp_path):
    """Else the ratio would compare two different things."""
    made(tmp_path / "messages", 400)
    messages = ingest_bench.of_worker(tmp_path / "messages", 0, 1)
    chunks = [messages[:2], messages[2:]]
    Store(tmp_path / "bare.db").close()
    with ingest_bench.bare_sqlite(tmp_path / "bare.db") as write:
        for rows in ingest_bench.rows_of(chunks):
            write(rows)
    with closing(Store(tmp_path / "ours.db")) as ours, closing(Store(tmp_path / "bare.db")) as bare:
        for chunk in chunks:
            ingest(ours, list(ingest_bench.as_sent(chunk)), "2026-11-24T03:00:00.000Z")
        for table in projections.TABLES:
            asked = f"select * from {table} order by 1, 2, 3"
            assert ours.db.execute(asked).fetchall() == bare.db.execute(asked).fetchall(), table
