"""The boards byte by byte against frames that vendors print or their layouts give."""

from collections.abc import Callable
from dataclasses import dataclass

import pytest

from edge.hardware.codecs import modbus_rtu
from hardware_sim.devices.lock_bcc8a import PULSE_S, QUERY_S, LockBoard
from hardware_sim.devices.lock_channel import Channel
from hardware_sim.devices.scale_modbus32 import RAW_EMPTY, RAW_PER_G, REGISTERS, Scale
from hardware_sim.tray import Felt

LOCK = [
    pytest.param("8A 01 01 11 9B", {1: False}, "8A 01 01 00 8A", PULSE_S, id="open, contact open"),
    pytest.param("8A 01 01 11 9B", {1: True}, "8A 01 01 11 9B", PULSE_S, id="open, contact closed"),
    pytest.param("80 01 01 33 B3", {1: False}, "80 01 01 00 80", QUERY_S, id="query, contact open"),
    pytest.param("80 01 01 33 B3", {1: True}, "80 01 01 11 91", QUERY_S, id="query, contact closed"),
    pytest.param(
        "80 01 00 33 B2", {1: True, 9: True, 17: True}, "80 01 01 01 01 33 B3", QUERY_S, id="query all"
    ),
    pytest.param("8A 01 00 11 9A", {1: True}, "8A 01 00 11 9A", 24 * 0.35, id="open all"),
]


def board(contacts: dict[int, bool], number: int = 1) -> LockBoard:
    return LockBoard(number, {lock: Channel(lambda at, c=closed: c) for lock, closed in contacts.items()})


@pytest.mark.parametrize(("request_hex", "contacts", "reply_hex", "delay"), LOCK)
@pytest.mark.parametrize("piece", [1, 2, 99])
def test_the_lock_board_answers_as_printed_however_the_request_is_cut(
    request_hex, contacts, reply_hex, delay, piece
):
    data = b"\x00\xff" + bytes.fromhex(request_hex)
    lock = board(contacts)
    replies = [reply for at in range(0, len(data), piece) for reply in lock.feed(data[at : at + piece], 7.0)]
    assert replies == [(pytest.approx(7.0 + delay), bytes.fromhex(reply_hex))]


def test_the_highest_board_and_lock_answer():
    lock = board({24: False}, number=32)
    assert lock.feed(bytes.fromhex("8A 20 18 11 A3"), 0.0) == [(PULSE_S, bytes.fromhex("8A 20 18 00 B2"))]


@pytest.mark.parametrize(
    "data", ["8A 01 01 11 9C", "8A 02 01 11 98", "80 01 01 44 C4", "01 03 00 08 00 01 05 C8"]
)
def test_the_lock_board_is_silent_to_bad_checksums_other_boards_and_other_protocols(data):
    pulses: list[float] = []
    lock = LockBoard(1, {1: Channel(lambda at: True, pulses.append)})
    assert lock.feed(bytes.fromhex(data), 0.0) == []
    assert pulses == []


def test_the_answer_to_open_holds_the_contact_as_it_is_after_the_pulse():
    lock = LockBoard(1, {1: Channel(lambda at: at < 0.2)})
    assert lock.feed(bytes.fromhex("8A 01 01 11 9B"), 0.0) == [(PULSE_S, bytes.fromhex("8A 01 01 00 8A"))]


def steady(grams: float, moving: bool = False, overload: bool = False) -> Callable[[float], Felt]:
    return lambda now: Felt(grams, moving, overload)


TENTHS, HUNDREDTHS = {88: 0x09}, {88: 0x06}

