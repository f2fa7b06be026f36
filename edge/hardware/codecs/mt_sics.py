"""Lines of MT-SICS, level 0 and 1, both directions. Knows bytes only.

    request   S | SI | SIR | Z | ZI | T | TI | TA | TAC | @ | I0 … I5                    CR LF
    weight    S  S|D  value  unit     S at rest, D moving                                 CR LF
    no weight S  I|+|-                I cannot now, + overload, - underload               CR LF
    done      Z  A|S|D|I|+|-     T  S|D value unit | I|+|-                                CR LF
    named     I0 … I5  A|B|I  text                                                        CR LF
    error     ES syntax, ET transmission, EL cannot be done                               CR LF

Padding between the status and the value is to be verified on a device and is matched loosely.
"""

import re
from dataclasses import dataclass
from decimal import Decimal

from edge.hardware.codecs.stream import FrameStream

LONGEST = 64
COMMANDS = ("S", "SI", "SIR", "Z", "ZI", "T", "TI", "TA", "TAC", "@", "I0", "I1", "I2", "I3", "I4", "I5")
ERRORS = {"ES": "syntax", "ET": "transmission", "EL": "logic"}
GRAMS = {"g": Decimal(1), "kg": Decimal(1000), "mg": Decimal("0.001"), "lb": Decimal("453.59237")}
_WEIGHT = re.compile(r"(S|T|TA) (S|D|A) +(-?[0-9]+(?:\.[0-9]+)?) ([A-Za-z]{1,3}) *")
_BARE = re.compile(r"(S|T|Z|TA|TAC|ZI|TI) ([A-Z+-]) *")
_NAMED = re.compile(r"(I[0-5]) ([A-Z])(?: (.*))?")
_HEADS = tuple("STZIE@Q")


@dataclass(frozen=True, slots=True)
class Command:
    """What a host says; a command that nobody knows is answered with ES."""

    text: str


@dataclass(frozen=True, slots=True)
class Reply:
    """What a scale says. text: as it was said. grams: None where there is no value or its unit is unknown."""

    text: str
    command: str
    status: str
    grams: Decimal | None = None


def encode(frame: Command | Reply) -> bytes:
    """The bytes of ``frame`` on the wire."""
    return frame.text.encode("ascii") + b"\r\n"


def weight_of(command: str, status: str, grams: Decimal, decimals: int = 2) -> Reply:
    """The answer with a weight in it."""
    return _parsed(f"{command} {status} {grams:>10.{decimals}f} g")


def bare(command: str, status: str) -> Reply:
    """The answer without a weight: ``S I``, ``Z A``."""
    return _parsed(f"{command} {status}")


def decode_request(packet: bytes) -> Command | None:
    """The command that ``packet`` is, whole; None for anything else."""
    text = _text(packet)
    known = text is not None and re.fullmatch(r"@|[A-Z][A-Z0-9]{0,3}", text) is not None
    return Command(text) if text is not None and known and text not in ERRORS else None


def decode_reply(packet: bytes) -> Reply | None:
    """The answer that ``packet`` is, whole; None for anything else."""
    text = _text(packet)
    try:
        return None if text is None else _parsed(text)
    except ValueError:
        return None


def _text(packet: bytes) -> str | None:
    whole = packet.endswith(b"\r\n") and packet.count(b"\n") == 1 and len(packet) <= LONGEST
    return packet[:-2].decode("ascii") if whole and packet.isascii() else None


def _parsed(text: str) -> Reply:
    if text in ERRORS:
        return Reply(text, text, "")
    if (found := _WEIGHT.fullmatch(text)) is not None:
        command, status, number, unit = found.groups()
        factor = GRAMS.get(unit)
        return Reply(text, command, status, None if factor is None else Decimal(number) * factor)
    if (found := _BARE.fullmatch(text) or _NAMED.fullmatch(text)) is not None:
        return Reply(text, found[1], found[2])
    raise ValueError(f"{text!r} is no answer")


def size_of(data: bytes) -> int | None:
    """Bytes of the line that begins with ``data``; 0: none does; None: too few bytes to tell."""
    if data[:1].decode("latin-1") not in _HEADS:
        return 0
    end = data.find(b"\r\n")
    return end + 2 if end >= 0 else (None if len(data) < LONGEST else 0)


class RequestDecoder(FrameStream[Command]):
    """What a scale hears."""

    def __init__(self) -> None:
        super().__init__(size_of, decode_request, LONGEST)


class ReplyDecoder(FrameStream[Reply]):
    """What a host hears."""

    def __init__(self) -> None:
        super().__init__(size_of, decode_reply, LONGEST)
