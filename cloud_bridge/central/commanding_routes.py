"""``/api/v1/commands``: hand in a command, and what became of those before. Who may what stands in one table.

It issues nothing: what is handed in goes the way of the command line (``commanding_spool``), so that the
database keeps its one writer.
"""

import time
from collections.abc import Callable, Mapping
from secrets import token_bytes

import msgspec
from starlette.requests import Request as Asked
from starlette.responses import Response

from cloud_bridge import feed
from cloud_bridge.central import commanding_query as query
from cloud_bridge.central.commanding import NOTHING, Invalid, Request, checked, ulid
from cloud_bridge.central.guard import Gate, Guarded, guarded, require
from cloud_bridge.central.outward import Reader
from cloud_bridge.central.problems import Problem
from cloud_bridge.central.roles import Permission
from cloud_bridge.commands import BODIES

SERVICE = frozenset({"lockout", "resume", "tray_out_of_service", "resend", "diagnostics"})
MAY: Mapping[str, Permission] = {
    kind: Permission.COMMAND_SERVICE if kind in SERVICE else Permission.COMMAND_TRADE for kind in BODIES
}
"""Kind → what whoever orders it must be allowed to do."""
PATH = "/api/v1/commands"
MOST_BYTES = 5 * 1024 * 1024
MOST_ROWS = 500


class Wish(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is posted. body: of the kind's form; a document has text and version instead."""

    counter: str
    kind: str
    body: msgspec.Raw = msgspec.field(default_factory=lambda: NOTHING)
    text: str = ""
    version: str = ""
    expires_s: int = 0


class Commands:
    """reader: opens a connection that only reads. hand_in: leaves a request for the worker."""

    def __init__(self, reader: Reader, hand_in: Callable[[Request], object]) -> None:
        self._reader, self._hand_in = reader, hand_in

    def routes(self) -> list[Guarded]:
        return [
            guarded(PATH, self.listed, Permission.SEE_COMMANDS),
            guarded(
                "/api/v1/commands",
                self.order,
                Permission.COMMAND_SERVICE,
                methods=["POST"],
                may_send=MOST_BYTES,
            ),
        ]

    async def listed(self, asked: Asked) -> Response:
        """Newest first. ``counter``: of one; ``after``: the id of the last one of the page before."""
        given = asked.query_params
        limit = given.get("limit", "50")
        if not limit.isascii() or not limit.isdigit() or not 1 <= int(limit[:6]) <= MOST_ROWS:
            raise Problem(422, "bad_parameter", "Bad parameter", f"limit is a number from 1 to {MOST_ROWS}")
        of, before = given.get("counter") or None, given.get("after", "")
        with self._reader() as db:
            rows = query.commands(db, int(time.time()), counter=of, before=before, limit=int(limit))
        answer = Response(msgspec.json.encode(rows), media_type="application/json")
        if len(rows) == int(limit):
            following = asked.url.include_query_params(after=rows[-1].id)
            answer.headers["link"] = f'<{following.path}?{following.query}>; rel="next"'
        return answer

    async def order(self, asked: Asked) -> Response:
        """202 with the request's id, which is its first command's; GET tells when it is issued."""
        try:
            wish = msgspec.json.decode(await asked.body(), type=Wish)
        except feed.BAD_JSON as error:
            raise Problem(422, "bad_body", "Bad body", str(error)) from error
        who = require(asked, MAY.get(wish.kind, Permission.COMMAND_TRADE))
        now_ms = time.time_ns() // 10**6
        request = Request(
            counter=wish.counter,
            kind=wish.kind,
            body=wish.body,
            text=wish.text,
            version=wish.version,
            expires_s=wish.expires_s,
            id=ulid(now_ms, token_bytes(10)),
            by=who.name,
        )
        gate: Gate = asked.app.state.gate
        try:
            checked(request)
        except Invalid as error:
            gate.note(asked, f"command_{wish.kind}", wish.counter, outcome="REFUSED", detail=str(error))
            raise Problem(422, "bad_command", "Not a command", str(error)) from error
        self._hand_in(request)
        gate.note(asked, f"command_{wish.kind}", wish.counter, detail=request.id)
        return Response(msgspec.json.encode({"id": request.id}), 202, media_type="application/json")
