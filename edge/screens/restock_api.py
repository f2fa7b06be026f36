"""The restocker's calls: signing in at the screen, the picture of the task, each tap. No rules here.

Who is signed in is the engine's knowledge; a browser proves it by a cookie with the secret that the engine
gave. Signing in is for the counter's own screen alone.
"""

import asyncio
import hmac
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from edge.domain.requests import Answer, Refusal, Refused, RestockRequest, SignedIn, SignInRequest
from edge.domain.requests import Request as Asked
from edge.domain.restock_view import RestockAct, RestockView, SignIn, StaffView
from edge.screens.bodies import Done, answer, read, read_with
from edge.screens.guard import is_screen
from edge.screens.problems import problem, refusal
from edge.screens.stage import Shown, Stage
from edge.screens.streams import MAX_STREAMS, OWN_STREAMS, comment_every, stream

COOKIE = "staff"

_acts: msgspec.json.Decoder[RestockAct] = msgspec.json.Decoder(RestockAct)


def _act(body: bytes) -> RestockAct:
    return _acts.decode(body)


AskEngine = Callable[[Asked], Awaitable[Answer | None]]
Roll = Callable[[], tuple[StaffView, ...]]
"""Who may sign in at the screen."""
ReceiptPicture = Callable[[str, int], bytes | None]
"""A restock document's number and a width in pixels → its receipt as a PNG; None: no such document."""


def sign_in_cookie(response: Response, secret: str, request: Request) -> None:
    """Let this browser act for who has just signed in; the cookie ends with the browser."""
    response.set_cookie(
        COOKIE, secret, httponly=True, samesite="strict", secure=request.url.scheme == "https", path="/api/v1"
    )


def seen(stage: Stage, request: Request) -> Shown[RestockView] | None:
    """What this browser may see of the task; None: nobody is signed in, or somebody else."""
    shown = stage.shown_restock()
    if shown is None:
        return None
    mine = hmac.compare_digest(request.cookies.get(COOKIE, "").encode(), shown.secret.encode())
    return shown.view if mine else None


@dataclass(slots=True)
class RestockApi:
    """The handlers. receipt: draws a finished document."""

    stage: Stage
    ask: AskEngine
    roll: Roll
    receipt: ReceiptPicture

    def routes(self) -> list[Route]:
        return [
            Route("/api/v1/staff", self.staff),
            Route("/api/v1/staff", self.sign_in, methods=["POST"]),
            Route("/api/v1/restock", self.restock),
            Route("/api/v1/restock", self.act, methods=["POST"]),
            Route("/api/v1/restock/live", self.live),
            Route("/api/v1/restock/receipt.png", self.receipt_png),
        ]

    async def staff(self, request: Request) -> Response:
        """Whom the screen offers to sign in."""
        return answer(self.roll()) if is_screen(request) else problem("SCREEN_ONLY")

    async def sign_in(self, request: Request) -> Response:
        if not is_screen(request):
            return problem("SCREEN_ONLY")
        body = await read(request, SignIn)
        if isinstance(body, Response):
            return body
        id, at = str(uuid.uuid4()), time.monotonic()
        outcome = await self.ask(SignInRequest(id, body.account, body.pin, body.badge, at))
        if isinstance(outcome, SignedIn):
            response = answer(Done(), 201)
            sign_in_cookie(response, outcome.secret, request)
            return response
        return refusal(outcome) if isinstance(outcome, Refused) else problem("TIMEOUT")

    def _seen(self, request: Request) -> Shown[RestockView] | None:
        return seen(self.stage, request)

    async def restock(self, request: Request) -> Response:
        shown = self._seen(request)
        return problem(Refusal.NOT_SIGNED_IN) if shown is None else answer(shown.value)

    async def live(self, request: Request) -> Response:
        """The task, on connect and after each change; it ends when nobody is signed in any more."""
        if self._seen(request) is None:
            return problem(Refusal.NOT_SIGNED_IN)
        if self.stage.streams >= MAX_STREAMS + OWN_STREAMS:
            return problem("TOO_MANY_PAGES", headers={"Retry-After": "5"})
        every = comment_every(request.query_params.get("beat"))
        return stream(
            self.stage,
            lambda: self._seen(request),
            lambda shown: str(shown.value.version),
            every,
            goes_on=lambda: self._seen(request) is not None,
        )

    async def act(self, request: Request) -> Response:
        act = await read_with(request, _act)
        if isinstance(act, Response):
            return act
        secret = request.cookies.get(COOKIE, "")
        outcome = await self.ask(RestockRequest(str(uuid.uuid4()), secret, act))
        if isinstance(outcome, Refused):
            return refusal(outcome)
        return problem("TIMEOUT") if outcome is None else answer(Done())

    async def receipt_png(self, request: Request) -> Response:
        """The signed receipt of the task that was finished last, for as long as its signer stays."""
        shown = self._seen(request)
        if shown is None or not shown.value.document:
            return problem(Refusal.NOT_SIGNED_IN)
        width = request.query_params.get("width", "576")
        if width not in ("384", "576", "1080"):
            return problem("BAD_FIELD", "width: 384, 576 or 1080", "width")
        png = await asyncio.to_thread(self.receipt, shown.value.document, int(width))
        if png is None:
            return problem("NOT_FOUND", f"no document {shown.value.document}")
        return Response(png, headers={"Cache-Control": "no-store"}, media_type="image/png")
