"""The uplink alone: what it publishes when, on a clock that is an argument."""

from dataclasses import replace
from random import Random

import pytest

from cloud_bridge import feed
from cloud_bridge.packing import is_packed, unpacked
from cloud_bridge.ranges import Covered
from cloud_bridge.turns import CentreIs, Connected, Disconnected, Limits, PubAck
from cloud_bridge.uplink import NOBODY_LISTENS, Uplink

PLAIN = Limits(start_jitter_s=0.0, replay_per_s=float("inf"), batch_above=20)
ROOMY = Connected()


@pytest.fixture
def uplink_of(make):
    """uplink_of(n): over an outbox of n sales, connected at second 0."""

    def build(count, limits=PLAIN, connected=ROOMY):
        uplink = Uplink(make.outbox(count), Random(1), limits)
        return uplink, uplink.turn([connected], 0.0)

    return build


def opened(turn):
    """The events' own bytes, as the centre takes them out of the messages."""
    bodies = [unpacked(m.body) for m in turn.publishes]
    return [each for body in bodies for each in (feed.unbatch(body) if body.startswith(b"[") else [body])]


def seqs(turn):
    return [seq for message in turn.publishes for seq in message.seqs]


def events(turn):
    return [note.event for note in turn.notes]


def ack(through=0, have=(), reject=(), inc="00000000000000a1"):
    rejected = tuple(feed.Rejected(seq=seq, code=code) for seq, code in reject)
    return feed.Ack(inc=inc, through=through, have=tuple(have), reject=rejected)


def test_nothing_is_published_before_the_session_is_up(make):
    uplink = Uplink(make.outbox(3), Random(1), PLAIN)
    assert uplink.turn([], 0.0).publishes == ()


def test_events_go_out_oldest_first_with_their_own_bytes(uplink_of, make):
    _, turn = uplink_of(3)
    assert [(m.seqs, unpacked(m.body)) for m in turn.publishes] == [
        ((n,), body) for n, body in enumerate(make.outbox(3).bodies, start=1)
    ]


def test_far_behind_they_go_in_batches_whose_bytes_are_untouched(uplink_of):
    uplink, turn = uplink_of(250)
    assert seqs(turn) == list(range(1, 201))  # 200 await the centre, no more
    assert all(len(m.seqs) <= 100 and is_packed(m.body) for m in turn.publishes)
    assert opened(turn) == uplink.outbox.bodies[:200]


def test_what_one_door_session_made_goes_out_in_one_message(make):
    uplink = Uplink(make.outbox(5), Random(1), Limits())
    turn = uplink.turn([Connected()], 0.0)
    assert [m.seqs for m in turn.publishes] == [(1, 2, 3, 4, 5)]


SIZES = [
    pytest.param(Limits(batch_raw_bytes=20_000), 268_435_455, 20_000, 60_000, id="before packing"),
    pytest.param(Limits(batch_bytes=3_000), 268_435_455, 512 * 1024, 3_000, id="on the wire"),
    pytest.param(Limits(), 4_096, 512 * 1024, 4_096 - 256, id="of the broker"),
]


@pytest.mark.parametrize(("limits", "max_packet", "most_raw", "most_wire"), SIZES)
def test_a_batch_keeps_every_limit_of_size_and_leaves_nothing_out(
    make, limits, max_packet, most_raw, most_wire
):
    noise = Random(3)
    sales = [make.sale(n, catalogue=noise.randbytes(100).hex()) for n in range(1, 101)]
    outbox = type(make.outbox(0))(make.chain(sales))
    uplink = Uplink(outbox, Random(1), replace(limits, start_jitter_s=0, replay_per_s=float("inf")))
    turn = uplink.turn([Connected(65535, max_packet)], 0.0)
    assert seqs(turn) == list(range(1, 101))
    assert len(turn.publishes) > 1
    assert all(len(m.body) <= most_wire for m in turn.publishes)
    assert all(len(unpacked(m.body)) <= most_raw for m in turn.publishes)
    assert opened(turn) == outbox.bodies


WINDOWS = [
    pytest.param(20, 65535, 20, id="ours"),
    pytest.param(20, 5, 5, id="the broker's Receive Maximum"),
    pytest.param(3, 20, 3, id="by setting"),
]


@pytest.mark.parametrize(("window", "receive_maximum", "expected"), WINDOWS)
def test_no_more_messages_await_a_puback_than_both_sides_allow(uplink_of, window, receive_maximum, expected):
    limits = replace(PLAIN, window=window, batch_above=1000)
    uplink, turn = uplink_of(30, limits, Connected(receive_maximum))
    assert seqs(turn) == list(range(1, expected + 1))
    turn = uplink.turn([PubAck(turn.publishes[0].ref, 0)], 0.1)
    assert seqs(turn) == [expected + 1]


