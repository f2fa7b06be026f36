"""Frames of the Yunchuan (云川) lock boards, both directions. Knows bytes only.

    57 4B 4C 59 ("WKLY")  length of the whole frame  board 0-31  command  data  XOR

    command                       data of the request   data of the answer
    80 open some at once, 87 one by one   count, channels       status
    81 flash lamp, 88 on, 89 off  channel               status, channel
    82 open one                   channel               status, channel, state
    83 query one                  channel               status, channel, state
    84 query all                  none                  status, count, a state for each
    85 a door changed             said unasked          channel, state
    86 open all, one by one       none                  status

status: 00 ok, FF failed. state: 00 open, 01 closed, FF error. XOR is over all bytes before it.
Whether channels count from 0 or 1 on the wire is not known for certain and is the caller's business.
Source: open hosts; no frame of a real board has been seen.
"""

from dataclasses import dataclass

from edge.hardware.codecs.checksums import xor8
from edge.hardware.codecs.stream import FrameStream

MAGIC = b"WKLY"
OPEN_SOME, FLASH, OPEN, ASK, ASK_ALL, CHANGED, OPEN_ALL, OPEN_EACH, LAMP_ON, LAMP_OFF = range(0x80, 0x8A)
OK, FAILED = 0x00, 0xFF
IS_OPEN, IS_CLOSED, ERROR = 0x00, 0x01, 0xFF
BOARDS = range(32)

BARE = 8
"""Bytes of a frame without data."""
LONGEST = 80
MOST_AT_ONCE = 2
"""Channels that OPEN_SOME takes."""

_ASKED = {FLASH: 1, OPEN: 1, ASK: 1, ASK_ALL: 0, OPEN_ALL: 0, LAMP_ON: 1, LAMP_OFF: 1}
_ANSWERED = {
    OPEN_SOME: 1, FLASH: 2, OPEN: 3, ASK: 3, CHANGED: 2, OPEN_ALL: 1, OPEN_EACH: 1, LAMP_ON: 2, LAMP_OFF: 2,
}  # fmt: skip
"""Bytes of data by command, where they do not depend on the data."""


@dataclass(frozen=True, slots=True)
class Command:
    """What a host says."""

    board: int
    command: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a board says, CHANGED unasked."""

    board: int
    command: int
    data: bytes

    @property
    def ok(self) -> bool:
        """Whether the board says that it did, or knows, what it was asked."""
        return self.command == CHANGED or self.data[0] == OK

    @property
    def channel(self) -> int:
        """The channel, in answers about one."""
        return self.data[0] if self.command == CHANGED else self.data[1]

    @property
    def is_closed(self) -> bool | None:
        """The state in answers to OPEN and ASK, and in CHANGED; None: the board does not know it."""
        state = self.data[1] if self.command == CHANGED else self.data[2]
        return {IS_OPEN: False, IS_CLOSED: True}.get(state) if self.ok else None


Request = Command
Reply = Answer


def encode(frame: Request | Reply) -> bytes:
    """The bytes of ``frame`` on the wire, XOR included."""
    bare = MAGIC + bytes([BARE + len(frame.data), frame.board, frame.command]) + frame.data
    return bare + bytes([xor8(bare)])


def decode_request(packet: bytes) -> Request | None:
    """The request that ``packet`` is, whole; None for anything else."""
    if not _is_frame(packet):
        return None
    command, words = packet[6], packet[7:-1]
    if command in (OPEN_SOME, OPEN_EACH):
        sound = bool(words) and words[0] == len(words) - 1 > 0
        sound = sound and (command == OPEN_EACH or words[0] <= MOST_AT_ONCE)
    else:
        sound = _ASKED.get(command) == len(words)
    return Command(packet[5], command, words) if sound else None


def decode_reply(packet: bytes) -> Reply | None:
    """The reply that ``packet`` is, whole; None for anything else."""
    if not _is_frame(packet):
        return None
    command, words = packet[6], packet[7:-1]
    if command == ASK_ALL:
        sound = len(words) >= 2 and words[1] == len(words) - 2
    else:
        sound = _ANSWERED.get(command) == len(words)
    sound = sound and (command == CHANGED or words[0] in (OK, FAILED))
    return Answer(packet[5], command, words) if sound else None


def _is_frame(packet: bytes) -> bool:
    return _size(packet) == len(packet) and xor8(packet) == 0 and packet[5] in BOARDS


def reply_size(request: Request) -> int:
    """Bytes of the answer to ``request``; 0 where it depends on how many channels the board has."""
    return BARE + _ANSWERED[request.command] if request.command in _ANSWERED else 0


def _size(data: bytes) -> int | None:
    """Bytes of the frame that begins with ``data``; 0: none does; None: too few bytes to tell."""
    if not MAGIC.startswith(data[: len(MAGIC)]):
        return 0
    if len(data) <= len(MAGIC):
        return None
    return data[4] if BARE <= data[4] <= LONGEST else 0


class RequestDecoder(FrameStream[Request]):
    """What a board hears on a pair that it may share with other boards and other protocols."""

    def __init__(self) -> None:
        super().__init__(_size, decode_request, LONGEST)


class ReplyDecoder(FrameStream[Reply]):
    """What a host hears, asked or not."""

    def __init__(self) -> None:
        super().__init__(_size, decode_reply, LONGEST)
