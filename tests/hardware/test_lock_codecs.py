"""The lock boards' codecs against frames.json: whole, in pieces, in noise; and against bytes that are none.

A row without a request is said unasked; a row without a reply has none, or one whose layout nobody knows.
"""

import json
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.hardware.codecs import iw, iw_tray, krcu16, krcu48, modbus_rtu, winnsen, wkly
from edge.hardware.codecs.checksums import sum8

ROWS = json.loads(Path(__file__).with_name("frames.json").read_text("utf-8"))
CODECS = {
    "iw_host": iw,
    "iw_tray": iw_tray,
    "krcu16": krcu16,
    "krcu48": krcu48,
    "modbus_relay": modbus_rtu,
    "winnsen": winnsen,
    "wkly": wkly,
}
HALVES = [
    pytest.param(
        CODECS[row["protocol"]],
        half,
        bytes.fromhex(row[f"{half}_hex"]),
        bytes.fromhex(row["request_hex"] or ""),
        id=f"{row['protocol']}: {row['purpose']}, {half}",
    )
    for row in ROWS
    if row["protocol"] in CODECS
    for half in ("request", "reply")
    if row[f"{half}_hex"]
]
NOISE = bytes.fromhex("00ff5a")
PIECES = [1, 2, 3, 99]


def decoder_of(codec: ModuleType, half: str, request: bytes):
    if half == "request":
        return codec.RequestDecoder()
    return codec.ReplyDecoder(codec.decode_request(request)) if codec is krcu48 else codec.ReplyDecoder()


def decoded(codec: ModuleType, half: str, packet: bytes):
    return codec.decode_request(packet) if half == "request" else codec.decode_reply(packet)


def fed(decoder, data: bytes, piece: int) -> list:
    return [frame for at in range(0, len(data), piece) for frame in decoder.feed(data[at : at + piece])]


def test_the_sum_gives_its_known_values():
    assert sum8(bytes.fromhex("02003103")) == 0x36
    assert sum8(b"\xff" * 3) == 0xFD


def test_there_are_frames_of_every_codec():
    assert {row["protocol"] for row in ROWS} >= set(CODECS)


@pytest.mark.parametrize(("codec", "half", "packet", "request_"), HALVES)
def test_a_frame_is_read_and_made_the_same(codec, half, packet, request_):
    assert codec.encode(decoded(codec, half, packet)) == packet


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(("codec", "half", "packet", "request_"), HALVES)
def test_a_frame_survives_the_wire_however_it_is_cut(codec, half, packet, request_, piece):
    decoder = decoder_of(codec, half, request_)
    frame = decoded(codec, half, packet)
    assert fed(decoder, NOISE + packet + NOISE, piece) == [frame]
    assert fed(decoder, packet, piece) == [frame]
    assert decoder.noise == 2 * len(NOISE)


def variable(codec: ModuleType, request: bytes) -> bool:
    """Whether the answer's length is the board's to choose."""
    return codec is wkly and request[6] == wkly.ASK_ALL


@pytest.mark.parametrize(("codec", "half", "packet", "request_"), HALVES)
def test_a_known_answer_has_the_length_it_is_waited_for(codec, half, packet, request_):
    if (
        half == "reply"
        and request_
        and not variable(codec, request_)
        and not isinstance(decoded(codec, half, packet), modbus_rtu.Refusal)
    ):
        assert codec.reply_size(codec.decode_request(request_)) == len(packet)


@pytest.mark.parametrize(("codec", "half", "packet", "request_"), HALVES)
def test_a_frame_with_any_one_bit_turned_is_another_frame_or_none(codec, half, packet, request_):
    """No checksum finds every fault; but nothing damaged is ever read as what was sent."""
    frame = decoded(codec, half, packet)
    for place in range(8 * len(packet)):
        damaged = bytearray(packet)
        damaged[place // 8] ^= 1 << place % 8
        assert decoded(codec, half, bytes(damaged)) != frame


@pytest.mark.parametrize(("codec", "half", "packet", "request_"), HALVES)
@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: p + b"\x00", lambda p: p[1:]])
def test_a_frame_too_short_or_too_long_is_none(codec, half, packet, request_, change):
    assert decoded(codec, half, change(packet)) is None


DECODERS = [
    pytest.param(codec, half, packet, request_, id=f"{name} {half}")
    for name, codec in CODECS.items()
    for half in ("request", "reply")
    for packet, request_ in [
        next(
            (bytes.fromhex(row[f"{half}_hex"]), bytes.fromhex(row["request_hex"]))
            for row in ROWS
            if row["protocol"] == name and row["request_hex"] and row["reply_hex"]
        )
    ]
]


