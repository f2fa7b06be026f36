"""Fonts: what can be drawn, and what is said about what cannot."""

import csv
from pathlib import Path

import pytest

from edge.paper import fonts
from edge.paper.fonts import CannotDraw, embedded_characters, font, lacking
from edge.screens.strings import LANGUAGES, texts

ROOT = Path(__file__).resolve().parents[2]
CATALOGUE = ROOT / "config" / "catalogue.csv"


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
