"""Modbus RTU frames, both directions. Knows bytes only: no port, no time, no register map.

    read request    unit  01-04  address  count               CRC   8 bytes
    read reply      unit  01-04  n        n bytes             CRC   5 + n
    write one       unit  05 06  address  value               CRC   8; the reply is the same bytes
    write many      unit  0F 10  address  count  n  n bytes   CRC   9 + n
    its reply       unit  0F 10  address  count               CRC   8
    exception       unit  fc|80  code                         CRC   5

Words are high byte first, the CRC low byte first.
Source: Modbus Application Protocol V1.1b3; Modbus over Serial Line V1.02.
"""

import struct
from dataclasses import dataclass

from edge.hardware.codecs.checksums import crc16_modbus
from edge.hardware.codecs.stream import FrameStream

READS = (0x01, 0x02, 0x03, 0x04)
WRITES_ONE = (0x05, 0x06)
WRITES_MANY = (0x0F, 0x10)
BIT_READS = (0x01, 0x02)
FUNCTIONS = (*READS, *WRITES_ONE, *WRITES_MANY)

REFUSED = 0x80
"""Set in the function byte of an exception."""

SHORTEST = 5
"""Bytes of an exception, the shortest reply."""

LONGEST = 256
"""Bytes of the longest frame on a serial line."""

MOST_REGISTERS = 125
MOST_WRITTEN_REGISTERS = 123
"""In one request."""


@dataclass(frozen=True, slots=True)
class Read:
    """Request of FC 01-04. count: bits (01, 02) or registers (03, 04)."""

    unit: int
    function: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class ReadReply:
    """Answer to a Read. body: registers high byte first, or bits, lowest number in bit 0 of byte 0."""

    unit: int
    function: int
    body: bytes

    @property
    def registers(self) -> tuple[int, ...]:
        """The registers of an answer to FC 03 or 04, unsigned."""
        return struct.unpack(f">{len(self.body) // 2}H", self.body)

    def bits(self, count: int) -> tuple[bool, ...]:
        """The first ``count`` bits of an answer to FC 01 or 02."""
        return tuple(bool(self.body[i // 8] >> i % 8 & 1) for i in range(count))


@dataclass(frozen=True, slots=True)
class WriteOne:
    """FC 05 (value 0xFF00 on, 0x0000 off) or 06; the reply is the same frame."""

    unit: int
    function: int
    address: int
    value: int


@dataclass(frozen=True, slots=True)
class WriteMany:
    """Request of FC 0F or 10. count: bits or registers; body: as in ReadReply."""

    unit: int
    function: int
    address: int
    count: int
    body: bytes


@dataclass(frozen=True, slots=True)
class WriteManyReply:
    unit: int
    function: int
    address: int
    count: int


@dataclass(frozen=True, slots=True)
class Refusal:
    """An exception. function: as asked, without the high bit.

    code: 1 unknown function, 2 address, 3 value, 4 failed.
    """

    unit: int
    function: int
    code: int


Request = Read | WriteOne | WriteMany
Reply = ReadReply | WriteOne | WriteManyReply | Refusal


def registers(words: tuple[int, ...]) -> bytes:
    """``words`` (unsigned, 16 bits) as the body of a frame."""
    return struct.pack(f">{len(words)}H", *words)


def bits(values: tuple[bool, ...]) -> bytes:
    """``values`` as the body of a frame, the first in bit 0 of byte 0."""
    body = bytearray((len(values) + 7) // 8)
    for i, value in enumerate(values):
        body[i // 8] |= value << i % 8
    return bytes(body)


def encode(frame: Request | Reply) -> bytes:
    """The bytes of ``frame`` on the wire, CRC included."""
    bare = _bare(frame)
    return bare + crc16_modbus(bare).to_bytes(2, "little")


def _bare(frame: Request | Reply) -> bytes:
    match frame:
        case Read(unit, function, address, count) | WriteManyReply(unit, function, address, count):
            return struct.pack(">BBHH", unit, function, address, count)
        case WriteOne(unit, function, address, value):
            return struct.pack(">BBHH", unit, function, address, value)
        case WriteMany(unit, function, address, count, body):
            return struct.pack(">BBHHB", unit, function, address, count, len(body)) + body
        case ReadReply(unit, function, body):
            return struct.pack(">BBB", unit, function, len(body)) + body
        case Refusal(unit, function, code):
            return struct.pack(">BBB", unit, function | REFUSED, code)


def reply_size(request: Request) -> int:
    """Bytes of the answer to ``request`` when it is not an exception."""
    if not isinstance(request, Read):
        return 8
    return 5 + ((request.count + 7) // 8 if request.function in BIT_READS else 2 * request.count)


def decode_request(packet: bytes) -> Request | None:
    """The request that ``packet`` is, whole; None for anything else."""
    if len(packet) < 8 or _request_size(packet) != len(packet) or crc16_modbus(packet) != 0:
        return None
    unit, function, address, value = struct.unpack_from(">BBHH", packet)
    if function in READS:
        return Read(unit, function, address, value)
    if function in WRITES_ONE:
        return WriteOne(unit, function, address, value)
    return WriteMany(unit, function, address, value, packet[7:-2])


def decode_reply(packet: bytes) -> Reply | None:
    """The reply that ``packet`` is, whole; None for anything else."""
    if len(packet) < SHORTEST or _reply_size(packet) != len(packet) or crc16_modbus(packet) != 0:
        return None
    unit, function = packet[0], packet[1]
    if function & REFUSED:
        return Refusal(unit, function & ~REFUSED, packet[2])
    if function in READS:
        return ReadReply(unit, function, packet[3:-2])
    address, value = struct.unpack_from(">HH", packet, 2)
    kind = WriteOne if function in WRITES_ONE else WriteManyReply
    return kind(unit, function, address, value)


def _request_size(data: bytes) -> int | None:
    """Bytes of the request that begins with ``data``; 0: none does; None: too few bytes to tell."""
    if len(data) < 2:
        return None
    if data[1] in READS or data[1] in WRITES_ONE:
        return 8
    if data[1] not in WRITES_MANY:
        return 0
    if len(data) < 7:
        return None
    count, size = data[4] << 8 | data[5], data[6]
    fits = (count + 7) // 8 == size if data[1] == 0x0F else 2 * count == size
    return 9 + size if fits and 0 < size <= LONGEST - 9 else 0


def _reply_size(data: bytes) -> int | None:
    """Bytes of the reply that begins with ``data``; 0: none does; None: too few bytes to tell."""
    if len(data) < 3:
        return None
    function = data[1]
    if function & REFUSED:
        return 5 if function & ~REFUSED in FUNCTIONS else 0
    if function in READS:
        return 5 + data[2] if 0 < data[2] <= LONGEST - 6 else 0
    return 8 if function in FUNCTIONS else 0


class RequestDecoder(FrameStream[Request]):
    """What a slave hears on a pair that it may share with other units and other protocols."""

    def __init__(self) -> None:
        super().__init__(_request_size, decode_request, LONGEST)


class ReplyDecoder(FrameStream[Reply]):
    """What a listener hears of slaves' answers: any unit, any function."""

    def __init__(self) -> None:
        super().__init__(_reply_size, decode_reply, LONGEST)
