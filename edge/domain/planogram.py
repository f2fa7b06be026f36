"""Which products lie on which tray. Several may share one, if the scale can tell them apart (the linter)."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from edge.domain import stock
from edge.domain.catalogue import Catalogue, Product
from edge.domain.gate import NO_RECALLS, Block, Policy, Recalls, is_too_few, why_not_plan
from edge.domain.stock import Lots
from edge.domain.values import Place, Sku, TrayId


@dataclass(frozen=True, slots=True)
class Facing:
    """One product's place on a tray.

    capacity, par, opening: pieces; ``opening`` is what lies there when the ledger is new. group: products
    of one weight and one price that need not be told apart; "": this one must be. reorder: pieces at which
    the tray wants filling, 0: only when it is empty.
    """

    tray: TrayId
    sku: Sku
    capacity: int
    par: int
    opening: int
    expires_on: date | None = None
    group: str = ""
    reorder: int = 0


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
    """Sentences naming everything that makes ``planogram`` unusable with ``catalogue``, whoever asks."""
    for facing in planogram.facings:
        if facing.sku not in catalogue.products:
            yield f"tray {facing.tray}: product {facing.sku} is not in the catalogue"
        elif not 0 <= facing.opening <= facing.capacity:
            yield f"tray {facing.tray}: opening {facing.opening} is not within 0…{facing.capacity}"


def refusals_of(
    planogram: Planogram,
    catalogue: Catalogue,
    policy: Policy,
    today: date | None,
    recalls: Recalls = NO_RECALLS,
) -> Iterator[str]:
    """Sentences naming all goods that may not be given a place.

    They are for a planogram that is to come. In one that is in force already, what lapses is blocked where
    it lies (``gate.why_not_sell``), and the rest goes on selling. today: None: dates are not judged.
    """
    share = share_of(planogram, catalogue, policy, today)
    for facing in planogram.facings:
        product = catalogue.products.get(facing.sku)
        if product is None:
            continue
        on = _judged(product, today)
        for block in why_not_plan(product, on, policy, recalls):
            yield f"tray {facing.tray}: {_said(block, product, on)}"
        uncertified = product.cert_status == "NONE" and not policy.certified_only
        if uncertified and is_too_few(product, share, on, policy):
            least = _percent(policy.certified_ratio_min)
            yield (
                f"tray {facing.tray}: {product.sku} is not certified, and only {_percent(share)} by "
                f"{policy.ratio_by} would be (policy.certified_ratio_min: {least})"
            )


def share_of(planogram: Planogram, catalogue: Catalogue, policy: Policy, today: date | None) -> Fraction:
    """The certified part of what is planned, 0…1, measured as ``policy.ratio_by`` says.

    facings: places. sku: products, each once. value: price times par, what a full tray is worth. The value
    of sales is no measure for a plan: it is known afterwards. An empty plan has a share of 1.
    """
    weights: dict[tuple[str, str], tuple[bool, int]] = {}
    for facing in planogram.facings:
        if (product := catalogue.products.get(facing.sku)) is None:
            continue
        key = ("", facing.sku) if policy.ratio_by == "sku" else (facing.tray, facing.sku)
        weight = product.price * facing.par if policy.ratio_by == "value" else 1
        weights[key] = (product.is_certified(_judged(product, today)), weight)
    whole = sum(weight for _, weight in weights.values())
    part = sum(weight for certified, weight in weights.values() if certified)
    return Fraction(part, whole) if whole else Fraction(1)


def _judged(product: Product, today: date | None) -> date:
    """The day to judge ``product`` on: today, or one on which its certificate is in date."""
    return today or product.cert_from or product.cert_to or date.min


def _said(block: Block, product: Product, on: date) -> str:
    sku = product.sku
    match block:
        case Block.CERT_EXPIRED if product.cert_status == "ACTIVE":
            return f"the certificate of {sku} lapsed on {product.cert_to}"
        case Block.CERT_PENDING if product.cert_status == "ACTIVE":
            return f"the certificate of {sku} begins on {product.cert_from}"
        case Block.GATE_FAILED:
            return f"{sku} does not pass the gates {', '.join(product.failed_gates(on))}"
        case Block.FORBIDDEN_CATEGORY:
            return f"{sku} is {product.category}, which no counter may sell"
    return _SAID.get(block, "the certificate of {sku} is {status}").format(
        sku=sku, status=product.cert_status
    )


_SAID = {
    Block.RECALLED: "{sku} is recalled",
    Block.ALCOHOL: "{sku} is alcohol, not for an unattended counter",
    Block.NOT_FOR_COUNTER: "{sku} is not fit for a counter (counter_ok = 0)",
    Block.NOT_COUNTABLE: "{sku} cannot be counted by weight",
    Block.CERT_NONE: "{sku} is not certified (certificate NONE), and policy.certified_only is set",
}


def _percent(share: Fraction) -> str:
    return f"{float(share * 100):.3g} %"
