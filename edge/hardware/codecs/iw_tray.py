"""Frames between an iw cabinet controller and one of its trays, both directions. Knows bytes only.

    request  4D 4C ("ML")  count  address  code  data          CRC16 high, low
    reply    4D 4C         count  address  code  result, data  CRC16 high, low

    code            data of the request    data of the answer
    00 net weight   none                   grams (no result before them)
    01 tare         none                   result
    02 zero point   none                   result
    03 span         grams                  result
    04 id           none                   bytes
    05 firmware     bytes                  result
    06 set address  address                result

count: bytes after it and before the CRC. result: 00 done, 01 failed. Grams are 16 bit with a sign, low byte
first; 7FFF: the cell is faulty. The CRC is that of Modbus with its bytes the other way round.
Nothing of the counter speaks on this line; the frames are for whoever listens on it.
Source: the controller's public firmware; no frame of a real board has been seen.
"""

from dataclasses import dataclass

from edge.hardware.codecs.checksums import crc16_modbus
from edge.hardware.codecs.stream import FrameStream

MAGIC = b"ML"
WEIGHT, TARE, ZERO, SPAN, ID, FIRMWARE, SET_ADDRESS = range(7)
DONE, FAILED = 0x00, 0x01
FAULTY = 0x7FFF

BARE = 7
"""Bytes of a frame without data."""
LONGEST = 5 + 64
"""Chosen: more than any code but the firmware's blocks needs."""

_ASKED = {WEIGHT: 0, TARE: 0, ZERO: 0, SPAN: 2, ID: 0, SET_ADDRESS: 1}
_ANSWERED = {WEIGHT: 2, TARE: 1, ZERO: 1, SPAN: 1, FIRMWARE: 1, SET_ADDRESS: 1}
"""Bytes of data by code, where they are always the same."""


@dataclass(frozen=True, slots=True)
class Request:
    """What the controller says."""

    address: int
    code: int
    data: bytes = b""

    @property
    def grams(self) -> int:
        """The weight in SPAN."""
        return int.from_bytes(self.data, "little", signed=True)


@dataclass(frozen=True, slots=True)
class Reply:
    """What a tray says."""

    address: int
    code: int
    data: bytes = b""

    @property
    def grams(self) -> int | None:
        """The weight in an answer to WEIGHT; None: the cell is faulty."""
        grams = int.from_bytes(self.data, "little", signed=True)
        return None if grams == FAULTY else grams

    @property
    def is_done(self) -> bool:
        """Whether the tray did what it was told, in the other answers."""
        return self.data[:1] == bytes([DONE])


def grams_of(grams: int | None) -> bytes:
    """The two bytes of a weight; None: the cell is faulty."""
    return (FAULTY if grams is None else grams).to_bytes(2, "little", signed=True)


def encode(frame: Request | Reply) -> bytes:
    """The bytes of ``frame`` on the wire, CRC included."""
    bare = MAGIC + bytes([2 + len(frame.data), frame.address, frame.code]) + frame.data
    return bare + crc16_modbus(bare).to_bytes(2, "big")


def decode_request(packet: bytes) -> Request | None:
    """The request that ``packet`` is, whole; None for anything else."""
    if not _is_sound(packet) or _ASKED.get(packet[4], len(packet) - BARE) != len(packet) - BARE:
        return None
    return Request(packet[3], packet[4], packet[5:-2])


def decode_reply(packet: bytes) -> Reply | None:
    """The reply that ``packet`` is, whole; None for anything else."""
    if not _is_sound(packet) or _ANSWERED.get(packet[4], len(packet) - BARE) != len(packet) - BARE:
        return None
    return Reply(packet[3], packet[4], packet[5:-2])


def reply_size(request: Request) -> int:
    """Bytes of the answer to ``request``; 0 where the tray chooses them."""
    return BARE + _ANSWERED[request.code] if request.code in _ANSWERED else 0


def _is_sound(packet: bytes) -> bool:
    if _size(packet) != len(packet) or packet[4] > SET_ADDRESS:
        return False
    return crc16_modbus(packet[:-2]).to_bytes(2, "big") == packet[-2:]


def _size(data: bytes) -> int | None:
    """Bytes of the frame that begins with ``data``; 0: none does; None: too few bytes to tell."""
    if not MAGIC.startswith(data[: len(MAGIC)]):
        return 0
    if len(data) <= len(MAGIC):
        return None
    return data[2] + 5 if BARE <= data[2] + 5 <= LONGEST else 0


class RequestDecoder(FrameStream[Request]):
    """What a tray hears."""

    def __init__(self) -> None:
        super().__init__(_size, decode_request, LONGEST)


class ReplyDecoder(FrameStream[Reply]):
    """What the controller hears."""

    def __init__(self) -> None:
        super().__init__(_size, decode_reply, LONGEST)
