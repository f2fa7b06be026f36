"""A centre whose database was put back from a copy: what it names no longer is sent again, and only then."""

import json
from random import Random

import pytest

from cloud_bridge import feed
from cloud_bridge.central.presence import born
from cloud_bridge.central.store import Stream
from cloud_bridge.ranges import Covered
from cloud_bridge.turns import CentreIs, Connected, Disconnected, Limits
from cloud_bridge.uplink import Uplink

PLAIN = Limits(start_jitter_s=0.0, replay_per_s=float("inf"))


def ack(through, have=()):
    return feed.Ack(inc="00000000000000a1", through=through, have=have)


@pytest.fixture
def acknowledged(make):
    """An uplink over ten events, all of them acknowledged, in a session that began at second 0."""
    uplink = Uplink(make.outbox(10), Random(1), PLAIN)
    uplink.turn([Connected()], 0.0)
    uplink.turn([ack(10)], 1.0)
    assert uplink.backlog() == 0
    return uplink


def sent_after(uplink, *inputs):
    """Numbers published after ``inputs``, and after the wait for their acks has passed without any."""
    turns = [uplink.turn([item], 2.0) for item in inputs] + [uplink.turn([], 2.1)]
    return [seq for turn in turns for message in turn.publishes for seq in message.seqs]


FORGOTTEN = [
    pytest.param(ack(4), [5, 6, 7, 8, 9, 10], id="the mark fell"),
    pytest.param(ack(0), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10], id="it knows nothing"),
    pytest.param(ack(4, ((7, 8),)), [5, 6, 9, 10], id="a hole"),
    pytest.param(ack(10), [], id="nothing"),
]
NEWS = [
    pytest.param([Disconnected(), Connected()], id="a new session"),
    pytest.param([CentreIs(online=True)], id="the centre came up"),
]


@pytest.mark.parametrize("news", NEWS)
@pytest.mark.parametrize(("told", "again"), FORGOTTEN)
def test_the_first_ack_tells_what_was_forgotten(acknowledged, news, told, again):
    assert sent_after(acknowledged, *news, told) == again
    assert acknowledged.backlog() == len(again)


def test_an_ack_from_before_a_restore_that_came_late_is_found_out_when_the_centre_is_asked_again(
    acknowledged,
):
    assert sent_after(acknowledged, CentreIs(online=True), ack(10), ack(4)) == []
    due = 1.5 * PLAIN.audit_s + 1
    assert acknowledged.turn([], due).asks
    acknowledged.turn([ack(4)], due)
    assert acknowledged.turn([], due).publishes[0].seqs == (5, 6, 7, 8, 9, 10)


def test_a_later_ack_that_is_lower_was_only_overtaken(acknowledged):
    assert sent_after(acknowledged, CentreIs(online=True), ack(10), ack(4)) == []


def test_beyond_the_last_range_of_a_full_ack_nothing_counts_as_forgotten(make):
    uplink = Uplink(make.outbox(300), Random(1), PLAIN)
    uplink.covered = Covered(0, ((1, 300),))
    have = tuple((n, n) for n in range(3, 3 + 2 * feed.MAX_HAVE, 2))
    uplink.turn([Connected(), ack(1, have)], 0.0)
    uplink.turn([], 0.1)
    gone = [n for n in range(1, 301) if n not in uplink.covered]
    assert gone == list(range(2, 2 + 2 * feed.MAX_HAVE, 2))


def test_what_is_forgotten_beyond_the_last_range_of_a_full_ack_is_found_by_those_that_follow(make):
    uplink = Uplink(make.outbox(300), Random(1), PLAIN)
    uplink.covered = Covered(300)
    held = Covered(1, tuple((n, n) for n in range(3, 280, 2)))
    out, now = [ack(held.through, held.have[: feed.MAX_HAVE])], 0.0
    uplink.turn([Connected()], now)
    while out and now < 100:
        now += 0.1
        sent = [seq for message in uplink.turn(out, now).publishes for seq in message.seqs]
        held = held.plus(0, [(seq, seq) for seq in sent])
        out = [ack(held.through, held.have[: feed.MAX_HAVE])] if sent or now < 1 else []
    assert held == Covered(300)


BIRTHS = [
    pytest.param({"online": True, "inc": "00aa"}, Stream("T-001", "00aa"), id="a birth"),
    pytest.param({"online": True}, None, id="of an earlier version"),
    pytest.param({"online": False, "inc": "00aa"}, None, id="a last will"),
    pytest.param({"online": True, "inc": "\ud800"}, None, id="no incarnation"),
    pytest.param({"online": True, "inc": "a" * 65}, None, id="too long a one"),
    pytest.param([], None, id="no object"),
]


@pytest.mark.parametrize(("said", "stream"), BIRTHS)
def test_only_a_birth_that_names_its_ledger_is_answered(said, stream):
    assert born("counters/T-001/presence", json.dumps(said).encode()) == stream
    assert born("counters/T-001/health", json.dumps(said).encode()) is None
