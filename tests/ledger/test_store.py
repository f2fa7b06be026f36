import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from threading import Thread

import pytest
from sqlite_utils import Database

from edge.domain.orders import Ended, Outcome
from edge.domain.values import Fen
from edge.errors import Busy, CannotCreate, CounterError, LedgerError, NoInput
from edge.ledger import store
from edge.ledger.reader import count, open_reader
from edge.ledger.schema import migrations
from edge.ledger.store import SETTINGS
from edge.ledger.tables import APPEND_ONLY, MIGRATION_TABLE, MIGRATIONS, TABLES
from edge.ledger.verify import verify


def filled(ledger, facts):
    """The store under ``ledger``, which then holds a row of everything append-only."""
    ledger.open_stock([facts.restock()], facts.at(0))
    ledger.begin_session(facts.opened(1), facts.at(1))
    closed = replace(facts.closed(1), intake=(facts.taken_in(),))
    line = replace(closed.sale.lines[0], supplier_id="S001", supply_price=Fen(252))
    sold = ledger.close_session(replace(closed, sale=replace(closed.sale, lines=(line,))), facts.at(30))
    ledger.orders.refuse(
        "0" * 32, "jws", Ended("command-1", "resume", Outcome.REFUSED, "EXPIRED"), facts.at(36)
    )
    ledger.refund(sold, Fen(1), "示例", facts.at(35))
    ledger.appeal(facts.id(1), "没拿", facts.at(40))
    ledger.calibrate([facts.weighed()], facts.at(50))
    return ledger._store


@pytest.fixture
def store_(ledger, facts):
    return filled(ledger, facts)


@pytest.fixture(scope="module")
def attacked(tmp_path_factory, open_at, facts):
    """One store for all attacks: each must leave it as it was."""
    with closing(open_at(tmp_path_factory.mktemp("attacked") / "ledger.db")) as ledger:
        yield filled(ledger, facts)


def snapshot(path):
    with closing(sqlite3.connect(path)) as conn:
        return list(conn.iterdump())


# --- what a file is opened with --------------------------------------------------------------------
def test_the_file_is_opened_durable(store_):
    found = {name: store_.query(f"PRAGMA {name}")[0][0] for name in SETTINGS}
    assert found == {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "busy_timeout": 5000,
        "wal_autocheckpoint": 0,
    }


@pytest.mark.parametrize("name", ["synchronous", "foreign_keys", "recursive_triggers", "busy_timeout"])
def test_it_refuses_to_run_where_a_setting_does_not_hold(path, open_at, monkeypatch, name):
    monkeypatch.setitem(store.SETTINGS, name, f"{SETTINGS[name]}7")  # SQLite keeps another value
    if name == "busy_timeout":
        monkeypatch.setitem(store.SETTINGS, name, -1)
    with pytest.raises(LedgerError, match=f"PRAGMA {name} is"):
        open_at(path)
    assert not path.exists()


def test_the_tables_are_those_of_the_migrations_all_strict(store_):
    tables = {
        row[1]: row[5] for row in store_.query("PRAGMA table_list") if row[1].startswith("sqlite_") is False
    }
    assert set(tables) - {MIGRATION_TABLE} == TABLES
    assert {name for name, strict in tables.items() if not strict} == {MIGRATION_TABLE}


def test_the_known_migrations_are_the_registered_ones():
    with closing(Database(memory=True)) as empty:
        assert tuple(migration.name for migration in migrations.pending(empty)) == MIGRATIONS


def test_a_newer_file_is_refused_by_writer_and_reader(path, open_at):
    open_at(path).close()
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute(
            f"INSERT INTO {MIGRATION_TABLE} (migration_set, name, applied_at)"
            " VALUES ('ledger', 'm999_future', '')"
        )
    before = snapshot(path)
    for opened in (open_at, open_reader):
        with pytest.raises(LedgerError, match=r"newer version.*m999_future"):
            opened(path)
    assert snapshot(path) == before


def test_another_programs_database_is_left_alone(path, open_at):
    with closing(sqlite3.connect(path)) as conn, conn:
        conn.execute("CREATE TABLE recipes (name)")
    before = path.read_bytes()
    with pytest.raises(LedgerError, match=r"not a ledger.*recipes"):
        open_at(path)
    assert path.read_bytes() == before


def test_another_counters_ledger_is_refused(path, open_at):
    open_at(path, "XA-001").close()
    with pytest.raises(LedgerError, match="of counter XA-001, not of XA-002"):
        open_at(path, "XA-002")
    open_at(path, "XA-001").close()


