"""Real descriptors: the simulator's thread behind a pseudo-terminal and TCP, spoken to by other makes."""

import os
import select
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import pytest
import serial
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.framer import FramerType

from hardware_sim.errors import ConfigError, Impossible
from hardware_sim.links.pty import PtyLink
from hardware_sim.links.tcp import TcpLink
from hardware_sim.runner import Link, Runner
from hardware_sim.world import World

ASK_LOCK, LOCKED = bytes.fromhex("80 01 01 33 B3"), bytes.fromhex("80 01 01 11 91")
BAUD = 38400


@contextmanager
def running(config, link: Link, keep: Path | None = None) -> Iterator[Runner]:
    runner = Runner(World(config, 1, now=time.monotonic()), link, keep)
    runner.start()
    try:
        yield runner
    finally:
        runner.stop()


def pty(directory: Path) -> PtyLink:
    return PtyLink(directory / "bus", BAUD, Random(1))


def act(runner: Runner, do: str, **more) -> dict:
    return runner.act({"do": do, **more}).result(timeout=2)


def ask(url: str, baud: int = BAUD, data: bytes = ASK_LOCK, size: int = 5) -> bytes:
    with serial.serial_for_url(url, baud, timeout=0.5, write_timeout=1) as port:
        port.write(data)
        return port.read(size)


def test_a_serial_port_reaches_the_lock_board(config, tmp_path):
    with running(config, pty(tmp_path)) as runner:
        assert [ask(runner.url) for _ in range(3)] == [LOCKED] * 3


def test_a_client_that_sets_nothing_is_heard_byte_for_byte(config, tmp_path):
    with running(config, pty(tmp_path)) as runner:
        client = os.open(runner.url, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(client, bytes.fromhex("80 01 0A 33 B8"))
            got = b""
            while len(got) < 5 and select.select([client], [], [], 2)[0]:
                got += os.read(client, 99)
            assert got == bytes.fromhex("80 01 0A 00 8B")
        finally:
            os.close(client)


def test_a_client_of_another_make_reads_all_scales(config, tmp_path):
    with running(config, pty(tmp_path)) as runner:
        client = ModbusSerialClient(port=runner.url, baudrate=BAUD, timeout=1, retries=0)
        assert client.connect()
        try:
            truth = {tray["id"]: tray["true_g"] for tray in runner.state().result(2)["trays"]}
            for tray, unit in config.file.scales.units.items():
                answer = client.read_holding_registers(80, count=4, device_id=unit)
                gross = client.convert_from_registers(answer.registers[:2], client.DATATYPE.INT32)
                assert gross == pytest.approx(truth[tray], abs=5 + 2)
            refused = client.read_holding_registers(500, count=2, device_id=11)
            assert refused.isError()
            assert refused.exception_code == 2
            assert client.read_input_registers(80, count=2, device_id=11).exception_code == 1
            assert not client.write_registers(94, [1], device_id=11).isError()
            answer = client.read_holding_registers(82, count=2, device_id=11)
            assert abs(client.convert_from_registers(answer.registers, client.DATATYPE.INT32)) <= 1
        finally:
            client.close()


def test_the_same_boards_answer_over_tcp(config):
    with running(config, TcpLink("127.0.0.1", 0)) as runner:
        assert ask(runner.url) == LOCKED
        host, port = runner.url.removeprefix("socket://").split(":")
        client = ModbusTcpClient(host, port=int(port), framer=FramerType.RTU, timeout=1, retries=0)
        assert client.connect()
        try:
            assert client.read_holding_registers(8, count=1, device_id=34).registers == [0]
        finally:
            client.close()


def test_a_wrong_line_speed_gives_garbage_only(config, tmp_path):
    with running(config, pty(tmp_path)) as runner:
        assert ask(runner.url, baud=9600) == b""
        assert ask(runner.url) == LOCKED


def test_unplugging_wakes_the_reader_and_plugging_in_brings_a_new_port_under_the_old_name(config, tmp_path):
    with running(config, pty(tmp_path)) as runner:
        with serial.Serial(runner.url, BAUD, timeout=5) as port:
            act(runner, "fault", name="line_gone")
            with pytest.raises((serial.SerialException, OSError)):
                port.read(1)
        act(runner, "clear", name="line_gone")
        assert Path(runner.url).is_char_device()
        assert ask(runner.url) == LOCKED


def test_a_port_that_was_open_when_the_plug_came_out_stays_dead(config, tmp_path):
    with running(config, pty(tmp_path)) as runner, serial.Serial(runner.url, BAUD, timeout=0.2) as port:
        act(runner, "fault", name="line_gone")
        act(runner, "clear", name="line_gone")
        with pytest.raises((serial.SerialException, OSError)):
            port.read(5)


def test_closing_takes_the_name_away_but_not_another_ones(config, tmp_path):
    first, second = pty(tmp_path), pty(tmp_path)
    first.plug()
    second.plug()
    first.close()
    assert Path(second.url).is_char_device()
    second.close()
    assert not Path(second.url).is_symlink()


def test_a_file_under_the_links_name_is_not_overwritten(tmp_path):
    (tmp_path / "bus").write_text("precious")
    link = pty(tmp_path)
    with pytest.raises(ConfigError, match="not a symbolic link"):
        link.plug()
    link.close()
    assert (tmp_path / "bus").read_text() == "precious"


def test_a_speed_that_no_serial_line_has_is_refused(tmp_path):
    link = PtyLink(tmp_path / "bus", 12345, Random(1))
    with pytest.raises(ConfigError, match="12345"):
        link.plug()
    link.close()


def test_acts_of_other_threads_are_done_by_the_owner_and_kept_in_the_file(config, tmp_path):
    keep = tmp_path / "sim.json"
    with running(config, pty(tmp_path), keep) as runner:
        with pytest.raises(Impossible):
            act(runner, "open_door")
        assert act(runner, "force_door")["door"] == "open"
        assert b'"door_open":true' in keep.read_bytes()
        assert runner.alive
    assert not runner.alive
