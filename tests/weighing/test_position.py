"""Trays whose cells are read one by one: where a step was, and what that tells of goods that weigh alike."""

import json
from dataclasses import replace
from math import exp, inf, nan
from random import Random

import pytest

from edge.domain.values import Sku, TrayId
from edge.session_lines import Unusable, recording_of
from edge.weighing.position import MOST_ROWS, Moments, Place
from edge.weighing.recogniser import Recogniser, recognise
from edge.weighing.recording import Book, Recording, Stocked, StockedTray, Unit
from edge.weighing.steps import Step
from edge.weighing.verdict import Action, Reason, Say

RED, GREEN, PAIR = (
    ("red", 202.0, 6.0, 5, 70.0),
    ("green", 202.0, 6.0, 5, 200.0),
    ("pair", 404.0, 6.0, 5, 330.0),
)


def tray(*goods, name="1-01", width_mm=400.0):
    """Goods as (sku, unit_g, tol_g, count, x_mm)."""
    stocked = tuple(Stocked(Sku(sku), g, tol, n, x_mm=x) for sku, g, tol, n, x in goods)
    return StockedTray(TrayId(name), stocked, width_mm=width_mm)


def rows(moves, until=None, zero_g=5000.0, zero_mm=190.0, noise_mm=0.3):
    """One tray at 10 Hz: moves (second, grams, millimetres) on a load that was there."""
    random = Random(1)
    for n in range(round(10 * (until or max((at for at, _, _ in moves), default=2.0) + 3))):
        at, grams, moment = n / 10, zero_g, zero_g * zero_mm
        for begins, load, x_mm in moves:
            share = min(1.0, max(0.0, (at - begins) / 0.3))
            grams, moment = grams + share * load, moment + share * load * x_mm
        shown = round(grams + random.gauss(0, 0.5))
        yield at, 0, float(shown), moment / shown + random.gauss(0, noise_mm / 10)


def recorded(goods, moves, **how):
    return Recording("placed", (tray(*goods),), list(rows(moves, **how)))


# --- measuring ----------------------------------------------------------------------------------------


def measured(recording):
    recogniser = Recogniser(recording.trays)
    recogniser.feed_all(recording.samples)
    recogniser.close()
    return recogniser.steps


@pytest.mark.parametrize("x_mm", [10.0, 70.0, 200.0, 395.0])
@pytest.mark.parametrize("grams", [-202.0, 404.0])
def test_a_step_is_found_where_it_was(grams, x_mm):
    (step,) = measured(recorded([RED], [(2.0, grams, x_mm)]))
    assert step.x_mm == pytest.approx(x_mm, abs=4 * step.x_var**0.5)
    assert step.x_var**0.5 < 15


@pytest.mark.parametrize(("zero_g", "zero_mm"), [(40.0, 350.0), (18_000.0, 10.0), (-300.0, 200.0)])
def test_neither_zero_nor_what_lies_there_moves_the_place(zero_g, zero_mm):
    moves = [(2.0, -202.0, 70.0)]
    (step,) = measured(recorded([RED], moves, zero_g=zero_g, zero_mm=zero_mm, noise_mm=0.0))
    assert step.x_mm == pytest.approx(70.0, abs=3.0)


def test_a_lighter_step_is_less_sure_of_its_place():
    light, heavy = (measured(recorded([RED], [(2.0, -g, 70.0)]))[0] for g in (60.0, 900.0))
    assert light.x_var > 4 * heavy.x_var


def test_a_glitch_and_a_squeeze_do_not_move_the_place():
    recording = recorded([RED], [(1.6, 800.0, 390.0), (2.0, -800.0, 390.0), (3.0, -202.0, 70.0)])
    spoilt = list(recording.samples)
    spoilt[27] = (*spoilt[27][:2], 22_000.0, -9000.0)
    step = measured(replace(recording, samples=spoilt))[-1]
    assert step.x_mm == pytest.approx(70.0, abs=4.0)


STEP = Step(0, 2.0, 2.3, 5000.0, 4798.0, 0.3, 0.3)


