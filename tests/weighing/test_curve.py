"""A tray's rows as a curve for the eye: what must be seen is there, what comes in is bounded."""

from bisect import bisect_right
from itertools import pairwise
from math import inf, nan
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.weighing.curve import curve_of

RATES_HZ = [4, 20, 80]


def staircase(levels, rate_hz=20, rest_s=2.0, noise_g=0.0, seed=1):
    """Rows of a tray that rests on each of ``levels`` (grams) for ``rest_s``."""
    each, noise = int(rest_s * rate_hz), Random(seed)
    grams = [level for level in levels for _ in range(each)]
    return [(at / rate_hz, gram + noise.gauss(0, noise_g)) for at, gram in enumerate(grams)]


def level_at(curve, t_s):
    """Grams on the line through the curve's points."""
    times = [t for t, _ in curve]
    after = bisect_right(times, t_s * 10)
    if after == len(curve):
        return curve[-1][1] / 10
    (t0, a), (t1, b) = curve[after - 1], curve[after]
    return (a + (b - a) * (t_s * 10 - t0) / (t1 - t0)) / 10


rows = st.lists(
    st.tuples(
        st.floats(0, 600, allow_nan=False) | st.just(nan),
        st.floats(-100, 30_000, allow_nan=False) | st.sampled_from([nan, inf, -inf, 1e300]),
    ),
    max_size=300,
)


@given(rows, st.integers(2, 60))
def test_a_curve_is_bounded_in_time_order_and_never_outside_its_rows(rows, most):
    real = sorted((row for row in rows if row[0] == row[0] and abs(row[1]) <= 1e7), key=lambda row: row[0])
    curve = curve_of(iter(rows), most)
    assert len(curve) <= most
    assert [t for t, _ in curve] == sorted(t for t, _ in curve)
    assert (curve == ()) == (real == [])
    if real:
        grams = [round(gram * 10) for _, gram in real]
        assert min(grams) <= min(gram for _, gram in curve)
        assert max(gram for _, gram in curve) <= max(grams)
        assert curve[0] == (round(real[0][0] * 10), round(real[0][1] * 10))
        assert curve[-1] == (round(real[-1][0] * 10), round(real[-1][1] * 10))


@given(rows)
def test_the_same_rows_give_the_same_curve_and_shifted_ones_a_shifted_one(rows):
    assert curve_of(rows) == curve_of(list(rows))
    whole = [(round(t), round(gram)) for t, gram in rows if t == t and abs(gram) <= 1e6]
    later = curve_of([(t + 1000, gram + 500) for t, gram in whole])
    assert later == tuple((t + 10_000, gram + 5000) for t, gram in curve_of(whole))


@given(
    st.lists(st.integers(-40, 40).filter(lambda steps: steps != 0), min_size=1, max_size=14),
    st.sampled_from(RATES_HZ),
    st.floats(0, 0.5),
)
def test_every_step_of_more_than_a_twentieth_of_the_range_is_seen(steps, rate_hz, noise_g):
    levels = [5000.0]
    for step in steps:
        levels.append(levels[-1] + 50.0 * step)
    span = max(levels) - min(levels)
    curve = curve_of(staircase(levels, rate_hz, noise_g=noise_g))
    seen = [level_at(curve, 2.0 * at + 1.0) for at in range(len(levels))]
    for (before, after), (left, right) in zip(pairwise(levels), pairwise(seen), strict=True):
        if abs(after - before) > span / 20:
            assert abs((right - left) - (after - before)) < span / 20


@pytest.mark.parametrize("rate_hz", RATES_HZ)
def test_the_peak_of_a_touch_keeps_its_height(rate_hz):
    touch = [(5 + at / rate_hz, 5000 + gram) for at, gram in enumerate((150, 300, 300, 150))]
    table = [
        row for row in staircase([5000.0] * 5, rate_hz, noise_g=0.3) if not 5 <= row[0] < 5 + 4 / rate_hz
    ]
    curve = curve_of([*table, *touch])
    assert max(gram for _, gram in curve) == 53_000


def test_a_slope_up_and_down_is_no_glitch():
    peak = [(t / 20, float(gram)) for t, gram in enumerate((0, 0, 0, 250, 500, 250, 0, 0, 0))]
    assert max(gram for _, gram in curve_of(peak)) == 5000


@pytest.mark.parametrize("at", [1, 2, 7, 19, 37, 38])
@pytest.mark.parametrize("height", [-400.0, 25.0, 9e6])
def test_a_glitch_of_a_single_row_is_left_out(at, height):
    quiet = staircase([5000.0], noise_g=0.0)
    with_glitch = [(t, gram + height * (row == at)) for row, (t, gram) in enumerate(quiet)]
    assert curve_of(with_glitch) == curve_of(quiet) == ((0, 50_000), (20, 50_000))


def test_a_hand_that_shakes_takes_no_step_away():
    levels = [5000.0, 4750.0, 4500.0, 4250.0]
    shaking = Random(2)
    rows = [
        (t, gram + (shaking.gauss(0, 200) if 3 < t < 5 else 0))
        for t, gram in staircase(levels, 80, rest_s=5, noise_g=0.5)
    ]
    curve = curve_of(rows)
    assert [round(level_at(curve, t)) for t in (1.5, 7.5, 12.5, 17.5)] == pytest.approx(levels, abs=8)


def test_a_hundred_thousand_rows_are_thinned_and_every_step_stays():
    levels = [9000.0 - 300 * step for step in range(20)]
    curve = curve_of(staircase(levels, 80, rest_s=62.5, noise_g=0.8))
    assert len(curve) <= 48
    seen = [level_at(curve, 62.5 * (at + 0.5)) for at in range(20)]
    assert seen == pytest.approx(levels, abs=60)


def test_rows_of_one_moment_and_late_rows_find_their_place():
    assert curve_of([(2.0, 300.0), (0.0, 100.0), (1.0, 100.0), (1.0, 300.0)]) == (
        (0, 1000),
        (10, 1000),
        (10, 3000),
        (20, 3000),
    )


def test_a_straight_line_needs_two_points():
    assert curve_of([(at / 10, at * 3.0) for at in range(500)]) == ((0, 0), (499, 14_970))


def test_a_curve_of_one_point_is_refused():
    with pytest.raises(ValueError, match="room for 2 points"):
        curve_of([], 1)
