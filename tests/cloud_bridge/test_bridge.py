"""The bridge's edges: its file, its command line, brokers of the older protocol, and leaving in time."""

import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from cloud_bridge import cli
from cloud_bridge.central import cli as central_cli
from cloud_bridge.database import EXPECTED, Newer, open_reader, open_writer, writing
from cloud_bridge.ranges import Covered, merged, without
from cloud_bridge.state import Kept, State
from edge.errors import Busy, CannotCreate

pytestmark = pytest.mark.processes

CONFIG = str(Path(__file__).parents[2] / "config/counter.toml")


# --- bridge.db ----------------------------------------------------------------------------------
KEPT = [
    pytest.param(Kept(Covered(), {}, {}), id="nothing"),
    pytest.param(Kept(Covered(7, ((9, 11), (20, 20))), {8: "0x95"}, {10: "fact"}), id="all kinds"),
]


@pytest.mark.parametrize("kept", KEPT)
def test_what_the_bridge_knows_survives_a_restart(tmp_path, kept):
    with closing(State(tmp_path / "bridge.db")) as state:
        state.keep("aa", kept, "2026-11-24T03:00:00Z")
    with closing(State(tmp_path / "bridge.db")) as state:
        assert state.kept("aa") == kept
        assert state.kept("bb") == Kept(Covered(), {}, {})


def test_the_newer_knowledge_replaces_the_older(tmp_path):
    with closing(State(tmp_path / "bridge.db")) as state:
        state.keep("aa", Kept(Covered(1, ((3, 4),)), {2: "0x95"}, {}), "t1")
        state.keep("aa", Kept(Covered(4), {}, {}), "t2")
        assert state.kept("aa") == Kept(Covered(4), {}, {})
    with closing(open_reader(tmp_path / "bridge.db")) as engine:
        assert engine.execute("select inc, through, at from mark").fetchall() == [("aa", 4, "t2")]


def test_every_writer_is_durable(tmp_path):
    with closing(open_writer(tmp_path / "a.db", [])) as db:
        found = {name: db.execute(f"pragma {name}").fetchone()[0] for name in EXPECTED}
    assert found == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "recursive_triggers": 1}


def test_a_file_newer_than_the_program_is_refused_and_left_alone(tmp_path):
    open_writer(tmp_path / "a.db", ["create table one (x)", "create table two (x)"]).close()
    with pytest.raises(Newer, match="use the newer program"):
        open_writer(tmp_path / "a.db", ["create table one (x)"])


def test_a_second_writer_is_refused_until_the_first_has_gone(tmp_path):
    with closing(open_writer(tmp_path / "a.db", [])), pytest.raises(Busy, match="another process"):
        open_writer(tmp_path / "a.db", [])
    open_writer(tmp_path / "a.db", []).close()


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path):
    path = tmp_path / "a.db"
    open_writer(path, ["create table one (x)"]).close()
    with pytest.raises(sqlite3.OperationalError):
        open_writer(path, ["create table one (x)", "create table two (x);\ncreate table one (x)"])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("select name from sqlite_master").fetchall() == [("one",)]
        assert db.execute("pragma user_version").fetchone() == (1,)


def test_a_place_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotCreate, match="file"):
        open_writer(tmp_path / "file" / "a.db", [])


def test_an_error_in_a_transaction_leaves_nothing(tmp_path):
    with closing(open_writer(tmp_path / "a.db", ["create table one (x)"])) as db:

        def interrupted():
            with writing(db):
                db.execute("insert into one values (1)")
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert db.execute("select * from one").fetchall() == []


# --- numbers ------------------------------------------------------------------------------------
MERGED = [
    pytest.param([(1, 2), (3, 4)], ((1, 4),), id="touching"),
    pytest.param([(5, 9), (1, 2), (7, 12)], ((1, 2), (5, 12)), id="overlapping, out of order"),
    pytest.param([], (), id="none"),
]


@pytest.mark.parametrize(("ranges", "expected"), MERGED)
def test_ranges_are_joined_where_they_touch(ranges, expected):
    assert merged(ranges) == expected


