"""Reads ``wording.toml``: what a catalogue may not say and not hold. It judges nothing."""

from functools import cache
from pathlib import Path

import msgspec

from edge.domain.claims import Wording


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    forbidden_categories: tuple[str, ...]
    banned_words: tuple[str, ...]


@cache
def read_wording() -> Wording:
    """The package's own lists; they do not change while a program runs."""
    body = (Path(__file__).parent / "wording.toml").read_bytes()
    file = msgspec.toml.decode(body, type=_File)
    return Wording(frozenset(file.forbidden_categories), file.banned_words)
