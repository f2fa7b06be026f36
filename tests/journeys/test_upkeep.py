"""What the counter does between visits: it learns what goods weigh, and watches its trays at night."""

from dataclasses import replace

import pytest

from edge.domain.restock_view import SetCount
from edge.domain.values import Kind
from edge.upkeep.calibration_undo import undo
from tests.journeys.conftest import Rig

WATER, TEA = "1-01", "1-02"
SKU = "PL-TEA-125"
TAKE_TEA = ("take", {"tray": TEA, "count": 1})
NIGHTLY = "stock.counted.v1"
DAY_S = 86_400.0


def sim_tray(rig, tray=TEA):
    return rig.world._cabinet.trays[tray]


def learnt(rig):
    rows = rig.query("SELECT why, lot, new_mg FROM calibration WHERE kind = 'UNIT' ORDER BY n")
    return [(why, lot, mg / 1000) for why, lot, mg in rows]


def weight(rig, tray=TEA, sku=SKU):
    found = rig.engine._upkeep.learnt(rig.goods).get((tray, sku))
    return found and found.unit_g


def fill(rig, tray, sku, *counts):
    """A restocker brings ``counts`` pieces, one handful after the other; gives the session."""
    session = rig.open(account="demo-restock", kind=Kind.RESTOCK)
    rig.act("open_door")
    for count in counts:
        rig.act("put", tray=tray, sku=sku, count=count)
    rig.act("close_door", wait=0.0)
    rig.sign()
    return rig.settled(session)


def deliver(rig, sku, off_g):
    """From now on the pieces that come of ``sku`` weigh ``off_g`` more than declared, each exactly."""
    products = rig.world._cabinet.products
    products[sku] = replace(products[sku], unit_g=products[sku].unit_g + off_g, sd_g=0.0)


# --- learning ---------------------------------------------------------------------------------------
def test_a_sure_take_moves_the_weight_towards_the_piece_that_went(rig):
    pieces = sim_tray(rig).pieces
    pieces[:] = [replace(piece, grams=193.0) for piece in pieces]
    rig.run(1.0)
    rig.visit(TAKE_TEA)
    rig.run(1.0)
    ((why, lot, mean),) = learnt(rig)
    assert (why, lot) == ("single_take", "opening")
    assert 191.0 < mean < 193.0
    assert weight(rig) == mean
    (event,) = rig.events("calibration.changed.v1")
    assert (event["sku"], event["new_mg"]) == (SKU, round(1000 * mean))


@pytest.mark.parametrize(
    "acts",
    [
        pytest.param([TAKE_TEA, ("put_back", {"tray": TEA, "count": 1})], id="put back"),
        pytest.param([("take", {"tray": TEA, "count": 2})], id="two at once"),
        pytest.param([TAKE_TEA, ("put", {"tray": TEA, "grams": 730})], id="something strange was left"),
        pytest.param([("fault", {"name": "tray_unstable", "tray": TEA}), TAKE_TEA], id="an unsteady scale"),
    ],
)
def test_what_is_not_sure_never_teaches(rig, acts):
    rig.visit(*acts)
    rig.run(1.0)
    assert learnt(rig) == []


def test_a_restock_is_a_lot_whose_weight_is_learnt_and_used_by_the_next_session(rig):
    deliver(rig, SKU, 1.2)
    fill(rig, TEA, SKU, 2, 2)
    rig.run(1.0)
    ((why, lot, mean),) = learnt(rig)
    assert (why, lot) == ("restock", "示例-T2610")
    assert mean == pytest.approx(192.2, abs=0.5)
    session = rig.open()
    rig.act("open_door")
    rig.act("close_door", wait=0.0)
    rig.settled(session)
    (tray,) = [each for each in rig.flights[session].recording.trays if each.tray == TEA]
    assert tray.goods[0].unit_g == weight(rig)
    assert 191.0 < tray.goods[0].unit_g < mean


