"""A scripted restock before the real page: views go in, what the page asks for is kept. It weighs nothing."""

import asyncio
from collections.abc import AsyncIterator
from io import BytesIO

import msgspec
from PIL import Image, ImageDraw
from qrcode import QRCode
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from edge import settings as settings_module
from edge.domain.restock_view import (
    ApplyDraft,
    Finish,
    Leave,
    LotView,
    OpenDoor,
    RestockAct,
    RestockView,
    SetCount,
    SetLot,
    SetPull,
    SetStock,
    SignIn,
    StaffView,
    TileView,
    Undo,
)
from edge.screens.guard import Guard
from edge.screens.pages import Pages
from edge.screens.server import WebThread
from edge.screens.stage import Stage
from tests.browser.conftest import GOODS, ROWS, SETTINGS

PIN, BADGE = "135790", "0013579024"
RECEIPT = "https://trace.example.invalid/r/AK001-R-000007"
STAFF = (
    StaffView(account="demo-restock", title="示例补货员"),
    StaffView(account="demo-konjac", title="示例芋见补货员"),
)
HINT = {"BAD_PIN": 401, "BLOCKED": 403, "BUSY": 409, "NOT_ALLOWED": 403, "TIMEOUT": 503}


def tile(tray: str, sku: str, before: int, par: int = 12, **more: object) -> TileView:
    product = ROWS[sku]
    wanted = max(0, par - before)
    made = TileView(
        tray=tray,
        sku=sku,
        name=product["name_zh"],
        name_en=product["name_en"],
        spec=product["spec"],
        category=product["category"],
        supplier=product["supplier_id"],
        price_fen=int(product["price_fen"]),
        before=before,
        brought=0,
        pulled=0,
        now=before,
        par=par,
        capacity=par + 3,
        wanted=wanted,
        source="旬阳县周转仓（示例）" if wanted else "",
        sure=True,
        moving=False,
        in_service=True,
        state="GREEN",
        expires_on="2027-04-28",
        days_left=520,
        lots=(
            LotView(
                lot="20261101",
                produced_on="2026-11-01",
                expires_on="2027-04-28",
                count=before,
                state="GREEN",
                days_left=520,
            ),
        )
        if before
        else (),
        lot="20261120",
        produced_on="2026-11-20",
        lot_expires_on="2028-05-13",
        shelf_life_days=540,
        pull_reason="",
        typed=None,
        weighed=0,
        reason="",
        counted=None,
        proposed=before,
        problems=(),
        blocking=(),
    )
    return msgspec.structs.replace(made, **more)


BEFORE = {"2-01": 12, "3-03": 12}
"""Trays that are full; the other ten want something."""
LITTLE = {"1-01": 3, "1-02": 2, "1-03": 5, "1-04": 0, "2-02": 4, "2-03": 6, "2-04": 1}


def twelve() -> tuple[TileView, ...]:
    """The sample cabinet: ten trays below par, one with goods past their date, one near it."""
    tiles = {tray: tile(tray, sku, {**BEFORE, **LITTLE}.get(tray, 3)) for tray, (sku, _) in GOODS.items()}
    old = {"state": "BLACK", "expires_on": "2026-11-20", "days_left": -4}
    near = {"state": "YELLOW", "expires_on": "2026-12-20", "days_left": 26}
    tiles["3-03"] = msgspec.structs.replace(tiles["3-03"], **near)
    tiles["2-03"] = msgspec.structs.replace(tiles["2-03"], **old)
    return tuple(tiles.values())


def healthy() -> tuple[TileView, ...]:
    """The same without anything to take off."""
    return tuple(
        msgspec.structs.replace(one, state="GREEN", expires_on="2027-04-28", days_left=520)
        for one in twelve()
    )


def many(shelves: int, wide: int) -> tuple[TileView, ...]:
    """A cabinet of shelves × wide trays, two goods on its first one."""
    skus = [sku for sku in ROWS if not sku.startswith("X-")]
    places = [f"{shelf + 1}-{n + 1:02d}" for shelf in range(shelves) for n in range(wide)]
    first = tile(places[0], skus[-1], 2)
    return (first, *(tile(place, skus[n], n % 13) for n, place in enumerate(places)))


