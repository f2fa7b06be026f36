"""What a product's card shows: its certificate and gates, and where each lot in the counter comes from. Pure.

A value that nobody registered is "" or null here and 未登记 on the page; nothing is filled in from elsewhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import msgspec

from edge.domain.catalogue import Catalogue, Gate, Product
from edge.domain.delivery import Delivery
from edge.domain.planogram import Planogram
from edge.domain.stock import OPENING, Held
from edge.domain.trace import Stage, Trace, Traces
from edge.domain.values import TrayId
from edge.domain.view import PromotionView, TrayView


@dataclass(frozen=True, slots=True)
class Assortment:
    """What is for sale, where it comes from, and what is on its way."""

    catalogue: Catalogue
    planogram: Planogram
    traces: Traces
    deliveries: tuple[Delivery, ...] = ()


@dataclass(frozen=True, slots=True)
class OnShelf:
    """One lot of a product on one tray.

    since: RFC 3339, when a restock last put some of it there; "": none did.
    """

    tray: TrayId
    held: Held
    since: str


class LegCard(msgspec.Struct, frozen=True, kw_only=True):
    """One leg of the way to the counter. on: the day of its arrival."""

    from_place: str = msgspec.field(name="from")
    to_place: str = msgspec.field(name="to")
    on: str | None


class StageCard(msgspec.Struct, frozen=True, kw_only=True):
    """One of the five stages. registered False: nothing is known of it.

    at: RFC 3339, of SALE. opening: the goods lay here already when the books began, at that time.
    """

    stage: str
    registered: bool
    place: str = ""
    on: str | None = None
    at: str | None = None
    opening: bool = False
    legs: tuple[LegCard, ...] = ()
    mark: str = ""


class LotCard(msgspec.Struct, frozen=True, kw_only=True):
    """What lies in this counter of one lot. lot "": it has no number."""

    lot: str
    produced_on: str | None
    expires_on: str | None
    count: int
    team: str
    stages: tuple[StageCard, ...]


class GateCard(msgspec.Struct, frozen=True, kw_only=True):
    """One of the seven gates. holds: on the local day; null: not stated."""

    gate: str
    holds: bool | None


class CertificateCard(msgspec.Struct, frozen=True, kw_only=True):
    """state, on the local day: VALID NOT_YET EXPIRED SUSPENDED PENDING GATE_FAILED NONE."""

    state: str
    number: str
    valid_from: str | None
    valid_to: str | None


class ClaimCard(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of the product, and the document that proves it."""

    words: str
    document: str


class ProductView(msgspec.Struct, frozen=True, kw_only=True):
    """``GET /api/v1/products/{sku}``. on_hand: pieces in this counter, null: it is not planned here."""

    sku: str
    name: str
    name_en: str
    spec: str
    category: str
    county: str
    county_en: str
    supplier: str
    gtin: str
    price_fen: int
    on_hand: int | None
    in_service: bool
    blocked: str
    """Why none of it is sold just now, as on its tray; "": it may be."""
    age_restricted: bool
    certificate: CertificateCard
    gates: tuple[GateCard, ...]
    linkage: str
    linked_households: int | None
    """A sample figure, as the catalogue's column says; a number of households, never who they are."""
    storage: str
    shelf_life_days: int | None
    claims: tuple[ClaimCard, ...]
    lots: tuple[LotCard, ...]
    trace_url: str
    strike_fen: int | None = None
    promotion: PromotionView | None = None
    reduction: PromotionView | None = None
    """As on its tray."""


def product_view(
    product: Product,
    assortment: Assortment,
    trays: Sequence[TrayView],
    lying: Sequence[OnShelf],
    counter: str,
    today: date,
) -> ProductView:
    """The card of ``product``. trays: its places as screens show them. counter: its name. today: local."""
    return ProductView(
        sku=product.sku,
        name=product.name_zh,
        name_en=product.name_en,
        spec=product.spec,
        category=product.category,
        county=product.county_zh,
        county_en=product.county_en,
        supplier=product.supplier,
        gtin=product.gtin13,
        price_fen=trays[0].price_fen if trays else product.price,
        on_hand=sum(tray.on_hand for tray in trays) if trays else None,
        in_service=any(tray.in_service for tray in trays),
        blocked=trays[0].blocked if trays and all(tray.blocked for tray in trays) else "",
        age_restricted=product.age_restricted,
        certificate=certificate_of(product, today),
        gates=_gates(product, today),
        linkage=product.linkage,
        linked_households=product.linked_households,
        storage=product.storage,
        shelf_life_days=product.shelf_life_days,
        claims=tuple(ClaimCard(words=each.words, document=each.document) for each in product.claims),
        lots=tuple(_lot(each, product, assortment, counter) for each in lying),
        trace_url=product.trace_url,
        strike_fen=trays[0].strike_fen if trays else None,
        promotion=trays[0].promotion if trays else None,
        reduction=trays[0].reduction if trays else None,
    )


def certificate_of(product: Product, today: date) -> CertificateCard:
    return CertificateCard(
        state=_state(product, today),
        number=product.cert_no,
        valid_from=_iso(product.cert_from),
        valid_to=_iso(product.cert_to),
    )


def _state(product: Product, today: date) -> str:
    if product.cert_status != "ACTIVE":
        return product.cert_status
    if product.cert_from is not None and today < product.cert_from:
        return "NOT_YET"
    if product.cert_to is not None and product.cert_to < today:
        return "EXPIRED"
    return "GATE_FAILED" if product.failed_gates(today) else "VALID"


def _gates(product: Product, today: date) -> tuple[GateCard, ...]:
    """All seven, in their order."""
    stated = {each.gate: each.holds(today) for each in product.gates}
    return tuple(GateCard(gate=gate, holds=stated.get(gate)) for gate in Gate)


def _lot(lying: OnShelf, product: Product, assortment: Assortment, counter: str) -> LotCard:
    lot = lying.held.lot
    facings = assortment.planogram.trays.get(lying.tray, ())
    planned = next((each.expires_on for each in facings if each.sku == product.sku), None)
    trace = assortment.traces.of(product.sku, lot.name) or Trace(product.sku, lot.name)
    return LotCard(
        lot=lot.name,
        produced_on=_iso(lot.produced_on or trace.produced_on),
        expires_on=_iso(lot.expires_on or planned),
        count=lying.held.count,
        team=trace.team,
        stages=(
            *_registered(trace),
            _sale(lying, counter),
            StageCard(stage=Stage.BRAND, registered=bool(trace.mark), mark=trace.mark),
        ),
    )


def _registered(trace: Trace) -> tuple[StageCard, ...]:
    legs = tuple(
        LegCard(from_place=leg.from_place, to_place=leg.to_place, on=_iso(leg.on)) for leg in trace.legs
    )
    return (
        StageCard(
            stage=Stage.PRODUCTION,
            registered=bool(trace.produced_at or trace.produced_on),
            place=trace.produced_at,
            on=_iso(trace.produced_on),
        ),
        StageCard(
            stage=Stage.STORAGE,
            registered=bool(trace.stored_at or trace.stored_since),
            place=trace.stored_at,
            on=_iso(trace.stored_since),
        ),
        StageCard(stage=Stage.TRANSPORT, registered=bool(legs), legs=legs),
    )


def _sale(lying: OnShelf, counter: str) -> StageCard:
    """Told by the ledger: which restock put the lot on its tray."""
    return StageCard(
        stage=Stage.SALE,
        registered=bool(lying.since),
        place=counter if lying.since else "",
        at=lying.since or None,
        opening=lying.held.came == OPENING,
    )


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
