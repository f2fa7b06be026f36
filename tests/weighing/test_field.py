"""The recogniser against field sessions: other goods, hands and scales than the levels' sessions have."""

from functools import cache

import pytest

from edge.bench.contest import judge_line
from edge.bench.scores import Tally
from hardware_sim.field.made import session_lines

SEED = 21
SMALL = {"core": 60, "hard": 40, "review": 40, "nothing": 60}
LARGE = 1000
# What is wanted of independent sessions, per cent: exact at least, review and silently wrong at most.
GOALS = [
    pytest.param("core", 99.5, 2.0, 0.1, id="ordinary shopping"),
    pytest.param("hard", 98.0, 12.0, 0.3, id="hard handling"),
]


@cache
def judged(group, n):
    lines = session_lines(group, SEED, 0, n)
    return [judge_line((f"{group} {SEED} {k}", line, ("ours",))) for k, line in enumerate(lines)]


@cache
def score(group, n):
    tally = Tally()
    for one in judged(group, n):
        tally.add(one.outcomes["ours"])
    return tally.score()


def charged(one):
    """What the buyer pays for: the best basket, or of a flagged session what its sure trays hold."""
    answer = one.outcomes["ours"].answer
    return dict((answer.charged or {}) if answer.flagged else answer.baskets[0])


def overcharged(one):
    truth = one.outcomes["ours"].truth
    return any(count > truth.get(sku, 0) for sku, count in charged(one).items())


def test_where_nothing_was_taken_nothing_is_charged():
    assert [one.id for one in judged("nothing", SMALL["nothing"]) if charged(one)] == []


@pytest.mark.parametrize("group", ["core", "hard"])
def test_nobody_is_charged_for_what_he_did_not_take(group):
    assert [one.id for one in judged(group, SMALL[group]) if overcharged(one)] == []


@pytest.mark.parametrize(("group", "least"), [("core", 95.0), ("hard", 90.0)])
def test_ordinary_and_hard_baskets_are_found(group, least):
    assert score(group, SMALL[group]).exact.percent >= least


def test_what_no_scale_can_settle_is_flagged_or_right():
    assert score("review", SMALL["review"]).flagged_or_right.percent >= 90.0


@pytest.mark.long
@pytest.mark.parametrize(("group", "exact", "review", "silently_wrong"), GOALS)
def test_a_thousand_field_sessions_do_not_refute_the_goals(group, exact, review, silently_wrong):
    """A goal is refuted when it lies outside the 95 % interval, on the wrong side."""
    found = score(group, LARGE)
    assert found.exact.high >= exact
    assert found.review.low <= review
    assert found.silently_wrong.low <= silently_wrong


@pytest.mark.long
def test_of_a_thousand_visits_that_take_nothing_none_is_charged():
    assert [one.id for one in judged("nothing", LARGE) if charged(one)] == []


@pytest.mark.long
def test_of_a_thousand_situations_no_scale_can_settle_almost_all_are_flagged_or_right():
    assert score("review", LARGE).flagged_or_right.high >= 97.0
