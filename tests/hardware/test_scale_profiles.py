"""Every packaged register map against the frames documented for it, in the driver and in the simulator."""

import json
import struct
from pathlib import Path

import pytest

from edge.cli import main
from edge.domain.values import TrayId
from edge.hardware.codecs import modbus_rtu
from edge.hardware.drivers.scale_modbus32 import ScaleModbus32
from edge.hardware.profiles import loading
from edge.hardware.profiles.loading import ProfileError, load
from edge.hardware.signals import Fault
from hardware_sim import profile as sim_profile
from hardware_sim.devices.scale_profile import ProfileScale
from hardware_sim.tray import Felt

FOLDER = Path(loading.__file__).parent
NAMES = sorted(path.stem for path in FOLDER.glob("*.toml"))
ROWS = json.loads(Path(__file__).with_name("frames.json").read_text("utf-8"))


def driver(name: str, unit: int = 1) -> ScaleModbus32:
    return ScaleModbus32(TrayId("1-01"), unit, load(name))


def device(name: str, grams: float = 0.0, words: dict | None = None, **felt: bool) -> ProfileScale:
    said = {"moving": False, "overload": False, **felt}
    known = sim_profile.load(name, Path())
    return ProfileScale("1-01", 1, lambda now: Felt(grams, **said), known, words or {})


def answered(scale: ProfileScale, request: bytes) -> bytes:
    (reply,) = [reply for _, reply in scale.feed(request, 0.0)]
    return reply


def of(body: str) -> bytes:
    return modbus_rtu.encode(modbus_rtu.ReadReply(1, 3, bytes.fromhex(body)))


# (map, registers of the answer, the weight in tenths of a gram, stable)
READ = [
    ("laumas", "0800 00003039 00003039", 123450, True),
    ("laumas", "0000 ffffff85 00000000", -1230, False),
    ("laumas", "0001 00000000 00000000", Fault.SENTINEL, False),
    ("laumas", "0802 00003039 00003039", Fault.SENTINEL, True),
    ("laumas", "0804 00003039 00003039", Fault.SENTINEL, True),
    ("laumas", "0808 00003039 00003039", Fault.SENTINEL, True),
    ("laumas", "0810 00003039 00003039", Fault.SENTINEL, True),
    ("laumas", "0820 00003039 00003039", Fault.SENTINEL, True),
    ("laumas", "0800 7fffffff 7fffffff", Fault.SENTINEL, True),
    ("laumas", "0800 80000000 00000000", Fault.SENTINEL, True),
    ("mettler_float", "42c80000", 1000, None),
    ("mettler_float", "c2c84000", -1001, None),
    ("mettler_float", "7fc00000", Fault.SENTINEL, None),
    ("mettler_float", "7f800000", Fault.SENTINEL, None),
    ("mettler_float", "ff800000", Fault.SENTINEL, None),
    ("xunming", "00000063", 990, None),
    ("xunming", "ffffffff", -10, None),
    ("xunming", "7fffffff", Fault.SENTINEL, None),
]


@pytest.mark.parametrize(("name", "body", "weight", "stable"), READ)
def test_the_answer_is_read_as_the_map_says_and_what_means_unknown_is_never_0_g(name, body, weight, stable):
    assert driver(name).weight(of(body)) == weight
    assert driver(name).is_stable(of(body)) is stable


@pytest.mark.parametrize("name", NAMES)
def test_no_fault_of_a_map_is_read_as_a_weight(name):
    known = load(name)
    if known.status is None or known.status.offset is None:
        return
    for flag in known.status.faults:
        assert driver(name).weight(of(f"{1 << flag.bit:04x}" + "00000064" * 2)) is Fault.SENTINEL, flag.name


DOCUMENTED = [
    pytest.param(name, row, id=f"{name}: {row['purpose']}")
    for name, protocol in (("laumas", "modbus_scale_laumas"), ("xunming", "xunming"))
    for row in ROWS
    if row["protocol"] == protocol and row["status"] != "source_wrong"
]


@pytest.mark.parametrize(("name", "row"), DOCUMENTED)
def test_driver_and_simulator_speak_the_documented_frames(name, row):
    request, reply, means = bytes.fromhex(row["request_hex"]), bytes.fromhex(row["reply_hex"]), row["meaning"]
    grams = means.get("value", means.get("gross", 0))
    faulty = means.get("usable") is False
    words = {6: int(means["status"], 16)} if faulty else {}
    scale = device(name, float(grams), {9: 0, 10: grams, **words} if name == "laumas" else words)
    if "exception" in means:
        refusal = modbus_rtu.decode_reply(answered(scale, request))
        assert isinstance(refusal, modbus_rtu.Refusal)
        assert driver(name).weigh.refusal.sound(reply)
        return
    assert answered(scale, request) == reply
    if means["kind"] in ("weight", "fault"):
        assert driver(name).weigh.request == request
        assert driver(name).weigh.judge(reply) == reply
        assert driver(name).weight(reply) == (Fault.SENTINEL if faulty else 10 * grams)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("grams", [0.0, 1.0, 354.0, -23.0, 9999.0])
