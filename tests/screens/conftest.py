"""A counter for the web thread alone: views as an engine makes them, and an engine that answers at once."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import msgspec
import pytest
from prometheus_client import CollectorRegistry

from edge import settings as settings_module
from edge.domain.requests import Answer, Granted, Request
from edge.domain.values import SessionId
from edge.domain.view import BasketView, Evidence, LineView, Moved, SessionView, TrayView, View
from edge.ledger.trays import PastTray
from edge.screens.app import make_app
from edge.screens.health import Readiness
from edge.screens.stage import Stage
from edge.settings import Settings

SESSION = SessionId("5f" * 16)
SETTINGS = """
[counter]
id = "AK-001"
name = "示例专柜 1 号"
place = "示例办公楼 1 层大厅"
hotline = "000-0000-0000(示例)"
[ports.main]
url = "bus"
[lock]
[scales]
units = {"1-01" = 11}
"""

WATER = TrayView(
    tray="1-01",
    sku="ZY-WATER-500",
    name="紫阳富硒矿泉水",
    name_en="Ziyang Se mineral water",
    spec="500mL/瓶",
    county="紫阳县",
    county_en="Ziyang",
    price_fen=350,
    on_hand=12,
    capacity=17,
    certified=True,
    expires_on="2027-04-28",
    in_service=True,
    category="饮用水",
)

TAKEN = LineView(
    tray="1-01",
    sku="ZY-WATER-500",
    name=WATER.name,
    name_en=WATER.name_en,
    count=1,
    price_fen=350,
    amount_fen=350,
    sure=True,
    evidence=Evidence(
        before=12,
        after=11,
        events=(
            Moved(at="2026-11-23T06:05:12Z", action="TAKE", count=2),
            Moved(at="2026-11-23T06:05:40Z", action="PUT_BACK", count=1),
        ),
    ),
)


@dataclass
class FakeEngine:
    """Answers each request in the asking thread, by ``reply``; None: stays silent."""

    stage: Stage
    reply: Callable[[Request], Answer | None]
    asked: list[Request] = field(default_factory=list)

    def ask(self, request: Request) -> None:
        self.asked.append(request)
        answer = self.reply(request)
        if answer is not None:
            self.stage.answer(answer)


class Client:
    """A browser with cookies at ``peer``, in front of the application itself: no socket, no thread."""

    def __init__(self, app, peer: str) -> None:
        self.app = app
        transport = httpx.ASGITransport(app, client=(peer, 50000))
        self._client = httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8080")

    def request(self, method: str, path: str, **more) -> httpx.Response:
        return asyncio.run(self._client.request(method, path, **more))

    def get(self, path: str, **more) -> httpx.Response:
        return self.request("GET", path, **more)

    def post(self, path: str, **more) -> httpx.Response:
        return self.request("POST", path, **more)


class Counter:
    """The web application over a fake engine, and a client on loopback."""

    def __init__(self) -> None:
        self.stage = Stage()
        self.engine = FakeEngine(self.stage, lambda request: Granted(request.id, SESSION))
        self.registry = CollectorRegistry()
        self.readiness = Readiness({"engine": True})
        self.old: dict[str, SessionView] = {}
        self.curves: dict[tuple[str, str], PastTray] = {}

    def settings(self) -> Settings:
        return settings_module.decode(SETTINGS.encode())

    def app(self, settings: Settings | None = None, ask_s: float = 5.0):
        return make_app(
            self.stage,
            self.engine.ask,
            self.old.get,
            settings or self.settings(),
            checks=lambda: self.readiness,
            registry=self.registry,
            version="0.1.0",
            samples=("demo-001",),
            ask_s=ask_s,
            curves=lambda session, tray: self.curves.get((session, tray)),
            picture=lambda: b"\x89PNG the planogram",
        )

    def app_again(self):
        """The application as a restart makes it: its metrics are registered anew."""
        self.registry = CollectorRegistry()
        return self.app()

    def client(self, peer: str = "127.0.0.1", **more) -> Client:
        return Client(self.app(**more), peer)


@pytest.fixture
def make_view() -> Callable[..., View]:
    """A View of one tray of water; keyword arguments replace its fields."""

    def make(**changes: object) -> View:
        view = View(
            version=7,
            counter="AK-001",
            name="示例专柜 1 号",
            place="示例办公楼 1 层大厅",
            hotline="000-0000-0000(示例)",
            state="READY",
            reason="",
            trays=(WATER,),
            basket=None,
            online=True,
            token="tok-1",
            token_expires_in_s=30,
        )
        return msgspec.structs.replace(view, **changes)

    return make


@pytest.fixture
def make_basket() -> Callable[..., BasketView]:
    """A basket with one water; keyword arguments replace its fields."""

    def make(**changes: object) -> BasketView:
        basket = BasketView(kind="BUY", state="OPEN", lines=(TAKEN,), total_fen=350, closes_in_s=60)
        return msgspec.structs.replace(basket, **changes)

    return make


@pytest.fixture
def make_session() -> Callable[..., SessionView]:
    """A settled session with one water; keyword arguments replace its fields."""

    def make(**changes: object) -> SessionView:
        session = SessionView(
            session=SESSION,
            kind="BUY",
            state="SETTLED",
            lines=(TAKEN,),
            total_fen=350,
            certified_fen=350,
            order_no="AK-001-000001",
            verdict="charge",
            notice="",
            closes_in_s=None,
            opened_at="2026-11-23T06:05:00Z",
            closed_at="2026-11-23T06:06:00Z",
        )
        return msgspec.structs.replace(session, **changes)

    return make


@pytest.fixture
def counter(make_view) -> Counter:
    """A counter that has shown its first view."""
    made = Counter()
    made.stage.show(make_view())
    return made


@pytest.fixture
def new_counter() -> type[Counter]:
    """For a counter whose engine has not shown anything yet."""
    return Counter


@pytest.fixture
def client(counter) -> Client:
    """A client on the counter's own machine."""
    return counter.client()


@pytest.fixture
def session_id() -> SessionId:
    return SESSION


@pytest.fixture
def problem_of() -> Callable[[httpx.Response], dict]:
    """The problem document of a response, its media type and status checked."""

    def read(response: httpx.Response) -> dict:
        assert response.headers["content-type"] == "application/problem+json"
        document = response.json()
        assert document["status"] == response.status_code
        assert document["type"].startswith("urn:")
        return document

    return read
