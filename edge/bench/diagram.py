"""The reliability diagram: how often a basket was right against how sure it was said to be, as a PNG."""

from collections.abc import Mapping
from math import log10
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from edge.bench.scores import Bin
from edge.errors import CannotCreate

SIZE, MARGIN = 720, 90
SAID_LEAST = 0.0005
"""Errors are drawn on a logarithmic scale from 1 to this: what matters is near certainty."""
APART, DOT = 3.0, 4
"""Pixels between the names' points at one place, and of their radius. Hollow: never seen wrong."""
COLOURS = ("#1b6ca8", "#c8553d", "#3a7d44", "#7d3c98", "#b7950b", "#424949", "#d35400")
INK, GRID = "#222222", "#dddddd"
TICKS = (1.0, 0.3, 0.1, 0.03, 0.01, 0.003, 0.001)


def draw(bins: Mapping[str, tuple[Bin, ...]], path: Path) -> None:
    """Points by name: said error across, observed error up with its 95 % interval; the diagonal is honest.

    Raises CannotCreate.
    """
    image = Image.new("RGB", (SIZE, SIZE), "white")
    pen, font = ImageDraw.Draw(image), ImageFont.load_default(14)
    _frame(pen, font)
    for number, (name, found) in enumerate(bins.items()):
        colour = COLOURS[number % len(COLOURS)]
        pen.text((MARGIN + 14, MARGIN + 10 + 18 * number), name, colour, font)
        _points(pen, found, colour, (number - len(bins) / 2) * APART)
    try:
        image.save(path, "PNG")
    except OSError as error:
        raise CannotCreate(f"{path}: {error.strerror or error}; choose another file with --plot") from error


def _frame(pen: ImageDraw.ImageDraw, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> None:
    low, high = MARGIN, SIZE - MARGIN
    for tick in TICKS:
        place = _place(tick)
        pen.line([(place, low), (place, high)], GRID)
        pen.line([(low, SIZE - place), (high, SIZE - place)], GRID)
        pen.text((place, high + 8), f"{tick:.1%}", INK, font, "ma")
        pen.text((low - 8, SIZE - place), f"{tick:.1%}", INK, font, "rm")
    pen.line([(low, high), (high, low)], INK)
    pen.rectangle([(low, low), (high, high)], outline=INK)
    pen.text((SIZE / 2, high + 40), "said to be wrong: 1 - P", INK, font, "ma")
    pen.text((low, low - 30), "was wrong (bar: 95 % interval); above the line: too sure of itself", INK, font)


def _points(pen: ImageDraw.ImageDraw, bins: tuple[Bin, ...], colour: str, aside: float) -> None:
    for each in bins:
        x = _place(1 - each.said) + aside
        wrong, most, least = (1 - p / 100 for p in (each.right.percent, each.right.low, each.right.high))
        y = SIZE - _place(wrong)
        pen.line([(x, SIZE - _place(most)), (x, SIZE - _place(least))], colour, 1)
        inner = colour if wrong > SAID_LEAST else "white"
        pen.ellipse([(x - DOT, y - DOT), (x + DOT, y + DOT)], inner, colour)


def _place(error: float) -> float:
    """Pixels from the left edge (or the lower one) for an error share; right is certain to be wrong."""
    floor = log10(SAID_LEAST)
    share = (log10(min(1.0, max(SAID_LEAST, error))) - floor) / -floor
    return MARGIN + share * (SIZE - 2 * MARGIN)