def test_a_puback_frees_the_window_and_nothing_else(uplink_of):
    uplink, turn = uplink_of(3)
    turn = uplink.turn([PubAck(m.ref, 0) for m in turn.publishes], 0.1)
    assert uplink.backlog() == 3
    assert turn.due == pytest.approx(1.5)
    again = uplink.turn([], turn.due)
    assert seqs(again)[0] == 1


ACKS = [
    pytest.param(ack(2), 1, id="through"),
    pytest.param(ack(0, have=[(2, 3)]), 1, id="have"),
    pytest.param(ack(1, reject=[(3, "fact")]), 1, id="reject"),
    pytest.param(ack(3), 0, id="all"),
    pytest.param(ack(0), 3, id="nothing"),
]


@pytest.mark.parametrize(("mark", "left"), ACKS)
def test_an_event_leaves_by_the_centres_ack(uplink_of, mark, left):
    uplink, _ = uplink_of(3)
    uplink.turn([mark], 0.1)
    assert uplink.backlog() == left


def test_what_is_covered_by_have_is_not_sent_again(uplink_of):
    uplink, turn = uplink_of(6)
    turn = uplink.turn([*(PubAck(m.ref, 0) for m in turn.publishes), ack(1, have=[(3, 4)])], 0.1)
    first = uplink.turn([], turn.due)
    assert seqs(first) == [2]  # one message at a time until the centre answers
    second = uplink.turn([PubAck(first.publishes[0].ref, 0), ack(4)], turn.due + 0.1)
    assert seqs(second) == [5, 6]


def test_a_mark_never_goes_back(uplink_of):
    uplink, _ = uplink_of(3)
    uplink.turn([ack(3), ack(1)], 0.1)
    assert uplink.covered.through == 3


@pytest.mark.parametrize("mark", [ack(4), ack(0, have=[(3, 9)]), ack(1, reject=[(7, "x")])])
def test_a_mark_above_our_last_number_is_an_alarm_and_frees_nothing(uplink_of, mark):
    uplink, _ = uplink_of(3)
    turn = uplink.turn([mark], 0.1)
    assert [(n.event, n.alarm) for n in turn.notes] == [("mark_above_our_last", True)]
    assert uplink.backlog() == 3


def test_a_mark_of_another_incarnation_is_an_alarm_and_frees_nothing(uplink_of):
    uplink, _ = uplink_of(3)
    turn = uplink.turn([ack(3, inc="00000000000000b2")], 0.1)
    assert [(n.event, n.alarm) for n in turn.notes] == [("mark_of_another_incarnation", True)]
    assert uplink.backlog() == 3


def refuse(uplink, turn, code, now):
    return uplink.turn([PubAck(m.ref, code) for m in turn.publishes], now)


def test_while_nobody_listens_it_waits_longer_each_time_up_to_a_minute(uplink_of):
    uplink, turn = uplink_of(30)
    now, waits = 0.0, []
    for _ in range(12):
        turn = refuse(uplink, turn, 0x10, now)
        assert uplink.backlog() == 30
        assert turn.publishes == ()
        waits.append(turn.due - now)
        now = turn.due
        turn = uplink.turn([], now)
        assert len(turn.publishes) == 1
        assert seqs(turn)[0] == 1
    assert all(1.0 <= wait <= 60.0 for wait in waits)
    assert max(waits) > 10


def test_the_centre_coming_back_ends_the_wait(uplink_of):
    uplink, turn = uplink_of(3)
    for n in range(8):
        turn = refuse(uplink, turn, 0x10, float(n * 100))
        turn = uplink.turn([], turn.due)
    held = refuse(uplink, turn, 0x10, 1000.0)
    assert held.due > 1001
    assert uplink.turn([CentreIs(True)], 1000.1).due <= 1001.1


def test_the_centre_coming_back_ends_the_wait_on_a_broker_without_reason_codes_too(uplink_of):
    uplink, turn = uplink_of(3, Limits(stalled_s=1e9, start_jitter_s=0))
    for _ in range(9):
        turn = uplink.turn([PubAck(m.ref, 0) for m in turn.publishes], turn.due)
    now = turn.due - 5
    assert uplink.turn([CentreIs(True)], now).due <= now + 1


