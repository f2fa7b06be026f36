"""Poster and sticker: readable codes, everything the law wants seen, and nothing that is not so."""

from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest

from edge.paper.fonts import CannotDraw
from edge.paper.issuer import Issuer
from edge.paper.panel import Box
from edge.paper.posters import PAGES, PosterDoc, poster, poster_panel, sticker
from edge.program_terms import terms

URL = "https://counter.example/c/AK-001"
POSTER = PosterDoc(
    issuer=Issuer("AK-001", "示例专柜 1 号", "示例办公楼 1 层大厅", "000-0000-0000", complaint="12315"),
    url=URL,
    counter_word=terms("2021").counter.zh,
    programme=terms("2021").programme.zh,
    alcohol=True,
)
FULL = replace(
    POSTER,
    issuer=replace(
        POSTER.issuer,
        operator="示例运营单位",
        filing_no="示例备案 0001",
        valid_to=date(2027, 12, 31),
        licence_note="证" * 40,
        name="示" * 40,
    ),
)


@pytest.mark.parametrize("size", PAGES)
@pytest.mark.parametrize("doc", [POSTER, FULL, replace(POSTER, alcohol=False)], ids=["bare", "full", "dry"])
def test_everything_on_the_poster_stands_in_its_own_place(doc, size):
    panel = poster_panel(doc, size)
    page, boxes = Box(0, 0, *PAGES[size]), list(panel.boxes())
    assert [name for name, box in boxes if not page.holds(box)] == []
    assert [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if one.meets(other)] == []


def said(doc) -> str:
    return " ".join(text.text for text in poster_panel(doc, "a4").texts)


def test_the_sign_about_minors_stands_only_where_alcohol_is_sold():
    assert "未成年人禁止购酒" in said(POSTER)
    assert "未成年人" not in said(replace(POSTER, alcohol=False))


def test_what_is_not_known_is_said_to_be_so():
    assert "经营者 未登记" in said(POSTER)
    assert "备案号 未登记 · 有效期至 未登记" in said(POSTER)
    assert "备案号 示例备案 0001 · 有效期至 2027-12-31" in said(FULL)


def test_the_words_of_the_programme_are_those_of_the_chosen_year():
    old = replace(POSTER, counter_word=terms("2020").counter.zh, programme=terms("2020").programme.zh)
    assert terms("2020").counter.zh in said(old)
    assert terms("2021").counter.zh not in said(old)


def test_texts_that_are_too_long_for_a_page_are_not_cut():
    with pytest.raises(CannotDraw, match="does not fit"):
        poster_panel(replace(POSTER, issuer=replace(POSTER.issuer, operator="长" * 300)), "a4")


def test_the_posters_code_is_read_back(read_back):
    assert read_back(poster(POSTER, "a4")) == [URL]


def test_a_sticker_is_read_back_and_carries_its_caption(read_back):
    picture = sticker(URL, "示例专柜 1 号", "请扫码开门")
    assert read_back(picture) == [URL]
    caption = picture.crop((0, picture.width, picture.width, picture.height))
    assert caption.getextrema()[0] < 64, "something dark stands under the code"
