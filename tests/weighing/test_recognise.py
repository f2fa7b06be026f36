"""Whole visits to verdicts: what was taken, what was only touched, and when nobody may be charged."""

from collections import Counter

import pytest

from edge.weighing.policy import Policy
from edge.weighing.recogniser import recognise
from edge.weighing.verdict import Action, Reason, Say

WATER = ("water", 519.0, 11.4, 12)
FUNGUS = ("fungus", 212.0, 6.0, 8)
NOODLES = ("noodles", 278.0, 6.0, 10)
OIL = ("oil", 986.0, 9.0, 4)
TEA = ("tea", 133.0, 3.0, 10)
DATES = ("dates", 356.0, 6.0, 8)


def actions(verdict):
    return [(event.tray, event.action, event.sku, event.count) for event in verdict.events]


def of_tray(verdict, name):
    return next(each for each in verdict.trays if each.tray == name)


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8, 12])
def test_any_number_of_one_product_is_counted(film, count):
    verdict = recognise(film([WATER]).load(2, 0, -519.0 * count).recording())
    assert (verdict.say, verdict.basket) == (Say.CHARGE, (("water", count),))
    assert actions(verdict) == [("1-01", Action.TAKE, "water", count)]


@pytest.mark.parametrize(
    ("grams", "say", "basket"),
    [
        pytest.param(-1557, Say.CHARGE, {"water": 3}, id="three"),
        pytest.param(-1540, Say.CHARGE, {"water": 3}, id="three light ones"),
        pytest.param(-1300, Say.REVIEW, None, id="no number of them"),
    ],
)
def test_a_weight_that_is_no_number_of_units_is_reviewed(film, grams, say, basket):
    verdict = recognise(film([WATER]).load(2, 0, grams).recording())
    assert verdict.say == say
    if basket is None:
        assert of_tray(verdict, "1-01").say == Say.REVIEW
    else:
        assert dict(verdict.basket) == basket
        assert of_tray(verdict, "1-01").residual == pytest.approx(10 * (grams + 1557), abs=20)


def test_one_of_two_put_back_leaves_one(film):
    visit = film([WATER]).load(2, 0, -1038).load(5, 0, 519)
    verdict = recognise(visit.recording())
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"water": 1})


@pytest.mark.parametrize("noise_g", [0.3, 1.5])
def test_all_put_back_is_empty_and_says_who_moved_what(film, noise_g):
    visit = film([WATER], [FUNGUS], noise_g=noise_g).load(2, 0, -519).load(5, 0, 519)
    verdict = recognise(visit.recording())
    assert (verdict.say, verdict.basket, verdict.reasons) == (Say.EMPTY, (), ())
    assert actions(verdict) == [
        ("1-01", Action.TAKE, "water", 1),
        ("1-01", Action.PUT_BACK, "water", 1),
    ]


@pytest.mark.parametrize(
    ("returned", "noise_g", "say"),
    [
        pytest.param(202, 0.5, Say.REVIEW, id="another pack"),
        pytest.param(120, 0.5, Say.REVIEW, id="partly eaten"),
        pytest.param(212, 1.5, Say.EMPTY, id="the same pack on a noisy tray"),
    ],
)
def test_what_comes_back_must_weigh_what_was_taken(film, returned, noise_g, say):
    visit = film([FUNGUS], [TEA], noise_g=noise_g).load(2, 0, -212).load(6, 0, returned)
    verdict = recognise(visit.recording())
    assert verdict.say == say
    assert of_tray(verdict, "1-01").say == say


def test_a_unit_on_another_tray_is_misplaced_and_not_charged(film):
    visit = film([NOODLES], [OIL]).load(2, 0, -276).load(4, 1, 276)
    verdict = recognise(visit.recording())
    assert (verdict.say, verdict.basket) == (Say.EMPTY, ())
    assert actions(verdict) == [
        ("1-01", Action.TAKE, "noodles", 1),
        ("1-02", Action.MISPLACED, "noodles", 1),
    ]


def test_a_misplaced_unit_may_be_taken_from_its_new_tray(film):
    visit = film([NOODLES], [OIL]).load(2, 0, -276).load(4, 1, 276).load(8, 1, -276)
    verdict = recognise(visit.recording())
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"noodles": 1})


def test_a_foreign_object_is_not_charged_and_other_trays_settle(film):
    visit = film([WATER], [FUNGUS]).load(2, 1, -212).load(5, 0, 1850)
    verdict = recognise(visit.recording())
    assert (verdict.say, verdict.reasons) == (Say.REVIEW, (Reason.FOREIGN_LEFT,))
    assert of_tray(verdict, "1-01").say == Say.REVIEW
    assert of_tray(verdict, "1-01").goods == ()
    assert (of_tray(verdict, "1-02").say, of_tray(verdict, "1-02").goods) == (Say.CHARGE, (("fungus", 1),))
    assert ("1-01", Action.FOREIGN_OBJECT, None, 0) in actions(verdict)


