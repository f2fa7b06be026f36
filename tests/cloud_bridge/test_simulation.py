"""Uplink and ingest against a faithless broker on a virtual clock: first all faults, then none.

The broker forgets everything at a kill, drops, doubles and delays messages, loses PUBACKs and refuses
for a while. The bridge and the centre die and start from their disks. Safety: the centre never holds
what the ledger does not, and never frees what it does not hold. Liveness: in the end it holds all.
"""

from contextlib import closing, suppress
from dataclasses import dataclass, field
from math import inf
from random import Random

import pytest

from cloud_bridge import feed
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store
from cloud_bridge.packing import unpacked
from cloud_bridge.turns import Connected, Disconnected, Limits, PubAck
from cloud_bridge.uplink import Parked, Uplink

FAULTS_S, CALM_S, STEP_S = 600.0, 1800.0, 0.5
TOPIC = "counters/T-001/events"


@dataclass
class World:
    make: object
    store: Store
    random: Random
    now: float = 0.0
    faults: bool = True
    sold: list = field(default_factory=list)
    to_centre: list = field(default_factory=list)  # (due, body)
    to_bridge: list = field(default_factory=list)  # (due, input)
    centre_up: bool = True
    session_up: bool = False
    ingest = staticmethod(ingest)

    def __post_init__(self):
        self.all = self.make.sales(300)
        self.outbox = type(self.make.outbox(0))(self.sold)
        self.disk = None
        self.boot()

    def boot(self):
        """The bridge starts from what its disk says."""
        covered, parked = self.disk or (None, {})
        self.uplink = Uplink(self.outbox, self.random, Limits())
        if covered is not None:
            self.uplink.covered = covered
            self.uplink.parked = {seq: Parked(code, 0.0) for seq, code in parked.items()}
        self.session_up, self.to_bridge = False, []

    def maybe(self, chance):
        return self.faults and self.random.random() < chance

    def step(self):
        self.now += STEP_S
        if self.faults and self.random.random() < 0.2 and len(self.sold) < len(self.all):
            self.sold.append(self.all[len(self.sold)])
        self._things_that_die()
        self._bridge()
        self._centre()

    def _things_that_die(self):
        if self.maybe(0.02):  # the broker, with all it had acknowledged
            self.to_centre.clear()
            self._end_session()
        if self.maybe(0.02):
            self.boot()
        if self.maybe(0.02):  # the centre; what was delivered and not committed is gone with it
            self.centre_up = False
            self.to_centre.clear()
        if not self.faults or self.random.random() < 0.2:
            self.centre_up = True

    def _end_session(self):
        self.session_up = False
        self.to_bridge = [(self.now, Disconnected())]

    def _bridge(self):
        if not self.session_up and (not self.faults or self.random.random() < 0.5):
            self.session_up = True
            self.to_bridge.append((self.now, Connected(20, 65536)))
        due = [item for at, item in self.to_bridge if at <= self.now]
        self.to_bridge = [(at, item) for at, item in self.to_bridge if at > self.now]
        turn = self.uplink.turn(due, self.now)
        self.disk = (self.uplink.covered, {s: p.code for s, p in self.uplink.parked.items()})
        for message in turn.publishes:
            self._broker_takes(message)
        if turn.stalled:
            self._end_session()

    def _broker_takes(self, message):
        code = 0 if self.centre_up else 0x10
        if self.maybe(0.02):
            code = self.random.choice([0x97, 0x80, 0x83])
        elif self.centre_up:
            for _ in range(self.random.choice([0, 1, 1, 1, 2]) if self.faults else 1):
                self.to_centre.append((self.now + self.delay(), message.body))
        if not self.maybe(0.05):
            self.to_bridge.append((self.now + self.delay(), PubAck(message.ref, code)))

    def _centre(self):
        if not self.centre_up:
            return
        due = [(TOPIC, body) for at, body in self.to_centre if at <= self.now]
        self.to_centre = [(at, body) for at, body in self.to_centre if at > self.now]
        self.random.shuffle(due)
        if not due:
            return
        for ack in self.ingest(self.store, due, "2026-11-24T03:00:00Z").acks["T-001"]:
            if self.session_up and not self.maybe(0.1):
                self.to_bridge.append((self.now + self.delay(), ack))

    def numbers_held(self):
        return {seq for (seq,) in self.store.db.execute("select seq from raw_event")}

    def delay(self):
        return self.random.choice([0.0, 0.1, 1.0, 30.0]) if self.faults else 0.1

    def held(self):
        return self.store.db.execute("select seq, body from raw_event order by seq").fetchall()


