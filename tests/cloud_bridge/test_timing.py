"""When sales truly happened, of counters whose clock was not set; on both stores, in whatever order told."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_bridge import feed
from cloud_bridge.central import projecting
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store
from cloud_bridge.central.timing import LAG_MS, Anchor, Span, corrected, estimates, lag_of

SEVENTIES = datetime(1970, 1, 1, tzinfo=UTC)
NOON = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
"""Of a Monday in Shanghai."""
RECEIVED = datetime(2026, 12, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def text(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)


@dataclass
class Life:
    """A counter's events. true: the real time; wall: what its clock shows, off by ``off``."""

    sale_of: object
    true: datetime = NOON
    off: timedelta = timedelta()
    clk: int = 1
    boot: int = 1
    started: datetime = NOON - HOUR
    bodies: list = field(default_factory=list)
    truth: list = field(default_factory=list)
    """(session, true time, clk) of each sale."""

    def passes(self, seconds: float):
        self.true += timedelta(seconds=seconds)

    def reboots(self, shows: datetime | None = None, after_s: float = 3600):
        """Nobody set its clock: it shows ``shows`` now."""
        self.passes(after_s)
        self.boot, self.started = self.boot + 1, self.true - timedelta(seconds=30)
        if shows is not None:
            self.off, self.clk = shows - self.true, 0

    def syncs(self, tell=True):
        before, self.off, self.clk = self.true + self.off, timedelta(), 1
        if tell:
            fact = feed.ClockSync(
                mono_ms=self.mono_ms, boot=f"boot-{self.boot}", source="NTP", before=text(before),
                after=text(self.true),
            )  # fmt: skip
            self._tell(fact)

    def sells(self):
        n = len(self.bodies) + 1
        at = text(self.true + self.off)
        sale = self.sale_of(n, mono_ms=self.mono_ms, opened_at=at, closed_at=at)
        self.truth.append((sale.session, self.true, self.clk))
        self._tell(sale)

    @property
    def mono_ms(self) -> int:
        return round((self.true - self.started).total_seconds() * 1000)

    def _tell(self, fact: feed.Fact):
        seq = len(self.bodies) + 1
        self.bodies.append(
            feed.encode(
                fact, counter="T-001", id=f"id-{seq}", time=text(self.true + self.off), subject="x",
                inc="00000000000000a1", seq=seq, boot=f"boot-{self.boot}", clk=self.clk, prev=feed.GENESIS,
            )
        )  # fmt: skip


@pytest.fixture
def life(make):
    return Life(make.sale)


@pytest.fixture
def store(place):
    with closing(Store(place)) as made:
        yield made


def send(store, bodies, at=RECEIVED):
    return ingest(store, [("counters/T-001/events", body) for body in bodies], text(at))


def times(store):
    """session → (milliseconds since 1970, how sure)."""
    asked = "select session, closed_ms, timed from sale"
    return {session: (at, how) for session, at, how in store.db.execute(asked).fetchall()}


def exactly(life, how):
    return {session: (ms(at), how if clk == 0 else "CLOCK") for session, at, clk in life.truth}


PROJECTED = ("sale", "session", "clock_unset", "clock_sync", "clock_boot")


def dump(store):
    return {
        name: sorted(map(repr, store.db.execute(f"select * from {name}").fetchall())) for name in PROJECTED
    }


# --- one life ---------------------------------------------------------------------------------------
def test_sales_of_1970_get_the_time_of_the_sync_that_came_after_them_and_the_raw_time_stays(store, life):
    life.sells()
    life.reboots(shows=SEVENTIES)
    life.sells()
    life.passes(600)
    life.sells()
    life.passes(60)
    life.syncs()
    life.passes(60)
    life.sells()
    send(store, life.bodies[:3])
    assert {how for _, how in times(store).values()} == {"CLOCK", "ESTIMATE"}
    send(store, life.bodies[3:])
    assert times(store) == exactly(life, "SYNC")
    raw = store.db.execute("select closed_at from sale order by closed_at").fetchall()
    assert raw[0][0].startswith("1970-01-01T00:00")


def test_an_older_counter_that_tells_of_no_sync_is_judged_by_its_next_sale_in_the_same_boot(store, life):
    life.reboots(shows=SEVENTIES)
    life.sells()
    life.passes(3600)
    life.syncs(tell=False)
    life.sells()
    send(store, life.bodies)
    assert times(store) == exactly(life, "SYNC")


def test_a_boot_that_was_never_set_lies_between_its_neighbours_in_order(store, life):
    life.sells()
    first = life.true
    for _ in range(3):
        life.reboots(shows=SEVENTIES)
        life.sells()
        life.passes(100)
        life.sells()
    life.reboots()
    life.syncs()
    life.sells()
    send(store, life.bodies)
    found = [times(store)[session] for session, *_ in life.truth]
    moments = [at for at, _ in found]
    assert moments == sorted(moments)
    assert ms(first) <= moments[1] <= moments[-2] <= ms(life.true)
    assert [how for _, how in found] == ["CLOCK", *["ESTIMATE"] * 6, "CLOCK"]


def test_a_clock_a_year_ahead_that_is_never_set_is_not_believed_beyond_the_arrival(store, life):
    life.reboots(shows=NOON + timedelta(days=365))
    life.sells()
    life.passes(60)
    life.sells()
    send(store, life.bodies, at=life.true + timedelta(seconds=5))
    (one, how), (other, _) = (times(store)[session] for session, *_ in life.truth)
    assert (other - one, how) == (60_000, "ESTIMATE")
    assert other == ms(life.true + timedelta(seconds=5))


