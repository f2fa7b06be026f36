"""Price tags and tray labels as panels. It knows what must stand on them; the values are its caller's.

Price display: name, price and unit of each product stand at the goods (明码标价和禁止价格欺诈规定 arts 5–9).
A struck price is drawn only when it is given: whether it may be shown (art. 16) is decided where prices are.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from edge.domain.values import Fen, yuan
from edge.errors import BadInput
from edge.paper import ean, marks, qr
from edge.paper.fonts import CannotDraw
from edge.paper.lines import width_of
from edge.paper.media import Medium
from edge.paper.panel import Box, Panel

SHARES = (1.0, 0.94, 0.88, 0.82, 0.76, 0.7, 0.64)
"""How much smaller the writing may get before a label is said not to fit."""
PIECE = "件"
LEAST_PRICE = 0.8
"""The price is made that much smaller so that its unit stands beside it."""


@dataclass(frozen=True, slots=True)
class TagDoc:
    """What one price tag says.

    page: the address of the product's page. certified: the programme's word for a certified product, "" if
    this one is not. was: a price to strike through, None: there is none. complaint: a telephone, "": none.
    """

    sku: str
    name: str
    spec: str
    county: str
    supplier: str
    price: Fen
    gtin: str
    page: str
    certified: str = ""
    was: Fen | None = None
    complaint: str = ""

    @property
    def unit(self) -> str:
        """What one piece is called: 罐 of ``100g/罐``."""
        return unit_of(self.spec)


@dataclass(frozen=True, slots=True)
class TrayGoods:
    """One product on a tray. capacity, par: pieces."""

    sku: str
    name: str
    spec: str
    gtin: str
    capacity: int
    par: int


@dataclass(frozen=True, slots=True)
class TrayDoc:
    tray: str
    goods: tuple[TrayGoods, ...]


def unit_of(spec: str) -> str:
    """The piece of a spec like ``2g×20/盒`` or ``10枚/盒(≥550g)``; 件 where it names none."""
    named = re.split("[(（]", spec.rpartition("/")[2])[0].strip() if "/" in spec else ""
    return named or PIECE


def price_tag(tag: TagDoc, medium: Medium) -> Panel:
    """The panel of one tag. Raises CannotDraw or BadInput naming the product and what is wrong with it."""
    return _fitting(tag.sku, medium, lambda smaller: _price_tag(tag, smaller))


def tray_label(label: TrayDoc, medium: Medium) -> Panel:
    """The panel of one tray's label. Raises CannotDraw or BadInput naming the tray and what is wrong."""
    layout = _tray_beside if medium.beside else _tray_below
    return _fitting(f"tray {label.tray}", medium, lambda smaller: layout(label, smaller))


def _fitting(what: str, medium: Medium, layout: Callable[[Medium], Panel]) -> Panel:
    """The first layout that fits the label's height, with writing as large as may be."""
    for share in SHARES:
        try:
            panel = layout(medium.smaller(share))
        except CannotDraw as error:
            raise CannotDraw(f"{what}: {error}") from error
        except BadInput as error:
            raise BadInput(f"{what}: {error}") from error
        if medium.height is None or panel.bottom <= medium.height - medium.pad // 2:
            return panel
    raise CannotDraw(
        f"{what}: too much for a label {medium.width} px wide; print it on a roll, or shorten it"
    )


