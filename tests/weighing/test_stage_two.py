"""What the search makes of measured steps, where a wrong explanation would charge somebody."""

from math import sin
from random import Random

import pytest

from edge.domain.values import Sku, TrayId
from edge.weighing import takes
from edge.weighing.beam import START, in_order, searched
from edge.weighing.decision import decided
from edge.weighing.policy import Policy
from edge.weighing.recording import Book, Stocked, StockedTray, Unit
from edge.weighing.stepper import Stepper
from edge.weighing.steps import Ending, Step
from edge.weighing.verdict import Reason, Say


def verdict_on(goods, deltas, rest_s=4.0, moved_s=0.5, **plateau):
    """The verdict on one tray of ``goods`` whose level changes by each of ``deltas``, with rests between."""
    stocked = tuple(Stocked(Sku(sku), grams, tol, count) for sku, grams, tol, count in goods)
    book = Book([StockedTray(TrayId("1-01"), stocked)])
    steps, level, at = [], 5000.0, 5.0
    for n, delta in enumerate(deltas, 1):
        later = {} if n == len(deltas) else {"rest_s": rest_s, **plateau}
        steps.append(Step(0, at, at + moved_s, level, level + delta, 0.3, 0.3, moved_s, **later))
        level, at = level + delta, at + moved_s + rest_s
    endings = [Ending(5000.0, level, unstable=False, silent=False)]
    beam = searched(START, in_order(steps), book, Policy())
    return decided(beam, endings, [], book, Policy())


JUICE = (("juice", 400.0, 6.0, 6),)


@pytest.mark.parametrize(
    "falls", [(-200.0, -200.0), (-150.0, -250.0), (-133.0, -133.0, -134.0), (-560.0, -240.0)]
)
def test_what_leaves_in_quiet_parts_that_fit_nothing_is_not_charged_as_their_sum(falls):
    verdict = verdict_on(JUICE, falls)
    assert verdict.say is Say.REVIEW
    assert verdict.trays[0].say is Say.REVIEW


HANDS = [
    pytest.param((700.0, -700.0, -400.0), {}, id="a hand rests and goes before the take"),
    pytest.param((700.0, -1100.0), {}, id="it goes as it takes"),
    pytest.param((700.0, -400.0, -700.0), {}, id="it stays beyond the take"),
    pytest.param((360.0, -400.0, -360.0), {}, id="it weighs less than what it takes"),
    pytest.param((-150.0, -250.0), {"trembled": True}, id="it comes down while it takes"),
    pytest.param((-150.0, -250.0), {"drift_g": 12.0}, id="it lifts slowly"),
    pytest.param((-150.0, -250.0), {"rest_s": 0.5}, id="it holds for a moment what it takes"),
]


@pytest.mark.parametrize(("deltas", "plateau"), HANDS)
def test_a_hand_on_the_tray_does_not_hide_what_is_taken(deltas, plateau):
    verdict = verdict_on(JUICE, deltas, **plateau)
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"juice": 1})


def test_what_is_held_up_quietly_and_put_down_again_is_nothing():
    assert verdict_on(JUICE, (-150.0, 151.0)).say is Say.EMPTY


def test_what_is_held_up_can_only_be_put_down_not_taken_with_more():
    verdict = verdict_on(JUICE, (-150.0, 600.0, -850.0))
    assert Reason.UNEXPLAINED_REMOVAL in verdict.reasons or verdict.say is Say.REVIEW


SNACK = (("snack", 48.0, 2.0, 8),)


@pytest.mark.parametrize(
    ("goods", "delta", "say"),
    [
        (SNACK, -20.0, Say.REVIEW),
        (SNACK, -14.0, Say.REVIEW),
        (SNACK, 16.0, Say.REVIEW),
        (JUICE, -24.0, Say.EMPTY),
        (SNACK, -8.0, Say.EMPTY),
        (JUICE, 12.0, Say.EMPTY),
    ],
)
def test_a_level_that_moved_by_a_part_of_a_unit_is_looked_at_and_a_slow_scale_is_not(goods, delta, say):
    assert verdict_on(goods, (delta,)).say is say


def test_a_level_that_moved_without_any_step_is_looked_at():
    book = Book([StockedTray(TrayId("1-01"), (Stocked(Sku("snack"), 48.0, 2.0, 8),))])
    endings = [Ending(5000.0, 4988.0, unstable=False, silent=False)]
    verdict = decided(START, endings, [], book, Policy())
    assert verdict.trays[0].reasons == (Reason.UNEXPLAINED_REMOVAL,)