@pytest.mark.parametrize(
    ("samples", "step"),
    [
        pytest.param([], STEP, id="no rows"),
        pytest.param(list(rows([(2.0, -202.0, 70.0)]))[:24], STEP, id="no plateau after it"),
        pytest.param(list(rows([(2.0, -202.0, 70.0)])), replace(STEP, rest=True), id="no step at all"),
        pytest.param(list(rows([(2.0, -202.0, 70.0)])), replace(STEP, before=5050.0), id="another level"),
    ],
)
def test_a_step_nobody_saw_has_no_place(samples, step):
    moments = Moments()
    for at, _, grams, x_mm in samples:
        moments.add(at, grams, x_mm)
    assert moments.placed(step).x_mm is None


def test_memory_is_bounded():
    moments = Moments()
    for n in range(3 * MOST_ROWS):
        moments.add(n / 80, 5000.0, 200.0)
    assert len(moments._rows) == MOST_ROWS


# --- what a place is worth ----------------------------------------------------------------------------


def test_places_are_weighed_against_anywhere_on_the_tray():
    """The density of the place over a flat one: over all places it comes to the tray's width."""
    unit = Unit(202.0, 4.0, 0.5, x_mm=200.0)
    scores = [exp(Place(float(x), 100.0, 400.0, 25.0).score([(unit, 1)])) for x in range(-400, 800)]
    assert sum(scores) == pytest.approx(400.0, rel=0.01)


def test_units_without_a_lane_may_lie_anywhere():
    lane, stray = Unit(202.0, 4.0, 0.5, x_mm=70.0), Unit(202.0, 4.0, 0.5)
    place = Place(70.0, 100.0, 400.0, 25.0)
    assert place.score([(lane, 1)]) > 0
    assert place.score([(lane, 1), (stray, 1)]) == 0.0


def test_several_units_lie_about_their_common_middle():
    left, right = Unit(100.0, 1.0, 0.1, x_mm=100.0), Unit(300.0, 1.0, 0.1, x_mm=300.0)
    scores = {x: Place(x, 50.0, 400.0, 20.0).score([(left, 1), (right, 1)]) for x in (100.0, 250.0, 300.0)}
    assert max(scores, key=scores.get) == 250.0


@pytest.mark.parametrize(
    ("goods", "width_mm"),
    [
        pytest.param([RED, GREEN], None, id="no width"),
        pytest.param([RED, GREEN], 1e-9, id="no tray is so narrow"),
        pytest.param([RED, GREEN], inf, id="nor so wide"),
        pytest.param([RED, (*GREEN[:4], 500.0)], 400.0, id="a lane beside the tray"),
        pytest.param([RED, (*GREEN[:4], nan)], 400.0, id="a lane nowhere"),
        pytest.param([(*RED[:4], None)], 400.0, id="no lanes"),
    ],
)
def test_a_tray_without_sound_lanes_is_one_without_lanes(goods, width_mm):
    assert Book([tray(*goods, width_mm=width_mm)]).lanes == (None,)


# --- verdicts -----------------------------------------------------------------------------------------

TWINS = [
    pytest.param([(2.0, -202.0, 64.0)], {"red": 1}, id="the one on the left"),
    pytest.param([(2.0, -202.0, 211.0)], {"green": 1}, id="the one in the middle"),
    pytest.param([(2.0, -404.0, 322.0)], {"pair": 1}, id="one that weighs two others"),
    pytest.param([(2.0, -404.0, 75.0)], {"red": 2}, id="two on the left"),
    pytest.param([(2.0, -404.0, 140.0)], {"green": 1, "red": 1}, id="one of each, at once"),
    pytest.param(
        [(2.0, -202.0, 70.0), (5.0, -202.0, 200.0), (8.0, 202.0, 195.0)], {"red": 1}, id="one comes back"
    ),
]


@pytest.mark.parametrize(("moves", "basket"), TWINS)
def test_goods_that_weigh_alike_are_told_by_their_lanes(moves, basket):
    recording = recorded([RED, GREEN, PAIR], moves)
    verdict = recognise(recording)
    assert dict(verdict.basket) == basket
    assert verdict.p > 0.7  # two products in one movement are never said to be as sure as one
    blind = recognise(replace(recording, samples=[row[:3] for row in recording.samples]))
    assert (blind.say, Reason.AMBIGUOUS in blind.reasons) == (Say.REVIEW, True)


