"""Whoever got onto the broker, the bridge or another counter: no door, no price, no crash, all of it audited.

What one part refuses is tested beside that part; here the whole list is walked: bad commands through bridge
and engine, old traffic once more, lying acks, nesting, and hostile text in every field of every fact.
"""

import asyncio
import base64
import csv
import io
import json
import re
from contextlib import closing
from random import Random
from typing import get_args, get_origin, get_type_hints

import httpx
import msgspec
import pytest
from argon2 import PasswordHasher
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_bridge import feed, signed
from cloud_bridge.bridge import Bridge, Plan
from cloud_bridge.central.app import Site
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store
from cloud_bridge.central.worker import Worker
from cloud_bridge.commands import BODIES, MAX_COMMAND_BYTES
from cloud_bridge.database import open_reader
from cloud_bridge.downlink import Downlink, Trust
from cloud_bridge.inbox import looked
from cloud_bridge.link import Arrived, Broker
from cloud_bridge.state import State
from cloud_bridge.turns import Connected, Disconnected, Limits
from cloud_bridge.uplink import Uplink
from edge.domain.values import Clk
from edge.orders.desk import REFUSED_ALARM
from edge.outfit.loading import load_outfit
from edge.turn import Order
from tests.cloud_bridge.conftest import MemoryOutbox, chain, sale
from tests.journeys.centre import KEY, KEYS, STRANGER, Centre
from tests.journeys.conftest import CONFIG, Rig

AT = "2026-11-24T03:00:00.000Z"
COUNTER, INC = "T-001", "00000000000000a1"
HTML = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'"
SQL = "'; drop table sale;--"
SHEET = "=cmd|' /C calc'!A0"
OURS = {"EXPIRED", "NOT_YET_VALID", "BODY", "NONCE_REUSED"}
"""Refused although the centre signed it for this counter: the engine answers those."""


# --- bad commands -----------------------------------------------------------------------------------
def coded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def truly_signed(payload: bytes, key: Ed25519PrivateKey = KEY) -> str:
    head = json.dumps({"alg": "Ed25519", "kid": signed.key_id(key.public_key())}).encode()
    text = f"{coded(head)}.{coded(payload)}"
    return f"{text}.{coded(key.sign(text.encode()))}"


def fourteen(centre: Centre, good: Order) -> dict[str, tuple[Order, str]]:
    """What must open no door, by name, with its code. good: an unlock that was obeyed."""
    now, token = int(centre.rig.instant.wall.timestamp()), centre.rig.view.token
    buyer = centre.rig.outfit.roster.accounts["demo-001"].ref

    def fresh(**words) -> Order:
        return centre.command("unlock", buyer=buyer, token=token, **words)

    def payload_of(order: Order) -> dict:
        part = order.jws.split(".")[1]
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))

    once = payload_of(good)
    new = fresh()
    head, payload, signature = new.jws.split(".")
    text = json.dumps(payload_of(new)).encode()
    flipped = payload[:-8] + ("A" if payload[-8] != "A" else "B") + payload[-7:]
    none = coded(b'{"alg":"none","kid":"' + signed.key_id(KEY.public_key()).encode() + b'"}')
    door = payload_of(new) | {"body": {"token": token, "buyer": buyer, "door": "2"}}
    return {
        "for another counter": (fresh(aud="XA-999"), "AUDIENCE"),
        "algorithm none": (Order(new.id, f"{none}.{payload}."), "ALGORITHM"),
        "expired": (fresh(issued=now - 600, expires=now - 60), "EXPIRED"),
        "not yet valid": (fresh(issued=now + 3600, expires=now + 7200), "NOT_YET_VALID"),
        "an id once more": (fresh(id=good.id), "ID_REUSED"),
        "a nonce once more": (fresh(nonce=once["nonce"]), "NONCE_REUSED"),
        "another door": (Order(new.id, truly_signed(json.dumps(door).encode())), "BODY"),
        "cut short": (Order(new.id, new.jws[:-1]), "MALFORMED"),
        "bytes behind it": (Order(new.id, new.jws + "AAAA"), "SIGNATURE"),
        "a key nobody knows": (fresh(key=STRANGER), "UNKNOWN_KEY"),
        "a bit flipped": (Order(new.id, f"{head}.{flipped}.{signature}"), "SIGNATURE"),
        "too large": (Order(new.id, "A" * (MAX_COMMAND_BYTES + 1)), "OVERSIZED"),
        "a key of JSON twice": (Order(new.id, truly_signed(text[:-1] + b',"aud":"XA-999"}')), "JSON"),
        "no number": (Order(new.id, truly_signed(text[:-1] + b',"expires":NaN}')), "JSON"),
    }


