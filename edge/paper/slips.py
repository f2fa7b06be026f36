"""Receipts as panels, one line below the other. It knows pieces and money, no grams, and decides nothing."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

from edge.domain.values import Fen, yuan
from edge.paper import qr
from edge.paper.fonts import CannotDraw, Weight, drawable
from edge.paper.issuer import UNKNOWN, Issuer
from edge.paper.lines import width_of
from edge.paper.panel import Box, Panel
from edge.paper.receipts import ReceiptDoc, ReceiptLine, RestockDoc, RestockLine

MOVED = {
    "RESTOCK": "上架",
    "PULL_OFF": "下架",
    "WRITE_OFF": "报损",
    "ADJUST": "盘点调整",
    "MISPLACED": "错放归位",
}
"""Kinds of stock movements in words; another kind prints as it is."""


REASONS = {
    "EXPIRED": "已过期",
    "DAMAGED": "破损",
    "RECALLED": "召回",
    "RETURNED": "退回",
    "RECOUNTED": "重新数过",
    "PACK": "包装不一样",
    "SCALE": "秤不准",
    "MISCOUNT": "上次数错",
    "LOST": "少了",
    "FOUND": "多了",
}
"""Codes of reasons in words; another reason prints as it is."""


@dataclass(frozen=True, slots=True)
class Seal:
    """A sealed text, and the short name of the key that sealed it."""

    text: str
    key: str


@dataclass(frozen=True, slots=True)
class Roll:
    """How wide a receipt is and how large its writing, in px.

    phone: twice the points of a telephone. screen: as wide as the counter's own.
    """

    name: Literal["phone", "screen", "thermal576", "thermal384"]
    width: int
    pad: int
    size: int
    dpi: int


SCREEN = Roll("screen", 1080, 60, 42, 203)
PHONE = Roll("phone", 750, 40, 30, 203)
THERMAL_576 = Roll("thermal576", 576, 12, 25, 203)
THERMAL_384 = Roll("thermal384", 384, 8, 22, 203)
ROLLS: dict[str, Roll] = {each.name: each for each in (PHONE, SCREEN, THERMAL_576, THERMAL_384)}


def receipt(doc: ReceiptDoc, roll: Roll, seal: Seal | None = None) -> Panel:
    """The buyer's receipt. Raises CannotDraw naming the order, the text and the character."""
    flow = _Flow(roll)
    with _named(doc.order_no):
        flow.head("购物小票", doc.issuer)
        flow.pair("订单号", doc.order_no)
        flow.pair("时间", _minute(doc.at))
        flow.rule()
        for line in doc.lines:
            _bought(flow, line)
        flow.rule()
        if doc.discount:
            flow.pair("优惠", yuan(Fen(-doc.discount)))
        flow.pair("合计", yuan(doc.total), large=1.4)
        if doc.certified:
            flow.pair(f"其中{doc.certified_word}", yuan(doc.certified))
        flow.say(doc.state, "Bold")
        _foot(flow, doc.issuer, doc.note, seal)
    return flow.panel


def _bought(flow: "_Flow", line: ReceiptLine) -> None:
    flow.say(f"{line.name}{' ✓' if line.certified else ''}", "Bold")
    was = f"(原价 {yuan(line.was)})" if line.was is not None else ""
    flow.pair(f"{line.count} {line.unit} × {yuan(line.price)}{was}", yuan(line.full))


def restock_receipt(doc: RestockDoc, roll: Roll, seal: Seal | None = None) -> Panel:
    """The sheet that says what was put in, pulled off and corrected, with the place for a signature."""
    flow = _Flow(roll)
    with _named(doc.number):
        flow.head("补货签收单", doc.issuer)
        flow.pair("单号", doc.number)
        flow.pair("时间", _minute(doc.at))
        flow.pair("签收人", doc.signer or UNKNOWN)
        flow.rule()
        for place, line in enumerate(doc.lines):
            if place:
                flow.rule(thin=True)
            _restocked(flow, line)
        flow.rule()
        totals = doc.totals
        flow.pair("应补 / 实补", f"{totals['planned']} / {totals['measured']}", large=1.2)
        flow.pair("差异", f"{totals['measured'] - totals['planned']:+d}", large=1.2)
        if totals["corrected"]:
            flow.pair("下架与调整", f"{totals['corrected']:+d}")
        flow.signature()
        _foot(flow, doc.issuer, doc.note, seal)
    return flow.panel


