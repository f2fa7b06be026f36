"""The supplier's visit, story by story, over real bytes: counted, refused, typed, signed and booked."""

from dataclasses import replace
from datetime import timedelta

import pytest

from edge.domain.requests import Accepted, Refused, SignedIn
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

WATER, TEA, NOODLES, MASK = "1-01", "1-02", "2-01", "3-03"
BADGE = "0013579024"
SKU = {WATER: "ZY-WATER-500", TEA: "PL-TEA-125", NOODLES: "LG-KJ-NOOD270", MASK: "SQ-SILK-MASK"}


def put(tray, count, sku=None):
    return "put", {"tray": tray, "sku": sku or SKU[tray], "count": count}


def took(tray, count):
    return "take", {"tray": tray, "count": count}


def booked(rig, tray):
    rows = rig.query("SELECT sum(count) FROM stock_movement WHERE tray = ?", tray)
    return rows[0][0]


def moved(rig):
    return rig.query(
        "SELECT tray, sku, kind, count, lot, reason FROM stock_movement WHERE session IS NOT NULL ORDER BY n"
    )


def refused(answer):
    assert isinstance(answer, Refused), answer
    return answer.code


# --- R1: sign-in -----------------------------------------------------------------------------------
def test_r1_who_signs_in_shuts_buyers_out_and_opens_without_an_order(rig):
    assert isinstance(rig.sign_in(), SignedIn)
    assert rig.task.stage == "LIST"
    assert rig.task.title != "demo-restock"
    assert rig.view.state == "RESTOCKING"
    assert rig.refused() == "RESTOCKING"
    rig.taps(Leave())
    assert rig.task is None
    rig.visit(took(WATER, 1))
    assert rig.charged() == {WATER: 1}
    assert rig.query("SELECT count(*) FROM session WHERE kind = 'RESTOCK'") == [(0,)]


def test_r1_five_wrong_pins_lock_the_account_for_a_quarter_of_an_hour(rig):
    for _ in range(5):
        assert refused(rig.sign_in(pin="000000")) == "BAD_PIN"
    assert refused(rig.sign_in()) == "BLOCKED"
    rig.skip(901)
    assert isinstance(rig.sign_in(), SignedIn)


def test_r1_a_badge_signs_in_and_guessing_numbers_is_locked(rig):
    for n in range(4):
        assert refused(rig.sign_in(badge=f"000{n}")) == "BAD_PIN"
    assert isinstance(rig.sign_in(badge=BADGE), SignedIn)
    for n in range(5):
        rig.sign_in(badge=f"000{n}")
    assert refused(rig.sign_in(badge=BADGE)) == "BLOCKED"


def test_a_buyer_is_not_let_in_as_staff_and_nobody_acts_without_signing_in(rig):
    assert refused(rig.sign_in(account="demo-001")) == "NOT_ALLOWED"
    assert refused(rig.tap(OpenDoor())) == "NOT_SIGNED_IN"
    rig.sign_in()
    rig.secret = "0" * 32
    assert refused(rig.tap(OpenDoor())) == "NOT_SIGNED_IN"
    assert rig.state["bolt"] == "locked"


def test_nobody_signs_in_while_a_buyer_shops(rig):
    rig.open()
    rig.act("open_door")
    assert refused(rig.sign_in()) == "BUSY"


def test_who_walks_away_before_the_door_opens_is_signed_out(rig):
    rig.sign_in()
    rig.skip(185)
    assert rig.task is None
    assert rig.view.state == "READY"