def test_a_neighbour_that_comes_late_moves_the_estimate(store, life):
    life.sells()
    life.reboots(shows=SEVENTIES)
    life.sells()
    life.reboots()
    life.syncs()
    send(store, life.bodies[1:2])
    send(store, life.bodies[2:])
    before = times(store)[life.truth[1][0]]
    send(store, life.bodies[:1])
    after = times(store)[life.truth[1][0]]
    assert before[0] < ms(NOON) <= after[0]


def test_the_day_of_a_sale_is_the_day_it_truly_was(store, life):
    """23:59:50 and 00:00:10 in Shanghai; the counter thought that it was 1970, and the sync came after."""
    life.true = datetime(2026, 11, 22, 15, 30, tzinfo=UTC)
    life.reboots(shows=SEVENTIES, after_s=0)
    life.passes(29 * 60 + 50)
    life.sells()
    life.passes(20)
    life.sells()
    life.syncs()
    send(store, life.bodies)
    midnight = ms(datetime(2026, 11, 22, 16, 0, tzinfo=UTC))
    counted = "select count(*) from sale where closed_ms >= ? and closed_ms < ?"
    for low in (midnight - 86_400_000, midnight):
        assert store.db.execute(counted, (low, low + 86_400_000)).fetchone()[0] == 1


# --- any life, any order ----------------------------------------------------------------------------
def any_life(make, seed: int) -> Life:
    random, life = Random(seed), Life(make.sale)
    for _ in range(random.randint(3, 14)):
        match random.randint(0, 5):
            case 0:
                shown = [SEVENTIES, life.true - HOUR, life.true + 400 * 24 * HOUR]
                life.reboots(shows=random.choice(shown), after_s=random.randint(1, 90_000))
            case 1 if life.clk == 0:
                life.syncs(tell=random.random() < 0.8)
            case 2:
                life.off += HOUR * random.randint(-30, 30) if life.clk == 0 else timedelta()
            case _:
                life.sells()
        life.passes(random.choice([0, 0.001, 5, 5000]))
    return life


def _any_order(place, make, seed):
    life, random = any_life(make, seed), Random(seed)
    shuffled = [*life.bodies, *random.sample(life.bodies, len(life.bodies) // 2)]
    random.shuffle(shuffled)
    with closing(Store(place)) as store:
        while shuffled:
            size = random.randint(1, 4)
            send(store, shuffled[:size])
            shuffled = shuffled[size:]
        found, moments = dump(store), [times(store)[session] for session, *_ in life.truth]
        with store.transaction() as db:
            projecting.rebuild(db)
        assert dump(store) == found
    return life, found, moments


@pytest.mark.parametrize("seed", range(6))
def test_any_order_of_arrival_and_a_rebuild_give_the_same_rows_and_the_order_of_a_boot_stays(
    tmp_path, make, seed
):
    life, found, moments = _any_order(tmp_path / "a.db", make, seed)
    with closing(Store(tmp_path / "b.db")) as other:
        send(other, life.bodies)
        assert dump(other) == found
    for (at, how), (_, true, clk) in zip(moments, life.truth, strict=True):
        assert (how == "CLOCK") == (clk == 1)
        assert how == "ESTIMATE" or at == ms(true)
    assert [at for at, _ in moments] == sorted(at for at, _ in moments)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 400))
def test_any_order_at_length(tmp_path, make, seed):
    test_any_order_of_arrival_and_a_rebuild_give_the_same_rows_and_the_order_of_a_boot_stays(
        tmp_path, make, seed
    )


def test_the_other_store_says_the_same(place, tmp_path, make):
    life, found, _ = _any_order(place, make, 3)
    with closing(Store(tmp_path / "b.db")) as other:
        send(other, life.bodies)
        assert dump(other) == found


# --- the pure rules ---------------------------------------------------------------------------------
MS = st.integers(0, 10**10)
ANCHORS = st.lists(st.builds(Anchor, MS, MS), min_size=1, max_size=5, unique_by=lambda a: a.mono_ms).map(
    sorted
)


@settings(max_examples=200)
@given(ANCHORS, MS, MS)
def test_within_a_boot_time_never_runs_backwards_whatever_anchors_say(anchors, one, other):
    early, late = sorted((one, other))
    assert corrected(early, anchors) <= corrected(late, anchors)


@given(ANCHORS)
def test_with_one_anchor_differences_are_those_of_the_monotonic_clock(anchors):
    assert corrected(anchors[0].mono_ms + 77, anchors[:1]) == anchors[0].wall_ms + 77


SPANS = st.lists(
    st.builds(
        lambda first, dur, base, high, low, top: Span(first, first + dur, base, high, low, top),
        MS, MS, MS, MS, st.none() | MS, st.none() | MS,
    ),
    max_size=6,
)  # fmt: skip


@settings(max_examples=200)
@given(SPANS)
def test_boots_keep_their_order_and_none_begins_before_what_was_sure_before_it(spans):
    bases = estimates(spans)
    assert estimates(spans) == bases
    for span, base in zip(spans, bases, strict=True):
        assert span.not_before is None or base + span.first_mono >= span.not_before
    for (one, base), (other, later) in zip(
        zip(spans, bases, strict=True), list(zip(spans, bases, strict=True))[1:], strict=False
    ):
        assert base + one.last_mono <= later + other.first_mono


def test_a_time_inside_its_bounds_is_left_as_the_counter_told_it():
    assert estimates([Span(0, 100, 5000, 9000, 4000, 8000)]) == [5000]


@pytest.mark.parametrize(
    ("event", "told", "lag"), [(5000, 4000, 1000), (5000, 6000, -1000), (LAG_MS + 1, 0, 0)]
)
def test_an_end_told_long_before_its_event_is_of_another_clock(event, told, lag):
    assert lag_of(event, told) == lag
