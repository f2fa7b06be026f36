"""A session teaches what is sure in it: one piece taken from a tray, or one product brought to it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from edge.domain.records import Alternative, ClosedSession, Happened, TrayEvidence
from edge.domain.values import Instant, Kind
from edge.weighing.learning import Restock, SingleTake
from edge.weighing.lessons import emptied, lessons_of

NOW = Instant(100.0, datetime(2026, 11, 23, 6, 5, tzinfo=UTC), "boot-1")
TAKE = Happened(2.0, "TAKE", 1, "TEA")
TAKEN = TrayEvidence(
    tray="1-02",
    verdict="charge",
    goods=(("TEA", 1),),
    before=20000,
    after=18007,
    residual=7,
    events=(TAKE,),
    alternatives=(Alternative((("TEA", 1),), 999), Alternative((), 1)),
)
BROUGHT = replace(TAKEN, goods=(("TEA", -4),), after=28020, events=(), alternatives=())


def session(*trays, kind=Kind.BUY):
    return ClosedSession(
        id="s-1",
        kind=kind,
        state="SETTLED",
        opener="b-1",
        verdict="charge",
        reasons=(),
        opened=NOW,
        closed=NOW,
        catalogue="c",
        channel="UNIT_HELP",
        trays=trays,
        sale=None,
    )


def test_one_piece_taken_for_sure_is_a_lesson_of_what_the_tray_lost():
    (lesson,) = lessons_of(session(TAKEN))
    assert (lesson.tray, lesson.sku) == ("1-02", "TEA")
    assert lesson.seen == SingleTake(199.3, pytest.approx(2.05, abs=0.01), 0.999)


@pytest.mark.parametrize(
    "tray",
    [
        pytest.param(replace(TAKEN, goods=(("TEA", 2),)), id="two pieces"),
        pytest.param(replace(TAKEN, goods=(("RICE", 1), ("TEA", 1))), id="two products"),
        pytest.param(replace(TAKEN, goods=()), id="nothing"),
        pytest.param(replace(TAKEN, events=(TAKE, replace(TAKE, action="PUT_BACK"), TAKE)), id="put back"),
        pytest.param(replace(TAKEN, events=(TAKE, replace(TAKE, action="TOUCH", count=0))), id="touched"),
        pytest.param(replace(TAKEN, events=()), id="nobody saw it go"),
        pytest.param(replace(TAKEN, after=None), id="the tray fell silent"),
    ],
)
def test_a_tray_on_which_more_happened_teaches_nothing(tray):
    assert list(lessons_of(session(tray))) == []


@pytest.mark.parametrize(
    "tray",
    [
        pytest.param(replace(TAKEN, verdict="review"), id="under review"),
        pytest.param(replace(TAKEN, reasons=("buyer_said",)), id="the buyer had to be asked"),
    ],
)
def test_what_is_in_doubt_is_handed_on_as_flagged(tray):
    (lesson,) = lessons_of(session(tray))
    assert lesson.seen.flagged


def test_a_take_that_nobody_gave_a_probability_is_not_sure():
    (lesson,) = lessons_of(session(replace(TAKEN, alternatives=())))
    assert lesson.seen.sure == 0.0


def test_what_a_restock_brought_is_a_lesson_of_so_many_pieces():
    (lesson,) = lessons_of(session(BROUGHT, kind=Kind.RESTOCK))
    assert lesson.seen == Restock(4, 802.0, pytest.approx(2.78, abs=0.01), trusted=True)


@pytest.mark.parametrize(
    ("tray", "lessons"),
    [
        pytest.param(replace(BROUGHT, goods=(("TEA", 4),)), 0, id="pulled off"),
        pytest.param(replace(BROUGHT, goods=(("RICE", -1), ("TEA", -4))), 0, id="two products came"),
        pytest.param(replace(BROUGHT, verdict="review"), 1, id="in doubt"),
    ],
)
def test_a_restock_teaches_one_product_at_a_time_and_only_where_trusted(tray, lessons):
    found = list(lessons_of(session(tray, kind=Kind.RESTOCK)))
    assert [each.seen.trusted for each in found] == [False] * lessons


def test_a_technicians_visit_teaches_nothing():
    assert list(lessons_of(session(TAKEN, BROUGHT, kind=Kind.SERVICE))) == []
    assert list(emptied(session(TAKEN, kind=Kind.SERVICE), {})) == []


@pytest.mark.parametrize(
    ("tray", "on_hand", "found"),
    [
        pytest.param(TAKEN, {("1-02", "TEA"): 0}, [("1-02", 18007)], id="sold empty"),
        pytest.param(TAKEN, {("1-02", "TEA"): 1}, [], id="one is left"),
        pytest.param(TAKEN, {("1-02", "TEA"): 0, ("1-02", "RICE"): 2}, [], id="another product is left"),
        pytest.param(replace(TAKEN, verdict="review"), {}, [], id="in doubt"),
        pytest.param(replace(TAKEN, goods=()), {}, [], id="nothing left it"),
        pytest.param(replace(TAKEN, after=None), {}, [], id="no level"),
    ],
)
def test_a_tray_that_was_surely_emptied_shows_its_zero(tray, on_hand, found):
    assert list(emptied(session(tray), on_hand)) == found
