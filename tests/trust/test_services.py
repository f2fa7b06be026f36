"""The units and the install script: what may reach in is counted, and a second run changes nothing."""

import os
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from edge.notify import Notify

ROOT = Path(__file__).parents[2]
UNITS = ROOT / "config" / "systemd"
EXPOSURE = {
    "counter": 20,
    "counter-bridge": 16,
    "counter-enrol": 12,
    "counter-central": 12,
    "counter-central-web": 12,
    "counter-central-worker@": 12,
    "counter-webhooks": 12,
}
"""Tenths of systemd's own score, at most; 100 is a unit without any line of defence."""


APART = ("counter-central-web", "counter-central-worker@")
"""The centre in parts."""


@pytest.mark.parametrize("unit", APART)
def test_a_part_of_the_centre_is_hardened_as_the_whole(unit):
    """All but what it is called, what it runs and how much memory it may take."""

    def lines(name):
        own = ("Description=", "After=", "Conflicts=", "ExecStart=", "EnvironmentFile=", "MemoryMax=")
        text = (UNITS / f"{name}.service").read_text().splitlines()
        return [line for line in text if not line.startswith(own)]

    assert lines(unit) == lines("counter-central")


@pytest.mark.parametrize(("unit", "most"), EXPOSURE.items())
def test_a_unit_is_no_more_exposed_than_this(unit, most):
    found = shutil.which("systemd-analyze")
    assert found, "systemd-analyze is not installed; run: apt-get install -y --no-install-recommends systemd"
    command = [found, "security", "--offline=true", f"--threshold={most}", str(UNITS / f"{unit}.service")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_program_that_runs_has_a_watchdog_and_is_started_again():
    for unit in ("counter", "counter-bridge", "counter-central", "counter-webhooks", *APART):
        text = (UNITS / f"{unit}.service").read_text()
        for line in ("Type=notify", "WatchdogSec=30", "Restart=always", "StateDirectoryMode=0700"):
            assert line in text, (unit, line)


def test_who_asks_whether_the_clock_is_in_step_may_ask():
    for unit in ("counter", "counter-bridge"):
        assert "SystemCallFilter=adjtimex" in (UNITS / f"{unit}.service").read_text()


def test_a_loop_says_that_it_is_ready_and_then_once_a_second_that_it_lives(tmp_path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard:
        heard.bind(str(tmp_path / "notify"))
        heard.setblocking(False)
        notify = Notify(str(tmp_path / "notify"))
        notify.ready()
        for now in (10.0, 10.5, 11.0):
            notify.beat(now)
        words = [heard.recv(64) for _ in range(3)]
        with pytest.raises(BlockingIOError):
            heard.recv(64)
    assert words == [b"READY=1", b"WATCHDOG=1", b"WATCHDOG=1"]


def test_without_a_service_manager_nothing_is_said(monkeypatch):
    monkeypatch.delenv("NOTIFY_SOCKET", raising=False)
    Notify().ready()
    Notify("/nowhere/at/all").beat(1.0)


def install(*arguments):
    command = ["sh", str(ROOT / "tools" / "install.sh"), *arguments]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"}
    )


def tree(place):
    return {
        str(each.relative_to(place)): each.stat().st_mtime_ns for each in place.rglob("*") if each.is_file()
    }


@pytest.mark.parametrize("role", ["counter", "centre", "broker"])
def test_a_dry_run_says_what_it_would_do_and_does_nothing(tmp_path, role):
    done = install("--dry-run", "--root", str(tmp_path), role)
    assert done.returncode == 0, done.stderr
    assert "would: install" in done.stdout
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("role", ["counter", "centre", "broker"])
def test_a_second_run_changes_nothing_and_settings_stay(tmp_path, role):
    assert install("--root", str(tmp_path), role).returncode == 0
    for kept in (tmp_path / "etc" / "counter").glob("*.toml"):
        kept.write_text("mine")
    before = tree(tmp_path)
    assert any(name.endswith((".service", ".conf")) for name in before)
    done = install("--root", str(tmp_path), role)
    assert done.returncode == 0, done.stderr
    assert tree(tmp_path) == before


@pytest.mark.parametrize("arguments", [(), ("shop",), ("--root",)])
def test_wrong_use_changes_nothing(arguments):
    assert install(*arguments).returncode != 0
