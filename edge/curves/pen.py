"""Draws lines, words and signs on a picture in pixels of the page. It knows no curve.

Everything is drawn ``FINE`` times larger and made smaller at the end, because Pillow's lines have steps.
"""

import io
from collections.abc import Iterator, Sequence
from itertools import pairwise
from math import hypot

from PIL import Image, ImageDraw

from edge.curves.looks import Palette, Weight, font

FINE = 2
COLOURS = 256
"""Flat colours and their edges need no more; with 64 the red of a small sign is lost."""

Place = tuple[float, float]


class Pen:
    """A picture of ``size`` page pixels with ``scale`` real ones each. said: every text on it."""

    def __init__(self, size: tuple[int, int], scale: int, palette: Palette) -> None:
        self.size, self.palette = size, palette
        self.said: list[str] = []
        self._scale, self._by = scale, scale * FINE
        self._image = Image.new("RGB", (size[0] * self._by, size[1] * self._by), palette.paper)
        self._draw = ImageDraw.Draw(self._image)

    def png(self) -> bytes:
        """The picture as PNG."""
        size = self.size[0] * self._scale, self.size[1] * self._scale
        small = self._image.resize(size, Image.Resampling.LANCZOS)
        out = io.BytesIO()
        small.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
        return out.getvalue()

    def box(self, left: float, top: float, right: float, bottom: float, colour: str) -> None:
        if right > left and bottom > top:
            self._draw.rectangle(self._all(((left, top), (right, bottom))), colour)

    def area(self, places: Sequence[Place], colour: str) -> None:
        self._draw.polygon(self._all(places), colour)

    def line(self, places: Sequence[Place], colour: str, width: float) -> None:
        if len(places) > 1:
            self._draw.line(self._all(places), colour, round(width * self._by), "curve")

    def dashed(self, start: Place, end: Place, colour: str, width: float, dash: float = 5.0) -> None:
        for part in _dashes(start, end, dash):
            self.line(part, colour, width)

    def dot(self, middle: Place, radius: float, colour: str) -> None:
        x, y = middle
        self._draw.ellipse(self._all(((x - radius, y - radius), (x + radius, y + radius))), colour)

    def width(self, text: str, size: int, weight: Weight) -> float:
        """How wide ``text`` will be."""
        return font(weight, size * self._by).getlength(text) / self._by

    def text(
        self, place: Place, text: str, size: int, colour: str, anchor: str, weight: Weight = "Regular"
    ) -> None:
        """anchor: Pillow's two letters: left, middle or right, and ascender (a), middle or baseline (s)."""
        self.said.append(text)
        x, y = place[0] * self._by, place[1] * self._by
        self._draw.text((x, y), text, colour, font(weight, size * self._by), anchor)

    def sign(self, action: str, middle: Place, radius: float, colour: str) -> None:
        """The shape of an event: each is told from the others without its colour."""
        x, y = middle
        r = radius
        match action:
            case "TAKE":
                self.area(((x - r, y - r * 0.8), (x + r, y - r * 0.8), (x, y + r)), colour)
            case "PUT_BACK":
                self.area(((x - r, y + r * 0.8), (x + r, y + r * 0.8), (x, y - r)), colour)
            case "FOREIGN_OBJECT":
                self.line(((x - r, y - r), (x + r, y + r)), colour, r * 0.5)
                self.line(((x - r, y + r), (x + r, y - r)), colour, r * 0.5)
            case "MISPLACED":
                self._arrow(x, y - r * 0.55, r, colour)
                self._arrow(x, y + r * 0.55, -r, colour)
            case _:
                self.dot(middle, r * 0.55, colour)

    def _arrow(self, x: float, y: float, r: float, colour: str) -> None:
        """To the right where r > 0."""
        self.line(((x - r, y), (x + r * 0.5, y)), colour, abs(r) * 0.35)
        self.area(((x + r * 0.3, y - abs(r) * 0.5), (x + r * 0.3, y + abs(r) * 0.5), (x + r, y)), colour)

    def _all(self, places: Sequence[Place]) -> list[tuple[int, int]]:
        return [(round(x * self._by), round(y * self._by)) for x, y in places]


def _dashes(start: Place, end: Place, dash: float) -> Iterator[tuple[Place, Place]]:
    """Every other piece of ``dash`` px of the way."""
    (x0, y0), (x1, y1) = start, end
    far = hypot(x1 - x0, y1 - y0)
    stops = [min(at * dash, far) / far for at in range(int(far / dash) + 2)] if far else []
    for here, there in [*pairwise(stops)][::2]:
        yield (x0 + (x1 - x0) * here, y0 + (y1 - y0) * here), (x0 + (x1 - x0) * there, y0 + (y1 - y0) * there)
