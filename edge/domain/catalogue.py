"""What may be sold: products as the catalogue states them. Reading the file is the shell's work."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NewType

from edge.domain.gtin import normal
from edge.domain.values import Decigrams, Fen, Sku

CatalogueVersion = NewType("CatalogueVersion", str)
"""First 16 hex digits of the SHA-256 of the catalogue's bytes."""


class Gate(StrEnum):
    """The seven gates of certification (七个关口), in the order of the catalogue's column ``gates7``."""

    LICENSE = "LICENSE"
    OPERATION = "OPERATION"
    QUALITY = "QUALITY"
    SAFETY = "SAFETY"
    TAX = "TAX"
    ENVIRONMENT = "ENVIRONMENT"
    LINKAGE = "LINKAGE"


@dataclass(frozen=True, slots=True)
class GateResult:
    """How a product did at one gate. valid_to: the last day it counts; None: no end is stated."""

    gate: Gate
    passed: bool
    valid_to: date | None = None

    def holds(self, on: date) -> bool:
        return self.passed and (self.valid_to is None or on <= self.valid_to)


@dataclass(frozen=True, slots=True)
class Claim:
    """What may be said of a product, with the document that proves it: ``富硒``, ``DB61/T 556 …``."""

    words: str
    document: str


@dataclass(frozen=True, slots=True)
class Product:
    """One product. Weights are gross, of one sealed piece.

    gtin13: its first article number; gtins: all of them. ref_price: the usual price of such goods, None: not
    known. supply_price: what its supplier is paid for a piece. gates: (): not stated. claims: only those
    with a document; unproven: those without, which are never shown. tray_capacity, par_level, reorder_point:
    pieces that a planogram may start from, 0: none stated.
    """

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
    supplier_id: str = ""
    county_code: str = ""
    gtins: tuple[str, ...] = ()
    pack_type: str = ""
    storage: str = ""
    near_expiry_days: int = 0
    """So many days before its date a piece is marked; 0: only on the day itself."""
    block_sale_days: int = 0
    """So many days before its date a piece is sold no more; 0: it is sold through the day itself."""
    ref_price: Fen | None = None
    supply_price: Fen | None = None
    cert_from: date | None = None
    gates: tuple[GateResult, ...] = ()
    linked_households: int | None = None
    trace_url: str = ""
    claims: tuple[Claim, ...] = ()
    unproven: tuple[str, ...] = ()
    tray_capacity: int = 0
    par_level: int = 0
    reorder_point: int = 0

    def is_certified(self, on: date) -> bool:
        """Whether the certificate is ACTIVE and in date and every gate holds on ``on`` (the local day)."""
        begun = self.cert_from is None or self.cert_from <= on
        running = self.cert_to is None or on <= self.cert_to
        return self.cert_status == "ACTIVE" and begun and running and not self.failed_gates(on)

    def failed_gates(self, on: date) -> tuple[Gate, ...]:
        """The gates that do not hold on ``on``, in their order."""
        return tuple(each.gate for each in self.gates if not each.holds(on))


@dataclass(frozen=True, slots=True)
class Catalogue:
    version: CatalogueVersion
    products: Mapping[Sku, Product]

    def find_by_gtin(self, code: str) -> Product | None:
        """The product with that article number, however many zeros lead it; None: nobody has it."""
        wanted = normal(code)
        return next(
            (
                product
                for product in self.products.values()
                if any(normal(each) == wanted for each in (product.gtin13, *product.gtins) if each)
            ),
            None,
        )


_NEAR_EXPIRY = ((365, 45), (180, 20), (90, 15), (30, 10), (16, 5))
"""Shelf life of at least so many days → near its date for so many. A habit of the trade, no law."""


def near_expiry_days(shelf_life_days: int | None) -> int:
    """Days before its date at which a piece is marked, where the catalogue says nothing."""
    if shelf_life_days is None:
        return 0
    for life, days in _NEAR_EXPIRY:
        if shelf_life_days >= life:
            return days
    return max(1, min(4, shelf_life_days // 4))


def is_dear(product: Product, guard_pct: int) -> bool:
    """Whether its price is more than ``guard_pct`` percent above the usual one."""
    return product.ref_price is not None and product.price * 100 > product.ref_price * (100 + guard_pct)
