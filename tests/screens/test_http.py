"""The counter's HTTP contract, told to a fake engine."""

import re

import msgspec
import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from edge.domain.requests import Accepted, AppealRequest, Granted, OpenRequest, Refusal, Refused
from edge.domain.values import Kind
from edge.screens.health import Readiness

BODY = {"kind": "BUY", "token": "tok-1", "buyer": "demo-001", "pin": "246810"}
STATUS = {
    "NOT_SIGNED_IN": 401,
    "NOT_NOW": 409,
    "UNFINISHED": 409,
    "BUSY": 409,
    "RESTOCKING": 409,
    "OUT_OF_ORDER": 503,
    "OVER_TEMPERATURE": 503,
    "CLOSED": 403,
    "UNPAID": 403,
    "BLOCKED": 403,
    "EXPIRED_GOODS": 503,
    "GOODS_BLOCKED": 503,
    "OFFLINE_LIMIT": 503,
    "REPLAY": 409,
    "BAD_TOKEN": 403,
    "BAD_PIN": 401,
    "NO_QUOTA": 403,
    "NOT_ALLOWED": 403,
    "TOO_SOON": 503,
    "UNKNOWN_SESSION": 404,
    "NOT_ASKED": 409,
    "KEY_REUSED": 422,
}


def test_an_opener_is_told_the_session_and_the_engine_everything_it_asked_for(client, counter, session_id):
    answer = client.post("/api/v1/sessions", json=BODY, headers={"Idempotency-Key": "key-1"})
    assert (answer.status_code, answer.json()) == (201, {"session": session_id})
    (asked,) = counter.engine.asked
    assert asked == OpenRequest(asked.id, Kind.BUY, "tok-1", "demo-001", "246810", "key-1")


def test_a_key_is_made_for_whoever_sends_none_and_no_two_are_alike(client, counter):
    for _ in range(2):
        client.post("/api/v1/sessions", json=BODY)
    keys = [asked.key for asked in counter.engine.asked]
    assert all(keys)
    assert keys[0] != keys[1]


def test_the_pin_may_be_left_out(client, counter):
    client.post("/api/v1/sessions", json={k: v for k, v in BODY.items() if k != "pin"})
    assert counter.engine.asked[0].pin == ""


@pytest.mark.parametrize("code", list(Refusal))
def test_each_refusal_is_a_problem_that_says_what_to_do_in_both_languages(client, counter, problem_of, code):
    counter.engine.reply = lambda request: Refused(request.id, code, "Scan the screen again.")
    document = problem_of(client.post("/api/v1/sessions", json=BODY))
    assert (document["code"], document["status"]) == (code.value, STATUS[code.value])
    assert document["detail"] == "Scan the screen again."
    assert re.search(r"[\u4e00-\u9fff].* / [A-Z“].*[a-z]", document["title"])


BAD_BODIES = [
    pytest.param(b"{", 400, "BAD_JSON", "", id="half a body"),
    pytest.param(b"", 400, "BAD_JSON", "", id="no body"),
    pytest.param(b'{"kind": "\xff"}', 400, "BAD_JSON", "", id="not UTF-8"),
    pytest.param(b"[]", 422, "BAD_FIELD", "", id="not an object"),
    pytest.param({**BODY, "price_fen": 1}, 422, "BAD_FIELD", "price_fen", id="unknown field"),
    pytest.param({"kind": "BUY", "token": "t"}, 422, "BAD_FIELD", "buyer", id="missing field"),
    pytest.param({**BODY, "kind": "RENT"}, 422, "BAD_FIELD", "kind", id="another kind"),
    pytest.param({**BODY, "pin": 246810}, 422, "BAD_FIELD", "pin", id="a number for a PIN"),
    pytest.param({**BODY, "token": ""}, 422, "BAD_FIELD", "token", id="empty token"),
    pytest.param({**BODY, "buyer": "x" * 65}, 422, "BAD_FIELD", "buyer", id="long buyer"),
    pytest.param(b'{"kind": "' + b"x" * 17_000 + b'"}', 413, "TOO_LARGE", "", id="too large"),
]


@pytest.mark.parametrize(("body", "status", "code", "field"), BAD_BODIES)
def test_a_wrong_body_is_refused_naming_the_field_and_never_reaches_the_engine(
    client, counter, problem_of, body, status, code, field
):
    content = body if isinstance(body, bytes) else msgspec.json.encode(body)
    document = problem_of(client.post("/api/v1/sessions", content=content))
    assert (document["status"], document["code"], document.get("field", "")) == (status, code, field)
    assert counter.engine.asked == []


