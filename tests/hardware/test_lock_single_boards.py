"""What only one kind of lock board does, through its driver on the bus."""

from random import Random

import pytest

from edge.hardware.codecs import winnsen, wkly
from edge.hardware.signals import DeviceAlarm, DoorState, Fault, Misconfigured, Unlock, Unlocked
from hardware_sim import bus as sim
from hardware_sim.devices.lock_channel import Channel
from hardware_sim.devices.lock_modbus import LockRelay
from tests.hardware.lock_pair import BAUD, CASES, Pair, only_unlocks, open_up


def test_a_krcu16_is_told_after_each_pulse_that_it_may_take_the_next_one():
    pair = Pair(CASES["krcu16"]).run(2.0)
    pair.unlock()
    pair.run(1.0)
    after = [
        data for _, data in pair.sent[[data for _, data in pair.sent].index(pair.driver.unlock.request) :]
    ]
    assert after[1] == bytes.fromhex("020038033d")


def test_a_krcu16_s_late_answer_to_an_unlock_is_not_taken_for_a_look_of_the_same_form():
    pair = Pair(CASES["krcu16"]).run(2.0)
    pair.door.stuck = True
    opened = bytes.fromhex("020035feff00000337")
    at, unlock = pair.now, pair.driver.unlock.request

    def late(request: bytes, replies: list[sim.Reply]) -> list[sim.Reply]:
        """The answer to the unlock comes after its deadline, in front of what is asked meanwhile."""
        if request == unlock:
            return []
        if pair.now < at + 1.45:
            return [
                (due + i * 0.03, data) for due, reply in replies for i, data in enumerate((opened, reply))
            ]
        return replies

    pair.tap.spoil = late
    pair.unlock()
    pair.run(10.0)
    assert pair.outcomes == [Unlocked.SILENT]
    assert pair.doors() == {(True, True)}


def test_a_krcu48_whose_status_lacks_a_byte_gives_no_state_and_an_alarm():
    pair = Pair(CASES["krcu48"])
    spoiler = bytes.fromhex("02000075ffffffffffff71")
    pair.tap.spoil = lambda request, replies: [(at, spoiler) for at, _ in replies]
    pair.run(12.0)
    assert pair.doors() == {(None, None)}
    assert [alarm.fault for alarm in pair.of(DeviceAlarm)] == [Fault.SHORT]


def test_a_winnsen_board_that_cools_down_gets_no_pulse_until_it_has_rested():
    pair = Pair(CASES["winnsen"]).run(2.0)
    open_up(pair)
    pair.door.close(pair.now, pair.random)
    pair.run(1.0)
    pair.unlock("too soon")
    pair.run(1.0)
    pair.unlock("while it rests")
    pair.run(1.0)
    assert pair.outcomes == [Unlocked.ACCEPTED, Unlocked.NO_FEEDBACK, Unlocked.EXPIRED]
    assert (pair.pulses_sent(), pair.door.pulses, pair.seen) == (2, 1, (True, True))
    pair.run(15.0)
    pair.unlock("rested")
    pair.run(1.2)
    assert (pair.outcomes[-1], pair.door.pulses, pair.seen) == (Unlocked.ACCEPTED, 2, (True, False))


@pytest.mark.parametrize("name", ["winnsen", "wkly"])
def test_an_answer_about_another_lock_says_nothing_of_this_one(name):
    pair = Pair(CASES[name]).run(2.0)
    asked = {look.request for look in pair.driver.looks}
    another = {
        "winnsen": winnsen.encode(winnsen.AskReply(1, 9, winnsen.OPEN)),
        "wkly": wkly.encode(wkly.Answer(1, wkly.ASK, bytes([wkly.OK, 8, wkly.IS_OPEN]))),
    }
    pair.tap.spoil = lambda request, replies: [
        (at, another[name] if request in asked else data) for at, data in replies
    ]
    pair.run(10.0)
    assert pair.doors() == {(True, True), (None, None)}
    assert pair.seen == (None, None)


def test_one_flipped_bit_in_a_winnsen_status_is_not_believed_alone():
    pair = Pair(CASES["winnsen"]).run(2.0)
    spoilt = []

    def flip(request: bytes, replies: list[sim.Reply]) -> list[sim.Reply]:
        if request[2] != winnsen.ASK or len(spoilt) % 5:
            spoilt.append(request)
            return replies
        spoilt.append(request)
        return [(at, data[:4] + bytes([data[4] ^ 1]) + data[5:]) for at, data in replies]

    pair.tap.spoil = flip
    pair.run(60.0)
    assert len(spoilt) > 300
    assert pair.doors() == {(True, True)}


