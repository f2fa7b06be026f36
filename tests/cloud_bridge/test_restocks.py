"""Restock documents at the centre: taken in once in any order, listed newest first, shown line by line."""

import json
import os
import re
import urllib.error
import urllib.request
from contextlib import closing

import pytest

from cloud_bridge import feed
from cloud_bridge.central import page, projecting, restocks
from cloud_bridge.central.app import Site, Web
from cloud_bridge.central.frame import Seen
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store

SIZES = [(390, 844), (1080, 1920), (1440, 900)]
RECEIVED = "2026-11-24T06:02:00Z"
SIGNER = "fe96fe18e76ed053bb9e1bc4e7c71b25"


def line(tray="1-01", sku="ZY-WATER-500", **changes):
    values = {"planned": 5, "weighed": 4, "brought": 4, "now": 14, "lot": "W1", "expires_on": "2027-04-28"}
    return feed.RestockLine(tray=tray, sku=sku, **(values | changes))


TYPED = line("1-02", "PL-TEA-125", planned=12, weighed=12, brought=11, now=14, reason="一件破损", lot="L9")
PULLED = line(
    "2-01", "NEVER-SOLD", planned=0, weighed=0, brought=0, pulled=2, pull_reason="EXPIRED", now=6, lot=""
)
COUNTED = line("2-02", "X-COLA-330", planned=0, weighed=0, brought=0, counted=7, adjusted=-1, now=7, lot="")


def finished(n, *lines, **changes):
    values = {
        "mono_ms": n,
        "document": f"AK001-R-{n:06d}",
        "session": f"{n:032x}",
        "signer": SIGNER,
        "lines": lines,
        "opened_at": f"2026-11-24T0{n}:00:00Z",
        "closed_at": f"2026-11-24T0{n}:05:00Z",
    }
    return feed.RestockFinished(**(values | changes))


FIRST, SECOND = finished(1, line()), finished(2, line(), TYPED, PULLED, COUNTED)


class Centre:
    """A store with two documents of one counter and one of another, and the pages over it."""

    def __init__(self, place, make):
        self.store = Store(place)
        ours = make.chain([make.sale(1), FIRST, SECOND])
        other = make.chain([finished(3, line())], counter="T-002", inc="b" * 16)
        messages = [("counters/T-001/events", body) for body in ours] + [("counters/T-002/events", other[0])]
        ingest(self.store, messages, RECEIVED)
        assert self.store.db.execute("select count(*) from dead_letter").fetchone() == (0,)
        self.web = Web(Site(place, lambda: True, anonymous="auditor"), "127.0.0.1", 0)
        self.url = self.web.start()

    def get(self, path):
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return answer.read().decode(), answer.headers

    def close(self):
        self.web.stop()
        self.store.close()


@pytest.fixture
def centre(place, make):
    with closing(Centre(place, make)) as made:
        yield made


def words_of(html):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]*>", " ", html))


def test_documents_are_listed_newest_first_with_their_sums(centre):
    found = restocks.restocks(centre.store.db)
    assert [each.document for each in found] == ["AK001-R-000003", "AK001-R-000002", "AK001-R-000001"]
    told = found[1]
    assert (told.planned, told.brought, told.pulled, told.differences) == (17, 15, 2, 2)
    assert [each.lies for each in told.lines] == [14, 14, 6, 7]


def test_the_api_lists_one_counters_documents_page_by_page(centre):
    body, headers = centre.get("/api/v1/restocks?counter=T-001&limit=1")
    (newest,) = json.loads(body)
    assert (newest["document"], newest["counter"], newest["signer"]) == ("AK001-R-000002", "T-001", SIGNER)
    assert newest["lines"][1]["reason"] == "一件破损"
    following = re.search("<([^>]*)>", headers["link"]).group(1)
    assert [each["document"] for each in json.loads(centre.get(following)[0])] == ["AK001-R-000001"]
    assert len(json.loads(centre.get("/api/v1/restocks")[0])) == 3
    assert json.loads(centre.get("/api/v1/restocks?counter=T-009")[0]) == []


PAGES = [
    ("/restocks?lang=zh", ("补货单", "AK001-R-000002", "2026-11-24 10:05", "✓ 无差异", "⚠ 2", "fe96fe18")),
    ("/restocks?lang=en", ("Restock documents", "Signed by", "Newest first")),
    (
        f"/restocks/{SECOND.session}?lang=zh",
        ("AK001-R-000002", "PL-TEA-125 ⚠ 与称重或账面不符 一件破损", "2 过期", "-1", "W1", SIGNER),
    ),
    (f"/restocks/{SECOND.session}?lang=en", ("not as weighed", "2 expired", "There now")),
    ("/?lang=zh", ("补货单",)),
]


@pytest.mark.parametrize(("path", "words"), PAGES)
def test_the_pages_say_it_in_words(centre, path, words):
    shown = words_of(centre.get(path)[0])
    for said in words:
        assert said in shown


