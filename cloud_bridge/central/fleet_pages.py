"""The routes of the fleet: all counters, one counter's twin, acknowledging alarms, sending commands."""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from secrets import token_bytes
from typing import Any
from urllib.parse import quote, urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from cloud_bridge.central import commanding, fleet, frame
from cloud_bridge.central import commanding_query as commands
from cloud_bridge.central.database import Connection
from cloud_bridge.central.guard import Gate, Guarded, form_of, guarded, require
from cloud_bridge.central.live import open_door
from cloud_bridge.central.page import yuan
from cloud_bridge.central.problems import Problem
from cloud_bridge.central.roles import Permission
from cloud_bridge.commands import BODIES
from cloud_bridge.wall import now_text
from edge.errors import CounterError

SHOWN_COMMANDS = 12
SERVICE = {"lockout", "resume", "tray_out_of_service", "resend", "diagnostics"}
"""What a technician may order; a recall and whatever else moves goods or prices is trade."""
NEED_SURE = {"lockout", "recall", "tray_out_of_service"}
"""What keeps people from buying is asked for twice."""
MOST_NOTE = 200

Submit = Callable[[commanding.Request], object]


class FleetPages:
    """db: the reader. submit: hands a command in, None: this process cannot. touched: after a change."""

    def __init__(
        self, db: Callable[[], Connection], submit: Submit | None, touched: Callable[[], None]
    ) -> None:
        self._db, self._submit, self._touched = db, submit, touched

    def routes(self) -> list[Guarded]:
        may = Permission
        return [
            guarded("/fleet", self.page, may.SEE_FLEET),
            guarded("/fleet/parts", self.parts, may.SEE_FLEET, quiet=True),
            guarded("/fleet/acknowledge", self.acknowledge, may.ACKNOWLEDGE_ALARMS, methods=["POST"]),
            guarded("/fleet/{counter}", self.twin, may.SEE_FLEET),
            guarded("/fleet/{counter}/parts", self.twin_parts, may.SEE_FLEET, quiet=True),
            guarded("/fleet/{counter}/command", self.command, may.COMMAND_SERVICE, methods=["POST"]),
            guarded("/api/v1/fleet", self.fleet_json, may.SEE_FLEET),
        ]

    # --- all counters ---------------------------------------------------------------------------
    async def page(self, request: Request) -> Response:
        return HTMLResponse(frame.rendered("fleet.html", frame.seen_by(request), **self._shown(request)))

    async def parts(self, request: Request) -> Response:
        return HTMLResponse(
            frame.rendered("fleet_parts.html", frame.seen_by(request), **self._shown(request))
        )

    async def fleet_json(self, request: Request) -> Response:
        found = self._shown(request)["found"]
        return Response(msgspec.json.encode(found), media_type="application/json")

    def _shown(self, request: Request) -> dict[str, Any]:
        asked = request.query_params
        search, state = asked.get("q", "").strip(), asked.get("state", "")
        sort = asked.get("sort", "state")
        sort = sort if sort in fleet.SORTS else "state"
        offset = _whole(asked.get("offset", ""))
        with self._db().picture() as db:
            found = fleet.fleet(db, datetime.now(UTC), search=search, state=state, sort=sort, offset=offset)
            alarms = fleet.alarms(db)

        def link(**other: object) -> str:
            values = {"q": search, "state": state, "sort": sort} | other
            return "/fleet?" + urlencode({key: value for key, value in values.items() if value})

        return {
            "found": found,
            "alarms": alarms,
            "asked": {"q": search, "state": state, "sort": sort},
            "link": link,
            "sorts": list(fleet.SORTS),
            "rows": fleet.ROWS,
            "kept": urlencode({"q": search, "state": state, "sort": sort}),
            "query": request.url.query,
            "may_ack": frame.seen_by(request).who.may(Permission.ACKNOWLEDGE_ALARMS),
        }

    # --- one counter ----------------------------------------------------------------------------
    async def twin(self, request: Request) -> Response:
        return HTMLResponse(frame.rendered("twin.html", frame.seen_by(request), **self._twin(request)))

    async def twin_parts(self, request: Request) -> Response:
        return HTMLResponse(frame.rendered("twin_parts.html", frame.seen_by(request), **self._twin(request)))

    def _twin(self, request: Request) -> dict[str, Any]:
        name, who = request.path_params["counter"], frame.seen_by(request).who
        now = datetime.now(UTC)
        with self._db().picture() as db:
            row = fleet.counter(db, name, now)
            if row is None:
                raise Problem(404, "no_counter", "No such counter", "the centre never heard of this counter")
            trays = fleet.trays(db, name)
            shown = {
                "row": row,
                "shelves": _shelves(trays),
                "trays": trays,
                "alarms": fleet.alarms(db, name),
                "sessions": fleet.sessions(db, name),
                "orders": commands.commands(db, int(time.time()), counter=name, limit=SHOWN_COMMANDS)
                if who.may(Permission.SEE_COMMANDS)
                else [],
                "door": open_door(db, name) if who.may(Permission.SEE_SALES) else None,
            }
        return shown | {
            "yuan": yuan,
            "may_ack": who.may(Permission.ACKNOWLEDGE_ALARMS),
            "may_order": who.may(Permission.COMMAND_SERVICE) and self._submit is not None,
            "may_trade": who.may(Permission.COMMAND_TRADE) and self._submit is not None,
            "may_review": who.may(Permission.SEE_REVIEWS),
            "sent": request.query_params.get("sent", ""),
            "wrong": request.query_params.get("wrong", ""),
        }

    # --- what changes something -----------------------------------------------------------------
    async def acknowledge(self, request: Request) -> Response:
        """An alarm raised again has another number, so it stands unacknowledged."""
        gate: Gate = request.app.state.gate
        form = await form_of(request)
        key = (form.get("counter", ""), form.get("inc", ""), form.get("kind", ""), form.get("subject", ""))
        seq, note = _whole(form.get("seq", "")), form.get("note", "").strip()[:MOST_NOTE]
        if not fleet.standing(self._db(), *key, seq):
            raise Problem(
                409, "not_standing", "Not standing", "this alarm was cleared or raised again meanwhile"
            )
        with gate.db.transaction() as db:
            put = db.execute(
                "insert into alarm_ack (counter, inc, kind, subject, seq, who, at, note)"
                " values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
                (*key, seq, request.state.who.name, now_text(), note),
            )
            if put.rowcount == 1:
                gate.join(request, "acknowledge", f"{key[0]} {key[2]} {key[3]}", detail=note)
        self._touched()
        back = f"/fleet/{quote(key[0])}" if form.get("back") == "twin" else "/fleet"
        return RedirectResponse(back, 303)

    async def command(self, request: Request) -> Response:
        """Checked here as the issuer checks it, so that whoever asks reads what is wrong."""
        gate: Gate = request.app.state.gate
        name, form = request.path_params["counter"], await form_of(request)
        kind = form.get("kind", "")
        if kind in BODIES and kind not in SERVICE:
            require(request, Permission.COMMAND_TRADE)
        if self._submit is None:
            raise Problem(503, "no_commands", "No commands", "this process hands in no commands")
        here = f"/fleet/{quote(name)}"
        if kind in NEED_SURE and form.get("sure") != "1":
            return RedirectResponse(f"{here}?wrong=not_sure#order", 303)
        wanted = commanding.Request(
            counter=name,
            kind=kind,
            body=msgspec.Raw(msgspec.json.encode(_body(kind, form))),
            by=request.state.who.name,
            id=commanding.ulid(time.time_ns() // 10**6, token_bytes(10)),
        )
        try:
            if fleet.counter(self._db(), name, datetime.now(UTC)) is None:
                raise commanding.Invalid(f"{name}: the centre never heard of this counter")
            for _ in commanding.bodies_of(self._db(), wanted):
                pass
            self._submit(wanted)
        except CounterError as error:
            gate.note(request, f"command_{kind[:32]}", name, outcome="REFUSED", detail=str(error))
            return RedirectResponse(f"{here}?{urlencode({'wrong': str(error)[:200]})}#order", 303)
        gate.note(request, f"command_{kind}", name, detail=wanted.id)
        return RedirectResponse(f"{here}?sent={wanted.id}#orders", 303)


def _body(kind: str, form: dict[str, str]) -> dict[str, object]:
    """What the form says, as the body of ``kind``; what is wrong in it the issuer says."""
    text = {name: form[name].strip() for name in ("reason", "tray", "sku", "lot", "inc") if form.get(name)}
    if kind == "tray_out_of_service":
        return text | {"out": form.get("out") == "1"}
    if kind == "resend":
        return text | {name: _whole(form.get(name, "")) for name in ("first", "last")}
    if kind == "recall":
        return text | {"lifted": form.get("lifted") == "1"}
    return dict(text)


def _shelves(trays: list[fleet.Tray]) -> list[list[fleet.Tray]]:
    """As they hang in the cabinet: one row for each shelf, by the first part of the tray's name."""
    found: dict[str, list[fleet.Tray]] = {}
    for each in trays:
        found.setdefault(each.tray.partition("-")[0], []).append(each)
    return list(found.values())


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else 0
