"""The page where anyone may report a fault of the counter, and the request behind it. It judges nothing."""

import asyncio
import time
import uuid
from dataclasses import dataclass, field
from math import ceil
from typing import Annotated, Literal

import msgspec
from msgspec import Meta
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from edge.domain.reports import About, FaultReport, ReportLimit, reportable
from edge.domain.requests import Refused
from edge.paper.qr import screen_png
from edge.screens.asking import ASK_S, Ask, answer_to
from edge.screens.bodies import answer, read
from edge.screens.problems import problem, refusal
from edge.screens.stage import Stage

SIDE = 400
"""Pixels of the code's picture; pages show it smaller."""


class ReportBody(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``POST /api/v1/reports``. text: without names, numbers and addresses of people; they are struck out."""

    about: Literal["DOOR", "SCREEN", "PRICE", "GOODS", "HYGIENE"]
    text: Annotated[str, Meta(max_length=200)] = ""


class Reported(msgspec.Struct, frozen=True, kw_only=True):
    """The report is recorded. text: what of it was kept."""

    about: str
    text: str


@dataclass(slots=True)
class Reports:
    """A report needs no account; so that nobody floods the centre, few are taken (``ReportLimit``).

    counter: its id. public_url: "" means the address the request came to.
    """

    stage: Stage
    ask: Ask
    counter: str
    public_url: str
    ask_s: float = ASK_S
    limit: ReportLimit = field(default_factory=ReportLimit)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/api/v1/reports", self.report, methods=["POST"]),
            Route("/c/{counter}/report.png", self.code),
        ]

    async def code(self, request: Request) -> Response:
        """The QR of the page on which a fault is reported, for the counter's screen."""
        if request.path_params["counter"] != self.counter:
            return problem("NOT_FOUND", f"this is counter {self.counter}")
        base = (self.public_url or str(request.base_url)).rstrip("/")
        url = f"{base}/c/{self.counter}/report"
        png = await asyncio.to_thread(screen_png, url, SIDE)
        return Response(png, headers={"Cache-Control": "no-cache"}, media_type="image/png")

    async def report(self, request: Request) -> Response:
        body = await read(request, ReportBody)
        if isinstance(body, Response):
            return body
        address = request.client.host if request.client else ""
        if wait_s := self.limit.wait_s(address, time.monotonic()):
            return problem("TOO_MANY_REPORTS", headers={"Retry-After": str(ceil(wait_s))})
        told = FaultReport(str(uuid.uuid4()), About(body.about), reportable(body.text))
        outcome = await answer_to(told, self.stage, self.ask, self.ask_s)
        if isinstance(outcome, Refused):
            return refusal(outcome)
        if outcome is None:
            return problem("TIMEOUT")
        return answer(Reported(about=told.about, text=told.text), 202)