@pytest.mark.parametrize(
    ("left_g", "say"),
    [pytest.param(519, Say.REVIEW, id="its weight"), pytest.param(700, Say.CHARGE, id="another weight")],
)
def test_a_unit_is_not_charged_while_something_of_its_weight_lies_elsewhere(film, left_g, say):
    """A hand that rests on the first tray can make the take seem later than the put-back after it."""
    visit = film([WATER], [FUNGUS]).load(2, 1, left_g).load(5, 0, -519)
    verdict = recognise(visit.recording())
    assert (of_tray(verdict, "1-01").say, of_tray(verdict, "1-02").say) == (say, Say.REVIEW)


def test_a_melon_that_was_only_cooled_leaves_no_trace(film):
    visit = film([WATER], [FUNGUS]).load(2, 0, 2100).load(5, 1, -212).load(9, 0, -2100)
    verdict = recognise(visit.recording())
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"fungus": 1})


# --- mistakes seen in the field -----------------------------------------------------------------------


def test_two_different_goods_in_one_movement_are_not_several_of_one(film):
    verdict = recognise(film([TEA, DATES]).load(2, 0, -489).recording())
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"tea": 1, "dates": 1})


@pytest.mark.parametrize("count", range(1, 9))
def test_the_smallest_count_in_range_is_not_taken_for_the_right_one(film, count):
    """Natural pieces of 7 % spread: several counts lie in a flat band, and every one may be meant."""
    pieces = ("pieces", 281.0, 16.5, 10)
    verdict = recognise(film([pieces]).load(2, 0, -281.0 * count).recording())
    assert dict(verdict.basket) == {"pieces": count}


def test_several_of_each_product_of_a_mixed_tray_are_told(film):
    visit = film([TEA, DATES]).load(2, 0, -2 * 133 - 356)
    verdict = recognise(visit.recording())
    assert dict(verdict.basket) == {"tea": 2, "dates": 1}


def test_sums_that_collide_are_never_called_unique(film):
    a, b, c = ("a", 100.0, 3.0, 5), ("b", 150.0, 3.0, 5), ("c", 250.0, 3.0, 5)
    verdict = recognise(film([a, b, c]).load(2, 0, -250).recording())
    assert verdict.say == Say.REVIEW
    assert Reason.AMBIGUOUS in verdict.reasons
    assert {choice.goods for choice in verdict.alternatives} >= {(("c", 1),), (("a", 1), ("b", 1))}


def test_equal_weight_twins_are_asked_about(film):
    red, green = ("red", 202.0, 6.0, 5), ("green", 202.0, 6.0, 5)
    verdict = recognise(film([red, green]).load(2, 0, -202).recording())
    assert (verdict.say, verdict.reasons) == (Say.REVIEW, (Reason.AMBIGUOUS,))
    assert verdict.margin == pytest.approx(0.0, abs=1e-6)
    assert verdict.basket == (("green", 1),)


def test_tolerances_are_not_added_up_in_a_line(film):
    """Eight units of ± 12 g are not ± 96 g: 90 g less than eight is nobody's eight."""
    pieces = ("pieces", 300.0, 12.0, 10)
    verdict = recognise(film([pieces]).load(2, 0, -2400 + 90).recording())
    assert verdict.say == Say.REVIEW


@pytest.mark.parametrize(
    ("good", "off_g", "say"),
    [
        pytest.param(("light", 74.0, 3.0, 8), 14.0, Say.REVIEW, id="14 g off is too much for 74 g"),
        pytest.param(("heavy", 2540.0, 33.0, 4), 24.0, Say.CHARGE, id="24 g off is nothing for 2.5 kg"),
    ],
)
def test_the_band_is_each_product_s_own(film, good, off_g, say):
    assert recognise(film([good]).load(2, 0, -good[1] - off_g).recording()).say == say


def test_a_dead_cell_is_not_an_empty_basket(film):
    recording = film([WATER], [FUNGUS]).load(3, 1, -212).recording()
    alive = [row for row in recording.samples if row[1] == 1 or row[0] < 2]
    verdict = recognise(type(recording)("dead", recording.trays, alive))
    assert (verdict.say, verdict.reasons) == (Say.REVIEW, (Reason.SILENT_TRAY,))
    assert of_tray(verdict, "1-01").say == Say.REVIEW
    assert of_tray(verdict, "1-02").say == Say.CHARGE


def test_a_rise_is_never_a_sale(film):
    verdict = recognise(film([WATER]).load(2, 0, 519).recording())
    assert verdict.basket == ()
    assert verdict.say == Say.REVIEW


