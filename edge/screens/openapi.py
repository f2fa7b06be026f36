"""The API's description (OpenAPI 3.1), made from the Structs that check and carry it."""

from collections.abc import Sequence
from typing import Any, get_args

import msgspec

from edge.domain.product_view import ProductView
from edge.domain.requests import Refusal
from edge.domain.restock_view import RestockAct, RestockView, SignIn, StaffView
from edge.domain.supplier_view import SupplierView
from edge.domain.view import SessionView, View
from edge.screens.bodies import (
    AnswerBody,
    Answered,
    AppealBody,
    Appealed,
    CounterBody,
    Done,
    OpenBody,
    Opened,
    ScreenToken,
)
from edge.screens.contact import ContactBody
from edge.screens.problems import FAULTS, MEDIA_TYPE, Problem
from edge.screens.reports import ReportBody, Reported

BODIES = (
    *(View, SessionView, CounterBody, ScreenToken, Problem),
    *(OpenBody, Opened, AnswerBody, Answered, AppealBody, Appealed),
    *(ContactBody, ReportBody, Reported, ProductView),
    *(SupplierView, RestockView, StaffView, SignIn, Done, *get_args(RestockAct)),
)
TAPS = get_args(RestockAct)
KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": False,
    "schema": {"type": "string", "maxLength": 200},
    "description": "A repeat with the same key and body gets the same answer and opens nothing again.",
}
SESSION = {"name": "session", "in": "path", "required": True, "schema": {"type": "string"}}
LANG = {"name": "lang", "in": "query", "required": False, "schema": {"enum": ["zh", "en"]}}
LARGE = {"name": "large", "in": "query", "required": False, "schema": {"enum": ["1"]}}
SKU = {"name": "sku", "in": "path", "required": True, "schema": {"type": "string"}}
WIDTH = {"name": "width", "in": "query", "required": False, "schema": {"enum": ["384", "576", "1080"]}}
SUPPLIER = {
    "name": "supplier",
    "in": "query",
    "required": False,
    "schema": {"type": "string"},
    "description": "One of one's own suppliers; others are refused as NOT_YOURS.",
}
PERIOD = [
    {"name": name, "in": "query", "required": False, "schema": {"type": "string", "format": "date"}}
    for name in ("from", "to")
]
"""[from, to) in local days; without: the current month."""
TRAY = {"name": "tray", "in": "path", "required": True, "schema": {"type": "string"}}


def _ref(name: str) -> dict[str, str]:
    return {"$ref": f"#/components/schemas/{name}"}


def _content(name: str, media: str = "application/json") -> dict[str, Any]:
    return {"content": {media: {"schema": _ref(name)}}}


def _operation(
    summary: str,
    answers: dict[str, str],
    body: str = "",
    parameters: Sequence[dict[str, Any]] = (),
) -> dict[str, Any]:
    """answers: status → name of a Struct, or a media type where the body is no JSON."""
    responses: dict[str, Any] = {
        status: {"description": summary, **(_plain(name) if "/" in name else _content(name))}
        for status, name in answers.items()
    }
    responses["default"] = {"description": "No, and why: see code", **_content("Problem", MEDIA_TYPE)}
    request = {"requestBody": {"required": True, **_content(body)}} if body else {}
    return {"summary": summary, "parameters": list(parameters), **request, "responses": responses}


def _plain(media: str) -> dict[str, Any]:
    return {"content": {media: {"schema": {"type": "string"}}}}