@pytest.fixture
def served(tmp_path) -> Centre:
    """A counter whose clock is in step, and its centre."""
    rig = Rig(tmp_path, 1, load_outfit(CONFIG / "counter.toml", environ={}))
    rig.clk = Clk.SYNCED
    centre = Centre(rig)
    yield centre
    rig.ledger.close()


def opened_once(centre: Centre) -> Order:
    """One honest sale begun at the centre, to its end."""
    rig = centre.rig
    account = rig.outfit.roster.accounts["demo-001"].ref
    good = centre.command("unlock", buyer=account, token=rig.view.token)
    centre.put(good)
    assert centre.said(good.id) == ("DONE", "")
    assert rig.run_until(lambda: rig.view.state == "READY" and bool(rig.events("session.closed.v1")), 40.0)
    return good


def test_fourteen_bad_commands_open_no_door_at_a_bridge_that_looks_nor_at_an_engine_it_betrays(
    served, tmp_path
):
    good, rig = opened_once(served), served.rig
    pulses, prices = rig.unlocks_sent, [tray.price_fen for tray in rig.view.trays]
    bad = fourteen(served, good)
    assert len(bad) == 14
    with closing(State(tmp_path / "bridge.db")) as state:
        wall = lambda: int(rig.instant.wall.timestamp())  # noqa: E731 - the rig's own clock
        link = Downlink(state.inbox, Trust(rig.outfit.settings.counter.id, KEYS, wall))
        link.offer(Arrived(1, "x", good.jws.encode(), 0, 1))
        link.turn(AT)
        for name, (order, code) in bad.items():
            link.offer(Arrived(1, "x", order.jws.encode(), 1, 1))
            assert link.turn(AT).refused == {code: 1}, name
        assert sum(state.inbox.refusals().values()) == 14  # told of in the telemetry, and an alarm
    with closing(open_reader(tmp_path / "bridge.db")) as db:
        found = looked(db, 50)
    assert found.arrived == 1
    assert sum(times for _, _, times, _ in found.last_refused) == 14
    for order, _ in bad.values():
        served.put(order)
    rig.run(4.0)
    assert rig.unlocks_sent == pulses
    assert [tray.price_fen for tray in rig.view.trays] == prices
    assert REFUSED_ALARM in rig.alarm_kinds()
    said = {name: served.answers(order.id) for name, (order, code) in bad.items() if code in OURS}
    assert {name: [(a["outcome"], a["code"]) for a in answers] for name, answers in said.items()} == {
        name: [("REFUSED", code)] for name, (_, code) in bad.items() if code in OURS
    }


def test_a_rogue_broker_that_gives_old_commands_again_in_any_order_moves_nothing(served):
    rig = served.rig
    opened_once(served)
    for kind in ("lockout", "resume"):
        served.order(kind, reason="示例")
    pulses, answers = rig.unlocks_sent, len(rig.events("command.answered.v1"))
    old, random = list(served.inbox) * 30, Random(1)
    random.shuffle(old)
    for order in old:
        rig.inbox.append(order)
    rig.run(4.0)
    assert rig.unlocks_sent == pulses
    assert len(rig.events("command.answered.v1")) == answers
    assert rig.view.state == "READY"


