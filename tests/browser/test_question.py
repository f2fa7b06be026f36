"""The question "A or B" in a real browser: on the phone, on the counter's screen, and on both at once."""

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from edge.domain.requests import AnswerRequest

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
COUNTER = {"width": 1080, "height": 1920}
PANEL = {"width": 1280, "height": 800}
LANGUAGES = ["zh", pytest.param("en", marks=pytest.mark.long)]
HELD = "document.activeElement.id || document.activeElement.className"
SIZES = """() => [...document.querySelectorAll('.asking *')]
    .filter((e) => e.checkVisibility() && !e.closest('.unseen'))
    .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()))
    .map((e) => parseFloat(getComputedStyle(e).fontSize))"""


@pytest.fixture
def opened(browser: Browser, watched) -> Iterator[Callable[..., Page]]:
    """``opened(size)``: a page in a browser of its own, on which an uncaught error fails the test."""
    contexts = []

    def open_page(size: dict, **more: object) -> Page:
        contexts.append(browser.new_context(viewport=size, locale="zh-CN", **more))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        watched(page)
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture
def phone(opened, fresh) -> Callable[..., Page]:
    """``phone()``: a phone that has opened the door."""

    def scan(lang: str = "zh") -> Page:
        page = opened(PHONE, device_scale_factor=2, is_mobile=True, has_touch=True)
        page.goto(f"{fresh.url}/c/AK-001?t=k7Qm2xV9cR4t8nB1&lang={lang}")
        page.get_by_role("button", name="demo-001").click()
        for digit in "246810":
            page.get_by_role("button", name=digit, exact=True).click()
        page.locator("#open").click()
        expect(page.locator(".visit")).to_be_visible()
        return page

    return scan


@pytest.fixture
def screen(opened, fresh) -> Callable[..., Page]:
    """``screen()``: the counter's own screen."""

    def look(size: dict = COUNTER, lang: str = "zh") -> Page:
        page = opened(size)
        page.goto(f"{fresh.url}/?lang={lang}")
        return page

    return look


def choices(counter) -> list[tuple[bool, int | None]]:
    """Whether each answer named the session, and what it said."""
    return [(one.session is not None, one.choice) for one in counter.asked if isinstance(one, AnswerRequest)]


def check(page: Page, smallest: float, target: float) -> None:
    grave = [
        (one["id"], one["nodes"][0]["html"])
        for one in Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
        if one["impact"] in ("serious", "critical")
    ]
    assert grave == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert min(page.evaluate(SIZES)) >= smallest
    boxes = [button.bounding_box() for button in page.locator("button").all()]
    assert min(min(box["width"], box["height"]) for box in boxes) >= target


MOMENTS = ["asking", "asking_more", "asking_many", "asking_none", "asking_where"]


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize(
    "size", [COUNTER, pytest.param(PANEL, marks=pytest.mark.long)], ids=["counter", "panel"]
)
def test_the_question_can_be_read_and_tapped_at_the_counter(screen, fresh, picture, size, lang):
    page = screen(size, lang)
    for moment in MOMENTS:
        fresh.play(moment)
        expect(page.locator("#ask-A")).to_be_visible()
        check(page, 18, 60)
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "all is seen at once"
        a, b = page.locator("#ask-A").bounding_box(), page.locator("#ask-B").bounding_box()
        assert a["x"] + a["width"] < b["x"], "side by side"
        picture(page, f"question-{size['width']}-{lang}-{moment}")


@pytest.mark.parametrize("lang", LANGUAGES)
def test_the_question_can_be_read_and_tapped_on_the_phone(phone, fresh, picture, lang):
    page = phone(lang)
    for moment in MOMENTS:
        fresh.play(moment)
        expect(page.locator("#ask-A")).to_be_visible()
        check(page, 18, 44)
        a, b = page.locator("#ask-A").bounding_box(), page.locator("#ask-B").bounding_box()
        assert a["y"] + a["height"] < b["y"], "one below the other"
        assert min(a["height"], b["height"], page.locator("#ask-neither").bounding_box()["height"]) >= 60
        expect(page.locator(".time")).to_be_in_viewport(ratio=1)
        picture(page, f"question-phone-{lang}-{moment}", full=True)


