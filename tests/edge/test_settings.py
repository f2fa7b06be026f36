"""Layers of the settings, and every fault of key, type and meaning with its place and remedy."""

import json
import tomllib
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import example, given, settings

from edge.cli import main
from edge.errors import ConfigError
from edge.hardware.build import buses_of
from edge.hardware.profiles import loading
from edge.outfit.loading import load_outfit
from edge.outfit.settings_load import find_config, load, load_settings, places
from edge.outfit.toml_text import overlaid, toml
from edge.settings import Section

SAMPLE = Path(__file__).parents[2] / "config" / "counter.toml"


def faults(path, environ=None, **flags):
    with pytest.raises(ConfigError) as raised:
        load_outfit(
            path, environ=environ or {}, flags={key.replace("__", "."): v for key, v in flags.items()}
        )
    return raised.value.problems


def test_the_sample_files_are_right():
    outfit = load_outfit(SAMPLE, environ={})
    assert (len(outfit.planogram.facings), len(outfit.catalogue.products)) == (12, 52)
    assert next(iter(outfit.roster.accounts)) == "demo-001"


LAYERS = [
    pytest.param("", {}, {}, 1883, "default", id="default"),
    pytest.param("[mqtt]\nport = 1", {}, {}, 1, "file", id="the file beats the default"),
    pytest.param(
        "[mqtt]\nport = 1", {"COUNTER_MQTT__PORT": "2"}, {}, 2, "env COUNTER_MQTT__PORT", id="environment"
    ),
    pytest.param("[mqtt]\nport = 1", {"COUNTER_MQTT__PORT": "2"}, {"mqtt.port": "3"}, 3, "flag", id="flag"),
    pytest.param("[mqtt]\nport = 1", {}, {"mqtt.port": None}, 1, "file", id="a flag not given says nothing"),
    pytest.param(
        "[mqtt]\nport = 1", {"COUNTER_MQTT": "{ port = 4 }"}, {}, 4, "env COUNTER_MQTT", id="a table"
    ),
]


@pytest.mark.parametrize(("text", "environ", "flags", "port", "origin"), LAYERS)
def test_the_nearest_layer_wins_and_is_named(tmp_path, text, environ, flags, port, origin):
    path = tmp_path / "counter.toml"
    path.write_text(SAMPLE.read_text() + text)
    loaded = load_settings(path, environ=environ, flags=flags)
    assert loaded.value.mqtt.port == port
    assert loaded.origins.get("mqtt.port", "default").replace(f"file {path}", "file") == origin


def test_other_variables_of_the_environment_are_none_of_our_business():
    environ = {
        "COUNTER_CONFIG": "x",
        "COUNTER_": "x",
        "MQTT__PORT": "x",
        "COUNTER_STRIKE": "x",
        "COUNTER_CENTRAL_MQTT__PORT": "2",
    }
    assert load_settings(SAMPLE, environ=environ).value.mqtt.port == 1883


def test_the_file_is_found_by_flag_then_variable_then_place(tmp_path):
    xdg = {"XDG_CONFIG_HOME": str(tmp_path)}
    assert find_config(None, xdg) is None or find_config(None, xdg) == places(xdg)[0]
    own = tmp_path / "counter" / "counter.toml"
    own.parent.mkdir()
    own.touch()
    assert find_config(None, xdg) in places(xdg)
    assert find_config(None, {**xdg, "COUNTER_CONFIG": "/named"}) == Path("/named")
    assert find_config(Path("/flag"), {**xdg, "COUNTER_CONFIG": "/named"}) == Path("/flag")


