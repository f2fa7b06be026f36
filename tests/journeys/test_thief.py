"""A thief's and a bad day's tricks: none makes the counter charge wrongly, lose a sale or forget a doubt."""

import pytest

from edge.domain.restock_view import SetCount, SetStock
from edge.domain.values import Kind
from edge.flights import Flights, line_of
from edge.session_lines import recording_of

WATER, TEA, NOODLES, SPICY, WALNUTS, MUSHROOMS = "1-01", "1-02", "2-01", "2-02", "2-03", "2-04"
TWIN_A, TWIN_B = "NS-XG-200", "NS-FUNG-200"


def entered(rig, **words):
    session = rig.open(**words)
    rig.act("open_door")
    return session


def left(rig, session):
    rig.act("close_door", wait=0.0)
    if rig.view.state == "RESTOCKING":
        rig.sign()
    return rig.settled(session, 25.0)


def restocking(rig):
    return entered(rig, account="demo-restock", kind=Kind.RESTOCK)


# --- something that lies there and is no goods of ours ---------------------------------------------
def test_a_forgotten_bottle_carried_over_another_tray_is_not_sold_from_there(rig):
    rig.visit(("put", {"tray": WATER, "grams": 519.0}))
    rig.run(9.0)
    session = entered(rig)
    rig.act("take", tray=WATER, grams=519.0)
    rig.act("put_back", tray=TEA, grams=519.0)
    rig.act("take", tray=TEA, grams=519.0)
    assert left(rig, session).state == "REVIEW"
    assert rig.charged() == {}


def test_what_was_put_on_a_silent_tray_is_not_sold_to_who_fetches_it(rig):
    session = entered(rig)
    rig.act("fault", name="tray_silent", tray=WATER, wait=2.0)
    rig.act("put", tray=WATER, grams=519.0, wait=2.0)
    left(rig, session)
    rig.act("clear", name="tray_silent", wait=40.0)
    session = entered(rig)
    rig.act("take", tray=WATER, grams=519.0)
    left(rig, session)
    assert rig.charged() == {}


def test_what_was_put_in_by_force_is_not_sold_to_who_fetches_it(rig):
    rig.act("force_door")
    rig.act("put", tray=WATER, grams=519.0)
    rig.act("close_door", wait=5.0)
    session = entered(rig)
    rig.act("take", tray=WATER, grams=519.0)
    left(rig, session)
    assert rig.charged() == {}


def test_two_things_of_ones_own_carried_over_the_trays_are_not_sold(rig):
    """One of them weighs like a tea: what it was on the first tray is in doubt, so it is on the second."""
    session = entered(rig)
    for grams in (191.0, 202.0):
        rig.act("put", tray=TEA, grams=grams)
    rig.act("take", tray=TEA, grams=191.0)
    rig.act("put_back", tray=SPICY, grams=191.0)
    rig.act("take", tray=SPICY, grams=191.0)
    rig.act("take", tray=TEA, grams=202.0)
    left(rig, session)
    assert rig.charged() == {}


# --- strays ----------------------------------------------------------------------------------------
def strayed(rig, sku, home, to):
    session = entered(rig)
    rig.act("take", tray=home, sku=sku, count=1)
    rig.act("put_back", tray=to, sku=sku)
    left(rig, session)
    rig.run(2.0)


def test_staff_who_carry_a_stray_home_take_it_off_the_books_where_it_lay(rig):
    strayed(rig, "LG-KJ-NOOD270", NOODLES, SPICY)
    session = restocking(rig)
    rig.act("move", tray=SPICY, to=NOODLES, sku="LG-KJ-NOOD270", count=1)
    rig.act("put", tray=SPICY, sku="LG-KJ-SPICY180", count=1)
    assert left(rig, session).state == "SETTLED"
    assert rig.ledger.on_hand()[NOODLES, "LG-KJ-NOOD270"] == 8
    assert rig.ledger.on_hand()[SPICY, "LG-KJ-NOOD270"] == 0
    assert rig.ledger.on_hand()[SPICY, "LG-KJ-SPICY180"] == 9


