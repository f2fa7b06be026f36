"""Frames of the iw cabinet controllers in words and back: the host's line, and the lines of the trays."""

from collections.abc import Callable

from edge.hardware.codecs import iw, iw_tray
from edge.hardware.codecs.checksums import crc16_modbus
from edge.hardware.wording.words import Given, Protocol, Unreadable, Words, number

_PURPOSES = {
    iw.TARE: "tare",
    iw.CALIBRATE: "calibrate",
    iw.WEIGHT: "weight",
    iw.COUNT: "trays",
    iw.SET_TEMPERATURE: "set_temperature",
    iw.DOOR: "door",
    iw.UNLOCK: "unlock",
    iw.LOCK: "lock",
    iw.BOLT: "bolt",
    iw.TEMPERATURE: "temperature",
    iw.MAKER: "maker",
    iw.VERSION: "version",
    iw.FIRMWARE: "firmware",
    iw.COMPRESSOR: "compressor",
}
_BOLT = {iw.DRAWN: "unlocked", iw.IN: "locked", iw.ERROR: "error"}
_DOOR = {iw.OPEN: "open", iw.CLOSED: "closed"}
_ON = {1: "on", 0: "off"}
_TRAYS, _GRAMS, _DEGREES = range(1, iw.MOST_TRAYS + 1), range(-32768, 32768), range(-128, 127)


def _read_host(packet: bytes) -> list[Words]:
    readings: list[Words] = []
    if (request := iw.decode_request(packet)) is not None:
        readings.append({"direction": "request", "purpose": _named(request.code), **_asked(request)})
    if (reply := iw.decode_reply(packet)) is not None:
        readings.append({"direction": "reply", "purpose": f"{_named(reply.code)}_reply", **_said(reply)})
    if not readings:
        raise Unreadable(_why_not_host(packet))
    return readings


def _named(code: int) -> str:
    return _PURPOSES.get(code, f"code {code:02X}")


def _asked(frame: iw.Request) -> Words:
    words = frame.data
    match frame.code:
        case iw.WEIGHT:
            return {"tray": "all" if words[0] == iw.ALL else words[0]}
        case iw.TARE:
            return {"tray": words[0]}
        case iw.CALIBRATE:
            return {"tray": words[0], "grams": int.from_bytes(words[1:], "big", signed=True)}
        case iw.SET_TEMPERATURE:
            return {"setting_c": int.from_bytes(words, "big", signed=True)}
        case iw.FIRMWARE:
            return {"size": int.from_bytes(words[:4], "big"), "md5": words[4:].hex()}
        case iw.COMPRESSOR:
            return {"compressor": _ON.get(words[0], f"unknown {words[0]:02X}")}
    return {}


def _said(frame: iw.Reply) -> Words:
    words = frame.data
    if frame.is_unknown:
        return {"error": "unknown code"}
    match frame.code:
        case iw.WEIGHT:
            return {"grams": frame.grams[0]} if len(frame.grams) == 1 else {"places": list(frame.grams)}
        case iw.COUNT:
            return {"trays": words[0]}
        case iw.DOOR:
            return {"door": _DOOR.get(words[0], f"unknown {words[0]:02X}")}
        case iw.BOLT:
            return {"lock": _BOLT.get(words[0], f"unknown {words[0]:02X}")}
        case iw.TEMPERATURE:
            wanted, found = frame.degrees
            return {"setting_c": wanted, "actual_c": found}
        case iw.MAKER:
            return {"maker": words.hex()}
        case iw.VERSION:
            return {"version": ".".join(map(str, words))}
        case iw.COMPRESSOR:
            return {"compressor": _ON.get(words[0], f"unknown {words[0]:02X}"), "result": "ok"}
        case iw.FIRMWARE:
            return {}
    return {"result": "ok" if words[0] == iw.DONE else "fail"}


def _why_not_host(packet: bytes) -> str:
    if len(packet) < iw.BARE:
        return f"wrong length {len(packet)}: the shortest frame of iw has {iw.BARE} bytes"
    if packet[0] != iw.ADDRESS:
        return f"unknown head {packet[0]:02X}: iw frames begin with 01"
    if crc16_modbus(packet) != 0:
        right = crc16_modbus(packet[:-2]).to_bytes(2, "little")
        found, wanted = packet[-2:].hex(" ").upper(), right.hex(" ").upper()
        return f"wrong checksum {found}: the CRC of the bytes before it is {wanted}"
    return f"checksum is right, but {len(packet)} bytes are none that code {packet[1]:02X} has"


def _code(given: Given, key: str, names: dict[int, str]) -> int:
    for code, name in names.items():
        if name == given.get(key):
            return code
    raise Unreadable(f"{key}= must be one of {', '.join(names.values())}")


Builder = tuple[str, Callable[[Given], bytes]]


def _plain(code: int) -> Builder:
    return "", lambda given: iw.encode(iw.Request(code))


def _tray(given: Given) -> int:
    return iw.ALL if given.get("tray") == "all" else number(given, "tray", _TRAYS)


def _int16(given: Given, key: str, default: int | None = None) -> bytes:
    return number(given, key, _GRAMS, default).to_bytes(2, "big", signed=True)


def _calibrate(given: Given) -> bytes:
    return iw.encode(
        iw.Request(iw.CALIBRATE, bytes([number(given, "tray", _TRAYS)]) + _int16(given, "grams", 0))
    )


def _set_temperature(given: Given) -> bytes:
    degrees = number(given, "setting_c", _DEGREES).to_bytes(1, "big", signed=True)
    return iw.encode(iw.Request(iw.SET_TEMPERATURE, degrees))


