"""Thieves, races and bad days: nobody pays for what was not taken, no door opens for who has gone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from edge.domain.requests import Granted, OpenRequest, PinChecked
from edge.domain.values import Kind
from edge.errors import LedgerError

WATER, TEA, DRINKS, NOODLES, WALNUTS, MUSHROOMS = "1-01", "1-02", "1-04", "2-01", "2-03", "2-04"


def shopping(rig):
    """A visitor has taken a water and the door is open; gives the session."""
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    return session


def shut(rig, session):
    rig.act("close_door")
    return rig.settled(session)


def settling(rig):
    """The visitor has shut the door on one water; its trays are not judged yet."""
    session = shopping(rig)
    rig.act("close_door", wait=0.0)
    assert rig.run_until(lambda: rig.sessions[session].state == "SETTLING", 3.0)
    return session


def restart(rig, wait=3.0, **plan):
    """The program starts again, with a planogram changed by tray → tray whose goods now lie there."""
    trays = dict(rig.outfit.planogram.trays)
    for tray, other in plan.get("moved", {}).items():
        trays[tray] = tuple(replace(facing, tray=tray) for facing in trays[other])
    for tray in plan.get("gone", ()):
        del trays[tray]
    planogram = replace(rig.outfit.planogram, trays=trays, version=f"{rig.outfit.planogram.version}+")
    rig.outfit = replace(rig.outfit, planogram=planogram)
    rig.kill()
    rig.start()
    rig.run(wait)


# --- the door --------------------------------------------------------------------------------------
def test_a_latched_door_forced_and_held_open_ends_in_a_review(rig):
    session = settling(rig)
    rig.act("force_door", wait=9.0)  # longer than the trays may take to come to rest
    rig.act("take", tray=TEA, count=1)
    assert shut(rig, session).state == "REVIEW"
    assert rig.charged() == {}
    rig.run(3.0)
    assert rig.view.alarms == ()


def test_a_kill_does_not_make_a_forced_door_forgotten(rig):
    session = settling(rig)
    rig.act("force_door", wait=1.0)
    restart(rig)
    rig.act("take", tray=TEA, count=1)
    assert shut(rig, session).state == "REVIEW"
    assert rig.charged() == {}


def test_a_latched_door_forced_while_the_program_was_off_ends_in_a_review(rig):
    session = settling(rig)
    rig.kill()
    rig.act_dead("force_door")
    rig.start()
    rig.run(3.0)
    rig.act("take", tray=TEA, count=1)
    assert shut(rig, session).state == "REVIEW"
    assert rig.charged() == {}
    assert "FORCED_ENTRY" in rig.alarm_kinds()


@pytest.mark.parametrize("after", [0.05, 0.5, 2.0])
def test_a_visit_while_the_lock_board_is_silent_is_not_lost(rig, after):
    answer = rig.ask()
    assert rig.run_until(lambda: rig.unlocks_sent == 1, 3.0)
    rig.run(after)
    rig.act("fault", name="line_gone", wait=0.5)
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    rig.act("close_door", wait=2.5)
    rig.act("clear", name="line_gone", wait=5.0)
    assert rig.settled(answer.session).state == "REVIEW"
    assert rig.charged() == {}


def test_a_stuck_bolt_on_a_line_that_is_lost_sells_nothing(rig):
    rig.act("fault", name="bolt_stuck", wait=0.0)
    answer = rig.ask()
    rig.run(0.1)
    rig.act("fault", name="line_gone", wait=6.0)
    rig.act("clear", name="line_gone", wait=5.0)
    assert rig.settled(answer.session).state == "CANCELLED"


def test_a_reed_stuck_at_shut_does_not_hide_what_is_taken(rig):
    rig.act("fault", name="stuck_reed", wait=0.0)
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    assert shut(rig, session).state == "REVIEW"
    assert rig.charged() == {}


def test_what_goes_after_a_cancelled_session_is_told(rig):
    rig.act("fault", name="stuck_reed", wait=0.0)
    session = rig.open()
    rig.act("open_door", wait=14.0)
    assert rig.settled(session).state == "CANCELLED"
    rig.act("take", tray=TEA, count=2)
    rig.act("close_door", wait=5.0)
    assert [a["subject"] for a in rig.events("alarm.raised.v1") if a["kind"] == "GOODS_MOVED"] == [TEA]


def test_the_next_buyer_does_not_pay_for_the_thief_nor_count_as_one(rig):
    rig.act("force_door")
    rig.act("take", tray=TEA, count=2)
    rig.act("close_door", wait=0.0)
    assert rig.run_until(lambda: rig.view.state == "READY", 5.0)
    session = shopping(rig)
    assert shut(rig, session).state == "SETTLED"
    rig.run(5.0)
    assert rig.charged() == {WATER: 1}
    moved = [a["subject"] for a in rig.events("alarm.raised.v1") if a["kind"] == "GOODS_MOVED"]
    assert WATER not in moved


def test_nobody_is_thanked_for_a_purchase_that_is_not_written_yet(rig, mocker):
    session = shopping(rig)
    broken = mocker.patch.object(rig.ledger, "close_session", side_effect=LedgerError("disk full"))
    rig.act("close_door", wait=5.0)
    waiting = rig.sessions[session]
    assert (waiting.state, waiting.notice, waiting.order_no) == ("SETTLING", "ledger", None)
    assert rig.view.basket.state == "SETTLING"
    mocker.stop(broken)
    rig.settled(session)
    assert rig.sessions[session].state == "SETTLED"


def test_a_door_forced_while_a_sale_waits_to_be_written_is_told(rig, mocker):
    session = shopping(rig)
    broken = mocker.patch.object(rig.ledger, "close_session", side_effect=LedgerError("disk full"))
    rig.act("close_door", wait=5.0)
    rig.act("force_door")
    rig.act("take", tray=TEA, count=2)
    rig.act("close_door", wait=3.0)
    mocker.stop(broken)
    rig.settled(session)
    rig.run(3.0)
    assert rig.charged() == {WATER: 1}
    told = {(a["kind"], a["subject"]) for a in rig.events("alarm.raised.v1")}
    assert told == {("FORCED_ENTRY", "door"), ("GOODS_MOVED", TEA)}


@pytest.mark.parametrize("fault", ["late", "wrong_unit", "wrong_crc", "echo", "drop", "drop_request", "flip"])
def test_a_visit_over_a_line_that_lies_is_never_taken_for_an_empty_one(rig, fault):
    before = rig.truly_on()
    rig.act("fault", name=fault, wait=0.0)
    answer = rig.ask()
    if isinstance(answer, Granted) and rig.run_until(lambda: rig.state["bolt"] == "unlocked", 3.0):
        rig.act("open_door")
        rig.act("take", tray=WATER, count=1)
        rig.act("take", tray=TEA, count=1, wait=3.0)
        rig.act("close_door", wait=2.0)
    rig.act("clear", name=fault, wait=0.0)
    receipt = rig.settled(answer.session, 60.0)
    after = rig.truly_on()
    taken = {tray: before[tray] - after[tray] for tray in before if before[tray] != after[tray]}
    assert all(taken.get(tray) == count for tray, count in rig.charged().items())
    assert receipt.state in (("SETTLED", "REVIEW") if taken else ("EMPTY", "CANCELLED"))


# --- who asks --------------------------------------------------------------------------------------
def asking(rig, id="late", asked_at=None, token=None):
    token = token or rig.view.token
    return OpenRequest(id, Kind.BUY, token, "demo-001", "246810", id, asked_at)


def test_a_pin_that_is_checked_when_the_asker_has_gone_opens_nothing(rig):
    rig.engine.step([asking(rig)], rig.instant)
    rig.now += 4.0  # nothing is done meanwhile, as when the disk hangs
    rig.engine.step([PinChecked("late", True)], rig.instant)
    rig.bus_due = rig.engine_due = rig.now
    rig.run(2.0)
    assert rig.unlocks_sent == 0


def test_a_request_that_waited_too_long_in_the_queue_opens_nothing(rig):
    turn = rig.engine.step([asking(rig, asked_at=rig.now - 4.0)], rig.instant)
    assert turn.checks == []
    assert [answer.code for answer in turn.answers] == ["BUSY"]


def test_a_pin_checked_twice_or_for_nobody_opens_once(rig):
    rig.engine.step([asking(rig)], rig.instant)
    turn = rig.engine.step(
        [PinChecked("late", True), PinChecked("late", True), PinChecked("x", True)], rig.instant
    )
    assert [type(answer) for answer in turn.answers] == [Granted]


def test_an_account_taken_off_the_roster_while_its_pin_is_checked_opens_nothing(rig):
    rig.engine.step([asking(rig)], rig.instant)
    accounts = {login: a for login, a in rig.goods.roster.accounts.items() if login != "demo-001"}
    rig.engine.step([replace(rig.goods, roster=replace(rig.goods.roster, accounts=accounts))], rig.instant)
    turn = rig.engine.step([PinChecked("late", True)], rig.instant)
    assert [answer.code for answer in turn.answers] == ["BAD_PIN"]


def test_two_with_one_token_in_one_step_open_once(rig):
    token = rig.view.token
    rig.engine.step([asking(rig, "a", token=token), asking(rig, "b", token=token)], rig.instant)
    turn = rig.engine.step([PinChecked("b", True), PinChecked("a", True)], rig.instant)
    assert [type(answer).__name__ for answer in turn.answers] == ["Granted", "Refused"]
    assert turn.answers[1].code == "REPLAY"


def test_a_flood_of_requests_keeps_few_pins_waiting(rig):
    token = rig.view.token
    turn = rig.engine.step([asking(rig, f"{n}", token=token) for n in range(60)], rig.instant)
    assert len(turn.checks) <= 16


# --- goods -----------------------------------------------------------------------------------------
def test_two_goods_put_on_one_wrong_tray_are_not_charged(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("move", tray=WATER, to=NOODLES, count=1)
    rig.act("move", tray=TEA, to=NOODLES, count=1)
    assert shut(rig, session).state in ("EMPTY", "REVIEW")
    assert rig.charged() == {}


def test_a_piece_put_in_the_place_of_another_is_not_charged(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=NOODLES, count=1)
    rig.act("move", tray=WATER, to=NOODLES, count=1)
    shut(rig, session)
    assert rig.charged() in ({}, {NOODLES: 1})


def test_a_piece_left_for_one_of_another_tray_is_not_charged(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("put", tray=MUSHROOMS, grams=216.0)
    rig.act("take", tray=MUSHROOMS, count=1, sku="NS-XG-200")
    receipt = shut(rig, session)
    assert receipt.state in ("REVIEW", "EMPTY")
    assert rig.charged() == {}


def test_who_fetches_what_was_forgotten_pays_nothing_until_staff_have_looked(rig):
    rig.visit(("put", {"tray": WATER, "grams": 519.0}))
    assert "FOREIGN_OBJECT" in rig.alarm_kinds()
    rig.run(9.0)
    restart(rig)
    rig.ready()
    assert rig.visit(("take", {"tray": WATER, "grams": 519.0})).state == "REVIEW"
    assert rig.charged() == {}
    rig.settled(staff(rig))
    rig.run(3.0)
    rig.visit(("take", {"tray": WATER, "count": 1}))
    assert rig.charged() == {WATER: 1}
    assert rig.view.alarms == ()


def staff(rig):
    session = rig.open(account="demo-restock", kind=Kind.RESTOCK)
    rig.act("open_door")
    rig.act("close_door", wait=0.0)
    rig.sign()
    return session


def test_another_tray_sells_while_something_foreign_lies_on_one(rig):
    session = shopping(rig)
    rig.act("put", tray=TEA, grams=1850.0)
    assert shut(rig, session).state == "REVIEW"
    assert rig.charged() == {WATER: 1}


# --- bad days --------------------------------------------------------------------------------------
@pytest.mark.parametrize("hours", [0.0, 2.0])
def test_what_a_thief_took_in_the_dark_is_not_charged_to_the_visitor_before(rig, hours):
    session = shopping(rig)
    rig.run(3.0)
    rig.act("close_door", wait=0.4)
    rig.kill()
    rig.now += hours * 3600
    rig.act_dead("force_door")
    rig.act_dead("take", tray=TEA, count=3)
    rig.act_dead("close_door")
    rig.boot = "boot-2"
    rig.start()
    rig.run(3.0)
    rig.settled(session)
    assert rig.charged() in ({}, {WATER: 1})


@pytest.mark.parametrize("off", [-timedelta(days=366), timedelta(days=366), -timedelta(hours=1)])
def test_a_wall_clock_that_jumps_in_a_visit_changes_no_sale(rig, off, mocker):
    session = shopping(rig)
    instant = type(rig).instant.fget
    mocker.patch.object(
        type(rig), "instant", property(lambda rig: replace(instant(rig), wall=instant(rig).wall + off))
    )
    assert shut(rig, session).state == "SETTLED"
    assert rig.charged() == {WATER: 1}


def test_a_restart_with_other_goods_on_a_tray_charges_nothing_of_the_old_session(rig):
    session = shopping(rig)
    restart(rig, moved={WATER: TEA})
    assert shut(rig, session).state == "REVIEW"
    assert rig.charged() == {}


def test_a_restart_without_the_tray_sends_the_session_to_review(rig):
    session = shopping(rig)
    restart(rig, gone=[WATER])
    assert shut(rig, session).state == "REVIEW"
    assert rig.charged() == {}


def test_a_restart_with_one_tray_more_is_no_crash(rig):
    full = rig.outfit
    restart(rig, gone=[TEA])
    rig.ready()
    session = shopping(rig)
    rig.outfit = full
    restart(rig)
    rig.act("take", tray=TEA, count=1)
    assert shut(rig, session).state == "REVIEW"
    assert TEA not in rig.charged()


def test_goods_of_before_a_change_of_planogram_are_nobodys_purchase(rig):
    """Old goods that weigh like the new product would otherwise be charged as it."""
    rig.replan({"2-01": "PL-HONEY-250"})
    assert {tray.tray: tray.on_hand for tray in rig.view.trays}["2-01"] == 0
    receipt = rig.visit(("take", {"tray": "2-01", "count": 3}))
    assert receipt.state == "REVIEW"
    assert rig.charged() == {}
    moved = [m for m in rig.events("stock.moved.v1") if m["kind"] == "ADJUST"]
    assert [(m["tray"], m["sku"], m["count"]) for m in moved] == [("2-01", "LG-KJ-NOOD270", -8)]


def test_a_request_that_got_no_answer_does_not_hold_its_key(rig):
    token = rig.view.token
    rig.swallow_checks = True
    rig.send(token=token, key="k")
    rig.run(4.0)
    rig.swallow_checks = False
    assert isinstance(rig.ask(token=token, key="k"), Granted)


def test_goods_carried_in_the_dark_onto_a_tray_that_lost_others_are_not_charged(rig):
    """The tray's net weight is that of nothing, and what the other tray lost was only moved there."""
    session = rig.open()
    rig.act("open_door", wait=3.0)
    rig.kill()
    rig.act_dead("take", tray=NOODLES, count=2)
    rig.act_dead("move", tray=DRINKS, to=NOODLES, count=2)
    rig.start()
    rig.run(3.0)
    rig.act("close_door", wait=0.0)
    assert rig.settled(session, 25.0).state == "REVIEW"
    assert rig.charged() == {}


