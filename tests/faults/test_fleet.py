"""A broker is killed under a whole fleet and started again: all come back, and nothing is lost."""

import json
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.chaos.reading import rows

pytestmark = [pytest.mark.processes, pytest.mark.chaos]

SIZES = [pytest.param(60, 40, id="60"), pytest.param(1000, 150, id="1000", marks=pytest.mark.long)]


@pytest.fixture(autouse=True)
def many_sockets():
    """The broker inherits the limit; a thousand sessions are more than the usual one allows."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def sessions(port: int) -> int:
    """Connections that the broker at ``port`` holds."""
    held = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return sum(line[1].endswith(f":{port:04X}") and line[3] == "01" for line in held)


@pytest.mark.parametrize(("n", "seconds"), SIZES)
def test_a_fleet_comes_back_after_the_broker_was_killed(staged, n, seconds):
    stage = staged(writers=0)
    words = ["--n", str(n), "--port", str(stage.broker_port), "--seconds", str(seconds), "--every", "10"]
    others = sessions(stage.broker_port)
    command = [sys.executable, "-m", "hardware_sim", "fleet", *words]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    stage.wait(seconds * 0.4)
    while sessions(stage.broker_port) < others + n and running.poll() is None:
        stage.wait(0.2)
    stage.wait(2.0)  # until the last has its answer from the broker
    stage.programs["broker"].kill(away_s=0.0)
    while running.poll() is None:
        stage.wait(0.5)
    found = json.loads(running.communicate()[0])
    print(found)
    assert (found["connected"], found["back"], found["unacked"]) == (n, n, 0)
    assert rows(stage.central_db, "SELECT count(*) FROM sale") == [(found["events"],)]
    assert found["back_s"] < 120
