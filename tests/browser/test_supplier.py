"""A supplier's own page in a real browser: what it tells, and that everybody can read and print it."""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect
from prometheus_client import CollectorRegistry

from edge import settings as settings_module
from edge.domain.delivery import Delivery
from edge.domain.own_goods import Gone, OwnGoods, Standing, Traded
from edge.domain.restock_view import RestockView
from edge.domain.statement import Supplied
from edge.domain.stock import Held, Lot
from edge.domain.values import Sku, TrayId
from edge.screens.app import make_app
from edge.screens.health import Readiness
from edge.screens.restock_api import COOKIE
from edge.screens.server import WebThread
from edge.screens.stage import Stage
from tests.browser.conftest import ASSORTMENT, SETTINGS

pytestmark = pytest.mark.browser

NOW = datetime(2026, 11, 24, 6, 30, tzinfo=UTC)
SECRET = "s3cret"
SIZES = {"portrait": (1080, 1920), "landscape": (1920, 1080), "phone": (390, 844)}
SMALLEST = """() => Math.min(...[...document.querySelectorAll('body *')]
    .filter((e) => e.checkVisibility() && !e.closest('.unseen, svg')
        && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
LOW = """() => [...document.querySelectorAll('button, a, select')].filter((e) => e.checkVisibility())
    .map((e) => [e.id, e.getBoundingClientRect().height]).filter(([, high]) => high < 59.5)"""

NOODLES, SPICY, RICE = "LG-KJ-NOOD270", "LG-KJ-SPICY180", "HY-RICE-25"


def traded(days_ago: int, sku: str, price: int, sold: int, refunded: int = 0) -> Traded:
    product = ASSORTMENT.catalogue.products[Sku(sku)]
    supply = product.supply_price
    goods = Supplied(sku, product.name_zh, supply, sold, refunded, price * sold, price * refunded)
    return Traded(NOW - timedelta(days=days_ago), product.supplier_id, goods)


def owner(sku: str) -> str:
    return ASSORTMENT.catalogue.products[Sku(sku)].supplier_id


SALES = (
    *(traded(n, NOODLES, 990, (3 * n) % 7 + 1) for n in (1, 2, 4, 5, 7, 8, 9, 12)),
    traded(0, NOODLES, 990, 2),
    traded(0, NOODLES, 990, 0, 1),
    traded(0, RICE, 5980, 1),
    traded(3, SPICY, 1580, 6),
)
LOTS = {
    (TrayId("2-01"), Sku(NOODLES)): (
        Held(Lot("L20260801", date(2026, 8, 1), date(2026, 11, 20)), 1),
        Held(Lot("L20261101", date(2026, 11, 1), date(2027, 10, 31)), 5),
    ),
    (TrayId("2-02"), Sku(SPICY)): (Held(Lot("L20260601", date(2026, 6, 1), date(2026, 12, 1)), 3),),
    (TrayId("3-02"), Sku(RICE)): (Held(Lot("", None, date(2027, 3, 1)), 2),),
}


def owned(suppliers: frozenset[str] | None, skus: frozenset[str], _since: datetime) -> OwnGoods:
    """The ledger's part, as the real one does it: rows of other suppliers stay behind."""
    return OwnGoods(
        traded=tuple(each for each in SALES if suppliers is None or each.supplier in suppliers),
        gone=tuple(g for g in [Gone(NOW, NOODLES, "DAMAGED", 1)] if g.sku in skus),
        lots={place: held for place, held in LOTS.items() if place[1] in skus},
        alarms=(Standing("LIGHT_LOT", NOODLES, "WARNING", "2026-11-24T01:00:00.000Z"),),
    )


