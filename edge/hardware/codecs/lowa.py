"""Frames of shelf multiplexers of the LOWA type, both directions. Knows bytes only.

    @  LL  data  CC  CR        LL: two decimal digits, bytes after them; CC: XOR of all before, two hex digits
    request data  gw MUX channel | gl MUX | sz MUX channel | gm MUX        MUX three digits
    reply data    one weight: sign, 8 characters, status · list: sign, 9 characters, status for each channel
                  OK · a model's name

status: space ok, M moving, C not connected, E memory. A weight is in kg. A reply says neither who sent it nor
what was asked. The other head, # with 16 characters of identity, is not spoken here.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from edge.hardware.codecs.checksums import xor8
from edge.hardware.codecs.stream import FrameStream

HEAD, END = b"@", b"\r"
LONGEST = 3 + 99
WEIGH, LIST, ZERO, MODEL = "gw", "gl", "sz", "gm"
COMMANDS = (WEIGH, LIST, ZERO, MODEL)
ONE, EACH = 10, 11
"""Characters of data for a single weight, and for each of a list."""
OK, MOVING, NOT_CONNECTED, MEMORY = " ", "M", "C", "E"
NO_CELL = Decimal("-273.150")
"""Said for a channel without a cell."""
_REQUEST = re.compile(r"(gw|sz)([0-9]{3})([0-9A-Z])|(gl|gm)([0-9]{3})")
_WEIGHT = re.compile(r"([ +-])([0-9]{4,5}\.[0-9]{3})([ MCE])")


@dataclass(frozen=True, slots=True)
class Request:
    """channel: None where the command is for the whole multiplexer."""

    command: str
    mux: str
    channel: str | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """data: what stands between length and checksum."""

    data: str

    @property
    def weights(self) -> tuple["Weight", ...]:
        """The weights of a single reading or a list, by channel; none where it is something else."""
        each = ONE if len(self.data) == ONE else EACH
        parts = [self.data[at : at + each] for at in range(0, len(self.data), each)]
        found = [_WEIGHT.fullmatch(part) for part in parts]
        if not all(found) or len(self.data) % each:
            return ()
        return tuple(Weight(Decimal(m[1].strip() + m[2]), m[3]) for m in found if m is not None)


@dataclass(frozen=True, slots=True)
class Weight:
    """One channel. said: kilograms as they stand there."""

    said: Decimal
    status: str

    @property
    def kilograms(self) -> Decimal | None:
        """None where status or value say that there is no weight."""
        known = self.status in (OK, MOVING) and self.said != NO_CELL
        return self.said if known else None


def encode(frame: Request | Reply) -> bytes:
    """The bytes of ``frame`` on the wire, checksum included."""
    data = frame.data if isinstance(frame, Reply) else frame.command + frame.mux + (frame.channel or "")
    bare = f"@{len(data) + 3:02d}{data}".encode("ascii")
    return bare + f"{xor8(bare):02X}".encode("ascii") + END


def list_of(weights: tuple[tuple[Decimal, str], ...]) -> Reply:
    """The list reading of channels with these kilograms and statuses."""
    return Reply("".join(f"{'-' if kg < 0 else ' '}{abs(kg):09.3f}{status}" for kg, status in weights))


def single(kilograms: Decimal, status: str) -> Reply:
    """The reading of one channel."""
    return Reply(f"{'-' if kilograms < 0 else ' '}{abs(kilograms):08.3f}{status}")


def decode_request(packet: bytes) -> Request | None:
    """The request that ``packet`` is, whole; None for anything else."""
    data = _data(packet)
    found = None if data is None else _REQUEST.fullmatch(data)
    if found is None:
        return None
    return Request(found[1], found[2], found[3]) if found[1] else Request(found[4], found[5])


def decode_reply(packet: bytes) -> Reply | None:
    """The reply that ``packet`` is, whole; None for anything else."""
    data = _data(packet)
    return None if data is None or data[:2] in COMMANDS or not data.isprintable() else Reply(data)


def _data(packet: bytes) -> str | None:
    if size_of(packet) != len(packet) or not packet.isascii() or not packet.endswith(END):
        return None
    fits = packet[-3:-1] == f"{xor8(packet[:-3]):02X}".encode("ascii")
    return packet[3:-3].decode("ascii") if fits else None


def size_of(data: bytes) -> int | None:
    """Bytes of the frame that begins with ``data``; 0: none does; None: too few bytes to tell."""
    if data[:1] != HEAD or not all(48 <= digit <= 57 for digit in data[1:3]):
        return 0
    if len(data) < 3:
        return None
    size = 3 + int(data[1:3])
    return size if size >= 3 + 4 else 0


class RequestDecoder(FrameStream[Request]):
    """What a multiplexer hears."""

    def __init__(self) -> None:
        super().__init__(size_of, decode_request, LONGEST)


class ReplyDecoder(FrameStream[Reply]):
    """What a host hears."""

    def __init__(self) -> None:
        super().__init__(size_of, decode_reply, LONGEST)
