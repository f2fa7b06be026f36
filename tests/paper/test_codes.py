"""Bar codes and QR codes: drawn here, read back by a decoder that has nothing in common with the encoder."""

import io
import re

import pytest
from PIL import Image

from edge.domain.gtin import check_digit
from edge.errors import BadInput
from edge.paper import ean, qr
from edge.paper.media import MEDIA
from edge.paper.sheets import black_and_white

URL = "http://127.0.0.1:8080/c/AK-001?t=k7Qm2xV9cR4t8nB1sD6wZe"

# The first two: the modules as GS1's General Specifications build them, worked out by hand from their tables.
SYMBOLS = [
    pytest.param("5901234123457", "101" "0001011" "0100111" "0110011" "0010011" "0111101" "0011101" "01010"
                 "1100110" "1101100" "1000010" "1011100" "1001110" "1000100" "101", id="EAN-13"),
    pytest.param("96385074", "101" "0001011" "0101111" "0111101" "0110111" "01010"
                 "1001110" "1110010" "1000100" "1011100" "101", id="EAN-8"),
]  # fmt: skip


@pytest.mark.parametrize(("digits", "modules"), SYMBOLS)
def test_the_bars_are_those_of_the_specification(digits, modules):
    assert ean.symbol(digits).modules == modules


READ = [
    ("2996109240011", "2996109240011"),
    ("5901234123457", "5901234123457"),
    ("036000291452", "0036000291452"),
    ("0036000291452", "0036000291452"),
    ("96385074", "96385074"),
    ("0000096385074", "96385074"),
    ("02996109240011", "2996109240011"),
    *((f"{first}00000000000{check_digit(f'{first}00000000000')}",) * 2 for first in "123456789"),
]


@pytest.mark.parametrize("module", sorted({medium.module for medium in MEDIA.values()}))
@pytest.mark.parametrize(("digits", "seen"), READ)
def test_a_bar_code_is_read_back_on_paper_and_after_a_thermal_print(digits, seen, module, read_back, printed):
    picture = black_and_white(ean.labelled(digits, module, 25 * module))
    for shown in (picture, printed(picture)):
        assert [text.zfill(len(seen)) for text in read_back(shown)] == [seen]


def test_every_bar_code_of_the_sample_is_read_back(products, read_back):
    for product in products:
        assert read_back(ean.labelled(product.gtin13, 3, 60)) == [product.gtin13]


WRONG = [
    ("2996109240012", "end in 1"),
    ("96385075", "end in 4"),
    ("036000291453", "end in 2"),
    ("29961092400", "12, 13 or 14 digits"),
    ("٢٩٩٦١٠٩٢٤٠٠١١", "12, 13 or 14 digits"),
    ("", "12, 13 or 14 digits"),
    ("12996109240018", "number of a case"),
]


@pytest.mark.parametrize(("digits", "said"), WRONG)
def test_a_wrong_number_is_not_drawn(digits, said):
    with pytest.raises(BadInput, match=said):
        ean.labelled(digits, 3, 60)


def test_the_quiet_zones_are_white_and_the_guards_are_longest():
    picture = ean.bars("5901234123457", 2, 60)
    assert picture.width == 2 * (11 + 95 + 7)
    assert picture.crop((0, 0, 22, 60)).getextrema() == (255, 255)
    assert picture.crop((picture.width - 14, 0, picture.width, 60)).getextrema() == (255, 255)
    bottom = picture.crop((0, 59, picture.width, 60))
    assert sum(pixel == 0 for pixel in bottom.get_flattened_data()) == 2 * 6, (
        "two bars of each of the three guards"
    )


def on_white(picture: Image.Image, margin: int) -> Image.Image:
    """As the page shows it: on a white card."""
    card = Image.new("L", (picture.width + 2 * margin, picture.height + 2 * margin), 255)
    card.paste(picture, (margin, margin))
    return card


@pytest.mark.parametrize("side", [300, 760])
def test_the_screens_code_is_read_back(side, read_back):
    picture = Image.open(io.BytesIO(qr.screen_png(URL, side)))
    assert 0.9 * side <= picture.width <= side
    assert picture.getpixel((0, 0)) == 255, "dark on light, as every phone reads it"
    assert read_back(on_white(picture, picture.width // 18)) == [URL]


def test_the_terminals_code_is_read_back(read_back):
    text = re.sub(r"\x1b\[[\d;]*m", "", qr.terminal(URL))
    halves = {" ": (0, 0), "▀": (255, 0), "▄": (0, 255), "█": (255, 255)}
    rows = []
    for line in text.splitlines():
        rows += [[halves[char][0] for char in line], [halves[char][1] for char in line]]
    picture = Image.new("L", (len(rows[0]), len(rows)))
    picture.putdata([pixel for row in rows for pixel in row])
    assert read_back(picture.resize((picture.width * 6, picture.height * 6))) == [URL]
    assert picture.width <= 80, "it fits a terminal"


def test_what_no_code_can_hold_is_said():
    with pytest.raises(BadInput, match="5000 characters are too many"):
        qr.matrix("x" * 5000, qr.M)