@pytest.mark.parametrize("order", ["high_first", "low_first"])
def test_what_the_simulator_weighs_with_any_map_is_what_the_driver_reads(name, grams, order, tmp_path):
    text = (FOLDER / f"{name}.toml").read_text("utf-8").replace('"high_first"', f'"{order}"')
    (tmp_path / "own.toml").write_text(text, "utf-8")
    own = str(tmp_path / "own.toml")
    scale = driver(own)
    reply = answered(device(own, grams), scale.weigh.request)
    assert scale.weigh.judge(reply) == reply
    assert scale.weight(reply) == 10 * grams


@pytest.mark.parametrize("name", NAMES)
def test_an_overload_is_unknown_with_every_map(name):
    known, scale = load(name), driver(name)
    board = device(name, 20_000.0, overload=True)
    if known.status is not None and known.status.address is not None:
        assert scale.is_faulty(answered(board, scale.status.request))
    else:
        assert scale.weight(answered(board, scale.weigh.request)) is Fault.SENTINEL


@pytest.mark.parametrize("name", NAMES)
def test_the_harmless_question_is_answered_and_its_answer_is_no_weight(name):
    scale = driver(name)
    reply = answered(device(name, 500.0), scale.probe.request)
    assert scale.probe.judge(reply) in (reply, Fault.EXCEPTION)
    assert isinstance(scale.weigh.judge(reply), int | Fault)
    weight = answered(device(name, 500.0), scale.weigh.request)
    assert isinstance(scale.probe.judge(weight), int | Fault)


def test_four_bytes_that_answer_one_register_are_read_only_where_the_map_says_so(tmp_path):
    reply = bytes.fromhex("01 03 04 00 00 00 63 BA 1A")
    text = (FOLDER / "xunming.toml").read_text("utf-8")
    (tmp_path / "strict.toml").write_text(text.replace("reply_words = 2\n", ""), "utf-8")
    with pytest.raises(ProfileError, match=r"int32 at 0 does not fit into read\.count = 1"):
        load(str(tmp_path / "strict.toml"))
    assert driver("xunming").weigh.judge(reply) == reply
    assert isinstance(driver("laumas").weigh.judge(reply), int)


@pytest.mark.parametrize(
    ("type_", "sentinels", "body"),
    [("int16", "[32767]", "7fff"), ("int16", "[-1]", "ffff"), ("uint16", "[0x7FFF, 0xFFFF]", "ffff")],
)
def test_the_usual_16_bit_sentinels_are_unknown_too(type_, sentinels, body, tmp_path):
    text = (FOLDER / "xunming.toml").read_text("utf-8").replace('"int32"', f'"{type_}"')
    text = text.replace("[2147483647, -2147483648]", sentinels).replace("reply_words = 2\n", "")
    (tmp_path / "own.toml").write_text(text, "utf-8")
    scale = driver(str(tmp_path / "own.toml"))
    assert scale.weight(of(body)) is Fault.SENTINEL
    assert scale.weight(of("0064")) == 1000


def test_a_tare_falsifies_a_net_weight_so_the_map_that_reads_it_wants_it_to_be_0():
    scale = driver("mettler_float")
    board = device("mettler_float", 500.0, {1000: 0x42C8})
    first, second = scale.checks
    assert scale.wrong_setting(first, answered(board, first.exchange.request), 0.0).value == 0x42C8
    assert scale.wrong_setting(second, answered(board, second.exchange.request), 0.0) is None


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        ("laumas", "offset = 0\nstable", "address = 6\noffset = 0\nstable", "either address"),
        ("laumas", "offset = 0\nstable", "offset = 5\nstable", "status.offset: 5 does not fit"),
        ("mettler_float", "address = 1004\ncount = 1", "address = 1004\ncount = 2", "could be confused"),
        (
            "xunming",
            "[probe]\nfunction = 3\naddress = 0x1200\ncount = 1\nrefused = true\n",
            "",
            "probe: without a status",
        ),
        ("laumas", 'name = "save"', 'name = "zero"', "command: zero is there twice"),
        ("laumas", "value = 99", "value = 99\nworth = 1", "worth"),
        ("laumas", '"int32"', '"int16"', "sentinels: 2147483647 never stands in int16"),
    ],
)
def test_a_map_that_contradicts_itself_is_refused(name, old, new, said, tmp_path):
    text = (FOLDER / f"{name}.toml").read_text("utf-8")
    assert old in text
    (tmp_path / "own.toml").write_text(text.replace(old, new), "utf-8")
    with pytest.raises(ProfileError, match=said):
        load(str(tmp_path / "own.toml"))


