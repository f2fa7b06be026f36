"""EAN bar codes as bars of whole pixels. It knows the symbol, not what it is printed on.

Source: GS1 General Specifications, section 5.2 (EAN/UPC): symbol structure, number sets, quiet zones. A
GTIN-12 is the EAN-13 symbol with a leading zero; a GTIN-8 (five leading zeros) has the EAN-8 symbol.
The bars are drawn lower than the nominal 22.85 mm, as shelf labels do: scanners aim at them by hand.
"""

from dataclasses import dataclass
from functools import lru_cache

from PIL import Image, ImageDraw

from edge.domain.gtin import gtin, normal
from edge.errors import BadInput
from edge.paper.fonts import font

WHITE, BLACK = 255, 0
SET_A = (
    "0001101", "0011001", "0010011", "0111101", "0100011",
    "0110001", "0101111", "0111011", "0110111", "0001011",
)  # fmt: skip
"""Number set A: the modules of 0 … 9, 1 is a bar. Set C is its inverse, set B is C read backwards."""
SET_C = tuple("".join("10"[int(module)] for module in code) for code in SET_A)
SET_B = tuple(code[::-1] for code in SET_C)
LEFT = ("AAAAAA", "AABABB", "AABBAB", "AABBBA", "ABAABB", "ABBAAB", "ABBBAA", "ABABAB", "ABABBA", "ABBABA")
"""EAN-13: which sets the left six digits take; so the first digit is told without a place of its own."""
GUARD, CENTRE = "101", "01010"
WIDTH = 11 + 95 + 7
"""Modules of an EAN-13 symbol with its quiet zones; an EAN-8 has fewer."""
DIGITS_HIGH = 9
"""Height of the line of digits, in modules."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """modules: 1 is a bar. guards: places of the bars that reach down between the digits.

    quiet: white modules left and right. texts: the digits, each group with its first module and its width.
    """

    modules: str
    guards: frozenset[int]
    quiet: tuple[int, int]
    texts: tuple[tuple[str, int, int], ...]

    @property
    def width(self) -> int:
        """In modules, quiet zones counted."""
        return sum(self.quiet) + len(self.modules)


def digits_of(text: str) -> str:
    """A GTIN as the 13 digits of its symbol.

    Raises BadInput: it is no GTIN, its check digit is wrong, or it is that of a case (GTIN-14), which these
    bars cannot hold.
    """
    try:
        digits = normal(gtin(text))
    except ValueError as error:
        raise BadInput(f"{text!r} {error}") from error
    if digits[0] != "0":
        raise BadInput(f"{text!r} is the number of a case: an EAN-13 has no place for its first digit")
    return digits[1:]


def symbol(text: str) -> Symbol:
    """The symbol of a GTIN-13, GTIN-12 or GTIN-8. Raises BadInput as ``digits_of`` does."""
    digits = digits_of(text)
    return _ean8(digits[5:]) if digits.startswith("00000") else _ean13(digits)


def _ean13(digits: str) -> Symbol:
    sets = LEFT[int(digits[0])]
    left = "".join(
        (SET_A if kind == "A" else SET_B)[int(d)] for kind, d in zip(sets, digits[1:7], strict=True)
    )
    texts = ((digits[0], -9, 7), (digits[1:7], 4, 41), (digits[7:], 50, 41))
    return _symbol(left, digits[7:], (11, 7), texts)


def _ean8(digits: str) -> Symbol:
    left = "".join(SET_A[int(digit)] for digit in digits[:4])
    return _symbol(left, digits[4:], (7, 7), ((digits[:4], 4, 27), (digits[4:], 36, 27)))


def _symbol(left: str, right: str, quiet: tuple[int, int], texts: tuple[tuple[str, int, int], ...]) -> Symbol:
    modules = GUARD + left + CENTRE + "".join(SET_C[int(digit)] for digit in right) + GUARD
    middle = len(GUARD) + len(left)
    ends = {0, 2, len(modules) - 3, len(modules) - 1}
    return Symbol(modules, frozenset(ends | {middle + 1, middle + 3}), quiet, texts)


def bars(text: str, module: int, height: int) -> Image.Image:
    """The symbol of ``text`` without its digits, with its quiet zones. module: px a module; height: px.

    The guard bars reach to the bottom, the others end half a line of digits above it.
    """
    drawn = symbol(text)
    picture = Image.new("L", (drawn.width * module, height), WHITE)
    draw = ImageDraw.Draw(picture)
    for place, bar in enumerate(drawn.modules):
        if bar == "1":
            left = (drawn.quiet[0] + place) * module
            low = height if place in drawn.guards else height - DIGITS_HIGH * module // 2
            draw.rectangle((left, 0, left + module - 1, low - 1), fill=BLACK)
    return picture


@lru_cache(maxsize=64)
def labelled(text: str, module: int, height: int) -> Image.Image:
    """``bars`` of ``height`` px with the digits below, as a person reads them aloud."""
    drawn = symbol(text)
    high = DIGITS_HIGH * module
    picture = Image.new("L", (drawn.width * module, height + high // 2), WHITE)
    picture.paste(bars(text, module, height), (0, 0))
    draw = ImageDraw.Draw(picture)
    size = max(10, high - module)
    for digits, first, width in drawn.texts:
        for place, digit in enumerate(digits):
            middle = drawn.quiet[0] + first + width * (place + 0.5) / len(digits)
            face = font(size, "Regular", digit)
            draw.text((middle * module, picture.height - 1), digit, fill=BLACK, font=face, anchor="ms")
    return picture
