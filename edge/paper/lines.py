"""Breaks a text into lines that fit a width, at the largest size that does. Nothing is ever cut off."""

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple

from edge.paper.fonts import CannotDraw, Weight, font

REFERENCE = 96
"""Widths are measured at this size and scaled: loading a font for every size that is tried takes long."""
SLACK = 1.01
"""Hinting at a small size may make a line that much wider than the measure says."""
ONE_LINE = 0.8
"""A text is not broken while it fits one line at this share of its size."""
WORDS = re.compile(r"[0-9A-Za-z][0-9A-Za-z.%'’&/×-]*|\s+|.", re.DOTALL)
"""What stays together: Latin words and numbers; any other character may begin a line."""
NOT_FIRST = "),，）：；！？。、;:!?)】》」』’”%‰℃·"
NOT_LAST = "(（【《「『‘“¥"


class Lines(NamedTuple):
    """texts: one or more, all drawn at ``size`` px."""

    size: int
    texts: tuple[str, ...]


@lru_cache(maxsize=4096)
def _measure(text: str, weight: Weight) -> float:
    return font(REFERENCE, weight, text).getlength(text) / REFERENCE * SLACK


@lru_cache(maxsize=4096)
def ink(text: str, weight: Weight) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of what is drawn, from the left end of the baseline, in sizes."""
    left, top, right, bottom = font(REFERENCE, weight, text).getbbox(text, anchor="ls")
    return left / REFERENCE, top / REFERENCE, right / REFERENCE, bottom / REFERENCE


def width_of(text: str, size: int, weight: Weight) -> float:
    """Pixels that ``text`` takes in a line, and a little more. Raises CannotDraw naming the character."""
    return _measure(text, weight) * size


def fitted(
    text: str, weight: Weight, width: int, *, most: int, largest: int, smallest: int, alone: float = ONE_LINE
) -> Lines:
    """``text`` in at most ``most`` lines of ``width`` px, at the largest size that allows it.

    alone: at this share of ``largest`` one line is better than two. Raises CannotDraw when it does not fit at
    ``smallest`` px, or a character is in no font.
    """
    whole = min(largest, int(width / max(width_of(text, 1, weight), 1e-9)))
    if whole >= max(smallest, alone * largest):
        return Lines(whole, (text,))
    for size in _sizes(largest, smallest):
        texts = _broken(text, size, weight, width)
        if texts is not None and len(texts) <= most:
            return Lines(size, _even(texts, text, size, weight, width))
    raise CannotDraw(
        f"{text!r} does not fit {most} lines of {width} px even at {smallest} px; write it shorter"
    )


def _sizes(largest: int, smallest: int) -> list[int]:
    """From large to small in steps of about 6 %."""
    sizes = [largest]
    while sizes[-1] > smallest:
        sizes.append(max(smallest, min(sizes[-1] - 1, round(sizes[-1] * 0.94))))
    return sizes


def _pieces(text: str) -> list[str]:
    """``text`` in pieces between which a line may end."""
    found: list[str] = []
    for piece in WORDS.findall(text):
        glued = found and (piece[0] in NOT_FIRST or found[-1][-1] in NOT_LAST)
        if glued:
            found[-1] += piece
        else:
            found.append(piece)
    return found


def _narrow(pieces: list[str], size: int, weight: Weight, width: int) -> Iterator[str]:
    """The pieces; one that is wider than a line comes character by character."""
    for piece in pieces:
        yield from (piece,) if width_of(piece, size, weight) <= width else piece


def _broken(text: str, size: int, weight: Weight, width: int) -> tuple[str, ...] | None:
    """Lines filled one after the other; a word that is wider than a line is broken. None: not even that."""
    lines: list[str] = []
    line = ""
    for piece in _narrow(_pieces(text), size, weight, width):
        if line and width_of((line + piece).rstrip(), size, weight) > width:
            lines.append(line.rstrip())
            line = piece.lstrip()
        else:
            line += piece
        if width_of(line.rstrip(), size, weight) > width:
            return None
    return (*lines, line.rstrip())


def _even(texts: tuple[str, ...], text: str, size: int, weight: Weight, width: int) -> tuple[str, ...]:
    """The same number of lines, the last one not left with a single character."""
    if len(texts) == 1 or len(texts[-1]) > 2:
        return texts
    narrow = width
    while narrow > width // 2:
        narrow -= size // 2
        tried = _broken(text, size, weight, narrow)
        if tried is None or len(tried) > len(texts):
            return texts
        if len(tried[-1]) > 2:
            return tried
    return texts
