"""Frames of any transmitter with a register map in words and back. Knows what maps say, no transmitter."""

from collections.abc import Callable
from functools import partial
from math import isfinite
from pathlib import Path

from edge.domain.values import TrayId
from edge.hardware.codecs import modbus_rtu
from edge.hardware.drivers.scale_modbus32 import ScaleModbus32, value_reader, value_writer
from edge.hardware.profiles.loading import Command, Poll, Profile, load
from edge.hardware.signals import Fault
from edge.hardware.wording.modbus_words import exception_frame, modbus_words, unit_of, why_not_modbus
from edge.hardware.wording.words import Given, Protocol, Unreadable, Words, number

Builder = tuple[str, Callable[[Given], bytes]]


def profile_protocol(profile: Profile) -> Protocol:
    """What ``counter wire`` says and makes for the transmitters that ``profile`` describes."""
    return Protocol(partial(_read, profile), _purposes(profile))


def map_file(path: str) -> Protocol:
    """The same for a register map in a file. Raises ProfileError where it cannot be used."""
    return profile_protocol(load(path, Path()))


def _read(profile: Profile, packet: bytes) -> list[Words]:
    readings: list[Words] = []
    if (request := modbus_rtu.decode_request(packet)) is not None:
        readings.append({"direction": "request", **_bare(request), **_asked(profile, request)})
    if (reply := modbus_rtu.decode_reply(packet)) is not None:
        readings.append({"direction": "reply", **_bare(reply), **_said(profile, reply)})
    if not readings:
        raise Unreadable(why_not_modbus(packet))
    return readings


def _bare(frame: modbus_rtu.Request | modbus_rtu.Reply) -> Words:
    """The frame in words, without what another map calls its registers."""
    return {key: said for key, said in modbus_words(frame).items() if key not in ("register", "if_status")}


def _asked(profile: Profile, request: modbus_rtu.Request) -> Words:
    """What the map calls a request; nothing where it does not know it."""
    if isinstance(request, modbus_rtu.Read):
        for name, poll in _polls(profile).items():
            if (request.function, request.address, request.count) == (
                poll.function,
                poll.address,
                poll.count,
            ):
                return {"purpose": name}
        names = {zero.address: zero.name for zero in profile.must_be_zero}
        return {"must_be_zero": names[request.address]} if request.address in names else {}
    value = request.value if isinstance(request, modbus_rtu.WriteOne) else int.from_bytes(request.body, "big")
    places = [each for each in profile.command if (each.function, each.address) == _place(request)]
    for command in places:
        if command.value in (None, value):
            return {"purpose": command.name, "kind": command.kind, "value": value}
    return {}


def _place(request: modbus_rtu.WriteOne | modbus_rtu.WriteMany) -> tuple[int, int]:
    return request.function, request.address


def _said(profile: Profile, reply: modbus_rtu.Reply) -> Words:
    """What the map reads in an answer. The wire does not say what was asked: the length has to."""
    if not isinstance(reply, modbus_rtu.ReadReply) or reply.function != profile.read.function:
        return {}
    if len(reply.body) == 2 * profile.read.words:
        return {"purpose": "weight_reply", **_weight_words(profile, reply)}
    if len(reply.body) == 2 and profile.status is not None:
        return {"if_status": _status_words(profile, reply.registers[0])}
    return {}


def _weight_words(profile: Profile, reply: modbus_rtu.ReadReply) -> Words:
    digits = value_reader(profile.value)(reply.body)
    weight = ScaleModbus32(TrayId(""), reply.unit, profile).weight(modbus_rtu.encode(reply))
    status = profile.status
    at = None if status is None else status.offset
    return {
        "value": int(digits) if isfinite(digits) and digits == int(digits) else str(digits),
        **({} if at is None else _status_words(profile, reply.registers[at])),
        "usable": not isinstance(weight, Fault),
        "grams": None if isinstance(weight, Fault) else weight / 10,
    }


def _status_words(profile: Profile, word: int) -> Words:
    words: Words = {"status": f"{word:04X}"}
    status = profile.status
    if status is None:
        return words
    if status.stable is not None:
        words["stable"] = (word >> status.stable.bit & 1) == status.stable.when
    if status.decimals is not None:
        words["decimals_as_set"] = word & status.decimals.mask == status.decimals.value
    return words | {flag.name: bool(word >> flag.bit & 1) for flag in status.faults}


def _polls(profile: Profile) -> dict[str, Poll]:
    """Reads by name; the harmless one last, for it may be the status word's."""
    polls = {"weight": profile.read}
    status = profile.status
    if status is not None and status.address is not None:
        polls["status"] = Poll(function=status.function, address=status.address, count=1)
    return {**polls, "probe": profile.harmless}


def _purposes(profile: Profile) -> dict[str, Builder]:
    reads = {name: _reader(poll) for name, poll in _polls(profile).items()}
    commands = {command.name: _writer(command) for command in profile.command}
    replies = {"weight_reply": _replier(profile), "exception": exception_frame()}
    return {**reads, **commands, **replies}


def _reader(poll: Poll) -> Builder:
    return "[unit=1]", lambda g: modbus_rtu.encode(
        modbus_rtu.Read(unit_of(g), poll.function, poll.address, poll.count)
    )


def _writer(command: Command) -> Builder:
    def build(given: Given) -> bytes:
        value = number(given, "value", range(1 << 16 * command.words), command.value)
        if command.function == 6:
            return modbus_rtu.encode(modbus_rtu.WriteOne(unit_of(given), 6, command.address, value))
        body = value.to_bytes(2 * command.words, "big")
        return modbus_rtu.encode(
            modbus_rtu.WriteMany(unit_of(given), 16, command.address, command.words, body)
        )

    return ("value= [unit=1]" if command.value is None else f"[value={command.value}] [unit=1]"), build


def _replier(profile: Profile) -> Builder:
    status = profile.status
    has_status = status is not None and status.offset is not None

    def build(given: Given) -> bytes:
        words = [0] * profile.read.words
        digits = number(given, "value", range(-(1 << 31), 1 << 32))
        try:
            value = value_writer(profile.value)(digits)
        except ValueError as error:
            raise Unreadable(f"value: {error}") from None
        at = profile.value.offset
        words[at : at + len(value)] = value
        if status is not None and status.offset is not None:
            words[status.offset] = number(given, "status", range(0x10000), 0)
        body = modbus_rtu.registers(tuple(words))
        return modbus_rtu.encode(modbus_rtu.ReadReply(unit_of(given), profile.read.function, body))

    return ("value= [status=0] [unit=1]" if has_status else "value= [unit=1]"), build
