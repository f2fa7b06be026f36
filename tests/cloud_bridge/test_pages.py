"""The centre's API and page: real HTTP, and a real Chromium for what people see."""

import json
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, timedelta

import pytest

from cloud_bridge import feed
from cloud_bridge.central import audit, page, presence
from cloud_bridge.central.app import Site, Web
from cloud_bridge.central.frame import Seen
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store
from cloud_bridge.central.words import WORDS, words
from tests.postgresql import tamper

NOW = datetime.now(UTC)
SIZES = [(390, 844), (1080, 1920), (1440, 900)]


class Centre:
    """A store with sample goods (示例) and the pages over it."""

    def __init__(self, place, make):
        self.make, self.store = make, Store(place)
        self.web = Web(Site(place, lambda: False, anonymous="auditor"), "127.0.0.1", 0)
        self.url = self.web.start()
        self.facts = []

    def receive(self, *facts):
        before = len(self.facts)
        self.facts += facts
        bodies = self.make.chain(self.facts)[before:]
        ingest(self.store, [("counters/T-001/events", body) for body in bodies], NOW.isoformat())
        self.web.changed()

    def hear(self, topic, body):
        with self.store.transaction() as db:
            assert presence.note(db, topic, body, NOW.isoformat())
        self.web.changed()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.loads(answer.read()), answer.headers

    def close(self):
        self.web.stop()
        self.store.close()


@pytest.fixture
def centre(place, make):
    with closing(Centre(place, make)) as made:
        yield made


def sale(make, n, **changes):
    return make.sale(n, closed_at=(NOW + timedelta(seconds=n)).isoformat(), **changes)


def test_sales_are_listed_newest_first_with_the_counters_own_fields(centre, make):
    centre.receive(sale(make, 1), sale(make, 2))
    (newest, older), _ = centre.get("/api/v1/sales?counter=T-001")
    assert (newest["order_no"], older["order_no"]) == ("T-001-000002", "T-001-000001")
    assert {key: newest[key] for key in ("counter", "session", "total_fen", "certified_fen")} == {
        "counter": "T-001",
        "session": f"{2:032x}",
        "total_fen": 1000,
        "certified_fen": 700,
    }
    assert newest["closed_at"]
    assert newest["received_at"]
    assert newest["lines"][1] == {
        "tray": "1-02",
        "sku": "X-COLA-330",
        "name": "示例汽水",
        "count": 1,
        "price_fen": 300,
        "amount_fen": 300,
        "certified": False,
        "county": "紫阳县",
        "supplier": "示例供应商",
        "supplier_id": "",
        "supply_price_fen": None,
    }


def test_the_list_goes_on_after_the_last_id_until_it_ends(centre, make):
    centre.receive(*(sale(make, n) for n in range(1, 6)))
    seen, path = [], "/api/v1/sales?limit=2"
    while path:
        found, headers = centre.get(path)
        seen += [each["order_no"][-1] for each in found]
        path = headers["link"].split(">")[0].lstrip("<") if headers["link"] else None
    assert seen == ["5", "4", "3", "2", "1"]


def test_another_counter_has_no_sales(centre, make):
    centre.receive(sale(make, 1))
    assert centre.get("/api/v1/sales?counter=T-999")[0] == []


def test_counters_tell_presence_gaps_and_mark(centre, make):
    bodies = make.sales(4)
    ingest(centre.store, [("counters/T-001/events", b) for b in (bodies[0], bodies[3])], NOW.isoformat())
    centre.hear("counters/T-001/presence", b'{"online":true,"since":"2026-11-24T00:00:00Z"}')
    centre.hear("counters/T-001/health", b'{"backlog":2,"through":1,"parked":0,"version":"0.1.0"}')
    (found,), _ = centre.get("/api/v1/counters")
    assert (found["online"], found["through"], found["gaps"], found["backlog"]) == (True, 1, [[2, 3]], 2)
    centre.hear("counters/T-001/presence", b'{"online":false}')
    assert centre.get("/api/v1/counters")[0][0]["online"] is False


PROBLEMS = [
    pytest.param("/api/v1/sales?limit=0", 422, "bad_parameter", id="limit 0"),
    pytest.param("/api/v1/sales?limit=nine", 422, "bad_parameter", id="limit in words"),
    pytest.param("/api/v1/sales?after=-1", 422, "bad_parameter", id="negative cursor"),
    pytest.param("/api/v1/sales?limit=" + "9" * 5000, 422, "bad_parameter", id="a very long number"),
    pytest.param("/api/v1/nothing", 404, "not_found", id="no such page"),
]


@pytest.mark.parametrize(("path", "status", "code"), PROBLEMS)
def test_errors_are_problem_documents(centre, path, status, code):
    with pytest.raises(urllib.error.HTTPError) as caught:
        centre.get(path)
    with caught.value as error:
        assert error.code == status
        assert error.headers["content-type"] == "application/problem+json"
        body = json.loads(error.read())
        assert (body["status"], body["code"]) == (status, code)


def test_it_is_healthy_and_ready_and_says_that_the_broker_is_missing(centre):
    assert centre.get("/healthz")[0] == {"status": "ok"}
    ready = centre.get("/readyz")[0]
    assert ready | {"not_ready": [], "degraded": ["broker"]} == ready
    assert (ready["ready"], ready["checks"]) == (True, {"database": True})


def test_every_answer_forbids_content_from_elsewhere(centre):
    assert "default-src 'none'" in centre.get("/healthz")[1]["content-security-policy"]


