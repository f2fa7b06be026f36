"""The coil's rest: at most one pulse in three seconds and ten in a minute, and then again."""

import pytest

from edge.coil import Coil


@pytest.mark.parametrize(
    ("pulses", "now", "hot"),
    [
        pytest.param([], 0.0, False, id="never pulsed"),
        pytest.param([0.0], 2.9, True, id="just pulsed"),
        pytest.param([0.0], 3.0, False, id="rested"),
        pytest.param([4.0 * i for i in range(10)], 59.9, True, id="ten in a minute"),
        pytest.param([4.0 * i for i in range(10)], 60.0, False, id="the first of ten is a minute ago"),
        pytest.param([4.0 * i for i in range(9)], 40.0, False, id="nine in a minute"),
    ],
)
def test_another_pulse_is_one_too_many_or_not(pulses, now, hot):
    coil = Coil(3.0, 10)
    for at in pulses:
        coil.pulsed(at)
    assert coil.is_hot(now) is hot
