"""Traces: what is registered of a lot, and every fault of a file of them with its place."""

from datetime import date

import pytest

from edge.domain.trace import Leg, Trace, problems_of, traces_of
from edge.domain.values import Sku

TEA, OTHER = Sku("PL-TEA-125"), Sku("NO-SUCH")
RIGHT = Trace(
    TEA,
    "L1",
    produced_on=date(2026, 4, 12),
    stored_since=date(2026, 4, 20),
    legs=(Leg("a", "b", date(2026, 5, 1)), Leg("b", "c", date(2026, 5, 1))),
    team="示例-云岭村驻村工作队",
)

FAULTS = [
    pytest.param(Trace(OTHER, ""), ["the product is not in the catalogue"], id="product"),
    pytest.param(Trace(TEA, "", team="张三"), ["must be a village or a village team"], id="person"),
    pytest.param(Trace(TEA, "", team="云岭村 13800000000"), ["never a person or a number"], id="number"),
    pytest.param(Trace(TEA, "", legs=(Leg("a", " "),)), ["leg[1] needs both from and to"], id="half a leg"),
    pytest.param(
        Trace(TEA, "", produced_on=date(2026, 5, 2), legs=(Leg("a", "b", date(2026, 5, 1)),)),
        ["leg[1].on 2026-05-01 is before produced_on 2026-05-02"],
        id="carried before it was made",
    ),
    pytest.param(
        Trace(OTHER, "", team="张三"), ["not in the catalogue", "village"], id="all faults are told"
    ),
]


@pytest.mark.parametrize(("trace", "said"), FAULTS)
def test_what_cannot_be_right_is_said(trace, said):
    found = list(problems_of([trace], {TEA}))
    assert len(found) == len(said)
    assert all(part in each for part, each in zip(said, found, strict=True))


def test_one_lot_has_one_trace_and_two_lots_may_have_two():
    assert list(problems_of([RIGHT, Trace(TEA, "L2")], {TEA})) == []
    (found,) = problems_of([RIGHT, Trace(TEA, "L1")], {TEA})
    assert "trace[2] (PL-TEA-125, lot L1): stands here already" in found


def test_a_lot_without_a_trace_has_none_of_another_lot():
    traces = traces_of([RIGHT])
    assert traces.of(TEA, "L1") == RIGHT
    assert traces.of(TEA, "") is None
