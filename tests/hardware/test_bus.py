"""The bus master on a virtual clock: what it asks, when, and what it believes."""

import dataclasses
from itertools import pairwise

import pytest

from edge.hardware.bus import Bus
from edge.hardware.codecs import bcc8a, modbus_rtu
from edge.hardware.drivers.lock_bcc8a import LockBcc8a
from edge.hardware.signals import (
    DeviceAlarm,
    DoorState,
    Fault,
    LineState,
    Misconfigured,
    Pace,
    SetPace,
    Sweep,
    Unlock,
    UnlockDone,
    Unlocked,
)

OPEN = bytes.fromhex("8a010111")
QUERY_ALL = bytes.fromhex("80010033")
QUERY_ONE = bytes.fromhex("80010133")


def weigh(unit: int) -> bytes:
    return bytes([unit, 3, 0, 80])


def status(unit: int) -> bytes:
    return bytes([unit, 3, 0, 8])


def only(unit: int, said):
    """Spoils the weights of one unit with what ``said(reply)`` gives."""
    return lambda request, reply: said(reply) if request.startswith(weigh(unit)) else None


def mute(*heads: bytes):
    return lambda request, reply: [] if request.startswith(heads) else None


# ── the ordinary ─────────────────────────────────────────────────────────────────────────────────────


def test_a_sweep_gives_every_tray_in_order_at_the_pace_asked_for(wire):
    before = len(wire.of(Sweep))
    wire.run(10.0)
    sweeps = wire.of(Sweep)[before:]
    assert len(sweeps) == pytest.approx(50, abs=1)
    assert {tuple(r.tray for r in sweep.readings) for sweep in sweeps} == {("1-01", "1-02", "1-03")}
    assert [r.weight for r in sweeps[-1].readings] == [11000, 12000, 13000]
    assert not any(r.suspect for r in sweeps[-1].readings)


def test_a_poll_is_one_read_and_status_is_read_every_few_seconds(wire, peer):
    peer.heard.clear()
    wire.run(30.0)
    assert len(peer.asked(weigh(11))) == pytest.approx(150, abs=1)
    assert len(peer.asked(status(11))) == pytest.approx(10, abs=1)
    steps_for_each = wire.steps / len(peer.heard)
    assert steps_for_each < 3


def test_the_busy_pace_asks_more_often_and_begins_at_once(wire, peer):
    wire.bus.submit(SetPace(Pace.BUSY))
    peer.heard.clear()
    wire.run(10.0)
    assert len(peer.asked(weigh(11))) == pytest.approx(80, abs=1)
    assert len(peer.asked(QUERY_ALL)) >= 50


def test_requests_keep_the_idle_gap_to_what_was_last_on_the_line(wire, peer):
    peer.spoil = only(12, lambda reply: [(0.004, reply[:-1] + b"\x00")])
    wire.run(5.0)
    assert min(wire.gaps) == pytest.approx(0.00175)


def test_a_line_too_slow_for_its_pace_still_mixes_sweeps_and_questions_in_passing(
    wire_of, lock, scales, peer
):
    wire = wire_of(lock, scales, idle_hz=50)
    wire.run(5.0)
    asked = [request[3] for _, request in peer.heard if request[1] == 3]
    assert {95, 96, 102, 8} < set(asked)
    assert all(80 in pair for pair in pairwise(asked))


@pytest.mark.parametrize(
    ("contacts", "locked_when", "shut_when", "state"),
    [
        (0b11, "short", "short", (True, True)),
        (0b00, "short", "short", (False, False)),
        (0b01, "short", "short", (False, True)),
        (0b11, "open", "short", (True, False)),
        (0b11, "short", "open", (False, True)),
    ],
)
def test_what_a_contact_means_is_configuration(wire_of, peer, contacts, locked_when, shut_when, state):
    lock = LockBcc8a(1, 1, 2, feedback_when_locked=locked_when, reed_when_closed=shut_when)
    wire = wire_of(lock, [])
    peer.contacts = contacts
    wire.run(1.0)
    door = wire.of(DoorState)[-1]
    assert (door.closed, door.locked) == state


