"""Which products lie on which tray. Several may share one, if the scale can tell them apart (the linter)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from edge.domain import stock
from edge.domain.catalogue import Catalogue
from edge.domain.stock import Lots
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

    def expires_on(self, place: Place, held: Lots) -> date | None:
        """The first date of the goods that lie there; None where they have none, or nothing lies there.

        Goods that came without a date have their facing's; a stray, the first of the places it may be of.
        """
        tray, sku = place
        of = [facing for facing in self.facings if facing.sku == sku]
        here = [facing for facing in of if facing.tray == tray] or of
        dates = (facing.expires_on for facing in here if facing.expires_on is not None)
        return stock.expires_on(held, min(dates, default=None))

    def expired(self, lying: Mapping[Place, Lots], today: date) -> set[TrayId]:
        """Trays of ``lying`` with goods past their date: they are sold through the day named."""
        dates = ((place[0], self.expires_on(place, held)) for place, held in lying.items())
        return {tray for tray, day in dates if day is not None and day < today}

    def groups(self) -> tuple[tuple[Sku, ...], ...]:
        """Products of one tray that need not be told apart, each group's together."""
        found: dict[tuple[TrayId, str], tuple[Sku, ...]] = {}
        for facing in self.facings:
            if facing.group:
                place = facing.tray, facing.group
                found[place] = (*found.get(place, ()), facing.sku)
        return tuple(found.values())

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
