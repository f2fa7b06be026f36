"""A weighing transmitter on Modbus RTU that has the registers a map names, and no others.

Reads go with the map's own function, writes with those its commands have; the rest is refused as the Modbus
application protocol (V1.1b3, chapter 7) says. A poll that a device answers with more registers than were
asked for is answered so. Unit 0 is a broadcast: obeyed, not answered.
"""

import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from math import nan

from edge.hardware.codecs import modbus_rtu
from hardware_sim.profile import WORDS, Profile
from hardware_sim.tray import Felt

BROADCAST = 0
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, FAILED = 1, 2, 4
WORK_S = 0.0025
_FORMATS = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "float32": "f"}


@dataclass(slots=True)
class ProfileScale:
    """name: the tray; load: what its cell feels at a time, noise included. words: registers of one's own."""

    name: str
    unit: int
    load: Callable[[float], Felt]
    profile: Profile
    words: dict[int, int] = field(default_factory=dict)
    _zero_g: float = 0.0
    _tare_g: float = 0.0
    _decoder: modbus_rtu.RequestDecoder = field(default_factory=modbus_rtu.RequestDecoder)

    def feed(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        replies = []
        for request in self._decoder.feed(data):
            if request.unit in (self.unit, BROADCAST):
                reply = modbus_rtu.encode(self._answer(request, now))
                if request.unit != BROADCAST:
                    replies.append((now + WORK_S, reply))
        return replies

    def boot(self, now: float) -> None:
        """Power-up: a tare is lost."""
        self._decoder.reset()
        self._tare_g = 0.0

    def _answer(self, request: modbus_rtu.Request, now: float) -> modbus_rtu.Reply:
        match request:
            case modbus_rtu.Read(unit, function, address, count) if function == self.profile.read.function:
                held = self._registers(now)
                wanted = range(address, address + self._answered(address, count))
                if set(wanted) <= set(held):
                    body = modbus_rtu.registers(tuple(held[register] for register in wanted))
                    return modbus_rtu.ReadReply(unit, function, body)
                problem = ILLEGAL_ADDRESS
            case modbus_rtu.WriteOne(_, 6, address, value):
                problem = self._command(6, address, 1, value, now)
                if not problem:
                    return request
            case modbus_rtu.WriteMany(unit, 16, address, count, body):
                problem = self._command(16, address, count, int.from_bytes(body, "big"), now)
                if not problem:
                    return modbus_rtu.WriteManyReply(unit, 16, address, count)
            case _:
                problem = ILLEGAL_FUNCTION
        return modbus_rtu.Refusal(request.unit, request.function, problem)

    def _answered(self, address: int, count: int) -> int:
        read = self.profile.read
        extra = read.reply_words is not None and (address, count) == (read.address, read.count)
        return read.reply_words if extra and read.reply_words is not None else count

    def _registers(self, now: float) -> dict[int, int]:
        """Every register there is, with what it holds now."""
        felt, profile = self.load(now), self.profile
        read, probe = profile.read, profile.probe
        held = dict.fromkeys(range(read.address, read.address + (read.reply_words or read.count)), 0)
        if probe is not None and not probe.refused:
            held |= dict.fromkeys(range(probe.address, probe.address + probe.count), 0)
        held |= {zeroed.address: 0 for zeroed in profile.must_be_zero}
        held |= {read.address + profile.value.offset + i: word for i, word in enumerate(self._value(felt))}
        if (status := profile.status_at) is not None:
            held[status] = self._status(felt)
        return held | self.words

    def _value(self, felt: Felt) -> tuple[int, ...]:
        value = self.profile.value
        grams = felt.grams - self._zero_g - self._tare_g
        number: float = round(round(grams / value.division_g) * value.division_g / value.scale, 6)
        if felt.overload and not self._says_faults():
            number = nan if value.type == "float32" else next(iter(value.sentinels), number)
        body = struct.pack(f">{_FORMATS[value.type]}", number if value.type == "float32" else round(number))
        words = struct.unpack(f">{WORDS[value.type]}H", body)
        return words if value.word_order == "high_first" else words[::-1]

    def _says_faults(self) -> bool:
        status = self.profile.status
        return status is not None and bool(status.faults)

    def _status(self, felt: Felt) -> int:
        status = self.profile.status
        if status is None:
            return 0
        word = 0 if status.decimals is None else status.decimals.value
        if status.stable is not None:
            word |= (status.stable.when ^ felt.moving) << status.stable.bit
        if felt.overload and status.faults:
            word |= 1 << next((f.bit for f in status.faults if "over" in f.name), status.faults[0].bit)
        return word

    def _command(self, function: int, address: int, count: int, value: int, now: float) -> int:
        """The refusal of a write, or 0 once it has been done."""
        places = {(each.function, each.address, each.words) for each in self.profile.command}
        if (function, address, count) not in places:
            known = function in {each.function for each in self.profile.command}
            return ILLEGAL_ADDRESS if known else ILLEGAL_FUNCTION
        for each in self.profile.command:
            if (each.address, each.value) == (address, value):
                self._do(each.kind, now)
        return 0

    def _do(self, kind: str, now: float) -> None:
        felt = self.load(now)
        if kind == "zero":
            self._zero_g = felt.grams
        elif kind == "tare":
            self._tare_g = felt.grams - self._zero_g