def test_two_lines_may_share_the_work(wire_of, lock, scales):
    doors, weights = wire_of(lock, []), wire_of(None, scales)
    doors.run(1.0)
    weights.run(1.0)
    assert doors.of(DoorState)
    assert not doors.of(Sweep)
    assert weights.of(Sweep)
    assert not weights.of(DoorState)
    with pytest.raises(ValueError, match="has no lock board"):
        weights.bus.submit(Unlock("a", weights.now + 1))


# ── unlocking ────────────────────────────────────────────────────────────────────────────────────────


def test_an_unlock_goes_before_the_polls_and_a_query_confirms_it(wire, peer):
    peer.heard.clear()
    asked_at = wire.now
    wire.bus.submit(Unlock("a", wire.now + 1.0))
    wire.run(1.0)
    assert peer.heard[0][1].startswith(OPEN)
    assert [(done.job, done.outcome) for done in wire.of(UnlockDone)] == [("a", Unlocked.ACCEPTED)]
    confirmed = next(door for door in wire.of(DoorState) if door.at > asked_at and door.locked is False)
    assert confirmed.at - asked_at < 0.1
    queries = [at for at in peer.asked(QUERY_ALL) if at > asked_at]
    assert len(queries) >= 8


def test_a_bolt_that_did_not_move_is_said_so(wire, peer):
    peer.stuck = True
    wire.bus.submit(Unlock("a", wire.now + 1.0))
    wire.run(1.0)
    assert [done.outcome for done in wire.of(UnlockDone)] == [Unlocked.NO_FEEDBACK]
    assert wire.of(DoorState)[-1].locked is True


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param([], id="silence"),
        pytest.param([(0.01, bytes.fromhex("8a010100ff"))], id="bad checksum"),
        pytest.param([(0.01, bytes.fromhex("8a0101"))], id="short"),
        pytest.param([(0.01, bytes.fromhex("8a02010089"))], id="another board"),
        pytest.param([(1.9, bytes.fromhex("8a0101008a"))], id="late"),
    ],
)
def test_an_unlock_without_a_usable_answer_is_never_sent_again(wire, peer, reply):
    peer.spoil = lambda request, _: reply if request.startswith(OPEN) else None
    wire.bus.submit(Unlock("a", wire.now + 1.0))
    wire.run(20.0)
    assert len(peer.asked(OPEN)) == 1
    assert [done.outcome for done in wire.of(UnlockDone)] == [Unlocked.SILENT]
    assert wire.of(DoorState)[-1].locked is False


def test_an_unlock_past_its_deadline_is_refused_and_never_sent(wire, peer):
    peer.spoil = mute(weigh(11))
    wire.run(0.25)
    wire.bus.submit(Unlock("late", wire.now - 0.001))
    wire.bus.submit(Unlock("in time", wire.now + 1.0))
    wire.run(3.0)
    assert [(done.job, done.outcome) for done in wire.of(UnlockDone)] == [
        ("late", Unlocked.EXPIRED),
        ("in time", Unlocked.ACCEPTED),
    ]
    assert len(peer.asked(OPEN)) == 1


def test_an_unlock_that_must_wait_out_a_quarantine_expires_rather_than_come_late(wire, peer):
    peer.spoil = mute(QUERY_ALL)
    sent = len(peer.asked(QUERY_ALL))
    while len(peer.asked(QUERY_ALL)) == sent:
        wire.run(0.005)
    wire.bus.submit(Unlock("a", wire.now + 0.3))
    wire.run(3.0)
    assert [done.outcome for done in wire.of(UnlockDone)] == [Unlocked.EXPIRED]
    assert not peer.asked(OPEN)


# ── answers that are worth nothing ───────────────────────────────────────────────────────────────────


def exception(reply: bytes) -> bytes:
    return modbus_rtu.encode(modbus_rtu.Refusal(reply[0], 3, 2))


