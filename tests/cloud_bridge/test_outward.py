"""The read API: every row once whatever the page size, the events' own bytes, three formats, refusals."""

import csv
import io
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_bridge import feed
from cloud_bridge.central.app import Site, Web
from cloud_bridge.central.database import open_reader
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.outward_ask import Asked
from cloud_bridge.central.outward_form import text_of
from cloud_bridge.central.outward_query import event_row, page
from cloud_bridge.central.outward_sources import EVENTS, MOVEMENTS, SOURCES
from cloud_bridge.central.store import Store

RECEIVED = "2026-11-24T06:02:00.000Z"


def moved(n, sku, count, **changes):
    values = {
        "mono_ms": n,
        "movement": f"m{n}",
        "tray": "1-01",
        "sku": sku,
        "kind": "RESTOCK",
        "count": count,
    }
    return feed.StockMoved(**(values | changes))


def facts(make):
    """One of each kind that a list shows."""
    line = feed.RefundedLine(line=1, fen=350, count=1)
    paid = feed.Paid(scheme="SELF_PAY", quota="", fen=350, certified_fen=350)
    back = feed.SaleRefunded(
        mono_ms=3,
        refund="r1",
        session=f"{1:032x}",
        order_no="T-001-000001",
        buyer="sample-buyer",
        fen=350,
        certified_fen=350,
        lines=(line,),
        paid=(paid,),
        reason="=1+1",
    )
    closed = feed.SessionClosed(
        mono_ms=4,
        session=f"{1:032x}",
        kind="BUY",
        state="SETTLED",
        opener="sample-buyer",
        verdict="charge",
        reasons=("reopened",),
        trays=(),
        opened_at="2026-11-24T02:00:00Z",
        closed_at="2026-11-24T02:00:01Z",
    )
    restocked = feed.RestockFinished(
        mono_ms=5,
        document="T-001-R-000001",
        session="5" * 32,
        signer="signer",
        lines=(
            feed.RestockLine(tray="1-01", sku="ZY-WATER-500", planned=5, weighed=4, brought=4, now=4),
            feed.RestockLine(tray="1-02", sku="X-COLA-330", planned=2, weighed=2, brought=1, now=1),
        ),
        opened_at="2026-11-24T01:00:00Z",
        closed_at="2026-11-24T01:05:00Z",
    )
    alarm = feed.AlarmRaised(mono_ms=6, kind="DOOR_OPEN", subject="1", severity="MAJOR")
    return [
        make.sale(1),
        back,
        closed,
        restocked,
        moved(7, "ZY-WATER-500", 4, lot="L1", expires_on="2027-01-01"),
        moved(8, "ZY-WATER-500", -2, kind="SALE"),
        alarm,
        make.sale(2),
        feed.AlarmCleared(mono_ms=9, kind="DOOR_OPEN", subject="1"),
    ]


class Centre:
    def __init__(self, directory, make):
        self.path = directory / "central.db"
        self.store = Store(self.path)
        self.ours = make.chain(facts(make))
        self.other = make.chain([make.sale(7)], counter="T-002", inc="b" * 16)
        self.put("T-001", self.ours)
        self.put("T-002", self.other)
        self.web = Web(Site(self.path, lambda: True, anonymous="auditor"), "127.0.0.1", 0)
        self.client = httpx.Client(base_url=self.web.start(), timeout=40)

    def put(self, counter, bodies):
        ingest(self.store, [(f"counters/{counter}/events", body) for body in bodies], RECEIVED)

    def get(self, path, **headers):
        return self.client.get("/api/v1/" + path, headers=headers)

    def walk(self, path):
        """Every row, following the links."""
        rows, url = [], f"/api/v1/{path}"
        while url:
            answer = self.client.get(url)
            assert answer.status_code == 200, answer.text
            rows += answer.json()
            url = answer.links.get("next", {}).get("url")
        return rows

    def close(self):
        self.client.close()
        self.web.stop()
        self.store.close()


@pytest.fixture(scope="module")
def centre(tmp_path_factory, make):
    """For tests that only read."""
    made = Centre(tmp_path_factory.mktemp("centre"), make)
    yield made
    made.close()


@pytest.fixture
def fresh(tmp_path, make):
    made = Centre(tmp_path, make)
    yield made
    made.close()


@pytest.mark.parametrize("limit", [1, 2, 3, 10, 1000])
@pytest.mark.parametrize("order", ["oldest", "newest"])
def test_every_event_comes_once_in_order_whatever_the_page(centre, limit, order):
    rows = centre.walk(f"events?limit={limit}&order={order}")
    numbers = [row["number"] for row in rows]
    assert numbers == sorted(range(1, 11), reverse=order == "newest")


def test_an_event_keeps_its_bytes_so_that_its_hash_still_holds(centre):
    lines = centre.get("events?format=jsonl").content.splitlines()
    found = [line[line.index(b'"event":') + len(b'"event":') : -1] for line in lines]
    assert found == [*centre.ours, *centre.other]