# ── a map of one's own in counter wire ───────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", NAMES)
def test_counter_wire_makes_and_reads_what_a_map_of_ones_own_describes(name, tmp_path, capsys):
    own = tmp_path / "own.toml"
    own.write_bytes((FOLDER / f"{name}.toml").read_bytes())
    scale = ScaleModbus32(TrayId("1-01"), 11, load(name))
    assert main(["wire", "encode", str(own), "weight", "unit=11"]) == 0
    assert bytes.fromhex(capsys.readouterr().out) == scale.weigh.request
    digits = 1500 if name == "mettler_float" else -5
    assert main(["wire", "encode", str(own), "weight_reply", "unit=11", f"value={digits}"]) == 0
    reply = bytes.fromhex(capsys.readouterr().out)
    assert scale.weight(reply) == 10 * digits
    assert main(["wire", "decode", str(own), reply.hex(), "--json"]) == 0
    words = json.loads(capsys.readouterr().out)
    assert (words["purpose"], words["grams"], words["usable"]) == ("weight_reply", digits, True)


def test_counter_wire_says_that_a_sentinel_is_no_weight(capsys):
    frame = modbus_rtu.encode(modbus_rtu.ReadReply(1, 3, struct.pack(">f", float("nan")))).hex()
    assert main(["wire", "decode", "mettler_float", frame, "--json"]) == 0
    words = json.loads(capsys.readouterr().out)
    assert (words["value"], words["usable"], words["grams"]) == ("nan", False, None)


def test_counter_wire_refuses_a_map_that_cannot_be_used(tmp_path, capsys):
    (tmp_path / "own.toml").write_text('name = "x"', "utf-8")
    assert main(["wire", "decode", str(tmp_path / "own.toml"), "00"]) == 78
    assert "own.toml" in capsys.readouterr().err


WIRE = [
    ("modbus_scale_laumas", "weight", "", "01 03 00 06 00 05 65 C8"),
    ("modbus_scale_laumas", "zero", "", "01 10 00 05 00 01 02 00 08 A7 C3"),
    ("modbus_scale_laumas", "tare", "", "01 10 00 05 00 01 02 00 07 E7 C7"),
    ("modbus_scale_laumas", "calibrate_zero", "", "01 10 00 05 00 01 02 00 64 A7 EE"),
    ("modbus_scale_laumas", "save", "", "01 10 00 05 00 01 02 00 63 E6 2C"),
    ("xunming", "weight", "", "01 03 11 31 00 01 D0 F9"),
    ("xunming", "zero", "", "01 06 11 30 00 01 4D 39"),
    ("xunming", "calibrate", "value=100", "01 10 11 31 00 02 04 00 00 00 64 F0 CC"),
    ("xunming", "weight_reply", "value=99", "01 03 04 00 00 00 63 BA 1A"),
    ("xunming", "probe", "", "01 03 12 00 00 01 81 72"),
    ("mettler_float", "weight", "", "01 03 03 EA 00 02 E5 BB"),
    ("x0502", "weight", "", "01 05 02 05 0D"),
    ("x0502", "weight", "address=0", "00 05 02 05 0C"),
    ("x0502", "zero", "address=0", "00 63 06 01 6A"),
    ("x0502", "set_tracking", "", "01 63 2E 00 92"),
    ("x0502", "read_tracking", "", "01 05 2E 05 39"),
    ("x0502", "weight_reply", "digits=1234", "01 06 02 42 03 00 04 D2 24"),
    ("x0502", "weight_reply", "digits=167 division=4 status=0x40 address=3", "03 06 02 40 04 00 00 A7 F6"),
    ("lowa", "weigh", "mux=123", "40 30 39 67 77 31 32 33 30 35 39 0D"),
    ("lowa", "list", "mux=1", "40 30 38 67 6C 30 30 31 37 32 0D"),
    ("lowa", "zero", "mux=123", "40 30 39 73 7A 31 32 33 30 34 30 0D"),
    ("lowa", "model", "mux=7", "40 30 38 67 6D 30 30 37 37 35 0D"),
    ("lowa", "weight_reply", "kg=2.130", "40 31 33 20 30 30 30 32 2E 31 33 30 20 35 43 0D"),
    ("ascii_stgs", "line", "kg=1.5", "53 54 2C 47 53 2C 2B 20 20 31 2E 35 30 30 6B 67 0D 0A"),
    ("ascii_stgs", "overload", "", "4F 4C 2C 47 53 2C 2B 20 20 2D 2D 2D 2D 2D 2D 6B 67 0D 0A"),
    ("mt_sics", "command", "", "53 49 0D 0A"),
    ("mt_sics", "command", "command=S", "53 0D 0A"),
    ("mt_sics", "weight", "grams=100", "53 20 53 20 20 20 20 20 31 30 30 2E 30 30 20 67 0D 0A"),
    ("mt_sics", "no_weight", "status=+", "53 20 2B 0D 0A"),
]


@pytest.mark.parametrize(("protocol", "purpose", "pairs", "wire"), WIRE)
def test_words_become_the_documented_bytes(protocol, purpose, pairs, wire, capsys):
    assert main(["wire", "encode", protocol, purpose, *pairs.split()]) == 0
    assert capsys.readouterr().out.strip() == wire
