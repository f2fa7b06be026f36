"""lock.modbus and its simulated board against pymodbus, which knows nothing of ours, both ways."""

import asyncio
import queue
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from pymodbus.client import ModbusTcpClient
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.hardware.bus import Bus
from edge.hardware.drivers.locks import lock_driver
from edge.hardware.port import PortThread
from edge.hardware.signals import DeviceAlarm, DoorState, Misconfigured, Unlock, UnlockDone, Unlocked
from edge.settings import LockBoard
from hardware_sim.devices.lock_channel import Channel
from hardware_sim.devices.lock_modbus import LockRelay

PATIENCE_S = 10.0
UNIT = 7


# ── our driver, pymodbus's server ────────────────────────────────────────────────────────────────────


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The TCP port of a pymodbus server: inputs 1 and 3 closed, input 2 open; input 2's mode is linkage."""
    inputs = [SimData(0, values=[True, False, True] + [False] * 13, datatype=DataType.BITS)]
    coils = [SimData(0, values=[False] * 16 * 33, datatype=DataType.BITS)]
    modes = [SimData(0x1000, values=[0, 1, 0], datatype=DataType.REGISTERS)]
    loop = asyncio.new_event_loop()

    async def start() -> ModbusTcpServer:
        devices = [SimDevice(UNIT, (coils, inputs, modes, modes))]
        server = ModbusTcpServer(devices, framer=FramerType.RTU, address=("127.0.0.1", 0))
        await server.serve_forever(background=True)
        return server

    server = loop.run_until_complete(start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield server.transport.sockets[0].getsockname()[1]
    asyncio.run_coroutine_threadsafe(server.shutdown(), loop).result(PATIENCE_S)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE_S)
    loop.close()


# pyserial leaves a socket that the peer closed to the garbage collector (protocol_socket.close).
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_our_driver_sees_the_door_on_pymodbus_s_server_and_believes_no_answer_but_its_own(port):
    signals: queue.Queue = queue.Queue()
    stop = threading.Event()
    board = LockBoard(driver="lock.modbus", board=UNIT, lock=1, bolt=1, reed=2)
    bus = Bus("main", lock_driver(board), [], baud=38400, idle_hz=20, busy_hz=20)
    thread = PortThread(f"socket://127.0.0.1:{port}", 38400, bus, signals.put, stop)
    thread.start()
    seen, until = [], time.monotonic() + PATIENCE_S
    while not {DoorState, Misconfigured} <= {type(s) for s in seen}:
        seen.append(signals.get(timeout=max(0.0, until - time.monotonic())))
    thread.submit(Unlock("a", time.monotonic() + PATIENCE_S))
    while not any(isinstance(s, UnlockDone) for s in seen):
        seen.append(signals.get(timeout=max(0.0, until - time.monotonic())))
    stop.set()
    thread.join(PATIENCE_S)
    assert {(s.closed, s.locked) for s in seen if isinstance(s, DoorState)} == {(False, True)}
    assert [(s.register, s.value) for s in seen if isinstance(s, Misconfigured)] == [(0x1001, 1)]
    assert not [s for s in seen if isinstance(s, DeviceAlarm)]
    (done,) = [s for s in seen if isinstance(s, UnlockDone)]
    # The timed pulse is these boards' own: a coil of the Modbus text takes FF00 and 0000 only, and so does
    # pymodbus's. What it says to our seven steps is no answer to them, and nothing else is sent.
    assert done.outcome is Unlocked.SILENT


# ── pymodbus's client, our board ─────────────────────────────────────────────────────────────────────


@pytest.fixture
def pulses() -> list[float]:
    return []


@pytest.fixture
def client(pulses) -> Iterator[ModbusTcpClient]:
    """A pymodbus client at our simulated relay board, over TCP."""
    board = LockRelay(UNIT, {1: pulses.append}, {1: Channel(lambda at: True), 2: Channel(lambda at: False)})
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        line, _ = listening.accept()
        with line:
            while data := line.recv(256):
                for _, reply in board.feed(data, time.monotonic()):
                    line.sendall(reply)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    client = ModbusTcpClient(
        "127.0.0.1", port=listening.getsockname()[1], framer=FramerType.RTU, timeout=PATIENCE_S, retries=0
    )
    assert client.connect()
    yield client
    client.close()
    thread.join(PATIENCE_S)
    listening.close()


def test_pymodbus_reads_our_board_s_inputs_coils_and_modes(client):
    assert client.read_discrete_inputs(0, count=8, device_id=UNIT).bits == [True, *[False] * 7]
    assert client.read_coils(0, count=8, device_id=UNIT).bits == [False] * 8
    assert client.read_holding_registers(0x1000, count=2, device_id=UNIT).registers == [0, 0]


def test_pymodbus_switches_our_board_s_coils_one_and_many(client, pulses):
    assert not client.write_coil(0, True, device_id=UNIT).isError()
    assert client.read_coils(0, count=8, device_id=UNIT).bits[:2] == [True, False]
    assert not client.write_coils(0, [False, True, True], device_id=UNIT).isError()
    assert client.read_coils(0, count=8, device_id=UNIT).bits[:4] == [False, True, True, False]
    assert len(pulses) == 1


def test_pymodbus_sets_a_mode_and_is_refused_what_there_is_not(client):
    assert not client.write_register(0x1001, 2, device_id=UNIT).isError()
    assert client.read_holding_registers(0x1000, count=2, device_id=UNIT).registers == [0, 2]
    assert client.write_register(0x1001, 9, device_id=UNIT).exception_code == 3
    assert client.read_discrete_inputs(40, count=8, device_id=UNIT).exception_code == 2
    assert client.read_input_registers(0, count=1, device_id=UNIT).exception_code == 1
