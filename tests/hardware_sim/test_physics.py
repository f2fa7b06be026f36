import itertools
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_sim.door import BOUNCE_S, Door
from hardware_sim.errors import Impossible
from hardware_sim.goods import CUT_SD, Piece, Product, counted, piece_of
from hardware_sim.physics import Cabinet, top
from hardware_sim.tray import Ringing, Tray

WATER = Product("WATER", "水", "water", 519.0, 3.8)
TEA = Product("TEA", "茶", "tea", 191.0, 1.7)
PRODUCTS = {product.sku: product for product in (WATER, TEA)}


def cabinet(seed: int = 1) -> Cabinet:
    random = Random(seed)
    trays = {
        "1-01": Tray("1-01", 2.0, [piece_of(WATER, random) for _ in range(6)]),
        "1-02": Tray("1-02", -3.0, [piece_of(TEA, random) for _ in range(6)]),
    }
    return Cabinet(Door(), trays, PRODUCTS, random)


@pytest.mark.parametrize("seed", range(3))
def test_no_piece_is_further_from_the_mean_than_the_cut(seed):
    random = Random(seed)
    pieces = [piece_of(WATER, random) for _ in range(3000)]
    assert max(abs(piece.grams - WATER.unit_g) for piece in pieces) <= CUT_SD * WATER.sd_g


MOVES = st.lists(
    st.tuples(
        st.sampled_from(["take", "put_back", "move", "bring", "foreign", "close", "open"]),
        st.sampled_from(["1-01", "1-02"]),
        st.integers(1, 3),
    ),
    max_size=30,
)


def perform(it: Cabinet, move: tuple[str, str, int], now: float) -> None:
    what, tray, count = move
    match what:
        case "take":
            it.take(tray, top(count, None, tray), now)
        case "put_back":
            it.put_back(tray, top(count, None, "hand"), now)
        case "move":
            it.move(tray, "1-01", top(count, None, tray), now)
        case "bring":
            it.bring(tray, "TEA", count, now)
        case "foreign":
            it.bring_foreign(tray, 100.0 * count, now)
        case "close":
            it.close_door(now)
        case "open":
            it.force_door(now)


@given(MOVES)
@settings(max_examples=80)
def test_goods_are_never_made_or_lost_whatever_people_do(moves):
    it = cabinet()
    at_first = sorted(piece.grams for tray in it.trays.values() for piece in tray.pieces)
    for number, move in enumerate(moves):
        try:
            perform(it, move, float(number))
        except Impossible:
            continue
    on_trays = [piece for tray in it.trays.values() for piece in tray.pieces]
    now_there = sorted(piece.grams for piece in on_trays + it.hand + it.carried)
    assert now_there == sorted(at_first + [piece.grams for piece in it.brought])


def test_what_cannot_be_done_changes_nothing():
    it = cabinet()
    it.force_door(0.0)
    with pytest.raises(Impossible, match="holds 6"):
        it.take("1-01", top(7, None, "tray 1-01"), 1.0)
    assert counted(it.trays["1-01"].pieces) == {"WATER": 6}
    assert it.hand == []


def test_a_piece_put_back_weighs_what_it_weighed():
    it = cabinet()
    it.force_door(0.0)
    before = it.trays["1-01"].true_g()
    it.take("1-01", top(2, None, "tray"), 1.0)
    it.put_back("1-01", top(2, None, "hand"), 3.0)
    assert it.trays["1-01"].true_g() == pytest.approx(before)


@given(st.integers(0, 2**32), st.floats(5.0, 500.0), st.booleans())
def test_a_tray_at_rest_reads_the_truth_within_its_noise(seed, grams, taken_again):
    tray = Tray("1-01", 4.0)
    piece = Piece("X", grams)
    tray.add(piece, 0.0)
    if taken_again:
        tray.remove(piece, 1.0)
    felt = tray.sampled(5.0, Random(seed))
    assert felt.grams == pytest.approx(4.0 + (0.0 if taken_again else grams), abs=6 * 0.15)
    assert not felt.moving