# (file, text, text instead of it, what the sentence must say)
SPOILT = [
    pytest.param(
        "counter.toml",
        'filing_no = "示例备案第 0001 号"\n',
        "",
        "counter.filing_valid_to has no counter.filing_no beside it",
    ),
    pytest.param(
        "counter.toml",
        "[files]",
        '[screens]\nvoice_dir = "none"\n[files]',
        "screens.voice_dir: there is no directory",
    ),
    pytest.param(
        "counter.toml", "[files]", "[screens]\nvolume = 2.0\n[files]", "screens.volume 2.0 does not fit"
    ),
    pytest.param(
        "counter.toml", "hotline", "hotlin", "counter.hotlin is not a known key; did you mean 'hotline'?"
    ),
    pytest.param("counter.toml", "[files]", "[filse]", "filse is not a known key; did you mean 'files'?"),
    pytest.param("counter.toml", 'id = "AK-001"\n', "", "counter.id is missing and has no default; add it"),
    pytest.param(
        "counter.toml", "baud = 38400", 'baud = "fast"', 'ports.main.baud "fast" does not fit: expected int'
    ),
    pytest.param("counter.toml", "baud = 38400", "baud = 0", "ports.main.baud must be more than 0"),
    pytest.param("counter.toml", 'url = ".counter/bus"', 'url = ""', "ports.main.url is empty"),
    pytest.param("counter.toml", '"short"', '"shrt"', "one of short, open; did you mean 'short'?"),
    pytest.param(
        "counter.toml",
        '"1-02" = 12',
        '"1-02" = 250',
        "scales.units.1-02 250 does not fit: scale.modbus32 has Modbus unit 1 to 247",
    ),
    pytest.param("counter.toml", '"1-02" = 12', '"1-02" = 11', "trays 1-01, 1-02 all have Modbus unit 11"),
    pytest.param(
        "counter.toml", '"1-02" = 12', '"1-02" = 138', "unit 138 begins like the lock board's frames"
    ),
    pytest.param(
        "counter.toml", '"1-02" = 12', '"1-09" = 12', "scales.units.1-09: the planogram has no tray 1-09"
    ),
    pytest.param("counter.toml", '"1-02" = 12\n', "", "tray 1-02 of the planogram has no Modbus unit"),
    pytest.param("counter.toml", "reed = 2", "reed = 1", "lock.reed and lock.lock are both channel 1"),
    pytest.param(
        "counter.toml",
        "board = 1",
        'board = 1\nport = "two"',
        "lock.port 'two' is not under [ports], which has main",
    ),
    pytest.param(
        "counter.toml", '"modbus32"', '"modbus99"', "scales.profile 'modbus99' is neither a file nor"
    ),
    pytest.param(
        "counter.toml",
        '"modbus32"',
        '"catalogue.csv"',
        "scales.profile 'catalogue.csv' is neither a file nor",
    ),
    pytest.param(
        "counter.toml", '"modbus32"', '"own.toml"', "scales.profile 'own.toml' is neither a file nor"
    ),
    pytest.param(
        "counter.toml", "idle_hz = 5.0", "idle_hz = 90.0", "scales.idle_hz 90 is more than scales.busy_hz"
    ),
    pytest.param(
        "counter.toml",
        '"AK-001"',
        '"安康/1"',
        "counter.id '安康/1' must be 1 to 24 letters, digits or hyphens",
    ),
    pytest.param(
        "counter.toml", "[files]", "[session]\nwarn_s = 200\n[files]", "session.warn_s 200 must be less than"
    ),
    pytest.param(
        "counter.toml", "[files]", "[session]\ntoken_ttl_s = 20\n[files]", "would be dead before it changes"
    ),
    pytest.param(
        "counter.toml",
        "[files]",
        "[session]\ntoken_ttl_s = 61\n[files]",
        "does not fit: expected float <= 60",
    ),
    pytest.param(
        "counter.toml",
        "[files]",
        '[mqtt]\npassword_file = "pw"\n[files]',
        "mqtt.password_file 'pw' must be a whole path",
    ),
    pytest.param(
        "counter.toml",
        "[files]",
        '[mqtt]\npassword_file = "/nowhere/pw"\n[files]',
        "mqtt.password_file: there is no file /nowhere/pw",
    ),
    pytest.param(
        "counter.toml",
        "[lock]",
        "[mqtt.host]\na = 1\n[lock]",
        "mqtt.host must be a single value, not a table",
    ),
    pytest.param(
        "counter.toml",
        'place = "示例办公楼 1 层大厅"',
        'place = " "',
        "counter.place is empty; buyers are shown it",
    ),
    pytest.param(
        "counter.toml",
        "[counter]",
        '[counter]\ntimezone = "Asia/Ankang"',
        "timezone 'Asia/Ankang' is not known",
    ),
    pytest.param(
        "counter.toml",
        '"catalogue.csv"',
        '"goods.csv"',
        "goods.csv: cannot be read (No such file or directory)",
    ),
    pytest.param("counter.toml", '"planogram.toml"', '"p.toml"', "p.toml: there is no such file"),
    pytest.param("counter.toml", "[counter]", "[counter", "counter.toml: is not TOML"),
    pytest.param(
        "planogram.toml", "PL-TEA-125", "PL-TEA-999", "tray 1-02: product PL-TEA-999 is not in the catalogue"
    ),
    pytest.param("planogram.toml", "PL-TEA-125", "BH-MG-WINE500", "tray 1-02: BH-MG-WINE500 is alcohol"),
    pytest.param(
        "planogram.toml", "PL-TEA-125", "X-NOODLE-1KG", "the certificate of X-NOODLE-1KG is EXPIRED"
    ),
    pytest.param(
        "planogram.toml", "capacity = 17", "capacity = 25", "25 × ZY-WATER-500 weigh 12975 g, more than"
    ),
    pytest.param("planogram.toml", "par = 17", "par = 18", "tray 1-01: par 18 is more than its capacity 17"),
    pytest.param(
        "planogram.toml",
        'id = "1-02"\nsku = "PL-TEA-125"',
        'id = "1-01"\nsku = "ZY-WATER-500"',
        "tray 1-01 has ZY-WATER-500 2 times; keep one, with the sum of its pieces",
    ),
    pytest.param(
        "planogram.toml", 'id = "1-02"', 'id = "0-2"', "tray id '0-2' must be shelf-tray, like 2-03"
    ),
    pytest.param(
        "planogram.toml",
        "expires_on = 2027-04-28",
        'expires_on = "soon"',
        'tray[1].expires_on "soon" does not fit',
    ),
    pytest.param(
        "planogram.toml", "opening = 12", "opening = -1", "tray[1].opening -1 does not fit: expected int >= 0"
    ),
    pytest.param("roster.toml", '["BUY"]', '["BYE"]', "account[1].kinds"),
    pytest.param("roster.toml", '"demo-002"', '"demo-001"', "login demo-001 is used by 2 accounts"),
    pytest.param(
        "roster.toml", 'title = "示例职工"', 'suppliers = ["S001"]', "demo-001: suppliers is for who restocks"
    ),
    pytest.param(
        "roster.toml", '["S005"]', '["S5"]', "demo-supplier: the catalogue has no goods of supplier S5"
    ),
    pytest.param(
        "roster.toml",
        "valid_to =",
        'counties = ["紫阳"]\nvalid_to =',
        "quota sample-festival: the catalogue has no goods from 紫阳; write counties as it does",
    ),
    pytest.param("roster.toml", '["sample-festival"]', '["other"]', "demo-004: there is no quota other; add"),
    pytest.param(
        "roster.toml", '"UNION_FESTIVAL"', '"832_RESERVED"', "a counter sale is not an 832 purchase"
    ),
    pytest.param("roster.toml", '"UNION_FESTIVAL"', '"SELF_PAY"', "SELF_PAY is what no quota pays"),
    pytest.param("roster.toml", "cap_fen = 20000", "cap_fen = 0", "quota[1].cap_fen 0 does not fit"),
    pytest.param("roster.toml", "2027-12-31", "2025-12-31", "ends on 2025-12-31, before it begins"),
    pytest.param(
        "roster.toml",
        "valid_to =",
        'lapse = "operator"\nvalid_to =',
        "what is not used falls back to the unit",
    ),
    pytest.param(
        "roster.toml",
        'scheme = "UNION_FESTIVAL"\nunit = "sample-unit"',
        'scheme = "UNION_FESTIVAL"\nunit = "other"',
        "demo-004: quota sample-festival is of unit other, the account of sample-unit",
    ),
    pytest.param("roster.toml", 'unit = "sample-unit"', "", "demo-001: staff = true needs the unit"),
    pytest.param("roster.toml", '"demo-002"', '"Alice"', 'account[2].login "Alice" does not fit'),
]


