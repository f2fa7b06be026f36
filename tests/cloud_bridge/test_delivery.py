"""From the ledger through a real mosquitto into the centre's database, with every link broken once."""

import signal
from random import Random

import pytest


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


def test_nothing_is_lost_when_the_broker_is_killed_and_started_again(rig, mosquitto, until):
    centre = rig.start_centre()
    rig.start_bridge()
    rig.sell(5)
    until(lambda: rig.mark() == 5, "mark 5")
    centre.send_signal(signal.SIGSTOP)  # the broker acknowledges what the centre does not take in
    rig.sell(30)
    until(lambda: "resend" in rig.log("cloud_bridge"), "events at the broker only")
    mosquitto.kill()
    rig.sell(5)
    centre.send_signal(signal.SIGCONT)
    mosquitto.start()
    until(lambda: rig.mark() == 40, "mark 40", 30)
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
            until_moment(random)
        if random.random() < 0.6:
            rig.kill(bridge)
            bridge = rig.start_bridge()
        if random.random() < 0.6:
            rig.kill(centre)
            centre = rig.start_centre()
    until(lambda: rig.mark() == rig.sold, f"mark {rig.sold} (trials {trial})", 60)
    assert rig.at_centre() == rig.in_ledger()


def until_moment(random):
    import time

    time.sleep(random.uniform(0, 0.25))


def test_sigterm_stops_both_in_good_order(rig, until):
    bridge, centre = rig.start_bridge(), rig.start_centre()
    rig.sell(1)
    until(lambda: rig.mark() == 1, "mark 1")
    for process in (bridge, centre):
        process.send_signal(signal.SIGTERM)
        assert rig.ended(process) == 0
    assert "bridge_stopped" in rig.log("cloud_bridge")
    assert "centre_stopped" in rig.log("cloud_bridge-central")
