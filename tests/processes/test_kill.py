"""kill -9 of any process at any moment of a visit: the visit ends in the right sale, a review or a
cancellation, once. The visitor cares for nothing and goes on."""

import signal
import threading
import time
from random import Random

import httpx
import pytest

pytestmark = pytest.mark.processes

PROGRAMS = ("counter", "bridge", "counter", "centre", "counter", "broker", "counter", "sim")
"""Who dies in turn; half of them the counter, which has the most to lose."""
VISIT_S = 6.0
"""A visit takes about so long; the kill comes at a moment drawn from it."""
SHORT = [(1, "counter"), (2, "counter"), (3, "sim")]
LONG = [(seed, PROGRAMS[seed % len(PROGRAMS)]) for seed in range(100, 140)]


class Visitor:
    """Does what its seed says, at its own pace, whatever answers or does not."""

    def __init__(self, demo, random):
        self.demo, self.random = demo, random
        self.buyer = random.choice(["demo-001", "demo-002"])

    def tries(self, do, **words):
        """An act; gives whether it was done. The cabinet may be dead just now, or the door locked."""
        try:
            return self.demo.act(do, **words).status_code == 200
        except httpx.TransportError:
            return False

    def asks(self):
        """Scan and PIN; who gets no answer, or a refusal, does not know why and only looks at the door."""
        try:
            return self.demo.phone.ask(self.buyer).status_code == 201
        except (httpx.TransportError, httpx.HTTPStatusError):
            return False

    def gets_in(self):
        """Ask for the door and pull it, until it opens."""
        deadline = time.monotonic() + 60.0
        while time.monotonic() < deadline:
            self.asks()
            pull_until = time.monotonic() + 3.0
            while time.monotonic() < pull_until:
                if self.tries("open_door"):
                    return
                time.sleep(0.1)
        pytest.fail("the door never opened")

    def visits(self):
        """Come, take, think better of it, go. Pieces are taken of full trays only."""
        self.gets_in()
        wanted = [tray for tray, count in self.demo.until(self.demo.lies, "a look").items() if count > 2]
        for tray in self.random.sample(wanted, self.random.randint(1, 2)):
            self.dwells()
            self.tries("take", tray=tray, count=self.random.randint(1, 2))
            if self.random.random() < 0.5:
                self.dwells()
                self.tries("put_back", tray=tray)
        self.dwells()
        self.demo.until(lambda: self.tries("close_door") or self.is_shut(), "the door is shut")

    def is_shut(self):
        return self.demo.state()["door"] == "closed"

    def dwells(self):
        time.sleep(self.random.uniform(0.1, 1.2))


def trial(demo, seed, program):
    """One visit with one death in it; gives what must hold afterwards as it was seen."""
    random = Random(seed)
    before, charged_before, old = demo.lies(), demo.charged(), demo.sessions()
    delay = random.uniform(0.0, VISIT_S)
    print(f"seed {seed}: kill -9 {program} after {delay:.2f} s")
    killer = threading.Timer(delay, demo.signal, (program, signal.SIGKILL))
    killer.start()
    Visitor(demo, random).visits()
    killer.join()
    demo.heals()
    demo.until(lambda: unfinished(demo) == [], "every session is closed")
    ended = {id: state for id, state in demo.sessions().items() if id not in old}
    charged = {
        tray: count - charged_before.get(tray, 0)
        for tray, count in demo.charged().items()
        if count != charged_before.get(tray, 0)
    }
    taken = demo.taken(before)
    print(f"seed {seed}: {sorted(ended.values())}, charged {charged}, truly taken {taken}")
    return ended, charged, taken


def unfinished(demo):
    """Sessions that the ledger has begun and not closed."""
    return demo.rows(
        "ledger.db", "SELECT session FROM session_journal WHERE session NOT IN (SELECT id FROM session)"
    )


def told_once(demo):
    """Each closed session has one event that says so."""
    rows = demo.rows(
        "ledger.db", "SELECT json_extract(body, '$.data.session') FROM event WHERE type = ?", CLOSED
    )
    return sorted(id for (id,) in rows) == sorted(demo.sessions())


CLOSED = "session.closed.v1"


def check(demo, seed, program):
    ended, charged, taken = trial(demo, seed, program)
    assert len(ended) >= 1, "goods behind a door that no session opened"
    assert set(ended.values()) <= {"SETTLED", "EMPTY", "REVIEW", "CANCELLED"}
    assert all(count <= taken.get(tray, 0) for tray, count in charged.items()), "charged and not taken"
    if "REVIEW" not in ended.values():
        assert charged == taken
    assert told_once(demo)
    demo.arrives()


@pytest.mark.parametrize(("seed", "program"), SHORT)
def test_a_visit_with_a_death_in_it_ends_right(demo, seed, program):
    check(demo, seed, program)


@pytest.mark.long
@pytest.mark.parametrize(("seed", "program"), LONG)
def test_visits_with_deaths_in_them_end_right(demo, seed, program):
    check(demo, seed, program)
