import re
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.ledger.ids import order_no, ulids

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def number_of(ulid):
    value = 0
    for letter in ulid:
        value = value * 32 + ALPHABET.index(letter)
    return value


def test_the_time_of_an_id_reads_as_in_the_ulid_specification():
    # The specification's example: 1469918176385 ms is 01ARYZ6S41.
    assert next(ulids(1469918176385, bytes(8))) == "01ARYZ6S41" + "0" * 16


@settings(deadline=None)  # the machine may be busy
@given(ms=st.integers(0, 2**48 - 1), random=st.binary(min_size=8, max_size=8))
def test_an_id_holds_time_and_chance_and_counts_within_its_transaction(ms, random):
    made = list(islice(ulids(ms, random), 3))
    wanted = (ms << 80) | (int.from_bytes(random, "big") << 16)
    assert [number_of(ulid) for ulid in made] == [wanted, wanted + 1, wanted + 2]
    assert all(len(ulid) == 26 for ulid in made)


def test_a_transaction_may_make_65536_ids_all_different():
    made = list(ulids(1, b"\xff" * 8))
    assert len(set(made)) == len(made) == 65536
    assert sorted(made) == made


@pytest.mark.parametrize(
    ("counter", "n", "wanted"),
    [
        ("XA-001", 42, "XA-001-7f3a-000042"),
        ("C", 9_999_999, "C-7f3a-9999999"),
        ("A" * 19, 9_999_999, "A" * 19 + "-7f3a-9999999"),
        ("A" * 24, 1, "AAAAAAAAAA_[0-9a-f]{8}-7f3a-000001"),
    ],
)
def test_an_order_number_fits_the_payment_systems_rule(counter, n, wanted):
    made = order_no(counter, "7f3a" + "0" * 12, n)
    assert re.fullmatch(wanted, made)
    assert re.fullmatch(r"[0-9A-Za-z_\-|*]{1,32}", made)


def test_long_counter_ids_keep_their_numbers_apart():
    assert order_no("A" * 23 + "1", "7f3a", 1) != order_no("A" * 23 + "2", "7f3a", 1)


def test_a_number_that_does_not_fit_is_an_error_not_a_cut():
    with pytest.raises(ValueError, match="32"):
        order_no("A" * 19, "7f3a", 10**8)
