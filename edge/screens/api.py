"""JSON under ``/api/v1`` and the live stream: requests to the engine, its answers back. No rules here."""

import asyncio
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import msgspec
from prometheus_client import Counter as Tally
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.domain.requests import (
    Answer,
    AnswerRequest,
    AppealRequest,
    Granted,
    OpenRequest,
    Refusal,
    Refused,
)
from edge.domain.requests import Request as Asked
from edge.domain.values import Kind, SessionId, TrayId
from edge.domain.view import SessionView, View
from edge.paper import qr
from edge.screens.aging import without_token
from edge.screens.asking import ASK_S, Ask, answer_to
from edge.screens.bodies import (
    AnswerBody,
    Answered,
    AppealBody,
    Appealed,
    OpenBody,
    Opened,
    ScreenToken,
    answer,
    counter_body,
    read,
)
from edge.screens.curves import Curves, curve_png, no_curves
from edge.screens.guard import is_screen
from edge.screens.openers import COOKIE, Openers
from edge.screens.problems import problem, refusal
from edge.screens.restock_api import sign_in_cookie
from edge.screens.stage import Shown, Stage
from edge.screens.streams import MAX_STREAMS, OWN_STREAMS, comment_every, stream

OPENER_S = 40 * 24 * 3600
"""A receipt can be opened again for more than 30 days from the phone that bought."""

History = Callable[[SessionId], SessionView | None]


