"""Every lock driver on the bus, against its simulated board on a virtual line: nothing is pulsed twice or
late, nothing that is not known is said, and a late answer is never believed.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import get_args, get_type_hints

import pytest

from edge.hardware.bus import MOST_HEARD, Bus
from edge.hardware.codecs import winnsen, wkly
from edge.hardware.drivers.lock_driver import LockDriver
from edge.hardware.drivers.locks import LOCKS, lock_driver
from edge.hardware.signals import (
    DeviceAlarm,
    DoorState,
    Fault,
    Misconfigured,
    Pace,
    SetPace,
    Signal,
    Unlock,
    UnlockDone,
    Unlocked,
)
from edge.settings import LockBoard
from edge.settings_check import LOCK_LIMITS
from hardware_sim import bus as sim
from hardware_sim.config import LockTable
from hardware_sim.devices.lock_channel import Channel
from hardware_sim.devices.lock_modbus import LockRelay
from hardware_sim.door import Door
from hardware_sim.lock_boards import BOARDS, lock_board

BAUD = 9600
CASES = {
    "bcc8a": {"driver": "lock.bcc8a"},
    "bcc8a, contacts the other way": {
        "driver": "lock.bcc8a",
        "board": 32,
        "lock": 24,
        "reed": 9,
        "feedback_when_locked": "open",
        "reed_when_closed": "open",
    },
    "krcu16": {"driver": "lock.krcu", "board": 0},
    "krcu16, board 3 lock 16": {"driver": "lock.krcu", "board": 3, "lock": 16, "reed": 9},
    "krcu48": {"driver": "lock.krcu48", "board": 0},
    "krcu48, lock 48, contacts the other way": {
        "driver": "lock.krcu48",
        "board": 2,
        "lock": 48,
        "reed": 17,
        "feedback_when_locked": "open",
        "reed_when_closed": "open",
    },
    "modbus": {"driver": "lock.modbus", "bolt": 1, "reed": 2},
    "modbus, relay 16, bolt 20, contacts the other way": {
        "driver": "lock.modbus",
        "board": 247,
        "lock": 16,
        "bolt": 20,
        "reed": 3,
        "feedback_when_locked": "open",
        "reed_when_closed": "open",
    },
    "winnsen": {"driver": "lock.winnsen"},
    "winnsen, station 4 lock 16, contacts the other way": {
        "driver": "lock.winnsen",
        "board": 4,
        "lock": 16,
        "reed": 1,
        "feedback_when_locked": "open",
        "reed_when_closed": "open",
    },
    "wkly": {"driver": "lock.wkly"},
    "wkly, channels from 1, contacts the other way": {
        "driver": "lock.wkly",
        "board": 0,
        "lock": 12,
        "reed": 1,
        "channel_base": 1,
        "feedback_when_locked": "open",
        "reed_when_closed": "open",
    },
}
BLIND_TO_THE_BOLT = ("krcu48", "modbus")
"""Boards whose answer to an unlock says nothing of the bolt: ACCEPTED even where it is stuck."""
SPEAKS_UNASKED = ("wkly",)
"""Boards whose own word can fall into a question: then the door is unknown for about a second."""
SEEN_WITHIN_S = 1.9
"""The counter waits 2 s for the bolt."""

Spoil = Callable[[bytes, list[sim.Reply]], list[sim.Reply]]


@dataclass
class Tap:
    """The wire between master and board; ``spoil`` sees the last request and the answers to it."""

    spoil: Spoil = lambda request, replies: replies
    deaf: bool = False
    deaf_to: bytes = b""
    gone: bool = False
    echo: bool = False
    request: bytes = b""

    def to_devices(self, data: bytes, random: Random) -> bytes:
        self.request = data
        return b"" if self.deaf or data == self.deaf_to else data

    def to_master(self, device: str, replies: list[sim.Reply], random: Random) -> list[sim.Reply]:
        return self.spoil(self.request, replies)


class CountingDoor(Door):
    """A door that counts the pulses that reach its coil."""

    pulses = 0

    def pulse(self, now: float) -> None:
        self.pulses += 1
        super().pulse(now)


@dataclass
class Pair:
    """A lock board's driver on the bus, its simulated board, the door behind it, and the time."""

    given: dict
    echoes: bool = False
    adapter_echoes: bool = False
    driver: LockDriver = field(init=False)
    now: float = 100.0
    signals: list[Signal] = field(default_factory=list)
    sent: list[tuple[float, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.door = CountingDoor()
        self.tap = Tap(echo=self.echoes or self.adapter_echoes)
        self.driver = lock_driver(LockBoard(**self.given))
        self.random = Random(1)
        self.start()

    def start(self) -> None:
        table = LockTable(**{key: value for key, value in self.given.items() if key != "pulse_ms"})
        self.line = sim.Bus([lock_board(table, self.door)], BAUD, Random(1), self.tap)
        self.bus = Bus("main", self.driver, [], baud=BAUD, echoes=self.echoes, idle_hz=5, busy_hz=10)
        self.bus.line_up(self.now)
        self.due = self.now

    def run(self, seconds: float) -> "Pair":
        end = self.now + seconds
        while self.now < end:
            coming = self.line.next_due()
            self.now = max(self.now, min(end, self.due, end if coming is None else coming))
            heard = self.line.receive(self.now)
            if heard or self.now >= self.due:
                self.step(heard)
        return self

    def sees(self, closed: bool, locked: bool, within: float = SEEN_WITHIN_S) -> float:
        """Wait until bolt and reed are seen so; gives how long that took."""
        begun, before = self.now, len(self.signals)
        while self.now < begun + within:
            self.run(0.02)
            new = [signal for signal in self.signals[before:] if isinstance(signal, DoorState)]
            if new and (new[-1].closed, new[-1].locked) == (closed, locked):
                return self.now - begun
        raise AssertionError(f"seen is {self.seen}, not {(closed, locked)}, after {within} s")

    def step(self, heard: bytes) -> None:
        turn = self.bus.step(heard, self.now)
        self.signals += turn.signals
        self.due = max(turn.due, self.now + 1e-6)
        if turn.send:
            self.sent.append((self.now, turn.send))
            self.line.send(turn.send, self.now)

    def unlock(self, job: str = "a", within: float = 1.0) -> None:
        self.bus.submit(Unlock(job, self.now + within))
        self.due = self.now

    def of(self, kind: type) -> list:
        return [signal for signal in self.signals if isinstance(signal, kind)]

    def doors(self, since: float = 0.0) -> set[tuple[bool | None, bool | None]]:
        return {(seen.closed, seen.locked) for seen in self.of(DoorState) if seen.at >= since}

    @property
    def seen(self) -> tuple[bool | None, bool | None]:
        last = self.of(DoorState)[-1]
        return last.closed, last.locked

    @property
    def outcomes(self) -> list[Unlocked]:
        return [done.outcome for done in self.of(UnlockDone)]

    def pulses_sent(self) -> int:
        return sum(1 for _, data in self.sent if data == self.driver.unlock.request)


@pytest.fixture(params=CASES)
def name(request) -> str:
    return request.param


@pytest.fixture
def pair(name) -> Pair:
    """A line that has been running for 2 s, its door shut and locked."""
    return Pair(CASES[name]).run(2.0)


def open_up(pair: Pair) -> None:
    pair.unlock()
    pair.sees(closed=True, locked=False)
    pair.door.open(pair.now, pair.random)
    pair.sees(closed=False, locked=False)


def test_the_settings_the_drivers_their_limits_and_the_simulator_name_the_same_boards():
    for section in (LockBoard, LockTable):
        assert set(get_args(get_type_hints(section)["driver"])) == set(LOCKS)
    assert set(LOCK_LIMITS) == set(BOARDS) == set(LOCKS) == {case["driver"] for case in CASES.values()}


# ── the ordinary ─────────────────────────────────────────────────────────────────────────────────────


def test_bolt_and_reed_are_seen_as_they_are_through_a_whole_visit(pair, name):
    assert pair.doors() == {(True, True)}
    open_up(pair)
    pair.run(5.0)
    assert pair.seen == (False, False)
    pair.door.close(pair.now, pair.random)
    pair.sees(closed=True, locked=True)
    pair.run(5.0)
    assert pair.seen == (True, True)
    assert (None, None) not in pair.doors() or name.startswith(SPEAKS_UNASKED)
    assert pair.of(DeviceAlarm) == []


def test_an_unlock_is_one_pulse_at_the_coil_and_the_bolt_is_confirmed_by_looks(pair, name):
    pair.unlock()
    took = pair.sees(closed=True, locked=False)
    assert took < 1.1 or name.startswith(SPEAKS_UNASKED)
    assert pair.outcomes == [Unlocked.ACCEPTED]
    assert (pair.door.pulses, pair.pulses_sent()) == (1, 1)


def test_one_visit_after_the_other_each_has_its_pulse(pair):
    for count in range(1, 4):
        open_up(pair)
        pair.door.close(pair.now, pair.random)
        pair.run(20.0)
        assert pair.outcomes == [Unlocked.ACCEPTED] * count
        assert pair.door.pulses == count


def test_a_bolt_that_did_not_move_is_never_said_to_have_moved(pair, name):
    pair.door.stuck = True
    pair.unlock()
    pair.run(3.0)
    moved = Unlocked.ACCEPTED if name.startswith(BLIND_TO_THE_BOLT) else Unlocked.NO_FEEDBACK
    assert pair.outcomes == [moved]
    assert pair.doors() == {(True, True)}


def test_a_door_forced_open_is_seen_within_half_a_second(pair):
    pair.door.open(pair.now, pair.random)
    at = pair.now
    pair.run(1.0)
    assert next(seen.at for seen in pair.of(DoorState) if seen.closed is False) - at < 0.5


# ── a pulse is sent once or not at all ───────────────────────────────────────────────────────────────


def only_unlocks(pair: Pair, change: Callable[[sim.Reply], list[sim.Reply]]) -> Spoil:
    opens = pair.driver.unlock.request
    return lambda request, replies: [
        spoilt for reply in replies for spoilt in (change(reply) if request == opens else [reply])
    ]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(lambda reply: [], id="silence"),
        pytest.param(lambda reply: [(reply[0], reply[1][:-1] + bytes([reply[1][-1] ^ 0x55]))], id="damaged"),
        pytest.param(lambda reply: [(reply[0], reply[1][:3])], id="short"),
        pytest.param(lambda reply: [(reply[0] + 2.2, reply[1])], id="late"),
        pytest.param(lambda reply: [(reply[0], bytes(2000))], id="babble"),
    ],
)
def test_an_unlock_without_a_usable_answer_is_not_repeated_and_a_look_tells_the_truth(pair, change):
    pair.tap.spoil = only_unlocks(pair, change)
    pair.unlock()
    pair.run(4.0)
    assert pair.outcomes == [Unlocked.SILENT]
    assert pair.seen == (True, False)
    pair.run(20.0)
    assert (pair.door.pulses, pair.pulses_sent()) == (1, 1)
    assert pair.seen == (True, True)


