"""Which products lie on which tray. Several may share one, if the scale can tell them apart (the linter)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from edge.domain.catalogue import Catalogue
from edge.domain.values import Place, Sku, TrayId


@dataclass(frozen=True, slots=True)
class Facing:
    """One product's place on a tray.

    capacity, par, opening: pieces; ``opening`` is what lies there when the ledger is new. group: products
    of one weight and one price that need not be told apart; "": this one must be.
    """

    tray: TrayId
    sku: Sku
    capacity: int
    par: int
    opening: int
    expires_on: date | None = None
    group: str = ""


@dataclass(frozen=True, slots=True)
class Planogram:
    """trays: in the cabinet's order, shelf by shelf from the top, left to right; each with its facings."""

    version: str
    trays: Mapping[TrayId, tuple[Facing, ...]]

    @property
    def facings(self) -> tuple[Facing, ...]:
        return tuple(facing for facings in self.trays.values() for facing in facings)

    def expired(self, lying: Iterable[Place], today: date) -> set[TrayId]:
        """Trays of ``lying`` with goods past their date; what strayed has that of the place it came from."""
        past = {(f.tray, f.sku) for f in self.facings if f.expires_on and f.expires_on < today}
        gone_off = {sku for _, sku in past}
        return {
            tray
            for tray, sku in lying
            if (tray, sku) in past or (sku in gone_off and sku not in self.skus(tray))
        }

    def skus(self, tray: TrayId) -> tuple[Sku, ...]:
        """The products planned on ``tray``; none where there is no such tray."""
        return tuple(facing.sku for facing in self.trays.get(tray, ()))


def planogram_of(version: str, facings: Iterable[Facing]) -> Planogram:
    """A planogram of ``facings``, which come in the cabinet's order."""
    trays: dict[TrayId, tuple[Facing, ...]] = {}
    for facing in facings:
        trays[facing.tray] = (*trays.get(facing.tray, ()), facing)
    return Planogram(version, trays)


def problems_of(planogram: Planogram, catalogue: Catalogue) -> Iterator[str]:
    """Sentences naming everything that makes ``planogram`` unusable with ``catalogue``."""
    for facing in planogram.facings:
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
