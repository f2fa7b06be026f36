"""Visits that counting could not settle: goods of one tray on another, goods that share a tray, two hands."""

from random import Random

import pytest

from edge.domain.requests import Accepted, Refused
from edge.flights import line_of
from edge.session_lines import recording_of
from edge.weighing.recogniser import recognise
from hardware_sim.shopper import visit
from tests.journeys.conftest import Rig

WATER, TEA, NOODLES, SPICY, WALNUTS = "1-01", "1-02", "2-01", "2-02", "2-03"
LIGHT, HEAVY = "LG-KJ-SPICY180", "ZP-KUDZU-300"
TWIN_A, TWIN_B = "NS-XG-200", "NS-FUNG-200"


def entered(rig):
    session = rig.open()
    rig.act("open_door")
    return session


def left(rig, session):
    rig.act("close_door", wait=0.0)
    return rig.settled(session, 25.0)


# --- goods elsewhere -------------------------------------------------------------------------------
def test_a_stray_is_booked_where_it_lies_and_sold_from_there_at_its_own_price(rig):
    session = entered(rig)
    rig.act("take", tray=NOODLES, count=1)
    rig.act("put_back", tray=SPICY, sku="LG-KJ-NOOD270")
    rig.act("take", tray=WATER, count=1)
    assert left(rig, session).state == "SETTLED"
    assert rig.sold() == {(WATER, "ZY-WATER-500"): 1}
    rig.run(2.0)
    session = entered(rig)
    rig.act("take", tray=SPICY, sku="LG-KJ-NOOD270", count=1)
    receipt = left(rig, session)
    assert receipt.state == "SETTLED"
    assert receipt.total_fen == 990
    assert rig.sold()[SPICY, "LG-KJ-NOOD270"] == 1
    assert rig.ledger.on_hand()[SPICY, "LG-KJ-NOOD270"] == 0


def test_a_restart_does_not_take_a_stray_off_the_books(rig):
    session = entered(rig)
    rig.act("take", tray=NOODLES, count=1)
    rig.act("put_back", tray=SPICY, sku="LG-KJ-NOOD270")
    left(rig, session)
    rig.kill()
    rig.start()
    rig.ready()
    assert rig.ledger.on_hand()[SPICY, "LG-KJ-NOOD270"] == 1


def test_another_pack_of_the_same_goods_put_back_for_the_one_taken_is_not_silent(rig):
    """The pack that comes back is lighter by more than its spread: it is not the one that was taken."""
    session = entered(rig)
    rig.act("take", tray=WALNUTS, count=1)
    rig.act("put", tray=WALNUTS, grams=270.0)
    assert left(rig, session).state == "REVIEW"
    assert rig.charged() == {}


def test_a_pack_looked_at_and_put_back_costs_nothing(rig):
    session = entered(rig)
    for _ in range(3):
        rig.act("take", tray=WALNUTS, count=1)
        rig.act("put_back", tray=WALNUTS, count=1)
    assert left(rig, session).state == "EMPTY"
    assert rig.charged() == {}


def test_a_melon_put_in_to_cool_and_taken_away_again_costs_nothing(rig):
    session = entered(rig)
    rig.act("put", tray=SPICY, grams=2350.0, wait=2.0)
    rig.act("take", tray=WATER, count=1)
    rig.act("take", tray=SPICY, grams=2350.0, wait=2.0)
    assert left(rig, session).state == "SETTLED"
    assert rig.charged() == {WATER: 1}


def test_a_melon_left_inside_to_cool_holds_up_its_own_tray_only(rig):
    session = entered(rig)
    rig.act("put", tray=SPICY, grams=2350.0, wait=2.0)
    rig.act("take", tray=WATER, count=1)
    assert left(rig, session).state == "REVIEW"
    assert rig.charged() == {WATER: 1}


