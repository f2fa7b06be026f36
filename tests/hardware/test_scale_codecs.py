"""The scales' codecs against frames.json: whole, in pieces, in noise; and against bytes that are none."""

import json
from decimal import Decimal
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.hardware.codecs import ascii_stgs, lowa, mt_sics, x0502

ROWS = json.loads(Path(__file__).with_name("frames.json").read_text("utf-8"))
CODECS = {"ascii_stgs": ascii_stgs, "mt_sics": mt_sics, "x0502": x0502, "lowa": lowa}
ROWS = [row for row in ROWS if row["protocol"] in CODECS]
JOINED = "joined in the middle of a line"
HALVES = [
    pytest.param(
        CODECS[row["protocol"]],
        half,
        bytes.fromhex(row[f"{half}_hex"]),
        row,
        id=f"{row['protocol']}: {row['purpose']}, {half}",
    )
    for row in ROWS
    for half in ("request", "reply")
    if row[f"{half}_hex"] and row["meaning"].get("wrong") != half and row["purpose"] != JOINED
]
WRONG = [
    pytest.param(row, row["meaning"]["wrong"], id=row["purpose"])
    for row in ROWS
    if row["status"] == "source_wrong"
]
NOISE = bytes.fromhex("00ff5a")


def decoder_of(codec: ModuleType, half: str):
    return codec.RequestDecoder() if half == "request" else codec.ReplyDecoder()


def decoded(codec: ModuleType, half: str, packet: bytes):
    return codec.decode_request(packet) if half == "request" else codec.decode_reply(packet)


def fed(decoder, data: bytes, piece: int) -> list:
    return [frame for at in range(0, len(data), piece) for frame in decoder.feed(data[at : at + piece])]


def test_there_are_frames_of_every_codec():
    assert {row["protocol"] for row in ROWS} == set(CODECS)


@pytest.mark.parametrize(("codec", "half", "packet", "row"), HALVES)
def test_a_frame_is_read_and_made_the_same(codec, half, packet, row):
    assert codec.encode(decoded(codec, half, packet)) == packet


@pytest.mark.parametrize("piece", [1, 2, 3, 99])
@pytest.mark.parametrize(("codec", "half", "packet", "row"), HALVES)
def test_a_frame_survives_the_wire_however_it_is_cut(codec, half, packet, row, piece):
    decoder, frame = decoder_of(codec, half), decoded(codec, half, packet)
    noise = NOISE[:2] if codec is mt_sics else NOISE  # a Z before a line could begin one
    assert fed(decoder, noise + packet, piece) == [frame]
    assert fed(decoder, packet, piece) == [frame]
    assert decoder.noise == len(noise)


@pytest.mark.parametrize(("codec", "half", "packet", "row"), HALVES)
@pytest.mark.parametrize("change", [lambda p: p[:-1], lambda p: p + b"\x00", lambda p: p[1:]])
def test_a_frame_too_short_or_too_long_is_none_or_another(codec, half, packet, row, change):
    assert decoded(codec, half, change(packet)) != decoded(codec, half, packet)


@pytest.mark.parametrize(("row", "half"), WRONG)
def test_a_frame_printed_wrong_is_rejected_and_its_correction_is_read(row, half):
    codec = CODECS[row["protocol"]]
    printed, right = bytes.fromhex(row[f"{half}_hex"]), bytes.fromhex(row["meaning"]["correct_hex"])
    assert decoded(codec, half, printed) is None
    assert decoder_of(codec, half).feed(printed) == []
    assert codec.encode(decoded(codec, half, right)) == right


@pytest.mark.parametrize(
    ("codec", "half"),
    [(c, h) for c in CODECS.values() for h in ("request", "reply") if hasattr(c, "decode_" + h)],
)
@given(pieces=st.lists(st.binary(max_size=80), max_size=30))
def test_no_bytes_make_a_decoder_raise_or_grow(codec, half, pieces):
    decoder = decoder_of(codec, half)
    for piece in pieces:
        decoder.feed(piece)
        assert decoder.pending < 128


FIRST = list({(p.values[0], p.values[1]): p for p in reversed(HALVES)}.values())


