"""What a supplier is due, worked by hand: O7 and R10; and tables that a spreadsheet runs nothing of."""

import pytest

from edge.domain.statement import Supplied, WrittenOff, payable, statement_csv, statement_of
from edge.domain.tables import csv_text

NOVEMBER = ("2026-11-01", "2026-12-01")
NOODLES = Supplied("LG-KJ-NOOD270", "岚皋魔芋面", 713, sold=2, sales=1980)
COLA = Supplied("X-COLA-330", "示例可乐", 216, sold=1, sales=300)


DUE = [
    pytest.param([NOODLES, COLA], 2 * 713 + 216, id="O7: 1,642 fen"),
    pytest.param(
        [NOODLES, Supplied(NOODLES.sku, "", 713, refunded=1, refund=990)], 713, id="a piece goes back"
    ),
    pytest.param(
        [NOODLES, Supplied(NOODLES.sku, "", 713, refund=100)], 1426, id="goodwill takes nothing from it"
    ),
    pytest.param([Supplied(NOODLES.sku, "", 713, refunded=1, refund=990)], -713, id="sold the month before"),
    pytest.param([Supplied("SX-OLD", "", None, sold=3, sales=1500)], 0, id="no price is known"),
    pytest.param(
        [NOODLES, Supplied(NOODLES.sku, "", 720, sold=1, sales=990)], 1426 + 720, id="two supply prices"
    ),
    pytest.param([], 0, id="nothing"),
]


@pytest.mark.parametrize(("supplied", "fen"), DUE)
def test_payable_is_supply_price_times_net_pieces(supplied, fen):
    assert statement_of("S005", NOVEMBER, supplied, []).payable_fen == fen


def test_o7_each_supplier_is_due_its_own_part():
    assert (payable(713, 2, 0), payable(216, 1, 0)) == (1426, 216)
    assert payable(None, 2, 0) is None


def test_rows_are_by_product_and_supply_price_and_add_up():
    parts = [
        NOODLES,
        COLA,
        Supplied(NOODLES.sku, "", 720, sold=1, sales=990),
        Supplied("SX-OLD", "", None, sold=1),
    ]
    told = statement_of("S005", NOVEMBER, [*parts, NOODLES], [])
    assert [(r.sku, r.supply_price_fen, r.net, r.payable_fen) for r in told.rows] == [
        ("LG-KJ-NOOD270", 713, 4, 2852),
        ("LG-KJ-NOOD270", 720, 1, 720),
        ("SX-OLD", None, 1, None),
        ("X-COLA-330", 216, 1, 216),
    ]
    assert (told.sold, told.sales_fen, told.unpriced) == (7, 1980 * 2 + 300 + 990, 1)


def test_write_offs_are_told_by_product_and_reason_and_cost_the_supplier_nothing_here():
    off = [WrittenOff(sku="A", reason="EXPIRED", pieces=2), WrittenOff(sku="A", reason="DAMAGED", pieces=1)]
    told = statement_of("S005", NOVEMBER, [NOODLES], [*off, off[0]])
    assert [(w.reason, w.pieces) for w in told.written_off] == [("DAMAGED", 1), ("EXPIRED", 4)]
    assert told.payable_fen == 1426


CELLS = [
    ("=1+1", "'=1+1"),
    ("+86", "'+86"),
    ("-3", "'-3"),
    ("@SUM(A1)", "'@SUM(A1)"),
    ("\tx", "'\tx"),
    (-3, "-3"),
    (None, ""),
    ("魔芋面", "魔芋面"),
]


@pytest.mark.parametrize(("value", "written"), CELLS)
def test_a_spreadsheet_runs_no_cell_of_ours(value, written):
    assert csv_text(["head"], [[value]]).split("\r\n")[1].strip('"') == written


def test_a_products_name_cannot_become_a_formula():
    named = Supplied("A", '=HYPERLINK("http://example.invalid")', 1, sold=1)
    assert "'=HYPERLINK" in statement_csv(statement_of("S005", NOVEMBER, [named], []))
