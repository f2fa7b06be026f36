"""A buyer's visit as the centre's API has it: who may begin and read one, what is sent or said instead."""

import asyncio
import io
import json
import re
import time
from contextlib import closing

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher

from cloud_bridge import feed, signed
from cloud_bridge.central import cli
from cloud_bridge.central.access_tables import open_access
from cloud_bridge.central.app import STATIC
from cloud_bridge.central.commanding_keys import make_key, read_key
from cloud_bridge.central.commanding_post import Pen, Post
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.live import LiveBook
from cloud_bridge.central.phone import facts, visits
from cloud_bridge.central.phone.buyers import Buyers
from cloud_bridge.central.phone.refusals import CODES
from cloud_bridge.central.phone.visit import State, shown
from cloud_bridge.central.phone.words import texts
from cloud_bridge.central.presence import note
from cloud_bridge.central.process import site_of
from cloud_bridge.central.settings import FILE, KEY_FILE, SPOOL, Settings, Web
from cloud_bridge.central.store import Store
from cloud_bridge.wall import now_text
from edge.domain.orders import Why
from edge.domain.requests import Refusal
from edge.errors import BadInput
from edge.screens import shared

QUICK = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
COUNTER, TOKEN, PIN, REF = "T-001", "k7Qm2xV9cR4t", "246810", "0494c263"
KEY = "key-of-this-request"
AT = "2026-11-24T02:00:00Z"


class Centre:
    """The pages in this process, the worker's half beside them, and a counter that is there."""

    def __init__(self, directory):
        self.directory = directory
        self.database = directory / FILE
        self.store = Store(self.database)
        make_key(directory / KEY_FILE)
        self.post = Post(self.store, Pen(directory / KEY_FILE, lambda n: b"\1" * n), directory / SPOOL)
        self.broker_up = True
        self.site = site_of(Settings(), self.database, lambda: self.broker_up, QUICK)
        self.app = self.site.app()
        self.access = open_access(self.database)
        with self.access.transaction():
            Buyers(self.access, QUICK).add("demo-001", REF, "", PIN, AT)
            Buyers(self.access, QUICK).add("demo-002", "other", "", PIN, AT)
        self.presence(online=True)

    def presence(self, **told):
        born = feed.Presence(name="示例专柜", place="示例 1 层", hotline="000(示例)", **told)
        with self.store.transaction() as db:
            assert note(db, f"counters/{COUNTER}/presence", msgspec.json.encode(born), now_text())

    def phone(self, **headers):
        transport = httpx.ASGITransport(self.app, client=("192.0.2.7", 5000))
        return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1", headers=headers)

    def sent(self, now=None):
        """The commands that go out now, opened with the centre's public key."""
        key = read_key(self.directory / KEY_FILE).public_key()
        messages = self.post.look(int(now or time.time()), up=True)
        return [(each, signed.read(each.body, {signed.key_id(key): key})) for each in messages]

    def hear(self, *facts_told):
        for body in facts_told:
            ingest(self.store, [(f"counters/{COUNTER}/events", body)], now_text())

    def close(self):
        self.access.close()
        self.site.close()
        self.store.close()


@pytest.fixture
def centre(tmp_path):
    with closing(Centre(tmp_path)) as made:
        yield made


async def ask(phone, key=KEY, **changes):
    wish = {"counter": COUNTER, "token": TOKEN, "buyer": "demo-001", "pin": PIN} | changes
    return await phone.post("/api/v1/visits", json=wish, headers={"idempotency-key": key})


def run(centre, journey, **headers):
    async def whole():
        async with centre.phone(**headers) as phone:
            return await journey(phone)

    return asyncio.run(whole())


def test_a_visit_sends_one_unlock_that_ends_in_twenty_seconds_whoever_repeats_the_request(centre):
    async def journey(phone):
        return [await ask(phone) for _ in range(3)]

    answers = run(centre, journey)
    assert {answer.status_code for answer in answers} == {201}
    (visit,) = {answer.json()["visit"] for answer in answers}
    cookie = answers[0].headers["set-cookie"]
    assert all(word in cookie for word in ("HttpOnly", "SameSite=strict", f"Path=/api/v1/visits/{visit}"))
    ((message, command),) = centre.sent()
    assert message.topic == f"counters/{COUNTER}/commands"
    assert (command.id, command.kind, command.aud) == (visit, "unlock", COUNTER)
    assert 0 < command.expires - int(time.time()) <= 20
    assert json.loads(bytes(command.body)) == {"token": TOKEN, "buyer": REF}
    assert REF not in str(centre.store.db.execute("select body, issued_by from command").fetchall())


