"""Messages made small and opened again: the same bytes come out, and nothing that floods goes in."""

import os
import zlib
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge import feed
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store
from cloud_bridge.packing import MOST_RATIO, MOST_UNPACKED, content_type, is_packed, packed, unpacked

NOW = "2026-11-24T03:00:00Z"
TOPIC = "counters/T-001/events"


@given(st.one_of(st.binary(max_size=2000), st.text(max_size=40).map(lambda t: (t * 900).encode())))
def test_whatever_is_packed_opens_to_the_same_bytes(data):
    body = b"[" + data
    small = packed(body)
    assert unpacked(small) == body
    assert len(small) <= len(body)


def test_events_of_sales_become_a_fraction_of_themselves(make):
    body = feed.batch(make.sales(100))
    assert len(packed(body)) < len(body) / 5


TYPES = [
    pytest.param(b'{"specversion":"1.0"}', feed.CONTENT_TYPE, id="an event"),
    pytest.param(b"[{},{}]", feed.BATCH_CONTENT_TYPE, id="a batch"),
    pytest.param(zlib.compress(b"[{},{}]"), "application/zlib", id="packed"),
]


@pytest.mark.parametrize(("body", "name"), TYPES)
def test_a_message_says_what_it_is(body, name):
    assert content_type(body) == name


PLAIN = [b"", b"x", b"{}", b"[]", b" [", b"x\x00", b"\x1f\x8b\x08", b"xylophone"]


@pytest.mark.parametrize("body", PLAIN)
def test_only_a_zlib_header_is_taken_for_one(body):
    assert not is_packed(body)
    assert unpacked(body) == body


def damaged(body):
    return bytes([*body[:40], body[40] ^ 0xFF, *body[41:]])


GOOD = zlib.compress(b"[" + os.urandom(500).hex().encode() + b"]")
HOSTILE = [
    pytest.param(GOOD[:-1], "cut off", id="the last byte is missing"),
    pytest.param(GOOD[:20], "cut off", id="most is missing"),
    pytest.param(b"\x78\x9c", "cut off", id="a header alone"),
    pytest.param(GOOD + b"!", "behind the end", id="something follows"),
    pytest.param(GOOD + GOOD, "behind the end", id="a second stream follows"),
    pytest.param(damaged(GOOD), "packed: Error", id="damaged"),
    pytest.param(b"\x78\xbb\x00\x00\x00\x01" + GOOD[2:], "packed: Error", id="asks for a dictionary"),
    pytest.param(zlib.compress(b"[" * 10_000_000, 9), "opens to more", id="a bomb"),
    pytest.param(zlib.compress(b"a" * 5000, 9), "opens to more", id="a small bomb"),
    pytest.param(zlib.compress(os.urandom(MOST_UNPACKED + 1)), "opens to more", id="too large"),
]


@pytest.mark.parametrize(("body", "why"), HOSTILE)
def test_what_does_not_open_is_a_dead_letter_and_stops_nothing_else(tmp_path, make, body, why):
    with closing(Store(tmp_path / "central.db")) as store:
        good = make.sales(2)
        outcome = ingest(store, [(TOPIC, good[0]), (TOPIC, body), (TOPIC, packed(good[1]))], NOW)
        assert outcome.stored == 2
        [letter] = outcome.dead
    assert (letter.counter, letter.code, letter.body) == ("T-001", "envelope", body)
    assert why in letter.why


INSIDE = [
    pytest.param(zlib.compress(b"[{}]"), "packed twice", id="packed twice"),
    pytest.param(b"[" * 9_000 + b"]" * 9_000, "", id="nested 9,000 deep"),
    pytest.param(b"not JSON at all", "malformed", id="no JSON"),
    pytest.param(b'{"inc":"aa","seq":7,', "", id="an event cut off"),
]


@pytest.mark.parametrize(("inside", "why"), INSIDE)
def test_what_opens_and_is_no_event_is_kept_as_it_was_inside(tmp_path, inside, why):
    with closing(Store(tmp_path / "central.db")) as store:
        [letter] = ingest(store, [(TOPIC, zlib.compress(inside, 0))], NOW).dead
    assert (letter.code, letter.body) == ("envelope", inside)
    assert why in letter.why


def test_the_largest_honest_message_opens():
    body = os.urandom(MOST_UNPACKED)
    assert unpacked(zlib.compress(body)) == body


def test_a_bomb_is_never_held_in_memory_whole(make):
    bomb = zlib.compress(b"0" * 20_000_000, 9)
    with pytest.raises(feed.Unreadable, match=str(MOST_UNPACKED)):
        unpacked(bomb)
    with pytest.raises(feed.Unreadable, match=str(MOST_RATIO * 1000)):
        unpacked(bomb[:1000])


def test_a_packed_batch_is_stored_with_the_bytes_of_the_ledger(tmp_path, make):
    bodies = make.sales(50)
    with closing(Store(tmp_path / "central.db")) as store:
        outcome = ingest(store, [(TOPIC, packed(feed.batch(bodies)))], NOW)
        stored = [bytes(row[0]) for row in store.db.execute("select body from raw_event order by seq")]
    assert stored == bodies
    assert outcome.acks["T-001"][0].through == 50
