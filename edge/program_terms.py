"""The programme's words, by the year whose set is in use. It reads one packaged file and draws nothing."""

from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

TermSet = Literal["2020", "2021"]


class Word(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    zh: str
    en: str


class Terms(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One set. linkage: how farmers share in a sale. platform: where certified products are published."""

    programme: Word
    counter: Word
    product: Word
    linkage: Word
    platform: Word


@lru_cache(maxsize=1)
def _sets() -> dict[TermSet, Terms]:
    text = Path(__file__).with_suffix(".toml").read_bytes()
    return msgspec.toml.decode(text, type=dict[TermSet, Terms])


def terms(which: TermSet) -> Terms:
    """The words of ``which``, the value of the setting ``counter.program_terms``."""
    return _sets()[which]