def test_a_damaged_file_is_refused(path, open_at, facts):
    with closing(open_at(path)) as ledger:
        ledger.open_stock([facts.restock()] * 50, facts.at(0))
    damaged = bytearray(path.read_bytes())
    damaged[4096 * 8 : 4096 * 12] = bytes(4096 * 4)
    path.write_bytes(damaged)
    with pytest.raises(LedgerError, match=r"damaged|malformed"):
        open_at(path)


def test_two_writers_are_one_too_many(path, open_at):
    with closing(open_at(path)), pytest.raises(Busy, match="another process"):
        open_at(path)
    open_at(path).close()


def test_a_directory_that_cannot_be_made_is_named(tmp_path, open_at):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotCreate, match="file"):
        open_at(tmp_path / "file" / "ledger.db")


def test_a_file_that_was_left_half_made_is_made_again(path, open_at):
    (path.parent / "ledger.db.new").write_bytes(b"half")
    with closing(open_at(path)) as ledger:
        assert ledger.on_hand() == {}
    assert not (path.parent / "ledger.db.new").exists()


def test_an_incarnation_is_made_with_the_file_and_stays(path, open_at):
    names = []
    for seed in (1, 2):
        with closing(open_at(path, seed=seed)) as ledger:
            names.append(ledger.incarnation)
    path.unlink()
    with closing(open_at(path, seed=3)) as ledger:
        names.append(ledger.incarnation)
    assert names[0] == names[1] != names[2]
    assert all(len(name) == 16 and int(name, 16) >= 0 for name in names)


# --- what no statement may do ----------------------------------------------------------------------
KEYS = {"tray_evidence": "tray", "sale_line": "line", "sale_supply": "line", "meta": "id", "event": "seq"}
KEYS["command_end"] = "code"
"""A column of each append-only table; n where not named."""

REFUSED = (
    "not authorized|may not be modified|append-only|sealed|is closed|feed: |seq is not contiguous"
    "|hash of the event before|sum of its lines|numbers are contiguous|another session is open"
    "|what is paid is not the total"
)


def attacks():
    for table in APPEND_ONLY:
        yield "UPDATE {0} SET {1} = {1}".format(table, KEYS.get(table, "n"))
        yield f"DELETE FROM {table}"
        yield f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
        yield f"DROP TABLE {table}"
        yield f"ALTER TABLE {table} RENAME TO gone"
        yield f"DROP TRIGGER {table}_no_update"
    yield "UPDATE sale SET total_fen = 0"
    yield "UPDATE sale_line SET amount_fen = 0, price_fen = 0"
    yield "UPDATE tray_evidence SET goods = '[]'"
    yield "INSERT INTO sale VALUES (9, 'X', (SELECT id FROM session), 'b', 0, 0, 0, '')"
    yield "INSERT INTO sale_line SELECT sale, 2, tray, sku, name, 1, 1, 1, 0, '', 1, 0, '', '' FROM sale_line"
    yield (
        "INSERT INTO tray_evidence VALUES ('"
        + f"{1:032x}"
        + "', '9', 'empty', '[]', 1, 1, 0, 0, '[]', '[]', '[]', '[]')"
    )
    yield "INSERT INTO event SELECT seq + 99, 'x', type, time, prev, hash, body FROM event WHERE seq = 1"
    yield "INSERT INTO event SELECT max(seq) + 1, 'x', type, time, prev, hash, body FROM event"
    yield "INSERT INTO event SELECT NULL, 'x', type, time, prev, hash, body FROM event WHERE seq = 1"
    yield "INSERT INTO event SELECT * FROM event WHERE 1 ON CONFLICT (seq) DO UPDATE SET hash = prev"
    yield "UPDATE feed SET last_seq = 0"
    yield "UPDATE feed SET last_hash = 'x'"
    yield "DELETE FROM feed"
    yield "INSERT OR REPLACE INTO feed SELECT id, 0, last_hash FROM feed"
    yield "DROP TRIGGER event_chain"
    yield "CREATE TRIGGER sly AFTER INSERT ON sale BEGIN SELECT 1; END"
    yield "CREATE TABLE sly (x)"
    yield "ATTACH ':memory:' AS sly"
    yield "PRAGMA synchronous = OFF"
    yield "PRAGMA writable_schema = ON"
    yield "PRAGMA foreign_keys = OFF"
    yield "PRAGMA recursive_triggers = OFF"
    yield "PRAGMA journal_mode = DELETE"
    yield "DELETE FROM sqlite_master"


@pytest.mark.parametrize("attack", attacks())
def test_what_was_written_cannot_be_changed_through_the_open_ledger(attacked, attack):
    before = snapshot(attacked.path)
    with pytest.raises(sqlite3.DatabaseError, match=REFUSED), attacked.writing() as db:
        db.execute(attack)
    assert snapshot(attacked.path) == before
    assert verify(attacked.path) == []


