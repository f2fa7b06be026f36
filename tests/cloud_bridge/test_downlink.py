"""Commands from the broker to the inbox: what may be obeyed is committed once, all else is audited."""

import sqlite3
import threading
import time
from collections import Counter
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from random import Random

import msgspec
import paho.mqtt.client as mqtt
import pytest

from cloud_bridge import feed
from cloud_bridge.commands import MAX_COMMAND_BYTES, Resend
from cloud_bridge.database import open_reader
from cloud_bridge.downlink import A_TURN, FLOOD, WAITING_BYTES, Downlink, Trust
from cloud_bridge.inbox import KEPT_REFUSED, looked
from cloud_bridge.link import Arrived
from cloud_bridge.state import State
from edge.domain.orders import Ended, Outcome
from edge.domain.values import Instant
from edge.ledger.inbox import Cursor, Inbox
from edge.ledger.ledger import Ledger
from edge.ledger.outbox import Outbox

AT = "2026-11-24T03:00:00.000Z"
COUNTER = "T-001"


@pytest.fixture
def state(tmp_path):
    with closing(State(tmp_path / "bridge.db")) as made:
        yield made


@pytest.fixture
def link(state, signer):
    return Downlink(state.inbox, Trust(COUNTER, signer.keys, lambda: int(time.time())))


def instant():
    return Instant(time.monotonic(), datetime.now(UTC), "boot-1")


def arrived(body, mid=1):
    return Arrived(1, f"counters/{COUNTER}/commands", body, mid, 1)


def drained(link, bodies):
    """Offer all of ``bodies`` and take turns until nothing waits: (commands, handled, refused)."""
    commands, handled, refused = [], [], Counter()
    for mid, body in enumerate(bodies):
        link.offer(arrived(body, mid))
    while link.is_busy():
        taken = link.turn(AT)
        commands += taken.commands
        handled += [message.mid for message in taken.handled]
        refused += taken.refused
    return commands, sorted(handled), refused


def kept(tmp_path):
    with closing(open_reader(tmp_path / "bridge.db")) as db:
        return looked(db, 2000)


def test_a_good_command_is_committed_before_the_broker_may_forget_it(link, signer, tmp_path):
    link.offer(arrived(signer.wire(1)))
    assert kept(tmp_path).arrived == 0
    taken = link.turn(AT)
    assert [message.mid for message in taken.handled] == [1]
    assert kept(tmp_path).last == [(f"{1:026d}", "resume", AT)]


def test_the_same_command_again_is_silently_known(link, signer, tmp_path):
    commands, handled, refused = drained(link, [signer.wire(1)] * 3)
    assert (len(commands), handled, refused) == (1, [0, 1, 2], {})
    assert kept(tmp_path).refused == {}


def test_it_is_known_after_a_restart_too(link, signer, state, tmp_path):
    text = signer.wire(1)
    drained(link, [text])
    again = Downlink(state.inbox, Trust(COUNTER, signer.keys, lambda: int(time.time()) + 10**6))
    assert drained(again, [text]) == ([], [0], {})  # long expired, and no alarm: it was obeyed


def bad_commands(signer):
    """One of each hostile kind; more of them: test_signed."""
    good = signer.wire(1)
    now = int(time.time())
    return {
        "AUDIENCE": signer.wire(2, aud="T-002"),
        "ALGORITHM": b"eyJhbGciOiJub25lIn0." + good.split(b".")[1] + b".",
        "EXPIRED": signer.wire(3, issued=now - 99, expires=now - 9),
        "NOT_YET_VALID": signer.wire(4, issued=now + 500),
        "NONCE_REUSED": signer.wire(5, nonce=f"{1:032x}"),
        "ID_REUSED": signer.wire(1, nonce="f" * 32),
        "BODY": signer.wire(6, body=msgspec.Raw(b'{"reason":"x","door":"2"}')),
        "MALFORMED": good[:-1],
        "SIGNATURE": good[:-6] + b"AAAAAA",
        "OVERSIZED": b"A" * (MAX_COMMAND_BYTES + 1),
        "KIND": signer.wire(7, kind="shell"),
        "JSON": b"eyJhbGciOiJFZDI1NTE5IiwiYWxnIjoiRWQyNTUxOSJ9.e30.AA",
    }