def test_a_spread_of_nothing_breaks_nothing(film):
    verdict = recognise(film([("exact", 300.0, 0.0, 5)]).load(2, 0, -600).recording())
    assert dict(verdict.basket) == {"exact": 2}


def test_a_hand_that_rests_long_on_the_shelf_takes_nothing(film):
    visit = film([WATER], [TEA]).press(2, 0, 800, 8.0).load(4, 1, -133)
    verdict = recognise(visit.recording())
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"tea": 1})


def test_a_unit_taken_from_under_a_resting_hand_is_seen(film):
    visit = film([WATER]).press(2, 0, 700, 3.0).load(5.0, 0, -519)
    verdict = recognise(visit.recording())
    assert dict(verdict.basket) == {"water": 1}


def test_two_hands_at_once_on_two_trays_are_two_takes(film):
    visit = film([WATER], [FUNGUS]).load(2, 0, -519).load(2, 1, -212)
    verdict = recognise(visit.recording())
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"water": 1, "fungus": 1})


def test_repeated_hand_overs_count_once(film):
    visit = film([WATER])
    for turn in range(5):
        visit.load(2 + 4 * turn, 0, -517)
        if turn < 4:
            visit.load(4 + 4 * turn, 0, 517)
    verdict = recognise(visit.recording())
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"water": 1})
    assert Counter(event.action for event in verdict.events) == {Action.TAKE: 5, Action.PUT_BACK: 4}


def test_put_back_and_taken_in_one_movement(film):
    visit = film([TEA, DATES]).load(2, 0, -356).load(6, 0, 356 - 133)
    verdict = recognise(visit.recording())
    assert dict(verdict.basket) == {"tea": 1}
    assert [event.action for event in verdict.events] == [Action.TAKE, Action.PUT_BACK, Action.TAKE]
    assert verdict.events[1].at == verdict.events[2].at


PIECES = ("pieces", 281.0, 16.5, 10)


@pytest.mark.parametrize(
    ("returned", "say"),
    [pytest.param(562, Say.EMPTY, id="the pair"), pytest.param(545, Say.REVIEW, id="17 g lighter")],
)
def test_a_pair_that_was_weighed_together_comes_back_weighing_the_same(film, returned, say):
    """Two pieces of 5.5 g spread may weigh 545 g, but not after they weighed 562 g."""
    verdict = recognise(film([PIECES], [TEA]).load(2, 0, -562).load(6, 0, returned).recording())
    assert verdict.say == say


def test_what_comes_back_of_a_pair_tells_what_the_other_one_weighs(film):
    visit = film([PIECES], [TEA]).load(2, 0, -562).load(6, 0, 272)
    assert recognise(visit.load(10, 0, 290).recording()).say == Say.EMPTY
    again = film([PIECES], [TEA]).load(2, 0, -562).load(6, 0, 272).load(10, 0, 278)
    assert recognise(again.recording()).say == Say.REVIEW


# --- decision -----------------------------------------------------------------------------------------


def test_many_units_at_once_of_a_mixed_tray_are_asked_about(film):
    visit = film([TEA, DATES]).load(2, 0, -5 * 133 - 2 * 356)
    verdict = recognise(visit.recording())
    assert Reason.BULK in verdict.reasons
    assert dict(verdict.basket) == {"tea": 5, "dates": 2}


def test_more_than_was_booked_is_never_charged_silently(film):
    verdict = recognise(film([("last", 300.0, 6.0, 1)], [TEA]).load(2, 0, -600).recording())
    assert (verdict.say, verdict.reasons) == (Say.REVIEW, (Reason.UNEXPLAINED_REMOVAL,))
    assert verdict.basket == ()


def test_where_only_one_tray_is_unsure_the_others_are_charged(film):
    a, b, c = ("a", 100.0, 3.0, 5), ("b", 150.0, 3.0, 5), ("c", 250.0, 3.0, 5)
    verdict = recognise(film([a, b, c], [WATER]).load(2, 0, -250).load(5, 1, -519).recording())
    assert (of_tray(verdict, "1-01").say, of_tray(verdict, "1-02").say) == (Say.REVIEW, Say.CHARGE)


def test_an_untouched_counter_is_empty_with_the_largest_margin(film):
    verdict = recognise(film([WATER], [TEA]).recording(until=6.0))
    assert (verdict.say, verdict.margin, verdict.events) == (Say.EMPTY, Policy().margin_cap, ())
    assert [tray.say for tray in verdict.trays] == [Say.EMPTY, Say.EMPTY]


def test_a_stricter_policy_reviews_more(film):
    recording = film([TEA, DATES]).load(2, 0, -133).recording()
    assert recognise(recording).say == Say.CHARGE
    assert recognise(recording, Policy(fit_z=0.0)).say == Say.REVIEW
