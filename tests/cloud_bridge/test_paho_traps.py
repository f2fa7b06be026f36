"""What paho-mqtt 2.2 does and does not do for us, each trap with a real client on a real socket.

| # | rule | what its test would catch |
|---|---|---|
| 1 | the outbox is ours, paho is a socket | rows that live in a client's memory and die with it |
| 2 | "no connection" at publish means in flight | a row taken for failed or for sent |
| 3 | MQTT 5; a PUBACK is judged by its reason | a refusal that frees a row |
| 4 | callbacks only put(); the network thread is watched | a client that is dead and says it is connected |
| 5 | a message is acknowledged after it is on disk | a mark that the broker may forget and we have not kept |
| 6 | never QoS 2 | a handshake whose second half is in RAM only |
| 7 | a small window of our own | a queue in paho that drops the newest or runs out of packet ids |
| 8 | the broker's limits are kept by us | a large row that ends every session, a window too wide |
| 9 | no topic alias | a resend that names no topic |
| 10 | a client lives for one session | a counter of messages in flight that leaks until nothing goes out |
| 11 | our own pause before dialling, with jitter | a fleet that comes back in step |
| 12 | clean start, whatever the broker says it has | rows sent again beside the outbox |
| 13 | keep-alive of 20 to 30 s, and it is looked at | a line that died in silence |
| 14 | paho's limits are set before it connects | messages held back inside paho above its own window |
"""

import ctypes
import struct
import threading
from contextlib import closing
from random import Random

import msgspec
import pytest

from cloud_bridge import feed
from cloud_bridge.database import open_reader
from cloud_bridge.link import Arrived, Broker, Link, Message
from cloud_bridge.ranges import Covered
from cloud_bridge.state import FILE
from tests.cloud_bridge.running_bridge import RunningBridge, seqs_in
from tests.cloud_bridge.scripted_broker import (
    CONNECT,
    DISCONNECT,
    PUBACK,
    PUBLISH,
    SUBSCRIBE,
    Script,
    ScriptedBroker,
    packet,
    publish,
)

pytestmark = pytest.mark.processes

RECEIVE_MAXIMUM, TOPIC_ALIAS_MAXIMUM, MAXIMUM_PACKET_SIZE = 0x21, 0x22, 0x27
ACKS = "counters/T-001/acks"


def property_of(kind, value):
    return struct.pack(">BI" if kind == MAXIMUM_PACKET_SIZE else ">BH", kind, value)


@pytest.fixture
def stage(tmp_path, make):
    """stage(script, rows, **bridge): a scripted broker and a bridge with so many sales to send."""
    opened = []

    def build(script=None, rows=3, bodies=None, **bridge):
        broker = ScriptedBroker(script or Script())
        outbox = make.outbox(rows)
        outbox.bodies = bodies or outbox.bodies
        running = RunningBridge(tmp_path, broker.port, outbox, **bridge)
        opened.append((broker, running))
        return broker, running

    yield build
    for broker, running in opened:
        running.close()
        broker.close()


def arrived(broker, session=-1):
    return [seq for message in broker.sent(session) for seq in seqs_in(message.body)]


def singly(running):
    """Each row in a message of its own, so that messages can be counted."""
    limits = running.uplink.limits
    running.uplink.limits = type(limits)(
        window=limits.window, start_jitter_s=0.0, batch_above=10**6, unmarked=10**6, replay_per_s=float("inf")
    )


def mark(through, mid=7, inc="00000000000000a1"):
    body = b'{"inc":"%s","through":%d}' % (inc.encode(), through)
    return publish(ACKS, body, mid)


def test_1_what_a_lost_session_held_comes_from_the_outbox_again_and_only_from_there(stage):
    broker, running = stage(Script(puback=lambda _: None), rows=5)
    singly(running)
    running.run(lambda: arrived(broker) == [1, 2, 3, 4, 5], "five rows under way")
    broker.script = Script()
    broker.hang_up()
    running.run(lambda: len(broker.sessions) == 2 and len(arrived(broker)) >= 5, "the next session", 15)
    assert arrived(broker) == [1, 2, 3, 4, 5]
    assert not any(message.dup for message in broker.sent())
    assert running.uplink.backlog() == 5


