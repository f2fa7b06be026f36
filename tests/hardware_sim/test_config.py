import tomllib
from pathlib import Path

import pytest

from hardware_sim.config import load
from hardware_sim.errors import ConfigError


def test_the_sample_cabinet_fits_the_sample_counter(config, sim_toml):
    counter = tomllib.loads(sim_toml.with_name("counter.toml").read_text(encoding="utf-8"))
    assert config.file.line.baud == counter["ports"]["main"]["baud"]
    assert config.file.line.link == counter["ports"]["main"]["url"]
    assert config.file.scales.units == counter["scales"]["units"]
    for key in ("board", "lock", "feedback_when_locked", "reed", "reed_when_closed"):
        assert getattr(config.file.lock, key) == counter["lock"][key], key


def test_the_bolt_is_back_before_the_counter_gives_up_on_the_door(config):
    assert config.file.door.relock_after_s < 10.0


def copy_with(sim_toml: Path, tmp_path: Path, old: str, new: str) -> Path:
    for name in ("catalogue.csv", "planogram.toml"):
        (tmp_path / name).write_bytes(sim_toml.with_name(name).read_bytes())
    text = sim_toml.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "sim.toml"
    path.write_text(text.replace(old, new), encoding="utf-8")
    return path


SHARED = """
[[tray]]
id = "1-01"
sku = "PL-TEA-125"
opening = 3
"""


def shared(sim_toml: Path, tmp_path: Path) -> Path:
    """The sample cabinet with a second product on tray 1-01; gives the path."""
    path = copy_with(sim_toml, tmp_path, "[door]", "[door]")
    with (tmp_path / "planogram.toml").open("a", encoding="utf-8") as plan:
        plan.write(SHARED)
    return path


def test_goods_that_share_a_tray_have_a_facing_each(sim_toml, tmp_path):
    facings = load(shared(sim_toml, tmp_path)).facings
    assert [(each.sku, each.opening) for each in facings if each.id == "1-01"] == [
        ("ZY-WATER-500", 12),
        ("PL-TEA-125", 3),
    ]


def test_goods_that_share_a_tray_lie_on_one_scale(sim_toml, tmp_path, make_bench):
    bench = type(make_bench())(load(shared(sim_toml, tmp_path)))
    assert len(bench.state()["trays"]) == 12
    tray = bench.tray("1-01")
    assert tray["goods"] == {"ZY-WATER-500": 12, "PL-TEA-125": 3}
    assert tray["skus"] == ["ZY-WATER-500", "PL-TEA-125"]
    assert tray["true_g"] == pytest.approx(12 * 519 + 3 * 191, abs=60)


def test_each_of_the_goods_that_share_a_tray_can_be_taken_and_comes_home(sim_toml, tmp_path, make_bench):
    bench = type(make_bench())(load(shared(sim_toml, tmp_path)))
    bench.unlock_and_open()
    bench.act("take", tray="1-01", sku="PL-TEA-125", count=2)
    assert bench.state()["hand"] == {"PL-TEA-125": 2}
    bench.act("take", tray="1-01", sku="ZY-WATER-500", count=1)
    bench.act("take", tray="1-02", count=1)
    assert bench.tray("1-01")["goods"] == {"ZY-WATER-500": 11, "PL-TEA-125": 1}
    bench.act("put_back", tray="1-01", count=1)
    bench.act("put_back", tray="1-01", count=1)
    assert sum(bench.tray("1-01")["goods"].values()) == 14
    assert bench.tray("1-01")["foreign"] == []


WRONG = [
    ('"1-02" = 12', '"1-02" = 11', "two trays have one unit"),
    ('"1-02" = 12', "", "tray 1-02 of the planogram has no unit"),
    ('"1-02" = 12', '"1-02" = 12\n"9-09" = 99', "tray 9-09 has a scale but no place"),
    ("reed = 2", "reed = 1", "share a channel"),
    ("baud = 38400", "bauds = 38400", "bauds"),
    ("board = 1", "board = 0", "lock.bcc8a has boards 1…99 and channels 1…24"),
    ("reed = 2", "reed = 25", "channels 1…24"),
    ("board = 1", 'driver = "lock.nope"\nboard = 1', "lock.nope"),
    ('planogram = "planogram.toml"', 'planogram = "missing.toml"', "missing.toml"),
    ('catalogue = "catalogue.csv"', 'catalogue = "missing.csv"', "missing.csv"),
    ('catalogue = "catalogue.csv"', 'catalogue = "sim.toml"', "cannot read the catalogue"),
]


@pytest.mark.parametrize(("old", "new", "says"), WRONG)
def test_a_cabinet_that_cannot_be_is_refused_by_name(sim_toml, tmp_path, old, new, says):
    with pytest.raises(ConfigError, match=says):
        load(copy_with(sim_toml, tmp_path, old, new))


def test_all_faults_of_meaning_are_told_at_once(sim_toml, tmp_path):
    with pytest.raises(ConfigError) as error:
        load(copy_with(sim_toml, tmp_path, '"1-02" = 12\n"1-03" = 13', '"1-02" = 11'))
    assert "two trays" in str(error.value)
    assert "1-03" in str(error.value)


def test_the_other_polarity_turns_the_contacts_over(sim_toml, tmp_path, make_bench):
    path = copy_with(sim_toml, tmp_path, 'feedback_when_locked = "short"', 'feedback_when_locked = "open"')
    other = type(make_bench())(load(path))
    assert other.ask("80 01 01 33 B3") == bytes.fromhex("80 01 01 00 80")
    assert other.ask("8A 01 01 11 9B") == bytes.fromhex("8A 01 01 11 9B")