@pytest.mark.parametrize("text", [HTML, SQL])
def test_hostile_text_in_every_field_of_every_command_is_answered_and_the_counter_goes_on(served, text):
    rig = served.rig
    prices = [tray.price_fen for tray in rig.view.trays]
    ids = [
        served.send(kind, **msgspec.to_builtins(made(body, text, times=False)))
        for kind, body in BODIES.items()
        if kind not in ("config", "diagnostics")  # the one is settings: tests/edge/test_allowed.py; the other
    ]  # has no text of its own
    rig.run(6.0)
    standing = [id for id in ids if not served.answers(id)]
    assert standing == []
    served.order("resume", reason="示例")
    rig.run(1.0)
    assert [tray.price_fen for tray in rig.view.trays] == prices
    assert rig.unlocks_sent == 0
    assert rig.query("select count(*) from sale") == [(0,)]


# --- lying acks -------------------------------------------------------------------------------------
def sales(count: int) -> MemoryOutbox:
    return MemoryOutbox(chain([sale(n) for n in range(1, count + 1)]))


def lie(**changes) -> feed.Ack:
    return feed.Ack(**({"inc": INC, "through": 0} | changes))


ALL = tuple(feed.Rejected(seq=n, code="x") for n in range(1, 11))
LIES = [
    pytest.param([lie(through=10, inc="ffffffffffffffff")], id="of another ledger"),
    pytest.param([lie(through=3), lie(through=10), lie(through=1)], id="all of it, then less"),
    pytest.param([lie(have=((1, 10),))], id="all of it as a range"),
    pytest.param(
        [lie(reject=tuple(feed.Rejected(seq=n, code="x") for n in range(1, 11)))], id="all rejected"
    ),
    pytest.param([lie(through=-5), lie(have=((9, 2),))], id="nonsense"),
]
MORE = [lie(through=11), lie(through=2**53), lie(have=((0, 10**9),))]


@pytest.mark.parametrize("lies", LIES)
def test_whatever_a_rogue_broker_acknowledges_an_honest_centre_gets_every_event(lies):
    """An ack is not signed. What it frees falsely the centre asks for: its word after each birth says what it
    holds, and the ledger keeps what was freed.
    """
    uplink = Uplink(sales(10), Random(1), Limits(start_jitter_s=0.0, replay_per_s=float("inf")))
    uplink.turn([Connected()], 0.0)
    for ack in lies:
        uplink.turn([ack], 0.1)
    uplink.turn([Disconnected()], 0.2)
    sent = set()
    for now, inputs in ((1.0, [Connected()]), (1.1, [lie()]), (1.2, []), (9.0, []), (30.0, [])):
        for message in uplink.turn(inputs, now).publishes:
            sent |= set(message.seqs)
    assert sent == set(range(1, 11))


@pytest.mark.parametrize("ack", MORE)
def test_who_claims_more_than_there_is_frees_nothing_and_all_of_it_goes_under_another_name(ack):
    """It looks like a ledger put back from a copy: that goes on under a new name, and sends all again."""
    limits = Limits(start_jitter_s=0.0, replay_per_s=float("inf"))
    uplink = Uplink(sales(10), Random(1), limits)
    uplink.turn([Connected()], 0.0)
    assert any(note.alarm for note in uplink.turn([ack], 0.1).notes)
    assert uplink.backlog() == 10
    renewed = MemoryOutbox(chain([sale(n) for n in range(1, 11)], inc="f" * 16), "f" * 16)
    publishes = Uplink(renewed, Random(1), limits).turn([Connected()], 1.0).publishes
    assert {seq for message in publishes for seq in message.seqs} == set(range(1, 11))


# --- nesting and noise on every topic ----------------------------------------------------------------
class Quiet:
    """A link that keeps what is published and acknowledged."""

    session = 1

    def __init__(self):
        self.said, self.handled = [], []

    def turn(self, now):
        return now + 1

    def is_up(self):
        return True

    def acknowledge(self, message):
        self.handled.append(message.mid)

    def publish(self, message):
        self.said.append(message.topic)
        return len(self.said)


