"""The control port: state, acts, the menu of faults, and the cabinet panel, which uses nothing else.

Knows HTTP; every question goes to the runner, which owns the cabinet.
"""

import asyncio
import ipaddress
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from hardware_sim.errors import Impossible, Malformed, SimError
from hardware_sim.faults import MENU
from hardware_sim.runner import Runner

PANEL = Path(__file__).parent / "panel"
ASSETS = {
    "/": "panel.html",
    "/panel.css": "panel.css",
    "/panel.js": "panel.js",
    "/words.js": "words.js",
    "/icon.svg": "icon.svg",
}
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
MOST_BYTES = 10_000
"""No act is longer."""
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def app(runner: Runner) -> Starlette:
    """The control port's application over ``runner``."""

    async def state(request: Request) -> Response:
        answer = await asyncio.wrap_future(runner.state())
        return _json(answer)

    async def act(request: Request) -> Response:
        if not _from_panel(request):
            return problem(403, "CROSS_ORIGIN", "acts come from the panel itself or from no page at all")
        try:
            answer = await asyncio.wrap_future(runner.act(_command(await request.body())))
        except Impossible as error:
            return problem(409, error.code, str(error))
        except Malformed as error:
            return problem(422, "MALFORMED", str(error))
        return _json(answer)

    async def faults(request: Request) -> Response:
        return _json([msgspec.to_builtins(entry) for entry in MENU.values()])

    async def asset(request: Request) -> Response:
        path = PANEL / ASSETS[request.url.path]
        return FileResponse(path, media_type=TYPES[path.suffix], headers=HEADERS)

    return Starlette(
        routes=[
            Route("/sim/state", state),
            Route("/sim/act", act, methods=["POST"]),
            Route("/sim/faults", faults),
            *(Route(path, asset) for path in ASSETS),
        ],
        exception_handlers={HTTPException: _http_problem, SimError: _sim_problem},
    )


def _from_panel(request: Request) -> bool:
    """Whether no foreign web page is behind this: neither by its origin nor by a name it let point here."""
    host = request.headers.get("host", "").lower()
    origin = request.headers.get("origin")
    try:
        name = urlsplit(f"//{host}").hostname or ""
        if origin is not None and urlsplit(origin).netloc.lower() != host:
            return False
        return name == "localhost" or bool(ipaddress.ip_address(name))
    except ValueError:
        return False


def problem(status: int, code: str, detail: str) -> Response:
    """An RFC 9457 document with a stable ``code``."""
    titles = {
        403: "not from there",
        404: "no such page",
        405: "wrong method",
        409: "that cannot be done now",
        422: "not an act",
    }
    document = {"title": titles.get(status, "failed"), "status": status, "code": code, "detail": detail}
    return Response(json.dumps(document), status, headers=HEADERS, media_type="application/problem+json")


def _command(body: bytes) -> dict[str, Any]:
    if len(body) > MOST_BYTES:
        raise Malformed(f"an act has at most {MOST_BYTES} bytes")
    try:
        return msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"not a JSON object: {error}") from error


def _json(content: Mapping[str, Any] | list[Any]) -> Response:
    return JSONResponse(content, headers=HEADERS)


async def _http_problem(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    code = {404: "NOT_FOUND", 405: "WRONG_METHOD"}.get(status, "FAILED")
    return problem(status, code, f"{request.method} {request.url.path}")


async def _sim_problem(request: Request, error: Exception) -> Response:
    return problem(500, "FAILED", str(error))
