"""The table of threats: every row's tests are there, and the two that had none."""

import ast
import json
import re
from pathlib import Path

import pytest
import structlog

from edge import logs
from edge.domain.requests import Refusal
from edge.domain.tokens import TokenBook

ROOT = Path(__file__).parents[2]
TABLE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8").partition("## 威胁")[2]
ROWS = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| threat")]


def names_in(path):
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.split("|")[1].strip()[:40])
def test_each_threat_names_tests_that_are_there(row):
    named = re.findall(r"`(tests/[^:`]+)::(\w+)`", row)
    assert named, row
    for path, name in named:
        assert name in names_in(path), f"{path} has no {name}"


def test_the_table_is_whole():
    assert len(ROWS) >= 18


def test_a_thousand_used_codes_open_nothing():
    numbers = iter(range(2000))
    book = TokenBook(30.0, 60.0, lambda: f"{next(numbers):032x}")
    used = []
    for n in range(1000):
        token = book.current(float(n))
        assert book.redeem(token, float(n)) is None
        used.append(token)
    assert len(set(used)) == 1000
    again = [book.redeem(token, 1000.0) for token in used]
    assert None not in again
    assert set(again) <= {Refusal.REPLAY, Refusal.BAD_TOKEN}


def test_nothing_that_is_logged_makes_a_second_line_or_tells_a_secret(capsys):
    logs.configure()
    nasty = 'x"}\n{"event":"all is well"}\r\n\x1b[2J\u2028{}'
    structlog.get_logger("t").warning(
        "odd", topic=nasty, pin="246810", inside={"token": "secret-1", "k": [nasty]}
    )
    out = capsys.readouterr().err
    lines = out.split("\n")
    assert (len(lines), lines[-1]) == (2, "")
    assert json.loads(lines[0])["topic"] == nasty
    assert not re.search(r"246810|secret-1|\x1b|\r", out)
