"""The centre's commands through a real broker to real programs: a door, a stop, settings, a report."""

import json
import secrets
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from cloud_bridge import signed
from cloud_bridge.central.commanding_keys import read_key
from cloud_bridge.central.settings import KEY_FILE
from cloud_bridge.commands import BODIES, Command
from tests.processes.conftest import COUNTER, Demo, until

pytestmark = pytest.mark.processes
LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


class Issuer:
    """Holds the centre's key, and listens to what may be lost."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.heard: dict[str, list[dict]] = {"live": []}
        self.key = read_key(demo.place / KEY_FILE)
        broker = urlsplit(demo.told["broker"])
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.on_message = self._hear
        self.client.connect(broker.hostname, broker.port)
        self.client.subscribe([(f"counters/{COUNTER}/{leaf}", 0) for leaf in self.heard])
        self.client.loop_start()

    def _hear(self, client, userdata, message) -> None:
        self.heard[message.topic.rsplit("/", 1)[1]].append(json.loads(message.payload))

    def send(self, kind: str, **words: object) -> str:
        now = int(time.time())
        command = Command(
            id="".join(secrets.choice(LETTERS) for _ in range(26)),
            aud=COUNTER,
            nonce=secrets.token_hex(16),
            issued=now,
            expires=now + 60,
            kind=kind,
            body=msgspec.Raw(msgspec.json.encode(BODIES[kind](**words))),
        )
        self.client.publish(f"counters/{COUNTER}/commands", signed.sign(command, self.key), qos=1)
        return command.id

    def order(self, kind: str, **words: object) -> dict:
        """Send, and wait for the answer in the ledger."""
        id = self.send(kind, **words)
        return until(lambda: self.answers().get(id), f"the answer to {kind}")

    def answers(self) -> dict[str, dict]:
        """By command."""
        rows = self.demo.rows("ledger.db", "SELECT body FROM event WHERE type = 'command.answered.v1'")
        told = [json.loads(body)["data"] for (body,) in rows]
        return {each["command"]: each for each in told}


@pytest.fixture
def issuer(tmp_path: Path) -> Iterator[Issuer]:
    """A demo, whose counter trusts the key of its centre."""
    demo = Demo(tmp_path)
    try:
        demo.start()
        issuer = Issuer(demo)
        yield issuer
        issuer.client.disconnect()
        issuer.client.loop_stop()
    finally:
        demo.stop()


def test_a_door_a_stop_other_settings_and_a_report(issuer):
    demo = issuer.demo
    buyer = demo_ref(demo)
    answer = issuer.order("unlock", token=demo.phone.token(), buyer=buyer)
    assert answer["outcome"] == "DONE", answer
    until(lambda: demo.state()["bolt"] == "unlocked", "the bolt")
    demo.does("open_door")
    demo.does("take", tray="1-01", count=1)
    until(lambda: any(each["lines"] for each in issuer.heard["live"]), "the basket on the feed")
    demo.does("close_door")
    until(lambda: demo.charged() == {"1-01": 1}, "the sale")
    until(lambda: issuer.heard["live"][-1]["state"] == "SETTLED", "its end on the feed")

    pid = demo.pids()["counter"]
    values = {"session.ask_s": 5.0, "policy.hours": '["mon-sun 00:00-23:59"]'}
    assert issuer.order("config", values=values)["outcome"] == "DONE"
    assert demo.pids()["counter"] == pid  # the same process, at the same place
    demo.sells()
    report = json.loads(issuer.order("diagnostics")["report"])
    assert report["settings"]["session.ask_s"] == 5.0

    assert issuer.order("lockout", reason="示例")["outcome"] == "DONE"
    until(lambda: demo.counter()["state"] == "OUT_OF_ORDER", "the stop")
    assert demo.phone.ask().json()["code"] == "OUT_OF_ORDER"
    assert issuer.order("resume", reason="示例")["outcome"] == "DONE"
    demo.sells()


def demo_ref(demo: Demo) -> str:
    """The reference of the sample's first buyer."""
    roster = tomllib.loads((demo.place / "config" / "roster.toml").read_text(encoding="utf-8"))
    return str(next(each["ref"] for each in roster["account"] if each["login"] == "demo-001"))