@pytest.mark.parametrize(("third_g", "say"), [(400.0, Say.REVIEW), (400.8, Say.REVIEW), (425.0, Say.CHARGE)])
def test_one_thing_or_two_of_its_weight_is_asked_about_and_not_settled_by_habit(third_g, say):
    """A, B and a third that weighs what they weigh together; 400 g leave in one grip."""
    goods = (("A", 150.0, 3.0, 6), ("B", 250.0, 9.0, 6), ("both", third_g, 3.0, 6))
    verdict = verdict_on(goods, (-third_g,))
    assert dict(verdict.basket) == {"both": 1}
    assert verdict.say is say


@pytest.mark.parametrize("back", [4, 5, 6])
def test_many_of_one_product_come_back_at_once(back):
    verdict = verdict_on((("tea", 133.0, 3.0, 8), ("oil", 986.0, 9.0, 4)), (-399.4, -398.8, 133.0 * back))
    assert dict(verdict.basket) == ({"tea": 6 - back} if back < 6 else {})
    assert verdict.say is (Say.CHARGE if back < 6 else Say.EMPTY)


def test_all_that_was_taken_one_by_one_comes_back_at_once():
    goods = (("tea", 133.0, 3.0, 8), ("noodles", 278.0, 6.0, 4))
    verdict = verdict_on(goods, (-134.0, -279.0, -132.5, -277.5, 823.0))
    assert verdict.say is Say.EMPTY


def test_five_of_six_taken_one_by_one_come_back_at_once():
    gone = (-134.0, -132.4, -133.5, -132.2, -133.8, -133.0)
    verdict = verdict_on((("tea", 133.0, 3.0, 8),), (*gone, 134.0 + 132.4 + 132.2 + 133.8 + 133.0))
    assert (verdict.say, dict(verdict.basket)) == (Say.CHARGE, {"tea": 1})


@pytest.mark.parametrize(("tremor_g", "trembled"), [(0.0, False), (2.5, True)])
def test_a_plateau_under_a_hand_trembles_and_one_of_goods_does_not(tremor_g, trembled):
    steps, random = {}, Random(5)
    stepper = Stepper(0, 400.0, 0.0011, lambda step, again: steps.__setitem__(step.began, step))
    for n in range(100):
        at = n / 10
        load = 0.0 if at < 3 else -150.0 + tremor_g * sin(9.0 * at) if at < 6 else -400.0
        stepper.add(at, 5000.0 + load + random.gauss(0.0, 0.5))
    stepper.close(0.0, 10.0)
    first, _ = sorted(steps.values(), key=lambda step: step.began)
    assert first.trembled is trembled


def test_an_armful_is_worked_out_for_few_hypotheses_only(monkeypatch):
    asked = []
    monkeypatch.setattr(takes, "bulky", lambda *told: asked.append(told) or [])
    units = (Unit(701.0, 1.0, 0.1), Unit(903.0, 1.0, 0.1))
    one_step = takes.Takes(slow=False)
    for held in range(1, 20):
        one_step.of(takes.Shelf((0, 1), units, (held, held)), 260.0, 1.0)
    assert len(asked) == takes.MOST_BULKY


@pytest.mark.parametrize(
    ("left", "say"),
    [
        pytest.param(773.0, Say.REVIEW, id="something unknown was left on another tray"),
        pytest.param(0.0, Say.CHARGE, id="nothing was"),
    ],
)
def test_two_products_in_one_grip_are_not_sure_where_something_unknown_was_left(left, say):
    """431 g put down and 770 g taken without rest between look like 264 g and 75 g in one grip."""
    box, tin = Stocked(Sku("box"), 264.0, 3.0, 4), Stocked(Sku("tin"), 75.0, 2.0, 4)
    book = Book(
        [
            StockedTray(TrayId("1-01"), (box, tin)),
            StockedTray(TrayId("1-02"), (Stocked(Sku("jar"), 500.0, 6.0, 3),)),
        ]
    )
    steps = [Step(0, 5.0, 5.5, 5000.0, 4661.0, 0.3, 0.3, 0.5, rest_s=9.0)]
    endings = [Ending(5000.0, 4661.0, unstable=False, silent=False)]
    if left:
        steps.append(Step(1, 9.0, 9.5, 3000.0, 3000.0 + left, 0.3, 0.3, 0.5))
    endings.append(Ending(3000.0, 3000.0 + left, unstable=False, silent=False))
    verdict = decided(searched(START, in_order(steps), book, Policy()), endings, [], book, Policy())
    assert dict(verdict.trays[0].goods) == {"box": 1, "tin": 1}
    assert verdict.trays[0].say is say
