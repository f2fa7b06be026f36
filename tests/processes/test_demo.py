"""The demo as its user meets it: five programs, their pages, one purchase from QR code to centre."""

import json
import signal
import subprocess
import sys
import time
import uuid
from urllib.parse import urlsplit

import httpx
import pytest

from tests.processes.at_centre import CentrePhone
from tests.processes.conftest import COUNTER

pytestmark = pytest.mark.processes

WATER, TEA = "1-01", "1-02"
WATER_FEN, TEA_FEN = 350, 9600
RECEIPT_S = 2.0
KEYS = {"api", "screen", "phone", "panel", "sim", "centre", "broker", "pids"}


def test_the_demo_tells_in_one_line_where_everything_is(demo):
    told = demo.told
    assert told.keys() == KEYS
    assert {urlsplit(told[key]).hostname for key in KEYS - {"pids"}} == {"127.0.0.1"}
    assert told["pids"].keys() == {"broker", "sim", "centre", "counter", "bridge"}
    assert all(map(demo.lives, told["pids"].values()))
    pages = [told["screen"], told["phone"], told["panel"], f"{told['centre']}/"]
    assert ["<html" in demo.phone.http.get(page).text for page in pages] == [True] * 4
    api = demo.phone.http.get(f"{told['api']}/api/v1/openapi.json").json()
    assert {"/api/v1/counter", "/api/v1/sessions"} <= api["paths"].keys()


def shuts(demo, session):
    """Shut the door; gives the receipt and the seconds it took."""
    shut = time.monotonic()
    demo.does("close_door")
    return demo.closed(session), time.monotonic() - shut


def test_two_waters_and_a_tea_less_one_water_are_sold_within_two_seconds_of_the_shut_door(demo):
    before = demo.lies()
    session = demo.opens()
    demo.does("take", tray=WATER, count=2)
    demo.does("take", tray=TEA, count=1)
    demo.until(lambda: demo.basket(session) == {WATER: 2, TEA: 1}, "three pieces in the live basket")
    demo.does("put_back", tray=WATER, sku="ZY-WATER-500", count=1)
    demo.until(lambda: demo.basket(session) == {WATER: 1, TEA: 1}, "one water put back")
    receipt, *took = shuts(demo, session)
    assert (receipt["state"], receipt["verdict"]) == ("SETTLED", "charge")
    assert receipt["total_fen"] == receipt["certified_fen"] == WATER_FEN + TEA_FEN
    (water,) = [line for line in receipt["lines"] if line["tray"] == WATER]
    assert (water["price_fen"], water["amount_fen"]) == (WATER_FEN, WATER_FEN)
    assert (water["evidence"]["before"], water["evidence"]["after"]) == (12, 11)
    assert [(e["action"], e["count"]) for e in water["evidence"]["events"]] == [("TAKE", 2), ("PUT_BACK", 1)]
    assert "grams" not in json.dumps(receipt)
    demo.agrees(receipt, before)
    assert demo.state()["hand"] == {"ZY-WATER-500": 1, "PL-TEA-125": 1}
    while min(took) > RECEIPT_S and len(took) < 3:  # other work on the machine may slow one visit down
        took.append(shuts(demo, demo.opens())[1])
    print(f"receipt after {', '.join(f'{each:.2f}' for each in took)} s")
    assert min(took) <= RECEIPT_S


def test_while_the_door_is_open_a_second_scan_waits_and_a_used_code_is_worth_nothing(demo):
    used = demo.phone.token()
    session = demo.granted(token=used)
    other = demo.another_phone()
    demo.until(lambda: other.token() != used, "a new code on the screen")
    busy = other.ask("demo-002")
    assert (busy.status_code, busy.json()["code"]) == (409, "BUSY")
    assert busy.headers["content-type"] == "application/problem+json"
    replayed = other.ask("demo-002", token=used)
    assert (replayed.status_code, replayed.json()["code"]) == (409, "REPLAY")
    demo.pulls(session)
    demo.does("close_door")
    assert demo.closed(session)["state"] == "EMPTY"
    assert other.ask("demo-002", token=used).json()["code"] == "REPLAY"


def test_a_repeated_request_opens_one_session_and_another_one_under_its_key_is_refused(demo):
    def asks_thrice():
        nonlocal key
        key = str(uuid.uuid4())  # the answer "busy" would be repeated as well
        answers = [demo.phone.ask(token=token, key=key) for _ in range(3)]
        return None if answers[0].json().get("code") == "BUSY" else answers

    key, token = "", demo.phone.token()
    answers = demo.until(asks_thrice, "the counter is not busy")
    assert [answer.status_code for answer in answers] == [201] * 3
    (session,) = {answer.json()["session"] for answer in answers}
    reused = demo.phone.ask("demo-002", token=token, key=key)
    assert (reused.status_code, reused.json()["code"]) == (422, "KEY_REUSED")
    demo.pulls(session)
    demo.does("close_door")
    assert demo.closed(session)["state"] == "EMPTY"
    assert list(demo.sessions()).count(session) == 1


def test_a_visit_is_seen_by_its_opener_alone_while_it_runs_and_afterwards(demo):
    session = demo.opens()
    strangers = [demo.another_phone(), demo.another_phone()]
    strangers[1].http.cookies.set("opener", "guessed")
    demo.until(lambda: demo.phone.session(session).status_code == 200, "the opener sees it")
    assert {stranger.session(session).status_code for stranger in strangers} == {404}
    demo.does("take", tray=TEA, count=1)
    demo.until(lambda: demo.basket(session) == {TEA: 1}, "the basket")
    demo.does("close_door")
    demo.closed(session)
    assert {stranger.session(session).status_code for stranger in strangers} == {404}
    appeal = [
        phone.http.post(f"/api/v1/sessions/{session}/appeal", json={"reason": "count"}) for phone in strangers
    ]
    assert {answer.status_code for answer in appeal} == {404}
    public = strangers[0].http.get("/api/v1/counter").text
    assert session not in public


