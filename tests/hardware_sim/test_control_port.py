from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import httpx
import pytest

from hardware_sim.config import Config
from hardware_sim.links.pty import PtyLink
from hardware_sim.runner import Runner
from hardware_sim.server import Server
from hardware_sim.web import ASSETS, app
from hardware_sim.world import World


@contextmanager
def served(config: Config, directory: Path) -> Iterator[httpx.Client]:
    runner = Runner(World(config, 1), PtyLink(directory / "bus", 38400, Random(1)))
    server = Server(app(runner), "127.0.0.1", 0)
    runner.start()
    server.start()
    with httpx.Client(base_url=server.url, timeout=5) as client:
        yield client
    server.stop()
    runner.stop()


@pytest.fixture(scope="module")
def port(config, tmp_path_factory):
    """For tests that change nothing."""
    with served(config, tmp_path_factory.mktemp("sim")) as client:
        yield client


@pytest.fixture
def own_port(config, tmp_path):
    with served(config, tmp_path) as client:
        yield client


def act(port: httpx.Client, do: str, **more) -> httpx.Response:
    return port.post("/sim/act", json={"do": do, **more})


def test_state_has_the_contracts_shape(port):
    answer = port.get("/sim/state")
    assert answer.headers["content-type"] == "application/json"
    state = answer.json()
    assert {"door", "bolt", "trays", "hand", "faults", "t"} <= state.keys()
    assert (state["door"], state["bolt"]) == ("closed", "locked")
    assert {"id", "grams", "goods"} <= state["trays"][0].keys()
    assert [tray["id"] for tray in state["trays"]][:5] == ["1-01", "1-02", "1-03", "1-04", "2-01"]


def test_an_act_answers_with_the_state_after_it(own_port):
    assert act(own_port, "force_door").json()["door"] == "open"
    state = act(own_port, "take", tray="1-01", count=2).json()
    assert state["hand"] == {"ZY-WATER-500": 2}
    assert state["trays"][0]["goods"] == {"ZY-WATER-500": 10}
    assert own_port.get("/sim/state").json()["hand"] == state["hand"]


def test_the_impossible_is_a_conflict_with_a_code(port):
    answer = act(port, "open_door")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "DOOR_LOCKED"
    assert answer.json()["status"] == 409


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b"\xff", b'{"do":"fly"}', b'{"do":"take"}', b'{"do":"' + b"x" * 20_000 + b'"}']
)
def test_what_is_not_an_act_is_told_so(port, body):
    answer = port.post("/sim/act", content=body)
    assert answer.status_code == 422
    assert answer.json()["code"] == "MALFORMED"


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/sim/nothing", 404), ("GET", "/sim/act", 405), ("POST", "/sim/state", 405)],
)
def test_wrong_addresses_are_problem_documents(port, method, path, status):
    answer = port.request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


def test_the_menu_has_one_line_each_in_both_languages(port):
    menu = port.get("/sim/faults").json()
    assert {"bolt_stuck", "tray_silent", "late", "line_gone", "echo"} <= {entry["name"] for entry in menu}
    assert all(entry["zh"] and entry["en"] and "\n" not in entry["zh"] for entry in menu)


def test_the_line_follows_the_fault_that_unplugs_it(port):
    assert act(port, "fault", name="line_gone").json()["faults"] == ["line_gone"]
    assert act(port, "clear", name="line_gone").json()["faults"] == []


@pytest.mark.parametrize("path", ASSETS)
def test_the_panel_brings_everything_itself(port, path):
    answer = port.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-security-policy"].startswith("default-src 'self'")
    foreign = answer.text.replace("http://www.w3.org/2000/svg", "")
    assert "http://" not in foreign
    assert "https://" not in foreign
    assert "style=" not in foreign


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({"Origin": "http://127.0.0.1:1"}, id="another port's page"),
        pytest.param({"Origin": "null"}, id="a sandboxed page"),
        pytest.param({"Origin": "http://["}, id="no origin at all"),
        pytest.param({"Host": "evil.example"}, id="a name that was pointed here"),
    ],
)
def test_a_foreign_page_moves_nothing_in_the_cabinet(port, headers):
    answer = port.post("/sim/act", content='{"do":"force_door"}', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "CROSS_ORIGIN")
    assert port.get("/sim/state").json()["door"] == "closed"