def test_bad_commands_leave_no_row_and_are_all_audited(link, signer, tmp_path):
    bad = bad_commands(signer)
    drained(link, [signer.wire(1)])
    commands, handled, refused = drained(link, bad.values())
    assert commands == []
    assert handled == list(range(len(bad)))
    assert refused == dict.fromkeys(bad, 1)
    found = kept(tmp_path)
    assert (found.arrived, found.refused) == (1, dict.fromkeys(sorted(bad), 1))
    assert {code for code, *_ in found.last_refused} == bad.keys()


@pytest.mark.parametrize("messages", [1000, pytest.param(10_000, marks=pytest.mark.long)])
def test_replayed_reordered_and_edited_traffic_changes_nothing(link, signer, tmp_path, messages):
    random = Random(5)
    good = [signer.wire(n) for n in range(1, 51)]
    drained(link, good)
    before = kept(tmp_path)
    traffic = []
    for _ in range(messages):
        wire = random.choice(good)
        if random.random() < 0.1:
            edited = bytearray(wire)
            edited[random.randrange(len(edited))] ^= 1 << random.randrange(8)
            wire = bytes(edited)
        traffic.append(wire)
    edited = sum(wire not in good for wire in traffic)
    refused = Counter()
    for start in range(0, len(traffic), 500):
        commands, handled, found = drained(link, traffic[start : start + 500])
        assert (commands, len(handled)) == ([], 500)
        refused += found
    after = kept(tmp_path)
    assert (after.arrived, after.last) == (before.arrived, before.last)
    assert refused.total() == sum(after.refused.values()) == edited > messages // 20


def test_a_flood_is_counted_bounded_and_taken_in_small_parts(link, signer, tmp_path):
    junk = b"x" * 1000
    for n in range(5000):
        link.offer(arrived(junk + b"%d" % n))
    taken = link.turn(AT)
    assert taken.refused["MALFORMED"] == A_TURN
    assert len(taken.handled) == A_TURN + taken.refused[FLOOD]
    assert taken.refused[FLOOD] >= 5000 - WAITING_BYTES // 1000
    while link.is_busy():
        link.turn(AT)
    drained(link, [signer.wire(1)])
    found = kept(tmp_path)
    assert found.arrived == 1
    assert sum(found.refused.values()) == 5000
    assert len(found.last_refused) <= KEPT_REFUSED


def test_who_trusts_no_key_takes_no_command(state, signer, tmp_path):
    link = Downlink(state.inbox, Trust(COUNTER, {}, lambda: None))
    assert drained(link, [signer.wire(1)])[0] == []
    assert kept(tmp_path).refused == {"UNKNOWN_KEY": 1}


def test_the_inbox_only_grows(link, signer, tmp_path):
    drained(link, [signer.wire(1)])
    with closing(sqlite3.connect(tmp_path / "bridge.db")) as db:
        for statement in ("delete from inbox", "update inbox set kind = 'unlock'"):
            with pytest.raises(sqlite3.IntegrityError, match="only grows"):
                db.execute(statement)


def test_texts_go_when_nobody_may_obey_them_and_are_never_replaced(state, signer, tmp_path):
    now = [int(time.time())]
    link = Downlink(state.inbox, Trust(COUNTER, signer.keys, lambda: now[0]))
    text = signer.wire(1)
    drained(link, [text])
    now[0] += 32 * 86_400
    later = {"issued": now[0] - 5, "expires": now[0] + 60}
    drained(link, [signer.wire(2, **later)])
    assert f"{1:026d}" not in state.inbox.with_text(9)
    with closing(Inbox(tmp_path / "bridge.db")) as engine:
        assert [row.id for row in engine.rows(Cursor())] == [f"{2:026d}"]
    assert drained(link, [text]) == ([], [0], {})
    with (
        closing(sqlite3.connect(tmp_path / "bridge.db")) as db,
        pytest.raises(sqlite3.IntegrityError, match="only grows"),
    ):
        db.execute("update inbox set jws = 'x'")