@pytest.mark.long
def test_only_what_differs_stands_on_the_buttons_and_the_rest_once_below(phone, fresh):
    page = phone()
    fresh.play("asking_more")
    for said in ("岚皋魔芋素毛肚(香辣)", "× 1", "¥15.80", "连同下面的共 ¥118.80"):
        expect(page.locator("#ask-A")).to_contain_text(said)
    expect(page.locator("#ask-A em")).to_have_text(["(香辣)"])
    for said in ("岚皋魔芋素毛肚(酸辣)", "紫阳富硒绿茶袋泡茶", "× 2", "¥75.40"):
        expect(page.locator("#ask-B")).to_contain_text(said)
    for option in ("#ask-A", "#ask-B"):
        expect(page.locator(option)).not_to_contain_text("矿泉水")
    expect(page.locator(".both li")).to_have_text(
        [re.compile("矿泉水 × 2 ¥7.00"), re.compile("平利绿茶罐装 × 1 ¥96.00")]
    )
    expect(page.locator("#ask-neither")).to_contain_text("这部分现在不扣款")


@pytest.mark.long
def test_an_option_of_nothing_says_so(phone, fresh):
    page = phone()
    fresh.play("asking_none")
    expect(page.locator("#ask-title")).to_have_text("您拿的是 A 还是 B？")
    expect(page.locator("#ask-B")).to_contain_text("没有拿商品")
    expect(page.locator("#ask-B")).to_contain_text("¥0.00")


@pytest.mark.long
def test_the_same_product_on_two_trays_is_told_apart_by_the_tray(phone, fresh):
    page = phone()
    fresh.play("asking_where")
    expect(page.locator("#ask-A small")).to_have_text("托盘 2-02")
    expect(page.locator("#ask-B small")).to_have_text("托盘 2-03")


@pytest.mark.parametrize(
    ("button", "choice", "said"),
    [
        pytest.param("#ask-A", 0, "已收到您的选择 A", marks=pytest.mark.long),
        ("#ask-B", 1, "已收到您的选择 B"),
        pytest.param("#ask-neither", None, "已收到，由工作人员核对", marks=pytest.mark.long),
    ],
)
@pytest.mark.parametrize("where", ["phone", pytest.param("screen", marks=pytest.mark.long)])
def test_one_tap_answers_and_more_taps_change_nothing(phone, screen, fresh, where, button, choice, said):
    page = phone() if where == "phone" else screen()
    fresh.play("asking")
    page.locator(button).click(click_count=2)
    expect(page.locator("#ask-text")).to_contain_text(said)
    expect(page.get_by_role("status")).to_contain_text(said)
    for other in ("#ask-A", "#ask-B", "#ask-neither"):
        expect(page.locator(other)).to_have_attribute("aria-disabled", "true")
        page.locator(other).click(force=True)
    expect(page.locator(button)).to_have_class(re.compile("taken"))
    assert choices(fresh) == [(where == "phone", choice)]
    fresh.play("chosen")
    expect(page.locator(".visit-head.SETTLED")).to_be_visible()
    expect(page.locator(".question")).to_have_count(0)
    expect(page.locator(".line")).to_contain_text("酸辣")


@pytest.mark.long
def test_phone_and_screen_tapped_at_once_both_end_at_the_receipt(phone, screen, fresh):
    page, counter = phone(), screen()
    fresh.play("asking")
    page.locator("#ask-B").tap()
    expect(page.locator("#ask-text")).to_contain_text("已收到您的选择 B")
    counter.locator("#ask-A").click()
    expect(counter.locator("#ask-text")).to_have_text("现在没有需要您选择的问题，请看结果。")
    assert choices(fresh) == [(True, 1), (False, 0)]
    fresh.play("chosen")
    for each in (page, counter):
        expect(each.locator(".visit-head.SETTLED")).to_be_visible()


@pytest.mark.long
def test_a_tap_that_did_not_get_through_can_be_repeated(phone, fresh):
    page = phone()
    fresh.play("asking")
    page.route("**/answer", lambda route: route.abort(), times=1)
    page.locator("#ask-B").tap()
    expect(page.locator("#ask-text")).to_have_text("没有收到回应，请再点一次")
    page.locator("#ask-B").tap()
    expect(page.locator("#ask-text")).to_contain_text("已收到您的选择 B")
    assert choices(fresh) == [(True, 1)]


