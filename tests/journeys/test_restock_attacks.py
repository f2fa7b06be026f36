"""What a thief, a liar, a hasty hand and a power cut do to a restock: each row was a hole, or nearly one."""

from dataclasses import replace
from datetime import date

import pytest

from edge.domain.gate import Recalls
from edge.domain.requests import Refused, SignedIn
from edge.domain.restock_view import (
    Finish,
    Leave,
    OpenDoor,
    SetCount,
    SetLot,
    SetPull,
    SetStock,
    Undo,
)
from edge.domain.values import Kind
from tests.journeys.conftest import PINS

BADGE = "0013579024"
WATER, TEA, NOODLES, MASK = "1-01", "1-02", "2-01", "3-03"
SKU = {WATER: "ZY-WATER-500", TEA: "PL-TEA-125", NOODLES: "LG-KJ-NOOD270", MASK: "SQ-SILK-MASK"}


def put(tray, count, sku=None):
    return "put", {"tray": tray, "sku": sku or SKU[tray], "count": count}


def took(tray, count):
    return "take", {"tray": tray, "count": count}


def booked(rig, tray):
    return rig.query("SELECT sum(count) FROM stock_movement WHERE tray = ?", tray)[0][0]


def moved(rig):
    return rig.query("SELECT tray, kind, count FROM stock_movement WHERE session IS NOT NULL ORDER BY n")


def refused(answer):
    assert isinstance(answer, Refused), answer
    return answer.code


def alter(rig, login, **words):
    """Another roster arrives, in which this account is another; ``gone=True``: in which it is not."""
    accounts = dict(rig.goods.roster.accounts)
    if words.pop("gone", False):
        del accounts[login]
    else:
        accounts[login] = replace(accounts[login], **words)
    rig._bring(replace(rig.goods, roster=replace(rig.goods.roster, accounts=accounts)))


def bound(rig, supplier="S001"):
    """The restocker may handle goods of this supplier alone."""
    alter(rig, "demo-restock", suppliers=(supplier,))


def stocktake(tray, count, reason="盘点"):
    return SetStock(tray=tray, sku=SKU[tray], count=count, reason=reason)


# --- who may ----------------------------------------------------------------------------------------
def test_an_account_that_is_struck_off_while_signed_in_opens_nothing_any_more(rig):
    rig.sign_in()
    alter(rig, "demo-restock", gone=True)
    assert refused(rig.tap(OpenDoor())) == "NOT_SIGNED_IN"
    assert rig.state["bolt"] == "locked"
    assert rig.task is None


@pytest.mark.parametrize("changes", [{"gone": True}, {"kinds": frozenset({Kind.BUY})}])
def test_an_account_that_is_struck_off_while_its_sheet_waits_neither_opens_nor_signs(rig, changes):
    rig.fill(put(TEA, 1))
    alter(rig, "demo-restock", **changes)
    assert refused(rig.tap(OpenDoor())) == "NOT_SIGNED_IN"
    assert refused(rig.sign_in()) in ("BAD_PIN", "NOT_ALLOWED")
    assert rig.state["bolt"] == "locked"


@pytest.mark.long
def test_a_sheet_that_is_left_signs_its_restocker_out_so_that_nobody_else_opens_with_one_tap(rig):
    rig.fill(put(TEA, 1))
    rig.run(200)
    assert refused(rig.tap(OpenDoor())) == "NOT_SIGNED_IN"
    assert isinstance(rig.sign_in(), SignedIn)
    rig.taps(Finish())
    assert booked(rig, TEA) == rig.truly_on()[TEA]


def test_whoever_comes_upon_a_signed_receipt_cannot_open_the_door_with_it(rig):
    rig.restock(put(TEA, 1))
    assert refused(rig.tap(OpenDoor())) == "NOT_NOW"
    assert rig.state["bolt"] == "locked"


def test_the_document_names_who_signed_it_and_not_who_began(rig):
    second = replace(rig.goods.roster.accounts["demo-restock"], login="second", ref="ref-second")
    accounts = {**rig.goods.roster.accounts, "second": second}
    rig._bring(replace(rig.goods, roster=replace(rig.goods.roster, accounts=accounts)))
    rig.fill(put(TEA, 1))
    first = rig.secret
    assert isinstance(rig.sign_in("second", PINS["demo-restock"]), SignedIn)
    mine, rig.secret = rig.secret, first
    assert refused(rig.tap(Finish())) == "NOT_SIGNED_IN"
    rig.secret = mine
    rig.taps(Finish())
    rig.stage("DONE")
    (told,) = rig.events("restock.finished.v1")
    assert told["signer"] == "ref-second"


def test_a_card_of_ones_own_makes_no_room_for_guessing_others(rig):
    for number in ("1", "2", "3", "4"):
        assert refused(rig.sign_in(badge=number)) == "BAD_PIN"
    assert isinstance(rig.sign_in(badge=BADGE), SignedIn)
    assert refused(rig.sign_in(badge="5")) == "BAD_PIN"
    assert refused(rig.sign_in(badge="6")) == "BLOCKED"
    assert isinstance(rig.sign_in(), SignedIn)  # a PIN still lets in who is shut out by strangers' cards


