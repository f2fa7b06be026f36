"""The reviewer's pages: what the scales said, in grams and in words, read from what the counter sent."""

import io
import json
import os
import re
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime

import pytest
from PIL import Image

from cloud_bridge import feed
from cloud_bridge.central import page, reviews
from cloud_bridge.central.app import Site, Web
from cloud_bridge.central.frame import Seen
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store
from tests.postgresql import tamper

SESSION = "5f" * 16
SIZES = [(390, 844), (1080, 1920), (1440, 900)]
CURVE = ((-30, 62_400), (80, 62_400), (80, 52_000), (143, 52_000), (144, 57_200), (280, 57_200))
UNSURE = feed.TrayVerdict(
    tray="1-01",
    verdict="review",
    goods=(feed.Goods(sku="ZY-WATER-500", count=1),),
    before_dg=62_400,
    after_dg=57_200,
    delta_dg=-5_200,
    residual_dg=-12,
    reasons=("ambiguous", "of_a_newer_counter"),
    alternatives=(
        feed.Alternative(goods=(feed.Goods(sku="ZY-WATER-500", count=1),), permille=874),
        feed.Alternative(goods=(feed.Goods(sku="X-COLA-330", count=2),), permille=125),
        feed.Alternative(goods=(), permille=0),
    ),
    curve=CURVE,
)
SURE = feed.TrayVerdict(
    tray="1-00",
    verdict="charge",
    goods=(feed.Goods(sku="NEVER-SOLD", count=1),),
    before_dg=9_000,
    after_dg=4_000,
    delta_dg=-5_000,
    residual_dg=0,
    curve=((0, 9_000), (90, 4_000)),
)
STILL = feed.TrayVerdict(
    tray="3-01", verdict="empty", goods=(), before_dg=100, after_dg=None, delta_dg=None, residual_dg=None
)


def told(session=SESSION, **changes):
    values = {
        "mono_ms": 9000,
        "session": session,
        "kind": "BUY",
        "state": "REVIEW",
        "opener": "7f" * 16,
        "verdict": "review",
        "reasons": ("ambiguous",),
        "trays": (SURE, STILL, UNSURE),
        "opened_at": "2026-11-24T06:00:00Z",
        "closed_at": "2026-11-24T06:01:00Z",
    }
    return feed.SessionClosed(**(values | changes))


class Centre:
    """A store with one session under review, and the pages over it."""

    def __init__(self, place, make):
        self.store = Store(place)
        facts = [make.sale(1), told(), told("6f" * 16, state="SETTLED", closed_at="2026-11-24T05:00:00Z")]
        bodies = make.chain(facts)
        ingest(self.store, [("counters/T-001/events", body) for body in bodies], "2026-11-24T06:02:00Z")
        self.web = Web(Site(place, lambda: True, anonymous="auditor"), "127.0.0.1", 0)
        self.url = self.web.start()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return answer.read(), answer.headers

    def close(self):
        self.web.stop()
        self.store.close()


@pytest.fixture
def centre(place, make):
    with closing(Centre(place, make)) as made:
        yield made