@pytest.mark.parametrize("name", [name for name in SOURCES if name != "stock"])
@pytest.mark.parametrize("limit", [1, 4])
def test_both_directions_of_a_list_hold_the_same_rows(centre, name, limit):
    forth = centre.walk(f"{name}?limit={limit}&order=oldest")
    assert forth
    assert centre.walk(f"{name}?limit={limit}&order=newest") == forth[::-1]


FOUND = [
    ("sales", ["T-002"], ["id", "counter"], [[10, "T-002"], [8, "T-001"], [1, "T-001"]]),
    ("sales?counter=T-001&order=oldest", [], ["order_no"], [["T-001-000001"], ["T-001-000002"]]),
    ("sales?order_no=T-001-000001", [], ["id", "refunded_fen"], [[1, 350]]),
    ("sales?from=2026-11-24T10:00:02%2B08:00&counter=T-001", [], ["id"], [[8]]),
    ("sales?from=2026-11-25", [], ["id"], []),
    ("refunds", [], ["refund", "fen", "at"], [["r1", 350, "2026-11-24T02:00:00Z"]]),
    ("sessions?state=SETTLED", [], ["state", "reasons"], [["SETTLED", ["reopened"]]]),
    ("sessions?state=REVIEW", [], ["state"], []),
    ("stock", [], ["tray", "sku", "on_hand", "through"], [["1-01", "ZY-WATER-500", 2, 6]]),
    ("stock/movements?kind=SALE", [], ["count", "at"], [[-2, "2026-11-24T02:00:00.000Z"]]),
    ("restocks", [], ["document", "brought", "differences"], [["T-001-R-000001", 5, 1]]),
    ("alarms", [], ["id", "active"], [[9, False]]),
    ("alarms?active=1", [], ["id"], []),
    ("events?type=alarm.raised.v1,alarm.cleared.v1", [], ["number"], [[7], [9]]),
    ("events?counter=T-002", [], ["number"], [[10]]),
    ("events?after=8", [], ["number"], [[9], [10]]),
    ("events?to=2026-11-24", [], ["number"], []),
]


@pytest.mark.parametrize(("path", "_", "fields", "wanted"), FOUND, ids=[each[0] for each in FOUND])
def test_a_list_shows_what_was_asked_for(centre, path, _, fields, wanted):
    assert [[row[field] for field in fields] for row in centre.get(path).json()] == wanted


BAD = [
    "events?limit=0",
    "events?limit=1001",
    "events?limit=ten",
    "events?after=-1",
    "events?colour=red",
    "events?format=xml",
    "events?wait=31",
    "events?order=newest&wait=1",
    "events?order=sideways",
    "events?from=yesterday",
    "events?from=2026-11-24T08:00:00",
    "events?from=0001-01-01",
    "events?limit=1&limit=2",
    "sales?counter=" + "x" * 201,
    "sales?counter=%00",
    "alarms?active=yes",
    "stock?after=rubbish!",
    "stock?after=WyJhIl0",
    "stock?wait=1",
]


@pytest.mark.parametrize("path", BAD)
def test_a_wrong_parameter_is_refused_with_a_reason(centre, path):
    answer = centre.get(path)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_parameter")
    assert answer.headers["content-type"] == "application/problem+json"


ACCEPTED = [
    ("", "application/json"),
    ("*/*", "application/json"),
    ("text/csv", "text/csv; charset=utf-8"),
    ("application/x-ndjson, */*;q=0.1", "application/x-ndjson"),
]


@pytest.mark.parametrize(("accept", "media_type"), ACCEPTED)
def test_the_format_is_what_the_client_accepts(centre, accept, media_type):
    assert centre.get("sales", accept=accept).headers["content-type"] == media_type


def test_a_format_that_is_not_made_is_refused(centre):
    assert centre.get("sales", accept="image/png").status_code == 406


def test_csv_has_one_record_a_line_and_runs_nothing_in_a_spreadsheet(centre):
    sales = list(csv.DictReader(io.StringIO(centre.get("sales?format=csv").text)))
    assert [(row["order_no"], row["line_sku"], row["line_amount_fen"]) for row in sales[2:4]] == [
        ("T-001-000002", "ZY-WATER-500", "700"),
        ("T-001-000002", "X-COLA-330", "300"),
    ]
    (refund,) = csv.DictReader(io.StringIO(centre.get("refunds?format=csv").text))
    assert (refund["reason"], refund["fen"]) == ("'=1+1", "350")
    (move,) = csv.DictReader(io.StringIO(centre.get("stock/movements?kind=SALE&format=csv").text))
    assert move["count"] == "-2"


def test_csv_of_events_holds_their_text(centre):
    rows = list(csv.DictReader(io.StringIO(centre.get("events?format=csv").text)))
    assert [row["event"].encode() for row in rows] == [*centre.ours, *centre.other]
    assert (rows[0]["counter"], rows[0]["seq"], rows[0]["type"]) == ("T-001", "1", "sale.settled.v1")


