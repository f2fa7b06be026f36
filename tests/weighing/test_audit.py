"""The closed-door audit: each cause by its shape, and no line without a cause for a quiet night."""

from itertools import pairwise
from math import exp, sin
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.weighing.audit import SEVERITY, Cause, Stock, Watched, audit, expected_g, sentence

HOUR = 3600.0
NIGHT_H = 10
TEA = Stock("TEA", 10, 200.0, 2.0, 0.5)
WATER = Stock("WATER", 10, 520.0, 3.0, 0.5, may_lose=True)


def night(course=lambda hours: 0.0, stock=(TEA,), off_g=0.0, tray="1-01", every_s=600.0, noise=True):
    """A tray whose level starts ``off_g`` from what is booked and goes ``course(hours)`` grams."""
    random = Random(3)
    books = Watched(tray, stock, 35.0, 1.0, ())
    times = [i * every_s for i in range(int(NIGHT_H * HOUR / every_s) + 1)]
    wobble = 0.2 if noise else 0.0
    levels = [(t, expected_g(books) + off_g + course(t / HOUR) + random.gauss(0, wobble)) for t in times]
    return Watched(tray, stock, 35.0, 1.0, levels)


def fell(at_h, by_g):
    return lambda hours: by_g if hours >= at_h else 0.0


CAUSES = [
    pytest.param(night(), (), Cause.NONE, (), id="nothing happened"),
    pytest.param(night(), (5 * HOUR,), Cause.NONE, (), id="the door was opened and nothing touched"),
    pytest.param(night(lambda h: 0.5 * h), (), Cause.NONE, (), id="a little drift"),
    pytest.param(night(lambda h: 1.2 * h), (), Cause.DRIFTING_CELL, (), id="more drift"),
    pytest.param(night(lambda h: 5.0 * sin(h)), (), Cause.NONE, (), id="to and fro"),
    pytest.param(night(fell(5, -400.0)), (5 * HOUR,), Cause.FORCED_DOOR, (("TEA", 2),), id="forced"),
    pytest.param(night(fell(5, -400.0)), (5 * HOUR - 604,), Cause.FORCED_DOOR, (("TEA", 2),), id="late"),
    pytest.param(
        night(fell(5, -400.0)),
        (2 * HOUR,),
        Cause.DISTURBED,
        (("TEA", 2),),
        id="the door was open at another time",
    ),
    pytest.param(night(fell(5, -400.0)), (), Cause.DISTURBED, (("TEA", 2),), id="the contact saw nothing"),
    pytest.param(night(fell(5, 77.0)), (), Cause.DISTURBED, (), id="something fell on it"),
    pytest.param(night(lambda h: -3.0 * h, (WATER,)), (), Cause.LEAK, (), id="a bottle leaks"),
    pytest.param(
        night(lambda h: -60.0 * (1 - exp(-h)), (WATER,), every_s=60.0),
        (),
        Cause.LEAK,
        (),
        id="fast, then slow",
    ),
    pytest.param(night(lambda h: -3.0 * h), (), Cause.DRIFTING_CELL, (), id="tea does not leak"),
    pytest.param(night(lambda h: 3.0 * h, (WATER,)), (), Cause.DRIFTING_CELL, (), id="water does not grow"),
    pytest.param(
        night(lambda h: -3.0 * h if h < 8 else -24.0 + 6.0 * (h - 8), (WATER,)),
        (),
        Cause.DRIFTING_CELL,
        (),
        id="what leaked does not come back",
    ),
    pytest.param(
        night(lambda h: -3.0 * h, (Stock("WATER", 0, 520.0, 3.0, may_lose=True),)),
        (),
        Cause.DRIFTING_CELL,
        (),
        id="an empty tray does not leak",
    ),
    pytest.param(night(off_g=-200.0), (), Cause.SHRINKAGE, (("TEA", 1),), id="one piece is missing"),
    pytest.param(night(off_g=-598.0), (), Cause.SHRINKAGE, (("TEA", 3),), id="three pieces are missing"),
    pytest.param(night(off_g=400.0), (), Cause.SURPLUS, (("TEA", -2),), id="two pieces too many"),
    pytest.param(night(off_g=-90.0), (), Cause.UNEXPLAINED, (), id="not a whole piece"),
    pytest.param(night(off_g=20.0), (), Cause.NONE, (), id="within the band"),
    pytest.param(night(off_g=40.0), (), Cause.UNEXPLAINED, (), id="beyond the band"),
    pytest.param(
        night(off_g=-2 * 520.0, stock=(TEA, WATER)), (), Cause.SHRINKAGE, (("WATER", 2),), id="of two goods"
    ),
    pytest.param(night(off_g=-2_200.0), (), Cause.UNEXPLAINED, (), id="more than there was"),
    pytest.param(Watched("1-01", (TEA,), 0.0, 1.0, ()), (), Cause.SILENT, (), id="no level"),
    pytest.param(
        Watched("1-01", (TEA,), 0.0, 1.0, [(0.0, float("nan"))]), (), Cause.SILENT, (), id="no good level"
    ),
]


