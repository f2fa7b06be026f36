"""``counter wire`` as a technician uses it."""

import json
from pathlib import Path

import pytest

from edge.cli import main

ROWS = json.loads(Path(__file__).with_name("frames.json").read_text("utf-8"))
FRAMES = [
    pytest.param(row, half, id=f"{row['protocol']}: {row['purpose']}, {half}")
    for row in ROWS
    for half in ("request", "reply")
    if row[f"{half}_hex"]
]


WHO = {"unit", "board", "device", "station"}


def decoded(capsys, protocol: str, *hex_bytes: str) -> tuple[int, dict]:
    code = main(["wire", "decode", protocol, *hex_bytes, "--json"])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(("row", "half"), FRAMES)
def test_every_printed_frame_is_said_in_words_or_refused_with_a_reason(row, half, capsys):
    code, words = decoded(capsys, row["protocol"], *row[f"{half}_hex"].split())
    if row["meaning"].get("wrong") == half:
        assert code == 65
        assert "wrong" in words["error"]
        return
    assert code == 0
    readings = [words, *words.get("also", [])]
    reading = next(r for r in readings if r["direction"] == half)
    means = row["meaning"]
    keys = set(reading) & set(means) & (set(reading) if half == "reply" else WHO)
    assert {key: reading[key] for key in keys} == {key: means[key] for key in keys}


@pytest.mark.parametrize("hex_bytes", [["8A", "01", "01", "11", "9B"], ["8A 01 01 11 9B"], ["8a0101119b"]])
def test_bytes_that_can_be_request_and_reply_are_said_to_be_either(hex_bytes, capsys):
    code, words = decoded(capsys, "bcc8a", *hex_bytes)
    assert code == 0
    assert (words["direction"], words["also"][0]["direction"]) == ("request", "reply")
    assert main(["wire", "decode", "bcc8a", *hex_bytes]) == 0
    assert "or, with the same bytes" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("protocol", "hex_bytes", "reason"),
    [
        ("bcc8a", "8A 01 01 11 9C", "wrong checksum 9C: the XOR of the bytes before it is 9B"),
        ("bcc8a", "8A 01 01 11", "wrong length 4"),
        ("bcc8a", "9A 01 01 11 8B", "unknown head 9A"),
        ("bcc8a", "8A 01 01 22 A8", "none that bcc8a knows"),
        ("bcc8a", "xy", "not hexadecimal"),
        ("krcu16", "02 00 30 03 36", "wrong checksum 36: the sum of the bytes before it is 35"),
        ("krcu16", "02 00 55 03 5A", "none that this protocol knows"),
        ("krcu48", "8A 01 01 11 9B", "unknown head 8A"),
        ("winnsen", "90 06 05 01 08", "wrong length 5"),
        ("winnsen", "90 06 05 01 08 04", "wrong end 04"),
        ("winnsen", "90 06 05 05 08 03", "none that winnsen knows"),
        ("wkly", "57 4B 4C 59 09 01 83 00 83", "wrong checksum 83"),
        ("wkly", "57 4B 4C 59 0A 01 83 00 82", "wrong length 9"),
        ("wkly", "57 4B 4C 58", "unknown head 57 4B 4C 58"),
        ("iw_host", "01 11 C0 2D", "wrong checksum C0 2D: the CRC of the bytes before it is C0 2C"),
        ("iw_host", "02 11 C0 2C", "unknown head 02"),
        ("iw_host", "01 11", "wrong length 2"),
        ("iw_tray", "4D 4C 02 01 00 BE CE", "wrong checksum BE CE"),
        ("iw_tray", "4D 4C 03 01 00 CE BE", "wrong length 7"),
        ("modbus_scale_32", "01 03 00 08 00 01 C8 05", "wrong checksum C8 05"),
        ("modbus_scale_32", "01 03", "wrong length 2"),
        ("modbus_scale_32", "01 2B 0E 01 00 70 77", "unknown function 2B"),
    ],
)
def test_a_bad_frame_is_refused_with_its_reason(protocol, hex_bytes, reason, capsys):
    assert main(["wire", "decode", protocol, hex_bytes]) == 65
    assert reason in capsys.readouterr().err
    code, words = decoded(capsys, protocol, hex_bytes)
    assert code == 65
    assert reason in words["error"]


