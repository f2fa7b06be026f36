"""What every request and answer passes: host, origin, security headers. It knows no route.

The screen is recognised by its address: a loopback peer, without a proxy's headers. A reverse proxy
on the counter's own machine must therefore set ``X-Forwarded-For`` or ``Forwarded``, as all do.
"""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from edge.screens.problems import problem

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
FORWARDED = ("forwarded", "x-forwarded-for", "x-real-ip", "via")
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def is_screen(request: HTTPConnection) -> bool:
    """Whether the request comes from this machine itself, where the counter's screen runs."""
    peer = request.client.host if request.client else ""
    return _is_loopback(peer) and not any(name in request.headers for name in FORWARDED)


def hostname(netloc: str) -> str:
    """The host of ``host[:port]``, lower case, an IPv6 address without its brackets; "" if malformed."""
    try:
        return (urlsplit(f"//{netloc}").hostname or "").lower()
    except ValueError:
        return ""


def _netloc(origin: str) -> str:
    """The ``host:port`` of an origin, lower case; "" if malformed, which equals no host that passed."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return ""


def _is_literal(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


class Guard:
    """ASGI middleware. names: host names under which this counter is reached.

    Addresses are taken as they are: a name that an attacker's DNS points here is what must not pass.
    """

    def __init__(self, app: ASGIApp, names: frozenset[str]) -> None:
        self._app = app
        self._names = names | {"localhost"}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        fault = self._fault(scope["method"], Headers(scope=scope))
        app: ASGIApp = self._app if fault is None else problem(fault)
        await app(scope, receive, send_guarded)

    def _fault(self, method: str, headers: Headers) -> str | None:
        """The code of what is wrong with the request's sender, or None."""
        host = headers.get("host", "")
        name = hostname(host)
        if name not in self._names and not _is_literal(name):
            return "UNKNOWN_HOST"
        if method in SAFE:
            return None
        origin = headers.get("origin")
        if origin is not None and _netloc(origin) != host.lower():
            return "CROSS_ORIGIN"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "CROSS_ORIGIN"
        return None