@pytest.mark.parametrize(("tray", "opened", "cause", "missing"), CAUSES)
def test_each_cause_is_known_by_its_shape(tray, opened, cause, missing):
    (line,) = audit([tray], opened)
    assert (line.cause, line.missing) == (cause, missing)


def test_what_all_trays_do_together_is_the_rooms_temperature():
    cooling = [night(lambda h: -2.0 * h, (WATER,), tray=f"1-0{i}") for i in range(1, 5)]
    leaking = night(lambda h: -6.0 * h, (WATER,), tray="1-05")
    lines = audit([*cooling, leaking], ())
    assert [line.cause for line in lines] == [Cause.NONE] * 4 + [Cause.LEAK]
    assert lines[0].common == pytest.approx(-200, abs=15)
    alone = audit(cooling[:3], ())
    assert [line.cause for line in alone] == [Cause.LEAK] * 3


def test_a_tray_that_falls_less_than_all_others_does_not_leak():
    cooling = [night(lambda h: -5.0 * h, (WATER,), tray=f"1-0{i}") for i in range(1, 5)]
    lines = audit([*cooling, night(lambda h: -2.0 * h, (WATER,), tray="1-05")], ())
    assert lines[-1].cause is Cause.DRIFTING_CELL


@pytest.mark.parametrize(("pieces", "cause"), [(40, Cause.NONE), (1, Cause.DRIFTING_CELL)])
def test_creep_is_allowed_by_the_load(pieces, cause):
    books = Watched("1-01", (Stock("TEA", pieces, 200.0, 2.0),), 0.0, 1.0, ())
    levels = [(60.0 * i, expected_g(books) + 2.0 * (1 - exp(-i / 7))) for i in range(31)]
    (line,) = audit([Watched("1-01", books.stock, 0.0, 1.0, levels)], ())
    assert line.cause is cause


def test_a_line_adds_up():
    (line,) = audit([night(fell(5, -200.0), noise=False)], ())
    assert (line.measured, line.expected, line.residual, line.jump, line.slow) == (
        18350,
        20350,
        -2000,
        -2000,
        0,
    )
    assert line.hours == NIGHT_H


def test_the_nightly_line_reads_in_both_languages():
    (line,) = audit([night(off_g=-200.0, noise=False)], ())
    zh, en = sentence(line)
    assert zh == "1-01 10.0 h 账实不符,短少:实测 − 应有 1835.0 − 2035.0 = -200.0 g,缓变 +0.0 g (TEA -1)"
    assert en == (
        "1-01 10.0 h pieces are missing: measured − expected 1835.0 − 2035.0 = -200.0 g, "
        "wandered +0.0 g (TEA -1)"
    )
    (silent,) = audit([Watched("1-01", (), 0.0, 1.0, ())], ())
    assert sentence(silent) == ("1-01 0.0 h 秤无读数", "1-01 0.0 h no reading")


def test_every_cause_but_none_has_a_severity():
    assert set(SEVERITY) == set(Cause) - {Cause.NONE}


def test_readings_that_are_none_or_late_are_left_out():
    good = night()
    bad = [(-1.0, 0.0), (float("nan"), 5.0), (1.0, float("inf"))]
    mixed = Watched("1-01", good.stock, good.zero_g, good.zero_sd_g, [good.levels[0], *bad, *good.levels[1:]])
    assert audit([mixed], ()) == audit([good], ())


courses = st.lists(st.floats(-900, 900), min_size=1, max_size=40)


@settings(max_examples=60, deadline=None)
@given(courses, st.floats(-1e4, 1e4), st.floats(0, 1e6))
def test_zero_and_the_clocks_origin_do_not_matter(changes, zero_g, start_s):
    def watched(zero, start):
        level, levels = zero + 2000.0, []
        for i, change in enumerate(changes):
            level += change
            levels.append((start + i * 600.0, level))
        return Watched("1-01", (TEA,), zero, 1.0, levels)

    (one,), (other,) = audit([watched(0.0, 0.0)], ()), audit([watched(zero_g, start_s)], ())
    assert one.cause == other.cause
    assert one.missing == other.missing


@settings(max_examples=60, deadline=None)
@given(courses)
def test_slow_and_jump_are_all_that_changed(changes):
    levels = [(i * 600.0, 2000.0 + change) for i, change in enumerate(changes)]
    (line,) = audit([Watched("1-01", (TEA,), 0.0, 1.0, levels)], ())
    total = sum(after - before for (_, before), (_, after) in pairwise(levels))
    assert line.slow + line.jump == pytest.approx(10 * total, abs=2)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 10), st.integers(0, 10))
def test_missing_pieces_are_counted(count, gone):
    stock = Stock("TEA", count, 200.0, 2.0, 0.5)
    gone = min(gone, count)
    (line,) = audit([night(stock=(stock,), off_g=-200.0 * gone)], ())
    assert line.missing == ((("TEA", gone),) if gone else ())