def starve(rig, *acts, seconds):
    """Nobody runs the program for so long; its boards and the visitor go on, and the port keeps what is said.

    Then the line's thread gets its turn before the engine's.
    """
    end, said = rig.now + seconds, b""
    for do, words in acts:
        rig.now += 0.8
        said += rig.world.line.receive(rig.now)
        rig.world.act({"do": do, **words}, rig.now)
    rig.now = end
    said += rig.world.line.receive(rig.now)
    while rig.now < end + 0.3:
        turn = rig.bus.step(said, rig.now)
        rig.inbox += turn.signals
        rig.world.line.send(turn.send, rig.now)
        rig.now += 0.02
        said = rig.world.line.receive(rig.now)
    rig.bus_due = rig.engine_due = rig.now


def pulsed_behind_another(rig):
    """Somebody is let in right behind a visit: the door was looked at before the pulse, and not since."""
    rig.visit()
    answer = rig.ask()
    before = rig.unlocks_sent
    assert rig.run_until(lambda: rig.unlocks_sent == before + 1, 5.0)
    return answer.session


@pytest.mark.parametrize("seconds", [4.0, 12.0, 60.0])
def test_a_program_without_a_processor_does_not_take_a_moved_bolt_for_a_stuck_one(rig, seconds):
    """The bolt was drawn, somebody took a water and shut the door, and no look at it came in time."""
    session = pulsed_behind_another(rig)
    starve(rig, ("open_door", {}), ("take", {"tray": WATER, "count": 1}), ("close_door", {}), seconds=seconds)
    view = rig.settled(session, 60.0)
    assert view.state in ("SETTLED", "REVIEW")
    assert rig.charged() == ({WATER: 1} if view.state == "SETTLED" else {})
    assert "BOLT_STUCK" not in rig.alarm_kinds()


@pytest.mark.parametrize("seconds", [4.0, 60.0])
def test_nobody_is_charged_where_no_look_at_the_bolt_came_and_nothing_was_taken(rig, seconds):
    session = pulsed_behind_another(rig)
    starve(rig, seconds=seconds)
    assert rig.settled(session, 90.0).state != "SETTLED"
    assert rig.charged() == {}
