"""Which product lies on which tray. One product a tray."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from edge.domain.catalogue import Catalogue
from edge.domain.values import Sku, TrayId


@dataclass(frozen=True, slots=True)
class Facing:
    """One tray's plan.

    capacity, par, opening: pieces; ``opening`` is what lies there when the ledger is new.
    """

    tray: TrayId
    sku: Sku
    capacity: int
    par: int
    opening: int
    expires_on: date | None = None


@dataclass(frozen=True, slots=True)
class Planogram:
    version: str
    facings: Mapping[TrayId, Facing]
    """In the cabinet's order: shelf by shelf from the top, left to right."""


def problems_of(planogram: Planogram, catalogue: Catalogue) -> Iterator[str]:
    """Sentences naming everything that makes ``planogram`` unusable with ``catalogue``."""
    for facing in planogram.facings.values():
        product = catalogue.products.get(facing.sku)
        if product is None:
            yield f"tray {facing.tray}: product {facing.sku} is not in the catalogue"
            continue
        if not product.counter_ok:
            yield f"tray {facing.tray}: {facing.sku} is not fit for a counter (counter_ok = 0)"
        if product.count_by_weight_max == 0:
            yield f"tray {facing.tray}: {facing.sku} cannot be counted by weight"
        if product.cert_status != "ACTIVE":
            yield f"tray {facing.tray}: the certificate of {facing.sku} is {product.cert_status}"
        if product.age_restricted:
            yield f"tray {facing.tray}: {facing.sku} is alcohol, not for an unattended counter"
        if not 0 <= facing.opening <= facing.capacity:
            yield f"tray {facing.tray}: opening {facing.opening} is not within 0…{facing.capacity}"
