"""The sample catalogue as price tags, and what a printer and a camera do to a picture of them."""

from pathlib import Path

import pytest
import zxingcpp
from PIL import Image, ImageFilter

from edge.domain.catalogue import Product
from edge.domain.values import Fen
from edge.outfit.catalogue_csv import read_catalogue
from edge.paper.tags import TagDoc

UPRIGHT = {"try_rotate": False, "try_invert": False}
"""Codes are read as they stand on the paper: that is quicker, and asks for no more luck."""
CATALOGUE = Path(__file__).resolve().parents[2] / "config" / "catalogue.csv"


@pytest.fixture(scope="session")
def products() -> tuple[Product, ...]:
    return tuple(read_catalogue(CATALOGUE).products.values())


@pytest.fixture(scope="session")
def tag_of():
    """``tag_of(product)``: the fullest tag there is, with a struck price and every sign."""

    def made(product: Product) -> TagDoc:
        return TagDoc(
            sku=product.sku,
            name=product.name_zh,
            spec=product.spec,
            county=product.county_zh,
            supplier=product.supplier,
            price=product.price,
            gtin=product.gtin13,
            page="https://counter.example/c/AK-001/p/ZY-TEA-MJ100",
            certified="示例认定产品",
            was=Fen(product.price + 1000),
            complaint="12315",
        )

    return made


@pytest.fixture(scope="session")
def read_back():
    """``read_back(picture)``: the texts of all codes on it, by a decoder that is not ours."""

    def read(picture: Image.Image) -> list[str]:
        return sorted(found.text for found in zxingcpp.read_barcodes(picture.convert("L"), **UPRIGHT))

    return read


@pytest.fixture(scope="session")
def printed():
    """``printed(strip)``: black and white dots as thermal paper shows them to a camera.

    Heat spreads by more than half a dot, black is grey and white is not quite white.
    """

    def print_(strip: Image.Image) -> Image.Image:
        assert strip.mode == "1"
        twice = strip.convert("L").resize((strip.width * 2, strip.height * 2), Image.Resampling.NEAREST)
        return twice.filter(ImageFilter.GaussianBlur(1.3)).point(lambda value: 50 + value * 170 // 255)

    return print_
