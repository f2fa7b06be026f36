"""Scales over real descriptors: the port's thread against the simulator, and pymodbus against the maps."""

import queue
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from pymodbus.client import ModbusTcpClient
from pymodbus.framer import FramerType

from edge.hardware.build import buses_of
from edge.hardware.port import PortThread
from edge.hardware.signals import Sweep
from edge.outfit.loading import load_outfit
from hardware_sim.config import MAIN, load
from hardware_sim.links.pty import PtyLink
from hardware_sim.links.tcp import TcpLink
from hardware_sim.runner import Runner
from hardware_sim.world import World
from tests.hardware.scale_rig import Cabinet
from tests.hardware.test_scale_visits import ALWAYS, CABINETS

PATIENCE_S = 10.0


def runner_of(cabinet: Cabinet, folder: Path) -> tuple[Path, Runner]:
    """The simulator of ``cabinet`` on pseudo-terminals in ``folder``; also gives the configuration."""
    config = cabinet.write(folder)
    sim = load(config / "sim.toml")
    others = {name: PtyLink(folder / name, line.baud, Random(1)) for name, line in sim.file.lines.items()}
    main = PtyLink(folder / MAIN, sim.file.line.baud, Random(1))
    return config, Runner(World(sim, 1, now=time.monotonic()), main, None, others)


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in ALWAYS else pytest.mark.long) for name in CABINETS]
)
def test_the_port_s_thread_reads_every_kind_of_scale_from_a_pseudo_terminal(name, tmp_path):
    config, runner = runner_of(CABINETS[name], tmp_path)
    settings = load_outfit(config / "counter.toml", environ={}).settings
    heard: queue.Queue = queue.Queue()
    stop = threading.Event()
    runner.start()
    threads = [
        PortThread(str(tmp_path / port), settings.ports[port].baud, bus, heard.put, stop)
        for port, bus in buses_of(settings, config).items()
    ]
    for thread in threads:
        thread.start()
    try:
        wanted = {tray["id"]: tray["grams"] for tray in runner.state().result(2.0)["trays"]}
        until, read = time.monotonic() + PATIENCE_S, {}
        while read.keys() != wanted.keys() and time.monotonic() < until:
            signal = heard.get(timeout=PATIENCE_S)
            if isinstance(signal, Sweep):
                read |= {r.tray: r.weight for r in signal.readings if r.weight is not None and not r.suspect}
    finally:
        stop.set()
        for thread in threads:
            thread.join(PATIENCE_S)
        runner.stop()
    assert {tray: pytest.approx(10 * grams, abs=30) for tray, grams in wanted.items()} == read


@pytest.fixture
def asked(tmp_path, request) -> Iterator[tuple[ModbusTcpClient, dict[str, float]]]:
    """pymodbus on the line of a cabinet whose scales have the map that the test names, and what they feel."""
    sim = load(CABINETS[request.param].write(tmp_path) / "sim.toml")
    runner = Runner(World(sim, 1, now=time.monotonic()), link := TcpLink("127.0.0.1", 0))
    runner.start()
    host, _, port = link.url.removeprefix("socket://").rpartition(":")
    client = ModbusTcpClient(host, port=int(port), framer=FramerType.RTU, timeout=1, retries=0)
    assert client.connect()
    try:
        yield client, {tray["id"]: tray["grams"] for tray in runner.state().result(2.0)["trays"]}
    finally:
        client.close()
        runner.stop()


@pytest.mark.parametrize("asked", ["laumas"], indirect=True)
def test_pymodbus_reads_status_and_weights_from_the_simulated_laumas_map(asked):
    client, grams = asked
    status, *words = client.read_holding_registers(6, count=5, device_id=11).registers
    assert status == 0x0800
    (gross,) = struct.unpack(">i", struct.pack(">HH", *words[:2]))
    assert gross == pytest.approx(grams["1-01"], abs=3)
    assert client.read_holding_registers(6, count=64, device_id=11).exception_code in (2, 3)
    assert not client.write_registers(5, [8], device_id=11).isError()
    _, *words = client.read_holding_registers(6, count=5, device_id=11).registers
    assert struct.unpack(">i", struct.pack(">HH", *words[:2]))[0] == pytest.approx(0, abs=3)


@pytest.mark.parametrize("asked", ["mettler_float"], indirect=True)
def test_pymodbus_reads_a_float_from_the_simulated_float_map(asked):
    client, grams = asked
    words = client.read_holding_registers(1002, count=2, device_id=12).registers
    value = client.convert_from_registers(words, client.DATATYPE.FLOAT32)
    assert value == pytest.approx(grams["1-02"], abs=3)
    assert not client.write_register(1005, 1, device_id=12).isError()