def test_a_silent_engine_is_reported_as_a_timeout_and_its_late_answer_harms_nobody(
    counter, problem_of, session_id
):
    counter.engine.reply = lambda _request: None
    client = counter.client(ask_s=0.02)
    document = problem_of(client.post("/api/v1/sessions", json=BODY))
    assert (document["status"], document["code"]) == (503, "TIMEOUT")
    assert counter.stage.askers == 0, "nothing is kept of a request that nobody waits for"
    counter.stage.answer(Granted(counter.engine.asked[0].id, session_id))


def test_the_opener_reads_the_session_whole(client, counter, make_session, session_id):
    client.post("/api/v1/sessions", json=BODY)
    counter.stage.show_session(make_session())
    body = client.get(f"/api/v1/sessions/{session_id}").json()
    assert (body["state"], body["total_fen"], body["order_no"], body["verdict"]) == (
        "SETTLED",
        350,
        "AK-001-000001",
        "charge",
    )
    (line,) = body["lines"]
    assert {"tray", "sku", "count", "price_fen", "amount_fen", "evidence"} <= set(line)
    assert line["evidence"]["before"] == 12
    assert "grams" not in str(body)


def test_a_session_that_memory_no_longer_holds_is_read_from_history(
    client, counter, make_session, session_id
):
    counter.old[session_id] = make_session(total_fen=700)
    assert client.get(f"/api/v1/sessions/{session_id}").json()["total_fen"] == 700


def test_an_unknown_session_is_not_found(client, problem_of):
    document = problem_of(client.get(f"/api/v1/sessions/{'00' * 16}"))
    assert (document["status"], document["code"]) == (404, "UNKNOWN_SESSION")


def test_once_the_cookie_was_shown_the_id_alone_opens_nothing(counter, make_session, session_id, problem_of):
    counter.stage.show_session(make_session())
    opener, other = counter.client(), None
    path = f"/api/v1/sessions/{session_id}"
    opened = opener.post("/api/v1/sessions", json=BODY)
    cookie = opened.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    other = {"Cookie": ""}
    assert opener.get(path, headers=other).status_code == 200, "a client without cookies is known by the id"
    assert opener.get(path).status_code == 200
    assert problem_of(opener.get(path, headers=other))["code"] == "UNKNOWN_SESSION"
    assert opener.get(path, headers={"Cookie": "opener=guess"}).status_code == 404
    assert opener.post(f"{path}/appeal", json={"reason": "x"}, headers=other).status_code == 404
    assert opener.get(f"{path}/live", headers=other).status_code == 404
    assert opener.get(path).status_code == 200, "the opener still sees it"


def test_an_appeal_reaches_the_engine_and_is_accepted(client, counter, make_session, session_id):
    counter.stage.show_session(make_session())
    counter.engine.reply = lambda request: Accepted(request.id)
    answer = client.post(f"/api/v1/sessions/{session_id}/appeal", json={"reason": "count: 1-01"})
    assert (answer.status_code, answer.json()) == (202, {"appeal": "received"})
    (asked,) = counter.engine.asked
    assert asked == AppealRequest(asked.id, session_id, "count: 1-01")
    assert client.get(f"/api/v1/sessions/{session_id}").json()["appeal"] == "received"


@pytest.mark.parametrize("reason", ["", "x" * 201])
def test_an_appeal_needs_a_reason_of_at_most_200_characters(client, session_id, problem_of, reason):
    answer = client.post(f"/api/v1/sessions/{session_id}/appeal", json={"reason": reason})
    assert problem_of(answer)["field"] == "reason"


def test_anyone_may_read_what_the_counter_sells_but_not_its_token(counter):
    answer = counter.client(peer="192.0.2.9").get("/api/v1/counter")
    body = answer.json()
    assert (body["name"], body["state"]) == ("示例专柜 1 号", "READY")
    assert {"sku", "name", "price_fen", "on_hand", "expires_on"} <= set(body["trays"][0])
    assert "tok-1" not in answer.text


def test_the_screens_token_is_told_to_the_counters_own_machine(client):
    assert client.get("/api/v1/screen/token").json() == {
        "token": "tok-1",
        "url": "http://127.0.0.1:8080/c/AK-001?t=tok-1",
        "expires_in_s": 30,
    }


