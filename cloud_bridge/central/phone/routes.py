"""The buyer's page at the centre and what it asks for: ``/c/{counter}``, visits, their stream.

Nobody needs a login here: a visit is begun with a buyer's PIN, and read with the cookie that came with it.
"""

import hmac
import os
import time
from collections.abc import AsyncIterator, Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.staticfiles import StaticFiles

from cloud_bridge import feed
from cloud_bridge.central import commanding, frame
from cloud_bridge.central.database import Connection
from cloud_bridge.central.guard import Gate, Guarded, address_of, guarded
from cloud_bridge.central.phone import facts, visits
from cloud_bridge.central.phone.door import Asked, Doorman, VisitWish
from cloud_bridge.central.phone.refusals import refused
from cloud_bridge.central.phone.visit import FINAL, Line, Shown, State, shown
from cloud_bridge.central.phone.words import texts
from edge.screens import shared

PAGE = "/c/{counter}"
PATH = "/api/v1/visits"
PLACE = "/api/v1/places/{counter}"
COOKIE = "opener"
MOST_STREAMS, MOST_STREAMS_EACH = 400, 4
"""Open at once, in all and of one visit. More are told to ask every two seconds instead."""
LOOK_S = 0.5
"""How often a stream looks for something new; one look is one query."""
STREAM_S = 600.0
"""A stream ends then; a page that still wants it comes again."""
BEAT_S = (1, 15)


class PlaceShown(msgspec.Struct, frozen=True, kw_only=True):
    """A counter, as it stands on its sign; "": the counter never told. online: can it be opened from here."""

    counter: str
    name: str
    place: str
    hotline: str
    online: bool


class VisitShown(msgspec.Struct, frozen=True, kw_only=True):
    """A visit, for its opener alone. See ``phone.visit`` for what each field says."""

    visit: str
    counter: str
    begun_at: str
    state: State
    code: str
    online: bool
    left_s: int
    lines: tuple[Line, ...]
    total_fen: int
    certified_fen: int
    charged: bool
    order_no: str | None
    closed_at: str | None


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """visit: the id under which it is read."""

    visit: str


