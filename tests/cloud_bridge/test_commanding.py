"""Commands at the centre: issued once, published while they are open, answered; documents as what changed."""

import base64
import json
import os
import stat
import time
from contextlib import closing
from datetime import UTC, datetime
from secrets import token_bytes

import msgspec
import pytest

from cloud_bridge import documents, feed, signed
from cloud_bridge.central import cli, projecting
from cloud_bridge.central import commanding_query as query
from cloud_bridge.central import commanding_spool as spool
from cloud_bridge.central.commanding import Invalid, Issuer, Request, ulid
from cloud_bridge.central.commanding_keys import make_key, read_key
from cloud_bridge.central.commanding_post import AGAIN_S, Pen, Post
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.presence import note
from cloud_bridge.central.store import Store
from cloud_bridge.commands import Resend, Unlock
from cloud_bridge.database import open_reader
from cloud_bridge.inbox import looked
from edge.domain.values import Instant
from edge.errors import CannotCreate, ConfigError, NoInput

NOW = 1_800_000_000
COUNTER = "T-001"
RECEIVED = "2026-11-24T03:00:00.000Z"


class Centre:
    """A store, its post and a counter that answers."""

    def __init__(self, place, directory, key, make):
        self.store, self.make = Store(place), make
        self.pen = Pen(directory / "command.key", token_bytes)
        self.keys = signed.trusted([signed.public_text(key.public_key())])
        self.post = Post(self.store, self.pen, directory / "spool")
        self.spool = directory / "spool"
        self.issuer = Issuer(key, token_bytes)
        self.events = []

    def issue(self, kind="lockout", now=NOW, **changes):
        body = msgspec.Raw(b"null" if changes.get("text") else b'{"reason":"x"}')
        request = Request(**({"counter": COUNTER, "kind": kind, "body": body, "by": "op"} | changes))
        with self.store.transaction() as db:
            return self.issuer.issue(db, request, now)

    def look(self, now=NOW, up=True):
        """What is published now: commands, as the counter reads them."""
        return [signed.read(message.body, self.keys) for message in self.post.look(now, up=up)]

    def answer(self, id, outcome="DONE", code="", kind="lockout"):
        self.events.append(feed.CommandAnswered(mono_ms=1, command=id, kind=kind, outcome=outcome, code=code))
        body = self.make.chain(self.events)[-1]
        outcome = ingest(self.store, [(f"counters/{COUNTER}/events", body)], RECEIVED)
        assert not outcome.dead

    def shown(self, now=NOW):
        return query.commands(self.store.db, now)

    def states(self, now=NOW):
        return [each.state for each in self.shown(now)]


@pytest.fixture
def centre(place, tmp_path, make):
    key = make_key(tmp_path / "command.key")
    made = Centre(place, tmp_path, key, make)
    yield made
    made.store.close()


def test_a_command_is_signed_for_its_counter_and_checked_by_it(centre):
    (id,) = centre.issue()
    (message,) = centre.post.look(NOW, up=True)
    assert message.topic == f"counters/{COUNTER}/commands"
    assert (message.expiry_s, message.retain) == (86_400, False)
    found = signed.check(message.body, keys=centre.keys, counter=COUNTER, wall=NOW, floor=0, seen=())
    assert (found.id, found.kind, found.issued, found.expires) == (id, "lockout", NOW, NOW + 86_400)
    assert [(each.issued_by, each.state, each.times) for each in centre.shown()] == [("op", "SENT", 1)]


def test_asking_twice_under_one_id_is_asking_once(centre):
    name = "0" * 26
    assert centre.issue(id=name) == centre.issue(id=name, now=NOW + 5) == (name,)


def test_it_is_published_again_until_it_is_answered(centre):
    (id,) = centre.issue()
    assert len(centre.look()) == 1
    assert centre.look(NOW + AGAIN_S[0] - 1) == []
    assert [each.id for each in centre.look(NOW + AGAIN_S[0])] == [id]
    centre.answer(id)
    assert centre.look(NOW + 86_000) == []
    assert centre.states(NOW + 90_000) == ["DONE"]


