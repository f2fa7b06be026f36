"""One tray's curve as a PNG: the line, when the door was open, what happened, the levels before and after.

It knows no page; what the numbers mean was decided before. Takes some 40 ms and belongs in a web thread,
never in the engine's.
"""

from functools import lru_cache
from itertools import pairwise
from typing import NamedTuple

from edge.curves import sides
from edge.curves.labels import SIGN, Label, Mark, placed
from edge.curves.looks import DARK, LIGHT, ROW, TEXT, Lang
from edge.curves.pen import Pen
from edge.curves.sides import Frame

PHONE, REVIEW = (320, 120), (480, 160)
"""Sizes in page pixels: as wide as a phone's receipt has room, and a reviewer's list."""
PHONE_LARGE = (240, 132)
"""For large type: the page shows it as wide as the other, so its letters are a third larger."""
MOST_POINTS = 200
ROWS = 2
"""Rows of names above the curve."""
LEAST_SPAN_DG = 200
"""A curve that moves less than 20 g is not blown up to look like a landslide."""

Curve = tuple[tuple[int, int], ...]


class Seen(NamedTuple):
    """What was seen of one tray; None: not known.

    curve: tenths of a second since the grant and tenths of a gram, 1 to MOST_POINTS of them. door: opened
    and shut, tenths of a second. before, after, residual: tenths of a gram. pieces: before and after.
    """

    curve: Curve
    marks: tuple[Mark, ...] = ()
    door: tuple[int, int] | None = None
    before: int | None = None
    after: int | None = None
    residual: int | None = None
    pieces: tuple[int, int] | None = None


@lru_cache(maxsize=64)
def picture(
    seen: Seen, size: tuple[int, int], *, grams: bool, dark: bool = False, lang: Lang = "zh", scale: int = 2
) -> bytes:
    """A PNG of ``size`` times ``scale`` pixels.

    grams: True for staff alone. A buyer's picture has no weight on it, and the same shape gives the same
    picture whatever it weighs: the counter is no scale for trade. scale: 2 for the fine screens of phones.
    Raises ValueError for a curve without points or with more than MOST_POINTS.
    """
    return drawn(seen, size, grams=grams, dark=dark, lang=lang, scale=scale).png()


def drawn(seen: Seen, size: tuple[int, int], *, grams: bool, dark: bool, lang: Lang, scale: int) -> Pen:
    """The pen that has drawn it, which knows every text that it wrote."""
    if not 1 <= len(seen.curve) <= MOST_POINTS:
        raise ValueError(f"a picture needs 1 to {MOST_POINTS} points, not {len(seen.curve)}")
    pen = Pen(size, scale, DARK if dark else LIGHT)
    frame = framed(pen, seen, grams, lang)
    labels = placed(
        seen.marks, frame.x, lambda text: pen.width(text, TEXT, "Bold"), (2.0, size[0] - 2.0), ROWS, lang
    )
    rows = max([label.row + 1 for label in labels if label.row is not None], default=0)
    frame = frame._replace(top=rows * ROW + 8.0)
    if seen.door:
        pen.box(frame.x(seen.door[0]), frame.top, frame.x(seen.door[1]), frame.bottom, pen.palette.band)
    if grams:
        sides.ticks(pen, frame)
    _course(pen, frame, seen)
    for label in labels:
        _label(pen, frame, label, _weight_at(seen.curve, label.mark.t))
    sides.clock(pen, frame, seen.door, lang)
    if grams:
        sides.names(pen, frame, lang)
        sides.figures(pen, seen.before, seen.after, seen.residual, lang)
    elif seen.pieces:
        sides.pieces(pen, frame, seen.pieces, lang)
    return pen


def framed(pen: Pen, seen: Seen, grams: bool, lang: Lang) -> Frame:
    """Where the curve goes, beside the words left and right of it."""
    before = seen.curve[0][1] if seen.before is None else seen.before
    after = seen.curve[-1][1] if seen.after is None else seen.after
    weights = [*(weight for _, weight in seen.curve), before, after]
    spare = max((LEAST_SPAN_DG - max(weights) + min(weights)) / 2, 0.08 * (max(weights) - min(weights)))
    low, high = min(weights) - spare, max(weights) + spare
    times = [*(t for t, _ in seen.curve), *(seen.door or ())]
    left, right = sides.widths(pen, (low, high), None if grams else seen.pieces, grams, lang)
    bottom = pen.size[1] - ROW * (2 if grams else 1) - 5.0
    return Frame(left, 8.0, pen.size[0] - right, bottom, min(times), max(times), low, high, before, after)


def _course(pen: Pen, frame: Frame, seen: Seen) -> None:
    """The line, the posts of the door, the levels before and after."""
    line = [(frame.x(t), frame.y(weight)) for t, weight in seen.curve]
    line = [(frame.left, line[0][1]), *line, (frame.right, line[-1][1])]
    pen.area([(frame.left, frame.bottom), *line, (frame.right, frame.bottom)], pen.palette.fill)
    pen.line(((frame.left, frame.bottom), (frame.right, frame.bottom)), pen.palette.soft, 1.0)
    pen.line(line, pen.palette.take, 2.5)
    for at in seen.door or ():
        pen.line(((frame.x(at), frame.top), (frame.x(at), frame.bottom + 4)), pen.palette.soft, 1.5)
    for level in (frame.before, frame.after):
        y = frame.y(level)
        pen.dashed((frame.left, y), (frame.right, y), pen.palette.ink, 1.0)


def _label(pen: Pen, frame: Frame, label: Label, weight: float) -> None:
    look, action = pen.palette, label.mark.action
    colour = {"TAKE": look.take, "PUT_BACK": look.back, "TOUCH": look.ink}.get(action, look.alarm)
    point = (label.x, frame.y(weight))
    if label.row is None:
        pen.dot(point, 8.0, look.paper)
        pen.sign(action, point, 6.0, colour)
        return
    middle = frame.top - 8.0 - (label.row + 0.5) * ROW
    pen.dashed((label.x, middle + ROW / 2), point, colour, 1.2, 3.0)
    pen.dot(point, 3.5, colour)
    pen.sign(action, (label.left + 6.0, middle), 5.5, colour)
    pen.text((label.left + SIGN, middle), label.text, TEXT, colour, "lm", "Bold")


def _weight_at(curve: Curve, t: int) -> float:
    """On the line; in the middle of a step that took no time."""
    if t <= curve[0][0]:
        return curve[0][1]
    for (t0, a), (t1, b) in pairwise(curve):
        if t <= t1:
            return a + (b - a) * (t - t0) / (t1 - t0) if t1 > t0 else (a + b) / 2
    return curve[-1][1]
