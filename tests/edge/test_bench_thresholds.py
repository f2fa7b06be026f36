"""Thresholds tried on one run's answers, and the table fitted to them."""

from random import Random

import pytest

from edge.bench.fitting import fitted
from edge.bench.thresholds import TrayTrial, Trial, Tried, thresholds


def tried(p, right=True, *, barred=False, mixed=False, trays=None):
    goods = {"A": 1}
    trays = trays or (TrayTrial(p, barred, goods),)
    return Tried(Trial(p, p, mixed, barred, trays), goods, goods if right else {"B": 1})


def row(rows, p):
    return next(each for each in rows if each.p == p)


def test_a_threshold_trades_reviews_for_wrong_charges():
    rows = thresholds([tried(0.96, right=False), tried(0.96), tried(0.999), tried(0.5)])
    assert {each.p: each.review.hits for each in rows if each.p in (0.9, 0.95, 0.97, 0.995)} == {
        0.9: 1,
        0.95: 1,
        0.97: 3,
        0.995: 3,
    }
    assert [row(rows, p).silently_wrong.hits for p in (0.9, 0.95, 0.97, 0.995)] == [1, 1, 0, 0]
    assert row(rows, 0.95).charged_over.hits == 1


def test_a_barred_session_is_reviewed_at_any_threshold_and_its_sure_trays_are_charged():
    trays = (TrayTrial(0.999, True, {"A": 1}), TrayTrial(0.98, False, {"C": 1}))
    rows = thresholds([tried(0.999, barred=True, trays=trays)])
    assert {each.review.hits for each in rows} == {1}
    assert [row(rows, p).charged_over.hits for p in (0.9, 0.97, 0.98, 0.99, 0.995)] == [1, 1, 1, 0, 0]


def test_without_answers_there_is_no_table():
    assert thresholds([]) == ()


@pytest.mark.parametrize("times", [1.0, 3.0])
def test_the_fit_finds_how_much_too_sure_the_search_is(times):
    random, answers = Random(1), []
    for _ in range(4000):
        error = 10 ** random.uniform(-2.5, -0.5)
        answers.append(tried(1 - error, right=random.random() > min(1.0, times * error)))
    found = {knot.said: knot.found for knot in fitted(answers, mixed=False)}
    assert found[0.02] == pytest.approx(0.02 * times, rel=0.35)
    assert list(found.values()) == sorted(found.values(), reverse=True)


def test_nothing_is_fitted_surer_than_it_was_said():
    answers = [tried(0.9)] * 500
    assert all(knot.found >= knot.said for knot in fitted(answers, mixed=False))