def test_it_is_never_published_after_it_has_expired(centre):
    centre.issue(expires_s=30)
    assert centre.look(NOW + 30, up=True) == []
    assert centre.states(NOW + 30) == ["EXPIRED"]


def test_without_a_broker_nothing_counts_as_published(centre):
    centre.issue()
    assert centre.look(up=False) == []
    assert centre.states() == ["PENDING"]
    assert len(centre.look()) == 1


def test_a_counter_that_comes_online_is_told_at_once_what_it_missed(centre):
    (open_one,) = centre.issue()
    (done,) = centre.issue()
    centre.look()
    centre.answer(done)
    body = msgspec.json.encode(feed.Presence(online=True))
    with centre.store.transaction() as db:
        heard = "2027-01-15T08:00:02Z"  # two seconds after NOW
        assert note(db, f"counters/{COUNTER}/presence", body, heard)
        assert note(db, "counters/T-002/presence", body, heard)
    assert [each.id for each in centre.look(NOW + 2)] == [open_one]


def test_answers_are_made_again_from_the_events(centre):
    (id,) = centre.issue()
    centre.answer(id, "REFUSED", "UNKNOWN_TRAY")
    before = centre.shown()
    with centre.store.transaction() as db:
        projecting.rebuild(db)
    assert centre.shown() == before
    assert before[0].answer.code == "UNKNOWN_TRAY"


INVALID = [
    pytest.param({"kind": "shell"}, "no kind of command", id="unknown kind"),
    pytest.param({"counter": "a/b"}, "no counter's id", id="a topic as a counter"),
    pytest.param({"body": msgspec.Raw(b'{"reason":1}')}, "body", id="wrong type"),
    pytest.param({"body": msgspec.Raw(b"[")}, "body", id="no JSON"),
    pytest.param({"body": msgspec.Raw(b'{"reason":"a\\u202eb"}')}, "control character", id="bidi"),
    pytest.param({"expires_s": 32 * 86_400}, "a command lives", id="too long"),
    pytest.param({"text": "a"}, "takes a body", id="text of no document"),
    pytest.param(
        {"kind": "roster", "body": msgspec.Raw(b"null")}, "needs its text", id="document without text"
    ),
]


@pytest.mark.parametrize(("changes", "why"), INVALID)
def test_what_can_be_no_command_is_not_issued(centre, changes, why):
    with pytest.raises(Invalid, match=why):
        centre.issue(**changes)
    assert centre.shown() == []


# --- documents --------------------------------------------------------------------------------------
TEXT = "".join(f"SX-{n:04d},示例,{n}\n" for n in range(500))
LATER = TEXT.replace("SX-0007,示例,7\n", "SX-0007,示例,8\n")


def sent_text(commands, held=()):
    """The text that these commands carry to a counter that holds ``held``."""
    bodies = [signed.body_of(command) for command in commands]
    return documents.joined(bodies, {documents.digest(text): text for text in held}.get)


def test_a_document_goes_whole_first_and_then_as_what_changed(centre):
    (first,) = centre.issue("catalogue", text=TEXT)
    sent = centre.look()
    assert sent_text(sent) == TEXT
    centre.answer(first, kind="catalogue")
    centre.issue("catalogue", text=LATER, now=NOW + 1)
    later = centre.look(NOW + 1)
    assert sent_text(later, [TEXT]) == LATER
    assert len(later[0].body) < 600 < len(sent[0].body)
    assert json.loads(bytes(centre.shown()[0].body))["data"] == ""


def test_a_delta_whose_base_is_unknown_is_followed_by_a_snapshot_once(centre):
    (first,) = centre.issue("catalogue", text=TEXT)
    centre.look()
    centre.answer(first, kind="catalogue")
    (delta,) = centre.issue("catalogue", text=LATER, now=NOW + 1)
    centre.look(NOW + 1)
    centre.answer(delta, "REFUSED", "BASE_UNKNOWN", kind="catalogue")
    followed = centre.look(NOW + 2)
    assert sent_text(followed) == LATER
    assert followed[0].expires == NOW + 1 + 86_400
    assert centre.look(NOW + 3) == []
    assert centre.shown(NOW + 3)[0].issued_by == "centre"


