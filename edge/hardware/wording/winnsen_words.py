"""Frames of the Winnsen boards in words and back."""

from collections.abc import Callable

from edge.hardware.codecs import winnsen
from edge.hardware.wording.words import Given, Protocol, Unreadable, Words, number

_STATUS = ("closed", "open", "cooldown")


def _read_winnsen(packet: bytes) -> list[Words]:
    request, reply = winnsen.decode_request(packet), winnsen.decode_reply(packet)
    if request is not None:
        purpose = "open" if isinstance(request, winnsen.Unlock) else "query"
        where: Words = {"station": request.station, "lock": request.lock}
        return [{"direction": "request", "purpose": purpose, **where}]
    if reply is not None:
        purpose = "open_reply" if isinstance(reply, winnsen.UnlockReply) else "query_reply"
        where = {"station": reply.station, "lock": reply.lock}
        return [{"direction": "reply", "purpose": purpose, **where, "status": _STATUS[reply.status]}]
    raise Unreadable(_why_not(packet))


def _why_not(packet: bytes) -> str:
    if packet[:1] != bytes([winnsen.HEAD]):
        return f"unknown head {packet[:1].hex().upper() or '(no bytes)'}: winnsen frames begin with 90"
    if len(packet) < 2 or packet[1] != len(packet):
        return f"wrong length {len(packet)}: the second byte is the length of the whole frame, 06 or 07"
    if packet[-1] != winnsen.TAIL:
        return f"wrong end {packet[-1]:02X}: winnsen frames end with 03; they have no checksum"
    return "head, length and end are right, but function, station, lock or status are none that winnsen knows"


def _station(given: Given) -> int:
    return number(given, "station", winnsen.STATIONS, 1)


def _lock(given: Given) -> int:
    return number(given, "lock", winnsen.LOCKS)


def _status(given: Given) -> int:
    if (said := given.get("status", "")) not in _STATUS:
        raise Unreadable(f"status= must be one of {', '.join(_STATUS)}")
    return _STATUS.index(said)


def _asking(kind: type[winnsen.Unlock] | type[winnsen.Ask]) -> tuple[str, Callable[[Given], bytes]]:
    return "lock= [station=1]", lambda g: winnsen.encode(kind(_station(g), _lock(g)))


def _answering(
    kind: type[winnsen.UnlockReply] | type[winnsen.AskReply],
) -> tuple[str, Callable[[Given], bytes]]:
    shown = "lock= status=open|closed|cooldown [station=1]"
    return shown, lambda g: winnsen.encode(kind(_station(g), _lock(g), _status(g)))


WINNSEN = Protocol(
    _read_winnsen,
    {
        "open": _asking(winnsen.Unlock),
        "query": _asking(winnsen.Ask),
        "open_reply": _answering(winnsen.UnlockReply),
        "query_reply": _answering(winnsen.AskReply),
    },
)
