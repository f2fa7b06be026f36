"""Refusals and faults: for programs as RFC 9457 documents with a stable ``code``, for people as a page."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud_bridge.central import frame

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """An RFC 9457 answer. code: stable, for programs."""

    def __init__(self, status: int, code: str, title: str, detail: str) -> None:
        super().__init__(detail)
        self.status, self.code, self.title = status, code, title


class ProblemDocument(msgspec.Struct, frozen=True, kw_only=True):
    """An error as RFC 9457 writes it. code: stable, for programs; detail: for people."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str


async def problem(request: Request, error: Problem) -> Response:
    """The answer for ``error``: for a browser a page, and where a login is needed the way to it."""
    if "text/html" in request.headers.get("accept", ""):
        return _for_people(request, error)
    body = ProblemDocument(
        type="about:blank",
        title=error.title,
        status=error.status,
        detail=str(error),
        instance=request.url.path,
        code=error.code,
    )
    headers = {"www-authenticate": 'Bearer realm="centre"'} if error.status == 401 else None
    return Response(msgspec.json.encode(body), error.status, headers=headers, media_type=MEDIA_TYPE)


def _for_people(request: Request, error: Problem) -> Response:
    if error.status == 401 and request.method == "GET":
        asked = request.url.path + (f"?{request.url.query}" if request.url.query else "")
        return RedirectResponse(f"/login?{urlencode({'next': asked})}", 303)
    seen = frame.seen_by(request)
    html = frame.rendered("problem.html", seen, code=error.code, status=error.status, why=str(error))
    return HTMLResponse(html, error.status)


async def http_problem(request: Request, error: HTTPException) -> Response:
    """The answer for what the router itself refuses."""
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, f"http_{error.status_code}")
    return await problem(request, Problem(error.status_code, code, error.detail, error.detail))


HANDLERS: dict[Any, Any] = {Problem: problem, HTTPException: http_problem}
