"""Where the names of events stand above a curve, so that none covers another. It draws nothing."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import NamedTuple

from edge.curves.looks import EVENTS, Lang

GAP = 6.0
"""Free pixels between two names."""
SIGN = 15.0
"""Pixels that an event's sign takes in front of its name."""
AIMS = (0.5, 0.0, 1.0)
"""Share of a name that stands to the left of its event."""
MOST = 24
"""Events that are marked; the list beside the picture has all."""
FEW = 4
"""So many names are tried in every arrangement (81 of them), more only in three."""


class Mark(NamedTuple):
    """One event on the tray. t: tenths of a second since the grant. action: as in the session's events."""

    t: int
    action: str
    pieces: int


class Label(NamedTuple):
    """The name of a mark: at the pixels left … right of ``row``; the guide goes down at ``x``.

    row: 0 is next to the curve. None: there was no room, the sign stands on the curve itself.
    """

    mark: Mark
    x: float
    text: str = ""
    left: float = 0.0
    right: float = 0.0
    row: int | None = None


class _Name(NamedTuple):
    """What a mark may be called, the longest first, and how wide that is with its sign."""

    label: Label
    texts: tuple[tuple[str, float], ...]


def placed(
    marks: Iterable[Mark],
    x_of: Callable[[int], float],
    width_of: Callable[[str], float],
    room: tuple[float, float],
    rows: int,
    lang: Lang,
) -> list[Label]:
    """The marks that have words, each with its place; goods first. room: leftmost and rightmost pixel.

    Of the arrangements tried the one that names most is taken.
    """
    words = EVENTS[lang]
    known = sorted(mark for mark in marks if mark.action in words)[:MOST]
    known.sort(key=lambda mark: not mark.pieces)
    names = [
        _Name(
            Label(mark, x_of(mark.t)),
            tuple((text, SIGN + width_of(text)) for text in words[mark.action].of(mark.pieces)),
        )
        for mark in known
    ]
    ways: Iterable[Sequence[float]] = product(AIMS, repeat=len(names))
    if len(names) > FEW:
        ways = [(aim,) * len(names) for aim in AIMS]
    return max((_set(names, way, room, rows) for way in ways), key=_worth, default=[])


def _worth(labels: Sequence[Label]) -> int:
    return sum((20 if label.mark.pieces else 10) + len(label.text) for label in labels if label.text)


def _set(names: Sequence[_Name], aims: Sequence[float], room: tuple[float, float], rows: int) -> list[Label]:
    """One name after the other; each takes the first free place."""
    done: list[Label] = []
    for name, aim in zip(names, aims, strict=True):
        free = (each for each in _places(name, aim, room, rows) if not any(_collide(each, o) for o in done))
        done.append(next(free, name.label))
    return done


def _places(name: _Name, first: float, room: tuple[float, float], rows: int) -> Iterator[Label]:
    """Where ``name`` may stand: the long one before the short one, the lower row before the upper."""
    for text, width in name.texts:
        for row in range(rows):
            for aim in (first, *AIMS):
                left = name.label.x - SIGN / 2 - aim * (width - SIGN)
                left = max(room[0], min(left, room[1] - width))
                yield name.label._replace(text=text, left=left, right=left + width, row=row)


def _collide(one: Label, other: Label) -> bool:
    """Side by side too close, or the guide of the upper one would go through the lower one."""
    if one.row is None or other.row is None:
        return False
    if one.row == other.row:
        return one.left < other.right + GAP and other.left < one.right + GAP
    upper, lower = (one, other) if one.row > other.row else (other, one)
    return lower.left - 2 < upper.x < lower.right + 2