def test_no_snapshot_follows_where_a_later_document_is_on_its_way(centre):
    (first,) = centre.issue("catalogue", text=TEXT, id=f"{1:026d}")
    centre.answer(first, kind="catalogue")
    (delta,) = centre.issue("catalogue", text=LATER, now=NOW + 1, id=f"{2:026d}")
    centre.issue("catalogue", text=TEXT + "x\n", now=NOW + 2, id=f"{3:026d}")
    centre.look(NOW + 2)
    centre.answer(delta, "REFUSED", "BASE_UNKNOWN", kind="catalogue")
    assert centre.look(NOW + 3) == []


def test_a_large_document_is_one_request_of_several_commands(centre):
    text = "\n".join(token_bytes(60).hex() for _ in range(1500))
    ids = centre.issue("roster", text=text)
    assert len(ids) > 2
    sent = centre.look()
    assert sent_text(sent) == text
    assert [each.id for each in query.request(centre.store.db, ids[0], NOW)] == sorted(ids)


# --- a range that is missing ------------------------------------------------------------------------
def test_a_missing_range_is_asked_for_once_while_that_is_open(centre):
    assert centre.post.ask_again(COUNTER, "a1", 3, 9, NOW)
    assert centre.post.ask_again(COUNTER, "a1", 3, 9, NOW + 60) is None
    assert centre.post.ask_again(COUNTER, "a1", 3, 8, NOW + 60)
    assert centre.post.ask_again(COUNTER, "a1", 3, 9, NOW + 3601)
    first = centre.look(NOW + 1)[0]
    assert signed.body_of(first) == Resend(inc="a1", first=3, last=9)


def test_without_a_key_nothing_is_asked_for_and_nothing_breaks(centre, tmp_path):
    (tmp_path / "command.key").unlink()
    assert centre.post.ask_again(COUNTER, "a1", 3, 9, NOW) is None
    assert centre.look() == []


# --- handing in -------------------------------------------------------------------------------------
def handed(number=1, **changes):
    body = msgspec.Raw(b'{"reason":"x"}')
    values = {"id": f"{number:026d}", "counter": COUNTER, "kind": "resume", "body": body, "by": "console:x"}
    return Request(**(values | changes))


def test_what_is_handed_in_is_issued_and_its_file_goes(centre):
    path = spool.hand_in(centre.spool, handed())
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(centre.spool.stat().st_mode) == 0o700
    assert [each.id for each in centre.look()] == [f"{1:026d}"]
    assert list(centre.spool.iterdir()) == []


def test_a_document_is_handed_in_with_its_text(centre):
    spool.hand_in(centre.spool, Request(id=f"{1:026d}", counter=COUNTER, kind="catalogue", text=TEXT))
    assert sent_text(centre.look()) == TEXT


def test_a_crash_before_the_file_went_issues_nothing_twice(centre):
    path = spool.hand_in(centre.spool, handed())
    kept = path.read_bytes()
    centre.look()
    path.write_bytes(kept)
    assert centre.look() == []
    assert len(centre.shown()) == 1


def test_what_can_be_no_command_is_set_aside_and_blocks_nothing(centre):
    spool.hand_in(centre.spool, handed(1, kind="shell"))
    (centre.spool / "0000.json").write_text("{")
    spool.hand_in(centre.spool, handed(2))
    assert [each.id for each in centre.look()] == [f"{2:026d}"]
    assert sorted(path.suffix for path in centre.spool.iterdir()) == [".refused", ".refused"]