def test_an_unlock_that_the_board_did_not_hear_is_not_sent_again(pair):
    pair.tap.deaf_to = pair.driver.unlock.request
    pair.unlock()
    pair.run(20.0)
    assert (pair.door.pulses, pair.pulses_sent(), pair.outcomes) == (0, 1, [Unlocked.SILENT])


def test_an_unlock_that_would_come_late_is_refused_and_never_sent(pair):
    pair.tap.deaf = True
    pair.bus.submit(SetPace(Pace.BUSY))
    looked = len(pair.sent)
    while len(pair.sent) == looked:
        pair.run(0.01)
    pair.unlock(within=0.1)
    pair.run(0.2)
    pair.tap.deaf = False
    pair.run(10.0)
    assert (pair.pulses_sent(), pair.outcomes) == (0, [Unlocked.EXPIRED])


def test_a_line_lost_in_the_middle_of_an_unlock_leaves_one_pulse_and_an_unknown_door(pair):
    pair.tap.spoil = only_unlocks(pair, lambda reply: [])
    pair.unlock("sent")
    pair.run(0.05)
    pair.unlock("waiting")
    pair.bus.line_down(pair.now, "unplugged")
    pair.run(1.0)
    assert {done.job: done.outcome for done in pair.of(UnlockDone)} == {
        "sent": Unlocked.SILENT,
        "waiting": Unlocked.LINE_GONE,
    }
    assert pair.seen == (None, None)
    pair.bus.line_up(pair.now)
    pair.due = pair.now
    pair.sees(closed=True, locked=False)
    assert (pair.pulses_sent(), pair.door.pulses) == (1, 1)


