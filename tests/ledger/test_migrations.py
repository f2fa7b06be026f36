"""A file of the first version, in which a tray held one product, becomes one of today with all it told."""

import json
import re
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from click.testing import CliRunner
from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.stock import NO_LOT, OPENING, Held
from edge.errors import BadInput, LedgerError
from edge.ledger import pins
from edge.ledger.cli import ledger as command
from edge.ledger.outbox import Outbox
from edge.ledger.reading import Reading, session_view
from edge.ledger.schema import migrations
from edge.ledger.verify import verify

SKU = "SX-0001"
REFERENCE, GONE = "ab12" * 8, "ef56" * 8
AS_THEY_WERE = ("meta", "session", "sale_line", "sale", "stock_movement")
"""Tables of both versions whose rows are the same, but for columns that came later."""

LOT_FIELDS = ("lot", "produced_on", "expires_on")


def one_product(tray):
    """A tray's verdict as the first version told it."""
    goods = tray.pop("goods")
    for later in ("alternatives", "curve", "events"):
        tray.pop(later, None)
    return tray | {"sku": SKU, "count": goods[0]["count"] if goods else 0}


def first_events(rows):
    """The events with sessions told as the first version did, chained anew."""
    last = feed.GENESIS
    for seq, id, kind, time, _, _, body in rows:
        event = json.loads(body)
        if kind == "session.closed.v1":
            event["data"]["trays"] = [one_product(tray) for tray in event["data"]["trays"]]
        if kind == "stock.moved.v1":
            event["data"] = {name: value for name, value in event["data"].items() if name not in LOT_FIELDS}
        if kind == "sale.settled.v1":
            for later in ("paid", "unit", "discount_fen", "prices"):
                del event["data"][later]
        event["prev"] = last
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        yield seq, id, kind, time, last, feed.sha256(body), body
        last = feed.sha256(body)


def first_granted(body):
    """A grant's note: prices by tray, one product each."""
    grant = json.loads(body)
    grant["skus"] = dict.fromkeys(grant["before"], SKU)
    grant["prices"] = dict.fromkeys(grant["before"], 350)
    return json.dumps(grant)


