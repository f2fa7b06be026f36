"""A Modbus relay board with opto inputs, used as lock and reed. It knows coils and inputs, not doors.

Functions 01, 02, 03, 05, 06 and 0F. A coil that is switched on, however, pulls the bolt; only the timed
pulse ends by itself, and a coil left on for longer than BURNS_S has burnt. Each input's mode register says
whether it acts on the relay of its number (linkage). Unit 0 is obeyed and not answered.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from edge.hardware.codecs import modbus_relay, modbus_rtu
from hardware_sim.devices.lock_channel import Channel, Channels

ANSWER_S = 0.005
BURNS_S = 5.0
BROADCAST = 0
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
SIZE = 32
"""Coils, and inputs."""

Pulse = Callable[[float], None]


@dataclass(slots=True)
class LockRelay:
    """pulses: what a coil that comes on does, by its number from 1; inputs: what is wired to them."""

    unit: int
    pulses: Mapping[int, Pulse]
    inputs: Mapping[int, Channel]
    modes: dict[int, int] = field(default_factory=dict)
    """By input from 1; the others are in normal mode."""
    name: str = "lock"
    _on_until: dict[int, tuple[float, float]] = field(default_factory=dict)
    """By coil: when it came on, and when it goes off."""
    _decoder: modbus_rtu.RequestDecoder = field(default_factory=modbus_rtu.RequestDecoder)

    def feed(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        replies = []
        for request in self._decoder.feed(data):
            if request.unit in (self.unit, BROADCAST):
                reply = modbus_rtu.encode(self._answer(request, now))
                if request.unit != BROADCAST:
                    replies.append((now + ANSWER_S, reply))
        return replies

    def boot(self, now: float) -> None:
        """All coils are off after power-up."""
        self._decoder.reset()
        self._on_until.clear()

    def burnt(self, now: float) -> bool:
        """Whether a coil has been on for too long."""
        return any(min(now, until) - since > BURNS_S for since, until in self._on_until.values())

    def _answer(self, request: modbus_rtu.Request, now: float) -> modbus_rtu.Reply:
        match request:
            case modbus_rtu.Read(_, 1 | 2 | 3, _, _):
                return self._read(request, now)
            case modbus_rtu.WriteOne(_, 5, address, value):
                return self._refusal(request, self._write_coil(address, value, now)) or request
            case modbus_rtu.WriteOne(_, 6, address, value):
                return self._refusal(request, self._write_register(address, value)) or request
            case modbus_rtu.WriteMany(unit, 0x0F, address, count, body) if address + count <= SIZE:
                for place in range(count):
                    self._switch(address + place + 1, bool(body[place // 8] >> place % 8 & 1), now)
                return modbus_rtu.WriteManyReply(unit, 0x0F, address, count)
        return modbus_rtu.Refusal(request.unit, request.function, ILLEGAL_FUNCTION)

    @staticmethod
    def _refusal(request: modbus_rtu.WriteOne, problem: int) -> modbus_rtu.Refusal | None:
        return modbus_rtu.Refusal(request.unit, request.function, problem) if problem else None

    def _read(self, request: modbus_rtu.Read, now: float) -> modbus_rtu.Reply:
        numbers = range(request.address + 1, request.address + request.count + 1)
        if request.function == 3:
            numbers = range(numbers.start - modbus_relay.MODES, numbers.stop - modbus_relay.MODES)
        if not 1 <= request.count <= SIZE or numbers.start < 1 or numbers.stop > SIZE + 1:
            return modbus_rtu.Refusal(request.unit, request.function, ILLEGAL_ADDRESS)
        if request.function == 3:
            words = tuple(self.modes.get(number, modbus_relay.NORMAL) for number in numbers)
            return modbus_rtu.ReadReply(request.unit, 3, modbus_rtu.registers(words))
        inputs = Channels(self.inputs)
        at = now + ANSWER_S
        bits = tuple(
            self._is_on(number, at) if request.function == 1 else inputs.closed(number, at)
            for number in numbers
        )
        return modbus_rtu.ReadReply(request.unit, request.function, modbus_rtu.bits(bits))

    def _write_coil(self, address: int, value: int, now: float) -> int:
        if address < SIZE or address == modbus_relay.ALL_COILS:
            if value not in (modbus_relay.ON, modbus_relay.OFF):
                return ILLEGAL_VALUE
            numbers = range(1, SIZE + 1) if address == modbus_relay.ALL_COILS else (address + 1,)
            for number in numbers:
                self._switch(number, value == modbus_relay.ON, now)
            return 0
        number = address - modbus_relay.FLASH_ON + 1
        if not 1 <= number <= SIZE:
            return ILLEGAL_ADDRESS
        self._switch(number, True, now, value * modbus_relay.FLASH_STEP_MS / 1000)
        return 0

    def _write_register(self, address: int, value: int) -> int:
        number = address - modbus_relay.MODES + 1
        if address == modbus_relay.UNIT:
            self.unit = value
        elif not 1 <= number <= SIZE:
            return ILLEGAL_ADDRESS
        elif value >= len(modbus_relay.MODE_NAMES):
            return ILLEGAL_VALUE
        else:
            self.modes[number] = value
        return 0

    def _switch(self, number: int, on: bool, now: float, seconds: float = float("inf")) -> None:
        if on:
            if not self._is_on(number, now) and number in self.pulses:
                self.pulses[number](now)
            self._on_until[number] = (now, now + seconds)
        elif number in self._on_until:
            since, until = self._on_until[number]
            self._on_until[number] = (since, min(until, now))

    def _is_on(self, number: int, at: float) -> bool:
        return number in self._on_until and at < self._on_until[number][1]