@pytest.mark.parametrize("grams", [180.0, 519.0, 1300.0])
def test_a_hand_that_leans_on_a_tray_buys_nothing(rig, grams):
    session = entered(rig)
    rig.act("lean", tray=TEA, grams=grams, seconds=2.5, wait=3.5)
    rig.act("take", tray=WATER, count=2)
    assert left(rig, session).state == "SETTLED"
    assert rig.charged() == {WATER: 2}


def test_a_hand_that_leans_on_one_tray_while_another_is_emptied(rig):
    session = entered(rig)
    rig.act("lean", tray=TEA, grams=800.0, seconds=4.0, wait=0.5)
    rig.act("take", tray=WATER, count=1, wait=1.0)
    rig.act("take", tray=NOODLES, count=1, wait=4.0)
    assert left(rig, session).state == "SETTLED"
    assert rig.charged() == {WATER: 1, NOODLES: 1}


@pytest.mark.parametrize("between", [0.0, 0.1, 0.3])
def test_two_hands_take_at_the_same_time(rig, between):
    session = entered(rig)
    rig.act("take", tray=WATER, count=1, wait=between)
    rig.act("take", tray=WALNUTS, count=2, wait=between)
    rig.act("take", tray=TEA, count=1)
    assert left(rig, session).state == "SETTLED"
    assert rig.charged() == {WATER: 1, WALNUTS: 2, TEA: 1}


@pytest.mark.parametrize("wait", [0.0, 0.05, 0.2])
def test_who_is_first_and_fast_is_charged(tmp_path, outfit, wait):
    """The program has only just started: no tray has been looked at for long."""
    rig = Rig(tmp_path, 1, outfit)
    assert rig.run_until(lambda: bool(rig.views) and rig.view.state == "READY", 20)
    for number, tray in enumerate((WATER, TEA, NOODLES), 1):
        session = rig.open()
        rig.act("open_door", wait=wait)
        rig.act("take", tray=tray, count=1, wait=0.6)
        assert left(rig, session).state == "SETTLED"
        assert sum(rig.charged().values()) == number


# --- goods that share a tray -----------------------------------------------------------------------
def test_goods_that_share_a_tray_are_told_apart_by_weight(shared_rig):
    rig = shared_rig({SPICY: {LIGHT: 5, HEAVY: 5}})
    session = entered(rig)
    rig.act("take", tray=SPICY, sku=HEAVY, count=1)
    rig.act("take", tray=SPICY, sku=LIGHT, count=2)
    rig.act("put_back", tray=SPICY, sku=LIGHT, count=1)
    receipt = left(rig, session)
    assert receipt.state == "SETTLED"
    assert rig.sold() == {(SPICY, HEAVY): 1, (SPICY, LIGHT): 1}
    assert sorted((line.sku, line.count, line.amount_fen) for line in receipt.lines) == [
        (LIGHT, 1, 1580),
        (HEAVY, 1, 3600),
    ]
    assert {(t.tray, t.sku): t.on_hand for t in rig.view.trays if t.tray == SPICY} == {
        (SPICY, LIGHT): 4,
        (SPICY, HEAVY): 4,
    }


def test_a_light_and_a_heavy_one_in_one_grip(shared_rig):
    rig = shared_rig({SPICY: {LIGHT: 5, HEAVY: 5}})
    session = entered(rig)
    rig.act("take", tray=SPICY, sku=HEAVY, count=1, wait=0.0)
    rig.act("take", tray=SPICY, sku=LIGHT, count=1)
    assert left(rig, session).state == "SETTLED"
    assert rig.sold() == {(SPICY, HEAVY): 1, (SPICY, LIGHT): 1}


# --- the question ----------------------------------------------------------------------------------
@pytest.fixture
def twins(shared_rig):
    """Two products of one weight and two prices share a tray: no scale can tell which was taken."""
    return shared_rig({SPICY: {TWIN_A: 5, TWIN_B: 5}})


def asked(rig):
    """A visitor took one of the twins and a water, shut the door and is asked; gives the session."""
    session = entered(rig)
    rig.act("take", tray=WATER, count=1)
    rig.act("take", tray=SPICY, sku=TWIN_B, count=1)
    rig.act("close_door", wait=0.0)
    assert rig.run_until(lambda: rig.sessions[session].question is not None, 5.0)
    return session


