"""What only the iw controller does: a bolt that must be thrown, and places that it does not have."""

from math import inf

import pytest

from edge.hardware.bolting import AGAIN_S, MOST_TRIES, SETTLED_S, UNOPENED_S, Bolting
from edge.hardware.codecs import iw
from edge.hardware.signals import DeviceAlarm, DoorState, Fault, Misconfigured, Unlocked
from hardware_sim.devices.cabinet_iw import CabinetIw
from hardware_sim.door import Door
from hardware_sim.tray import Felt
from tests.hardware.lock_pair import CASES, Pair, open_up
from tests.hardware.test_scale_drivers import A, Shelf

OPEN, SHUT, LOCKED = (False, False), (True, False), (True, True)
UNKNOWN = (None, None)


def bolting(*looks: tuple[float, tuple[bool | None, bool | None]], let_in: float = 0.0) -> Bolting:
    """After these looks at reed and bolt, each at its time."""
    after = Bolting()
    after.let_in(let_in)
    for at, (closed, locked) in looks:
        after.seen(DoorState(at, closed, locked))
    return after


@pytest.mark.parametrize(
    ("looks", "due"),
    [
        ([], inf),
        ([(1.0, LOCKED)], inf),
        ([(1.0, SHUT)], UNOPENED_S),
        ([(1.0, SHUT), (2.0, SHUT)], UNOPENED_S),
        ([(60.0, SHUT)], 60.0 + SETTLED_S),
        ([(1.0, OPEN)], inf),
        ([(1.0, OPEN), (5.0, SHUT)], 5.0 + SETTLED_S),
        ([(1.0, OPEN), (5.0, SHUT), (5.2, SHUT)], 5.0 + SETTLED_S),
        ([(1.0, OPEN), (5.0, SHUT), (5.2, OPEN)], inf),
        ([(1.0, OPEN), (5.0, SHUT), (5.2, UNKNOWN)], inf),
        ([(1.0, OPEN), (5.0, SHUT), (5.2, UNKNOWN), (6.0, SHUT)], 6.0 + SETTLED_S),
        ([(1.0, OPEN), (5.0, (True, None))], inf),
        ([(1.0, OPEN), (5.0, SHUT), (6.0, LOCKED)], inf),
        ([(1.0, (None, False))], inf),
    ],
)
def test_the_bolt_is_thrown_behind_a_door_that_rests_in_its_frame(looks, due):
    assert bolting(*looks).due == due


def test_a_motor_that_fails_is_told_again_a_few_times_and_then_left():
    after, at, told = bolting((1.0, OPEN)), 2.0, 0
    while at < 60.0:
        after.seen(DoorState(at, closed=True, locked=False))
        if at >= after.due:
            after.told()
            told += 1
        at += 0.1
    assert told == MOST_TRIES
    after.seen(DoorState(at, closed=False, locked=False))
    after.seen(DoorState(at + 1.0, closed=True, locked=False))
    assert after.due == at + 1.0 + SETTLED_S


def thrown(pair: Pair) -> int:
    return [data for _, data in pair.sent].count(pair.driver.throw.request)


def test_behind_a_shut_door_the_bolt_is_thrown_once():
    pair = Pair(CASES["iw"]).run(2.0)
    open_up(pair)
    pair.run(20.0)
    assert thrown(pair) == 0
    pair.door.close(pair.now, pair.random)
    assert pair.sees(closed=True, locked=True, within=3.0) < 0.1 + SETTLED_S + 1.3
    pair.run(30.0)
    assert (thrown(pair), pair.pulses_sent()) == (1, 1)


def test_a_door_that_nobody_pulls_is_locked_again():
    pair = Pair(CASES["iw"]).run(2.0)
    pair.unlock()
    pair.run(UNOPENED_S - 1.0)
    assert pair.seen == SHUT
    pair.run(4.0)
    assert (pair.seen, thrown(pair)) == (LOCKED, 1)


def test_a_bolt_that_does_not_go_in_is_tried_again_and_seen_as_it_is():
    pair = Pair(CASES["iw"]).run(2.0)
    open_up(pair)
    pair.door.jammed = True
    pair.door.close(pair.now, pair.random)
    pair.run(MOST_TRIES * (AGAIN_S + 2.0) + 10.0)
    assert (pair.seen, thrown(pair)) == (SHUT, MOST_TRIES)
    assert not pair.of(DeviceAlarm)


def test_a_stuck_bolt_is_said_to_be_stuck():
    pair = Pair(CASES["iw"]).run(2.0)
    pair.door.stuck = True
    pair.unlock()
    pair.run(2.0)
    assert (pair.outcomes, pair.seen) == ([Unlocked.NO_FEEDBACK], LOCKED)


