"""Makes the two embedded font files and their coverage list from Debian's fonts-noto-cjk.

Needs ``pip install .[fonts]`` and ``apt-get install --no-install-recommends fonts-noto-cjk``; takes about
half a minute. The output is committed: run this only to change the set of characters.
"""

from __future__ import annotations

from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTCollection, TTFont

SOURCE = Path("/usr/share/fonts/opentype/noto")
TARGET = Path(__file__).resolve().parent.parent / "edge" / "assets" / "fonts"
SIMPLIFIED_CHINESE = "Noto Sans CJK SC"
SIGNS = "¥¥€℃°·•×÷±→←↑↓✓✗…—–‘’“”、。〈〉《》「」【】!(),:;?~≤≥≈№①②③④⑤⑥⑦⑧⑨⑩■□▲△●○★☆"
BEYOND_GB2312 = "蒟蒻囍喆堃珺玥镕淼焱昇昊暘翀"
"""Characters of names of goods and people that only GBK holds; a dozen of them costs a kilobyte."""


def gb2312() -> str:
    """Every character that GB 2312 encodes, by asking Python's own codec for each code point."""
    rows = (bytes((high, low)) for high in range(0xA1, 0xF8) for low in range(0xA1, 0xFF))
    return "".join(pair.decode("gb2312", errors="ignore") for pair in rows)


def wanted() -> set[int]:
    """Code points to keep: ASCII, Latin-1's signs, GB 2312, and the signs that screens print."""
    ascii_and_latin = set(range(0x20, 0x7F)) | set(range(0xA0, 0x100))
    return ascii_and_latin | {ord(char) for char in gb2312() + SIGNS + BEYOND_GB2312}


def simplified(path: Path) -> TTFont:
    """The simplified-Chinese face of a Noto CJK collection, found by its name."""
    for font in TTCollection(path).fonts:
        if font["name"].getDebugName(1) == SIMPLIFIED_CHINESE:
            return font
    raise SystemExit(f"{path} holds no face named {SIMPLIFIED_CHINESE}")


def subset(weight: str) -> set[int]:
    """Write one WOFF2 file; return the code points that it can draw."""
    options = Options()
    options.flavor = "woff2"
    options.layout_features = ["kern"]  # "locl" alone would double the glyphs: other regions' shapes
    options.name_IDs = [0, 1, 2, 3, 4, 5, 6, 13, 14]
    options.hinting = False
    options.desubroutinize = True
    font = simplified(SOURCE / f"NotoSansCJK-{weight}.ttc")
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=wanted())
    subsetter.subset(font)
    font.flavor = "woff2"
    font.save(TARGET / f"NotoSansSC-GB2312-{weight}.woff2")
    return set(font.getBestCmap())


def listed(points: set[int], width: int = 64) -> str:
    """``points`` as the characters themselves, ``width`` a line."""
    characters = "".join(chr(point) for point in sorted(points) if chr(point).isprintable())
    lines = [characters[start : start + width] for start in range(0, len(characters), width)]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Both weights, and what both of them cover."""
    if not SOURCE.is_dir():
        raise SystemExit(f"{SOURCE} is missing: apt-get install --no-install-recommends fonts-noto-cjk")
    covered = subset("Regular") & subset("Bold")
    (TARGET / "coverage.txt").write_text(listed(covered), encoding="utf-8")
    print(f"{len(covered)} characters in {TARGET}")


if __name__ == "__main__":
    main()
