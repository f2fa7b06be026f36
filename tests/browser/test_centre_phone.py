"""A person buys through the centre in a real Chromium: the counter's page is out of this phone's reach.

``$SCREENSHOTS`` keeps what the phone, the screen and the centre looked like on the way.
"""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
SCREEN = {"width": 1080, "height": 1920}
DESKTOP = {"width": 1440, "height": 900}
SOON_MS = 30_000
PIN = "246810"


@pytest.fixture
def opened(browser: Browser, watched) -> Iterator:
    """``opened(url, size)``: a page in a browser of its own, which loads from nowhere else."""
    contexts = []

    def open_page(url: str, size: dict, **more: object) -> Page:
        contexts.append(browser.new_context(viewport=size, locale="zh-CN", **more))
        page = contexts[-1].new_page()
        page.set_default_timeout(SOON_MS)
        watched(page, own="/".join(url.split("/")[:3]))
        page.goto(url)
        return page

    yield open_page
    for context in contexts:
        context.close()


def sees(place, text: str) -> None:
    expect(place).to_contain_text(text, timeout=SOON_MS)


def scanned(screen: Page) -> str:
    expect(screen.locator(".state .dot.READY")).to_be_visible(timeout=SOON_MS)
    expect(screen.locator(".tile:not(.gone)")).to_have_count(12, timeout=SOON_MS)
    expect(screen.locator("#qr")).not_to_have_js_property("naturalWidth", 0, timeout=SOON_MS)
    return zxingcpp.read_barcodes(Image.open(BytesIO(screen.screenshot())))[0].text


def asks(phone: Page) -> None:
    phone.get_by_role("button", name="demo-001").tap()
    for digit in PIN:
        phone.get_by_role("button", name=digit, exact=True).tap()
    phone.get_by_role("button", name="开门", exact=True).tap()


def test_from_the_code_on_the_screen_to_the_receipt_on_a_phone_that_reaches_the_centre_alone(
    run_demo, opened, picture, tmp_path: Path
):
    demo = run_demo(tmp_path / "demo", "--phone", "centre")
    panel, screen = opened(demo["panel"], DESKTOP), opened(demo["screen"], SCREEN)
    address = scanned(screen)
    assert address.startswith(f"{demo['centre']}/c/AK-001?t=")

    phone = opened(address, PHONE, has_touch=True, is_mobile=True)
    sees(phone.locator("#sign"), "示例专柜 1 号")
    sees(phone.locator("#sign"), "示例办公楼 1 层大厅")
    assert phone.locator("#sign strong").evaluate("e => parseFloat(getComputedStyle(e).fontSize)") >= 28
    assert "t=" not in phone.url
    picture(phone, "centre-phone-sign-in", full=True)
    asks(phone)
    sees(phone.locator(".body"), "请拉开柜门")
    picture(phone, "centre-phone-pull")
    sees(panel.locator("#lamp-bolt"), "已开")
    panel.locator("#next").click()
    sees(panel.locator("#lamp-door"), "开着")
    water = panel.locator(".tray").first
    water.click()
    sees(phone.locator(".line[data-sku=ZY-WATER-500]"), "× 1")
    picture(phone, "centre-phone-open")
    twin = opened(f"{demo['centre']}/fleet/AK-001", DESKTOP)
    sees(twin.locator("#open-door"), "紫阳富硒矿泉水")
    picture(twin, "centre-twin-open")
    phone.reload()  # in the middle of it
    sees(phone.locator("#total"), "¥3.50")
    panel.locator("#next").click()
    sees(phone.locator("h1"), "购买成功")
    sees(phone.locator(".facts"), "AK-001")
    picture(phone, "centre-phone-receipt", full=True)
    expect(twin.locator("#open-door")).to_have_count(0, timeout=SOON_MS)

    late = opened(address, PHONE, has_touch=True, is_mobile=True)  # the photo of a code that was used
    asks(late)
    sees(late.locator("h1"), "没有开门")
    sees(late.locator(".stop-page"), "请重新扫描屏幕上的二维码")
    picture(late, "centre-phone-stale")
    sees(panel.locator("#lamp-bolt"), "锁住")
