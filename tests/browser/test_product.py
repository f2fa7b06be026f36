"""A product's card, large type, reports of faults and sounds in a real browser."""

import re
from collections.abc import Callable, Iterator

import msgspec
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from edge.domain.reports import About, FaultReport
from edge.domain.view import PromotionView

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
AT_200_PERCENT = {"width": 195, "height": 422}
COUNTER = {"width": 1080, "height": 1920}
WIDE = {"width": 1920, "height": 1080}
LANGUAGES = ["zh", pytest.param("en", marks=pytest.mark.long)]
TYPE = pytest.mark.parametrize(
    "large", [False, pytest.param(True, marks=pytest.mark.long)], ids=["normal", "large type"]
)

SMALLEST_TEXT = """() => Math.min(...[...document.querySelectorAll('#page *')]
    .filter((e) => e.checkVisibility() && !e.matches('.unseen')
        && [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => parseFloat(getComputedStyle(e).fontSize)))"""
SMALL_TARGETS = """(least) => [...document.querySelectorAll('button, a, textarea, label.choice')]
    .filter((e) => e.checkVisibility())
    .map((e) => [e.id || e.textContent, e.closest('.tile') ?? e])
    .map(([name, e]) => [name, e.getBoundingClientRect().width, e.getBoundingClientRect().height])
    .filter(([, width, height]) => Math.min(width, height) < least - 0.5)"""


@pytest.fixture
def visit(browser: Browser, watched) -> Iterator[Callable[..., Page]]:
    """``visit(size)``: a page on which any error, warning of the policy or request to elsewhere fails."""
    contexts: list[BrowserContext] = []

    def make(size: dict, large: bool = False) -> Page:
        context = browser.new_context(viewport=size, locale="zh-CN", timezone_id="America/New_York")
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        watched(page, "127.0.0.1", all_words=True)
        if large:
            page.add_init_script("localStorage.setItem('big', localStorage.getItem('big') ?? 'yes')")
        return page

    yield make
    for context in contexts:
        context.close()