# --- R2: goods come in ------------------------------------------------------------------------------
def test_r2_tiles_count_themselves_and_the_signed_sheet_is_booked_with_lot_and_dates(rig):
    before = booked(rig, TEA)
    rig.begin_restock()
    rig.act("put", tray=TEA, sku=SKU[TEA], count=3)
    assert (rig.tile(TEA).before, rig.tile(TEA).brought, rig.tile(TEA).now) == (before, 3, before + 3)
    rig.act("close_door", wait=0.0)
    sheet = rig.stage("SHEET")
    assert sheet.blockers == ()
    assert booked(rig, TEA) == before
    rig.taps(Finish())
    document = rig.stage("DONE").document
    assert moved(rig) == [(TEA, SKU[TEA], "RESTOCK", 3, "示例-T2610", "")]
    (told,) = rig.events("restock.finished.v1")
    assert told["document"] == document
    (line,) = [line for line in told["lines"] if line["brought"]]
    assert (line["tray"], line["brought"], line["weighed"], line["lot"]) == (TEA, 3, 3, "示例-T2610")
    (intake,) = rig.query("SELECT sku, qty, lot, produced_on, expires_on FROM intake")
    assert intake == (SKU[TEA], 3, "示例-T2610", "2026-10-08", "2028-03-31")
    assert rig.truly_on()[TEA] == before + 3


def test_r2_a_typed_count_that_the_scale_denies_needs_a_reason(rig):
    rig.fill(put(TEA, 2))
    rig.taps(SetCount(tray=TEA, sku=SKU[TEA], count=1))
    assert ("COUNT_DIFFERS", TEA) in rig.task.blockers
    assert refused(rig.tap(Finish())) == "UNFINISHED"
    rig.taps(SetCount(tray=TEA, sku=SKU[TEA], count=1, reason="一盒是样品"), Finish())
    rig.stage("DONE")
    assert [row[3:] for row in moved(rig)] == [(1, "示例-T2610", "一盒是样品")]
    assert rig.query("SELECT count(*) FROM calibration WHERE kind = 'UNIT'") == [(0,)]


def test_r2_without_a_lot_the_sheet_cannot_be_signed(rig):
    rig._bring(replace(rig.goods, deliveries=()))
    rig.fill(put(TEA, 1))
    assert ("LOT_MISSING", TEA) in rig.task.blockers
    lot = SetLot(tray=TEA, sku=SKU[TEA], lot="L-1", produced_on="2026-09-01")
    rig.taps(lot)
    assert rig.tile(TEA).lot_expires_on == "2028-02-23"
    rig.taps(Finish())
    rig.stage("DONE")
    rig.taps(Leave())
    rig.fill(put(TEA, 1))
    assert (rig.tile(TEA).lot, rig.task.blockers) == ("L-1", ())


def test_what_was_typed_can_be_taken_back_for_ten_seconds(rig):
    rig.fill(put(TEA, 1))
    rig.taps(SetCount(tray=TEA, sku=SKU[TEA], count=4, reason="x"))
    assert (rig.tile(TEA).brought, rig.task.undo) == (4, "count")
    rig.taps(Undo())
    assert rig.tile(TEA).brought == 1
    rig.taps(SetCount(tray=TEA, sku=SKU[TEA], count=4, reason="x"))
    rig.run(11)
    assert refused(rig.tap(Undo())) == "NOT_NOW"
    assert rig.task.undo == ""


# --- R3, R4: refused ---------------------------------------------------------------------------------
def test_r3_wrong_goods_are_told_on_the_tile_and_cannot_be_signed_for(rig):
    rig.begin_restock()
    rig.act("put", tray=NOODLES, grams=312.0)
    assert rig.tile(NOODLES).problems[0] == "WRONG_GOODS"
    assert abs(rig.tile(NOODLES).seen_g - 312) <= 2
    rig.act("take", tray=NOODLES, grams=312.0)
    assert rig.tile(NOODLES).problems == ()