def freed(covered):
    above = (n for low, high in covered.have for n in range(low, high + 1))
    return {*range(1, covered.through + 1), *above}


def trial(place, make, seed):
    """One run: all faults, then none. Raises AssertionError where a promise was broken."""
    with closing(Store(place / f"central-{seed}.db")) as store:
        store.db.execute("pragma synchronous=off")  # no power cut here; the disk is not what is tested
        world = World(make, store, Random(seed))
        while world.now < FAULTS_S:
            world.step()
            assert freed(world.uplink.covered) <= world.numbers_held(), f"SEED={seed}"
        world.faults = False
        while world.now < FAULTS_S + CALM_S and world.uplink.backlog():
            world.step()
        assert world.uplink.backlog() == 0, f"SEED={seed}"
        assert world.held() == list(enumerate(world.sold, start=1)), f"SEED={seed}"
        assert world.store.db.execute("select count(*) from conflict").fetchone() == (0,)


SEEDS = [*range(5), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(5, 100))]


@pytest.mark.parametrize("seed", SEEDS)
def test_every_event_arrives_once_with_its_bytes_whatever_broke(tmp_path, make, seed):
    trial(tmp_path, make, seed)


# --- faults that were thought of, planted on purpose: the simulation has to find every one ---------------
TRIES = 8
"""Seeds until a planted fault counts as not found."""


def frees_on_puback(self, seqs, code, now, careful=Uplink._puback):
    careful(self, seqs, code, now)
    if code == 0 and seqs:
        self._progress(self.covered.plus(0, [(seq, seq) for seq in seqs]), now)


def takes_refusals_for_delivery(self, seqs, code, now):
    if code != 0 and seqs:
        self._progress(self.covered.plus(0, [(seq, seq) for seq in seqs]), now)


def frees_all_below_the_highest(self, ack, last, now, careful=Uplink._mark):
    highest = max([ack.through, *(high for _, high in ack.have)])
    careful(self, feed.Ack(inc=ack.inc, through=highest), last, now)


def never_sends_again(self):
    self._resend_at = inf


def acknowledges_before_its_commit(store, messages, received):
    """The last message of several is acknowledged and lost with its transaction."""
    if len(messages) == 1:
        return ingest(store, messages, received)
    outcome = ingest(store, messages[:-1], received)
    body = unpacked(messages[-1][1])
    lost = [feed.decode(each) for each in (feed.unbatch(body) if body.startswith(b"[") else [body])]
    have = tuple((event.seq, event.seq) for event in lost)
    outcome.acks.setdefault("T-001", []).append(feed.Ack(inc=lost[0].inc, through=0, have=have))
    return outcome


UPLINK_BUGS = [
    pytest.param("_puback", frees_on_puback, id="drop on PUBACK"),
    pytest.param("_puback", takes_refusals_for_delivery, id="0x10 and other refusals counted as sent"),
    pytest.param("_mark", frees_all_below_the_highest, id="mark = highest, not contiguous"),
    pytest.param("_rewind", never_sends_again, id="no resend"),
]


def survives(place, make):
    """Whether no seed finds anything."""
    with suppress(AssertionError):
        for seed in range(TRIES):
            trial(place, make, seed)
        return True
    return False


@pytest.mark.parametrize(("method", "bug"), UPLINK_BUGS)
def test_what_is_planted_in_the_uplink_is_found(tmp_path, make, monkeypatch, method, bug):
    monkeypatch.setattr(Uplink, method, bug)
    assert not survives(tmp_path, make)


def test_a_centre_that_acknowledges_before_its_commit_is_found(tmp_path, make, monkeypatch):
    monkeypatch.setattr(World, "ingest", staticmethod(acknowledges_before_its_commit))
    assert not survives(tmp_path, make)
