"""What is on its way to the counter: a file of its own, read with the others or refused with every reason."""

import pytest

from edge.errors import ConfigError
from edge.outfit.delivery_file import read_deliveries
from edge.outfit.loading import load_outfit

GOOD = """
version = "1"
[[delivery]]
sku = "A"
count = 3
lot = "L1"
produced_on = 2026-11-01
expires_on = 2027-11-01
node = "示例仓"
level = "县"
"""


def test_the_sample_deliveries_are_marked_as_samples(setup):
    outfit = load_outfit(setup / "counter.toml", environ={})
    assert outfit.deliveries
    assert all(each.lot.name.startswith("示例-") for each in outfit.deliveries)


def test_a_delivery_has_its_lot_and_the_node_it_ships_from(tmp_path):
    (tmp_path / "d.toml").write_text(GOOD, encoding="utf-8")
    (delivery,) = read_deliveries(tmp_path / "d.toml", {"A"})
    assert (delivery.count, delivery.lot.name, delivery.node) == (3, "L1", "示例仓 · 县")
    assert not delivery.in_transit


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('sku = "A"', 'sku = "B"', "product B is not in the catalogue"),
        ("2027-11-01", "2025-11-01", "expires before it was made"),
        ("count = 3", "count = 0", "count"),
        ('level = "县"', 'levels = "县"', "levels"),
    ],
)
def test_a_fault_is_named_with_its_place(tmp_path, old, new, said):
    (tmp_path / "d.toml").write_text(GOOD.replace(old, new), encoding="utf-8")
    with pytest.raises(ConfigError, match=said):
        read_deliveries(tmp_path / "d.toml", {"A"})
