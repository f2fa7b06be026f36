"""The programme's words: both sets whole, and none of them written into code."""

import msgspec
import pytest

from edge.program_terms import Word, terms


@pytest.mark.parametrize("which", ["2020", "2021"])
def test_a_set_has_every_word_in_both_languages(which):
    words: list[Word] = list(msgspec.structs.astuple(terms(which)))
    assert len(words) == 5
    assert all(word.zh and word.en.isascii() for word in words)


def test_the_sets_differ_in_every_word():
    old, new = (msgspec.structs.astuple(terms(which)) for which in ("2020", "2021"))
    assert all(one.zh != other.zh for one, other in zip(old, new, strict=True))
