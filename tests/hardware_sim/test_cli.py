import json
import signal
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import serial

from hardware_sim.cli import main

ASK_LOCK, LOCKED = bytes.fromhex("80 01 01 33 B3"), bytes.fromhex("80 01 01 11 91")


class Program:
    """``counter-sim run`` as others start it."""

    def __init__(self, sim_toml: Path, directory: Path) -> None:
        command = [sys.executable, "-m", "hardware_sim", "run", "--json", "--config", str(sim_toml)]
        command += ["--dir", str(directory), "--link", str(directory / "bus")]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())

    def end(self, number: int) -> str:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=5)
        return errors


@pytest.fixture
def start(sim_toml, tmp_path):
    programs: list[Program] = []

    def started() -> Program:
        programs.append(Program(sim_toml, tmp_path))
        return programs[-1]

    yield started
    for program in programs:
        if program.process.poll() is None:
            program.end(signal.SIGKILL)


def test_it_says_when_it_is_ready_and_stops_cleanly(start):
    program = start()
    assert program.ready["pid"] == program.process.pid
    with serial.Serial(program.ready["port"], 38400, timeout=1) as port:
        port.write(ASK_LOCK)
        assert port.read(5) == LOCKED
    assert httpx.get(program.ready["sim"] + "/sim/state").json()["door"] == "closed"
    assert program.end(signal.SIGTERM) == ""
    assert program.process.returncode == 0
    assert not Path(program.ready["port"]).is_symlink()


def test_a_killed_simulator_goes_on_with_the_same_goods(start):
    first = start()
    url = first.ready["sim"] + "/sim/act"
    httpx.post(url, json={"do": "force_door"})
    before = httpx.post(url, json={"do": "take", "tray": "1-01", "count": 3}).json()
    first.end(signal.SIGKILL)
    after = httpx.get(start().ready["sim"] + "/sim/state").json()
    for key in ("door", "hand", "carried"):
        assert after[key] == before[key]
    assert [tray["true_g"] for tray in after["trays"]] == [tray["true_g"] for tray in before["trays"]]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["run", "--config", "nowhere.toml"], 78, "nowhere.toml"),
        (["run", "--link", "socket://nonsense"], 2, "socket://host:port"),
        (["run", "--speed", "1"], 2, "--speed"),
    ],
)
def test_what_is_wrong_is_told_by_exit_code_and_name(capsys, sim_toml, arguments, code, says):
    if "--config" not in arguments:
        arguments = [*arguments, "--config", str(sim_toml)]
    assert main(arguments) == code
    assert says in capsys.readouterr().err


def test_help_needs_no_configuration(capsys):
    assert main(["run", "--help"]) == 0
    assert "--seed" in capsys.readouterr().out