def test_new_sales_come_over_the_open_stream(centre, make):
    centre.receive(sale(make, 1))
    with urllib.request.urlopen(centre.url + "/live", timeout=5) as stream:
        assert stream.readline() == b"retry: 1000\n"
        centre.receive(sale(make, 2))
        lines = iter(stream.readline, b"")
        assert next(line for line in lines if line.startswith(b"event: sale"))
        assert json.loads(next(line for line in lines if line.startswith(b"data:"))[5:])["order_no"] == (
            "T-001-000002"
        )


def test_a_stream_resumes_after_the_last_event_it_saw(centre, make):
    centre.receive(*(sale(make, n) for n in (1, 2, 3)))
    request = urllib.request.Request(centre.url + "/live", headers={"last-event-id": "1"})
    with urllib.request.urlopen(request, timeout=5) as stream:
        data = [line for line in (stream.readline() for _ in range(10)) if line.startswith(b"data:")]
    assert [json.loads(line[5:])["order_no"][-1] for line in data[:2]] == ["2", "3"]


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_amounts_stand_as_a_pair_with_measure_and_cut_off(centre, make, lang):
    centre.receive(sale(make, 1))
    html = page.whole(centre.store.db, Seen(lang), NOW + timedelta(minutes=1))
    t = words(lang)
    assert "¥10.00" in html
    assert "¥7.00" in html
    assert html.count(t["measure"]) >= 3
    assert html.count(t["as_of"]) >= 3


def test_what_counters_send_is_shown_as_text_and_never_as_markup(centre, make):
    evil = "<img src=x onerror=alert(1)>"
    centre.receive(
        sale(make, 1, order_no=evil),
        feed.AlarmRaised(mono_ms=1, kind=evil, subject="'\"", severity="MAJOR", detail=evil),
    )
    html = page.whole(centre.store.db, Seen("zh"), NOW)
    assert "<img" not in html
    assert html.count("&lt;img") == 3


@pytest.mark.parametrize(
    ("lang", "appeal", "review"),
    [
        ("zh", "数量不对 · 整个订单 × 2", "有其他物品"),
        ("en", "wrong number · the whole order × 2", "something foreign"),
    ],
)
def test_appeals_and_reviews_are_told_in_words(centre, lang, appeal, review):
    centre.receive(
        feed.AlarmRaised(
            mono_ms=1, kind="APPEAL", subject="5f" * 16, severity="MINOR", detail="count: * × 2"
        ),
        feed.SessionClosed(
            mono_ms=2,
            session="6f" * 16,
            kind="BUY",
            state="REVIEW",
            opener="7f" * 16,
            verdict="review",
            trays=(),
            reasons=("foreign_object", "of_a_newer_counter"),
            opened_at="2026-11-24T06:00:00Z",
            closed_at="2026-11-24T06:01:00Z",
        ),
    )
    html = page.whole(centre.store.db, Seen(lang), NOW)
    assert appeal in html
    assert f"{review} · of_a_newer_counter" in html


def test_every_word_has_both_languages():
    assert all(zh and en for zh, en in WORDS.values())


def test_verify_names_gaps_a_broken_chain_and_altered_bytes(centre, make):
    bodies = make.sales(5)
    assert audit.verify(centre.store.db) == []
    other = make.chain([make.sale(1, total_fen=1), make.sale(2), make.sale(3)])[2]
    ingest(
        centre.store, [("counters/T-001/events", b) for b in (*bodies[:2], other, bodies[4])], NOW.isoformat()
    )
    (found,) = audit.verify(centre.store.db)
    assert (found.gaps, found.broken, found.altered, found.sound) == (((4, 4),), (3,), (), False)
    other = bodies[1].replace(b"1000", b"9000")
    tamper(centre.store.db, "update raw_event set body = ? where seq = 2", other)
    assert audit.verify(centre.store.db)[0].altered == (2,)


def test_a_whole_stream_is_sound(centre, make):
    centre.receive(*(sale(make, n) for n in range(1, 4)))
    assert audit.verify(centre.store.db)[0].sound


# --- what people see --------------------------------------------------------------------------------
SMALLEST = """Math.min(...[...document.querySelectorAll('body *')]
  .filter((e) => e.innerText && !e.children.length).map((e) => parseFloat(getComputedStyle(e).fontSize)))"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("lang", "scheme"), [("zh", "light"), pytest.param("en", "dark", marks=pytest.mark.long)]
)
def test_the_page_fits_every_size_in_readable_type_and_axe_finds_nothing(centre, make, browser, lang, scheme):
    from axe_playwright_python.sync_playwright import Axe

    centre.receive(
        *(sale(make, n) for n in range(1, 4)),
        feed.AlarmRaised(mono_ms=1, kind="DOOR_OPEN", subject="door", severity="CRITICAL", detail="示例"),
    )
    centre.hear("counters/T-001/presence", b'{"online":true}')
    for width, height in SIZES:
        view = {"width": width, "height": height}
        tab = browser.new_page(viewport=view, color_scheme=scheme, locale="zh-CN")
        tab.goto(f"{centre.url}/?lang={lang}")
        tab.wait_for_selector("[data-sale]")
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        assert tab.evaluate(SMALLEST) >= 18
        found = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        tab.close()


@pytest.mark.browser
def test_a_sale_appears_without_a_reload_and_a_lost_stream_is_told(centre, make, browser):
    tab = browser.new_page(locale="zh-CN")
    errors = []
    tab.on("pageerror", lambda error: errors.append(str(error)))
    tab.on("console", lambda message: errors.append(message.text) if message.type == "error" else None)
    tab.goto(centre.url)
    tab.evaluate("window.sameDocument = true")
    centre.receive(sale(make, 1))
    tab.wait_for_selector("text=T-001-000001")
    assert tab.text_content("#today-total") == "¥10.00"
    assert tab.evaluate("window.sameDocument")
    assert errors == []
    centre.web.stop()
    tab.wait_for_selector("#lost:not([hidden])", timeout=5000)
