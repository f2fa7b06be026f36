"""A day at the counter leaves nothing of a person behind: story B11, by looking into every byte it left."""

import json
import logging
import re
from contextlib import closing
from dataclasses import replace
from datetime import date

import msgspec
import pytest
import structlog

from edge import logs
from edge.domain.quota import Quota, Scheme
from edge.domain.requests import AppealRequest, Refused, SignedIn
from edge.domain.restock_view import SetCount
from edge.domain.values import Fen
from edge.flights import Flights
from edge.ledger.outbox import Outbox
from edge.ledger.reading import Reading, session_view
from edge.pins import new_pin_hash
from tests.journeys.centre import Centre

LOGINS = {"demo-001": "zhang-weiguo", "demo-002": "li-xiulan", "demo-restock": "wang-dashan"}
"""As a careless office would name accounts: by its people."""
PINS = {"zhang-weiguo": "90417263", "li-xiulan": "58203914", "wang-dashan": "73650182"}
WRONG = "40918273"
PHONE, GROUPED, IDENTITY, MAIL = (
    "13800138000",
    "138 0013 8001",
    "11010519491231002X",
    "li.xiulan@example.invalid",
)
BADGE, CARD = "0013579024", "0098761234"
TITLE = "王大山"  # titles are for roles; whoever puts a name there finds it on no record all the same

PERSONAL = [*LOGINS.values(), *PINS.values(), WRONG, PHONE, GROUPED, IDENTITY, MAIL, BADGE, CARD, TITLE]


@pytest.fixture(scope="module")
def hashed():
    """scrypt is slow on purpose: once for all."""
    return {login: new_pin_hash(pin) for login, pin in PINS.items()}


@pytest.fixture
def captured(capsys):
    """Everything that is logged, down to DEBUG, as the process would write it."""
    root, kept = logging.getLogger(), structlog.get_config()
    handlers, level = root.handlers[:], root.level
    logs.configure("debug")
    yield capsys
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.configure(**kept)


@pytest.fixture
def day(rig_of, outfit, hashed, captured):
    """A counter with accounts of three people, and a day of theirs gone by."""
    quota = Quota("festival", Scheme.UNION_FESTIVAL, "u-1", Fen(900), date(2026, 1, 1), date(2026, 12, 31))
    accounts = {}
    for old, login in LOGINS.items():
        account = replace(outfit.roster.accounts[old], login=login, pin=hashed[login], title=TITLE)
        accounts[login] = replace(account, quotas=(quota,)) if login == "li-xiulan" else account
    rig = rig_of(replace(outfit, roster=replace(outfit.roster, accounts=accounts)))
    lived(rig)
    return rig


def lived(rig):
    """Fourteen visits of three accounts, one begun at the centre, wrong PINs, an appeal, a restart."""
    last = {}
    for n in range(13):
        login = ("zhang-weiguo", "li-xiulan")[n % 2]
        rig.run(7.0)
        if n % 3 == 0:
            assert rig.refused(account=login, pin=WRONG) == "BAD_PIN"
        if n == 11:  # the visit before took more than her quota had left
            assert rig.refused(account=login, pin=PINS[login]) == "UNPAID"
            continue
        session = rig.open(account=login, pin=PINS[login])
        rig.act("open_door", wait=0.8)
        if n % 4 != 3:
            rig.act("take", tray="1-01", wait=1.0)
        rig.act("close_door", wait=0.0)
        last[login] = rig.settled(session)
    assert rig.refused(account=PHONE, pin=IDENTITY) == "BAD_PIN"  # typed into the wrong field
    reason = f"多扣了,请回电{PHONE}或{GROUPED},身份证{IDENTITY},{MAIL}"
    appeal(rig, last["zhang-weiguo"].session, reason)
    refill(rig)
    rig.run(7.0)
    from_the_centre(rig)
    bought = rig.query("SELECT order_no FROM sale ORDER BY n DESC LIMIT 1")[0][0]
    rig.ledger.refund(bought, Fen(100), "示例", rig.instant)
    assert rig.refused(account="li-xiulan", pin=WRONG) == "BAD_PIN"
    rig.kill()
    rig.start()
    rig.run(10.0)


