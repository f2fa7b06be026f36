"""The counter's pages in a real browser, as buyers meet them: on the phone and before the cabinet."""

import re
from collections.abc import Callable, Iterator
from io import BytesIO

import pytest
import zxingcpp
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from edge.domain.requests import AppealRequest, OpenRequest, Refusal
from edge.domain.view import PaidView

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
COUNTER = {"width": 1080, "height": 1920}
DESKTOP = {"width": 1440, "height": 900}
PLACE = {"locale": "zh-CN", "timezone_id": "America/New_York"}  # times must be the counter's all the same
LANGUAGES = ["zh", pytest.param("en", marks=pytest.mark.long)]
TOKEN = "k7Qm2xV9cR4t8nB1"

VISIBLE_TARGETS = """() => [...document.querySelectorAll('button, input, summary, label.choice')]
    .filter((e) => e.checkVisibility() && !e.closest('label.choice:not(:scope)') || e.matches('label.choice'))
    .map((e) => [e.id || e.textContent || e.placeholder, e.getBoundingClientRect().width,
                 e.getBoundingClientRect().height])"""
SMALLEST_TEXT = """() => Math.min(...[...document.querySelectorAll('#page *')]
    .filter((e) => e.checkVisibility() && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""


@pytest.fixture
def phone(browser: Browser, watched) -> Iterator[Page]:
    context = browser.new_context(
        viewport=PHONE, device_scale_factor=2, is_mobile=True, has_touch=True, **PLACE
    )
    yield new_page(context, watched)
    context.close()


@pytest.fixture
def screen(browser: Browser, watched) -> Iterator[Callable[[dict], Page]]:
    contexts: list[BrowserContext] = []

    def make(size: dict) -> Page:
        contexts.append(browser.new_context(viewport=size, **PLACE))
        return new_page(contexts[-1], watched)

    yield make
    for context in contexts:
        context.close()


def new_page(context: BrowserContext, watched: Callable[..., Page]) -> Page:
    page = context.new_page()
    page.set_default_timeout(30_000)
    return watched(page)


def check(page: Page, name: str, smallest_target: int, axe: bool = True) -> None:
    """What every page must hold: nothing serious for axe, no sideways scroll, targets large enough."""
    if axe:
        check_by_axe(page, name)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    small = [t for t in page.evaluate(VISIBLE_TARGETS) if min(t[1:]) < smallest_target - 0.5]
    assert small == [], name


def check_by_axe(page: Page, name: str) -> None:
    options = {"runOnly": ["wcag2a", "wcag2aa"]}
    found = Axe().run(page, options=options).response["violations"]
    grave = [
        (one["id"], one["nodes"][0]["html"]) for one in found if one["impact"] in ("serious", "critical")
    ]
    assert grave == [], name


def scan(page: Page, counter, lang: str = "zh", token: str = TOKEN) -> None:
    page.goto(f"{counter.url}/c/AK-001?t={token}&lang={lang}")


def type_pin(page: Page, pin: str = "246810") -> None:
    """Press the pad's keys, all in one go: a tap each costs a tenth of a second."""
    page.evaluate(
        """(pin) => [...pin].forEach((digit) =>
            [...document.querySelectorAll(".key")].find((key) => key.textContent === digit).click())""",
        pin,
    )


def open_door(page: Page, refused: bool = False) -> None:
    page.get_by_role("button", name="demo-001").click()
    type_pin(page)
    page.locator("#open").click()
    if not refused:
        expect(page.locator(".visit")).to_be_visible()


# The phone


