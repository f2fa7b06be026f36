"""The centre's pages and JSON API: Starlette on a read-only connection of its own. It decides nothing.

``create`` builds the application; ``Site`` runs it in a thread beside the ingest worker.
"""

import asyncio
import socket
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec
import uvicorn
from argon2 import PasswordHasher
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Mount
from starlette.types import ASGIApp

from cloud_bridge import status
from cloud_bridge.central import answers, openapi, own_goods, page, restocks, reviews
from cloud_bridge.central.access import Limits
from cloud_bridge.central.access_tables import attach
from cloud_bridge.central.database import Address, Connection, open_reader
from cloud_bridge.central.fleet_pages import FleetPages, Submit
from cloud_bridge.central.frame import home_of, lang_of, seen_by
from cloud_bridge.central.guard import MAX_BODY, Gate, Guarded, guarded, recognise
from cloud_bridge.central.limits import Limited
from cloud_bridge.central.login import Desk
from cloud_bridge.central.outward import Outward, reader_of
from cloud_bridge.central.phone.door import Doorman
from cloud_bridge.central.phone.routes import Phone, SharedFiles
from cloud_bridge.central.problems import HANDLERS, Problem
from cloud_bridge.central.roles import Permission, Role
from edge.errors import CounterError, Unavailable

STATIC = Path(__file__).parent / "static"
MAX_LIMIT = 500
LOOK_S = 1.0
"""How often an open page looks for what another worker committed; our own commits wake it at once."""
HEARTBEAT_S = 15.0
MOST_CONNECTIONS = 1000
LIMITS = Limits(idle_s=2 * 3600, absolute_s=12 * 3600)


class Live:
    """Wakes the open event streams. Belongs to the web thread's loop."""

    def __init__(self) -> None:
        self._open: set[asyncio.Event] = set()
        self.closing = False

    def wake(self) -> None:
        for event in self._open:
            event.set()

    def close(self) -> None:
        self.closing = True
        self.wake()

    async def changes(self, look_s: float) -> AsyncIterator[None]:
        """One item at once, then one after each change or ``look_s`` seconds, until closing."""
        event = asyncio.Event()
        self._open.add(event)
        try:
            while not self.closing:
                event.clear()
                yield
                with suppress(TimeoutError):
                    await asyncio.wait_for(event.wait(), look_s)
        finally:
            self._open.discard(event)


