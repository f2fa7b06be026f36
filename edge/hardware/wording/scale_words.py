"""Frames of text scales, digital cells and shelf multiplexers in words and back."""

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from edge.hardware.codecs import ascii_stgs, lowa, mt_sics, x0502
from edge.hardware.codecs.checksums import sum8, xor8
from edge.hardware.wording.words import Given, Protocol, Unreadable, Words, number

_NUMBERS = range(256)
_STATUS = {lowa.OK: "ok", lowa.MOVING: "moving", lowa.NOT_CONNECTED: "not connected", lowa.MEMORY: "memory"}
_LOWA_PURPOSES = {lowa.WEIGH: "weigh", lowa.LIST: "list", lowa.ZERO: "zero", lowa.MODEL: "model"}


def _decimal(given: Given, key: str) -> Decimal:
    try:
        value = Decimal(given[key])
    except KeyError:
        raise Unreadable(f"{key}= is missing") from None
    except InvalidOperation:
        raise Unreadable(f"{key}: {given[key]!r} is no number") from None
    if not value.is_finite() or abs(value) >= 10_000:
        raise Unreadable(f"{key}: {given[key]} is not within ±10000")
    return value


def _choice(given: Given, key: str, known: tuple[str, ...]) -> str:
    value = given.get(key, known[0])
    if value not in known:
        raise Unreadable(f"{key} must be one of {', '.join(known)}")
    return value


# ── lines that are said unasked ──────────────────────────────────────────────────────────────────────


def _read_stgs(packet: bytes) -> list[Words]:
    lines = ascii_stgs.ReplyDecoder().feed(packet)
    if not lines:
        raise Unreadable("no whole line: one reads like ST,GS,+  1.500kg and ends with 0D 0A")
    line = lines[-1]
    words: Words = {"direction": "reply", "purpose": "line", "text": line.text, "stable": line.status == "ST"}
    mode = {"GS": "gross", "NT": "net", "TR": "tare"}[line.mode]
    return [words | {"overload": line.status == "OL", "mode": mode, "grams": _said(line.grams)}]


def _said(grams: Decimal | None) -> str | None:
    return None if grams is None else f"{grams.normalize():f}" if grams == grams.to_integral() else str(grams)


ASCII_STGS = Protocol(
    _read_stgs,
    {
        "line": (
            "kg= [status=ST] [mode=GS]",
            lambda g: ascii_stgs.encode(
                ascii_stgs.line_of(
                    _choice(g, "status", ("ST", "US")),
                    _choice(g, "mode", ("GS", "NT", "TR")),
                    _decimal(g, "kg"),
                )
            ),
        ),
        "overload": ("", lambda g: ascii_stgs.encode(ascii_stgs.line_of("OL", "GS", None))),
    },
)

# ── MT-SICS ──────────────────────────────────────────────────────────────────────────────────────────

_NO_WEIGHT = {"I": "busy", "+": "overload", "-": "underload"}


def _read_sics(packet: bytes) -> list[Words]:
    readings: list[Words] = []
    if (command := mt_sics.decode_request(packet)) is not None:
        readings.append({"direction": "request", "purpose": "command", "command": command.text})
    if (reply := mt_sics.decode_reply(packet)) is not None:
        readings.append({"direction": "reply", **_sics_words(reply)})
    if not readings:
        raise Unreadable("no MT-SICS line: one is text of this protocol and ends with 0D 0A")
    return readings


def _sics_words(reply: mt_sics.Reply) -> Words:
    words: Words = {"purpose": "reply", "command": reply.command, "text": reply.text}
    if reply.command in mt_sics.ERRORS:
        return words | {"purpose": "error", "error": mt_sics.ERRORS[reply.command]}
    if reply.command == "S" and reply.status in _NO_WEIGHT:
        return words | {"purpose": "weight", "grams": None, "error": _NO_WEIGHT[reply.status]}
    if reply.command == "S":
        return words | {"purpose": "weight", "grams": str(reply.grams), "stable": reply.status == "S"}
    if reply.command == "I4":
        return words | {"purpose": "serial", "serial": reply.text.partition('"')[2].rstrip('"')}
    return words | {"result": "ok" if reply.status == "A" else reply.status}


