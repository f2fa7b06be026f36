"""Made-up door sessions: what is written is what was done, and the scales say so within their own errors."""

import itertools
import json
from collections import Counter
from math import sqrt
from random import Random
from statistics import median

import pytest

from hardware_sim.cli import main
from hardware_sim.errors import ConfigError
from hardware_sim.sessions.levels import LEVELS
from hardware_sim.sessions.made import session_line, session_lines
from hardware_sim.sessions.mechanics import Plate
from hardware_sim.sessions.oddities import ODDITIES
from hardware_sim.sessions.sensor import readings
from hardware_sim.sessions.stock import REFERENCE, Product, from_catalogue, told_apart

N = 12
NAMES = list(LEVELS)


def made(level, n=N, seed=7, first=0):
    return [json.loads(line) for line in session_lines(LEVELS[level], REFERENCE, seed, first, n)]


@pytest.fixture(scope="module")
def sessions():
    return {name: made(name) for name in NAMES}


@pytest.fixture(scope="module")
def odd_sessions():
    return [each for each in made("L4", 90, seed=8) if "oddity" in each]


def moved(session, tray):
    return sum(grams for _, at, grams, _, _ in session["events"] if at == tray)


def ends(session, tray):
    """Medians of the tray's first and last 0.8 s."""
    rows = [(at, grams) for at, index, grams in session["samples"] if index == tray]
    early, late = session["samples"][0][0] + 0.8, session["samples"][-1][0] - 0.8
    return median(g for at, g in rows if at <= early), median(g for at, g in rows if at >= late)


@pytest.mark.parametrize("name", NAMES)
def test_the_same_seed_and_number_give_the_same_bytes(name):
    whole = list(session_lines(LEVELS[name], REFERENCE, 3, 0, 4))
    assert session_line(LEVELS[name], REFERENCE, 3, 2) == whole[2]
    assert len({*whole, session_line(LEVELS[name], REFERENCE, 4, 2)}) == 5


@pytest.mark.parametrize("name", NAMES)
def test_truth_is_what_was_taken_less_what_was_put_back(sessions, name):
    for session in sessions[name]:
        left = Counter()
        for _, _, _, action, sku in session["events"]:
            sign = {"take": 1, "put": -1, "foreign": 0}[action]
            for each in (sku or "").split("+"):
                left[each] += sign
        assert {sku: count for sku, count in left.items() if count} == session["truth"], session["id"]


@pytest.mark.parametrize("name", NAMES)
def test_the_scales_lost_what_the_events_say_within_their_errors(sessions, name):
    """Noise, drift, walk and creep of a minute, gain and corner load of what was moved."""
    for session in sessions[name]:
        for tray in range(len(session["trays"])):
            handled = sum(abs(g) for _, at, g, _, _ in session["events"] if at == tray)
            before, after = ends(session, tray)
            assert after - before == pytest.approx(moved(session, tray), abs=8 + 0.005 * handled)


@pytest.mark.parametrize("name", NAMES)
def test_rows_are_in_order_whole_grams_and_quiet_at_both_ends(sessions, name):
    for session in sessions[name]:
        samples = session["samples"]
        assert samples == sorted(samples, key=lambda row: row[:2])
        assert all(grams == int(grams) for _, _, grams in samples)
        for tray in range(len(session["trays"])):
            times = [at for at, index, _ in samples if index == tray]
            assert all(a < b for a, b in itertools.pairwise(times))
        moments = [event[0] for event in session["events"]]
        assert all(1.0 < at < samples[-1][0] - 1.5 for at in moments)
        assert moments == sorted(moments)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_taken_that_was_not_booked_there_or_brought(sessions, name):
    for session in sessions[name]:
        stock = [Counter({s["sku"]: s["count"] for s in tray["planogram"]}) for tray in session["trays"]]
        for _, tray, _, action, sku in session["events"]:
            for each in (sku or "").split("+") if action != "foreign" else []:
                stock[tray][each] += 1 if action == "put" else -1
        assert all(count >= 0 for tray in stock for count in tray.values()), session["id"]


