"""Frames of the Kerong board KR-CU48, both directions. Knows bytes only.

    open one      02  device  lock  61  03                    SUM   6 bytes
    its reply     02  device  lock  code  00                  SUM   6; code 75: taken, any other: refused
    status        02  device  00    60  03                    SUM   6
    its reply     02  device  00    75  06  b0 … b5           SUM   12; bit 1 means closed

lock: its number - 1 (0-47) on the wire; bit 0 of b0 is lock 1. SUM: low byte of the sum of all before it.
Source: one open driver that contradicts itself on the length byte 06. A status of 11 bytes, without it,
is recognised (``counter wire`` says so) but never read as a state: with or without that byte the same
bytes mean other locks. To be verified on real boards.
"""

from dataclasses import dataclass

from edge.hardware.codecs.checksums import sum8
from edge.hardware.codecs.stream import FrameStream

HEAD, TAIL = 0x02, 0x03
ASK, OPEN, DONE = 0x60, 0x61, 0x75
LENGTH = 6
LOCKS = range(1, 49)

SHORT, LONG, LONG_WITHOUT_LENGTH = 6, 12, 11


@dataclass(frozen=True, slots=True)
class Open:
    """Request: pulse one lock."""

    device: int
    lock: int


@dataclass(frozen=True, slots=True)
class Ask:
    """Request: the contacts of all 48 locks."""

    device: int


@dataclass(frozen=True, slots=True)
class OpenReply:
    """code: DONE means that the board took the command."""

    device: int
    lock: int
    code: int


@dataclass(frozen=True, slots=True)
class Status:
    """contacts: 48 bits, bit 0 is lock 1, 1 means closed."""

    device: int
    contacts: int

    def is_closed(self, lock: int) -> bool:
        """Whether ``lock`` (1-48) is closed."""
        return bool(self.contacts >> lock - 1 & 1)


@dataclass(frozen=True, slots=True)
class StatusWithoutLength:
    """A status of 11 bytes; which of its bits is which lock nobody knows for certain."""

    device: int
    body: bytes


Request = Open | Ask
Reply = OpenReply | Status | StatusWithoutLength


def encode(frame: Request | Reply) -> bytes:
    """The bytes of ``frame`` on the wire, SUM included."""
    match frame:
        case Open(device, lock):
            bare = bytes([HEAD, device, lock - 1, OPEN, TAIL])
        case Ask(device):
            bare = bytes([HEAD, device, 0, ASK, TAIL])
        case OpenReply(device, lock, code):
            bare = bytes([HEAD, device, lock - 1, code, 0])
        case Status(device, contacts):
            bare = bytes([HEAD, device, 0, DONE, LENGTH, *contacts.to_bytes(LENGTH, "little")])
        case StatusWithoutLength(device, body):
            bare = bytes([HEAD, device, 0, DONE]) + body
    return bare + bytes([sum8(bare)])


def decode_request(packet: bytes) -> Request | None:
    """The request that ``packet`` is, whole; None for anything else."""
    if len(packet) != SHORT or packet[0] != HEAD or packet[4] != TAIL or sum8(packet[:-1]) != packet[-1]:
        return None
    device, lock, command = packet[1], packet[2] + 1, packet[3]
    if command == OPEN:
        return Open(device, lock) if lock in LOCKS else None
    return Ask(device) if (command, lock) == (ASK, 1) else None


def decode_reply(packet: bytes) -> Reply | None:
    """The reply that ``packet`` is, whole; None for anything else."""
    if len(packet) < SHORT or packet[0] != HEAD or sum8(packet[:-1]) != packet[-1]:
        return None
    if len(packet) == SHORT:
        sound = packet[4] == 0 and packet[2] + 1 in LOCKS and packet[3] not in (ASK, OPEN)
        return OpenReply(packet[1], packet[2] + 1, packet[3]) if sound else None
    if packet[2:4] != bytes([0, DONE]):
        return None
    if len(packet) == LONG_WITHOUT_LENGTH:
        return StatusWithoutLength(packet[1], packet[4:-1])
    if len(packet) == LONG and packet[4] == LENGTH:
        return Status(packet[1], int.from_bytes(packet[5:-1], "little"))
    return None


def reply_size(request: Request) -> int:
    """Bytes of the answer to ``request``."""
    return SHORT if isinstance(request, Open) else LONG


class RequestDecoder(FrameStream[Request]):
    """What a board hears on a pair that it may share with other boards and other protocols."""

    def __init__(self) -> None:
        super().__init__(lambda data: SHORT if data[0] == HEAD else 0, decode_request, SHORT)


class ReplyDecoder(FrameStream[Reply]):
    """What a host hears after ``request``: the short answer or the long one, never both."""

    def __init__(self, request: Request) -> None:
        size = reply_size(request)
        super().__init__(lambda data: size if data[0] == HEAD else 0, decode_reply, size)
