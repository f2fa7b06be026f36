"""The command line's edges: exit codes, one object on stdout, no secret in a log."""

import json
import logging
import sqlite3
import subprocess
import sys
from pathlib import Path

import click
import pytest
import structlog

from edge import cli, logs
from edge.commands.doctor import FAULT, OK, disk, ledger, signing_key, sqlite
from edge.errors import (
    BadAnswer,
    BadInput,
    Busy,
    CannotCreate,
    ConfigError,
    CounterError,
    DeviceError,
    LedgerError,
    LineGone,
    NoAnswer,
    NoInput,
    NotPermitted,
    Refused,
    Unavailable,
)
from edge.outfit.planogram_file import read_roster
from edge.pins import whose_badge
from edge.signing import KEY_FILE, key_name, open_signer

SAMPLE = Path(__file__).parents[2] / "config" / "counter.toml"

CODES = [
    (CounterError, 70), (BadInput, 65), (NoInput, 66), (DeviceError, 69), (NoAnswer, 69), (Refused, 69),
    (BadAnswer, 69), (LineGone, 69), (Unavailable, 69), (CannotCreate, 73), (LedgerError, 74), (Busy, 75),
    (NotPermitted, 77), (ConfigError, 78),
]  # fmt: skip


@pytest.mark.parametrize(("error", "code"), CODES)
def test_an_error_becomes_its_exit_code_and_a_line_on_stderr(error, code, monkeypatch, capsys):
    @click.command()
    def failing():
        raise error("the thing, the place, the remedy")

    monkeypatch.setitem(cli.counter.commands, "failing", failing)
    assert cli.main(["failing"]) == code
    seen = capsys.readouterr()
    assert (seen.out, seen.err) == ("", "counter: the thing, the place, the remedy\n")


def test_silence_and_refusal_are_not_the_same_error():
    assert not issubclass(Refused, NoAnswer)
    assert not issubclass(NoAnswer, Refused)


@pytest.mark.parametrize(
    "arguments", [["frobnicate"], ["config", "check", "--frob"], ["run", "--set", "nothing"]]
)
def test_wrong_use_is_2(arguments, capsys):
    assert cli.main(arguments) == 2
    assert "Error" in capsys.readouterr().err