OTHERS = [
    pytest.param("192.0.2.9", {}, id="another machine"),
    pytest.param("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, id="through a proxy"),
    pytest.param("127.0.0.1", {"Forwarded": "for=127.0.0.1"}, id="through a proxy, RFC 7239"),
    pytest.param("testclient", {}, id="no address"),
]


@pytest.mark.parametrize("path", ["token", "qr.png"])
@pytest.mark.parametrize(("peer", "headers"), OTHERS)
def test_nobody_but_the_screen_is_told_the_token(counter, problem_of, path, peer, headers):
    answer = counter.client(peer=peer).get(f"/api/v1/screen/{path}", headers=headers)
    assert problem_of(answer)["code"] == "SCREEN_ONLY"
    assert "tok-1" not in answer.text


def test_before_the_engines_first_view_the_counter_says_that_it_is_starting(new_counter, problem_of):
    client = new_counter().client()
    for path in ("/api/v1/counter", "/api/v1/screen/token"):
        assert problem_of(client.get(path))["code"] == "STARTING"


SENDERS = [
    pytest.param({"Origin": "http://127.0.0.1:8080"}, 201, id="own page"),
    pytest.param({"Origin": "https://evil.example"}, 403, id="another site"),
    pytest.param({"Origin": "null"}, 403, id="a sandboxed page"),
    pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="cross-site by the browser's word"),
    pytest.param({"Host": "evil.example", "Origin": "http://evil.example"}, 421, id="a name rebound to us"),
    pytest.param({"Host": "192.0.2.7:8080", "Origin": "http://192.0.2.7:8080"}, 201, id="by address"),
    pytest.param({"Host": "[2001:db8::7]:8080"}, 201, id="by IPv6 address"),
    pytest.param({"Host": "localhost"}, 201, id="localhost"),
]


@pytest.mark.parametrize(("headers", "status"), SENDERS)
def test_posts_are_taken_from_the_counters_own_pages_only(client, headers, status):
    assert client.post("/api/v1/sessions", json=BODY, headers=headers).status_code == status


def test_the_public_url_names_a_host_and_goes_into_the_code(counter):
    settings = msgspec.structs.replace(
        counter.settings(),
        screens=msgspec.structs.replace(counter.settings().screens, public_url="https://counter.example/"),
    )
    client = counter.client(settings=settings)
    assert client.get("/healthz", headers={"Host": "counter.example"}).status_code == 200
    found = client.get("/api/v1/screen/token").json()
    assert found["url"] == "https://counter.example/c/AK-001?t=tok-1"


@pytest.mark.parametrize("path", ["/", "/c/AK-001", "/live-nothing", "/api/v1/counter", "/static/phone.js"])
def test_every_answer_forbids_foreign_content(client, path):
    headers = client.get(path).headers
    assert headers["content-security-policy"].startswith("default-src 'self'")
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"


WRONG_WAYS = [("GET", "/nowhere", 404, "NOT_FOUND"), ("DELETE", "/api/v1/counter", 405, "METHOD_NOT_ALLOWED")]


@pytest.mark.parametrize(
    ("method", "path", "status", "code"), [*WRONG_WAYS, ("GET", "/c/AK-9", 404, "NOT_FOUND")]
)
def test_wrong_addresses_and_methods_are_problems_too(client, problem_of, method, path, status, code):
    document = problem_of(client.request(method, path))
    assert (document["status"], document["code"]) == (status, code)


def test_health_readiness_and_metrics(client, counter):
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json() == {"ready": True, "checks": {"engine": True}, "degraded": []}
    counter.readiness = Readiness({"engine": True, "scales": False}, ("cloud",))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["degraded"]) == (503, ["cloud"])
    client.post("/api/v1/sessions", json=BODY)
    assert 'counter_open_requests_total{outcome="GRANTED"} 1.0' in client.get("/metrics").text


def test_the_openapi_document_describes_every_route_and_every_code(client):
    document = client.get("/api/v1/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    paths = {re.sub(r"\{.*?\}", "{}", path) for path in document["paths"]}
    served = {re.sub(r"\{.*?\}", "{}", r.path) for r in client.app.routes if getattr(r, "methods", None)}
    assert {p for p in served if p.startswith("/api/v1/")} - {"/api/v1/openapi.json"} <= paths
    assert set(Refusal.__members__) <= set(
        document["components"]["schemas"]["Problem"]["properties"]["code"]["enum"]
    )
    text = str(document)
    assert all(name in document["components"]["schemas"] for name in re.findall(r"schemas/(\w+)", text))


def test_the_openapi_document_is_openapi_3_1(client):
    told = client.get("/api/v1/openapi.json").json()
    assert list(OpenAPIV31SpecValidator(told).iter_errors()) == []


def test_no_log_line_holds_a_token_a_pin_or_an_account(client, counter, capsys, caplog):
    client.post("/api/v1/sessions", json=BODY)
    counter.engine.reply = lambda request: Refused(request.id, Refusal.BAD_PIN)
    client.post("/api/v1/sessions", json=BODY)
    client.get("/c/AK-001?t=tok-1")
    out, err = capsys.readouterr()
    for secret in ("tok-1", "246810", "demo-001"):
        assert secret not in out + err + caplog.text