def test_a_stray_twin_that_staff_carried_home_is_not_sold_to_the_next_buyers(shared_rig):
    rig = shared_rig({SPICY: {TWIN_A: 1}, WALNUTS: {TWIN_B: 4}})
    strayed(rig, TWIN_B, WALNUTS, SPICY)
    session = restocking(rig)
    rig.act("move", tray=SPICY, to=WALNUTS, sku=TWIN_B, count=1)
    rig.act("close_door", wait=0.0)
    rig.stage_of_staff("SHEET")
    assert ("UNSURE", SPICY) in rig.task.blockers
    rig.taps(
        SetStock(tray=SPICY, sku=TWIN_A, count=1),
        SetStock(tray=SPICY, sku=TWIN_B, count=0, reason="送回"),
        SetCount(tray=WALNUTS, sku=TWIN_B, count=0, reason="送回"),
        SetStock(tray=WALNUTS, sku=TWIN_B, count=4, reason="送回"),
    )
    rig.sign()
    assert rig.settled(session).state == "SETTLED"
    rig.run(2.0)
    session = entered(rig)
    rig.act("take", tray=SPICY, sku=TWIN_A, count=1)
    left(rig, session)
    assert (SPICY, TWIN_B) not in rig.sold()


def test_a_new_planogram_for_other_trays_does_not_make_a_stray_its_neighbours(shared_rig):
    rig = shared_rig({SPICY: {TWIN_A: 5}, WALNUTS: {TWIN_B: 5}})
    strayed(rig, TWIN_B, WALNUTS, SPICY)
    rig.replan({TEA: "BH-MG-DRINK310"})
    session = entered(rig)
    rig.act("take", tray=SPICY, sku=TWIN_B, count=1)
    left(rig, session)
    assert (SPICY, TWIN_A) not in rig.sold()


def test_which_of_two_twins_strayed_is_not_guessed(shared_rig):
    rig = shared_rig({SPICY: {TWIN_A: 4}, WALNUTS: {TWIN_B: 4}})
    strayed(rig, TWIN_B, WALNUTS, SPICY)
    strayed(rig, TWIN_A, SPICY, NOODLES)
    for tray, sku in ((SPICY, TWIN_B), (NOODLES, TWIN_A)):
        session = entered(rig)
        rig.act("take", tray=tray, sku=sku, count=1)
        left(rig, session)
        rig.run(2.0)
    assert rig.charged() == {}


def test_a_piece_that_is_one_of_two_twins_is_not_sold_as_the_goods_it_lies_among(shared_rig):
    rig = shared_rig({SPICY: {TWIN_A: 4}, WALNUTS: {TWIN_B: 4}})
    strayed(rig, TWIN_B, WALNUTS, SPICY)
    strayed(rig, TWIN_A, SPICY, WALNUTS)
    session = entered(rig)
    rig.act("take", tray=WALNUTS, sku=TWIN_A, count=1)
    assert left(rig, session).state == "REVIEW"
    assert rig.charged() == {}


def test_two_twins_that_strayed_at_once_are_not_taken_for_each_other(shared_rig):
    rig = shared_rig({MUSHROOMS: {TWIN_A: 4}, WALNUTS: {TWIN_B: 4}})
    session = entered(rig)
    rig.act("take", tray=MUSHROOMS, count=1)
    rig.act("take", tray=WALNUTS, count=1)
    rig.act("put_back", tray=SPICY, sku=TWIN_A)
    rig.act("put_back", tray=NOODLES, sku=TWIN_B)
    left(rig, session)
    assert rig.sold() == {}
    for tray, sku, other in ((SPICY, TWIN_A, TWIN_B), (NOODLES, TWIN_B, TWIN_A)):
        session = entered(rig)
        rig.act("take", tray=tray, sku=sku, count=1)
        left(rig, session)
        rig.run(2.0)
        assert (tray, other) not in rig.sold()


def test_a_stray_is_not_sold_when_the_goods_it_belongs_to_have_expired(rig):
    strayed(rig, "LG-KJ-NOOD270", NOODLES, SPICY)
    rig.visit(("take", {"tray": NOODLES, "count": 7}))
    rig.expire(NOODLES)
    assert rig.refused() == "EXPIRED_GOODS"


# --- power cuts ------------------------------------------------------------------------------------
def test_a_tray_that_never_rests_after_a_restart_is_looked_at(rig):
    session = entered(rig)
    rig.kill()
    rig.start()
    rig.run(3.0)
    rig.act("take", tray=WATER, count=1, wait=0.2)
    rig.act("fault", name="tray_unstable", tray=WATER, wait=1.0)
    assert left(rig, session).state == "REVIEW"


@pytest.mark.parametrize("dead_s", [1.0, 30.0])
def test_a_hand_that_leans_through_a_power_cut_buys_nothing(rig, dead_s):
    session = entered(rig)
    rig.act("lean", tray=WATER, grams=1038.0, seconds=4.0, wait=2.5)
    rig.kill()
    rig.now += dead_s
    rig.start()
    rig.run(5.0)
    left(rig, session)
    assert rig.charged() == {}


