"""The search's probability against what came true: the map only lowers, and never turns an order round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.weighing.calibrated import calibrated

P = st.floats(0.0, 1.0)


@given(P, P, st.booleans())
def test_what_is_likelier_stays_likelier_and_nothing_becomes_surer(one, other, mixed):
    low, high = sorted((one, other))
    assert 0 <= calibrated(low, mixed) <= calibrated(high, mixed) + 1e-12
    assert calibrated(high, mixed) <= high + 1e-12


@pytest.mark.parametrize("p", [0.9, 0.97, 0.99, 0.999])
def test_several_products_in_one_movement_must_be_surer(p):
    assert calibrated(p, mixed=True) < calibrated(p, mixed=False) < p


def test_a_row_of_the_table_is_met_and_certainty_stays():
    assert calibrated(0.98, mixed=False) == pytest.approx(1 - 0.033)
    assert calibrated(1.0, mixed=True) == 1.0