def test_2_a_row_published_while_the_line_is_gone_counts_as_under_way_and_arrives(stage, make):
    broker, running = stage(rows=1)
    running.run(lambda: arrived(broker) == [1], "the first row")
    broker.say(mark(1))
    running.run(lambda: running.uplink.backlog() == 0, "the mark")
    client = running.link._client
    broker.hang_up()
    while client.is_connected():
        pass  # paho knows that the line is gone, the bridge has not looked yet
    running.outbox.bodies.append(make.sales(2)[1])
    running.turn()
    assert running.uplink.backlog() == 1
    assert len(running.bridge._refs) == 1  # under way: neither failed nor sent
    running.run(lambda: len(broker.sessions) == 2 and arrived(broker), "the next session", 15)
    assert arrived(broker) == [2]


REFUSALS = [
    pytest.param(0x10, "nobody_listens", id="nobody listens"),
    pytest.param(0x87, "refused_by_broker", id="denied"),
    pytest.param(0x90, "refused_by_broker", id="topic name invalid"),
    pytest.param(0x97, "refused_by_broker", id="quota"),
    pytest.param(0x80, "refused_by_broker", id="unspecified"),
    pytest.param(0x99, "parked", id="payload invalid"),
]


@pytest.mark.parametrize(("code", "word"), REFUSALS)
def test_3_a_puback_with_a_reason_frees_no_row_and_says_so(stage, code, word):
    broker, running = stage(Script(puback=lambda _: code), rows=1)
    running.run(lambda: running.noted(word), "the refusal")
    assert running.uplink.backlog() == 1
    broker.script = Script()
    running.ahead(1000)
    running.run(lambda: arrived(broker) == [1, 1], "the same row again")


def killed(thread):
    """The thread ends where it is, and neither paho nor a callback hears of it, as after a fault of paho."""
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread.ident), ctypes.py_object(SystemExit))
    thread.join(10)
    assert not thread.is_alive()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_4_a_client_whose_network_thread_died_is_replaced_although_it_says_it_is_connected(stage):
    broker, running = stage(rows=1)
    running.run(lambda: arrived(broker) == [1], "the first row")
    client = running.link._client
    killed(client._thread)
    assert client.is_connected()
    assert client.socket().getpeername()[1] == broker.port  # open: no end of file told of it
    running.turn(running.link.wait(0))
    running.run(lambda: running.noted("broker_down"), "the watch", 3)
    assert running.noted("broker_down")[0]["why"] == "network thread ended"
    running.run(lambda: len(broker.sessions) == 2 and arrived(broker) == [1], "a new client", 15)
    assert running.link._client is not client


def test_4_no_mark_for_a_minute_builds_a_new_client(stage):
    broker, running = stage(rows=1)
    running.run(lambda: arrived(broker) == [1], "the first row")
    running.ahead(61)
    running.run(lambda: running.noted("no_mark_for_long"), "the alarm")
    running.run(lambda: len(broker.sessions) == 2 and arrived(broker) == [1], "a new client", 15)


@pytest.mark.parametrize("kind", [CONNECT, SUBSCRIBE])
def test_4_a_broker_that_never_confirms_is_left_after_half_a_minute(stage, kind):
    broker, running = stage(Script(silent_to=(kind,)))
    running.run(lambda: broker.sessions and kind in dict(broker.sessions[-1]), "the question")
    running.ahead(29)
    running.turn()
    assert running.link._client is not None
    broker.script = Script()
    running.ahead(2)
    running.run(lambda: len(broker.sessions) == 2 and arrived(broker), "a new client", 15)


def test_5_a_mark_is_acknowledged_when_bridge_db_has_it_and_not_before(stage, tmp_path):
    broker, running = stage(rows=2)
    running.run(lambda: arrived(broker) == [1, 2], "both rows")
    broker.say(mark(2))
    events = []
    while not any(isinstance(each, Arrived) for each in events):
        events += wait_for(running.link, 1)
    running.link.publish(Message("counters/T-001/presence", b"{}"))  # whatever was to go out before this has
    until_seen(broker, PUBLISH, 3)
    assert PUBACK not in dict(broker.sessions[-1])
    running.turn(events)
    with closing(open_reader(tmp_path / FILE)) as engine:
        assert engine.execute("select through from mark").fetchall() == [(2,)]
    until_seen(broker, PUBACK, 1)