OTHERS = {
    "pulled off": ([took(TEA, 2)], [SetPull(tray=TEA, sku=SKU[TEA], reason="RETURNED")]),
    "counted away": ([], [stocktake(TEA, 1)]),
    "counted up": (
        [put(TEA, 2)],
        [SetCount(tray=TEA, sku=SKU[TEA], count=0, reason="样品"), stocktake(TEA, 10)],
    ),
    "typed as none": ([put(TEA, 2)], [SetCount(tray=TEA, sku=SKU[TEA], count=0, reason="样品")]),
    "typed as more": ([], [SetCount(tray=TEA, sku=SKU[TEA], count=1, reason="样品")]),
    "swapped": ([], [SetPull(tray=TEA, sku=SKU[TEA], reason="RETURNED", count=2)]),
}


@pytest.mark.parametrize(("acts", "taps"), OTHERS.values(), ids=OTHERS)
def test_another_suppliers_goods_are_out_of_reach_in_every_way(rig, acts, taps):
    bound(rig)
    rig.fill(*acts)
    rig.taps(*taps)
    assert ("OTHER_SUPPLIER", TEA) in rig.task.blockers, (rig.tile(TEA).now, rig.task.blockers)
    assert refused(rig.tap(Finish())) == "UNFINISHED"


def test_anybody_may_clear_away_expired_goods_whosever_they_are(rig):
    bound(rig)
    rig.expire(NOODLES)
    there = rig.truly_on()[NOODLES]
    rig.fill(took(NOODLES, there))
    assert rig.task.blockers == ()
    rig.taps(Finish())
    rig.stage("DONE")


# --- lies ---------------------------------------------------------------------------------------------
def test_no_day_of_any_calendar_stops_the_counter(rig):
    rig.fill(put(TEA, 1))
    for days in ({"produced_on": "9999-12-31"}, {"produced_on": "2026-10-01", "expires_on": "9999-12-31"}):
        assert refused(rig.tap(SetLot(tray=TEA, sku=SKU[TEA], lot="L", **days))) == "NOT_NOW"
    rig.taps(SetLot(tray=TEA, sku=SKU[TEA], lot="L", produced_on="2026-10-01", expires_on="2099-12-31"))
    rig.taps(Finish())
    rig.stage("DONE")


def test_expired_goods_are_not_counted_away_while_they_lie_there(rig):
    rig.expire(NOODLES)
    rig.fill()
    rig.taps(stocktake(NOODLES, 0))
    assert ("EXPIRED_LOT", NOODLES) in rig.task.blockers


def test_expired_goods_are_not_pulled_off_and_brought_again_by_word_alone(rig):
    rig.expire(NOODLES)
    rig.fill()
    there = rig.truly_on()[NOODLES]
    rig.taps(SetPull(tray=NOODLES, sku=SKU[NOODLES], reason="EXPIRED", count=there))
    assert ("EXPIRED_LOT", NOODLES) in rig.task.blockers


def test_goods_that_keep_for_ever_by_their_papers_are_booked(rig):
    for_ever = (replace(each, lot=replace(each.lot, expires_on=date.max)) for each in rig.goods.deliveries)
    rig._bring(replace(rig.goods, deliveries=tuple(for_ever)))
    rig.fill(put(TEA, 1))
    rig.taps(Finish())
    rig.stage("DONE")
    assert rig.query("SELECT kept_until FROM intake") == [("9999-12-31",)]


# --- recalls that come meanwhile ------------------------------------------------------------------------
def recall(rig, tray):
    rig._bring(replace(rig.goods, recalls=Recalls(frozenset({(SKU[tray], None)}))))


def test_goods_that_are_recalled_while_a_buyer_has_the_door_open_are_not_charged(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=TEA, count=1)
    rig.act("take", tray=WATER, count=1)
    recall(rig, TEA)
    rig.act("close_door", wait=0.0)
    assert rig.settled(session).state == "REVIEW"
    assert rig.charged() == {WATER: 1}


def test_goods_that_are_recalled_while_their_sheet_waits_have_to_be_taken_out_again(rig):
    there = booked(rig, TEA)
    rig.fill(put(TEA, 1))
    recall(rig, TEA)
    assert refused(rig.tap(Finish())) == "UNFINISHED"
    rig.open_again()
    rig.act("take", tray=TEA, count=there + 1)
    rig.act("close_door", wait=0.0)
    rig.stage("SHEET")
    assert rig.tile(TEA).pull_reason == "RECALLED"
    rig.taps(Finish())
    rig.stage("DONE")
    assert booked(rig, TEA) == rig.truly_on()[TEA] == 0


# --- races --------------------------------------------------------------------------------------------
def test_a_sheet_is_not_signed_while_its_door_is_being_opened_again(rig):
    rig.fill(put(TEA, 1))
    rig.taps(OpenDoor())
    assert refused(rig.tap(Finish())) == "NOT_NOW"
    assert rig.run_until(lambda: rig.state["bolt"] == "unlocked", 3.0)
    assert refused(rig.tap(Finish())) == "NOT_NOW"
    rig.act("open_door")
    rig.act("put", tray=TEA, sku=SKU[TEA], count=1)
    rig.act("close_door", wait=0.0)
    rig.stage("SHEET")
    rig.taps(Finish())
    rig.stage("DONE")
    assert booked(rig, TEA) == rig.truly_on()[TEA]
    assert "FORCED_ENTRY" not in rig.alarm_kinds()


