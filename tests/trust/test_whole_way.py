"""From the code to the sale at the centre, over certificates on both sides, until the counter is revoked."""

import json
import os
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from datetime import UTC, datetime

import pytest

from cloud_bridge import feed
from cloud_bridge.central.cli import main as central
from edge.cli import main as counter
from edge.domain.values import Instant
from edge.ledger.ledger import Ledger

pytestmark = pytest.mark.processes
NAME = "AK-001"


def until(true, what, limit_s=15.0):
    deadline = time.monotonic() + limit_s
    while not (value := true()):
        assert time.monotonic() < deadline, f"{what} did not come true in {limit_s} s"
        time.sleep(0.05)
    return value


@pytest.fixture
def start(tmp_path):
    """start(name, environment, module, arguments…) → a process whose log is NAME.log."""
    started = []

    def start(name, environ, *command):
        with (tmp_path / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                stderr=log,
                stdout=subprocess.PIPE,
                env={**os.environ, **environ},
            )
        started.append(process)
        return process

    yield start
    for process in started:
        process.terminate()
        process.wait(10)
        process.stdout.close()


def told(data):
    try:
        with closing(sqlite3.connect(f"file:{data / 'central.db'}?mode=ro", uri=True)) as db:
            return db.execute("select count(*) from raw_event").fetchone()[0]
    except sqlite3.OperationalError:
        return 0


def test_from_the_code_to_the_sale_and_out_again(tmp_path, people, start, sample, capsys, monkeypatch):
    data = tmp_path / "centre"
    assert central(["ca", "init", "--dir", str(data)]) == 0
    office = people.Office(data / "pki", os.urandom)
    papers = str(tmp_path / "worker")
    assert central(["ca", "worker", "centre-1", "--to", papers, "--dir", str(data)]) == 0
    broker = people.Broker(tmp_path / "broker", office)
    with (
        people.started(broker),
        closing(Ledger.open(tmp_path / "counter" / "ledger.db", NAME, now(), os.urandom)) as ledger,
    ):
        mine = {
            "COUNTER_CENTRAL_WEB__PORT": "0",
            "COUNTER_CENTRAL_MQTT__HOST": "localhost",
            "COUNTER_CENTRAL_MQTT__PORT": str(broker.port),
            "COUNTER_CENTRAL_MQTT__TLS": "true",
            "COUNTER_CENTRAL_MQTT__CA": f"{papers}/ca.crt",
            "COUNTER_CENTRAL_MQTT__CERTIFICATE": f"{papers}/worker.crt",
            "COUNTER_CENTRAL_MQTT__KEY": f"{papers}/worker.key",
            "COUNTER_CENTRAL_TRUST__BROKER_HOST": "localhost",
            "COUNTER_CENTRAL_TRUST__BROKER_PORT": str(broker.port),
            "COUNTER_CENTRAL_TRUST__BROKER_DIR": str(broker.place),
            "COUNTER_CENTRAL_TRUST__PID_FILE": str(broker.place / "pid"),
        }
        centre = start("centre", mine, "cloud_bridge.central", "run", "--json", "--dir", str(data))
        url = json.loads(centre.stdout.readline())["centre"]
        capsys.readouterr()
        assert central(["enrol", NAME, "--json", "--dir", str(data)]) == 0
        code = json.loads(capsys.readouterr().out)["code"]
        chosen = [f"files.data={tmp_path / 'counter'}", f"counter.id={NAME}"]
        settings = ["--config", sample, *(word for each in chosen for word in ("--set", each))]
        assert counter(["enrol", *settings, "--centre", url, "--code", code, "--json"]) == 0
        assert json.loads(capsys.readouterr().out)["broker"] == f"localhost:{broker.port}"
        theirs = {
            "COUNTER_COUNTER__ID": NAME,
            "COUNTER_MQTT__HOST": "localhost",
            "COUNTER_MQTT__PORT": str(broker.port),
            "COUNTER_MQTT__TLS": "true",
        }
        run = ("cloud_bridge", "run", "--config", sample, "--dir", str(tmp_path / "counter"))
        start("bridge", theirs, *run)
        ledger.record_fact(
            feed.AlarmRaised(mono_ms=1, kind="TEST", subject="1", severity="LOW"), "alarm", now()
        )
        until(lambda: told(data) == 1, "the event at the centre")

        for key, value in mine.items():
            monkeypatch.setenv(key, value)
        begun = time.monotonic()
        assert central(["revoke", NAME, "--reason", "stolen", "--dir", str(data)]) == 0
        assert time.monotonic() - begun < 60
        log = tmp_path / "bridge.log"
        until(lambda: "was revoked" in log.read_text(), "the bridge being told why")
        ledger.record_fact(
            feed.AlarmRaised(mono_ms=2, kind="TEST", subject="2", severity="LOW"), "alarm", now()
        )
        time.sleep(1)
        assert told(data) == 1


def now():
    return Instant(time.monotonic(), datetime.now(UTC), "boot-1")
