"""A real bridge with a real paho client in the test's own thread, whose clock can be set forward."""

from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from time import monotonic

import structlog

from cloud_bridge import feed
from cloud_bridge.bridge import Bridge, Plan
from cloud_bridge.bridge import _link as link_of
from cloud_bridge.downlink import Trust
from cloud_bridge.link import Broker
from cloud_bridge.packing import unpacked
from cloud_bridge.state import FILE, State

COUNTER = "T-001"
NO_COMMANDS = Trust(COUNTER, {}, lambda: None)


@dataclass
class RunningBridge:
    """``run(true, what)`` turns until ``true()``; ``ahead(s)`` sets its clock forward."""

    place: Path
    port: int
    outbox: object
    window: int = 20
    version: str = "5"
    keepalive_s: int = 20
    notes: list = field(default_factory=list)
    _skew: float = 0.0

    def __post_init__(self):
        broker = Broker("127.0.0.1", self.port, self.version, self.keepalive_s)
        plan = Plan(COUNTER, self.place, broker, self.window, NO_COMMANDS)
        self.link = link_of(plan, Random(1))
        self.state = State(self.place / FILE)
        self.bridge = Bridge(plan, self.outbox, self.state, self.link, Random(1))
        self.uplink = self.bridge.uplink
        self.uplink.limits = type(self.uplink.limits)(window=self.window, start_jitter_s=0.0)

    def now(self):
        return monotonic() + self._skew

    def ahead(self, seconds):
        self._skew += seconds

    def turn(self, events=()):
        with structlog.testing.capture_logs() as notes:
            due = self.bridge.turn(list(events), self.now())
        self.notes += notes
        return due

    def run(self, true, what, limit_s=10.0):
        deadline, events = monotonic() + limit_s, []
        while not (value := true()):
            assert monotonic() < deadline, f"{what} did not come true in {limit_s} s; {self.notes[-5:]}"
            due = self.turn(events)
            events = self.link.wait(min(max(due - self.now(), 0.0), 0.02))
        self.turn(events)
        return value

    def noted(self, event):
        return [note for note in self.notes if note["event"] == event]

    def close(self):
        self.link.close(self.bridge.last_words())
        self.state.close()


def seqs_in(body: bytes) -> list[int]:
    """The numbers of the events in a message."""
    opened = unpacked(body)
    bodies = feed.unbatch(opened) if opened.startswith(b"[") else [opened]
    return [feed.decode(each).seq for each in bodies]