def test_r3_what_was_put_down_together_with_wrong_goods_is_counted_by_hand_and_borne_out_by_its_weight(rig):
    there = rig.truly_on()[NOODLES]
    rig.begin_restock()
    rig.act("put", tray=NOODLES, grams=312.0, wait=0.0)
    rig.act("put", tray=NOODLES, sku=SKU[NOODLES], count=1)
    stock = SetStock(tray=NOODLES, sku=SKU[NOODLES], count=there + 1, reason="数过")
    rig.taps(stock)
    assert rig.tile(NOODLES).problems[0] == "WRONG_GOODS"
    rig.act("take", tray=NOODLES, grams=312.0)
    rig.act("close_door", wait=0.0)
    assert rig.stage("SHEET").blockers == ()
    rig.taps(SetStock(tray=NOODLES, sku=SKU[NOODLES], count=there - 1, reason="数错"))
    assert rig.task.blockers == (("WRONG_GOODS", NOODLES),)
    rig.taps(stock, Finish())
    rig.stage("DONE")
    assert booked(rig, NOODLES) == rig.truly_on()[NOODLES] == there + 1


def test_goods_that_another_plan_has_no_place_for_are_taken_out_counted_and_signed(rig):
    """They are off the books already: their weight is no product of the tray, yet nothing wrong came."""
    there = rig.truly_on()[NOODLES]
    rig.replan({NOODLES: SKU[TEA]})
    rig.run(3)
    rig.begin_restock()
    rig.act("take", tray=NOODLES, count=there)
    assert rig.tile(NOODLES).problems[0] == "UNSURE"
    rig.act("put", tray=NOODLES, sku=SKU[TEA], count=2)
    rig.act("close_door", wait=0.0)
    rig.stage("SHEET")
    assert rig.task.blockers == (("UNSURE", NOODLES),)
    rig.taps(SetStock(tray=NOODLES, sku=SKU[TEA], count=2), Finish())
    rig.stage("DONE")
    assert booked(rig, NOODLES) == rig.truly_on()[NOODLES] == 2


def test_r3_an_expired_lot_and_one_in_its_block_window_are_refused(rig):
    rig.fill(put(TEA, 1))
    rig.taps(SetLot(tray=TEA, sku=SKU[TEA], lot="OLD", produced_on="2024-01-01", expires_on="2026-01-01"))
    assert ("EXPIRED", TEA) in rig.task.blockers


@pytest.mark.parametrize(
    ("sku", "code"),
    [
        ("X-NOODLE-1KG", "CERT_EXPIRED"),
        ("X-JELLY-150", "CERT_SUSPENDED"),
        ("X-TEACAKE-120", "CERT_PENDING"),
        ("X-COLA-330", "CERT_NONE"),
    ],
)
def test_r3_each_negative_product_is_refused_for_its_own_reason_offline(rig, sku, code):
    rig.replan({TEA: sku})
    rig.run(3)
    rig.fill(put(TEA, 2, sku))
    assert rig.tile(TEA).problems[0] == code
    assert refused(rig.tap(Finish())) == "UNFINISHED"


def test_r3_another_suppliers_goods_are_refused_to_who_may_only_bring_their_own(rig):
    roster = dict(rig.goods.roster.accounts)
    roster["demo-restock"] = replace(roster["demo-restock"], suppliers=("S001",))
    rig._bring(replace(rig.goods, roster=replace(rig.goods.roster, accounts=roster)))
    rig.fill(put(TEA, 1))
    assert ("OTHER_SUPPLIER", TEA) in rig.task.blockers


def test_r4_more_than_fits_is_refused_until_it_is_taken_out(rig):
    rig.fill(put(TEA, 6))
    assert ("OVER_CAPACITY", TEA) in rig.task.blockers
    assert refused(rig.tap(Finish())) == "UNFINISHED"
    rig.open_again()
    rig.act("take", tray=TEA, count=2)
    rig.act("close_door", wait=0.0)
    assert rig.stage("SHEET").blockers == ()
    rig.taps(Finish())
    rig.stage("DONE")
    assert [row[:4] for row in moved(rig)] == [(TEA, SKU[TEA], "RESTOCK", 4)]
    assert "FORCED_ENTRY" not in rig.alarm_kinds()