def first_version(new, old):
    """A file at ``old`` as the first version would have written what the ledger at ``new`` holds."""
    with closing(Database(sqlite3.connect(old, isolation_level="IMMEDIATE"))) as db:
        migrations.apply(db, stop_before="m002_goods_of_a_tray")
    with closing(sqlite3.connect(old)) as conn, closing(sqlite3.connect(new)) as source, conn:
        triggers = conn.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:  # they want the order in which things happened
            conn.execute(f"DROP TRIGGER {name}")
        for n, session, note, body, *rest in source.execute("SELECT * FROM session_journal"):
            body = first_granted(body) if note == "granted" else body
            conn.execute(
                "INSERT INTO session_journal VALUES (?, ?, ?, ?, ?, ?, ?)", (n, session, note, body, *rest)
            )
        for session, tray, verdict, goods, *levels, _, _ in source.execute("SELECT * FROM tray_evidence"):
            of = json.loads(goods)[0] if goods != "[]" else {"count": 0, "booked": 7}
            row = (session, tray, SKU, verdict, of["count"], of["booked"], *levels)
            conn.execute(f"INSERT INTO tray_evidence VALUES ({', '.join('?' * len(row))})", row)
        for table in AS_THEY_WERE:
            columns = ", ".join(name for _, name, *_ in conn.execute(f"PRAGMA table_info({table})"))
            for row in source.execute(f"SELECT {columns} FROM {table}"):
                conn.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)
        for row in first_events(source.execute("SELECT * FROM event ORDER BY seq").fetchall()):
            conn.execute("INSERT INTO event VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        conn.execute("UPDATE feed SET last_seq = ?, last_hash = ?", (row[0], row[5]))
        for _, sql in triggers:
            conn.execute(sql)


def opened(count):
    """Pieces of before the ledger knew of lots."""
    return Held(NO_LOT, count, OPENING)


@pytest.fixture
def old(tmp_path, open_at, facts):
    """A ledger of the first version: a sale of two trays, a session in review, and one that is open."""
    new, path = tmp_path / "new" / "ledger.db", tmp_path / "old.db"
    with closing(open_at(new)) as ledger:
        ledger.open_stock([facts.restock(10), facts.restock(5, "1-02")], facts.at(0))
        ledger.begin_session(facts.opened(1), facts.at(1))
        ledger.close_session(facts.closed(1, {"1-01": 2, "1-02": 1}), facts.at(30))
        ledger.begin_session(facts.opened(2, 60), facts.at(60))
        silent = facts.evidence("1-03", 0, "review", before=None)
        trays = (silent, facts.evidence("1-01", 3, "review"))
        doubtful = replace(facts.closed(2, {}, 60), state="REVIEW", verdict="review", trays=trays)
        ledger.close_session(doubtful, facts.at(90))
        ledger.begin_session(facts.opened(3, 100), facts.at(100))
        ledger.checkpoint()
    first_version(new, path)
    return path


@pytest.fixture
def renewed(old, open_at):
    """The same file after today's program has opened it once."""
    open_at(old).close()
    return old


def rows(path, sql):
    with closing(sqlite3.connect(path)) as conn:
        return conn.execute(sql).fetchall()


EVIDENCE = (
    "SELECT session, tray, verdict, before_dg, after_dg, delta_dg, residual_dg, reasons, events"
    " FROM tray_evidence"
)


def test_evidence_is_kept_when_a_file_is_brought_up_to_date(old, open_at, facts):
    before = rows(old, EVIDENCE)
    assert len(before) == 5
    open_at(old).close()
    assert rows(old, EVIDENCE) == before
    found = rows(old, "SELECT session, tray, goods, alternatives, curve FROM tray_evidence")
    assert {(int(session, 16), tray): json.loads(goods) for session, tray, goods, *_ in found} == {
        (1, "1-01"): [{"sku": SKU, "count": 2, "booked": 10}],
        (1, "1-02"): [{"sku": SKU, "count": 1, "booked": 5}],
        (1, "1-03"): [],
        (2, "1-01"): [{"sku": SKU, "count": 3, "booked": 8}],
        (2, "1-03"): [],
    }
    assert {more for *_, alternatives, curve in found for more in (alternatives, curve)} == {"[]"}


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE tray_evidence SET goods = '[]'",
        "DELETE FROM tray_evidence",
        "INSERT OR REPLACE INTO tray_evidence SELECT * FROM tray_evidence",
        f"INSERT INTO tray_evidence VALUES ('{1:032x}', '9', 'empty', '[]', 1, 1, 0, 0"
        ", '[]', '[]', '[]', '[]')",
    ],
)
def test_evidence_is_sealed_again(renewed, sql):
    before = rows(renewed, "SELECT * FROM tray_evidence")
    with closing(sqlite3.connect(renewed)) as conn:
        conn.execute("PRAGMA recursive_triggers = ON")
        with pytest.raises(sqlite3.IntegrityError, match=r"append-only|session is closed"):
            conn.execute(sql)
    assert rows(renewed, "SELECT * FROM tray_evidence") == before


def test_a_file_brought_up_to_date_has_nothing_altered_and_goes_on(renewed, open_at, facts):
    assert verify(renewed) == []
    with closing(open_at(renewed)) as ledger:
        assert ledger.on_hand() == {("1-01", SKU): 8, ("1-02", SKU): 4}
        assert ledger.lots() == {("1-01", SKU): (opened(8),), ("1-02", SKU): (opened(4),)}
        assert ledger.close_session(facts.closed(3, {"1-02": 1}, 100), facts.at(130))
    assert verify(renewed) == []


def test_its_old_events_are_sent_byte_for_byte_and_understood(old, open_at):
    with closing(Outbox(old)) as outbox:
        before = outbox.events(0, 100)
    open_at(old).close()
    with closing(Outbox(old)) as outbox:
        assert outbox.events(0, 100) == before
    told = [feed.fact_of(feed.decode(body)) for _, body in before]
    sessions = [fact for fact in told if isinstance(fact, feed.SessionClosed)]
    assert [{tray.tray: tray.goods for tray in fact.trays} for fact in sessions] == [
        {
            "1-01": (feed.Goods(sku=SKU, count=2),),
            "1-02": (feed.Goods(sku=SKU, count=1),),
            "1-03": (),
        },
        {"1-01": (feed.Goods(sku=SKU, count=3),), "1-03": ()},
    ]