@dataclass(slots=True)
class Api:
    """The handlers and what they share. scan_url: what the screen's code leads to, "": the address
    that the request came to.
    """

    stage: Stage
    ask: Ask
    history: History
    scan_url: str
    asked: Tally
    ask_s: float = ASK_S
    openers: Openers = field(default_factory=Openers)
    curves: Curves = no_curves

    def routes(self) -> list[Route]:
        """Every path this module answers."""
        session = "/api/v1/sessions/{session}"
        return [
            Route("/live", self.live),
            Route("/api/v1/counter", self.counter),
            Route("/api/v1/screen/token", self.screen_token),
            Route("/api/v1/screen/qr.png", self.screen_qr),
            Route("/api/v1/screen/answer", self.screen_answer, methods=["POST"]),
            Route("/api/v1/sessions", self.open, methods=["POST"]),
            Route(session, self.session),
            Route(f"{session}/live", self.session_live),
            Route(f"{session}/trays/{{tray}}/curve.png", self.curve),
            Route(f"{session}/answer", self.answer, methods=["POST"]),
            Route(f"{session}/appeal", self.appeal, methods=["POST"]),
        ]

    async def counter(self, _request: Request) -> Response:
        view = self.stage.view()
        return problem("STARTING") if view is None else answer(counter_body(view))

    async def live(self, request: Request) -> Response:
        """The View, whole on connect, then the newest. Only the screen itself is told the token."""
        for_screen = is_screen(request)
        if self.stage.streams >= MAX_STREAMS + (OWN_STREAMS if for_screen else 0):
            return problem("TOO_MANY_PAGES", headers={"Retry-After": "5"})

        def newest() -> Shown[View] | None:
            shown = self.stage.shown()
            if shown is None or for_screen:
                return shown
            return Shown(shown.serial, without_token(shown.value))

        every = comment_every(request.query_params.get("beat"))
        return stream(self.stage, newest, lambda shown: str(shown.value.version), every)

    def _screen_token(self, request: Request) -> ScreenToken | Response:
        if not is_screen(request):
            return problem("SCREEN_ONLY")
        view = self.stage.view()
        if view is None or not view.token:
            return problem("STARTING")
        base = self.scan_url or str(request.base_url)
        url = f"{base.rstrip('/')}/c/{view.counter}?t={view.token}"
        return ScreenToken(token=view.token, url=url, expires_in_s=view.token_expires_in_s)

    async def screen_token(self, request: Request) -> Response:
        found = self._screen_token(request)
        return found if isinstance(found, Response) else answer(found)

    async def screen_qr(self, request: Request) -> Response:
        found = self._screen_token(request)
        if isinstance(found, Response):
            return found
        png = await asyncio.to_thread(qr.screen_png, found.url)
        return Response(png, headers={"Cache-Control": "no-store"}, media_type="image/png")

    async def ask_engine(self, request: Asked) -> Answer | None:
        """The engine's answer, or None when it stays silent."""
        return await answer_to(request, self.stage, self.ask, self.ask_s)

    async def open(self, request: Request) -> Response:
        body = await read(request, OpenBody)
        if isinstance(body, Response):
            return body
        key = request.headers.get("idempotency-key", "")[:200] or str(uuid.uuid4())
        outcome = await self.ask_engine(
            OpenRequest(
                id=str(uuid.uuid4()),
                kind=Kind(body.kind),
                token=body.token,
                account=body.buyer,
                pin=body.pin,
                key=key,
                asked_at=time.monotonic(),
            )
        )
        match outcome:
            case Granted(session=session, secret=secret):
                self.asked.labels("GRANTED").inc()
                response = self._opened(session, request)
                if secret:
                    sign_in_cookie(response, secret, request)
                return response
            case Refused(code=code):
                self.asked.labels(code.value).inc()
                return refusal(outcome)
            case _:
                self.asked.labels("TIMEOUT").inc()
                return problem("TIMEOUT")

    def _opened(self, session: SessionId, request: Request) -> Response:
        response = answer(Opened(session=session), 201)
        path = f"/api/v1/sessions/{session}"
        response.headers["Location"] = path
        response.set_cookie(
            COOKIE,
            self.openers.secret_of(session),
            max_age=OPENER_S,
            path=path,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return response

    def _visible(self, request: Request) -> SessionId | None:
        """The session's id, if this request may know that it exists."""
        session = SessionId(request.path_params["session"])
        return session if self.openers.may_see(session, request.cookies.get(COOKIE)) else None

    async def _session(self, session: SessionId) -> SessionView | None:
        return self.stage.session(session) or await asyncio.to_thread(self.history, session)

    async def session(self, request: Request) -> Response:
        session = self._visible(request)
        view = None if session is None else await self._session(session)
        return problem(Refusal.UNKNOWN_SESSION) if view is None else answer(view)

    async def curve(self, request: Request) -> Response:
        session = self._visible(request)
        if session is None:
            return problem(Refusal.UNKNOWN_SESSION)
        return await curve_png(request, self.curves, session, TrayId(request.path_params["tray"]))

    async def session_live(self, request: Request) -> Response:
        """The session as ``GET`` gives it, on connect and after each change."""
        session = self._visible(request)
        if session is None or await self._session(session) is None:
            return problem(Refusal.UNKNOWN_SESSION)
        if self.stage.streams >= MAX_STREAMS:
            return problem("TOO_MANY_PAGES", headers={"Retry-After": "5"})
        old = await self._session(session)

        def newest() -> Shown[SessionView] | None:
            return self.stage.shown_session(session) or (Shown(0, old) if old else None)

        every = comment_every(request.query_params.get("beat"))
        return stream(self.stage, newest, lambda shown: str(shown.serial), every)

    async def answer(self, request: Request) -> Response:
        """The opener says which of two explanations is right."""
        session = self._visible(request)
        if session is None:
            return problem(Refusal.UNKNOWN_SESSION)
        return await self._answer(request, session)

    async def screen_answer(self, request: Request) -> Response:
        """The same, tapped at the counter's own screen: it knows no session, but only one is asked."""
        if not is_screen(request):
            return problem("SCREEN_ONLY")
        return await self._answer(request, None)

    async def _answer(self, request: Request, session: SessionId | None) -> Response:
        body = await read(request, AnswerBody)
        if isinstance(body, Response):
            return body
        outcome = await self.ask_engine(AnswerRequest(str(uuid.uuid4()), session, body.choice))
        if isinstance(outcome, Refused):
            return refusal(outcome)
        if outcome is None:
            return problem("TIMEOUT")
        return answer(Answered(choice=body.choice), 202)

    async def appeal(self, request: Request) -> Response:
        session = self._visible(request)
        if session is None:
            return problem(Refusal.UNKNOWN_SESSION)
        body = await read(request, AppealBody)
        if isinstance(body, Response):
            return body
        outcome = await self.ask_engine(AppealRequest(str(uuid.uuid4()), session, body.reason))
        if isinstance(outcome, Refused):
            return refusal(outcome)
        if outcome is None:
            return problem("TIMEOUT")
        if (view := self.stage.session(session)) is not None:
            self.stage.show_session(msgspec.structs.replace(view, appeal="received"))
        return answer(Appealed(appeal="received"), 202)