def _command(given: Given) -> bytes:
    return mt_sics.encode(mt_sics.Command(_choice(given, "command", ("SI", *mt_sics.COMMANDS))))


MT_SICS = Protocol(
    _read_sics,
    {
        "command": ("[command=SI]", _command),
        "weight": (
            "grams= [status=S]",
            lambda g: mt_sics.encode(
                mt_sics.weight_of("S", _choice(g, "status", ("S", "D")), _decimal(g, "grams"))
            ),
        ),
        "no_weight": (
            "[status=I]",
            lambda g: mt_sics.encode(mt_sics.bare("S", _choice(g, "status", ("I", "+", "-")))),
        ),
    },
)

# ── x0502 ────────────────────────────────────────────────────────────────────────────────────────────


def _read_x0502(packet: bytes) -> list[Words]:
    readings: list[Words] = []
    if (request := x0502.decode_request(packet)) is not None:
        readings.append({"direction": "request", **_x0502_request(request)})
    if (reply := x0502.decode_reply(packet)) is not None:
        readings.append({"direction": "reply", **_x0502_reply(reply)})
    if not readings:
        raise Unreadable(_why_not_x0502(packet))
    return readings


def _x0502_request(request: x0502.Request) -> Words:
    purposes = {
        (x0502.READ, x0502.WEIGHT): "weight",
        (x0502.READ, x0502.TRACKING): "read_tracking",
        (x0502.SET, x0502.TRACKING): "set_tracking",
        (x0502.SET, x0502.ZERO): "zero",
    }
    purpose = purposes.get((request.function, request.register), "unknown register")
    return {"purpose": purpose, "address": _address_words(request.address), "info": request.info}


def _address_words(address: int) -> int | str:
    return "broadcast" if address == x0502.BROADCAST else address


def _x0502_reply(reply: x0502.Reply) -> Words:
    if isinstance(reply, x0502.Answer):
        what = {x0502.TRACKING: "tracking_reply", x0502.ZERO: "zero_reply"}.get(reply.register, "reply")
        if reply.function == x0502.SET_REPLY:
            return {
                "purpose": what,
                "cell": reply.address,
                "result": "ok" if reply.info == x0502.DONE else "failed",
            }
        return {"purpose": what, "address": reply.address, "tracking": reply.info}
    division = x0502.TENTHS.get(reply.x4 & 0x0F)
    return {
        "purpose": "weight_reply",
        "address": reply.address,
        "grams": None if reply.tenths is None else _whole(reply.tenths),
        "division_g": None if division is None else _whole(division),
        "stable": reply.stable,
        "fault": bool(reply.status >> x0502.FAULT_BIT & 1),
        "over_range": bool(reply.status >> x0502.OVER_BIT & 1),
        "power_on_zero_abnormal": bool(reply.status >> x0502.ZERO_ABNORMAL_BIT & 1),
        "status_byte": f"{reply.status:02X}",
    }


def _whole(tenths: int) -> float:
    return tenths // 10 if tenths % 10 == 0 else tenths / 10


def _why_not_x0502(packet: bytes) -> str:
    if len(packet) not in (x0502.SHORT, x0502.LONG):
        return f"wrong length {len(packet)}: frames have {x0502.SHORT} bytes, weights {x0502.LONG}"
    if sum8(packet[:-1]) != packet[-1]:
        return f"wrong checksum {packet[-1]:02X}: the sum of the bytes before it is {sum8(packet[:-1]):02X}"
    return f"wrong function {packet[1]:02X}: known are 05, 63 and their answers 06, 64"