def test_a_change_settles_with_a_swing_and_says_so_meanwhile():
    tray = Tray("1-01")
    tray.add(Piece("X", 500.0), 10.0)
    trace = [tray.felt(10.0 + step * 0.02) for step in range(60)]
    assert trace[0].grams == pytest.approx(0.0)
    assert all(felt.moving for felt in trace[:25])
    assert not trace[-1].moving
    assert any(a.grams > b.grams for a, b in itertools.pairwise(trace)), "no swing at all"


def test_a_hand_presses_only_while_it_leans():
    tray = Tray("1-01")
    tray.lean(800.0, 2.0, 1.0)
    assert tray.felt(0.5).grams == 0.0
    assert tray.felt(2.5).grams == pytest.approx(800.0, rel=0.05)
    assert tray.felt(2.5).moving
    assert tray.felt(6.5).grams == pytest.approx(0.0)
    assert not tray.felt(6.5).moving


def test_ringing_shakes_and_dies_away():
    tray = Tray("1-01")
    tray.ring(Ringing(0.0, 200.0, 0.5, 9.0))
    swings = [abs(tray.felt(step / 100).grams) for step in range(60)]
    assert max(swings) > 50.0
    assert swings[50:] == [0.0] * 10


@pytest.mark.parametrize(
    ("load", "forced", "expected"), [(14_000.0, False, False), (15_001.0, False, True), (10.0, True, True)]
)
def test_overload_is_told_above_the_full_load_or_when_broken(load, forced, expected):
    tray = Tray("1-01", overload=forced)
    tray.add(Piece(None, load), 0.0)
    assert tray.felt(10.0).overload is expected


def test_the_pulse_draws_the_hook_and_it_falls_in_again_when_nobody_pulls():
    door = Door(relock_s=9.5)
    door.pulse(100.0)
    assert [door.locked(100.0 + t) for t in (0.0, 0.19, 0.21, 9.4, 9.6)] == [True, True, False, False, True]


def test_the_hook_falls_in_after_the_door_was_open_and_closes():
    door = Door()
    door.pulse(0.0)
    door.open(1.0, Random(1))
    assert not door.locked(60.0)
    door.close(60.0, Random(2))
    assert [door.locked(60.0 + t) for t in (0.0, 0.29, 0.31)] == [False, False, True]


def test_a_stuck_hook_ignores_the_pulse():
    door = Door(stuck=True)
    door.pulse(0.0)
    assert door.locked(1.0)


def test_a_jammed_hook_stays_out_until_it_is_freed():
    door = Door(jammed=True)
    door.pulse(0.0)
    door.open(1.0, Random(1))
    door.close(2.0, Random(2))
    assert not door.locked(30.0)
    door.jammed = False
    assert door.locked(30.0)


def test_a_second_pulse_begins_the_time_to_pull_again():
    door = Door(relock_s=9.5)
    door.pulse(0.0)
    door.pulse(8.0)
    assert not door.locked(12.0)
    assert door.locked(17.6)


def test_a_power_cut_in_mid_pulse_leaves_the_hook_where_it_is():
    door = Door()
    door.pulse(0.0)
    door.power_lost(0.1)
    assert door.locked(5.0)


@given(st.integers(0, 2**32))
def test_the_reed_bounces_and_then_tells_the_truth(seed):
    random = Random(seed)
    door = Door()
    door.open(1.0, random)
    assert door.reed_closed(1.0 - 1e-6)
    assert not door.reed_closed(1.0 + BOUNCE_S[1] + 1e-6)
    trace = [door.reed_closed(1.0 + step / 1000) for step in range(110)]
    assert sum(a != b for a, b in itertools.pairwise(trace)) <= 5


def test_a_forced_door_is_open_though_the_hook_is_in():
    it = cabinet()
    it.force_door(0.0)
    assert it.door.is_open
    assert it.door.locked(0.0)


def test_the_hand_is_carried_away_when_the_next_visit_begins():
    it = cabinet()
    it.force_door(0.0)
    it.take("1-01", top(2, None, "tray"), 1.0)
    it.close_door(2.0)
    assert counted(it.hand) == {"WATER": 2}
    it.force_door(3.0)
    assert it.hand == []
    assert counted(it.carried) == {"WATER": 2}