class Site:
    """Everything the routes need. ``broker_up`` is asked from the web thread.

    may_sign: whether there is a key for unlocks. samples: buyers' logins that the phone's page offers.
    """

    def __init__(
        self,
        database: Address,
        broker_up: Callable[[], bool],
        *,
        anonymous: str = "",
        limits: Limits = LIMITS,
        hasher: PasswordHasher | None = None,
        more: Sequence[Guarded] = (),
        submit: Submit | None = None,
        may_sign: Callable[[], bool] = lambda: False,
        samples: Sequence[str] = (),
        registry: CollectorRegistry | None = None,
    ) -> None:
        self._registry = registry or CollectorRegistry()
        self.live = Live()
        self._database, self._broker_up = database, broker_up
        stranger = Role(anonymous) if anonymous else None
        self._more = more
        hasher = hasher or PasswordHasher()
        self._gate = Gate(database, stranger, limits, hasher)
        self._phone: list[Guarded] = []
        if submit is not None:
            doorman = Doorman(lambda: self.db, submit, may_sign, broker_up, hasher)
            self._phone = Phone(lambda: self.db, doorman, self.live.changes, samples).routes()
        self._fleet = FleetPages(lambda: self.db, submit, self._touched)
        self._touches = 0
        self._db: Connection | None = None

    @property
    def db(self) -> Connection:
        """Opened in the thread that uses it."""
        if self._db is None:
            self._db = open_reader(self._database)
            _ = self._gate.access  # makes its tables where there are none
            attach(self._db, self._database)
        return self._db

    def _touched(self) -> None:
        """A page of ours changed what pages show."""
        self._touches += 1
        self.live.wake()

    def close(self) -> None:
        """From the thread that used it."""
        if self._db is not None:
            self._db.close()
            self._db = None
        self._gate.close()

    def app(self) -> ASGIApp:
        app = Starlette(routes=self.routes(), exception_handlers=HANDLERS)
        app.state.gate = self._gate
        most = {route.path: route.may_send for route in self.routes() if isinstance(route, Guarded)}
        return Limited(app, lambda path: most.get(path, MAX_BODY))

    def routes(self) -> list[BaseRoute]:
        """Each behind the guard, but for the files that the login's own page is made of."""
        may = Permission
        return [
            guarded("/", self.page, None),
            guarded("/parts", self.parts, may.SEE_SALES, quiet=True),
            guarded("/live", self.stream, may.SEE_SALES, quiet=True),
            guarded("/reviews", self.waiting, may.SEE_REVIEWS),
            guarded("/reviews/{session}", self.review, may.SEE_REVIEWS),
            guarded("/reviews/{session}/trays/{tray}/curve.png", self.curve, may.SEE_REVIEWS),
            guarded("/restocks", self.restocks_page, may.SEE_RESTOCKS),
            guarded("/restocks/{session}", self.restock_page, may.SEE_RESTOCKS),
            guarded("/healthz", self.healthz, None),
            guarded("/readyz", self.readyz, None),
            guarded("/metrics", self.metrics, may.SEE_METRICS, quiet=True),
            *self._lists(),
            guarded("/api/v1/counters", self.counters, may.SEE_FLEET),
            guarded("/api/v1/overview", self.overview, may.SEE_SALES),
            guarded(openapi.PATH, self.document, may.SEE_FEED),
            guarded("/fleet/live", self.changes, may.SEE_FLEET, quiet=True),
            *self._fleet.routes(),
            guarded("/own", self.own_goods, may.SEE_OWN_GOODS),
            guarded("/api/v1/own", self.own_goods_json, may.SEE_OWN_GOODS),
            *Desk().routes(),
            *self._phone,
            *self._more,
            Mount("/static", SharedFiles(directory=STATIC)),
        ]

    def _lists(self) -> list[BaseRoute]:
        outward = Outward(reader_of(self._database), self.live.changes, lambda _: None)
        may = {"/api/v1/sales": Permission.SEE_SALES, "/api/v1/restocks": Permission.SEE_RESTOCKS}
        return [
            guarded(each.path, each.endpoint, may.get(each.path, Permission.SEE_FEED))
            for each in outward.routes()
        ]

    # --- pages ----------------------------------------------------------------------------------
    async def page(self, request: Request) -> Response:
        """The picture of the centre; who may not see it comes to the page that he may."""
        who = recognise(request)
        if not who.may(Permission.SEE_SALES):
            home = home_of(who)
            return RedirectResponse(home, 303)
        return HTMLResponse(page.whole(self.db, seen_by(request), datetime.now(UTC)))

    async def parts(self, request: Request) -> Response:
        """What changes on the page, for its script to put in place."""
        html = page.parts(self.db, seen_by(request), datetime.now(UTC))
        return HTMLResponse(html, headers={"cache-control": "no-store"})

    async def waiting(self, request: Request) -> Response:
        return HTMLResponse(page.waiting(self.db, seen_by(request)))

    async def review(self, request: Request) -> Response:
        return HTMLResponse(page.evidence(self._told(request), seen_by(request)))

    async def curve(self, request: Request) -> Response:
        """One tray's curve in grams. ``narrow=1``: for phones; ``dark=1``: light on dark."""
        told, asked = self._told(request), request.query_params
        draw = partial(reviews.curve_png, narrow=asked.get("narrow") == "1", dark=asked.get("dark") == "1")
        png = await asyncio.to_thread(draw, told, request.path_params["tray"], lang=lang_of(request))
        if png is None:
            raise Problem(404, "no_curve", "No curve", "this tray of the session has no curve")
        return Response(png, headers={"cache-control": "private, max-age=86400"}, media_type="image/png")

    def _told(self, request: Request) -> reviews.Closed:
        found = reviews.closed(self.db, request.path_params["session"])
        if found is None:
            raise Problem(404, "no_session", "No such session", "the centre holds no session of this id")
        return found

    async def restocks_page(self, request: Request) -> Response:
        return HTMLResponse(page.restocked(self.db, seen_by(request)))

    async def restock_page(self, request: Request) -> Response:
        found = restocks.restock(self.db, request.path_params["session"])
        if found is None:
            raise Problem(
                404, "no_restock", "No such restock", "the centre holds no document of this session"
            )
        return HTMLResponse(page.restock_document(found, seen_by(request)))

    async def own_goods(self, request: Request) -> Response:
        found = own_goods.own_goods(self.db, recognise(request).supplier, datetime.now(UTC))
        return HTMLResponse(page.own(found, seen_by(request)))

    async def own_goods_json(self, request: Request) -> Response:
        return _json(own_goods.own_goods(self.db, recognise(request).supplier, datetime.now(UTC)))

    async def stream(self, request: Request) -> Response:
        """Server-sent events: ``sale`` (one each, its id is the event's) and ``changed``."""
        resume = request.headers.get("last-event-id", "")
        since = int(resume) if resume.isascii() and resume.isdigit() else answers.last_event(self.db)
        return self._streamed(request, min(since, 2**62))

    async def changes(self, request: Request) -> Response:
        """As ``stream``, without the sales."""
        return self._streamed(request, None)

    def _streamed(self, request: Request, since: int | None) -> Response:
        return StreamingResponse(
            self._events(request, since),
            media_type="text/event-stream",
            headers={"cache-control": "no-store", "x-accel-buffering": "no"},
        )

    async def _events(self, request: Request, since: int | None) -> AsyncIterator[bytes]:
        """Until the login ends. since None: no sales."""
        who = recognise(request)
        yield b"retry: 1000\n\n"
        version, quiet = self._version(), 0.0
        async for _ in self.live.changes(LOOK_S):
            if self._gate.who(request, touch=False) != who:
                return
            if since is not None:
                for sale in reversed(answers.sales(self.db, since=since, limit=MAX_LIMIT)):
                    since = sale.id
                    yield b"event: sale\nid: %d\ndata: %b\n\n" % (sale.id, msgspec.json.encode(sale))
            if version != (version := self._version()):
                quiet = 0.0
                yield b"event: changed\ndata: {}\n\n"
            elif (quiet := quiet + LOOK_S) >= HEARTBEAT_S:
                quiet = 0.0
                yield b": still here\n\n"

    def _version(self) -> tuple[int | str, int]:
        return self.db.version(), self._touches

    # --- API ------------------------------------------------------------------------------------
    async def counters(self, _request: Request) -> Response:
        return _json(answers.counters(self.db))

    async def overview(self, _request: Request) -> Response:
        return _json(page.overview(self.db, datetime.now(UTC)))

    async def document(self, _request: Request) -> Response:
        return _json(openapi.document(version("smart-counter")))

    async def healthz(self, _request: Request) -> Response:
        return _json({"status": "ok"})

    async def readyz(self, _request: Request) -> Response:
        """Ready means that pages can be served; without a broker they are, but nothing new arrives."""
        try:
            answers.last_event(self.db)
            there = True
        except (CounterError, sqlite3.Error):  # whatever is wrong with it, pages cannot be made
            there = False
        found = status.readiness({"database": there}, () if self._broker_up() else ("broker",))
        return Response(found.body, found.status, {"cache-control": "no-store"}, found.kind)

    async def metrics(self, _request: Request) -> Response:
        found = await asyncio.to_thread(status.metrics, self._registry)
        return Response(found.body, found.status, {"cache-control": "no-store"}, found.kind)


