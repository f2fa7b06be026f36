"""Register maps: the packaged one, and what is wrong with bad ones."""

from pathlib import Path

import pytest

from edge.domain.values import TrayId
from edge.hardware.codecs import modbus_rtu
from edge.hardware.drivers.scale_modbus32 import ScaleModbus32
from edge.hardware.profiles import loading
from edge.hardware.profiles.loading import ProfileError, load
from edge.hardware.signals import Fault

PACKAGED = Path(loading.__file__).with_name("modbus32.toml").read_text("utf-8")

NO_SENTINELS = ("sentinels = [2147483647, -2147483648]", "")


def scale(tmp_path, *changes: tuple[str, str]) -> ScaleModbus32:
    text = PACKAGED
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "map.toml"
    path.write_text(text, "utf-8")
    return ScaleModbus32(TrayId("1-01"), 1, load(str(path)))


def answer(body: str) -> bytes:
    return modbus_rtu.encode(modbus_rtu.ReadReply(1, 3, bytes.fromhex(body)))


@pytest.mark.parametrize(
    ("changes", "body", "weight"),
    [
        ((), "00000084", 1320),
        ((), "ffffc1ef", -158890),
        ((), "7fffffff", Fault.SENTINEL),
        ((), "80000000", Fault.SENTINEL),
        ([("scale = 1.0", "scale = 0.1")], "00000084", 132),
        ([('"high_first"', '"low_first"')], "00840000", 1320),
        ([('"int32"', '"int16"'), NO_SENTINELS], "fff60000", -100),
        ([('"int32"', '"uint16"'), NO_SENTINELS], "fff60000", 655260),
        ([('"int32"', '"float32"')], "42480000", 500),
        ([('"int32"', '"float32"')], "7fc00000", Fault.SENTINEL),
        ([("count = 2", "count = 4"), ("offset = 0", "offset = 2")], "0000000000000084", 1320),
    ],
)
def test_the_map_says_how_digits_become_grams(tmp_path, changes, body, weight):
    assert scale(tmp_path, *changes).weight(answer(body)) == weight


@pytest.mark.parametrize(
    ("changes", "word", "stable"),
    [((), "0802", True), ((), "0229", False), ([("when = 0", "when = 1")], "0229", True)],
)
def test_the_polarity_of_the_stable_bit_is_the_map_s(tmp_path, changes, word, stable):
    assert scale(tmp_path, *changes).is_stable(answer(word)) is stable


@pytest.mark.parametrize(
    ("word", "faulty"), [("0802", False), ("0229", True), ("0040", True), ("0020", False)]
)
def test_overload_and_overflow_make_the_weight_worthless(tmp_path, word, faulty):
    assert scale(tmp_path).is_faulty(answer(word)) is faulty


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("scale = 1.0", "scale = 0.0", "value.scale"),
        ("offset = 0", "offset = 1", "value.offset"),
        ("deadline_s = 0.2", "deadline_s = 0.3", "line.worst_s"),
        ("deadline_s = 0.2", "", "deadline_s"),
        ("deadline_s = 0.2", "deadline_s = -1", r"\$.line.deadline_s"),
        ("offset = 0", "ofset = 0", "ofset"),
        ('"int32"', '"int33"', r"\$.value.type"),
        ("[value]", "[value", "line "),
    ],
)
def test_a_bad_map_is_refused_with_file_and_key(tmp_path, old, new, said):
    with pytest.raises(ProfileError, match=said) as caught:
        scale(tmp_path, (old, new))
    assert "map.toml" in str(caught.value)
    assert caught.value.exit_code == 78


def test_a_map_that_does_not_exist_is_refused_with_those_that_do():
    with pytest.raises(ProfileError, match="packaged ones: laumas, mettler_float, modbus32, xunming"):
        load("nonsense")
