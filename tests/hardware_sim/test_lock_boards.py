"""The simulated lock boards byte by byte: answers as their layouts give them, silence to all else."""

from collections.abc import Mapping

import pytest

from edge.hardware.codecs import bcc8a, krcu16, krcu48, modbus_rtu, winnsen, wkly
from hardware_sim.devices import lock_krcu, lock_winnsen, lock_wkly
from hardware_sim.devices.lock_bcc8a import LockBoard
from hardware_sim.devices.lock_channel import Channel
from hardware_sim.devices.lock_modbus import LockRelay

ALL_CLOSED = {number: Channel(lambda at: True) for number in range(1, 49)}


def with_open(*numbers: int) -> Mapping[int, Channel]:
    return {**ALL_CLOSED, **{number: Channel(lambda at: False) for number in numbers}}


def upto(size: int, channels: Mapping[int, Channel]) -> dict[int, Channel]:
    return {number: channel for number, channel in channels.items() if number <= size}


def cu16(channels: Mapping[int, Channel] = ALL_CLOSED) -> lock_krcu.LockKrcu16:
    return lock_krcu.LockKrcu16(0, upto(16, channels))


def cu48(channels: Mapping[int, Channel] = ALL_CLOSED) -> lock_krcu.LockKrcu48:
    return lock_krcu.LockKrcu48(0, channels)


def relay() -> LockRelay:
    return LockRelay(1, {}, {})


def station(channels: Mapping[int, Channel] = ALL_CLOSED) -> lock_winnsen.LockWinnsen:
    return lock_winnsen.LockWinnsen(1, upto(16, channels))


def yunchuan(channels: Mapping[int, Channel] = ALL_CLOSED) -> lock_wkly.LockWkly:
    return lock_wkly.LockWkly(1, 0, upto(12, channels))


EXCHANGES = [
    pytest.param(cu16(), "02 00 30 03 35", "02 00 35 FF FF 00 00 03 38", 0.005, id="krcu16 status"),
    pytest.param(cu16(with_open(1)), "02 00 31 03 36", "02 00 35 FE FF 00 00 03 37", 0.3, id="krcu16 open"),
    pytest.param(cu16(), "02 00 31 03 36", "02 00 35 FF FF 00 00 03 38", 0.3, id="krcu16 stayed closed"),
    pytest.param(cu16(), "02 F0 32 03 27", "02 00 36 FF FF 00 00 03 39", 0.005, id="krcu16 to all"),
    pytest.param(cu48(), "02 00 00 61 03 66", "02 00 00 75 00 77", 0.3, id="krcu48 open"),
    pytest.param(
        cu48(), "02 00 00 60 03 65", "02 00 00 75 06 FF FF FF FF FF FF 77", 0.005, id="krcu48 status"
    ),
    pytest.param(relay(), "01 05 00 00 FF 00 8C 3A", "01 05 00 00 FF 00 8C 3A", 0.005, id="coil on"),
    pytest.param(relay(), "01 05 00 00 00 00 CD CA", "01 05 00 00 00 00 CD CA", 0.005, id="coil off"),
    pytest.param(relay(), "01 05 02 00 00 07 8D B0", "01 05 02 00 00 07 8D B0", 0.005, id="timed pulse"),
    pytest.param(relay(), "01 05 00 FF FF 00 BC 0A", "01 05 00 FF FF 00 BC 0A", 0.005, id="all coils"),
    pytest.param(relay(), "01 01 00 00 00 08 3D CC", "01 01 01 00 51 88", 0.005, id="coils"),
    pytest.param(relay(), "01 02 00 00 00 08 79 CC", "01 02 01 00 A1 88", 0.005, id="inputs"),
    pytest.param(relay(), "01 05 00 00 12 34 C0 BD", "01 85 03 02 91", 0.005, id="no value of a coil"),
    pytest.param(relay(), "01 06 10 00 00 00 8D 0A", "01 06 10 00 00 00 8D 0A", 0.005, id="mode"),
    pytest.param(station(with_open(8)), "90 06 05 01 08 03", "90 07 85 01 08 01 03", 0.8, id="winnsen open"),
    pytest.param(station(), "90 06 12 01 08 03", "90 07 92 01 00 08 03", 0.015, id="winnsen status"),
    pytest.param(
        yunchuan(with_open(1)),
        "57 4B 4C 59 09 01 82 00 83",
        "57 4B 4C 59 0B 01 82 00 00 00 81",
        0.3,
        id="wkly open",
    ),
    pytest.param(
        yunchuan(), "57 4B 4C 59 09 01 83 00 82", "57 4B 4C 59 0B 01 83 00 00 01 81", 0.01, id="wkly query"
    ),
    pytest.param(
        yunchuan(with_open(5)),
        "57 4B 4C 59 08 01 84 84",
        "57 4B 4C 59 16 01 84 00 0C 01 01 01 01 00 01 01 01 01 01 01 01 97",
        0.01,
        id="wkly query all",
    ),
    pytest.param(
        yunchuan(),
        "57 4B 4C 59 08 01 86 86",
        "57 4B 4C 59 09 01 86 00 87",
        0.3 + 11 * 0.35,
        id="wkly open all",
    ),
    pytest.param(
        yunchuan(), "57 4B 4C 59 0B 01 80 02 01 03 83", "57 4B 4C 59 09 01 80 00 81", 0.3, id="wkly open two"
    ),
    pytest.param(
        yunchuan(), "57 4B 4C 59 09 01 81 00 80", "57 4B 4C 59 0A 01 81 00 00 83", 0.01, id="wkly lamp"
    ),
]


