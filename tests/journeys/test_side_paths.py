"""Every way a visit may leave the straight path, over real bytes: nobody is charged wrongly, all is told."""

from edge.domain.requests import Accepted, Granted, Refused
from edge.domain.values import Kind

WATER, TEA = "1-01", "1-02"


def fault(rig, name, wait=0.0, **words):
    rig.act("fault", wait=wait, name=name, **words)


def pulses(rig):
    """How often an unlock was journalled: every pulse has its intent."""
    ((count,),) = rig.query("SELECT count(*) FROM session_journal WHERE note = 'pulse'")
    return count


def test_a_door_never_pulled_locks_again_and_sells_nothing(rig):
    session = rig.open()
    receipt = rig.settled(session, 15)
    assert receipt.state == "CANCELLED"
    assert rig.state["bolt"] == "locked"
    assert rig.charged() == {}
    rig.run(1.0)
    assert rig.view.state == "READY"


def test_a_bolt_that_does_not_come_back_is_an_alarm_and_nobody_else_may_open(rig):
    session = rig.open()
    fault(rig, "not_latching")
    assert rig.settled(session, 20).state == "CANCELLED"
    assert "NOT_LOCKED" in rig.alarm_kinds()
    assert rig.refused() == "OUT_OF_ORDER"
    rig.act("clear", name="not_latching", wait=3.0)
    assert rig.view.state == "READY"
    assert rig.view.alarms == ()


def test_a_stuck_bolt_is_an_alarm_and_is_never_pulsed_again(rig):
    fault(rig, "bolt_stuck")
    answer = rig.ask()
    assert isinstance(answer, Granted)
    assert rig.settled(answer.session, 8).state == "CANCELLED"
    assert "BOLT_STUCK" in rig.alarm_kinds()
    assert pulses(rig) == 1


