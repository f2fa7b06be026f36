"""The codecs of bcc8a and of the weighing boards against printed frames, both ways, and against
bytes that are none.

frames.json: printed by the boards' texts (status matches_source) or built from the layout (computed);
rows with source_wrong are printed with a wrong checksum or length and must not be read.
"""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.hardware.codecs import bcc8a, modbus_rtu
from edge.hardware.codecs.checksums import crc16_modbus, xor8

ROWS = json.loads(Path(__file__).with_name("frames.json").read_text("utf-8"))
CODECS = {"bcc8a": bcc8a, "modbus_scale_32": modbus_rtu}
RIGHT = [
    pytest.param(
        CODECS[row["protocol"]],
        bytes.fromhex(row["request_hex"]),
        bytes.fromhex(row["reply_hex"]),
        row["meaning"],
        id=f"{row['protocol']}: {row['purpose']}",
    )
    for row in ROWS
    if row["protocol"] in CODECS and row["status"] != "source_wrong"
]
WRONG = [
    pytest.param(row, row["meaning"]["wrong"], id=row["purpose"])
    for row in ROWS
    if row["protocol"] in CODECS and row["status"] == "source_wrong"
]
NOISE = bytes.fromhex("00ff5a")
PIECES = [1, 2, 3, 99]


def reply_decoder(codec, request: bytes):
    return bcc8a.ReplyDecoder(codec.decode_request(request)) if codec is bcc8a else modbus_rtu.ReplyDecoder()


def fed(decoder, data: bytes, piece: int) -> list:
    return [frame for at in range(0, len(data), piece) for frame in decoder.feed(data[at : at + piece])]


def test_the_checksums_give_their_published_values():
    assert crc16_modbus(b"123456789") == 0x4B37
    assert xor8(bytes.fromhex("8A010111")) == 0x9B


@pytest.mark.parametrize(("codec", "request_", "reply", "meaning"), RIGHT)
def test_a_printed_frame_is_read_and_made_the_same_in_both_directions(codec, request_, reply, meaning):
    assert codec.encode(codec.decode_request(request_)) == request_
    assert codec.encode(codec.decode_reply(reply)) == reply
    if "exception" not in meaning:
        assert codec.reply_size(codec.decode_request(request_)) == len(reply)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(("codec", "request_", "reply", "meaning"), RIGHT)
def test_a_request_survives_the_wire_however_it_is_cut(codec, request_, reply, meaning, piece):
    decoder = codec.RequestDecoder()
    assert fed(decoder, NOISE + request_ + NOISE, piece) == [codec.decode_request(request_)]
    assert fed(decoder, request_, piece) == [codec.decode_request(request_)]
    assert decoder.noise == 2 * len(NOISE)


@pytest.mark.parametrize("piece", PIECES)
@pytest.mark.parametrize(("codec", "request_", "reply", "meaning"), RIGHT)
def test_a_reply_survives_the_wire_however_it_is_cut(codec, request_, reply, meaning, piece):
    decoder = reply_decoder(codec, request_)
    assert fed(decoder, NOISE + reply + NOISE, piece) == [codec.decode_reply(reply)]
    assert fed(decoder, reply, piece) == [codec.decode_reply(reply)]


@pytest.mark.parametrize(("codec", "request_", "reply", "meaning"), RIGHT)
def test_what_a_printed_frame_means_is_what_is_read(codec, request_, reply, meaning):
    frame = codec.decode_reply(reply)
    if "unit" in meaning:
        assert frame.unit == meaning["unit"]
    if meaning["kind"] == "weight":
        assert int.from_bytes(frame.body, "big", signed=True) == meaning["value"]
    if "exception" in meaning:
        assert frame == modbus_rtu.Refusal(meaning["unit"], 3, meaning["exception"])
    if "state" in meaning:
        assert (frame.board, frame.lock) == (meaning["board"], meaning["lock"])
        assert frame.closed == (meaning["state"] == "11")
    if "bits_closed" in meaning:
        assert [lock for lock in bcc8a.LOCKS if frame.is_closed(lock)] == meaning["bits_closed"]


@pytest.mark.parametrize(("row", "half"), WRONG)
def test_a_frame_printed_wrong_is_rejected_and_its_correction_is_read(row, half):
    printed, right = bytes.fromhex(row[f"{half}_hex"]), bytes.fromhex(row["meaning"]["correct_hex"])
    decode = modbus_rtu.decode_request if half == "request" else modbus_rtu.decode_reply
    decoder = modbus_rtu.RequestDecoder() if half == "request" else modbus_rtu.ReplyDecoder()
    assert decode(printed) is None
    assert decoder.feed(printed) == []
    assert modbus_rtu.encode(decode(right)) == right


MODBUS = [
    (modbus_rtu.Read(1, 1, 0x13, 0x25), modbus_rtu.ReadReply(1, 1, bytes.fromhex("cd6bb20e1b"))),
    (modbus_rtu.Read(1, 2, 0xC4, 0x16), modbus_rtu.ReadReply(1, 2, bytes.fromhex("acdb35"))),
    (modbus_rtu.Read(1, 4, 8, 1), modbus_rtu.ReadReply(1, 4, b"\x00\x0a")),
    (modbus_rtu.WriteOne(1, 5, 0xAC, 0xFF00), modbus_rtu.WriteOne(1, 5, 0xAC, 0xFF00)),
    (modbus_rtu.WriteOne(1, 6, 1, 3), modbus_rtu.WriteOne(1, 6, 1, 3)),
    (modbus_rtu.WriteMany(1, 15, 0x13, 10, b"\xcd\x01"), modbus_rtu.WriteManyReply(1, 15, 0x13, 10)),
    (modbus_rtu.WriteMany(1, 16, 1, 2, b"\0\x0a\x01\x02"), modbus_rtu.WriteManyReply(1, 16, 1, 2)),
]