def test_a_bolt_whose_controller_reports_an_error_is_unknown_and_not_thrown():
    pair = Pair(CASES["iw"]).run(2.0)
    open_up(pair)
    bolt = iw.encode(iw.Request(iw.BOLT))
    wrong = iw.encode(iw.Reply(iw.BOLT, bytes([iw.ERROR])))
    pair.tap.spoil = lambda request, replies: [
        (at, wrong if request == bolt else data) for at, data in replies
    ]
    pair.door.close(pair.now, pair.random)
    pair.run(20.0)
    assert (pair.seen, thrown(pair)) == ((True, None), 0)


def test_a_controller_that_does_not_know_a_question_is_no_state_and_an_alarm():
    pair = Pair(CASES["iw"])
    pair.tap.spoil = lambda request, replies: [(at, request) for at, _ in replies]
    pair.run(12.0)
    assert pair.doors() == {UNKNOWN}
    assert [alarm.fault for alarm in pair.of(DeviceAlarm)] == [Fault.ECHO]


def test_a_place_that_the_controller_does_not_have_may_not_sell():
    """It reads 0 g for ever, which would pass for a tray from which all was taken."""
    shelf = Shelf("iw")
    count = iw.encode(iw.Reply(iw.COUNT, bytes([7])))
    shelf.tap.spoil = lambda device, replies: [
        (at, count if data[1] == iw.COUNT else data) for at, data in replies
    ]
    shelf.run(3.0)
    assert {(wrong.tray, wrong.register, wrong.value) for wrong in shelf.of(Misconfigured)} == {
        ("1-03", iw.COUNT, 7)
    }


@pytest.mark.parametrize(("grams", "said"), [(-1.0, 0), (-2.0, -2), (32_767.0, 32_767), (32_768.0, None)])
def test_the_controller_says_0_for_a_true_minus_1_g_and_a_fault_beyond_its_range(grams, said):
    shelf = Shelf("iw")
    shelf.grams[A] = grams
    assert shelf.run(2.0).weights(A) == {None if said is None else 10 * said}


def asked(board: CabinetIw, code: int, data: bytes = b"", now: float = 0.0) -> tuple[float, bytes]:
    """When the board answers, and with what data."""
    [(due, reply)] = board.feed(iw.encode(iw.Request(code, data)), now)
    answer = iw.decode_reply(reply)
    assert answer is not None
    return round(due - now, 6), answer.data


def test_the_board_takes_its_time_and_keeps_zero_and_span_over_a_power_cut():
    felt = {"grams": 120.0}
    board = CabinetIw(Door(motor=True), {1: lambda at: Felt(felt["grams"], False, False)})
    assert asked(board, iw.TARE, bytes([1])) == (0.5, bytes([iw.DONE]))
    assert asked(board, iw.TARE, bytes([2])) == (0.5, bytes([iw.FAILED]))
    felt["grams"] = 1_120.0
    assert asked(board, iw.CALIBRATE, bytes([1]) + (1_010).to_bytes(2, "big"))[1] == bytes([iw.DONE])
    board.boot(10.0)
    assert asked(board, iw.WEIGHT, bytes([1]))[1] == (1_010).to_bytes(2, "big")
    assert asked(board, iw.SET_TEMPERATURE, bytes([0xFC]))[1] == bytes([iw.DONE])
    assert iw.Reply(iw.TEMPERATURE, asked(board, iw.TEMPERATURE)[1]).degrees == (-4, 22)
    assert asked(board, 0x60) == (0.02, b"")


def test_a_lock_that_is_told_to_close_before_an_open_door_fails_and_stays_drawn():
    door = Door(motor=True)
    board = CabinetIw(door, {})
    assert asked(board, iw.UNLOCK) == (0.98, bytes([iw.DONE]))
    door.is_open = True
    assert asked(board, iw.LOCK, now=4.0) == (0.98, bytes([iw.FAILED]))
    assert asked(board, iw.BOLT, now=8.0)[1] == bytes([iw.DRAWN])


@pytest.mark.parametrize("name", [name for name in CASES if name != "iw"])
def test_a_bolt_that_falls_in_by_itself_is_not_waited_for(name):
    """A board without a motor has nothing to be told, so the line rests between looks."""
    pair = Pair(CASES[name]).run(2.0)
    pair.door.jammed = True
    open_up(pair)
    pair.door.close(pair.now, pair.random)
    pair.run(11.0)
    turns = [pair.bus.step(b"", pair.now) for _ in range(3)]
    assert any(turn.due > pair.now for turn in turns)
