"""A unit's bill and a supplier's statement, with numbers worked by hand: stories U2, U4, R10 and O7."""

import csv
import io
import json
from contextlib import closing

import pytest

from cloud_bridge import feed
from cloud_bridge.central import cli, projecting, projections, schema
from cloud_bridge.central import store as stores
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.statements import NOT_832
from cloud_bridge.central.store import Store

NOVEMBER = "2026-11-24T02:10:00Z"


def line(sku, count, price, certified, county, supplier, supply):
    return feed.Line(
        tray="1-01",
        sku=sku,
        name=f"示例{sku}",
        count=count,
        price_fen=price,
        amount_fen=count * price,
        certified=certified,
        county=county,
        supplier="示例社",
        supplier_id=supplier,
        supply_price_fen=supply,
    )


NOODLES = line("LG-KJ-NOOD270", 2, 990, True, "岚皋县", "S005", 713)
COLA = line("X-COLA-330", 1, 300, False, "", "S999", 216)
WATER = line("ZY-WATER-500", 3, 350, True, "紫阳县", "S002", 252)
UNPRICED = line("SX-OLD", 1, 500, True, "紫阳县", "S005", None)


def paid(*parts):
    return tuple(feed.Paid(scheme=s, quota=q, fen=fen, certified_fen=c) for s, q, fen, c in parts)


@pytest.fixture
def told(make):
    """Three sales of unit u-17, one of another, two refunds, a lapse and a write-off."""
    first = make.sale(
        1,
        lines=(NOODLES, COLA),  # O7's order: 1980 + 300 = 2280, certified 1980
        total_fen=2280,
        certified_fen=1980,
        unit="u-17",
        paid=paid(("UNION_FESTIVAL", "festival", 1980, 1980), ("SELF_PAY", "", 300, 0)),
    )
    second = make.sale(
        2,
        lines=(WATER,),
        total_fen=1050,
        certified_fen=1050,
        unit="u-17",
        paid=paid(("ACCOUNT", "", 1050, 1050)),
    )
    third = make.sale(
        3, lines=(UNPRICED,), total_fen=500, certified_fen=500, unit="u-17"
    )  # an older counter's
    other = make.sale(4, lines=(WATER,), total_fen=1050, certified_fen=1050, unit="u-18")
    october = make.sale(5, lines=(WATER,), total_fen=1050, certified_fen=1050, unit="u-17")
    october = feed.SaleSettled(
        **{**{f: getattr(october, f) for f in october.__struct_fields__}, "closed_at": "2026-10-31T15:59:59Z"}
    )
    piece = refund(first, "r-1", 990, 990, (1, 990, 1), ("UNION_FESTIVAL", "festival", 990, 990))
    goodwill = refund(second, "r-2", 100, 100, (1, 100, 0), ("ACCOUNT", "", 100, 100))
    lapse = feed.QuotaEntered(
        mono_ms=1,
        entry="e-1",
        kind="LAPSE",
        account="a",
        unit="u-17",
        scheme="UNION_FESTIVAL",
        quota="festival",
        fen=777,
    )
    off = feed.StockMoved(
        mono_ms=1, movement="m-1", tray="1-01", sku="LG-KJ-NOOD270", kind="WRITE_OFF", count=-2, reason="破损"
    )
    return [first, piece, second, third, other, october, goodwill, lapse, off]


def refund(sale, name, fen, certified, back, to):
    number, amount, count = back
    return feed.SaleRefunded(
        mono_ms=1,
        refund=name,
        session=sale.session,
        order_no=sale.order_no,
        buyer=sale.buyer,
        unit=sale.unit,
        fen=fen,
        certified_fen=certified,
        lines=(feed.RefundedLine(line=number, fen=amount, count=count),),
        paid=paid(to),
        reason="示例",
    )


@pytest.fixture
def centre(place, tmp_path, make, told):
    """A centre that has taken all of it in; the refunds before their sales."""
    with closing(Store(place)) as store:
        bodies = make.chain(told)
        ingest(store, [(f"counters/{make.COUNTER}/events", body) for body in reversed(bodies)], NOVEMBER)
        assert store.db.execute("select count(*) from dead_letter").fetchone() == (0,)
    return tmp_path


@pytest.fixture
def report(centre, capsys):
    def run(*words):
        assert cli.main(["report", *words, "--dir", str(centre)]) == 0
        return capsys.readouterr().out

    return run


BILL = ["unit-bill", "--unit", "u-17", "--month", "2026-11"]


def test_u2_a_units_month_is_billed_net_with_both_totals_and_no_names(report):
    bill = json.loads(report(*BILL, "--json"))
    assert (bill["orders"], bill["pieces"]) == (3, 2 + 1 + 3 + 1 - 1)
    assert bill["total_fen"] == 2280 + 1050 + 500
    assert bill["refund_fen"] == 990 + 100
    assert bill["net_fen"] == 3830 - 1090
    assert bill["certified_fen"] == 1980 + 1050 + 500 - 1090  # 2440
    assert bill["certified_permille"] == 890  # 2440 / 2740 = 0.8905
    assert {c["key"]: (c["total_fen"], c["certified_fen"]) for c in bill["counties"]} == {
        "": (300, 0),
        "岚皋县": (990, 990),
        "紫阳县": (1450, 1450),
    }
    assert {s["key"]: (s["total_fen"], s["certified_fen"]) for s in bill["schemes"]} == {
        "ACCOUNT": (1050 - 100 + 500, 1450),
        "SELF_PAY": (300, 0),
        "UNION_FESTIVAL": (990, 990),
    }
    assert sum(s["total_fen"] for s in bill["schemes"]) == bill["net_fen"]
    assert sum(c["total_fen"] for c in bill["counties"]) == bill["net_fen"]
    assert bill["billed_fen"] == 2440
    assert bill["lapsed_fen"] == 777
    assert "sample-buyer" not in json.dumps(bill)


