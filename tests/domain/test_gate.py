"""What may be stocked and sold: every reason by itself, the day it begins, and what blocks nothing."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.catalogue import Gate, GateResult, Product, is_dear, near_expiry_days
from edge.domain.gate import Block, Policy, Recalls, is_near_expiry, why_not_sell, why_not_stock
from edge.domain.values import Decigrams, Fen, Sku
from edge.outfit.planogram_file import read_catalogue

SAMPLE = Path(__file__).parents[2] / "config" / "catalogue.csv"
TODAY = date(2026, 11, 23)
DAY = timedelta(days=1)
NONE = Recalls()
GOVERNMENT = Policy()
MIXED = Policy(certified_only=False, certified_ratio_min=Fraction(7, 10))

TEA = Product(
    sku=Sku("TEA"), gtin13="", name_zh="茶", name_en="tea", spec="", category="茶叶", county_zh="紫阳县",
    county_en="Ziyang", supplier="示例", unit_weight=Decigrams(1910), unit_sd=Decigrams(17),
    count_by_weight_max=15, price=Fen(6800), cert_no="", cert_status="ACTIVE", cert_to=date(2027, 12, 31),
    linkage="", shelf_life_days=540, age_restricted=False, counter_ok=True, supplier_id="S001",
    cert_from=date(2025, 1, 1), gates=tuple(GateResult(each, True) for each in Gate),
)  # fmt: skip


def gates(**results):
    return tuple(results.get(each.value, GateResult(each, True)) for each in Gate)


ALONE = [
    pytest.param({}, TODAY + 100 * DAY, GOVERNMENT, (), id="nothing"),
    pytest.param({"cert_to": TODAY}, None, GOVERNMENT, (), id="its last day"),
    pytest.param({"cert_to": TODAY - DAY}, None, GOVERNMENT, (Block.CERT_EXPIRED,), id="lapsed"),
    pytest.param({"cert_to": TODAY - DAY}, None, MIXED, (Block.CERT_EXPIRED,), id="lapsed, mixed"),
    pytest.param({"cert_status": "EXPIRED"}, None, GOVERNMENT, (Block.CERT_EXPIRED,), id="expired"),
    pytest.param({"cert_from": TODAY + DAY}, None, GOVERNMENT, (Block.CERT_PENDING,), id="from tomorrow"),
    pytest.param({"cert_status": "PENDING"}, None, MIXED, (Block.CERT_PENDING,), id="pending"),
    pytest.param({"cert_status": "SUSPENDED"}, None, MIXED, (Block.CERT_SUSPENDED,), id="suspended"),
    pytest.param({"cert_status": "NONE"}, None, GOVERNMENT, (Block.CERT_NONE,), id="none"),
    pytest.param({"cert_status": "NONE"}, None, MIXED, (), id="none, in a mixed counter"),
    pytest.param(
        {"gates": gates(TAX=GateResult(Gate.TAX, False))}, None, GOVERNMENT, (Block.GATE_FAILED,), id="gate"
    ),
    pytest.param(
        {"gates": gates(SAFETY=GateResult(Gate.SAFETY, True, TODAY - DAY))},
        None,
        GOVERNMENT,
        (Block.GATE_FAILED,),
        id="gate: lapsed",
    ),
    pytest.param(
        {"gates": gates(SAFETY=GateResult(Gate.SAFETY, True, TODAY))}, None, GOVERNMENT, (), id="last day"
    ),
    pytest.param({}, TODAY, GOVERNMENT, (), id="the day on the label"),
    pytest.param({}, TODAY - DAY, GOVERNMENT, (Block.EXPIRED,), id="the day after it"),
    pytest.param({"block_sale_days": 3}, TODAY + 3 * DAY, GOVERNMENT, (), id="before the window"),
    pytest.param(
        {"block_sale_days": 3}, TODAY + 2 * DAY, GOVERNMENT, (Block.BLOCK_WINDOW,), id="within the window"
    ),
    pytest.param(
        {"block_sale_days": 3}, TODAY - DAY, GOVERNMENT, (Block.EXPIRED,), id="expired is said once"
    ),
    pytest.param({"age_restricted": True}, None, GOVERNMENT, (Block.ALCOHOL,), id="alcohol"),
    pytest.param(
        {"age_restricted": True}, None, Policy(alcohol=True), (Block.ALCOHOL,), id="alcohol to anybody"
    ),
    pytest.param(
        {"age_restricted": True}, None, Policy(alcohol=True, identity="unit_staff"), (), id="alcohol to staff"
    ),
    pytest.param(
        {"age_restricted": True}, None, Policy(identity="unit_staff"), (Block.ALCOHOL,), id="no alcohol"
    ),
    pytest.param({"counter_ok": False}, None, GOVERNMENT, (Block.NOT_FOR_COUNTER,), id="hall only"),
    pytest.param({"count_by_weight_max": 0}, None, GOVERNMENT, (Block.NOT_COUNTABLE,), id="not countable"),
    pytest.param(
        {"category": "烤烟"},
        None,
        Policy(forbidden=frozenset({"烤烟"})),
        (Block.FORBIDDEN_CATEGORY,),
        id="tobacco",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("differs", "expiry", "policy", "why"), ALONE)
def test_each_reason_stands_by_itself_and_holds_for_stocking_too(differs, expiry, policy, why):
    product = replace(TEA, **differs)
    assert why_not_sell(product, expiry, "L1", TODAY, policy, NONE) == why
    assert why_not_stock(product, expiry, "L1", TODAY, policy, NONE) == why


NEGATIVE = [
    ("X-NOODLE-1KG", (Block.CERT_EXPIRED,), ()),
    ("X-JELLY-150", (Block.CERT_SUSPENDED, Block.GATE_FAILED), (Gate.SAFETY,)),
    ("X-TEACAKE-120", (Block.CERT_PENDING, Block.GATE_FAILED), (Gate.LINKAGE,)),
    ("X-COLA-330", (Block.CERT_NONE,), tuple(Gate)),
]


@pytest.mark.parametrize(("sku", "why", "failed"), NEGATIVE)
def test_the_four_bad_products_of_the_sample_are_refused_for_their_own_reasons(sku, why, failed):
    product = read_catalogue(SAMPLE).products[Sku(sku)]
    assert why_not_stock(product, None, None, TODAY, GOVERNMENT, NONE) == why
    assert product.failed_gates(TODAY) == failed


def test_the_other_products_of_the_sample_that_fit_a_counter_may_be_sold():
    blocked = {
        sku: why
        for sku, product in read_catalogue(SAMPLE).products.items()
        if (why := why_not_sell(product, None, None, TODAY, GOVERNMENT, NONE))
        if not sku.startswith("X-")
    }
    assert blocked == {
        "BH-MG-GIFT1": (Block.NOT_COUNTABLE,),
        "BH-MG-WINE500": (Block.ALCOHOL,),
        "SQ-SILK-Q200": (Block.NOT_FOR_COUNTER,),
        "XY-GZ-SPIRIT500": (Block.ALCOHOL,),
        "ZP-SPIRIT-500": (Block.ALCOHOL,),
    }


@pytest.mark.parametrize(
    ("recalled", "lot", "hit"),
    [
        (("TEA", None), "L1", True),
        (("TEA", "L1"), "L1", True),
        (("TEA", "L1"), "L2", False),
        (("TEA", "L1"), " l １", True),  # typed as people do
        (("TEA", " L1"), "L1", True),
        (("TEA", "L1"), "", True),  # nobody knows which lot lies there
        (("TEA", "L1"), None, True),
        (("WATER", None), "L1", False),
    ],
)
def test_a_recall_names_a_product_or_one_lot_of_it(recalled, lot, hit):
    recalls = Recalls(frozenset({(Sku(recalled[0]), recalled[1])}))
    assert why_not_sell(TEA, None, lot, TODAY, GOVERNMENT, recalls) == ((Block.RECALLED,) if hit else ())


def test_what_the_tray_and_the_visit_forbid_is_said_beside_the_rest():
    soda = replace(TEA, cert_status="NONE")
    why = why_not_stock(
        soda, TODAY - DAY, "L1", TODAY, MIXED, NONE,
        suppliers=("S002", "S003"), pieces=16, capacity=15, certified_share=Fraction(6, 10),
    )  # fmt: skip
    assert why == (Block.EXPIRED, Block.OTHER_SUPPLIER, Block.OVER_CAPACITY, Block.RATIO)


@pytest.mark.parametrize(
    ("status", "share", "why"),
    [
        ("NONE", Fraction(7, 10), ()),
        ("NONE", Fraction(69, 100), (Block.RATIO,)),
        ("ACTIVE", Fraction(0), ()),  # a certified product makes the share no worse
    ],
)
def test_an_uncertified_product_is_taken_while_enough_certified_ones_lie_beside_it(status, share, why):
    product = replace(TEA, cert_status=status)
    assert why_not_stock(product, None, "L1", TODAY, MIXED, NONE, certified_share=share) == why


@pytest.mark.parametrize(
    ("expiry", "near"),
    [(None, False), (TODAY + 21 * DAY, False), (TODAY + 20 * DAY, True), (TODAY, True), (TODAY - DAY, False)],
)
def test_near_its_date_is_a_mark_that_blocks_nothing(expiry, near):
    product = replace(TEA, near_expiry_days=20)
    assert is_near_expiry(product, expiry, TODAY) is near
    if near:
        assert why_not_sell(product, expiry, "L1", TODAY, GOVERNMENT, NONE) == ()


@pytest.mark.parametrize(
    ("life", "days"),
    [(None, 0), (540, 45), (365, 45), (364, 20), (180, 20), (179, 15), (90, 15), (89, 10), (30, 10), (29, 5),
     (16, 5), (15, 3), (8, 2), (2, 1)],
)  # fmt: skip
def test_how_long_before_its_date_goods_are_marked_follows_their_shelf_life(life, days):
    assert near_expiry_days(life) == days


@pytest.mark.parametrize(("price", "dear"), [(1100, False), (1101, True), (100, False)])
def test_a_price_more_than_a_tenth_above_the_usual_one_is_dear(price, dear):
    assert is_dear(replace(TEA, price=Fen(price), ref_price=Fen(1000)), 10) is dear
    assert not is_dear(replace(TEA, price=Fen(price), ref_price=None), 10)


@given(days=st.integers(-400, 400), window=st.integers(0, 60))
def test_once_blocked_by_its_dates_a_product_stays_blocked(days, window):
    product = replace(TEA, block_sale_days=window)
    expiry = TODAY + days * DAY
    today = bool(why_not_sell(product, expiry, "L1", TODAY, GOVERNMENT, NONE))
    tomorrow = bool(why_not_sell(product, expiry, "L1", TODAY + DAY, GOVERNMENT, NONE))
    assert tomorrow or not today