def words_of(body: bytes) -> str:
    """What a person reads: tags and white space gone."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", body.decode()))


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "zh",
            (
                "待复核",
                "T-001",
                "2026-11-24 14:01:00",
                "有两种以上的可能",
                "托盘 1-01: 示例水 × 1",
                "残差 -1.2 g",
            ),
        ),
        (
            "en",
            ("Waiting for review", "more than one explanation", "Tray 1-01: 示例水 × 1", "Residual -1.2 g"),
        ),
    ],
)
def test_the_list_has_the_sessions_under_review_and_their_doubtful_trays(centre, lang, words):
    body, _ = centre.get(f"/reviews?lang={lang}")
    shown = words_of(body)
    for said in words:
        assert said in shown
    assert f'href="/reviews/{SESSION}"' in body.decode()
    assert "6f" * 16 not in body.decode(), "a settled one waits for nobody"
    assert "1-00" not in shown, "a sure tray waits for nobody"


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        (
            "zh",
            (
                *(
                    "托盘 1-01",
                    "⚠ 待复核，未收款",
                    "最可能取走 示例水 × 1",
                    "开门前 6240.0 g",
                    "关门后 5720.0 g",
                ),
                *("变化 -520.0 g", "残差 -1.2 g", "有两种以上的可能 · of_a_newer_counter", "各种可能及概率"),
                *(
                    "示例水 × 1 87.4 % 示例汽水 × 2 12.5 %",
                    "没有取走 &lt; 0.1 %",
                    "✓ 已收款",
                    "NEVER-SOLD × 1",
                    "没有变化的托盘： 1",
                ),
            ),
        ),
        (
            "en",
            (
                "for review, not charged",
                "Most likely taken 示例水 × 1",
                "What it may be, and how likely",
                "nothing &lt; 0.1 %",
            ),
        ),
    ],
)
def test_a_session_shows_levels_residual_alternatives_and_reasons_of_each_tray(centre, lang, words):
    shown = words_of(centre.get(f"/reviews/{SESSION}?lang={lang}")[0])
    for said in words:
        assert said in shown
    assert shown.index("1-01") < shown.index("1-00"), "the doubtful tray stands first"


def test_a_settled_session_can_be_looked_at_too(centre):
    assert "已成交" in words_of(centre.get(f"/reviews/{'6f' * 16}")[0])


@pytest.mark.parametrize(
    ("query", "size"), [("", (960, 320)), ("?narrow=1&lang=en", (640, 240)), ("?dark=1", (960, 320))]
)
def test_each_tray_has_its_curve_in_grams(centre, query, size):
    body, headers = centre.get(f"/reviews/{SESSION}/trays/1-01/curve.png{query}")
    assert headers["content-type"] == "image/png"
    assert headers["cache-control"].startswith("private")
    assert Image.open(io.BytesIO(body)).size == size


def test_every_curve_that_a_page_shows_is_there(centre):
    body = centre.get(f"/reviews/{SESSION}")[0].decode().replace("&amp;", "&")
    addresses = re.findall(r'(?:src|srcset)="(/reviews[^"]*)"', body)
    assert len(addresses) == 8
    assert len({centre.get(address)[0] for address in addresses}) == 8


@pytest.mark.parametrize(
    ("path", "code"),
    [
        (f"/reviews/{'0' * 32}", "no_session"),
        ("/reviews/..%2f", "no_session"),
        (f"/reviews/{'0' * 32}/trays/1-01/curve.png", "no_session"),
        (f"/reviews/{SESSION}/trays/3-01/curve.png", "no_curve"),
        (f"/reviews/{SESSION}/trays/9-99/curve.png", "no_curve"),
    ],
)
def test_what_is_not_there_is_a_problem_document(centre, path, code):
    with pytest.raises(urllib.error.HTTPError) as caught:
        centre.get(path)
    with caught.value as error:
        assert (error.code, json.loads(error.read())["code"]) == (404, code)


def test_a_curve_with_too_many_points_is_not_drawn():
    long = told(trays=(feed.TrayVerdict(**{**_fields(UNSURE), "curve": CURVE * 100}),))
    closed = reviews.Closed(counter="T-001", received_at="", fact=long, names={})
    assert reviews.curve_png(closed, "1-01", narrow=False, dark=False, lang="zh") is None


def _fields(struct):
    return {name: getattr(struct, name) for name in struct.__struct_fields__}


def test_what_a_counter_sends_is_text_on_the_page_and_never_markup():
    evil = "<img src=x onerror=alert(1)>"
    tray = feed.TrayVerdict(
        **{**_fields(UNSURE), "tray": evil, "reasons": (evil,), "goods": (feed.Goods(sku=evil, count=1),)}
    )
    fact = told(evil, state=evil, reasons=(evil,), trays=(tray,), opened_at=evil, order_no=evil)
    html = page.evidence(reviews.Closed(counter=evil, received_at=evil, fact=fact, names={}), Seen("zh"))
    assert "<img src=x" not in html


def test_an_event_of_an_older_form_is_left_out_and_counted(centre):
    db = centre.store.db
    for id, body in db.execute("select id, body from raw_event").fetchall():
        tamper(db, "update raw_event set body = ? where id = ?", body.replace(b"residual_dg", b"rest"), id)
    assert reviews.waiting(centre.store.db) == []
    assert reviews.closed(centre.store.db, SESSION) is None
    assert "0 / 1" in words_of(page.waiting(centre.store.db, Seen("zh")).encode())


def test_the_first_page_leads_to_the_reviews_and_from_an_appeal_to_its_evidence(centre, make):
    appeal = feed.AlarmRaised(
        mono_ms=1, kind="APPEAL", subject=SESSION, severity="MINOR", detail="count: * × 2"
    )
    body = make.chain([make.sale(1), told(), make.sale(3), appeal])[3]
    ingest(centre.store, [("counters/T-001/events", body)], "2026-11-24T06:03:00Z")
    with centre.store.transaction() as db:
        db.execute("update counter set inc = ? where counter = 'T-001'", [make.INC])
    html = page.whole(centre.store.db, Seen("en"), datetime.now(UTC))
    assert 'href="/reviews"' in html
    assert html.count(f'href="/reviews/{SESSION}"') == 2


SMALLEST = """Math.min(...[...document.querySelectorAll('body *')]
  .filter((e) => e.innerText && !e.children.length).map((e) => parseFloat(getComputedStyle(e).fontSize)))"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("lang", "scheme"), [("zh", "light"), pytest.param("en", "dark", marks=pytest.mark.long)]
)
@pytest.mark.parametrize("path", ["/reviews", f"/reviews/{SESSION}"], ids=["list", "session"])
def test_the_pages_fit_every_size_in_readable_type_and_axe_finds_nothing(centre, browser, lang, scheme, path):
    from axe_playwright_python.sync_playwright import Axe

    for width, height in SIZES:
        tab = browser.new_page(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            locale="zh-CN",
            device_scale_factor=2,
        )
        tab.goto(f"{centre.url}{path}?lang={lang}")
        for curve in tab.locator(".curve img").all():
            curve.scroll_into_view_if_needed()
            curve.evaluate("e => e.decode()")
            drawn = curve.evaluate("e => e.currentSrc")
            assert ("narrow=1" in drawn, "dark=1" in drawn) == (width < 640, scheme == "dark")
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        assert tab.evaluate(SMALLEST) >= 18
        found = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        shot(tab, f"review-{path.count('/')}-{lang}-{width}")
        tab.close()


def shot(tab, name):
    """A picture of the page where $SCREENSHOTS says."""
    if place := os.environ.get("SCREENSHOTS"):
        tab.screenshot(path=f"{place}/{name}.png", full_page=True)
