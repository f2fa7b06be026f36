"""The buyer's part of the centre's API as OpenAPI has it, beside ``central.openapi``. Pure."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from cloud_bridge.central.phone.door import VisitWish
from cloud_bridge.central.phone.refusals import CODES
from cloud_bridge.central.phone.routes import PATH, PLACE, Begun, PlaceShown, VisitShown

Json = dict[str, Any]
KINDS: tuple[type[msgspec.Struct], ...] = (VisitWish, Begun, PlaceShown, VisitShown)
OPENER: Json = {
    "opener": {
        "type": "apiKey",
        "in": "cookie",
        "name": "opener",
        "description": "Came with the visit, for its path alone.",
    }
}


def paths(refs: Mapping[type, Json], answer: Callable[[Json], Json], refusal: Json) -> Json:
    """What may be asked without a login. refs: of ``KINDS`` among others. answer, refusal: as elsewhere."""
    visit = PATH + "/{visit}"
    said = {"default": refusal | {"description": f"No, and why; code: {', '.join(CODES)}"}}
    stream = {"description": "Server-sent events, each a visit", "content": {"text/event-stream": {}}}
    return {
        PLACE: {
            "get": {
                "summary": "What stands on a counter's sign, and whether it is there",
                "security": [],
                "parameters": [_in_path("counter")],
                "responses": {"200": answer(refs[PlaceShown])} | said,
            }
        },
        PATH: {
            "post": {
                "summary": "Sign in with a PIN and have the counter unlocked, once for each key",
                "security": [],
                "parameters": [_header("Idempotency-Key", "8 to 64 printable characters.")],
                "requestBody": {
                    "required": True,
                    "content": {"application/json": {"schema": refs[VisitWish]}},
                },
                "responses": {"201": answer(refs[Begun])} | said,
            }
        },
        visit: {
            "get": {
                "summary": "What a visit has come to, for the browser that opened it",
                "security": [{"opener": []}],
                "parameters": [_in_path("visit")],
                "responses": {"200": answer(refs[VisitShown])} | said,
            }
        },
        visit + "/stream": {
            "get": {
                "summary": "The same on connect and after each change, until its end",
                "security": [{"opener": []}],
                "parameters": [
                    _in_path("visit"),
                    {
                        "name": "beat",
                        "in": "query",
                        "required": False,
                        "description": "Seconds between signs of life.",
                        "schema": {"type": "integer", "minimum": 1, "maximum": 15, "default": 15},
                    },
                ],
                "responses": {"200": stream} | said,
            }
        },
    }


def _in_path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _header(name: str, says: str) -> Json:
    return {
        "name": name,
        "in": "header",
        "required": True,
        "description": says,
        "schema": {"type": "string", "minLength": 8, "maxLength": 64},
    }