@pytest.mark.parametrize(("request_", "reply"), MODBUS)
def test_every_modbus_function_goes_both_ways(request_, reply):
    assert modbus_rtu.decode_request(modbus_rtu.encode(request_)) == request_
    assert modbus_rtu.decode_reply(modbus_rtu.encode(reply)) == reply
    assert modbus_rtu.reply_size(request_) == len(modbus_rtu.encode(reply))


def test_bits_are_counted_from_the_lowest():
    values = (True, False, True, True, False, False, True, True, True)
    assert modbus_rtu.bits(values) == b"\xcd\x01"
    assert modbus_rtu.ReadReply(1, 1, b"\xcd\x01").bits(9) == values


def test_registers_are_high_byte_first():
    assert modbus_rtu.ReadReply(1, 3, modbus_rtu.registers((0x0102, 0xFFFE))).registers == (0x0102, 0xFFFE)


DECODERS = {
    "modbus requests": modbus_rtu.RequestDecoder,
    "modbus replies": modbus_rtu.ReplyDecoder,
    "bcc8a requests": bcc8a.RequestDecoder,
    "bcc8a short replies": lambda: bcc8a.ReplyDecoder(bcc8a.Query(1, 1)),
    "bcc8a long replies": lambda: bcc8a.ReplyDecoder(bcc8a.QueryAll(1)),
}
EXAMPLES = {
    "modbus requests": modbus_rtu.WriteMany(7, 16, 84, 2, b"\0\0\0\x64"),
    "modbus replies": modbus_rtu.ReadReply(7, 3, b"\0\0\0\x64"),
    "bcc8a requests": bcc8a.Open(3, 4),
    "bcc8a short replies": bcc8a.QueryReply(1, 1, True),
    "bcc8a long replies": bcc8a.QueryAllReply(1, 0x010203),
}


@pytest.mark.parametrize("name", DECODERS)
@given(pieces=st.lists(st.binary(max_size=80), max_size=30))
def test_no_bytes_make_a_decoder_raise_or_grow(name, pieces):
    decoder = DECODERS[name]()
    for piece in pieces:
        decoder.feed(piece)
        assert decoder.pending < modbus_rtu.LONGEST


@pytest.mark.parametrize("name", DECODERS)
@given(junk=st.binary(max_size=60), piece=st.integers(1, 20))
def test_a_frame_behind_any_junk_is_found(name, junk, piece):
    """bcc8a's XOR is weak: junk with its heads in it can swallow a frame, so there it holds none."""
    frame = EXAMPLES[name]
    codec = bcc8a if name.startswith("bcc8a") else modbus_rtu
    if codec is bcc8a:
        junk = junk.replace(b"\x80", b"").replace(b"\x8a", b"")
    decoder = DECODERS[name]()
    assert frame in fed(decoder, junk + codec.encode(frame), piece)


@pytest.mark.parametrize("name", DECODERS)
@pytest.mark.parametrize(
    "byte",
    [
        b"\x00",
        *(pytest.param(each, marks=pytest.mark.long) for each in (b"\x80", b"\x8a", b"\xff")),
        b"\x10",
        b"\x01\x10\x00\x00\x00\x7b\xf6",
    ],
)
def test_100_kb_of_junk_leave_a_decoder_bounded_and_able(name, byte):
    decoder = DECODERS[name]()
    fed(decoder, byte * (100_000 // len(byte)), 4096)
    assert decoder.pending < modbus_rtu.LONGEST
    codec = bcc8a if name.startswith("bcc8a") else modbus_rtu
    assert EXAMPLES[name] in decoder.feed(codec.encode(EXAMPLES[name]) + bytes(8))


def test_a_slave_finds_its_request_between_the_frames_of_another_protocol():
    wire = [bcc8a.QueryAll(1), bcc8a.QueryAllReply(1, 3), bcc8a.Open(1, 1), bcc8a.OpenReply(1, 1, True)]
    request = modbus_rtu.Read(11, 3, 80, 2)
    answer = modbus_rtu.ReadReply(11, 3, b"\0\0\x04\xd2")
    data = b"".join(map(bcc8a.encode, wire)) + modbus_rtu.encode(request) + modbus_rtu.encode(answer)
    assert fed(modbus_rtu.RequestDecoder(), data * 3, 5) == [request] * 3


def test_a_long_reply_that_begins_like_a_short_one_is_read_as_what_was_asked():
    packet = bcc8a.encode(bcc8a.QueryAllReply(1, 0x010080))
    assert bcc8a.decode_reply(packet[:5]) is not None
    assert bcc8a.ReplyDecoder(bcc8a.QueryAll(1)).feed(packet) == [bcc8a.QueryAllReply(1, 0x010080)]


def test_a_reset_forgets_half_a_frame():
    decoder = modbus_rtu.RequestDecoder()
    decoder.feed(bytes.fromhex("010300"))
    decoder.reset()
    assert (decoder.pending, decoder.noise) == (0, 3)
