"""The one door of the centre's pages and API: who asks, may he, and does the request come from our own page.

Every route is made by ``guarded``; ``require`` may be asked again inside for what depends on the request.
"""

import hmac
import time
from collections.abc import Awaitable, Callable, Sequence
from functools import cached_property
from urllib.parse import parse_qs, urlsplit

from argon2 import PasswordHasher
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloud_bridge.central import trail
from cloud_bridge.central.access import Access, Limits
from cloud_bridge.central.access_tables import open_access
from cloud_bridge.central.database import Address, Connection
from cloud_bridge.central.problems import Problem
from cloud_bridge.central.roles import NOBODY, Permission, Role, Who
from cloud_bridge.central.words import LANGUAGES
from cloud_bridge.wall import now_text

SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})

YEAR_S = 365 * 86_400

Endpoint = Callable[[Request], Awaitable[Response]]


class Gate:
    """Accounts as the web thread asks for them. anonymous: the role of who gives no login, None: none."""

    def __init__(
        self,
        address: Address,
        anonymous: Role | None,
        limits: Limits,
        hasher: PasswordHasher,
        now_s: Callable[[], float] = time.time,
    ) -> None:
        self._address, self._limits, self._hasher = address, limits, hasher
        self._now_s = now_s
        self.stranger = Who(role=anonymous) if anonymous else NOBODY

    @cached_property
    def access(self) -> Access:
        """Opened in the thread that uses it."""
        return Access(open_access(self._address), self._hasher, self._limits)

    def close(self) -> None:
        """From the thread that used it."""
        if "access" in self.__dict__:
            self.db.close()

    @property
    def db(self) -> Connection:
        return self.access.db

    @property
    def now_s(self) -> int:
        return int(self._now_s())

    def who(self, request: Request, *, touch: bool = True) -> Who:
        """A token counts before a cookie; one that is no good is nobody's, never a stranger's.

        A cookie that is no good any more is as good as none: the page then leads to the login.
        """
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme:
            return self.access.who_of_token(token, self.now_s) if scheme.lower() == "bearer" else NOBODY
        cookie = request.cookies.get(cookie_name(request), "")
        found = self.access.who_of_cookie(cookie, self.now_s, touch=touch) if cookie else NOBODY
        return found if found.known else self.stranger

    def csrf(self, who: Who) -> str:
        """What the forms of this login carry; "" where no cookie speaks for anybody."""
        return self.access.mac("csrf", who.session) if who.session else ""

    def note(
        self, request: Request, what: str, subject: str, *, outcome: str = "DONE", detail: str = ""
    ) -> None:
        """One row of the audit trail about who asks; a transaction of its own."""
        with self.db.transaction():
            self.join(request, what, subject, outcome=outcome, detail=detail)

    def join(
        self, request: Request, what: str, subject: str, *, outcome: str = "DONE", detail: str = ""
    ) -> None:
        """As ``note``, inside the caller's transaction on ``db``."""
        who: Who = getattr(request.state, "who", NOBODY)
        at, address = now_text(), address_of(request)
        trail.note(self.db, who, what, subject, at=at, address=address, outcome=outcome, detail=detail)


class Guarded(Route):
    """A route that says who may use it. permission None: everybody. may_send: bytes of a body."""

    permission: Permission | None = None
    may_send: int = 0


MAX_BODY = 64 * 1024


def guarded(
    path: str,
    endpoint: Endpoint,
    permission: Permission | None,
    *,
    methods: Sequence[str] = ("GET",),
    quiet: bool = False,
    may_send: int = MAX_BODY,
) -> Guarded:
    """A route behind the guard. quiet: asked by a page itself, and no sign that somebody is there."""

    async def behind(request: Request) -> Response:
        recognise(request, touch=not quiet)
        if permission is not None:
            require(request, permission)
        if request.method not in SAFE:
            await _from_our_page(request)
        return _remembering(request, await endpoint(request))

    route = Guarded(path, behind, methods=list(methods))
    route.permission, route.may_send = permission, may_send
    return route


def _remembering(request: Request, answer: Response) -> Response:
    """The language that a page was asked for is the one of the next page too."""
    lang = request.query_params.get("lang")
    if lang in LANGUAGES and answer.media_type == "text/html":
        answer.set_cookie("lang", lang, max_age=YEAR_S, httponly=True, samesite="strict")
    return answer


def recognise(request: Request, *, touch: bool = True) -> Who:
    """Who asks; found once for each request and kept in ``request.state``."""
    if not hasattr(request.state, "who"):
        gate: Gate = request.app.state.gate
        request.state.who = gate.who(request, touch=touch)
        request.state.csrf = gate.csrf(request.state.who)
    who: Who = request.state.who
    return who


def require(request: Request, permission: Permission) -> Who:
    """Who asks, where he may do that. Problem 401: say who you are. 403: you may not, and it is noted."""
    who = recognise(request)
    if who.may(permission):
        return who
    if not who.known:
        raise Problem(401, "login_needed", "Log in first", "a login, or an API token, is needed for this")
    gate: Gate = request.app.state.gate
    gate.note(request, str(permission), request.url.path, outcome="REFUSED", detail="not_permitted")
    raise Problem(403, "not_permitted", "Not permitted", f"the role {who.role} may not {permission}")


async def form_of(request: Request) -> dict[str, str]:
    """The fields of an HTML form, the first value of each."""
    try:
        text = (await request.body()).decode()
        fields = parse_qs(text, keep_blank_values=True, max_num_fields=50)
    except ValueError as error:
        raise Problem(400, "bad_form", "Bad form", "this is no form in UTF-8") from error
    return {name: values[0] for name, values in fields.items()}


async def _from_our_page(request: Request) -> None:
    """A request that changes something comes from our page, not from another site in the same browser."""
    if request.headers.get("authorization"):
        return  # no browser adds a token by itself
    if not same_origin(request):
        raise Problem(403, "foreign_origin", "Foreign origin", "this request comes from another site's page")
    who = recognise(request)
    if who.via != "cookie":
        return
    given = request.headers.get("x-csrf-token") or (await form_of(request)).get("csrf", "")
    if not hmac.compare_digest(given.encode(), request.state.csrf.encode()):
        gate: Gate = request.app.state.gate
        gate.note(request, request.method, request.url.path, outcome="REFUSED", detail="csrf")
        raise Problem(
            403, "csrf", "Not from our page", "the form is too old or not ours; load the page again"
        )


def same_origin(request: Request) -> bool:
    """As the browser tells it; programs say nothing of the kind."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = request.headers.get("origin")
    return origin is None or urlsplit(origin).netloc == request.headers.get("host")


def address_of(request: Request) -> str:
    return request.client.host if request.client else ""


def is_plain_loopback(request: Request) -> bool:
    return request.url.scheme == "http" and request.url.hostname in LOOPBACK


def cookie_name(request: Request) -> str:
    """``__Host-``: only over TLS, only for this host; a browser keeps no such cookie from plain HTTP."""
    return "counter-login" if is_plain_loopback(request) else "__Host-counter-login"