@pytest.mark.parametrize("code", [0x87, 0x90])
def test_a_denial_is_an_alarm_and_is_tried_again_a_quarter_of_an_hour_later(uplink_of, code):
    uplink, turn = uplink_of(3)
    turn = refuse(uplink, turn, code, 0.0)
    assert [(n.event, n.alarm) for n in turn.notes] == [("refused_by_broker", True)]
    assert 800 < turn.due < 1000
    assert uplink.backlog() == 3
    assert seqs(uplink.turn([], turn.due)) == [1]


def test_a_quota_is_waited_out(uplink_of):
    uplink, turn = uplink_of(3)
    turn = refuse(uplink, turn, 0x97, 0.0)
    assert 1 <= turn.due <= 2
    assert uplink.backlog() == 3


@pytest.mark.parametrize("code", [0x95, 0x99])
def test_a_poison_row_is_parked_and_those_behind_it_pass(uplink_of, code):
    uplink, turn = uplink_of(3)
    answers = [PubAck(m.ref, code if m.seqs == (1,) else 0) for m in turn.publishes]
    turn = uplink.turn([*answers, ack(0, have=[(2, 3)])], 0.1)
    assert list(uplink.parked) == [1]
    assert uplink.backlog() == 1
    assert turn.publishes == ()
    assert seqs(uplink.turn([], 900.2)) == [1]  # tried again, rarely


def test_a_poisoned_batch_is_sent_singly_until_the_row_is_found(uplink_of):
    uplink, turn = uplink_of(30, Limits(start_jitter_s=0, replay_per_s=float("inf"), unmarked=30))
    assert len(turn.publishes[0].seqs) == 30
    turn = refuse(uplink, turn, 0x95, 0.1)
    sent = []
    now = 0.2
    while turn.publishes and now < 10:
        sent += seqs(turn)
        good = [s for s in seqs(turn) if s != 17]
        through = max([s for s in sent if s != 17 and s < 17], default=0)
        above = [(s, s) for s in sent if s > 17]
        answers = [PubAck(m.ref, 0x95 if m.seqs == (17,) else 0) for m in turn.publishes]
        assert all(len(m.seqs) == 1 for m in turn.publishes)
        turn = uplink.turn([*answers, ack(through, have=above)] if good else answers, now)
        now += 0.1
    assert list(uplink.parked) == [17]
    assert uplink.backlog() == 1


def test_a_row_too_large_for_the_broker_is_parked_before_it_can_end_the_session(uplink_of, make):
    big = make.sale(2, catalogue=Random(1).randbytes(5000).hex())
    bodies = make.chain([make.sale(1), big, make.sale(3)])
    uplink = Uplink(type(make.outbox(0))(bodies), Random(1), PLAIN)
    turn = uplink.turn([Connected(20, 4096)], 0.0)
    assert seqs(turn) == [1, 3]
    assert uplink.parked[2].code == "too_large_for_broker"


def test_bytes_that_are_no_event_are_parked_and_named(make):
    outbox = make.outbox(3)
    outbox.bodies[1] = b"\x00garbage"
    uplink = Uplink(outbox, Random(1), PLAIN)
    turn = uplink.turn([Connected()], 0.0)
    assert seqs(turn) == [1, 3]
    assert uplink.parked[2].code == "unreadable_in_ledger"
    assert "parked" in events(turn)


def test_a_row_is_not_set_aside_for_being_sent_while_the_centre_is_away(uplink_of):
    uplink, turn = uplink_of(3)
    uplink.turn([ack(1, have=[(3, 3)])], 0.0)
    now = 0.0
    for _ in range(40):
        now += 61
        turn = uplink.turn([PubAck(m.ref, NOBODY_LISTENS) for m in turn.publishes], now)
    assert uplink.parked == {}


def test_a_row_the_centre_never_names_is_parked_while_others_go_on(uplink_of):
    uplink, turn = uplink_of(3)
    now = 0.0
    for _ in range(40):
        turn = uplink.turn([*(PubAck(m.ref, 0) for m in turn.publishes), ack(1, have=[(3, 3)])], now)
        now += 61
        turn = uplink.turn([], now)
        if uplink.parked:
            break
    assert uplink.parked[2].code == "unanswered"


def test_without_marks_it_sends_again_ever_more_rarely_and_at_most_one_message(uplink_of):
    limits = Limits(stalled_s=1e9, start_jitter_s=0, replay_per_s=float("inf"))
    uplink, turn = uplink_of(150, limits)
    now, waits = 0.0, []
    for _ in range(12):
        turn = uplink.turn([PubAck(m.ref, 0) for m in turn.publishes], now)
        waits.append(turn.due - now)
        now = turn.due
        turn = uplink.turn([], now)
        assert seqs(turn)[0] == 1
        assert len(turn.publishes) == 1
    assert waits[0] == pytest.approx(1.5)
    assert max(waits) > 10
    assert all(1.4 < wait <= 60 for wait in waits)


