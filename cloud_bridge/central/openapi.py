"""The centre's API as a document (OpenAPI 3.1), made from what reads requests and carries answers. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from cloud_bridge.central import fleet, outward_ask
from cloud_bridge.central.answers import Counter
from cloud_bridge.central.commanding_query import Shown
from cloud_bridge.central.commanding_routes import MOST_ROWS, Wish
from cloud_bridge.central.fleet_state import Standing
from cloud_bridge.central.outward_rows import Event
from cloud_bridge.central.outward_sources import SOURCES, Filter, Source
from cloud_bridge.central.own_goods import OwnGoods
from cloud_bridge.central.page import Overview
from cloud_bridge.central.phone import described
from cloud_bridge.central.problems import MEDIA_TYPE, ProblemDocument
from cloud_bridge.central.roles import Permission
from cloud_bridge.central.trail import Entry
from cloud_bridge.commands import BODIES, Document

PATH = "/api/v1/openapi.json"
PREFIX = "/api/v1/"
Json = dict[str, Any]

REFUSALS: Mapping[str, str] = {
    "401": "login_needed: no login or token, or one that is no good.",
    "403": "not_permitted: this role may not.",
}
SEEN: Mapping[str, Permission] = {
    "sales": Permission.SEE_SALES,
    "restocks": Permission.SEE_RESTOCKS,
}
"""The lists that more may read than those who may read the feed."""
KINDS: Mapping[str, Json] = {
    "text": {"type": "string", "maxLength": outward_ask.MAX_TEXT},
    "texts": {"type": "string", "maxLength": outward_ask.MAX_TEXT},
    "flag": {"type": "string", "enum": ["0", "1"]},
    "ms": {"type": "string", "examples": ["2026-11-24", "2026-11-24T08:00:00+08:00"]},
    "moment": {"type": "string", "examples": ["2026-11-24", "2026-11-24T08:00:00+08:00"]},
}


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """id: of the request, which is its first command's."""

    id: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one path. answer: a type, whose JSON it gives. many: a list of those."""

    summary: str
    permission: Permission
    answer: type[msgspec.Struct]
    many: bool = False
    parameters: Sequence[Json] = ()
    body: type[msgspec.Struct] | None = None
    status: str = "200"


def _whole(name: str, says: str, least: int, most: int, default: int | None = None) -> Json:
    schema = {"type": "integer", "minimum": least, "maximum": most}
    return _parameter(name, says, schema if default is None else schema | {"default": default})


def _parameter(name: str, says: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "description": says, "schema": schema}


def _text(name: str, says: str, *allowed: str) -> Json:
    return _parameter(name, says, {"type": "string", **({"enum": list(allowed)} if allowed else {})})


OPERATIONS: Mapping[tuple[str, str], Operation] = {
    (PREFIX + "counters", "get"): Operation(
        "Every counter: is it there, how far is it", Permission.SEE_FLEET, Counter, many=True
    ),
    (PREFIX + "overview", "get"): Operation(
        "The picture of the business day", Permission.SEE_SALES, Overview
    ),
    (PREFIX + "fleet", "get"): Operation(
        "How the counters stand, a page at a time",
        Permission.SEE_FLEET,
        fleet.Fleet,
        parameters=(
            _text("q", "Part of a counter's id."),
            _text("state", "Of those that stand so.", *Standing),
            _text("sort", "What comes first.", *fleet.SORTS),
            _whole("offset", "Rows to leave out.", 0, 10**9, 0),
        ),
    ),
    (PREFIX + "own", "get"): Operation(
        "A supplier's own goods, this month", Permission.SEE_OWN_GOODS, OwnGoods
    ),
    (PREFIX + "trail", "get"): Operation(
        "Who did what at the centre, newest first",
        Permission.SEE_TRAIL,
        Entry,
        many=True,
        parameters=(
            _whole("before", "Rows before this n.", 0, 10**15 - 1),
            _text("who", "Of this account only."),
        ),
    ),
    (PREFIX + "commands", "get"): Operation(
        "Commands and how they ended, newest first",
        Permission.SEE_COMMANDS,
        Shown,
        many=True,
        parameters=(
            _text("counter", "To this counter only."),
            _text("after", "The id of the last one of the page before."),
            _whole("limit", "Rows at most.", 1, MOST_ROWS, 50),
        ),
    ),
    (PREFIX + "commands", "post"): Operation(
        f"Order something of a counter; kind is one of {', '.join(BODIES)}",
        Permission.COMMAND_SERVICE,
        Issued,
        body=Wish,
        status="202",
    ),
}


def document(version: str) -> Json:
    """The whole document, as JSON has it. version: of the program."""
    rows = [each.row for each in SOURCES.values()]
    orders = [body for body in dict.fromkeys(BODIES.values()) if body is not Document]
    kinds: list[type[msgspec.Struct]] = [*rows, *_kinds(), *orders, *described.KINDS, ProblemDocument]
    refs, schemas = _described(kinds)
    event = {"type": "object", "description": "A CloudEvent with the counter's own bytes; asyncapi.json."}
    _fields(schemas, refs[Event])["event"] = event
    _fields(schemas, refs[Wish]).update(
        kind={"enum": list(BODIES)}, body={"anyOf": [refs[body] for body in orders]}
    )
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "智能专柜中心 · Smart counter: the centre",
            "version": version,
            "description": "What the counters reported, for other systems. Money is whole fen. Refusals are "
            "RFC 9457 documents with a stable code.",
        },
        "security": [{"token": []}, {"login": []}],
        "paths": _paths(refs) | described.paths(refs, _answer, _refusals(refs)["default"]),
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "token": {"type": "http", "scheme": "bearer", "description": "counter-central account token"},
                "login": {"type": "apiKey", "in": "cookie", "name": "__Host-counter-login"},
                **described.OPENER,
            },
        },
    }


def _described(kinds: Sequence[type]) -> tuple[Mapping[type, Json], Json]:
    """Each type's reference, and all schemas; two types of one name are told apart by their module."""
    both = msgspec.json.schema_components(kinds, ref_template="#/components/schemas/{name}")
    found, schemas = msgspec.json.decode(msgspec.json.encode(both).replace(b"cloud_bridge.central.", b""))
    return dict(zip(kinds, found, strict=True)), schemas


