"""From the ledger through a real mosquitto into the centre's database, with every link broken once."""

import signal
import threading
import time
from contextlib import contextmanager
from random import Random

import paho.mqtt.client as mqtt
import pytest

from cloud_bridge import feed
from cloud_bridge.packing import unpacked

pytestmark = pytest.mark.processes


def test_a_sale_reaches_the_centre_once_and_its_mark_comes_back(rig, until):
    rig.start_centre()
    rig.start_bridge()
    rig.sell(3)
    until(lambda: rig.mark() == 3, "mark 3")
    assert rig.at_centre() == rig.in_ledger()
    rig.sell(1)
    until(lambda: rig.mark() == 4, "mark 4")
    assert rig.at_centre() == rig.in_ledger()


def test_sales_made_before_bridge_broker_and_centre_started_arrive_in_batches(rig, until):
    rig.sell(250)
    rig.start_bridge()
    rig.start_centre()
    until(lambda: rig.mark() == 250, "mark 250")
    assert rig.at_centre() == rig.in_ledger()


def test_the_centre_hears_at_once_that_a_backlog_is_gone(rig, until):
    rig.start_centre()
    rig.sell(60)
    rig.start_bridge()
    until(lambda: rig.mark() == 60, "mark 60")
    until(lambda: rig.backlog_at_centre() == 0, "no backlog", 10)


def test_nothing_is_lost_when_the_broker_is_killed_and_started_again(rig, mosquitto, until):
    centre = rig.start_centre()
    rig.start_bridge()
    rig.sell(5)
    until(lambda: rig.mark() == 5, "mark 5")
    centre.send_signal(signal.SIGSTOP)
    with spy(mosquitto) as seen:  # 20 messages lie in the centre's socket, the others in the broker alone
        for sold in (15, 25, 35, 45):
            rig.sell(10)
            until(lambda sold=sold: max(seen, default=0) == sold, f"event {sold} at the broker")
    until_moment(0.3)  # for the last PUBACK
    mosquitto.kill()
    rig.sell(5)
    centre.send_signal(signal.SIGCONT)
    mosquitto.start()
    until(lambda: rig.mark() == 50, "mark 50", 30)
    assert rig.at_centre() == rig.in_ledger()


def test_while_the_centre_is_down_nobody_listens_and_nothing_is_freed(rig, until):
    centre = rig.start_centre()
    rig.start_bridge()
    rig.sell(2)
    until(lambda: rig.mark() == 2, "mark 2")
    rig.kill(centre)
    rig.sell(3)
    until(lambda: "nobody_listens" in rig.log("cloud_bridge"), "PUBACK 0x10")
    assert rig.mark() == 2
    rig.start_centre()
    until(lambda: rig.mark() == 5, "mark 5")
    assert rig.at_centre() == rig.in_ledger()


@pytest.mark.parametrize(
    "trial", [pytest.param(range(5), id="5"), pytest.param(range(5, 35), id="30", marks=pytest.mark.long)]
)
def test_kill_9_of_bridge_and_centre_at_random_moments_loses_and_doubles_nothing(rig, until, trial):
    bridge, centre = rig.start_bridge(), rig.start_centre()
    for seed in trial:
        random = Random(seed)
        for _ in range(random.randint(1, 4)):
            rig.sell(random.randint(1, 30))
            until_moment(random.uniform(0, 0.25))
        if random.random() < 0.6:
            rig.kill(bridge)
            bridge = rig.start_bridge()
        if random.random() < 0.6:
            rig.kill(centre)
            centre = rig.start_centre()
    until(lambda: rig.mark() == rig.sold, f"mark {rig.sold} (trials {trial})", 60)
    assert rig.at_centre() == rig.in_ledger()


def until_moment(seconds):
    """Let processes run; nothing is asserted about how far they came."""
    time.sleep(seconds)


@contextmanager
def spy(broker):
    """The numbers of the events that pass the broker."""
    seen = set()

    def hear(_client, _userdata, message):
        body = unpacked(message.payload)
        for each in feed.unbatch(body) if body.startswith(b"[") else [body]:
            seen.add(feed.decode(each).seq)

    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    client.on_message = hear
    client.on_connect = lambda client, *_: client.subscribe("counters/+/events")
    subscribed = threading.Event()
    client.on_subscribe = lambda *_: subscribed.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        assert subscribed.wait(5)
        yield seen
    finally:
        client.disconnect()
        client.loop_stop()


def test_sigterm_stops_both_in_good_order(rig, until):
    bridge, centre = rig.start_bridge(), rig.start_centre()
    rig.sell(1)
    until(lambda: rig.mark() == 1, "mark 1")
    for process in (bridge, centre):
        process.send_signal(signal.SIGTERM)
        assert rig.ended(process) == 0
    assert "bridge_stopped" in rig.log("cloud_bridge")
    assert "centre_stopped" in rig.log("cloud_bridge-central")
