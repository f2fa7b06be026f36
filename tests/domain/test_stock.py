"""Lots: what leaves first, what a history of movements leaves, and until when goods are sold."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain.records import Intake, Movement
from edge.domain.stock import (
    NO_LOT,
    OPENING,
    UNKNOWN,
    Books,
    Held,
    Lot,
    books_of,
    books_with,
    expires_on,
    first_expired_first_out,
    leaving,
    shelf_state,
    variance,
)
from edge.domain.values import months_after

TRAY, OTHER, TEA = "1-01", "1-02", "TEA"
HERE, THERE = (TRAY, TEA), (OTHER, TEA)
MAY, JUNE = date(2027, 5, 1), date(2027, 6, 1)
EARLY, LATE, UNDATED = Lot("A", None, MAY), Lot("B", None, JUNE), Lot("C")


def held(*lots):
    return tuple(Held(lot, count) for lot, count in lots)


def moved(kind, count, lot=NO_LOT, tray=TRAY):
    return Movement(tray, TEA, kind, count, "", lot.name, lot.produced_on, lot.expires_on)


FEFO = [
    pytest.param(
        held((LATE, 9), (EARLY, 3)), 2, held((EARLY, 2)), id="the earlier date, though it came later"
    ),
    pytest.param(held((LATE, 9), (EARLY, 3)), 5, held((EARLY, 3), (LATE, 2)), id="then the next"),
    pytest.param(held((UNDATED, 4), (LATE, 1)), 2, held((LATE, 1), (UNDATED, 1)), id="undated last"),
    pytest.param(
        held((Lot("D", None, MAY), 2), (EARLY, 2)), 3, held((Lot("D", None, MAY), 2), (EARLY, 1)), id="ties"
    ),
    pytest.param(held((EARLY, 3)), 5, held((EARLY, 3)), id="no more than there is"),
    pytest.param(held((EARLY, 3)), 0, (), id="nothing"),
    pytest.param((), 2, (), id="of nothing"),
]


@pytest.mark.parametrize(("lots", "count", "taken"), FEFO)
def test_the_first_to_expire_is_the_first_to_leave(lots, count, taken):
    assert first_expired_first_out(lots, count) == taken


def test_a_sale_of_five_from_lots_of_three_and_nine_is_two_movements():
    assert leaving(held((LATE, 9), (EARLY, 3)), TRAY, TEA, "SALE", 5, "why") == [
        Movement(TRAY, TEA, "SALE", -3, "why", "A", None, MAY),
        Movement(TRAY, TEA, "SALE", -2, "why", "B", None, JUNE),
    ]


def test_what_goes_beyond_the_lots_is_of_none():
    assert leaving(held((EARLY, 3)), TRAY, TEA, "SALE", 5) == [
        Movement(TRAY, TEA, "SALE", -3, "", "A", None, MAY),
        Movement(TRAY, TEA, "SALE", -2),
    ]


def test_two_deliveries_without_lots_leave_in_one_movement():
    lots = (Held(NO_LOT, 3, OPENING), Held(NO_LOT, 4, "r-1"))
    assert leaving(lots, TRAY, TEA, "SALE", 5) == [Movement(TRAY, TEA, "SALE", -5)]


CAME_EARLY, CAME_LATE = (moved("RESTOCK", 3, EARLY), "r-1"), (moved("RESTOCK", 9, LATE), "r-2")
HISTORIES = [
    pytest.param([CAME_LATE, CAME_EARLY], held((LATE, 9), (EARLY, 3)), id="as they came"),
    pytest.param([CAME_EARLY, CAME_EARLY], held((EARLY, 6)), id="one lot in two deliveries is one"),
    pytest.param(
        [CAME_EARLY, CAME_LATE, (moved("SALE", -2, LATE), "s")], held((EARLY, 3), (LATE, 7)), id="its"
    ),
    pytest.param(
        [CAME_LATE, CAME_EARLY, (moved("WRITE_OFF", -4), None)], held((LATE, 8)), id="of no lot: FEFO"
    ),
    pytest.param(
        [CAME_LATE, CAME_EARLY, (moved("SALE", -5, EARLY), "s")], held((LATE, 7)), id="more than its"
    ),
    pytest.param([CAME_EARLY, (moved("SALE", -5), "s"), CAME_LATE], held((LATE, 7)), id="made up for"),
    pytest.param([CAME_EARLY, (moved("SALE", -9), "s"), CAME_EARLY], (), id="still missing"),
    pytest.param(
        [CAME_EARLY, (moved("ADJUST", 2, EARLY), None)], held((EARLY, 5)), id="found: of the lot here"
    ),
    pytest.param(
        [CAME_EARLY, (moved("MISPLACED", 1, LATE), "s")],
        (*held((EARLY, 3)), Held(LATE, 1, UNKNOWN)),
        id="a stray keeps its lot",
    ),
    pytest.param(
        [(moved("RESTOCK", 6, Lot("", None, MAY)), None)],
        (Held(Lot("", None, MAY), 6, OPENING),),
        id="opening",
    ),
    pytest.param([(moved("RESTOCK", 6), "r-1")], (Held(NO_LOT, 6, "r-1"),), id="a delivery without a number"),
    pytest.param([(moved("RESTOCK", 6, EARLY, tray=OTHER), "r-1")], (), id="elsewhere"),
]


@pytest.mark.parametrize(("history", "left"), HISTORIES)
def test_lots_follow_the_books(history, left):
    assert books_of(history).lots.get(HERE, ()) == left


lots_of_one_tray = st.lists(
    st.tuples(
        st.sampled_from(["", "A", "B", "C"]),
        st.sampled_from([None, MAY, JUNE]),
        st.integers(1, 9),
        st.sampled_from(["", UNKNOWN, "r-1"]),
    ),
    max_size=6,
).map(lambda rows: tuple(Held(Lot(name, None, day), count, came) for name, day, count, came in rows))


@settings(max_examples=150, deadline=None)
@given(lots_of_one_tray, st.integers(0, 40))
def test_no_later_date_leaves_while_an_earlier_one_lies_there(lots, count):
    taken = first_expired_first_out(lots, count)
    assert sum(each.count for each in taken) == min(count, sum(each.count for each in lots))
    last = max((each.lot.expires_on or date.max for each in taken), default=date.min)
    for each in lots:
        gone = sum(t.count for t in taken if (t.lot, t.came) == (each.lot, each.came))
        there = sum(h.count for h in lots if (h.lot, h.came) == (each.lot, each.came))
        assert gone <= there
        assert gone == there or (each.lot.expires_on or date.max) >= last


steps = st.lists(
    st.tuples(
        st.sampled_from(["RESTOCK", "SALE", "PULL_OFF", "WRITE_OFF", "ADJUST", "MISPLACED", "BLIND"]),
        st.integers(1, 9),
        st.sampled_from([NO_LOT, EARLY, LATE, UNDATED, Lot("", None, JUNE)]),
        st.sampled_from([TRAY, OTHER]),
    ),
    max_size=25,
)


@settings(max_examples=150, deadline=None)
@given(steps)
def test_whatever_happens_the_lots_of_a_place_are_its_pieces(history):
    books = Books()
    told = []
    for number, (kind, count, lot, tray) in enumerate(history):
        if kind == "RESTOCK":
            movements = [moved(kind, count, lot, tray)]
        elif kind == "BLIND":  # more than is booked, and of any lot
            movements = [moved("ADJUST", -count, lot, tray)]
        elif kind == "MISPLACED":
            left = leaving(books.lots.get((tray, TEA), ()), tray, TEA, kind, count)
            movements = left + [replace(m, tray=OTHER, count=-m.count) for m in left]
        else:
            movements = leaving(books.lots.get((tray, TEA), ()), tray, TEA, kind, count)
        for each in movements:
            books.book(each, f"s-{number}")
            told.append((each, f"s-{number}"))
        for place, count in books.on_hand.items():
            lots = books.lots.get(place, ())
            assert all(each.count > 0 for each in lots)
            assert len({(each.lot, each.came) for each in lots}) == len(lots)
            assert sum(each.count for each in lots) == max(0, count)
    assert books_of(told) == books
    assert books_with(books.lots).lots == books.lots


@pytest.mark.parametrize(
    ("lots", "fallback", "day"),
    [
        pytest.param(held((LATE, 1), (EARLY, 1)), None, MAY, id="the first"),
        pytest.param(held((LATE, 1), (NO_LOT, 1)), MAY, MAY, id="the facing's for a lot without one"),
        pytest.param(held((EARLY, 1)), date(2020, 1, 1), MAY, id="not for a lot with one"),
        pytest.param(held((UNDATED, 1)), None, None, id="keeps for ever"),
        pytest.param((), MAY, None, id="nothing lies there"),
    ],
)
def test_goods_have_the_first_date_of_their_lots(lots, fallback, day):
    assert expires_on(lots, fallback) == day


@pytest.mark.parametrize(
    ("left", "block_days", "state"),
    [
        (46, 0, "GREEN"), (45, 0, "YELLOW"), (0, 0, "YELLOW"), (-1, 0, "BLACK"),
        (3, 3, "YELLOW"), (2, 3, "RED"), (0, 1, "RED"), (-1, 3, "BLACK"),
    ],
)  # fmt: skip
def test_goods_are_sold_through_the_day_named_and_marked_before(left, block_days, state):
    assert shelf_state(MAY + timedelta(days=left), MAY, 45, block_days) == state


def test_goods_without_a_date_have_no_light():
    assert shelf_state(None, MAY, 45, 3) == "NONE"


def test_the_variance_names_what_differs_and_nothing_that_nobody_could_measure():
    booked = {HERE: 5, THERE: 2, (TRAY, "RICE"): 4}
    measured = {HERE: 3, THERE: 2, (TRAY, "RICE"): None, (OTHER, "RICE"): 1}
    assert variance(booked, measured) == {HERE: -2, (OTHER, "RICE"): 1}


KEPT = [
    pytest.param({}, date(2027, 11, 30), id="six months after the last day"),
    pytest.param({"expires_on": date(2027, 8, 31)}, date(2028, 2, 29), id="the month's last day"),
    pytest.param({"expires_on": None}, date(2027, 11, 30), id="by production and shelf life"),
    pytest.param(
        {"expires_on": None, "produced_on": None}, date(2027, 12, 21), id="made that day at the latest"
    ),
    pytest.param({"expires_on": None, "shelf_life_days": None}, date(2028, 11, 23), id="two years"),
]


@pytest.mark.parametrize(("differs", "day"), KEPT)
def test_intake_records_are_kept_as_long_as_the_food_law_wants(differs, day):
    made, came = date(2026, 11, 1), date(2026, 11, 23)
    usual = Intake("TEA", "绿茶", "100g", 3, "A", made, 210, date(2027, 5, 30), came, "示例", "", "", "")
    assert replace(usual, **differs).kept_until == day


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
        (date(2026, 1, 31), 24, date(2028, 1, 31)),
        (date.max, 6, date.max),  # "for ever"
    ],
)
def test_months_later_is_the_same_day_or_the_months_last(day, months, later):
    assert months_after(day, months) == later
