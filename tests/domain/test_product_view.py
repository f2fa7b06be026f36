"""A product's card: what is registered is shown, what is missing is said to be, nothing is made up."""

from dataclasses import replace
from datetime import date

import msgspec
import pytest

from edge.domain.catalogue import Catalogue, Claim, Gate, GateResult, Product
from edge.domain.planogram import Facing, planogram_of
from edge.domain.product_view import Assortment, OnShelf, certificate_of, product_view
from edge.domain.stock import OPENING, UNKNOWN, Held, Lot
from edge.domain.trace import Leg, Stage, Trace, traces_of
from edge.domain.values import Decigrams, Fen, Sku, TrayId
from edge.domain.view import PromotionView, TrayView

TEA, AT = Sku("PL-TEA-125"), TrayId("1-02")
TODAY = date(2026, 11, 24)
PASSED = tuple(GateResult(gate, True) for gate in Gate)
PRODUCT = Product(
    sku=TEA,
    gtin13="2996109260033",
    name_zh="平利绿茶罐装",
    name_en="Pingli green tea, tin",
    spec="125g/罐",
    category="茶叶",
    county_zh="平利县",
    county_en="Pingli",
    supplier="示例",
    unit_weight=Decigrams(1910),
    unit_sd=Decigrams(17),
    count_by_weight_max=15,
    price=Fen(9600),
    cert_no="SAMPLE-AK-610926-0003",
    cert_status="ACTIVE",
    cert_to=date(2027, 12, 31),
    linkage="订单收购",
    shelf_life_days=540,
    age_restricted=False,
    counter_ok=True,
    cert_from=date(2025, 1, 1),
    gates=PASSED,
)
TRACE = Trace(TEA, "L1", produced_at="示例茶厂", legs=(Leg("仓", "柜", date(2026, 11, 5)),))
PLAN = planogram_of("v1", [Facing(AT, TEA, 15, 12, 10, date(2027, 4, 28))])
TRAY = TrayView(
    tray=AT,
    sku=TEA,
    name="",
    name_en="",
    spec="",
    county="",
    county_en="",
    price_fen=8800,
    on_hand=10,
    capacity=15,
    certified=True,
    expires_on=None,
    in_service=True,
)


def card(product=PRODUCT, lying=(), trays=(TRAY,), traces=(TRACE,)):
    assortment = Assortment(Catalogue("v", {TEA: product}), PLAN, traces_of(traces))
    return product_view(product, assortment, trays, lying, "示例专柜 1 号", TODAY)


def shelf(lot: Lot, came: str = "", since: str = "2026-11-06T01:20:00.000Z") -> OnShelf:
    return OnShelf(AT, Held(lot, 10, came), since)


STATES = [
    pytest.param({}, "VALID", id="in date"),
    pytest.param({"cert_to": TODAY}, "VALID", id="through its last day"),
    pytest.param({"cert_to": date(2026, 11, 23)}, "EXPIRED", id="from local midnight after it"),
    pytest.param({"cert_from": date(2026, 11, 25)}, "NOT_YET", id="from tomorrow"),
    pytest.param({"cert_status": "SUSPENDED"}, "SUSPENDED", id="suspended"),
    pytest.param({"cert_status": "EXPIRED"}, "EXPIRED", id="said to have expired"),
    pytest.param({"cert_status": "NONE"}, "NONE", id="none"),
    pytest.param(
        {"gates": (*PASSED[:3], GateResult(Gate.SAFETY, False), *PASSED[4:])}, "GATE_FAILED", id="a gate"
    ),
]


@pytest.mark.parametrize(("changes", "state"), STATES)
def test_a_certificate_is_told_as_it_stands_on_the_local_day(changes, state):
    assert certificate_of(replace(PRODUCT, **changes), TODAY).state == state