def _restocked(flow: "_Flow", line: RestockLine) -> None:
    flow.say(f"{line.tray}  {line.product}", "Bold")
    if line.measured:
        flow.pair("批次", drawable(line.lot) or UNKNOWN)
        flow.pair("生产 / 到期", f"{_day(line.produced_on)} / {_day(line.expires_on)}")
    mark = f"! 差 {line.difference:+d}" if line.difference else "✓"
    flow.pair("应补 / 实补", f"{line.planned} / {line.measured} {line.unit}   {mark}")
    if line.weighed is not None and line.weighed != line.measured:
        flow.pair("秤上读数", f"{line.weighed} {line.unit}{_why(line.reason)}")
    for each in line.pulled:
        reason = _why(each.reason)
        flow.pair(f"{MOVED.get(each.kind, each.kind)}{reason}", f"{each.count:+d} {line.unit}")


def _why(reason: str) -> str:
    return f"({REASONS.get(reason) or drawable(reason)})" if reason else ""


def _foot(flow: "_Flow", issuer: Issuer, note: str, seal: Seal | None) -> None:
    flow.rule()
    flow.small(f"经营者 {issuer.operator or UNKNOWN}")
    flow.small(f"备案号 {issuer.filing}")
    flow.small(f"客服电话 {issuer.hotline or UNKNOWN}")
    flow.small(f"消费者投诉 {issuer.complaint}" if issuer.complaint else "")
    flow.small(note)
    if seal:
        flow.seal(seal)
    flow.top += flow.roll.pad


class _Flow:
    """Puts lines below each other on a roll."""

    def __init__(self, roll: Roll) -> None:
        self.roll, self.panel, self.top = roll, Panel(roll.width), roll.pad
        self.inner = roll.width - 2 * roll.pad

    def head(self, title: str, issuer: Issuer) -> None:
        middle, size = self.roll.width // 2, self.roll.size
        self.top = self.panel.wrapped(
            "title", middle, self.top, title, self.inner, round(size * 1.6), "Bold", side="middle"
        )
        for name, text in (("counter", issuer.name), ("place", f"{issuer.counter} · {issuer.place}")):
            self.top = self.panel.wrapped(name, middle, self.top, text, self.inner, size, side="middle")
        self.rule()

    def say(self, text: str, weight: Weight = "Regular", size: int | None = None) -> None:
        if text:
            size = size or self.roll.size
            self.top = self.panel.wrapped(
                text, self.roll.pad, self.top, text, self.inner, size, weight, most=4, smallest=size * 3 // 4
            )

    def small(self, text: str) -> None:
        self.say(text, size=round(self.roll.size * 0.86))

    def pair(self, label: str, value: str, *, large: float = 1.0) -> None:
        """A label on the left and its value on the right; where both are long, below each other."""
        size = round(self.roll.size * large)
        weight: Weight = "Bold" if large > 1 else "Regular"
        left, right = self.roll.pad, self.roll.width - self.roll.pad
        if width_of(label + "  ", size, weight) + width_of(value, size, weight) <= self.inner:
            self.panel.line(label, left, self.top, label, size, weight)
            self.top = self.panel.line(value, right, self.top, value, size, weight, side="right")
            return
        self.top = self.panel.wrapped(label, left, self.top, label, self.inner, size, weight)
        self.top = self.panel.wrapped(value, right, self.top, value, self.inner, size, weight, side="right")

    def rule(self, *, thin: bool = False) -> None:
        gap = self.roll.size // 3
        left, right = self.roll.pad, self.roll.width - self.roll.pad
        self.panel.bar("rule", Box(left, self.top + gap, right, self.top + gap + (1 if thin else 3)))
        self.top += 2 * gap + 2

    def signature(self) -> None:
        """A line to sign on."""
        size = self.roll.size
        self.top += size
        low = self.panel.line("sign here", self.roll.pad, self.top, "签字", size)
        start = self.roll.pad + round(width_of("签字  ", size, "Regular"))
        self.panel.bar(
            "line to sign", Box(start, low - size // 4, self.roll.width - self.roll.pad, low - size // 4 + 2)
        )
        self.top = low + size // 2

    def seal(self, seal: Seal) -> None:
        code = qr.picture(seal.text, qr.L, min(self.inner, round(self.roll.size * 17)))
        middle = self.roll.width // 2
        self.top = self.panel.picture("seal", middle, self.top, code, side="middle")
        size = round(self.roll.size * 0.86)
        text = f"已签名 · 密钥 {seal.key}"
        self.top = self.panel.line("sealed by", middle, self.top, text, size, side="middle")


@contextmanager
def _named(what: str) -> Iterator[None]:
    """Says of which document a text cannot be drawn."""
    try:
        yield
    except CannotDraw as error:
        raise CannotDraw(f"{what}: {error}") from error


def _minute(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"


def _day(value: date | None) -> str:
    return value.isoformat() if value else UNKNOWN