def _paths() -> dict[str, Any]:
    session = "/api/v1/sessions/{session}"
    events = {"200": "text/event-stream"}
    return {
        "/live": {"get": _operation("Server-sent events: each one is a View", events)},
        "/api/v1/counter": {"get": _operation("The counter and what it sells", {"200": "CounterBody"})},
        "/api/v1/screen/token": {
            "get": _operation("What the screen's QR holds; loopback only", {"200": "ScreenToken"})
        },
        "/api/v1/screen/qr.png": {
            "get": _operation("The screen's QR as a picture; loopback only", {"200": "image/png"})
        },
        "/api/v1/screen/answer": {
            "post": _operation(
                "Say which of two explanations is right, at the screen; loopback only",
                {"202": "Answered"},
                body="AnswerBody",
            )
        },
        "/api/v1/sessions": {
            "post": _operation("Ask for the door", {"201": "Opened"}, body="OpenBody", parameters=[KEY])
        },
        "/api/v1/contact": {
            "get": _operation("Who answers for the counter, its filing and licences", {"200": "ContactBody"})
        },
        "/api/v1/products/{sku}": {
            "get": _operation(
                "One product: certificate, gates, and the way of each lot that lies here",
                {"200": "ProductView"},
                parameters=[SKU],
            )
        },
        "/api/v1/products/{sku}/trace.png": {
            "get": _operation("The QR of its trace page", {"200": "image/png"}, parameters=[SKU])
        },
        "/api/v1/reports": {
            "post": _operation(
                "Report a fault of the counter; anyone may, a few times",
                {"202": "Reported"},
                body="ReportBody",
            )
        },
        session: {"get": _operation("One's own session", {"200": "SessionView"}, parameters=[SESSION])},
        f"{session}/live": {
            "get": _operation("Server-sent events: each one is a SessionView", events, parameters=[SESSION])
        },
        f"{session}/trays/{{tray}}/curve.png": {
            "get": _operation(
                "What a tray's scale said in one's own session, as a picture without weights",
                {"200": "image/png"},
                parameters=[SESSION, TRAY, LANG, LARGE],
            )
        },
        f"{session}/answer": {
            "post": _operation(
                "Say which of two explanations of one's own session is right",
                {"202": "Answered"},
                body="AnswerBody",
                parameters=[SESSION],
            )
        },
        f"{session}/appeal": {
            "post": _operation(
                "Dispute a session's result", {"202": "Appealed"}, body="AppealBody", parameters=[SESSION]
            )
        },
        **_restock_paths(events),
    }


def _restock_paths(events: dict[str, str]) -> dict[str, Any]:
    """What staff do; all but signing in want the cookie that it gave."""
    return {
        "/api/v1/staff": {
            "get": _operation("Who may sign in at the screen; loopback only", {"200": "StaffView"}),
            "post": _operation("Sign in at the screen; loopback only", {"201": "Done"}, body="SignIn"),
        },
        "/api/v1/restock": {
            "get": _operation("The task of who is signed in", {"200": "RestockView"}),
            "post": _operation(
                f"One tap, told apart by `do`: {', '.join(tap.__struct_config__.tag for tap in TAPS)}",
                {"200": "Done"},
                body="RestockAct",
            ),
        },
        "/api/v1/restock/live": {"get": _operation("Server-sent events: each one is a RestockView", events)},
        "/api/v1/restock/receipt.png": {
            "get": _operation("The signed receipt", {"200": "image/png"}, parameters=[WIDTH])
        },
        "/api/v1/restock/statement": {
            "get": _operation(
                "Goods of the suppliers of who is signed in: stock, dates, tasks, sales, what is due",
                {"200": "SupplierView"},
                parameters=[*PERIOD, SUPPLIER],
            )
        },
        "/api/v1/restock/statement.csv": {
            "get": _operation(
                "What is due, for a spreadsheet", {"200": "text/csv"}, parameters=[*PERIOD, SUPPLIER]
            )
        },
    }


def document(version: str) -> dict[str, Any]:
    """The whole document. Codes of refusals stand in ``Problem.code``."""
    _, schemas = msgspec.json.schema_components(BODIES, ref_template="#/components/schemas/{name}")
    schemas["RestockAct"] = {"oneOf": [_ref(tap.__name__) for tap in TAPS]}
    schemas["Problem"]["properties"]["code"]["enum"] = [*Refusal.__members__, *FAULTS]
    return {
        "openapi": "3.1.0",
        "info": {"title": "Smart counter", "version": version},
        "paths": _paths(),
        "components": {"schemas": schemas},
    }
