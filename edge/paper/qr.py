"""QR codes: as pictures of whole pixels a module, for the screen, and as text for a terminal."""

import io
from functools import lru_cache

import qrcode
from PIL import Image
from qrcode.constants import ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q

from edge.errors import BadInput

QUIET = 4
"""White modules around a QR code (ISO/IEC 18004 asks for four)."""
L, M, Q = ERROR_CORRECT_L, ERROR_CORRECT_M, ERROR_CORRECT_Q
"""Levels: what may be lost is 7 %, 15 %, 25 % of the code."""
BLACK, WHITE = 0, 255


Matrix = tuple[tuple[bool, ...], ...]


@lru_cache(maxsize=64)
def matrix(text: str, level: int, quiet: int = QUIET) -> Matrix:
    """The modules of ``text``, quiet zone in it; True is dark. Raises BadInput when no code can hold it."""
    code = qrcode.QRCode(error_correction=level, border=quiet, box_size=1)
    code.add_data(text)
    try:
        code.make(fit=True)
    except ValueError as error:
        raise BadInput(f"{len(text)} characters are too many for a QR code: {text[:40]!r}…") from error
    return tuple(tuple(bool(dark) for dark in row) for row in code.get_matrix())


def picture(text: str, level: int, side: int, quiet: int = QUIET) -> Image.Image:
    """``text`` in whole pixels a module, at most ``side`` px wide, but never less than one pixel a module."""
    rows = matrix(text, level, quiet)
    size = len(rows)
    small = Image.new("L", (size, size), WHITE)
    small.putdata([BLACK if dark else WHITE for row in rows for dark in row])
    module = max(1, side // size)
    return small.resize((size * module, size * module), Image.Resampling.NEAREST)


@lru_cache(maxsize=4)
def screen_png(text: str, side: int = 760) -> bytes:
    """The QR code of ``text`` as a PNG at most ``side`` px wide, for a white card on the screen.

    Level M: a screen is not scratched. Two quiet modules are in the picture, the card adds the others.
    """
    out = io.BytesIO()
    picture(text, M, side, quiet=2).save(out, "PNG", optimize=True)
    return out.getvalue()


def terminal(text: str) -> str:
    """The QR code of ``text`` as text: two modules a character, right on dark and on light terminals."""
    rows = list(matrix(text, M))
    if len(rows) % 2:
        rows.append((False,) * len(rows[0]))
    blocks = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}
    pairs = zip(rows[::2], rows[1::2], strict=True)
    lines = ["".join(blocks[pair] for pair in zip(upper, lower, strict=True)) for upper, lower in pairs]
    return "\n".join(f"\x1b[97;40m{line}\x1b[0m" for line in lines)
