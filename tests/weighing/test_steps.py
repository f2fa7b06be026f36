"""One tray's stream to steps: beside what moved, whatever rate, noise, glitches, gaps and hands do to it."""

import csv
import gzip
import io
import json
from itertools import pairwise
from math import exp, inf, nan
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.weighing.smooth import FIRST_ROWS
from edge.weighing.stepper import Stepper
from edge.weighing.steps import level_of

COFFEE_POT = Path(__file__).parent / "data" / "coffee_pot"


class Watched:
    """A stepper with what it committed."""

    def __init__(self, rows, lightest=500.0, gain=0.0011, until=None):
        self.found = {}
        stepper = Stepper(0, lightest, gain, self.commit)
        rows = list(rows)
        for at, grams in rows:
            stepper.add(at, grams)
        self.stepper = stepper
        first, last = (rows[0][0], rows[-1][0]) if rows else (0.0, 0.0)
        self.ending = stepper.close(first, last if until is None else until)

    def commit(self, step, again):
        assert again == ((step.began, step.rest) in self.found)
        self.found[step.began, step.rest] = step

    @property
    def steps(self):
        return list(self.found.values())

    @property
    def deltas(self):
        return [step.delta for step in self.steps]


def stream(levels, *, seconds=2.5, hz=10.0, noise=0.5, drift=0.0, seed=1, start=0.0):
    """Whole grams of a load that takes each of ``levels`` in turn, settling in 60 ms."""
    random, load, at = Random(seed), levels[0], start
    for level in levels:
        for _ in range(round(seconds * hz)):
            load += (level - load) * (1 - exp(-1 / hz / 0.06))
            at += 1 / hz
            yield at, float(round(load + drift * (at - start) + random.gauss(0, noise)))


VISITS = [
    pytest.param([6000, 5481], id="take a bottle"),
    pytest.param([6000, 5481, 6000], id="take it and put it back"),
    pytest.param([480, 432, 384], id="take the lightest product twice"),
    pytest.param([7596, 5064, 2532, 0], id="empty a tray of rice"),
    pytest.param([0, 730], id="something unknown comes"),
]


@pytest.mark.parametrize("hz", [4.0, 5.0, 8.0, 10.0, 20.0, 40.0, 80.0])
@pytest.mark.parametrize("levels", VISITS)
def test_each_change_of_load_is_one_step_of_its_size_at_any_rate(levels, hz):
    lightest = min(abs(a - b) for a, b in pairwise(levels))
    watched = Watched(stream(levels, hz=hz), lightest)
    assert watched.deltas == pytest.approx([b - a for a, b in pairwise(levels)], abs=2.0)
    assert not watched.ending.unstable
    assert not watched.ending.silent


@pytest.mark.parametrize("hz", [4.0, 5.0, 10.0, 40.0])
@pytest.mark.parametrize("glitch", [False, True])
def test_a_hand_may_come_right_after_the_first_second(hz, glitch):
    rows = [(at / hz, 6000.0 if at / hz <= 1.05 else 5481.0) for at in range(int(5 * hz))]
    if glitch:
        rows[2] = (rows[2][0], 22_000.0)
    assert Watched(rows).deltas == pytest.approx([-519], abs=2)


def test_a_step_says_how_sure_it_is():
    """Over many seeds the measured changes scatter as the steps claim: within a factor of two."""
    for noise in (0.5, 1.5, 3.0):
        squares = []
        for seed in range(60):
            (step,) = Watched(stream([6000, 5481], noise=noise, seed=seed)).steps
            squares.append((step.delta + 519) ** 2 / step.variance)
        assert 0.1 < sum(squares) / len(squares) < 2.0


@pytest.mark.parametrize("display_g", [1.0, 2.0, 5.0, 10.0])
def test_a_coarse_display_makes_a_step_as_unsure_as_it_is(display_g):
    """Not one in a hundred steps is further off than four of its own standard deviations."""
    far = 0
    for seed in range(100):
        rows = [
            (at, display_g * round((grams + seed / 10) / display_g))
            for at, grams in stream([6000, 5481, 6000], noise=0.6, seed=seed)
        ]
        watched = Watched(rows)
        assert watched.deltas == pytest.approx([-519, 519], abs=display_g + 3)
        far += any((abs(step.delta) - 519) ** 2 > 16 * step.variance for step in watched.steps)
    assert far <= 1


def test_a_fall_is_timed_at_its_beginning_and_a_rise_at_its_end():
    fall, rise = Watched(stream([6000, 5481, 6000])).steps
    assert fall.at == fall.began == pytest.approx(2.6, abs=0.11)
    assert rise.at == rise.ended == pytest.approx(5.3, abs=0.21)