@pytest.mark.parametrize(
    "big", [False, pytest.param(True, marks=pytest.mark.long)], ids=["normal", "large type"]
)
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_step_on_the_phone_can_be_read_and_tapped(phone, fresh, picture, lang, big):
    size = 60 if big else 44
    name = f"phone-{lang}{'-large' if big else ''}"
    phone.goto(f"{fresh.url}/c/AK-001?lang={lang}")
    expect(phone.locator(".tile")).to_have_count(12)
    if big:
        phone.locator("#big").tap()
    check(phone, "sticker", size, axe=not big)
    scan(phone, fresh, lang)
    expect(phone.locator(".pad")).to_be_visible()
    check(phone, "account", size, axe=not big)
    open_again = phone.locator("#open").bounding_box()
    assert open_again["height"] >= 60
    assert min(phone.locator(".key").nth(n).bounding_box()["height"] for n in range(12)) >= 60
    picture(phone, f"{name}-home")
    fresh.refuse = Refusal.CLOSED
    open_door(phone, refused=True)
    expect(phone.locator("#again")).to_be_visible()
    check(phone, "refused", size, axe=not big)
    picture(phone, f"{name}-refused")
    phone.locator("#again").tap()
    fresh.refuse = None
    type_pin(phone)
    phone.locator("#open").tap()
    for moment in ("unlocking", "open", "open_unsure", "settling", "empty", "review", "receipt"):
        fresh.play(moment)
        expect(phone.locator(f".visit-head.{fresh.moment_state(moment)}")).to_be_visible()
        if moment in ("open", "review"):
            check(phone, moment, size, axe=not big)
        picture(phone, f"{name}-{moment}", full=True)
    assert float(phone.locator("#total").evaluate("e => parseFloat(getComputedStyle(e).fontSize)")) >= 32
    phone.locator("summary").first.tap()
    check(phone, "receipt", size, axe=not big)
    picture(phone, f"{name}-why", full=True)
    phone.locator("#appeal").tap()
    check(phone, "appeal", size, axe=not big)
    picture(phone, f"{name}-appeal", full=True)


def test_a_visit_from_the_code_to_the_receipt(phone, fresh):
    scan(phone, fresh)
    expect(phone.locator(".pad")).to_be_visible()
    assert TOKEN not in phone.url, "the token neither stays in the address nor in the history"
    phone.get_by_role("button", name="demo-001").tap()
    for digit in "246810":
        phone.locator(".key").get_by_text(digit, exact=True).tap()
    phone.locator("#open").tap()
    expect(phone.get_by_role("heading", name="请拉开柜门")).to_be_visible()
    (asked,) = [one for one in fresh.asked if isinstance(one, OpenRequest)]
    assert (asked.token, asked.account, asked.pin) == (TOKEN, "demo-001", "246810")
    fresh.play("open_nothing")
    expect(phone.locator(".none")).to_have_text("还没有取商品")
    expect(phone.locator("#countdown")).to_have_text(re.compile(r"请在 \d+ 秒内关好门"))
    fresh.play("open")
    expect(phone.locator(".line")).to_have_count(2)
    expect(phone.locator("#total")).to_have_text("¥99.50")
    fresh.play("open_unsure")
    expect(phone.locator(".line .unsure")).to_have_text("称重中……")
    fresh.play("open_alarm")
    expect(phone.get_by_role("alert")).to_contain_text("柜门超时未关")
    fresh.play("settling")
    expect(phone.get_by_role("heading", name="正在结算")).to_be_visible()
    fresh.play("receipt")
    expect(phone.locator(".visit-head")).to_contain_text("本次共取 2 件，合计 ¥99.50")
    expect(phone.locator(".facts")).to_contain_text("AK001-20261123-000017")
    expect(phone.locator(".facts")).to_contain_text("2026-11-23 14:06")


@pytest.mark.long
def test_the_receipt_tells_why_a_price_is_what_it_is_in_pieces_and_never_in_grams(phone, fresh):
    scan(phone, fresh)
    open_door(phone)
    fresh.play("receipt")
    phone.locator("summary").first.tap()
    why = phone.locator("details[open]")
    for said in (
        "托盘 1-01",
        "开门前 12 件 → 关门后 11 件",
        "14:05:12 取走 2 件",
        "14:05:40 放回 1 件",
        "1 件 × ¥3.50",
    ):
        expect(why).to_contain_text(said)
    assert not re.search(r"\d\s*(g|kg|克)\b", phone.locator(".receipt").inner_text())