def test_one_of_two_twins_is_charged_for_sure():
    verdict = recognise(recorded([(*RED[:4], 100.0), (*GREEN[:4], 300.0)], [(2.0, -202.0, 106.0)]))
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"red": 1})


def test_a_place_does_not_make_weights_up():
    """Where the water stands something left that is no water."""
    water = ("water", 519.0, 11.4, 12, 100.0)
    assert recognise(recorded([water], [(2.0, -340.0, 100.0)])).say == Say.REVIEW


def test_the_live_result_is_that_of_the_recording():
    recording = recorded([RED, GREEN, PAIR], [(2.0, -202.0, 70.0), (5.0, -202.0, 200.0), (8.0, 202.0, 195.0)])
    live = Recogniser(recording.trays)
    for place, row in enumerate(recording.samples):
        live.feed(*row)
        if place % 7 == 0:
            live.live()
    assert live.close() == recognise(recording)
    assert all(step.x_mm is not None for step in live.journal().steps)


def test_a_unit_from_another_tray_may_come_to_rest_anywhere():
    trays = (tray(RED, GREEN), tray(("water", 519.0, 11.4, 12, 200.0), name="1-02"))
    samples = [
        *rows([(2.0, -202.0, 70.0)], until=9),
        *((at, 1, *r) for at, _, *r in rows([(4.0, 202.0, 33.0)], until=9)),
    ]
    verdict = recognise(Recording("astray", trays, sorted(samples)))
    assert (verdict.basket, verdict.events[-1].action) == ((), Action.MISPLACED)
    assert verdict.events[-1].sku == "red"


# --- the file -----------------------------------------------------------------------------------------


def line(samples, **changes):
    good = {"sku": "A", "unit_g": 162.0, "tol_g": 4.5, "count": 8, "x_mm": 100} | changes
    return json.dumps(
        {"id": "s", "trays": [{"id": "1-01", "width_mm": 400, "planogram": [good]}], "samples": samples}
    )


@pytest.mark.parametrize(
    ("row", "read"),
    [
        pytest.param([0, 0, 5], (0.0, 0, 5.0), id="none"),
        pytest.param([0, 0, 5, 70.5], (0.0, 0, 5.0, 70.5), id="x"),
        pytest.param([0, 0, 5, 70.5, 120], (0.0, 0, 5.0, 70.5), id="x and y"),
        pytest.param([0, 0, 5, None, 120], (0.0, 0, 5.0), id="y alone"),
        pytest.param([0, 0, 5, float("nan")], (0.0, 0, 5.0), id="no number"),
    ],
)
def test_rows_may_say_where(row, read):
    recording = recording_of(line([row]).encode())
    assert recording.samples == [read]
    assert (recording.trays[0].width_mm, recording.trays[0].goods[0].x_mm) == (400.0, 100.0)


@pytest.mark.parametrize(
    ("body", "named"),
    [
        pytest.param(line([[0, 0, 5, "left"]]), r"samples\[0\]\[3\]", id="a word"),
        pytest.param(line([[0, 0, 5, 1, 2, 3]]), r"samples\[0\]", id="a sixth value"),
        pytest.param(line([], x_mm="left"), "x_mm", id="a word for a lane"),
        pytest.param(line([]).replace("400", "0"), "width_mm", id="no width"),
    ],
)
def test_what_is_no_place_is_named(body, named):
    with pytest.raises(Unusable, match=named):
        recording_of(body.encode())


@pytest.mark.parametrize("x_mm", [1e308, -1e308, 1e12, inf, nan])
def test_a_place_that_cannot_be_is_none(x_mm):
    goods = [("A", 162.0, 4.5, 8, 100.0)]
    samples = [(at, k, grams, x_mm) for at, k, grams, _ in rows([(2.0, -324.0, 70.0)])]
    verdict = recognise(Recording("far", (tray(*goods),), samples))
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"A": 2})
