"""``counter status`` against pages that sell, that do not, and that are not there."""

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from edge.cli import main

TRAYS = [{"tray": "1-01", "in_service": True}, {"tray": "1-02", "in_service": False}]
READY = {"ready": True, "checks": {"lock": True}, "degraded": ["cloud"]}
DOWN = {"ready": False, "checks": {"lock": False}, "degraded": []}


@pytest.fixture
def pages():
    """A counter's pages that answer what the test puts in."""
    answers = {}

    class Page(BaseHTTPRequestHandler):
        def do_GET(self):
            status, body = answers[self.path]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield answers, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def counter(state, reason=""):
    return {"counter": "AK-001", "name": "示例专柜", "state": state, "reason": reason, "trays": TRAYS}


def test_a_counter_that_sells_is_said_to_and_what_is_missing_is_named(pages, capsys):
    answers, url = pages
    answers |= {"/api/v1/counter": (200, counter("READY")), "/readyz": (200, READY)}
    assert main(["status", "--url", url]) == 0
    out = capsys.readouterr().out
    assert "AK-001 示例专柜: READY" in out
    assert "out of service: 1-02" in out
    assert "degraded: cloud" in out


def test_a_counter_that_does_not_sell_is_exit_1_and_the_reason_is_said(pages, capsys):
    answers, url = pages
    answers |= {"/api/v1/counter": (200, counter("OUT_OF_ORDER", "lock")), "/readyz": (503, DOWN)}
    assert main(["status", "--url", url, "--json"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["counter"]["reason"] == "lock"
    assert said["ready"]["checks"] == {"lock": False}


def test_a_counter_that_does_not_answer_is_exit_69_and_says_what_to_do(capsys):
    assert main(["status", "--url", "http://127.0.0.1:1"]) == 69
    assert "is it running" in capsys.readouterr().err