def test_an_unlock_that_lay_longer_than_its_buyer_waits_is_never_sent(centre):
    run(centre, ask)
    assert centre.sent(time.time() + 21) == []
    assert list((centre.directory / SPOOL).iterdir()) == []


REFUSED = {
    "a wrong PIN": ({"pin": "000000"}, 401, "BAD_PIN"),
    "nobody's login": ({"buyer": "nobody"}, 401, "BAD_PIN"),
    "no such counter": ({"counter": "T-999"}, 404, "UNKNOWN_COUNTER"),
    "no counter's name": ({"counter": "../x"}, 404, "UNKNOWN_COUNTER"),
    "a short key": ({"key": "x"}, 400, "KEY_MISSING"),
    "an odd token": ({"token": "a\u202eb"}, 422, "BAD_FIELD"),
    "a long token": ({"token": "t" * 65}, 422, "BAD_FIELD"),
    "an unknown field": ({"more": 1}, 422, "BAD_FIELD"),
    "no text": ({"pin": 246810}, 422, "BAD_FIELD"),
}


@pytest.mark.parametrize(("wish", "status", "code"), REFUSED.values(), ids=REFUSED)
def test_what_is_refused_has_its_code_and_sends_nothing(centre, wish, status, code):
    answer = run(centre, lambda phone: ask(phone, **wish))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert centre.sent() == []


def test_a_counter_that_is_off_the_network_is_said_to_be_so_and_no_pin_is_tried(centre):
    centre.presence(online=False)

    async def journey(phone):
        return {(await ask(phone, pin="000000", key=f"{KEY}-{n}")).json()["code"] for n in range(7)}

    assert run(centre, journey) == {"OFFLINE"}
    assert centre.sent() == []
    centre.presence(online=True)
    centre.broker_up = False  # it is the centre that is cut off
    assert run(centre, journey) == {"OFFLINE"}
    centre.broker_up = True
    assert run(centre, ask).status_code == 201


def test_a_key_that_came_with_another_scan_is_refused_and_opens_nothing_more(centre):
    async def journey(phone):
        return [await ask(phone), await ask(phone, token="another"), await ask(phone, buyer="demo-002")]

    first, reused, other = run(centre, journey)
    assert (reused.status_code, reused.json()["code"]) == (422, "KEY_REUSED")
    assert other.status_code == 201  # the keys of two buyers are two
    assert other.json()["visit"] != first.json()["visit"]
    assert len(centre.sent()) == 2


def test_five_wrong_pins_stop_the_right_one_too_and_it_stands_in_the_trail_once(centre):
    async def journey(phone):
        wrong = [await ask(phone, pin="111112", key=f"{KEY}-{n}") for n in range(7)]
        return (
            [answer.json()["code"] for answer in wrong],
            await ask(phone),
            await ask(phone, buyer="demo-002"),
        )

    codes, right, other = run(centre, journey)
    assert codes == ["BAD_PIN"] * 5 + ["BLOCKED"] * 2
    assert (right.status_code, right.json()["code"]) == (429, "BLOCKED")
    assert other.status_code == 201
    rows = centre.access.execute("select subject, outcome, detail from trail").fetchall()
    assert rows == [("demo-001", "REFUSED", "too_many")]


def test_right_pins_of_many_behind_one_address_shut_nobody_out(centre, monkeypatch):
    monkeypatch.setattr("cloud_bridge.central.phone.buyers.ADDRESS_TRIES", 3)

    async def journey(phone):
        return [(await ask(phone, key=f"{KEY}-{n}")).status_code for n in range(6)]

    assert run(centre, journey) == [201] * 6


def test_a_disabled_buyer_opens_nothing_and_one_buyer_asks_for_no_flood_of_doors(centre, monkeypatch):
    monkeypatch.setattr(visits, "MOST", 2)

    async def journey(phone):
        return [(await ask(phone, key=f"{KEY}-{n}")).json().get("code") for n in range(3)]

    assert run(centre, journey) == [None, None, "TOO_MANY_VISITS"]
    with centre.access.transaction():
        Buyers(centre.access, QUICK).disable("demo-002", AT)
    assert run(centre, lambda phone: ask(phone, buyer="demo-002")).json()["code"] == "BAD_PIN"


def test_another_site_s_page_begins_no_visit(centre):
    answer = run(centre, ask, **{"sec-fetch-site": "cross-site"})
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign_origin")
    assert centre.sent() == []