# ── unknown is unknown ───────────────────────────────────────────────────────────────────────────────


def test_a_silent_board_is_an_unknown_door_and_one_alarm_and_is_welcomed_back(pair):
    pair.tap.deaf = True
    pair.run(12.0)
    assert pair.seen == (None, None)
    assert [(a.device, a.fault) for a in pair.of(DeviceAlarm)] == [("lock", Fault.SILENT)]
    asked = len(pair.sent)
    pair.run(60.0)
    assert len(pair.sent) - asked < 10
    pair.tap.deaf = False
    pair.run(15.0)
    assert pair.of(DeviceAlarm)[-1].fault is None
    assert pair.seen == (True, True)


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(
            lambda request, replies: [(at, b"\x00\xff\x5a" + data) for at, data in replies], id="noise"
        ),
        pytest.param(lambda request, replies: [(at, data + data) for at, data in replies], id="twice"),
        pytest.param(
            lambda request, replies: [
                (at + i / 90, data[i : i + 1]) for at, data in replies for i in range(len(data))
            ],
            id="byte by byte",
        ),
    ],
)
def test_an_answer_is_found_in_noise_and_in_pieces(pair, spoil, name):
    pair.tap.spoil = spoil
    at = pair.now
    open_up(pair)
    assert pair.outcomes == [Unlocked.ACCEPTED]
    assert pair.seen == (False, False)
    assert (None, None) not in pair.doors(since=at) or name.startswith(SPEAKS_UNASKED)


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda data, random: data[: random.randrange(len(data))], id="cut off"),
        pytest.param(
            lambda data, random: data[:-1] + bytes([data[-1] ^ random.randrange(1, 256)]), id="bad end"
        ),
        pytest.param(lambda data, random: random.randbytes(len(data)), id="garbage"),
        pytest.param(lambda data, random: bytes(len(data)), id="zeros"),
    ],
)
def test_of_damaged_answers_nothing_false_is_said(pair, damage):
    random = Random(7)
    pair.tap.spoil = lambda request, replies: [
        (at, damage(data, random)) if random.random() < 0.5 else (at, data) for at, data in replies
    ]
    pair.run(300.0)
    assert pair.doors() == {(True, True), (None, None)}


