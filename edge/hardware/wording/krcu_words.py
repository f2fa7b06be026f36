"""Frames of the Kerong boards in words and back."""

from collections.abc import Callable

from edge.hardware.codecs import krcu16, krcu48
from edge.hardware.codecs.checksums import sum8
from edge.hardware.wording.words import Given, Protocol, Unreadable, Words, listed, number

_PURPOSES = {
    krcu16.ASK: "query",
    krcu16.UNLOCK: "open",
    krcu16.ASK_ALL: "query_all",
    krcu16.UNLOCK_ALL: "open_all",
    krcu16.PULSE: "pulse",
    krcu16.PULSE_REPLY: "clear",
    krcu16.DELAYED: "open_delayed",
    krcu16.SPEED: "speed",
}
_SPEEDS = (9600, 19200, 57600, 115200)
_NUMBERS = range(256)


def _read_krcu16(packet: bytes) -> list[Words]:
    readings: list[Words] = []
    if (request := krcu16.decode_request(packet)) is not None:
        readings.append({"direction": "request", **_words16(request)})
    if (reply := krcu16.decode_reply(packet)) is not None:
        readings.append({"direction": "reply", **_words16(reply)})
    if not readings:
        raise Unreadable(_why_not(packet, b"\x02\xf5", "02 or F5 B6"))
    return readings


def _words16(frame: krcu16.Request | krcu16.Reply) -> Words:
    match frame:
        case krcu16.Version(at):
            return {"purpose": "version", **_where(at)}
        case krcu16.Status(at, command, _, infrared):
            purpose = "status" if command == krcu16.STATUS else "status_to_all"
            opened = [lock for lock in krcu16.LOCKS if not frame.is_closed(lock)]
            return {"purpose": purpose, **_where(at), "locks_open": opened, "infrared": _bits(infrared)}
        case krcu16.Command(at, command, words):
            return {"purpose": _PURPOSES[command], **_where(at, command), **_number_of(command, words)}


def _where(at: int, command: int | None = None) -> Words:
    if at == krcu16.BROADCAST:
        return {"board": "broadcast"}
    by_lock = command in (krcu16.UNLOCK, krcu16.DELAYED)
    return {"board": at >> 4, **({"lock": (at & 0x0F) + 1} if by_lock else {})}


def _number_of(command: int, words: bytes) -> Words:
    if not words:
        return {}
    value = int.from_bytes(words, "big")
    if command == krcu16.SPEED:
        return {"baud": _SPEEDS[value] if value < len(_SPEEDS) else "unknown", "code": value}
    return {"delay_s": value} if command == krcu16.DELAYED else {"pulse_ms": 10 * value}


def _bits(word: int) -> list[int]:
    return [lock for lock in krcu16.LOCKS if word >> lock - 1 & 1]


def _read_krcu48(packet: bytes) -> list[Words]:
    readings: list[Words] = []
    if (request := krcu48.decode_request(packet)) is not None:
        readings.append({"direction": "request", **_words48(request)})
    if (reply := krcu48.decode_reply(packet)) is not None:
        readings.append({"direction": "reply", **_words48(reply)})
    if not readings:
        raise Unreadable(_why_not(packet, b"\x02", "02"))
    return readings


def _words48(frame: krcu48.Request | krcu48.Reply) -> Words:
    match frame:
        case krcu48.Open(device, lock):
            return {"purpose": "open", "device": device, "lock": lock}
        case krcu48.Ask(device):
            return {"purpose": "query", "device": device}
        case krcu48.OpenReply(device, lock, code):
            result = "accepted" if code == krcu48.DONE else "refused"
            return {"purpose": "open_reply", "device": device, "lock": lock, "result": result, "code": code}
        case krcu48.Status(device):
            opened = [lock for lock in krcu48.LOCKS if not frame.is_closed(lock)]
            return {"purpose": "status", "device": device, "locks_open": opened, "data_length": krcu48.LENGTH}
        case krcu48.StatusWithoutLength(device, body):
            why = "11 bytes, without the length byte 06: the driver reads no state from it"
            return {"purpose": "status_without_length", "device": device, "body": body.hex(" "), "note": why}


