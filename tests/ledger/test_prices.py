"""What a sale's lines cost beside the list price, what was dealt for lately, and an older file."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.records import Sale
from edge.domain.values import Fen, Sku
from edge.errors import LedgerError
from edge.ledger import prices
from edge.ledger.outbox import Outbox
from edge.ledger.reading import Reading, session_view
from edge.ledger.schema import migrations
from edge.ledger.tables import MIGRATIONS
from edge.ledger.verify import verify

SKU, DAY = Sku("SX-0001"), 24 * 3600.0


def cheaper(closed, price, discount=0, promotion="limited"):
    """The session with one line, at this price of a list price of 350 and with this discount."""
    (line,) = closed.sale.lines
    line = replace(
        line,
        price=Fen(price),
        list_price=Fen(350) if price < 350 else None,
        discount=Fen(discount),
        amount=Fen(price * line.count - discount),
        promotion=promotion,
    )
    return replace(closed, sale=Sale((line,), prices="0123456789abcdef"))


@pytest.fixture
def sell(ledger, facts):
    """``sell(n, seconds, price, …)``: record a session with a sale of ``count`` pieces."""

    def one(n, seconds, price=350, discount=0, count=1, promotion=""):
        ledger.begin_session(facts.opened(n, seconds), facts.at(seconds))
        closed = facts.closed(n, {"1-01": count}, seconds)
        ledger.close_session(cheaper(closed, price, discount, promotion), facts.at(seconds + 20))

    return one


def test_a_promoted_sale_is_kept_told_and_shown_with_what_made_it_cheaper(ledger, sell, facts, path):
    sell(1, 0, 280, discount=61, count=2, promotion="limited+thirty")
    ledger.checkpoint()
    assert verify(path) == []
    with closing(Outbox(path)) as outbox:
        told = [feed.fact_of(feed.decode(body)) for _, body in outbox.events(0, 100)]
    (sale,) = [fact for fact in told if isinstance(fact, feed.SaleSettled)]
    (line,) = sale.lines
    assert (sale.total_fen, sale.discount_fen, sale.prices) == (499, 61, "0123456789abcdef")
    assert (line.price_fen, line.list_price_fen, line.discount_fen, line.amount_fen) == (280, 350, 61, 499)
    assert line.promotion == "limited+thirty"
    seen = session_view(Reading(path).session_of(facts.id(1)), lambda _: ("", ""))
    assert (seen.total_fen, seen.discount_fen) == (499, 61)
    assert [(x.price_fen, x.list_price_fen, x.discount_fen) for x in seen.lines] == [(280, 350, 61)]


@pytest.mark.parametrize(
    ("price", "discount", "promotion", "why"),
    [
        (280, 561, "limited", "less than nothing"),
        (350, 0, "limited", "a promotion that made nothing cheaper"),
        (280, 0, "", "a lower price that nothing explains"),
        (350, 10, "", "a discount that nothing explains"),
    ],
)
def test_a_line_that_does_not_add_up_is_refused(ledger, sell, path, price, discount, promotion, why):
    with pytest.raises(LedgerError, match="CHECK constraint failed"):
        sell(1, 0, price, discount, 2, promotion)
    assert verify(path) == [], why


def test_a_price_above_the_list_price_is_refused(ledger, facts):
    ledger.begin_session(facts.opened(1), facts.at(0))
    closed = cheaper(facts.closed(1), 350)
    dear = replace(closed.sale.lines[0], price=Fen(400), amount=Fen(400), list_price=Fen(350))
    with pytest.raises(LedgerError, match="CHECK constraint failed"):
        ledger.close_session(replace(closed, sale=Sale((dear,))), facts.at(20))


@pytest.mark.parametrize(
    ("sold", "lowest"),
    [
        pytest.param([], {}, id="nothing sold"),
        pytest.param([(0, 350, 0, 1)], {SKU: 350}, id="one sale"),
        pytest.param([(0, 350, 0, 1), (60, 280, 0, 2)], {SKU: 280}, id="the lowest of two"),
        pytest.param([(0, 280, 61, 2)], {SKU: 249}, id="after its discount, rounded down"),
        pytest.param([(-7 * DAY - 21, 280, 0, 1), (0, 350, 0, 1)], {SKU: 350}, id="longer ago than 7 days"),
        pytest.param([(-7 * DAY - 19, 280, 0, 1), (0, 350, 0, 1)], {SKU: 280}, id="within 7 days"),
    ],
)
def test_the_lowest_deal_of_seven_days_is_what_was_truly_paid_for_a_piece(ledger, sell, facts, sold, lowest):
    for n, (seconds, price, discount, count) in enumerate(sold, 1):
        sell(n, seconds, price, discount, count, "p" if price < 350 or discount else "")
    assert ledger.lowest_deals(facts.at(0), 7) == lowest


def test_the_lowest_deals_are_found_by_an_index(ledger, sell, path):
    with closing(sqlite3.connect(path)) as conn:
        plan = conn.execute(f"EXPLAIN QUERY PLAN {prices._DEALS}", ("2026",)).fetchall()
    assert "session_closed" in str(plan)
    assert "SCAN" not in str(plan)


# --- a file of before -------------------------------------------------------------------------------
BEFORE = MIGRATIONS[: MIGRATIONS.index("m005_prices")]


@pytest.fixture
def older(tmp_path, open_at, facts):
    """A file that the version before m005 would have written: two sales and an open session."""
    new, old = tmp_path / "new" / "ledger.db", tmp_path / "old.db"
    with closing(open_at(new)) as ledger:
        ledger.open_stock([facts.restock(10), facts.restock(5, "1-02")], facts.at(0))
        for n, took in ((1, {"1-01": 2, "1-02": 1}), (2, {"1-01": 1})):
            ledger.begin_session(facts.opened(n, 60 * n), facts.at(60 * n))
            ledger.close_session(facts.closed(n, took, 60 * n), facts.at(60 * n + 20))
        ledger.begin_session(facts.opened(3, 300), facts.at(300))
        ledger.checkpoint()
    with closing(Database(sqlite3.connect(old, isolation_level="IMMEDIATE"))) as db:
        migrations.apply(db, stop_before="m005_prices")
    with closing(sqlite3.connect(old)) as conn, closing(sqlite3.connect(new)) as source, conn:
        copy(source, conn)
    return old


LATER = ("paid", "unit", "discount_fen", "prices")
LATER_IN_LINES = ("list_price_fen", "discount_fen", "promotion", "supplier_id", "supply_price_fen")


def older_events(rows):
    """The events as they were told when sales said less, chained anew."""
    last = feed.GENESIS
    for seq, id, kind, time, _, _, body in rows:
        event = json.loads(body)
        if kind == "sale.settled.v1":
            data = {name: value for name, value in event["data"].items() if name not in LATER}
            kept = [{k: v for k, v in line.items() if k not in LATER_IN_LINES} for line in data["lines"]]
            event["data"] = data | {"lines": kept}
        event["prev"] = last
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        yield seq, id, kind, time, last, feed.sha256(body), body
        last = feed.sha256(body)


def copy(source, conn):
    """Every row of today's file in the older file's columns; a grant without what it did not have then."""
    triggers = conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
    for name, _ in triggers:  # they want the order in which things happened
        conn.execute(f"DROP TRIGGER {name}")
    tables = conn.execute("SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE '%sqlite%'")
    for (table,) in tables.fetchall():
        conn.execute(f"DELETE FROM {table}")
        columns = [name for _, name, *_ in conn.execute(f"PRAGMA table_info({table})")]
        rows = source.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY 1").fetchall()
        for row in older_events(rows) if table == "event" else rows:
            conn.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
    for n, body in conn.execute("SELECT n, body FROM session_journal WHERE note = 'granted'").fetchall():
        grant = json.loads(body)
        for later in ("offered", "promotions", "price_list"):
            del grant[later]
        conn.execute("UPDATE session_journal SET body = ? WHERE n = ?", (json.dumps(grant), n))
    last = conn.execute("SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1").fetchone()
    conn.execute("UPDATE feed SET last_seq = ?, last_hash = ?", last)
    for _, sql in triggers:
        conn.execute(sql)


def test_an_older_file_is_brought_up_to_date_with_nothing_altered_and_sells_on(older, open_at, facts):
    with closing(Outbox(older)) as outbox:
        before = outbox.events(0, 100)
    with closing(open_at(older)) as ledger:
        assert (ledger.unfinished().prices, ledger.unfinished().promotions) == ({SKU: Fen(350)}, ())
        assert ledger.lowest_deals(facts.at(400), 7) == {SKU: 350}
        assert verify(older) == []
        ledger.close_session(cheaper(facts.closed(3, {"1-01": 1}, 300), 280), facts.at(320))
    assert verify(older) == []
    with closing(Outbox(older)) as outbox:
        assert outbox.events(0, 100)[: len(before)] == before
    with closing(sqlite3.connect(older)) as conn:
        found = conn.execute("SELECT list_price_fen, discount_fen, promotion FROM sale_line ORDER BY sale")
        assert found.fetchall() == [(350, 0, "")] * 3 + [(350, 0, "limited")]


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE sale_line SET promotion = 'x'",
        "DELETE FROM sale_line",
        "INSERT OR REPLACE INTO sale_line SELECT * FROM sale_line",
        "INSERT INTO sale_line SELECT sale, 9, tray, sku, name, 1, 1, 1, 0, '', 1, 0, '', '' FROM sale_line",
        "INSERT INTO sale SELECT max(n) + 1, 'X', 's', 'b', 0, 0, 0, '' FROM sale",
    ],
)
def test_lines_and_sales_are_sealed_again(older, open_at, sql):
    open_at(older).close()
    with closing(sqlite3.connect(older)) as conn:
        conn.execute("PRAGMA recursive_triggers = ON")
        with pytest.raises(sqlite3.IntegrityError, match=r"append-only|sealed|not the sum"):
            conn.execute(sql)
    assert verify(older) == []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE sale_line SET list_price_fen = 360, promotion = 'x' WHERE sale = 2",
        "UPDATE sale SET discount_fen = 5 WHERE n = 2",
        "UPDATE sale SET prices = 'other' WHERE n = 2",
    ],
)
def test_what_somebody_changed_afterwards_is_named(older, open_at, sql):
    open_at(older).close()
    with closing(sqlite3.connect(older)) as conn, conn:
        conn.execute("DROP TRIGGER sale_line_no_update")
        conn.execute("DROP TRIGGER sale_no_update")
        conn.execute(sql)
    (problem,) = verify(older)
    assert "-000002 or its lines were altered" in problem


def test_a_sale_of_now_is_within_the_days_that_are_asked_for(ledger, sell, facts):
    sell(1, 0)
    later = replace(facts.at(0), wall=facts.at(0).wall + timedelta(days=8))
    assert ledger.lowest_deals(later, 7) == {}
