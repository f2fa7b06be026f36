"""Missing numbers: whom to ask now, with patience and no storm; the watch that does it, on either store."""

from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from random import Random
from secrets import token_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cloud_bridge import signed
from cloud_bridge.central import fleet, gap_watch, presence
from cloud_bridge.central.access_tables import attach, open_access
from cloud_bridge.central.commanding_keys import make_key
from cloud_bridge.central.commanding_post import Pen, Post
from cloud_bridge.central.database import open_reader
from cloud_bridge.central.gap_watch import GapWatch
from cloud_bridge.central.gaps import ASKED, AWAY, NO_KEY, OTHER_LEDGER, Kept, Open, Patience, plan
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.own_alarms import Kind, Sign
from cloud_bridge.central.store import Store, Stream
from cloud_bridge.commands import Resend

NOW = 1_800_000_000
RULE = Patience(grace_s=90, again_s=100, longest_s=400, asks=3, rarely_s=10_000, away_s=5000, per_tick=4)
STREAM = Stream("T-001", "a1")
GAP = Open(STREAM, 5, 9, here=True, current=True)
KEPT = Kept(STREAM, 5, 9, NOW - 200, NOW)


def planned(found, kept=(), now=NOW, **more):
    return plan(found, {each.stream: each for each in kept}, now, Random(1), RULE, **more)


WAITING = [
    pytest.param(GAP, None, id="seen for the first time"),
    pytest.param(GAP, replace(KEPT, next=NOW + 1), id="its time has not come"),
    pytest.param(replace(GAP, here=False), KEPT, id="its counter is away"),
    pytest.param(replace(GAP, current=False), KEPT, id="its counter writes another ledger"),
    pytest.param(replace(GAP, first=7), KEPT, id="some came: it is filling"),
]


@pytest.mark.parametrize(("gap", "kept"), WAITING)
def test_nobody_is_asked_before_it_is_time(gap, kept):
    what = planned([gap], [kept] if kept else [])
    assert what.ask == ()
    assert planned([GAP], [KEPT]).ask != ()


def test_nobody_is_asked_without_a_key_and_that_is_an_alarm():
    what = planned([GAP], [KEPT], signs=False)
    assert what.ask == ()
    assert [row.alarm for row in what.raised] == [NO_KEY]


ALARMS = [
    pytest.param(replace(GAP, current=False), KEPT, OTHER_LEDGER, id="another ledger"),
    pytest.param(replace(GAP, here=False), replace(KEPT, seen=NOW - 5000), AWAY, id="away too long"),
    pytest.param(GAP, replace(KEPT, asks=3), ASKED, id="asked in vain"),
    pytest.param(GAP, replace(KEPT, asks=2), "", id="once more"),
    pytest.param(GAP, replace(KEPT, asks=3, next=NOW + 1), "", id="its last request has its time, too"),
    pytest.param(replace(GAP, here=False), KEPT, "", id="away a little"),
    pytest.param(GAP, replace(KEPT, asks=9, alarm=ASKED, alarm_at=NOW - 9), "", id="told already"),
]


@pytest.mark.parametrize(("gap", "kept", "why"), ALARMS)
def test_what_stays_missing_is_an_alarm_once_and_stays_one(gap, kept, why):
    what = planned([gap], [kept])
    assert [row.alarm for row in what.raised] == ([why] if why else [])
    if why or kept.alarm:
        later = {row.stream: row for row in (kept, *what.keep)}
        assert plan([gap], later, NOW + 99_999, Random(2), RULE).raised == ()


def life(hours, seed=1):
    """When one gap that never fills is asked for, seconds after it was seen."""
    kept, times = {}, []
    for now in range(NOW, NOW + hours * 3600, 15):
        what = plan([GAP], kept, now, Random(seed + now), RULE)
        kept |= {row.stream: row for row in what.keep}
        times += [now - NOW for _ in what.ask]
    return times


def test_requests_in_vain_come_more_and_more_seldom():
    times = life(hours=24)
    waits = [later - before for before, later in pairwise(times)]
    assert 90 <= times[0] <= 105
    for wait, least in zip(waits, (100, 200, 400, 10_000, 10_000, 10_000), strict=False):
        assert least <= wait <= least * 1.5 + 15
    assert life(1, seed=1) != life(1, seed=999)