# --- quick and slow --------------------------------------------------------------------------------
def test_a_take_in_the_first_second_is_sold(rig):
    rig.visit(("take", {"tray": TEA, "count": 1}))
    rig.run(0.3)
    rig.open()
    rig.act("open_door", wait=0.0)
    rig.act("take", tray=WATER, count=1, wait=0.4)
    rig.act("close_door", wait=0.0)
    rig.run(8.0)
    assert rig.charged() == {TEA: 1, WATER: 1}


# --- the question ----------------------------------------------------------------------------------
@pytest.mark.parametrize("said", [TWIN_A, TWIN_B])
def test_what_was_put_elsewhere_is_booked_whatever_the_buyer_answers(shared_rig, said):
    rig = shared_rig({SPICY: {TWIN_A: 5, TWIN_B: 5}})
    session = entered(rig)
    rig.act("move", tray=NOODLES, to=WALNUTS, count=1, sku="LG-KJ-NOOD270")
    rig.act("take", tray=SPICY, sku=TWIN_B, count=1)
    rig.act("close_door", wait=0.0)
    assert rig.run_until(lambda: rig.sessions[session].question is not None, 6.0)
    options = rig.sessions[session].question.options
    (number,) = [n for n, option in enumerate(options) if said in {line.sku for line in option.lines}]
    rig.answer(number, session)
    rig.settled(session)
    assert rig.ledger.on_hand().get((WALNUTS, "LG-KJ-NOOD270")) == 1


@pytest.mark.parametrize("said", [TWIN_A, TWIN_B])
def test_an_answer_leaves_no_unknown_piece_to_be_sold(shared_rig, said):
    rig = shared_rig({SPICY: {TWIN_A: 4}, WALNUTS: {TWIN_B: 4}})
    session = entered(rig)
    rig.act("move", tray=WALNUTS, to=SPICY, sku=TWIN_B, count=1)
    rig.act("take", tray=SPICY, sku=said, count=1)
    rig.act("close_door", wait=0.0)
    assert rig.run_until(lambda: rig.sessions[session].question is not None, 6.0)
    options = rig.sessions[session].question.options
    (number,) = [n for n, option in enumerate(options) if said in {line.sku for line in option.lines}]
    rig.answer(number, session)
    rig.settled(session)
    paid = rig.sold()
    session = entered(rig)
    rig.act("take", tray=SPICY, sku=TWIN_A if said == TWIN_B else TWIN_B, count=1)
    left(rig, session)
    wrong = (SPICY, said)
    assert rig.sold().get(wrong, 0) == paid.get(wrong, 0)


def test_what_was_put_on_the_tray_in_question_is_booked_when_it_was_answered(shared_rig):
    rig = shared_rig({SPICY: {TWIN_A: 5, TWIN_B: 5}})
    session = entered(rig)
    rig.act("move", tray=NOODLES, to=SPICY, count=1, sku="LG-KJ-NOOD270")
    rig.act("take", tray=SPICY, sku=TWIN_B, count=1)
    rig.act("close_door", wait=0.0)
    assert rig.run_until(lambda: rig.sessions[session].question is not None, 6.0)
    rig.answer(0, session)
    rig.settled(session)
    assert rig.ledger.on_hand().get((SPICY, "LG-KJ-NOOD270")) == 1


# --- recordings ------------------------------------------------------------------------------------
def test_a_line_that_a_full_disk_cut_short_spoils_no_later_recording(rig, tmp_path):
    sessions = [rig.visit(("take", {"tray": WATER, "count": 1})).session for _ in range(2)]
    folder, (first, second) = tmp_path / "flights", [rig.flights[each] for each in sessions]
    folder.mkdir()
    file = folder / f"{first.day.isoformat()}.jsonl"
    file.write_bytes(line_of(first)[:200])
    flights = Flights(folder, days=7)
    flights.keep(second)
    flights.keep(first)
    _, *whole = file.read_bytes().splitlines()
    assert [recording_of(line).id for line in whole] == [sessions[1], sessions[0]]


def test_a_piece_that_strayed_from_a_tray_in_doubt_is_not_sold_as_another_trays_own(shared_rig):
    """It is booked nowhere, for nobody is sure of it: the tray it may lie on is held back."""
    rig = shared_rig({WALNUTS: {TWIN_B: 4}, NOODLES: {"HY-DFG-200": 4}})
    session = entered(rig)
    rig.act("put", tray=WALNUTS, grams=640.0, wait=2.0)
    rig.act("move", tray=WALNUTS, to=NOODLES, sku=TWIN_B, count=1, wait=2.0)
    assert left(rig, session).state == "REVIEW"
    rig.run(2.0)
    session = entered(rig)
    rig.act("take", tray=NOODLES, sku=TWIN_B, count=1)
    assert left(rig, session).state == "REVIEW"
    assert rig.sold() == {}