# --- over the wire ----------------------------------------------------------------------------------
@contextmanager
def rogue(broker):
    """Whoever got onto the broker: publishes what it wants, with no right to sign."""
    client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
    up = threading.Event()
    client.on_connect = lambda *_: up.set()
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    try:
        assert up.wait(5)
        yield lambda body: client.publish(feed.topic(COUNTER, "commands"), body, 1)
    finally:
        client.disconnect()
        client.loop_stop()


@pytest.mark.processes
def test_a_rogue_on_the_broker_gets_nothing_in_and_stops_no_event(rig, mosquitto, signer, until, tmp_path):
    rig.start_centre()
    rig.start_bridge()
    rig.sell(1)
    until(lambda: rig.mark() == 1, "mark 1")
    bad = bad_commands(signer)
    del bad["NOT_YET_VALID"]  # a machine whose clock nobody keeps in step cannot tell
    bad["EXPIRED"] = signer.wire(3, issued=1_700_000_000, expires=1_700_000_060)
    with rogue(mosquitto) as publish:
        publish(signer.wire(1))
        for wire in bad.values():
            publish(wire)
        until(lambda: sum(kept(tmp_path).refused.values()) == len(bad), "all refused")
        for n in range(3000):
            publish(b"junk %d" % n)
        rig.sell(20)
        until(lambda: rig.mark() == 21, "mark 21")
        again = Resend(inc=rig.ledger.incarnation, first=1, last=21)
        publish(signer.wire(20, again, kind="resend"))
        until(lambda: kept(tmp_path).arrived == 2, "the resend in the inbox")
        until(lambda: "asked_to_send_again" in rig.log("cloud_bridge"), "the bridge's own part of it")
    until(lambda: sum(kept(tmp_path).refused.values()) == len(bad) + 3000, "all audited")
    found = kept(tmp_path)
    assert [kind for _, kind, _ in found.last] == ["resend", "resume"]
    assert found.refused.keys() - {FLOOD} == bad.keys()
    until(lambda: rig.mark() == 21, "mark 21 again")
    assert rig.at_centre() == rig.in_ledger()


@pytest.fixture
def ledger(tmp_path):
    with closing(Ledger.open(tmp_path / "ledger.db", COUNTER, instant(), Random(1).randbytes)) as made:
        yield made


def test_a_text_goes_once_the_engine_has_answered_it_and_is_refused_ever_after(
    link, signer, state, ledger, tmp_path
):
    first, second = signer.wire(1), signer.wire(2)
    drained(link, [first, second])
    ledger.orders.take(f"{1:026d}", f"nonce-{1}", "resume", first.decode(), instant())
    with closing(Outbox(tmp_path / "ledger.db")) as outbox:
        link.forget(outbox.answered)
        assert len(state.inbox.with_text(9)) == 2  # received is not answered
        ended = Ended(f"{1:026d}", "resume", Outcome.DONE)
        ledger.orders.end((ended,), (), instant())
        link.forget(outbox.answered)
    assert state.inbox.with_text(9) == [f"{2:026d}"]
    state._db.execute("pragma wal_checkpoint(truncate)")
    assert first not in (tmp_path / "bridge.db").read_bytes()
    assert drained(link, [first, second]) == ([], [0, 1], {})  # the same once more: silently known
    other = signer.wire(1, issued=int(time.time()) + 1)  # the same id and nonce with another text
    assert drained(link, [other]) == ([], [0], Counter({"ID_REUSED": 1}))


def test_a_ledger_of_before_commands_has_answered_none(ledger, tmp_path):
    ledger.close()
    with closing(sqlite3.connect(tmp_path / "ledger.db")) as db:
        db.execute("drop table command_end")
    with closing(Outbox(tmp_path / "ledger.db")) as outbox:
        assert outbox.answered(["x"]) == set()