def test_100_kb_of_junk_leave_the_bus_bounded_and_able(pair):
    random = Random(3)
    for _ in range(200):
        pair.step(random.randbytes(512))
        pair.now += 0.001
        assert pair.bus._asking is None or len(pair.bus._asking.heard) <= MOST_HEARD + 512
    pair.due = pair.now
    at = pair.now
    pair.run(15.0)
    assert pair.seen == (True, True)
    assert pair.doors(since=at) <= {(True, True), (None, None)}
    assert pair.bus.noise > 0


def test_the_echo_of_an_echoing_adapter_is_stripped(name):
    pair = Pair(CASES[name], echoes=True).run(2.0)
    open_up(pair)
    assert pair.outcomes == [Unlocked.ACCEPTED]
    assert pair.doors() - {(None, None)} == {(True, True), (True, False), (False, False)}


def test_with_an_echo_that_nobody_told_of_nothing_false_is_said_of_the_door(name):
    pair = Pair(CASES[name], adapter_echoes=True).run(10.0)
    pair.unlock()
    pair.door.stuck = True
    pair.run(3.0)
    assert pair.doors() <= {(True, True), (None, None)}
    assert {alarm.fault for alarm in pair.of(DeviceAlarm)} <= {Fault.ECHO}


# ── late answers ─────────────────────────────────────────────────────────────────────────────────────