COVERED = [
    pytest.param(Covered(3), 0, [(5, 6)], Covered(3, ((5, 6),)), id="above a gap"),
    pytest.param(Covered(3, ((5, 6),)), 0, [(4, 4)], Covered(6), id="the gap filled"),
    pytest.param(Covered(9), 4, [(2, 3)], Covered(9), id="nothing new"),
]


@pytest.mark.parametrize(("before", "through", "ranges", "after"), COVERED)
def test_through_moves_over_what_became_contiguous(before, through, ranges, after):
    assert before.plus(through, ranges) == after


def test_missing_counts_what_is_not_held():
    assert Covered(3, ((5, 6), (9, 9))).missing(10) == 4
    assert list(Covered(3, ((5, 6), (9, 9))).gaps()) == [(4, 4), (7, 8)]


WITHOUT = [
    pytest.param([(1, 9)], [(4, 6)], ((1, 3), (7, 9)), id="from the middle"),
    pytest.param([(1, 3), (5, 9)], [(3, 5), (9, 12)], ((1, 2), (6, 8)), id="over a gap and an end"),
    pytest.param([(1, 5)], [(1, 5)], (), id="all"),
    pytest.param([(1, 5)], [], ((1, 5),), id="nothing"),
]


@pytest.mark.parametrize(("ranges", "taken", "left"), WITHOUT)
def test_numbers_are_taken_out_of_ranges(ranges, taken, left):
    assert without(ranges, taken) == left


def test_through_falls_below_what_was_taken_out():
    assert Covered(10, ((15, 20),)).minus([(4, 6), (18, 30)]) == Covered(3, ((7, 10), (15, 17)))
    assert Covered(5).minus([]) == Covered(5)


