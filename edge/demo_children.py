"""The demo's five programs: how each is called, and how one sees that it does its work."""

import http.client
import importlib.util
import json
import shutil
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from edge.children import Child
from edge.demo_files import LOOPBACK, Layout, Ports, sample_dir
from edge.errors import Unavailable

PROBE_S = 0.5
SAMPLE_BUYER, SAMPLE_PIN = "demo-001", "246810"
"""As in the sample roster, where it is marked 示例; its PIN is public."""
START_S = 20.0
SYSTEM_PATH = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"
"""Where systems put mosquitto that users' PATH may lack."""


def children(layout: Layout, ports: Ports, broker: list[str]) -> tuple[list[Child], list[Child]]:
    """The programs in two steps: the second one wants the first one's serial line and broker."""
    counter_toml = str(layout.config / "counter.toml")
    central_toml, sim_toml = str(layout.config / "central.toml"), str(layout.config / "sim.toml")
    bridge_log = layout.logs / "bridge.log"

    def child(name: str, ready: Callable[[], bool], *command: str) -> Child:
        return Child(name, [sys.executable, "-m", *command], layout.logs / f"{name}.log", ready)

    first = [
        Child("broker", broker, layout.logs / "broker.log", lambda: listens(ports.broker)),
        child(
            "sim",
            lambda: answers(ports.panel, "/sim/state"),
            *("hardware_sim", "run", "--config", sim_toml, "--dir", str(layout.sim)),
        ),
        child(
            "centre",
            lambda: answers(ports.centre, "/readyz"),
            *("cloud_bridge.central", "run", "--config", central_toml),
        ),
    ]
    second = [
        child("counter", lambda: answers(ports.screen, "/readyz"), "edge", "run", "--config", counter_toml),
        child("bridge", seen(bridge_log, "broker_up"), "cloud_bridge", "run", "--config", counter_toml),
    ]
    return first, second


def command_key(layout: Layout, environ: Mapping[str, str]) -> str:
    """The public half of the demo centre's key for commands, which is made where there is none yet.

    Raises Unavailable where the centre's own command does not give it.
    """
    asking = [sys.executable, "-m", "cloud_bridge.central", "keys", "--json", "--dir", str(layout.place)]
    done = subprocess.run(asking, env=dict(environ), capture_output=True, timeout=START_S, check=False)
    if done.returncode:
        raise Unavailable(f"the demo's key for commands: {done.stderr.decode('utf-8', 'replace').strip()}")
    key: str = json.loads(done.stdout)["key"]
    return key


@contextmanager
def sample_buyer(layout: Layout, environ: Mapping[str, str]) -> Iterator[None]:
    """The sample's first buyer (示例) is known at the centre too, once what is done meanwhile is done.

    Raises Unavailable where the centre's own command does not take it.
    """
    roster = tomllib.loads((sample_dir() / "roster.toml").read_text(encoding="utf-8"))
    account = next(each for each in roster["account"] if each["login"] == SAMPLE_BUYER)
    words = ["--ref", account["ref"], "--unit", account["unit"], "--keep", "--pin-file", "-"]
    adding = [sys.executable, "-m", "cloud_bridge.central", "buyer", "add", SAMPLE_BUYER, *words]
    with subprocess.Popen(
        [*adding, "--dir", str(layout.place)],
        env=dict(environ),
        stdin=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        process.stdin.write(f"{SAMPLE_PIN}\n".encode())
        process.stdin.flush()
        yield
        _, said = process.communicate(timeout=START_S)
    if process.returncode:
        raise Unavailable(f"the demo's buyer at the centre: {said.decode('utf-8', 'replace').strip()}")


def broker_command(
    wish: str, layout: Layout, ports: Ports, say: Callable[[str], None]
) -> tuple[list[str], str]:
    """How to run the broker, and the MQTT version it speaks. wish: auto, mosquitto or embedded.

    Raises Unavailable where there is none.
    """
    mosquitto = shutil.which("mosquitto") or shutil.which("mosquitto", path=SYSTEM_PATH)
    if mosquitto and wish != "embedded":
        return [mosquitto, "-c", str(layout.config / "mosquitto.conf")], "5"
    if wish == "mosquitto" or importlib.util.find_spec("amqtt") is None:
        raise Unavailable(
            "no MQTT broker: install mosquitto (apt-get install mosquitto), or the embedded one: "
            "pip install 'smart-counter[demo]'"
        )
    say("使用内置代理(MQTT 3.1.1) · using the embedded broker, MQTT 3.1.1")
    return [sys.executable, "-m", "edge.embedded_broker", "--port", str(ports.broker)], "3.1.1"


def children_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """``environ`` without counter settings: they would win over the files that the demo writes."""
    kept = {name: value for name, value in environ.items() if not name.startswith("COUNTER_")}
    return {**kept, "PYTHONUNBUFFERED": "1"}


def listens(port: int) -> bool:
    """Whether something accepts connections there."""
    try:
        with socket.create_connection((LOOPBACK, port), timeout=PROBE_S):
            return True
    except OSError:
        return False


def answers(port: int, path: str) -> bool:
    """Whether a GET of ``path`` gives 200."""
    asking = http.client.HTTPConnection(LOOPBACK, port, timeout=PROBE_S)
    try:
        asking.request("GET", path)
        return asking.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        asking.close()


def seen(log: Path, text: str) -> Callable[[], bool]:
    """Whether ``text`` was written to ``log`` from now on."""
    start = log.stat().st_size if log.exists() else 0

    def look() -> bool:
        if not log.exists():
            return False
        with log.open("rb") as lines:
            lines.seek(start if log.stat().st_size >= start else 0)  # else it was put aside meanwhile
            return text.encode() in lines.read()

    return look
