"""What may be sold: products as the catalogue states them. Reading the file is the shell's work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import NewType

from edge.domain.values import Decigrams, Fen, Sku

CatalogueVersion = NewType("CatalogueVersion", str)
"""First 16 hex digits of the SHA-256 of the catalogue's bytes."""


@dataclass(frozen=True, slots=True)
class Product:
    """One product. Weights are gross, of one sealed piece."""

    sku: Sku
    gtin13: str
    name_zh: str
    name_en: str
    spec: str
    category: str
    county_zh: str
    county_en: str
    supplier: str
    unit_weight: Decigrams
    unit_sd: Decigrams
    count_by_weight_max: int
    """Pieces in one take that stay countable; 0: this product cannot be counted by weight."""
    price: Fen
    cert_no: str
    cert_status: str
    cert_to: date | None
    linkage: str
    shelf_life_days: int | None
    age_restricted: bool
    counter_ok: bool

    def is_certified(self, on: date) -> bool:
        """Whether the certificate is ACTIVE and in date on ``on`` (the local business day)."""
        return self.cert_status == "ACTIVE" and (self.cert_to is None or on <= self.cert_to)


@dataclass(frozen=True, slots=True)
class Catalogue:
    version: CatalogueVersion
    products: Mapping[Sku, Product]