def _x0502_asks(
    function: int, register: int, info: int | None = None
) -> tuple[str, Callable[[Given], bytes]]:
    def build(given: Given) -> bytes:
        value = number(given, "value", _NUMBERS, 0) if info is None else info
        return x0502.encode(x0502.Request(number(given, "address", _NUMBERS, 1), function, register, value))

    return ("[value=0] [address=1]" if info is None else "[address=1]"), build


def _x0502_weight(given: Given) -> bytes:
    digits = number(given, "digits", range(-(1 << 24) + 1, 1 << 24))
    x4 = number(given, "division", range(16), 3) | (0x80 if digits < 0 else 0)
    status = number(given, "status", _NUMBERS, x0502.FIXED | 1 << x0502.STABLE_BIT)
    return x0502.encode(x0502.Weight(number(given, "address", range(1, 256), 1), status, x4, abs(digits)))


X0502 = Protocol(
    _read_x0502,
    {
        "weight": _x0502_asks(x0502.READ, x0502.WEIGHT, 5),
        "read_tracking": _x0502_asks(x0502.READ, x0502.TRACKING, 5),
        "set_tracking": _x0502_asks(x0502.SET, x0502.TRACKING),
        "zero": _x0502_asks(x0502.SET, x0502.ZERO, 1),
        "weight_reply": ("digits= [division=3] [status=0x42] [address=1]", _x0502_weight),
    },
)

# ── LOWA ─────────────────────────────────────────────────────────────────────────────────────────────


def _read_lowa(packet: bytes) -> list[Words]:
    if (request := lowa.decode_request(packet)) is not None:
        words: Words = {
            "direction": "request",
            "purpose": _LOWA_PURPOSES[request.command],
            "mux": request.mux,
        }
        return [words if request.channel is None else words | {"channel": request.channel}]
    if (reply := lowa.decode_reply(packet)) is not None:
        return [{"direction": "reply", **_lowa_reply(reply)}]
    raise Unreadable(_why_not_lowa(packet))


def _lowa_reply(reply: lowa.Reply) -> Words:
    weights = reply.weights
    kilograms = [None if each.kilograms is None else str(each.kilograms) for each in weights]
    status = [_STATUS[each.status] for each in weights]
    if len(reply.data) == lowa.ONE and weights:
        return {"purpose": "weight_reply", "kg": kilograms[0], "status": status[0]}
    if weights:
        return {
            "purpose": "list_reply",
            "kg": kilograms,
            "status": ["ok" if each.status == lowa.OK else each.status for each in weights],
        }
    if reply.data == "OK":
        return {"purpose": "zero_reply", "result": "ok"}
    return {"purpose": "model_reply", "model": reply.data}


def _why_not_lowa(packet: bytes) -> str:
    if not packet.startswith(lowa.HEAD) or not packet.endswith(lowa.END):
        return "these frames begin with 40 (@) and end with 0D"
    if lowa.size_of(packet) != len(packet):
        return f"wrong length {len(packet)}: the two digits after @ count the bytes behind them"
    return f"wrong checksum or unknown data: the XOR of what stands before it is {xor8(packet[:-3]):02X}"


def _lowa_asks(command: str, with_channel: bool) -> tuple[str, Callable[[Given], bytes]]:
    def build(given: Given) -> bytes:
        channel = str(number(given, "channel", range(10), 0)) if with_channel else None
        return lowa.encode(lowa.Request(command, f"{number(given, 'mux', range(1000)):03d}", channel))

    return ("mux= [channel=0]" if with_channel else "mux="), build


LOWA = Protocol(
    _read_lowa,
    {
        "weigh": _lowa_asks(lowa.WEIGH, True),
        "list": _lowa_asks(lowa.LIST, False),
        "zero": _lowa_asks(lowa.ZERO, True),
        "model": _lowa_asks(lowa.MODEL, False),
        "weight_reply": (
            "kg= [status=ok]",
            lambda g: lowa.encode(
                lowa.single(
                    _decimal(g, "kg"),
                    {"ok": " ", "M": "M", "C": "C", "E": "E"}[_choice(g, "status", ("ok", "M", "C", "E"))],
                )
            ),
        ),
    },
)