def test_a_product_has_the_name_under_which_it_was_sold(centre, make):
    sold = make.sale(1).lines[0]
    named = {each.sku: each.name for each in restocks.restock(centre.store.db, SECOND.session).lines}
    assert named[sold.sku] == sold.name
    assert named["NEVER-SOLD"] == ""


def test_a_document_that_is_not_there_is_a_problem_document(centre):
    with pytest.raises(urllib.error.HTTPError) as caught:
        centre.get(f"/restocks/{'0' * 32}")
    with caught.value as error:
        assert (error.code, json.loads(error.read())["code"]) == (404, "no_restock")


def test_what_a_counter_sends_is_text_and_never_markup(place, make):
    evil = "<img src=x onerror=alert(1)>"
    fact = finished(1, line(evil, evil, reason=evil, lot=evil, pull_reason=evil), document=evil, signer=evil)
    with closing(Store(place)) as store:
        ingest(store, [("counters/T-001/events", make.chain([fact])[0])], RECEIVED)
        (told,) = restocks.restocks(store.db)
        assert "<img" not in page.restocked(store.db, Seen("zh")) + page.restock_document(told, Seen("en"))


@pytest.mark.parametrize("last", [0, -1], ids=["copy first", "copy last"])
def test_a_document_that_a_restored_disk_tells_again_stands_as_it_was_told_first(place, make, last):
    copy = make.chain([finished(1, line(brought=99), document="ANOTHER")], inc="f" * 16)
    bodies = sorted([*make.chain([FIRST]), *copy], key=lambda body: (b"ANOTHER" in body) == (last == -1))
    with closing(Store(place)) as store:
        for body in bodies:
            ingest(store, [("counters/T-001/events", body)], RECEIVED)
        (told,) = restocks.restocks(store.db)
    assert (told.document, [each.brought for each in told.lines]) == ("AK001-R-000001", [4])


@pytest.mark.parametrize("order", ["id", "hash", "seq desc"])
def test_documents_and_lots_are_the_same_in_any_order_and_made_again(place, make, order):
    moves = [
        feed.StockMoved(
            mono_ms=n,
            movement=f"m{n}",
            tray="1-01",
            sku="A",
            kind=kind,
            count=count,
            lot=lot,
            expires_on=ends,
        )
        for n, (kind, count, lot, ends) in enumerate(
            [
                ("RESTOCK", 5, "", None),
                ("RESTOCK", 4, "L1", "2027-01-01"),
                ("SALE", -5, "", None),
                ("SALE", -1, "L1", "2027-01-01"),
            ]
        )
    ]
    restored = make.chain([finished(1, line(), document="ANOTHER")], inc="f" * 16)  # of a restored disk
    bodies = [*make.chain([*moves, FIRST, SECOND]), *restored]
    with closing(Store(place)) as store:
        ingest(store, [("counters/T-001/events", body) for body in reversed(bodies)], RECEIVED)
        tables = (*("restock", "restock_line"), "stock_move", "stock_lot")
        before = {
            name: store.db.execute(f"select * from {name} order by 1, 2, 3").fetchall() for name in tables
        }
        assert before["stock_lot"] == [("T-001", "1-01", "A", "L1", "2027-01-01", 3)]
        with store.transaction() as db:
            projecting.rebuild(db, order)
        assert before == {
            name: store.db.execute(f"select * from {name} order by 1, 2, 3").fetchall() for name in tables
        }
        documents = [each.document for each in restocks.restocks(store.db)]
        assert sorted(documents) == ["AK001-R-000001", "AK001-R-000002"]


SMALLEST = """Math.min(...[...document.querySelectorAll('body *')]
  .filter((e) => e.innerText && !e.children.length).map((e) => parseFloat(getComputedStyle(e).fontSize)))"""


@pytest.mark.browser
@pytest.mark.parametrize(
    ("lang", "scheme"), [("zh", "light"), pytest.param("en", "dark", marks=pytest.mark.long)]
)
@pytest.mark.parametrize("path", ["/restocks", f"/restocks/{SECOND.session}"], ids=["list", "document"])
def test_the_pages_fit_every_size_in_readable_type_and_axe_finds_nothing(centre, browser, lang, scheme, path):
    from axe_playwright_python.sync_playwright import Axe

    for width, height in SIZES:
        tab = browser.new_page(viewport={"width": width, "height": height}, color_scheme=scheme)
        tab.goto(f"{centre.url}{path}?lang={lang}")
        if place := os.environ.get("SCREENSHOTS"):
            tab.screenshot(
                path=f"{place}/centre-restock-{path.count('/')}-{lang}-{width}.png", full_page=True
            )
        assert tab.evaluate("document.documentElement.scrollWidth") == width
        assert tab.evaluate(SMALLEST) >= 18
        found = Axe().run(tab, options={"runOnly": ["wcag2a", "wcag2aa"]}).response["violations"]
        assert [(each["id"], [node["html"] for node in each["nodes"]]) for each in found] == []
        tab.close()