def test_all_seven_gates_stand_in_their_order_and_an_unstated_one_is_not_passed():
    stated = (GateResult(Gate.TAX, True, date(2026, 11, 23)), GateResult(Gate.LICENSE, True))
    told = {each.gate: each.holds for each in card(replace(PRODUCT, gates=stated)).gates}
    assert list(told) == list(Gate)
    assert (told["LICENSE"], told["TAX"], told["SAFETY"]) == (True, False, None)


def stages(view, n: int = 0) -> dict:
    return {each.stage: each for each in view.lots[n].stages}


def test_a_stage_that_nobody_registered_is_told_as_missing():
    told = stages(card(lying=[shelf(Lot("L1"))]))
    assert list(told) == list(Stage)
    assert {stage: each.registered for stage, each in told.items()} == {
        "PRODUCTION": True,
        "STORAGE": False,
        "TRANSPORT": True,
        "SALE": True,
        "BRAND": False,
    }
    assert told["PRODUCTION"].on is None
    assert (told["STORAGE"].place, told["BRAND"].mark) == ("", "")


def test_a_lot_gets_nothing_of_another_lots_trace():
    told = stages(card(lying=[shelf(Lot("L2"))]))
    assert [stage for stage, each in told.items() if each.registered] == ["SALE"]


SALE = [
    pytest.param(shelf(Lot("L1")), True, False, id="a restock put it there"),
    pytest.param(shelf(Lot(), OPENING), True, True, id="it lay there when the books began"),
    pytest.param(shelf(Lot(), UNKNOWN, ""), False, False, id="nobody knows how it came"),
]


@pytest.mark.parametrize(("lying", "registered", "opening"), SALE)
def test_the_time_on_the_shelf_is_the_ledgers(lying, registered, opening):
    sale = stages(card(lying=[lying]))["SALE"]
    assert (sale.registered, sale.opening, bool(sale.at), bool(sale.place)) == (
        registered,
        opening,
        registered,
        registered,
    )


def test_dates_of_the_lot_go_before_those_of_planogram_and_trace():
    dated = Lot("L1", date(2026, 10, 1), date(2028, 3, 24))
    traced = replace(TRACE, produced_on=date(2026, 9, 30))
    first, second = card(lying=[shelf(dated), shelf(Lot("L1"))], traces=[traced]).lots
    assert (first.produced_on, first.expires_on) == ("2026-10-01", "2028-03-24")
    assert (second.produced_on, second.expires_on) == ("2026-09-30", "2027-04-28")


def test_the_price_is_the_one_on_the_screen_and_the_catalogues_where_it_is_not_sold():
    assert (card().price_fen, card().on_hand) == (8800, 10)
    cheap = PromotionView(kind="LIMITED_TIME", zh="示例限时", en="sample offer")
    reduced = card(trays=[msgspec.structs.replace(TRAY, strike_fen=9600, promotion=cheap)])
    assert (reduced.strike_fen, reduced.promotion) == (9600, cheap)
    assert (card(trays=()).price_fen, card(trays=()).on_hand) == (9600, None)


@pytest.mark.parametrize(("blocks", "told"), [(("RECALLED", ""), ""), (("RECALLED", "RECALLED"), "RECALLED")])
def test_what_is_sold_on_one_tray_at_least_is_not_told_as_blocked(blocks, told):
    trays = [msgspec.structs.replace(TRAY, blocked=block) for block in blocks]
    assert card(trays=trays).blocked == told


def test_a_claim_is_told_with_its_document_and_never_without():
    said = replace(PRODUCT, claims=(Claim("富硒", "示例 DB61/T 556"),), unproven=("有机",))
    body = msgspec.json.encode(card(said)).decode()
    assert "富硒" in body
    assert "DB61/T 556" in body
    assert "有机" not in body


def test_what_the_supplier_is_paid_is_not_for_buyers():
    body = msgspec.json.encode(card(replace(PRODUCT, supply_price=Fen(6912), ref_price=Fen(9980)))).decode()
    assert "6912" not in body
    assert "191" not in body.replace("2996109260033", "")
