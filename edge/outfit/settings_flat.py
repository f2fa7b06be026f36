"""Settings as rows of names and values, for people and reports. Secrets are never among them."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

import msgspec

from edge.outfit.settings_walk import is_secret

HIDDEN = "(hidden)"


def flat(value: Any, place: str = "") -> Iterator[tuple[str, object]]:
    """``section.key`` and value of everything in ``value``, in the file's order; secrets hidden."""
    if isinstance(value, msgspec.Struct):
        inner = [(name, getattr(value, name)) for name in value.__struct_fields__]
    elif isinstance(value, Mapping):
        inner = [(str(name), each) for name, each in value.items()]
    else:
        shown = value.isoformat() if isinstance(value, date) else value
        yield place, HIDDEN if value and is_secret(place.rpartition(".")[2]) else shown
        return
    for name, each in inner:
        yield from flat(each, f"{place}.{name}" if place else name)
