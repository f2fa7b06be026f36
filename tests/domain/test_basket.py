"""What is charged and booked of what the trays say: whole fen, only what is sure, prices as given."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.basket import movements_of, sale_of
from edge.domain.catalogue import Product
from edge.domain.records import OpenSession, Stray, TrayEvidence
from edge.domain.stock import Held, Lot
from edge.domain.values import Decigrams, Fen, Instant, Kind, Sku, TrayId, decigrams, grams, yuan
from edge.domain.verdict import verdict_of

TODAY = date(2026, 11, 23)
BORN = datetime(2026, 11, 23, 6, tzinfo=UTC)


def product(sku, price, status="ACTIVE", cert_to=None):
    return Product(
        sku=Sku(sku), gtin13="", name_zh=sku, name_en=sku, spec="", category="", county_zh="紫阳县",
        county_en="Ziyang", supplier="示例", unit_weight=Decigrams(5190), unit_sd=Decigrams(38),
        count_by_weight_max=21, price=Fen(price), cert_no="", cert_status=status, cert_to=cert_to,
        linkage="", shelf_life_days=None, age_restricted=False, counter_ok=True,
    )  # fmt: skip


def tray(id, verdict, **goods):
    """Evidence of tray ``id``: pieces that left it by product."""
    return TrayEvidence(TrayId(id), verdict, tuple(sorted(goods.items())), None, None, None)


def stray(sku, count, home, to):
    return Stray(Sku(sku), count, TrayId(home), TrayId(to))


def booked(kind, trays, *strays):
    moved = movements_of(kind, verdict_of(tuple(trays), strays))
    return [(move.kind, move.tray, move.sku, move.count) for move in moved]


PRODUCTS = {
    "A": product("A", 350),
    "B": product("B", 990, cert_to=date(2026, 11, 22)),
    "C": product("C", 300, status="NONE"),
}


def granted(**more):
    """A grant at these prices; more: what OpenSession has besides."""
    prices = {"A": Fen(350), "B": Fen(980), "C": Fen(300)}
    return OpenSession("s", Kind.BUY, "b", Instant(0.0, BORN, "boot"), "c", {}, prices, **more)


FACTS = granted()


def test_only_sure_trays_are_charged_at_the_price_given():
    trays = [tray("1", "charge", A=2), tray("2", "review", B=5), tray("3", "charge", C=1)]
    sale = sale_of(trays, FACTS, PRODUCTS, TODAY)
    assert [(line.sku, line.count, line.amount) for line in sale.lines] == [("A", 2, 700), ("C", 1, 300)]
    assert (sale.total, sale.certified) == (1000, 700)


def test_each_product_of_a_shared_tray_is_a_line_of_its_own():
    sale = sale_of([tray("1", "charge", A=2, B=1, C=-1)], FACTS, PRODUCTS, TODAY)
    assert [(line.tray, line.sku, line.count, line.price, line.amount) for line in sale.lines] == [
        ("1", "A", 2, 350, 700),
        ("1", "B", 1, 980, 980),
    ]
    assert sale.total == 1680


def test_a_certificate_counts_through_its_last_day():
    trays = [tray("2", "charge", B=1)]
    assert sale_of(trays, FACTS, PRODUCTS, date(2026, 11, 22)).certified == 980
    assert sale_of(trays, FACTS, PRODUCTS, date(2026, 11, 23)).certified == 0


@pytest.mark.parametrize("verdict", ["empty", "review"])
def test_nothing_sure_is_no_sale(verdict):
    assert sale_of([tray("1", verdict, A=3)], FACTS, PRODUCTS, TODAY) is None


COUNTS = st.integers(-9, 9)
ROWS = st.tuples(
    st.sampled_from(["charge", "empty", "review"]), st.dictionaries(st.sampled_from("ABC"), COUNTS)
)


@given(st.dictionaries(st.sampled_from("123"), ROWS))
def test_a_sale_is_the_sum_of_its_lines_and_never_negative(rows):
    trays = [tray(id, verdict, **goods) for id, (verdict, goods) in rows.items()]
    sale = sale_of(trays, FACTS, PRODUCTS, TODAY)
    if sale is not None:
        assert sale.total == sum(line.count * line.price for line in sale.lines) > 0
        assert 0 <= sale.certified <= sale.total
    sold = [("SALE", line.tray, line.sku, -line.count) for line in sale.lines] if sale else []
    assert booked(Kind.BUY, trays) == sold


@pytest.mark.parametrize(
    ("kind", "goods", "expected"),
    [
        pytest.param(Kind.BUY, {"A": 2}, [("SALE", "1", "A", -2)], id="sold"),
        pytest.param(Kind.BUY, {"A": -2}, [], id="a buyer brings nothing"),
        pytest.param(
            Kind.BUY,
            {"A": 2, "C": 1},
            [("SALE", "1", "A", -2), ("SALE", "1", "C", -1)],
            id="two goods of one tray sold",
        ),
        pytest.param(Kind.RESTOCK, {"A": -12}, [("RESTOCK", "1", "A", 12)], id="filled"),
        pytest.param(Kind.RESTOCK, {"A": 3}, [("PULL_OFF", "1", "A", -3)], id="taken off"),
        pytest.param(
            Kind.RESTOCK,
            {"A": 3, "C": -4},
            [("PULL_OFF", "1", "A", -3), ("RESTOCK", "1", "C", 4)],
            id="one off, the other filled, on one tray",
        ),
        pytest.param(Kind.SERVICE, {"A": 3}, [], id="a technician"),
    ],
)
def test_what_each_kind_of_session_books(kind, goods, expected):
    assert booked(kind, [tray("1", "charge", **goods), tray("2", "review", B=4)]) == expected


def lot(name, day, count):
    return Held(Lot(name, None, day), count)


OLD, NEW = date(2027, 1, 1), date(2027, 6, 1)
SHELF = {("1", "A"): (lot("new", NEW, 9), lot("old", OLD, 3)), ("2", "A"): (lot("", NEW, 2),)}
LEFT = [
    pytest.param(
        Kind.BUY, {"A": 5}, (), [("SALE", "1", -3, "old", OLD), ("SALE", "1", -2, "new", NEW)], id="sold"
    ),
    pytest.param(
        Kind.RESTOCK,
        {"A": 4},
        (),
        [("PULL_OFF", "1", -3, "old", OLD), ("PULL_OFF", "1", -1, "new", NEW)],
        id="taken off",
    ),
    pytest.param(Kind.RESTOCK, {"A": -4}, (), [("RESTOCK", "1", 4, "", None)], id="filled"),
    pytest.param(
        Kind.BUY,
        {"A": 2},
        (stray("A", 2, "1", "3"),),
        [
            ("SALE", "1", -2, "old", OLD),
            ("MISPLACED", "1", -1, "old", OLD),
            ("MISPLACED", "3", 1, "old", OLD),
            ("MISPLACED", "1", -1, "new", NEW),
            ("MISPLACED", "3", 1, "new", NEW),
        ],
        id="a stray takes its lot along, after what was sold",
    ),
    pytest.param(
        Kind.BUY,
        {"A": 13},
        (),
        [("SALE", "1", -3, "old", OLD), ("SALE", "1", -9, "new", NEW), ("SALE", "1", -1, "", None)],
        id="more than is booked",
    ),
]


@pytest.mark.parametrize(("kind", "goods", "strays", "expected"), LEFT)
def test_what_leaves_is_of_the_lots_that_expire_first(kind, goods, strays, expected):
    moved = movements_of(kind, verdict_of((tray("1", "charge", **goods),), strays), SHELF)
    assert [(m.kind, m.tray, m.count, m.lot, m.expires_on) for m in moved] == expected


MOVED = [("MISPLACED", "1", "A", -2), ("MISPLACED", "2", "A", 2)]


@pytest.mark.parametrize(
    ("kind", "trays", "expected"),
    [
        pytest.param(Kind.BUY, [tray("1", "empty"), tray("2", "empty")], MOVED, id="put on another tray"),
        pytest.param(
            Kind.BUY,
            [tray("1", "charge", A=1), tray("2", "charge", B=1)],
            [("SALE", "1", "A", -1), ("SALE", "2", "B", -1), *MOVED],
            id="beside what was bought",
        ),
        pytest.param(
            Kind.BUY,
            [tray("1", "empty"), tray("2", "empty"), tray("3", "review", C=1)],
            MOVED,
            id="doubt about another tray",
        ),
        pytest.param(Kind.BUY, [tray("1", "review"), tray("2", "empty")], [], id="its home is in doubt"),
        pytest.param(Kind.BUY, [tray("1", "empty"), tray("2", "review")], [], id="where it lies is in doubt"),
        pytest.param(Kind.SERVICE, [tray("1", "empty"), tray("2", "empty")], [], id="a technician"),
    ],
)
def test_a_stray_is_booked_from_its_tray_to_where_it_lies_if_that_is_sure(kind, trays, expected):
    assert booked(kind, trays, stray("A", 2, "1", "2")) == expected


def test_a_stray_says_on_both_trays_where_it_went_and_whence_it_came():
    moved = movements_of(Kind.BUY, verdict_of((tray("1", "empty"),), (stray("A", 2, "1", "2"),)))
    assert [move.reason for move in moved] == ["lies on 2", "from 1"]


@pytest.mark.parametrize(
    ("fen", "text"), [(350, "¥3.50"), (0, "¥0.00"), (5, "¥0.05"), (-105, "-¥1.05"), (1280000, "¥12800.00")]
)
def test_a_price_tag_never_rounds(fen, text):
    assert yuan(Fen(fen)) == text


@given(st.integers(-400_000, 400_000))
def test_tenths_of_a_gram_survive_grams(value):
    assert decigrams(grams(Decigrams(value))) == value
