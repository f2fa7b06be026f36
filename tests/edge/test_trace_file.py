"""The file of traces: read with the others, refused as a whole, and optional."""

import pytest

from edge.domain.values import Sku
from edge.errors import ConfigError
from edge.outfit.loading import load_outfit


def test_the_sample_traces_are_marked_as_samples(setup):
    outfit = load_outfit(setup / "counter.toml", environ={})
    tea = outfit.traces.of(Sku("PL-TEA-125"), "")
    assert len(tea.legs) == 2
    told = [
        text
        for each in outfit.traces.by_lot.values()
        for text in (
            each.produced_at,
            each.stored_at,
            each.mark,
            each.team,
            *(leg.from_place for leg in each.legs),
        )
        if text
    ]
    assert all(text.startswith("示例") for text in told)


def test_a_counter_without_traces_starts(setup, spoil):
    spoil(setup / "counter.toml", 'traces = "traces.toml"\n', "")
    assert load_outfit(setup / "counter.toml", environ={}).traces.by_lot == {}


def test_every_fault_of_the_traces_is_told_beside_those_of_other_files(setup, spoil):
    spoil(setup / "counter.toml", "board = 1", "board = 99")
    traces = setup / "traces.toml"
    spoil(traces, "示例-云岭村驻村工作队", "张三")
    spoil(traces, 'sku = "NS-HONEY-500"', 'sku = "NS-HONEY"')
    with pytest.raises(ConfigError) as raised:
        load_outfit(setup / "counter.toml", environ={})
    said = "\n".join(raised.value.problems)
    for part in ("lock.board 99", f"{traces}: trace[1]", "trace[2] (NS-HONEY"):
        assert part in said


def test_a_key_that_is_not_known_is_refused_with_its_place(setup, spoil):
    spoil(setup / "traces.toml", 'to = "示例-安康市中心仓"', 'too = "示例"')
    with pytest.raises(ConfigError) as raised:
        load_outfit(setup / "counter.toml", environ={})
    assert any(
        "trace[1].leg[1].too is not a known key; did you mean 'to'?" in p for p in raised.value.problems
    )
