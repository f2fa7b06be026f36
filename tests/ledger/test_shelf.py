"""What lies of a product lot by lot, and since when, read beside the engine's ledger."""

from datetime import UTC, date, datetime, timedelta

import pytest

from edge.domain.records import Movement
from edge.domain.values import Instant, SessionId, Sku, TrayId
from edge.errors import NoInput
from edge.ledger.ledger import Ledger
from edge.ledger.shelf import Shelf

TEA, HONEY, AT, OTHER = Sku("PL-TEA-125"), Sku("NS-HONEY-500"), TrayId("1-02"), TrayId("2-02")
BORN = datetime(2026, 11, 23, tzinfo=UTC)
ENDS = date(2028, 3, 24)


def at(hours: float) -> Instant:
    return Instant(hours * 3600, BORN + timedelta(hours=hours), "boot")


@pytest.fixture
def ledger(tmp_path):
    made = Ledger.open(tmp_path / "ledger.db", "AK-001", at(0), lambda n: bytes(range(n)))
    made.open_stock([Movement(AT, TEA, "RESTOCK", 5, "opening stock")], at(0))
    yield made
    made.close()


@pytest.fixture
def shelf(tmp_path, ledger):
    return Shelf(tmp_path / "ledger.db")


def told(shelf: Shelf, sku: Sku = TEA) -> list[tuple[str, str, int, str]]:
    return [(each.tray, each.held.lot.name, each.held.count, each.since[5:16]) for each in shelf.lying(sku)]


def test_each_lot_is_told_with_the_newest_restock_that_brought_it(ledger, shelf):
    ledger.move_stock([Movement(AT, TEA, "RESTOCK", 4, "", "L1", None, ENDS)], None, at(1))
    ledger.move_stock([Movement(AT, TEA, "RESTOCK", 2, "", "L1", None, ENDS)], None, at(3))
    ledger.move_stock([Movement(OTHER, TEA, "RESTOCK", 1, "", "L1", None, ENDS)], None, at(4))
    assert told(shelf) == [
        ("1-02", "", 5, "11-23T00:00"),
        ("1-02", "L1", 6, "11-23T03:00"),
        ("2-02", "L1", 1, "11-23T04:00"),
    ]


def test_what_was_sold_lies_there_no_more_and_the_answer_follows(ledger, shelf):
    assert [count for _, _, count, _ in told(shelf)] == [5]
    ledger.move_stock([Movement(AT, TEA, "ADJUST", -5)], None, at(1))
    assert told(shelf) == []


def test_what_no_restock_brought_has_no_time_on_the_shelf(ledger, shelf):
    ledger.move_stock([Movement(OTHER, TEA, "MISPLACED", 1)], None, at(2))
    assert told(shelf)[-1] == ("2-02", "", 1, "")


def test_another_product_does_not_come_into_it(ledger, shelf):
    ledger.move_stock([Movement(OTHER, HONEY, "RESTOCK", 3)], SessionId("5f" * 16), at(2))
    assert [tray for tray, *_ in told(shelf)] == ["1-02"]
    assert [count for _, _, count, _ in told(shelf, HONEY)] == [3]


def test_without_a_ledger_it_says_so(tmp_path):
    with pytest.raises(NoInput):
        Shelf(tmp_path / "none.db").lying(TEA)
