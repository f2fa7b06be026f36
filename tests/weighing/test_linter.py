"""The planogram linter: every rule at both of its limits, and its pairs against plain enumeration."""

from itertools import product
from math import sqrt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.weighing.linter import Good, Level, TrayPlan, lint, lint_tray, nearest_pairs, safe_count
from edge.weighing.tray_plan import allowed_shortage_g


def good(sku="A", unit_g=200.0, sd_g=2.0, count=8, price_fen=1000, **more):
    return Good(sku, unit_g, sd_g, count, price_fen, **more)


def tray(*goods, name="1-01", capacity_g=20_000.0, **more):
    return TrayPlan(name, goods, capacity_g, **more)


def found(plan):
    """code → level of what one tray does not keep."""
    return {each.code: each.level for each in lint_tray(plan).findings}


NEAR = {"near_pair": Level.ERROR, "doubt": Level.WARN}
RULES = [
    pytest.param([good(), good("B", 300.0)], {}, id="two goods well apart"),
    pytest.param([good(), good("B", 208.0)], NEAR, id="8 g apart"),
    pytest.param([good(sd_g=1.0), good("B", 205.8, 1.0)], NEAR, id="tol 3, d′ 2.98"),
    pytest.param(
        [good(sd_g=1.0), good("B", 205.9, 1.0)], NEAR | {"near_pair": Level.WARN}, id="tol 3, d′ 3.03"
    ),
    pytest.param(
        [good(sd_g=1.0), good("B", 207.7, 1.0)], NEAR | {"near_pair": Level.WARN}, id="tol 3, d′ 3.95"
    ),
    pytest.param([good(sd_g=1.0), good("B", 208.0, 1.0)], {"doubt": Level.WARN}, id="tol 3, d′ 4.1"),
    pytest.param([good(sd_g=1.0), good("B", 209.0, 1.0)], {}, id="tol 3, d′ 4.6"),
    pytest.param([good(sd_g=4.0), good("B", 224.0, 4.0)], {"near_pair": Level.WARN}, id="tol 12, d′ 3.9"),
    pytest.param([good(sd_g=4.0), good("B", 225.0, 4.0)], {}, id="tol 12, d′ 4.1"),
    pytest.param([good("A", 100.0, 1.0), good("B", 200.0, 1.0)], NEAR, id="2 A weigh as one B"),
    pytest.param([good("A", 100.0, 1.0, 1), good("B", 200.0, 1.0)], {}, id="… but there is one A only"),
    pytest.param(
        [good("A", 120.0, 1.0), good("B", 170.0, 1.0), good("C", 290.0, 1.0)], NEAR, id="A + B weigh as C"
    ),
    pytest.param([good(), good("B", count=0)], {}, id="of the twin none may lie there"),
    pytest.param([good(group="G"), good("B", group="G")], {"group": Level.OK}, id="twins as a group"),
    pytest.param(
        [good(group="G"), good("B", price_fen=1001, group="G")],
        {"group_price": Level.ERROR, "group": Level.OK},
        id="a group of two prices",
    ),
    pytest.param(
        [good(group="G"), good("B", 212.0, group="G")], {"group_weight": Level.WARN}, id="… of two weights"
    ),
    pytest.param([good(count=65)], {}, id="13 of 20 kg"),
    pytest.param([good(count=66)], {"heavy_load": Level.WARN}, id="13.2 of 20 kg"),
    pytest.param(
        [good(unit_g=1000.0, sd_g=5.0, count=16)], {"heavy_load": Level.WARN}, id="16 kg and a hand"
    ),
    pytest.param(
        [good(unit_g=1000.0, sd_g=5.0, count=17)],
        {"heavy_load": Level.WARN, "overload": Level.ERROR},
        id="17 kg and a hand on 20 kg",
    ),
    pytest.param([good("A", 8.0, 0.05, 1)], {}, id="ten times the reading's noise"),
    pytest.param([good(), good("B", 3.0, 0.05, 0)], {}, id="light, but none may lie there"),
    pytest.param([good("A", 7.9, 0.05, 1)], {"light_unit": Level.WARN}, id="less than ten times"),
    pytest.param(
        [good("A", 4.0, 0.05, 1)], {"light_unit": Level.WARN, "safe_count": Level.WARN}, id="five times"
    ),
    pytest.param(
        [good("A", 3.9, 0.05, 1)], {"light_unit": Level.ERROR, "safe_count": Level.WARN}, id="less than five"
    ),
    pytest.param([good(sd_g=10.0, count=3)], {}, id="a spread of 5 %"),
    pytest.param([good(sd_g=10.2, count=3)], {"wide_spread": Level.WARN}, id="a spread above 5 %"),
    pytest.param(
        [good(sd_g=20.0)], {"wide_spread": Level.WARN, "safe_count": Level.WARN}, id="four not countable"
    ),
    pytest.param([good(sd_g=20.0, count=2)], {"wide_spread": Level.WARN}, id="… and only two may lie there"),
    pytest.param([good(sd_g=None)], {"spread_missing": Level.ERROR}, id="never weighed"),
    pytest.param([good(sd_g=0.0)], {"spread_missing": Level.ERROR}, id="a spread of nothing"),
    pytest.param([good(declared_g=196.2)], {}, id="learnt 1.9 % off"),
    pytest.param([good(declared_g=195.9)], {"learnt_differs": Level.WARN}, id="learnt 2.1 % above"),
    pytest.param([good(declared_g=204.3)], {"learnt_differs": Level.WARN}, id="learnt 2.1 % below"),
    pytest.param([], {}, id="an empty tray"),
]