@pytest.mark.parametrize(("name", "old", "new", "says"), SPOILT)
def test_a_fault_is_named_with_its_file_and_what_to_do(setup, spoil, name, old, new, says):
    spoil(setup / name, old, new)
    problems = faults(setup / "counter.toml")
    said = [each for each in problems if says in each]
    assert said, problems
    assert said[0].startswith(str(setup))


SHARED = """
[[tray]]
id = "1-01"
sku = "PL-TEA-125"
capacity = {capacity}
par = 3
opening = 1
"""


def share(setup, capacity):
    """A second product on tray 1-01, which holds 17 bottles of water; gives the settings' path."""
    plan = setup / "planogram.toml"
    plan.write_text(plan.read_text(encoding="utf-8") + SHARED.format(capacity=capacity), encoding="utf-8")
    return setup / "counter.toml"


def test_goods_may_share_a_tray_and_stand_in_the_cabinets_order(setup):
    planogram = load_outfit(share(setup, 3), environ={}).planogram
    assert planogram.skus("1-01") == ("ZY-WATER-500", "PL-TEA-125")
    assert list(planogram.trays)[:2] == ["1-01", "1-02"]
    assert (len(planogram.trays), len(planogram.facings)) == (12, 13)


def test_goods_that_share_a_tray_must_be_borne_together(setup):
    share(setup, 12)  # 17 × 519 g + 12 × 191 g
    problem, *_ = faults(setup / "counter.toml")
    assert "tray 1-01: 17 × ZY-WATER-500 and 12 × PL-TEA-125 weigh 11115 g, more than" in problem
    assert "weighing.max_load_g = 10000" in problem


