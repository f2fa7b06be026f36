"""Screen tokens: one use, at most a minute, and a used one is told from one never issued."""

from itertools import count

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.domain.requests import Refusal
from edge.domain.tokens import TokenBook


@pytest.fixture
def book():
    numbers = count()
    return TokenBook(30.0, 60.0, lambda: f"t{next(numbers)}")


def test_the_screen_keeps_a_token_for_thirty_seconds(book):
    assert book.current(0.0) == book.current(29.9) != book.current(30.0)
    assert book.replaced_in(31.0) == pytest.approx(29.0)


@pytest.mark.parametrize(
    ("at", "expected"),
    [(0.0, None), (59.9, None), (60.0, None), (60.1, Refusal.REPLAY), (9000.0, Refusal.REPLAY)],
)
def test_a_token_is_good_for_a_minute_from_its_first_showing(book, at, expected):
    token = book.current(0.0)
    book.current(at)
    assert book.check(token, at) is expected


def test_a_token_is_used_once(book):
    token = book.current(0.0)
    assert book.redeem(token, 1.0) is None
    assert book.redeem(token, 1.0) is Refusal.REPLAY
    assert book.current(1.0) != token


def test_looking_at_a_token_does_not_use_it_up(book):
    token = book.current(0.0)
    assert book.check(token, 1.0) is None
    assert book.redeem(token, 1.0) is None


@pytest.mark.parametrize("token", ["", "t9", "T0", "t0 "])
def test_a_token_that_was_never_issued_is_bad(book, token):
    book.current(0.0)
    assert book.check(token, 0.0) is Refusal.BAD_TOKEN


@given(st.lists(st.tuples(st.sampled_from(["show", "use"]), st.floats(0.0, 40.0)), max_size=60))
def test_no_token_opens_twice_and_none_after_a_minute(steps):
    numbers, now, shown, opened = count(), 0.0, {}, []
    book = TokenBook(30.0, 60.0, lambda: f"t{next(numbers)}")
    for what, wait in steps:
        now += wait
        token = book.current(now)
        shown.setdefault(token, now)
        if what == "use":
            for known in list(shown):
                if book.redeem(known, now) is None:
                    opened.append(known)
                    assert now - shown[known] <= 60.0
    assert len(opened) == len(set(opened))


def test_what_is_remembered_stays_bounded(book):
    for second in range(100_000):
        book.current(second * 31.0)
    assert len(book._dead) <= 256