@pytest.fixture
def centre_phone(demo):
    made = CentrePhone(demo)
    yield made
    made.http.close()


def test_a_scan_opens_the_door_through_the_centre_and_the_receipt_is_what_the_ledger_charged(
    demo, centre_phone
):
    before, token, key = demo.lies(), demo.phone.token(), str(uuid.uuid4())
    told = centre_phone.http.get(f"/api/v1/places/{COUNTER}").json()
    assert (told["name"], told["online"]) == ("示例专柜 1 号", True)
    begun = [centre_phone.asks(token, key) for _ in range(2)]
    assert [answer.status_code for answer in begun] == [201, 201]
    (visit,) = {answer.json()["visit"] for answer in begun}
    centre_phone.comes_to(visit, "ANSWERED", "OPEN")
    demo.until(lambda: demo.state()["bolt"] == "unlocked", "the bolt")
    demo.does("open_door")
    centre_phone.comes_to(visit, "OPEN")
    with centre_phone.http.stream("GET", f"/api/v1/visits/{visit}/stream?beat=2") as stream:
        said = (json.loads(line[5:]) for line in stream.iter_lines() if line.startswith("data:"))
        assert next(said)["lines"] == []
        demo.does("take", tray="1-01", count=2)
        open_door = next(each for each in said if [line["count"] for line in each["lines"]] == [2])
        assert (open_door["state"], open_door["total_fen"], open_door["charged"]) == ("OPEN", 700, False)
        demo.does("close_door")
        receipt = list(said)[-1]  # the stream ends with the visit
    assert (receipt["state"], receipt["total_fen"], receipt["charged"]) == ("RECEIPT", 700, True)
    demo.arrives()
    sold = demo.rows("ledger.db", "SELECT order_no, total_fen FROM sale ORDER BY n DESC LIMIT 1")
    assert sold == [(receipt["order_no"], receipt["total_fen"])]
    assert {line["tray"]: line["count"] for line in receipt["lines"]} == demo.taken(before)

    assert httpx.get(f"{demo.told['centre']}/api/v1/visits/{visit}", trust_env=False).status_code == 404
    refused = centre_phone.asks(token).json()["visit"]  # the same code, with another key
    assert centre_phone.comes_to(refused, "REFUSED")["code"] == "REPLAY"
    assert demo.state()["bolt"] == "locked"


def test_the_centre_locks_the_demos_counter_out_and_lets_buyers_in_again(demo):
    asked = ["--counter", "AK-001", "--reason", "示例", "--dir", str(demo.place), "--wait", "--json"]

    def ordered(kind):
        program = [sys.executable, "-m", "cloud_bridge.central", "command", kind, *asked]
        done = subprocess.run(program, capture_output=True, timeout=30, check=True)
        return [each["state"] for each in json.loads(done.stdout)]

    assert ordered("lockout") == ["DONE"]
    refused = demo.phone.ask("demo-001").json()["code"]
    assert ordered("resume") == ["DONE"]
    assert refused == "OUT_OF_ORDER"
    shuts(demo, demo.opens())


def test_five_wrong_pins_block_the_account_even_for_the_right_one(demo):
    codes = [demo.phone.ask("demo-003", pin="000000").json()["code"] for _ in range(6)]
    assert codes == ["BAD_PIN"] * 5 + ["BLOCKED"]
    right = demo.phone.ask("demo-003")
    assert (right.status_code, right.json()["code"]) == (403, "BLOCKED")
    demo.kill("counter")
    demo.heals()
    assert demo.phone.ask("demo-003").json()["code"] == "BLOCKED"


def test_programs_that_die_all_at_once_are_started_again_and_the_demo_sells_on(demo):
    dead = demo.pids()
    demo.kill(*dead)
    demo.until(lambda: not set(dead.values()) & set(demo.pids().values()), "all programs started again")
    demo.heals()
    assert demo.pids().keys() == dead.keys()
    before = demo.lies()
    demo.agrees(demo.buys(TEA), before)


def test_a_demo_that_is_stopped_with_the_door_open_goes_on_where_it_was(fresh_demo):
    demo = fresh_demo
    told = demo.start()
    before = demo.lies()
    session = demo.opens()
    demo.does("take", tray=WATER, count=2)
    demo.until(lambda: demo.basket(session) == {WATER: 2}, "the basket")
    demo.process.send_signal(signal.SIGTERM)
    assert demo.process.wait(timeout=10) == 0
    assert not any(map(demo.lives, told["pids"].values()))
    assert demo.stop() == ""  # one JSON line and no more
    assert not (demo.place / "demo.json").exists()

    demo.start(selling=False)
    assert demo.state()["door"] == "open"
    demo.does("close_door")
    receipt = demo.closed(session)
    assert receipt["state"] == "SETTLED"
    demo.agrees(receipt, before)
    assert demo.sessions() == {session: "SETTLED"}


@pytest.mark.long
def test_ctrl_c_stops_the_demo_whole_within_six_seconds(fresh_demo):
    told = fresh_demo.start()
    fresh_demo.kill("counter")
    fresh_demo.until(lambda: fresh_demo.pids()["counter"] != told["pids"]["counter"], "another counter")
    pids = {*told["pids"].values(), *fresh_demo.pids().values()}
    fresh_demo.process.send_signal(signal.SIGINT)
    assert fresh_demo.process.wait(timeout=6) == 0
    assert not any(map(fresh_demo.lives, pids))