def test_help_lists_every_command_and_imports_none_of_their_rooms():
    heavy = ["serial", "sqlite_utils", "paho", "starlette", "uvicorn", "PIL", "structlog", "msgspec"]
    code = (
        f"import sys; from edge.cli import main; main(['--help']); print({set(heavy)} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    for command in ("run", "demo", "config", "doctor", "ledger", "roster", "wire"):
        assert f"\n  {command} " in done.stdout
    assert done.stdout.endswith("set()\n")


def test_a_pin_is_asked_for_twice_and_only_its_hash_is_printed(monkeypatch, capsys):
    monkeypatch.setattr(click, "prompt", lambda *args, **kwargs: "864209")
    assert cli.main(["roster", "hash", "ak-7", "--quota-fen", "5000", "--json"]) == 0
    shown = capsys.readouterr().out
    account = json.loads(shown)
    assert (account["login"], account["quota_fen"], account["kinds"]) == ("ak-7", 5000, ["BUY"])
    assert "864209" not in shown


def test_the_lines_of_a_restocker_with_a_badge_can_be_read_back(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(click, "prompt", lambda what, **kwargs: {"PIN": "864209", "badge": "0013579"}[what])
    words = {"--title": "示例补货员", "--kind": "RESTOCK", "--supplier": "S005", "--unit": "u-1"}
    asked = [each for pair in words.items() for each in pair]
    assert cli.main(["roster", "hash", "ak-7", *asked, "--staff", "--badge-salt", "ab" * 16]) == 0
    (tmp_path / "roster.toml").write_text(shown := capsys.readouterr().out, encoding="utf-8")
    account = read_roster(tmp_path / "roster.toml").accounts["ak-7"]
    assert (account.title, account.suppliers) == ("示例补货员", ("S005",))
    assert (account.unit, account.staff) == ("u-1", True)
    assert account.badge.salt.hex() == "ab" * 16
    assert whose_badge("0013579", {"ak-7": account.badge}) == "ak-7"
    assert "0013579" not in shown


@pytest.mark.parametrize("pin", ["12345", "12345a", "１２３４５６"])
def test_a_weak_pin_is_refused(pin, monkeypatch, capsys):
    monkeypatch.setattr(click, "prompt", lambda *args, **kwargs: pin)
    assert cli.main(["roster", "hash", "ak-7"]) == 2


@pytest.fixture
def own_logging():
    """Logging is one for the whole process: put back what ``configure`` changes."""
    root = logging.getLogger()
    before = root.handlers[:], root.level
    yield
    root.handlers[:], level = before
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.mark.usefixtures("own_logging")
def test_logs_are_json_on_stderr_and_blank_what_is_personal(capsys):
    logs.configure("info")
    structlog.get_logger("edge.x").info("opened", pin="246810", deep={"buyer": "abc", "tray": "1-01"}, port=3)
    logging.getLogger("foreign").warning("plain %d", 7)
    seen = capsys.readouterr()
    first, second = map(json.loads, seen.err.splitlines())
    assert seen.out == ""
    assert (first["event"], first["pin"], first["deep"]) == ("opened", "…", {"buyer": "…", "tray": "1-01"})
    assert (second["event"], second["logger"], second["level"]) == ("plain 7", "foreign", "warning")


def test_doctor_says_what_is_wrong_and_what_to_do(capsys, tmp_path):
    assert cli.main(["doctor", "--json", "--config", str(tmp_path / "none.toml")]) == 1
    report = json.loads(capsys.readouterr().out)
    fault = next(each for each in report["findings"] if each["state"] == "fault")
    assert fault["found"].startswith(str(tmp_path / "none.toml"))
    assert fault["remedy"]


def test_doctor_looks_for_ports_disk_and_broker(capsys, tmp_path):
    missing = tmp_path / "no-such-port"
    command = ["doctor", "--json", "--config", str(SAMPLE), "--set", f"files.data={tmp_path}"]
    assert cli.main([*command, "--set", f"ports.main.url={missing}", "--set", "mqtt.port=1"]) == 1
    found = {each["name"]: each for each in json.loads(capsys.readouterr().out)["findings"]}
    assert found["port main"]["state"] == "fault"
    assert found["ledger"]["state"] == "ok"
    assert found["broker"]["state"] == "advice"
    assert cli.main([*command, "--set", "ports.main.url=socket://127.0.0.1:9", "--set", "mqtt.port=1"]) == 0


@pytest.mark.parametrize(
    ("version", "state"),
    [((3, 36, 0), "fault"), ((3, 40, 1), "advice"), ((3, 51, 2), "advice"), ((3, 51, 3), "ok")],
)
def test_doctor_knows_the_sqlite_versions_that_matter(version, state):
    assert sqlite(version).state == state


def test_doctor_finds_a_damaged_ledger(tmp_path):
    path = tmp_path / "ledger.db"
    with sqlite3.connect(path) as db:
        db.execute("create table a (b text)")
        db.executemany("insert into a values (?)", [("x" * 500,)] * 100)
    db.close()
    assert ledger(path).state == OK
    path.write_bytes(path.read_bytes()[:4096] + b"\xff" * 8192)
    assert ledger(path).state == FAULT
    assert ledger(path).remedy


def test_doctor_asks_about_the_nearest_directory_that_exists(tmp_path):
    assert disk(tmp_path / "not" / "yet").state != FAULT


def test_doctor_looks_at_the_signing_key(tmp_path):
    assert signing_key(tmp_path).state == OK, "there is none before the first receipt"
    name = key_name(open_signer(tmp_path).public_key)
    assert name in signing_key(tmp_path).found
    (tmp_path / KEY_FILE).chmod(0o644)
    assert (signing_key(tmp_path).state, signing_key(tmp_path).remedy[:9]) == (FAULT, "chmod 600")
    (tmp_path / KEY_FILE).chmod(0o600)
    (tmp_path / KEY_FILE).write_bytes(b"")
    assert (signing_key(tmp_path).state, "backup" in signing_key(tmp_path).remedy) == (FAULT, True)
