"""Frames of the iw cabinet controllers on the host's line, both directions. Knows bytes only.

    request  01  code  data of the request  CRC16 low, high
    reply    01  code  data of the answer   CRC16 low, high

    code                   data of the request      data of the answer
    01 tare                tray                     01 done, 00 failed
    02 calibrate           tray, grams              01 / 00; grams 0 is the zero point
    03 net weight          tray 1-20, 00 all        grams; for all always 20 of them
    04 how many trays      none                     count
    0A set temperature     degrees                  01 / 00
    11 door                none                     01 open, 00 closed
    21 unlock, 22 lock     none                     01 / 00
    23 bolt                none                     01 drawn, 00 in, FF error
    41 temperature         none                     degrees set, degrees found (7F: the probe is broken)
    51 maker, 52 version   none                     2 bytes, 3 bytes
    53 new firmware        size, MD5                none
    F0 compressor          01 on, 00 off            the same

Grams are 16 bit with a sign, high byte first; FFFF: the tray is faulty (the firmware says 0 for a true
-1 g); degrees are 8 bit with a sign. An unknown code is answered with itself and no data; a wrong CRC,
address or length with silence. The CRC is that of Modbus, the codes are not.
Source: the controller's public firmware; no frame of a real board has been seen.
"""

from dataclasses import dataclass

from edge.hardware.codecs.checksums import crc16_modbus
from edge.hardware.codecs.stream import FrameStream

ADDRESS = 0x01
TARE, CALIBRATE, WEIGHT, COUNT, SET_TEMPERATURE = 0x01, 0x02, 0x03, 0x04, 0x0A
DOOR, UNLOCK, LOCK, BOLT = 0x11, 0x21, 0x22, 0x23
TEMPERATURE, MAKER, VERSION, FIRMWARE, COMPRESSOR = 0x41, 0x51, 0x52, 0x53, 0xF0
ALL = 0x00
MOST_TRAYS = 20

DONE, FAILED = 0x01, 0x00
OPEN, CLOSED = 0x01, 0x00
DRAWN, IN, ERROR = 0x01, 0x00, 0xFF
FAULTY_TRAY = b"\xff\xff"
FAULTY_PROBE = 0x7F

BARE = 4
"""Bytes of a frame without data."""
LONGEST = BARE + 2 * MOST_TRAYS

_ASKED = {TARE: 1, CALIBRATE: 3, WEIGHT: 1, SET_TEMPERATURE: 1, FIRMWARE: 20, COMPRESSOR: 1}
_ANSWERED = {
    TARE: 1, CALIBRATE: 1, COUNT: 1, SET_TEMPERATURE: 1, DOOR: 1, UNLOCK: 1, LOCK: 1, BOLT: 1,
    TEMPERATURE: 2, MAKER: 2, VERSION: 3, FIRMWARE: 0, COMPRESSOR: 1,
}  # fmt: skip
"""Bytes of data by code, where they do not depend on what was asked; an unknown code has none."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a host says."""

    code: int
    data: bytes = b""


@dataclass(frozen=True, slots=True)
class Reply:
    """What the controller says."""

    code: int
    data: bytes = b""

    @property
    def is_unknown(self) -> bool:
        """Whether the controller does not know the code that it was asked."""
        return not self.data and self.code != FIRMWARE

    @property
    def grams(self) -> tuple[int | None, ...]:
        """The weights in an answer to WEIGHT: of one tray, or in 20 places; None: the tray is faulty."""
        return tuple(grams_in(self.data[at : at + 2]) for at in range(0, len(self.data), 2))

    @property
    def degrees(self) -> tuple[int, int | None]:
        """Set and found, in an answer to TEMPERATURE; None: the probe is broken. Whole degrees Celsius."""
        wanted, found = (int.from_bytes(self.data[at : at + 1], "big", signed=True) for at in (0, 1))
        return wanted, None if found == FAULTY_PROBE else found


def grams_in(word: bytes) -> int | None:
    """The weight in two bytes; None: the tray is faulty."""
    return None if word == FAULTY_TRAY else int.from_bytes(word, "big", signed=True)


def grams_of(grams: int | None) -> bytes:
    """The two bytes of a weight; None: the tray is faulty. A true -1 g is said as 0, as the firmware does."""
    return FAULTY_TRAY if grams is None else (0 if grams == -1 else grams).to_bytes(2, "big", signed=True)


def encode(frame: Request | Reply) -> bytes:
    """The bytes of ``frame`` on the wire, CRC included."""
    bare = bytes([ADDRESS, frame.code]) + frame.data
    return bare + crc16_modbus(bare).to_bytes(2, "little")


def decode_request(packet: bytes) -> Request | None:
    """The request that ``packet`` is, whole; None for anything else."""
    if not _is_sound(packet) or _request_size(packet) != len(packet):
        return None
    return Request(packet[1], packet[2:-2])


def decode_reply(packet: bytes) -> Reply | None:
    """The reply that ``packet`` is, whole; None for anything else."""
    if not _is_sound(packet) or len(packet) not in _reply_sizes(packet[1]):
        return None
    return Reply(packet[1], packet[2:-2])


def reply_size(request: Request) -> int:
    """Bytes of the answer to ``request`` by a controller that knows it."""
    if request.code == WEIGHT:
        return LONGEST if request.data == bytes([ALL]) else BARE + 2
    return BARE + _ANSWERED.get(request.code, 0)


def _is_sound(packet: bytes) -> bool:
    return len(packet) >= BARE and packet[0] == ADDRESS and crc16_modbus(packet) == 0


def _reply_sizes(code: int) -> tuple[int, ...]:
    """Lengths that an answer with ``code`` may have; the shortest says that the code is unknown."""
    if code == WEIGHT:
        return BARE, BARE + 2, LONGEST
    return tuple(sorted({BARE, BARE + _ANSWERED.get(code, 0)}))


def _request_size(data: bytes) -> int | None:
    if not data or data[0] != ADDRESS:
        return 0 if data else None
    return None if len(data) < 2 else BARE + _ASKED.get(data[1], 0)


def _reply_size(data: bytes) -> int | None:
    """The first length at which the CRC fits: the answer does not say how long it is."""
    if not data or data[0] != ADDRESS:
        return 0 if data else None
    if len(data) < 2:
        return None
    sizes = _reply_sizes(data[1])
    fitting = (size for size in sizes if len(data) >= size and crc16_modbus(data[:size]) == 0)
    longest = sizes[-1]
    return next(fitting, longest if len(data) >= longest else None)


class RequestDecoder(FrameStream[Request]):
    """What the controller hears."""

    def __init__(self) -> None:
        super().__init__(_request_size, decode_request, LONGEST)


class ReplyDecoder(FrameStream[Reply]):
    """What a host hears."""

    def __init__(self) -> None:
        super().__init__(_reply_size, decode_reply, LONGEST)