def test_rows_out_and_no_mark_for_a_minute_ask_for_a_new_client(uplink_of):
    uplink, turn = uplink_of(3)
    assert not uplink.turn([], 59.0).stalled
    assert uplink.turn([], 61.0).stalled
    turn = uplink.turn([Disconnected(), Connected()], 62.0)
    assert seqs(turn) == [1]  # carefully, until the centre answers
    assert seqs(uplink.turn([ack(1)], 62.1)) == [2, 3]
    assert not uplink.turn([ack(3)], 130.0).stalled


def test_an_idle_uplink_is_never_stalled(uplink_of):
    uplink, _ = uplink_of(0)
    assert not uplink.turn([], 1e6).stalled


def test_after_an_outage_counters_start_at_different_moments_and_keep_a_pace(make):
    starts = []
    for seed in range(20):
        uplink = Uplink(make.outbox(400), Random(seed), Limits())
        turn = uplink.turn([Connected()], 100.0)
        starts.append(turn.due)
        first = uplink.turn([], turn.due)
        assert len(first.publishes) == 1
        assert first.due - turn.due == pytest.approx(len(first.publishes[0].seqs) / 400)
    assert 100 <= min(starts) < max(starts) <= 103
    assert len(set(starts)) == 20


def test_a_single_new_sale_goes_out_at_once(make):
    outbox = make.outbox(0)
    uplink = Uplink(outbox, Random(1), Limits())
    uplink.turn([Connected()], 0.0)
    outbox.bodies += make.outbox(1).bodies
    assert seqs(uplink.turn([], 5.0)) == [1]


def test_a_puback_of_a_session_gone_is_not_taken_for_one_of_the_next(uplink_of):
    uplink, before = uplink_of(3)
    after = uplink.turn([Disconnected(), Connected()], 1.0)
    refs = {m.ref for m in before.publishes} & {m.ref for m in after.publishes}
    assert not refs


# --- sent again because the centre asks -----------------------------------------------------------
def answer(uplink, turn, mark, now):
    return uplink.turn([*(PubAck(m.ref, 0) for m in turn.publishes), mark], now)


ASKED = [
    pytest.param((2, 3), [2, 3], id="in the middle"),
    pytest.param((4, 99), [4, 5], id="beyond the last"),
    pytest.param((-3, 1), [1], id="from before the first"),
    pytest.param((6, 9), [], id="none of ours"),
    pytest.param((3, 2), [], id="backwards"),
]


@pytest.mark.parametrize(("asked", "sent"), ASKED)
def test_a_range_asked_for_is_sent_again_although_acknowledged(uplink_of, asked, sent):
    uplink, turn = uplink_of(5)
    answer(uplink, turn, ack(5), 0.1)
    assert uplink.resend(*asked) == len(sent)
    turn = uplink.turn([], 0.2)
    assert seqs(turn) == sent
    assert uplink.backlog() == len(sent)
    answer(uplink, turn, ack(5), 0.3)
    assert uplink.backlog() == 0


def test_an_ack_of_the_first_time_does_not_stand_for_what_was_asked_for_and_not_sent_yet(uplink_of):
    uplink, turn = uplink_of(5, Limits(window=2, batch_above=100, start_jitter_s=0))
    while uplink.backlog():
        turn = answer(uplink, turn, ack(max(seqs(turn))), 0.1)
    uplink.resend(1, 5)
    turn = uplink.turn([], 0.2)
    assert seqs(turn) == [1, 2]
    turn = answer(uplink, turn, ack(5), 0.3)
    assert seqs(turn) == [3, 4]
    assert uplink.backlog() == 3


def test_what_was_asked_for_before_a_session_goes_out_with_the_next(uplink_of):
    uplink, turn = uplink_of(3)
    answer(uplink, turn, ack(3), 0.1)
    uplink.turn([Disconnected()], 0.2)
    uplink.resend(2, 2)
    assert uplink.turn([], 0.3).publishes == ()
    assert seqs(uplink.turn([Connected()], 0.4)) == [2]


def test_counters_asked_at_once_start_at_different_moments(make):
    starts = set()
    for seed in range(20):
        uplink = Uplink(make.outbox(3), Random(seed), Limits())
        answer(uplink, uplink.turn([Connected()], 0.0), ack(3), 10.0)
        uplink.resend(1, 3)
        turn = uplink.turn([], 20.0)
        assert turn.publishes == ()
        starts.add(turn.due)
    assert len(starts) == 20
    assert 20 <= min(starts) < max(starts) <= 23