def test_a_visit_is_read_by_its_opener_alone(centre):
    async def journey(phone):
        visit = (await ask(phone)).json()["visit"]
        other = (await ask(phone, buyer="demo-002")).json()["visit"]
        path = f"/api/v1/visits/{visit}"
        mine = await phone.get(path)
        async with centre.phone() as stranger:
            nobody = [await stranger.get(path), await stranger.get(f"{path}/stream")]
            stranger.cookies.set("opener", "guessed")
            nobody.append(await stranger.get(path))
            theirs = next(each.value for each in phone.cookies.jar if each.path.endswith(other))
            stranger.cookies.set("opener", theirs)
            nobody.append(await stranger.get(path))
        return mine, nobody

    mine, nobody = run(centre, journey)
    assert (mine.status_code, mine.json()["state"]) == (200, "SENT")
    assert [(each.status_code, each.json()["code"]) for each in nobody] == [(404, "NO_VISIT")] * 4


def test_a_refusal_of_the_counter_reaches_the_stream_which_then_ends(centre, make):
    async def journey(phone):
        visit = (await ask(phone)).json()["visit"]
        answered = feed.CommandAnswered(
            mono_ms=1, command=visit, kind="unlock", outcome="REFUSED", code="REPLAY"
        )
        centre.hear(*make.chain([answered]))
        stream = await phone.get(f"/api/v1/visits/{visit}/stream")
        return [json.loads(line[5:]) for line in stream.text.splitlines() if line.startswith("data:")]

    (said,) = run(centre, journey)
    assert (said["state"], said["code"], said["total_fen"]) == ("REFUSED", "REPLAY", 0)


def test_what_is_known_of_a_visit_comes_from_both_stores_alike(place, make):
    store, now = Store(place), time.time()
    topic = f"counters/{COUNTER}"
    visit = visits.Visit("C1", COUNTER, int(now), int(now) + 20)
    moment = facts.datetime.fromtimestamp(now, facts.UTC)

    def state():
        return shown(facts.known(store.db, visit, moment), int(now))

    assert facts.place(store.db, COUNTER, moment) is None
    assert state().state is State.OFFLINE
    with store.transaction() as db:
        born = feed.Presence(online=True, name="示例专柜")
        note(db, f"{topic}/presence", msgspec.json.encode(born), now_text())
    assert facts.place(store.db, COUNTER, moment).name == "示例专柜"
    sold = make.sale(1)
    live = feed.Live(session=sold.session, state="OPEN", lines=(), total_fen=0, mono_ms=1, command=visit.id)
    book = LiveBook()
    book.hear(f"{topic}/live", msgspec.json.encode(live), int(now * 1000))
    with store.transaction() as db:
        book.write(db, 0.0, int(now * 1000))
    assert state().state is State.OPEN
    answered = feed.CommandAnswered(
        mono_ms=1, command="C1", kind="unlock", outcome="DONE", session=sold.session
    )
    for body in make.chain([answered, sold], counter=COUNTER):
        ingest(store, [(f"{topic}/events", body)], now_text())
    found = state()
    assert (found.state, found.order_no, found.total_fen) == (State.RECEIPT, sold.order_no, sold.total_fen)
    assert [line.amount_fen for line in found.lines] == [700, 300]
    store.close()


@pytest.mark.parametrize(("role", "sees"), [("auditor", True), ("technician", False)])
def test_the_twin_shows_an_open_door_s_basket_to_who_may_see_sales_and_nobody_s_name(
    centre, make, role, sees
):
    line = feed.LiveLine(tray="1-01", sku="W", name="<b>示例水", count=2, price_fen=350, amount_fen=700)
    told = {"state": "OPEN", "lines": (line,), "total_fen": 700, "mono_ms": 1, "command": "C1"}
    sold = make.sale(1)
    book, now_ms = LiveBook(), int(time.time() * 1000)
    live = feed.Live(session=sold.session, **told)
    book.hear(f"counters/{COUNTER}/live", msgspec.json.encode(live), now_ms)
    with centre.store.transaction() as db:
        book.write(db, 0.0, now_ms)
    site = site_of(Settings(web=Web(anonymous=role)), centre.database, lambda: True, QUICK)
    centre.app = site.app()

    async def parts(phone):
        return (await phone.get(f"/fleet/{COUNTER}/parts")).text

    text = run(centre, parts)
    assert ("&lt;b&gt;示例水 × 2" in text, "¥7.00" in text) == (sees, sees)
    assert "<b>示例水" not in text
    assert REF not in text
    ended = feed.SessionClosed(
        mono_ms=2,
        session=sold.session,
        kind="BUY",
        state="EMPTY",
        opener=REF,
        verdict="empty",
        reasons=(),
        trays=(),
        opened_at=AT,
        closed_at=AT,
    )
    centre.hear(*make.chain([ended]))  # its last basket was lost on the way
    assert "示例水" not in run(centre, parts)
    site.close()


