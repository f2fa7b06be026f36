"""The ingest worker's order: rows are committed before anybody is told so."""

from contextlib import closing

import msgspec
import pytest

from cloud_bridge import feed
from cloud_bridge.central.database import open_reader
from cloud_bridge.central.store import Store
from cloud_bridge.central.worker import Worker
from cloud_bridge.link import Arrived, Up
from tests.postgresql import refusing

TOPIC = "counters/T-001/events"


class Told:
    """A link that notes, at each word to the outside, how many events another connection can see."""

    def __init__(self, path):
        self.path, self.said = path, []
        self.session, self.up = 1, True

    def committed(self):
        with closing(open_reader(self.path)) as db:
            return db.execute("select count(*) from raw_event").fetchone()[0]

    def turn(self, now):
        return now + 1

    def is_up(self):
        return self.up

    def noted_up(self, up, now):
        self.up = True
        return True

    def acknowledge(self, message):
        self.said.append(("broker", message.mid, self.committed()))

    def publish(self, message):
        self.said.append((message.topic, message.body, self.committed()))


@pytest.fixture
def told(place):
    return Told(place)


@pytest.fixture
def worker(place, told):
    store = Store(place)
    made = Worker(store, told, lambda: None)
    made.store = store
    yield made
    store.close()


def arrived(bodies, first_mid=1):
    return [Arrived(1, TOPIC, body, mid, 1) for mid, body in enumerate(bodies, start=first_mid)]


def test_broker_and_counter_hear_of_events_only_after_their_commit_and_in_that_order(worker, told, make):
    worker.turn(arrived(make.sales(3)), 0.0)
    ack = msgspec.json.encode(feed.Ack(inc=make.INC, through=3))
    assert told.said == [
        *(("broker", mid, 3) for mid in (1, 2, 3)),
        ("counters/T-001/acks", ack, 3),
    ]


def test_nobody_hears_anything_when_the_commit_fails(worker, told, make):
    full = refusing(worker.store.db, "insert", "raw_event", "disk full")
    with full, pytest.raises(Exception, match="disk full"):
        worker.turn(arrived(make.sales(3)), 0.0)
    assert told.said == []


def test_what_queued_up_is_one_transaction(worker, told, make):
    worker.turn(arrived(make.sales(200)), 0.0)
    assert {committed for _, _, committed in told.said} == {200}
    assert [topic for topic, _, _ in told.said if topic != "broker"] == ["counters/T-001/acks"]


def test_a_topic_no_counter_may_have_is_kept_as_a_dead_letter_and_acknowledged_to_the_broker(
    worker, told, make
):
    worker.turn([Arrived(1, "counters/../events", make.sales(1)[0], 9, 1)], 0.0)
    assert told.said == [("broker", 9, 0)]
    assert worker.store.db.execute("select count(*) from dead_letter").fetchone() == (1,)


def test_the_last_will_of_another_worker_is_corrected(worker, told):
    worker.turn([Arrived(1, feed.CENTRE_STATE, b'{"online":false}', 1, 1)], 0.0)
    topic, body, _ = told.said[0]
    assert topic == feed.CENTRE_STATE
    assert b'"online":true' in body


@pytest.mark.parametrize("body", [b"", b"[]", b'{"online":1}', b'{"online":true,"boot":"\\ud800"}'])
def test_an_unreadable_presence_is_no_reason_to_stop(worker, told, body):
    worker.turn([Arrived(1, "counters/T-001/presence", body, 5, 1)], 0.0)
    assert told.said == [("broker", 5, 0)]


def test_a_retained_birth_that_comes_before_the_suback_is_answered_after_it(worker, told, make):
    """A broker may send what is retained first (MQTT 5, 3.8.4); we publish only after the SUBACK."""
    birth = b'{"online":true,"inc":"%s"}' % make.INC.encode()
    told.up = False
    worker.turn([Arrived(1, "counters/T-001/presence", birth, 5, 1)], 0.0)
    assert [what for what, *_ in told.said] == ["broker"]
    worker.turn([Up(1, 20, 65536)], 0.1)
    ack = msgspec.json.encode(feed.Ack(inc=make.INC, through=0))
    assert [told.said[1][0], told.said[2][:2]] == [feed.CENTRE_STATE, ("counters/T-001/acks", ack)]