@pytest.mark.parametrize("piece", [1, 3, 99])
@pytest.mark.parametrize(("board", "request_hex", "reply_hex", "delay"), EXCHANGES)
def test_a_board_answers_as_its_layout_says_however_the_request_is_cut(
    board, request_hex, reply_hex, delay, piece
):
    board.boot(0.0)
    data = b"\x00\xff" + bytes.fromhex(request_hex)
    replies = [reply for at in range(0, len(data), piece) for reply in board.feed(data[at : at + piece], 7.0)]
    assert replies == [(pytest.approx(7.0 + delay), bytes.fromhex(reply_hex))]


BOARDS = [
    pytest.param(lambda wires: LockBoard(1, wires), bcc8a.encode(bcc8a.Open(2, 1)), id="bcc8a"),
    pytest.param(
        lambda wires: lock_krcu.LockKrcu16(1, wires),
        krcu16.encode(krcu16.Command(krcu16.address(2, 1), krcu16.UNLOCK)),
        id="krcu16",
    ),
    pytest.param(lambda wires: lock_krcu.LockKrcu48(1, wires), krcu48.encode(krcu48.Open(2, 1)), id="krcu48"),
    pytest.param(
        lambda wires: LockRelay(1, {1: wires[1].pulse}, wires),
        modbus_rtu.encode(modbus_rtu.WriteOne(2, 5, 0x0200, 7)),
        id="modbus",
    ),
    pytest.param(
        lambda wires: lock_winnsen.LockWinnsen(1, wires), winnsen.encode(winnsen.Unlock(2, 1)), id="winnsen"
    ),
    pytest.param(
        lambda wires: lock_wkly.LockWkly(1, 0, wires),
        wkly.encode(wkly.Command(2, wkly.OPEN, b"\x00")),
        id="wkly",
    ),
]


@pytest.mark.parametrize(("make", "to_another"), BOARDS)
def test_a_board_neither_answers_nor_fires_at_another_s_request_or_a_damaged_one(make, to_another):
    pulses: list[float] = []
    board = make({1: Channel(lambda at: True, pulses.append)})
    for data in (to_another, to_another[:-1] + bytes([to_another[-1] ^ 0xFF]), to_another[:-1], bytes(50)):
        assert board.feed(data, 0.0) == []
    assert pulses == []


def test_a_krcu16_is_busy_after_an_unlock_until_it_is_told_otherwise():
    pulses: list[float] = []
    board = lock_krcu.LockKrcu16(0, {1: Channel(lambda at: False, pulses.append)})
    unlock = bytes.fromhex("02 00 31 03 36")
    assert len(board.feed(unlock, 0.0)) == 1
    assert board.feed(unlock, 5.0) == []
    assert board.feed(bytes.fromhex("02 00 38 03 3D"), 6.0) == []
    assert len(board.feed(unlock, 7.0)) == 1
    assert pulses == [0.0, 7.0]


def test_a_winnsen_lock_refuses_a_second_pulse_while_it_cools_down():
    pulses: list[float] = []
    board = lock_winnsen.LockWinnsen(1, {8: Channel(lambda at: False, pulses.append)})
    unlock = bytes.fromhex("90 06 05 01 08 03")
    board.feed(unlock, 0.0)
    assert board.feed(unlock, 14.0) == [(pytest.approx(14.015), bytes.fromhex("90 07 85 01 08 02 03"))]
    board.feed(unlock, 15.1)
    assert pulses == [0.0, 15.1]


def test_a_relay_times_its_pulse_itself_and_a_coil_left_on_burns():
    pulses: list[float] = []
    board = LockRelay(1, {1: pulses.append}, {})
    board.feed(bytes.fromhex("01 05 02 00 00 07 8D B0"), 0.0)
    assert not board.burnt(100.0)
    board.feed(bytes.fromhex("01 05 00 00 FF 00 8C 3A"), 100.0)
    assert board.burnt(106.0)
    assert pulses == [0.0, 100.0]


def test_a_yunchuan_board_says_once_that_a_contact_has_changed_and_come_to_rest():
    opened_at = 10.0
    board = lock_wkly.LockWkly(1, 0, {5: Channel(lambda at: at < opened_at)})
    said = [reply for tick in range(200) for reply in board.feed(b"\x00", tick * 0.1)]
    assert [data for _, data in said] == [bytes.fromhex("57 4B 4C 59 0A 01 85 04 00 83")]
    assert opened_at + 0.1 <= said[0][0] <= opened_at + 0.4