@pytest.mark.long
def test_the_seconds_run_down_and_the_page_says_what_happens_then(screen, fresh):
    page = screen()
    fresh.play("asking")
    expect(page.locator(".time strong")).to_have_text("还有 14 秒")
    assert page.locator("progress").evaluate("e => [e.value, e.max]") == [14, 15]
    expect(page.locator(".unsaid")).to_have_text("不选择也不会多收钱：由工作人员核对")


@pytest.mark.long
def test_keys_alone_answer_and_escape_does_nothing(screen, fresh):
    page = screen()
    fresh.play("asking")
    dialog = page.get_by_role("dialog", name="您拿的是哪一种？")
    expect(dialog).to_be_focused()
    for key in ("Enter", "Space", "Escape"):  # a key that was on its way to the page before
        page.keyboard.press(key)
    expect(dialog).to_be_visible()
    assert choices(fresh) == []
    for expected in ("ask-A", "ask-B", "ask-neither"):
        page.keyboard.press("Tab")
        assert page.evaluate(HELD) == expected
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Enter")
    expect(page.locator("#ask-text")).to_contain_text("已收到您的选择 B")
    assert page.evaluate(HELD) == "ask-B", "the focus stays where it was"
    assert choices(fresh) == [(False, 1)]


@pytest.mark.long
def test_the_next_question_can_be_answered_again(screen, fresh):
    page = screen()
    fresh.play("asking")
    page.locator("#ask-A").click()
    expect(page.locator("#ask-text")).to_contain_text("已收到您的选择 A")
    fresh.play("open")  # the door was opened again
    expect(page.locator(".visit-head.OPEN")).to_be_visible()
    fresh.play("asking")
    expect(page.locator("#ask-A")).not_to_have_attribute("aria-disabled", "true")
    page.locator("#ask-B").click()
    expect(page.locator("#ask-text")).to_contain_text("已收到您的选择 B")


@pytest.mark.long
def test_the_question_can_be_read_in_english_at_any_moment(screen, fresh):
    page = screen()
    fresh.play("asking")
    expect(page.locator("#ask-A")).to_be_visible()
    page.get_by_role("button", name="English").click()
    expect(page.locator("#ask-title")).to_have_text("Which did you take?")
    expect(page.locator("#ask-B em")).to_have_text("sour-spicy")


@pytest.mark.long
def test_who_looks_at_the_screen_page_from_elsewhere_is_sent_to_the_phone(opened, fresh):
    page = opened(PANEL, extra_http_headers={"X-Forwarded-For": "192.0.2.9"})
    page.goto(fresh.url)
    fresh.play("asking")
    expect(page.locator("#ask-text")).to_have_text("请在手机或专柜屏幕上选择")
    page.locator("#ask-A").click(force=True)
    assert choices(fresh) == []


@pytest.mark.long
def test_goods_that_share_a_tray_stand_side_by_side_on_screen_and_phone(opened, screen, fresh, picture):
    from_tray = re.compile("岚皋魔芋素毛肚")
    fresh.show(trays=fresh.shared_trays())
    for size in (COUNTER, PANEL):
        page = screen(size)
        tiles = page.locator('[data-tray="2-02"]')
        expect(tiles).to_have_text([from_tray, from_tray])
        expect(tiles.nth(0)).to_contain_text("(香辣)")
        expect(tiles.nth(1)).to_contain_text("(酸辣)")
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "all is seen at once"
        picture(page, f"shared-{size['width']}")
    page = opened(PHONE)
    page.goto(f"{fresh.url}/c/AK-001")
    expect(page.locator(".tile", has_text="魔芋素毛肚")).to_have_count(2)


@pytest.mark.long
def test_an_appeal_names_one_of_two_goods_of_a_tray(phone, fresh):
    page = phone()
    fresh.play("both")
    page.locator("#appeal").tap()
    page.get_by_text("没拿这件商品").tap()
    page.locator("label.choice", has_text="(酸辣)").tap()
    assert page.locator("input[name=which]:checked").count() == 1
    page.locator("#send").tap()
    expect(page.locator(".received")).to_be_visible()
    assert fresh.asked[-1].reason == "not_taken: 2-02 LG-KJ-SOUR180 × 1"
