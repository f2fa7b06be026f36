"""A lock driver on the bus with its simulated board, the door behind it and the time, in one thread."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from edge.hardware.bus import Bus
from edge.hardware.drivers.lock_driver import LockDriver
from edge.hardware.drivers.locks import lock_driver
from edge.hardware.signals import (
    DoorState,
    Signal,
    Unlock,
    UnlockDone,
    Unlocked,
)
from edge.settings import LockBoard
from hardware_sim import bus as sim
from hardware_sim.config import LockTable
from hardware_sim.door import Door
from hardware_sim.lock_boards import lock_board

BAUD = 9600
CASES = {
    "bcc8a": {"driver": "lock.bcc8a"},
    "bcc8a, contacts the other way": {
        "driver": "lock.bcc8a",
        "board": 32,
        "lock": 24,
        "reed": 9,
        "feedback_when_locked": "open",
        "reed_when_closed": "open",
    },
    "krcu16": {"driver": "lock.krcu", "board": 0},
    "krcu16, board 3 lock 16": {"driver": "lock.krcu", "board": 3, "lock": 16, "reed": 9},
    "krcu48": {"driver": "lock.krcu48", "board": 0},
    "krcu48, lock 48, contacts the other way": {
        "driver": "lock.krcu48",
        "board": 2,
        "lock": 48,
        "reed": 17,
        "feedback_when_locked": "open",
        "reed_when_closed": "open",
    },
    "modbus": {"driver": "lock.modbus", "bolt": 1, "reed": 2},
    "modbus, relay 16, bolt 20, contacts the other way": {
        "driver": "lock.modbus",
        "board": 247,
        "lock": 16,
        "bolt": 20,
        "reed": 3,
        "feedback_when_locked": "open",
        "reed_when_closed": "open",
    },
    "iw": {"driver": "cabinet.iw"},
    "winnsen": {"driver": "lock.winnsen"},
    "winnsen, station 4 lock 16, contacts the other way": {
        "driver": "lock.winnsen",
        "board": 4,
        "lock": 16,
        "reed": 1,
        "feedback_when_locked": "open",
        "reed_when_closed": "open",
    },
    "wkly": {"driver": "lock.wkly"},
    "wkly, channels from 1, contacts the other way": {
        "driver": "lock.wkly",
        "board": 0,
        "lock": 12,
        "reed": 1,
        "channel_base": 1,
        "feedback_when_locked": "open",
        "reed_when_closed": "open",
    },
}
BLIND_TO_THE_BOLT = ("krcu48", "modbus")
"""Boards whose answer to an unlock says nothing of the bolt: ACCEPTED even where it is stuck."""
SPEAKS_UNASKED = ("wkly",)
"""Boards whose own word can fall into a question: then the door is unknown for about a second."""
SEEN_WITHIN_S = 1.9
"""The counter waits 2 s for the bolt."""

Spoil = Callable[[bytes, list[sim.Reply]], list[sim.Reply]]


@dataclass
class Tap:
    """The wire between master and board; ``spoil`` sees the last request and the answers to it."""

    spoil: Spoil = lambda request, replies: replies
    deaf: bool = False
    deaf_to: bytes = b""
    gone: bool = False
    echo: bool = False
    request: bytes = b""

    def to_devices(self, data: bytes, random: Random) -> bytes:
        self.request = data
        return b"" if self.deaf or data == self.deaf_to else data

    def to_master(self, device: str, replies: list[sim.Reply], random: Random) -> list[sim.Reply]:
        return self.spoil(self.request, replies)


class CountingDoor(Door):
    """A door that counts the pulses that reach its coil."""

    pulses = 0

    def pulse(self, now: float) -> None:
        self.pulses += 1
        super().pulse(now)


@dataclass
class Pair:
    """A lock board's driver on the bus, its simulated board, the door behind it, and the time."""

    given: dict
    echoes: bool = False
    adapter_echoes: bool = False
    driver: LockDriver = field(init=False)
    now: float = 100.0
    signals: list[Signal] = field(default_factory=list)
    sent: list[tuple[float, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.door = CountingDoor(motor=self.given["driver"] == "cabinet.iw")
        self.tap = Tap(echo=self.echoes or self.adapter_echoes)
        self.driver = lock_driver(LockBoard(**self.given))
        self.random = Random(1)
        self.start()

    def start(self) -> None:
        table = LockTable(**{key: value for key, value in self.given.items() if key != "pulse_ms"})
        self.line = sim.Bus([lock_board(table, self.door, {})], BAUD, Random(1), self.tap)
        self.bus = Bus("main", self.driver, [], baud=BAUD, echoes=self.echoes, idle_hz=5, busy_hz=10)
        self.bus.line_up(self.now)
        self.due = self.now

    def run(self, seconds: float) -> "Pair":
        end = self.now + seconds
        while self.now < end:
            coming = self.line.next_due()
            self.now = max(self.now, min(end, self.due, end if coming is None else coming))
            heard = self.line.receive(self.now)
            if heard or self.now >= self.due:
                self.step(heard)
        return self

    def sees(self, closed: bool, locked: bool, within: float = SEEN_WITHIN_S) -> float:
        """Wait until bolt and reed are seen so; gives how long that took."""
        begun, before = self.now, len(self.signals)
        while self.now < begun + within:
            self.run(0.02)
            new = [signal for signal in self.signals[before:] if isinstance(signal, DoorState)]
            if new and (new[-1].closed, new[-1].locked) == (closed, locked):
                return self.now - begun
        raise AssertionError(f"seen is {self.seen}, not {(closed, locked)}, after {within} s")

    def step(self, heard: bytes) -> None:
        turn = self.bus.step(heard, self.now)
        self.signals += turn.signals
        self.due = max(turn.due, self.now + 1e-6)
        if turn.send:
            self.sent.append((self.now, turn.send))
            self.line.send(turn.send, self.now)

    def unlock(self, job: str = "a", within: float = 1.0) -> None:
        self.bus.submit(Unlock(job, self.now + within))
        self.due = self.now

    def of(self, kind: type) -> list:
        return [signal for signal in self.signals if isinstance(signal, kind)]

    def doors(self, since: float = 0.0) -> set[tuple[bool | None, bool | None]]:
        return {(seen.closed, seen.locked) for seen in self.of(DoorState) if seen.at >= since}

    @property
    def seen(self) -> tuple[bool | None, bool | None]:
        last = self.of(DoorState)[-1]
        return last.closed, last.locked

    @property
    def outcomes(self) -> list[Unlocked]:
        return [done.outcome for done in self.of(UnlockDone)]

    def pulses_sent(self) -> int:
        return sum(1 for _, data in self.sent if data == self.driver.unlock.request)


def open_up(pair: Pair) -> None:
    pair.unlock()
    pair.sees(closed=True, locked=False)
    pair.door.open(pair.now, pair.random)
    pair.sees(closed=False, locked=False)


def only_unlocks(pair: Pair, change: Callable[[sim.Reply], list[sim.Reply]]) -> Spoil:
    opens = pair.driver.unlock.request
    return lambda request, replies: [
        spoilt for reply in replies for spoilt in (change(reply) if request == opens else [reply])
    ]
