"""The demo's life with all five programs: it starts, heals, stops, and leaves nothing behind."""

import json
import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from edge.cli import main
from edge.demo import owned
from edge.demo_children import answers
from edge.demo_files import Layout

pytestmark = pytest.mark.processes


def get(url):
    with urllib.request.urlopen(url, timeout=5) as answer:
        return answer.status, answer.read().decode()


@pytest.fixture
def running(tmp_path):
    """The whole demo; gives (process, what it told, its directory)."""
    place = tmp_path / "demo"
    command = [sys.executable, "-m", "edge", "demo", "--json", "--dir", str(place), "--port-base", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    line = process.stdout.readline()
    assert line, "the demo did not start; its words stand above"
    yield process, json.loads(line), place
    process.terminate()
    process.wait(10)
    process.stdout.close()


def test_the_demo_starts_heals_and_stops(running, until, runs):
    process, told, place = running
    assert told["phone"] == f"{told['api']}/c/AK-001"
    pages = [told["screen"], told["phone"], told["panel"], f"{told['sim']}/sim/state", told["centre"]]
    assert [get(url)[0] for url in pages] == [200] * 5
    assert sorted(told["pids"]) == ["bridge", "broker", "centre", "counter", "sim"]
    assert all(map(runs, told["pids"].values()))

    os.kill(told["pids"]["counter"], signal.SIGKILL)
    before = (None, told["pids"]["counter"])
    until(lambda: json.loads((place / "demo.json").read_text())["pids"]["counter"] not in before, 30.0)
    until(lambda: answers(int(told["api"].rpartition(":")[2]), "/readyz"), 30.0)
    now = json.loads((place / "demo.json").read_text())
    assert {**now, "pids": None} == {**told, "pids": None}

    assert main(["demo", "--dir", str(place)]) == 75
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert process.stdout.read() == ""
    assert not any(map(runs, [*told["pids"].values(), now["pids"]["counter"]]))


@pytest.mark.long
def test_nothing_outlives_a_demo_that_is_killed(running, until, runs):
    process, told, place = running
    process.kill()
    until(lambda: not any(map(runs, told["pids"].values())), 30.0)
    with owned(Layout(place)):
        pass