class Web:
    """The thread that serves a site. The port is open once it is made; Unavailable where it is taken."""

    def __init__(self, site: Site, host: str, port: int, proxy: str = "") -> None:
        config = uvicorn.Config(
            site.app(),
            host=host,
            port=port,
            log_config=None,
            log_level="warning",
            access_log=False,
            lifespan="off",
            timeout_graceful_shutdown=1,
            proxy_headers=bool(proxy),
            forwarded_allow_ips=proxy,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
        )
        self._site, self._host, self._server = site, host, uvicorn.Server(config)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread = threading.Thread(target=self._serve, name="web", daemon=True)
        try:
            self._socket = config.bind_socket()
            # Else the second piece of an answer waits up to 40 ms for the page's ACK.
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.listen(config.backlog)  # from here on nobody is refused, only made to wait
        except (OSError, SystemExit) as error:
            raise Unavailable(
                f"cannot listen on {host}:{port} ({error}); choose another [web] port"
            ) from error

    def start(self) -> str:
        """Serve; gives the base URL."""
        self._thread.start()
        port = self._socket.getsockname()[1]
        return f"http://{'127.0.0.1' if self._host in ('0.0.0.0', '') else self._host}:{port}"

    def changed(self) -> None:
        """Tell the open pages; from any thread, never waiting."""
        if self._loop is not None and not self._loop.is_closed():
            with suppress(RuntimeError):  # the loop ended between the question and the call
                self._loop.call_soon_threadsafe(self._site.live.wake)

    def stop(self) -> None:
        """End the streams, then the server; at most about a second."""
        self._server.should_exit = True
        if self._loop is not None and not self._loop.is_closed():
            with suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._site.live.close)
        self._thread.join(timeout=2.0)

    def _serve(self) -> None:
        asyncio.run(self._run())
        self._site.close()

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        await self._server.serve(sockets=[self._socket])


def _json(value: Any) -> Response:
    return Response(msgspec.json.encode(value), media_type="application/json")