def wait_for(link, count):
    events = []
    while len(events) < count:
        events += link.wait(5)
    return events


def until_seen(broker, kind, count):
    for _ in range(500):
        if [each for each, _ in broker.sessions[-1]].count(kind) >= count:
            return
        threading.Event().wait(0.01)
    raise AssertionError(f"{count} packets of kind {kind} did not come: {broker.sessions[-1]}")


def test_6_nothing_is_said_or_asked_for_at_qos_2(stage):
    broker, running = stage(rows=30)
    running.run(lambda: len(arrived(broker)) == 30, "all rows")
    running.link.publish(Message("counters/T-001/health", b"{}", may_be_lost=True))
    until_seen(broker, PUBLISH, 3)
    for kind, what in broker.everything():
        if kind == PUBLISH:
            assert what.qos == (0 if what.topic.endswith("/health") else 1)
        if kind == SUBSCRIBE:
            assert what.endswith(b"\x01")  # the options of the last subscription
            assert b"\x02" not in what[5:].replace(b"counters", b"")
        if kind == CONNECT:
            assert what[7] >> 3 & 3 == 1  # the last will


@pytest.mark.parametrize("window", [1, 7])
def test_7_no_more_messages_are_out_than_the_window_however_many_wait(stage, window):
    broker, running = stage(Script(puback=lambda _: None), rows=60, window=window)
    singly(running)
    running.run(lambda: len(arrived(broker)) >= window, "a full window")
    for _ in range(20):
        running.turn()
    running.link.publish(Message("counters/T-001/presence", b"{}"))
    until_seen(broker, PUBLISH, window + 2)
    assert arrived(broker) == list(range(1, window + 1))


LIMITS = [pytest.param(1, 1, id="1"), pytest.param(2, 1, id="2"), pytest.param(6, 5, id="6")]


@pytest.mark.parametrize(("maximum", "events"), LIMITS)
def test_8_the_brokers_receive_maximum_holds_for_events_and_presence_together(stage, maximum, events):
    script = Script(properties=property_of(RECEIVE_MAXIMUM, maximum), puback=lambda _: None)
    broker, running = stage(script, rows=30)
    singly(running)
    running.run(lambda: len(arrived(broker)) >= events, "a full window")
    for _ in range(20):
        running.turn()
    running.link.publish(Message("counters/T-001/health", b"{}", may_be_lost=True))
    until_seen(broker, PUBLISH, events + 2)
    open_at_once = [what for kind, what in broker.sessions[-1] if kind == PUBLISH and what.qos]
    assert len(open_at_once) == maximum
    assert arrived(broker) == list(range(1, events + 1))


def with_a_large_one(make, at, count):
    """Sales of which number ``at`` has 10 KB that cannot be packed."""
    noise = Random(1).randbytes(10_000).hex()
    return make.chain(
        [make.sale(n, **({"catalogue": noise} if n == at else {})) for n in range(1, count + 1)]
    )


def test_8_what_the_broker_says_is_too_large_is_not_sent_and_what_is_behind_it_passes(stage, make):
    script = Script(properties=property_of(MAXIMUM_PACKET_SIZE, 4096))
    broker, running = stage(script, bodies=with_a_large_one(make, 2, 4))
    running.run(lambda: arrived(broker) == [1, 3, 4], "all but the large one")
    assert running.uplink.parked[2].code == "too_large_for_broker"
    assert len(broker.sessions) == 1


CUTS = [
    pytest.param(packet(DISCONNECT, b"\x95\x00"), "0x95", id="with its reason"),
    pytest.param(b"", "ends_the_session", id="without a word"),
]


@pytest.mark.parametrize(("last_words", "code"), CUTS)
def test_8_a_row_for_which_the_broker_hangs_up_is_found_and_those_behind_it_pass(
    stage, make, last_words, code
):
    script = Script(puback=lambda sent: last_words if 2 in seqs_of(sent) else 0, centre=a_centre())
    _, running = stage(script, rows=4)
    running.link._random = Immediately()
    running.run(lambda: running.uplink.backlog() == 1, "all but the one", 20)
    assert running.uplink.parked[2].code == code


def seqs_of(sent):
    return seqs_in(sent.body) if sent.topic.endswith("/events") else []


