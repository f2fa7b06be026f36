"""Rows → JSON, JSON lines or CSV. Pure.

In CSV a row with inner lines takes one record a line, its own columns repeated; other lists are JSON text.
"""

import base64
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec

from cloud_bridge import feed
from cloud_bridge.central.outward_rows import Event
from cloud_bridge.central.outward_sources import Part, Source
from edge.domain.tables import csv_text

_ENVELOPE = ("inc", "seq", "type", "time", "subject")
EVENT_HEAD = ("number", "received", "counter", *_ENVELOPE, "event", "event_base64")


def text_of(source: Source, rows: Sequence[msgspec.Struct], form: str) -> bytes:
    """The rows as bytes. form: json (one array) | jsonl (a line each) | csv (with its head)."""
    if form == "json":
        return msgspec.json.encode(rows)
    if form == "jsonl":
        return b"".join(msgspec.json.encode(row) + b"\n" for row in rows)
    return csv_text(head(source), list(records(source, rows))).encode()


def head(source: Source) -> tuple[str, ...]:
    """The columns of the list's CSV."""
    if source.name == "events":
        return EVENT_HEAD
    lines = _lines(source)
    named = [f"line_{each.name}" for each in msgspec.structs.fields(lines.row)] if lines else []
    return (*_own(source), *named)


def records(source: Source, rows: Iterable[msgspec.Struct]) -> Iterator[tuple[object, ...]]:
    """The rows as records under ``head``."""
    for row in rows:
        if isinstance(row, Event):
            yield _event(row)
        else:
            yield from _flat(source, row)


def _lines(source: Source) -> Part | None:
    return next((part for part in source.parts if part.name == "lines"), None)


def _own(source: Source) -> list[str]:
    return [each.name for each in msgspec.structs.fields(source.row) if each.name != "lines"]


def _flat(source: Source, row: msgspec.Struct) -> Iterator[tuple[object, ...]]:
    own = tuple(_cell(getattr(row, name)) for name in _own(source))
    if (lines := _lines(source)) is None:
        yield own
        return
    names = [each.name for each in msgspec.structs.fields(lines.row)]
    for line in getattr(row, lines.name) or [None]:
        yield (*own, *("" if line is None else _cell(getattr(line, name)) for name in names))


def _cell(value: Any) -> object:
    if isinstance(value, bool):
        return int(value)
    return msgspec.json.encode(value).decode() if isinstance(value, tuple) else value


def _event(row: Event) -> tuple[object, ...]:
    body = base64.b64decode(row.event_base64 or "") if row.event is None else bytes(row.event)
    told = feed.decode(body)
    counter = told.source.removeprefix("/counters/")
    keys = (getattr(told, name) for name in _ENVELOPE)
    text = None if row.event is None else body.decode()
    return (row.number, row.received, counter, *keys, text, row.event_base64)