ENDS = [
    pytest.param("empty", "本次未取商品，未扣款", marks=pytest.mark.long),
    ("review", "结果待人工复核"),
    pytest.param("cancelled", "柜门没有拉开，已重新上锁", marks=pytest.mark.long),
]


@pytest.mark.parametrize(("moment", "said"), ENDS)
@pytest.mark.long
def test_a_visit_without_a_sale_says_so_in_plain_words(phone, fresh, moment, said):
    scan(phone, fresh)
    open_door(phone)
    fresh.play(moment)
    expect(phone.get_by_role("heading", name=said)).to_be_visible()
    if moment == "review":
        expect(phone.locator(".line").nth(1)).to_contain_text("待复核，暂不扣款")
        expect(phone.locator("#total")).to_have_text("¥3.50")


@pytest.mark.long
def test_a_receipt_no_longer_asks_to_shut_the_door(phone, fresh):
    scan(phone, fresh)
    open_door(phone)
    fresh.play("open_alarm")
    expect(phone.locator(".notice")).to_be_visible()
    fresh.play("receipt", notice="door_alarm")
    expect(phone.locator(".facts")).to_be_visible()
    expect(phone.locator(".notice")).to_have_count(0)


@pytest.mark.long
def test_a_receipt_does_not_ask_to_take_out_what_is_behind_a_shut_door(phone, fresh):
    scan(phone, fresh)
    open_door(phone)
    fresh.play("open", notice="foreign")
    expect(phone.locator(".notice")).to_have_text("柜内有异物，请取出")
    fresh.play("review", notice="foreign")
    expect(phone.locator(".notice")).to_have_text("柜内发现其他物品，工作人员会取出")


@pytest.mark.long
def test_a_second_scan_is_told_to_wait_before_it_asks_for_a_pin(phone, fresh):
    fresh.show(state="BUSY")
    scan(phone, fresh)
    expect(phone.get_by_role("heading", name="使用中，请稍候")).to_be_visible()
    expect(phone.locator(".pad")).to_have_count(0)
    fresh.idle()
    expect(phone.locator(".pad")).to_be_visible()


@pytest.mark.long
def test_a_purchase_without_network_says_that_it_is_charged_later(phone, fresh):
    scan(phone, fresh)
    open_door(phone)
    fresh.play("receipt", online=False)
    expect(phone.locator(".later")).to_have_text("已记录，联网后扣款")


@pytest.mark.parametrize(
    ("lang", "told"),
    [("zh", "剩余额度 ¥5.00"), pytest.param("en", "Left of that quota ¥5.00", marks=pytest.mark.long)],
)
@pytest.mark.long
def test_the_receipt_says_who_pays_and_what_the_quota_has_left(phone, fresh, picture, lang, told):
    phone.goto(f"{fresh.url}/c/AK-001?lang={lang}")
    scan(phone, fresh, lang)
    open_door(phone)
    quota = PaidView(scheme="UNION_FESTIVAL", fen=9000, left_fen=500)
    fresh.play("receipt", paid=(quota, PaidView(scheme="SELF_PAY", fen=950)), refunded_fen=350)
    shares = phone.locator(".shares")
    expect(shares).to_contain_text("¥90.00")
    expect(shares).to_contain_text("¥9.50")
    expect(shares).to_contain_text("¥3.50")
    assert told in " ".join(shares.inner_text().split())
    check(phone, "receipt", 44, axe=True)
    picture(phone, f"phone-{lang}-paid", full=True)


@pytest.mark.long
def test_what_is_owed_is_said_with_what_to_do(phone, fresh, picture):
    scan(phone, fresh)
    open_door(phone)
    quota = PaidView(scheme="UNION_SPECIAL", fen=9000, left_fen=0)
    fresh.play("receipt", paid=(quota, PaidView(scheme="SELF_PAY", fen=950, owed=True)))
    expect(phone.locator(".shares")).to_contain_text("待自付")
    expect(phone.locator(".shares")).to_contain_text("结清前不能再开门")
    check(phone, "receipt", 44, axe=True)
    picture(phone, "phone-zh-owed", full=True)


