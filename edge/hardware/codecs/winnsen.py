"""Frames of the Winnsen lock boards, both directions. Knows bytes only. There is no checksum.

    unlock       90  06  05  station  lock          03   6 bytes
    its reply    90  07  85  station  lock  status  03   7
    status       90  06  12  station  lock          03   6
    its reply    90  07  92  station  status  lock  03   7; status and lock have changed places

Stations 1-4, locks 1-16. status: 00 closed, 01 open, 02 cooling down.
With nothing to check, every byte that can be known must be as expected; what is read so is still to be
asked twice. Source: one open board that speaks this protocol; the maker's own boards are to be verified.
"""

from dataclasses import dataclass

from edge.hardware.codecs.stream import FrameStream

HEAD, TAIL = 0x90, 0x03
UNLOCK, ASK = 0x05, 0x12
REPLY = 0x80
"""Set in the function byte of an answer."""
CLOSED, OPEN, COOLING = range(3)
STATIONS = range(1, 5)
LOCKS = range(1, 17)
REQUEST, ANSWER = 6, 7


@dataclass(frozen=True, slots=True)
class Unlock:
    """Request: pulse one lock."""

    station: int
    lock: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Request: the state of one lock."""

    station: int
    lock: int


@dataclass(frozen=True, slots=True)
class UnlockReply:
    """status: CLOSED, OPEN or COOLING, after the pulse."""

    station: int
    lock: int
    status: int


@dataclass(frozen=True, slots=True)
class AskReply:
    """status: CLOSED, OPEN or COOLING."""

    station: int
    lock: int
    status: int


Request = Unlock | Ask
Reply = UnlockReply | AskReply


def encode(frame: Request | Reply) -> bytes:
    """The bytes of ``frame`` on the wire."""
    match frame:
        case Unlock(station, lock):
            return bytes([HEAD, REQUEST, UNLOCK, station, lock, TAIL])
        case Ask(station, lock):
            return bytes([HEAD, REQUEST, ASK, station, lock, TAIL])
        case UnlockReply(station, lock, status):
            return bytes([HEAD, ANSWER, UNLOCK | REPLY, station, lock, status, TAIL])
        case AskReply(station, lock, status):
            return bytes([HEAD, ANSWER, ASK | REPLY, station, status, lock, TAIL])


def decode_request(packet: bytes) -> Request | None:
    """The request that ``packet`` is, whole; None for anything else."""
    if len(packet) != REQUEST or packet[:2] != bytes([HEAD, REQUEST]) or packet[-1] != TAIL:
        return None
    function, station, lock = packet[2:5]
    if station not in STATIONS or lock not in LOCKS:
        return None
    kinds: dict[int, type[Unlock] | type[Ask]] = {UNLOCK: Unlock, ASK: Ask}
    return kinds[function](station, lock) if function in kinds else None


def decode_reply(packet: bytes) -> Reply | None:
    """The reply that ``packet`` is, whole; None for anything else."""
    if len(packet) != ANSWER or packet[:2] != bytes([HEAD, ANSWER]) or packet[-1] != TAIL:
        return None
    function, station, one, other = packet[2:6]
    frame: Reply
    if function == UNLOCK | REPLY:
        frame = UnlockReply(station, lock=one, status=other)
    elif function == ASK | REPLY:
        frame = AskReply(station, lock=other, status=one)
    else:
        return None
    known = station in STATIONS and frame.lock in LOCKS and frame.status in (CLOSED, OPEN, COOLING)
    return frame if known else None


def reply_size(request: Request) -> int:
    """Bytes of the answer to ``request``."""
    return ANSWER


class RequestDecoder(FrameStream[Request]):
    """What a board hears on a pair that it may share with other boards and other protocols."""

    def __init__(self) -> None:
        super().__init__(lambda data: REQUEST if data[0] == HEAD else 0, decode_request, REQUEST)


class ReplyDecoder(FrameStream[Reply]):
    """What a host hears."""

    def __init__(self) -> None:
        super().__init__(lambda data: ANSWER if data[0] == HEAD else 0, decode_reply, ANSWER)
