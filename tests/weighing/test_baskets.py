"""What the best baskets mean tray by tray, and which units lie on a wrong tray."""

import pytest

from edge.weighing.recogniser import recognise

NOODLES = ("noodles", 278.0, 6.0, 10)
OIL = ("oil", 986.0, 9.0, 4)
TEA = ("tea", 133.0, 3.0, 10)
A, B, C = ("a", 100.0, 3.0, 5), ("b", 150.0, 3.0, 5), ("c", 250.0, 3.0, 5)


def test_each_alternative_says_which_tray_its_goods_left(film):
    verdict = recognise(film([TEA], [A, B, C]).load(2, 0, -133).load(5, 1, -250).recording())
    found = {choice.goods: dict(choice.trays) for choice in verdict.alternatives}
    assert found[("c", 1), ("tea", 1)] == {"1-01": (("tea", 1),), "1-02": (("c", 1),)}
    assert found[("a", 1), ("b", 1), ("tea", 1)] == {"1-01": (("tea", 1),), "1-02": (("a", 1), ("b", 1))}


def test_the_first_alternative_is_the_basket_as_the_trays_have_it(film):
    verdict = recognise(film([TEA], [NOODLES], [OIL]).load(2, 0, -266).load(5, 2, -986).recording())
    first = verdict.alternatives[0]
    assert (first.goods, first.p) == (verdict.basket, verdict.p)
    assert first.trays == tuple((tray.tray, tray.goods) for tray in verdict.trays if tray.goods)


def test_an_untouched_counter_has_an_alternative_without_trays(film):
    assert recognise(film([TEA]).recording(until=6.0)).alternatives[0].trays == ()


@pytest.mark.parametrize(
    ("moves", "strays", "goods"),
    [
        pytest.param([(2, 0, -278)], [], {"1-01": (("noodles", 1),)}, id="taken"),
        pytest.param([(2, 0, -278), (5, 0, 278)], [], {}, id="put back"),
        pytest.param([(2, 0, -278), (5, 1, 278)], [("1-01", "1-02", "noodles", 1)], {}, id="put elsewhere"),
        pytest.param([(2, 0, -278), (5, 1, 278), (8, 1, -278), (11, 0, 278)], [], {}, id="and brought home"),
        pytest.param(
            [(2, 0, -278), (5, 1, 278), (8, 1, -278), (11, 2, 278)],
            [("1-01", "1-03", "noodles", 1)],
            {},
            id="and on to a third tray",
        ),
        pytest.param(
            [(2, 0, -278), (5, 1, 278), (8, 1, -278)],
            [("1-01", "1-02", "noodles", 1)],
            {"1-02": (("noodles", 1),)},
            id="and taken from there: that tray had to have it first",
        ),
        pytest.param(
            [(2, 0, -278), (5, 1, 278), (8, 0, -278), (11, 1, 278)],
            [("1-01", "1-02", "noodles", 2)],
            {},
            id="two of them",
        ),
    ],
)
def test_strays_and_goods_together_are_what_changed_on_the_trays(film, moves, strays, goods):
    visit = film([NOODLES], [OIL], [TEA])
    for move in moves:
        visit.load(*move)
    verdict = recognise(visit.recording())
    assert list(verdict.strays) == strays
    assert {tray.tray: tray.goods for tray in verdict.trays if tray.goods} == goods
