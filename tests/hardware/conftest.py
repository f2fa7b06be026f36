"""A wire in one thread on a virtual clock: small peers made of the codecs, and the bus under test."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from edge.domain.values import TrayId
from edge.hardware.bus import Bus
from edge.hardware.codecs import bcc8a, modbus_rtu
from edge.hardware.drivers.lock_bcc8a import LockBcc8a
from edge.hardware.drivers.scale_modbus32 import ScaleModbus32
from edge.hardware.profiles.loading import load
from edge.hardware.signals import Reading, Signal, Sweep

BAUD = 38400
CHARACTER = 10 / BAUD


@dataclass
class Peer:
    """Everything on the other end of the pair: a lock board at 1 and scales by unit.

    Behaviour is changed by ``spoil``: a function from (request bytes, reply bytes) to what is really
    said, as a list of (delay in seconds, bytes); None leaves the reply as it is.
    """

    registers: dict[int, dict[int, int]]
    contacts: int = 0b11
    stuck: bool = False
    delay: float = 0.004
    spoil: Callable[[bytes, bytes], list[tuple[float, bytes]] | None] = lambda request, reply: None
    heard: list[tuple[float, bytes]] = field(default_factory=list)

    def hear(self, request: bytes, now: float) -> list[tuple[float, bytes]]:
        self.heard.append((now, request))
        reply = self._board(request) or self._scale(request)
        said = self.spoil(request, reply)
        if said is None:
            said = [(self.delay, reply)] if reply else []
        sent = now + len(request) * CHARACTER
        return [(sent + delay + len(piece) * CHARACTER, piece) for delay, piece in said]

    def asked(self, head: bytes) -> list[float]:
        """When requests beginning with ``head`` were heard."""
        return [at for at, request in self.heard if request.startswith(head)]

    def weighs(self, unit: int, digits: int) -> None:
        self.registers[unit][80], self.registers[unit][81] = digits >> 16 & 0xFFFF, digits & 0xFFFF

    def _board(self, packet: bytes) -> bytes:
        match bcc8a.decode_request(packet):
            case bcc8a.Open(1, lock):
                if not self.stuck:
                    self.contacts &= ~(1 << lock - 1)
                return bcc8a.encode(bcc8a.OpenReply(1, lock, closed=self.stuck))
            case bcc8a.QueryAll(1):
                return bcc8a.encode(bcc8a.QueryAllReply(1, self.contacts))
            case bcc8a.Query(1, lock):
                closed = bool(self.contacts >> lock - 1 & 1)
                return bcc8a.encode(bcc8a.QueryReply(1, lock, closed))
        return b""

    def _scale(self, packet: bytes) -> bytes:
        match modbus_rtu.decode_request(packet):
            case modbus_rtu.Read(unit, 3, address, count) if unit in self.registers:
                held = self.registers[unit]
                words = [held.get(address + i) for i in range(count)]
                if None in words:
                    return modbus_rtu.encode(modbus_rtu.Refusal(unit, 3, 2))
                return modbus_rtu.encode(modbus_rtu.ReadReply(unit, 3, modbus_rtu.registers(tuple(words))))
        return b""


@dataclass
class Wire:
    """Bus and peer on a virtual clock."""

    bus: Bus
    peer: Peer
    echoes: bool = False
    now: float = 100.0
    signals: list[Signal] = field(default_factory=list)
    steps: int = 0
    coming: list[tuple[float, bytes]] = field(default_factory=list)
    due: float = 0.0
    busy_until: float = 0.0
    gaps: list[float] = field(default_factory=list)
    """Silence on the line before each request, in seconds."""

    def run(self, seconds: float) -> list[Signal]:
        """Let so much time pass; what was signalled meanwhile."""
        end, before = self.now + seconds, len(self.signals)
        self._step(b"")
        while True:
            self.coming.sort(key=lambda piece: piece[0])
            arrival = self.coming[0][0] if self.coming else float("inf")
            self.now = max(self.now, min(arrival, self.due))
            if self.now > end:
                self.now = end
                return self.signals[before:]
            self._step(self.coming.pop(0)[1] if arrival <= self.due else b"")

    def _step(self, received: bytes) -> None:
        if received:
            self.busy_until = self.now
        turn = self.bus.step(received, self.now)
        self.steps += 1
        self.signals += turn.signals
        self.due = turn.due
        if turn.send:
            self.gaps.append(self.now - self.busy_until)
            self.busy_until = self.now + len(turn.send) * CHARACTER
            if self.echoes:
                self.coming.append((self.now + len(turn.send) * CHARACTER, turn.send))
            self.coming += self.peer.hear(turn.send, self.now)

    def of(self, kind: type) -> list:
        return [signal for signal in self.signals if isinstance(signal, kind)]

    def readings(self, tray: str) -> list[Reading]:
        """All readings of one tray, in order."""
        return [r for s in self.signals if isinstance(s, Sweep) for r in s.readings if r.tray == tray]


UNITS = {TrayId("1-01"): 11, TrayId("1-02"): 12, TrayId("1-03"): 13}


def scale_registers(digits: int) -> dict[int, int]:
    return {8: 0, 80: digits >> 16 & 0xFFFF, 81: digits & 0xFFFF, 95: 0, 96: 0, 102: 0}


@pytest.fixture
def lock() -> LockBcc8a:
    return LockBcc8a(1, 1, 2, feedback_when_locked="short", reed_when_closed="short")


@pytest.fixture
def scales() -> list[ScaleModbus32]:
    profile = load("modbus32")
    return [ScaleModbus32(tray, unit, profile) for tray, unit in UNITS.items()]


@pytest.fixture
def peer() -> Peer:
    return Peer({unit: scale_registers(100 * unit) for unit in UNITS.values()})


@pytest.fixture
def wire_of(peer: Peer) -> Callable[..., Wire]:
    """Makes a line that has just come up. adapter_echoes: the adapter's doing, where not as set."""

    def wire_of(
        lock, scales, *, echoes: bool = False, adapter_echoes: bool | None = None, idle_hz: float = 5
    ) -> Wire:
        bus = Bus("main", lock, scales, baud=BAUD, echoes=echoes, idle_hz=idle_hz, busy_hz=8)
        wire = Wire(bus, peer, echoes if adapter_echoes is None else adapter_echoes)
        wire.bus.line_up(wire.now)
        return wire

    return wire_of


@pytest.fixture
def wire(wire_of: Callable[..., Wire], lock: LockBcc8a, scales: list[ScaleModbus32]) -> Wire:
    """A line that has been running for 3 s."""
    wire = wire_of(lock, scales)
    wire.run(3.0)
    return wire
