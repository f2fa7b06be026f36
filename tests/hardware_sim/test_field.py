"""Field sessions keep the recorded format and their own rules: quiet ends, weights that tell, masses."""

import json
from collections import Counter, defaultdict
from functools import cache
from itertools import pairwise
from random import Random
from statistics import median

import pytest

from hardware_sim.cli import main
from hardware_sim.errors import SimError
from hardware_sim.field import fair, made, scene, shopping, story, unsettled
from hardware_sim.field.goods import LOT, Unit, declared, good, stocked, unit
from hardware_sim.field.habits import CORE, HARD, TROUBLES, troubled
from hardware_sim.field.motion import Force, least_jerk, moved
from hardware_sim.field.plate import plate

GROUPS = list(made.GROUPS)
FAIR = ["core", "hard", "nothing"]
MANY = 120  # stories a group: they are cheap, it is the rows that cost
FEW = 12


@cache
def stories(group, count=MANY, seed=3):
    return [made.story(group, Random(f"{group}/{seed}/{n}")) for n in range(count)]


@cache
def sessions(group, count=FEW, seed=5):
    return [json.loads(line) for line in made.session_lines(group, seed, 0, count)]


@pytest.mark.parametrize("group", GROUPS)
def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(group):
    assert list(made.session_lines(group, 1, 0, 3)) == list(made.session_lines(group, 1, 0, 3))
    assert list(made.session_lines(group, 1, 0, 1)) != list(made.session_lines(group, 2, 0, 1))


@pytest.mark.parametrize("group", GROUPS)
def test_a_session_does_not_depend_on_those_before_it(group):
    assert list(made.session_lines(group, 1, 0, 5))[3:] == list(made.session_lines(group, 1, 3, 2))


@pytest.mark.parametrize("group", GROUPS)
def test_lines_have_the_recorded_format(group):
    for line in sessions(group):
        assert {"id", "kind", "oddity", "oddities", "trays", "samples", "truth", "events"} == set(line)
        assert line["kind"] == group
        assert len({tray["id"] for tray in line["trays"]}) == len(line["trays"])
        for entry in (entry for tray in line["trays"] for entry in tray["planogram"]):
            assert entry["unit_g"] > 0 < entry["tol_g"]
            assert entry["count"] >= 0
        assert all(count > 0 for count in line["truth"].values())
        assert all(len(event) == 5 for event in line["events"])


@pytest.mark.parametrize("group", GROUPS)
def test_rows_come_in_time_order_and_each_trays_time_moves_on(group):
    for line in sessions(group):
        times = [t for t, _, _ in line["samples"]]
        assert times == sorted(times)
        assert times[0] >= 0
        by_tray = defaultdict(list)
        for t, tray, _ in line["samples"]:
            by_tray[tray].append(t)
        assert set(by_tray) == set(range(len(line["trays"])))
        assert all(a < b for found in by_tray.values() for a, b in pairwise(found))


@pytest.mark.parametrize("group", FAIR)
def test_nobody_touches_anything_in_the_first_second_and_the_last_second_and_a_half(group):
    for told in stories(group):
        forces = [force for tray in told.scene.forces for force in tray]
        assert min(force.start for force in forces) >= 1.0
        assert max(force.end for force in forces) <= told.until - 1.5


@pytest.mark.parametrize("group", GROUPS)
def test_what_was_taken_is_what_is_owed_and_the_trays_lost_just_that(group):
    for told in stories(group):
        balance = Counter()
        for event in told.scene.events:
            if event.action in {"take", "put", "misplaced"}:
                balance[event.sku] += 1 if event.delta_g < 0 else -1
        if told.oddities != ["unplanned-good"]:
            assert +balance == told.truth
        assert min(balance.values(), default=0) >= 0
        for number, tray in enumerate(told.scene.trays):
            moved_g = sum(event.delta_g for event in told.scene.events if event.tray == number)
            loaded_g = sum(unit.grams for unit in tray.units)
            assert told.scene.loads[number] + moved_g == pytest.approx(
                loaded_g, abs=0.003 * told.scene.loads[number] + 2
            )


@pytest.mark.parametrize("group", FAIR)
def test_the_scales_show_what_the_events_say(group):
    for line in sessions(group):
        moved_g = Counter()
        for _, tray, delta_g, _, _ in line["events"]:
            moved_g[tray] += delta_g
        until = line["samples"][-1][0]
        for number in range(len(line["trays"])):
            rows = [(t, grams) for t, tray, grams in line["samples"] if tray == number]
            before = median(grams for t, grams in rows if t < 1.0)
            after = median(grams for t, grams in rows if t > until - 1.4)
            # Creep, corner and span go with the load, temperature with the time.
            assert after - before == pytest.approx(
                moved_g[number], abs=12 + 0.12 * until + 0.003 * abs(moved_g[number])
            )


def test_nothing_taken_owes_nothing():
    assert not any(told.truth for told in stories("nothing"))
    assert {told.oddities[0] for told in stories("nothing")} == set(shopping.NOTHING)