# --- R6: pulled off ----------------------------------------------------------------------------------
def test_r6_the_task_is_not_finished_while_an_expired_lot_remains(rig):
    rig.expire(NOODLES)
    before = booked(rig, NOODLES)
    rig.fill()
    assert ("EXPIRED_LOT", NOODLES) in rig.task.blockers
    rig.open_again()
    rig.act("take", tray=NOODLES, count=before)
    rig.act("put", tray=NOODLES, sku=SKU[NOODLES], count=5)
    rig.act("close_door", wait=0.0)
    sheet = rig.stage("SHEET")
    assert sheet.blockers == ()
    tile = rig.tile(NOODLES)
    assert (tile.pulled, tile.pull_reason, tile.brought) == (before, "EXPIRED", 5)
    rig.taps(Finish())
    rig.stage("DONE")
    kinds = [(tray, kind, count) for tray, _, kind, count, _, _ in moved(rig)]
    assert kinds == [
        (NOODLES, "PULL_OFF", -before),
        ("off-shelf", "PULL_OFF", before),
        ("off-shelf", "WRITE_OFF", -before),
        (NOODLES, "RESTOCK", 5),
    ]
    assert booked(rig, NOODLES) == rig.truly_on()[NOODLES] == 5
    rig.taps(Leave())
    rig.run(3)
    assert rig.visit(took(NOODLES, 1)).state == "SETTLED"


def test_r6_what_is_taken_away_needs_a_reason_and_what_is_returned_is_not_written_off(rig):
    rig.fill(took(TEA, 2))
    assert ("PULL_REASON_MISSING", TEA) in rig.task.blockers
    rig.taps(SetPull(tray=TEA, sku=SKU[TEA], reason="RETURNED"), Finish())
    rig.stage("DONE")
    assert [row[2:4] for row in moved(rig)] == [("PULL_OFF", -2)]


# --- R7: stock-take -----------------------------------------------------------------------------------
def test_r7_a_count_that_differs_from_the_books_is_adjusted_with_its_reason(rig):
    before = booked(rig, TEA)
    rig.fill()
    assert rig.tile(TEA).proposed == before
    rig.taps(SetStock(tray=TEA, sku=SKU[TEA], count=before - 2))
    assert ("REASON_MISSING", TEA) in rig.task.blockers
    rig.taps(SetStock(tray=TEA, sku=SKU[TEA], count=before - 2, reason="盘亏"), Finish())
    rig.stage("DONE")
    assert [row[2:4] + row[5:] for row in moved(rig)] == [("ADJUST", -2, "盘亏")]
    assert booked(rig, TEA) == before - 2


# --- R8: finish -----------------------------------------------------------------------------------------
def test_r8_one_document_and_the_next_buyer_within_five_seconds(rig):
    rig.restock(put(WATER, 2), put(TEA, 1))
    rig.taps(Leave())
    assert len(rig.events("restock.finished.v1")) == 1
    assert rig.query("SELECT count(*) FROM sale") == [(0,)]
    assert rig.run_until(lambda: rig.view.state == "READY", 5.0)
    rig.visit(took(WATER, 1))
    assert rig.charged() == {WATER: 1}


def test_r8_a_restock_opened_over_the_api_ends_in_the_same_sheet(rig):
    rig.open(account="demo-restock", kind=Kind.RESTOCK)
    rig.secret = rig.staff_secret
    rig.act("open_door")
    rig.act("put", tray=TEA, sku=SKU[TEA], count=1)
    rig.act("close_door", wait=0.0)
    rig.stage("SHEET")
    rig.taps(Finish())
    rig.stage("DONE")
    assert [row[:4] for row in moved(rig)] == [(TEA, SKU[TEA], "RESTOCK", 1)]


