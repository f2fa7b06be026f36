"""The open doors' baskets at the centre: the latest of each counter, whatever order they come in."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge import feed
from cloud_bridge.central import live as lives
from cloud_bridge.central.live import LiveBook, latest
from cloud_bridge.central.presence import note
from cloud_bridge.central.store import Store
from cloud_bridge.central.worker import Worker
from cloud_bridge.link import Arrived

TOPIC = "counters/T-001/live"
NOW_MS = 1_800_000_000_000


def basket(mono_ms=1000, **changes):
    line = feed.LiveLine(tray="1-01", sku="W", name="示例水", count=1, price_fen=350, amount_fen=350)
    values = {"session": "s1", "state": "OPEN", "lines": (line,), "total_fen": 350, "command": "c1"}
    return feed.Live(**(values | {"mono_ms": mono_ms} | changes))


def wire(live):
    return msgspec.json.encode(live)


class Link:
    """Takes part in nothing."""

    session = 1

    def turn(self, now):
        return now + 1

    def is_up(self):
        return True

    def acknowledge(self, message): ...

    def publish(self, message): ...


@pytest.fixture
def store(place):
    made = Store(place)
    yield made
    made.close()


@pytest.fixture
def worker(store):
    return Worker(store, Link(), lambda: None)


def arrived(live, topic=TOPIC):
    return Arrived(1, topic, live if isinstance(live, bytes) else wire(live), 0, 0)


def test_a_basket_is_readable_once_it_was_heard_and_the_worker_waits_no_longer_than_it_must(worker, store):
    assert worker.turn([arrived(basket())], 10.0) == 11.0
    assert latest(store.db, "T-001").live == basket()
    assert worker.turn([arrived(basket(2000, total_fen=700))], 10.1) == 10.2  # not at once: 5 a second
    assert latest(store.db, "T-001").live.total_fen == 350
    worker.turn([], 10.2)
    assert latest(store.db, "T-001").live.total_fen == 700
    assert latest(store.db, "T-002") is None


BAD = {
    "another topic": (wire(basket()), "counters/T-001/lives"),
    "no counter's name": (wire(basket()), "counters/../live"),
    "no JSON": (b"{", TOPIC),
    "nested": (b"[" * 100_000, TOPIC),
    "too large": (wire(basket(session="s" * lives.MAX_BYTES)), TOPIC),
    "an unknown state": (wire(basket(state="FREE")), TOPIC),
    "no session": (wire(basket(session="")), TOPIC),
    "a long name": (wire(basket(command="c" * 201)), TOPIC),
    "a negative amount": (wire(basket(total_fen=-1)), TOPIC),
    "an amount no database takes": (wire(basket(total_fen=2**63)), TOPIC),
    "NUL": (wire(basket(session="a\0b")), TOPIC),
    "half a character": (wire(basket()).replace(b'"s1"', b'"\\ud800"'), TOPIC),
    "many lines": (wire(basket(lines=basket().lines * (lives.MAX_LINES + 1))), TOPIC),
}


@pytest.mark.parametrize(("body", "topic"), BAD.values(), ids=BAD)
def test_what_is_no_basket_is_passed_over(body, topic):
    book = LiveBook()
    assert not book.hear(topic, body, NOW_MS)
    assert book.due(0.0) is None


def written(store, heard):
    """What stands after ``heard``: (live, heard_ms), each written by a worker of its own."""
    for live, at in heard:
        book = LiveBook()
        assert book.hear(TOPIC, wire(live), at)
        with store.transaction() as db:
            book.write(db, 0.0, at)
    return latest(store.db, "T-001").live


def test_an_older_basket_overwrites_no_newer_one_unless_the_counter_was_started_again(store):
    later = basket(5000, session="s2")
    assert written(store, [(later, NOW_MS), (basket(4000), NOW_MS + 100)]) == later
    again = basket(10, session="s2", state="SETTLING")
    assert written(store, [(again, NOW_MS + 11_000)]) == again


@given(order=st.permutations(range(6)), parts=st.lists(st.booleans(), min_size=6, max_size=6))
def test_in_whatever_order_and_batches_they_come_the_newest_stays(order, parts):
    book, stands = LiveBook(), {}

    class Db:
        def executemany(self, _sql, rows):
            for row in rows:
                before = stands.get(row[0])
                if before is None or row[4] > before[4] or row[6] > before[6] + row[7]:
                    stands[row[0]] = row

        def execute(self, *_): ...

    for n, whole in zip(order, parts, strict=True):
        book.hear(TOPIC, wire(basket(n)), NOW_MS)
        if whole:
            book.write(Db(), 0.0, NOW_MS)
    book.write(Db(), 0.0, NOW_MS)
    assert stands["T-001"][4] == 5


def test_what_waits_is_bounded_and_what_is_old_goes(store, monkeypatch):
    monkeypatch.setattr(lives, "MOST_WAITING", 2)
    book = LiveBook()
    for n in range(3):
        book.hear(f"counters/T-{n}/live", wire(basket()), NOW_MS)
    with store.transaction() as db:
        book.write(db, 0.0, NOW_MS)
    assert [latest(store.db, f"T-{n}") is None for n in range(3)] == [True, False, False]
    with store.transaction() as db:
        book.write(db, 61.0, NOW_MS + lives.KEPT_S * 1000 + 1)
    assert latest(store.db, "T-1") is None


def test_a_birth_tells_name_and_place_and_a_last_will_takes_nothing_back(store):
    born = feed.Presence(online=True, name="示例专柜 1 号", place="示例 1 层", hotline="x" * 500)
    told = [born, feed.Presence(online=False), feed.Presence(online=True)]
    with store.transaction() as db:
        for each in told:
            assert note(db, "counters/T-001/presence", wire(each), "2026-11-24T02:00:00Z")
    name, place, hotline = store.db.execute("select name, place, hotline from counter").fetchone()
    assert (name, place, len(hotline)) == ("示例专柜 1 号", "示例 1 层", 120)
