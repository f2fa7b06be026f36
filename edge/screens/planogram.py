"""The planogram as the linter sees it, for the counter's own screen. It draws nothing and knows no goods."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from edge.screens.guard import is_screen
from edge.screens.problems import problem

Picture = Callable[[], bytes]
"""A PNG of the planogram in force. Called in a worker thread."""


def routes(picture: Picture | None) -> list[BaseRoute]:
    """``/screen/planogram.png``, from this machine alone; none where nobody draws."""
    if picture is None:
        return []
    draw = picture

    def planogram(request: Request) -> Response:  # not async: Starlette gives it a worker thread
        if not is_screen(request):
            return problem("SCREEN_ONLY")
        return Response(draw(), headers={"Cache-Control": "no-store"}, media_type="image/png")

    return [Route("/screen/planogram.png", planogram)]