def receipt_png(width: int) -> bytes:
    """Something like a receipt: lines, and a code with its address."""
    picture = Image.new("L", (width, width * 3 // 2), 255)
    draw = ImageDraw.Draw(picture)
    for n in range(12):
        draw.text((20, 20 + 24 * n), f"1-{n + 1:02d}   12 / 12   0", fill=0)
    code = QRCode(border=4)
    code.add_data(RECEIPT)
    made = (
        code.make_image().get_image().convert("L").resize((width // 2, width // 2), Image.Resampling.NEAREST)
    )
    picture.paste(made, (width // 4, width * 3 // 4))
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


class Desk:
    """The page's other side. ``acts``: all that was posted; ``refuse``: the code of what is refused next."""

    def __init__(self) -> None:
        self.acts: list[RestockAct] = []
        self.signed: list[SignIn] = []
        self.staff = STAFF[:1]
        self.refuse = ""
        self.detail = ""
        self.view: RestockView | None = None
        self._undone: list[RestockView] = []
        self._tiles = twelve()
        self._stage = Stage()
        self._web: WebThread | None = None
        self._port = 0
        self.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}"

    def start(self) -> None:
        routes = [
            *Pages(settings_module.decode(SETTINGS.encode()), ()).routes(),
            Route("/api/v1/staff", self._staff, methods=["GET", "POST"]),
            Route("/api/v1/restock", self._act, methods=["POST"]),
            Route("/api/v1/restock/live", self._live),
            Route("/api/v1/restock/receipt.png", self._receipt),
        ]
        app = Starlette(routes=routes, middleware=[Middleware(Guard, names=frozenset())])
        self._web = WebThread(app, self._stage, "127.0.0.1", self._port)
        self._web.start()
        self._port = self._web.port

    def stop(self) -> None:
        if self._web is not None:
            self._web.stop()
            self._web = None

    def fresh(self, tiles: tuple[TileView, ...] | None = None) -> None:
        """Nobody is signed in; ``tiles``: what the next one finds."""
        self.acts, self.signed, self._undone = [], [], []
        self.view, self.refuse, self.detail, self.staff = None, "", "", STAFF[:1]
        self._tiles = tiles or twelve()

    # What the test plays

    def show(self, **changes: object) -> None:
        """The view with these fields changed; without one, the first view of a task."""
        seen = self.view or RestockView(version=0, stage="LIST", title=STAFF[0].title, tiles=self._tiles)
        changes.setdefault("version", seen.version + 1)
        self.view = msgspec.structs.replace(seen, **changes)

    def change(self, tray: str, **changes: object) -> None:
        """The first product of ``tray`` with these fields changed."""
        assert self.view is not None
        tiles = list(self.view.tiles)
        n = next(n for n, one in enumerate(tiles) if one.tray == tray)
        tiles[n] = msgspec.structs.replace(tiles[n], **changes)
        self.show(tiles=tuple(tiles))

    def put_in(self, tray: str, count: int) -> None:
        """So many pieces of its first product have come to rest on ``tray``."""
        found = self.tile(tray)
        now = found.before + count
        self.change(tray, weighed=count, brought=count, now=now, proposed=now, moving=False)

    def tile(self, tray: str) -> TileView:
        assert self.view is not None
        return next(one for one in self.view.tiles if one.tray == tray)

    def block(self, tray: str, *codes: str) -> None:
        """These problems keep the task from being finished; none: nothing does any more."""
        assert self.view is not None
        self.change(tray, problems=codes, blocking=codes)
        others = tuple(one for one in self.view.blockers if one[1] != tray)
        self.show(blockers=(*others, *((code, tray) for code in codes)))

    def did(self, kind: type) -> list:
        return [one for one in self.acts if isinstance(one, kind)]

    # What the page asks

    def _refused(self, code: str) -> Response:
        status = HINT.get(code, 409)
        return JSONResponse({"code": code, "detail": self.detail, "status": status}, status)

    async def _staff(self, request: Request) -> Response:
        if request.method == "GET":
            return Response(msgspec.json.encode(self.staff), media_type="application/json")
        body = msgspec.json.decode(await request.body(), type=SignIn)
        self.signed.append(body)
        if self.refuse:
            return self._refused(self.refuse)
        if body.pin != PIN and body.badge != BADGE:
            return self._refused("BAD_PIN")
        self.show()
        answer = JSONResponse({}, 201)
        answer.set_cookie("staff", "s3cret", httponly=True)
        return answer

    async def _act(self, request: Request) -> Response:
        asked = msgspec.json.decode(await request.body(), type=RestockAct)
        self.acts.append(asked)
        if self.refuse:
            return self._refused(self.refuse)
        self._do(asked)
        return JSONResponse({})

    def _do(self, asked: RestockAct) -> None:
        assert self.view is not None
        match asked:
            case OpenDoor():
                self.show(stage="OPENING", closes_in_s=10)
            case Finish():
                self.show(stage="DONE", document="AK001-R-000007", undo="", undo_left_s=0)
            case Leave():
                self.view = None
            case ApplyDraft():
                self.show(draft="")
            case Undo():
                before = self._undone.pop()
                self.show(tiles=before.tiles, undo="", undo_left_s=0)
            case _:
                self._undone.append(self.view)
                self._edit(asked)
                self.show(undo=type(asked).__struct_config__.tag, undo_left_s=10)

    def _edit(self, asked: SetLot | SetCount | SetPull | SetStock) -> None:
        found = self.tile(asked.tray)
        match asked:
            case SetLot():
                self.change(
                    asked.tray,
                    lot=asked.lot,
                    produced_on=asked.produced_on,
                    lot_expires_on=asked.expires_on,
                )
            case SetCount():
                brought = found.weighed if asked.count is None else asked.count
                self.change(
                    asked.tray,
                    typed=asked.count,
                    brought=brought,
                    now=found.before + brought,
                    reason=asked.reason,
                )
            case SetPull():
                self.change(asked.tray, pull_reason=asked.reason)
            case SetStock():
                self.change(asked.tray, counted=asked.count, reason=asked.reason)
        self.block(asked.tray)

    async def _live(self, _request: Request) -> Response:
        if self.view is None:
            return JSONResponse({"code": "NOT_SIGNED_IN"}, 401)
        return StreamingResponse(self._changes(), media_type="text/event-stream")

    async def _changes(self) -> AsyncIterator[bytes]:
        sent, quiet = -1, 0.0
        while not self._stage.closing and (seen := self.view) is not None:
            if seen.version != sent:
                sent = seen.version
                yield b"data: %s\n\n" % msgspec.json.encode(seen)
            await asyncio.sleep(0.02)
            quiet += 0.02
            if quiet > 1:
                quiet = 0.0
                yield b": here\n\n"

    async def _receipt(self, request: Request) -> Response:
        return Response(receipt_png(int(request.query_params["width"])), media_type="image/png")
