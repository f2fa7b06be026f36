"""Which settings the centre may change: each is one, none leads to devices, keys, files or the network."""

import msgspec
import pytest

from edge.orders.allowed import ALLOWED, Flag, Range, problems_of
from edge.outfit.settings_flat import flat
from edge.outfit.settings_load import load_settings
from edge.settings import Settings
from tests.journeys.conftest import CONFIG

NEVER = ("ports", "lock", "scales", "files", "mqtt", "commands")


def test_every_one_of_them_is_a_setting():
    known = {name for name, _ in flat(load_settings(CONFIG / "counter.toml", environ={}).value)}
    sections = {each.name for each in msgspec.structs.fields(Settings)}
    assert set(ALLOWED) <= known
    assert {name.split(".")[0] for name in ALLOWED}.isdisjoint(NEVER)
    assert set(NEVER) <= sections


@pytest.mark.parametrize("name", sorted(ALLOWED))
def test_what_is_of_another_type_or_out_of_bounds_is_refused(name):
    match ALLOWED[name]:
        case Range(low, high):
            bad, good = [low - 1, high + 1, "1", True, float("inf")], [low, high]
        case Flag():
            bad, good = [0, 1, "true"], [True, False]
        case _:
            bad, good = [1, True, 0.5], ["text"]
    assert [value for value in bad if not list(problems_of({name: value}))] == []
    assert [value for value in good if list(problems_of({name: value}))] == []


@pytest.mark.parametrize("name", ["mqtt.host", "ports.main.url", "commands.keys", "screens.port", ""])
def test_no_other_setting_may_be_changed(name):
    assert list(problems_of({name: "x"})) == [f"{name} may not be changed from the centre"]
