"""Ten trays of the simulated cabinet are restocked at the counter's own screen: three taps, nothing typed.

With README_IMAGES=1 the picture of the open door is taken on the way.
"""

import base64
import json
import re
import time
import tomllib
import urllib.request
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from playwright.sync_api import Browser, Page, expect

pytestmark = pytest.mark.browser

CONFIG = Path(__file__).parents[2] / "config"
COUNTER = {"width": 1080, "height": 1920}
SOON_MS = 60_000
"""Until the page must show what happened; generous, because other work may share the machine."""
PIN = "135790"
SHORT = 2
"""Pieces that each of the ten trays lacks: as many as a weight surely tells."""
FULL = ("2-01", "1-03")
TAPS = (
    "addEventListener('pointerdown', () => sessionStorage.taps = Number(sessionStorage.taps ?? 0) + 1, true)"
)


def planned() -> list[dict]:
    with (CONFIG / "planogram.toml").open("rb") as file:
        return tomllib.load(file)["tray"]


TEN = {one["id"]: one["sku"] for one in planned() if one["id"] not in FULL}


@pytest.fixture
def demo(run_demo, tmp_path: Path) -> dict:
    """A demo of which ten trays lack ``SHORT`` pieces each and the others nothing."""
    text = (CONFIG / "planogram.toml").read_text(encoding="utf-8")
    for one in planned():
        table = re.search(rf'id = "{one["id"]}".*?opening = \d+', text, re.DOTALL)
        assert table is not None
        opening = one["par"] - (SHORT if one["id"] in TEN else 0)
        text = text.replace(table[0], re.sub(r"opening = \d+", f"opening = {opening}", table[0]))
    config = tmp_path / "demo" / "config"
    config.mkdir(parents=True)
    (config / "planogram.toml").write_text(text, encoding="utf-8")
    return run_demo(tmp_path / "demo")


@pytest.fixture
def screen(browser: Browser, demo: dict, watched) -> Iterator[Page]:
    context = browser.new_context(viewport=COUNTER, locale="zh-CN", has_touch=True)
    page = context.new_page()
    page.set_default_timeout(SOON_MS)
    watched(page)
    page.add_init_script(TAPS)
    page.goto(demo["screen"])
    yield page
    context.close()


def got(url: str) -> dict:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return json.load(answer)


def acts(demo: dict, **act: object) -> None:
    """Something happens before the simulated cabinet."""
    body = json.dumps(act).encode()
    asked = urllib.request.Request(f"{demo['sim']}/sim/act", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(asked, timeout=10) as answer:
        answer.read()


def sealed(text: str) -> dict:
    """What a receipt's seal is about; whether it holds is proven where seals are made."""
    _, about, _ = text.split(".")
    return json.loads(base64.urlsafe_b64decode(about + "=="))


def pulls_the_door(demo: dict) -> None:
    """As soon as the lock clicks."""
    by = time.monotonic() + SOON_MS / 1000
    while got(f"{demo['sim']}/sim/state")["bolt"] == "locked":
        assert time.monotonic() < by, "the bolt does not move"
        time.sleep(0.1)
    acts(demo, do="open_door")


def signs_in(screen: Page) -> None:
    screen.locator("#restock").tap()
    screen.locator(".accounts button", has_text="示例补货员").first.tap()
    for digit in PIN:
        screen.locator(f"#key-{digit}").tap()
    screen.locator("#signin").tap()


def test_ten_trays_are_restocked_in_three_taps_and_the_receipt_can_be_scanned(demo, screen, readme_picture):
    signs_in(screen)
    expect(screen.locator("h1")).to_have_text(f"待补 10 格，共 {10 * SHORT} 件", timeout=SOON_MS)
    screen.evaluate("sessionStorage.taps = 0")
    screen.locator("#open").tap()
    expect(screen.locator("h1")).to_have_text("请拉开柜门", timeout=SOON_MS)
    pulls_the_door(demo)
    expect(screen.locator(".OPEN .cabinet")).to_be_visible(timeout=SOON_MS)
    for n, (tray, sku) in enumerate(TEN.items()):
        acts(demo, do="put", tray=tray, sku=sku, count=SHORT)
        cell = screen.locator(f".cell[data-tray='{tray}']")
        if n == 6:
            expect(cell).to_have_class(re.compile("moving"), timeout=SOON_MS)
            readme_picture(screen, "restock.png")
        expect(cell).to_contain_text("已补足", timeout=SOON_MS)
        expect(cell).not_to_have_class(re.compile("bad|warned"))
    expect(screen.locator("h1")).to_have_text("都补足了，请关上柜门", timeout=SOON_MS)
    acts(demo, do="close_door")
    expect(screen.locator("#confirm")).to_be_enabled(timeout=SOON_MS)
    totals = screen.locator("tfoot td").all_inner_texts()
    assert totals[:3] == [str(10 * SHORT), str(10 * SHORT), "0"]
    screen.locator("#confirm").tap()
    code = screen.locator("#receipt-code")
    expect(code).to_have_js_property("naturalWidth", 576, timeout=SOON_MS)
    seen = Image.open(BytesIO(code.screenshot())).convert("L")
    document = screen.locator(".title p").inner_text().split()[1]
    assert document in [sealed(code.text)["n"] for code in zxingcpp.read_barcodes(seen)]
    screen.locator("#finish").tap()
    expect(screen.locator("#qr")).to_be_visible(timeout=SOON_MS)
    assert int(screen.evaluate("sessionStorage.taps")) == 3

    shown = {one["tray"]: one["on_hand"] for one in got(f"{demo['api']}/api/v1/counter")["trays"]}
    truly = {one["id"]: sum(one["goods"].values()) for one in got(f"{demo['sim']}/sim/state")["trays"]}
    assert shown == truly == {one["id"]: one["par"] for one in planned()}
