"""A supplier's own goods over HTTP: for whoever is signed in, theirs alone, as JSON and as a table."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from prometheus_client import CollectorRegistry

from edge.domain.own_goods import OwnGoods, Traded
from edge.domain.planogram import planogram_of
from edge.domain.product_view import Assortment
from edge.domain.restock_view import RestockView
from edge.domain.statement import Supplied
from edge.domain.supplier_view import SupplierView
from edge.domain.trace import Traces
from edge.outfit.catalogue_csv import read_catalogue
from edge.screens.app import make_app
from edge.screens.restock_api import COOKIE

GOODS = Assortment(
    read_catalogue(Path(__file__).parents[2] / "config" / "catalogue.csv"), planogram_of("v", []), Traces()
)
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
SECRET = "secret-of-the-desk"
VIEW = RestockView(version=1, stage="LIST", title="示例补货员", tiles=(), suppliers=("S001",))
URL = "/api/v1/restock/statement"


@pytest.fixture
def desk(counter, client):
    """A client at the screen, with the cookie of who is signed in; ``asked``: what the ledger was asked."""

    class Desk:
        assortment: Assortment | None = GOODS

        def __init__(self) -> None:
            self.asked: list[tuple[frozenset[str] | None, frozenset[str], datetime]] = []

        def owned(self, suppliers, skus, since) -> OwnGoods:
            self.asked.append((suppliers, skus, since))
            sold = Supplied("A", "=示例", 100, sold=1, sales=150)
            return OwnGoods(traded=(Traded(NOW, "S001", sold), Traded(NOW, "S003", replace(sold, sku="B"))))

        def sign_in(self, view: RestockView = VIEW) -> None:
            counter.stage.show_restock(view, SECRET)

        def get(self, url: str = URL, cookie: str = SECRET, **params: str):
            return self.client.get(url, headers={"cookie": f"{COOKIE}={cookie}"}, params=params)

    made = Desk()
    app = make_app(
        counter.stage,
        counter.engine.ask,
        counter.old.get,
        counter.settings(),
        checks=lambda: counter.readiness,
        registry=CollectorRegistry(),
        version="0.1.0",
        assortment=lambda: made.assortment,
        owned=made.owned,
        now=lambda: NOW,
    )
    made.client = type(client)(app, "127.0.0.1")
    made.sign_in()
    return made


def test_the_ledger_is_asked_for_own_goods_since_the_day_that_is_needed(desk):
    told = msgspec.json.decode(desk.get().content, type=SupplierView)
    ((suppliers, skus, since),) = desk.asked
    assert suppliers == {"S001"}
    assert {GOODS.catalogue.products[sku].supplier_id for sku in skus} == {"S001"}
    assert since.isoformat() == "2026-10-26T00:00:00+08:00"
    assert (told.from_day, told.to_day, told.measure) == ("2026-11-01", "2026-11-25", "REALISED")


def test_rows_of_others_stay_out_even_where_a_ledger_told_them(desk):
    body = desk.get(**{"from": "2000-01-01", "to": "2199-12-31"})
    assert [each["supplier"] for each in body.json()["statements"]] == ["S001"]
    assert "S003" not in body.text


FORGED = ["S003", "S999", "*", "%", "S001,S003", "' OR 1=1 --"]


@pytest.mark.parametrize("supplier", FORGED)
@pytest.mark.parametrize("url", [URL, f"{URL}.csv"])
def test_a_forged_supplier_is_refused_and_the_ledger_not_even_asked(desk, problem_of, supplier, url):
    told = desk.get(url, supplier=supplier)
    assert (told.status_code, problem_of(told)["code"]) == (403, "NOT_YOURS")
    assert desk.asked == []


@pytest.mark.parametrize("cookie", ["", "another", SECRET[:-1]])
@pytest.mark.parametrize("url", [URL, f"{URL}.csv"])
def test_without_the_cookie_of_who_is_signed_in_nothing_is_told(desk, problem_of, cookie, url):
    told = desk.get(url, cookie=cookie)
    assert (told.status_code, problem_of(told)["code"]) == (401, "NOT_SIGNED_IN")
    assert desk.asked == []


def test_a_view_that_does_not_say_whose_goods_it_is_about_shows_nobodys(desk, problem_of):
    desk.sign_in(msgspec.structs.replace(VIEW, suppliers=None))
    assert problem_of(desk.get())["code"] == "NOT_SIGNED_IN"


def test_an_account_of_all_suppliers_is_asked_for_all_and_can_choose(desk):
    desk.sign_in(msgspec.structs.replace(VIEW, suppliers=()))
    desk.get()
    told = desk.get(supplier="S003").json()
    assert [suppliers for suppliers, *_ in desk.asked] == [None, {"S003"}]
    assert (told["chosen"], [each["supplier"] for each in told["statements"]]) == ("S003", ["S003"])


BAD = [
    ({"from": "yesterday"}, "from"),
    ({"from": "2026-13-01"}, "from"),
    ({"to": ""}, "to"),
    ({"from": "0001-01-01"}, "from"),
    ({"to": "9999-12-31"}, "to"),
    ({"from": "2026-11-24", "to": "2026-11-24"}, "to"),
]


@pytest.mark.parametrize(("params", "field"), BAD)
def test_a_period_that_is_none_is_named(desk, problem_of, params, field):
    told = problem_of(desk.get(**params))
    assert (told["code"], told["field"]) == ("BAD_FIELD", field)


def test_the_table_is_utf_8_for_excel_and_runs_nothing(desk):
    told = desk.get(f"{URL}.csv")
    assert told.content.startswith(b"\xef\xbb\xbfsku,name,supply_price_fen,")
    assert told.headers["content-type"] == "text/csv; charset=utf-8"
    assert told.headers["content-disposition"] == 'attachment; filename="statement-2026-11-01-2026-11-25.csv"'
    assert "A,'=示例,100,1,0,1,150,0,100\r\n" in told.content.decode("utf-8-sig")


def test_before_the_engines_first_turn_the_counter_is_starting(desk, problem_of):
    desk.assortment = None
    assert problem_of(desk.get())["code"] == "STARTING"


def test_the_page_is_the_screens_alone(counter, client, problem_of):
    app = counter.app_again()
    assert type(client)(app, "127.0.0.1").get("/screen/supplier").status_code == 200
    assert problem_of(type(client)(app, "10.0.0.9").get("/screen/supplier"))["code"] == "SCREEN_ONLY"
