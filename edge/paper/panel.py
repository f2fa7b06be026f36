"""A piece of paper before it is drawn: what stands where, as values. So overlaps can be tested, not seen.

A panel knows pixels and fonts; it does not know goods or money. ``painted`` makes a picture of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from math import ceil, floor
from typing import Literal, NamedTuple

from PIL import Image, ImageDraw

from edge.paper.fonts import Weight, font
from edge.paper.lines import ONE_LINE, Lines, fitted, ink, width_of

Ink = int | tuple[int, int, int]
BLACK, WHITE = 0, 255
LEADING = 1.28
"""From one line of text to the next, in sizes."""
Side = Literal["left", "middle", "right"]


class Box(NamedTuple):
    """Pixels that something covers: right and bottom are the first ones beyond it."""

    left: int
    top: int
    right: int
    bottom: int

    def holds(self, other: "Box") -> bool:
        return (
            self.left <= other.left
            and self.top <= other.top
            and other.right <= self.right
            and other.bottom <= self.bottom
        )

    def meets(self, other: "Box") -> bool:
        return (
            self.left < other.right
            and other.left < self.right
            and self.top < other.bottom
            and other.top < self.bottom
        )


@dataclass(frozen=True, slots=True)
class Text:
    """One line. x, y: left end and baseline."""

    name: str
    x: int
    y: int
    text: str
    size: int
    weight: Weight
    ink: Ink = BLACK

    @property
    def box(self) -> Box:
        """What its ink covers, to a pixel."""
        left, top, right, bottom = (self.size * share for share in ink(self.text, self.weight))
        return Box(floor(self.x + left), floor(self.y + top), ceil(self.x + right), ceil(self.y + bottom))


@dataclass(frozen=True, slots=True)
class Picture:
    name: str
    x: int
    y: int
    image: Image.Image

    @property
    def box(self) -> Box:
        return Box(self.x, self.y, self.x + self.image.width, self.y + self.image.height)


@dataclass(frozen=True, slots=True)
class Bar:
    """A filled rectangle, or with ``outline`` > 0 a frame that thick; it may lie over or around others."""

    name: str
    box: Box
    ink: Ink = BLACK
    outline: int = 0
    round: int = 0


@dataclass(slots=True)
class Panel:
    """width: px. It grows downwards as things are put on it."""

    width: int
    texts: list[Text] = field(default_factory=list)
    pictures: list[Picture] = field(default_factory=list)
    bars: list[Bar] = field(default_factory=list)

    def line(
        self,
        name: str,
        x: int,
        y: int,
        text: str,
        size: int,
        weight: Weight = "Regular",
        *,
        side: Side = "left",
        ink: Ink = BLACK,
    ) -> int:
        """One line whose top is ``y`` and whose ``side`` is at ``x``; gives the next line's top."""
        if text:
            shift = {"left": 0.0, "middle": 0.5, "right": 1.0}[side]
            left = round(x - shift * width_of(text, size, weight)) if shift else x
            self.texts.append(Text(name, left, y + round(size * 0.98), text, size, weight, ink))
        return y + round(size * LEADING)

    def lines(
        self, name: str, x: int, y: int, lines: Lines, weight: Weight = "Regular", *, side: Side = "left"
    ) -> int:
        """Several lines below each other; gives the next line's top."""
        for text in lines.texts:
            y = self.line(name, x, y, text, lines.size, weight, side=side)
        return y

    def wrapped(
        self,
        name: str,
        x: int,
        y: int,
        text: str,
        width: int,
        size: int,
        weight: Weight = "Regular",
        *,
        most: int = 2,
        smallest: int = 0,
        alone: float = ONE_LINE,
        side: Side = "left",
    ) -> int:
        """``text`` in at most ``most`` lines of ``width`` px; gives the next line's top. See ``fitted``."""
        least = smallest or max(1, size * 2 // 3)
        broken = fitted(text, weight, width, most=most, largest=size, smallest=least, alone=alone)
        return self.lines(name, x, y, broken, weight, side=side)

    def picture(self, name: str, x: int, y: int, image: Image.Image, *, side: Side = "left") -> int:
        """``image`` with its top at ``y``; gives the first row below it."""
        shift = {"left": 0, "middle": image.width // 2, "right": image.width}[side]
        self.pictures.append(Picture(name, x - shift, y, image))
        return y + image.height

    def bar(self, name: str, box: Box, ink: Ink = BLACK, *, outline: int = 0, round: int = 0) -> None:
        self.bars.append(Bar(name, box, ink, outline, round))

    def boxes(self) -> Iterator[tuple[str, Box]]:
        """What must not lie over each other: every text and every picture, with its name."""
        yield from ((text.name, text.box) for text in self.texts)
        yield from ((picture.name, picture.box) for picture in self.pictures)

    @property
    def bottom(self) -> int:
        """The first row below everything."""
        solid = [box.bottom for _, box in self.boxes()]
        return max([*solid, *(bar.box.bottom for bar in self.bars)], default=0)


def paint(panel: Panel, onto: Image.Image, left: int = 0, top: int = 0) -> None:
    """Draw ``panel`` with its corner at ``left``, ``top``."""
    draw = ImageDraw.Draw(onto)
    for bar in panel.bars:
        box = (bar.box.left + left, bar.box.top + top, bar.box.right + left - 1, bar.box.bottom + top - 1)
        if bar.outline:
            draw.rounded_rectangle(box, radius=bar.round, outline=bar.ink, width=bar.outline)
        else:
            draw.rounded_rectangle(box, radius=bar.round, fill=bar.ink)
    for picture in panel.pictures:
        onto.paste(picture.image, (picture.x + left, picture.y + top))
    for text in panel.texts:
        face = font(text.size, text.weight, text.text)
        draw.text((text.x + left, text.y + top), text.text, fill=text.ink, font=face, anchor="ls")


def painted(panel: Panel, height: int, mode: Literal["L", "RGB"] = "L") -> Image.Image:
    """``panel`` on white paper of its width."""
    image = Image.new(mode, (panel.width, height), "white")
    paint(panel, image)
    return image
