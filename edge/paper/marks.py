"""Small pictures drawn with lines: the certified tick, the three steps of buying, the sign against alcohol.

Each is a square of ``side`` px, drawn four times as large and made small, so that its edges are smooth.
"""

from collections.abc import Callable
from functools import lru_cache

from PIL import Image, ImageDraw

from edge.paper.fonts import font

Ink = tuple[int, int, int]
BLACK: Ink = (0, 0, 0)
WHITE: Ink = (255, 255, 255)
RED: Ink = (190, 20, 20)
FINE = 4


class _Pen:
    """Draws on a unit square: coordinates are 0 … 100 whatever the picture's size."""

    def __init__(self, side: int, ink: Ink) -> None:
        self.side, self.ink = side * FINE, ink
        self.image = Image.new("RGB", (self.side, self.side), WHITE)
        self._draw = ImageDraw.Draw(self.image)

    def _px(self, value: float) -> float:
        return value * self.side / 100

    def path(self, *points: tuple[float, float], wide: float = 6, ink: Ink | None = None) -> None:
        ink = ink or self.ink
        scaled = [(self._px(x), self._px(y)) for x, y in points]
        self._draw.line(scaled, fill=ink, width=round(self._px(wide)), joint="curve")
        for x, y in (scaled[0], scaled[-1]):
            end = self._px(wide) / 2
            self._draw.ellipse((x - end, y - end, x + end, y + end), fill=ink)

    def frame(self, left: float, top: float, right: float, bottom: float, *, wide: float = 6) -> None:
        box = (self._px(left), self._px(top), self._px(right), self._px(bottom))
        self._draw.rounded_rectangle(box, radius=self._px(6), outline=self.ink, width=round(self._px(wide)))

    def block(self, left: float, top: float, right: float, bottom: float, *, ink: Ink | None = None) -> None:
        box = (self._px(left), self._px(top), self._px(right), self._px(bottom))
        self._draw.rounded_rectangle(box, radius=self._px(2), fill=ink or self.ink)

    def ring(self, radius: float, *, wide: float = 8, full: bool = False) -> None:
        box = (self._px(50 - radius), self._px(50 - radius), self._px(50 + radius), self._px(50 + radius))
        self._draw.ellipse(
            box, fill=self.ink if full else None, outline=self.ink, width=round(self._px(wide))
        )

    def words(self, text: str, high: float) -> None:
        """Black, in the middle."""
        face = font(round(self._px(high)), "Bold", text)
        self._draw.text((self.side / 2, self.side / 2), text, fill=BLACK, font=face, anchor="mm")

    def done(self) -> Image.Image:
        small = self.side // FINE
        return self.image.resize((small, small), Image.Resampling.LANCZOS)


@lru_cache(maxsize=8)
def tick(side: int, ink: Ink = BLACK) -> Image.Image:
    """A tick in a filled circle: the mark of a certified product. It never stands without its words."""
    pen = _Pen(side, ink)
    pen.ring(48, full=True)
    pen.path((27, 52), (44, 69), (74, 34), wide=11, ink=WHITE)
    return pen.done()


@lru_cache(maxsize=8)
def scan(side: int, ink: Ink = BLACK) -> Image.Image:
    """A telephone before a code."""
    pen = _Pen(side, ink)
    pen.frame(24, 4, 76, 96)
    for left, top in ((34, 22), (54, 22), (34, 42)):
        pen.block(left, top, left + 13, top + 13)
    for left, top in ((54, 42), (61, 49), (54, 56), (34, 62), (47, 62), (61, 62)):
        pen.block(left, top, left + 6, top + 6)
    pen.block(42, 82, 58, 87)
    return pen.done()


@lru_cache(maxsize=8)
def choose(side: int, ink: Ink = BLACK) -> Image.Image:
    """An open cabinet and a bag that goods go into."""
    pen = _Pen(side, ink)
    pen.frame(6, 6, 62, 94)
    pen.path((10, 38), (58, 38), wide=4)
    pen.path((10, 66), (58, 66), wide=4)
    for left, top, right, bottom in ((16, 20, 26, 35), (32, 24, 44, 35), (16, 50, 30, 63), (16, 76, 26, 89)):
        pen.block(left, top, right, bottom)
    pen.path((40, 52), (76, 52), wide=6)
    pen.path((66, 41), (78, 52), (66, 63), wide=6)
    pen.frame(66, 68, 96, 94)
    return pen.done()


@lru_cache(maxsize=8)
def shut(side: int, ink: Ink = BLACK) -> Image.Image:
    """A closed cabinet with its handle, and the tick that it is done."""
    pen = _Pen(side, ink)
    pen.frame(18, 6, 82, 94)
    pen.path((28, 66), (28, 78), wide=7)
    pen.path((38, 40), (48, 51), (66, 27), wide=8)
    return pen.done()


@lru_cache(maxsize=8)
def no_minors(side: int) -> Image.Image:
    """The sign that the law on minors asks for where alcohol is sold: 18 in a struck circle."""
    pen = _Pen(side, RED)
    pen.words("18", 50)
    pen.ring(48, wide=10)
    pen.path((17, 17), (83, 83), wide=6)
    return pen.done()


STEPS: tuple[Callable[[int, Ink], Image.Image], ...] = (scan, choose, shut)