def _price_tag(tag: TagDoc, medium: Medium) -> Panel:
    panel, pad = Panel(medium.width), medium.pad
    inner = medium.width - 2 * pad
    top = panel.wrapped("name", pad, pad, tag.name, inner, medium.name_size, "Bold", smallest=medium.least)
    code = qr.picture(tag.page, qr.M, medium.code)
    bars = ean.labelled(tag.gtin, medium.module, medium.bars)
    left = (bars.width if medium.beside else inner - code.width) - pad // 2
    low = _price(panel, tag, medium, pad, top, left)
    low = _facts(panel, tag, medium, pad, low, left)
    right = (
        medium.width - pad - (inner - left) // 2 if medium.beside else medium.width - pad - code.width // 2
    )
    under = panel.picture("page code", right, top, code, side="middle")
    if medium.beside:
        _signs(panel, tag, medium, right, under, inner - left - pad)
    else:
        low = _signs(panel, tag, medium, medium.width // 2, max(low, under), inner) + pad // 2
    last = (medium.height or 0) - pad // 2 - bars.height
    panel.picture(
        "bar code", pad if medium.beside else (medium.width - bars.width) // 2, max(low, last), bars
    )
    return panel


def _price(panel: Panel, tag: TagDoc, medium: Medium, x: int, top: int, width: int) -> int:
    """Price and unit on one line, or below each other where the price is long; then the struck price."""
    shown, unit = yuan(tag.price), f"元/{tag.unit}"
    beside = medium.text_size // 3 + width_of(unit, medium.text_size, "Regular")
    size = min(medium.price_size, int((width - beside) / width_of(shown, 1, "Bold")))
    if size < LEAST_PRICE * medium.price_size:  # too small: the unit gets a line of its own
        size = min(medium.price_size, int(width / width_of(shown, 1, "Bold")))
    base = top + round(size * 0.1)
    panel.line("price", x, base, shown, size, "Bold")
    end = x + round(width_of(shown, size, "Bold")) + medium.text_size // 3
    low = base + round(size * 1.12)
    if end + width_of(unit, medium.text_size, "Regular") <= x + width:
        panel.line("unit", end, base + size - medium.text_size, unit, medium.text_size)
    else:
        low = panel.wrapped("unit", x, low, unit, width, medium.text_size)
    if tag.was is not None:
        low = _struck(panel, tag.was, x, low, medium.text_size)
    return low


def _struck(panel: Panel, was: Fen, x: int, top: int, size: int) -> int:
    shown, label = yuan(was), "原价"
    panel.line("was label", x, top, label, size)
    start = x + round(width_of(label, size, "Regular")) + size // 3
    low = panel.line("was", start, top, shown, size)
    middle = top + round(size * 0.62)
    thick = max(2, size // 12)
    end = start + round(width_of(shown, size, "Regular"))
    panel.bar("strike", Box(start - thick, middle, end + thick, middle + thick))
    return low


def _facts(panel: Panel, tag: TagDoc, medium: Medium, x: int, top: int, width: int) -> int:
    size = medium.text_size
    spec, county = f"规格 {tag.spec}" if tag.spec else "", f"产地 {tag.county}"
    both = f"{spec}    {county}" if spec else county
    if width_of(both, size, "Regular") <= width:
        facts = [("spec and county", both)]
    else:
        facts = [("spec", spec), ("county", county)]
    for name, text in (*facts, ("supplier", f"供应商 {tag.supplier}")):
        top = panel.wrapped(name, x, top, text, width, size, most=4, smallest=medium.least, alone=0.92)
    return top + medium.pad // 3


def _signs(panel: Panel, tag: TagDoc, medium: Medium, middle: int, top: int, width: int) -> int:
    """The certified mark with its words, and where to complain, each on a line around ``middle``."""
    size = medium.text_size
    if tag.certified:
        mark = marks.tick(round(size * 1.1)).convert("L")
        gap = size // 4
        room = width - mark.width - gap
        size = min(size, int(room / width_of(tag.certified, 1, "Bold")))
        start = middle - round(mark.width + gap + width_of(tag.certified, size, "Bold")) // 2
        panel.picture("certified mark", start, top, mark)
        panel.line("certified", start + mark.width + gap, top, tag.certified, size, "Bold")
        top += round(medium.text_size * 1.3)
    if tag.complaint:
        text = f"监督电话 {tag.complaint}"
        top = panel.wrapped("complaint", middle, top, text, width, round(size * 0.9), side="middle")
    return top


def _goods(panel: Panel, goods: TrayGoods, medium: Medium, x: int, top: int, width: int) -> int:
    top = panel.wrapped(
        f"name {goods.sku}", x, top, goods.name, width, medium.name_size, "Bold", smallest=medium.least
    )
    if goods.spec:
        top = panel.wrapped(f"spec {goods.sku}", x, top, f"规格 {goods.spec}", width, medium.text_size)
    holds = f"容量 {goods.capacity} · 目标 {goods.par} {unit_of(goods.spec)}"
    return panel.wrapped(f"holds {goods.sku}", x, top, holds, width, round(medium.text_size * 1.2), "Bold")


def _tray_beside(label: TrayDoc, medium: Medium) -> Panel:
    """The tray's number on the left, its goods on the right, the bar code below them."""
    panel, pad = Panel(medium.width), medium.pad
    most = medium.width - 4 * pad - ean.WIDTH * medium.module
    size = min(round(medium.price_size * 1.15), int(most / width_of(label.tray, 1, "Bold")))
    column = round(width_of(label.tray, size, "Bold")) + pad
    x, width = pad + column + pad, medium.width - 3 * pad - column
    top = pad
    for goods in label.goods:
        top = _goods(panel, goods, medium, x, top, width) + pad // 4
    if len(label.goods) == 1:
        bars = ean.labelled(label.goods[0].gtin, medium.module, medium.bars)
        last = (medium.height or 0) - pad // 2 - bars.height
        panel.picture("bar code", x, max(top, last), bars)
    low = (medium.height or panel.bottom + pad // 2) - pad // 2
    panel.bar("tray plate", Box(pad // 2, pad // 2, pad // 2 + column + pad // 2, low), round=pad // 2)
    middle = (pad // 2 + low) // 2 - round(size * 0.64)
    _white(panel, label.tray, pad // 2 + (column + pad // 2) // 2, middle, size)
    return panel


def _tray_below(label: TrayDoc, medium: Medium) -> Panel:
    """The tray's number on top, for narrow rolls."""
    panel, pad = Panel(medium.width), medium.pad
    size = round(medium.price_size * 1.5)
    low = pad + round(size * 1.2)
    panel.bar("tray plate", Box(pad, pad // 2, medium.width - pad, low), round=pad)
    _white(panel, label.tray, medium.width // 2, pad // 2, size)
    top = low + pad
    for goods in label.goods:
        top = _goods(panel, goods, medium, pad, top, medium.width - 2 * pad) + pad // 2
    if len(label.goods) == 1:
        bars = ean.labelled(label.goods[0].gtin, medium.module, medium.bars)
        panel.picture("bar code", (medium.width - bars.width) // 2, top, bars)
    return panel


def _white(panel: Panel, text: str, middle: int, top: int, size: int) -> None:
    panel.line("tray", middle, top, text, size, "Bold", side="middle", ink=255)