def of_unit(unit: int, digits: int) -> bytes:
    return modbus_rtu.encode(modbus_rtu.ReadReply(unit, 3, digits.to_bytes(4, "big")))


FAULTS = [
    pytest.param(lambda reply: [], Fault.SILENT, id="silence"),
    pytest.param(lambda reply: [(0.004, reply[:-2])], Fault.SHORT, id="cut off"),
    pytest.param(lambda reply: [(0.004, reply[:-1] + b"\x00")], Fault.CHECKSUM, id="bad checksum"),
    pytest.param(lambda reply: [(0.004, exception(reply))], Fault.EXCEPTION, id="refusal"),
    pytest.param(lambda reply: [(0.004, of_unit(12, 1))], Fault.WRONG_UNIT, id="another unit"),
    pytest.param(lambda reply: [(0.004, of_unit(11, 2**31 - 1))], Fault.SENTINEL, id="sentinel"),
    pytest.param(lambda reply: [(0.004, bytes.fromhex("0b0300500002c4b0"))], Fault.ECHO, id="echo"),
    pytest.param(lambda reply: [(0.004, bytes(100))], Fault.SILENT, id="noise"),
    pytest.param(lambda reply: [(0.004, bytes(2000))], Fault.SILENT, id="babbling"),
]


@pytest.mark.parametrize(("said", "fault"), FAULTS)
def test_each_kind_of_bad_answer_has_its_own_name_and_no_weight(wire, peer, said, fault):
    peer.spoil = only(11, said)
    before = len(wire.readings("1-01"))
    wire.run(0.6)
    reading = wire.readings("1-01")[before]
    assert (reading.weight, reading.fault) == (None, fault)
    assert wire.readings("1-02")[-1].weight == 12000


@pytest.mark.parametrize(("said", "fault"), FAULTS)
def test_a_tray_in_fault_raises_one_alarm_and_is_welcomed_back(wire, peer, said, fault):
    peer.spoil = only(11, said)
    wire.run(30.0)
    assert [(a.device, a.fault) for a in wire.of(DeviceAlarm)] == [("1-01", fault)]
    peer.spoil = lambda request, reply: None
    wire.run(15.0)
    assert [(a.device, a.fault) for a in wire.of(DeviceAlarm)] == [("1-01", fault), ("1-01", None)]
    assert wire.readings("1-01")[-1].weight == 11000
    assert not wire.readings("1-01")[-1].suspect


@pytest.mark.parametrize("said", [exception, lambda reply: reply[:-1] + b"\x00"], ids=["refusal", "checksum"])
def test_a_refusal_or_a_bad_checksum_costs_no_time_out(wire, peer, said):
    peer.spoil = only(11, lambda reply: [(0.004, said(reply))])
    wire.run(0.3)
    peer.heard.clear()
    wire.run(5.0)
    pairs = pairwise(peer.heard)
    waits = [then - at for (at, request), (then, _) in pairs if request.startswith(weigh(11))]
    assert waits
    assert max(waits) < 0.02
    assert len(peer.asked(weigh(12))) == pytest.approx(25, abs=1)


@pytest.mark.parametrize(
    "said",
    [
        pytest.param(lambda reply: [(0.004, reply[:4]), (0.034, reply[4:])], id="two pieces 30 ms apart"),
        pytest.param(lambda reply: [(0.004 + i / 100, bytes([b])) for i, b in enumerate(reply)], id="bytes"),
        pytest.param(lambda reply: [(0.004, b"\x00\xff\x0b" + reply)], id="noise in front"),
        pytest.param(lambda reply: [(0.003, b"\xff"), (0.004, reply)], id="a missing bias resistor"),
        pytest.param(lambda reply: [(0.004, reply + b"\x00\xff")], id="noise behind"),
        pytest.param(lambda reply: [(0.004, of_unit(12, 1) + reply)], id="another unit's frame in front"),
    ],
)
def test_a_good_answer_is_found_in_pieces_and_in_noise(wire, peer, said):
    peer.spoil = only(11, said)
    before = len(wire.readings("1-01"))
    wire.run(3.0)
    readings = wire.readings("1-01")[before:]
    assert [r.weight for r in readings] == [11000] * len(readings)
    assert not wire.of(DeviceAlarm)