NOISE = [
    b"[" * 10_000 + b"]" * 10_000,
    b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    b"[" * 10_000,
    b"",
    b"\xff\xfe\x00",
    b"null",
    b'{"online":"' + b"x" * 60_000 + b'"}',
    b'{"inc":"%s","through":1e999}' % INC.encode(),
    b'{"online":true,"inc":"\'; drop table sale;--"}',
    b'{"backlog":NaN,"through":-1,"parked":0,"version":"<script>"}',
    b"9" * 60_000,
]


def test_noise_on_every_topic_of_the_centre_is_acknowledged_and_the_next_sale_is_stored(place):
    leaves = ("events", "presence", "health", "live")
    topics = [*(f"counters/{COUNTER}/{leaf}" for leaf in leaves), feed.CENTRE_STATE, "counters/../events", ""]
    link = Quiet()
    with closing(Store(place)) as store:
        worker = Worker(store, link, lambda: None)
        pairs = [(topic, body) for topic in topics for body in NOISE]
        worker.turn([Arrived(1, topic, body, mid, 1) for mid, (topic, body) in enumerate(pairs)], 0.0)
        good = chain([sale(1)])[0]
        worker.turn([Arrived(1, f"counters/{COUNTER}/events", good, 9999, 1)], 1.0)
        assert set(link.handled) >= {*range(len(pairs)), 9999}
        assert store.db.execute("select body from raw_event").fetchall() == [(good,)]
        assert store.db.execute("select count(*) from dead_letter").fetchone()[0] >= len(NOISE) - 1


def test_noise_on_every_topic_of_the_bridge_is_acknowledged_and_its_events_still_wait(tmp_path):
    link = Quiet()
    plan = Plan(COUNTER, tmp_path, Broker("127.0.0.1", 1), 20, Trust(COUNTER, KEYS, lambda: None))
    with closing(State(tmp_path / "bridge.db")) as state:
        bridge = Bridge(plan, sales(10), state, link, Random(1))
        topics = [f"counters/{COUNTER}/acks", f"counters/{COUNTER}/commands", feed.CENTRE_STATE]
        pairs = [(topic, body) for topic in topics for body in NOISE]
        bridge.turn([Arrived(1, topic, body, mid, 1) for mid, (topic, body) in enumerate(pairs)], 0.0)
        bridge.turn([], 1.0)
        assert sorted(link.handled) == list(range(len(pairs)))
        assert bridge.uplink.backlog() == 10
        assert sum(state.inbox.refusals().values()) == len(NOISE)


# --- hostile text in every field of every fact ------------------------------------------------------
HOSTILE = [
    pytest.param(HTML, id="HTML"),
    pytest.param(SQL, id="SQL", marks=pytest.mark.long),
    pytest.param(SHEET, id="formula"),
]
TIMES = {"opened_at", "closed_at", "before", "after", "since"}
SESSION = "5f" * 16


def made(kind: type, text: str, *, times: bool, of: str = "", number: int = 1) -> object:
    """A value of ``kind`` with ``text`` wherever a text can be. times: what is read as a time is one."""
    if kind is str:
        if of == "session":
            return SESSION
        return AT if times and of in TIMES else text
    if kind is int:
        return number
    if kind is bool:
        return True
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        return kind(
            **{f: made(hints[f], text, times=times, of=f, number=number) for f in kind.__struct_fields__}
        )
    inner = [each for each in get_args(kind) if each not in (type(None), Ellipsis)]
    if get_origin(kind) is tuple and len(inner) > 1:
        return tuple(made(each, text, times=times, number=number) for each in inner)
    value = made(inner[0], text, times=times, of=of, number=number)
    return (value,) if get_origin(kind) is tuple else value


def events(text: str) -> list[bytes]:
    """Every fact with ``text`` in every field: first with times that are none, then with real ones."""
    bodies = []
    for seq, (times, kind) in enumerate([(t, k) for t in (False, True) for k in feed.TYPES], start=1):
        bodies.append(
            feed.encode(
                made(kind, text, times=times), counter=COUNTER, id=text, time=AT, subject=text, inc=INC,
                seq=seq, boot=text, clk=seq % 2, prev=text,
            )
        )  # fmt: skip
    return bodies


