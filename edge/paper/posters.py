"""The poster for the cabinet: how to buy, in three pictures, and what must be seen there. And the sticker.

It knows the layout; names, numbers and the programme's words come from its caller. All lengths are in
thousandths of the page's width, so that A3 is A4 made larger.
"""

from dataclasses import dataclass, replace

from PIL import Image

from edge.paper import marks, qr
from edge.paper.fonts import CannotDraw, Weight
from edge.paper.issuer import UNKNOWN, Issuer
from edge.paper.panel import Box, Panel, painted

DPI = 300
PAGES = {"a4": (2480, 3508), "a3": (3508, 4961)}
GREEN = (20, 92, 58)
RED = (176, 16, 16)
GREY = (70, 70, 70)
WHITE = (255, 255, 255)
TERMS_OF_SALE = "按件计价，价格以开门时显示为准；关门后可在手机上查看小票并申诉"
STEPS = (
    ("① 扫码", "用手机扫一扫，登录开门"),
    ("② 选货", "拿出要买的，不买的放回"),
    ("③ 关门", "关好门，自动结算"),
)


@dataclass(frozen=True, slots=True)
class PosterDoc:
    """What the poster says. url: what the fixed code holds. counter_word, programme: the programme's words.

    alcohol: whether this counter sells it.
    """

    issuer: Issuer
    url: str
    counter_word: str
    programme: str
    alcohol: bool = False


def poster(doc: PosterDoc, size: str) -> Image.Image:
    """The poster in colour. size: a key of ``PAGES``. Raises CannotDraw as ``poster_panel`` does."""
    return painted(poster_panel(doc, size), PAGES[size][1], "RGB")


def poster_panel(doc: PosterDoc, size: str) -> Panel:
    """The poster before it is drawn. Raises CannotDraw naming what does not fit or is in no font."""
    width, height = PAGES[size]
    sheet = _Sheet(width)
    sheet.head(doc)
    sheet.code(doc)
    sheet.steps()
    if doc.alcohol:
        sheet.no_minors()
    sheet.foot(doc, height)
    if sheet.top > height - sheet.px(10):
        raise CannotDraw(f"the poster of {doc.issuer.name}: its texts are too long for a page; shorten them")
    return sheet.panel


class _Sheet:
    def __init__(self, width: int) -> None:
        self.panel = Panel(width)
        self.middle = width // 2
        self.top = 0

    def px(self, thousandths: float) -> int:
        return round(self.panel.width * thousandths / 1000)

    def say(
        self, name: str, text: str, size: float, weight: Weight = "Regular", *, width: float = 860
    ) -> None:
        self.top = self.panel.wrapped(
            name, self.middle, self.top, text, self.px(width), self.px(size), weight, side="middle"
        )

    def head(self, doc: PosterDoc) -> None:
        """A coloured band with the programme's word and the counter's name."""
        self.panel.bar("band", Box(0, 0, self.panel.width, self.px(190)), GREEN)
        self.top = self.px(32)
        first = len(self.panel.texts)
        self.say("word", doc.counter_word, 76, "Bold")
        self.say("name", f"{doc.issuer.name} · {doc.issuer.place}", 32)
        self.panel.texts[first:] = [replace(text, ink=WHITE) for text in self.panel.texts[first:]]
        self.top = self.px(205)

    def code(self, doc: PosterDoc) -> None:
        picture = qr.picture(doc.url, qr.Q, self.px(430 if doc.alcohol else 520))
        self.top = self.panel.picture("code", self.middle, self.top, picture, side="middle")
        self.say("scan", "微信或浏览器扫一扫，开门选购", 38, "Bold")
        self.say("address", doc.url, 20)
        self.top += self.px(24)

    def steps(self) -> None:
        column, side = self.panel.width // 3, self.px(150)
        start, low = self.top, self.top
        for place, (draw, (title, words)) in enumerate(zip(marks.STEPS, STEPS, strict=True)):
            x = column * place + column // 2
            top = self.panel.picture(title, x, start, draw(side, GREEN), side="middle") + self.px(12)
            top = self.panel.line(f"{title} title", x, top, title, self.px(40), "Bold", side="middle")
            low = max(low, self.panel.wrapped(words, x, top, words, self.px(290), self.px(25), side="middle"))
        self.top = low + self.px(24)

    def no_minors(self) -> None:
        side = self.px(120)
        words, size = "未成年人禁止购酒", self.px(56)
        sign = marks.no_minors(side)
        left = self.px(200)
        self.panel.picture("no minors sign", left, self.top, sign)
        top = self.top + (side - round(size * 1.28)) // 2
        self.panel.line("no minors", left + side + self.px(24), top, words, size, "Bold", ink=RED)
        self.top += side + self.px(16)

    def foot(self, doc: PosterDoc, height: int) -> None:
        """What a buyer must be able to look up, at the bottom of the page."""
        issuer = doc.issuer
        facts = [
            f"客服电话 {issuer.hotline or UNKNOWN}    消费者投诉 {issuer.complaint or UNKNOWN}",
            f"经营者 {issuer.operator or UNKNOWN}",
            f"备案号 {issuer.filing}",
            f"证照 {issuer.licence_note or UNKNOWN}",
            f"{doc.programme} · {TERMS_OF_SALE}",
        ]
        line = self.px(38)
        self.top = max(self.top, height - self.px(40) - line * len(facts) - self.px(12))
        self.panel.bar("rule", Box(self.px(60), self.top, self.px(940), self.top + self.px(2)), GREY)
        self.top += self.px(12)
        for place, fact in enumerate(facts):
            weight: Weight = "Bold" if place == 0 else "Regular"
            self.say(f"fact {place}", fact, 30 if place == 0 else 24, weight, width=900)


def sticker(url: str, name: str, caption: str, side: int = 900) -> Image.Image:
    """A sticker for the cabinet: the QR code of ``url`` (level Q: it may be scratched), name, caption."""
    panel = Panel(side)
    top = panel.picture("code", side // 2, 0, qr.picture(url, qr.Q, side), side="middle")
    width = side * 9 // 10
    top = panel.wrapped("name", side // 2, top, name, width, side // 13, "Bold", side="middle")
    panel.wrapped("caption", side // 2, top, caption, width, side // 18, side="middle")
    return painted(panel, panel.bottom + side // 24)