SCALE = [
    pytest.param("01 03 00 1E 00 02 A4 0D", "01 03 04 00 00 01 62 7A 4A", steady(354), {}, id="measured"),
    pytest.param("01 03 00 50 00 02 C4 1A", "01 03 04 00 00 00 84 FA 50", steady(132), {}, id="gross"),
    pytest.param("01 03 00 52 00 02 65 DA", "01 03 04 FF FF C1 EF EA 0B", steady(-15889), {}, id="net"),
    pytest.param(
        "01 03 00 08 00 01 05 C8", "01 03 02 02 29 78 FA", steady(-5, True, True), TENTHS, id="status"
    ),
    pytest.param(
        "01 03 00 2C 00 02 05 C2",
        "01 03 04 00 19 3B 67 79 2E",
        steady((0x193B67 - RAW_EMPTY) / RAW_PER_G),
        {},
        id="raw converter",
    ),
    pytest.param("01 03 00 06 00 01 64 0B", "01 03 02 00 FA 38 07", steady(0), {}, id="firmware"),
    pytest.param("01 03 01 F4 00 02 84 05", "01 83 02 C0 F1", steady(0), {}, id="no such register"),
    pytest.param("01 10 00 05 00 01 02 5A A5 5C DE", "01 10 00 05 00 01 11 C8", steady(0), {}, id="unlock"),
    pytest.param(
        "01 10 00 54 00 02 04 00 00 00 64 F6 8B", "01 10 00 54 00 02 00 18", steady(0), {}, id="preset tare"
    ),
    pytest.param("01 10 00 5E 00 01 02 00 01 6A EE", "01 10 00 5E 00 01 60 1B", steady(0), {}, id="zero"),
    pytest.param("01 10 00 5E 00 01 02 00 FF EB 6E", "01 10 00 5E 00 01 60 1B", steady(0), {}, id="zero all"),
    pytest.param(
        "01 10 00 5F 00 01 02 00 00 AA FF", "01 10 00 5F 00 01 31 DB", steady(0), {}, id="boot zero"
    ),
    pytest.param("01 10 00 60 00 01 02 00 00 AF F0", "01 10 00 60 00 01 01 D7", steady(0), {}, id="tracking"),
    pytest.param(
        "01 10 00 26 00 02 04 00 00 00 00 71 9D",
        "01 10 00 26 00 02 A0 03",
        steady(0),
        {},
        id="zero calibration",
    ),
    pytest.param(
        "01 10 00 2A 00 02 04 00 00 03 E8 71 76",
        "01 10 00 2A 00 02 60 00",
        steady(0),
        {},
        id="span calibration",
    ),
    pytest.param(
        "01 10 00 56 00 02 04 00 00 27 10 6C 85", "01 10 00 56 00 02 A1 D8", steady(0), {}, id="maximum range"
    ),
]


@pytest.mark.parametrize(("request_hex", "reply_hex", "load", "words"), SCALE)
@pytest.mark.parametrize("piece", [1, 3, 99])
def test_the_scale_answers_as_printed_however_the_request_is_cut(request_hex, reply_hex, load, words, piece):
    scale = Scale("1-01", 1, load, words)
    data = b"\xff" + bytes.fromhex(request_hex)
    replies = [reply for at in range(0, len(data), piece) for reply in scale.feed(data[at : at + piece], 0.0)]
    assert [reply for _, reply in replies] == [bytes.fromhex(reply_hex)]


@pytest.mark.parametrize(
    "data",
    [
        pytest.param("02 03 00 08 00 01 05 FB", id="another unit"),
        pytest.param("01 03 00 08 00 01 05 C9", id="wrong checksum"),
        pytest.param("01 10 00 2A 00 02 04 4E 20 27 10 16 7D", id="printed with its checksum swapped"),
        pytest.param("01 10 00 24 00 02 04 7F FF FF FF FF 10 D8", id="printed with a byte too many"),
        pytest.param("8A 01 01 11 9B", id="a lock board's frame"),
    ],
)
def test_the_scale_is_silent_to_what_is_not_for_it(data):
    assert Scale("1-01", 1, steady(5)).feed(bytes.fromhex(data), 0.0) == []


def told(scale: Scale, request: modbus_rtu.Request, now: float = 0.0) -> modbus_rtu.Reply | None:
    replies = scale.feed(modbus_rtu.encode(request), now)
    return modbus_rtu.decode_reply(replies[0][1]) if replies else None


def words(*values: int) -> bytes:
    return modbus_rtu.registers(values)


