"""Goods as things with their own weight. Knows products and pieces, not where they lie."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from random import Random

CUT_SD = 3.0
"""No piece is further than this many standard deviations from its product's mean."""


@dataclass(frozen=True, slots=True)
class Product:
    """unit_g, sd_g: gross weight of one sealed piece, mean and standard deviation (catalogue)."""

    sku: str
    name_zh: str
    name_en: str
    unit_g: float
    sd_g: float


@dataclass(frozen=True, slots=True)
class Piece:
    """One thing. sku None: a foreign object, something the counter does not sell."""

    sku: str | None
    grams: float


def piece_of(product: Product, random: Random) -> Piece:
    """A piece with a true weight drawn from the product's spread, cut at ``CUT_SD``."""
    while abs(deviation := random.gauss(0.0, 1.0)) > CUT_SD:
        pass
    return Piece(product.sku, product.unit_g + product.sd_g * deviation)


def counted(pieces: Iterable[Piece]) -> dict[str, int]:
    """Pieces per sku; foreign objects are left out."""
    return dict(Counter(piece.sku for piece in pieces if piece.sku is not None))


def foreign(pieces: Iterable[Piece]) -> list[float]:
    """Weights of the foreign objects, in grams."""
    return [piece.grams for piece in pieces if piece.sku is None]