@pytest.mark.parametrize(("goods", "codes"), RULES)
def test_each_rule_speaks_at_its_limit_and_not_before(goods, codes):
    assert found(tray(*goods)) == codes


def test_the_level_is_that_of_the_worst_finding():
    assert lint_tray(tray(good())).level is Level.OK
    assert lint_tray(tray(good(declared_g=195.0))).level is Level.WARN
    assert lint_tray(tray(good(declared_g=195.0), good("B", 201.0))).level is Level.ERROR


def test_collisions_of_two_and_of_three_units_are_all_named():
    report = lint_tray(
        tray(good("A", 120.0, 1.0), good("B", 170.0, 1.0), good("C", 290.0, 1.0), good("D", 171.0, 1.0))
    )
    told = {(near.one, near.other): near.units for near in report.collisions}
    assert told[(("B", 1),), (("D", 1),)] == 2
    assert told[(("C", 1),), (("A", 1), ("B", 1))] == 3
    assert told[(("C", 1),), (("A", 1), ("D", 1))] == 3
    assert len(told) == 3
    assert len(report.pairs) == 5
    assert [near.d_prime for near in report.pairs] == sorted(near.d_prime for near in report.pairs)


def by_hand(goods, noise_g):
    """Every pair of different takes with three units together or fewer, from all count vectors."""
    takes = [
        counts
        for counts in product(*(range(min(each.count, 2) + 1) for each in goods))
        if 1 <= sum(counts) <= 2
    ]

    def weight(counts):
        return sum(n * each.unit_g for n, each in zip(counts, goods, strict=True))

    def var(counts):
        own = [each.sd_g**2 + 0.05 for each in goods]
        return sum(n * v + n * n * 0.35**2 * v for n, v in zip(counts, own, strict=True))

    def named(counts):
        return tuple((each.sku, n) for n, each in zip(counts, goods, strict=True) if n)

    return {
        frozenset((named(one), named(other))): abs(weight(one) - weight(other))
        / sqrt(var(one) + var(other) + noise_g**2)
        for place, one in enumerate(takes)
        for other in takes[place + 1 :]
        if sum(one) + sum(other) <= 3
    }