@pytest.mark.parametrize(("codec", "half", "packet", "row"), FIRST)
@pytest.mark.parametrize("share", [1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3)), -1])
def test_100_kb_of_junk_leave_a_decoder_bounded_and_able(codec, half, packet, row, share):
    decoder, junk = decoder_of(codec, half), packet[:share]
    fed(decoder, junk * (100_000 // len(junk)), 4096)
    assert decoder.pending < 128
    assert decoded(codec, half, packet) in decoder.feed(packet + bytes(256) + packet)


@pytest.mark.parametrize(
    ("codec", "half", "packet", "row"), [p for p in HALVES if p.values[0] in (x0502, lowa)]
)
def test_a_checked_frame_with_any_one_bit_turned_is_none(codec, half, packet, row):
    for place in range(8 * len(packet)):
        damaged = bytearray(packet)
        damaged[place // 8] ^= 1 << place % 8
        assert decoded(codec, half, bytes(damaged)) is None


# ── what a frame means ───────────────────────────────────────────────────────────────────────────────

MEANT = [p for p in HALVES if p.values[1] == "reply" and p.values[3]["status"] != "source_wrong"]


@pytest.mark.parametrize(("codec", "half", "packet", "row"), MEANT)
def test_what_a_frame_means_is_what_is_read(codec, half, packet, row):
    frame, means = codec.decode_reply(packet), row["meaning"]
    if codec is x0502 and isinstance(frame, x0502.Weight):
        assert frame.address == means["address"]
        assert frame.tenths == (None if means["grams"] is None else 10 * means["grams"])
        assert frame.stable is means["stable"]
    elif codec in (ascii_stgs, mt_sics) and "grams" in means:
        assert frame.grams == (None if means["grams"] is None else Decimal(means["grams"]))
    elif codec is lowa and "kg" in means:
        kg = means["kg"] if isinstance(means["kg"], list) else [means["kg"]]
        assert [w.kilograms for w in frame.weights] == [None if k is None else Decimal(k) for k in kg]


def test_who_joins_in_mid_line_reads_the_next_one():
    (row,) = [row for row in ROWS if row["purpose"] == JOINED]
    for piece in (1, 3, 99):
        (line,) = fed(ascii_stgs.ReplyDecoder(), bytes.fromhex(row["reply_hex"]), piece)
        assert line.grams == 1502


@pytest.mark.parametrize(
    ("text", "grams"),
    [
        ("ST,GS,-  0.250kg", Decimal("-250")),
        ("ST,GS,+ 12.5 g", Decimal("12.5")),
        ("US,NT,    1.00lb", Decimal("453.59237")),
        ("OL,GS,+  1.500kg", None),
        ("ST,GS,+      kg", None),
    ],
)
def test_signs_units_and_missing_digits_of_a_line(text, grams):
    assert ascii_stgs.decode_reply(text.encode() + b"\r\n").grams == grams


@pytest.mark.parametrize(
    "text", ["ST,GS,+ 1.5.0kg", "ST,XX,+ 1.500kg", "ST,GS,+ 1.500oz", "1.500kg", "ST,GS,+ 1,500kg"]
)
def test_what_is_no_line_is_none(text):
    assert ascii_stgs.decode_reply(text.encode() + b"\r\n") is None


@pytest.mark.parametrize(
    ("code", "tenths"),
    [
        (0, 10_000),
        (1, 1000),
        (2, 100),
        (3, 10),
        (4, 20),
        (5, 50),
        (6, 2000),
        (7, 5000),
        (8, 500),
        (9, 5),
        (10, None),
        (15, None),
    ],
)
def test_x0502_divisions_and_signs(code, tenths):
    assert x0502.Weight(1, 0x42, code, 3).tenths == (None if tenths is None else 3 * tenths)
    assert x0502.Weight(1, 0x42, 0x80 | code, 3).tenths == (None if tenths is None else -3 * tenths)


@pytest.mark.parametrize("bit", [4, 3, 2])
def test_x0502_fault_over_range_and_a_bad_zero_are_no_weight(bit):
    assert x0502.Weight(1, 0x42 | 1 << bit, 3, 5).tenths is None