@pytest.mark.parametrize("moment", ["open", "sheet"])
def test_a_power_cut_in_a_restock_books_nothing_twice_and_loses_nothing(rig, moment):
    before = booked(rig, TEA)
    rig.begin_restock()
    rig.act("put", tray=TEA, sku=SKU[TEA], count=2)
    if moment == "sheet":
        rig.act("close_door", wait=0.0)
        rig.stage("SHEET")
        rig.taps(SetLot(tray=TEA, sku=SKU[TEA], lot="AFTER", produced_on="2026-10-01"))
    rig.kill()
    rig.now += 3
    rig.start()
    rig.run(2)
    assert booked(rig, TEA) == before
    assert rig.view.state == "RESTOCKING"
    assert isinstance(rig.sign_in(), SignedIn)
    if moment == "open":
        rig.act("close_door", wait=0.0)
    rig.stage("SHEET")
    assert rig.tile(TEA).brought == 2
    assert rig.tile(TEA).lot == ("AFTER" if moment == "sheet" else "示例-T2610")
    rig.taps(Finish())
    rig.stage("DONE")
    assert booked(rig, TEA) == before + 2 == rig.truly_on()[TEA]


def test_who_was_let_in_from_the_sheet_when_the_power_failed_is_no_intruder(rig):
    rig.fill(put(TEA, 1))
    rig.taps(OpenDoor())
    assert rig.run_until(lambda: rig.state["bolt"] == "unlocked", 3.0)
    rig.kill()
    rig.act_dead("open_door")
    rig.start()
    rig.run(2)
    rig.act("put", tray=TEA, sku=SKU[TEA], count=1)
    rig.act("close_door", wait=0.0)
    assert isinstance(rig.sign_in(), SignedIn)
    assert rig.stage("SHEET").blockers == ()
    assert rig.tile(TEA).brought == 2
    assert "FORCED_ENTRY" not in rig.alarm_kinds()


def test_a_sheet_that_nobody_signs_calls_somebody_and_buyers_stay_out(rig):
    rig.fill(put(TEA, 1))
    rig.skip(610)
    assert "RESTOCK_UNSIGNED" in rig.alarm_kinds()
    assert rig.refused() == "RESTOCKING"
    assert isinstance(rig.sign_in(), SignedIn)
    rig.taps(Finish())
    rig.stage("DONE")
    rig.run(1)
    assert "RESTOCK_UNSIGNED" not in rig.view.alarms


def test_the_door_that_is_not_pulled_leaves_the_restocker_at_the_list(rig):
    rig.sign_in()
    rig.taps(OpenDoor())
    rig.stage("OPENING")
    rig.stage("LIST", 20)
    assert isinstance(rig.tap(Leave()), Accepted)


# --- R9: suggestion -------------------------------------------------------------------------------------
def test_r9_the_suggestion_is_par_less_on_hand_less_in_transit_and_names_its_node(rig):
    rig.sign_in()
    tile = rig.tile("1-03")
    assert (tile.par, tile.before, tile.wanted, tile.source) == (29, 12, 12, "紫阳县仓(示例) · 县")
    assert rig.tile(WATER).wanted == 5
    assert rig.tile("2-04").wanted == 0


def test_r9_nothing_is_suggested_that_may_not_be_sold(rig):
    rig.replan({TEA: "X-JELLY-150"})
    rig.sign_in()
    assert (rig.tile(TEA).wanted, rig.tile(TEA).problems[0]) == (0, "CERT_SUSPENDED")
    assert rig.task.blockers == ()


def test_days_pass_and_the_tiles_change_colour(rig):
    rig.sign_in()
    assert rig.tile(TEA).state == "GREEN"
    assert rig.tile(MASK).state == "NONE"
    assert timedelta(days=rig.tile(TEA).days_left) > timedelta(days=100)


def test_r7_the_weight_proposes_the_number_and_what_nobody_booked_is_found(rig):
    assert rig.visit(took(NOODLES, 4), took(NOODLES, 4)).state == "SETTLED"
    rig.run(9)
    rig.act("force_door")
    rig.act("put", tray=NOODLES, sku=SKU[NOODLES], count=3)
    rig.act("close_door", wait=5.0)
    rig.fill()
    assert rig.tile(NOODLES).proposed == 3
    rig.taps(SetStock(tray=NOODLES, sku=SKU[NOODLES], count=3, reason="盘盈"), Finish())
    rig.stage("DONE")
    assert booked(rig, NOODLES) == 3 == rig.truly_on()[NOODLES]