class Phone:
    """db: the reader. changes: wakes a stream after each commit of this process, or after so many seconds."""

    def __init__(
        self,
        db: Callable[[], Connection],
        doorman: Doorman,
        changes: Callable[[float], AsyncIterator[None]],
        samples: Sequence[str] = (),
    ) -> None:
        self._db, self._doorman, self._changes = db, doorman, changes
        self._samples = " ".join(samples)
        self._streams: dict[str, int] = {}

    def routes(self) -> list[Guarded]:
        return [
            guarded(PAGE, self.page, None),
            guarded("/strings.json", self.strings, None),
            guarded(PLACE, self.place, None),
            guarded(PATH, self.begin, None, methods=["POST"], may_send=4096),
            guarded(PATH + "/{visit}", self.visit, None),
            guarded(PATH + "/{visit}/stream", self.stream, None),
        ]

    # --- the page -------------------------------------------------------------------------------
    async def page(self, request: Request) -> Response:
        """The same for every counter: its script asks for what it shows. A token stays in the address."""
        counter = request.path_params["counter"]
        known = feed.COUNTER_ID.fullmatch(counter) is not None
        lang = frame.lang_of(request)
        html = frame.bare("phone.html", lang, t=texts()[lang], counter=counter, samples=self._samples)
        return HTMLResponse(html, 200 if known else 404)

    async def strings(self, _request: Request) -> Response:
        body = msgspec.json.encode({**texts(), "picture": {}})
        return Response(body, headers={"cache-control": "no-cache"}, media_type="application/json")

    async def place(self, request: Request) -> Response:
        """What stands on the counter anyway, so that a buyer sees whose door it is before any PIN."""
        counter = request.path_params["counter"]
        found = self._doorman.place(counter, datetime.now(UTC)) if _is_id(counter) else None
        if found is None:
            raise refused("UNKNOWN_COUNTER")
        return _json(
            PlaceShown(
                counter=found.counter,
                name=found.name,
                place=found.place,
                hotline=found.hotline,
                online=found.online,
            )
        )

    # --- visits ---------------------------------------------------------------------------------
    async def begin(self, request: Request) -> Response:
        """201 with the visit, and the cookie that reads it. The same Idempotency-Key: the same visit."""
        try:
            wish = msgspec.json.decode(await request.body(), type=VisitWish)
        except feed.BAD_JSON as error:
            raise refused("BAD_FIELD", str(error)) from error
        gate: Gate = request.app.state.gate
        asked = Asked(
            wish=wish,
            key=request.headers.get("idempotency-key", ""),
            address=address_of(request),
            id=commanding.ulid(time.time_ns() // 10**6, os.urandom(10)),
            now=datetime.now(UTC),
        )
        visit = await self._doorman.open(gate, asked)
        path = f"{PATH}/{visit.id}"
        answer = _json(Begun(visit=visit.id), 201)
        answer.headers["location"] = path
        answer.set_cookie(
            COOKIE,
            _proof(gate, visit.id),
            max_age=visits.KEPT_S,
            path=path,
            httponly=True,
            samesite="strict",
            secure=request.url.scheme == "https",
        )
        return answer

    async def visit(self, request: Request) -> Response:
        """What the visit has come to, for its opener."""
        return _json(self._now(self._own(request)))

    async def stream(self, request: Request) -> Response:
        """As ``visit``, whole on connect and after each change (server-sent events), until its end."""
        visit = self._own(request)
        here = self._streams.get(visit.id, 0)
        if here >= MOST_STREAMS_EACH or sum(self._streams.values()) >= MOST_STREAMS:
            raise refused("TOO_MANY_STREAMS")
        return StreamingResponse(
            self._events(visit, _beat(request.query_params.get("beat", ""))),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _events(self, visit: visits.Visit, beat_s: float) -> AsyncIterator[bytes]:
        self._streams[visit.id] = self._streams.get(visit.id, 0) + 1
        try:
            yield b"retry: 1000\n\n"
            said, heard, ends = b"", time.monotonic(), time.monotonic() + STREAM_S
            async for _ in self._changes(LOOK_S):
                found, now = self._now(visit), time.monotonic()
                body = msgspec.json.encode(found)
                if body != said:
                    said, heard = body, now
                    yield b"data: %b\n\n" % body
                elif now - heard >= beat_s:
                    heard = now
                    yield b": here\n\n"
                if found.state in FINAL or now >= ends:
                    return
        finally:
            self._streams[visit.id] -= 1
            if not self._streams[visit.id]:
                del self._streams[visit.id]

    def _own(self, request: Request) -> visits.Visit:
        """The visit of the address, if this browser opened it; another one is as good as none."""
        gate: Gate = request.app.state.gate
        id = request.path_params["visit"]
        given = request.cookies.get(COOKIE, "")
        mine = hmac.compare_digest(given.encode(), _proof(gate, id).encode())
        found = visits.visit(gate.db, id) if mine else None
        if found is None:
            raise refused("NO_VISIT")
        return found

    def _now(self, visit: visits.Visit) -> VisitShown:
        now = datetime.now(UTC)
        with self._db().picture() as db:
            known = facts.known(db, visit, now)
        return _told(visit, shown(known, int(now.timestamp())))


class SharedFiles(StaticFiles):
    """The centre's own files, and those that the buyer's page shares with the counter's."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        found = super().lookup_path(path)
        if found[1] is None and path in shared.FILES:
            full = shared.STATIC / path
            return str(full), full.stat()
        return found

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """Asked about again each time (ETag): a new version never meets an old page."""
        response = super().file_response(*args, **kwargs)
        response.headers["cache-control"] = "no-cache"
        return response


def _told(visit: visits.Visit, found: Shown) -> VisitShown:
    begun = datetime.fromtimestamp(visit.begun_s, UTC).isoformat().replace("+00:00", "Z")
    return VisitShown(visit=visit.id, counter=visit.counter, begun_at=begun, **msgspec.structs.asdict(found))


def _proof(gate: Gate, visit: str) -> str:
    """What only the centre can have told the opener of ``visit``."""
    return gate.access.mac("visit", visit)


def _beat(asked: str) -> float:
    least, most = BEAT_S
    seconds = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 4 else most
    return float(min(max(seconds, least), most))


def _is_id(counter: str) -> bool:
    return feed.COUNTER_ID.fullmatch(counter) is not None


def _json(value: msgspec.Struct, status: int = 200) -> Response:
    return Response(msgspec.json.encode(value), status, media_type="application/json")