def test_a_lock_board_in_silence_is_unknown_and_raises_an_alarm(wire, peer):
    peer.spoil = mute(b"\x80", b"\x8a")
    wire.run(5.0)
    assert wire.of(DoorState)[-1] == dataclasses.replace(wire.of(DoorState)[-1], closed=None, locked=None)
    assert [(a.device, a.fault) for a in wire.of(DeviceAlarm)] == [("lock", Fault.SILENT)]
    peer.spoil = lambda request, reply: None
    wire.run(15.0)
    assert wire.of(DeviceAlarm)[-1].fault is None
    assert wire.of(DoorState)[-1].closed is True


def test_a_line_that_babbles_is_cut_off_before_the_deadline(wire, peer):
    peer.spoil = only(11, lambda reply: [(i / 1000, bytes(100)) for i in range(10)])
    before = len(peer.asked(weigh(11)))
    wire.run(0.5)
    at = next(r.at for r in wire.readings("1-01") if r.weight is None)
    assert at - peer.asked(weigh(11))[before] < 0.05


# ── late answers ─────────────────────────────────────────────────────────────────────────────────────


def late_answer(peer, clock):
    """Swallows unit 11's next answer and gives it within 0.9 s, just when the weight is asked again."""
    kept: list[tuple[float, bytes]] = []

    def spoil(request: bytes, reply: bytes):
        if not request.startswith(weigh(11)):
            return None
        if not kept:
            kept.append((clock(), reply))
            peer.weighs(11, 500)
            return []
        asked_at, late = kept[0]
        if clock() - asked_at < 0.9:
            return [(0.002, late), (0.02, reply)]
        return None

    return spoil


def test_a_late_answer_is_never_taken_for_that_of_the_next_question(wire, peer):
    before = len(wire.readings("1-01"))
    peer.spoil = late_answer(peer, lambda: wire.now)
    wire.run(5.0)
    readings = wire.readings("1-01")[before:]
    assert {r.weight for r in readings} == {None, 5000}
    good = [r for r in readings if r.weight is not None]
    assert [r.suspect for r in good[:3]] == [True, False, False]


def test_without_the_quarantine_the_late_answer_would_be_believed(wire_of, lock, scales, peer):
    """Shows that the test above tests something: the same line, its waiting times set to nothing."""
    for scale in scales:
        scale.weigh = dataclasses.replace(scale.weigh, worst=0.0, hold=0.0)
    wire = wire_of(lock, scales)
    wire.run(3.0)
    before = len(wire.readings("1-01"))
    peer.spoil = late_answer(peer, lambda: wire.now)
    wire.run(5.0)
    assert 11000 in {r.weight for r in wire.readings("1-01")[before:]}


def test_after_a_time_out_the_line_rests_and_a_harmless_read_is_thrown_away(wire, peer):
    sent = peer.asked(weigh(11))[-1]
    peer.spoil = only(11, lambda reply: [])
    while peer.asked(weigh(11))[-1] == sent:
        wire.run(0.005)
    peer.spoil = lambda request, reply: None
    sent = peer.asked(weigh(11))[-1]
    wire.run(2.0)
    after = [(at - sent, request) for at, request in peer.heard if at > sent]
    assert after[0][0] >= 0.25
    assert after[0][1].startswith(status(11))
    assert peer.asked(weigh(11))[peer.asked(weigh(11)).index(sent) + 1] - sent >= 1.0


def test_what_arrives_while_nothing_is_asked_is_dropped_and_counted(wire):
    wire.run(0.1)
    wire.bus.step(of_unit(11, 999), wire.now)
    wire.run(1.0)
    assert wire.bus.noise == 9
    assert 9990 not in {r.weight for r in wire.readings("1-01")}


