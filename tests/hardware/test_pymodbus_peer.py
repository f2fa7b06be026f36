"""Our master and our codec against pymodbus's server, which knows nothing of ours. Modbus RTU over TCP."""

import asyncio
import queue
import socket
import threading
import time
from collections.abc import Iterator

import pytest
from pymodbus.framer import FramerType
from pymodbus.server import ModbusTcpServer
from pymodbus.simulator import DataType, SimData, SimDevice

from edge.hardware.bus import Bus
from edge.hardware.codecs import modbus_rtu
from edge.hardware.port import PortThread
from edge.hardware.signals import DeviceAlarm, Fault, Misconfigured, Sweep

PATIENCE_S = 10.0
WEIGHTS = {11: 1100, 12: -5}
"""By unit; 13 is missing, which pymodbus answers with exception 4."""


def device(unit: int, digits: int) -> SimDevice:
    words = [digits >> 16 & 0xFFFF, digits & 0xFFFF]
    registers = [
        SimData(8, values=0, datatype=DataType.REGISTERS),
        SimData(80, values=words, datatype=DataType.REGISTERS),
        SimData(95, values=[0, 0 if unit == 11 else 7], datatype=DataType.REGISTERS),
        SimData(200, values=[1, 2, 3, 4], datatype=DataType.REGISTERS),
    ]
    bits = [SimData(0, values=[i % 3 == 0 for i in range(32)], datatype=DataType.BITS)]
    return SimDevice(unit, (bits, bits, registers, registers))


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The TCP port of a pymodbus server with two devices."""
    loop = asyncio.new_event_loop()

    async def start() -> ModbusTcpServer:
        devices = [device(unit, digits) for unit, digits in WEIGHTS.items()]
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


ASKED = [
    (modbus_rtu.Read(11, 1, 0, 10), (True, False, False, True, False, False, True, False, False, True)),
    (modbus_rtu.Read(11, 2, 3, 9), (True, False, False, True, False, False, True, False, False)),
    (modbus_rtu.Read(11, 3, 200, 3), (1, 2, 3)),
    (modbus_rtu.Read(11, 4, 80, 2), (0, 1100)),
    (modbus_rtu.WriteOne(11, 5, 4, 0xFF00), modbus_rtu.WriteOne(11, 5, 4, 0xFF00)),
    (modbus_rtu.WriteOne(11, 6, 203, 77), modbus_rtu.WriteOne(11, 6, 203, 77)),
    (
        modbus_rtu.WriteMany(11, 15, 8, 3, modbus_rtu.bits((True, True, True))),
        modbus_rtu.WriteManyReply(11, 15, 8, 3),
    ),
    (modbus_rtu.Read(11, 1, 8, 3), (True, True, True)),
    (
        modbus_rtu.WriteMany(11, 16, 201, 2, modbus_rtu.registers((500, 600))),
        modbus_rtu.WriteManyReply(11, 16, 201, 2),
    ),
    (modbus_rtu.Read(11, 3, 200, 4), (1, 500, 600, 77)),
    (modbus_rtu.Read(11, 3, 500, 2), modbus_rtu.Refusal(11, 3, 2)),
]


def test_pymodbus_understands_every_request_and_we_every_reply(port):
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S) as line:
        for request, expected in ASKED:
            line.sendall(modbus_rtu.encode(request))
            decoder, replies = modbus_rtu.ReplyDecoder(), []
            while not replies:
                replies = decoder.feed(line.recv(256))
            (reply,) = replies
            if isinstance(reply, modbus_rtu.ReadReply):
                by_bits = reply.function in modbus_rtu.BIT_READS
                assert (reply.bits(request.count) if by_bits else reply.registers) == expected
                assert modbus_rtu.reply_size(request) == len(modbus_rtu.encode(reply))
            else:
                assert reply == expected


# pyserial leaves a socket that the peer closed to the garbage collector (protocol_socket.close).
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_our_master_weighs_on_pymodbus_s_server(port, scales):
    signals: queue.Queue = queue.Queue()
    stop = threading.Event()
    bus = Bus("main", None, scales, baud=38400, idle_hz=20, busy_hz=20)
    thread = PortThread(f"socket://127.0.0.1:{port}", 38400, bus, signals.put, stop)
    thread.start()
    seen, until = [], time.monotonic() + PATIENCE_S
    while (
        not any(isinstance(s, DeviceAlarm) for s in seen)
        or sum(isinstance(s, Misconfigured) for s in seen) < 6
    ):
        seen.append(signals.get(timeout=max(0.0, until - time.monotonic())))
    stop.set()
    thread.join(PATIENCE_S)
    last = [s for s in seen if isinstance(s, Sweep)][-1]
    assert [(r.weight, r.fault) for r in last.readings] == [
        (11000, None),
        (-50, None),
        (None, Fault.EXCEPTION),
    ]
    assert {(s.device, s.fault) for s in seen if isinstance(s, DeviceAlarm)} == {("1-03", Fault.EXCEPTION)}
    assert {(s.tray, s.register, s.value) for s in seen if isinstance(s, Misconfigured)} == {
        ("1-01", 102, None),
        ("1-02", 96, 7),
        ("1-02", 102, None),
        *(("1-03", register, None) for register in (95, 96, 102)),
    }