def _why_not(packet: bytes, heads: bytes, said: str) -> str:
    if not packet or packet[0] not in heads:
        return f"unknown head {packet[:1].hex().upper() or '(no bytes)'}: these frames begin with {said}"
    if len(packet) < krcu16.SHORTEST:
        return f"wrong length {len(packet)}: the shortest frame has {krcu16.SHORTEST} bytes"
    if sum8(packet[:-1]) != packet[-1]:
        return f"wrong checksum {packet[-1]:02X}: the sum of the bytes before it is {sum8(packet[:-1]):02X}"
    return "checksum is right, but length, address, command or end are none that this protocol knows"


def _board(given: Given) -> int:
    return number(given, "board", krcu16.BOARDS, 0)


def _lock(given: Given) -> int:
    return number(given, "lock", krcu16.LOCKS, 1)


def _command(command: int, words: Callable[[Given], bytes] = lambda given: b"") -> Callable[[Given], bytes]:
    def build(given: Given) -> bytes:
        at = krcu16.address(_board(given), _lock(given))
        return krcu16.encode(krcu16.Command(at, command, words(given)))

    return build


def _pulse(given: Given) -> bytes:
    if "pulse_ms" not in given:
        return b""
    return (number(given, "pulse_ms", range(0, 60001, 10)) // 10).to_bytes(2, "big")


def _status16(command: int) -> Callable[[Given], bytes]:
    def build(given: Given) -> bytes:
        opened = sum(1 << lock - 1 for lock in listed(given, "locks_open", krcu16.LOCKS))
        seen = sum(1 << lock - 1 for lock in listed(given, "infrared", krcu16.LOCKS))
        return krcu16.encode(krcu16.Status(krcu16.address(_board(given)), command, 0xFFFF & ~opened, seen))

    return build


def _status48(given: Given) -> bytes:
    opened = sum(1 << lock - 1 for lock in listed(given, "locks_open", krcu48.LOCKS))
    return krcu48.encode(krcu48.Status(_device(given), ((1 << 48) - 1) & ~opened))


def _device(given: Given) -> int:
    return number(given, "device", _NUMBERS, 0)


def _to_all(command: int) -> bytes:
    return krcu16.encode(krcu16.Command(krcu16.BROADCAST, command))


KRCU16 = Protocol(
    _read_krcu16,
    {
        "query": ("[board=0]", _command(krcu16.ASK)),
        "query_all": ("", lambda g: _to_all(krcu16.ASK_ALL)),
        "open": ("[lock=1] [board=0]", _command(krcu16.UNLOCK)),
        "open_all": ("[board=0]", _command(krcu16.UNLOCK_ALL)),
        "open_delayed": (
            "delay_s= [lock=1] [board=0]",
            _command(krcu16.DELAYED, lambda g: bytes([number(g, "delay_s", range(251))])),
        ),
        "pulse": ("[pulse_ms=] [board=0]", _command(krcu16.PULSE, _pulse)),
        "clear": ("[lock=1] [board=0]", _command(krcu16.PULSE_REPLY)),
        "speed": (
            "code= [board=0]",
            _command(krcu16.SPEED, lambda g: bytes([number(g, "code", range(len(_SPEEDS)))])),
        ),
        "version": ("[board=0]", lambda g: krcu16.encode(krcu16.Version(krcu16.address(_board(g))))),
        "status": ("[locks_open=1,2] [infrared=1,2] [board=0]", _status16(krcu16.STATUS)),
        "status_to_all": ("[locks_open=1,2] [infrared=1,2] [board=0]", _status16(krcu16.STATUS_TO_ALL)),
    },
)
KRCU48 = Protocol(
    _read_krcu48,
    {
        "open": (
            "lock= [device=0]",
            lambda g: krcu48.encode(krcu48.Open(_device(g), number(g, "lock", krcu48.LOCKS))),
        ),
        "query": ("[device=0]", lambda g: krcu48.encode(krcu48.Ask(_device(g)))),
        "open_reply": (
            "lock= [code=0x75] [device=0]",
            lambda g: krcu48.encode(
                krcu48.OpenReply(
                    _device(g), number(g, "lock", krcu48.LOCKS), number(g, "code", _NUMBERS, krcu48.DONE)
                )
            ),
        ),
        "status": ("[locks_open=1,48] [device=0]", _status48),
    },
)
