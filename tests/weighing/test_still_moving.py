"""What passes for rest and is none: repeated readings, slow fingers, a hand that lies there or goes."""

from math import exp
from random import Random

import pytest

from edge.weighing.recogniser import recognise
from edge.weighing.smooth import Smoother
from edge.weighing.stepper import Stepper
from edge.weighing.verdict import Say


def asked(load, *, until, hz=17.0, readings_hz=4.7, noise=0.4, display=0.1, wild=0.0, seed=1):
    """Rows of a scale that has ``readings_hz`` new values a second and is asked ``hz`` times."""
    random, rows, shown, next_at, at = Random(seed), [], 0.0, 0.0, 0.0
    while at < until:
        if at >= next_at:
            shown, next_at = load(at) + random.gauss(0, noise), next_at + 1 / readings_hz
        glitch = random.choice((-1, 1)) * random.uniform(50, 9000) if random.random() < wild else 0.0
        rows.append((round(at, 4), round(round((shown + glitch) / display) * display, 2)))
        at += 1 / hz
    return rows


def ramp(levels):
    """A load that goes from level to level: (second, grams it goes to, seconds it takes)."""

    def load(at):
        now = levels[0][1]
        for begins, to, takes in levels[1:]:
            now += (to - now) * min(1.0, max(0.0, (at - begins) / takes))
        return now

    return load


def steps_of(rows, lightest=200.0):
    found = {}
    stepper = Stepper(
        0, lightest, 0.0011, lambda step, again: found.__setitem__((step.began, step.rest), step)
    )
    for at, grams in rows:
        stepper.add(at, grams)
    ending = stepper.close(rows[0][0], rows[-1][0])
    return list(found.values()), ending


SLOW_GRIP = ramp([(0, 3000), (6.0, 3080, 0.5), (6.5, 2588, 0.9)])


@pytest.mark.parametrize(
    ("hz", "readings_hz"), [(10.0, 4.7), (17.0, 4.7), (40.0, 4.7), (80.0, 4.7), (40.0, 10.0), (80.0, 10.0)]
)
@pytest.mark.parametrize("display", [0.1, 1.0])
def test_a_reading_that_is_repeated_is_no_rest(hz, readings_hz, display):
    rows = asked(SLOW_GRIP, until=12.0, hz=hz, readings_hz=readings_hz, display=display)
    assert [round(step.delta) for step in steps_of(rows)[0]] == [pytest.approx(-412, abs=3)]


@pytest.mark.parametrize("seed", range(8))
def test_wild_rows_do_not_make_repeated_readings_look_like_new_ones(seed):
    rows = asked(SLOW_GRIP, until=12.0, hz=80.0, wild=0.01, seed=seed)
    assert [round(step.delta) for step in steps_of(rows)[0]] == [pytest.approx(-412, abs=3)]


@pytest.mark.parametrize("noise", [0.0, 0.5])
@pytest.mark.parametrize("hz", [10.0, 20.0, 80.0])
def test_a_transmitter_as_quick_as_it_is_asked_is_not_slowed_down(noise, hz):
    """Two takes half a second apart are two steps, and all values reach the automaton."""
    load = ramp([(0, 3000), (6.0, 2500, 0.1), (6.75, 2200, 0.1)])
    rows = asked(load, until=10.0, hz=hz, readings_hz=hz, noise=noise)
    assert [round(step.delta) for step in steps_of(rows)[0]] == pytest.approx([-500, -300], abs=2)


def test_repeated_rows_are_handed_on_as_often_as_there_are_readings():
    got = []
    smoother = Smoother(lambda at, value: got.append(at))
    for at, grams in asked(ramp([(0, 3000)]), until=20.0, hz=40.0, readings_hz=5.0):
        smoother.add(at, grams)
    smoother.close()
    assert 3.3 <= smoother.rate <= 5.5
    assert 90 <= len(got) <= 130


@pytest.mark.parametrize("hz", [10.0, 17.0, 40.0])
def test_no_row_is_held_back_when_a_scale_turns_out_to_repeat_nothing(hz):
    """It looks as if it repeats itself until it moves for the first time."""
    got = []
    smoother = Smoother(lambda at, value: got.append((at, value)))
    for at, grams in asked(SLOW_GRIP, until=12.0, hz=hz, readings_hz=hz, noise=0.0, display=1.0):
        smoother.add(at, grams)
    smoother.close()
    assert got == sorted(got, key=lambda each: each[0])
    assert got[-1][1] == 2588


@pytest.mark.parametrize("hz", [5.0, 10.0])
def test_a_slow_grip_below_the_threshold_does_not_move_the_level_before(hz):
    """Fingers that press 13 g for half a second before they lift are no part of what stood there."""
    load = ramp([(0, 3000), (6.0, 3013, 0.2), (6.8, 2800, 0.3)])
    (step,), _ = steps_of(asked(load, until=12.0, hz=hz, readings_hz=hz, noise=0.3, display=1.0))
    assert step.delta == pytest.approx(-200, abs=2.5)


def test_a_hand_that_goes_softly_does_not_stay_in_the_level_after():
    load = ramp([(0, 3000), (6.0, 3308, 0.3), (7.2, 3294, 0.6)])
    (step,), ending = steps_of(asked(load, until=14.0, hz=5.0, readings_hz=5.0, noise=0.3), 290.0)
    assert step.delta == pytest.approx(294, abs=2)
    assert ending.last - ending.first == pytest.approx(step.delta, abs=2)


def test_the_soft_hand_is_out_of_the_level_when_the_plateau_is_left_too():
    load = ramp([(0, 3000), (6.0, 3308, 0.3), (7.2, 3294, 0.6), (12.0, 3000, 0.3)])
    up, down = steps_of(asked(load, until=17.0, hz=5.0, readings_hz=5.0, noise=0.3), 290.0)[0]
    assert (up.delta, down.delta) == (pytest.approx(294, abs=2), pytest.approx(-294, abs=2))


def test_drift_on_a_plateau_is_no_soft_hand():
    def load(at):
        return (3000 if at < 6 else 2500) + 0.1 * at + (2 if at > 6 else 0) * exp(-(at - 6) / 10)

    (step,), _ = steps_of(asked(load, until=30.0, hz=10.0, readings_hz=10.0))
    assert step.delta == pytest.approx(-498, abs=2)


PLUMS = ("plums", 234.0, 10.8, 7)
TEA = ("tea", 133.0, 3.0, 10)


def test_a_hand_that_rested_and_left_is_not_something_left_and_a_unit_taken(film):
    """223 g for three seconds weigh about what a unit does; the level comes back to where it was."""
    visit = film([PLUMS], [TEA]).load(3, 0, 223.0).load(6, 0, -223.0).load(9, 1, -133.0)
    verdict = recognise(visit.recording())
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"tea": 1})


def test_a_unit_taken_from_under_a_hand_is_still_seen(film):
    verdict = recognise(film([PLUMS], [TEA]).press(3, 0, 700, 3.0).load(6.0, 0, -234.0).recording())
    assert dict(verdict.basket) == {"plums": 1}


def test_something_lighter_left_in_place_of_a_unit_is_not_silent(film):
    visit = film([PLUMS], [TEA]).load(3, 0, 214.0).load(6, 0, -234.0)
    assert recognise(visit.recording()).say == Say.REVIEW