def from_the_centre(rig):
    """A visit that began at the centre, and a stop with more in its reason than belongs there."""
    centre = Centre(rig)
    session = centre.answer(centre.unlock("zhang-weiguo"))["session"]
    assert rig.run_until(lambda: rig.state["bolt"] == "unlocked", 3.0)
    rig.act("open_door", wait=0.8)
    rig.act("take", tray="1-01", wait=1.0)
    rig.act("close_door", wait=0.0)
    rig.settled(session)
    centre.order("lockout", reason=f"回电{PHONE}")
    centre.order("resume", reason=f"回电{GROUPED}")


def appeal(rig, session, reason):
    rig.inbox.append(AppealRequest("appeal-1", session, reason))
    rig.engine_due = rig.now
    assert rig.run_until(lambda: "appeal-1" in rig.answers, 2.0)


def refill(rig):
    """At the counter's screen, by card, with more typed into a reason than belongs there."""
    rig.run(7.0)
    for wrong in (rig.sign_in("wang-dashan", WRONG), rig.sign_in(badge=CARD)):
        assert isinstance(wrong, Refused)
    assert isinstance(rig.sign_in(badge=BADGE), SignedIn)
    rig.open_again()
    rig.act("put", tray="1-01", sku="ZY-WATER-500", count=2, wait=2.0)
    rig.taps(SetCount(tray="1-01", sku="ZY-WATER-500", count=3, reason=f"箱内3件,有疑问打{GROUPED}"))
    rig.act("close_door", wait=0.0)
    rig.sign()


def kept(rig, logged):
    """Name → bytes of all that the day left: files, logs, what goes to the broker, what pages are sent."""
    flights = Flights(rig.folder / "flights", 30)
    for flight in rig.flights.values():
        flights.keep(flight)
    found = {
        str(path.relative_to(rig.folder)): path.read_bytes()
        for path in rig.folder.rglob("*")
        if path.is_file()
    }
    found["logs"] = logged.encode()
    with closing(Outbox(rig.folder / "ledger.db")) as outbox:
        found["events"] = b"\n".join(body for _, body in outbox.events(0, 10**6))
    views = [json.dumps(view, default=repr, ensure_ascii=False) for view in map(repr, rig.views)]
    found["live"] = b"\n".join(msgspec.json.encode(live) for live in rig.lives)
    found["views"] = "\n".join(views).encode()
    reading = Reading(rig.folder / "ledger.db")
    past = [reading.session_of(session) for session in rig.sessions]
    found["receipts"] = repr([session_view(each, lambda _: ("", "")) for each in past if each]).encode()
    return found


def traces(found):
    """(where, what) of everything personal, also as JSON would write it, and numbers in any grouping.

    A title is there to be shown: pictures for screens may hold it, nothing that stays may.
    """
    hits = []
    for name, body in found.items():
        shown = PERSONAL if name != "views" else [what for what in PERSONAL if what != TITLE]
        text = body.decode("utf-8", "replace")
        close = re.sub(r"(?<=\d)[\s-](?=\d)", "", text)
        for what in shown:
            escaped = json.dumps(what)[1:-1]
            if what in text or escaped in text or what.replace(" ", "") in close:
                hits.append((name, what))
    return hits


def test_b11_a_day_leaves_no_name_number_or_login_anywhere(day, captured):
    out, err = captured.readouterr()
    found = kept(day, out + err)
    assert {"ledger.db", "logs", "events", "views", "receipts"} <= found.keys()
    assert any(name.startswith("flights") for name in found)
    assert b'"happened"' in found["logs"] or b"happened=" in found["logs"]  # DEBUG and INFO were captured
    assert b"sale.settled.v1" in found["events"]
    assert "●●●".encode() in found["events"]  # the appeal is there, without its numbers
    assert len(day.query("SELECT 1 FROM session")) == 14
    assert b"command.answered.v1" in found["events"]
    assert b'"command":"' in found["live"]
    assert day.query("SELECT reason FROM stock_movement WHERE reason LIKE '%●●●%'")  # and what was typed
    assert day.query("SELECT count(*) FROM pin_guard") != [(0,)]  # wrong PINs were counted
    assert traces(found) == []

    day.ledger.raise_alarm("NOTE", "door", "MINOR", f"call {PHONE}", None, day.instant)
    planted = kept(day, out + err)
    assert {where for where, what in traces(planted) if what == PHONE} == {"events", "ledger.db-wal"}


@pytest.mark.parametrize("what", PERSONAL)
def test_b11_a_trace_would_be_found(what):
    assert traces({"ledger.db": b"\x00" + what.encode() + b"\xff"}) == [("ledger.db", what)]
    assert ("events", what) in traces({"events": json.dumps({"detail": what}).encode()})
