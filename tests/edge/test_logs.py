"""Logs: one schema for every process and every library in it, without secrets and personal data."""

import ast
import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import structlog

from edge import logs

ROOT = Path(__file__).parents[2]
SCHEMA = {"at", "level", "logger", "event"}

SPEAKS = """
import logging, threading, warnings
import structlog
from edge import logs
logs.configure()
structlog.get_logger("centre").info("ready", port=1)
logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
try:
    1 / 0
except ZeroDivisionError:
    logging.getLogger("asyncio").exception("Task failed")
warnings.warn("old\\nand new", RuntimeWarning)
thread = threading.Thread(target=lambda: [][0])
thread.start()
thread.join()
raise ValueError("several\\nlines")
"""


def test_everything_that_a_process_says_is_a_line_of_the_schema_also_when_it_dies():
    done = subprocess.run(
        [sys.executable, "-c", SPEAKS], capture_output=True, text=True, check=False, cwd=ROOT
    )
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == [
        "ready",
        "Invalid HTTP request received.",
        "Task failed",
        "warned",
        "thread_died",
        "died",
    ]
    assert all(set(line) >= SCHEMA for line in lines)
    assert all(line["at"].endswith("Z") for line in lines)
    assert "ValueError" in lines[-1]["exception"]
    assert done.returncode == 1


QUOTED = [
    pytest.param("token sc_abcdefgh12345678 refused", "token … refused", id="an API token"),
    pytest.param("Authorization: Bearer abc.def", "Authorization: …", id="a bearer"),
    pytest.param("not eyJhbGciOiJFZDI1NTE5In0.eyJhIjox.c2ln", "not …", id="a signed command"),
    pytest.param("whsec_c2VjcmV0c2VjcmV0", "…", id="a webhook's secret"),
    pytest.param("postgresql://user:pw@host/db", "postgresql://…@host/db", id="a URL's password"),
    pytest.param("打 13912345678 找我", "打 … 找我", id="a telephone"),
    pytest.param("11010519491231002X", "…", id="an identity card"),
    pytest.param(
        "order T-001-000123, 1732430000123 ms", "order T-001-000123, 1732430000123 ms", id="numbers of ours"
    ),
    pytest.param("inc 00000000000000a1 seq 139", "inc 00000000000000a1 seq 139", id="an incarnation"),
]


@pytest.mark.parametrize(("text", "wanted"), QUOTED)
def test_a_secret_that_a_text_quotes_is_blanked(text, wanted):
    told = logs.redact(None, "error", {"event": "refused", "why": text, "more": [{"deep": text}]})
    assert told == {"event": "refused", "why": wanted, "more": [{"deep": wanted}]}


@pytest.mark.parametrize("field", sorted(logs.HIDDEN))
def test_a_secrets_field_is_blank_at_any_depth(field):
    told = logs.redact(None, "info", {"event": "x", field: "1234", "in": [{field: "1234"}]})
    assert "1234" not in str(told)


def test_what_libraries_say_of_requests_goes_no_further_than_warnings(capsys):
    logs.configure()
    logging.getLogger("uvicorn.access").info('1.2.3.4 - "GET /c/T-001?token=abc HTTP/1.1" 200')
    structlog.get_logger("test").info("x")
    said = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert [each for each in said if "token=abc" in each] == []
    for file in ("edge/screens/server.py", "cloud_bridge/central/app.py", "hardware_sim/server.py"):
        assert "access_log=False" in (ROOT / file).read_text("utf-8")


def calls_of_loggers():
    """(file:line, first argument) of each call of a logger in the sources."""
    levels = {"debug", "info", "warning", "error", "exception", "critical"}
    for room in ("edge", "cloud_bridge", "hardware_sim"):
        for path in sorted((ROOT / room).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if (
                    isinstance(node, ast.Call)
                    and isinstance(node.func, ast.Attribute)
                    and isinstance(node.func.value, ast.Name)
                    and node.func.value.id in ("log", "_log", "logger")
                    and node.func.attr in levels
                    and node.args
                ):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", node.args[0]


def test_an_event_is_a_name_and_never_a_sentence_with_values_in_it():
    found = list(calls_of_loggers())
    assert len(found) > 40
    wrong = [
        where
        for where, first in found
        if isinstance(first, ast.JoinedStr | ast.BinOp)
        or (isinstance(first, ast.Constant) and not str(first.value).replace("_", "").isalnum())
    ]
    assert wrong == []