# --- commands -----------------------------------------------------------------------------------
def test_backlog_counts_what_the_centre_has_not(rig, tmp_path, capsys, make):
    rig.sell(5)
    with closing(State(tmp_path / "bridge.db")) as state:
        state.keep(rig.ledger.incarnation, Kept(Covered(2, ((4, 4),)), {3: "0x95"}, {}), "t")
        told = {"first": 1, "last": 4, "count": 4, "inc": rig.ledger.incarnation}
        state.alarm("forgotten_by_centre", json.dumps(told), "t")
    assert cli.main(["backlog", "--config", CONFIG, "--dir", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {
        "inc": rig.ledger.incarnation,
        "last_seq": 5,
        "through": 2,
        "have": [[4, 4]],
        "backlog": 2,
        "sent_again": {"first": 1, "last": 4, "of": 4, "arrived": 3, "since": "t"},
        "parked": {"3": "0x95"},
        "rejected": {},
        "commands": {"arrived": 0, "last": [], "refused": {}, "last_refused": []},
    }


FAULTS = [
    pytest.param(cli, ["backlog", "--config", CONFIG, "--dir", "/nonexistent"], 66, id="no ledger"),
    pytest.param(cli, ["backlog", "--config", "/nonexistent.toml"], 78, id="no settings"),
    pytest.param(cli, ["fly"], 2, id="no such command"),
    pytest.param(central_cli, ["report", "--dir", "/nonexistent"], 66, id="no database"),
    pytest.param(central_cli, ["run", "--config", "/nonexistent.toml"], 78, id="no settings of the centre"),
]


@pytest.mark.parametrize(("program", "arguments", "code"), FAULTS)
def test_faults_have_their_exit_codes_and_a_sentence(program, arguments, code, capsys):
    assert program.main(arguments) == code
    assert capsys.readouterr().err


def test_report_and_verify_tell_what_arrived(rig, until, tmp_path, capsys):
    rig.start_centre()
    rig.start_bridge()
    rig.sell(2)
    until(lambda: rig.mark() == 2, "mark 2")
    assert central_cli.main(["report", "--dir", str(tmp_path), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["measure"], report["total"]["total_fen"], report["total"]["certified_fen"]) == (
        *("REALISED", 2000, 1400),
    )
    assert [(row["key"], row["count"]) for row in report["products"]] == [
        ("ZY-WATER-500", 4),
        ("X-COLA-330", 2),
    ]
    assert [row["key"] for row in report["counties"]] == ["紫阳县"]
    before = ["report", "--dir", str(tmp_path), "--json", "--to", "2026-11-24"]
    assert central_cli.main(before) == 0
    assert json.loads(capsys.readouterr().out)["total"]["orders"] == 0
    assert central_cli.main(["verify", "--dir", str(tmp_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["through"] == 2


# --- the process --------------------------------------------------------------------------------
@dataclass
class Amqtt:
    """The project's embedded broker: MQTT 3.1.1 only."""

    directory: Path
    port: int
    process: subprocess.Popen | None = field(default=None)

    version = "3.1.1"

    def start(self):
        with (self.directory / "amqtt.log").open("ab") as log:
            arguments = ["-m", "edge.embedded_broker", "--port", str(self.port)]
            self.process = subprocess.Popen([sys.executable, *arguments], stderr=log, stdout=log)

    def stop(self):
        self.process.kill()
        self.process.wait()


@pytest.fixture
def amqtt(tmp_path, free_port):
    broker = Amqtt(tmp_path, free_port())
    broker.start()
    yield broker
    broker.stop()


BROKERS = [
    pytest.param("amqtt", id="the demo's own, which knows only MQTT 3.1.1"),
    pytest.param("mosquitto", id="mosquitto", marks=pytest.mark.long),
]
"""Those that run here; what a cluster is given is looked at in tests/trust/test_cluster.py."""


@pytest.mark.parametrize("broker", BROKERS)
def test_bridge_and_centre_work_over_every_broker(rig_around, broker, request, until):
    rig = rig_around(request.getfixturevalue(broker))
    centre = rig.start_centre()
    rig.start_bridge()
    rig.sell(30)
    until(lambda: rig.mark() == 30, "mark 30")
    rig.kill(centre)
    rig.sell(3)
    rig.start_centre()
    until(lambda: rig.mark() == 33, "mark 33", 30)
    assert rig.at_centre() == rig.in_ledger()


def test_a_bridge_without_ledger_and_broker_waits_says_so_once_and_leaves_when_told(tmp_path, free_port):
    environ = {"COUNTER_MQTT__PORT": str(free_port()), "PATH": "/usr/bin:/bin"}
    process = subprocess.Popen(
        [sys.executable, "-m", "cloud_bridge", "run", "--config", CONFIG, "--dir", str(tmp_path)],
        stderr=subprocess.PIPE,
        env=environ,
    )
    with process:
        first = json.loads(process.stderr.readline())
        assert first["event"] == "no_ledger_yet"
        process.send_signal(signal.SIGTERM)
        rest = process.stderr.read()
    assert process.returncode == 0
    assert b"no_ledger_yet" not in rest
    assert not (tmp_path / "ledger.db").exists()


def test_presence_tells_the_centre_who_is_there_and_the_last_will_who_is_not(rig, until, tmp_path):
    def online():
        with closing(open_reader(tmp_path / "central.db")) as db:
            return db.execute("select online from counter").fetchall()

    rig.start_centre()
    bridge = rig.start_bridge()
    until(lambda: online() == [(1,)], "online")
    rig.kill(bridge)
    until(lambda: online() == [(0,)], "the last will")
    bridge = rig.start_bridge()
    until(lambda: online() == [(1,)], "online again")
    bridge.send_signal(signal.SIGTERM)
    assert rig.ended(bridge) == 0
    until(lambda: online() == [(0,)], "its own goodbye")


def test_a_broker_that_freezes_costs_nothing(rig, mosquitto, until):
    rig.start_centre()
    rig.start_bridge()
    rig.sell(2)
    until(lambda: rig.mark() == 2, "mark 2")
    mosquitto.process.send_signal(signal.SIGSTOP)
    rig.sell(25)
    mosquitto.process.send_signal(signal.SIGCONT)
    until(lambda: rig.mark() == 27, "mark 27")
    assert rig.at_centre() == rig.in_ledger()
