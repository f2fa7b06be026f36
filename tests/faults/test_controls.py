"""The yardstick sees a bridge that trusts the broker: else its silence would prove nothing."""

import time

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.chaos, pytest.mark.long]

CARELESS = "ack on PUBACK"
PATIENCE_S = 8.0
"""For what will never arrive."""


def broker_dies_with_what_it_acknowledged(stage, until):
    """The centre hangs, the broker takes messages for it and is killed with them. Gives: did all arrive?"""
    (member,) = stage.counters
    until(lambda: stage.mark(member.id) > 20, "the first events at the centre", stage)
    stage.programs["worker-1"].freeze()
    stage.wait(4.0)  # two messages lie in the centre's socket, the others in the broker alone
    stage.programs["broker"].kill(0.0)
    stage.programs["worker-1"].thaw()
    stage.stop_selling()
    return stage.drained(time.monotonic(), PATIENCE_S) is not None


def test_a_broker_killed_with_what_it_acknowledged_loses_nothing(staged, until):
    stage = staged(inflight=2)
    assert broker_dies_with_what_it_acknowledged(stage, until)
    assert stage.problems() == []


def test_a_bridge_that_takes_a_puback_for_an_ack_is_found_out(staged, until):
    stage = staged(inflight=2, planted=CARELESS)
    assert not broker_dies_with_what_it_acknowledged(stage, until)
    assert any("lost" in problem for problem in stage.problems())
