"""Commands over HTTP: who may order what, what is refused, and that all of it is in the trail."""

import asyncio
import json
from contextlib import closing
from secrets import token_bytes

import httpx
import pytest
from argon2 import PasswordHasher
from openapi_spec_validator import OpenAPIV31SpecValidator

from cloud_bridge.central import commanding_spool as spool
from cloud_bridge.central.access import Access, Limits
from cloud_bridge.central.access_tables import open_access
from cloud_bridge.central.app import Site
from cloud_bridge.central.commanding import Issuer
from cloud_bridge.central.commanding_routes import MAY, Commands
from cloud_bridge.central.outward import reader_of
from cloud_bridge.central.process import site_of
from cloud_bridge.central.roles import Role
from cloud_bridge.central.settings import Settings
from cloud_bridge.central.store import Store
from cloud_bridge.commands import BODIES
from cloud_bridge.enrolment import ENROL, RENEW, REVOKED, TIME

NOW_S = 1_000_000
QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
LOCKOUT = {"counter": "T-001", "kind": "lockout", "body": {"reason": "示例"}}


class Centre:
    def __init__(self, database, directory, signer):
        self.database = database
        self.store = Store(database)
        self.spool = directory / "spool"
        self.issuer = Issuer(signer.key, token_bytes)
        commands = Commands(reader_of(database), lambda request: spool.hand_in(self.spool, request))
        limits = Limits(idle_s=600, absolute_s=3600)
        self.site = Site(database, lambda: True, limits=limits, hasher=QUICK, more=commands.routes())
        self.site._gate._now_s = lambda: NOW_S
        self.app = self.site.app()
        self.access = Access(open_access(database), QUICK, limits)
        self.tokens = {}
        for role in Role:
            self.access.add(role, role, "S1" if role is Role.SUPPLIER else "", None, "2026-11-24T02:00:00Z")
            self.tokens[role] = self.access.make_token(role, NOW_S + 100, "2026-11-24T02:00:00Z")[1]

    def ask(self, method, path, role=None, **more):
        headers = {"authorization": f"Bearer {self.tokens[role]}"} if role else {}
        transport = httpx.ASGITransport(self.app)

        async def asked():
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
                return await client.request(method, path, headers=headers, **more)

        return asyncio.run(asked())

    def order(self, role=Role.OPERATOR, **changes):
        return self.ask("POST", "/api/v1/commands", role, json=LOCKOUT | changes)

    def waiting(self):
        return [request for _, request in spool.handed_in(self.spool)]

    def take_in(self, now):
        for path, request in spool.handed_in(self.spool):
            with self.store.transaction() as db:
                self.issuer.issue(db, request, now)
            spool.taken(path)

    def trail(self):
        rows = self.access.db.execute("select who, what, subject, outcome from trail order by n")
        return [tuple(row) for row in rows if row[1].startswith("command")]

    def close(self):
        self.access.db.close()
        self.site.close()
        self.store.close()


@pytest.fixture
def centre(tmp_path, signer):
    with closing(Centre(tmp_path / "central.db", tmp_path, signer)) as made:
        yield made


def test_an_operators_order_is_handed_in_under_his_name(centre):
    answer = centre.order()
    (request,) = centre.waiting()
    assert (answer.status_code, answer.json()) == (202, {"id": request.id})
    assert (request.by, request.kind, json.loads(bytes(request.body))) == (
        *("operator", "lockout"),
        {"reason": "示例"},
    )
    assert centre.trail() == [("operator", "command_lockout", "T-001", "DONE")]


def test_a_document_is_handed_in_with_its_text(centre):
    assert centre.order(kind="roster", body=None, text="a\n").status_code == 202
    assert centre.waiting()[0].text == "a\n"


ORDERS = {
    Role.OPERATOR: set(BODIES),
    Role.TECHNICIAN: {"lockout", "resume", "tray_out_of_service", "resend", "diagnostics"},
    Role.REVIEWER: set(),
    Role.SUPPLIER: set(),
    Role.AUDITOR: set(),
}


@pytest.mark.parametrize("role", Role)
def test_each_role_orders_what_the_table_says_and_nothing_else(centre, role):
    refused = {kind for kind in BODIES if centre.order(role, kind=kind, body={}).status_code == 403}
    assert BODIES.keys() - refused == ORDERS[role]
    assert MAY.keys() == BODIES.keys()


