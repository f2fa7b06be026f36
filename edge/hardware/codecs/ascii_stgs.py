"""Lines of scales that say their weight over and over (CAS, A&D, T-Scale and clones). Knows bytes only.

    ST,GS,+  1.500kg<CR><LF>     status , mode  sign  number  unit

status: ST at rest, US moving, OL overload. mode: GS gross, NT net, TR tare. Padding differs between makers
and is matched loosely. A line without digits has no value. Who joins in mid-line reads nothing of it.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from edge.hardware.codecs.stream import FrameStream

LONGEST = 64
"""Bytes of the longest line that is accepted; the makers' have 16 to 20."""

STATUSES = ("ST", "US", "OL")
GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "lb": Decimal("453.59237")}
_LINE = re.compile(
    r"(ST|US|OL) *, *(GS|NT|TR)[, ] *([+-]?) *([0-9]+(?:\.[0-9]+)?|\.[0-9]+|[- .]*) *(kg|g|lb) *"
)


@dataclass(frozen=True, slots=True)
class Line:
    """text: the line as it was said, without its end. grams: None where it has no value."""

    text: str
    status: str
    mode: str
    grams: Decimal | None


def encode(line: Line) -> bytes:
    """The bytes of ``line`` on the wire."""
    return line.text.encode("ascii") + b"\r\n"


def line_of(status: str, mode: str, kilograms: Decimal | None) -> Line:
    """The line that a scale says; None: dashes instead of digits."""
    number = "  ------" if kilograms is None else f"{abs(kilograms):>7.3f}"
    sign = "-" if kilograms is not None and kilograms < 0 else "+"
    return _parsed(f"{status},{mode},{sign}{number}kg")


def decode_reply(packet: bytes) -> Line | None:
    """The line that ``packet`` is, whole; None for anything else."""
    if not packet.endswith(b"\r\n") or len(packet) > LONGEST or not packet.isascii():
        return None
    try:
        return _parsed(packet[:-2].decode("ascii"))
    except ValueError:
        return None


def _parsed(text: str) -> Line:
    if (found := _LINE.fullmatch(text)) is None:
        raise ValueError(f"{text!r} is no line of a scale")
    status, mode, sign, number, unit = found.groups()
    if status == "OL" or not any(each.isdigit() for each in number):
        return Line(text, status, mode, None)
    return Line(text, status, mode, Decimal(sign + number) * GRAMS[unit])


def size_of(data: bytes) -> int | None:
    """Bytes of the line that begins with ``data``; 0: none does; None: too few bytes to tell."""
    if data[:2].decode("latin-1") not in STATUSES:
        return None if len(data) == 1 and data in (b"S", b"U", b"O") else 0
    end = data.find(b"\r\n")
    return end + 2 if end >= 0 else (None if len(data) < LONGEST else 0)


class ReplyDecoder(FrameStream[Line]):
    """What a listener hears, whenever it joined."""

    def __init__(self) -> None:
        super().__init__(size_of, decode_reply, LONGEST)