def test_an_appeal_takes_three_taps_and_reaches_the_engine(phone, fresh):
    scan(phone, fresh)
    open_door(phone)
    fresh.play("receipt")
    phone.locator("#appeal").tap()
    phone.get_by_text("数量不对").tap()
    phone.locator("#send").tap()
    expect(phone.locator(".received")).to_contain_text("申诉已受理")
    appeals = [one for one in fresh.asked if isinstance(one, AppealRequest)]
    assert [one.reason for one in appeals] == ["count: * × 2"]


@pytest.mark.long
def test_a_wrong_pin_is_said_beside_the_pad_and_can_be_typed_again(phone, fresh):
    fresh.refuse = Refusal.BAD_PIN
    scan(phone, fresh)
    open_door(phone, refused=True)
    expect(phone.locator(".message")).to_have_text("账户或密码不对，请重新输入。")
    fresh.refuse = None
    type_pin(phone)
    phone.locator("#open").tap()
    expect(phone.locator(".visit")).to_be_visible()
    keys = [one.key for one in fresh.asked if isinstance(one, OpenRequest)]
    assert len(set(keys)) == 2


@pytest.mark.long
def test_a_used_code_asks_for_another_scan_and_nothing_else(phone, fresh):
    fresh.refuse = Refusal.REPLAY
    scan(phone, fresh)
    open_door(phone, refused=True)
    expect(phone.locator(".stop-page")).to_contain_text("请重新扫描屏幕上的二维码")
    phone.locator("#again").tap()
    expect(phone.locator(".pad")).to_have_count(0)
    expect(phone.locator(".stop-page")).to_contain_text("请扫描专柜屏幕上的二维码")


@pytest.mark.long
def test_an_answer_lost_on_the_way_is_asked_for_again_with_the_same_key(phone, fresh):
    scan(phone, fresh)
    lost = []

    def lose_the_first_answer(route) -> None:
        route.fetch()
        lost.append(True)
        route.abort()

    phone.route("**/api/v1/sessions", lose_the_first_answer, times=1)
    open_door(phone, refused=True)
    expect(phone.locator(".message")).to_contain_text("不会重复开门")
    phone.locator("#open").tap()
    expect(phone.locator(".visit")).to_be_visible()
    keys = [one.key for one in fresh.asked if isinstance(one, OpenRequest)]
    assert lost == [True]
    assert len(keys) == 2
    assert len(set(keys)) == 1


def test_a_reload_and_a_second_scan_find_the_open_door_again(phone, fresh):
    scan(phone, fresh)
    open_door(phone)
    fresh.play("open")
    expect(phone.locator("#total")).to_have_text("¥99.50")
    phone.reload()
    expect(phone.locator("#total")).to_have_text("¥99.50")
    scan(phone, fresh, token="another-token")
    expect(phone.locator("#total")).to_have_text("¥99.50")


@pytest.mark.long
def test_past_orders_can_be_opened_again_on_the_phone_that_bought(phone, fresh):
    scan(phone, fresh)
    open_door(phone)
    fresh.play("receipt")
    phone.locator("#home").tap()
    phone.locator("#orders").tap()
    phone.locator(".orders li button").tap()
    expect(phone.locator(".facts")).to_contain_text("AK001-20261123-000017")


@pytest.mark.long
def test_the_account_is_remembered_and_the_pin_is_not(phone, fresh):
    scan(phone, fresh)
    open_door(phone)
    fresh.play("empty")
    expect(phone.locator("#home")).to_be_visible()
    fresh.idle()
    scan(phone, fresh, token="another-token")
    expect(phone.locator(".account strong")).to_have_text("demo-001")
    expect(phone.locator(".pin-dots .on")).to_have_count(0)
    assert "246810" not in phone.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}])")


