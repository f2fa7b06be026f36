"""Every reason of the gate has its sentence in both languages."""

import pytest

from edge.domain.catalogue import Gate
from edge.domain.gate import Block
from edge.screens.strings import catalogue

SAID = catalogue()


@pytest.mark.parametrize("key", [*(f"block_{each}" for each in Block), *(f"gate_{each}" for each in Gate)])
def test_every_reason_of_the_gate_is_told_in_both_languages(key):
    assert SAID[key].zh
    assert SAID[key].en