REFUSED = [
    pytest.param(modbus_rtu.Read(1, 4, 80, 2), 1, id="a function it has not"),
    pytest.param(modbus_rtu.WriteOne(1, 6, 94, 1), 1, id="a write it has not"),
    pytest.param(modbus_rtu.Read(1, 3, 9, 1), 2, id="a hole in the map"),
    pytest.param(modbus_rtu.Read(1, 3, 80, 10), 2, id="a block that runs into a hole"),
    pytest.param(modbus_rtu.WriteMany(1, 16, 8, 1, words(0)), 2, id="a write to the status"),
    pytest.param(modbus_rtu.WriteMany(1, 16, 1, 1, words(7)), 2, id="the locked line speed"),
    pytest.param(modbus_rtu.Read(1, 3, 80, 0), 3, id="nothing asked"),
    pytest.param(modbus_rtu.Read(1, 3, 80, 126), 3, id="too much asked"),
]


@pytest.mark.parametrize(("request_", "code"), REFUSED)
def test_the_scale_refuses_with_the_standards_code(request_, code):
    answer = told(Scale("1-01", 1, steady(5)), request_)
    assert answer == modbus_rtu.Refusal(1, request_.function, code)


def test_the_key_register_opens_the_line_settings_until_the_next_power_up():
    scale = Scale("1-01", 1, steady(5))
    speed = modbus_rtu.WriteMany(1, 16, 1, 1, words(7))
    told(scale, modbus_rtu.WriteMany(1, 16, 5, 1, words(0x5AA5)))
    assert isinstance(told(scale, speed), modbus_rtu.WriteManyReply)
    assert told(scale, modbus_rtu.Read(1, 3, 5, 1)) == modbus_rtu.ReadReply(1, 3, words(0))
    scale.boot(1.0)
    assert isinstance(told(scale, speed), modbus_rtu.Refusal)


def net_of(scale: Scale, now: float = 0.0) -> int:
    answer = told(scale, modbus_rtu.Read(1, 3, 82, 2), now)
    assert isinstance(answer, modbus_rtu.ReadReply)
    return int.from_bytes(answer.body, "big", signed=True)


def test_tare_zero_and_span_change_what_the_same_load_reads():
    loads = Load(300.0)
    scale = Scale("1-01", 1, loads)
    told(scale, modbus_rtu.WriteMany(1, 16, 84, 2, words(0x7FFF, 0xFFFF)))
    assert net_of(scale) == 0
    told(scale, modbus_rtu.WriteMany(1, 16, 84, 2, words(0, 0)))
    told(scale, modbus_rtu.WriteMany(1, 16, 94, 1, words(1)))
    assert net_of(scale) == 0
    loads.grams = 1300.0
    told(scale, modbus_rtu.WriteMany(1, 16, 42, 2, words(0, 2000)))
    assert net_of(scale) == 2000


@dataclass
class Load:
    grams: float

    def __call__(self, now: float) -> Felt:
        return Felt(self.grams, False, False)


@pytest.mark.parametrize(("percent", "reads"), [(0, 300), (10, 0)])
def test_power_on_zero_swallows_the_goods_unless_it_is_switched_off(percent, reads):
    scale = Scale("1-01", 1, steady(300.0))
    told(scale, modbus_rtu.WriteMany(1, 16, 95, 1, words(percent)))
    scale.boot(5.0)
    assert net_of(scale, 6.0) == reads


def test_a_broadcast_is_obeyed_and_not_answered():
    scale = Scale("1-01", 1, steady(300.0))
    assert told(scale, modbus_rtu.WriteMany(0, 16, 94, 1, words(1))) is None
    assert net_of(scale) == 0


def test_the_reply_delay_register_delays_replies():
    scale = Scale("1-01", 1, steady(5), {4: 50})
    (due, _), *_ = scale.feed(bytes.fromhex("01 03 00 08 00 01 05 C8"), 1.0)
    assert due == pytest.approx(1.0 + 0.05 + 0.0025)


def test_every_register_of_the_map_can_be_read():
    scale = Scale("1-01", 1, steady(5))
    for register in sorted(REGISTERS):
        assert isinstance(told(scale, modbus_rtu.Read(1, 3, register, 1)), modbus_rtu.ReadReply), register
