"""Promotions in a real browser: why a price is lower, what may be struck through, the discount's line."""

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from msgspec.structs import replace
from playwright.sync_api import Browser, Locator, Page, expect

from edge.domain.view import OptionView, PromotionView, QuestionView
from tests.browser.conftest import TRAYS, line

pytestmark = pytest.mark.browser

PHONE = {"width": 390, "height": 844}
COUNTER = {"width": 1080, "height": 1920}
LANGUAGES = ["zh", pytest.param("en", marks=pytest.mark.long)]
TOKEN = "k7Qm2xV9cR4t8nB1"

OFF = PromotionView(kind="LIMITED_TIME", zh="示例限时8折", en="20 % off")
NEAR = PromotionView(kind="NEAR_EXPIRY", zh="临期特惠", en="Short-dated")
NOON = PromotionView(kind="TIME_OF_DAY", zh="午间特惠", en="Noon offer")
THIRTY = PromotionView(kind="FULL_REDUCTION", zh="满30减5", en="¥5 off ¥30+")


def promoted():
    """The scripted counter's trays: one struck, two lower without a struck price, most in a reduction."""
    own = {
        "1-02": {"price_fen": 7680, "list_price_fen": 9600, "strike_fen": 9600, "promotion": OFF},
        "2-03": {"price_fen": 790, "list_price_fen": 1580, "promotion": NEAR, "reduction": THIRTY},
        "3-01": {"price_fen": 3200, "list_price_fen": 4000, "promotion": NOON},
    }
    return tuple(replace(tray, **own.get(at, {"reduction": THIRTY})) for at, tray in TRAYS.items())


WATER = replace(line("1-01", 2), amount_fen=594, discount_fen=106)
NOODLES = line("2-01", 1)
NOODLES = replace(NOODLES, amount_fen=NOODLES.price_fen - 394, discount_fen=394)
BASKET = {"lines": (WATER, NOODLES), "discount_fen": 500, "reduction": THIRTY}


@pytest.fixture
def opened(browser: Browser, watched) -> Iterator[Callable[[dict, str], Page]]:
    """``opened(size, address)``: a page of its own, on which an uncaught error fails the test."""
    contexts = []

    def open_page(size: dict, address: str) -> Page:
        contexts.append(browser.new_context(viewport=size, locale="zh-CN"))
        page = contexts[-1].new_page()
        page.set_default_timeout(30_000)
        watched(page)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()


def checked(page: Page, name: str) -> None:
    """Nothing serious for axe, no sideways scroll."""
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
    grave = [(x["id"], x["nodes"][0]["html"]) for x in found if x["impact"] in ("serious", "critical")]
    assert grave == [], name
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), f"{name} scrolls sideways"


def said(tile: Locator) -> tuple[list[str], list[str]]:
    """The words of a tile's promotions, each with a picture, and its struck prices."""
    assert tile.locator(".promo svg").count() == tile.locator(".promo").count()
    return tile.locator(".promo").all_inner_texts(), tile.locator("del").all_text_contents()


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("place", ["screen", pytest.param("phone", marks=pytest.mark.long)])
def test_a_tile_says_why_it_costs_less_and_strikes_only_what_may_be_struck(
    opened, fresh, picture, place, lang
):
    size, address = (COUNTER, "/?") if place == "screen" else (PHONE, f"/c/AK-001?t={TOKEN}&")
    page = opened(size, f"{fresh.url}{address}lang={lang}")
    fresh.show(trays=promoted())
    tile = page.locator(".tile")
    expect(page.locator(".promo").first).to_be_visible()
    picture(page, f"prices-{place}-{lang}", full=True)
    chinese = lang == "zh"
    before = "原价 ¥96.00" if chinese else "Before ¥96.00"
    assert said(tile.nth(1)) == ([OFF.zh if chinese else OFF.en], [before])
    both = [NEAR.zh, THIRTY.zh] if chinese else [NEAR.en, THIRTY.en]
    assert said(tile.nth(6)) == (both, [])
    assert said(tile.nth(5)) == ([], [])  # sold out
    assert page.locator("del").count() == 1
    checked(page, f"{place} {lang}")
    if place == "screen":
        small = "e => parseFloat(getComputedStyle(e).fontSize)"
        assert min(each.evaluate(small) for each in page.locator(".promo span, del").all()) >= 18
        assert page.evaluate("document.documentElement.scrollHeight <= innerHeight"), "the screen scrolls"


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.long
def test_in_large_type_all_goods_with_their_promotions_still_stand_on_the_screen(
    opened, fresh, picture, lang
):
    page = opened(COUNTER, f"{fresh.url}/?lang={lang}")
    page.locator("#big").click()
    fresh.show(trays=promoted())
    expect(page.locator(".promo").first).to_be_visible()
    picture(page, f"prices-screen-large-{lang}")
    last, foot = page.locator(".tile").last.bounding_box(), page.locator(".foot").bounding_box()
    assert last["y"] + last["height"] <= foot["y"]


