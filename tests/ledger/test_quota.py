"""Who paid what: balances from entries, refunds to where they came from, debts, lapses, and their check."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.domain.quota import Part, Quota, Scheme
from edge.domain.values import Fen
from edge.errors import LedgerError
from edge.ledger.refunds import NoRefund
from edge.ledger.verify import verify

FESTIVAL = Quota("festival", Scheme.UNION_FESTIVAL, "u-1", Fen(20000), date(2026, 1, 1), date(2026, 12, 31))
# Two lines of 700 and 350 fen: 600 of the first by the festival quota, the rest by the buyer.
PARTS = (
    Part(1, Scheme.UNION_FESTIVAL, "festival", Fen(600), left=Fen(0)),
    Part(1, Scheme.SELF_PAY, "", Fen(100)),
    Part(2, Scheme.SELF_PAY, "", Fen(350)),
)
OWING = (PARTS[0], *(replace(part, owed=True) for part in PARTS[1:]))


@pytest.fixture
def sold(ledger, facts):
    """``sold(parts)``: a sale of 1050 fen, paid so; gives its order number."""

    def sell(parts=PARTS, n=1):
        closed = facts.closed(n, {"1-01": 2, "1-02": 1}, seconds=60.0 * n)
        lines = (
            replace(closed.sale.lines[0], supplier_id="S001", supply_price=Fen(252)),
            closed.sale.lines[1],
        )
        sale = replace(closed.sale, lines=lines, paid=parts, unit="u-1")
        ledger.begin_session(facts.opened(n, 60.0 * n), facts.at(60.0 * n))
        return ledger.close_session(replace(closed, sale=sale), facts.at(60.0 * n + 20))

    return sell


def told(path, type):
    with closing(sqlite3.connect(path)) as conn:
        rows = conn.execute("SELECT body FROM event WHERE type = ? ORDER BY seq", (type,)).fetchall()
    return [json.loads(body)["data"] for (body,) in rows]


def gone_back(path):
    return [(p["scheme"], p["quota"], p["fen"]) for p in told(path, "sale.refunded.v1")[-1]["paid"]]


def test_a_sale_tells_who_paid_it_and_what_its_supplier_is_due(ledger, sold, path):
    sold()
    (sale,) = told(path, "sale.settled.v1")
    assert [(p["scheme"], p["quota"], p["fen"], p["certified_fen"]) for p in sale["paid"]] == [
        ("UNION_FESTIVAL", "festival", 600, 600),
        ("SELF_PAY", "", 450, 100),
    ]
    assert sum(p["fen"] for p in sale["paid"]) == sale["total_fen"]
    assert (sale["unit"], sale["lines"][0]["supply_price_fen"]) == ("u-1", 252)
    assert sale["lines"][1]["supply_price_fen"] is None
    assert ledger.drawn("b-1") == {"festival": 600}
    assert verify(path) == []


def test_an_account_without_quotas_pays_as_it_is(ledger, sold, path):
    sold(())
    (sale,) = told(path, "sale.settled.v1")
    assert [(p["scheme"], p["fen"]) for p in sale["paid"]] == [("ACCOUNT", 1050)]
    assert ledger.drawn("b-1") == {}
    assert ledger.owed("b-1") == {}


def test_parts_that_are_not_the_total_are_refused_and_no_sale_is_left(ledger, sold, path):
    with pytest.raises(LedgerError, match="what is paid is not the total"):
        sold(PARTS[:2])
    assert told(path, "sale.settled.v1") == []
    assert ledger.drawn("b-1") == {}


def test_a_refund_goes_back_to_what_paid_last_and_is_counted_for_good(ledger, sold, facts, path):
    order = sold()
    spent = ledger.spent("b-1")
    ledger.refund(order, Fen(400), "示例:少取一件", facts.at(500))
    assert gone_back(path) == [("SELF_PAY", "", 400)]
    ledger.refund(order, Fen(250), "示例", facts.at(501))
    assert gone_back(path) == [("SELF_PAY", "", 50), ("UNION_FESTIVAL", "festival", 200)]
    assert ledger.drawn("b-1") == {"festival": 400}
    assert ledger.spent("b-1") == spent - 650
    with pytest.raises(NoRefund, match="400 fen are left to refund, not 401"):
        ledger.refund(order, Fen(401), "示例", facts.at(502))
    ledger.refund(order, Fen(400), "示例", facts.at(503))
    assert ledger.drawn("b-1") == {"festival": 0}
    with pytest.raises(NoRefund, match="0 fen are left"):
        ledger.refund(order, Fen(1), "示例", facts.at(504))
    assert verify(path) == []


def test_a_refund_of_a_line_stays_within_it_and_counts_its_pieces(ledger, sold, facts, path):
    order = sold()
    ledger.refund(order, Fen(350), "示例", facts.at(500), line=1, pieces=1)
    assert gone_back(path) == [("SELF_PAY", "", 100), ("UNION_FESTIVAL", "festival", 250)]
    refunded = told(path, "sale.refunded.v1")[-1]
    assert refunded["lines"] == [{"line": 1, "fen": 350, "count": 1}]
    assert refunded["certified_fen"] == 350
    with pytest.raises(NoRefund, match="350 fen are left"):
        ledger.refund(order, Fen(351), "示例", facts.at(501), line=1)
    with pytest.raises(NoRefund, match="line 1 has 2 pieces"):
        ledger.refund(order, Fen(10), "示例", facts.at(501), line=1, pieces=2)
    with pytest.raises(NoRefund, match="has no line 3, its lines are 1 to 2"):
        ledger.refund(order, Fen(10), "示例", facts.at(501), line=3)
    with pytest.raises(NoRefund, match="there is none of that number"):
        ledger.refund("XA-001-0000-000009", Fen(10), "示例", facts.at(501))
    assert len(told(path, "sale.refunded.v1")) == 1
    assert verify(path) == []


def test_what_is_owed_is_settled_once_or_taken_off_by_a_refund(ledger, sold, facts, path):
    first, second = sold(OWING), sold(OWING, 2)
    assert ledger.owed("b-1") == {first: 450, second: 450}
    ledger.refund(first, Fen(150), "示例", facts.at(500))
    assert ledger.owed("b-1") == {first: 300, second: 450}
    assert ledger.settle(first, "示例:已在工会付清", facts.at(501)) == 300
    assert ledger.settle(first, "示例", facts.at(502)) == 0
    assert ledger.settle("XA-001-0000-000009", "示例", facts.at(502)) == 0
    ledger.refund(second, Fen(1050), "示例", facts.at(503))
    assert ledger.owed("b-1") == {}
    assert ledger.drawn("b-1") == {"festival": 600}
    (paid,) = told(path, "quota.entered.v1")
    assert (paid["kind"], paid["fen"], paid["order_no"]) == ("PAID", 300, first)
    assert verify(path) == []


def test_what_is_not_used_lapses_to_the_unit(ledger, sold, facts, path):
    sold()
    ledger.lapse([("b-1", FESTIVAL, Fen(19400))], facts.at(500))
    assert ledger.drawn("b-1") == {"festival": 20000}
    (lapsed,) = told(path, "quota.entered.v1")
    assert (lapsed["kind"], lapsed["unit"], lapsed["fen"]) == ("LAPSE", "u-1", 19400)
    assert verify(path) == []


steps = st.lists(
    st.one_of(
        st.tuples(st.just("sell"), st.integers(0, 1050), st.booleans()),
        st.tuples(st.just("refund"), st.integers(1, 1200), st.sampled_from([None, 1, 2])),
        st.tuples(st.just("settle"), st.none(), st.none()),
        st.tuples(st.just("lapse"), st.integers(1, 500), st.none()),
    ),
    max_size=7,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=steps)
def test_whatever_happens_books_add_up_and_nothing_comes_back_twice(
    tmp_path_factory, open_at, facts, history
):
    path = tmp_path_factory.mktemp("books") / "ledger.db"
    orders, drawn, debt, back = [], 0, {}, {}
    with closing(open_at(path)) as ledger:
        for n, (what, fen, more) in enumerate(history, 1):
            at = facts.at(100.0 * n)
            if what == "sell":
                closed = facts.closed(n, {"1-01": 2, "1-02": 1}, seconds=100.0 * n)
                parts = shared(fen, owed=more)
                ledger.begin_session(facts.opened(n, 100.0 * n), at)
                sale = replace(closed.sale, paid=parts, unit="u-1")
                orders.append(ledger.close_session(replace(closed, sale=sale), facts.at(100.0 * n + 20)))
                drawn += sum(part.fen for part in parts if part.quota)
                debt[orders[-1]] = sum(part.fen for part in parts if part.owed)
            elif what == "refund" and orders:
                order = orders[n % len(orders)]
                try:
                    done = ledger.refund(order, Fen(fen), "示例", at, line=more)
                except NoRefund:
                    continue
                assert sum(part.fen for part in done.parts) == fen
                back[order] = back.get(order, 0) + fen
                drawn -= sum(part.fen for part in done.parts if part.quota)
                debt[order] = max(0, debt[order] - sum(p.fen for p in done.parts if p.owed))
            elif what == "settle" and orders:
                order = orders[n % len(orders)]
                assert ledger.settle(order, "示例", at) == debt[order]
                debt[order] = 0
            elif what == "lapse":
                ledger.lapse([("b-1", FESTIVAL, Fen(fen))], at)
                drawn += fen
        assert ledger.drawn("b-1").get("festival", 0) == drawn
        assert ledger.owed("b-1") == {order: fen for order, fen in debt.items() if fen}
        assert ledger.spent("b-1") == 1050 * len(orders) - sum(back.values())
        assert all(fen <= 1050 for fen in back.values())
    assert verify(path) == []


def shared(quota, *, owed):
    """A sale of lines of 700 and 350 fen, ``quota`` fen of it by the quota."""
    first, second = min(quota, 700), max(0, quota - 700)
    parts = (
        Part(1, Scheme.UNION_FESTIVAL, "festival", Fen(first)),
        Part(2, Scheme.UNION_FESTIVAL, "festival", Fen(second)),
        Part(1, Scheme.SELF_PAY, "", Fen(700 - first), owed),
        Part(2, Scheme.SELF_PAY, "", Fen(350 - second), owed),
    )
    return tuple(part for part in parts if part.fen)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE quota_entry SET quota = 'other' WHERE n = 1", "sale XA-001"),
        ("UPDATE quota_entry SET unit = 'other' WHERE n = 1", "sale XA-001"),
        ("UPDATE quota_entry SET kind = 'DEBIT' WHERE kind = 'OWED'", "sale XA-001"),
        ("UPDATE sale_supply SET supply_price_fen = 1", "sale XA-001"),
        ("UPDATE refund SET fen = 2", "refund "),
        ("UPDATE quota_entry SET scheme = 'UNION_SPECIAL' WHERE kind = 'REFUND'", "refund "),
        ("UPDATE quota_entry SET fen = 1 WHERE kind = 'LAPSE'", "quota_entry "),
        ("DELETE FROM quota_entry WHERE kind = 'PAID'", "quota_entry "),
        ("DELETE FROM refund", "refund "),
    ],
)
def test_an_altered_row_is_named(ledger, sold, facts, path, change, says):
    order = sold(OWING)
    ledger.refund(order, Fen(1), "示例", facts.at(500))
    ledger.settle(order, "示例", facts.at(501))
    ledger.lapse([("b-1", FESTIVAL, Fen(7))], facts.at(502))
    assert verify(path) == []
    with closing(sqlite3.connect(path)) as conn, conn:
        for (name,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            conn.execute(f"DROP TRIGGER {name}")
        conn.execute(change)
    assert [found for found in verify(path) if found.startswith(says)], verify(path)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param((9, "REFUND", "b-1", "", "SELF_PAY", "", 1, "{order}", 1, 1, None, "", ""), id="gap"),
        pytest.param(
            (4, "DEBIT", "b-1", "", "SELF_PAY", "", 1, "{order}", 1, None, None, "", ""), id="sealed"
        ),
        pytest.param(
            (4, "REFUND", "b-1", "", "SELF_PAY", "", 1, "{order}", 1, 7, None, "", ""), id="no refund"
        ),
        pytest.param(
            (4, "CREDIT", "b-1", "", "SELF_PAY", "", 1, "{order}", 1, None, None, "", ""), id="kind"
        ),
    ],
)
def test_the_schema_refuses_entries_that_nothing_explains(sold, path, row):
    order = sold()
    values = [order if value == "{order}" else value for value in row]
    with closing(sqlite3.connect(path)) as conn, pytest.raises(sqlite3.IntegrityError):
        conn.execute(f"INSERT INTO quota_entry VALUES ({', '.join('?' * len(values))})", values)