@pytest.mark.long
def test_the_language_is_switched_by_one_button_and_kept(phone, fresh):
    phone.goto(f"{fresh.url}/c/AK-001")
    expect(phone.locator("html")).to_have_attribute("lang", "zh-CN")
    phone.locator("#language").tap()
    expect(phone.locator("html")).to_have_attribute("lang", "en")
    expect(phone.get_by_role("heading", name="Scan to open")).to_be_visible()
    phone.reload()
    expect(phone.locator("html")).to_have_attribute("lang", "en")
    expect(phone.locator("#language")).to_have_text("中文")


@pytest.mark.long
def test_a_phone_downloads_no_font(phone, fresh):
    asked = []
    phone.on("request", lambda request: asked.append(request.url))
    scan(phone, fresh)
    expect(phone.locator(".pad")).to_be_visible()
    assert [url for url in asked if "woff" in url] == []
    assert all(url.startswith(fresh.url) for url in asked)


@pytest.mark.long
def test_at_twice_the_size_the_phone_page_needs_no_sideways_scroll(browser, fresh, watched):
    context = browser.new_context(viewport={"width": 195, "height": 422}, **PLACE)
    page = new_page(context, watched)
    scan(page, fresh)
    expect(page.locator(".pad")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()


def test_a_lost_connection_is_said_and_heals_without_a_reload(phone, fresh):
    scan(phone, fresh)
    open_door(phone)
    fresh.play("open")
    expect(phone.locator("#total")).to_have_text("¥99.50")
    fresh.stop_web()
    expect(phone.locator("#lost")).to_contain_text("连接中断，数据可能不是最新", timeout=6000)
    fresh.start_web()
    expect(phone.locator("#lost")).to_be_hidden()
    fresh.play("receipt")
    expect(phone.locator(".visit-head")).to_contain_text("购买成功")


@pytest.mark.long
def test_a_connection_that_falls_silent_is_lost_too(phone, fresh):
    """Without a closed socket: the page counts the seconds since the last sign of life."""
    phone.add_init_script("""
        const real = window.fetch;
        const silence = (signal) => new ReadableStream({
            start: (stream) => signal.addEventListener("abort", () => stream.error(signal.reason)),
        });
        window.fetch = (url, more) => String(url).startsWith("/live")
            ? Promise.resolve(new Response(silence(more.signal)))
            : real(url, more);
    """)
    phone.goto(f"{fresh.url}/c/AK-001")
    expect(phone.locator("#lost")).to_be_visible(timeout=7000)


# The counter's screen


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "size", [COUNTER, pytest.param(DESKTOP, marks=pytest.mark.long)], ids=["counter", "desktop"]
)
def test_every_state_of_the_counter_screen_can_be_read_from_afar(screen, fresh, picture, size, lang):
    page = screen(size)
    name = f"{'counter' if size is COUNTER else 'desktop'}-{lang}"
    page.goto(f"{fresh.url}/?lang={lang}")
    expect(page.locator(".tile")).to_have_count(12)
    expect(page.locator("#qr")).to_be_visible()
    check(page, "idle", 60)
    assert page.evaluate(SMALLEST_TEXT) >= 18
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "all of it is seen at once"
    assert page.locator("#qr").bounding_box()["height"] >= size["height"] / 3
    picture(page, f"{name}-idle")
    for moment in (
        "unlocking",
        "open_nothing",
        "open",
        "open_alarm",
        "settling",
        "receipt",
        "empty",
        "review",
    ):
        fresh.play(moment)
        expect(page.locator(f".visit-head.{fresh.moment_state(moment)}")).to_be_visible()
        if moment == "open_alarm":
            check(page, moment, 60)
            assert page.evaluate(SMALLEST_TEXT) >= 18
        picture(page, f"{name}-{moment}")
    fresh.play("unlocking")  # a new visit takes the last result off the screen
    expect(page.locator(".visit-head.UNLOCKING")).to_be_visible()
    fresh.show(state="OUT_OF_ORDER", reason="lock")
    expect(page.locator(".plain.OUT")).to_be_visible()
    check(page, "out of order", 60, axe=lang == "zh")
    picture(page, f"{name}-out")
    fresh.show(state="RESTOCKING")
    expect(page.locator(".plain")).to_be_visible()
    picture(page, f"{name}-restocking")


