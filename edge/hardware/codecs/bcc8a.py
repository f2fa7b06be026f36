"""Frames of the generic lock board with the heads 8A and 80, both directions. Knows bytes only.

    open one / all    8A  board  lock | 00   11                        XOR   5 bytes
    its reply         8A  board  lock        state                     XOR   5; "all": the same bytes back
    query one         80  board  lock        33                        XOR   5
    its reply         80  board  lock        state                     XOR   5
    query all         80  board  00          33                        XOR   5
    its reply         80  board  [17-24] [9-16] [1-8]  33              XOR   7; bit 1: contact closed

state: 11 the feedback contact is closed (short), 00 it is open. Which of the two means "locked" depends
on the wiring of that lock and is not known here. The reply to "open" with state 11 has the same bytes as
its request, so who listens must know which of the two it is waiting for.
Boards 1-99 (texts say 32, 31 and 99), locks 1-24. There is no refusal: a wrong checksum gets silence.
"""

from dataclasses import dataclass

from edge.hardware.codecs.checksums import xor8
from edge.hardware.codecs.stream import FrameStream

OPEN = 0x8A
QUERY = 0x80
PULSE = 0x11
ASK = 0x33
CONTACT_CLOSED = 0x11
CONTACT_OPEN = 0x00
BOARDS = range(1, 100)
LOCKS = range(1, 25)
ALL = 0

SHORT = 5
LONG = 7


@dataclass(frozen=True, slots=True)
class Open:
    """Request: pulse one lock."""

    board: int
    lock: int


@dataclass(frozen=True, slots=True)
class OpenAll:
    """Request: pulse every lock, one after the other."""

    board: int


@dataclass(frozen=True, slots=True)
class Query:
    """Request: one lock's contact."""

    board: int
    lock: int


@dataclass(frozen=True, slots=True)
class QueryAll:
    """Request: the contacts of all 24 channels."""

    board: int


@dataclass(frozen=True, slots=True)
class OpenReply:
    """closed: the raw feedback contact after the pulse."""

    board: int
    lock: int
    closed: bool


@dataclass(frozen=True, slots=True)
class OpenAllReply:
    """The last lock has fired."""

    board: int


@dataclass(frozen=True, slots=True)
class QueryReply:
    """closed: the raw contact."""

    board: int
    lock: int
    closed: bool


@dataclass(frozen=True, slots=True)
class QueryAllReply:
    """contacts: 24 bits, bit 0 is channel 1, 1 means closed."""

    board: int
    contacts: int

    def is_closed(self, lock: int) -> bool:
        """Whether the raw contact of channel ``lock`` (1-24) is closed."""
        return bool(self.contacts >> lock - 1 & 1)


Request = Open | OpenAll | Query | QueryAll
Reply = OpenReply | OpenAllReply | QueryReply | QueryAllReply


def encode(frame: Request | Reply) -> bytes:
    """The bytes of ``frame`` on the wire, XOR included."""
    bare = _bare(frame)
    return bare + bytes([xor8(bare)])


def _bare(frame: Request | Reply) -> bytes:
    match frame:
        case Open(board, lock):
            return bytes([OPEN, board, lock, PULSE])
        case OpenAll(board) | OpenAllReply(board):
            return bytes([OPEN, board, ALL, PULSE])
        case Query(board, lock):
            return bytes([QUERY, board, lock, ASK])
        case QueryAll(board):
            return bytes([QUERY, board, ALL, ASK])
        case OpenReply(board, lock, closed):
            return bytes([OPEN, board, lock, CONTACT_CLOSED if closed else CONTACT_OPEN])
        case QueryReply(board, lock, closed):
            return bytes([QUERY, board, lock, CONTACT_CLOSED if closed else CONTACT_OPEN])
        case QueryAllReply(board, contacts):
            return bytes([QUERY, board, *contacts.to_bytes(3, "big"), ASK])


def decode_request(packet: bytes) -> Request | None:
    """The request that ``packet`` is, whole; None for anything else."""
    if len(packet) != SHORT or xor8(packet) != 0 or packet[1] not in BOARDS:
        return None
    head, board, lock, function = packet[:4]
    if lock != ALL and lock not in LOCKS:
        return None
    if (head, function) == (OPEN, PULSE):
        return Open(board, lock) if lock else OpenAll(board)
    if (head, function) == (QUERY, ASK):
        return Query(board, lock) if lock else QueryAll(board)
    return None


def decode_reply(packet: bytes) -> Reply | None:
    """The reply that ``packet`` is, whole; None for anything else."""
    if len(packet) not in (SHORT, LONG) or xor8(packet) != 0 or packet[1] not in BOARDS:
        return None
    return _short_reply(packet) if len(packet) == SHORT else _long_reply(packet)


def _short_reply(packet: bytes) -> Reply | None:
    head, board, lock, state = packet[:4]
    if state not in (CONTACT_CLOSED, CONTACT_OPEN):
        return None
    if lock in LOCKS and head == OPEN:
        return OpenReply(board, lock, state == CONTACT_CLOSED)
    if lock in LOCKS and head == QUERY:
        return QueryReply(board, lock, state == CONTACT_CLOSED)
    if (head, lock, state) == (OPEN, ALL, PULSE):
        return OpenAllReply(board)
    return None


def _long_reply(packet: bytes) -> Reply | None:
    if packet[0] != QUERY or packet[5] != ASK:
        return None
    return QueryAllReply(packet[1], int.from_bytes(packet[2:5], "big"))


def reply_size(request: Request) -> int:
    """Bytes of the answer to ``request``."""
    return LONG if isinstance(request, QueryAll) else SHORT


def _request_size(data: bytes) -> int:
    return SHORT if data[0] in (OPEN, QUERY) else 0


class RequestDecoder(FrameStream[Request]):
    """What a board hears on a pair that it may share with other boards and other protocols."""

    def __init__(self) -> None:
        super().__init__(_request_size, decode_request, SHORT)


class ReplyDecoder(FrameStream[Reply]):
    """What a host hears after ``request``. A long reply can begin with a valid short one, hence the size."""

    def __init__(self, request: Request) -> None:
        head = encode(request)[0]
        size = reply_size(request)
        super().__init__(lambda data: size if data[0] == head else 0, decode_reply, size)