@given(st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=60), st.integers(0, 5))
def test_a_look_asks_few_however_many_wait_and_all_come_to_their_turn(gaps, late):
    found = [Open(Stream(f"C-{n}", "a"), first, 99, here, True) for n, (first, here) in enumerate(gaps)]
    kept = {each.stream: Kept(each.stream, each.first, 99, NOW - 99, NOW - late) for each in found}
    asked = set()
    for tick in range(len(gaps) // RULE.per_tick + 1):
        what = plan(found, kept, NOW + tick, Random(1), RULE)
        assert len(what.ask) <= RULE.per_tick
        kept |= {row.stream: row for row in what.keep}
        asked |= {row.stream for row in what.ask}
    assert asked == {each.stream for each in found if each.here}


def test_a_filled_gap_is_forgotten():
    assert planned([], [KEPT]).closed == (STREAM,)


# --- the watch ----------------------------------------------------------------------------------------
class Centre:
    """A store with a post, and two workers' watches of its gaps."""

    def __init__(self, place, directory, make):
        self.store, self.make, self.place = Store(place), make, place
        key = make_key(directory / "command.key")
        self.keys = signed.trusted([signed.public_text(key.public_key())])
        self.pen = Pen(directory / "command.key", token_bytes)
        self.post = Post(self.store, self.pen, directory / "spool")
        self.watches = {name: self.watch(name) for name in ("one", "two")}
        self.bodies = make.sales(40)

    def watch(self, name):
        return GapWatch(self.store, self.pen.issuer, name, Random(1), RULE, tick_s=15)

    def take(self, seqs, counter="T-001"):
        messages = [(f"counters/{counter}/events", self.bodies[seq - 1]) for seq in seqs]
        return ingest(self.store, messages, "2027-01-15T08:00:00.000Z")

    def presence(self, online):
        with self.store.transaction() as db:
            body = b'{"online":%s,"inc":"%s"}' % (b"true" if online else b"false", self.make.INC.encode())
            presence.note(db, "counters/T-001/presence", body, "2027-01-15T08:00:00.000Z")

    def sent(self, now):
        """The bodies of the commands that go out."""
        return [signed.body_of(signed.read(each.body, self.keys)) for each in self.post.look(now, up=True)]

    def standing(self):
        open_access(self.place).close()
        with closing(open_reader(self.place)) as db:
            attach(db, self.place)
            return fleet.counter(db, "T-001", datetime.fromtimestamp(NOW, UTC))


@pytest.fixture
def centre(place, tmp_path, make):
    made = Centre(place, tmp_path, make)
    with closing(made.store):
        yield made


def asked_by(centre, who, now):
    return centre.watches[who].look(now)


def test_missing_numbers_are_asked_for_by_one_signed_command_and_come_again(centre, make):
    centre.take([1, 2, 3, 6, 7, 9, 10])
    centre.presence(online=True)
    assert [asked_by(centre, "one", NOW + after) for after in (0, 15, 75)] == [0, 0, 0]
    assert asked_by(centre, "one", NOW + 90) == 1
    assert centre.sent(NOW + 90) == [Resend(inc=make.INC, first=4, last=8)]
    assert centre.standing().gap
    centre.take([4, 5, 8])
    assert asked_by(centre, "one", NOW + 105) == 0
    assert gap_watch.kept(centre.store.db) == {}
    assert not centre.standing().gap


def test_one_request_covers_no_more_than_its_span(centre, make):
    centre.watches["one"]._patience = replace(RULE, span=4)
    centre.take([1, *range(3, 6), 7, 20])
    centre.presence(online=True)
    asked_by(centre, "one", NOW)
    asked_by(centre, "one", NOW + 90)
    assert centre.sent(NOW + 90) == [Resend(inc=make.INC, first=2, last=2)]


def test_one_worker_asks_for_all_and_another_takes_over_when_it_is_gone(centre):
    centre.take([1, 3])
    centre.presence(online=True)
    asked_by(centre, "one", NOW)
    asked_by(centre, "two", NOW + 1)
    assert (asked_by(centre, "two", NOW + 92), asked_by(centre, "one", NOW + 92)) == (1, 0)


def test_a_counter_that_is_away_is_asked_when_it_is_back(centre, make):
    centre.take([1, 3])
    centre.presence(online=False)
    assert [asked_by(centre, "one", NOW + after) for after in (0, 90, 3000)] == [0, 0, 0]
    centre.presence(online=True)
    assert asked_by(centre, "one", NOW + 3015) == 1


def test_what_never_comes_again_is_an_alarm_that_stays_and_is_shown(centre):
    centre.take([1, 3])
    centre.presence(online=True)
    for now in range(NOW, NOW + 3600, 15):
        asked_by(centre, "one", now)
        centre.sent(now)
    ((stream, row),) = gap_watch.kept(centre.store.db).items()
    assert (stream.counter, row.first, row.alarm) == ("T-001", 2, ASKED)
    assert gap_watch.gap_signs(centre.store.db) == [Sign(Kind.GAP, "T-001", stream.inc, "2… ASKED")]
    assert centre.standing().gap
    centre.take([2])
    asked_by(centre, "one", NOW + 3600)
    assert gap_watch.kept(centre.store.db) == {}


def test_numbers_of_what_could_not_be_read_are_no_gap(centre):
    centre.take([1, 2])
    centre.bodies[2] = centre.bodies[2].replace(b'"type":"', b'"type":"\xff', 1)
    centre.take([3, 4])
    asked_by(centre, "one", NOW)
    assert gap_watch.kept(centre.store.db) == {}


def test_a_clock_that_is_set_back_does_not_stop_the_watch(centre):
    centre.take([1, 3])
    asked_by(centre, "one", NOW)
    centre.store.db.execute("delete from duty")
    asked_by(centre, "one", NOW - 86_400)
    assert centre.store.db.execute("select until from duty").fetchone()[0] < NOW
