"""The pages, their texts and their files. A page is a template over no state: the stream fills it."""

from pathlib import Path
from typing import Any

import jinja2
import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from edge.paper.fonts import ASSETS
from edge.screens.guard import is_screen
from edge.screens.problems import problem
from edge.screens.strings import LANGUAGES, pictures, texts
from edge.settings import Settings

HERE = Path(__file__).resolve().parent


class Fresh(StaticFiles):
    """Files that a browser asks about again each time (ETag): a new version never meets an old page."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        response = super().file_response(*args, **kwargs)
        response.headers["Cache-Control"] = "no-cache"
        return response


class Pages:
    """samples: logins offered to try the counter with."""

    def __init__(self, settings: Settings, samples: tuple[str, ...]) -> None:
        self._counter = settings.counter.id
        self._name = settings.counter.name
        self._timezone = settings.counter.timezone
        self._voice = {"voice": settings.screens.voice, "volume": settings.screens.volume}
        self._samples = samples
        self._texts = texts()
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(HERE / "templates"),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )

    def routes(self) -> list[BaseRoute]:
        """Pages, texts, scripts, pictures, fonts."""
        return [
            Route("/", self.screen),
            Route("/screen/restock", self.restock),
            Route("/screen/supplier", self.supplier),
            Route("/c/{counter}", self.phone),
            Route("/c/{counter}/report", self.report),
            Route("/c/{counter}/p/{sku}", self.product),
            Route("/strings.json", self.strings),
            Mount("/static", Fresh(directory=HERE / "static")),
            Mount("/fonts", StaticFiles(directory=ASSETS)),
        ]

    def _page(self, template: str, request: Request, **values: object) -> Response:
        asked = request.query_params.get("lang", "")
        language = asked if asked in LANGUAGES else LANGUAGES[0]
        page = self._templates.get_template(template).render(
            lang=language,
            text=self._texts[language],
            counter=self._counter,
            name=self._name,
            timezone=self._timezone,
            **values,
        )
        return HTMLResponse(page, headers={"Cache-Control": "no-store"})

    async def screen(self, request: Request) -> Response:
        return self._page(
            "screen.html", request, at_screen=is_screen(request), trying=bool(self._samples), **self._voice
        )

    async def restock(self, request: Request) -> Response:
        """The supplier's page: it works only before the cabinet, where door and goods can be seen."""
        if not is_screen(request):
            return problem("SCREEN_ONLY")
        return self._page("restock.html", request, **self._voice)

    async def supplier(self, request: Request) -> Response:
        """What a supplier's own goods do; the script asks for what it shows."""
        return self._page("supplier.html", request) if is_screen(request) else problem("SCREEN_ONLY")

    async def phone(self, request: Request) -> Response:
        return self._of_counter("phone.html", request, samples=" ".join(self._samples))

    async def report(self, request: Request) -> Response:
        """Where anyone may report a fault of the counter."""
        return self._of_counter("report.html", request)

    async def product(self, request: Request) -> Response:
        """The card of one product; the script asks for what it shows."""
        return self._of_counter("product.html", request, sku=request.path_params["sku"])

    def _of_counter(self, template: str, request: Request, **values: object) -> Response:
        if request.path_params["counter"] != self._counter:
            return problem("NOT_FOUND", f"this is counter {self._counter}")
        return self._page(template, request, **values)

    async def strings(self, _request: Request) -> Response:
        body = {**self._texts, "picture": pictures()}
        return Response(
            msgspec.json.encode(body), headers={"Cache-Control": "no-cache"}, media_type="application/json"
        )
