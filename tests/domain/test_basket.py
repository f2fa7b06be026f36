"""What is charged and booked of what the trays say: whole fen, only what is sure, prices as given."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.basket import movements_of, sale_of
from edge.domain.catalogue import Product
from edge.domain.records import TrayEvidence
from edge.domain.values import Decigrams, Fen, Kind, Sku, TrayId, decigrams, grams, yuan

TODAY = date(2026, 11, 23)


def product(sku, price, status="ACTIVE", cert_to=None):
    return Product(
        sku=Sku(sku), gtin13="", name_zh=sku, name_en=sku, spec="", category="", county_zh="紫阳县",
        county_en="Ziyang", supplier="示例", unit_weight=Decigrams(5190), unit_sd=Decigrams(38),
        count_by_weight_max=21, price=Fen(price), cert_no="", cert_status=status, cert_to=cert_to,
        linkage="", shelf_life_days=None, age_restricted=False, counter_ok=True,
    )  # fmt: skip


def tray(id, sku, verdict, count):
    return TrayEvidence(TrayId(id), Sku(sku), verdict, count, None, None, None)


PRODUCTS = {
    "A": product("A", 350),
    "B": product("B", 990, cert_to=date(2026, 11, 22)),
    "C": product("C", 300, status="NONE"),
}
PRICES = {"1": Fen(350), "2": Fen(980), "3": Fen(300)}


def test_only_sure_trays_are_charged_at_the_price_given():
    trays = [tray("1", "A", "charge", 2), tray("2", "B", "review", 5), tray("3", "C", "charge", 1)]
    sale = sale_of(trays, PRICES, PRODUCTS, TODAY)
    assert [(line.sku, line.count, line.amount) for line in sale.lines] == [("A", 2, 700), ("C", 1, 300)]
    assert (sale.total, sale.certified) == (1000, 700)


def test_a_certificate_counts_through_its_last_day():
    trays = [tray("2", "B", "charge", 1)]
    assert sale_of(trays, PRICES, PRODUCTS, date(2026, 11, 22)).certified == 980
    assert sale_of(trays, PRICES, PRODUCTS, date(2026, 11, 23)).certified == 0


@pytest.mark.parametrize("verdict", ["empty", "review"])
def test_nothing_sure_is_no_sale(verdict):
    assert sale_of([tray("1", "A", verdict, 3)], PRICES, PRODUCTS, TODAY) is None


@given(
    st.lists(
        st.tuples(st.sampled_from("123"), st.sampled_from(["charge", "empty", "review"]), st.integers(-9, 9))
    )
)
def test_a_sale_is_the_sum_of_its_lines_and_never_negative(rows):
    skus = {"1": "A", "2": "B", "3": "C"}
    trays = [tray(id, skus[id], verdict, count) for id, verdict, count in rows]
    sale = sale_of(trays, PRICES, PRODUCTS, TODAY)
    if sale is not None:
        assert sale.total == sum(line.count * line.price for line in sale.lines) > 0
        assert 0 <= sale.certified <= sale.total
    moved = movements_of(Kind.BUY, trays)
    sold = {(line.tray, -line.count) for line in sale.lines} if sale else set()
    assert {(move.tray, move.count) for move in moved} == sold


@pytest.mark.parametrize(
    ("kind", "count", "expected"),
    [
        (Kind.BUY, 2, [("SALE", -2)]),
        (Kind.BUY, -2, []),
        (Kind.RESTOCK, -12, [("RESTOCK", 12)]),
        (Kind.RESTOCK, 3, [("PULL_OFF", -3)]),
        (Kind.SERVICE, 3, []),
    ],
)
def test_what_each_kind_of_session_books(kind, count, expected):
    moved = movements_of(kind, [tray("1", "A", "charge", count), tray("2", "B", "review", 4)])
    assert [(move.kind, move.count) for move in moved] == expected


@pytest.mark.parametrize(
    ("fen", "text"), [(350, "¥3.50"), (0, "¥0.00"), (5, "¥0.05"), (-105, "-¥1.05"), (1280000, "¥12800.00")]
)
def test_a_price_tag_never_rounds(fen, text):
    assert yuan(Fen(fen)) == text


@given(st.integers(-400_000, 400_000))
def test_tenths_of_a_gram_survive_grams(value):
    assert decigrams(grams(Decigrams(value))) == value
