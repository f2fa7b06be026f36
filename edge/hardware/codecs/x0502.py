"""Frames of the x0502 digital load cells, both directions. Knows bytes only.

    request  address  05 | 63  register  info                    SUM8   5 bytes; 05 reads, 63 sets
    weight   address  06  02   St  X4  X3 X2 X1                  SUM8   9
    answer   address  06 | 64  register  info                    SUM8   5; 64 with info 05: done

address 00 speaks to all cells, which answer in the order of their addresses; a missing one leaves a gap.
St: bit 4 fault, 3 over range, 2 zero of the power-up abnormal, 1 at rest, 0 at zero; 6 is always 1 and 5
always 0 (not insisted upon: the vendor's own examples break it). X4: bit 7 sign, low nibble division.
Source: a cabinet maker's text; its printed sums are mostly wrong, so every frame was computed anew.
"""

from dataclasses import dataclass

from edge.hardware.codecs.checksums import sum8
from edge.hardware.codecs.stream import FrameStream

BROADCAST = 0
READ, SET, READ_REPLY, SET_REPLY = 0x05, 0x63, 0x06, 0x64
WEIGHT, ZERO, TRACKING = 0x02, 0x06, 0x2E
DONE = 0x05
SHORT, LONG = 5, 9

FAULT_BIT, OVER_BIT, ZERO_ABNORMAL_BIT, STABLE_BIT, AT_ZERO_BIT = 4, 3, 2, 1, 0
FIXED = 0x40
USELESS = 1 << FAULT_BIT | 1 << OVER_BIT | 1 << ZERO_ABNORMAL_BIT
"""Status bits that make a weight worthless."""

TENTHS = {0: 10_000, 1: 1_000, 2: 100, 3: 10, 4: 20, 5: 50, 6: 2_000, 7: 5_000, 8: 500, 9: 5}
"""Division code → tenths of a gram."""


@dataclass(frozen=True, slots=True)
class Request:
    """info: 05 in a read, the value in a set."""

    address: int
    function: int
    register: int
    info: int


@dataclass(frozen=True, slots=True)
class Weight:
    """x4: sign and division as on the wire; digits: divisions, unsigned."""

    address: int
    status: int
    x4: int
    digits: int

    @property
    def tenths(self) -> int | None:
        """Tenths of a gram; None: an unknown division, or a status that makes the weight worthless."""
        division = TENTHS.get(self.x4 & 0x0F)
        if division is None or self.status & USELESS:
            return None
        return (-1 if self.x4 & 0x80 else 1) * self.digits * division

    @property
    def stable(self) -> bool:
        return bool(self.status >> STABLE_BIT & 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """A setting read (06), or how a command went (64)."""

    address: int
    function: int
    register: int
    info: int


Reply = Weight | Answer


def encode(frame: Request | Reply) -> bytes:
    """The bytes of ``frame`` on the wire, SUM8 included."""
    match frame:
        case Weight(address, status, x4, digits):
            bare = bytes([address, READ_REPLY, WEIGHT, status, x4]) + digits.to_bytes(3, "big")
        case Request(address, function, register, info) | Answer(address, function, register, info):
            bare = bytes([address, function, register, info])
    return bare + bytes([sum8(bare)])


def decode_request(packet: bytes) -> Request | None:
    """The request that ``packet`` is, whole; None for anything else."""
    if len(packet) != SHORT or _request_size(packet) != SHORT or sum8(packet[:-1]) != packet[-1]:
        return None
    return Request(*packet[:4])


def decode_reply(packet: bytes) -> Reply | None:
    """The reply that ``packet`` is, whole; None for anything else."""
    if _reply_size(packet) != len(packet) or sum8(packet[:-1]) != packet[-1]:
        return None
    if len(packet) == LONG:
        return Weight(packet[0], packet[3], packet[4], int.from_bytes(packet[5:8], "big"))
    return Answer(*packet[:4])


def _request_size(data: bytes) -> int | None:
    if len(data) < 2:
        return None
    return SHORT if data[1] in (READ, SET) else 0


def _reply_size(data: bytes) -> int | None:
    if len(data) < 3:
        return None if len(data) < 2 or data[1] in (READ_REPLY, SET_REPLY) else 0
    if data[0] == BROADCAST or data[1] not in (READ_REPLY, SET_REPLY):
        return 0
    return LONG if (data[1], data[2]) == (READ_REPLY, WEIGHT) else SHORT


class RequestDecoder(FrameStream[Request]):
    """What a cell hears."""

    def __init__(self) -> None:
        super().__init__(_request_size, decode_request, LONG)


class ReplyDecoder(FrameStream[Reply]):
    """What a host hears of any cell."""

    def __init__(self) -> None:
        super().__init__(_reply_size, decode_reply, LONG)