def test_the_plateau_after_a_step_is_told_when_it_is_left():
    first, last = Watched(stream([6000, 6300, 6000], drift=1.0)).steps
    assert first.rest_s == pytest.approx(2.3, abs=0.2)
    assert first.drift_g == pytest.approx(2.0, abs=1.0)
    assert (last.rest_s, last.drift_g) == (9.0, 0.0)


@pytest.mark.parametrize("hz", [10.0, 40.0, 80.0])
def test_single_glitches_of_any_size_change_nothing(hz):
    rows = list(stream([6000, 5481], hz=hz, seconds=6))
    random = Random(5)
    for place in range(3, len(rows) - 3, 17):
        rows[place] = (rows[place][0], random.choice([-22_000.0, 22_000.0, 8_388_607.0, 0.0]))
    assert Watched(rows).deltas == pytest.approx([-519], abs=2.5)


def test_a_burst_of_two_glitches_is_a_movement_without_a_step():
    rows = list(stream([6000], seconds=8))
    for place in (30, 31, 32):
        rows[place] = (rows[place][0], 9000.0)
    assert Watched(rows).steps == []


def test_the_value_before_a_step_may_already_belong_to_it():
    """On a plateau of four values a fifth that is on its way down would pull both its levels."""
    levels = [6000.0, 6001.0] * 10 + [5481.0, 5482.0] * 2 + [5470.0] + [4962.0, 4963.0] * 10
    watched = Watched([(at / 10, grams) for at, grams in enumerate(levels)])
    assert watched.deltas == pytest.approx([-519, -519], abs=0.5)


def test_drift_and_creep_cancel_because_levels_are_measured_beside_the_step():
    watched = Watched(stream([6000, 5481, 6000], seconds=60, drift=0.15))
    assert watched.deltas[:2] == pytest.approx([-519, 519], abs=2.0)


def test_what_the_baseline_followed_still_comes_out_at_the_end():
    """A load that leaves slower than any threshold makes no step, but the levels at both ends tell."""
    rows = [(at / 10, 6000.0 - max(0.0, min(300.0, (at - 30) * 0.2))) for at in range(1700)]
    (step,) = Watched(rows, lightest=80).steps
    assert step.rest
    assert step.delta == pytest.approx(-300, abs=2)


BAD_ROWS = [
    pytest.param(lambda at: (at, nan), id="nan"),
    pytest.param(lambda at: (at, inf), id="infinite"),
    pytest.param(lambda at: (nan, 5.0), id="no time"),
    pytest.param(lambda at: (inf, 5.0), id="endless time"),
    pytest.param(lambda at: (at - 1.0, 0.0), id="time goes back"),
    pytest.param(lambda at: (at, 2147483647.0), id="sentinel"),
]


@pytest.mark.parametrize("bad", BAD_ROWS)
def test_a_row_that_cannot_be_is_a_gap(bad):
    rows = list(stream([6000, 5481]))
    mixed = [each for place, row in enumerate(rows) for each in ([row, bad(row[0])] if place % 3 else [row])]
    assert Watched(mixed).steps == Watched(rows).steps


def test_a_doubled_row_counts_once():
    rows = list(stream([6000, 5481]))
    assert Watched([row for row in rows for _ in (1, 2)]).steps == Watched(rows).steps


@pytest.mark.parametrize("hz", [10.0, 40.0])
def test_a_gap_over_a_movement_hides_nothing(hz):
    rows = [row for row in stream([6000, 5481], hz=hz, seconds=3) if not 2.8 < row[0] < 5.0]
    assert Watched(rows).deltas == pytest.approx([-519], abs=2.0)


def test_a_long_heavy_press_leaves_no_step_but_what_was_poured():
    rows = [
        (at / 10, 3000.0 + (11_000.0 + 300 * (at % 5) if 40 < at < 110 else 0.0) - (160 if at >= 110 else 0))
        for at in range(200)
    ]
    (step,) = Watched(rows, lightest=80).steps
    assert step.delta == pytest.approx(-160, abs=2)
    assert step.moved_s > 5
    assert step.variance > 9


def test_a_saturated_scale_gives_steps_that_cancel():
    rows = [(at / 10, min(20_000.0, 15_000.0 + (9_000.0 if 40 < at < 80 else 0.0))) for at in range(150)]
    watched = Watched(rows)
    assert sum(watched.deltas) == pytest.approx(0, abs=2)


