"""Logging in and out, and the page of the audit trail."""

import asyncio
import hmac
from collections.abc import Callable
from secrets import token_urlsafe
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud_bridge.central import frame
from cloud_bridge.central.guard import (
    Gate,
    Guarded,
    cookie_name,
    form_of,
    guarded,
    is_plain_loopback,
    recognise,
)
from cloud_bridge.central.problems import Problem
from cloud_bridge.central.roles import Permission, Who
from cloud_bridge.central.trail import Entry, entries

FORM_COOKIE = "counter-form"
"""Ties a login form to the browser that asked for it: nobody is logged in as somebody else by a trick."""
FORM_S = 3600
ROWS = 100
AT_ONCE = 2
"""Passwords checked at the same time; each takes 64 MiB of memory."""
WAITING = 20


class Desk:
    """The routes of logging in. ``checking`` bounds memory and processor time."""

    def __init__(self) -> None:
        self._checking = asyncio.Semaphore(AT_ONCE)
        self._waiting = 0

    def routes(self) -> list[Guarded]:
        return [
            guarded("/login", self.form, None),
            guarded("/login", self.log_in, None, methods=["POST"], may_send=4096),
            guarded("/logout", self.log_out, None, methods=["POST"], may_send=4096),
            guarded("/trail", self.trail, Permission.SEE_TRAIL),
            guarded("/api/v1/trail", self.trail_json, Permission.SEE_TRAIL),
        ]

    async def form(self, request: Request) -> Response:
        home = frame.home_of(recognise(request))
        if recognise(request).known and home != "/login":
            return RedirectResponse(home, 303)
        return self._form(request, "")

    async def log_in(self, request: Request) -> Response:
        """Counted, then checked, then told: the same words whatever was wrong."""
        gate: Gate = request.app.state.gate
        fields = await form_of(request)
        name, password = fields.get("name", "").strip().lower(), fields.get("password", "")
        if not _ours(gate, request, fields.get("csrf", "")):
            return self._form(request, "login_stale", 403)
        access, address = gate.access, request.client.host if request.client else ""
        if not access.try_counted(name, address, gate.now_s):
            if access.newly_refused:
                gate.note(request, "login", self._known(gate, name), outcome="REFUSED", detail="too_many")
            return self._form(request, "login_too_many", 429)
        if not await self._checked(access.right(name, password)):
            gate.note(request, "login", self._known(gate, name), outcome="REFUSED", detail="wrong")
            return self._form(request, "login_wrong", 401)
        with gate.db.transaction():
            cookie = access.enter(name, address, gate.now_s)
            request.state.who = Who(name=name, via="cookie")
            gate.join(
                request,
                "login",
                name,
                outcome="DONE" if cookie else "REFUSED",
                detail="" if cookie else "disabled",
            )
        if cookie is None:
            request.state.who = gate.stranger
            return self._form(request, "login_wrong", 401)
        home = frame.home_of(access.who_of_cookie(cookie, gate.now_s, touch=False))
        answer = RedirectResponse(_within(fields.get("next", "")) or home, 303)
        answer.set_cookie(
            cookie_name(request),
            cookie,
            httponly=True,
            samesite="strict",
            secure=not is_plain_loopback(request),
            path="/",
        )
        answer.delete_cookie(FORM_COOKIE)
        return answer

    async def log_out(self, request: Request) -> Response:
        gate: Gate = request.app.state.gate
        who = recognise(request)
        if who.session:
            with gate.db.transaction():
                gate.access.leave(who.session)
                gate.join(request, "logout", who.name)
        answer = RedirectResponse("/login", 303)
        answer.delete_cookie(
            cookie_name(request), httponly=True, samesite="strict", secure=not is_plain_loopback(request)
        )
        return answer

    async def trail(self, request: Request) -> Response:
        found, before = self._entries(request)
        older = found[-1].n if len(found) == ROWS else None
        seen = frame.seen_by(request)
        who = request.query_params.get("who", "")
        following = f"/trail?{urlencode({'before': older, 'who': who})}" if older else ""
        return HTMLResponse(
            frame.rendered("trail.html", seen, entries=found, following=following, asked=who, before=before)
        )

    async def trail_json(self, request: Request) -> Response:
        return Response(msgspec.json.encode(self._entries(request)[0]), media_type="application/json")

    def _entries(self, request: Request) -> tuple[list[Entry], int | None]:
        gate: Gate = request.app.state.gate
        text = request.query_params.get("before", "")
        before = int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
        who = request.query_params.get("who", "").strip()
        return entries(gate.db, limit=ROWS, before=before, who=who), before

    # --- within ---------------------------------------------------------------------------------
    async def _checked(self, question: Callable[[], bool]) -> bool:
        if self._waiting >= WAITING:
            raise Problem(503, "busy", "Busy", "many log in at this moment; try again in a minute")
        self._waiting += 1
        try:
            async with self._checking:
                return await asyncio.to_thread(question)
        finally:
            self._waiting -= 1

    def _known(self, gate: Gate, name: str) -> str:
        """``name`` where it is an account's: what else people type there may be their password."""
        found = gate.db.execute("select 1 from account where name = ?", (name,)).fetchone()
        return name if found else "(unknown)"

    def _form(self, request: Request, wrong: str, status: int = 200) -> Response:
        gate: Gate = request.app.state.gate
        id = request.cookies.get(FORM_COOKIE, "")
        if not 20 <= len(id) <= 64:
            id = token_urlsafe(24)
        onward = request.query_params.get("next", "")
        insecure = request.url.scheme == "http" and not is_plain_loopback(request)
        html = frame.rendered(
            "login.html",
            frame.seen_by(request),
            form=gate.access.mac("form", id),
            next=_within(onward),
            wrong=wrong,
            insecure=insecure,
            minutes=15,
        )
        answer = HTMLResponse(html, status)
        answer.set_cookie(
            FORM_COOKIE,
            id,
            max_age=FORM_S,
            httponly=True,
            samesite="strict",
            secure=not is_plain_loopback(request),
        )
        return answer


def _ours(gate: Gate, request: Request, given: str) -> bool:
    id = request.cookies.get(FORM_COOKIE, "")
    return bool(id) and hmac.compare_digest(given.encode(), gate.access.mac("form", id).encode())


def _within(onward: str) -> str:
    """``onward`` where it is a path of ours, else "". ``//host``, ``/\\host``: elsewhere to browsers."""
    safe = onward.startswith("/") and not onward.startswith(("//", "/\\")) and onward.isprintable()
    return onward if safe and "\\" not in onward and len(onward) <= 500 else ""
