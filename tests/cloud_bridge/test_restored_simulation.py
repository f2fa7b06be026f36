"""Bridge and workers, as they are, around a model of a broker, while the centre's database is put back.

The real ``Bridge`` and two real ``Worker``s take turns on a virtual clock. What is modelled is what lies
between them: a broker that keeps the order of what one client says to another, as MQTT does, and forgets
everything when it is killed; lines that are late; a centre that is dead, slow or put back to an earlier
copy at any moment, with acks of the former one still under way. First all faults, then none: in the end
the centre holds every event once, with its bytes.
"""

import shutil
from dataclasses import dataclass, field
from queue import SimpleQueue
from random import Random

import pytest

from cloud_bridge import feed
from cloud_bridge.bridge import Bridge, Plan
from cloud_bridge.central.store import Store
from cloud_bridge.central.worker import Worker
from cloud_bridge.central.worker import state as centre_state
from cloud_bridge.downlink import Trust
from cloud_bridge.link import Arrived, Broker, Down, Published, Up
from cloud_bridge.state import State
from cloud_bridge.turns import Limits

COUNTER, EVENTS = "T-001", "counters/T-001/events"
FAULTS_S, QUIET_S, CALM_S, STEP_S = 300.0, 40.0, 1.6 * Limits().audit_s, 0.5
GONE = feed.Presence(online=False)


@dataclass
class Line:
    """A client's session at the broker, with ``Link``'s verbs."""

    world: "World"
    name: str
    filters: tuple[str, ...]
    events: SimpleQueue = field(default_factory=SimpleQueue)
    session: int = 0
    alive: bool = False
    """As the broker sees it."""
    up: bool = False
    """As the client's loop has seen it."""
    dial_at: float = 0.0
    mid: int = 0
    last: dict[str, float] = field(default_factory=dict)

    def turn(self, now):
        if not self.alive and now >= self.dial_at:
            self.session, self.alive, self.last = self.session + 1, True, {}
            self.world.subscribed(self)
        return now + 1.0

    def is_up(self):
        return self.up

    def noted_up(self, up, now):
        self.up = self.alive and up.session == self.session
        return self.up

    def noted_down(self, down, now):
        return self.drop(now) if down.session == self.session else None

    def drop(self, now):
        self.alive = self.up = False
        self.dial_at = now + self.world.random.uniform(0.2, 3.0)
        return self.dial_at

    def publish(self, message):
        if not self.up:
            return None
        self.mid += 1
        self.world.says(self, message, self.mid)
        return self.mid

    def acknowledge(self, message):
        pass

    def at(self, way):
        """When something on this line arrives: late, never before what went the same way earlier."""
        self.last[way] = max(self.world.now + self.world.delay(), self.last.get(way, 0.0))
        return self.last[way]

    def hears(self, what):
        self.world.soon(self.at("down"), self._arrives, self.session, what)

    def _arrives(self, session, what):
        if session == self.session and self.alive:
            self.events.put(what)

    def taken(self):
        found = []
        while not self.events.empty():
            found.append(self.events.get())
        return found