class Shop:
    """The counter's pages with somebody signed in; ``suppliers``: whose goods they may handle."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.deliveries = (Delivery(Sku(NOODLES), 12, Lot("L20261118"), "岚皋县", in_transit=True),)
        app = make_app(
            self.stage,
            lambda _asked: None,
            lambda _session: None,
            settings_module.decode(SETTINGS.encode()),
            checks=lambda: Readiness({"engine": True}),
            registry=CollectorRegistry(),
            version="0.1.0",
            assortment=lambda: replace(ASSORTMENT, deliveries=self.deliveries),
            owned=owned,
            now=lambda: NOW,
        )
        self.web = WebThread(app, self.stage, "127.0.0.1", 0)
        self.web.start()

    def sign_in(self, *suppliers: str) -> None:
        view = RestockView(version=1, stage="LIST", title="示例补货员", tiles=(), suppliers=suppliers)
        self.stage.show_restock(view, SECRET)


@pytest.fixture(scope="module")
def shop() -> Iterator[Shop]:
    made = Shop()
    yield made
    made.web.stop()


@pytest.fixture
def opened(browser: Browser, shop: Shop, watched) -> Iterator[Callable[..., Page]]:
    """``opened(size, lang)``: the page, signed in; it may load nothing from elsewhere."""
    contexts: list[BrowserContext] = []

    def make(size: str = "portrait", lang: str = "zh") -> Page:
        wide, high = SIZES[size]
        context = browser.new_context(viewport={"width": wide, "height": high}, has_touch=True)
        contexts.append(context)
        context.add_cookies([{"name": COOKIE, "value": SECRET, "url": shop.web.url}])
        page = context.new_page()
        page.set_default_timeout(30_000)
        watched(page, shop.web.url)
        page.goto(f"{shop.web.url}/screen/supplier?lang={lang}")
        return page

    yield make
    for context in contexts:
        context.close()


@pytest.mark.parametrize("lang", ["zh", pytest.param("en", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "size", ["portrait", *(pytest.param(other, marks=pytest.mark.long) for other in ("landscape", "phone"))]
)
def test_the_page_can_be_read_and_tapped_by_everybody(opened, shop, picture, size, lang):
    shop.sign_in()
    page = opened(size, lang)
    expect(page.locator(".stock tbody tr").first).to_be_visible()
    picture(page, f"supplier-{size}-{lang}")
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [(v["id"], v["nodes"][0]["html"]) for v in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "scrolls sideways"
    assert page.evaluate(SMALLEST) >= 18
    assert page.evaluate(LOW) == []
    for panel in page.locator(".panel").all():
        assert "own_" not in panel.inner_text(), "a text is missing"


@pytest.mark.long
def test_a_supplier_reads_what_is_due_and_nothing_of_others(opened, shop):
    shop.sign_in(owner(NOODLES))
    page = opened()
    expect(page.locator(".windows li").first).to_contain_text("2 件")
    expect(page.locator(".windows li").first).to_contain_text("¥9.90（退 1 件）")
    whole = page.locator("body").inner_text()
    assert ASSORTMENT.catalogue.products[Sku(NOODLES)].name_zh in whole
    assert ASSORTMENT.catalogue.products[Sku(RICE)].name_zh not in whole
    assert page.locator("#whose").count() == 0


@pytest.mark.long
def test_periods_are_asked_for_in_whole_days_of_the_counter(opened, shop):
    shop.sign_in(owner(NOODLES))
    page = opened()
    expect(page.locator(".due .period")).to_have_text("2026-11-01 至 2026-11-24")
    for key, words in (
        ("last_month", "2026-10-01 至 2026-10-31"),
        ("week", "2026-11-18 至 2026-11-24"),
        ("month", "2026-10-26 至 2026-11-24"),
    ):
        page.locator(f"#period-{key}").tap()
        expect(page.locator(".due .period")).to_have_text(words)
        expect(page.locator("[aria-pressed=true]")).to_have_attribute("id", f"period-{key}")
    assert "from=2026-10-26&to=2026-11-25" in page.locator("#csv").get_attribute("href")


@pytest.mark.long
def test_the_table_comes_as_a_file_for_a_spreadsheet(opened, shop):
    shop.sign_in(owner(NOODLES))
    page = opened()
    with page.expect_download() as taken:
        page.locator("#csv").tap()
    assert taken.value.suggested_filename == "statement-2026-11-01-2026-11-25.csv"
    with open(taken.value.path(), "rb") as file:
        assert file.read().startswith(b"\xef\xbb\xbfsku,name,")


@pytest.mark.long
def test_who_handles_several_suppliers_can_look_at_one(opened, shop):
    shop.sign_in()
    page = opened()
    expect(page.locator(".due h3")).not_to_have_count(0)
    page.locator("#whose").select_option(owner(RICE))
    expect(page.locator(".due h3")).to_have_count(0)
    assert ASSORTMENT.catalogue.products[Sku(NOODLES)].name_zh not in page.locator(".columns").inner_text()


@pytest.mark.long
def test_on_paper_all_of_it_stands_and_no_button(opened, shop, picture):
    shop.sign_in()
    page = opened("landscape")
    expect(page.locator(".stock tbody tr").first).to_be_visible()
    page.emulate_media(media="print")
    assert [each.id for each in page.locator("button:visible, a:visible").all()] == []
    assert page.evaluate("document.querySelector('.board').scrollHeight <= document.body.scrollHeight + 1")
    picture(page, "supplier-print", full=True)


@pytest.mark.long
def test_who_is_signed_out_is_told_and_led_to_the_sign_in(opened, shop):
    shop.stage.show_restock(None)
    page = opened()
    expect(page.locator(".notice")).to_contain_text("您已退出")
    expect(page.locator("#back")).to_have_attribute("href", "/screen/restock")
    assert not re.search(r"¥", page.locator("body").inner_text())
