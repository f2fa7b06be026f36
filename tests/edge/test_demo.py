"""The demo: its files and ports, its lock, and its life with all five programs."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import tomllib

import pytest

from edge import demo, demo_children
from edge.demo import owned
from edge.demo_children import broker_command, children_environment, listens, seen
from edge.demo_files import Layout, Ports, free_ports, lay_out
from edge.errors import Busy, CannotCreate, Unavailable
from edge.outfit.loading import load_outfit

PORTS = Ports(screen=1, panel=2, centre=3, broker=4)


@pytest.fixture
def layout(tmp_path):
    return Layout(tmp_path / "demo")


def test_the_files_are_the_sample_with_this_demos_ports_and_places(layout):
    assert lay_out(layout, PORTS, lan="", mqtt="3.1.1") == "AK-001"
    outfit = load_outfit(layout.config / "counter.toml", environ={})
    settings = outfit.settings
    assert (settings.screens.port, settings.mqtt.port, settings.mqtt.version) == (1, 4, "3.1.1")
    assert settings.ports["main"].url == str(layout.bus)
    assert settings.screens.host == "127.0.0.1"
    assert outfit.data == layout.place
    sim = tomllib.loads((layout.config / "sim.toml").read_text())
    centre = tomllib.loads((layout.config / "central.toml").read_text())
    assert (sim["line"]["link"], sim["http"]["port"]) == (str(layout.bus), 2)
    assert (centre["web"]["port"], centre["mqtt"]["port"]) == (3, 4)
    assert sim["line"]["baud"] == settings.ports["main"].baud
    assert sim["scales"]["units"] == settings.scales.units
    assert "listener 4 127.0.0.1\n" in (layout.config / "mosquitto.conf").read_text()


def test_what_a_person_changed_in_them_stays(layout, spoil):
    lay_out(layout, PORTS, lan="", mqtt="5")
    spoil(layout.config / "counter.toml", "\n[lock]\n", "\n[session]\npull_s = 7.0\n\n[lock]\n")
    spoil(layout.config / "catalogue.csv", ",350,3.50,", ",380,3.80,")
    lay_out(layout, Ports(5, 6, 7, 8), lan="192.0.2.7", mqtt="5")
    outfit = load_outfit(layout.config / "counter.toml", environ={})
    assert outfit.settings.session.pull_s == 7.0
    assert outfit.catalogue.products["ZY-WATER-500"].price == 380
    assert (outfit.settings.screens.host, outfit.settings.screens.port) == ("0.0.0.0", 5)
    assert outfit.settings.screens.public_url == "http://192.0.2.7:5"


def test_the_counter_obeys_the_demos_own_centre(layout):
    lay_out(layout, PORTS, lan="", mqtt="5", key="A" * 43)
    assert load_outfit(layout.config / "counter.toml", environ={}).settings.commands.keys == ("A" * 43,)


def test_a_port_that_is_taken_is_replaced_and_named():
    said = []
    with socket.create_server(("127.0.0.1", 0)) as taken:
        base = taken.getsockname()[1]
        ports = free_ports(base, said.append)
    assert base not in (ports.screen, ports.panel, ports.centre, ports.broker)
    assert f"port {base} is taken, screen uses {ports.screen}" in said[0]


def test_any_ports_are_four_different_ones_and_nothing_is_said():
    said = []
    ports = free_ports(0, said.append)
    assert len({ports.screen, ports.panel, ports.centre, ports.broker}) == 4
    assert said == []


def test_a_directory_belongs_to_one_demo(layout):
    with owned(layout), pytest.raises(Busy, match=f"another demo \\(process {os.getpid()}\\)"), owned(layout):
        pass
    with owned(layout):
        pass


def test_what_a_killed_demo_left_is_named(layout, monkeypatch):
    monkeypatch.setattr(demo, "STALE_S", 0.2)
    layout.place.mkdir()
    hold = "fcntl.flock(sys.stdin, fcntl.LOCK_EX); print('held', flush=True); time.sleep(60)"
    with (layout.place / "demo.lock").open("a+") as lock:
        command = [sys.executable, "-S", "-c", f"import fcntl, sys, time; {hold}"]
        process = subprocess.Popen(command, stdin=lock, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout.readline() == "held\n"
        with pytest.raises(Busy, match="what a killed one left"), owned(layout):
            pass
        process.kill()
    with owned(layout):
        pass


def test_a_place_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(CannotCreate, match="--dir"), owned(Layout(tmp_path / "file" / "demo")):
        pass


def test_the_broker_is_mosquitto_or_the_embedded_one_or_a_sentence(layout, monkeypatch):
    said = []
    monkeypatch.setattr(shutil, "which", lambda name, path=None: None)
    command, version = broker_command("auto", layout, PORTS, said.append)
    assert (command[2:], version) == (["edge.embedded_broker", "--port", "4"], "3.1.1")
    assert "MQTT 3.1.1" in said[0]
    with pytest.raises(Unavailable, match="apt-get install mosquitto"):
        broker_command("mosquitto", layout, PORTS, said.append)
    monkeypatch.setattr(demo_children.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(Unavailable, match=r"pip install 'smart-counter\[demo\]'"):
        broker_command("auto", layout, PORTS, said.append)
    monkeypatch.setattr(shutil, "which", lambda name, path=None: "/sbin/mosquitto" if path else None)
    assert broker_command("auto", layout, PORTS, said.append)[1] == "5"


def test_the_shells_settings_do_not_reach_the_demos_programs():
    kept = children_environment({"COUNTER_MQTT__PORT": "1", "COUNTER_CONFIG": "x", "HOME": "/h"})
    assert kept == {"HOME": "/h", "PYTHONUNBUFFERED": "1"}


def test_a_line_is_seen_only_when_it_is_new(tmp_path):
    log = tmp_path / "log"
    log.write_text("broker_up\n")
    look = seen(log, "broker_up")
    assert not look()
    with log.open("a") as more:
        more.write("broker_up\n")
    assert look()


def test_the_embedded_broker_serves_and_ends_with_sigterm(until):
    port = free_ports(0, print).broker
    command = [sys.executable, "-m", "edge.embedded_broker", "--port", str(port)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as broker:
        until(lambda: listens(port), 20.0)
        broker.send_signal(signal.SIGTERM)
        assert broker.wait(5) == 0
