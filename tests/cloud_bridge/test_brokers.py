"""Real brokers with real limits: small packets, a small window, an ACL that denies, an older protocol."""

from contextlib import closing
from random import Random

import pytest

from cloud_bridge.link import NEEDS_MQTT_5, broker_of
from edge.errors import ConfigError
from edge.settings import MqttBroker
from tests.cloud_bridge.running_bridge import RunningBridge
from tests.cloud_bridge.scripted_broker import Script, ScriptedBroker

pytestmark = pytest.mark.processes


@pytest.fixture
def bridge_to(tmp_path, make):
    """bridge_to(port, rows, **bridge): a running bridge with so many sales to send."""
    opened = []

    def build(port, rows=3, bodies=None, **bridge):
        outbox = make.outbox(rows)
        outbox.bodies = bodies or outbox.bodies
        opened.append(RunningBridge(tmp_path, port, outbox, **bridge))
        return opened[-1]

    yield build
    for each in opened:
        each.close()


@pytest.fixture
def mosquitto_with(tmp_path, mosquitto):
    """mosquitto_with(**changed): the project's broker with lines of its file replaced, and lines added."""

    def build(extra="", **changed):
        mosquitto.stop()
        mosquitto.extra = extra
        mosquitto.changed = changed
        mosquitto.start()
        return mosquitto

    return build


def test_a_small_packet_size_of_mosquitto_stops_the_large_event_alone(
    mosquitto_with, rig, bridge_to, make, until
):
    broker = mosquitto_with(max_packet_size=4096)
    noise = Random(1).randbytes(10_000).hex()
    sales = [make.sale(n, **({"catalogue": noise} if n == 2 else {})) for n in range(1, 61)]
    rig.start_centre()
    running = bridge_to(broker.port, bodies=make.chain(sales))
    running.run(lambda: running.uplink.backlog() == 1, "all but one", 20)
    assert running.uplink.parked[2].code == "too_large_for_broker"
    assert rig.arrived() == 59
    [up] = running.noted("broker_up")
    assert up["max_packet"] == 4096


def test_the_receive_maximum_of_mosquitto_is_read_and_everything_still_arrives(
    mosquitto_with, rig, bridge_to
):
    broker = mosquitto_with(max_inflight_messages=2)
    rig.start_centre()
    running = bridge_to(broker.port, rows=500)
    running.run(lambda: running.uplink.backlog() == 0, "all", 20)
    [up] = running.noted("broker_up")
    assert up["receive_maximum"] == 2
    assert rig.arrived() == 500


def test_a_denial_by_acl_frees_nothing_and_is_an_alarm_until_it_is_granted(
    mosquitto_with, rig, bridge_to, tmp_path
):
    acl = tmp_path / "acl"
    acl.write_text(
        "topic read #\ntopic write counters/T-001/presence\ntopic write centre/state\n"
        "topic write counters/T-001/acks\n"
    )
    broker = mosquitto_with(f"\nuser root\nacl_file {acl}\n")
    rig.start_centre()
    running = bridge_to(broker.port)
    running.run(lambda: running.noted("refused_by_broker"), "the refusal")
    [note] = running.noted("refused_by_broker")
    assert (note["code"], note["alarm"]) == ("0x87", True)
    assert note["wait_s"] > 800
    assert running.uplink.backlog() == 3
    acl.write_text("topic readwrite #\n")
    broker.process.send_signal(1)  # SIGHUP: the file is read again

    def granted():
        if running.uplink._hold > running.now():  # a quarter of an hour passes until it has read the file
            running.ahead(1000)
        return running.uplink.backlog() == 0

    running.run(granted, "all, as soon as it is granted", 20)
    assert rig.arrived() == 3


# --- MQTT 3.1.1 -----------------------------------------------------------------------------------
REFUSED = ["10.1.2.3", "mqtt.example.org", "localhost.example.org", "::2", ""]


@pytest.mark.parametrize("host", REFUSED)
def test_a_broker_elsewhere_is_refused_with_mqtt_3_1_1(host, tmp_path):
    with pytest.raises(ConfigError, match=r"mosquitto 2\.0 or newer"):
        broker_of(MqttBroker(host=host, version="3.1.1"), tmp_path)
    assert broker_of(MqttBroker(host=host), tmp_path).version == "5"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.3.2.1", "localhost", "::1"])
def test_the_demos_own_broker_may_speak_it(host, tmp_path):
    assert broker_of(MqttBroker(host=host, version="3.1.1"), tmp_path).version == "3.1.1"


def test_a_broker_that_answers_with_an_unsupported_version_is_named_with_what_to_do(bridge_to, tmp_path):
    with closing(ScriptedBroker(Script(old=True))) as broker:
        running = bridge_to(broker.port)
        running.run(lambda: running.noted("broker_down"), "the refusal")
        [note] = running.noted("broker_down")
    assert NEEDS_MQTT_5 in note["why"]
    assert (note["log_level"], note["alarm"]) == ("error", True)
    assert running.uplink.backlog() == 3


def test_it_is_told_once_however_often_it_is_dialled(bridge_to):
    with closing(ScriptedBroker(Script(connack=0x84))) as broker:
        running = bridge_to(broker.port)
        for number in range(1, 4):
            running.run(lambda n=number: len(broker.sessions) == n, f"dial {number}")
            running.run(lambda: running.link._client is None, "the refusal")
            running.ahead(60)
        assert len([note for note in running.noted("broker_down") if note["log_level"] == "error"]) == 1
