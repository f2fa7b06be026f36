"""Colours, words and fonts of the pictures. It draws nothing.

Every ink stands at 4.5 : 1 or more on paper, fill and band of its own palette (WCAG 2.2, 1.4.3); a test
works it out.
"""

from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Literal, NamedTuple

from PIL import ImageFont
from PIL.ImageFont import FreeTypeFont

Lang = Literal["zh", "en"]
Weight = Literal["Regular", "Bold"]

TEXT, ROW = 14, 18
"""Pixels of the letters and of a line: a receipt's small print. The page says the same in larger letters."""

FONTS = Path(str(files("edge"))) / "assets" / "fonts"


class Palette(NamedTuple):
    """paper, fill (under the line), band (while the door is open) are grounds; the others are inks."""

    paper: str
    fill: str
    band: str
    ink: str
    soft: str
    take: str
    back: str
    alarm: str


LIGHT = Palette("#ffffff", "#d9ecdf", "#f3efe2", "#16211b", "#4a564f", "#0b5c33", "#1a4a94", "#a31515")
DARK = Palette("#1e2421", "#23402f", "#2b312d", "#edf1ee", "#b4beb8", "#8fe0b4", "#a9ccff", "#ffada5")


class Word(NamedTuple):
    """What an event is called. full: with {n} pieces; short: where there is no room for it."""

    full: str
    short: str

    def of(self, pieces: int) -> tuple[str, str]:
        """Both, filled in."""
        return self.full.format(n=pieces), self.short.format(n=pieces)


EVENTS: dict[Lang, dict[str, Word]] = {
    "zh": {
        "TAKE": Word("取走 {n} 件", "取 {n}"),
        "PUT_BACK": Word("放回 {n} 件", "放 {n}"),
        "MISPLACED": Word("错放 {n} 件", "错 {n}"),
        "FOREIGN_OBJECT": Word("其他物品", "异物"),
        "TOUCH": Word("碰到", "碰"),
    },
    "en": {
        "TAKE": Word("took {n}", "-{n}"),
        "PUT_BACK": Word("put back {n}", "+{n}"),
        "MISPLACED": Word("misplaced {n}", "mis {n}"),
        "FOREIGN_OBJECT": Word("other object", "other"),
        "TOUCH": Word("touched", "hit"),
    },
}
"""Actions that are marked; one of a newer counter is not."""

WORDS: dict[Lang, dict[str, str]] = {
    "zh": {
        "before": "开门前",
        "after": "关门后",
        "was": "前",
        "now": "后",
        "pieces": "{n} 件",
        "seconds": "{n} 秒",
        "opened": "开门",
        "shut": "关门",
        "change": "变化 {g}",
        "residual": "残差 {g}",
    },
    "en": {
        "before": "before",
        "after": "after",
        "was": "was",
        "now": "now",
        "pieces": "{n} pcs",
        "seconds": "{n} s",
        "opened": "open",
        "shut": "shut",
        "change": "change {g}",
        "residual": "residual {g}",
    },
}


@lru_cache(maxsize=16)
def font(weight: Weight, size: int) -> FreeTypeFont:
    """The embedded font at ``size`` px; it has every character of the words above (a test looks)."""
    return ImageFont.truetype(str(FONTS / f"NotoSansSC-GB2312-{weight}.woff2"), size)