def _done(code: int) -> Builder:
    results = {iw.DONE: "ok", iw.FAILED: "fail"}
    return "result=ok|fail", lambda given: iw.encode(iw.Reply(code, bytes([_code(given, "result", results)])))


def _state(code: int, key: str, names: dict[int, str]) -> Builder:
    shown = f"{key}={'|'.join(names.values())}"
    return shown, lambda given: iw.encode(iw.Reply(code, bytes([_code(given, key, names)])))


def _weight_reply(given: Given) -> bytes:
    grams = None if given.get("grams") == "fault" else number(given, "grams", _GRAMS)
    return iw.encode(iw.Reply(iw.WEIGHT, iw.grams_of(grams)))


IW_HOST = Protocol(
    _read_host,
    {
        "weight": ("tray=1…20|all", lambda g: iw.encode(iw.Request(iw.WEIGHT, bytes([_tray(g)])))),
        "trays": _plain(iw.COUNT),
        "tare": ("tray=", lambda g: iw.encode(iw.Request(iw.TARE, bytes([number(g, "tray", _TRAYS)])))),
        "calibrate": ("tray= [grams=0]", _calibrate),
        "door": _plain(iw.DOOR),
        "unlock": _plain(iw.UNLOCK),
        "lock": _plain(iw.LOCK),
        "bolt": _plain(iw.BOLT),
        "temperature": _plain(iw.TEMPERATURE),
        "set_temperature": ("setting_c=", _set_temperature),
        "maker": _plain(iw.MAKER),
        "version": _plain(iw.VERSION),
        "compressor": (
            "compressor=on|off",
            lambda g: iw.encode(iw.Request(iw.COMPRESSOR, bytes([_code(g, "compressor", _ON)]))),
        ),
        "weight_reply": ("grams=|fault", _weight_reply),
        "trays_reply": (
            "trays=",
            lambda g: iw.encode(iw.Reply(iw.COUNT, bytes([number(g, "trays", _TRAYS)]))),
        ),
        "door_reply": _state(iw.DOOR, "door", _DOOR),
        "bolt_reply": _state(iw.BOLT, "lock", _BOLT),
        "unlock_reply": _done(iw.UNLOCK),
        "lock_reply": _done(iw.LOCK),
        "tare_reply": _done(iw.TARE),
        "calibrate_reply": _done(iw.CALIBRATE),
    },
)

# ── a tray's own line ────────────────────────────────────────────────────────────────────────────────

_TRAY_PURPOSES = ("weight", "tare", "zero_calibration", "span_calibration", "id", "firmware", "set_address")
_ADDRESSES = range(256)


def _read_tray(packet: bytes) -> list[Words]:
    readings: list[Words] = []
    if (request := iw_tray.decode_request(packet)) is not None:
        words: Words = {"purpose": _TRAY_PURPOSES[request.code], "address": request.address}
        grams: Words = {"grams": request.grams} if request.code == iw_tray.SPAN else {}
        readings.append({"direction": "request", **words, **grams})
    if (reply := iw_tray.decode_reply(packet)) is not None:
        words = {"purpose": f"{_TRAY_PURPOSES[reply.code]}_reply", "address": reply.address}
        readings.append({"direction": "reply", **words, **_tray_said(reply)})
    if not readings:
        raise Unreadable(_why_not_tray(packet))
    return readings


def _tray_said(frame: iw_tray.Reply) -> Words:
    if frame.code == iw_tray.WEIGHT:
        return {"grams": frame.grams}
    if frame.code == iw_tray.ID:
        return {"id": frame.data.hex()}
    return {"result": "ok" if frame.is_done else "fail"}


def _why_not_tray(packet: bytes) -> str:
    if not packet.startswith(iw_tray.MAGIC):
        return f"unknown head {packet[:2].hex(' ').upper() or '(no bytes)'}: iw_tray frames begin with 4D 4C"
    if len(packet) < iw_tray.BARE or packet[2] + 5 != len(packet):
        return f"wrong length {len(packet)}: the third byte counts what is between it and the CRC"
    right = crc16_modbus(packet[:-2]).to_bytes(2, "big")
    if right != packet[-2:]:
        found, wanted = packet[-2:].hex(" ").upper(), right.hex(" ").upper()
        return f"wrong checksum {found}: the CRC of the bytes before it, high byte first, is {wanted}"
    return "checksum is right, but code or data are none that iw_tray knows"


def _to_tray(code: int, data: Callable[[Given], bytes] = lambda given: b"", shown: str = "") -> Builder:
    def build(given: Given) -> bytes:
        return iw_tray.encode(iw_tray.Request(number(given, "address", _ADDRESSES, 1), code, data(given)))

    return f"{shown} [address=1]".strip(), build


def _from_tray(given: Given) -> bytes:
    grams = None if given.get("grams") == "fault" else number(given, "grams", range(-32768, iw_tray.FAULTY))
    address = number(given, "address", _ADDRESSES, 1)
    return iw_tray.encode(iw_tray.Reply(address, iw_tray.WEIGHT, iw_tray.grams_of(grams)))


IW_TRAY = Protocol(
    _read_tray,
    {
        "weight": _to_tray(iw_tray.WEIGHT),
        "tare": _to_tray(iw_tray.TARE),
        "zero_calibration": _to_tray(iw_tray.ZERO),
        "span_calibration": _to_tray(
            iw_tray.SPAN, lambda g: number(g, "grams", _GRAMS).to_bytes(2, "little", signed=True), "grams="
        ),
        "id": _to_tray(iw_tray.ID),
        "weight_reply": ("grams=|fault [address=1]", _from_tray),
    },
)
