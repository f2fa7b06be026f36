"""What the buyer's page at the centre says: its own words over those that the counter's page has too."""

from functools import cache
from pathlib import Path

import msgspec

from edge.screens.shared import shared_texts


class _Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    zh: str
    en: str


@cache
def texts() -> dict[str, dict[str, str]]:
    """By language, then by key."""
    raw = (Path(__file__).resolve().parent / "words.toml").read_bytes()
    own = msgspec.toml.decode(raw, type=dict[str, _Said])
    return {
        language: said | {key: getattr(each, language) for key, each in own.items()}
        for language, said in shared_texts().items()
    }