def test_review_tells_every_situation():
    assert {told.oddities[0] for told in stories("review")} == set(unsettled.UNSETTLED)


@pytest.mark.parametrize(("group", "most"), [("core", 2), ("hard", 4)])
def test_goods_on_one_tray_weigh_apart(group, most):
    for told in stories(group):
        for tray in told.scene.trays:
            assert 1 <= len(tray.goods) <= most
            assert story.told_apart(tray.goods, 2, told.scene.habits)


@pytest.mark.parametrize("group", ["core", "hard"])
def test_no_unsettled_stretch_exchanges_goods(group):
    for told in stories(group):
        for number in range(len(told.scene.trays)):
            for events in fair.stretches(told, number):
                net = Counter()
                for event in events:
                    net[event.sku] += 1 if event.delta_g > 0 else -1
                assert len({n > 0 for n in net.values() if n}) <= 1


def test_every_trouble_of_a_hard_session_occurs_and_is_fair():
    assert {name for told in stories("hard") for name in told.oddities} == set(TROUBLES)


def test_a_declared_weight_is_off_by_at_most_a_third_of_its_tolerance_and_units_scatter_as_declared():
    rng = Random(1)
    for number in range(300):
        one = good(rng, number)
        assert 35 <= one.unit_g <= 3000
        assert abs(one.lot_g - one.unit_g) <= one.sd_g + 1e-9
        away = [(unit(rng, one).grams - one.lot_g) / one.sd_g for _ in range(200)]
        assert max(map(abs, away)) <= 4.0 + 1e-9
        assert sum(x * x for x in away) / 200 == pytest.approx(1.0, abs=0.55)
    assert LOT < 1 / 2


def test_a_story_that_exchanges_equal_packs_is_not_fair():
    rng = Random(4)
    told, t = story.begun(rng, CORE, ["shopping"], story.cabinet(rng, CORE))
    pack = told.scene.trays[0].units[0]
    t = told.scene.take(t, 0, [pack])
    t = told.scene.add(t + 0.2, 0, Unit("", pack.grams), "foreign")
    assert not fair.decidable(story.ended(told, t))


@pytest.mark.parametrize(("pause_s", "told_apart"), [(0.2, False), (6.0, True)])
def test_one_pack_for_another_is_fair_only_with_a_level_between(pause_s, told_apart):
    rng = Random(4)
    goods = [declared(rng, "A", 300.0, 1.5), declared(rng, "B", 170.0, 1.2)]
    told, t = story.begun(rng, CORE, ["shopping"], [scene.tray(rng, 0, goods, stocked(rng, goods))])
    packs = {pack.sku: pack for pack in told.scene.trays[0].units}
    t = told.scene.take(t, 0, [packs["A"]]) + 6.0
    t = told.scene.take(t, 0, [packs["B"]]) + pause_s
    t = told.scene.put(t, 0, packs["A"])
    assert fair.decidable(story.ended(told, t)) is told_apart


def test_a_hand_left_on_the_tray_is_not_fair():
    told = made.story("core", Random(2))
    told.scene.forces[0].append(moved(told.until - 1.0, 0.5, 80.0))
    assert not fair.decidable(told)


def test_a_group_that_is_never_fair_is_reported(monkeypatch):
    monkeypatch.setitem(made.GROUPS, "core", _pressed)
    with pytest.raises(SimError, match="core"):
        made.story("core", Random(1))


def _pressed(rng):
    told = shopping.core(rng)
    told.until = 2.0
    return told


def test_a_reach_starts_and_ends_at_rest():
    assert [least_jerk(x) for x in (-1, 0, 0.5, 1, 2)] == pytest.approx([0, 0, 0.5, 1, 1])
    assert least_jerk(0.01) < 1e-4


def test_a_plate_rings_and_comes_to_rest_at_the_load():
    knocked = Force(1.0, 1.2, lambda t: 500.0)
    found = plate(12.0, 0.1, 1000.0, [moved(2.0, 0.3, -162.0), knocked], 9.0)
    assert found[0] == 1000.0
    assert max(found) > 1500.0
    assert found[-1] == pytest.approx(838.0, abs=1e-6)


def test_a_slow_transmitter_repeats_itself():
    repeated = 0
    for line in sessions("core"):
        rows = [grams for _, tray, grams in line["samples"] if tray == 0]
        repeated += sum(a == b for a, b in pairwise(rows)) > len(rows) / 3
    assert repeated >= 2


def test_troubles_change_the_habits_they_name():
    names, habits = troubled(Random(3))
    assert names
    assert habits != HARD


def test_generate_writes_the_field_family(capfdbinary):
    wanted = [line for group in GROUPS for line in made.session_lines(group, 9, 3, 2)]
    assert (
        main(["generate", "--family", "field", "--group", "all", "--n", "2", "--seed", "9", "--first", "3"])
        == 0
    )
    assert capfdbinary.readouterr().out.splitlines() == wanted
