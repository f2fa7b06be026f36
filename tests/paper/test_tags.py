"""Price tags and tray labels: everything inside its cell, nothing over another, every code readable."""

import re
import zlib
from dataclasses import replace
from itertools import combinations

import pytest

from edge.domain.values import Fen
from edge.errors import BadInput
from edge.paper import pdf, sheets, thermal
from edge.paper.fonts import CannotDraw
from edge.paper.media import A4, MEDIA, THERMAL_384, THERMAL_576
from edge.paper.panel import Box
from edge.paper.tags import TrayDoc, TrayGoods, price_tag, tray_label, unit_of

EVERY = pytest.mark.parametrize("medium", MEDIA.values(), ids=lambda medium: medium.name)


def faults(panel, height):
    """What sticks out of the label, and what lies over something else."""
    cell = Box(0, 0, panel.width, height)
    boxes = list(panel.boxes())
    out = [name for name, box in boxes if not cell.holds(box)]
    return out + [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if one.meets(other)]


def faults_of(panel, medium):
    return faults(panel, medium.height or panel.bottom)


@EVERY
def test_everything_on_a_tag_of_each_sample_product_stands_in_its_own_place(medium, products, tag_of):
    assert len(products) == 52
    found = {p.sku: faults_of(price_tag(tag_of(p), medium), medium) for p in products}
    assert {sku: fault for sku, fault in found.items() if fault} == {}


HOSTILE = {
    "40 wide characters": {"name": "鑫" * 40},
    "40 letters, one word": {"name": "W" * 40},
    "name, supplier and county of 40": {"name": "茶" * 40, "supplier": "社" * 40, "county": "县" * 40},
    "words": {"name": "Extraordinarily long English name of 40 char"[:40]},
    "price of seven digits": {"price": Fen(123456789), "was": Fen(987654321)},
    "long spec": {"spec": "18g×10小袋×4盒/豪华精装礼盒(含手提袋及贺卡)"},
    "nothing but the duties": {"spec": "", "certified": "", "complaint": "", "was": None},
    "long page": {"page": "https://counter.example.org/c/AK-001/p/" + "x" * 60},
}


@EVERY
@pytest.mark.parametrize("spoilt", HOSTILE.values(), ids=HOSTILE.keys())
def test_long_texts_wrap_and_shrink_and_are_never_cut(medium, spoilt, products, tag_of):
    tag = replace(tag_of(products[0]), **spoilt)
    panel = price_tag(tag, medium)
    assert faults_of(panel, medium) == []
    name = [text.text for text in panel.texts if text.name == "name"]
    assert len(name) <= 2
    assert re.sub(r"\s", "", "".join(name)) == re.sub(r"\s", "", tag.name)


@pytest.mark.parametrize(
    ("spoilt", "said"),
    [
        ({"name": "\U0001f600茶"}, r"ZY-TEA-MJ100: .*\U0001f600 \(U\+1F600\)"),
        ({"supplier": "\U0001f600社"}, r"ZY-TEA-MJ100: .*\U0001f600 \(U\+1F600\)"),
        ({"name": "茶" * 400}, r"ZY-TEA-MJ100: .*does not fit 2 lines"),
    ],
)
def test_what_cannot_be_drawn_is_named_with_its_product(spoilt, said, products, tag_of):
    with pytest.raises(CannotDraw, match=said):
        price_tag(replace(tag_of(products[0]), **spoilt), A4)


def test_a_wrong_bar_code_is_named_with_its_product(products, tag_of):
    with pytest.raises(BadInput, match=r"ZY-TEA-MJ100: .*should end in 1"):
        price_tag(replace(tag_of(products[0]), gtin="2996109240019"), A4)


def texts_of(panel):
    return " ".join(text.text for text in panel.texts)


def test_a_tag_says_name_price_unit_and_origin_and_strikes_only_a_price_that_is_given(products, tag_of):
    full = tag_of(products[0])
    said = texts_of(price_tag(full, A4))
    for part in (
        products[0].name_zh,
        "¥128.00",
        "元/罐",
        "规格 100g/罐",
        "产地 紫阳县",
        "原价",
        "¥138.00",
        "12315",
    ):
        assert part in said
    plain = price_tag(replace(full, was=None, certified="", complaint=""), A4)
    assert "原价" not in texts_of(plain)
    assert [bar.name for bar in plain.bars] == []
    assert [picture.name for picture in plain.pictures] == ["page code", "bar code"]


@pytest.mark.parametrize(
    ("spec", "unit"),
    [("100g/罐", "罐"), ("10枚/盒(≥550g)", "盒"), ("1kg", "件"), ("", "件"), ("2g×20/", "件")],
)
def test_the_unit_is_what_one_piece_is_called(spec, unit):
    assert unit_of(spec) == unit