def check(page: Page, name: str, least: int, smallest: float) -> None:
    """What every page must hold: axe finds nothing, no sideways scroll, letters and targets large enough."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    assert [(one["id"], [node["html"] for node in one["nodes"]]) for one in found] == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"
    assert page.evaluate(SMALL_TARGETS, least) == [], name
    assert page.evaluate(SMALLEST_TEXT) >= smallest, name


def card(page: Page, counter, sku: str = "PL-TEA-125", lang: str = "zh") -> None:
    page.goto(f"{counter.url}/c/AK-001/p/{sku}?lang={lang}")
    expect(page.locator(".product-top h1")).to_be_visible()


# The card of a product


@TYPE
@pytest.mark.parametrize("lang", LANGUAGES)
def test_every_public_page_of_the_phone_can_be_read_and_tapped(visit, fresh, picture, lang, large):
    page = visit(PHONE, large)
    least, smallest, name = (60, 24, f"{lang}-large") if large else (44, 15, lang)
    card(page, fresh, "NS-HONEY-500", lang)
    check(page, "product", least, smallest)
    picture(page, f"product-{name}", full=True)
    page.goto(f"{fresh.url}/c/AK-001/report?lang={lang}")
    expect(page.locator(".choice")).to_have_count(5)
    check(page, "report", least, smallest)
    picture(page, f"report-{name}", full=True)
    page.goto(f"{fresh.url}/c/AK-001?lang={lang}")
    expect(page.locator(".contact dt").first).to_be_visible()
    check(page, "home", least, smallest)
    picture(page, f"home-{name}", full=True)


@pytest.mark.long
def test_a_tap_on_a_product_opens_its_card_and_the_way_back_is_on_it(visit, fresh):
    page = visit(PHONE)
    page.goto(f"{fresh.url}/c/AK-001")
    tile = page.locator(".tile").nth(1)
    box = tile.bounding_box()
    tile.click(position={"x": box["width"] - 30, "y": box["height"] / 2})  # on the price, not on the name
    expect(page.get_by_role("heading", name="平利绿茶罐装")).to_be_visible()
    for said in (
        "SAMPLE-AK-610926-0003",
        "2025-01-01 至 2027-12-31",
        "¥96.00",
        "149 户（示例）",
        "2996109260033",
    ):
        expect(page.locator("#page")).to_contain_text(said)
    page.get_by_role("link", name="返回首页").click()
    expect(page.locator(".tile")).to_have_count(12)


@pytest.mark.long
def test_a_stage_that_is_not_registered_says_so_and_its_dot_is_empty(visit, fresh):
    page = visit(PHONE)
    card(page, fresh, "NS-HONEY-500")
    opening, second = page.locator(".lot").all()
    assert [each.get_attribute("data-stage") for each in opening.locator(".stage").all()] == [
        *("PRODUCTION", "STORAGE", "TRANSPORT", "SALE", "BRAND")
    ]
    for stage in ("TRANSPORT", "BRAND"):
        expect(opening.locator(f'[data-stage="{stage}"]')).to_contain_text("未登记")
    filled = opening.locator('[data-stage="PRODUCTION"] .stage-dot')
    empty = opening.locator('[data-stage="BRAND"] .stage-dot')
    colours = [dot.evaluate("e => getComputedStyle(e).backgroundColor") for dot in (filled, empty)]
    assert colours == ["rgb(11, 92, 51)", "rgb(255, 255, 255)"]
    expect(second.locator('[data-stage="SALE"]')).to_contain_text("2026-11-20 10:00 上架")
    expect(second.locator('[data-stage="PRODUCTION"]')).to_contain_text("未登记")
    expect(page.locator('dt:text("声称") + dd')).to_have_text("未登记")


@pytest.mark.long
def test_a_certificate_past_its_day_is_told_in_words_and_by_its_sign(visit, fresh):
    page = visit(PHONE)
    card(page, fresh)
    expect(page.locator(".cert-state")).to_have_text("认定有效")
    expect(page.locator(".gates .passed")).to_have_count(7)
    fresh.today = fresh.today.replace(year=2028)
    page.reload()
    expect(page.locator(".cert-state")).to_have_text("认定已过期")
    expect(page.locator(".cert-state .icon-stop")).to_be_visible()
    card(page, fresh, "X-JELLY-150")
    expect(page.locator(".cert-state")).to_have_text("认定已暂停")
    expect(page.locator(".gates .failed")).to_have_text(["✗安全未通过"])
    expect(page.locator(".none-here")).to_have_text("柜内现在没有这种商品")


@pytest.mark.long
def test_the_card_says_why_a_price_is_lower_and_what_it_was_as_the_tile_does(visit, fresh):
    tea = fresh.shared_trays()[1]
    cheap = PromotionView(kind="LIMITED_TIME", zh="示例限时", en="sample offer")
    fresh.show(trays=(msgspec.structs.replace(tea, price_fen=8800, strike_fen=9600, promotion=cheap),))
    page = visit(PHONE)
    card(page, fresh)
    expect(page.locator(".product-top .price")).to_contain_text("¥88.00")
    expect(page.locator(".product-top del")).to_contain_text("¥96.00")
    expect(page.locator(".product-top .promo")).to_have_text("示例限时")


@pytest.mark.long
def test_a_product_that_nobody_knows_is_said_to_be_unknown(browser, fresh):
    page = browser.new_page(viewport=PHONE)  # the browser itself logs the 404
    page.goto(f"{fresh.url}/c/AK-001/p/NO-SUCH")
    expect(page.get_by_role("heading", name="没有这件商品的资料")).to_be_visible()
    page.close()


@pytest.mark.parametrize("large", [pytest.param(False, marks=pytest.mark.long), True])
@pytest.mark.parametrize(
    "path",
    [
        "/p/NS-HONEY-500?",
        pytest.param("/report?", marks=pytest.mark.long),
        pytest.param("?t=abc&", marks=pytest.mark.long),
    ],
)
@pytest.mark.long
def test_at_twice_the_size_nothing_needs_sideways_scroll(visit, fresh, path, large):
    page = visit(AT_200_PERCENT, large)
    for lang in LANGUAGES:
        page.goto(f"{fresh.url}/c/AK-001{path}lang={lang}")
        expect(page.locator("h1, .pad").first).to_be_visible()
        page.wait_for_load_state("networkidle") if "p/" in path else None
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), (path, lang)


# Reporting a fault


@pytest.mark.long
def test_a_fault_is_reported_in_two_taps_and_reaches_the_engine(visit, fresh):
    page = visit(PHONE)
    page.goto(f"{fresh.url}/c/AK-001/report")
    page.get_by_text("柜门打不开或关不上").click()
    page.get_by_role("button", name="提交").click()
    expect(page.get_by_role("heading", name="已收到，谢谢")).to_be_focused()
    (told,) = [one for one in fresh.asked if isinstance(one, FaultReport)]
    assert (told.about, told.text) == (About.DOOR, "")


@pytest.mark.long
def test_what_is_written_is_shown_as_it_was_kept(visit, fresh):
    page = visit(PHONE)
    page.goto(f"{fresh.url}/c/AK-001/report")
    page.get_by_text("价格不对").click()
    page.locator("#words").fill("2-03 标价不对，电话 13800000000")
    page.locator("#send").click()
    expect(page.locator(".kept")).to_have_text("您写的：2-03 标价不对，电话 ●●●")


def test_by_keyboard_alone_a_fault_is_reported(visit, fresh):
    page = visit(PHONE)
    page.goto(f"{fresh.url}/c/AK-001")
    expect(page.locator("#report")).to_be_visible()
    page.locator("#report").focus()
    page.keyboard.press("Enter")
    expect(page.locator(".choice")).to_have_count(5)
    while page.evaluate("document.activeElement.name") != "about":
        page.keyboard.press("Tab")
    page.keyboard.press("ArrowDown")
    while page.evaluate("document.activeElement.id") != "send":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#received")).to_be_focused()
    (told,) = [one for one in fresh.asked if isinstance(one, FaultReport)]
    assert told.about is About.SCREEN


@pytest.mark.long
def test_by_keyboard_alone_a_card_is_opened(visit, fresh):
    page = visit(PHONE)
    page.goto(f"{fresh.url}/c/AK-001")
    expect(page.locator(".tile")).to_have_count(12)
    while page.evaluate("document.activeElement.getAttribute('href')") != "/c/AK-001/p/PL-TEA-125":
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".product-top h1")).to_have_text("平利绿茶罐装")


# Large type


@pytest.mark.parametrize(("size", "path", "least"), [(PHONE, "/c/AK-001", 24), (COUNTER, "/", 28)])
@pytest.mark.long
def test_large_type_is_switched_by_one_button_and_stays(visit, fresh, size, path, least):
    page = visit(size)
    page.goto(f"{fresh.url}{path}")
    expect(page.locator(".tile")).to_have_count(12)
    expect(page.locator(".from")).to_have_count(12)
    page.get_by_role("button", name="大字版").click()
    page.reload()
    expect(page.locator(".tile")).to_have_count(12)
    assert page.evaluate(SMALLEST_TEXT) >= least
    expect(page.locator(".from")).to_have_count(0)  # fewer things
    page.get_by_role("button", name="标准版").click()
    page.reload()
    expect(page.locator(".from")).to_have_count(12)


@TYPE
@pytest.mark.parametrize("lang", ["zh", pytest.param("en", marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "size", [COUNTER, pytest.param(WIDE, marks=pytest.mark.long)], ids=["upright", "wide"]
)
@pytest.mark.long
def test_the_counters_screen_shows_who_answers_for_it_without_a_scroll(
    visit, fresh, picture, size, lang, large
):
    page = visit(size, large)
    page.goto(f"{fresh.url}/?lang={lang}")
    expect(page.locator(".foot .contact dd").first).to_be_visible()
    check(page, "idle", 60, 28 if large else 18)
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "all of it is seen at once"
    picture(page, f"idle-{size['width']}-{lang}{'-large' if large else ''}")
    for moment in ("open", "asking_more", "review"):
        fresh.play(moment)
        expect(page.locator(".question h1" if moment == "asking_more" else ".visit-head")).to_be_visible()
        picture(page, f"{moment}-{size['width']}-{lang}{'-large' if large else ''}")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), moment
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), moment


@pytest.mark.long
def test_what_is_missing_of_the_operator_is_said_to_be_missing(visit, fresh):
    page = visit(COUNTER)
    page.goto(fresh.url)
    expect(page.locator(".contact div", has_text="运营单位")).to_contain_text("未登记")
    expect(page.locator(".contact div", has_text="投诉举报")).to_contain_text("12315")


def test_where_alcohol_is_planned_the_sign_is_shown_on_screen_phone_and_card(visit, fresh):
    trays = fresh.shared_trays()
    page = visit(COUNTER)
    page.goto(fresh.url)
    expect(page.locator(".tile")).to_have_count(12)
    expect(page.locator(".under-age")).to_have_count(0)
    fresh.show(
        trays=(msgspec.structs.replace(trays[0], sku="BH-MG-WINE500", age_restricted=True), *trays[1:12])
    )
    expect(page.locator(".under-age")).to_have_text("未成年人禁止购酒")
    assert page.evaluate("document.documentElement.scrollHeight <= innerHeight")
    page.goto(f"{fresh.url}/c/AK-001")
    expect(page.locator(".under-age")).to_be_visible()
    card(page, fresh, "BH-MG-WINE500")
    expect(page.locator(".under-age")).to_be_visible()


# Sounds


HEARD = "window.heard = []; document.addEventListener('voice', (event) => window.heard.push(event.detail));"


def speaking(visit, counter, voice: str = "on") -> Page:
    page = visit(WIDE)
    page.add_init_script(HEARD)

    def set_voice(route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer, body=answer.text().replace('data-voice="off"', f'data-voice="{voice}"')
        )

    page.route(re.compile(r"/\?|/$"), set_voice)
    page.goto(f"{counter.url}/?lang=zh")
    expect(page.locator(".tile")).to_have_count(12)
    return page


@pytest.mark.long
def test_each_turn_of_a_visit_is_said_once(visit, fresh):
    page = speaking(visit, fresh)
    for moment in (
        "unlocking",
        "open_nothing",
        "open",
        "open_unsure",
        "open_alarm",
        "open_alarm",
        "settling",
    ):
        fresh.play(moment)
        page.wait_for_timeout(100)
    fresh.play("receipt")
    expect(page.locator(".visit-head.SETTLED")).to_be_visible()
    fresh.idle()
    page.wait_for_timeout(200)
    assert page.evaluate("window.heard") == ["welcome", "open", "door_long", "settled"]


@pytest.mark.long
def test_a_screen_that_is_loaded_in_the_middle_of_a_visit_says_nothing_of_what_was_before(visit, fresh):
    fresh.play("open")
    page = visit(WIDE)
    page.add_init_script(HEARD)
    page.goto(f"{fresh.url}/?lang=zh")
    expect(page.locator(".visit-head.OPEN")).to_be_visible()
    assert page.evaluate("window.heard") == []


@pytest.mark.long
def test_a_new_sound_ends_the_one_before_instead_of_waiting_for_it(visit, fresh):
    page = speaking(visit, fresh)
    page.evaluate("""() => {
        window.sounds = [];
        const play = HTMLMediaElement.prototype.play;
        HTMLMediaElement.prototype.play = function () { window.sounds.push(this); return Promise.resolve(); };
        HTMLMediaElement.prototype.pause = function () { this.stopped = true; };
    }""")
    for moment in ("unlocking", "open"):
        fresh.play(moment)
        page.wait_for_timeout(150)
    found = page.evaluate(
        "window.sounds.map((one) => [new URL(one.src).pathname, Boolean(one.stopped), one.volume])"
    )
    assert found == [["/voice/zh/welcome", True, 0.8], ["/voice/zh/open", False, 0.8]]


@pytest.mark.long
def test_a_counter_whose_voice_is_off_stays_silent(visit, fresh):
    page = speaking(visit, fresh, voice="off")
    fresh.play("open")
    expect(page.locator(".visit-head.OPEN")).to_be_visible()
    assert page.evaluate("window.heard") == []


@pytest.mark.long
def test_without_a_chinese_voice_on_the_machine_the_files_are_played(visit, fresh):
    page = speaking(visit, fresh, voice="speech")
    with page.expect_request("**/voice/zh/open"):
        fresh.play("open")


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.long
def test_the_screen_shows_one_code_at_a_time(visit, fresh, picture, lang):
    """A phone that is held up to two codes opens whichever it likes."""
    page = visit(COUNTER)
    page.goto(f"{fresh.url}/?lang={lang}")
    expect(page.locator("#qr")).to_be_visible()
    expect(page.locator(".reporting img")).to_have_count(0)
    page.locator("#report").click()
    expect(page.locator(".reporting img")).to_have_js_property("complete", True)
    expect(page.locator("#qr")).to_have_count(0)
    check(page, "reporting", 60, 18)
    picture(page, f"reporting-{lang}")
    page.keyboard.press("Enter")
    expect(page.locator("#qr")).to_be_visible()
    expect(page.locator("#report")).to_be_focused()
