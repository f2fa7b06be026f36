"""R10 over real bytes: a supplier sees its own sales, refunds, write-offs and what is due, and nobody else's.

The counter's page and the centre's report tell the same, each from what it holds.
"""

from contextlib import closing
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pytest

from cloud_bridge.central import clock, statements
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store
from edge.domain.requests import SignedIn
from edge.domain.restock_view import Here, SetPull
from edge.domain.supplier_page import own_skus, supplier_view
from edge.domain.supplier_view import Scope
from edge.domain.values import Fen
from edge.ledger.supplier_reading import SupplierReading
from edge.serving import assortment_of

WATER, NOODLES, SPICY = "1-01", "2-01", "2-02"
SKU = {WATER: "ZY-WATER-500", NOODLES: "LG-KJ-NOOD270"}
SHANGHAI = ZoneInfo("Asia/Shanghai")
DAYS = (date(2026, 11, 1), date(2026, 12, 1))
PIN = "864209"


def took(tray, count):
    return "take", {"tray": tray, "count": count}


@pytest.fixture
def traded(rig):
    """Two visits, a piece given back, goodwill for another's goods, and one pack thrown away."""
    first = rig.visit(took(NOODLES, 2), took(WATER, 3))
    rig.run(4.0)
    rig.visit(took(NOODLES, 1))
    lines = {line.sku: n for n, line in enumerate(first.lines, 1)}
    rig.ledger.refund(first.order_no, Fen(990), "示例", rig.instant, line=lines["LG-KJ-NOOD270"], pieces=1)
    rig.ledger.refund(first.order_no, Fen(100), "示例", rig.instant, line=lines["ZY-WATER-500"])
    rig.run(4.0)
    rig.fill(took(NOODLES, 1))
    rig.taps(SetPull(tray=NOODLES, sku=SKU[NOODLES], reason="DAMAGED"))
    rig.sign()
    rig.run(4.0)
    return rig


def page(rig, scope):
    """What the page asks for, with the ledger's file read as the web thread does."""
    goods = assortment_of(rig.goods)
    reading = SupplierReading(rig.folder / "ledger.db")
    since = datetime.combine(DAYS[0], time(), SHANGHAI) - timedelta(days=30)
    owned = reading.owned(scope.shown, own_skus(goods, scope), since)
    told = supplier_view(
        scope, goods, owned, rig.view.trays, DAYS, rig.instant.wall, SHANGHAI, unsigned=False
    )
    return told, owned


def signed_in(rig, account, pin=None):
    """The scope of whoever signs in, as the engine's view tells it."""
    answer = rig.sign_in(account, pin)
    assert isinstance(answer, SignedIn)
    assert rig.task is not None
    assert rig.task.suppliers is not None
    return Scope(rig.task.title, frozenset(rig.task.suppliers) or None)


def at_the_centre(rig, tmp_path, supplier):
    """The centre's statement, after it has taken in all of this ledger's events."""
    counter = rig.outfit.settings.counter.id
    messages = [
        (f"counters/{counter}/events", body) for (body,) in rig.query("SELECT body FROM event ORDER BY seq")
    ]
    bounds = tuple(clock.day_start_ms(datetime.combine(day, time())) for day in DAYS)
    words = DAYS[0].isoformat(), DAYS[1].isoformat()
    with closing(Store(tmp_path / "central.db")) as store:
        ingest(store, messages, "2026-11-24T00:00:00Z")
        assert store.db.execute("SELECT count(*) FROM dead_letter").fetchone() == (0,)
        return statements.supplier_statement(store.db, supplier, words, *bounds)


def test_r10_a_supplier_reads_its_own_sales_refunds_write_offs_and_what_is_due(traded):
    told, _ = page(traded, signed_in(traded, "demo-supplier", PIN))
    (due,) = told.statements
    assert due.supplier == "S005"
    (noodles,) = due.rows
    assert (noodles.sold, noodles.refunded, noodles.net) == (3, 1, 2)
    assert (noodles.sales_fen, noodles.refund_fen) == (3 * 990, 990)
    assert due.payable_fen == 2 * 713
    assert [(each.reason, each.pieces) for each in due.written_off] == [("DAMAGED", 1)]
    today = told.windows[0]
    assert (today.pieces, today.sales_fen, today.refund_fen, today.net_fen) == (3, 2970, 990, 1980)
    assert told.days[-1].pieces == 3


def test_r10_its_stock_is_what_truly_lies_there(traded):
    told, _ = page(traded, signed_in(traded, "demo-supplier", PIN))
    truth = traded.truly_on()
    assert {row.tray: row.on_hand for row in told.stock} == {tray: truth[tray] for tray in (NOODLES, SPICY)}
    assert all(row.state == "GREEN" and row.lots for row in told.stock)
    assert ("BELOW_PAR", NOODLES, 4) in [(task.kind, task.tray, task.count) for task in told.tasks]


def test_r10_nothing_of_other_suppliers_comes_out_of_the_ledger_or_onto_the_page(traded):
    told, owned = page(traded, signed_in(traded, "demo-supplier", PIN))
    own = {sku for sku, product in traded.goods.catalogue.products.items() if product.supplier_id == "S005"}
    assert {each.goods.sku for each in owned.traded} | {sku for _, sku in owned.lots} <= own
    text = msgspec.json.encode(told).decode()
    others = [p for p in traded.goods.catalogue.products.values() if p.supplier_id != "S005"]
    assert [p.sku for p in others if f'"{p.sku}"' in text or p.name_zh in text or p.supplier in text] == []


@pytest.mark.parametrize(
    "supplier", ["S005", *(pytest.param(other, marks=pytest.mark.long) for other in ("S002", "S001"))]
)
def test_r10_counter_and_centre_tell_the_same_to_the_fen(traded, tmp_path, supplier):
    everybody = signed_in(traded, "demo-restock")
    assert everybody.suppliers is None
    told, _ = page(traded, everybody)
    here = next((each for each in told.statements if each.supplier == supplier), None)
    there = at_the_centre(traded, tmp_path, supplier)
    if here is None:
        assert (there.rows, there.written_off) == ((), ())
    else:
        assert here == there


def test_o7_the_parts_of_an_order_are_each_suppliers_supply_price_times_pieces(traded):
    told, _ = page(traded, signed_in(traded, "demo-restock"))
    products = traded.goods.catalogue.products
    water = products[SKU[WATER]]
    due = {each.supplier: each.payable_fen for each in told.statements}
    assert due == {
        "S005": 2 * 713,
        water.supplier_id: 3 * water.supply_price,
    }  # goodwill takes nothing from it


def test_r10_who_reads_stays_signed_in_and_who_went_away_does_not(rig):
    signed_in(rig, "demo-supplier", PIN)
    for _ in range(3):
        rig.skip(120.0)
        rig.taps(Here())
    assert rig.task is not None
    rig.skip(181.0)
    assert rig.task is None
