"""Errors of the HTTP API as RFC 9457 documents with a stable ``code``."""

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

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
    """The answer for ``error``."""
    body = ProblemDocument(
        type="about:blank",
        title=error.title,
        status=error.status,
        detail=str(error),
        instance=request.url.path,
        code=error.code,
    )
    return Response(msgspec.json.encode(body), error.status, media_type=MEDIA_TYPE)


async def http_problem(request: Request, error: HTTPException) -> Response:
    """The answer for what the router itself refuses."""
    code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, f"http_{error.status_code}")
    return await problem(request, Problem(error.status_code, code, error.detail, error.detail))