@pytest.mark.long
def test_a_door_that_was_to_open_again_and_was_never_pulled_can_be_signed_for_once_it_is_locked(rig):
    rig.fill(put(TEA, 1))
    rig.taps(OpenDoor())
    rig.run(40)
    assert rig.state["bolt"] == "locked", rig.state["bolt"]
    rig.taps(Finish())
    rig.stage("DONE")
    assert "FORCED_ENTRY" not in rig.alarm_kinds()


@pytest.mark.long
def test_a_bolt_that_stays_in_behind_a_sheet_is_told_and_the_sheet_waits_for_it(rig):
    rig.fill(put(TEA, 1))
    rig.act("fault", name="not_latching")
    rig.taps(OpenDoor())
    rig.run(40)
    assert rig.state["bolt"] == "unlocked"
    assert "NOT_LOCKED" in rig.alarm_kinds()
    assert refused(rig.tap(Finish())) == "NOT_NOW"
    rig.act("clear", name="not_latching")
    rig.run(5)
    rig.taps(Finish())
    rig.stage("DONE")
    rig.run(5)
    assert "NOT_LOCKED" not in rig.view.alarms


def test_a_door_forced_while_the_sheet_waits_is_counted_anew_and_told(rig):
    rig.fill(put(TEA, 1))
    rig.act("force_door")
    rig.act("take", tray=WATER, count=2)
    rig.act("close_door", wait=0.0)
    rig.stage("SHEET", 20)
    assert "FORCED_ENTRY" in rig.alarm_kinds()
    assert ("PULL_REASON_MISSING", WATER) in rig.task.blockers


def test_signing_twice_and_taking_back_after_it_book_once(rig):
    rig.fill(put(TEA, 1))
    rig.taps(SetStock(tray=WATER, sku=SKU[WATER], count=booked(rig, WATER)))
    rig.taps(Finish())
    assert refused(rig.tap(Finish())) == "NOT_NOW"
    assert refused(rig.tap(Undo())) == "NOT_NOW"
    assert refused(rig.tap(stocktake(TEA, 1))) == "NOT_NOW"
    assert len(rig.events("restock.finished.v1")) == 1
    assert booked(rig, TEA) == rig.truly_on()[TEA]


def test_a_power_cut_while_the_door_is_opened_again_is_no_forced_door(rig):
    rig.fill(put(TEA, 1))
    rig.taps(OpenDoor())
    rig.kill()
    rig.now += 3
    rig.start()
    rig.run(2)
    rig.act("open_door")
    rig.act("put", tray=TEA, sku=SKU[TEA], count=1)
    rig.act("close_door", wait=0.0)
    assert isinstance(rig.sign_in(), SignedIn)
    rig.stage("SHEET", 20)
    rig.taps(SetCount(tray=TEA, sku=SKU[TEA], count=2), Finish())
    rig.stage("DONE")
    assert booked(rig, TEA) == rig.truly_on()[TEA]
    assert "FORCED_ENTRY" not in rig.alarm_kinds()


def test_another_planogram_read_at_a_restart_loses_nothing_of_the_sheet(rig):
    rig.fill(put(TEA, 2))
    before = booked(rig, TEA)
    rig.kill()
    trays = dict(rig.goods.planogram.trays)
    trays[TEA] = (replace(trays[TEA][0], sku="SQ-SILK-MASK"),)
    rig.goods = replace(rig.goods, planogram=replace(rig.goods.planogram, version="another", trays=trays))
    rig.now += 3
    rig.start()
    rig.run(3)
    assert isinstance(rig.sign_in(), SignedIn)
    rig.stage("SHEET", 20)
    rig.taps(Finish())
    rig.stage("DONE")
    assert booked(rig, TEA) == rig.truly_on()[TEA] == before + 2


def test_goods_that_a_stock_take_denies_are_never_charged_wrongly(rig):
    rig.fill()
    rig.taps(stocktake(TEA, 0), Finish())
    rig.stage("DONE")
    rig.taps(Leave())
    rig.run(3)
    assert rig.visit(took(TEA, 1)).state == "REVIEW"
    assert rig.charged() == {}


def test_more_gone_than_booked_is_signed_for_after_a_stock_take(rig):
    rig.fill()
    rig.taps(stocktake(TEA, 2), Finish())
    rig.stage("DONE")
    rig.taps(Leave())
    rig.fill(took(TEA, rig.truly_on()[TEA]))
    rig.taps(SetPull(tray=TEA, sku=SKU[TEA], reason="RETURNED"))
    assert ("MORE_THAN_BOOKED", TEA) in rig.task.blockers
    rig.taps(stocktake(TEA, 0), Finish())
    rig.stage("DONE")
    assert booked(rig, TEA) == 0
