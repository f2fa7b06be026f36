"""The read API for other systems: lists with cursors, as JSON, JSON lines or CSV. It decides nothing.

``routes`` gives what ``app`` mounts. Reading happens in threads of its own, two at a time, so that a long
list never holds up a page.
"""

import asyncio
import gzip
import hashlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass, field
from functools import partial

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from cloud_bridge.central.database import Address, Connection, open_reader
from cloud_bridge.central.outward_ask import FORMATS, Asked, BadParameter, asked
from cloud_bridge.central.outward_form import text_of
from cloud_bridge.central.outward_query import Page, page
from cloud_bridge.central.outward_sources import SOURCES, Source
from cloud_bridge.central.problems import Problem

READERS = 2
MOST_WAITING = 200
"""Requests that wait for something new; those beyond are answered at once."""
LOOK_S = 1.0
GZIP_FROM = 1024
PREFIX = "/api/v1/"

Guard = Callable[[Request], None]
Reader = Callable[[], AbstractContextManager[Connection]]
Changes = Callable[[float], AsyncIterator[None]]


def reader_of(database: Address) -> Reader:
    """Opens and closes a connection for each read: no read is older than its request."""

    @contextmanager
    def reading() -> Iterator[Connection]:
        with closing(open_reader(database)) as db:
            yield db

    return reading


@dataclass(slots=True)
class Outward:
    """reader: a connection of the calling thread. changes: an item after each commit, or that many seconds.

    guard: refuses who may not read.
    """

    reader: Reader
    changes: Changes
    guard: Guard
    _turn: asyncio.Semaphore = field(default_factory=partial(asyncio.Semaphore, READERS), init=False)
    _waiting: int = field(default=0, init=False)

    def routes(self) -> list[Route]:
        return [Route(PREFIX + name, partial(self._list, source)) for name, source in SOURCES.items()]

    async def _list(self, source: Source, request: Request) -> Response:
        self.guard(request)
        try:
            wanted = asked(source, _parameters(request))
        except BadParameter as error:
            raise Problem(422, "bad_parameter", "Bad parameter", str(error)) from error
        form = wanted.form or accepted(request.headers.get("accept", ""))
        found = await self._awaited(source, wanted)
        body = await asyncio.to_thread(text_of, source, found.rows, form)
        return await asyncio.to_thread(_response, request, found, body, FORMATS[form])

    async def _awaited(self, source: Source, wanted: Asked) -> Page:
        """A page with something in it, or what there is when ``wait`` is over."""
        found = await self._read(source, wanted)
        if found.rows or not wanted.wait_s or self._waiting >= MOST_WAITING:
            return found
        self._waiting += 1
        try:
            async with asyncio.timeout(wanted.wait_s):
                async for _ in self.changes(LOOK_S):
                    found = await self._read(source, wanted)
                    if found.rows or found.more:
                        break
        except TimeoutError:
            pass
        finally:
            self._waiting -= 1
        return found

    async def _read(self, source: Source, wanted: Asked) -> Page:
        async with self._turn:
            return await asyncio.to_thread(self._page, source, wanted)

    def _page(self, source: Source, wanted: Asked) -> Page:
        with self.reader() as db:
            return page(db, source, wanted)


def accepted(accept: str) -> str:
    """The format that ``Accept`` asks for; JSON where it asks for nothing we have a reason to prefer."""
    kinds = {each.split(";")[0].strip().lower() for each in accept.split(",") if each.strip()}
    for form, media_type in FORMATS.items():
        if media_type.split(";")[0] in kinds:
            return form
    if kinds and not kinds & {"*/*", "application/*"}:
        offered = ", ".join(each.split(";")[0] for each in FORMATS.values())
        raise Problem(406, "not_acceptable", "Not acceptable", f"this list comes as {offered}")
    return "json"


def _parameters(request: Request) -> dict[str, str]:
    given = request.query_params.multi_items()
    if len(found := dict(given)) != len(given):
        raise Problem(422, "bad_parameter", "Bad parameter", "each parameter may stand once")
    return found


def _response(request: Request, found: Page, body: bytes, media_type: str) -> Response:
    headers = {
        "feed-cursor": found.cursor,
        "feed-through": str(found.through),
        "cache-control": "private, no-cache",
        "vary": "Accept, Accept-Encoding, Authorization, Cookie",
        "etag": f'W/"{hashlib.sha256(found.cursor.encode() + body).hexdigest()[:32]}"',
    }
    if found.more:
        following = request.url.include_query_params(after=found.cursor)
        headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if len(body) >= GZIP_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        body = gzip.compress(body, 5, mtime=0)
        headers["content-encoding"] = "gzip"
    return Response(body, headers=headers, media_type=media_type)