QUICK = settings(max_examples=40, deadline=None)
goods_lists = st.lists(
    st.tuples(st.integers(20, 900), st.floats(0.2, 12), st.integers(0, 5)), min_size=1, max_size=4
).map(lambda rows: [good(f"S{i}", float(w), sd, n) for i, (w, sd, n) in enumerate(rows)])


@QUICK
@given(goods_lists, st.floats(0, 4))
def test_pairs_are_those_of_plain_enumeration(goods, noise_g):
    pairs = nearest_pairs(goods, noise_g)
    seen = {frozenset((near.one, near.other)): near.d_prime for near in pairs}
    expected = by_hand(goods, noise_g)
    assert len(seen) == len(pairs)
    assert seen == pytest.approx(expected)


@QUICK
@given(goods_lists, st.floats(0.1, 4), st.randoms(use_true_random=False))
def test_the_order_of_goods_changes_nothing(goods, noise_g, random):
    mixed = list(goods)
    random.shuffle(mixed)
    one, other = lint_tray(tray(*goods, noise_g=noise_g)), lint_tray(tray(*mixed, noise_g=noise_g))
    assert one.level == other.level
    assert one.doubt == pytest.approx(other.doubt)
    assert one.safe_counts == other.safe_counts
    assert [near.d_prime for near in one.pairs] == pytest.approx([near.d_prime for near in other.pairs])


@QUICK
@given(goods_lists)
def test_doubt_is_a_share_and_nearly_whole_where_the_scale_says_nothing(goods):
    calm, wild = (lint_tray(tray(*goods, noise_g=noise)).doubt for noise in (0.5, 1e5))
    assert 0 <= calm <= 1
    assert 0 <= wild <= 1
    if sum(each.count for each in goods) > 1:
        assert wild > 0.9


def test_twins_leave_every_take_in_doubt_and_distant_goods_none():
    assert lint_tray(tray(good(), good("B"))).doubt > 0.9
    assert lint_tray(tray(good(), good("B", 331.0))).doubt < 0.01


@QUICK
@given(st.floats(20, 900), st.floats(0.5, 40), st.integers(0, 30))
def test_the_safe_count_is_the_last_that_is_told_from_one_less(unit_g, sd_g, count):
    own, lot = sd_g**2 + 0.05, 0.35**2 * (sd_g**2 + 0.05)

    def apart(n):
        return unit_g / sqrt(n * own + n * n * lot + (n - 1) * own + (n - 1) ** 2 * lot + 1.44)

    safe = safe_count(good(unit_g=unit_g, sd_g=sd_g, count=count), 1.2)
    assert 0 <= safe <= count
    assert all(apart(n) >= 4 for n in range(1, safe + 1))
    assert safe == count or apart(safe + 1) < 4


def test_a_learnt_lot_tells_more_apart():
    twins = [good(lot_sd_g=0.0), good("B", 208.5, lot_sd_g=0.0)]
    rough = [good(lot_sd_g=4.0), good("B", 208.5, lot_sd_g=4.0)]
    assert lint_tray(tray(*twins)).pairs[0].d_prime > lint_tray(tray(*rough)).pairs[0].d_prime + 0.5


def test_singles_of_two_trays_that_weigh_alike_are_a_warning_on_both():
    report = lint([tray(good()), tray(good("B", 205.0), name="1-02"), tray(good("C", 400.0), name="1-03")])
    assert [(near.tray, near.sku, near.other_tray, near.other_sku) for near in report.cross] == [
        ("1-01", "A", "1-02", "B")
    ]
    assert [each.level for each in report.trays] == [Level.WARN, Level.WARN, Level.OK]
    assert report.level is Level.WARN


@pytest.mark.parametrize(
    "rival", [good(), good("B", group="G"), good("B", count=0)], ids=["same", "same group", "none there"]
)
def test_what_may_be_mistaken_without_harm_is_no_pair_across_trays(rival):
    assert lint([tray(good(group="G")), tray(rival, name="1-02")]).cross == ()


