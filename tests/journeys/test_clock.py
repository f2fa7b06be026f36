"""Counters whose clock is wrong: whole visits over real bytes, and when the centre says that they were."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from cloud_bridge.central.clock import SHANGHAI, day_of
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store
from edge.clock import Clock, Machine
from edge.domain.quota import Quota, Scheme
from edge.domain.values import Clk, Fen
from edge.ledger.verify import verify
from tests.journeys.conftest import BORN, Rig

WATER = "1-01"
TAKE = ("take", {"tray": WATER, "count": 1})
NOVEMBER = Quota("november", Scheme.UNION_FESTIVAL, "u-1", Fen(20000), date(2026, 11, 1), date(2026, 11, 30))
SEVENTIES = datetime(1970, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


class Boxed(Rig):
    """A counter with the real ``Clock`` over a machine's clocks, which the test moves.

    off: how far its wall clock is from true; in_step: whether the machine says that it is right.
    """

    in_step = True

    def start(self) -> None:
        machine = Machine(lambda: self.now - self.booted, lambda: self.true + self.off, lambda: self.in_step)
        self.clock = Clock(self.boot, machine)
        super().start()

    booted = 0.0

    @property
    def true(self):
        return BORN + timedelta(seconds=self.now)

    @property
    def instant(self):
        now = self.clock.now()
        return replace(now, mono=self.now)  # the rig's devices have no other clock

    def _cut_around_commits(self, ledger):
        if last := ledger.last_time():  # as app.py does
            self.clock.not_before(last)
        super()._cut_around_commits(ledger)

    def reboots(self, shows: datetime | None, off_s: float = 3600.0) -> None:
        """The power was off; the wall clock shows ``shows`` now, None: the right time."""
        self.kill()
        self.now += off_s
        self.boot += "+"
        self.booted = self.now - 20.0
        self.in_step = shows is None
        self.off = timedelta() if shows is None else shows - self.true
        self.start()
        self.world.line.receive(self.now)
        self.run(12.0)

    def syncs(self) -> None:
        self.off, self.in_step = timedelta(), True


@pytest.fixture
def box(tmp_path, outfit):
    accounts = dict(outfit.roster.accounts)
    accounts["demo-001"] = replace(accounts["demo-001"], unit="u-1", quotas=(NOVEMBER,))
    made = Boxed(tmp_path, 1, replace(outfit, roster=replace(outfit.roster, accounts=accounts)))
    made.run(8.0)
    yield made
    made.ledger.close()


def buys(box, *between):
    """One piece of water; something happens to the clock while the door is open. Gives the true time."""
    session = box.open()
    box.act("open_door")
    box.act(*TAKE[:1], **TAKE[1])
    for happens in between:
        happens()
        box.run(3.0)
    box.act("close_door", wait=0.0)
    view = box.settled(session)
    assert (view.state, view.total_fen) == ("SETTLED", 350)
    assert [part.scheme for part in view.paid] == ["UNION_FESTIVAL"]
    at = box.true
    box.run(6.0)
    return at


def at_centre(box, tmp_path):
    """(time, how sure) of each sale at the centre, in the counter's order; events arrive backwards."""
    bodies = [body for (body,) in box.query("SELECT body FROM event ORDER BY seq DESC")]
    assert verify(box.folder / "ledger.db") == []
    with closing(Store(tmp_path / "central.db")) as store:
        received = (box.true + timedelta(hours=1)).isoformat()
        counter = box.outfit.settings.counter.id
        for start in range(0, len(bodies), 7):
            batch = [(f"counters/{counter}/events", body) for body in bodies[start : start + 7]]
            assert ingest(store, batch, received).dead == []
        rows = store.db.execute("select closed_ms, timed from sale order by seq").fetchall()
    return [(datetime.fromtimestamp(ms / 1000, UTC), how) for ms, how in rows]


def close_to(found, truth, within_s=2.0):
    return all(
        abs((at - true).total_seconds()) <= within_s for (at, _), true in zip(found, truth, strict=True)
    )


