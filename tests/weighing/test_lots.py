"""Which lots lie where: restocks bring them, the oldest goes first, and nothing is invented."""

from dataclasses import dataclass
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.domain.planogram import Facing, planogram_of
from edge.domain.records import Movement
from edge.domain.stock import books_of
from edge.weighing.lots import OPENING, UNKNOWN, named, out_of_place

HERE = ("1-01", "TEA")


@dataclass(frozen=True)
class Move:
    kind: str
    count: int
    tray: str = "1-01"
    sku: str = "TEA"
    lot: str = ""
    produced_on: date | None = None
    expires_on: date | None = None


def lots(*moves):
    return named(books_of(moves).lots.get(HERE, ()))


MAY = date(2027, 5, 1)
OPENED = (Move("RESTOCK", 6), None)
CAME = (Move("RESTOCK", 4), "r-1")


@pytest.mark.parametrize(
    ("moves", "left"),
    [
        pytest.param([OPENED], ((OPENING, 6),), id="opening stock"),
        pytest.param([OPENED, CAME], ((OPENING, 6), ("r-1", 4)), id="a restock is a lot of its own"),
        pytest.param([OPENED, CAME, (Move("SALE", -7), "s-1")], (("r-1", 3),), id="the oldest is sold first"),
        pytest.param([CAME, (Move("PULL_OFF", -4), "r-2")], (), id="pulled off, the lot is gone"),
        pytest.param([CAME, CAME], (("r-1", 8),), id="one restock in two movements is one lot"),
        pytest.param([CAME, (Move("ADJUST", 2), None)], (("r-1", 4), (UNKNOWN, 2)), id="found by a count"),
        pytest.param([CAME, (Move("MISPLACED", 1), "s-1")], (("r-1", 4), (UNKNOWN, 1)), id="a stray"),
        pytest.param([CAME, (Move("SALE", -9), "s-1")], (), id="more sold than booked"),
        pytest.param([(Move("RESTOCK", 5, tray="1-02"), "r-1")], (), id="another tray"),
        pytest.param([(Move("RESTOCK", 5, sku="RICE"), "r-1")], (), id="another product"),
    ],
)
def test_lots_follow_the_books(moves, left):
    assert lots(*moves) == left


@pytest.mark.parametrize(
    ("history", "left"),
    [
        pytest.param([(Move("RESTOCK", 4, lot="L-7"), "r-1")] * 2, (("L-7", 8),), id="by its number"),
        pytest.param(
            [CAME, (Move("RESTOCK", 4, lot="L-7"), "r-2")], (("r-1", 4), ("L-7", 4)), id="where it has one"
        ),
        pytest.param(
            [(Move("RESTOCK", 4, lot="L-7"), "r-1"), (Move("RESTOCK", 4, lot="L-7", expires_on=MAY), "r-2")],
            (("L-7", 8),),
            id="one number, one name",
        ),
        pytest.param([(Move("MISPLACED", 1, lot="L-7"), "s-1")], (("L-7", 1),), id="a stray too"),
    ],
)
def test_a_delivered_lot_is_called_by_its_number(history, left):
    assert lots(*history) == left


def test_a_new_planogram_takes_off_what_it_has_no_place_for_and_leaves_strays():
    history = [
        (Move("RESTOCK", 4, lot="L-7", expires_on=MAY), "r-1"),
        (Move("MISPLACED", 2, lot="L-7", expires_on=MAY, sku="RICE"), "s-1"),
        (Move("RESTOCK", 3, tray="1-02"), None),
    ]
    planned = planogram_of("v2", [Facing("1-01", "OIL", 9, 5, 0), Facing("1-02", "TEA", 9, 5, 0)])
    assert list(out_of_place(books_of(history).lots, planned)) == [
        Movement("1-01", "TEA", "ADJUST", -4, "another product is planned here", "L-7", None, MAY)
    ]


@settings(max_examples=80, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(["RESTOCK", "SALE", "ADJUST"]), st.integers(-6, 6)), max_size=12))
def test_no_piece_is_lost_or_made_while_the_books_stay_above_nothing(moves):
    booked, history = 0, []
    for number, (kind, count) in enumerate(moves):
        count = max(count, -booked)
        if count:
            booked += count
            history.append((Move(kind, count), f"s-{number}"))
    assert sum(count for _, count in lots(*history)) == booked
    assert all(count > 0 for _, count in lots(*history))
