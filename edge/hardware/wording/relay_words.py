"""Frames of Modbus relay boards in words and back. All is counted from 0, as on the wire."""

from collections.abc import Callable

from edge.hardware.codecs import modbus_relay, modbus_rtu
from edge.hardware.wording.modbus_words import EXCEPTIONS, why_not_modbus
from edge.hardware.wording.words import Given, Protocol, Unreadable, Words, listed, number


def _read_relay(packet: bytes) -> list[Words]:
    readings: list[Words] = []
    if (request := modbus_rtu.decode_request(packet)) is not None:
        readings.append({"direction": "request", **_words(request)})
    if (reply := modbus_rtu.decode_reply(packet)) is not None:
        readings.append({"direction": "reply", **_words(reply)})
    if not readings:
        raise Unreadable(why_not_modbus(packet))
    return readings


def _words(frame: modbus_rtu.Request | modbus_rtu.Reply) -> Words:
    unit: Words = {"unit": frame.unit}
    match frame:
        case modbus_rtu.Read(_, 1 | 2 as function, address, count):
            return {"purpose": _kind(function), **unit, "address": address, "count": count}
        case modbus_rtu.ReadReply(_, 1 | 2 as function, body):
            on = [place for place, bit in enumerate(frame.bits(8 * len(body))) if bit]
            return {"purpose": f"{_kind(function)}_reply", **unit, _kind(function): on}
        case modbus_rtu.WriteOne(_, 5, address, value):
            return {**_coil_words(address, value), **unit}
        case modbus_rtu.WriteOne(_, 6, address, value):
            return {**_register_words(address, value), **unit}
        case modbus_rtu.Refusal(_, function, code):
            means = EXCEPTIONS.get(code, "unknown")
            return {"purpose": "exception", **unit, "function": function, "exception": code, "means": means}
    return {"purpose": "other", **unit, "function": f"{frame.function:02X}"}


def _kind(function: int) -> str:
    return "coils" if function == 1 else "inputs"


def _coil_words(address: int, value: int) -> Words:
    for base, purpose in ((modbus_relay.FLASH_OFF, "pulse_off"), (modbus_relay.FLASH_ON, "pulse")):
        if address >= base:
            return {
                "purpose": purpose,
                "coil": address - base,
                "pulse_ms": value * modbus_relay.FLASH_STEP_MS,
            }
    known = {modbus_relay.ON: 1, modbus_relay.OFF: 0}
    coil = "all" if address == modbus_relay.ALL_COILS else address
    if value not in known:
        return {"purpose": "coil", "coil": coil, "value": f"{value:04X}", "note": "no value a coil can have"}
    return {"purpose": "coil", "coil": coil, "value": known[value]}


def _register_words(address: int, value: int) -> Words:
    if address == modbus_relay.UNIT:
        return {"purpose": "set_unit", "new_unit": value}
    if address - modbus_relay.MODES + 1 in modbus_relay.CHANNELS and value < len(modbus_relay.MODE_NAMES):
        channel, mode = address - modbus_relay.MODES, modbus_relay.MODE_NAMES[value]
        return {"purpose": "mode", "channel": channel, "mode": mode}
    return {"purpose": "write_one", "address": address, "value": value}


_COILS = range(modbus_relay.CHANNELS.stop - 1)


def _unit(given: Given) -> int:
    return number(given, "unit", range(248), 1)


def _coil(given: Given) -> int:
    return modbus_relay.ALL_COILS if given.get("coil") == "all" else number(given, "coil", _COILS)


def _write(
    function: int, place: Callable[[Given], int], value: Callable[[Given], int]
) -> Callable[[Given], bytes]:
    return lambda g: modbus_rtu.encode(modbus_rtu.WriteOne(_unit(g), function, place(g), value(g)))


def _read(function: int) -> tuple[str, Callable[[Given], bytes]]:
    def build(given: Given) -> bytes:
        count = number(given, "count", range(1, 33), 8)
        return modbus_rtu.encode(modbus_rtu.Read(_unit(given), function, 0, count))

    return "[count=8] [unit=1]", build


def _bits_reply(function: int) -> tuple[str, Callable[[Given], bytes]]:
    key = _kind(function)

    def build(given: Given) -> bytes:
        on = listed(given, key, _COILS)
        size = -(-(max(on, default=0) + 1) // 8) * 8
        body = modbus_rtu.bits(tuple(place in on for place in range(size)))
        return modbus_rtu.encode(modbus_rtu.ReadReply(_unit(given), function, body))

    return f"[{key}=0,1] [unit=1]", build


def _steps(given: Given) -> int:
    return number(given, "pulse_ms", range(0, 60001, 100), 700) // modbus_relay.FLASH_STEP_MS


def _mode(given: Given) -> int:
    if (said := given.get("mode", "normal")) not in modbus_relay.MODE_NAMES:
        raise Unreadable(f"mode= must be one of {', '.join(modbus_relay.MODE_NAMES)}")
    return modbus_relay.MODE_NAMES.index(said)


def _exception(given: Given) -> bytes:
    function = number(given, "function", range(1, 128), 5)
    code = number(given, "code", range(1, 256))
    return modbus_rtu.encode(modbus_rtu.Refusal(_unit(given), function, code))


MODBUS_RELAY = Protocol(
    _read_relay,
    {
        "pulse": (
            "coil= [pulse_ms=700] [unit=1]",
            _write(5, lambda g: modbus_relay.FLASH_ON + number(g, "coil", _COILS), _steps),
        ),
        "coil_on": ("coil= [unit=1]", _write(5, _coil, lambda g: modbus_relay.ON)),
        "coil_off": ("coil= [unit=1]", _write(5, _coil, lambda g: modbus_relay.OFF)),
        "coils": _read(1),
        "inputs": _read(2),
        "mode": (
            "channel= [mode=normal] [unit=1]",
            _write(6, lambda g: modbus_relay.MODES + number(g, "channel", _COILS), _mode),
        ),
        "set_unit": (
            "new_unit= [unit=0]",
            lambda g: modbus_rtu.encode(
                modbus_rtu.WriteOne(
                    number(g, "unit", range(248), 0),
                    6,
                    modbus_relay.UNIT,
                    number(g, "new_unit", range(1, 248)),
                )
            ),
        ),
        "coils_reply": _bits_reply(1),
        "inputs_reply": _bits_reply(2),
        "exception": ("code= [function=5] [unit=1]", _exception),
    },
)
