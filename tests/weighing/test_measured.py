"""Pieces by weight alone: told where one count fits and no other may, and nowhere else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.weighing.measured import Empty, measured_stock
from edge.weighing.recording import Stocked, StockedTray

TRAY = "1-01"
ZERO_G = 812.0
ZERO = Empty(ZERO_G, 1.0)


def goods(sku, unit_g, tol_g=4.5, lot_sd_g=0.1):
    return Stocked(sku, unit_g, tol_g, 99, lot_sd_g)


TEA, RICE, TWIN = goods("TEA", 191.0), goods("RICE", 540.0), goods("TWIN", 191.5)
MASK = goods("MASK", 48.0, 3.0, None)


def measured(load_g, *lying, zero=ZERO):
    found = measured_stock(
        [StockedTray(TRAY, lying)],
        {} if load_g is None else {TRAY: ZERO_G + load_g},
        {} if zero is None else {TRAY: zero},
    )
    return [found[TRAY, each.sku] for each in lying]


@pytest.mark.parametrize(
    ("load_g", "lying", "pieces"),
    [
        pytest.param(12 * 191.0 + 2, [TEA], [12], id="one product"),
        pytest.param(1.5, [TEA], [0], id="nothing"),
        pytest.param(12 * 191.0 + 60, [TEA], [None], id="no whole number"),
        pytest.param(-300.0, [TEA], [None], id="less than nothing"),
        pytest.param(3 * 191.0 + 2 * 540.0, [TEA, RICE], [3, 2], id="two products"),
        pytest.param(3 * 191.0, [TEA, TWIN], [None, None], id="two that weigh alike"),
        pytest.param(0.0, [TEA, TWIN], [0, 0], id="nothing of two that weigh alike"),
        pytest.param(6 * 48.0, [MASK], [6], id="few of a lot that nobody weighed"),
        pytest.param(30 * 48.0, [MASK], [None], id="many of it"),
        pytest.param(None, [TEA], [None], id="a silent tray"),
        pytest.param(100.0, [], [], id="a tray without goods"),
        pytest.param(191.0, [goods("AIR", 0.0)], [None], id="a weight that is none"),
    ],
)
def test_pieces_are_told_where_one_count_fits_and_no_other_may(load_g, lying, pieces):
    assert measured(load_g, *lying) == pieces


def test_without_a_known_zero_nobody_knows():
    assert measured(382.0, TEA, zero=None) == [None]


def test_a_zero_that_may_have_wandered_tells_fewer_pieces():
    assert measured(6 * 48.0, MASK, zero=Empty(ZERO_G, 12.0)) == [None]


def test_what_is_booked_makes_no_difference():
    booked = Stocked("TEA", 191.0, 4.5, 0, 0.1)
    assert measured(12 * 191.0, booked) == [12]


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 15), st.integers(0, 8), st.floats(-4.0, 4.0))
def test_a_number_that_is_told_is_the_right_one(tea, rice, off):
    assert measured(tea * 191.0 + rice * 540.0 + off, TEA, RICE) in ([tea, rice], [None, None])


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 15), st.integers(0, 40), st.floats(-4.0, 4.0))
def test_no_weight_of_four_products_is_told_wrong(tea, rice, off):
    lying = [TEA, RICE, goods("SALT", 503.0), goods("OIL", 921.0)]
    found = measured(tea * 191.0 + rice * 540.0 + off, *lying)
    assert found in ([tea, rice, 0, 0], [None] * 4)