def test_check_counts_trays_not_facings(setup, capsys):
    assert main(["config", "check", "--config", str(share(setup, 3)), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trays"] == 12


def test_a_register_map_of_ones_own_lies_beside_the_settings(setup, spoil):
    packaged = Path(loading.__file__).with_name("modbus32.toml").read_text(encoding="utf-8")
    (setup / "own.toml").write_text(packaged.replace("address = 80", "address = 82"), encoding="utf-8")
    spoil(setup / "counter.toml", '"modbus32"', '"own.toml"')
    outfit = load_outfit(setup / "counter.toml", environ={})
    assert loading.load(outfit.settings.scales.profile, setup).read.address == 82
    assert list(buses_of(outfit.settings, outfit.path.parent)) == ["main"]


def test_all_faults_of_all_files_come_at_once(setup, spoil):
    spoil(setup / "counter.toml", "hotline", "hotlin")
    spoil(setup / "counter.toml", "baud = 38400", 'baud = "x"')
    spoil(setup / "planogram.toml", "PL-TEA-125", "PL-TEA-999")
    spoil(setup / "roster.toml", '"demo-002"', '"demo-001"')
    problems = faults(setup / "counter.toml", {"COUNTER_MQTT__PRT": "1"}, screens__port="99999")
    assert len(problems) == 6, problems
    assert any(each.startswith("COUNTER_MQTT__PRT: mqtt.prt is not a known key") for each in problems)
    assert any(each.startswith("command line: screens.port") for each in problems)


def test_a_secret_is_not_part_of_the_sentence_that_refuses_it(setup, spoil):
    spoil(setup / "roster.toml", 'salt = "', 'salt = "zz')
    assert not [each for each in faults(setup / "counter.toml") if "zz" in each]


def test_no_settings_file_at_all_says_where_one_was_looked_for(tmp_path):
    path = tmp_path / "none.toml"
    assert faults(path) == (f"{path}: there is no such file; name another with --config",)


def test_any_struct_can_be_loaded_with_its_own_prefix(tmp_path):
    class Inner(Section, frozen=True, kw_only=True):
        names: tuple[str, ...] = ()
        level: int = 0

    class Outer(Section, frozen=True, kw_only=True):
        data: str = "here"
        inner: Inner = Inner()
        maybe: Inner | None = None

    path = tmp_path / "other.toml"
    path.write_text("[maybe]\nlevel = 2\n")
    environ = {"OTHER_DATA": "there", "OTHER_INNER__NAMES": '["a", "b"]', "OTHER_ELSE": "not ours"}
    value = load(path, Outer, env_prefix="OTHER_", environ=environ).value
    assert value == Outer(data="there", inner=Inner(names=("a", "b")), maybe=Inner(level=2))


def test_check_prints_every_fault_and_ends_with_78(setup, spoil, capsys):
    assert main(["config", "check", "--config", str(setup / "counter.toml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["trays"] == 12
    spoil(setup / "counter.toml", "hotline", "hotlin")
    spoil(setup / "roster.toml", '"demo-002"', '"demo-001"')
    assert main(["config", "check", "--config", str(setup / "counter.toml"), "--json"]) == 78
    assert len(json.loads(capsys.readouterr().out)["problems"]) == 2
    assert main(["config", "check", "--config", str(setup / "counter.toml")]) == 78
    assert "2 fault(s)" in capsys.readouterr().err


def test_show_says_each_value_and_where_it_came_from(capsys, monkeypatch):
    monkeypatch.setenv("COUNTER_MQTT__WINDOW", "7")
    command = ["config", "show", "--origin", "--json", "--config", str(SAMPLE), "--set", "mqtt.port=1999"]
    assert main(command) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["mqtt.port"] == {"value": 1999, "origin": "flag"}
    assert shown["mqtt.window"] == {"value": 7, "origin": "env COUNTER_MQTT__WINDOW"}
    assert shown["counter.id"] == {"value": "AK-001", "origin": f"file {SAMPLE}"}
    assert shown["screens.port"] == {"value": 8080, "origin": "default"}
    assert shown["counter.filing_valid_to"]["value"] == "2027-12-31"


scalars = (
    st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.text(st.characters(exclude_categories=("Cs",)))
)
tables = st.recursive(
    st.dictionaries(
        st.text(st.characters(exclude_categories=("Cs",)), min_size=1), scalars | st.lists(scalars)
    ),
    lambda inner: st.dictionaries(
        st.text('abc-é"', min_size=1), inner | st.lists(inner, min_size=1, max_size=3)
    ),
    max_leaves=8,
)


@settings(max_examples=50, deadline=None)
@given(tables)
@example({"a": '\x7f\x1f"\\'})
def test_what_is_written_as_toml_is_read_back_the_same(values):
    assert tomllib.loads(toml(values)) == values


def test_an_overlay_reaches_into_tables_and_leaves_the_rest():
    assert overlaid({"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"c": 4}}) == {"a": {"b": 1, "c": 4}, "d": 3}