@pytest.mark.parametrize(("codec", "half", "packet", "request_"), DECODERS)
@given(pieces=st.lists(st.binary(max_size=80), max_size=30))
def test_no_bytes_make_a_decoder_raise_or_grow(codec, half, packet, request_, pieces):
    decoder = decoder_of(codec, half, request_)
    for piece in pieces:
        decoder.feed(piece)
        assert decoder.pending < 256


@pytest.mark.parametrize(("codec", "half", "packet", "request_"), DECODERS)
@pytest.mark.parametrize("share", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3)), -1])
def test_100_kb_of_junk_leave_a_decoder_bounded_and_able(codec, half, packet, request_, share):
    """Junk that begins like a frame for ever: its first bytes again and again."""
    decoder, junk = decoder_of(codec, half, request_), packet[:share]
    fed(decoder, junk * (100_000 // len(junk)), 4096)
    assert decoder.pending < 256
    assert decoded(codec, half, packet) in decoder.feed(packet + bytes(256) + packet)


# ── what a frame means ───────────────────────────────────────────────────────────────────────────────


def test_krcu16_the_address_is_board_and_lock_and_a_hook_s_1_means_closed():
    assert krcu16.encode(krcu16.Command(krcu16.address(1, 6), krcu16.UNLOCK)).hex() == "021531034b"
    status = krcu16.decode_reply(bytes.fromhex("020035feff0000" + "0337"))
    assert [status.is_closed(lock) for lock in (1, 2, 9, 16)] == [False, True, True, True]
    status = krcu16.decode_reply(krcu16.encode(krcu16.Status(0x30, krcu16.STATUS, 0xFEFF, 0x8001)))
    assert (status.is_closed(9), status.is_closed(1), status.infrared) == (False, True, 0x8001)


def test_krcu16_the_pulse_is_read_and_set_with_the_same_command():
    read, set_ = bytes.fromhex("020037033c"), bytes.fromhex("02003700370373")
    assert fed(krcu16.RequestDecoder(), read + set_ + read, 2) == [
        krcu16.Command(0, krcu16.PULSE),
        krcu16.Command(0, krcu16.PULSE, b"\x00\x37"),
        krcu16.Command(0, krcu16.PULSE),
    ]


def test_krcu48_a_status_without_its_length_byte_is_recognised_and_gives_no_contacts():
    bare = bytes.fromhex("02000075ffffffffffff")
    packet = bare + bytes([sum8(bare)])
    assert krcu48.decode_reply(packet) == krcu48.StatusWithoutLength(0, b"\xff" * 6)
    assert krcu48.encode(krcu48.StatusWithoutLength(0, b"\xff" * 6)) == packet
    assert krcu48.ReplyDecoder(krcu48.Ask(0)).feed(packet) == []


@pytest.mark.parametrize("length", [0, 5, 7])
def test_krcu48_a_status_of_another_length_byte_is_none(length):
    bare = bytes([2, 0, 0, 0x75, length, *b"\xff" * 6])
    assert krcu48.decode_reply(bare + bytes([sum8(bare)])) is None


def test_krcu48_numbers_locks_from_0_on_the_wire():
    assert krcu48.encode(krcu48.Open(0, 48)) == bytes.fromhex("02002f610395")
    status = krcu48.decode_reply(krcu48.encode(krcu48.Status(3, 1 << 47)))
    assert [lock for lock in krcu48.LOCKS if status.is_closed(lock)] == [48]


def test_wkly_an_event_is_found_where_it_cut_an_answer_in_two():
    event, answer = bytes.fromhex("574b4c590a0185040083"), bytes.fromhex("574b4c590b018300000181")
    found = fed(wkly.ReplyDecoder(), answer[:5] + event + answer, 3)
    assert found == [wkly.Answer(1, wkly.CHANGED, b"\x04\x00"), wkly.Answer(1, wkly.ASK, b"\x00\x00\x01")]


@pytest.mark.parametrize(
    ("words", "is_closed"), [("000000", False), ("000001", True), ("0000ff", None), ("ff0001", None)]
)
def test_wkly_a_state_that_the_board_does_not_vouch_for_is_unknown(words, is_closed):
    assert wkly.Answer(1, wkly.ASK, bytes.fromhex(words)).is_closed is is_closed
