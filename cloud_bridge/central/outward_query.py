"""What was asked of a list → one page of its rows. Reads only; knows no HTTP.

Events get their numbers behind the workers' gate, in the order of their commits: no row can later appear
before a cursor.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from cloud_bridge import feed
from cloud_bridge.central.database import Connection
from cloud_bridge.central.outward_ask import Asked, place_text
from cloud_bridge.central.outward_rows import Event
from cloud_bridge.central.outward_sources import Part, Source

SPAN = 20_000
"""Numbers looked at in one page oldest first: what is rare is found over several pages, none of them slow."""
STRIDE = 500
"""Events asked for at once."""
MAX_PAGE_BYTES = 8 * 1024 * 1024
"""Of events in one page."""


@dataclass(frozen=True, slots=True)
class Page:
    """rows: in the order asked for. cursor: where the next page begins. more: there is one now.

    through: every number up to here was looked at or lies before the cursor of the one who asks.
    """

    rows: Sequence[msgspec.Struct]
    cursor: str
    more: bool
    through: int


def newest_number(db: Connection) -> int:
    """Of the events that have arrived; 0 where there is none."""
    return int(db.execute("select coalesce(max(id), 0) from raw_event").fetchone()[0])


def page(db: Connection, source: Source, asked: Asked, most: int = SPAN) -> Page:
    """One page, of at most ``most`` numbers oldest first.

    Outside a transaction, so that each question sees what is committed by then.
    """
    through = newest_number(db)
    if source.by_arrival:
        reading = _events if source.name == "events" else _arrived
        return reading(db, source, asked, _span(asked, through, most), through)
    return _placed(db, source, asked, through)


def _conditions(source: Source, asked: Asked) -> tuple[list[str], list[Any]]:
    told = [each for each in source.filters if each.name in asked.filters and each.sql]
    return [each.sql for each in told], [asked.filters[each.name] for each in told]


def _span(asked: Asked, through: int, most: int) -> tuple[int, int]:
    """The numbers to look at, as (above, up to)."""
    if asked.newest:
        return 0, through if not asked.number else min(through, asked.number - 1)
    above = asked.number or 0
    return above, max(above, min(through, above + most))


def _end(asked: Asked, numbers: Sequence[int], span: tuple[int, int], full: bool) -> tuple[str, bool]:
    """The cursor after a page with these numbers."""
    if asked.newest:
        return str(numbers[-1] if numbers else asked.number or 0), full
    return str(numbers[-1] if full else span[1]), full


def _arrived(db: Connection, source: Source, asked: Asked, span: tuple[int, int], through: int) -> Page:
    conditions, values = _conditions(source, asked)
    found = db.execute(
        f"select {source.columns} from raw_event e join {source.table} t"
        " on t.counter = e.counter and t.inc = e.inc and t.seq = e.seq where "
        + " and ".join(["e.id > ?", "e.id <= ?", *conditions])
        + f" order by e.id {'desc' if asked.newest else 'asc'} limit ?",
        (*span, *values, asked.limit),
    ).fetchall()
    rows = _rows(db, source, found)
    full = len(found) == asked.limit
    cursor, more = _end(asked, [each[0] for each in found], span, full)
    return Page(rows, cursor, more or (not asked.newest and span[1] < through), through)


def _placed(db: Connection, source: Source, asked: Asked, through: int) -> Page:
    """Stock: sums over movements up to ``through``, a tray and product a row."""
    keys = ", ".join(source.keys)
    conditions, values = _conditions(source, asked)
    if asked.place is not None:
        conditions.append(f"({keys}) > ({', '.join('?' * len(source.keys))})")
        values += asked.place
    found = db.execute(
        f"select {source.columns} from {source.table} t join raw_event e"
        " on t.counter = e.counter and t.inc = e.inc and t.seq = e.seq where "
        + " and ".join(["e.id <= ?", *conditions])
        + f" group by {keys} order by {keys} limit ?",
        (through, *values, asked.limit),
    ).fetchall()
    place = tuple(found[-1][: len(source.keys)]) if found else asked.place
    cursor = place_text(place) if place else ""
    return Page(_rows(db, source, found), cursor, len(found) == asked.limit, through)


def _rows(db: Connection, source: Source, found: Sequence[Sequence[Any]]) -> list[msgspec.Struct]:
    inner = {part.name for part in source.parts}
    names = [each.name for each in msgspec.structs.fields(source.row) if each.name not in inner]
    rows = []
    for each in found:
        values = dict(zip(names, each, strict=True))
        values |= {part.name: _part(db, part, values) for part in source.parts}
        rows.append(msgspec.convert(source.finish(values), source.row, strict=False))
    return rows


def _part(db: Connection, part: Part, of: dict[str, Any]) -> list[dict[str, Any]]:
    names = [each.name for each in msgspec.structs.fields(part.row)]
    found = db.execute(
        f"select {part.columns} from {part.table} p where p.counter = ? and p.{part.key} = ?"
        f" order by {part.order}",
        (of["counter"], of[part.key]),
    ).fetchall()
    return [dict(zip(names, each, strict=True)) for each in found]


# --- events ---------------------------------------------------------------------------------------
def _events(db: Connection, source: Source, asked: Asked, span: tuple[int, int], through: int) -> Page:
    conditions, values = _conditions(source, asked)
    types = asked.filters.get("type")
    rows: list[Event] = []
    seen, size, full = [], 0, False
    for number, received, body in _bodies(db, conditions, values, span, asked.newest):
        seen = [number]
        if types is None or feed.decode(body).type in types:
            rows.append(event_row(number, received, body))
            size += len(body)
        if full := len(rows) == asked.limit or size >= MAX_PAGE_BYTES:
            break
    cursor, more = _end(asked, seen, span, full)
    return Page(rows, cursor, more or (not asked.newest and span[1] < through), through)


def _bodies(
    db: Connection, conditions: list[str], values: list[Any], span: tuple[int, int], newest: bool
) -> Iterator[tuple[int, str, bytes]]:
    """Events in the span, asked for a few at a time: most pages end early."""
    above, to = span
    where = " and ".join(["e.id > ?", "e.id <= ?", *conditions])
    order = "desc" if newest else "asc"
    while above < to:
        found = db.execute(
            f"select e.id, e.received, e.body from raw_event e where {where} order by e.id {order} limit ?",
            (above, to, *values, STRIDE),
        ).fetchall()
        for number, received, body in found:
            yield number, received, bytes(body)
        if len(found) < STRIDE:
            return
        above, to = (above, found[-1][0] - 1) if newest else (found[-1][0], to)


def event_row(number: int, received: str, body: bytes) -> Event:
    """The event with its bytes as they are; as base64 where they are not one line of UTF-8."""
    if b"\n" in body or b"\r" in body or not _is_text(body):
        return Event(number=number, received=received, event_base64=base64.b64encode(body).decode())
    return Event(number=number, received=received, event=msgspec.Raw(body))


def _is_text(body: bytes) -> bool:
    try:
        body.decode()
    except UnicodeDecodeError:
        return False
    return True