# ── dead trays ───────────────────────────────────────────────────────────────────────────────────────


def test_a_dead_tray_does_not_slow_the_sweeps_of_the_living(wire, peer):
    peer.spoil = mute(b"\x0b")
    wire.run(5.0)
    peer.heard.clear()
    before = len(wire.of(Sweep))
    wire.run(60.0)
    assert len(peer.asked(b"\x0b")) <= 6
    sweeps = wire.of(Sweep)[before:]
    assert len(sweeps) >= 0.97 * 60 * 5
    assert {(r.weight, r.fault) for s in sweeps for r in s.readings if r.tray == "1-01"} == {
        (None, Fault.SILENT)
    }
    assert all(r.weight is not None for s in sweeps for r in s.readings if r.tray != "1-01")


def test_with_every_tray_dead_the_bus_neither_spins_nor_forgets_them(wire, peer):
    peer.spoil = mute(b"\x0b", b"\x0c", b"\x0d")
    wire.run(10.0)
    steps = wire.steps
    wire.run(60.0)
    assert wire.steps - steps < 60 * 60
    peer.spoil = lambda request, reply: None
    wire.run(20.0)
    assert [r.weight for r in wire.of(Sweep)[-1].readings] == [11000, 12000, 13000]


# ── echo ─────────────────────────────────────────────────────────────────────────────────────────────


def test_the_echo_of_an_echoing_adapter_is_stripped(wire_of, lock, scales, peer):
    wire = wire_of(lock, scales, echoes=True)
    wire.run(2.0)
    assert [r.weight for r in wire.of(Sweep)[-1].readings] == [11000, 12000, 13000]
    wire.bus.submit(Unlock("a", wire.now + 1.0))
    wire.run(1.0)
    assert [done.outcome for done in wire.of(UnlockDone)] == [Unlocked.ACCEPTED]
    assert not wire.of(DeviceAlarm)


def test_an_echoed_unlock_request_is_not_taken_for_its_answer(wire_of, lock, scales, peer):
    wire = wire_of(lock, scales, echoes=True)
    wire.run(2.0)
    peer.spoil = mute(OPEN)
    wire.bus.submit(Unlock("a", wire.now + 1.0))
    wire.run(2.0)
    assert [done.outcome for done in wire.of(UnlockDone)] == [Unlocked.SILENT]


@pytest.mark.parametrize("setting", [True, False], ids=["set, but there is none", "there, but not set"])
def test_a_wrong_echo_setting_shows_as_echo_and_no_weight_is_believed(wire_of, lock, scales, setting):
    wire = wire_of(lock, scales, echoes=setting, adapter_echoes=not setting)
    wire.run(10.0)
    assert {r.weight for s in wire.of(Sweep) for r in s.readings} == {None}
    assert {a.fault for a in wire.of(DeviceAlarm)} == {Fault.ECHO}


# ── the line itself ──────────────────────────────────────────────────────────────────────────────────


def test_after_the_line_came_up_nothing_is_sent_for_a_while_and_first_weights_are_suspect(
    wire_of, lock, scales, peer
):
    wire = wire_of(lock, scales)
    peer.spoil = only(11, lambda reply: [(0.004, of_unit(11, 1100 + 10 * len(peer.heard) % 300))])
    up = wire.now
    wire.run(2.0)
    assert peer.heard[0][0] - up >= 0.299
    assert all(r.suspect for r in wire.readings("1-01"))
    assert [r.suspect for r in wire.readings("1-02")[:3]] == [True, False, False]