@pytest.mark.long
def test_the_code_on_the_screen_opens_the_phone_page(screen, fresh):
    page = screen(COUNTER)
    page.goto(fresh.url)
    expect(page.locator("#qr")).to_be_visible()
    expect(page.locator("#qr")).to_have_js_property("complete", True)
    told = page.request.get(f"{fresh.url}/api/v1/screen/token").json()
    seen = Image.open(BytesIO(page.locator(".code").screenshot())).convert("L")
    (code,) = zxingcpp.read_barcodes(seen)
    assert code.text == told["url"]
    symbol = code.position.bottom_left.y - code.position.top_left.y
    assert symbol >= COUNTER["height"] / 3 - 10, "the code itself, without its white border"


@pytest.mark.long
def test_who_tries_the_counter_without_a_phone_clicks_the_code(screen, fresh):
    page = screen(DESKTOP)
    page.goto(fresh.url)
    told = page.request.get(f"{fresh.url}/api/v1/screen/token").json()
    with page.expect_popup() as opened:
        page.locator("a.code").click()
    with opened.value as phone:
        expect(phone.locator(".pad")).to_be_visible()
        asked = phone.evaluate("sessionStorage.getItem('token')")
    assert asked == told["token"]


@pytest.mark.long
def test_the_code_follows_the_token(screen, fresh):
    page = screen(DESKTOP)
    page.goto(fresh.url)
    expect(page.locator("#qr")).to_be_visible()
    before = page.locator("#qr").get_attribute("src")
    with page.expect_response("**/qr.png*"):
        fresh.show()
    expect(page.locator("#qr")).not_to_have_attribute("src", before)


@pytest.mark.long
def test_goods_show_price_origin_and_stock_and_what_is_gone_says_so(screen, fresh):
    page = screen(COUNTER)
    page.goto(fresh.url)
    water = page.locator('[data-tray="1-01"]')
    for said in ("紫阳富硒矿泉水", "产地 紫阳县", "500mL", "¥3.50", "/ 瓶", "余 12 件"):
        expect(water).to_contain_text(said)
    expect(page.locator('[data-tray="2-02"]')).to_contain_text("已售完")
    expect(page.locator('[data-tray="2-02"] .stock .icon')).to_be_visible()
    expect(page.locator('[data-tray="2-04"]')).to_contain_text("暂停销售")


@pytest.mark.long
def test_a_result_stays_for_five_seconds_also_when_the_engine_has_moved_on(screen, fresh):
    page = screen(DESKTOP)
    page.goto(fresh.url)
    fresh.play("open")
    fresh.play("receipt")
    expect(page.locator(".visit-head.SETTLED")).to_be_visible()
    fresh.idle()
    page.wait_for_timeout(1000)
    expect(page.locator(".visit-head.SETTLED")).to_be_visible()
    expect(page.locator("#qr")).to_be_visible(timeout=7000)


@pytest.mark.long
def test_a_new_visit_wipes_the_last_ones_result_at_once(screen, fresh):
    page = screen(DESKTOP)
    page.goto(fresh.url)
    fresh.play("receipt")
    expect(page.locator(".visit-head.SETTLED")).to_be_visible()
    fresh.play("unlocking")
    expect(page.locator(".visit-head.UNLOCKING")).to_be_visible()


@pytest.mark.long
def test_a_screen_that_lost_the_counter_shows_no_code(screen, fresh):
    page = screen(DESKTOP)
    page.goto(fresh.url)
    expect(page.locator("#qr")).to_be_visible()
    fresh.stop_web()
    expect(page.locator("#lost")).to_be_visible(timeout=6000)
    expect(page.locator("#qr")).to_be_hidden()
    fresh.start_web()
    expect(page.locator("#lost")).to_be_hidden()
    expect(page.locator("#qr")).to_be_visible()