def test_a_change_that_is_taken_back_is_as_if_it_had_not_been(rig):
    rig.visit(TAKE_TEA)
    rig.run(1.0)
    assert weight(rig) is not None
    undo(rig.ledger, rig.outfit.catalogue, 1, rig.instant)
    rig.kill()
    rig.start()
    assert weight(rig) is None
    assert rig.events("calibration.changed.v1")[-1]["why"] == "undone"


def test_a_light_lot_raises_an_alarm(rig):
    deliver(rig, SKU, -5.5)
    rig.fill(*[("put", {"tray": TEA, "sku": SKU, "count": 1})] * 5)
    assert ("UNSURE", TEA) in rig.task.blockers
    rig.taps(SetCount(tray=TEA, sku=SKU, count=5))
    rig.sign()
    rig.run(1.0)
    (alarm,) = [event for event in rig.events("alarm.raised.v1") if event["kind"] == "LIGHT_LOT"]
    assert (alarm["subject"], alarm["severity"]) == (SKU, "MAJOR")
    assert "a piece weighs 185." in alarm["detail"]
    assert learnt(rig) == []


# --- the night --------------------------------------------------------------------------------------
@pytest.fixture
def night_rig(tmp_path, outfit):
    """A counter whose audit comes at 11:30, 73 minutes after it starts; somebody has bought a water."""
    weighing = replace_struct(outfit.settings.weighing, audit_at="11:30")
    settings = replace_struct(outfit.settings, weighing=weighing)
    rig = Rig(tmp_path, 1, replace(outfit, settings=settings)).ready()
    rig.visit(("take", {"tray": WATER, "count": 1}))
    rig.run(1.0)
    return rig


def replace_struct(struct, **words):
    import msgspec

    return msgspec.structs.replace(struct, **words)


def pass_night(rig, change=lambda: None, steps=16):
    """Eighty minutes, five at a time; ``change`` is called before each."""
    for _ in range(steps):
        change()
        rig.skip(300)


def lines(rig):
    newest = rig.events(NIGHTLY)[-12:]
    return {line["tray"]: line for line in newest}


def lose(rig, tray, grams):
    pieces = sim_tray(rig, tray).pieces
    pieces[0] = replace(pieces[0], grams=pieces[0].grams - grams)


def test_a_quiet_night_has_a_line_for_each_tray_and_no_alarm(night_rig):
    pass_night(night_rig)
    assert {line["cause"] for line in lines(night_rig).values()} == {"NONE"}
    assert len(night_rig.events(NIGHTLY)) == 12
    water = lines(night_rig)[WATER]
    assert (water["basis"], water["day"]) == ("LAST_SESSION", "2026-11-23")
    assert water["goods"] == [{"sku": "ZY-WATER-500", "booked": 11, "missing": 0}]
    assert 3900 < water["watched_s"] < 4800
    assert night_rig.alarm_kinds() == set()


@pytest.mark.long
def test_a_leaking_bottle_is_a_leak_until_a_night_is_clean(night_rig):
    pass_night(night_rig, lambda: lose(night_rig, WATER, 1.5))
    assert lines(night_rig)[WATER]["cause"] == "LEAK"
    assert ("LEAK", WATER) in night_rig.engine._alarms._raised
    night_rig.visit(("take", {"tray": WATER, "count": 1}))
    night_rig.skip(DAY_S - 3 * 3600)
    pass_night(night_rig, steps=36)
    assert lines(night_rig)[WATER]["cause"] == "NONE"
    assert ("LEAK", WATER) not in night_rig.engine._alarms._raised


def test_a_wandering_cell_is_told_from_a_leak(night_rig):
    def wander():
        sim_tray(night_rig).offset_g += 1.5

    pass_night(night_rig, wander)
    assert lines(night_rig)[TEA]["cause"] == "DRIFTING_CELL"
    assert night_rig.alarm_kinds() == {"DRIFTING_CELL"}


def test_pieces_that_went_while_the_counter_was_off_are_shrinkage(night_rig):
    night_rig.kill()
    night_rig.act_dead("force_door")
    night_rig.act_dead("take", tray=TEA, count=2)
    night_rig.act_dead("close_door")
    night_rig.start()
    pass_night(night_rig)
    tea = lines(night_rig)[TEA]
    assert (tea["cause"], tea["goods"]) == ("SHRINKAGE", [{"sku": SKU, "booked": 10, "missing": 2}])
    assert {"SHRINKAGE", "GOODS_MOVED"} <= night_rig.alarm_kinds()


