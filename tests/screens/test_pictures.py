"""Fonts and QR codes: drawn here, read back by a decoder that has nothing in common with the encoder."""

import csv
import io
import re
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image

from edge.domain.values import Fen
from edge.screens import fonts
from edge.screens.fonts import CannotDraw, embedded_characters, font, lacking
from edge.screens.labels import price_tag_png, screen_qr_png, sticker_png, terminal_qr
from edge.screens.strings import LANGUAGES, texts

ROOT = Path(__file__).resolve().parents[2]
URL = "http://127.0.0.1:8080/c/AK-001?t=k7Qm2xV9cR4t8nB1sD6wZe"
CATALOGUE = ROOT / "config" / "catalogue.csv"


def read_back(picture: Image.Image) -> list[str]:
    return [found.text for found in zxingcpp.read_barcodes(picture.convert("L"))]


def opened(png: bytes) -> Image.Image:
    return Image.open(io.BytesIO(png))


def on_white(picture: Image.Image, margin: int) -> Image.Image:
    """As the page shows it: on a white card."""
    card = Image.new("L", (picture.width + 2 * margin, picture.height + 2 * margin), 255)
    card.paste(picture, (margin, margin))
    return card


@pytest.mark.parametrize("side", [300, 760])
def test_the_screens_code_is_read_back(side):
    picture = opened(screen_qr_png(URL, side))
    assert 0.9 * side <= picture.width <= side
    assert picture.getpixel((0, 0)) == 255, "dark on light, as every phone reads it"
    assert read_back(on_white(picture, picture.width // 18)) == [URL]


def test_a_sticker_is_read_back_and_carries_its_caption():
    picture = opened(sticker_png("https://counter.example/c/AK-001", "示例专柜 1 号", "请扫码开门"))
    assert read_back(picture) == ["https://counter.example/c/AK-001"]
    caption = picture.crop((0, picture.width, picture.width, picture.height))
    assert caption.getextrema()[0] < 64, "something dark stands under the code"


def test_the_terminals_code_is_read_back():
    text = re.sub(r"\x1b\[[\d;]*m", "", terminal_qr(URL))
    halves = {" ": (0, 0), "▀": (255, 0), "▄": (0, 255), "█": (255, 255)}
    rows = []
    for line in text.splitlines():
        rows += [[halves[char][0] for char in line], [halves[char][1] for char in line]]
    picture = Image.new("L", (len(rows[0]), len(rows)))
    picture.putdata([pixel for row in rows for pixel in row])
    assert read_back(picture.resize((picture.width * 6, picture.height * 6))) == [URL]
    assert picture.width <= 80, "it fits a terminal"


def catalogue_texts() -> set[str]:
    with CATALOGUE.open(encoding="utf-8", newline="") as file:
        columns = ("name_zh", "name_en", "spec", "category", "county_zh", "county_en", "supplier_name")
        return {row[column] for row in csv.DictReader(file) for column in columns}


def test_every_name_of_the_sample_catalogue_is_in_the_embedded_fonts():
    lacking_names = {text: set(text) - embedded_characters() for text in catalogue_texts()}
    assert {text: found for text, found in lacking_names.items() if found} == {}


def test_every_text_of_the_screens_is_in_the_embedded_fonts():
    shown = "".join("".join(texts()[language].values()) for language in LANGUAGES)
    assert set(shown) - embedded_characters() == set()


@pytest.mark.parametrize("weight", ["Regular", "Bold"])
def test_the_embedded_fonts_hold_what_their_list_says(weight):
    assert len(embedded_characters()) > 7000
    sample = "".join(sorted(embedded_characters())[::7]) + "紫阳富硒毛尖¥℃×→✓囍喆"
    face = fonts._loaded(fonts.Face(str(fonts.ASSETS / f"NotoSansSC-GB2312-{weight}.woff2"), 0), 24)
    assert lacking(face, sample) == set()
    assert lacking(face, "水\U0001f600") == {"\U0001f600"}


def test_what_no_font_can_draw_is_named(monkeypatch):
    monkeypatch.setattr(fonts, "SYSTEM", {"Regular": (), "Bold": ()})
    with pytest.raises(CannotDraw, match=r"龘 \(U\+9F98\).*fonts-noto-cjk"):
        font(20, "Regular", "水龘")


def test_a_system_font_steps_in_for_a_rare_character(monkeypatch):
    system = (fonts.Face(str(fonts.ASSETS / "NotoSansSC-GB2312-Bold.woff2"), 0),)
    monkeypatch.setattr(fonts, "embedded_characters", lambda: frozenset("水"))
    monkeypatch.setattr(fonts, "SYSTEM", {"Regular": system, "Bold": system})
    assert font(20, "Regular", "茶").path == system[0].path


def test_a_price_tag_is_drawn_for_the_longest_name():
    longest = max(catalogue_texts(), key=len)
    tag = opened(price_tag_png(longest, "2.5kg/袋", "紫阳县", Fen(12800)))
    assert tag.size == (640, 320)
    frame = tag.crop((4, 4, 636, 316))
    assert max(frame.getcolors(), key=lambda c: c[0])[1] == 255
    right = frame.crop((626, 0, 632, 150))
    assert right.getextrema()[0] == 255, "the name stays inside the label"