def test_an_event_of_several_lines_stays_one_line(make):
    body = make.sales(1)[0].replace(b"{", b"{\n", 1)
    row = event_row(1, RECEIVED, body)
    assert text_of(EVENTS, [row], "jsonl").count(b"\n") == 1
    assert row.event_base64
    assert text_of(EVENTS, [row], "csv").decode().splitlines()[1].split(",")[2] == "T-001"


def test_what_did_not_change_is_not_sent_again_and_what_is_long_is_sent_small(centre):
    first = centre.get("sales", **{"accept-encoding": "gzip"})
    assert first.headers["content-encoding"] == "gzip"
    again = centre.get("sales", **{"if-none-match": first.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert centre.get("sales?limit=1", **{"if-none-match": first.headers["etag"]}).status_code == 200


def test_what_is_rare_is_found_over_several_pages_of_bounded_work(centre):
    with closing(open_reader(centre.path)) as db:
        wanted = Asked(filters={"type": {"alarm.cleared.v1"}})
        found, pages = [], 0
        more = True
        while more:
            told = page(db, EVENTS, wanted, most=4)
            found += [row.number for row in told.rows]
            wanted = Asked(filters=wanted.filters, number=int(told.cursor))
            more, pages = told.more, pages + 1
    assert (found, pages) == ([9], 3)


def test_at_the_end_the_cursor_waits_for_what_comes_next(fresh, make):
    end = fresh.get("events")
    assert "link" not in end.headers
    assert (end.headers["feed-cursor"], end.headers["feed-through"]) == ("10", "10")
    fresh.put("T-001", make.chain([*facts(make), make.sale(3)]))
    (new,) = fresh.get(f"events?after={end.headers['feed-cursor']}").json()
    assert new["event"]["data"]["order_no"] == "T-001-000003"


def test_a_reader_who_waits_is_answered_by_the_next_event(fresh, make):
    """The wait is much longer than the test; only the event can end it."""
    with ThreadPoolExecutor(1) as other:
        waiting = other.submit(fresh.get, "events?after=10&wait=30")
        fresh.put("T-001", make.chain([*facts(make), make.sale(3)]))
        fresh.web.changed()
        assert [row["number"] for row in waiting.result(timeout=20).json()] == [11]


@settings(max_examples=12)
@given(st.lists(st.tuples(st.sampled_from(["A", "B"]), st.integers(-5, 5)), max_size=12), st.integers(0, 12))
def test_stock_and_the_movements_after_it_give_the_stock_of_later(tmp_path_factory, make, moves, cut):
    directory = tmp_path_factory.mktemp("stock")
    bodies = make.chain([moved(n, sku, count) for n, (sku, count) in enumerate(moves, start=1)])
    with closing(Store(directory / "central.db")) as store:

        def read(source):
            return page(store.db, source, Asked(filters={}, limit=1000)).rows

        ingest(store, [("counters/T-001/events", body) for body in bodies[:cut]], RECEIVED)
        then = {row.sku: (row.on_hand, row.through) for row in read(SOURCES["stock"])}
        ingest(store, [("counters/T-001/events", body) for body in bodies[cut:]], RECEIVED)
        for move in read(MOVEMENTS):
            on_hand, through = then.get(move.sku, (0, 0))
            if move.id > through:
                then[move.sku] = (on_hand + move.count, move.id)
        assert then == {row.sku: (row.on_hand, row.through) for row in read(SOURCES["stock"])}


@pytest.mark.parametrize("path", [*SOURCES, "counters", "overview", "fleet", "trail"])
def test_real_answers_are_what_the_openapi_document_says(centre, undescribed, path):
    answer = centre.get(path)
    assert answer.status_code == 200
    assert answer.json() or path == "trail"
    assert undescribed(f"/api/v1/{path}", 200, answer.json()) == []
    assert undescribed(f"/api/v1/{path}", 200, [{"surprise": 1}])


@pytest.mark.parametrize("query", ["limit=0", "colour=red", "wait=99"])
def test_refusals_are_what_the_openapi_document_says(centre, undescribed, query):
    answer = centre.get(f"sales?{query}")
    assert undescribed("/api/v1/sales", answer.status_code, answer.json()) == []


def test_the_openapi_document_names_no_parameter_that_the_list_refuses(centre):
    told = centre.get("openapi.json").json()
    values = {"after": "0", "limit": "1", "format": "json", "order": "oldest", "wait": "0", "active": "1"}
    for name in SOURCES:
        for each in told["paths"][f"/api/v1/{name}"]["get"]["parameters"]:
            value = values.get(each["name"], "2026-11-24" if each["name"] in ("from", "to") else "x")
            if (name, each["name"]) == ("stock", "after"):
                value = centre.get("stock?limit=1").headers["feed-cursor"]
            assert centre.get(f"{name}?{each['name']}={value}").status_code == 200, (name, each["name"])