def test_a_forced_door_is_told_once_as_it_happens_and_named_by_the_night(night_rig):
    pass_night(night_rig, steps=5)
    night_rig.act("force_door")
    night_rig.act("take", tray=TEA, count=1)
    night_rig.act("close_door")
    pass_night(night_rig, steps=11)
    assert lines(night_rig)[TEA]["cause"] == "FORCED_DOOR"
    assert lines(night_rig)[WATER]["cause"] == "NONE"
    assert night_rig.alarm_kinds() == {"FORCED_ENTRY", "GOODS_MOVED"}


def test_a_silent_tray_is_told_by_its_device_alone(night_rig):
    night_rig.act("fault", name="tray_silent", tray=TEA)
    pass_night(night_rig)
    assert lines(night_rig)[TEA]["cause"] == "SILENT"
    assert night_rig.alarm_kinds() == {"SENSOR_LOST"}


def test_the_audit_waits_for_a_session_and_is_told_once_a_day(night_rig):
    pass_night(night_rig, steps=14)
    session = night_rig.open()
    night_rig.act("open_door")
    night_rig.skip(300)
    assert night_rig.events(NIGHTLY) == []
    night_rig.act("close_door", wait=0.0)
    night_rig.settled(session)
    pass_night(night_rig, steps=3)
    assert len(night_rig.events(NIGHTLY)) == 12
    night_rig.kill()
    night_rig.start()
    pass_night(night_rig, steps=4)
    assert len(night_rig.events(NIGHTLY)) == 12


@pytest.mark.long
def test_a_tray_that_did_not_rest_when_the_last_session_ended_is_not_held_against_an_older_weight(night_rig):
    session = night_rig.open()
    night_rig.act("open_door")
    night_rig.act("take", tray=TEA, count=2)
    night_rig.act("fault", name="tray_unstable", tray=TEA)
    night_rig.act("close_door", wait=0.0)
    night_rig.settled(session, limit_s=20.0)
    night_rig.act("clear", name="tray_unstable")
    pass_night(night_rig)
    assert (lines(night_rig)[TEA]["cause"], lines(night_rig)[TEA]["basis"]) == ("NONE", "FIRST_LEVEL")
    assert lines(night_rig)[WATER]["basis"] == "LAST_SESSION"


def test_a_session_that_a_power_cut_hid_in_part_teaches_nothing(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act(TAKE_TEA[0], **TAKE_TEA[1])
    rig.kill()
    rig.run(0.5)
    rig.start()
    rig.act("close_door", wait=0.0)
    assert rig.settled(session, limit_s=20.0).state == "SETTLED"
    rig.run(2.0)
    assert learnt(rig) == []


def test_a_tray_sold_empty_is_held_against_its_zero_from_then_on(night_rig):
    rice = "3-02"
    night_rig.visit(("take", {"tray": rice, "count": 3}))
    night_rig.run(1.0)
    fill(night_rig, rice, "HY-RICE-25", 1, 1)
    pass_night(night_rig)
    line = lines(night_rig)[rice]
    assert (line["cause"], line["basis"], line["goods"][0]["booked"]) == ("NONE", "EMPTY_TRAY", 2)
    assert [each["kind"] for each in night_rig.events("calibration.changed.v1")].count("ZERO") == 1


def test_a_lot_by_whose_weight_goods_collide_is_told(rig):
    noodles, tray = "LG-KJ-NOOD270", "2-01"
    rig.visit(("take", {"tray": tray, "count": 8}))
    deliver(rig, noodles, 6.0)
    fill(rig, tray, noodles, 1, 1)
    rig.run(1.0)
    doubts = [event for event in rig.events("alarm.raised.v1") if event["kind"] == "PLANOGRAM_DOUBT"]
    assert {event["subject"] for event in doubts} == {tray, "2-03"}
    assert "one unit each differs by 8 g" in doubts[0]["detail"]
