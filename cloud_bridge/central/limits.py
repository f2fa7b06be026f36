"""What every answer carries and how much a request may bring, before any route is asked."""

import asyncio
from collections.abc import Callable

from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
    " font-src 'self'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
)
HEADERS = {
    b"content-security-policy": POLICY.encode(),
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
    b"cross-origin-opener-policy": b"same-origin",
    b"cross-origin-resource-policy": b"same-origin",
    b"permissions-policy": b"camera=(), geolocation=(), microphone=()",
}
OVER_TLS = {b"strict-transport-security": b"max-age=31536000"}
NOT_KEPT = (b"cache-control", b"no-store")
"""Of what stands behind a login nothing stays in a shared machine's cache, unless a route says so."""

BODY_S = 15.0
"""A body that takes longer is somebody holding a connection."""


class Limited:
    """Adds the headers; reads bodies whole, at most ``most_of(path)`` bytes in ``BODY_S`` seconds."""

    def __init__(self, app: ASGIApp, most_of: Callable[[str], int]) -> None:
        self._app, self._most_of = app, most_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _completed(message.get("headers", []), scope)
            await send(message)

        try:
            async with asyncio.timeout(BODY_S):
                body = await _whole(receive, self._most_of(scope["path"]))
        except TimeoutError:
            body = None
            await _refuse(with_headers, 408, b"body_too_slow")
        except _TooLarge:
            body = None
            await _refuse(with_headers, 413, b"body_too_large")
        if body is not None:
            await self._app(scope, _replayed(body, receive), with_headers)


class _TooLarge(Exception):
    pass


async def _whole(receive: Receive, most: int) -> bytes | None:
    """The body; None where the client is gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        body += message.get("body", b"")
        if len(body) > most:
            raise _TooLarge
        if not message.get("more_body"):
            return bytes(body)


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Gives ``body`` at once, then whatever the client says further."""
    told = False

    async def again() -> Message:
        nonlocal told
        if told:
            return await receive()
        told = True
        return {"type": "http.request", "body": body, "more_body": False}

    return again


async def _refuse(send: Send, status: int, code: bytes) -> None:
    body = b'{"type":"about:blank","title":"Body refused","status":%d,"code":"%b"}' % (status, code)
    headers = [(b"content-type", b"application/problem+json"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _completed(headers: list[tuple[bytes, bytes]], scope: Scope) -> list[tuple[bytes, bytes]]:
    own = {name.lower() for name, _ in headers}
    more = [*HEADERS.items(), *(OVER_TLS.items() if scope.get("scheme") == "https" else ())]
    if b"cache-control" not in own and not scope["path"].startswith("/static/"):
        more.append(NOT_KEPT)
    return [*headers, *(each for each in more if each[0] not in own)]