def test_buyers_and_visits_are_kept_alike_in_both_stores(place):
    Store(place).close()
    with closing(open_access(place)) as db, db.transaction():
        buyers = Buyers(db, QUICK)
        buyers.add("demo-001", REF, "u", PIN, AT)
        assert buyers.right("demo-001", PIN)()
        assert buyers.admitted("demo-001", "192.0.2.7", 1000).ref == REF
        wish = {"buyer": REF, "key": KEY, "counter": COUNTER, "now_s": 1000}
        first = visits.begin(db, id="V1", token="a", **wish)
        assert visits.begin(db, id="V2", token="a", **wish) == first == visits.visit(db, "V1")
        with pytest.raises(visits.Reused):
            visits.begin(db, id="V3", token="b", **wish)
        later = wish | {"key": "another-key", "now_s": 1000 + visits.KEPT_S + 1}
        visits.begin(db, id="V4", token="c", **later)
        assert visits.visit(db, "V1") is None  # 30 days have passed


def test_the_page_and_its_files_come_from_here_alone_and_hold_nothing_of_anybody(centre):
    async def journey(phone):
        page = await phone.get(f"/c/{COUNTER}?t={TOKEN}")
        files = ["visit_page.js", "visit_page.css", "icon.svg", *shared.FILES]
        return (
            page,
            [(await phone.get(f"/static/{name}")).status_code for name in files],
            [(await phone.get(f"/static/{name}")).status_code for name in ("restock.js", "../shared.py")],
        )

    page, ours, others = run(centre, journey)
    assert set(ours) == {200}
    assert set(others) == {404}
    assert TOKEN not in page.text
    assert "://" not in page.text
    assert "<script>" not in page.text


def test_every_word_the_page_asks_for_is_there_in_both_languages():
    code = (STATIC / "visit_page.js").read_text(encoding="utf-8")
    code += "".join((shared.STATIC / name).read_text(encoding="utf-8") for name in shared.FILES)
    asked = set(re.findall(r"""\bt\("(\w+)["]""", code)) | set(re.findall(r'"(sent_step_\d)"', code))
    codes = {f"code_{each}" for each in (*CODES, *Refusal)} - {f"code_{each}" for each in NO_PAGE_SAYS}
    unlock_may_end = {f"code_{each}" for each in (Why.UNKNOWN_BUYER, Why.INTERRUPTED, Why.NOT_OPENED)}
    for said in texts().values():
        assert (asked | codes | unlock_may_end) - said.keys() == set()
    assert not re.search(r"[\u3400-\u9fff]", code)


NO_PAGE_SAYS = ("BAD_FIELD", "KEY_MISSING", "TOO_MANY_STREAMS", "NO_VISIT")


@pytest.mark.parametrize("pin", ["12345", "1234567890123", "000000", "123456", "987654", "24681a", ""])
def test_a_pin_that_is_none_or_too_easy_makes_no_buyer(centre, pin):
    with pytest.raises(BadInput, match="PIN"), centre.access.transaction():
        Buyers(centre.access, QUICK).add("demo-003", "x", "", pin, AT)


@pytest.fixture
def run_cli(monkeypatch, capsys):
    """``run_cli(words, typed)``: exit code and stdout."""

    def made(words, typed=""):
        monkeypatch.setattr("sys.stdin", io.StringIO(typed + "\n"))
        code = cli.main(words)
        return code, capsys.readouterr().out

    return made


def test_the_command_line_makes_lists_and_stops_buyers_and_each_step_is_in_the_trail(tmp_path, run_cli):
    words = ["--dir", str(tmp_path)]
    add = ["buyer", "add", "demo-001", "--ref", REF, "--unit", "sample-unit", "--pin-file", "-", *words]
    assert run_cli(add, PIN) == (0, "")
    assert run_cli(add, PIN)[0] == 65
    assert run_cli([*add, "--keep"], PIN)[0] == 0
    assert run_cli(["buyer", "pin", "demo-001", "--pin-file", "-", *words], "135790")[0] == 0
    assert run_cli(["buyer", "disable", "demo-001", *words])[0] == 0
    (one,) = json.loads(run_cli(["buyer", "list", "--json", *words])[1])
    assert (one["login"], one["ref"], one["disabled_at"] is not None) == ("demo-001", REF, True)
    assert "pin" not in one
    with closing(open_access(tmp_path / FILE)) as db:
        told = [row[0] for row in db.execute("select what from trail order by n")]
    assert told == ["buyer_add", "buyer_pin", "buyer_disable"]
