"""What a restocker types: only days that a label can bear, only signs that can be read."""

import pytest

from edge.domain.restock_view import SetCount, SetLot
from edge.restocking.typed import kept, senseless


@pytest.mark.parametrize(
    ("produced", "expires", "why"),
    [
        ("2026-10-01", "2027-10-01", ""),
        ("2026-10-01", "2026-10-01", ""),
        (None, None, ""),
        ("2000-01-01", "2099-12-31", ""),
        ("2026-10-02", "2026-10-01", "before it was made"),
        ("2026-02-30", None, "no such day"),
        ("0000-00-00", None, "no such day"),
        ("2026-10-01\n", None, "no such day"),
        ("9999-12-31", None, "no label"),
        (None, "9999-12-31", "no label"),
        ("0001-01-01", "0001-01-02", "no label"),
    ],
)
def test_days_are_those_that_a_label_can_bear(produced, expires, why):
    edit = SetLot(tray="1-01", sku="TEA", lot="L", produced_on=produced, expires_on=expires)
    found = senseless(edit)
    assert why in found
    assert bool(why) == bool(found)


@pytest.mark.parametrize(
    ("typed", "stays"),
    [
        ("  ", ""),
        ("\n\x00\x1b", ""),
        ("\u200b\ufeff", ""),
        ("\u202e1202", "1202"),
        (" A\r\n\tB ", "A B"),
        ("示例-T2610", "示例-T2610"),
        ("=1+1", "=1+1"),
    ],
)
def test_a_lot_is_kept_as_it_can_be_read(typed, stays):
    assert kept(SetLot(tray="1-01", sku="TEA", lot=typed)).lot == stays
    assert kept(SetCount(tray="1-01", sku="TEA", count=1, reason=typed)).reason == stays


def test_a_telephone_in_a_reason_is_not_kept():
    assert (
        "138"
        not in kept(SetCount(tray="1-01", sku="TEA", count=1, reason="问 138\u200b0013\u200b8000")).reason
    )
