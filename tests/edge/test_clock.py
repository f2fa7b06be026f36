"""The machine's clocks: what is believed of a wall clock that nothing keeps in step, what is told of it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from edge.clock import Clock, Machine
from edge.domain.values import Clk, Instant, rfc3339
from edge.timekeeping import MOST_A_DAY, Timekeeper

LAST = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
"""When the counter recorded something last."""
BORN = datetime(1970, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@dataclass
class Box:
    """A board: its wall clock runs on, and is moved by the test."""

    off: timedelta
    mono: float = 20.0
    in_step: bool = False

    def __post_init__(self):
        self.clock = Clock("boot-1", Machine(lambda: self.mono, self.wall, lambda: self.in_step))
        self.clock.not_before(LAST)

    def wall(self):
        return BORN + self.off + timedelta(seconds=self.mono)

    def after(self, seconds, **changes) -> Instant:
        self.mono += seconds
        for name, value in changes.items():
            setattr(self, name, value)
        return self.clock.now()


def off(at: datetime) -> timedelta:
    """What the wall clock must be off for to show ``at`` at the start."""
    return at - BORN - timedelta(seconds=20.0)


UNSET = [
    pytest.param(BORN, LAST, id="in 1970 it counts on from the last record"),
    pytest.param(LAST - DAY, LAST, id="a day behind the last record it counts on from it"),
    pytest.param(LAST + 9 * HOUR, LAST + 9 * HOUR, id="a clock with a battery is taken as it is"),
    pytest.param(LAST + 365 * DAY, LAST, id="a year ahead it is a broken one"),
]


@pytest.mark.parametrize(("shows", "believed"), UNSET)
def test_a_clock_that_nobody_set_is_believed_as_far_as_it_can_be_right(shows, believed):
    box = Box(off(shows))
    first = box.clock.now()
    assert (first.wall, first.clk) == (believed, Clk.UNSYNCED)
    assert box.after(60).wall == believed + timedelta(seconds=60)


def test_a_moment_that_has_passed_counts_although_the_clock_was_read_before_it_was_known():
    clock = Clock("boot-1", Machine(lambda: 20.0, lambda: LAST + 365 * DAY, lambda: False))
    clock.now()
    clock.not_before(LAST)
    assert clock.now().wall == LAST


def test_a_clock_that_is_set_is_asked_at_once_whether_it_is_in_step():
    box = Box(off(BORN))
    box.clock.now()
    now = box.after(1, off=off(LAST + HOUR), in_step=True)
    assert (now.wall, now.clk) == (LAST + HOUR + timedelta(seconds=1), Clk.SYNCED)


def test_an_unset_clock_never_runs_backwards():
    box = Box(off(LAST + 9 * HOUR))
    before = box.clock.now()
    assert box.after(5, off=box.off - DAY).wall == before.wall + timedelta(seconds=5)


def test_in_step_it_is_the_machines_and_a_step_back_is_followed():
    box = Box(off(BORN), in_step=True)
    assert box.after(0, off=off(LAST + HOUR)).wall == LAST + HOUR
    now = box.after(1, off=box.off - HOUR)
    assert (now.wall, now.clk) == (LAST + timedelta(seconds=1), Clk.SYNCED)


def test_a_clock_that_was_in_step_is_held_by_the_monotonic_one_whatever_is_done_to_it():
    box = Box(off(LAST + HOUR), in_step=True)
    box.clock.now()
    for moved in (-DAY, 365 * DAY):
        now = box.after(30, off=box.off + moved, in_step=False)
        assert (now.wall, now.clk) == (LAST + HOUR + timedelta(seconds=box.mono - 20), Clk.HELD)


def test_what_the_centre_tells_is_believed_until_something_keeps_the_clock_in_step():
    box = Box(off(BORN))
    told = LAST + 5 * DAY
    box.clock.told(told, 15.0)
    assert box.clock.now().wall == told + timedelta(seconds=5)
    assert box.clock.now().clk is Clk.HELD
    box.clock.told(told - HOUR, 18.0)
    assert box.clock.now().wall == told + timedelta(seconds=5)
    now = box.after(11, in_step=True, off=off(told + HOUR))
    assert (now.wall, now.clk) == (told + HOUR + timedelta(seconds=11), Clk.SYNCED)


# --- what is told of it ---------------------------------------------------------------------------
def at(mono: float, wall: datetime, clk: Clk = Clk.UNSYNCED, boot: str = "boot-1") -> Instant:
    return Instant(mono, wall, boot, clk)


def told(keeper: Timekeeper, *instants: Instant):
    """What it tells at each of them; recorded at once."""
    found = []
    for now in instants:
        fact = keeper.look(now)
        found.append(fact and (fact.source, fact.before, fact.after))
        if fact:
            keeper.told(now)
    return found


def test_the_first_good_clock_of_a_boot_is_told_with_what_it_showed_before():
    unset, good = at(20, LAST), at(30, LAST + DAY, Clk.SYNCED)
    later = at(40, LAST + DAY + timedelta(seconds=10), Clk.SYNCED)
    before = rfc3339(LAST + timedelta(seconds=10))
    assert told(Timekeeper(), unset, good, later) == [None, ("NTP", before, rfc3339(LAST + DAY)), None]


def test_a_boot_that_was_told_of_is_not_told_of_again_after_a_restart():
    assert told(Timekeeper("boot-1"), at(20, LAST, Clk.SYNCED)) == [None]
    assert told(Timekeeper("boot-0"), at(20, LAST, Clk.HELD)) == [("CENTRE", rfc3339(LAST), rfc3339(LAST))]


STEPS = [
    pytest.param(0.4, Clk.SYNCED, None, id="slewed"),
    pytest.param(-3600, Clk.SYNCED, "NTP", id="an hour back, in step"),
    pytest.param(7200, Clk.UNSYNCED, "STEP", id="two hours on, by hand"),
]


@pytest.mark.parametrize(("moved", "clk", "source"), STEPS)
def test_a_step_is_told_and_a_correction_too_small_to_matter_is_not(moved, clk, source):
    first, moment = at(20, LAST, clk), LAST + timedelta(seconds=10 + moved)
    found = told(Timekeeper("boot-1"), first, at(30, moment, clk))[1]
    assert found == (source and (source, rfc3339(LAST + timedelta(seconds=10)), rfc3339(moment)))


def test_a_clock_that_is_fought_over_fills_no_ledger_and_what_it_came_to_is_told_the_next_day():
    keeper = Timekeeper("boot-1")
    fought = [at(20 + n, LAST + n * HOUR, Clk.SYNCED) for n in range(200)]
    found = told(keeper, *fought)
    assert sum(each is not None for each in found) == MOST_A_DAY
    day_later = at(200 + 86_400, LAST + DAY, Clk.SYNCED)
    ((source, before, after),) = told(keeper, day_later)
    assert (source, after) == ("NTP", rfc3339(LAST + DAY))
    assert before != after