@pytest.mark.parametrize("medium", [THERMAL_384, THERMAL_576], ids=lambda medium: medium.name)
def test_both_codes_of_a_thermal_tag_are_read_back(medium, products, tag_of, read_back, printed):
    for product in products[::13]:
        tag = tag_of(product)
        strip = thermal.strip(price_tag(tag, medium), medium.pad)
        assert strip.width == medium.width
        assert read_back(printed(strip)) == sorted([tag.gtin, tag.page])


@pytest.fixture(scope="module")
def pages(products, tag_of):
    """25 tags: a full sheet and one more."""
    return list(sheets.sheets([price_tag(tag_of(product), A4) for product in products[:25]]))


def test_a_sheet_carries_24_tags_and_every_code_on_it_is_read_back(pages, products, tag_of, read_back):
    assert [(page.size, page.mode) for page in pages] == [(sheets.PAGE, "1")] * 2
    tags = [tag_of(product) for product in products[:25]]
    first, second = (read_back(page) for page in pages)
    assert first == sorted(text for tag in tags[:24] for text in (tag.gtin, tag.page))
    assert second == sorted([tags[24].gtin, tags[24].page])


def test_cells_do_not_overlap_and_leave_a_printers_margin():
    cells = [Box(left, top, left + A4.width, top + A4.height) for left, top in sheets.cells()]
    assert len(cells) == 24
    assert not any(one.meets(other) for one, other in combinations(cells, 2))
    five_mm = 59
    page = Box(five_mm, five_mm, sheets.PAGE[0] - five_mm, sheets.PAGE[1] - five_mm)
    assert all(page.holds(cell) for cell in cells)


def goods_of(product):
    return TrayGoods(product.sku, product.name_zh, product.spec, product.gtin13, 18, 15)


@EVERY
def test_tray_labels_of_all_goods_stand_in_their_cells(medium, products, read_back):
    for product in products:
        panel = tray_label(TrayDoc("10-12", (goods_of(product),)), medium)
        assert faults_of(panel, medium) == []
    assert "容量 18 · 目标 15" in texts_of(panel)
    assert read_back(thermal.strip(panel, medium.pad)) == [products[-1].gtin13]


@EVERY
def test_goods_that_share_a_tray_share_its_label(medium, products):
    panel = tray_label(TrayDoc("2-02", tuple(map(goods_of, products[14:17]))), medium)
    assert faults_of(panel, medium) == []
    assert all(product.name_zh[:5] in texts_of(panel) for product in products[14:17])
    assert panel.pictures == [], "a bar code would be that of one of them only"


def test_the_plate_of_a_tray_holds_its_number():
    for medium in MEDIA.values():
        panel = tray_label(TrayDoc("10-12", (TrayGoods("A", "茶", "1g/罐", "2996109240011", 1, 1),)), medium)
        number = next(text for text in panel.texts if text.name == "tray")
        assert panel.bars[0].box.holds(number.box)
        assert number.ink == 255, "white on the black plate"


def pdf_pages(body: bytes) -> list[tuple[bytes, ...]]:
    return re.findall(rb"/Width (\d+) /Height (\d+) /ColorSpace /(\w+) /BitsPerComponent (\d)", body)


def test_a_pdf_holds_the_pages_without_loss_and_is_always_the_same(pages, tmp_path):
    bodies = []
    for name in ("a.pdf", "b.pdf"):
        with (tmp_path / name).open("wb") as file:
            assert pdf.write(iter(pages), file, sheets.DPI) == 2
        bodies.append((tmp_path / name).read_bytes())
    assert bodies[0] == bodies[1]
    assert pdf_pages(bodies[0]) == [(b"2480", b"3508", b"DeviceGray", b"1")] * 2
    assert b"/MediaBox [0 0 595.20 841.92]" in bodies[0], "A4 in points"
    for number, start in offsets(bodies[0]):
        assert bodies[0][start:].startswith(b"%d 0 obj" % number)
    packed = re.findall(rb"/FlateDecode /Length \d+ >>\nstream\n(.*?)\nendstream", bodies[0], re.DOTALL)
    assert [zlib.decompress(each) for each in packed] == [page.tobytes() for page in pages]


def offsets(body: bytes) -> list[tuple[int, int]]:
    """Object numbers and where the file's own table says that they begin."""
    start = int(re.search(rb"startxref\n(\d+)", body)[1])
    rows = re.findall(rb"(\d{10}) 00000 n", body[start:])
    return [(number, int(row)) for number, row in enumerate(rows, 1)]