def _fields(schemas: Json, ref: Json) -> Json:
    """What the schema of a type says of its fields; for those whose type is only "some JSON"."""
    found: Json = schemas[ref["$ref"].rpartition("/")[2]]["properties"]
    return found


def _kinds() -> Iterator[type[msgspec.Struct]]:
    for each in OPERATIONS.values():
        yield each.answer
        if each.body is not None:
            yield each.body


def _paths(refs: Mapping[type, Json]) -> Json:
    found: Json = {PREFIX + name: {"get": _list(each, refs)} for name, each in SOURCES.items()}
    for (path, method), each in OPERATIONS.items():
        found.setdefault(path, {})[method] = _operation(each, refs)
    found[PATH] = {
        "get": {
            "summary": "This document",
            "x-permission": str(Permission.SEE_FEED),
            "responses": {"200": _answer({"type": "object"})} | _refusals(refs),
        }
    }
    return found


def _operation(each: Operation, refs: Mapping[type, Json]) -> Json:
    shown = refs[each.answer]
    body = {"content": {"application/json": {"schema": refs[each.body]}}} if each.body else None
    return {
        "summary": each.summary,
        "x-permission": str(each.permission),
        "parameters": list(each.parameters),
        **({"requestBody": {"required": True, **body}} if body else {}),
        "responses": {each.status: _answer({"type": "array", "items": shown} if each.many else shown)}
        | _refusals(refs),
    }


def _answer(schema: Json) -> Json:
    return {"description": "What was asked for", "content": {"application/json": {"schema": schema}}}


def _refusals(refs: Mapping[type, Json]) -> Json:
    content = {MEDIA_TYPE: {"schema": refs[ProblemDocument]}}
    told = {status: {"description": says, "content": content} for status, says in REFUSALS.items()}
    return told | {"default": {"description": "No, and why: see code", "content": content}}


# --- lists ----------------------------------------------------------------------------------------
def _list(source: Source, refs: Mapping[type, Json]) -> Json:
    answer: Json = _answer({"type": "array", "items": refs[source.row]})
    for form in ("jsonl", "csv"):
        media_type = outward_ask.FORMATS[form].split(";")[0]
        answer["content"][media_type] = {"schema": {"type": "string"}}
    answer["headers"] = {
        "Feed-Cursor": _header("What to give as after for the next page."),
        "Feed-Through": _header("Every number up to here was looked at, or lies before after."),
        "Link": _header('rel="next": there is more now.'),
        "ETag": _header("For If-None-Match."),
    }
    return {
        "summary": source.title,
        "x-permission": str(SEEN.get(source.name, Permission.SEE_FEED)),
        "parameters": [_of_list(source, name) for name in outward_ask.parameters(source)],
        "responses": {"200": answer, "304": {"description": "As it was: If-None-Match had its ETag"}}
        | _refusals(refs),
    }


def _header(says: str) -> Json:
    return {"description": says, "schema": {"type": "string"}}


def _of_list(source: Source, name: str) -> Json:
    """A parameter that ``outward_ask`` reads."""
    filters: Mapping[str, Filter] = {each.name: each for each in source.filters}
    if name in filters:
        return _parameter(name, filters[name].says, dict(KINDS[filters[name].kind]))
    cursor = {"type": "integer", "minimum": 0} if source.by_arrival else {"type": "string"}
    return {
        "after": _parameter("after", "The Feed-Cursor of the page before.", cursor),
        "limit": _whole("limit", "Rows at most.", 1, outward_ask.MAX_LIMIT, outward_ask.LIMIT),
        "format": _text("format", "Instead of Accept.", *outward_ask.FORMATS),
        "order": _text("order", "By arrival.", "newest", "oldest"),
        "wait": _whole("wait", "Seconds to wait for a row, oldest first.", 0, outward_ask.MAX_WAIT_S, 0),
    }[name]
