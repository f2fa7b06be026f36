"""The verdict on a whole session: one tray in doubt puts it under review; the sure keep theirs."""

import pytest

from edge.domain.records import Stray, TrayEvidence
from edge.domain.values import Sku, TrayId
from edge.domain.verdict import NOTHING, in_doubt, verdict_of


def tray(id, verdict, *reasons, **goods):
    return TrayEvidence(TrayId(id), verdict, tuple(sorted(goods.items())), None, None, None, reasons)


def stray(home, to, sure=True):
    return Stray(Sku("A"), 1, TrayId(home), TrayId(to), sure)


def said(verdict):
    return {each.tray: (each.verdict, each.reasons) for each in verdict.trays}


SOLD, STILL, DOUBT = tray("1", "charge", A=1), tray("2", "empty"), tray("3", "review", "swap", C=1)


@pytest.mark.parametrize(
    ("trays", "verdict", "reasons"),
    [
        pytest.param((), "empty", (), id="no tray"),
        pytest.param((STILL,), "empty", (), id="nothing left"),
        pytest.param((SOLD, STILL), "charge", (), id="something sure left"),
        pytest.param((tray("1", "charge", A=-3),), "charge", (), id="something sure came in"),
        pytest.param((SOLD, STILL, DOUBT), "review", ("swap",), id="one in doubt"),
        pytest.param(
            (DOUBT, tray("4", "review", "bulk", "swap")), "review", ("bulk", "swap"), id="each reason once"
        ),
        pytest.param((tray("3", "review", "silent_tray"),), "review", ("silent_tray",), id="a silent tray"),
    ],
)
def test_the_whole_is_as_sure_as_its_least_sure_tray(trays, verdict, reasons):
    found = verdict_of(trays)
    assert (found.verdict, found.trays, found.reasons) == (verdict, trays, reasons)


def test_a_reason_no_tray_has_by_itself_stands_beside_theirs():
    assert verdict_of((DOUBT,), also=["unseen", "swap"]).reasons == ("swap", "unseen")
    assert verdict_of((SOLD,), also=["unseen"]).reasons == ("unseen",)


@pytest.mark.parametrize(
    ("home", "to", "sure"),
    [("1", "2", True), ("2", "1", True), ("1", "3", False), ("3", "1", False), ("2", "9", True)],
)
def test_what_strayed_is_sure_only_where_neither_tray_is_in_doubt(home, to, sure):
    """It is told all the same: what may lie on a tray holds that tray back."""
    found = verdict_of((SOLD, STILL, DOUBT), (stray(home, to),))
    assert found.strays == (stray(home, to, sure),)


def test_doubt_reaches_only_trays_where_something_happened():
    found = in_doubt(verdict_of((SOLD, STILL)), "reopened")
    assert said(found) == {"1": ("review", ("reopened",)), "2": ("empty", ())}
    assert (found.verdict, found.reasons) == ("review", ("reopened",))
    assert in_doubt(verdict_of((STILL,)), "reopened").verdict == "empty"
    assert in_doubt(NOTHING, "reopened") == NOTHING


def test_doubt_reaches_both_trays_of_a_stray_and_then_nothing_strayed_for_sure():
    found = in_doubt(verdict_of((SOLD, STILL, tray("4", "empty")), (stray("2", "4"),)), "reopened")
    assert {id: verdict for id, (verdict, _) in said(found).items()} == {
        "1": "review",
        "2": "review",
        "4": "review",
    }
    assert found.strays == (stray("2", "4", sure=False),)


@pytest.mark.parametrize(
    ("only", "doubted"),
    [((), []), (("1",), ["1"]), (("2",), ["2"]), (("5",), []), (("1", "5"), ["1"])],
)
def test_doubt_may_be_held_to_some_trays(only, doubted):
    before = verdict_of((SOLD, STILL, tray("4", "empty"), tray("5", "empty")), (stray("2", "4"),))
    found = in_doubt(before, "unseen", only=only)
    assert [id for id, (verdict, _) in said(found).items() if verdict == "review"] == doubted
    assert found.strays == (stray("2", "4", sure="2" not in doubted),)
    if not doubted:
        assert found == before


def test_a_tray_in_doubt_keeps_its_guess_and_its_first_reasons():
    (found,) = in_doubt(verdict_of((DOUBT,)), "unseen").trays
    assert (found.goods, found.reasons) == ((("C", 1),), ("swap", "unseen"))


def test_reasons_of_the_whole_outlive_further_doubt():
    assert in_doubt(verdict_of((DOUBT,), also=["bad_planogram"]), "unseen").reasons == (
        "bad_planogram",
        "swap",
        "unseen",
    )