@pytest.mark.parametrize("name", [name for name in NAMES if LEVELS[name].apart])
def test_small_baskets_of_a_tray_weigh_apart_where_the_level_says_so(sessions, name):
    for session in sessions[name]:
        for tray in session["trays"]:
            goods = [(slot["unit_g"], slot["tol_g"] / 3) for slot in tray["planogram"]]
            baskets = [
                *((one,) for one in goods),
                *itertools.combinations_with_replacement(goods, 2),
            ]
            for one, other in itertools.combinations(baskets, 2):
                if len(one) == 1:
                    spread = sum(
                        sd**2 + 0.1225 * sd**2 * basket.count((g, sd))
                        for basket in (one, other)
                        for g, sd in basket
                    )
                    gap = abs(sum(g for g, _ in one) - sum(g for g, _ in other))
                    assert gap >= LEVELS[name].apart * sqrt(spread + 4) - 1e-9


def test_l3_does_not_ask_whether_goods_can_be_told_apart():
    trays = [tray["planogram"] for session in made("L3", 12) for tray in session["trays"]]
    goods = [[Product(s["sku"], s["unit_g"], s["tol_g"] / 3) for s in tray] for tray in trays]
    assert not all(told_apart(each, 4.0) for each in goods)


def test_levels_differ_by_habits_as_the_table_says(sessions):
    def share(name, holds):
        acts = [event for session in sessions[name] for event in session["events"]]
        return sum(map(holds, acts)) / len(acts)

    assert share("L0", lambda e: e[3] == "put") == 0
    assert 0.08 < share("L2", lambda e: e[3] == "put") < 0.35
    assert share("L0", lambda e: "+" in e[4]) == 0
    assert 0.02 < share("L3", lambda e: "+" in (e[4] or "")) < 0.4
    assert all(len(tray["planogram"]) == 1 for s in sessions["L0"] for tray in s["trays"])
    assert max(len(tray["planogram"]) for s in sessions["L3"] for tray in s["trays"]) > 4


def test_every_oddity_happens_and_leaves_its_mark(odd_sessions):
    assert {session["oddity"] for session in odd_sessions} == set(ODDITIES)
    for session in odd_sessions:
        foreign = [event for event in session["events"] if event[3] == "foreign"]
        match session["oddity"]:
            case "foreign_left":
                assert [grams > 0 for _, _, grams, _, _ in foreign] == [True]
            case "foreign_removed":
                assert sum(grams for _, _, grams, _, _ in foreign) == pytest.approx(0)
            case "swap_same" | "swap_other" | "partly_eaten":
                (swapped,) = foreign
                takes = [e for e in session["events"] if e[3] == "take" and e[1] == swapped[1]]
                if session["oddity"] == "swap_same":
                    assert min(abs(-e[2] - swapped[2]) for e in takes) <= 3.01
                else:
                    assert 0 < swapped[2] <= 0.9 * max(-e[2] for e in takes)
            case "bulk":
                assert max(len((e[4] or "").split("+")) for e in session["events"]) >= 2
            case "cycles":
                assert sum(event[3] == "put" for event in session["events"]) >= 3
            case _:
                assert not foreign


def test_sessions_without_goods_taken_exist_and_say_so():
    share = sum(not session["truth"] for session in made("L1", 80)) / 80
    assert 0.05 < share < 0.25


@pytest.mark.parametrize(("rate", "name"), [(10, "L0"), (80, "L3"), (40, "L4")])
def test_a_tray_speaks_at_its_rate_with_a_still_load(rate, name):
    force = [1000.0] * 2001
    rows = readings(force, LEVELS[name].scale, rate, Random(5))
    assert len(rows) == pytest.approx(20 * rate, rel=0.15)
    values = [grams for _, grams in rows]
    assert median(values) == pytest.approx(1000, abs=42)
    spread = 1.4826 * median(abs(value - median(values)) for value in values)
    assert spread < 2 + 2 * LEVELS[name].scale.noise_g * sqrt(rate / 10)


def test_glitches_and_gaps_come_as_often_as_said_and_never_at_the_ends():
    force, scale = [1000.0] * 12001, LEVELS["L3"].scale
    runs = [readings(force, scale, 20, Random(seed)) for seed in range(6)]
    values = [grams for rows in runs for _, grams in rows]
    wild = sum(abs(grams - 1000) > 60 for grams in values) / len(values)
    assert 0.004 < wild < 0.014
    gaps = [(a, b) for rows in runs for (a, _), (b, _) in itertools.pairwise(rows) if b - a > 0.25]
    assert 0.05 < len(gaps) / (6 * 120) < 0.11
    assert all(a > 0.6 and b < 119.4 for a, b in gaps)


