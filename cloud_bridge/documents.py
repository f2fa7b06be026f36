"""Versioned texts as commands carry them: a snapshot or a delta of lines, cut in parts, proven by hash. Pure.

A snapshot is the zlib stream of the text in UTF-8, a delta that of a JSON list that rebuilds it from the
lines of its base: ``n`` keep the next n lines, ``-n`` drop them, a string: add it. Whoever joins the parts
has the text whose SHA-256 they name, or an error; never half of it.
"""

import base64
import binascii
import hashlib
import zlib
from collections.abc import Callable, Iterable, Iterator
from difflib import SequenceMatcher

import msgspec

from cloud_bridge.commands import MAX_PARTS, Document

PART_BYTES = 24 * 1024
"""Of the zlib stream in one part: base64 twice and the envelope make some 45 KiB of it."""
MAX_TEXT_BYTES = 4 * 1024 * 1024
"""Of a text or a delta, unpacked: a zlib stream of 4 KB may claim to be 4 MB, and no more."""

Op = int | str


class BadDocument(ValueError):
    """These parts give no text. code: stable, one of ``CODES``."""

    def __init__(self, code: str, why: str = "") -> None:
        super().__init__(f"{code}: {why}" if why else code)
        self.code, self.why = code, why


CODES = (
    "PART_MISSING",
    "PARTS_DIFFER",  # they are not of one document
    "BASE_UNKNOWN",  # nobody here has the text that the delta starts from: a snapshot is needed
    "TOO_LARGE",
    "CORRUPT",  # no base64, no zlib stream, no operations on these lines
    "HASH",  # a text came out, and it is another one
)


def digest(text: str) -> str:
    """SHA-256 of ``text`` in UTF-8, 64 hex digits: what proves a version. Raises BadDocument TOO_LARGE."""
    return hashlib.sha256(_bytes(text)).hexdigest()


def snapshot(text: str, version: str) -> tuple[Document, ...]:
    """``text`` as parts that need nothing before them. Raises BadDocument TOO_LARGE."""
    return _parts(_bytes(text), version, digest(text), None)


def delta(base: str, text: str, version: str) -> tuple[Document, ...]:
    """``text`` as parts for whoever has ``base``. Raises BadDocument TOO_LARGE."""
    operations = msgspec.json.encode(list(_operations(_lines(base), _lines(text))))
    return _parts(operations, version, digest(text), digest(base))


def shortest(base: str | None, text: str, version: str) -> tuple[Document, ...]:
    """A delta where there is a base and it is the shorter way, else a snapshot."""
    whole = snapshot(text, version)
    if base is None:
        return whole
    difference = delta(base, text, version)
    return difference if _size(difference) < _size(whole) else whole


def joined(parts: Iterable[Document], base_of: Callable[[str], str | None]) -> str:
    """The text that ``parts`` (in any order, also more than once) carry. Raises BadDocument.

    base_of: the text of a digest, where it is at hand.
    """
    by_number = {part.part: part for part in parts}
    if not by_number:
        raise BadDocument("PART_MISSING", "there is none")
    first = next(iter(by_number.values()))
    if any(_identity(part) != _identity(first) for part in by_number.values()):
        raise BadDocument("PARTS_DIFFER")
    if missing := sorted(set(range(1, first.of + 1)) - by_number.keys()):
        raise BadDocument("PART_MISSING", ", ".join(map(str, missing)))
    data = _unpacked(b"".join(_data(by_number[n]) for n in sorted(by_number)))
    text = _text(data) if first.base is None else _rebuilt(data, first.base, base_of)
    if digest(text) != first.sha256:
        raise BadDocument("HASH", f"not {first.sha256[:16]}")
    return text


# --- a text ↔ operations ----------------------------------------------------------------------------
def _lines(text: str) -> list[str]:
    """With their line feeds; nothing else ends a line, so both banks cut alike."""
    lines = [f"{line}\n" for line in text.split("\n")]
    lines[-1] = lines[-1].removesuffix("\n")
    return lines if lines[-1] else lines[:-1]


def _operations(before: list[str], after: list[str]) -> Iterator[Op]:
    for tag, low, high, new_low, new_high in SequenceMatcher(None, before, after).get_opcodes():
        if tag == "equal":
            yield high - low
        elif high > low:
            yield low - high
        if tag in ("replace", "insert"):
            yield "".join(after[new_low:new_high])


def _rebuilt(data: bytes, wanted: str, base_of: Callable[[str], str | None]) -> str:
    base = base_of(wanted)
    if base is None or digest(base) != wanted:
        raise BadDocument("BASE_UNKNOWN", wanted[:16])
    try:
        operations = msgspec.json.decode(data, type=list[Op])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadDocument("CORRUPT", str(error)) from error
    lines, place, found = _lines(base), 0, []
    for operation in operations:
        if isinstance(operation, str):
            found.append(operation)
            continue
        place, start = place + abs(operation), place
        if place > len(lines):
            raise BadDocument("CORRUPT", f"line {place} of {len(lines)}")
        if operation > 0:
            found += lines[start:place]
    return "".join(found)


# --- bytes ↔ parts ----------------------------------------------------------------------------------
def _parts(data: bytes, version: str, sha256: str, base: str | None) -> tuple[Document, ...]:
    packed = zlib.compress(data, 9)
    pieces = [packed[i : i + PART_BYTES] for i in range(0, len(packed), PART_BYTES)]
    if len(pieces) > MAX_PARTS:
        raise BadDocument("TOO_LARGE", f"{len(packed)} bytes packed")
    return tuple(
        Document(
            version=version,
            sha256=sha256,
            base=base,
            part=number,
            of=len(pieces),
            data=base64.b64encode(piece).decode("ascii"),
        )
        for number, piece in enumerate(pieces, start=1)
    )


def _identity(part: Document) -> tuple[str, str, str | None, int]:
    return part.version, part.sha256, part.base, part.of


def _size(parts: Iterable[Document]) -> int:
    return sum(len(part.data) for part in parts)


def _data(part: Document) -> bytes:
    try:
        return base64.b64decode(part.data, validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadDocument("CORRUPT", f"part {part.part}: {error}") from error


def _unpacked(packed: bytes) -> bytes:
    stream = zlib.decompressobj()
    try:
        data = stream.decompress(packed, MAX_TEXT_BYTES + 1)
    except zlib.error as error:
        raise BadDocument("CORRUPT", str(error)) from error
    if len(data) > MAX_TEXT_BYTES:
        raise BadDocument("TOO_LARGE", f"more than {MAX_TEXT_BYTES} bytes")
    if not stream.eof or stream.unused_data:
        raise BadDocument("CORRUPT", "the stream ends too early or too late")
    return data


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError as error:
        raise BadDocument("CORRUPT", str(error)) from error


def _bytes(text: str) -> bytes:
    try:
        data = text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise BadDocument("CORRUPT", str(error)) from error
    if len(data) > MAX_TEXT_BYTES:
        raise BadDocument("TOO_LARGE", f"{len(data)} bytes")
    return data
