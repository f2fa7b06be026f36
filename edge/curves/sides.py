"""What stands around a curve: pieces, weights, seconds, each where it is not in the way. No curve here."""

from collections.abc import Sequence
from itertools import count
from typing import NamedTuple

from edge.curves.looks import ROW, TEXT, WORDS, Lang
from edge.curves.pen import Pen

TICKS = 4
DOT = " · "


class Frame(NamedTuple):
    """Where the curve is: pixels of the page, the values at its edges, and the two levels (tenths)."""

    left: float
    top: float
    right: float
    bottom: float
    start: int
    end: int
    low: float
    high: float
    before: int
    after: int

    def x(self, t: int) -> float:
        """The pixel of a moment; a moment outside is on the edge."""
        share = (t - self.start) / max(self.end - self.start, 1)
        return self.left + min(max(share, 0.0), 1.0) * (self.right - self.left)

    def y(self, weight: float) -> float:
        """The pixel of a weight."""
        return self.bottom - (weight - self.low) / (self.high - self.low) * (self.bottom - self.top)


def widths(
    pen: Pen, span: tuple[float, float], counts: tuple[int, int] | None, grams: bool, lang: Lang
) -> tuple[float, float]:
    """Pixels that the words to the left and to the right of the curve take."""
    words = WORDS[lang]
    if grams:
        left = max(pen.width(f"{tick // 10} g", TEXT, "Regular") for tick in _round_ones(*span))
        right = max(pen.width(words[name], TEXT, "Regular") for name in ("was", "now"))
        return left + 10, right + 8
    if counts is None:
        return 8.0, 8.0
    said = [words["before"], words["after"], *(words["pieces"].format(n=n) for n in counts)]
    widest = max(pen.width(text, TEXT, "Bold") for text in said) + 10
    return widest, widest


def clock(pen: Pen, frame: Frame, door: tuple[int, int] | None, lang: Lang) -> None:
    """Under the curve: when the door was opened and shut; without it, from when to when the curve goes."""
    words, y = WORDS[lang], frame.bottom + 4 + ROW / 2
    if door is None:
        _between(pen, (frame.left, frame.right), y, "", _seconds(frame.end - frame.start, words), "")
    else:
        left, right = (frame.x(at) for at in door)
        _between(pen, (left, right), y, words["opened"], _seconds(door[1] - door[0], words), words["shut"])


def _between(pen: Pen, posts: tuple[float, float], y: float, left: str, middle: str, right: str) -> None:
    """The three where they fit between the posts; else in one piece, as near as the picture allows."""
    widths = [pen.width(text, TEXT, "Regular") for text in (left, middle, right)]
    room = posts[1] - posts[0]
    if sum(widths) + 16 <= room:
        pen.text((posts[0], y), left, TEXT, pen.palette.ink, "lm")
        pen.text(((posts[0] + widths[0] + posts[1] - widths[2]) / 2, y), middle, TEXT, pen.palette.ink, "mm")
        pen.text((posts[1], y), right, TEXT, pen.palette.ink, "rm")
        return
    whole = " ".join(filter(None, (left, middle)))
    half = pen.width(whole, TEXT, "Regular") / 2 + 2
    at = max(half, min((posts[0] + posts[1]) / 2, pen.size[0] - half))
    pen.text((at, y), whole, TEXT, pen.palette.ink, "mm")


def _seconds(tenths: int, words: dict[str, str]) -> str:
    return words["seconds"].format(n=(tenths + 5) // 10)


def pieces(pen: Pen, frame: Frame, counts: tuple[int, int], lang: Lang) -> None:
    """For the buyer: pieces before at the left end, after at the right, each at its level."""
    words = WORDS[lang]
    for x, anchor, level, n, name in (
        (frame.left - 5, "r", frame.before, counts[0], words["before"]),
        (frame.right + 5, "l", frame.after, counts[1], words["after"]),
    ):
        y = max(frame.top + ROW - 4, min(frame.y(level), frame.bottom - ROW + 4))
        pen.text((x, y - ROW / 2), name, TEXT, pen.palette.soft, f"{anchor}m")
        pen.text((x, y + ROW / 2), words["pieces"].format(n=n), TEXT, pen.palette.ink, f"{anchor}m", "Bold")


def ticks(pen: Pen, frame: Frame) -> None:
    for tick in _round_ones(frame.low, frame.high):
        y = frame.y(tick)
        if frame.top <= y <= frame.bottom:
            pen.line(((frame.left, y), (frame.right, y)), pen.palette.band, 1.0)
            pen.line(((frame.left - 4, y), (frame.left, y)), pen.palette.soft, 1.0)
            pen.text((frame.left - 6, y), f"{tick // 10} g", TEXT, pen.palette.soft, "rm")


def _round_ones(low: float, high: float) -> Sequence[int]:
    """At most TICKS round weights from ``low`` to ``high``: whole grams in steps of 1, 2 or 5."""
    steps = (factor * 10**power for power in count(1) for factor in (1, 2, 5))
    step = next(step for step in steps if (high - low) / step < TICKS)
    first = -int(-low // step) * step
    return range(first, int(high) + 1, step) or (first,)


def names(pen: Pen, frame: Frame, lang: Lang) -> None:
    """For staff: which dashed line is before and which after, apart where the lines are close."""
    was, now = (frame.before, "was"), (frame.after, "now")
    (upper, high), (lower, low) = (now, was) if frame.after > frame.before else (was, now)
    middle, apart = (frame.y(upper) + frame.y(lower)) / 2, frame.y(lower) - frame.y(upper)
    for side, word in ((-0.5, high), (0.5, low)):
        y = middle + side * max(apart, ROW - 2)
        pen.text((frame.right + 4, y), WORDS[lang][word], TEXT, pen.palette.ink, "lm")


def figures(pen: Pen, before: int | None, after: int | None, residual: int | None, lang: Lang) -> None:
    """For staff: the levels, their difference, and what of it the goods do not explain."""
    words, y = WORDS[lang], pen.size[1] - ROW / 2 - 2
    parts: list[str] = []
    if before is not None and after is not None:
        change = _grams(after - before, signed=True)
        parts += [f"{_grams(before)} → {_grams(after)}", words["change"].format(g=change)]
    if residual is not None:
        parts.append(words["residual"].format(g=_grams(residual, signed=True)))
    while parts and pen.width(DOT.join(parts), TEXT, "Bold") > pen.size[0] - 4:
        del parts[0]  # a narrow picture: the page beside it says all of them
    if parts:
        pen.text((pen.size[0] / 2, y), DOT.join(parts), TEXT, pen.palette.ink, "mm", "Bold")


def _grams(tenths: int, signed: bool = False) -> str:
    sign = "-" if tenths < 0 else "+" if signed and tenths else ""
    return f"{sign}{abs(tenths) // 10}.{abs(tenths) % 10} g"
