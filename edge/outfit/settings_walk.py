"""Turns a tree of raw values into msgspec Structs, key by key, so that every fault is found at once.

It knows types and places; it reads nothing and does not know what a setting means.
"""

import datetime
import difflib
import json
import re
import tomllib
import types
import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec


@dataclass(frozen=True, slots=True)
class Leaf:
    """One raw value. text: it is a string that stands for a value (environment, command line)."""

    value: object
    origin: str
    text: bool = False


Tree = dict[str, "Tree | Leaf"]
Place = tuple[str, ...]

_SECRET = re.compile(r"(^|_)(password|secret|pin|hash|salt|token|key)$")


def is_secret(key: str) -> bool:
    """Whether the value under ``key`` must not be shown. ``password_file`` is a path, so it may."""
    return _SECRET.search(key) is not None


def tree_of(values: Mapping[str, object], origin: str) -> Tree:
    """Parsed TOML as a tree whose leaves know ``origin``."""
    return {
        key: tree_of(value, origin) if isinstance(value, Mapping) else Leaf(value, origin)
        for key, value in values.items()
    }


@dataclass(slots=True)
class Walk:
    """One pass over a tree. source: the file's name for the sentences."""

    source: str
    problems: list[str] = field(default_factory=list)
    origins: dict[str, str] = field(default_factory=dict)
    parts: dict[Place, object] = field(default_factory=dict)
    """Every Struct that came out whole, by place: what can still be used where the whole cannot."""

    def struct(self, kind: type[Any], tree: Tree, place: Place) -> object:
        """``tree`` as a ``kind``; None after a fault, which is then in ``problems``."""
        before = len(self.problems)
        fields = {each.encode_name: each for each in msgspec.structs.fields(kind)}
        meant = {
            self._unknown(key, node, list(fields), place) for key, node in tree.items() if key not in fields
        }
        values: dict[str, object] = {}
        for key, each in fields.items():
            if key in tree:
                values[each.name] = self._value(each.type, tree[key], (*place, key))
            elif each.required and key not in meant:
                self._say((*place, key), "is missing and has no default; add it")
        if len(self.problems) > before:
            return None
        self.parts[place] = whole = kind(**values)
        return cast(object, whole)

    def _value(self, kind: Any, node: "Tree | Leaf", place: Place) -> object:
        kind = _not_none(kind)
        many = typing.get_origin(kind)
        if isinstance(node, Leaf) and node.text and (many in (dict, list, tuple) or _is_struct(kind)):
            node = _parsed(node)
        if _is_struct(kind) or many is dict:
            return self._table(kind, node, place)
        if isinstance(node, dict):
            self._say(place, "must be a single value, not a table")
            return None
        if many in (list, tuple) and _is_struct(typing.get_args(kind)[0]):
            return self._structs(many, typing.get_args(kind)[0], node, place)
        return self._single(kind, node, place)

    def _table(self, kind: Any, node: "Tree | Leaf", place: Place) -> object:
        if isinstance(node, Leaf):
            self._say(place, f"must be a table, not {_shown(place, node.value)}", node)
            return None
        if _is_struct(kind):
            return self.struct(kind, node, place)
        inner = typing.get_args(kind)[1]
        return {key: self._value(inner, value, (*place, key)) for key, value in node.items()}

    def _structs(self, many: Any, kind: type[Any], node: Leaf, place: Place) -> object:
        """An array of tables; places count from 1: ``tray[3].sku``."""
        if not isinstance(node.value, list):
            self._say(place, f"must be a list of tables, not {_shown(place, node.value)}", node)
            return None
        found = []
        for number, item in enumerate(node.value, 1):
            here = (*place[:-1], f"{place[-1]}[{number}]")
            if isinstance(item, Mapping):
                found.append(self.struct(kind, tree_of(item, node.origin), here))
            else:
                self._say(here, f"must be a table, not {_shown(here, item)}", node)
        return many(found)

    def _single(self, kind: Any, node: Leaf, place: Place) -> object:
        self.origins[".".join(place)] = node.origin
        try:
            return msgspec.convert(node.value, kind, strict=not node.text)
        except msgspec.ValidationError as error:
            what = f"{_shown(place, node.value)} does not fit: {_wanted(kind, node, error)}"
            self._say(place, what, node)
            return None

    def _unknown(self, key: str, node: "Tree | Leaf", known: Sequence[str], place: Place) -> str | None:
        """Refuse ``key``; gives the known key that was probably meant."""
        near = difflib.get_close_matches(key.lower(), known, n=1)
        remedy = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
        self._say((*place, key), f"is not a known key; {remedy}", node if isinstance(node, Leaf) else None)
        return near[0] if near else None

    def _say(self, place: Place, what: str, leaf: Leaf | None = None) -> None:
        env = leaf.origin.removeprefix("env ") if leaf and leaf.origin.startswith("env ") else ""
        flag = "command line" if leaf and leaf.origin == "flag" else ""
        self.problems.append(f"{env or flag or self.source}: {'.'.join(place)} {what}")


def _parsed(node: Leaf) -> "Tree | Leaf":
    """A table or list written in one string, in TOML's inline form."""
    try:
        value = tomllib.loads(f"it = {node.value}")["it"]
    except tomllib.TOMLDecodeError:
        return Leaf(node.value, node.origin)  # the caller refuses it with the right words
    return tree_of(value, node.origin) if isinstance(value, dict) else Leaf(value, node.origin)


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _not_none(kind: Any) -> Any:
    """``X`` for ``X | None`` where X is a Struct: an optional section."""
    if typing.get_origin(kind) in (typing.Union, types.UnionType):
        structs = [each for each in typing.get_args(kind) if _is_struct(each)]
        return structs[0] if len(structs) == 1 else kind
    return kind


def _shown(place: Place, value: object) -> str:
    """``value`` for a sentence, unless it is a secret."""
    if is_secret(place[-1]):
        return "its value"
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return json.dumps(value, ensure_ascii=False, default=str)


def _wanted(kind: Any, node: Leaf, error: msgspec.ValidationError) -> str:
    """What would fit. msgspec names a wrong choice without the right ones, so these are added."""
    if typing.get_origin(kind) is not typing.Literal:
        words = str(error).replace("Expected", "expected").replace("`", "")
        return words.removesuffix(", got str") if node.text else words
    choices = [str(each) for each in typing.get_args(kind)]
    near = difflib.get_close_matches(str(node.value), choices, n=1)
    return f"one of {', '.join(choices)}" + (f"; did you mean {near[0]!r}?" if near else "")
