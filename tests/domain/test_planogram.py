"""Which products lie on which tray: order, goods that share one, and what makes a plan unusable."""

from dataclasses import replace
from datetime import date
from fractions import Fraction

import pytest

from edge.domain.catalogue import Catalogue, Gate, GateResult, Product
from edge.domain.gate import Policy, Recalls
from edge.domain.planogram import Facing, Planogram, planogram_of, problems_of, refusals_of, share_of
from edge.domain.stock import Held, Lot
from edge.domain.values import Decigrams, Fen, Sku, TrayId


def facing(tray, sku, opening=4, capacity=10):
    return Facing(TrayId(tray), Sku(sku), capacity, par=8, opening=opening, expires_on=date(2027, 4, 28))


def product(sku, **differs):
    usual = Product(
        sku=Sku(sku), gtin13="", name_zh=sku, name_en=sku, spec="", category="", county_zh="紫阳县",
        county_en="Ziyang", supplier="示例", unit_weight=Decigrams(5190), unit_sd=Decigrams(38),
        count_by_weight_max=21, price=Fen(350), cert_no="", cert_status="ACTIVE", cert_to=None,
        linkage="", shelf_life_days=None, age_restricted=False, counter_ok=True,
    )  # fmt: skip
    return replace(usual, **differs)


TODAY, YESTERDAY = date(2026, 11, 23), date(2026, 11, 22)
POLICY = Policy(forbidden=frozenset({"烤烟"}))
WATER, TEA, MASK = facing("1-01", "WATER"), facing("1-01", "TEA"), facing("2-01", "MASK")


def test_goods_that_share_a_tray_are_planned_there_together():
    plan = planogram_of("v1", [WATER, TEA, MASK])
    assert plan == Planogram("v1", {"1-01": (WATER, TEA), "2-01": (MASK,)})
    assert plan.facings == (WATER, TEA, MASK)
    assert [plan.skus(tray) for tray in ("1-01", "2-01", "9-09")] == [("WATER", "TEA"), ("MASK",), ()]


def test_trays_come_in_the_order_of_their_first_facing():
    plan = planogram_of("v1", [MASK, WATER, TEA])
    assert list(plan.trays) == ["2-01", "1-01"]
    assert plan.facings == (MASK, WATER, TEA)


def test_an_empty_plan_has_no_trays():
    assert planogram_of("v1", []) == Planogram("v1", {})


FAULTS = [
    pytest.param({}, {}, [], id="nothing wrong"),
    pytest.param({"sku": "GIN"}, {}, ["product GIN is not in the catalogue"], id="unknown"),
    pytest.param({}, {"counter_ok": False}, ["TEA is not fit for a counter (counter_ok = 0)"], id="unfit"),
    pytest.param({}, {"count_by_weight_max": 0}, ["TEA cannot be counted by weight"], id="uncountable"),
    pytest.param({}, {"cert_status": "EXPIRED"}, ["the certificate of TEA is EXPIRED"], id="expired"),
    pytest.param({}, {"cert_status": "SUSPENDED"}, ["the certificate of TEA is SUSPENDED"], id="suspended"),
    pytest.param({}, {"cert_status": "PENDING"}, ["the certificate of TEA is PENDING"], id="pending"),
    pytest.param(
        {},
        {"cert_status": "NONE"},
        ["TEA is not certified (certificate NONE), and policy.certified_only is set"],
        id="not certified",
    ),
    pytest.param(
        {}, {"cert_to": YESTERDAY}, ["the certificate of TEA lapsed on 2026-11-22"], id="lapsed by its date"
    ),
    pytest.param(
        {}, {"cert_from": date(2027, 1, 1)}, ["the certificate of TEA begins on 2027-01-01"], id="to begin"
    ),
    pytest.param(
        {},
        {"gates": (GateResult(Gate.TAX, False), GateResult(Gate.LINKAGE, True, YESTERDAY))},
        ["TEA does not pass the gates TAX, LINKAGE"],
        id="gates",
    ),
    pytest.param({}, {"category": "烤烟"}, ["TEA is 烤烟, which no counter may sell"], id="forbidden"),
    pytest.param(
        {}, {"age_restricted": True}, ["TEA is alcohol, not for an unattended counter"], id="alcohol"
    ),
    pytest.param({"opening": 11}, {}, ["opening 11 is not within 0…10"], id="overfull"),
    pytest.param({"opening": -1}, {}, ["opening -1 is not within 0…10"], id="less than nothing"),
    pytest.param(
        {"opening": 11},
        {"age_restricted": True, "counter_ok": False},
        [
            "opening 11 is not within 0…10",
            "TEA is alcohol, not for an unattended counter",
            "TEA is not fit for a counter (counter_ok = 0)",
        ],
        id="all at once",
    ),
]


