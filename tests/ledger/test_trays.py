"""What one tray said in a past session, read back from a real ledger for the picture of its curve."""

from dataclasses import replace

import pytest

from edge.domain.records import ClosedSession, Happened, TrayEvidence
from edge.domain.values import BuyerRef, Decigrams, Kind, Sku, TrayId
from edge.ledger.trays import tray_of

TRAY = TrayId("1-01")
WATER, TEA = Sku("SX-0001"), Sku("SX-0002")
CURVE = ((-30, 60_000), (25, 60_000), (26, 54_500), (200, 54_510))
TAKEN = TrayEvidence(
    tray=TRAY,
    verdict="charge",
    goods=((WATER, 1),),
    before=Decigrams(60_000),
    after=Decigrams(54_500),
    residual=Decigrams(2),
    events=(Happened(2.5, "TAKE", 1, WATER),),
    curve=CURVE,
)
DOUBTFUL = replace(TAKEN, verdict="review", after=None)


def visit(ledger, facts, evidence, notes=(("door_opened", 2, "boot-1"), ("latched", 19, "boot-1"))):
    """A session without a sale, with ``notes`` (name, seconds, boot) in its journal."""
    ledger.open_stock((facts.restock(10),), facts.at(0))
    ledger.begin_session(facts.opened(1), facts.at(0))
    for name, seconds, boot in notes:
        ledger.journal(facts.id(1), name, {}, facts.at(seconds, boot))
    closed = ClosedSession(
        id=facts.id(1),
        kind=Kind.BUY,
        state="REVIEW",
        opener=BuyerRef("b-1"),
        verdict="review",
        reasons=(),
        opened=facts.at(0),
        closed=facts.at(20),
        catalogue="0123456789abcdef",
        channel="UNIT_HELP",
        trays=(evidence,),
        sale=None,
    )
    ledger.close_session(closed, facts.at(20))


def test_a_tray_is_read_back_as_it_was_told(ledger, facts, path):
    visit(ledger, facts, TAKEN)
    found = tray_of(path, facts.id(1), TRAY)
    assert (found.curve, found.events, found.verdict) == (CURVE, TAKEN.events, "charge")
    assert (found.before, found.after, found.residual) == (60_000, 54_500, 2)
    assert (found.pieces, found.door) == ((10, 9), (2.0, 19.0))


@pytest.mark.parametrize(
    ("evidence", "pieces"),
    [
        pytest.param(replace(TAKEN, goods=((WATER, -2),)), (10, 12), id="more came back than was taken"),
        pytest.param(replace(TAKEN, goods=((WATER, 1), (TEA, 1))), None, id="two products moved"),
        pytest.param(replace(TAKEN, goods=()), None, id="nothing moved"),
        pytest.param(DOUBTFUL, None, id="not sure"),
    ],
)
def test_pieces_are_told_where_one_product_moved_for_sure(ledger, facts, path, evidence, pieces):
    visit(ledger, facts, evidence)
    assert tray_of(path, facts.id(1), TRAY).pieces == pieces


@pytest.mark.parametrize(
    ("notes", "door"),
    [
        pytest.param((), None, id="no word of the door"),
        pytest.param((("door_opened", 2, "boot-1"),), None, id="never latched"),
        pytest.param((("latched", 3, "boot-1"),), None, id="not seen to open"),
        pytest.param(
            (("door_opened", 2, "boot-1"), ("latched", 9, "boot-2")), None, id="restarted meanwhile"
        ),
        pytest.param(
            (("door_opened", 2, "boot-1"), ("latched", 9, "boot-1"), ("latched", 15, "boot-1")),
            (2.0, 15.0),
            id="opened again while settling",
        ),
    ],
)
def test_the_door_is_told_by_the_clock_of_the_grant_alone(ledger, facts, path, notes, door):
    visit(ledger, facts, TAKEN, notes)
    assert tray_of(path, facts.id(1), TRAY).door == door


def test_nothing_is_told_of_another_tray_or_of_a_session_that_is_open(ledger, facts, path):
    visit(ledger, facts, TAKEN)
    assert tray_of(path, facts.id(1), TrayId("9-99")) is None
    assert tray_of(path, facts.id(2), TRAY) is None
    ledger.begin_session(facts.opened(2), facts.at(30))
    assert tray_of(path, facts.id(2), TRAY) is None
