"""One tray's weighing transmitter in the counter's words. Knows the profile's map, sends nothing."""

import struct
from collections.abc import Callable
from math import isfinite

from edge.domain.values import Decigrams, TrayId, decigrams
from edge.hardware.codecs.checksums import crc16_modbus
from edge.hardware.codecs.modbus_rtu import REFUSED, SHORTEST, Read, ReplyDecoder, encode
from edge.hardware.drivers.scale_driver import Check, LoneScale
from edge.hardware.exchange import Exchange, Form
from edge.hardware.profiles.loading import WORDS, Poll, Profile, Value
from edge.hardware.signals import Fault, Misconfigured

BODY = 3
"""Bytes of a read's answer before its registers: unit, function, byte count."""

_FORMATS = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "float32": "f"}


class ScaleModbus32(LoneScale):
    """A transmitter that answers for one tray."""

    def __init__(self, tray: TrayId, unit: int, profile: Profile) -> None:
        self.tray = tray
        self.unit = unit
        self.profile = profile
        status = profile.status
        self.weigh = _reading(unit, profile.read, profile)
        self.probe = _reading(unit, profile.harmless, profile)
        if status is not None and status.address is not None:
            self.status = _reading(unit, _one(status.address, status.function), profile)
            self.status_every_s = status.every_s
        self.checks = tuple(
            Check(check.address, _reading(unit, _one(check.address), profile))
            for check in profile.must_be_zero
        )
        self.agree = decigrams(profile.value.division_g)
        self._digits = value_reader(profile.value)
        self._status_at = None if status is None or status.offset is None else BODY + 2 * status.offset
        self._faulty = 0 if status is None else sum(1 << flag.bit for flag in status.faults)

    def weight(self, reply: bytes) -> Decigrams | Fault:
        """The weight in the answer to ``weigh``; SENTINEL where its digits or its status say "unknown"."""
        if self._status_at is not None and _word(reply, self._status_at) & self._faulty:
            return Fault.SENTINEL
        digits = self._digits(reply[BODY:])
        if not isfinite(digits) or digits in self.profile.value.sentinels:
            return Fault.SENTINEL
        return decigrams(digits * self.profile.value.scale)

    def is_faulty(self, reply: bytes) -> bool:
        return bool(_word(reply) & self._faulty)

    def is_stable(self, reply: bytes) -> bool | None:
        """Whether the answer that holds the status says that the load is at rest; None: it does not say."""
        status = self.profile.status
        if status is None or status.stable is None:
            return None
        return _word(reply, self._status_at or BODY) >> status.stable.bit & 1 == status.stable.when

    def wrong_decimals(self, reply: bytes, at: float) -> Misconfigured | None:
        status = self.profile.status
        decimals = None if status is None else status.decimals
        if status is None or decimals is None or _word(reply) & decimals.mask == decimals.value:
            return None
        return Misconfigured(self.tray, at, status.address or 0, _word(reply) & decimals.mask)

    def wrong_setting(self, check: Check, reply: bytes, at: float) -> Misconfigured | None:
        value = _word(reply)
        return None if value == 0 else Misconfigured(self.tray, at, check.register, value)


def _one(address: int, function: int = 3) -> Poll:
    return Poll(function=4 if function == 4 else 3, address=address, count=1)


def _word(reply: bytes, at: int = BODY) -> int:
    return reply[at] << 8 | reply[at + 1]


def value_reader(value: Value) -> Callable[[bytes], float]:
    """A function giving the number at ``value``'s place of the registers of a poll's answer."""
    form, first = _FORMATS[value.type], 2 * value.offset
    if WORDS[value.type] == 1 or value.word_order == "high_first":
        unpack = struct.Struct(f">{form}").unpack_from
        return lambda body: float(unpack(body, first)[0]) if form == "f" else int(unpack(body, first)[0])
    swap = struct.Struct(f">{form}").unpack
    return lambda body: swap(body[first + 2 : first + 4] + body[first : first + 2])[0]


def value_writer(value: Value) -> Callable[[float], tuple[int, ...]]:
    """The other way: a function giving the registers that hold a number. Raises ValueError if none do."""
    form, words = _FORMATS[value.type], WORDS[value.type]

    def write(digits: float) -> tuple[int, ...]:
        try:
            body = struct.pack(f">{form}", digits)
        except struct.error:
            raise ValueError(f"{digits} does not fit into {value.type}") from None
        registers = struct.unpack(f">{words}H", body)
        return registers if value.word_order == "high_first" else registers[::-1]

    return write


def _is_sound(packet: bytes) -> bool:
    return crc16_modbus(packet) == 0


def _reading(unit: int, poll: Poll, profile: Profile) -> Exchange:
    request = Read(unit, poll.function, poll.address, poll.count)
    size = SHORTEST + 2 * poll.words
    return Exchange(
        request=encode(request),
        reply=Form(bytes([unit, poll.function, size - 5]), size, _is_sound),
        refusal=Form(bytes([unit, poll.function | REFUSED]), SHORTEST, _is_sound),
        least=SHORTEST,
        deadline=profile.line.deadline_s,
        worst=profile.line.worst_s,
        hold=profile.line.hold_s,
        stranger=lambda got: any(reply.unit != unit for reply in ReplyDecoder().feed(got)),
    )