# --- what a broker does instead of refusing -------------------------------------------------------
def cut(uplink, code, now):
    return uplink.turn([Disconnected(code), Connected()], now)


def test_a_link_that_breaks_now_and_then_puts_no_row_aside(uplink_of):
    uplink, turn = uplink_of(30)
    for n in range(20):
        turn = answer(uplink, turn, ack(n), n + 0.1)  # something always gets through
        turn = cut(uplink, 0, n + 0.2)
    assert uplink.parked == {}
    assert len(turn.publishes) >= 1


def test_one_row_that_ends_every_session_is_put_aside_after_a_few_and_never_a_good_one(uplink_of):
    uplink, turn = uplink_of(30)
    now = 0.0
    while 17 not in uplink.parked and now < 100:
        now += 1
        if any(17 in m.seqs for m in turn.publishes):
            turn = cut(uplink, 0, now)
        else:
            turn = answer(uplink, turn, ack(max(seqs(turn), default=uplink.covered.through)), now)
    assert list(uplink.parked) == [17]
    assert now < 30


def test_what_was_put_aside_is_tried_again_alone(uplink_of):
    uplink, turn = uplink_of(30, replace(PLAIN, batch_above=1000))
    answers = [PubAck(m.ref, 0x95 if m.seqs == (1,) else 0) for m in turn.publishes]
    turn = uplink.turn([*answers, ack(0, have=[(2, 20)])], 0.1)
    assert seqs(turn) == list(range(21, 31))
    waiting = uplink.turn([], 901.0)
    assert seqs(waiting) == []  # the others are still under way
    turn = uplink.turn([*(PubAck(m.ref, 0) for m in turn.publishes), ack(0, have=[(2, 30)])], 901.1)
    assert seqs(turn) == [1]
    uplink.outbox.bodies = uplink.outbox.bodies * 2
    assert seqs(uplink.turn([], 901.2)) == []


def test_a_row_put_aside_does_not_keep_the_loop_awake_while_a_denial_is_waited_out(uplink_of):
    uplink, turn = uplink_of(2)
    turn = uplink.turn([PubAck(turn.publishes[0].ref, 0x99), PubAck(turn.publishes[1].ref, 0)], 0.0)
    turn = uplink.turn([ack(0, have=[(2, 2)])], 0.1)
    turn = uplink.turn([], 900.2)
    turn = refuse(uplink, turn, 0x87, 1000.0)
    uplink.parked[1].retry_at = 1000.1
    assert uplink.turn([], 1001.0).due > 1700


def test_a_centre_that_comes_back_does_not_end_the_wait_after_a_denial(uplink_of):
    uplink, turn = uplink_of(3)
    refuse(uplink, turn, 0x87, 0.0)
    turn = uplink.turn([CentreIs(True)], 10.0)
    assert turn.publishes == ()
    assert turn.due > 800


@pytest.mark.parametrize(("waiting", "passes"), [(0, True), (20, True), (21, False)])
def test_telemetry_waits_while_events_do(uplink_of, waiting, passes):
    uplink, _ = uplink_of(waiting)
    assert uplink.telemetry_may_pass() is passes


COPIES = [
    pytest.param({"through": 5}, "mark_above_our_last", id="it holds more than we have"),
    pytest.param({"through": 1, "tip": (9, "0" * 64)}, "mark_above_our_last", id="far above a gap"),
    pytest.param(
        {"through": 3, "tip": (3, "0" * 64)}, "other_event_at_centre", id="another event under our last"
    ),
    pytest.param({"through": 2, "tip": (2, "0" * 64)}, "other_event_at_centre", id="under an earlier one"),
]


@pytest.mark.parametrize(("said", "told"), COPIES)
def test_nothing_is_sent_under_numbers_that_the_centre_has_for_other_events(make, said, told):
    uplink = Uplink(make.outbox(3), Random(1), Limits())
    turn = uplink.turn([Connected(), feed.Ack(inc=make.INC, **said)], 0.0)
    assert ([note.event for note in turn.notes if note.alarm], turn.publishes) == ([told], ())
    assert turn.notes[-1].fields["inc"] == make.INC
    assert uplink.covered == Covered()
    assert all(uplink.turn([], now).publishes == () for now in (10.0, 100.0, 1000.0))


def test_a_tip_that_is_our_own_event_is_an_ack_like_any_other(make):
    outbox = make.outbox(3)
    uplink = Uplink(outbox, Random(1), Limits())
    tip = (2, feed.sha256(outbox.bodies[1]))
    uplink.turn([Connected(), feed.Ack(inc=make.INC, through=2, tip=tip)], 0.0)
    assert uplink.covered == Covered(2)
