"""Learning a lot's weight: only from what is sure, never far from the catalogue, always reversible."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.weighing.learning import (
    Declared,
    Restock,
    SingleTake,
    Why,
    alarm_of,
    learnt,
    mixed,
    replayed,
    undone,
    unlearnt,
)

AT = datetime(2026, 11, 23, 6, 5, tzinfo=UTC)
TEA = Declared("TEA", 200.0, 6.0)
LOT = unlearnt(TEA, "L1")
QUICK = settings(max_examples=60, deadline=None)


def restock(unit_g, count=10, var_g2=1.0, trusted=True):
    return Restock(count, unit_g * count, var_g2, trusted)


def take(loss_g, sure=0.999, var_g2=1.0, flagged=False):
    return SingleTake(loss_g, var_g2, sure, flagged)


def test_a_lot_nobody_weighed_is_the_catalogues():
    assert (LOT.mean_g, LOT.sd_g, LOT.error_g, LOT.units, LOT.since) == (200.0, 2.0, 0.7, 0, None)


def test_a_counted_restock_gives_weight_and_error_of_the_lot():
    change = learnt(LOT, TEA, restock(202.5), AT)
    assert (change.why, change.old, change.at, change.alarm) == (Why.RESTOCK, LOT, AT, None)
    assert change.new.mean_g == 202.5
    assert change.new.error_g == pytest.approx((1.0 / 100 + 4.0 / 10) ** 0.5, abs=0.001)
    assert (change.new.sd_g, change.new.units, change.new.since) == (2.0, 10, AT)


def test_a_second_restock_of_the_lot_counts_by_how_sure_it_is():
    first = learnt(LOT, TEA, restock(202.0, 10), AT).new
    second = learnt(first, TEA, restock(199.0, 10), AT).new
    assert second.mean_g == pytest.approx(200.5, abs=0.01)
    assert second.error_g == pytest.approx(first.error_g / 2**0.5, abs=0.002)
    assert second.units == 20


NOTHING_LEARNT = [
    (restock(202.0, trusted=False), Why.NOT_SURE, None),
    (restock(202.0, count=0), Why.NOT_COUNTED, None),
    (restock(202.0, count=-3), Why.NOT_COUNTED, None),
    (Restock(10, -2000.0, 1.0, True), Why.NOT_COUNTED, None),
    (Restock(10, float("nan"), 1.0, True), Why.NOT_COUNTED, None),
    (Restock(10, float("inf"), 1.0, True), Why.NOT_COUNTED, None),
    (restock(202.0, var_g2=float("nan")), Why.NOT_COUNTED, None),
    (restock(202.0, count=40), Why.COUNT_AMBIGUOUS, None),
    (Restock(10, 9 * 200.0, 1.0, True), Why.OUT_OF_TOLERANCE, "COUNT_DOUBTED"),
    (Restock(10, 11 * 200.0, 1.0, True), Why.OUT_OF_TOLERANCE, "COUNT_DOUBTED"),
    (restock(193.5), Why.OUT_OF_TOLERANCE, "LIGHT_LOT"),
    (restock(206.5), Why.OUT_OF_TOLERANCE, "HEAVY_LOT"),
    (take(202.0, sure=0.995), Why.NOT_SURE, None),
    (take(202.0, sure=float("nan")), Why.NOT_SURE, None),
    (take(202.0, flagged=True), Why.NOT_SURE, None),
    (take(float("nan")), Why.NOT_SURE, None),
    (take(-202.0), Why.NOT_SURE, None),
    (take(213.0), Why.OUT_OF_TOLERANCE, "UNLIKE_UNIT"),
]


@pytest.mark.parametrize(("seen", "why", "alarm"), NOTHING_LEARNT)
def test_what_is_in_doubt_teaches_nothing_and_says_why(seen, why, alarm):
    change = learnt(LOT, TEA, seen, AT)
    assert (change.new, change.why, change.seen) == (LOT, why, seen)
    assert (change.alarm.kind if change.alarm else None) == alarm


def test_sure_takes_bring_the_mean_to_the_lots_and_the_spread_to_its_own():
    random = Random(7)
    lot = learnt(LOT, TEA, restock(203.0, 12), AT).new
    for _ in range(300):
        lot = learnt(lot, TEA, take(random.gauss(203.0, 3.5) + random.gauss(0, 1)), AT).new
    assert lot.mean_g == pytest.approx(203.0, abs=2.0)
    assert lot.sd_g == pytest.approx(3.5, abs=1.0)
    assert 300 <= lot.units <= 312


def test_one_odd_unit_moves_the_mean_little():
    lot = learnt(LOT, TEA, restock(200.0, 15), AT).new
    odd = learnt(lot, TEA, take(211.5), AT)
    assert odd.why is Why.SINGLE_TAKE
    assert odd.new.mean_g - lot.mean_g < 0.4


@pytest.mark.parametrize(
    ("loss_g", "mean_g", "kind"), [(211.0, 206.0, "HEAVY_LOT"), (189.0, 194.0, "LIGHT_LOT")]
)
def test_takes_beyond_the_tolerance_bring_the_mean_to_its_end_and_an_alarm(loss_g, mean_g, kind):
    changes = replayed(TEA, "L1", [(AT, take(loss_g))] * 300)
    assert changes[-1].new.mean_g == mean_g
    assert changes[-1].alarm
    assert changes[-1].alarm.kind == kind


def test_a_units_own_measuring_noise_is_no_spread():
    lot = learnt(LOT, TEA, restock(200.0, 15), AT).new
    for off in (2.0, -2.0) * 100:
        lot = learnt(lot, TEA, take(200.0 + off, var_g2=4.0), AT).new
    assert lot.sd_g == 1.0


observations = st.lists(
    st.one_of(
        st.builds(Restock, st.integers(-2, 60), st.floats(-100, 20_000), st.floats(0, 100), st.booleans()),
        st.builds(SingleTake, st.floats(-50, 500), st.floats(0, 100), st.floats(0, 1), st.booleans()),
        st.builds(take, st.floats(190, 210)),
        st.builds(restock, st.floats(195, 205), st.integers(1, 15)),
    ),
    max_size=30,
)


@QUICK
@given(observations)
def test_nothing_seen_takes_a_lot_beyond_the_tolerance(seen):
    for change in replayed(TEA, "L1", [(AT, each) for each in seen]):
        assert 194_000 <= change.new.mean_mg <= 206_000
        assert 1_000 <= change.new.sd_mg <= 6_000
        assert change.new.error_mg > 0
        assert change.new.units >= change.old.units


@QUICK
@given(observations)
def test_history_is_a_chain_and_can_be_taken_back_link_by_link(seen):
    changes = replayed(TEA, "L1", [(AT + timedelta(hours=i), each) for i, each in enumerate(seen)])
    now = changes[-1].new if changes else LOT
    for change in reversed(changes):
        back = undone(now, change, AT)
        assert (back.old, back.new, back.why) == (now, change.old, Why.UNDONE)
        now = back.new
    assert now == LOT


@QUICK
@given(observations)
def test_what_is_unsure_might_as_well_not_have_been_seen(seen):
    told = [(AT, each) for each in seen]
    taught = {Why.RESTOCK, Why.SINGLE_TAKE}
    changes = replayed(TEA, "L1", told)
    without = [(change.at, change.seen) for change in changes if change.why in taught]
    last = changes[-1].new if changes else LOT
    again = replayed(TEA, "L1", without)
    assert (again[-1].new if again else LOT) == last


def test_only_the_last_change_can_be_undone():
    first = learnt(LOT, TEA, restock(202.0), AT)
    second = learnt(first.new, TEA, take(203.0), AT)
    with pytest.raises(ValueError, match="TEA, lot L1"):
        undone(second.new, first, AT)


LIGHT = [
    (194.5, 10, "LIGHT_LOT"),
    (195.0, 10, None),
    (197.0, 10, None),
    (205.5, 10, "HEAVY_LOT"),
    (195.4, 2, None),
]


@pytest.mark.parametrize(("unit_g", "count", "kind"), LIGHT)
def test_a_lot_clearly_lighter_or_heavier_than_declared_is_an_alarm(unit_g, count, kind):
    change = learnt(LOT, TEA, restock(unit_g, count), AT)
    assert change.why is Why.RESTOCK
    assert (change.alarm.kind if change.alarm else None) == kind
    if change.alarm:
        assert (change.alarm.declared_mg, change.alarm.seen_mg) == (200_000, round(unit_g * 1000))


def test_a_tight_tolerance_has_a_tighter_alarm():
    rice = Declared("RICE", 2500.0, 28.0)
    change = learnt(unlearnt(rice, "L"), rice, restock(2474.0, 20), AT)
    assert change.alarm
    assert change.alarm.kind == "LIGHT_LOT"


def test_the_catalogue_alone_raises_no_alarm():
    assert alarm_of(LOT, TEA) is None


def test_two_lots_on_a_tray_have_the_wider_spread_and_an_error_that_covers_both():
    one = learnt(LOT, TEA, restock(198.0, 12), AT).new
    other = replace(learnt(unlearnt(TEA, "L2"), TEA, restock(203.0, 12), AT).new, sd_mg=3500)
    both = mixed([(one, 4), (other, 4)])
    assert (both.mean_g, both.sd_mg, both.lot) == (200.5, 3500, "L1+L2")
    assert both.error_g > 2.5
    assert mixed([(one, 3)]) == one
    assert mixed([(one, 0), (other, 5)]).mean_g == 203.0
    assert mixed([(one, 0), (other, 0)]).mean_g == 200.5


@pytest.mark.parametrize("lots", [[], [(LOT, -1)]])
def test_a_mixture_of_nothing_is_refused(lots):
    with pytest.raises(ValueError, match="mixed"):
        mixed(lots)


@pytest.mark.parametrize(("unit_g", "tol_g"), [(0, 5), (200, 0), (-1, 5), (float("nan"), 5)])
def test_a_product_without_weight_or_tolerance_is_refused(unit_g, tol_g):
    with pytest.raises(ValueError, match="TEA"):
        Declared("TEA", unit_g, tol_g)


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        pytest.param(restock(193.0, 12, trusted=False), "LIGHT_LOT", id="a short lot"),
        pytest.param(restock(207.0, 12, trusted=False), "HEAVY_LOT", id="a heavy lot"),
        pytest.param(restock(198.0, 12, trusted=False), None, id="as declared"),
        pytest.param(restock(193.0, 1, trusted=False), None, id="a single piece may be so light"),
        pytest.param(restock(201.0, 40, trusted=False), None, id="of so many one more or fewer would fit"),
        pytest.param(restock(150.0, 12, trusted=False), None, id="rather nine pieces than twelve"),
    ],
)
def test_a_restock_in_doubt_teaches_nothing_and_still_tells_of_a_lot_that_is_off(seen, kind):
    change = learnt(LOT, TEA, seen, AT)
    assert (change.why, change.new) == (Why.NOT_SURE, LOT)
    assert (change.alarm and change.alarm.kind) == kind