@pytest.mark.parametrize("lang", LANGUAGES)
def test_basket_and_receipt_have_the_discount_in_a_line_of_its_own(opened, fresh, picture, lang):
    screen = opened(COUNTER, f"{fresh.url}/?lang={lang}")
    phone = opened(PHONE, f"{fresh.url}/c/AK-001?t={TOKEN}&lang={lang}")
    phone.get_by_role("button", name="demo-001").click()
    for digit in "246810":
        phone.get_by_role("button", name=digit, exact=True).click()
    phone.locator("#open").click()
    expect(phone.locator(".visit")).to_be_visible()
    name, gross = THIRTY.zh if lang == "zh" else THIRTY.en, 700 + NOODLES.price_fen
    due = f"¥{(gross - 500) // 100}.{(gross - 500) % 100:02d}"
    for moment in ("open", "chosen"):
        fresh.play(moment, **BASKET)
        for page, where in ((screen, "screen"), (phone, "phone")):
            expect(page.locator(".discount")).to_have_text(f"{name}-¥5.00")
            expect(page.locator("#total")).to_have_text(due)
            expect(page.locator(".line strong").first).to_have_text("¥7.00")
            checked(page, f"{where} {moment} {lang}")
            picture(page, f"prices-{moment}-{where}-{lang}")


@pytest.mark.long
def test_a_receipt_without_a_discount_has_no_such_line(opened, fresh):
    screen = opened(COUNTER, f"{fresh.url}/?lang=zh")
    fresh.play("open")
    expect(screen.locator("#total")).to_be_visible()
    expect(screen.locator(".discount")).to_have_count(0)


@pytest.mark.long
def test_each_option_of_the_question_says_its_own_total_with_the_discount_in_it(opened, fresh, picture):
    screen = opened(COUNTER, f"{fresh.url}/?lang=zh")
    dear, cheap = (WATER, NOODLES), (replace(WATER, amount_fen=700, discount_fen=0), line("1-03", 1))
    totals = [sum(each.amount_fen for each in lines) for lines in (dear, cheap)]
    options = (
        OptionView(lines=dear, total_fen=totals[0], discount_fen=500),
        OptionView(lines=cheap, total_fen=totals[1]),
    )
    fresh.play("asking", question=QuestionView(options=options, closes_in_s=15))
    expect(screen.locator("#ask-A .option-off")).to_have_text("已含优惠 -¥5.00")
    expect(screen.locator("#ask-A .option-all")).to_contain_text(f"¥{totals[0] // 100}.{totals[0] % 100:02d}")
    expect(screen.locator("#ask-B .option-off")).to_have_count(0)
    expect(screen.locator(".both")).to_contain_text("¥7.00")
    checked(screen, "asking")
    picture(screen, "prices-asking")
