"""Child processes: started again when they die, stopped with their parent, whatever happens to it."""

import os
import signal
import subprocess
import sys
import time

import pytest

from edge import children
from edge.children import BACK_OFF_S, STEADY_S, Child, Family, opened_log, wait_ready

SLEEP = [sys.executable, "-S", "-c", "import time; time.sleep(60)"]
IGNORES = "signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
DEAF = [sys.executable, "-S", "-c", f"import signal, time; {IGNORES}"]


@pytest.fixture
def family():
    said = []
    made = Family(dict(os.environ), said.append)
    yield made
    made.stop(0.0)


def child(tmp_path, command, ready=lambda: True):
    return Child("clerk", command, tmp_path / "clerk.log", ready)


def dead(family, one, now):
    one.process.kill()
    one.process.wait()
    return family.tend(now)


def test_a_child_that_dies_is_started_again_after_a_growing_pause(tmp_path, family):
    one = child(tmp_path, SLEEP)
    family.start(one, 100.0)
    first = one.pid
    pauses = []
    now = 100.0
    for _ in range(4):
        assert not dead(family, one, now)
        assert one.pid is None
        pauses.append(one.due - now)
        assert not family.tend(one.due - 0.01)
        now = one.due
        assert family.tend(now)
    assert pauses == pytest.approx([BACK_OFF_S[0] * 2**n for n in range(4)])
    assert one.pid not in (first, None)
    dead(family, one, now + STEADY_S)
    assert one.due == pytest.approx(now + STEADY_S + BACK_OFF_S[0])


def test_the_pause_has_a_ceiling(tmp_path, family):
    one = child(tmp_path, SLEEP)
    one.pause = BACK_OFF_S[1]
    family.start(one, 0.0)
    dead(family, one, 1.0)
    assert (one.due, one.pause) == (1.0 + BACK_OFF_S[1], BACK_OFF_S[1])


def test_a_child_that_ignores_sigterm_is_killed(tmp_path, family, until, runs):
    one = child(tmp_path, DEAF)
    family.start(one, 0.0)
    until(lambda: b"deaf" in one.log.read_bytes())
    pid = one.pid
    family.stop(0.05)
    assert not runs(pid)
    assert one.process.returncode == -signal.SIGKILL


def test_waiting_ends_when_ready_when_late_and_when_told(tmp_path, family):
    answers = iter([False, False, True])
    one = child(tmp_path, SLEEP, lambda: next(answers))
    family.start(one, time.monotonic())
    assert wait_ready(family, ["clerk"], time.monotonic() + 60, lambda _: False) == []
    one.ready = lambda: False
    assert wait_ready(family, ["clerk"], time.monotonic() - 1, lambda _: False) == ["clerk"]
    assert wait_ready(family, ["clerk"], time.monotonic() + 60, lambda _: True) == ["clerk"]


def test_a_big_log_is_put_aside_and_a_small_one_goes_on(tmp_path, monkeypatch):
    log = tmp_path / "logs" / "clerk.log"
    with opened_log(log) as file:
        file.write(b"first")
    with opened_log(log) as file:
        file.write(b" second")
    assert log.read_bytes() == b"first second"
    monkeypatch.setattr(children, "LOG_LIMIT", 5)
    opened_log(log).close()
    assert log.read_bytes() == b""
    assert log.with_name("clerk.log.1").read_bytes() == b"first second"


def test_children_die_with_a_parent_that_is_killed_and_so_do_their_successors(tmp_path, until, runs):
    parent = tmp_path / "parent.py"
    parent.write_text(
        "import os, sys, time\n"
        "from pathlib import Path\n"
        "from edge.children import Child, Family\n"
        f"one = Child('one', {SLEEP!r}, Path({str(tmp_path / 'one.log')!r}), lambda: True)\n"
        "family = Family(dict(os.environ), lambda line: None)\n"
        "family.start(one, 0.0)\n"
        "one.process.kill(); one.process.wait()\n"
        "family.tend(0.0); family.tend(99.0)\n"
        "print(one.pid, flush=True)\n"
        "time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, str(parent)], stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        assert runs(pid)
        process.kill()
    until(lambda: not runs(pid))
