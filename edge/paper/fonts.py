"""A font that can draw a given text: embedded first, then the system's. It draws nothing itself.

Pillow has no fallback from font to font, so each text is checked before it is drawn.
"""

from collections.abc import Iterator
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

from edge.errors import CounterError

Weight = Literal["Regular", "Bold"]

ASSETS = Path(str(files("edge"))) / "assets" / "fonts"


class Face(NamedTuple):
    """One face of a font file on this machine. number: its place in a collection."""

    path: str
    number: int


SYSTEM: dict[Weight, tuple[Face, ...]] = {
    "Regular": (
        Face("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
        Face("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc", 2),
    ),
    "Bold": (
        Face("/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc", 2),
        Face("/usr/share/fonts/truetype/wqy/wqy-microhei.ttc", 0),
    ),
}
"""Debian's fonts-wqy-microhei and fonts-noto-cjk, where installed; number 2 is simplified Chinese."""


class CannotDraw(CounterError):
    """No font on this machine has these characters."""


@lru_cache(maxsize=1)
def embedded_characters() -> frozenset[str]:
    """What both embedded weights can draw, as ``tools/make_fonts.py`` found it."""
    text = (ASSETS / "coverage.txt").read_text(encoding="utf-8")
    return frozenset(text) | {" "}


@lru_cache(maxsize=64)
def _loaded(face: Face, size: int) -> FreeTypeFont:
    return ImageFont.truetype(face.path, size, index=face.number)


def _glyph(font: FreeTypeFont, character: str) -> bytes:
    mask = font.getmask(character)
    return repr(mask.size).encode() + bytes(mask)


def lacking(font: FreeTypeFont, text: str) -> set[str]:
    """Characters of ``text`` that ``font`` would draw as the box for "missing"."""
    box = _glyph(font, "\U0010ffff")  # never assigned, so no font has it
    return {char for char in set(text) if not char.isspace() and _glyph(font, char) == box}


def _choices(size: int, weight: Weight, text: str) -> Iterator[tuple[FreeTypeFont, set[str]]]:
    embedded = Face(str(ASSETS / f"NotoSansSC-GB2312-{weight}.woff2"), 0)
    yield _loaded(embedded, size), set(text) - embedded_characters()
    for face in SYSTEM[weight]:
        if Path(face.path).is_file():
            font = _loaded(face, size)
            yield font, lacking(font, text)


def font(size: int, weight: Weight, text: str) -> FreeTypeFont:
    """A font of ``size`` px that has every character of ``text``.

    Raises CannotDraw naming the characters that the embedded font lacks, when no other font has them.
    """
    fewest: set[str] | None = None
    for choice, missing in _choices(size, weight, text):
        if not missing:
            return choice
        fewest = missing if fewest is None or len(missing) < len(fewest) else fewest
    named = " ".join(f"{char} (U+{ord(char):04X})" for char in sorted(fewest or ()))
    raise CannotDraw(
        f"no font can draw {named} of {text!r}: install fonts-noto-cjk, or write it with other characters"
    )


def drawable(text: str) -> str:
    """``text``, as somebody typed it, with □ for each character that no font here has: paper comes anyhow."""
    weights: tuple[Weight, ...] = ("Regular", "Bold")
    for weight in weights:
        lacks = min((missing for _, missing in _choices(16, weight, text)), key=len)
        text = "".join("□" if char in lacks else char for char in text)
    return text
