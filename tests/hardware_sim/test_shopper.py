from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from hardware_sim.shopper import visit

TRAYS = {"1-01": 12, "1-02": 10, "2-01": 1, "3-02": 0}


@given(st.integers())
@settings(max_examples=60, deadline=None)
def test_a_visit_can_be_made_and_takes_what_it_says(make_bench, seed):
    it = make_bench(seed)
    full = {tray["id"]: sum(tray["goods"].values()) for tray in it.state()["trays"]}
    plan = visit(Random(seed), full)
    it.ask("8A 01 01 11 9B")
    for delay_s, act in plan.steps:
        it.wait(delay_s)
        it.world.act(act, it.clock())
    left = {tray["id"]: sum(tray["goods"].values()) for tray in it.state()["trays"]}
    assert {tray: full[tray] - left[tray] for tray in full if full[tray] != left[tray]} == plan.taken
    assert it.state()["door"] == "closed"


@given(st.integers())
def test_a_shopper_takes_no_more_than_there_is(seed):
    assert all(count <= TRAYS[tray] for tray, count in visit(Random(seed), TRAYS).taken.items())


def test_the_same_seed_is_the_same_shopper():
    assert visit(Random(5), TRAYS) == visit(Random(5), TRAYS)


def test_shoppers_differ_and_some_only_look():
    visits = [visit(Random(seed), TRAYS) for seed in range(200)]
    assert any(not one.taken for one in visits)
    assert any(act["do"] == "put_back" for one in visits for _, act in one.steps)
    assert any(act["do"] == "slam" for one in visits for _, act in one.steps)
