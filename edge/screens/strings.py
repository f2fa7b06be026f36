"""What screens say, in both languages, from ``strings.toml``. The only place with words for people."""

from functools import cache
from pathlib import Path

import msgspec

from edge.screens.problems import FAULTS, REFUSALS

LANGUAGES = ("zh", "en")
"""The first one is the default."""

Texts = dict[str, str]


class Said(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One text. ``{name}`` in it is filled by the page."""

    zh: str
    en: str


class _File(msgspec.Struct, frozen=True):
    said: dict[str, Said]
    picture: dict[str, str]


@cache
def _file() -> _File:
    raw = msgspec.toml.decode((Path(__file__).resolve().parent / "strings.toml").read_bytes())
    picture = raw.pop("picture")
    return msgspec.convert({"said": raw, "picture": picture}, _File)


def catalogue() -> dict[str, Said]:
    """Every text by its key; refusals come from where they are told over HTTP, as ``code_…``."""
    kinds = {**{code.value: kind for code, kind in REFUSALS.items()}, **FAULTS}
    return _file().said | {f"code_{code}": Said(kind.zh, kind.en) for code, kind in kinds.items()}


def texts() -> dict[str, Texts]:
    """By language, then by key."""
    said = catalogue()
    return {language: {key: getattr(text, language) for key, text in said.items()} for language in LANGUAGES}


def pictures() -> dict[str, str]:
    """Which drawing of ``icons.js`` stands for a category of the catalogue."""
    return _file().picture
