"""``counter refund`` and ``counter owed`` on a stopped counter: what they say, and what they refuse."""

import json
import os
import sqlite3
from contextlib import closing

import pytest

from edge import cli
from edge.clock import Clock
from edge.domain.quota import Part
from edge.domain.records import ClosedSession, OpenSession, Sale, SaleLine
from edge.domain.values import BuyerRef, Fen, Kind, SessionId, Sku, TrayId
from edge.ledger.ledger import Ledger
from edge.ledger.verify import verify
from edge.outfit.loading import load_outfit

REF = BuyerRef("0494c263f1775e9a62bc4ab57fb250f2")


@pytest.fixture
def sold(setup, tmp_path, monkeypatch):
    """A stopped counter with one order of ¥7.00: ¥5.00 by a quota, ¥2.00 owed. Gives (run, order, ledger)."""
    monkeypatch.setenv("COUNTER_FILES__DATA", str(tmp_path / "data"))
    (tmp_path / "data").mkdir()
    path, now = tmp_path / "data" / "ledger.db", Clock().now()
    counter = load_outfit(setup / "counter.toml", environ={}).settings.counter.id
    line = SaleLine(TrayId("1-01"), Sku("X"), "示例", 2, Fen(350), Fen(700), True, "样例县", "示例社")
    quota = Part(1, "UNION_FESTIVAL", "festival", Fen(500), left=Fen(0))
    sale = Sale((line,), paid=(quota, Part(1, "SELF_PAY", "", Fen(200), True)))
    session = OpenSession(SessionId("a" * 32), Kind.BUY, REF, now, "c", {}, {Sku("X"): Fen(350)})
    with closing(Ledger.open(path, counter, now, os.urandom)) as ledger:
        ledger.begin_session(session, now)
        head = (session.id, Kind.BUY, "SETTLED", REF, "charge", (), now, now, "c", "UNIT_HELP", ())
        closed = ClosedSession(*head, sale)
        order = ledger.close_session(closed, now)

    def run(*words):
        return cli.main([*words, "--config", str(setup / "counter.toml")])

    return run, order, path


def test_a_refund_says_where_the_money_went(sold, capsys):
    run, order, path = sold
    piece = ["--fen", "350", "--line", "1", "--pieces", "1"]
    assert run("refund", order, *piece, "--reason", "示例", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["to"] == [
        {"scheme": "SELF_PAY", "quota": "", "fen": 200},
        {"scheme": "UNION_FESTIVAL", "quota": "festival", "fen": 150},
    ]
    assert verify(path) == []


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--fen", "701"], 65, "700 fen are left to refund, not 701"),
        (["--fen", "10", "--line", "2"], 65, "has no line 2"),
        (["--fen", "10", "--pieces", "1"], 2, "--pieces needs the --line"),
        (["--fen", "0"], 2, "0 is not in the range"),
    ],
)
def test_a_refund_that_cannot_be_is_refused_with_the_reason(sold, capsys, words, code, says):
    run, order, _ = sold
    assert run("refund", order, *words, "--reason", "示例") == code
    assert says in capsys.readouterr().err


def test_a_running_counter_is_left_alone(sold, setup, capsys):
    run, order, path = sold
    counter = load_outfit(setup / "counter.toml", environ={}).settings.counter.id
    with closing(Ledger.open(path, counter, Clock().now(), os.urandom)):
        assert run("refund", order, "--fen", "1", "--reason", "示例") == 75
        assert run("owed", "paid", order, "--reason", "示例") == 75
        assert run("owed", "list") == 0
    assert order in capsys.readouterr().out


def test_a_debt_is_listed_until_it_is_paid(sold, capsys):
    run, order, _ = sold
    assert run("owed", "list", "--json") == 0
    assert json.loads(capsys.readouterr().out) == {"order_no": order, "fen": 200}
    assert run("owed", "paid", order, "--reason", "示例") == 0
    assert capsys.readouterr().out == f"{order}: ¥2.00\n"
    assert run("owed", "list") == 0
    assert capsys.readouterr().out == ""
    assert run("owed", "paid", order, "--reason", "示例") == 65


def test_a_telephone_in_the_reason_is_not_kept(sold):
    run, order, path = sold
    assert run("refund", order, "--fen", "1", "--reason", "请回电 138 0013 8000") == 0
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("SELECT reason FROM refund").fetchall() == [("请回电 ●●●",)]
    assert run("refund", order, "--fen", "1", "--reason", " ") == 2