def test_a_door_left_open_beeps_then_alarms_and_stays_open_until_it_is_shut(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    rig.skip(59)
    assert rig.view.basket.notice == "door_long"
    assert "DOOR_OPEN" not in rig.alarm_kinds()
    rig.skip(119)
    assert rig.view.basket.notice == "door_alarm"
    assert "DOOR_OPEN" in rig.alarm_kinds()
    assert not rig.closed(session)
    rig.act("close_door")
    assert rig.settled(session).total_fen == 350
    assert rig.view.alarms == ()


def test_shut_but_not_latched_is_an_alarm_and_nothing_is_settled(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    fault(rig, "not_latching")
    rig.act("close_door", wait=6.0)
    assert rig.view.basket.notice == "latch"
    assert "NOT_LATCHED" in rig.alarm_kinds()
    assert not rig.closed(session)
    rig.act("clear", name="not_latching")
    assert rig.settled(session).total_fen == 350


def test_a_silent_tray_goes_to_review_and_the_rest_is_charged(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    fault(rig, "tray_silent", tray=TEA, wait=2.0)
    rig.act("take", tray=TEA, count=1)
    rig.act("close_door")
    receipt = rig.settled(session)
    assert receipt.state == "REVIEW"
    assert rig.charged() == {WATER: 1}
    assert "SENSOR_LOST" in rig.alarm_kinds()


def test_a_tray_that_never_comes_to_rest_goes_to_review(rig):
    session = rig.open()
    rig.act("open_door")
    fault(rig, "tray_unstable", tray=TEA)
    rig.act("take", tray=WATER, count=1)
    rig.act("close_door")
    assert rig.settled(session).state == "REVIEW"
    assert rig.charged() == {WATER: 1}


def test_an_overloaded_tray_is_unknown_and_never_zero_grams(rig):
    session = rig.open()
    rig.act("open_door")
    fault(rig, "overload", tray=TEA, wait=8.0)  # the status register is read in turn, every few seconds
    rig.act("take", tray=WATER, count=1)
    rig.act("close_door")
    assert rig.settled(session).state == "REVIEW"
    assert rig.charged() == {WATER: 1}


def test_a_second_scan_while_the_door_is_open_is_busy_and_the_first_visit_goes_on(rig):
    session = rig.open()
    rig.act("open_door")
    assert rig.refused(account="demo-002", pin=None) in {"BAD_PIN", "BUSY"}
    assert rig.refused() == "BUSY"
    rig.act("take", tray=WATER, count=1)
    rig.act("close_door")
    assert rig.settled(session).total_fen == 350


def test_a_used_token_opens_nothing(rig):
    token = rig.view.token
    rig.settled(rig.open(token=token), 15)
    assert rig.refused(token=token) == "REPLAY"
    assert pulses(rig) == 1


def test_a_token_older_than_a_minute_opens_nothing(rig):
    token = rig.view.token
    rig.skip(61)
    assert rig.refused(token=token) == "REPLAY"
    assert rig.view.token != token


def test_a_token_that_was_never_issued_opens_nothing(rig):
    assert rig.refused(token="0" * 32) == "BAD_TOKEN"


def test_the_screen_shows_a_new_token_every_30_seconds_and_after_each_use(rig):
    first = rig.view.token
    rig.skip(30)
    second = rig.view.token
    rig.open()
    assert len({first, second, rig.view.token}) == 3


def test_five_wrong_pins_lock_the_account_for_15_minutes_and_no_other(rig):
    for _ in range(5):
        assert rig.refused(pin="000000") == "BAD_PIN"
    assert rig.refused() == "BLOCKED"
    rig.skip(14 * 60)
    assert rig.refused() == "BLOCKED"
    rig.skip(61)
    assert isinstance(rig.ask(), Granted)


def test_a_lock_outlives_a_kill_and_starts_anew_after_a_reboot(rig):
    for _ in range(5):
        rig.refused(pin="000000")
    rig.skip(10 * 60)
    rig.kill()
    rig.boot = "boot-2"
    rig.start()
    rig.ready()
    rig.skip(10 * 60)
    assert rig.refused() == "BLOCKED"


def test_an_unknown_account_is_told_nothing_more_than_a_wrong_pin(rig):
    answer = rig.ask(account="nobody", pin="246810")
    assert isinstance(answer, Refused)
    assert answer.code == "BAD_PIN"


def test_the_same_idempotency_key_gives_the_same_answer_and_one_pulse(rig):
    token = rig.view.token
    first = rig.ask(token=token, key="k")
    again = rig.ask(token=token, key="k")
    assert isinstance(first, Granted)
    assert isinstance(again, Granted)
    assert again.session == first.session
    assert pulses(rig) == 1
    assert rig.refused(token=token, key="k", pin="000000") == "KEY_REUSED"


def test_a_forced_door_is_an_alarm_and_what_is_missing_is_told(rig):
    rig.act("force_door")
    assert "FORCED_ENTRY" in rig.alarm_kinds()
    assert rig.refused() == "OUT_OF_ORDER"
    rig.act("take", tray=TEA, count=2)
    rig.act("close_door", wait=4.0)
    (moved,) = [a for a in rig.events("alarm.raised.v1") if a["kind"] == "GOODS_MOVED"]
    assert moved["subject"] == TEA
    assert -395 < int(moved["detail"].split()[0]) < -370
    assert rig.charged() == {}
    assert rig.view.state == "READY"


def test_a_forced_door_after_latching_makes_the_visit_doubtful(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    rig.act("close_door", wait=0.0)
    assert rig.run_until(lambda: rig.sessions[session].state == "SETTLING", 3.0)
    rig.act("force_door")
    rig.act("close_door")
    assert rig.settled(session).state == "REVIEW"
    assert rig.charged() == {}


def test_the_port_unplugged_while_the_door_is_open_ends_in_the_right_sale(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    fault(rig, "line_gone", wait=2.0)
    rig.act("take", tray=TEA, count=1)
    rig.act("clear", name="line_gone", wait=3.0)
    rig.act("close_door")
    receipt = rig.settled(session)
    assert receipt.state == "SETTLED"
    assert rig.charged() == {WATER: 1, TEA: 1}
    assert "LINE_GONE" in rig.alarm_kinds()


def test_boards_that_lose_power_in_a_visit_never_make_a_wrong_sale(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    rig.act("power_cut", seconds=3, wait=6.0)
    rig.act("close_door")
    rig.settled(session, 15)
    assert rig.charged() in ({}, {WATER: 1})


def test_a_lock_that_has_to_rest_refuses_in_its_own_words(rig):
    rig.engine._coil.rest_s = 20.0
    rig.settled(rig.open(), 15)
    assert rig.refused() == "TOO_SOON"
    rig.run(10.0)
    assert isinstance(rig.ask(), Granted)


def test_goods_past_their_date_shut_the_door(rig):
    rig.expire(TEA)
    assert rig.refused() == "EXPIRED_GOODS"


def test_a_used_up_quota_shuts_the_door(rig):
    rig.limit("demo-001", quota=300)
    rig.visit(("take", {"tray": WATER, "count": 1}))
    assert rig.refused() == "NO_QUOTA"


def test_a_buyer_may_not_open_for_restocking(rig):
    assert rig.refused(kind=Kind.RESTOCK) == "NOT_ALLOWED"


def test_restocking_charges_nobody_books_what_came_in_and_shuts_buyers_out(rig):
    before = {tray.tray: tray.on_hand for tray in rig.view.trays}
    session = rig.open(account="demo-restock", kind=Kind.RESTOCK)
    rig.act("open_door")
    assert rig.view.state == "RESTOCKING"
    assert rig.refused() == "RESTOCKING"
    rig.act("put", tray=TEA, sku="PL-TEA-125", count=3)
    rig.act("close_door")
    rig.sign()
    assert rig.settled(session).state == "SETTLED"
    assert rig.query("SELECT count(*) FROM sale") == [(0,)]
    after = {tray.tray: tray.on_hand for tray in rig.view.trays}
    assert after == {**before, TEA: before[TEA] + 3}


def test_an_appeal_is_recorded_once_and_only_for_a_closed_session(rig):
    receipt = rig.visit(("take", {"tray": WATER, "count": 1}))
    assert isinstance(rig.appeal(receipt.session, "没拿"), Accepted)
    del rig.answers["appeal"]
    assert isinstance(rig.appeal("f" * 32, "没拿"), Refused)
    assert [a["subject"] for a in rig.events("alarm.raised.v1") if a["kind"] == "APPEAL"]


def test_a_ledger_that_cannot_be_written_moves_no_bolt(rig, mocker):
    from edge.errors import LedgerError

    mocker.patch.object(rig.ledger, "begin_session", side_effect=LedgerError("disk full"))
    answer = rig.ask()
    rig.run(2.0)
    assert rig.state["bolt"] == "locked"
    assert rig.sessions[answer.session].state == "CANCELLED"


def test_a_sale_that_cannot_be_written_waits_and_nothing_else_is_sold(rig, mocker):
    from edge.errors import LedgerError

    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    broken = mocker.patch.object(rig.ledger, "close_session", side_effect=LedgerError("disk full"))
    rig.act("close_door", wait=5.0)
    assert not rig.closed(session)
    assert rig.view.reason == "ledger"
    assert rig.refused() == "BUSY"
    mocker.stop(broken)
    assert rig.settled(session).total_fen == 350
    assert rig.charged() == {WATER: 1}
