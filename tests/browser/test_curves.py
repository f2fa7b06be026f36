"""The curve of a tray on the receipt, in a real browser: seen when it is looked at, never in grams."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
GRAMS = re.compile(r"\d\s*(?:g|kg|克|公斤)(?![a-z])", re.IGNORECASE)


@pytest.fixture
def phone(browser: Browser, watched) -> Iterator[Page]:
    context = browser.new_context(
        viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True, locale="zh-CN"
    )
    page = context.new_page()
    page.set_default_timeout(30_000)
    watched(page)
    yield page
    context.close()


def opened(page: Page, counter, lang: str) -> None:
    """This phone has opened the door."""
    page.goto(f"{counter.url}/c/AK-001?t=k7Qm2xV9cR4t8nB1&lang={lang}")
    page.get_by_role("button", name="demo-001").click()
    for digit in "246810":
        page.get_by_role("button", name=digit, exact=True).click()
    page.locator("#open").click()
    expect(page.locator(".visit")).to_be_visible()


@pytest.mark.parametrize(
    ("lang", "title", "said"),
    [
        ("zh", "证据：托盘上的变化", ("托盘 1-01", "取走 2 件", "放回 1 件")),
        ("en", "How we know", ("tray 1-01", "took 2", "put back 1")),
    ],
)
@pytest.mark.parametrize("big", [False, True], ids=["normal", "large type"])
@pytest.mark.long
def test_the_receipt_shows_the_curve_once_it_is_asked_for(phone, fresh, picture, lang, title, said, big):
    fetched = []
    phone.on("request", lambda request: fetched.append(request.url) if ".png" in request.url else None)
    opened(phone, fresh, lang)
    if big:
        phone.locator("#big").tap()
    fresh.play("receipt")
    water = phone.locator(".line[data-sku=ZY-WATER-500]")
    expect(water.locator("summary")).to_be_visible()
    phone.wait_for_timeout(300)
    assert fetched == [], "nobody looked yet"
    water.locator("summary").tap()
    curve = water.locator(".curve img")
    expect(curve).to_be_visible()
    expect(curve).to_have_js_property("naturalWidth", 480 if big else 640)
    assert len(fetched) == 1
    assert fetched[0].endswith(f"/trays/1-01/curve.png?lang={lang}{'&large=1' if big else ''}")
    expect(water.locator("figcaption")).to_contain_text(title)
    for words in said:
        assert words in curve.get_attribute("alt")
    assert curve.bounding_box()["width"] >= 288
    assert phone.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not GRAMS.search(phone.locator(".receipt").inner_text() + curve.get_attribute("alt"))
    picture(phone, f"curve-phone-{lang}{'-large' if big else ''}", full=True)


@pytest.mark.long
def test_a_tray_without_a_curve_says_so_in_words(phone, fresh):
    opened(phone, fresh, "zh")
    fresh.play("receipt")
    tea = phone.locator(".line[data-sku=PL-TEA-125]")
    tea.locator("summary").tap()
    expect(tea.locator(".curve")).to_have_text("这个托盘没有留下变化曲线")


@pytest.mark.long
def test_the_appeal_shows_the_curve_of_the_product_in_question(phone, fresh, picture):
    opened(phone, fresh, "zh")
    fresh.play("receipt")
    phone.locator("#appeal").tap()
    expect(phone.locator(".appeal .curve")).to_have_count(0)
    phone.locator("label.choice", has_text="矿泉水").tap()
    expect(phone.locator(".appeal .curve img")).to_have_js_property("naturalWidth", 640)
    picture(phone, "curve-phone-appeal", full=True)