@pytest.mark.parametrize(
    ("sql", "session"),
    [
        ("UPDATE tray_evidence SET goods = '[]' WHERE tray = '1-02'", 1),
        ("UPDATE tray_evidence SET goods = replace(goods, 'SX', 'SY') WHERE verdict = 'review'", 2),
        ("UPDATE tray_evidence SET curve = '[[1,2]]' WHERE tray = '1-02'", 1),
        ("DELETE FROM tray_evidence WHERE tray = '1-02'", 1),
    ],
)
def test_what_somebody_changed_afterwards_is_still_named(renewed, sql, session):
    with closing(sqlite3.connect(renewed)) as conn, conn:
        conn.execute("DROP TRIGGER tray_evidence_no_update")
        conn.execute("DROP TRIGGER tray_evidence_no_delete")
        conn.execute(sql)
    (problem,) = verify(renewed)
    assert re.search(rf"session 0+{session} or its lines were altered", problem)


def test_a_past_session_is_still_the_view_its_opener_saw(renewed, facts):
    sold, doubted = (
        session_view(Reading(renewed).session_of(facts.id(n)), lambda _: ("", "")) for n in (1, 2)
    )
    assert [(x.tray, x.count, x.amount_fen, x.sure) for x in sold.lines] == [
        ("1-01", 2, 700, True),
        ("1-02", 1, 350, True),
    ]
    assert (sold.lines[0].evidence.before, sold.lines[0].evidence.after) == (10, 8)
    assert [(event.action, event.count) for event in sold.lines[0].evidence.events] == [("TAKE", 2)]
    assert [(x.tray, x.count, x.price_fen, x.amount_fen, x.sure) for x in doubted.lines] == [
        ("1-01", 3, 350, 0, False)
    ]


def test_a_session_that_was_open_can_be_taken_up(renewed, open_at, facts):
    with closing(open_at(renewed)) as ledger:
        found = ledger.unfinished()
    assert (found.id, found.prices) == (facts.id(3), {SKU: 350})
    assert found.skus == dict.fromkeys(facts.trays, (SKU,))


def test_a_file_of_an_older_version_is_not_called_damaged_but_said_to_be_older(old):
    with pytest.raises(LedgerError, match=r"older version.*m002_goods_of_a_tray.*counter run"):
        verify(old)
    found = CliRunner().invoke(command, ["verify", "--db", str(old)])
    assert isinstance(found.exception, LedgerError)
    assert not isinstance(found.exception, BadInput)


def test_an_old_file_is_brought_up_to_date_whole_or_not_at_all(old, open_at):
    with closing(sqlite3.connect(old)) as conn, conn:
        conn.execute("DROP TRIGGER tray_evidence_sealed")
        conn.execute("CREATE TRIGGER tray_evidence_sealed BEFORE INSERT ON sale BEGIN SELECT 1; END")
    before = rows(old, "SELECT * FROM tray_evidence")
    with pytest.raises(LedgerError, match="tray_evidence_sealed already exists"):
        open_at(old)
    assert rows(old, "SELECT * FROM tray_evidence") == before


def test_tries_that_stood_under_a_login_go_on_under_its_reference_and_the_login_is_gone(path, open_at, facts):
    with closing(open_at(path)) as ledger:  # as an earlier version counted; cards count for themselves
        for login in ("lin-xiaomei", "wang-da-shan", pins.BADGES, GONE):
            for _ in range(5):
                ledger.count_try(login, facts.at(1), 5, 900.0)
    with closing(open_at(path)) as ledger:
        ledger.know_accounts({"lin-xiaomei": REFERENCE, "other": "cd34" * 8}, facts.at(2))
        assert ledger.locked_for(REFERENCE, facts.at(2)) > 890
        assert ledger.locked_for("wang-da-shan", facts.at(2)) == 0
        assert ledger.locked_for(pins.BADGES, facts.at(2)) > 890
        assert ledger.locked_for(GONE, facts.at(2)) > 890  # an account that the roster has no more
        ledger.know_accounts({"lin-xiaomei": REFERENCE}, facts.at(3))
        assert ledger.locked_for(REFERENCE, facts.at(3)) > 890
    kept = b"".join(each.read_bytes() for each in path.parent.iterdir() if each.is_file())
    assert REFERENCE.encode() in kept
    assert b"lin-xiaomei" not in kept
    assert b"wang-da-shan" not in kept