@pytest.mark.parametrize(
    ("protocol", "purpose", "pairs", "wire"),
    [
        ("bcc8a", "open", "lock=24 board=32", "8A 20 18 11 A3"),
        ("bcc8a", "open_all", "", "8A 01 00 11 9A"),
        ("bcc8a", "query", "lock=1", "80 01 01 33 B3"),
        ("bcc8a", "query_all", "", "80 01 00 33 B2"),
        ("bcc8a", "open_reply", "lock=1 state=00", "8A 01 01 00 8A"),
        ("bcc8a", "open_all_reply", "", "8A 01 00 11 9A"),
        ("bcc8a", "query_reply", "lock=1 state=11", "80 01 01 11 91"),
        ("bcc8a", "query_all_reply", "bits_closed=1,9,17", "80 01 01 01 01 33 B3"),
        ("krcu16", "open", "board=1 lock=6", "02 15 31 03 4B"),
        ("krcu16", "query", "", "02 00 30 03 35"),
        ("krcu16", "query_all", "", "02 F0 32 03 27"),
        ("krcu16", "pulse", "", "02 00 37 03 3C"),
        ("krcu16", "pulse", "pulse_ms=550", "02 00 37 00 37 03 73"),
        ("krcu16", "clear", "", "02 00 38 03 3D"),
        ("krcu16", "open_delayed", "delay_s=3", "02 00 39 03 03 41"),
        ("krcu16", "version", "", "F5 B6 00 00 5F 0A"),
        ("krcu16", "status", "locks_open=1", "02 00 35 FE FF 00 00 03 37"),
        ("krcu48", "open", "lock=48", "02 00 2F 61 03 95"),
        ("krcu48", "query", "", "02 00 00 60 03 65"),
        ("krcu48", "open_reply", "lock=1", "02 00 00 75 00 77"),
        ("krcu48", "open_reply", "lock=1 code=0x7f", "02 00 00 7F 00 81"),
        ("krcu48", "status", "", "02 00 00 75 06 FF FF FF FF FF FF 77"),
        ("modbus_relay", "pulse", "coil=0", "01 05 02 00 00 07 8D B0"),
        ("modbus_relay", "coil_on", "coil=0", "01 05 00 00 FF 00 8C 3A"),
        ("modbus_relay", "coil_off", "coil=0", "01 05 00 00 00 00 CD CA"),
        ("modbus_relay", "coil_on", "coil=all", "01 05 00 FF FF 00 BC 0A"),
        ("modbus_relay", "coils", "", "01 01 00 00 00 08 3D CC"),
        ("modbus_relay", "inputs", "", "01 02 00 00 00 08 79 CC"),
        ("modbus_relay", "coils_reply", "", "01 01 01 00 51 88"),
        ("modbus_relay", "inputs_reply", "", "01 02 01 00 A1 88"),
        ("modbus_relay", "exception", "code=3", "01 85 03 02 91"),
        ("modbus_relay", "mode", "channel=0", "01 06 10 00 00 00 8D 0A"),
        ("modbus_relay", "set_unit", "new_unit=2", "00 06 40 00 00 02 1C 1A"),
        ("winnsen", "open", "lock=8", "90 06 05 01 08 03"),
        ("winnsen", "query", "lock=16 station=4", "90 06 12 04 10 03"),
        ("winnsen", "open_reply", "lock=8 status=cooldown", "90 07 85 01 08 02 03"),
        ("winnsen", "query_reply", "lock=8 status=closed", "90 07 92 01 00 08 03"),
        ("wkly", "open", "channel=0", "57 4B 4C 59 09 01 82 00 83"),
        ("wkly", "query", "channel=0", "57 4B 4C 59 09 01 83 00 82"),
        ("wkly", "query_all", "", "57 4B 4C 59 08 01 84 84"),
        ("wkly", "open_all", "", "57 4B 4C 59 08 01 86 86"),
        ("wkly", "open_some", "channels=1,3", "57 4B 4C 59 0B 01 80 02 01 03 83"),
        ("wkly", "lamp_flash", "channel=0", "57 4B 4C 59 09 01 81 00 80"),
        ("wkly", "open_reply", "channel=0 lock=open", "57 4B 4C 59 0B 01 82 00 00 00 81"),
        ("wkly", "open_reply", "channel=0 lock=error status=fail", "57 4B 4C 59 0B 01 82 FF 00 FF 81"),
        ("wkly", "query_reply", "channel=0 lock=closed", "57 4B 4C 59 0B 01 83 00 00 01 81"),
        ("wkly", "event", "channel=4", "57 4B 4C 59 0A 01 85 04 00 83"),
        ("iw_host", "weight", "tray=all", "01 03 00 20 F0"),
        ("iw_host", "weight", "tray=1", "01 03 01 E1 30"),
        ("iw_host", "trays", "", "01 04 01 E3"),
        ("iw_host", "tare", "tray=2", "01 01 02 A0 51"),
        ("iw_host", "calibrate", "tray=1", "01 02 01 00 00 49 B8"),
        ("iw_host", "door", "", "01 11 C0 2C"),
        ("iw_host", "unlock", "", "01 21 C0 38"),
        ("iw_host", "lock", "", "01 22 80 39"),
        ("iw_host", "bolt", "", "01 23 41 F9"),
        ("iw_host", "temperature", "", "01 41 C0 10"),
        ("iw_host", "set_temperature", "setting_c=4", "01 0A 04 27 63"),
        ("iw_host", "maker", "", "01 51 C1 DC"),
        ("iw_host", "version", "", "01 52 81 DD"),
        ("iw_host", "compressor", "compressor=on", "01 F0 01 A5 C0"),
        ("iw_host", "weight_reply", "grams=1234", "01 03 04 D2 73 45"),
        ("iw_host", "weight_reply", "grams=fault", "01 03 FF FF F0 68"),
        ("iw_host", "trays_reply", "trays=4", "01 04 04 23 03"),
        ("iw_host", "door_reply", "door=open", "01 11 01 ED 90"),
        ("iw_host", "bolt_reply", "lock=error", "01 23 FF 79 70"),
        ("iw_host", "unlock_reply", "result=fail", "01 21 00 38 50"),
        ("iw_host", "lock_reply", "result=ok", "01 22 01 F9 60"),
        ("iw_host", "tare_reply", "result=ok", "01 01 01 E0 50"),
        ("iw_host", "calibrate_reply", "result=ok", "01 02 01 E0 A0"),
        ("iw_tray", "weight", "", "4D 4C 02 01 00 CE BE"),
        ("iw_tray", "weight_reply", "grams=1234", "4D 4C 04 01 00 D2 04 57 25"),
        ("iw_tray", "weight_reply", "grams=fault", "4D 4C 04 01 00 FF 7F 24 78"),
        ("iw_tray", "tare", "address=1", "4D 4C 02 01 01 0E 7F"),
        ("iw_tray", "zero_calibration", "", "4D 4C 02 01 02 0F 3F"),
        ("iw_tray", "span_calibration", "grams=2000", "4D 4C 04 01 03 D0 07 36 94"),
        ("modbus_scale_32", "status", "", "01 03 00 08 00 01 05 C8"),
        ("modbus_scale_32", "weight", "", "01 03 00 50 00 02 C4 1A"),
        ("modbus_scale_32", "net", "", "01 03 00 52 00 02 65 DA"),
        ("modbus_scale_32", "read", "address=0x1F4 count=2", "01 03 01 F4 00 02 84 05"),
        ("modbus_scale_32", "unlock", "", "01 10 00 05 00 01 02 5A A5 5C DE"),
        ("modbus_scale_32", "tare", "value=100", "01 10 00 54 00 02 04 00 00 00 64 F6 8B"),
        ("modbus_scale_32", "zero", "", "01 10 00 5E 00 01 02 00 01 6A EE"),
        ("modbus_scale_32", "zero_tracking", "", "01 10 00 60 00 01 02 00 00 AF F0"),
        ("modbus_scale_32", "span_calibration", "value=1000", "01 10 00 2A 00 02 04 00 00 03 E8 71 76"),
        ("modbus_scale_32", "write", "address=95 value=0", "01 10 00 5F 00 01 02 00 00 AA FF"),
        ("modbus_scale_32", "weight_reply", "value=-15889", "01 03 04 FF FF C1 EF EA 0B"),
        ("modbus_scale_32", "status_reply", "value=0x0802", "01 03 02 08 02 3E 45"),
        ("modbus_scale_32", "write_reply", "address=94", "01 10 00 5E 00 01 60 1B"),
        ("modbus_scale_32", "exception", "code=2", "01 83 02 C0 F1"),
    ],
)
def test_words_become_the_printed_bytes(protocol, purpose, pairs, wire, capsys):
    assert main(["wire", "encode", protocol, purpose, *pairs.split()]) == 0
    assert capsys.readouterr().out.strip() == wire
    assert main(["wire", "encode", protocol, purpose, *pairs.split(), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["hex"] == wire


@pytest.mark.parametrize(
    ("argv", "code", "said"),
    [
        (["decode", "nope", "00"], 64, "known: bcc8a, "),
        (["encode", "nope", "open"], 64, "known: bcc8a, "),
        (["encode", "bcc8a", "nope"], 64, "query_all_reply"),
        (["encode", "bcc8a", "open", "lok=1"], 64, "knows no lok; it takes lock= [board=1]"),
        (["encode", "bcc8a", "open"], 65, "lock= is missing"),
        (["encode", "bcc8a", "open", "lock=25"], 65, "lock: 25 is not within 1…24"),
        (["encode", "bcc8a", "open", "lock=x"], 65, "lock: 'x' is no whole number"),
        (["encode", "bcc8a", "query_reply", "lock=1"], 65, "state= must be 00"),
        (["encode", "modbus_scale_32", "exception", "code=0"], 65, "code: 0 is not within"),
    ],
)
def test_wrong_use_is_answered_with_what_would_be_right(argv, code, said, capsys):
    assert main(["wire", *argv]) == code
    assert said in capsys.readouterr().err
    assert main(["wire", *argv, "--json"]) == code
    assert said in json.loads(capsys.readouterr().out)["error"]