@dataclass
class World:
    make: object
    place: object
    random: Random
    now: float = 0.0
    faults: bool = True
    due: list = field(default_factory=list)
    retained: dict = field(default_factory=dict)
    copies: list = field(default_factory=list)
    count: int = 0
    restored: int = 0
    selling: bool = True

    def __post_init__(self):
        self.all = self.make.sales(200)
        self.outbox = type(self.make.outbox(0))([])
        self.counter = Line(self, COUNTER, ("acks", "state"))
        self.lines = [
            Line(self, name, ("events", "presence", "state")) for name in "ab"[: self.random.choice([1, 2])]
        ]
        self.away = {}
        self.store = self.opened()
        self.workers = [Worker(self.store, line, lambda: None) for line in self.lines]
        self.start_bridge()

    def opened(self):
        store = Store(self.place / "central.db")
        store.db.execute("pragma synchronous=off")  # no power cut here
        return store

    def start_bridge(self):
        self.state = State(self.place / "bridge.db")
        self.state._db.execute("pragma synchronous=off")
        plan = Plan(COUNTER, self.place, Broker("", 0), 20, Trust(COUNTER, {}, lambda: None))
        self.bridge = Bridge(plan, self.outbox, self.state, self.counter, self.random)

    # --- the broker -----------------------------------------------------------------------------------
    def soon(self, at, do, *words):
        self.count += 1
        self.due.append((at, self.count, do, words))

    def says(self, line, message, mid):
        self.soon(line.at("up"), self.takes, line, line.session, message, mid)

    def takes(self, line, session, message, mid):
        """Of a client that is gone, what was under way may still come."""
        leaf = message.topic.rsplit("/", 1)[1]
        if message.retain:
            self.retained[message.topic] = message
        hearers = [each for each in (self.counter, *self.lines) if each.alive and leaf in each.filters]
        if leaf == "events":
            hearers = [self.random.choice(hearers)] if hearers else []
        for hearer in hearers:
            for _ in range(1 + self.maybe(0.05)):
                self.gives(hearer, message)
        if session == line.session and line.alive:
            line.hears(Published(session, mid, 0 if hearers else 0x10))

    def gives(self, line, message):
        line.hears(Arrived(line.session, message.topic, message.body, 0, 1))

    def subscribed(self, line):
        """What is retained comes before or after the SUBACK, as the broker likes (MQTT 5, 3.8.4)."""
        up = Up(line.session, 20, 65536)
        first = self.random.random() < 0.5
        if not first:
            line.hears(up)
        for topic, message in self.retained.items():
            if topic.rsplit("/", 1)[1] in line.filters:
                self.gives(line, message)
        if first:
            line.hears(up)

    def cut(self, line, *, said_goes_on=False):
        """The client's session ends: what it was to hear is gone, and what it said, unless it goes on."""
        if not line.alive:
            return
        kept = [each for each in self.due if not self.is_of(line, each[2], each[3], said_goes_on)]
        self.due = kept
        line.alive = False
        line.events.put(Down(line.session, "cut"))
        if line is not self.counter:
            self.soon(self.now, self.takes, line, -1, centre_state(GONE), 0)

    def is_of(self, line, do, words, said_goes_on):
        if getattr(do, "__self__", None) is line:
            return True
        return do == self.takes and words[0] is line and not said_goes_on

    def broker_dies(self):
        for line in (self.counter, *self.lines):
            self.cut(line)
        self.due.clear()
        self.retained.clear()

    # --- what breaks ----------------------------------------------------------------------------------
    def maybe(self, chance):
        return self.faults and self.random.random() < chance

    def delay(self):
        return (
            self.random.choice([0.0, 0.0, 0.1, 0.5, 5.0]) if self.faults else self.random.choice([0.05, 0.6])
        )

    def break_something(self):
        if self.maybe(0.01):
            self.broker_dies()
        if self.maybe(0.01):
            self.cut(self.counter)
        if self.maybe(0.01):  # kill -9 of the bridge
            self.cut(self.counter)
            self.counter.taken()
            self.counter.up = False
            self.state.close()
            self.start_bridge()
        if self.maybe(0.01):
            self.selling = not self.selling and self.now < FAULTS_S - QUIET_S
        for line in self.lines:
            if self.maybe(0.01):
                self.kill(line, said_goes_on=False)
        if self.maybe(0.02):
            self.copies.append(self.copied())
        if self.copies and self.maybe(0.01):
            self.put_back(self.random.choice(self.copies))

    def kill(self, line, *, said_goes_on):
        self.cut(line, said_goes_on=said_goes_on)
        line.taken()
        line.up, line.dial_at = False, self.now + self.random.uniform(0, 20)
        self.workers[self.lines.index(line)] = Worker(self.store, line, lambda: None)

    def copied(self):
        path = self.place / f"copy-{len(self.copies)}.db"
        self.store.db.execute("pragma wal_checkpoint(truncate)")
        shutil.copyfile(self.place / "central.db", path)
        return path

    def put_back(self, copy):
        """All workers end; an ack that one of them had said before may still be under way."""
        self.store.close()
        shutil.copyfile(copy, self.place / "central.db")
        self.store = self.opened()
        for line in self.lines:
            self.kill(line, said_goes_on=self.random.random() < 0.5)
        self.restored += 1

    # --- a step ---------------------------------------------------------------------------------------
    def step(self):
        self.now += STEP_S
        left = self.all[len(self.outbox.bodies) :]
        if self.selling and left and self.maybe(0.4):
            self.outbox.bodies.append(left[0])
        self.break_something()
        self.come_due()
        self.bridge.turn(self.counter.taken(), self.now)
        self.come_due()
        for worker, line in zip(self.workers, self.lines, strict=True):
            if not self.maybe(0.2):  # slow
                worker.turn(line.taken(), self.now)

    def come_due(self):
        while ready := sorted(each for each in self.due if each[0] <= self.now):
            self.due = [each for each in self.due if each[0] > self.now]
            for _, _, do, words in ready:
                do(*words)

    def held(self):
        return self.store.db.execute("select seq, body from raw_event order by seq").fetchall()

    def sold(self):
        return list(enumerate(self.outbox.bodies, start=1))


def trial(place, make, seed):
    place.mkdir()
    world = World(make, place, Random(seed))
    try:
        while world.now < FAULTS_S:
            world.selling &= world.now < FAULTS_S - QUIET_S
            world.step()
        world.put_back(world.copied() if not world.copies else world.random.choice(world.copies))
        world.faults = False
        while world.now < FAULTS_S + CALM_S and world.held() != world.sold():
            world.step()
        missing = sorted({seq for seq, _ in world.sold()} - {seq for seq, _ in world.held()})
        assert world.held() == world.sold(), f"SEED={seed}: not there: {missing}"
        assert world.store.db.execute("select count(*) from conflict").fetchone() == (0,)
        return world
    finally:
        world.store.close()
        world.state.close()


SEEDS = [42, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(100) if seed != 42)]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_centre_put_back_again_and_again_holds_every_event_once_in_the_end(tmp_path, make, seed):
    trial(tmp_path / "run", make, seed)
