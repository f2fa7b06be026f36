"""One weighing transmitter with 32-bit values on Modbus RTU: registers and what a write does to the zero.

Functions 03 and 10; the rest is refused as the Modbus application protocol (V1.1b3, chapter 7) says:
1 unknown function, 2 no such register, 3 a count that cannot be. Unit 0 is a broadcast: obeyed, not answered.
Filter, rate, tracking and stability registers are kept and read back but change nothing here.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from edge.hardware.codecs import modbus_rtu
from hardware_sim.tray import FULL_G, Felt

BROADCAST = 0
READ, WRITE = 0x03, 0x10
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3

UNIT, SPEED, FORMAT, PROTOCOL, DELAY_MS, KEY, FIRMWARE, FACTORY, STATUS = range(9)
MEASURED, RAW, GROSS, NET, TARE = 30, 44, 80, 82, 84
ZERO_CODE, ZERO_CALIBRATION, SPAN_CALIBRATION = 36, 38, 42
DIVISION, ZERO_RANGE, MANUAL_ZERO, BOOT_ZERO_RANGE = 88, 93, 94, 95
ZERO_TRACKING, CREEP_TRACKING = 96, 102

UNLOCK_WORD = 0x5AA5
TARE_PRESENT = 0x7FFFFFFF
OVERLOAD_BIT, ZERO_BIT, UNSTABLE_BIT, BOOT_ZERO_BIT, MINUS_BIT = 9, 7, 5, 4, 3
WORK_S = 0.0025
"""Silence of 3.5 characters that ends a request, and the converter's own work."""
RAW_EMPTY, RAW_PER_G = 1_600_000, 80
ONE_GRAM = 0x0C

PAIRS = (MEASURED, ZERO_CODE, ZERO_CALIBRATION, SPAN_CALIBRATION, RAW, 48, GROSS, NET, TARE, 86, 100)
SINGLES = (*range(9), 32, 34, 35, 46, *range(60, 67), DIVISION, *range(93, 100), *range(102, 105))
REGISTERS = frozenset((*SINGLES, *PAIRS, *(pair + 1 for pair in PAIRS)))
READ_ONLY = frozenset((FIRMWARE, STATUS, MEASURED, MEASURED + 1, RAW, RAW + 1, *range(GROSS, TARE)))
LINE_REGISTERS = frozenset((UNIT, SPEED, FORMAT, PROTOCOL))
"""Locked after each power-up until ``UNLOCK_WORD`` is written to ``KEY``."""

FACTORY_WORDS = {
    SPEED: 5, FORMAT: 5, PROTOCOL: 1, FIRMWARE: 250, 32: 4, 34: 1, 35: 20, 46: 20000, 87: int(FULL_G),
    DIVISION: ONE_GRAM, ZERO_RANGE: 4, 98: 10, 99: 5,
}  # fmt: skip