def late_answer(pair: Pair, *, before_any: bool) -> Spoil:
    """Swallows the next answer about the reed and opens the door; says it before each answer that follows
    (or each about the reed) for as long as the driver holds that it may come.
    """
    reed = lock_driver(LockBoard(**pair.given)).looks[-1]
    held = max(reed.worst, reed.hold)
    kept: list[tuple[float, bytes]] = []

    def spoil(request: bytes, replies: list[sim.Reply]) -> list[sim.Reply]:
        if not kept and request == reed.request and replies:
            kept.append((pair.now + held, replies[0][1]))
            pair.door.open(pair.now, pair.random)
            return []
        if kept and pair.now < kept[0][0] and (before_any or request == reed.request):
            return [
                (at + i * 0.02, data) for at, reply in replies for i, data in enumerate((kept[0][1], reply))
            ]
        return replies

    return spoil


@pytest.mark.parametrize("before_any", [True, False])
def test_a_late_answer_is_never_taken_for_that_of_a_later_question(pair, before_any):
    pair.tap.spoil = late_answer(pair, before_any=before_any)
    at = pair.now + 0.3
    pair.run(6.0)
    assert True not in {closed for closed, _ in pair.doors(since=at)}
    assert pair.seen[0] is False


def test_without_the_quarantine_the_late_answer_would_be_believed(name):
    """Shows that the test above tests something: its waiting times set to nothing, one look believed."""
    pair = Pair(CASES[name])
    hasty = [
        dataclasses.replace(exchange, deadline=0.05, worst=0.0, hold=0.0) for exchange in pair.driver.looks
    ]
    pair.driver.looks = tuple(hasty)
    pair.driver.agree = 1
    pair.driver.probe = dataclasses.replace(pair.driver.probe, deadline=0.05, worst=0.0, hold=0.0)
    pair.start()
    pair.run(2.0)
    pair.tap.spoil = late_answer(pair, before_any=False)
    at = pair.now + 0.3
    pair.run(6.0)
    assert True in {closed for closed, _ in pair.doors(since=at)}


# ── what only one board does ─────────────────────────────────────────────────────────────────────────


def test_a_krcu16_is_told_after_each_pulse_that_it_may_take_the_next_one():
    pair = Pair(CASES["krcu16"]).run(2.0)
    pair.unlock()
    pair.run(1.0)
    after = [
        data for _, data in pair.sent[[data for _, data in pair.sent].index(pair.driver.unlock.request) :]
    ]
    assert after[1] == bytes.fromhex("020038033d")


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


def test_a_relay_that_refuses_the_pulse_leaves_the_unlock_without_an_answer_and_sends_no_other():
    pair = Pair(CASES["modbus"]).run(2.0)
    pair.tap.spoil = only_unlocks(pair, lambda reply: [(reply[0], bytes.fromhex("0185030291"))])
    pair.unlock()
    pair.run(5.0)
    assert (pair.outcomes, pair.pulses_sent()) == ([Unlocked.SILENT], 1)
