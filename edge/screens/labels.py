"""Pictures that are not pages: QR codes for screen, sticker and terminal, and shelf labels. No I/O."""

import io
from functools import lru_cache

import qrcode
from PIL import Image, ImageDraw
from qrcode.constants import ERROR_CORRECT_M, ERROR_CORRECT_Q

from edge.domain.values import Fen, yuan
from edge.screens.fonts import Weight, font

QUIET = 4
"""White modules around a QR code (ISO/IEC 18004 asks for four)."""
BLACK, WHITE, GREY = 0, 255, 96


def _matrix(text: str, level: int, quiet: int = QUIET) -> list[list[bool]]:
    code = qrcode.QRCode(error_correction=level, border=quiet, box_size=1)
    code.add_data(text)
    code.make(fit=True)
    return [[bool(dark) for dark in row] for row in code.get_matrix()]


def _drawn(matrix: list[list[bool]], side: int) -> Image.Image:
    """``matrix`` as a picture of whole pixels a module, at most ``side`` px wide, or one pixel a module."""
    size = len(matrix)
    picture = Image.new("L", (size, size), WHITE)
    picture.putdata([BLACK if dark else WHITE for row in matrix for dark in row])
    module = max(1, side // size)
    return picture.resize((size * module, size * module), Image.Resampling.NEAREST)


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


@lru_cache(maxsize=4)
def screen_qr_png(text: str, side: int = 760) -> bytes:
    """The QR code of ``text`` as a PNG at most ``side`` px wide, for a white card on the screen.

    Level M: a screen is not scratched. Two quiet modules are in the picture, the card adds the others.
    """
    return _png(_drawn(_matrix(text, ERROR_CORRECT_M, quiet=2), side))


def _centred(draw: ImageDraw.ImageDraw, middle: int, top: int, text: str, size: int, weight: Weight) -> None:
    draw.text((middle, top), text, fill=BLACK, font=font(size, weight, text), anchor="ma")


def sticker_png(url: str, name: str, caption: str, side: int = 900) -> bytes:
    """A sticker for the cabinet: the QR code of ``url`` (level Q: it may be scratched), name, caption.

    Raises CannotDraw when a character is in no font.
    """
    code = _drawn(_matrix(url, ERROR_CORRECT_Q), side)
    picture = Image.new("L", (side, code.height + side // 4), WHITE)
    picture.paste(code, ((side - code.width) // 2, 0))
    draw = ImageDraw.Draw(picture)
    _centred(draw, side // 2, code.height, name, side // 13, "Bold")
    _centred(draw, side // 2, code.height + side // 8, caption, side // 18, "Regular")
    return _png(picture)


def price_tag_png(name: str, spec: str, county: str, price: Fen, width: int = 640) -> bytes:
    """A shelf label: name, pack, county of origin and price per piece, as price display rules ask.

    Raises CannotDraw when a character is in no font.
    """
    picture = Image.new("L", (width, width // 2), WHITE)
    draw = ImageDraw.Draw(picture)
    edge = width // 24
    draw.rectangle((0, 0, width - 1, width // 2 - 1), outline=BLACK, width=3)
    size = width // 12
    too_long = font(size, "Bold", name).getlength(name) / (width - 2 * edge)
    size = int(size / max(1.0, too_long))
    draw.text((edge, edge), name, fill=BLACK, font=font(size, "Bold", name))
    under = f"{spec} · {county}"
    draw.text((edge, edge * 4), under, fill=GREY, font=font(width // 22, "Regular", under))
    shown = yuan(price)
    draw.text(
        (width - edge, width // 2 - edge),
        shown,
        fill=BLACK,
        font=font(width // 6, "Bold", shown),
        anchor="rs",
    )
    return _png(picture)


def terminal_qr(url: str) -> str:
    """The QR code of ``url`` as text: two modules a character, right on dark and on light terminals."""
    matrix = _matrix(url, ERROR_CORRECT_M)
    if len(matrix) % 2:
        matrix.append([False] * len(matrix[0]))
    blocks = {(True, True): " ", (True, False): "▄", (False, True): "▀", (False, False): "█"}
    rows = zip(matrix[::2], matrix[1::2], strict=True)
    lines = ["".join(blocks[pair] for pair in zip(upper, lower, strict=True)) for upper, lower in rows]
    return "\n".join(f"\x1b[97;40m{line}\x1b[0m" for line in lines)
