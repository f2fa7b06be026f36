"""One tray's stream: levels beside each step, whatever noise, drift, glitches and gaps do to it."""

from itertools import pairwise
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.weighing.track import PLATEAU, WINDOW, TrayWatch, level_of


def stream(levels, *, seconds=2.0, hz=10.0, noise=0.15, drift=0.0, start=0.0, seed=1, offset=0.0):
    """Readings in whole grams of a load that takes each of ``levels`` in turn, settling in 120 ms."""
    random, load, at = Random(seed), levels[0], start
    for level in levels:
        for _ in range(int(seconds * hz)):
            load += (level - load) * (1 - 2.718 ** (-1 / hz / 0.12))
            at += 1 / hz
            yield at, float(round(offset + load + drift * (at - start) + random.gauss(0, noise)))


def watched(readings, unit_g=500.0):
    watch = TrayWatch(unit_g)
    for at, grams in readings:
        watch.add(at, grams)
    return watch


@pytest.mark.parametrize("hz", [5.0, 8.0, 10.0])
@pytest.mark.parametrize(
    "levels",
    [
        pytest.param([6000, 5481], id="take a bottle"),
        pytest.param([6000, 5481, 6000], id="take it and put it back"),
        pytest.param([480, 432, 384], id="take the lightest product twice"),
        pytest.param([7596, 5064, 2532, 0], id="empty a tray of rice"),
        pytest.param([0, 730], id="something unknown comes"),
    ],
)
def test_each_change_of_load_is_one_step_of_its_size(levels, hz):
    watch = watched(stream(levels, hz=hz), unit_g=min(abs(a - b) for a, b in pairwise(levels)))
    assert [step.delta for step in watch.all_steps()] == pytest.approx(
        [b - a for a, b in pairwise(levels)], abs=1.5
    )
    assert watch.level == pytest.approx(levels[-1], abs=1.0)


def test_a_fall_is_timed_at_its_beginning_and_a_rise_at_its_end():
    fall, rise = watched(stream([6000, 5481, 6000])).all_steps()
    assert fall.at == fall.start == pytest.approx(2.1, abs=0.15)
    assert rise.at == rise.end == pytest.approx(4.6, abs=0.35)


def test_one_odd_value_is_a_glitch_and_changes_nothing():
    readings = list(stream([6000], seconds=6))
    for odd in (15, 30, 45):
        at, _ = readings[odd]
        readings[odd] = (at, 22_000.0)
    watch = watched(readings)
    assert watch.all_steps() == []
    assert watch.level == pytest.approx(6000, abs=1.0)


def test_drift_cancels_because_levels_are_measured_beside_the_step():
    watch = watched(stream([6000, 5481], seconds=60, drift=0.02))
    (step,) = watch.all_steps()
    assert step.delta == pytest.approx(-519, abs=1.5)


def test_a_touch_that_goes_leaves_steps_that_cancel():
    watch = watched(stream([6000, 6300, 6000]))
    assert sum(step.delta for step in watch.all_steps()) == pytest.approx(0, abs=2.0)


def test_a_gap_is_no_weight_and_old_or_repeated_readings_are_ignored():
    watch = watched(stream([6000]))
    level = watch.level
    watch.add(0.5, 0.0)
    watch.add(watch.seen_at, 0.0)
    assert watch.level == level
    assert watch.rested(watch.seen_at + 1.1, 1.0) is None
    assert watch.rested(watch.seen_at + 0.5, 1.0) == pytest.approx(1.9, abs=0.01)


def test_a_tray_that_never_rests_has_no_level():
    random = Random(3)
    watch = watched([(i / 10, 6000 + random.uniform(-80, 80)) for i in range(100)])
    assert watch.moving
    assert watch.rested(9.9, 1.0) is None


def test_a_watch_that_resumes_makes_one_step_of_what_it_missed():
    watch = TrayWatch(519.0)
    watch.resume(6210.0, 10.0)
    for at, grams in stream([5691], start=10.0):
        watch.add(at, grams)
    (step,) = watch.all_steps()
    assert step.delta == pytest.approx(-519, abs=1.0)


def test_forgotten_steps_are_gone_and_new_ones_count():
    watch = watched(stream([6000, 5481]))
    watch.forget_steps()
    assert watch.all_steps() == []
    for at, grams in stream([5481, 4962], start=watch.seen_at):
        watch.add(at, grams)
    assert [round(step.delta / 519) for step in watch.all_steps()] == [-1]


def test_the_level_is_a_mean_without_the_extremes():
    assert level_of([1.0, 2.0, 3.0]) == 2.0
    assert level_of([100.0, 1, 1, 1, 1, -100.0]) == 1.0


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.floats(0.01, 3.0), st.floats(-1e6, 1e6)), max_size=300))
def test_whatever_a_scale_says_nothing_breaks_and_memory_is_bounded(readings):
    watch, at = TrayWatch(100.0), 0.0
    for wait, grams in readings:
        at += wait
        watch.add(at, grams)
    assert len(watch._plateau) <= PLATEAU
    assert len(watch._recent) <= WINDOW
    assert len(watch.all_steps()) <= len(readings)


@settings(max_examples=60, deadline=None)
@given(st.integers(-40, 40), st.lists(st.integers(0, 9), min_size=2, max_size=8), st.integers(0, 999))
def test_steps_add_up_to_the_change_of_level(offset, pieces, seed):
    levels = [519 * n for n in pieces]
    watch = watched(stream(levels, offset=offset, seed=seed), unit_g=519)
    assert sum(step.delta for step in watch.all_steps()) == pytest.approx(levels[-1] - levels[0], abs=4.0)


def test_one_value_after_a_gap_is_no_rest_at_the_level_before_it():
    watch = watched(stream([6000]))
    at = watch.seen_at + 5.0
    watch.add(at, 5481.0)
    assert watch.rested(at, 1.0) is None
    for n in range(1, 8):
        watch.add(at + n / 10, 5481.0)
    assert watch.level == pytest.approx(5481.0)
    assert [step.delta for step in watch.all_steps()] == pytest.approx([-519.0], abs=1.0)


def test_a_last_value_off_the_level_is_no_rest():
    watch = watched(stream([6000]))
    at = watch.seen_at + 0.1
    watch.add(at, 5481.0)
    assert watch.rested(at, 1.0) is None