@pytest.mark.parametrize(("planned", "sold", "says"), FAULTS)
def test_every_fault_is_told_with_its_tray_also_of_the_second_goods_on_it(planned, sold, says):
    plan = planogram_of("v1", [WATER, replace(TEA, **planned)])
    goods = Catalogue("v1", {"WATER": product("WATER"), "TEA": product("TEA", **sold)})
    found = [*problems_of(plan, goods), *refusals_of(plan, goods, POLICY, TODAY)]
    assert found == [f"tray 1-01: {problem}" for problem in says]


MARCH, MAY, JUNE = date(2027, 3, 1), date(2027, 5, 1), date(2027, 6, 1)
DATED = planogram_of(
    "v1", [replace(TEA, expires_on=MAY), replace(MASK, expires_on=None), replace(TEA, tray="3-01")]
)
HOME, ASTRAY = ("1-01", "TEA"), ("2-01", "TEA")


def lying(*dates):
    return tuple(Held(Lot("", None, day), 1) for day in dates)


@pytest.mark.parametrize(
    ("place", "held", "day"),
    [
        pytest.param(HOME, lying(JUNE, None), MAY, id="what came without a date has the facing's"),
        pytest.param(HOME, lying(JUNE), JUNE, id="what has one has its own"),
        pytest.param(ASTRAY, lying(MARCH), MARCH, id="a stray has its own"),
        pytest.param(ASTRAY, lying(None), date(2027, 4, 28), id="or the first of where it may be from"),
        pytest.param(("2-01", "MASK"), lying(None), None, id="keeps for ever"),
        pytest.param(HOME, (), None, id="nothing lies there"),
    ],
)
def test_goods_have_the_date_of_their_lot_or_else_their_facings(place, held, day):
    assert DATED.expires_on(place, held) == day


def test_a_recalled_product_gets_no_place_and_one_with_a_recalled_lot_does():
    goods = Catalogue("v1", {"WATER": product("WATER"), "TEA": product("TEA")})
    recalls = Recalls(frozenset({("TEA", None), ("WATER", "L1")}))
    assert list(refusals_of(planogram_of("v1", [WATER, TEA]), goods, POLICY, TODAY, recalls)) == [
        "tray 1-01: TEA is recalled"
    ]


def test_without_a_day_certificates_are_judged_by_their_state_alone():
    goods = Catalogue("v1", {"TEA": product("TEA", cert_from=date(2030, 1, 1), cert_to=date(2030, 12, 31))})
    plan = planogram_of("v1", [TEA])
    assert list(refusals_of(plan, goods, POLICY, None)) == []
    assert len(list(refusals_of(plan, goods, POLICY, TODAY))) == 1


# Two of three places, one of two products, and 8 × 6.80 + 8 × 6.80 of 8 × (6.80 + 6.80 + 1.40) are certified.
@pytest.mark.parametrize(
    ("by", "share"), [("facings", Fraction(2, 3)), ("sku", Fraction(1, 2)), ("value", Fraction(136, 150))]
)
def test_the_share_of_certified_goods_is_measured_as_the_policy_says(by, share):
    plan = planogram_of("v1", [TEA, replace(TEA, tray=TrayId("1-02")), facing("1-03", "SODA")])
    goods = Catalogue(
        "v1",
        {
            "TEA": product("TEA", price=Fen(680)),
            "SODA": product("SODA", price=Fen(140), cert_status="NONE"),
        },
    )
    policy = Policy(certified_only=False, ratio_by=by, certified_ratio_min=share)
    assert share_of(plan, goods, policy, TODAY) == share
    assert list(refusals_of(plan, goods, policy, TODAY)) == []
    stricter = replace(policy, certified_ratio_min=share + Fraction(1, 100))
    (said,) = refusals_of(plan, goods, stricter, TODAY)
    assert said.startswith("tray 1-03: SODA is not certified, and only ")


def test_a_plan_of_nothing_is_certified_throughout():
    assert share_of(planogram_of("v1", []), Catalogue("v1", {}), POLICY, TODAY) == 1
