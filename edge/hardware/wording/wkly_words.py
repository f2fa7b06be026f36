"""Frames of the Yunchuan boards in words and back. Channels are said as they are on the wire."""

from collections.abc import Callable

from edge.hardware.codecs import wkly
from edge.hardware.codecs.checksums import xor8
from edge.hardware.wording.words import Given, Protocol, Unreadable, Words, listed, number

_PURPOSES = {
    wkly.OPEN_SOME: "open_some",
    wkly.OPEN_EACH: "open_each",
    wkly.OPEN: "open",
    wkly.OPEN_ALL: "open_all",
    wkly.ASK: "query",
    wkly.ASK_ALL: "query_all",
    wkly.CHANGED: "event",
    wkly.FLASH: "lamp_flash",
    wkly.LAMP_ON: "lamp_on",
    wkly.LAMP_OFF: "lamp_off",
}
_STATES = {wkly.IS_OPEN: "open", wkly.IS_CLOSED: "closed", wkly.ERROR: "error"}
_STATUS = {wkly.OK: "ok", wkly.FAILED: "fail"}
_CHANNELS = range(256)


def _read_wkly(packet: bytes) -> list[Words]:
    readings: list[Words] = []
    if (request := wkly.decode_request(packet)) is not None:
        readings.append({"direction": "request", **_asked(request)})
    if (reply := wkly.decode_reply(packet)) is not None:
        readings.append({"direction": "reply", **_said(reply)})
    if not readings:
        raise Unreadable(_why_not(packet))
    return readings


def _asked(frame: wkly.Command) -> Words:
    words: Words = {"purpose": _PURPOSES[frame.command], "board": frame.board}
    if frame.command in (wkly.OPEN_SOME, wkly.OPEN_EACH):
        return {**words, "channels": list(frame.data[1:])}
    return {**words, "channel": frame.data[0]} if frame.data else words


def _said(frame: wkly.Answer) -> Words:
    purpose = _PURPOSES[frame.command] + ("" if frame.command == wkly.CHANGED else "_reply")
    words: Words = {"purpose": purpose, "board": frame.board}
    if frame.command == wkly.CHANGED:
        return {**words, "channel": frame.channel, "lock": _named(frame.data[1])}
    words["status"] = _STATUS[frame.data[0]]
    if frame.command == wkly.ASK_ALL:
        return {**words, "count": frame.data[1], "states": list(frame.data[2:])}
    if len(frame.data) > 1:
        words["channel"] = frame.channel
    return {**words, "lock": _named(frame.data[2])} if len(frame.data) > 2 else words


def _named(state: int) -> str:
    return _STATES.get(state, f"unknown {state:02X}")


def _why_not(packet: bytes) -> str:
    if not packet.startswith(wkly.MAGIC):
        return (
            f"unknown head {packet[:4].hex(' ').upper() or '(no bytes)'}: wkly frames begin with 57 4B 4C 59"
        )
    if len(packet) < wkly.BARE or packet[4] != len(packet):
        return f"wrong length {len(packet)}: the fifth byte is the length of the whole frame, at least 08"
    if xor8(packet) != 0:
        return f"wrong checksum {packet[-1]:02X}: the XOR of the bytes before it is {xor8(packet[:-1]):02X}"
    return "checksum is right, but board, command, data or status are none that wkly knows"


def _board(given: Given) -> int:
    return number(given, "board", wkly.BOARDS, 1)


def _channel(given: Given) -> int:
    return number(given, "channel", _CHANNELS)


def _code(given: Given, key: str, names: dict[int, str], default: str) -> int:
    said = given.get(key, default)
    for code, name in names.items():
        if name == said:
            return code
    raise Unreadable(f"{key}= must be one of {', '.join(names.values())}")


def _plain(command: int) -> tuple[str, Callable[[Given], bytes]]:
    return "[board=1]", lambda g: wkly.encode(wkly.Command(_board(g), command))


def _of_one(command: int) -> tuple[str, Callable[[Given], bytes]]:
    return "channel= [board=1]", lambda g: wkly.encode(wkly.Command(_board(g), command, bytes([_channel(g)])))


def _of_some(command: int) -> tuple[str, Callable[[Given], bytes]]:
    def build(given: Given) -> bytes:
        channels = sorted(listed(given, "channels", _CHANNELS))
        most = wkly.MOST_AT_ONCE if command == wkly.OPEN_SOME else wkly.LONGEST - wkly.BARE - 1
        if not 1 <= len(channels) <= most:
            raise Unreadable(f"channels= must name 1 to {most} channels, like 1,3")
        return wkly.encode(wkly.Command(_board(given), command, bytes([len(channels), *channels])))

    return "channels=1,3 [board=1]", build


def _answer(command: int) -> tuple[str, Callable[[Given], bytes]]:
    def build(given: Given) -> bytes:
        status = _code(given, "status", _STATUS, "ok")
        words = bytes([status, _channel(given), _code(given, "lock", _STATES, "closed")])
        return wkly.encode(wkly.Answer(_board(given), command, words))

    return "channel= [lock=open|closed|error] [status=ok|fail] [board=1]", build


def _event(given: Given) -> bytes:
    words = bytes([_channel(given), _code(given, "lock", _STATES, "open")])
    return wkly.encode(wkly.Answer(_board(given), wkly.CHANGED, words))


WKLY = Protocol(
    _read_wkly,
    {
        "open": _of_one(wkly.OPEN),
        "open_some": _of_some(wkly.OPEN_SOME),
        "open_each": _of_some(wkly.OPEN_EACH),
        "open_all": _plain(wkly.OPEN_ALL),
        "query": _of_one(wkly.ASK),
        "query_all": _plain(wkly.ASK_ALL),
        "lamp_flash": _of_one(wkly.FLASH),
        "lamp_on": _of_one(wkly.LAMP_ON),
        "lamp_off": _of_one(wkly.LAMP_OFF),
        "open_reply": _answer(wkly.OPEN),
        "query_reply": _answer(wkly.ASK),
        "event": ("channel= [lock=open|closed|error] [board=1]", _event),
    },
)