def test_closing_while_it_still_moves_is_flagged_and_the_last_step_is_wide():
    random = Random(1)
    shaken = [(3 + at / 10, 5500.0 + random.uniform(-150, 150)) for at in range(1, 20)]
    rows = list(stream([6000], seconds=3)) + shaken
    watched = Watched(rows)
    assert watched.ending.unstable
    assert watched.steps[-1].variance > 1000


SILENCES = [
    pytest.param([], None, id="not one row"),
    pytest.param([(0.0, 6000.0)], None, id="one row"),
    pytest.param(list(stream([6000], start=2.0)), None, id="none at first"),
    pytest.param(list(stream([6000, 5481])), 8.0, id="none at last"),
    pytest.param([(at / 10, nan) for at in range(50)], None, id="nothing but nan"),
]


@pytest.mark.parametrize(("rows", "until"), SILENCES)
def test_a_tray_that_says_nothing_is_silent_and_not_empty(rows, until):
    stepper = Stepper(0, 500.0, 0.0011, lambda step, again: None)
    for row in rows:
        stepper.add(*row)
    assert stepper.close(0.0, until or 5.0).silent


def test_a_level_is_a_mean_without_the_extremes():
    assert level_of([1.0, 2.0, 3.0]) == 2.0
    assert level_of([100.0, 1, 1, 1, 1, -100.0]) == 1.0


def test_a_step_still_being_measured_is_shown_and_then_replaced():
    found = []
    stepper = Stepper(0, 500.0, 0.0011, lambda step, again: found.append(step))
    seen = []
    for at, grams in stream([6000, 5481], seconds=3):
        stepper.add(at, grams)
        if not found and (step := stepper.provisional()):
            seen.append(step.delta)
    assert seen
    assert seen == pytest.approx([-519] * len(seen), abs=3)
    assert found[0].delta == pytest.approx(-519, abs=2)
    assert stepper.provisional() is None


rows_of_any_kind = st.lists(
    st.tuples(st.one_of(st.floats(), st.floats(0, 60)), st.one_of(st.floats(), st.floats(-1e4, 1e4))),
    max_size=300,
)


@settings(max_examples=150, deadline=None)
@given(rows_of_any_kind, st.booleans())
def test_whatever_a_scale_says_nothing_breaks(rows, in_order):
    rows = sorted(rows) if in_order else rows
    watched = Watched(rows, until=60.0)
    assert all(step.variance > 0 for step in watched.steps)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 999), st.sampled_from([4.0, 10.0, 80.0, 1000.0]))
def test_memory_is_bounded_however_long_it_lasts(seed, hz):
    random = Random(seed)
    stepper = Stepper(0, 100.0, 0.0011, lambda step, again: None)
    at = 0.0
    for _ in range(3000):
        at += 1 / hz
        stepper.add(at, random.choice([1000.0, 1500.0]) if random.random() < 0.1 else 1000.0)
    smooth = stepper._smooth
    assert len(smooth._first or []) <= FIRST_ROWS
    assert len(stepper._recent) + len(stepper._early) + len(stepper._window) <= 60
    assert len(smooth._rows) <= 50


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, 9), min_size=2, max_size=8), st.integers(0, 999), st.integers(-9000, 9000))
def test_steps_add_up_to_the_change_of_level(pieces, seed, offset):
    levels = [offset + 519 * n for n in pieces]
    watched = Watched(stream(levels, seed=seed))
    assert sum(watched.deltas) == pytest.approx(levels[-1] - levels[0], abs=5)


def coffee_rows(name):
    with gzip.open(COFFEE_POT / f"{name}.gz", "rb") as packed:
        lines = csv.reader(io.TextIOWrapper(packed, "utf-8"))
        rows = [(float(line[0]), float(line[1])) for line in lines if line and line[0][:1].isdigit()]
    return [(at - rows[0][0], grams) for at, grams in rows]


COFFEE_STEPS = json.loads((COFFEE_POT / "steps.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", sorted(COFFEE_STEPS))
def test_a_real_load_cell_gives_all_its_steps_and_no_other(name):
    """46 minutes of a real rig: glitches, gaps, presses of 14 kg, a pot put on and off. Labels: README."""
    watched = Watched(coffee_rows(name), lightest=80, gain=0.002)
    told = COFFEE_STEPS[name]["steps"]
    assert len(watched.steps) == len(told)
    for step, label in zip(watched.steps, told, strict=True):
        assert label["after_s"] - 2 < step.began < label["before_s"] + 1
        long = label["before_s"] - label["after_s"] > 3
        assert step.delta == pytest.approx(label["delta_g"], abs=30 if long else 12)