def test_a_load_goes_down_as_a_ramp_and_stays_down():
    plate = Plate(500.0, 3.0)
    plate.shift(1.0, 0.4, -120.0)
    force = plate.force()
    assert force[100] == 500.0
    assert force[120] == pytest.approx(440, abs=10)
    assert force[150:] == pytest.approx([380.0] * len(force[150:]))


def test_generate_writes_a_line_a_session_for_each_level(capfdbinary):
    assert main(["generate", "--level", "all", "--n", "2", "--seed", "9", "--first", "3"]) == 0
    kinds = [json.loads(line)["kind"] for line in capfdbinary.readouterr().out.splitlines()]
    assert kinds == [name for name in NAMES for _ in range(2)]


# --- four cells a tray --------------------------------------------------------------------------------


def placed(n, level="L2", seed=7):
    return [json.loads(line) for line in session_lines(LEVELS[level], REFERENCE, seed, 0, n, cells=True)]


def test_four_cells_add_places_and_change_nothing_else():
    for plain, cells in zip(made("L2", 4), placed(4), strict=True):
        assert cells["kind"] == "L2 four cells"
        assert [row[:3] for row in cells["samples"]] == plain["samples"]
        assert {key: cells[key] for key in ("id", "truth", "events")} == {
            key: plain[key] for key in ("id", "truth", "events")
        }
        for tray in cells["trays"]:
            lanes = [good.pop("x_mm") for good in tray["planogram"]]
            width = tray.pop("width_mm")
            assert lanes == pytest.approx([(n + 0.5) * width / len(lanes) for n in range(len(lanes))])
        assert cells["trays"] == plain["trays"]


def test_a_change_s_place_is_in_its_lane_within_the_cells_errors():
    """From the first event of each session: moments a while before and after it, over the grams."""
    off = []
    for each in placed(40, "L1"):
        if not each["events"]:
            continue
        at, tray, grams, _, sku = each["events"][0]
        rows = [row for row in each["samples"] if row[1] == tray]
        before = [row[2] * row[3] for row in rows if at - 1.0 < row[0] < at - 0.1]
        after = [row[2] * row[3] for row in rows if at + 0.9 < row[0] < at + 1.7]
        lanes = {good["sku"]: good["x_mm"] for good in each["trays"][tray]["planogram"]}
        if sku in lanes and before and after and len(lanes) == 2:
            off.append((median(after) - median(before)) / grams - lanes[sku])
    assert len(off) > 10
    assert abs(median(off)) < 25
    assert median(abs(each) for each in off) < 60


def test_generate_takes_the_number_of_cells(capfdbinary):
    assert main(["generate", "--level", "L0", "--n", "1", "--cells", "4"]) == 0
    told = json.loads(capfdbinary.readouterr().out)
    assert {len(row) for row in told["samples"]} == {4}


def test_a_catalogue_may_take_the_reference_goods_place(tmp_path, capfdbinary):
    rows = ["sku_id,gross_weight_g,gross_sd_g,counter_ok"]
    rows += [f"S{number},{100 * number},1.0,1" for number in range(1, 8)] + ["COLD,333,1.0,0"]
    path = tmp_path / "catalogue.csv"
    path.write_text("\n".join(rows), encoding="utf-8")
    assert main(["generate", "--level", "L0", "--n", "5", "--catalogue", str(path)]) == 0
    lines = capfdbinary.readouterr().out.splitlines()
    skus = {slot["sku"] for line in lines for tray in json.loads(line)["trays"] for slot in tray["planogram"]}
    assert skus <= {f"S{number}" for number in range(1, 8)}


BAD = [
    pytest.param("sku_id,gross_weight_g\nA,100\n", "gross_sd_g", id="a column is missing"),
    pytest.param("sku_id,gross_weight_g,gross_sd_g\nA,heavy,1\n", "heavy", id="a weight is no number"),
    pytest.param("sku_id,gross_weight_g,gross_sd_g\nA,100,1\n", "six", id="too few goods"),
]


@pytest.mark.parametrize(("text", "named"), BAD)
def test_a_catalogue_that_cannot_be_stocked_from_is_refused(tmp_path, text, named):
    path = tmp_path / "catalogue.csv"
    path.write_text(text)
    with pytest.raises(ConfigError, match=named):
        from_catalogue(path)


def test_goods_that_no_level_can_tell_apart_are_refused_in_words(tmp_path):
    alike = [Product(f"S{number}", 200.0 + number, 2.0) for number in range(8)]
    with pytest.raises(ConfigError, match="can share a tray"):
        list(session_lines(LEVELS["L2"], alike, 1, 0, 1))
