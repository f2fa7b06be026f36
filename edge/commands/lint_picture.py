"""The linter's report as a picture of the cabinet: each tray in colour, with an icon and in words. No I/O
but reading the embedded font; the texts come from ``lint_words``."""

import io
import re
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageFont import FreeTypeFont

from edge.domain.planogram import Planogram
from edge.upkeep.lint_words import LEVELS, Names, finding, named, pair
from edge.weighing.linter import CabinetReport, Level, TrayReport

FONTS = Path(str(files("edge"))) / "assets" / "fonts"


class Look(NamedTuple):
    """fill: the card. ink: border, icon and words; at least 4.5 : 1 on ``fill``."""

    fill: str
    ink: str


LOOKS = {
    Level.OK: Look("#e8f5e9", "#1b5e20"),
    Level.WARN: Look("#fff4d6", "#7a4a00"),
    Level.ERROR: Look("#fdecea", "#a31515"),
}
INK, PAPER, GREY = "#1a1a1a", "#ffffff", "#595959"
CARD_W, CARD_H, GAP, TOP = 336, 216, 16, 96
NAME = re.compile("[0-9]+-[0-9]+")
PER_ROW = 4
"""Trays a row where the trays' names do not tell their shelf."""


def planogram_png(report: CabinetReport, planogram: Planogram, names: Names) -> bytes:
    """A PNG of the whole planogram as the linter sees it."""
    goods = {
        str(tray): [(str(each.sku), each.capacity) for each in facings]
        for tray, facings in planogram.trays.items()
    }
    return cabinet_png(report, goods, planogram.version, names)


def cabinet_png(
    report: CabinetReport, goods: dict[str, list[tuple[str, int]]], title: str, names: Names
) -> bytes:
    """A PNG of all trays, shelf by shelf. goods: tray → (sku, most units)."""
    shelves = shelves_of([tray.tray for tray in report.trays])
    columns = max(len(shelf) for shelf in shelves)
    width = columns * (CARD_W + GAP) + GAP
    picture = Image.new("RGB", (width, TOP + len(shelves) * (CARD_H + GAP)), PAPER)
    draw = ImageDraw.Draw(picture)
    _head(draw, width, report.level, title)
    reports = {tray.tray: tray for tray in report.trays}
    for row, shelf in enumerate(shelves):
        for column, tray in enumerate(shelf):
            place = GAP + column * (CARD_W + GAP), TOP + row * (CARD_H + GAP)
            _card(draw, place, reports[tray], goods.get(tray, []), names)
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=True)
    return out.getvalue()


def shelves_of(trays: list[str]) -> list[list[str]]:
    """Rows of trays: by the shelf in ``shelf-tray``; by fours where a name is of another form."""
    if not trays or not all(NAME.fullmatch(tray) for tray in trays):
        return [trays[at : at + PER_ROW] for at in range(0, len(trays), PER_ROW)] or [[]]
    rows: dict[int, list[tuple[int, str]]] = {}
    for tray in trays:
        shelf, place = tray.split("-")
        rows.setdefault(int(shelf), []).append((int(place), tray))
    return [[tray for _, tray in sorted(rows[shelf])] for shelf in sorted(rows)]


def _head(draw: ImageDraw.ImageDraw, width: int, level: Level, title: str) -> None:
    zh, en = LEVELS[level]
    _icon(draw, (GAP + 18, 34), level)
    _text(draw, (GAP + 48, 14), f"货道检查:{zh} · Planogram check: {en}", 28, "Bold", INK, width - 80)
    _text(draw, (GAP + 48, 56), title, 20, "Regular", GREY, width - 80)


def _card(
    draw: ImageDraw.ImageDraw,
    place: tuple[int, int],
    tray: TrayReport,
    goods: list[tuple[str, int]],
    names: Names,
) -> None:
    left, top = place
    look, room = LOOKS[tray.level], CARD_W - 32
    draw.rounded_rectangle((left, top, left + CARD_W, top + CARD_H), 12, look.fill, look.ink, 3)
    _icon(draw, (left + 32, top + 32), tray.level)
    zh, en = LEVELS[tray.level]
    _text(draw, (left + 60, top + 14), f"{tray.tray}  {zh} {en}", 26, "Bold", look.ink, room - 44)
    line = top + 58
    for sku, count in goods[:3]:
        _text(
            draw,
            (left + 16, line),
            f"{drawable(named(sku, names)[0], sku)} ×{count}",
            20,
            "Regular",
            INK,
            room,
        )
        line += 26
    _text(
        draw,
        (left + 16, line),
        f"满载 {tray.load_share:.0%} · 存疑 {tray.doubt:.1%}",
        18,
        "Regular",
        GREY,
        room,
    )
    worst = max(tray.findings, key=lambda each: each.level, default=None)
    if worst is not None:
        near = worst.code == "near_pair"
        words = pair(tray.pairs[0], names) if near else finding(worst, names)
        for at, row in enumerate(_wrapped(drawable(words[0], words[1]), 18, room, 3)):
            _text(draw, (left + 16, line + 28 + 24 * at), row, 18, "Regular", look.ink, room)


def _icon(draw: ImageDraw.ImageDraw, middle: tuple[int, int], level: Level) -> None:
    """A tick in a circle, a mark in a triangle, a cross in a square: told apart without colour."""
    x, y = middle
    ink = LOOKS[level].ink
    if level is Level.OK:
        draw.ellipse((x - 16, y - 16, x + 16, y + 16), ink)
        draw.line(((x - 8, y), (x - 2, y + 7), (x + 9, y - 7)), PAPER, 4, "curve")
    elif level is Level.WARN:
        draw.polygon(((x, y - 18), (x + 18, y + 15), (x - 18, y + 15)), ink)
        draw.line(((x, y - 7), (x, y + 4)), PAPER, 4)
        draw.ellipse((x - 2, y + 8, x + 2, y + 12), PAPER)
    else:
        draw.rectangle((x - 16, y - 16, x + 16, y + 16), ink)
        draw.line(((x - 8, y - 8), (x + 8, y + 8)), PAPER, 4)
        draw.line(((x - 8, y + 8), (x + 8, y - 8)), PAPER, 4)


def _text(
    draw: ImageDraw.ImageDraw, place: tuple[int, int], text: str, size: int, weight: str, ink: str, room: int
) -> None:
    """``text``, cut with … where it is wider than ``room`` px."""
    font, shown = _font(weight, size), drawable(text, "?")
    while len(shown) > 1 and font.getlength(shown) > room:
        shown = shown[:-2] + "…"
    draw.text(place, shown, ink, font)


def _wrapped(text: str, size: int, room: int, most: int) -> list[str]:
    """``text`` in rows of at most ``room`` px; what does not fit ``most`` rows stays in the last."""
    font, rows = _font("Regular", size), [""]
    for char in text:
        if len(rows) < most and font.getlength(rows[-1] + char) > room:
            rows.append("")
        rows[-1] += char
    return rows


@lru_cache(maxsize=16)
def _font(weight: str, size: int) -> FreeTypeFont:
    return ImageFont.truetype(str(FONTS / f"NotoSansSC-GB2312-{weight}.woff2"), size)


@lru_cache(maxsize=1)
def _characters() -> frozenset[str]:
    """What the embedded font can draw, as it was found when the font was made."""
    return frozenset((FONTS / "coverage.txt").read_text(encoding="utf-8")) | {" "}


def drawable(text: str, otherwise: str) -> str:
    """``text``, or ``otherwise`` where the embedded font lacks one of its characters."""
    return text if _characters().issuperset(text) else otherwise
