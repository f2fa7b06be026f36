"""Writes plain values as TOML. It knows what settings files hold: tables, arrays of tables, scalars."""

import datetime
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any


def toml(values: Mapping[str, Any]) -> str:
    """``values`` as a TOML document; ``tomllib.loads`` gives them back. Comments are not its business."""
    return "\n".join(_table(values, ())).lstrip("\n") + "\n"


def overlaid(values: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """``values`` with the entries of ``over`` laid on top, table by table."""
    merged = dict(values)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            merged[key] = overlaid(below, value)
        else:
            merged[key] = value
    return merged


def _table(values: Mapping[str, Any], place: tuple[str, ...]) -> Iterator[str]:
    """Scalars first: what follows a ``[header]`` belongs to it."""
    for key, value in values.items():
        if not isinstance(value, Mapping) and not _is_array_of_tables(value):
            yield f"{_key(key)} = {_scalar(value)}"
    for key, value in values.items():
        here = (*place, key)
        name = ".".join(map(_key, here))
        if isinstance(value, Mapping):
            yield f"\n[{name}]"
            yield from _table(value, here)
        elif _is_array_of_tables(value):
            for item in value:
                yield f"\n[[{name}]]"
                yield from _table(item, here)


def _is_array_of_tables(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, Mapping) for each in value)


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else _text(key)


def _text(value: str) -> str:
    """A basic string. JSON's escapes are TOML's, but for DEL, which TOML wants escaped too."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _scalar(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, list):
        return "[" + ", ".join(_scalar(each) for each in value) + "]"
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_scalar(inner)}" for key, inner in value.items()) + " }"
    return _text(str(value))