def clocks(box):
    rows = box.query("SELECT body FROM event WHERE type = 'clock.sync.v1' ORDER BY seq")
    return [(json.loads(body)["clk"], json.loads(body)["data"]["source"]) for (body,) in rows]


def test_in_1970_it_sells_on_the_last_day_it_knows_and_the_centre_learns_when_it_was(box, tmp_path):
    truth = [buys(box)]
    box.reboots(shows=SEVENTIES)
    truth.append(buys(box))  # the quota of November counts, and goods of 2026 are not of the future
    truth.append(buys(box, box.syncs))  # the clock jumps 56 years while the door is open
    truth.append(buys(box))
    found = at_centre(box, tmp_path)
    assert close_to(found, truth)
    assert [how for _, how in found] == ["CLOCK", "SYNC", "CLOCK", "CLOCK"]
    assert clocks(box) == [(1, "NTP"), (1, "NTP")]
    raw = [event["closed_at"] for event in box.events("sale.settled.v1")]
    assert all(at.startswith("2026-11-23") for at in raw)
    assert raw == sorted(raw)


@pytest.mark.long
def test_in_1970_and_never_set_it_is_an_estimate_between_what_was_before_and_after(box, tmp_path):
    truth = [buys(box)]
    box.reboots(shows=SEVENTIES)
    truth += [buys(box), buys(box)]
    box.reboots(shows=None)
    truth.append(buys(box))
    found = at_centre(box, tmp_path)
    assert [how for _, how in found] == ["CLOCK", "ESTIMATE", "ESTIMATE", "CLOCK"]
    moments = [at for at, _ in found]
    assert moments == sorted(moments)
    assert close_to(found, truth, within_s=3700)
    assert abs((moments[2] - moments[1]) - (truth[2] - truth[1])) < timedelta(seconds=1)


WRONG = [
    pytest.param(365 * DAY, id="a year ahead"),
    pytest.param(-DAY, id="a day behind", marks=pytest.mark.long),
    pytest.param(-56 * 365 * DAY, id="1970", marks=pytest.mark.long),
]


@pytest.mark.parametrize("moved", WRONG)
def test_a_clock_that_is_moved_while_a_door_is_open_changes_no_sale(box, tmp_path, moved):
    def move():
        box.off, box.in_step = moved, False

    truth = [buys(box), buys(box, move), buys(box)]
    found = at_centre(box, tmp_path)
    assert close_to(found, truth)
    assert {how for _, how in found} <= {"CLOCK", "HELD"}
    assert box.clock.now().clk is Clk.HELD


def test_a_year_ahead_after_a_night_without_power_is_not_believed(box, tmp_path):
    truth = [buys(box)]
    box.reboots(shows=box.true + 365 * DAY, off_s=600.0)
    truth.append(buys(box))
    found = at_centre(box, tmp_path)
    assert close_to(found, truth, within_s=700.0)


def test_a_step_by_the_time_servers_is_followed_and_told(box):
    buys(box)
    box.off = timedelta(hours=-3)
    box.run(12.0)
    assert clocks(box) == [(1, "NTP"), (1, "NTP")]
    (_, told) = box.events("clock.sync.v1")
    moved = datetime.fromisoformat(told["after"]) - datetime.fromisoformat(told["before"])
    assert abs(moved - timedelta(hours=-3)) < timedelta(seconds=1)


@pytest.mark.parametrize(("second", "day"), [pytest.param(-2, 23, marks=pytest.mark.long), (2, 24)])
def test_a_sale_at_midnight_of_shanghai_is_of_the_day_on_which_it_closed(box, tmp_path, second, day):
    midnight, began = datetime(2026, 11, 23, 16, 0, tzinfo=UTC), box.true
    lasts = buys(box) - began
    box.skip((midnight - box.true - lasts).total_seconds() - 2.0 + second)  # ``skip`` runs two more
    truth = buys(box)
    assert truth.astimezone(SHANGHAI).day == day
    (_, (found, how)) = at_centre(box, tmp_path)
    low, high = day_of(truth)
    assert low <= found.timestamp() * 1000 < high
    assert how == "CLOCK"
