"""What others see of the ledger: outbox, delivery mark, past sessions, verify, export, the command line."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from dataclasses import replace

import pytest
from click.testing import CliRunner

from cloud_bridge import feed
from edge.domain.records import Movement
from edge.domain.view import SessionView
from edge.errors import BadInput, LedgerError, NoInput
from edge.ledger.bench import bench_ledger
from edge.ledger.cli import ledger as command
from edge.ledger.delivery import acknowledged
from edge.ledger.outbox import Outbox
from edge.ledger.reading import Reading, session_view
from edge.ledger.verify import export, verify


@pytest.fixture
def sold(ledger, facts):
    """A ledger with stock, a sale of two lines, an empty visit, a review and an appeal."""
    ledger.open_stock([facts.restock(10), facts.restock(5, "1-02")], facts.at(0))
    ledger.begin_session(facts.opened(1), facts.at(1))
    ledger.close_session(facts.closed(1, {"1-01": 2, "1-02": 1}), facts.at(30))
    ledger.close_session(facts.closed(2, {}, seconds=60), facts.at(90))
    ledger.begin_session(facts.opened(3, 100), facts.at(100))
    doubtful = replace(
        facts.closed(3, {"1-01": 1}, seconds=100),
        state="REVIEW",
        verdict="review",
        trays=(facts.evidence("1-01", 1), facts.evidence("1-02", 2, "review")),
    )
    ledger.close_session(doubtful, facts.at(130))
    ledger.appeal(facts.id(1), "没拿", facts.at(140))
    return ledger


# --- outbox ----------------------------------------------------------------------------------------
def test_the_outbox_gives_events_as_bytes_oldest_first(sold, path):
    with closing(Outbox(path)) as outbox:
        assert outbox.incarnation() == sold.incarnation
        last = outbox.last_seq()
        everything = outbox.events(0, 1000)
        assert [seq for seq, _ in everything] == list(range(1, last + 1))
        assert [feed.decode(body).seq for _, body in everything] == list(range(1, last + 1))
        assert outbox.events(3, 2) == everything[3:5]
        assert outbox.events(last, 10) == []


def test_an_outbox_sees_what_is_sold_after_it_was_opened(ledger, path, facts):
    with closing(Outbox(path)) as outbox:
        assert (outbox.last_seq(), outbox.events(0, 10)) == (0, [])
        ledger.close_session(facts.closed(1), facts.at(30))
        assert (outbox.last_seq(), len(outbox.events(0, 10))) == (3, 3)


# --- delivery --------------------------------------------------------------------------------------
def test_without_a_bridge_nothing_is_known_to_be_acknowledged(tmp_path):
    bridge = tmp_path / "bridge.db"
    assert acknowledged(bridge) is None
    bridge.write_bytes(b"")
    assert acknowledged(bridge) is None


def test_the_mark_is_read_from_the_bridges_file(tmp_path):
    bridge = tmp_path / "bridge.db"
    with closing(sqlite3.connect(bridge)) as conn, conn:
        conn.execute("CREATE TABLE mark (inc TEXT PRIMARY KEY, through INTEGER NOT NULL, at TEXT NOT NULL)")
        assert acknowledged(bridge) is None
        conn.execute("INSERT INTO mark VALUES ('old', 900, '2026-11-22T06:00:00.000Z')")
        conn.execute("INSERT INTO mark VALUES ('new', 7, '2026-11-23T06:00:00.000Z')")
        conn.commit()
    newest = acknowledged(bridge)
    assert (newest.inc, newest.through, newest.at.isoformat()) == ("new", 7, "2026-11-23T06:00:00+00:00")
    assert acknowledged(bridge, "old").through == 900
    assert acknowledged(bridge, "other") is None


# --- past sessions ---------------------------------------------------------------------------------
def names(sku):
    return ("山泉水", "Spring water")


def test_a_past_session_becomes_the_view_its_opener_sees(sold, path, facts):
    past = Reading(path).session_of(facts.id(1))
    view = session_view(past, names)
    assert isinstance(view, SessionView)
    assert (view.session, view.kind, view.state, view.verdict) == (facts.id(1), "BUY", "SETTLED", "charge")
    assert (view.total_fen, view.certified_fen, view.order_no[-6:]) == (1050, 700, "000001")
    assert (view.appeal, view.closed_at) == ("received", "2026-11-23T06:00:20.000Z")
    assert [(x.tray, x.count, x.amount_fen, x.sure, x.name_en) for x in view.lines] == [
        ("1-01", 2, 700, True, "Spring water"),
        ("1-02", 1, 350, True, "Spring water"),
    ]
    evidence = view.lines[0].evidence
    assert (evidence.before, evidence.after) == (10, 8)
    assert [(moved.at, moved.action, moved.count) for moved in evidence.events] == [
        ("2026-11-23T06:00:02.500Z", "TAKE", 2)
    ]
    assert past.opener == "b-1"


def test_a_tray_in_review_is_a_line_that_costs_nothing(sold, path, facts):
    view = session_view(Reading(path).session_of(facts.id(3)), names)
    assert [(x.tray, x.count, x.price_fen, x.amount_fen, x.sure, x.name) for x in view.lines] == [
        ("1-01", 1, 350, 350, True, "山泉水(示例)"),
        ("1-02", 2, 350, 0, False, "山泉水"),
    ]
    assert (view.total_fen, view.verdict, view.notice, view.appeal) == (350, "review", "unsure", None)


def test_sessions_open_or_unknown_are_not_past(sold, path, facts):
    sold.begin_session(facts.opened(9), facts.at(200))
    assert Reading(path).session_of(facts.id(9)) is None
    assert Reading(path).session_of(facts.id(8)) is None
    assert Reading(path).session_of(facts.id(2)).lines == ()


def test_the_last_sales_come_newest_first(sold, path, facts):
    assert [sale.id for sale in Reading(path).last_sales(10)] == [facts.id(3), facts.id(1)]
    assert [sale.total for sale in Reading(path).last_sales(1)] == [350]


# --- verify ----------------------------------------------------------------------------------------
def test_a_sound_ledger_has_no_problems_even_while_it_is_open(sold, path):
    assert verify(path) == []


def flipped(path, needle, at=0):
    """A copy of the file with one bit changed inside each place where ``needle`` stands."""
    copy = path.with_name("copy.db")
    data = bytearray(path.read_bytes())
    found, start = 0, data.find(needle)
    while start >= 0:
        data[start + at] ^= 1
        found, start = found + 1, data.find(needle, start + 1)
    assert found
    copy.write_bytes(data)
    return copy


@pytest.mark.parametrize("seq", [1, 3, 7])
def test_one_flipped_byte_names_the_event(sold, path, seq):
    with closing(Outbox(path)) as outbox:
        body = dict(outbox.events(0, 100))[seq]
    sold.close()
    assert verify(flipped(path, body, at=len(body) // 2))[0] == (
        f"event {seq} was altered: its bytes do not have the hash that was kept"
    )


TAMPERING = [
    (
        "UPDATE sale SET total_fen = total_fen + 1 WHERE n = 1",
        "sale XA-001-.*-000001 or its lines were altered",
    ),
    ("UPDATE sale_line SET name = 'other' WHERE sale = 1 AND line = 2", "sale XA-001-.*-000001 or its lines"),
    ("DELETE FROM sale_line WHERE sale = 1 AND line = 2", "sale XA-001-.*-000001 or its lines"),
    ("UPDATE session SET opener = 'b-2' WHERE n = 2", "session 0+2 or its lines were altered"),
    ("UPDATE tray_evidence SET residual_dg = 0 WHERE tray = '1-02'", "session 0+1 or its lines were altered"),
    ("UPDATE tray_evidence SET goods = '[]' WHERE tray = '1-02'", "session 0+[13] or its lines were altered"),
    (
        "UPDATE tray_evidence SET alternatives = '[{\"goods\":[],\"permille\":1}]' WHERE tray = '1-03'",
        "session 0+1 or its lines",
    ),
    ("UPDATE tray_evidence SET curve = '[[1,2]]' WHERE tray = '1-03'", "session 0+1 or its lines"),
    ("UPDATE stock_movement SET count = 99 WHERE n = 1", "stock_movement .*-1 or its lines were altered"),
    ("UPDATE stock_movement SET lot = 'other' WHERE n = 1", "stock_movement .*-1 or its lines were altered"),
    (
        "UPDATE stock_movement SET expires_on = '2029-01-01' WHERE n = 1",
        "stock_movement .*-1 or its lines were altered",
    ),
    ("DELETE FROM stock_movement WHERE n = 2", "stock_movement .*-2 is missing: event 2 tells of it"),
    ("DELETE FROM appeal", "appeal 0+1 is missing"),
    (
        "INSERT INTO stock_movement VALUES (99, '1-01', 'S', 'ADJUST', 5, NULL, '', '', '', NULL, NULL)",
        "stock_movement has 6 rows, the events tell of 5",
    ),
    ("DELETE FROM event WHERE seq = 4", "event 4 is missing: 5 comes in its place"),
    ("DELETE FROM event WHERE seq > 10", "event 11 is missing: the feed counted to 1"),
    ("UPDATE event SET type = 'alarm.raised.v1' WHERE seq = 3", "event 3 says"),
    ("UPDATE event SET prev = hash WHERE seq = 3", "event 3 does not follow event 2"),
    ("UPDATE feed SET last_seq = 9", "is not the one that the feed's row names"),
    ("UPDATE meta SET incarnation = '0123456789abcdef'", "event 1 says"),
    ("DELETE FROM sale WHERE n = 1", "sale_line: a row refers to a row of sale that is not there"),
]


@pytest.mark.parametrize(("sql", "named"), TAMPERING)
def test_what_somebody_changed_behind_our_back_is_named(sold, path, sql, named):
    sold.close()
    with closing(sqlite3.connect(path)) as conn, conn:
        for (trigger,) in conn.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            conn.execute(f"DROP TRIGGER {trigger}")
        conn.execute("PRAGMA ignore_check_constraints = 1")
        conn.execute(sql)
    problems = verify(path)
    assert any(re.search(named, problem) for problem in problems), problems


def test_an_event_made_again_with_a_fresh_hash_still_breaks_the_chain(sold, path):
    sold.close()
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("DROP TRIGGER event_no_update")
        (body,) = conn.execute("SELECT body FROM event WHERE seq = 3").fetchone()
        forged = body.replace(b'"total_fen":1050', b'"total_fen":9050')
        conn.execute("UPDATE event SET body = ?, hash = ? WHERE seq = 3", (forged, feed.sha256(forged)))
    assert verify(path)[0].startswith("event 4 does not follow event 3")


def test_a_file_that_lost_its_middle_is_reported_not_raised(sold, path):
    sold.close()
    data = bytearray(path.read_bytes())
    data[4096 * 3 : 4096 * 30] = bytes(4096 * 27)
    path.write_bytes(data)
    assert verify(path)


# --- the command line ------------------------------------------------------------------------------
def run(*arguments):
    return CliRunner().invoke(command, arguments)


def test_the_export_is_the_events_byte_for_byte(sold, path):
    lines = run("export", "--db", str(path)).stdout_bytes.splitlines()
    assert lines == list(export(path))
    assert feed.sha256(lines[0]) == feed.decode(lines[1]).prev
    assert run("export", "--db", str(path), "--after", "3", "--json").stdout_bytes.splitlines() == lines[3:]


def test_verify_says_so_in_words_and_in_json(sold, path):
    good = run("verify", "--db", str(path), "--json")
    assert (good.exit_code, json.loads(good.stdout)) == (0, {"ok": True, "problems": []})
    assert "nothing missing" in run("verify", "--db", str(path)).stdout
    copy = path.with_name("copy.db")
    sold.close()
    shutil.copy(path, copy)
    with closing(sqlite3.connect(copy)) as conn, conn:
        conn.execute("DROP TRIGGER sale_no_update")
        conn.execute("UPDATE sale SET buyer = 'b-9'")
    bad = run("verify", "--db", str(copy), "--json")
    assert isinstance(bad.exception, BadInput)
    assert bad.exception.exit_code == 65
    assert len(json.loads(bad.stdout)["problems"]) == 2


def test_stats_count_rows_bytes_and_what_the_centre_has_not(sold, path):
    with closing(sqlite3.connect(path.with_name("bridge.db"))) as conn, conn:
        conn.execute("CREATE TABLE mark (inc TEXT PRIMARY KEY, through INTEGER NOT NULL, at TEXT NOT NULL)")
        conn.execute("INSERT INTO mark VALUES (?, 4, '2026-11-23T06:00:00.000Z')", (sold.incarnation,))
    found = json.loads(run("stats", "--db", str(path), "--json").stdout)
    with closing(Outbox(path)) as outbox:
        assert found["unacknowledged"] == outbox.last_seq() - 4
    assert (found["sale"], found["sale_line"], found["session"], found["total_fen"]) == (2, 3, 3, 1400)
    assert "total_fen  1400" in run("stats", "--db", str(path)).stdout


def test_a_missing_file_is_a_missing_input(tmp_path):
    assert isinstance(run("stats", "--db", str(tmp_path / "none.db")).exception, NoInput)


# --- benchmark -------------------------------------------------------------------------------------
def test_the_benchmark_measures_all_four_and_cleans_up(tmp_path):
    found = bench_ledger(tmp_path, n=6, rounds=2)
    for who in ("ours", "raw", "chained", "disk"):
        assert set(found[who]) == {"per_s", "p50_ms", "p99_ms", "cpu_us"}
        assert found[who]["per_s"] > 0
    assert found["to_raw"] > 0
    assert list(tmp_path.iterdir()) == []


def test_a_movement_of_nothing_is_refused(ledger, facts):
    with pytest.raises(LedgerError, match="CHECK"):
        ledger.move_stock([Movement("1-01", "S", "ADJUST", 0)], None, facts.at(0))
    assert ledger.on_hand() == {}
