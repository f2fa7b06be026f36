"""Which strays can be booked: those that no other goods of their weight could be."""

import pytest

from edge.domain.values import Sku, TrayId
from edge.weighing.lookalikes import sure_strays
from edge.weighing.recording import Stocked, StockedTray
from edge.weighing.verdict import Action, Happened, Say, Stray, TrayVerdict, Verdict

HOME, SHELF, OTHER = TrayId("1"), TrayId("2"), TrayId("3")
A, B, HEAVY = Sku("A"), Sku("B"), Sku("HEAVY")
UNITS = {A: 212.0, B: 213.0, HEAVY: 519.0}


def tray(name, **counts):
    return StockedTray(name, tuple(Stocked(Sku(sku), UNITS[Sku(sku)], 7.0, n) for sku, n in counts.items()))


def found(stray, *events, goods=()):
    left = TrayVerdict(stray.lies_on, Say.CHARGE, None, None, goods, (), ())
    told = tuple(Happened(float(at), *event, 1) for at, event in enumerate(events))
    return Verdict(Say.EMPTY, (), 1.0, 50.0, (), (left,), told, (), (stray,))


MOVED = ((HOME, Action.TAKE, A), (SHELF, Action.MISPLACED, A))


@pytest.mark.parametrize(
    ("home", "events", "goods", "sure"),
    [
        pytest.param({"A": 4, "HEAVY": 4}, MOVED, (), True, id="nothing of its weight lay there"),
        pytest.param({"A": 4, "B": 1}, MOVED, (), False, id="its twin lay there"),
        pytest.param({"A": 4, "B": 0}, MOVED, (), True, id="its twin is planned there and sold out"),
        pytest.param({"A": 4, "B": 1}, MOVED, ((A, 1),), True, id="one of them was then bought from there"),
        pytest.param(
            {"A": 4}, ((HOME, Action.MISPLACED, B), *MOVED), (), False, id="its twin was put there before"
        ),
    ],
)
def test_a_stray_is_sure_where_it_can_be_no_other(home, events, goods, sure):
    stray = Stray(HOME, SHELF, A, 1)
    trays = [tray(HOME, **home), tray(SHELF, HEAVY=3), tray(OTHER, B=3)]
    assert list(sure_strays(found(stray, *events, goods=goods), trays)) == ([stray] if sure else [])