def test_without_a_login_nothing_is_ordered_or_shown(centre):
    assert centre.order(None).status_code == 401
    assert centre.ask("GET", "/api/v1/commands").status_code == 401
    assert centre.waiting() == []


BAD = [
    pytest.param({"kind": "shell"}, "bad_command", id="unknown kind"),
    pytest.param({"body": {"reason": 1}}, "bad_command", id="wrong type"),
    pytest.param({"body": {"reason": "x", "door": 2}}, "bad_command", id="unknown field in the body"),
    pytest.param({"body": {"reason": "a\nb"}}, "bad_command", id="control character"),
    pytest.param({"counter": "+/x"}, "bad_command", id="a topic filter"),
    pytest.param({"expires_s": -1}, "bad_command", id="no lifetime"),
    pytest.param({"shell": "rm"}, "bad_body", id="unknown field"),
    pytest.param({"counter": None}, "bad_body", id="no counter"),
]


@pytest.mark.parametrize(("changes", "code"), BAD)
def test_what_can_be_no_command_is_refused_with_a_code(centre, changes, code):
    answer = centre.order(**changes)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert centre.waiting() == []


def test_commands_are_listed_newest_first_by_pages_with_their_state(centre):
    for n in range(3):
        centre.order()
        centre.take_in(1_800_000_000 + n)
    first = centre.ask("GET", "/api/v1/commands?counter=T-001&limit=2", Role.AUDITOR)
    rows = first.json()
    assert [row["issued_at"] for row in rows] == ["2027-01-15T08:00:02Z", "2027-01-15T08:00:01Z"]
    assert (rows[0]["state"], rows[0]["issued_by"], rows[0]["body"]) == (
        "PENDING",
        "operator",
        {"reason": "示例"},
    )
    rest = centre.ask("GET", first.links["next"]["url"], Role.AUDITOR).json()
    assert [row["issued_at"] for row in rest] == ["2027-01-15T08:00:00Z"]
    assert centre.ask("GET", "/api/v1/commands?counter=T-002", Role.AUDITOR).json() == []
    assert centre.ask("GET", "/api/v1/commands?limit=0", Role.AUDITOR).status_code == 422


def test_what_is_answered_is_what_the_openapi_document_says(centre, undescribed):
    path = "/api/v1/commands"
    taken = centre.order()
    assert undescribed(path, taken.status_code, taken.json(), "post") == []
    refused = centre.order(kind="shell")
    assert undescribed(path, refused.status_code, refused.json(), "post") == []
    centre.take_in(NOW_S)
    shown = centre.ask("GET", path, Role.OPERATOR).json()
    assert shown
    assert undescribed(path, 200, shown) == []
    own = centre.ask("GET", "/api/v1/own", Role.SUPPLIER)
    assert (own.status_code, undescribed("/api/v1/own", 200, own.json())) == (200, [])
    unknown = centre.ask("GET", "/api/v1/own")
    assert (unknown.status_code, undescribed("/api/v1/own", 401, unknown.json())) == (401, [])


COUNTERS_OWN = {ENROL, RENEW, TIME, REVOKED}
"""What counters and the broker ask for certificates and the time: docs/protocol.md describes it."""


def test_every_route_of_the_api_is_in_the_openapi_document_and_the_reverse(centre):
    with closing(site_of(Settings(), centre.database, lambda: True)) as whole:
        routes = [each for each in whole.routes() if getattr(each, "path", "").startswith("/api/v1/")]
    served = {
        (each.path, method.lower()): str(each.permission)
        for each in routes
        if each.path not in COUNTERS_OWN
        for method in each.methods - {"HEAD"}
    }
    told = centre.ask("GET", "/api/v1/openapi.json", Role.AUDITOR).json()
    described = {
        (path, method): operation.get("x-permission", "None")  # None: whoever can read the cabinet
        for path, methods in told["paths"].items()
        for method, operation in methods.items()
    }
    assert described == served


def test_the_openapi_document_is_openapi_3_1(centre):
    told = centre.ask("GET", "/api/v1/openapi.json", Role.AUDITOR).json()
    assert list(OpenAPIV31SpecValidator(told).iter_errors()) == []
    assert list(OpenAPIV31SpecValidator(told | {"paths": {"nowhere": {"get": {}}}}).iter_errors())
