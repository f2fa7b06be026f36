"""The curve of one tray as its buyer sees it: a picture without weights. It asks no engine and keeps nothing.

Reading and drawing run in worker threads of the web thread's loop.
"""

import asyncio
from collections.abc import Callable
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from edge.curves.labels import Mark
from edge.curves.picture import PHONE, PHONE_LARGE, Seen, picture
from edge.domain.values import SessionId, TrayId
from edge.ledger.trays import PastTray
from edge.screens.problems import problem

DAY_S = 24 * 3600
"""What a closed session showed does not change; the next version of this program may draw it better."""

Curves = Callable[[SessionId, TrayId], PastTray | None]
"""What a tray said in a closed session; None: nothing is kept of it. Called in a worker thread."""


def no_curves(_session: SessionId, _tray: TrayId) -> PastTray | None:
    """For pages without a ledger behind them."""
    return None


async def curve_png(request: Request, curves: Curves, session: SessionId, tray: TrayId) -> Response:
    """The picture for whoever may see the session; ``?lang=en``: English words, ``?large=1``: large ones."""
    past = await asyncio.to_thread(curves, session, tray)
    if past is None or not past.curve or past.verdict == "empty":
        return problem("NOT_FOUND", f"no curve of tray {tray!r} is kept for this session")
    english = request.query_params.get("lang") == "en"
    size = PHONE_LARGE if request.query_params.get("large") == "1" else PHONE
    png = await asyncio.to_thread(picture, seen_of(past), size, grams=False, lang="en" if english else "zh")
    tag = f'"{sha256(png).hexdigest()[:32]}"'
    headers = {"ETag": tag, "Cache-Control": f"private, max-age={DAY_S}", "Vary": "Cookie"}
    if tag in _tags(request.headers.get("if-none-match", "")):
        return Response(status_code=304, headers=headers)
    return Response(png, headers=headers, media_type="image/png")


def seen_of(past: PastTray) -> Seen:
    """The same in the picture's words: tenths of a second."""
    marks = tuple(Mark(round(each.t * 10), each.action, each.count) for each in past.events)
    door = past.door and (round(past.door[0] * 10), round(past.door[1] * 10))
    return Seen(past.curve, marks, door, past.before, past.after, past.residual, past.pieces)


def _tags(header: str) -> set[str]:
    """The entity tags in an If-None-Match; weak ones count as their strong ones (RFC 9110, 13.1.2)."""
    return {tag.strip().removeprefix("W/") for tag in header.split(",")}