@dataclass(slots=True)
class Scale:
    """name: the tray; load: what its cell feels at a time, noise included."""

    name: str
    unit: int
    load: Callable[[float], Felt]
    _words: dict[int, int] = field(default_factory=dict)
    _zero_g: float = 0.0
    _tare_g: float = 0.0
    _gain: float = 1.0
    _unlocked: bool = False
    _boot_zeroed: bool = False
    _decoder: modbus_rtu.RequestDecoder = field(default_factory=modbus_rtu.RequestDecoder)

    def __post_init__(self) -> None:
        self._words = dict.fromkeys(REGISTERS, 0) | FACTORY_WORDS | {UNIT: self.unit} | self._words

    def feed(self, data: bytes, now: float) -> list[tuple[float, bytes]]:
        replies = []
        for request in self._decoder.feed(data):
            if request.unit in (self._words[UNIT], BROADCAST):
                reply = modbus_rtu.encode(self._answer(request, now))
                if request.unit != BROADCAST:
                    replies.append((now + WORK_S + self._words[DELAY_MS] / 1000, reply))
        return replies

    def boot(self, now: float) -> None:
        """Power-up: line settings lock, tare is lost, and register 95 may take the load for zero."""
        self._decoder.reset()
        self._unlocked, self._tare_g = False, 0.0
        felt = self.load(now)
        reach = self._words[BOOT_ZERO_RANGE] / 100 * FULL_G
        self._boot_zeroed = reach > 0 and abs(self._gross_g(felt)) <= reach
        if self._boot_zeroed:
            self._zero_g = felt.grams

    def _answer(self, request: modbus_rtu.Request, now: float) -> modbus_rtu.Reply:
        match request:
            case modbus_rtu.Read(unit, function, address, count) if function == READ:
                problem = ILLEGAL_VALUE if not 1 <= count <= modbus_rtu.MOST_REGISTERS else 0
                problem = problem or self._unknown(address, count)
                if not problem:
                    return modbus_rtu.ReadReply(unit, READ, self._read(address, count, now))
            case modbus_rtu.WriteMany(unit, function, address, count, body) if function == WRITE:
                problem = ILLEGAL_VALUE if not 1 <= count <= modbus_rtu.MOST_WRITTEN_REGISTERS else 0
                problem = problem or self._unknown(address, count) or self._kept(address, count)
                if not problem:
                    words = modbus_rtu.ReadReply(unit, WRITE, body).registers
                    self._write(dict(enumerate(words, address)), now)
                    return modbus_rtu.WriteManyReply(unit, WRITE, address, count)
            case _:
                problem = ILLEGAL_FUNCTION
        return modbus_rtu.Refusal(request.unit, request.function, problem)

    def _unknown(self, address: int, count: int) -> int:
        return 0 if REGISTERS.issuperset(range(address, address + count)) else ILLEGAL_ADDRESS

    def _kept(self, address: int, count: int) -> int:
        """The refusal of a write to what cannot be written (now), or 0."""
        kept = READ_ONLY if self._unlocked else READ_ONLY | LINE_REGISTERS
        return ILLEGAL_ADDRESS if kept.intersection(range(address, address + count)) else 0

    def _read(self, address: int, count: int, now: float) -> bytes:
        felt = self.load(now)
        words = self._words | self._live(felt)
        return modbus_rtu.registers(tuple(words[register] for register in range(address, address + count)))

    def _live(self, felt: Felt) -> dict[int, int]:
        gross = self._gross_g(felt)
        return {
            KEY: 0,
            STATUS: self._status(felt, gross),
            **_pair(MEASURED, self._digits(gross - self._tare_g)),
            **_pair(RAW, RAW_EMPTY + round(felt.grams * RAW_PER_G)),
            **_pair(GROSS, self._digits(gross)),
            **_pair(NET, self._digits(gross - self._tare_g)),
            **_pair(TARE, self._digits(self._tare_g)),
        }

    def _status(self, felt: Felt, gross: float) -> int:
        digits = self._digits(gross - self._tare_g)
        flags = (
            (OVERLOAD_BIT, felt.overload),
            (ZERO_BIT, digits == 0),
            (UNSTABLE_BIT, felt.moving),
            (BOOT_ZERO_BIT, self._boot_zeroed),
            (MINUS_BIT, digits < 0),
        )
        return sum(1 << bit for bit, is_set in flags if is_set) | self._decimals()

    def _write(self, words: dict[int, int], now: float) -> None:
        self._words |= words
        felt = self.load(now)
        if KEY in words:
            self._unlocked = words[KEY] == UNLOCK_WORD
        if words.get(MANUAL_ZERO) in (1, 0xFF) or ZERO_CALIBRATION in words:
            self._zero_g = felt.grams
        if SPAN_CALIBRATION in words and felt.grams - self._zero_g > 1.0:
            self._gain = self._grams(_signed(words, SPAN_CALIBRATION)) / (felt.grams - self._zero_g)
        if TARE in words:
            value = _signed(words, TARE)
            self._tare_g = self._gross_g(felt) if value == TARE_PRESENT else self._grams(value)

    def _gross_g(self, felt: Felt) -> float:
        return (felt.grams - self._zero_g) * self._gain

    def _digits(self, grams: float) -> int:
        """``grams`` as the display shows them, without the point: rounded to the division."""
        step = self._step()
        return round(grams * 10.0 ** self._decimals() / step) * step

    def _grams(self, digits: int) -> float:
        return float(digits / 10 ** self._decimals())

    def _decimals(self) -> int:
        """Division codes go 1, 2, 5 through the decades: 0 = .0001, 3 = .001 … 0C = 1, 0F = 10."""
        return max(0, 4 - self._words[DIVISION] // 3)

    def _step(self) -> int:
        code = self._words[DIVISION]
        return (1, 2, 5)[code % 3] * int(10.0 ** max(0, code // 3 - 4))


def _pair(address: int, value: int) -> dict[int, int]:
    """``value`` in two registers, high word first, two's complement."""
    return {address: value >> 16 & 0xFFFF, address + 1: value & 0xFFFF}


def _signed(words: dict[int, int], address: int) -> int:
    """The 32-bit value whose high word is at ``address``; a word that was not written counts as 0."""
    value = words.get(address, 0) << 16 | words.get(address + 1, 0)
    return value - (1 << 32) if value & 1 << 31 else value