def choice_of(rig, session, sku):
    options = rig.sessions[session].question.options
    (number,) = [n for n, option in enumerate(options) if sku in {line.sku for line in option.lines}]
    return number


@pytest.mark.parametrize("phone", [True, False])
def test_the_buyer_says_which_of_two_it_was(twins, phone):
    session = asked(twins)
    question = twins.view.basket.question
    assert question == twins.sessions[session].question
    assert sorted(option.total_fen for option in question.options) == [4330, 4550]
    assert twins.charged() == {}
    answer = twins.answer(choice_of(twins, session, TWIN_B), session if phone else None)
    assert isinstance(answer, Accepted)
    assert twins.settled(session).total_fen == 4550
    assert twins.sold() == {(WATER, "ZY-WATER-500"): 1, (SPICY, TWIN_B): 1}


@pytest.mark.parametrize("answer", [None, "nobody"])
def test_without_an_answer_the_tray_goes_to_review_and_the_rest_is_charged(twins, answer):
    session = asked(twins)
    began = twins.now
    if answer is None:
        twins.answer(None, session)
    receipt = twins.settled(session, 20.0)
    assert receipt.state == "REVIEW"
    assert twins.charged() == {WATER: 1}
    assert twins.now - began < (1.0 if answer is None else 16.0)


def test_a_question_is_answered_once_and_by_nobody_else(twins):
    session = asked(twins)
    stranger = twins.answer(0, "f" * 32)
    assert isinstance(stranger, Refused)
    twins.answer(choice_of(twins, session, TWIN_A), session)
    late = twins.answer(choice_of(twins, session, TWIN_B) if twins.sessions[session].question else 1)
    assert late.code == "NOT_ASKED"
    assert twins.sold() == {(WATER, "ZY-WATER-500"): 1, (SPICY, TWIN_A): 1}


def test_a_door_forced_while_the_buyer_is_asked_settles_nothing(twins):
    session = asked(twins)
    twins.act("force_door")
    twins.act("take", tray=TEA, count=1)
    assert left(twins, session).state == "REVIEW"
    assert twins.charged() == {}


def test_a_kill_while_the_buyer_is_asked_charges_what_is_sure_and_asks_nobody(twins):
    session = asked(twins)
    twins.kill()
    twins.start()
    assert twins.settled(session, 20.0).state == "REVIEW"
    assert twins.charged() in ({}, {WATER: 1})


# --- recordings ------------------------------------------------------------------------------------
def replayed(rig, session):
    """What ``counter recognise`` makes of the recording, tray by tray."""
    found = recognise(recording_of(line_of(rig.flights[session])))
    return {tray.tray: (str(tray.say), tray.goods) for tray in found.trays if tray.goods or tray.reasons}


def settled_as(rig, session):
    (closed,) = [event for event in rig.events("session.closed.v1") if event["session"] == session]
    return {
        tray["tray"]: (tray["verdict"], tuple((good["sku"], good["count"]) for good in tray["goods"]))
        for tray in closed["trays"]
        if tray["goods"] or tray["reasons"]
    }


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 4))])
def test_a_session_replays_to_the_verdict_it_was_settled_by(make_rig, seed):
    rig, random = make_rig(seed), Random(f"{seed}/replay")
    for _ in range(4):
        session = rig.open()
        for delay, act in visit(random, rig.truly_on()).steps:
            rig.run(delay)
            rig.act(**act, wait=0.0)
        rig.settled(session)
        assert replayed(rig, session) == settled_as(rig, session)
        rig.run(2.0)


def test_a_session_with_a_silent_tray_replays_to_the_same_verdict(rig):
    session = entered(rig)
    rig.act("fault", name="tray_silent", tray=TEA, wait=2.0)
    rig.act("take", tray=WATER, count=1, wait=4.0)
    assert left(rig, session).state == "REVIEW"
    assert replayed(rig, session) == settled_as(rig, session)
