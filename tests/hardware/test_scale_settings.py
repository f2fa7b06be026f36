"""[scales] settings that no scale of the named kind can have are refused with the remedy."""

import dataclasses
from pathlib import Path

import pytest

from edge.errors import CounterError
from edge.outfit.loading import load_outfit
from edge.outfit.settings_check import SCALE_LIMITS
from hardware_sim import config as sim
from hardware_sim.errors import ConfigError
from tests.hardware.test_scale_visits import CABINETS, TEA, WATER

WRONG = [
    ("x0502", {"units": {WATER: 49}}, r"scales.units.1-01 49 does not fit: scale.x0502 has address 1 to 48"),
    ("x0502", {"units": {WATER: 3, TEA: 3}}, "trays 1-01, 1-02 all have address 3"),
    ("mt_sics", {"units": {WATER: 2, TEA: 1}}, r"scales.units.1-01 2 does not fit: scale.ascii has number 1"),
    ("mt_sics", {"ports": {WATER: "one"}}, "needs a line for each scale; 'main' has others on it"),
    ("stgs", {"ports": {WATER: "one", TEA: "one"}}, "needs a line for each scale; 'one' has others on it"),
    ("lowa", {"ports": {WATER: "nowhere"}}, r"scales.ports.1-01 'nowhere' is not under \[ports\]"),
    ("x0502", {"ports": {"9-09": "main"}}, r"scales.ports.9-09: scales.units has no tray 9-09"),
]


@pytest.mark.parametrize(("name", "change", "said"), WRONG)
def test_a_scale_that_cannot_be_is_refused(tmp_path: Path, name, change, said):
    config = dataclasses.replace(CABINETS[name], **change).write(tmp_path)
    with pytest.raises(CounterError, match=said):
        load_outfit(config / "counter.toml", environ={})


@pytest.mark.parametrize("name", CABINETS)
def test_what_the_visits_are_made_with_is_accepted(tmp_path: Path, name):
    config = CABINETS[name].write(tmp_path)
    outfit = load_outfit(config / "counter.toml", environ={})
    assert outfit.settings.scales.driver == CABINETS[name].keys["driver"]


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        ("x0502", {"units": {WATER: 49}}, "scale.x0502 has numbers 1…48"),
        ("lowa", {"ports": {WATER: "nowhere"}}, "there is no line nowhere"),
        ("x0502", {"units": {WATER: 3, TEA: 3}}, "two trays have one unit number"),
    ],
)
def test_the_simulator_refuses_what_it_cannot_be(tmp_path: Path, name, change, said):
    config = dataclasses.replace(CABINETS[name], **change).write(tmp_path)
    with pytest.raises(ConfigError, match=said):
        sim.load(config / "sim.toml")


def test_counter_and_simulator_allow_the_same_numbers():
    assert {driver: limits.units for driver, limits in SCALE_LIMITS.items()} == sim.UNITS