def test_a_line_lost_in_the_middle_of_an_unlock_says_that_nobody_knows(wire, peer):
    peer.spoil = mute(OPEN)
    wire.bus.submit(Unlock("sent", wire.now + 1.0))
    wire.run(0.1)
    wire.bus.submit(Unlock("waiting", wire.now + 5.0))
    wire.bus.line_down(wire.now, "unplugged")
    wire.run(0.1)
    outcomes = {done.job: done.outcome for done in wire.of(UnlockDone)}
    assert outcomes == {"sent": Unlocked.SILENT, "waiting": Unlocked.LINE_GONE}
    assert [(s.up, s.reason) for s in wire.of(LineState)] == [(True, ""), (False, "unplugged")]
    assert [(r.weight, r.fault) for r in wire.of(Sweep)[-1].readings] == [(None, Fault.LINE_GONE)] * 3
    assert wire.of(DoorState)[-1].locked is None
    wire.bus.submit(Unlock("while down", wire.now + 5.0))
    wire.run(2.0)
    assert wire.of(UnlockDone)[-1].outcome is Unlocked.LINE_GONE
    peer.spoil = lambda request, reply: None
    wire.bus.line_up(wire.now)
    wire.run(3.0)
    assert len(peer.asked(OPEN)) == 1
    assert [r.weight for r in wire.of(Sweep)[-1].readings] == [11000, 12000, 13000]


def test_a_line_lost_in_the_middle_of_a_sweep_leaves_no_half_sweep(wire, peer):
    peer.spoil = mute(weigh(12))
    wire.run(0.25)
    wire.bus.line_down(wire.now, "unplugged")
    wire.coming.clear()
    peer.spoil = lambda request, reply: None
    wire.bus.line_up(wire.now)
    wire.run(2.0)
    assert {len(sweep.readings) for sweep in wire.of(Sweep)} == {3}


# ── what the scales say about themselves ─────────────────────────────────────────────────────────────


def test_settings_that_falsify_weights_are_reported_at_the_start(wire_of, lock, scales, peer):
    peer.registers[12][96] = 5
    del peer.registers[13][102]
    wire = wire_of(lock, scales)
    wire.run(3.0)
    assert {(m.tray, m.register, m.value) for m in wire.of(Misconfigured)} == {
        ("1-02", 96, 5),
        ("1-03", 102, None),
    }
    wire.bus.line_down(wire.now, "unplugged")
    wire.bus.line_up(wire.now)
    wire.run(3.0)
    assert len(wire.of(Misconfigured)) == 4


def test_decimals_that_contradict_the_scale_factor_are_reported(wire_of, lock, scales, peer):
    peer.registers[11][8] = 1
    wire = wire_of(lock, scales)
    wire.run(4.0)
    assert {(m.tray, m.register, m.value) for m in wire.of(Misconfigured)} == {("1-01", 8, 1)}


def test_an_overloaded_scale_has_no_weight_until_its_status_clears(wire, peer):
    peer.registers[11][8] = 1 << 9
    wire.run(4.0)
    assert wire.readings("1-01")[-1].fault is Fault.SENTINEL
    peer.registers[11][8] = 0
    wire.run(1.5)
    assert wire.readings("1-01")[-1].weight == 11000


def test_old_firmware_without_a_status_register_still_weighs(wire_of, lock, scales, peer):
    del peer.registers[11][8]
    wire = wire_of(lock, scales)
    wire.run(20.0)
    assert len(peer.asked(status(11))) == 1
    assert wire.readings("1-01")[-1].weight == 11000
    assert not wire.of(DeviceAlarm)


def test_weights_below_zero_and_the_word_order_are_the_profile_s(wire, peer):
    peer.weighs(11, -15889)
    peer.weighs(12, 70000)
    wire.run(1.0)
    assert wire.readings("1-01")[-1].weight == -158890
    assert wire.readings("1-02")[-1].weight == 700000


def test_a_bus_given_the_same_bytes_at_the_same_times_does_the_same(wire_of, lock, scales):
    wires = [wire_of(lock, scales) for _ in range(2)]
    for wire in wires:
        wire.run(5.0)
    assert wires[0].signals == wires[1].signals
    assert isinstance(wires[0].bus, Bus)
    assert bcc8a.decode_request(wires[0].peer.heard[0][1]) == bcc8a.QueryAll(1)