def test_u2_the_same_bill_as_a_table_and_in_words(report):
    rows = list(csv.reader(io.StringIO(report(*BILL, "--csv"))))
    assert rows[1] == ["total", "u-17", "2740", "2440", "1090", "3", "6"]
    assert ["scheme", "UNION_FESTIVAL", "990", "990", "990", "", ""] in rows
    assert ["billed", "u-17", "2440", "", "", "", ""] in rows
    text = report(*BILL)
    assert "3 单, 6 件, 总额 ¥38.30, 退回 ¥10.90, 净额 ¥27.40, 认定 ¥24.40 (89.0 %)" in text
    assert "未登记: ¥3.00" in text


def test_u2_another_month_and_another_unit_have_their_own(report):
    october = json.loads(report("unit-bill", "--unit", "u-17", "--month", "2026-10", "--json"))
    assert (october["orders"], october["net_fen"], october["certified_permille"]) == (1, 1050, 1000)
    empty = json.loads(report("unit-bill", "--unit", "u-99", "--month", "2026-11", "--json"))
    assert (empty["orders"], empty["net_fen"], empty["certified_permille"]) == (0, 0, None)


def test_u4_every_bill_says_that_it_is_no_832_total(report):
    assert NOT_832 == "本表不等于832平台采购额"
    assert json.loads(report(*BILL, "--json"))["note"] == NOT_832
    assert report(*BILL).rstrip().endswith(NOT_832)
    assert NOT_832 in report(*BILL, "--csv")


def statement(report, supplier, *words):
    period = ["--from", "2026-11-01", "--to", "2026-12-01"]
    return report("supplier", "--supplier", supplier, *period, *words)


def test_o7_before_any_refund_suppliers_are_due_what_their_pieces_cost(place, tmp_path, make, told, capsys):
    with closing(Store(place)) as store:
        ingest(store, [(f"counters/{make.COUNTER}/events", make.chain(told[:1])[0])], NOVEMBER)
    due = []
    for supplier in ("S005", "S999"):
        words = ["--supplier", supplier, "--from", "2026-11-24", "--to", "2026-11-25", "--json"]
        assert cli.main(["report", "supplier", *words, "--dir", str(tmp_path)]) == 0
        due.append(json.loads(capsys.readouterr().out)["payable_fen"])
    assert due == [2 * 713, 216]
    assert sum(due) == 1642


def test_r10_a_supplier_sees_its_own_goods_alone(report):
    told = json.loads(statement(report, "S005", "--json"))
    noodles = next(row for row in told["rows"] if row["sku"] == "LG-KJ-NOOD270")
    assert (noodles["sold"], noodles["refunded"], noodles["net"], noodles["payable_fen"]) == (2, 1, 1, 713)
    assert {row["sku"] for row in told["rows"]} == {"LG-KJ-NOOD270", "SX-OLD"}
    assert (told["sales_fen"], told["refund_fen"], told["payable_fen"]) == (1980 + 500, 990, 713)
    assert told["unpriced"] == 1
    assert told["written_off"] == [{"sku": "LG-KJ-NOOD270", "reason": "破损", "pieces": 2}]


def test_r10_a_goodwill_refund_does_not_take_from_the_supplier(report):
    water = json.loads(statement(report, "S002", "--json"))
    assert (water["sold"], water["refunded"], water["refund_fen"]) == (6, 0, 100)
    assert water["payable_fen"] == 6 * 252


def test_r10_the_same_statement_as_a_table_and_in_words(report):
    rows = list(csv.reader(io.StringIO(statement(report, "S005", "--csv"))))
    assert ["LG-KJ-NOOD270", "示例LG-KJ-NOOD270", "713", "2", "1", "1", "1980", "990", "713"] in rows
    assert rows[-1] == ["total", "S005", "", "3", "1", "2", "2480", "990", "713"]
    text = statement(report, "S005")
    assert "售 2 − 退 1 = 1 件 × ¥7.13 = ¥7.13" in text
    assert "1 件没有供货价,未计入" in text


def test_the_general_report_shows_what_went_back(report):
    total = json.loads(report("--json"))["total"]
    assert (total["total_fen"], total["refund_fen"]) == (3830 + 1050 + 1050, 1090)
    assert "退回 ¥10.90, 净额 ¥48.40" in report()


def test_projections_are_the_same_in_any_order_and_made_again(place, centre):
    with closing(Store(place)) as store:
        before = everything(store)
        with store.transaction() as db:
            projecting.rebuild(db, "seq desc")
        assert everything(store) == before


def everything(store):
    return {
        table: store.db.execute(f"select * from {table} order by 1, 2, 3").fetchall()
        for table in projections.TABLES
    }


def test_a_file_of_an_earlier_version_is_made_anew_from_its_events(tmp_path, make, told, monkeypatch):
    path = tmp_path / "central.db"
    with monkeypatch.context() as earlier:
        earlier.setattr(stores, "MIGRATIONS", schema.MIGRATIONS[:1])
        with closing(Store(path)) as store, store.transaction():  # it kept what it did not know
            stream = stores.Stream(make.COUNTER, make.INC)
            events = [
                stores.Stored(stream, seq, feed.sha256(body), body)
                for seq, body in enumerate(make.chain(told), 1)
            ]
            store.put_events(events, NOVEMBER)
    with closing(Store(path)) as store:
        assert store.is_renewed()
        with store.transaction() as db:
            projecting.rebuild(db)
            store.note_rebuilt()
        assert len(everything(store)["refund"]) == 2
    with closing(Store(path)) as store:
        assert not store.is_renewed()
