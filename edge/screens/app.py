"""Puts the web application together. The only module here that knows all others."""

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client import Counter as Tally
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from edge.domain.own_goods import Owned
from edge.domain.product_view import Assortment
from edge.screens import health, openapi, planogram, voice
from edge.screens.api import Api, History
from edge.screens.asking import ASK_S, Ask
from edge.screens.contact import Contact, Today
from edge.screens.curves import Curves, no_curves
from edge.screens.guard import Guard, hostname
from edge.screens.health import Readiness
from edge.screens.pages import Pages
from edge.screens.problems import problem
from edge.screens.products import Lying, Products, nothing_lies
from edge.screens.reports import Reports
from edge.screens.restock_api import ReceiptPicture, RestockApi, Roll
from edge.screens.stage import Stage
from edge.screens.supplier import Now, SupplierApi, nothing_owned, utc_now
from edge.settings import Settings

log = structlog.get_logger(__name__)

STATUS_CODES = {404: "NOT_FOUND", 405: "METHOD_NOT_ALLOWED"}


async def _refused(_request: Request, error: Exception) -> Response:
    """Starlette's own refusals (no such path, wrong method), told as all others are."""
    assert isinstance(error, HTTPException)
    code = STATUS_CODES.get(error.status_code, "REQUEST_FAILED")
    return problem(code, error.detail, headers=dict(error.headers or {}))


async def _failed(_request: Request, error: Exception) -> Response:
    log.error("page_failed", error=type(error).__name__)
    return problem("INTERNAL")


def make_app(
    stage: Stage,
    ask: Ask,
    history: History,
    settings: Settings,
    *,
    checks: Callable[[], Readiness],
    registry: CollectorRegistry,
    version: str,
    samples: tuple[str, ...] = (),
    ask_s: float = ASK_S,
    curves: Curves = no_curves,
    picture: planogram.Picture | None = None,
    today: Today | None = None,
    voice_dir: Path | None = None,
    assortment: Callable[[], Assortment | None] = lambda: None,
    lying: Lying = nothing_lies,
    roll: Roll = lambda: (),
    receipt: ReceiptPicture = lambda _number, _width: None,
    owned: Owned = nothing_owned,
    now: Now = utc_now,
) -> Starlette:
    """The counter's pages and API.

    ask: puts a request on the engine's queue and returns at once. history: a session that ``stage``
    no longer holds, read from the ledger; called in a worker thread. checks: see ``Readiness``.
    samples: logins of the sample roster, offered on the phone page so that a visitor can try it.
    ask_s: seconds to wait for the engine's answer. curves: what a tray said in a closed session.
    picture: of the planogram, as the linter sees it. today: the local day, None: the machine's clock tells.
    voice_dir: the site's own sounds. assortment, lying: see ``Products``. roll: who may sign in at the
    screen. receipt: of a finished restock. owned, now: see ``SupplierApi``.
    """
    asked = Tally("counter_open_requests", "Requests for the door by outcome", ["outcome"], registry=registry)
    scan_url = settings.screens.scan_url or settings.screens.public_url
    api = Api(stage, ask, history, scan_url, asked, ask_s, curves=curves)
    pages = Pages(settings, samples)
    zone = ZoneInfo(settings.counter.timezone)
    day = today or (lambda: datetime.now(zone).date())
    description = openapi.document(version)

    async def described(_request: Request) -> Response:
        return JSONResponse(description)

    names = frozenset({hostname(settings.screens.public_url.partition("//")[2])} - {""})
    return Starlette(
        routes=[
            *health.routes(checks, registry),
            Route("/api/v1/openapi.json", described),
            *api.routes(),
            *RestockApi(stage, api.ask_engine, roll, receipt).routes(),
            *SupplierApi(stage, assortment, owned, now, zone).routes(),
            *pages.routes(),
            *Contact(settings.counter, day).routes(),
            *Reports(stage, ask, settings.counter.id, settings.screens.public_url, ask_s).routes(),
            *planogram.routes(picture),
            *Products(stage, assortment, lying, settings.counter.name, day).routes(),
            *voice.routes(voice_dir),
        ],
        middleware=[Middleware(Guard, names=names)],
        exception_handlers={HTTPException: _refused, Exception: _failed},
    )
