"""Labels on A4 sheets: 3 × 8 cells with cut marks, as black and white pictures. It knows no goods."""

import io
from collections.abc import Iterable, Iterator
from itertools import islice

from PIL import Image, ImageDraw
from PIL.PngImagePlugin import PngInfo

from edge.paper.media import A4
from edge.paper.panel import Panel, paint

DPI = 300
PAGE = (2480, 3508)
"""A4 at 300 dpi: 210 × 297 mm."""
COLUMNS, ROWS = 3, 8
CELL = (A4.width, A4.height or 0)
LEFT, TOP = (PAGE[0] - COLUMNS * CELL[0]) // 2, (PAGE[1] - ROWS * CELL[1]) // 2
PER_PAGE = COLUMNS * ROWS
MARK, GAP = 40, 12
"""Length of a cut mark and its distance from the labels."""


def cells() -> Iterator[tuple[int, int]]:
    """The upper left corner of each cell, row by row."""
    return (
        (LEFT + column * CELL[0], TOP + row * CELL[1]) for row in range(ROWS) for column in range(COLUMNS)
    )


def pages_of(count: int) -> int:
    return -(-count // PER_PAGE)


def sheets(panels: Iterable[Panel]) -> Iterator[Image.Image]:
    """A black and white page for every 24 panels, each made when it is asked for."""
    rest = iter(panels)
    while batch := list(islice(rest, PER_PAGE)):
        page = Image.new("L", PAGE, 255)
        for panel, (left, top) in zip(batch, cells(), strict=False):
            paint(panel, page, left, top)
        _cut_marks(ImageDraw.Draw(page))
        yield black_and_white(page)


def _cut_marks(draw: ImageDraw.ImageDraw) -> None:
    """Lines in the margin where the cuts go, and a small cross where four labels meet."""
    right, bottom = LEFT + COLUMNS * CELL[0], TOP + ROWS * CELL[1]
    across = [LEFT + column * CELL[0] for column in range(COLUMNS + 1)]
    down = [TOP + row * CELL[1] for row in range(ROWS + 1)]
    for x in across:
        draw.line((x, TOP - GAP - MARK, x, TOP - GAP), fill=0, width=2)
        draw.line((x, bottom + GAP, x, bottom + GAP + MARK), fill=0, width=2)
    for y in down:
        draw.line((LEFT - GAP - MARK, y, LEFT - GAP, y), fill=0, width=2)
        draw.line((right + GAP, y, right + GAP + MARK, y), fill=0, width=2)
    for x in across[1:-1]:
        for y in down[1:-1]:
            draw.line((x - 6, y, x + 6, y), fill=0)
            draw.line((x, y - 6, x, y + 6), fill=0)


def black_and_white(picture: Image.Image) -> Image.Image:
    """One bit a pixel, without dither: what is half black is black."""
    return picture.convert("1", dither=Image.Dither.NONE)


def png(picture: Image.Image, dpi: int = DPI, seal: str = "") -> bytes:
    """A PNG. seal: the text of the sealed code in the picture, kept beside it under the name ``seal``."""
    out, words = io.BytesIO(), PngInfo()
    if seal:
        words.add_text("seal", seal)
    picture.save(out, "PNG", dpi=(dpi, dpi), pnginfo=words)
    return out.getvalue()