def test_a_winnsen_board_that_contradicts_itself_for_ever_is_unknown():
    pair = Pair(CASES["winnsen"]).run(2.0)
    flips = iter(range(10**6))
    pair.tap.spoil = lambda request, replies: [
        (at, data[:4] + bytes([next(flips) // 2 % 2]) + data[5:]) for at, data in replies
    ]
    pair.run(3.0)
    assert pair.seen == (None, None)


def changed(board: int, channel: int, state: int) -> bytes:
    return wkly.encode(wkly.Answer(board, wkly.CHANGED, bytes([channel, state])))


def quiet_pair() -> Pair:
    """A wkly board between two looks, its door shut and locked: bolt on channel 0, reed on channel 1."""
    pair = Pair(CASES["wkly"]).run(2.0)
    looks = len(pair.of(DoorState))
    while len(pair.of(DoorState)) == looks:
        pair.run(0.005)
    pair.run(0.01)
    return pair


@pytest.mark.parametrize(
    ("said", "seen"),
    [
        pytest.param(changed(1, 1, wkly.IS_OPEN), (False, True), id="the door opened"),
        pytest.param(changed(1, 0, wkly.IS_OPEN), (True, False), id="the bolt went back"),
        pytest.param(b"\x00\x57\x4b" + changed(1, 1, wkly.IS_OPEN) + b"\xff", (False, True), id="in noise"),
    ],
)
def test_what_a_wkly_board_says_unasked_is_believed_and_looked_at_again_at_once(said, seen):
    pair = quiet_pair()
    at, asked = pair.now, len(pair.sent)
    pair.step(said)
    assert [(door.closed, door.locked) for door in pair.of(DoorState) if door.at >= at] == [seen]
    pair.run(0.03)
    assert len(pair.sent) > asked
    pair.run(1.0)
    assert pair.seen == (True, True)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(changed(2, 1, wkly.IS_OPEN), id="another board"),
        pytest.param(changed(1, 7, wkly.IS_OPEN), id="another channel"),
        pytest.param(changed(1, 1, wkly.ERROR), id="a state nobody knows"),
        pytest.param(changed(1, 1, wkly.IS_OPEN)[:-1] + b"\x00", id="a wrong checksum"),
        pytest.param(changed(1, 1, wkly.IS_OPEN)[:-1], id="cut off"),
        pytest.param(wkly.encode(wkly.Answer(1, wkly.ASK, b"\x00\x01\x00")), id="an answer nobody asked for"),
    ],
)
def test_what_is_no_word_of_the_door_changes_nothing(said):
    pair = quiet_pair()
    pair.step(said)
    pair.run(1.0)
    assert pair.doors() == {(True, True)}


def test_a_word_unasked_says_nothing_while_the_other_contact_is_unknown():
    pair = Pair(CASES["wkly"])
    pair.tap.deaf = True
    pair.run(1.0)
    pair.step(changed(1, 1, wkly.IS_OPEN))
    assert pair.doors() <= {(None, None)}


def test_a_word_inside_an_answer_costs_neither():
    pair = Pair(CASES["wkly"]).run(2.0)
    event = changed(1, 1, wkly.IS_OPEN)
    said = []

    def cut(request: bytes, replies: list[sim.Reply]) -> list[sim.Reply]:
        if said or request != pair.driver.looks[0].request:
            return replies
        said.append(request)
        return [(at, event + data) for at, data in replies]

    pair.tap.spoil = cut
    at = pair.now
    pair.run(1.0)
    assert said
    assert pair.doors(since=at) == {(True, True), (False, True)}


def test_a_wkly_state_in_error_is_an_unknown_bolt_and_a_known_reed():
    pair = Pair(CASES["wkly"])
    error = wkly.encode(wkly.Answer(1, wkly.ASK, b"\xff\x00\xff"))
    pair.tap.spoil = lambda request, replies: [
        (at, error if request == pair.driver.looks[0].request else data) for at, data in replies
    ]
    pair.run(2.0)
    assert pair.doors() == {(True, None)}


def test_a_relay_board_is_told_to_time_the_pulse_itself():
    pair = Pair({"driver": "lock.modbus", "pulse_ms": 300}).run(2.0)
    pair.unlock()
    pair.run(1.0)
    writes = [data for _, data in pair.sent if data[1] in (5, 6, 15, 16)]
    assert [data[:6] for data in writes] == [bytes.fromhex("010502000003")]


def relay_pair(modes: dict[int, int]) -> Pair:
    pair = Pair(CASES["modbus"])
    board = LockRelay(
        1, {1: pair.door.pulse}, {1: Channel(pair.door.locked), 2: Channel(pair.door.reed_closed)}
    )
    board.modes = modes
    pair.line = sim.Bus([board], BAUD, Random(1), pair.tap)
    return pair.run(3.0)


def test_a_relay_board_whose_inputs_act_on_its_relays_is_reported_as_it_comes_up():
    pair = relay_pair({2: 1})
    assert [(m.tray, m.register, m.value) for m in pair.of(Misconfigured)] == [("lock", 0x1001, 1)]
    assert relay_pair({}).of(Misconfigured) == []


def test_a_relay_board_without_mode_registers_is_taken_as_it_is():
    pair = Pair(CASES["modbus"])
    refusal = bytes.fromhex("018302c0f1")
    pair.tap.spoil = lambda request, replies: (
        [(at, refusal) for at, _ in replies] if request[1] == 3 else replies
    )
    pair.run(10.0)
    assert sum(1 for _, data in pair.sent if data[1] == 3) == 2
    assert pair.of(Misconfigured) == []
    assert pair.of(DeviceAlarm) == []
    assert pair.seen == (True, True)


def test_a_relay_board_that_leaves_such_questions_unanswered_still_shows_the_door():
    pair = Pair(CASES["modbus"])
    pair.tap.spoil = lambda request, replies: [] if request[1] == 3 else replies
    pair.run(20.0)
    assert sum(1 for _, data in pair.sent if data[1] == 3) == 3
    assert pair.of(Misconfigured) == []
    assert pair.of(DeviceAlarm) == []
    assert pair.seen == (True, True)


def test_a_relay_that_refuses_the_pulse_leaves_the_unlock_without_an_answer_and_sends_no_other():
    pair = Pair(CASES["modbus"]).run(2.0)
    pair.tap.spoil = only_unlocks(pair, lambda reply: [(reply[0], bytes.fromhex("0185030291"))])
    pair.unlock()
    pair.run(5.0)
    assert (pair.outcomes, pair.pulses_sent()) == ([Unlocked.SILENT], 1)


# ── all locks of a board ─────────────────────────────────────────────────────────────────────────────

EVERY = ("bcc8a", "krcu16", "wkly")


@pytest.mark.parametrize("name", EVERY)
def test_every_lock_of_a_board_is_pulsed_once_for_service(name):
    pair = Pair(CASES[name]).run(2.0)
    pair.bus.submit(Unlock("all", pair.now + 1.0, every=True))
    pair.due = pair.now
    pair.run(13.0)
    assert pair.outcomes == [Unlocked.ACCEPTED]
    assert pair.door.pulses == 1
    assert sum(1 for _, data in pair.sent if data == pair.driver.unlock_every.request) == 1
    assert pair.seen[0] is True


@pytest.mark.parametrize("name", EVERY)
def test_a_lost_answer_to_all_locks_is_waited_for_and_not_repeated(name):
    pair = Pair(CASES[name]).run(2.0)
    opens = pair.driver.unlock_every.request
    pair.tap.spoil = lambda request, replies: [] if request == opens else replies
    pair.bus.submit(Unlock("all", pair.now + 1.0, every=True))
    pair.due = pair.now
    pair.run(40.0)
    assert pair.outcomes == [Unlocked.SILENT]
    assert sum(1 for _, data in pair.sent if data == opens) == 1
    assert pair.seen == (True, True)


@pytest.mark.parametrize("name", ["krcu48", "modbus", "winnsen"])
def test_a_board_without_that_command_refuses_the_job_and_sends_nothing(name):
    pair = Pair(CASES[name]).run(2.0)
    with pytest.raises(ValueError, match="cannot unlock every lock at once"):
        pair.bus.submit(Unlock("all", pair.now + 1.0, every=True))
    pair.run(2.0)
    assert pair.outcomes == []
    assert pair.door.pulses == 0


@pytest.mark.parametrize(
    ("name", "size"), [("bcc8a", 24), ("krcu16", 16), ("krcu48", 48), ("modbus", 8), ("winnsen", 0)]
)
def test_the_raw_contacts_of_all_channels_show_what_the_bolt_does(name, size):
    pair = Pair(CASES[name]).run(2.0)
    wired = [True, True] if size else []
    assert pair.bus.contacts == (*wired, *[False] * (size - len(wired)))
    pair.unlock()
    pair.sees(closed=True, locked=False)
    assert pair.bus.contacts[:2] == ((False, True) if size else ())
    pair.tap.deaf = True
    pair.run(3.0)
    assert pair.bus.contacts == ()
