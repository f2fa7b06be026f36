"""One tray's weighing transmitter in the counter's words. Knows the profile's map, sends nothing."""

import struct
from collections.abc import Callable
from dataclasses import dataclass

from edge.domain.values import Decigrams, TrayId, decigrams
from edge.hardware.codecs.checksums import crc16_modbus
from edge.hardware.codecs.modbus_rtu import REFUSED, SHORTEST, Read, ReplyDecoder, encode, reply_size
from edge.hardware.exchange import Exchange, Form
from edge.hardware.profiles.loading import WORDS, Poll, Profile, Value
from edge.hardware.signals import Fault, Misconfigured

BODY = 3
"""Bytes of a read's answer before its registers: unit, function, byte count."""

_FORMATS = {"int16": "h", "uint16": "H", "int32": "i", "uint32": "I", "float32": "f"}


@dataclass(frozen=True, slots=True)
class Check:
    """A register that must read 0, and the read that shows it."""

    register: int
    exchange: Exchange


class ScaleModbus32:
    """A transmitter that answers for one tray."""

    def __init__(self, tray: TrayId, unit: int, profile: Profile) -> None:
        self.tray = tray
        self.unit = unit
        self.profile = profile
        status = profile.status
        self.weigh = _reading(unit, profile.read, profile)
        self.status = _reading(unit, _one(status.address, status.function), profile)
        self.checks = tuple(
            Check(check.address, _reading(unit, _one(check.address), profile))
            for check in profile.must_be_zero
        )
        self.agree = decigrams(profile.value.division_g)
        """How far two readings of a load at rest may differ and still agree."""
        self._digits = _digits(profile.value)
        self._faulty = sum(1 << flag.bit for flag in status.faults)

    def weight(self, reply: bytes) -> Decigrams | Fault:
        """The weight in the answer to ``weigh``; SENTINEL where its digits mean "unknown"."""
        digits = self._digits(reply)
        if digits in self.profile.value.sentinels or digits != digits:  # NaN is not itself
            return Fault.SENTINEL
        return decigrams(digits * self.profile.value.scale)

    def is_faulty(self, reply: bytes) -> bool:
        """Whether the answer to ``status`` says that the weight is worthless (overload, overflow)."""
        return bool(_word(reply) & self._faulty)

    def is_stable(self, reply: bytes) -> bool:
        """Whether the answer to ``status`` says that the load is at rest; polarity is the profile's."""
        stable = self.profile.status.stable
        return _word(reply) >> stable.bit & 1 == stable.when

    def wrong_decimals(self, reply: bytes, at: float) -> Misconfigured | None:
        """What the answer to ``status`` says against the profile's scale factor; None: nothing."""
        decimals = self.profile.status.decimals
        if decimals is None or _word(reply) & decimals.mask == decimals.value:
            return None
        return Misconfigured(self.tray, at, self.profile.status.address, _word(reply) & decimals.mask)

    def wrong_setting(self, check: Check, reply: bytes, at: float) -> Misconfigured | None:
        """What the answer to ``check`` says against selling from this tray; None: nothing."""
        value = _word(reply)
        return None if value == 0 else Misconfigured(self.tray, at, check.register, value)


def _one(address: int, function: int = 3) -> Poll:
    return Poll(function=4 if function == 4 else 3, address=address, count=1)


def _word(reply: bytes) -> int:
    return reply[BODY] << 8 | reply[BODY + 1]


def _digits(value: Value) -> Callable[[bytes], float]:
    """A function giving the number at ``value``'s place of an answer."""
    form = _FORMATS[value.type]
    first = BODY + 2 * value.offset
    if WORDS[value.type] == 1 or value.word_order == "high_first":
        unpack = struct.Struct(f">{form}").unpack_from
        return lambda reply: float(unpack(reply, first)[0]) if form == "f" else int(unpack(reply, first)[0])
    swap = struct.Struct(f">{form}").unpack
    return lambda reply: swap(reply[first + 2 : first + 4] + reply[first : first + 2])[0]


def _is_sound(packet: bytes) -> bool:
    return crc16_modbus(packet) == 0


def _reading(unit: int, poll: Poll, profile: Profile) -> Exchange:
    request = Read(unit, poll.function, poll.address, poll.count)
    size = reply_size(request)
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