def test_a_swap_parts_twins_and_says_how_much_doubt_it_takes_away():
    plans = [
        tray(good("A", 200.0), good("B", 203.0)),
        tray(good("C", 310.0), good("D", 470.0), name="1-02"),
    ]
    report = lint(plans)
    (proposed,) = report.swaps
    assert {proposed.tray, proposed.other_tray} == {"1-01", "1-02"}
    assert proposed.before == pytest.approx(sum(each.doubt for each in report.trays))
    by_sku = {each.sku: each for plan in plans for each in plan.goods}
    one, other = (
        {"A", "B", proposed.other_sku} - {proposed.sku},
        {"C", "D", proposed.sku} - {proposed.other_sku},
    )
    again = [lint_tray(tray(*(by_sku[sku] for sku in sorted(skus)))).doubt for skus in (one, other)]
    assert proposed.after == pytest.approx(sum(again))
    assert proposed.after < 0.05


@settings(QUICK, max_examples=20)
@given(st.lists(goods_lists, min_size=2, max_size=3))
def test_swaps_are_three_at_most_and_each_lowers_doubt(lists):
    plans = [
        tray(*(Good(f"{i}{g.sku}", g.unit_g, g.sd_g, g.count, 1) for g in goods), name=f"1-0{i}")
        for i, goods in enumerate(lists)
    ]
    report = lint(plans)
    assert len(report.swaps) <= 3
    assert all(each.after < each.before for each in report.swaps)


def test_there_are_three_swaps_at_most():
    near = [
        tray(good(f"A{i}", 100.0 + 90 * i), good(f"B{i}", 102.0 + 90 * i), name=f"1-{i}") for i in range(9)
    ]
    assert len(lint(near).swaps) == 3


def test_a_swap_moves_no_product_of_a_group():
    twins = tray(good("A", 200.0, group="G"), good("B", 200.0, group="G"), good("E", 203.0))
    other = tray(good("C", 420.0), good("D", 610.0, group="H"), name="1-02")
    (proposed,) = lint([twins, other]).swaps
    assert {proposed.sku, proposed.other_sku} == {"E", "C"}


def test_a_swap_fills_no_small_scale():
    twins = tray(good("A", 200.0), good("E", 203.0))
    small = tray(good("C", 40.0, 0.4, count=1), name="1-02", capacity_g=100.0)
    assert lint([twins, small]).swaps == ()


WRONG = [
    (lambda: good(unit_g=0.0), "A: unit_g"),
    (lambda: good(unit_g=float("nan")), "A: unit_g"),
    (lambda: good(sd_g=-1.0), "A: sd_g"),
    (lambda: good(count=-1), "A: count"),
    (lambda: tray(good(), good()), "tray 1-01: A stands there twice"),
    (lambda: tray(good(), capacity_g=0.0), "tray 1-01: capacity_g"),
    (lambda: tray(good(), noise_g=float("inf")), "tray 1-01: noise_g"),
    (lambda: lint([tray(good()), tray(good("B"))]), "tray 1-01 is planned twice"),
]


@pytest.mark.parametrize(("make", "says"), WRONG)
def test_a_plan_that_cannot_be_is_refused_by_name(make, says):
    with pytest.raises(ValueError, match=says):
        make()


def test_a_hundred_trays_and_sixty_units_are_linted():
    plans = [
        tray(good(f"S{i}", 50.0 + 13 * i, 0.5, 60), name=f"9-{i:02}", capacity_g=1e6) for i in range(100)
    ]
    assert len(lint(plans).trays) == 100


@pytest.mark.parametrize(
    ("content_g", "shortage_g"),
    [(50, 4.5), (100, 4.5), (150, 6.75), (250, 9), (400, 12), (800, 15), (2000, 30)],
)
def test_the_allowed_shortage_is_that_of_the_table(content_g, shortage_g):
    assert allowed_shortage_g(content_g) == pytest.approx(shortage_g)