# --- the key ----------------------------------------------------------------------------------------
def test_a_key_is_made_once_and_is_its_owners_alone(tmp_path):
    path = tmp_path / "a" / "command.key"
    with pytest.raises(NoInput, match="counter-central keys"):
        read_key(path)
    key = make_key(path)
    assert read_key(path).private_bytes_raw() == key.private_bytes_raw()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with pytest.raises(CannotCreate):
        make_key(path)
    path.chmod(0o640)
    with pytest.raises(ConfigError, match="others may read it"):
        read_key(path)
    path.chmod(0o600)
    path.write_text("short")
    with pytest.raises(ConfigError, match="no signing key"):
        read_key(path)


def test_ids_sort_by_time():
    ids = [ulid(ms, token_bytes(10)) for ms in (1, 2, 10**12, 2 * 10**12)]
    assert ids == sorted(ids)
    assert {len(id) for id in ids} == {26}


# --- the command line -------------------------------------------------------------------------------
def run(tmp_path, capsys, *arguments):
    code = cli.main([arguments[0], "--dir", str(tmp_path), *arguments[1:]])
    return code, capsys.readouterr()


WRONG = [
    (["command", "shell", "--counter", "T-001"], 2),
    (["command", "resume"], 2),
    (["command", "resume", "--counter", "T-001", "--tray", "1-01", "--reason", "x"], 2),
    (["command", "resume", "--counter", "T-001", "--body", "{}"], 65),
    (["command", "resume", "--counter", "T-001", "--reason", "x", "--expires", "soon"], 2),
    (["command", "catalogue", "--counter", "T-001"], 2),
    (["command", "catalogue", "--counter", "T-001", "--file", "/nonexistent"], 66),
    (["command", "config", "--counter", "T-001", "--value", "policy"], 2),
]


@pytest.mark.parametrize(("arguments", "code"), WRONG)
def test_a_wrong_order_is_refused_at_the_desk(tmp_path, capsys, arguments, code):
    make_key(tmp_path / "command.key")
    found, out = run(tmp_path, capsys, *arguments)
    assert (found, bool(out.err)) == (code, True)
    assert not (tmp_path / "command.spool").exists()


def test_without_a_key_the_command_line_says_how_to_make_one(tmp_path, capsys):
    code, out = run(tmp_path, capsys, "command", "resume", "--counter", "T-001", "--reason", "x")
    assert (code, "counter-central keys" in out.err) == (66, True)


@pytest.mark.processes
def test_from_the_command_line_to_the_inbox_and_back(rig, until, tmp_path, capsys, signer):
    with open(tmp_path / "command.key", "wb", opener=lambda p, f: os.open(p, f, 0o600)) as file:
        file.write(base64.urlsafe_b64encode(signer.key.private_bytes_raw()))
    code, out = run(tmp_path, capsys, "keys", "--json")
    assert (code, json.loads(out.out)["key"]) == (0, signer.public)
    rig.start_centre()
    rig.start_bridge()
    rig.sell(1)
    until(lambda: rig.mark() == 1, "mark 1")
    code, out = run(tmp_path, capsys, "command", "lockout", "--counter", "T-001", "--reason", "示例")
    assert code == 0
    id = out.out.strip()

    def arrived():
        with closing(open_reader(tmp_path / "bridge.db")) as db:
            return [row[0] for row in looked(db).last]

    until(lambda: arrived() == [id], "the command in the inbox")
    answer = feed.CommandAnswered(mono_ms=1, command=id, kind="lockout", outcome="DONE")
    rig.ledger.record_fact(answer, id, Instant(time.monotonic(), datetime.now(UTC), "boot-1"))

    def shown():
        with closing(open_reader(tmp_path / "central.db")) as db:
            return [each.state for each in query.commands(db, int(time.time()))]

    until(lambda: shown() == ["DONE"], "the answer at the centre")


def test_an_unlock_lives_a_minute(centre):
    body = msgspec.Raw(msgspec.json.encode(Unlock(token="t", buyer="b")))
    centre.issue("unlock", body=body)
    (message,) = centre.post.look(NOW, up=True)
    assert message.expiry_s == 60