def pages(site: Site) -> list[tuple[str, int, str, str]]:
    """Every page, list and table there is, in both languages and all forms."""
    names = {"session": SESSION, "counter": COUNTER, "tray": "1-01", "path": "x"}

    async def journey():
        seen = []
        transport = httpx.ASGITransport(site.app())
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
            for route in site.routes():
                path = getattr(route, "path", "")
                if "GET" not in (getattr(route, "methods", None) or ()) or path.endswith("live"):
                    continue
                path = re.sub(r"{(\w+)(:\w+)?}", lambda m: names.get(m[1], "1"), path)
                asked = [{"lang": "zh"}, {"lang": "en"}]
                if path.startswith("/api/v1/"):
                    asked = [{}, {"format": "jsonl"}, {"format": "csv"}]
                for params in asked:
                    answer = await client.get(path, params=params)
                    kind = answer.headers.get("content-type", "")
                    seen.append((path, answer.status_code, kind, answer.text))
        return seen

    return asyncio.run(journey())


HUGE = [2**45, 10**12 + 1, 2**62, -(2**62)]


@pytest.mark.parametrize("number", HUGE)
def test_numbers_that_never_were_are_set_aside_and_break_no_sum(tmp_path, number):
    """Twice, so that a sum over them would not fit; and once by a clock that was never set."""
    bodies = [
        feed.encode(
            made(kind, "x", times=True, number=number), counter=COUNTER, id="x", time=AT, subject="x",
            inc=INC,
            seq=seq, boot="b", clk=seq % 2, prev="",
        )
        for seq, kind in enumerate([*feed.TYPES, *feed.TYPES], start=1)
    ]  # fmt: skip
    place = tmp_path / "central.db"
    with closing(Store(place)) as store:
        outcome = ingest(store, [(f"counters/{COUNTER}/events", body) for body in bodies], AT)
        assert outcome.stored + len(outcome.dead) == len(bodies)
        assert store.db.execute("select count(*) from sale").fetchone() == (0,)
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    site = Site(place, lambda: True, anonymous="operator", hasher=hasher)
    seen = pages(site)
    site.close()
    assert [(path, status) for path, status, _, _ in seen if status >= 500] == []


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_in_every_field_of_every_fact_is_kept_and_runs_nowhere(place, text):
    health = feed.Health(backlog=0, through=1, parked=0, version=text, at=AT)
    born = feed.Presence(online=True, since=AT, boot=text, version=text, inc=INC)
    link = Quiet()
    with closing(Store(place)) as store:
        outcome = ingest(store, [(f"counters/{COUNTER}/events", body) for body in events(text)], AT)
        assert outcome.stored + len(outcome.dead) == 2 * len(feed.TYPES)
        assert outcome.stored >= len(feed.TYPES)
        told = [(leaf, msgspec.json.encode(body)) for leaf, body in (("presence", born), ("health", health))]
        Worker(store, link, lambda: None).turn(
            [Arrived(1, f"counters/{COUNTER}/{leaf}", body, mid, 1) for mid, (leaf, body) in enumerate(told)],
            0.0,
        )
        assert store.db.execute("select count(*) from sale").fetchone()[0] == 1
    hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    site = Site(place, lambda: True, anonymous="operator", hasher=hasher)
    seen = pages(site)
    site.close()
    assert [(path, status) for path, status, _, _ in seen if status >= 500] == []
    shown = {path for path, status, _, _ in seen if status == 200}
    assert shown >= {"/", "/fleet", f"/fleet/{COUNTER}", f"/reviews/{SESSION}", f"/restocks/{SESSION}"}
    for path, status, kind, page in seen:
        if kind.startswith("text/html") and status == 200:
            assert "<script>" not in page, path
            assert "<img src=x" not in page, path
        if kind.startswith("text/csv"):
            cells = [cell for row in csv.reader(io.StringIO(page)) for cell in row]
            assert [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))] == [], path
