"""Frames of the Kerong boards KR-CU12 and KR-CU16, both directions. Knows bytes only.

    command   02  address  command  (data)               03  SUM   5 bytes + data
    status    02  address  35 | 36  H1 H2  I1 I2         03  SUM   9; 35: one board's, 36: to a broadcast
    version   F5  B6  address  00  5F                        SUM   6; another framing on the same pair

address: board (0-9) in the high nibble, lock - 1 (0-15) in the low one; F0 speaks to all boards.
H1 H2: bit 1 means that the hook is closed, bit 0 of H1 is lock 1; I1 I2: infrared, something is there.
SUM: low byte of the sum of all bytes before it.
Source: open drivers, not the maker's own text. To be verified on real boards: which address an answer
carries, and the layout of the answer to 37 (read here like its request).
"""

from dataclasses import dataclass

from edge.hardware.codecs.checksums import sum8
from edge.hardware.codecs.stream import FrameStream

HEAD, TAIL = 0x02, 0x03
VERSION_HEAD = bytes([0xF5, 0xB6])
ASK, UNLOCK, ASK_ALL, UNLOCK_ALL = 0x30, 0x31, 0x32, 0x33
STATUS, STATUS_TO_ALL = 0x35, 0x36
PULSE, PULSE_REPLY, DELAYED, SPEED = 0x37, 0x38, 0x39, 0x40
BROADCAST = 0xF0
BOARDS = range(10)
LOCKS = range(1, 17)

SHORTEST, LONGEST = 5, 9
VERSION_SIZE = 6
_DATA = {ASK: 0, UNLOCK: 0, ASK_ALL: 0, UNLOCK_ALL: 0, PULSE_REPLY: 0, DELAYED: 1, SPEED: 1}
"""Bytes of data by command; PULSE has none (read) or two (set)."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a host says; PULSE_REPLY clears a board's "busy" after an unlock. A board answers PULSE so."""

    address: int
    command: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Version:
    """Request in the other framing."""

    address: int


@dataclass(frozen=True, slots=True)
class Status:
    """hooks, infrared: 16 bits each, bit 0 is lock 1; a hook's 1 means closed."""

    address: int
    command: int
    hooks: int
    infrared: int

    def is_closed(self, lock: int) -> bool:
        """Whether the hook of ``lock`` (1-16) is closed."""
        return bool(self.hooks >> lock - 1 & 1)


Request = Command | Version
Reply = Status | Command


def address(board: int, lock: int = 1) -> int:
    """The address byte of ``lock`` (1-16) of ``board`` (0-9)."""
    return board << 4 | lock - 1


def encode(frame: Request | Reply) -> bytes:
    """The bytes of ``frame`` on the wire, SUM included."""
    match frame:
        case Version(at):
            bare = VERSION_HEAD + bytes([at, 0x00, 0x5F])
        case Command(at, command, words):
            bare = bytes([HEAD, at, command, *words, TAIL])
        case Status(at, command, hooks, infrared):
            words = hooks.to_bytes(2, "little") + infrared.to_bytes(2, "little")
            bare = bytes([HEAD, at, command, *words, TAIL])
    return bare + bytes([sum8(bare)])


def decode_request(packet: bytes) -> Request | None:
    """The request that ``packet`` is, whole; None for anything else."""
    if len(packet) < SHORTEST or _request_size(packet) != len(packet) or sum8(packet[:-1]) != packet[-1]:
        return None
    if packet.startswith(VERSION_HEAD):
        return Version(packet[2]) if packet[3:5] == b"\x00\x5f" else None
    return _command(packet)


def decode_reply(packet: bytes) -> Reply | None:
    """The reply that ``packet`` is, whole; None for anything else."""
    if len(packet) < SHORTEST or _reply_size(packet) != len(packet) or sum8(packet[:-1]) != packet[-1]:
        return None
    if packet[2] == PULSE_REPLY:
        return _command(packet)
    if packet[-2] != TAIL or not _is_address(packet[1]):
        return None
    hooks, infrared = int.from_bytes(packet[3:5], "little"), int.from_bytes(packet[5:7], "little")
    return Status(packet[1], packet[2], hooks, infrared)


def _command(packet: bytes) -> Command | None:
    if packet[-2] != TAIL or not _is_address(packet[1]):
        return None
    return Command(packet[1], packet[2], packet[3:-2])


def _is_address(at: int) -> bool:
    return at == BROADCAST or at >> 4 in BOARDS


def reply_size(request: Request) -> int:
    """Bytes of the answer to ``request``; 0 where none is known."""
    asks = isinstance(request, Command) and request.command in (ASK, UNLOCK, ASK_ALL, UNLOCK_ALL)
    return LONGEST if asks else 0


def _pulse_size(data: bytes) -> int | None:
    """5 or 7: a pulse without or with its length; whole and sound at 5 it is the shorter one."""
    if len(data) < SHORTEST:
        return None
    return SHORTEST if data[3] == TAIL and sum8(data[:4]) == data[4] else SHORTEST + 2


def _request_size(data: bytes) -> int | None:
    """Bytes of the request that begins with ``data``; 0: none does; None: too few bytes to tell."""
    if data.startswith(VERSION_HEAD[: len(data)]):
        return VERSION_SIZE
    if data[0] != HEAD:
        return 0
    if len(data) < 3:
        return None
    if data[2] == PULSE:
        return _pulse_size(data)
    return SHORTEST + _DATA[data[2]] if data[2] in _DATA else 0


def _reply_size(data: bytes) -> int | None:
    """Bytes of the reply that begins with ``data``; 0: none does; None: too few bytes to tell."""
    if data[0] != HEAD:
        return 0
    if len(data) < 3:
        return None
    if data[2] == PULSE_REPLY:
        return _pulse_size(data)
    return LONGEST if data[2] in (STATUS, STATUS_TO_ALL) else 0


class RequestDecoder(FrameStream[Request]):
    """What a board hears on a pair that it may share with other boards and other protocols."""

    def __init__(self) -> None:
        super().__init__(_request_size, decode_request, LONGEST)


class ReplyDecoder(FrameStream[Reply]):
    """What a host hears."""

    def __init__(self) -> None:
        super().__init__(_reply_size, decode_reply, LONGEST)
