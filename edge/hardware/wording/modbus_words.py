"""Frames of the modbus32 weighing transmitters in words and back."""

from collections.abc import Callable

from edge.hardware.codecs import modbus_rtu
from edge.hardware.codecs.checksums import crc16_modbus
from edge.hardware.wording.register_names import NAMES, status_words
from edge.hardware.wording.words import Given, Protocol, Unreadable, Words, number


def _read_modbus(packet: bytes) -> list[Words]:
    readings = []
    if (request := modbus_rtu.decode_request(packet)) is not None:
        readings.append({"direction": "request", **modbus_words(request)})
    if (reply := modbus_rtu.decode_reply(packet)) is not None:
        readings.append({"direction": "reply", **modbus_words(reply)})
    if not readings:
        raise Unreadable(why_not_modbus(packet))
    return readings


def modbus_words(frame: modbus_rtu.Request | modbus_rtu.Reply) -> Words:
    """A Modbus frame in words, with the registers' names in the modbus32 map."""
    words: Words = {"unit": frame.unit, "function": f"{frame.function:02X}"}
    match frame:
        case modbus_rtu.Read(_, _, address, count):
            return {"purpose": "read", **words, **_named(address), "count": count}
        case modbus_rtu.WriteOne(_, _, address, value):
            return {"purpose": "write_one", **words, **_named(address), "value": value}
        case modbus_rtu.WriteMany(_, _, address, count, body):
            return {
                "purpose": "write",
                **words,
                **_named(address),
                "count": count,
                **_body_words(body, False),
            }
        case modbus_rtu.WriteManyReply(_, _, address, count):
            return {"purpose": "write_reply", **words, **_named(address), "count": count}
        case modbus_rtu.Refusal(_, _, code):
            return {
                "purpose": "exception",
                **words,
                "exception": code,
                "means": EXCEPTIONS.get(code, "unknown"),
            }
        case modbus_rtu.ReadReply(_, _, body):
            return {"purpose": "read_reply", **words, **_body_words(body, True)}


_READABLE = range(1, modbus_rtu.MOST_REGISTERS + 1)
_WRITABLE = range(1, modbus_rtu.MOST_WRITTEN_REGISTERS + 1)
EXCEPTIONS = {1: "unknown function", 2: "unknown address", 3: "value not allowed", 4: "device failed"}


def _named(address: int) -> Words:
    name = NAMES.get(address)
    return {"address": address} if name is None else {"address": address, "register": name}


def _body_words(body: bytes, may_be_status: bool) -> Words:
    """Registers as numbers: one as it is, two as a signed 32-bit value, more as such values in a row."""
    if len(body) % 2:
        return {"body": body.hex(" ").upper()}
    if len(body) == 2:
        word = int.from_bytes(body, "big")
        return {"value": word, **({"if_status": status_words(word)} if may_be_status else {})}
    if len(body) % 4:
        return {"words": [int.from_bytes(body[i : i + 2], "big") for i in range(0, len(body), 2)]}
    values = [int.from_bytes(body[i : i + 4], "big", signed=True) for i in range(0, len(body), 4)]
    return {"value": values[0]} if len(values) == 1 else {"values": values}


def why_not_modbus(packet: bytes) -> str:
    """Why ``packet`` is no Modbus frame at all."""
    if len(packet) < modbus_rtu.SHORTEST:
        return f"wrong length {len(packet)}: the shortest Modbus frame has {modbus_rtu.SHORTEST} bytes"
    expected = crc16_modbus(packet[:-2]).to_bytes(2, "little")
    if expected != packet[-2:]:
        got, right = packet[-2:].hex(" ").upper(), expected.hex(" ").upper()
        return f"wrong checksum {got}: the CRC of the {len(packet) - 2} bytes before it is {right}"
    if packet[1] & ~modbus_rtu.REFUSED not in modbus_rtu.FUNCTIONS:
        return f"unknown function {packet[1]:02X}: known are 01-06, 0F, 10 and their exceptions"
    return f"wrong length {len(packet)}: checksum is right, but it does not fit function {packet[1]:02X}"


def unit_of(given: Given) -> int:
    """The unit that the words name, 1 where they name none."""
    return number(given, "unit", range(248), 1)


def _address(given: Given) -> int:
    return number(given, "address", range(0x10000))


def _reader(address: int, count: int) -> tuple[str, Callable[[Given], bytes]]:
    return "[unit=1]", lambda g: modbus_rtu.encode(modbus_rtu.Read(unit_of(g), 3, address, count))


def _writer(address: int, words: int, default: int | None = None) -> tuple[str, Callable[[Given], bytes]]:
    def build(given: Given) -> bytes:
        body = _signed(given, words, default)
        return modbus_rtu.encode(modbus_rtu.WriteMany(unit_of(given), 0x10, address, words, body))

    return ("value= [unit=1]" if default is None else f"[value={default}] [unit=1]"), build


def _signed(given: Given, words: int, default: int | None = None) -> bytes:
    bits = 16 * words
    value = number(given, "value", range(-(1 << bits - 1), 1 << bits), default)
    return (value % (1 << bits)).to_bytes(2 * words, "big")


def _reply(words: int) -> tuple[str, Callable[[Given], bytes]]:
    return "value= [unit=1]", lambda g: modbus_rtu.encode(
        modbus_rtu.ReadReply(unit_of(g), 3, _signed(g, words))
    )


def _write(given: Given) -> bytes:
    count = number(given, "count", range(1, 3), 1)
    return modbus_rtu.encode(
        modbus_rtu.WriteMany(unit_of(given), 0x10, _address(given), count, _signed(given, count))
    )


def exception_frame() -> tuple[str, Callable[[Given], bytes]]:
    """The purpose "exception" of every Modbus protocol."""
    return "code= [function=3] [unit=1]", lambda g: modbus_rtu.encode(
        modbus_rtu.Refusal(
            unit_of(g), number(g, "function", range(1, 128), 3), number(g, "code", range(1, 256))
        )
    )


MODBUS_SCALE_32 = Protocol(
    _read_modbus,
    {
        "status": _reader(8, 1),
        "measured": _reader(30, 2),
        "raw": _reader(44, 2),
        "weight": _reader(80, 2),
        "net": _reader(82, 2),
        "version": _reader(6, 1),
        "read": (
            "address= [count=1] [unit=1]",
            lambda g: modbus_rtu.encode(
                modbus_rtu.Read(unit_of(g), 3, _address(g), number(g, "count", _READABLE, 1))
            ),
        ),
        "unlock": _writer(5, 1, 0x5AA5),
        "tare": _writer(84, 2, 0x7FFFFFFF),
        "zero": _writer(94, 1, 1),
        "power_on_zero": _writer(95, 1, 0),
        "zero_tracking": _writer(96, 1, 0),
        "creep_tracking": _writer(102, 1, 0),
        "zero_calibration": _writer(38, 2, 0),
        "span_calibration": _writer(42, 2),
        "maximum_range": _writer(86, 2),
        "write": ("address= value= [count=1] [unit=1]", _write),
        "status_reply": _reply(1),
        "weight_reply": _reply(2),
        "write_reply": (
            "address= [count=1] [unit=1]",
            lambda g: modbus_rtu.encode(
                modbus_rtu.WriteManyReply(unit_of(g), 0x10, _address(g), number(g, "count", _WRITABLE, 1))
            ),
        ),
        "exception": exception_frame(),
    },
)