@pytest.mark.parametrize("table", APPEND_ONLY)
@pytest.mark.parametrize(
    "verb", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "INSERT OR REPLACE INTO {0} SELECT * FROM {0}"]
)
def test_the_triggers_alone_refuse_another_programs_statements(attacked, table, verb):
    """A plain sqlite3 shell has no authorizer of ours, but it meets the triggers."""
    sql = verb.format(table, KEYS.get(table, "n"))
    with closing(sqlite3.connect(attacked.path)) as conn:
        conn.execute("PRAGMA recursive_triggers = ON")
        with pytest.raises(sqlite3.IntegrityError, match=REFUSED + "|granted"):
            conn.execute(sql)


@pytest.mark.parametrize(
    "sql",
    [
        "BEGIN",
        "BEGIN DEFERRED",
        "BEGIN IMMEDIATE",
        "SAVEPOINT sly",
        "INSERT INTO baseline VALUES ('1-01', 0, '')",
        "DELETE FROM baseline",
    ],
)
def test_nothing_begins_a_transaction_but_writing(attacked, sql):
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        attacked.db.execute(sql)
    assert not attacked.db.conn.in_transaction


def test_the_librarys_own_deferred_transaction_is_refused(store_):
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"), store_.db.atomic():
        pass
    with pytest.raises(sqlite3.DatabaseError, match="not authorized"):
        store_.table("baseline").insert({"tray": "1-01", "weight_dg": 1, "at": ""})
    with store_.writing():
        store_.table("baseline").insert({"tray": "1-01", "weight_dg": 1, "at": ""})
    assert store_.table("baseline").count == 1


def test_a_write_holds_the_file_from_its_first_moment(store_, path):
    with (
        store_.writing(),
        closing(sqlite3.connect(path, timeout=0)) as other,
        pytest.raises(sqlite3.OperationalError, match="locked"),
    ):
        other.execute("BEGIN IMMEDIATE")


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_an_error_inside_a_transaction_takes_all_of_it_back(store_, path, error):
    before = snapshot(path)

    def fail():
        with store_.writing() as db:
            db.execute("INSERT INTO baseline VALUES ('1-01', 0, '')")
            raise error

    with pytest.raises(error):
        fail()
    assert snapshot(path) == before


def test_a_misspelt_table_is_an_error_not_a_new_table(store_, path):
    with pytest.raises(LedgerError, match="no table 'sales'"):
        store_.table("sales")
    with closing(open_reader(path)) as reader, pytest.raises(LedgerError, match="no table 'sales'"):
        count(reader, "sales")


# --- readers ---------------------------------------------------------------------------------------
def test_a_reader_sees_what_is_committed_and_nothing_else(store_, path):
    with closing(open_reader(path)) as reader:
        with store_.writing() as db:
            db.execute("INSERT INTO baseline VALUES ('1-01', 0, '')")
            during = count(reader, "baseline")
        assert (during, count(reader, "baseline")) == (0, 1)


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM baseline",
        "CREATE TABLE x (y)",
        "PRAGMA user_version = 3",
        "UPDATE sale SET total_fen = 0",
    ],
)
def test_a_reader_writes_nothing(attacked, sql):
    with (
        closing(open_reader(attacked.path)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader.execute(sql)


def test_where_no_ledger_is_a_reader_says_so(path):
    with pytest.raises(NoInput, match="counter run"):
        open_reader(path)
    path.write_bytes(b"")
    with pytest.raises(NoInput, match="empty"):
        open_reader(path)
    path.write_bytes(b"not a database, but long enough to be looked at" * 40)
    with pytest.raises(CounterError, match="not a database"):
        open_reader(path)


def test_reading_does_not_load_the_writing_side():
    code = "import sys, edge.ledger.outbox, edge.ledger.delivery; print('sqlite_utils' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.strip() == "False"


# --- the write-ahead log ---------------------------------------------------------------------------
def test_the_log_is_copied_when_asked_and_cut_back_when_it_is_long(store_, path, monkeypatch):
    assert store_.wal_bytes() > 0
    store_.checkpoint()
    copy = path.with_name("copy.db")
    shutil.copy(path, copy)
    assert verify(copy) == []
    monkeypatch.setattr(store, "WAL_LIMIT", 0)
    assert store_.checkpoint() == 0


def test_a_store_that_is_closed_leaves_no_log_behind(path, open_at):
    open_at(path).close()
    assert sorted(p.name for p in path.parent.iterdir()) == ["ledger.db", "ledger.db.lock", "reserve"]


def test_a_store_belongs_to_one_thread(store_):
    caught = []

    def ask():
        try:
            store_.query("SELECT 1")
        except sqlite3.ProgrammingError as error:
            caught.append(str(error))

    thread = Thread(target=ask)
    thread.start()
    thread.join()
    assert "same thread" in caught[0]
