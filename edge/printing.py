"""What is to be printed, out of settings, catalogue and planogram: the values that ``edge.paper`` draws.

It decides what stands on paper, not how it looks. Paper hangs for weeks: it carries list prices, and no
promotion that ends by itself.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from edge.domain.catalogue import Product
from edge.domain.values import Sku, TrayId
from edge.errors import BadInput, ConfigError
from edge.ledger.planned import planogram_version
from edge.ledger.reading import PastLine, PastSession
from edge.outfit.loading import Outfit
from edge.paper import thermal
from edge.paper.issuer import Issuer
from edge.paper.panel import Panel, painted
from edge.paper.posters import PosterDoc
from edge.paper.receipts import ReceiptDoc, ReceiptLine, RestockDoc, canonical
from edge.paper.sheets import png
from edge.paper.slips import PHONE, SCREEN, Roll, Seal
from edge.paper.tags import PIECE, TagDoc, TrayDoc, TrayGoods, unit_of
from edge.program_terms import terms
from edge.settings import Settings
from edge.signing import Payload, Signer, digest, key_name

NOTE = "如有异议，请在手机小票上申诉或致电客服"


def counter_url(settings: Settings) -> str:
    """What the fixed code of this counter holds. Raises ConfigError where no telephone could follow it."""
    base = (settings.screens.scan_url or settings.screens.public_url).rstrip("/")
    if not base:
        raise ConfigError(
            "screens.public_url is empty: a printed code would lead nowhere; name the address that phones "
            "reach, like --set screens.public_url=https://counter.example"
        )
    return f"{base}/c/{settings.counter.id}"


def issuer_of(settings: Settings) -> Issuer:
    counter = settings.counter
    return Issuer(
        counter=counter.id,
        name=counter.name,
        place=counter.place,
        hotline=counter.hotline,
        operator=counter.operator,
        filing_no=counter.filing_no,
        valid_to=counter.filing_valid_to,
        licence_note=counter.licence_note,
        complaint=counter.complaint_line,
    )


def with_planogram(outfit: Outfit, *, draft: bool) -> Outfit:
    """``outfit`` with the planogram that labels are for: the one in force, or the draft that waits.

    Raises BadInput where none waits.
    """
    waiting = outfit.draft
    if draft and waiting is None:
        raise BadInput("no planogram waits for the next restock; name it under files.planogram_draft")
    if waiting and (draft or planogram_version(outfit.data / "ledger.db") == waiting.version):
        return replace(outfit, planogram=waiting)
    return outfit


def tags(outfit: Outfit, trays: Iterable[str], at: datetime, *, every: bool = False) -> Iterator[TagDoc]:
    """A price tag for each product on ``trays`` (none named: all), or for ``every`` product there is.

    at: local time; prices and certificates are those of then.
    """
    page = counter_url(outfit.settings)
    products = outfit.catalogue.products
    chosen = products.values() if every else (products[sku] for sku in _skus(outfit, trays))
    return (_tag(product, outfit, f"{page}/p/{product.sku}", at) for product in chosen)


def _skus(outfit: Outfit, trays: Iterable[str]) -> list[Sku]:
    """The products on ``trays`` in the cabinet's order, each once."""
    return list(dict.fromkeys(sku for tray in _chosen(outfit, trays) for sku in outfit.planogram.skus(tray)))


def _chosen(outfit: Outfit, trays: Iterable[str]) -> list[TrayId]:
    """The planogram's trays that are named, in the cabinet's order; all where none is."""
    wanted, there = set(trays), outfit.planogram.trays
    if unknown := sorted(wanted - set(there)):
        raise BadInput(f"there is no tray {', '.join(unknown)}; the planogram has {', '.join(there)}")
    return [tray for tray in there if not wanted or tray in wanted]


def _tag(product: Product, outfit: Outfit, page: str, at: datetime) -> TagDoc:
    settings = outfit.settings
    word = terms(settings.counter.program_terms).product.zh
    return TagDoc(
        sku=product.sku,
        name=product.name_zh,
        spec=product.spec,
        county=product.county_zh,
        supplier=product.supplier,
        price=outfit.prices.list_price(product, at),
        gtin=product.gtin13,
        page=page,
        certified=word if product.is_certified(at.date()) else "",
        complaint=settings.counter.complaint_line,
    )


def tray_docs(outfit: Outfit, trays: Iterable[str]) -> Iterator[TrayDoc]:
    """A label for each of ``trays``, or for all where none is named."""
    for tray in _chosen(outfit, trays):
        facings = outfit.planogram.trays[tray]
        goods = ((facing, outfit.catalogue.products[facing.sku]) for facing in facings)
        yield TrayDoc(
            tray,
            tuple(
                TrayGoods(p.sku, p.name_zh, p.spec, p.gtin13, facing.capacity, facing.par)
                for facing, p in goods
            ),
        )


def poster_doc(outfit: Outfit) -> PosterDoc:
    settings = outfit.settings
    words = terms(settings.counter.program_terms)
    return PosterDoc(
        issuer=issuer_of(settings),
        url=counter_url(settings),
        counter_word=words.counter.zh,
        programme=words.programme.zh,
        alcohol=settings.policy.alcohol,
    )


def receipt_doc(past: PastSession, outfit: Outfit) -> ReceiptDoc:
    """The receipt of a sale in the ledger. Raises BadInput for a session that sold nothing."""
    if past.order_no is None:
        raise BadInput(f"session {past.id} made no sale, so it has no receipt")
    zone = ZoneInfo(outfit.settings.counter.timezone)
    return ReceiptDoc(
        issuer=issuer_of(outfit.settings),
        order_no=past.order_no,
        at=past.closed.astimezone(zone),
        lines=tuple(_bought(line, outfit) for line in past.lines if line.sure),
        certified=past.certified,
        certified_word=terms(outfit.settings.counter.program_terms).product.zh,
        state="部分商品待复核，未计费" if past.verdict == "review" else "",
        note=NOTE,
    )


def _bought(line: PastLine, outfit: Outfit) -> ReceiptLine:
    product = outfit.catalogue.products.get(line.sku)
    unit = unit_of(product.spec) if product else PIECE
    return ReceiptLine(
        line.name, line.tray, line.count, unit, line.price, line.amount, discount=line.discount
    )


@dataclass(frozen=True, slots=True)
class Sealed:
    """A seal, and the payload that it carries."""

    seal: Seal
    payload: Payload


def sealed(doc: ReceiptDoc | RestockDoc, signer: Signer) -> Sealed:
    """``doc`` signed by the counter: what its QR code holds."""
    kind, number = ("sale", doc.order_no) if isinstance(doc, ReceiptDoc) else ("restock", doc.number)
    payload = Payload(
        kind=kind,
        counter=doc.issuer.counter,
        number=number,
        digest=digest(canonical(doc)),
        totals=doc.totals,
    )
    return Sealed(Seal(signer.seal(payload), key_name(signer.public_key)), payload)


def drawn(panel: Panel, roll: Roll, seal: str, ending: str = ".png") -> bytes:
    """A receipt as the bytes of a file: PNG, or what a thermal printer takes (``.bin``)."""
    if roll in (PHONE, SCREEN):
        return png(painted(panel, panel.bottom + roll.pad), roll.dpi, seal)
    strip = thermal.strip(panel, roll.pad)
    return thermal.job([strip]) if ending == ".bin" else png(strip, roll.dpi, seal)


def local(settings: Settings, now: datetime) -> datetime:
    """``now`` (aware) where the counter stands."""
    return now.astimezone(ZoneInfo(settings.counter.timezone))