def a_centre():
    """Acknowledges what arrives, as the centre does, right behind the PUBACK."""
    held = Covered()

    def take(sent):
        nonlocal held
        held = held.plus(0, [(seq, seq) for seq in seqs_of(sent)])
        ack = feed.Ack(inc="00000000000000a1", through=held.through, have=held.have)
        return publish(ACKS, msgspec.json.encode(ack), 9)

    return take


class Immediately(Random):
    """No pause before dialling, so that many sessions take no time."""

    def uniform(self, a, b):
        return 0.0


def test_9_every_message_names_its_topic_whatever_aliases_the_broker_offers(stage):
    broker, running = stage(Script(properties=property_of(TOPIC_ALIAS_MAXIMUM, 10)), rows=2)
    running.run(lambda: arrived(broker) == [1, 2], "the rows")
    broker.hang_up()
    running.run(lambda: len(broker.sessions) == 2 and arrived(broker) == [1, 2], "the rows again", 15)
    published = [what for kind, what in broker.everything() if kind == PUBLISH]
    assert all(what.topic.startswith("counters/T-001/") and not what.alias for what in published)


def test_10_ten_sessions_lost_with_a_full_window_leave_the_eleventh_its_whole_window(stage):
    broker, running = stage(Script(puback=lambda _: None), rows=60)
    singly(running)
    running.link._random = Immediately()
    for number in range(1, 11):
        running.uplink._cut._in_a_row = 0  # here the line is to blame
        running.run(
            lambda n=number: len(broker.sessions) == n and len(arrived(broker)) == 20, f"session {number}"
        )
        broker.hang_up()
    running.uplink._cut._in_a_row = 0
    broker.script = Script()
    running.run(lambda: len(broker.sessions) == 11 and len(arrived(broker)) == 60, "everything")
    assert arrived(broker) == list(range(1, 61))


def test_11_counters_that_lose_one_broker_dial_again_at_different_moments_and_ever_later(free_port):
    port, will = free_port(), Message("counters/T-001/presence", b"{}")
    dials = []
    for seed in range(10):
        link = Link(Broker("127.0.0.1", port), "T-001", will, ("centre/state",), Random(seed))
        now, waits = 0.0, []
        for _ in range(8):
            link.turn(now)
            [down] = wait_for(link, 1)[:1]
            at = link.noted_down(down, now)
            waits.append(at - now)
            now = at
        dials.append(waits)
    assert len({waits[0] for waits in dials}) == 10
    assert all(0.2 <= waits[0] <= 1.0 for waits in dials)
    assert max(waits[7] for waits in dials) > 20
    assert all(wait <= 60 for waits in dials for wait in waits)


def test_12_each_session_starts_clean_and_believes_nothing_the_broker_says_it_kept(stage):
    broker, running = stage(Script(session_present=True), rows=2)
    running.run(lambda: arrived(broker) == [1, 2], "the rows")
    broker.hang_up()
    running.run(lambda: len(broker.sessions) == 2 and arrived(broker) == [1, 2], "the rows again", 15)
    flags = [what[7] for kind, what in broker.everything() if kind == CONNECT]
    assert all(each & 2 for each in flags)
    assert len(flags) == 2


def test_13_the_keep_alive_is_twenty_seconds_and_a_line_that_died_in_silence_is_noticed(stage):
    broker, running = stage(rows=1)
    running.run(lambda: arrived(broker) == [1], "a session")
    [connect] = [what for kind, what in broker.everything() if kind == CONNECT]
    assert struct.unpack_from(">H", connect, 8) == (20,)


def test_13_a_broker_that_answers_nothing_any_more_is_left(stage):
    broker, running = stage(rows=1, keepalive_s=1)
    running.run(lambda: arrived(broker) == [1], "a session")
    broker.script = Script(silent_to=(12, PUBLISH))
    running.run(lambda: running.noted("broker_down"), "the silence", 10)
    broker.script = Script()
    running.run(lambda: len(broker.sessions) > 1 and arrived(broker), "the next session", 15)


def test_14_a_window_wider_than_pahos_own_is_used_whole(stage):
    broker, running = stage(Script(puback=lambda _: None), rows=120, window=100)
    singly(running)
    running.run(lambda: len(arrived(broker)) >= 100, "a hundred messages on the wire")
    assert arrived(broker) == list(range(1, 101))
