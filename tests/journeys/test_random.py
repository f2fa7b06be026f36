"""Random honest visitors: nobody is charged for what they did not take, and few are asked to wait."""

from collections import Counter
from random import Random

import pytest

from hardware_sim.shopper import visit

REVIEW_SHARE = 0.02


def shop(rig, random):
    """One random visit; gives how it ended. Fails on any wrong charge."""
    before, charged = rig.truly_on(), Counter(rig.charged())
    plan = visit(random, before)
    session = rig.open()
    for delay, act in plan.steps:
        rig.run(delay)
        rig.act(**act, wait=0.0)
    receipt = rig.settled(session, 25.0)
    after = rig.truly_on()
    taken = {tray: before[tray] - after[tray] for tray in before if before[tray] != after[tray]}
    new = {tray: count - charged[tray] for tray, count in rig.charged().items() if count != charged[tray]}
    if receipt.state in ("SETTLED", "EMPTY"):
        assert new == taken, (plan, receipt)
    else:
        assert receipt.state == "REVIEW"
        print(rig.events("session.closed.v1")[-1], plan)
        assert all(taken.get(tray) == count for tray, count in new.items()), (plan, receipt)
    rig.run(random.uniform(0.5, 4.0))
    return receipt.state


def refill(rig):
    """The stock is used up after some visits; a fresh counter is cheaper than a restock."""
    return min(rig.truly_on().values()) <= 2


def shop_often(make, visits, seed):
    ends, random, rig = Counter(), Random(f"{seed}/visits"), make(seed)
    for number in range(visits):
        if refill(rig):
            rig.kill()
            rig = make(seed * 1000 + number)
        ends[shop(rig, random)] += 1
    return ends


@pytest.fixture
def make(tmp_path_factory, outfit, make_rig):
    kind = type(make_rig(0))
    return lambda seed: kind(tmp_path_factory.mktemp("visits"), seed, outfit).ready()


def test_random_visits_are_charged_what_was_taken(make):
    ends = shop_often(make, 8, seed=1)
    assert ends["SETTLED"] + ends["EMPTY"] >= 7, ends


@pytest.mark.long
def test_five_hundred_random_visits_charge_nobody_wrongly_and_few_go_to_review(make):
    ends = shop_often(make, 500, seed=7)
    print(ends)
    assert ends["REVIEW"] <= REVIEW_SHARE * 500, ends
