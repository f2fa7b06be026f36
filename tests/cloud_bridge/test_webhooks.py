"""Webhooks: in order, at least once, signed as a library verifies it, to receivers of every temper."""

import json
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from random import Random
from types import SimpleNamespace

import pytest
from standardwebhooks import Webhook, WebhookVerificationError
from structlog.testing import capture_logs

from cloud_bridge import feed
from cloud_bridge.central import hook_rules, hook_signing
from cloud_bridge.central.access_tables import open_access
from cloud_bridge.central.cli import main
from cloud_bridge.central.hook_post import BadTarget, NotReached, Target, checked, is_allowed, post
from cloud_bridge.central.hook_rules import GIVE_UP_S, TRIES, Step, Tried, step
from cloud_bridge.central.hook_sender import Sender, alone
from cloud_bridge.central.hook_store import Hooks
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.outward import reader_of
from cloud_bridge.central.store import Store
from edge.errors import Busy

RECEIVED = "2026-11-24T06:02:00.000Z"
SECRET = hook_signing.secret_text(bytes(range(32)))


class Receiver:
    """An ERP of ours: verifies, remembers in order, and behaves as its script says; then it is well.

    A step of the script: a status, ``drop`` (hangs up), ``hang`` (never answers), ``garbage``, ``drip`` (a
    byte now and then) or ``elsewhere`` (a redirect). refuses: numbers for which it answers 422.
    """

    def __init__(self, script=(), refuses=()):
        self.script, self.refuses = list(script), set(refuses)
        self.taken, self.ids, self.asked, self.release = [], [], 0, threading.Event()
        receiver = self

        class Desk(BaseHTTPRequestHandler):
            def do_POST(self):
                receiver.answer(self)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
        self.server.handle_error = lambda *_: None
        self.url = f"http://127.0.0.1:{self.server.server_port}/hook?to=erp"
        threading.Thread(
            target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
        ).start()

    def answer(self, desk):
        self.asked += 1
        body = desk.rfile.read(int(desk.headers["content-length"]))
        message = Webhook(SECRET).verify(body, dict(desk.headers.items()))
        numbers = [each["number"] for each in message["data"]]
        behaviour = self.script.pop(0) if self.script else 200
        if behaviour in ("hang", "drop", "garbage", "drip"):
            self.misbehave(desk, behaviour)
            return
        status = 307 if behaviour == "elsewhere" else behaviour
        if self.refuses & set(numbers):
            status = 422
        if status == 200:
            self.taken += numbers
            self.ids.append(desk.headers["webhook-id"])
        desk.send_response(status)
        if status == 307:
            desk.send_header("location", self.url)
        desk.send_header("content-length", "0")
        desk.end_headers()

    def misbehave(self, desk, how):
        if how == "garbage":
            desk.wfile.write(b"SSH-2.0-OpenSSH_9.9\r\n\r\n")
        while how == "drip" and not self.release.wait(0.05):
            desk.wfile.write(b"x")
        if how == "hang":
            self.release.wait(5)
        desk.close_connection = True

    def close(self):
        self.release.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def receivers():
    made = []

    def receiver(**behaviour):
        made.append(Receiver(**behaviour))
        return made[-1]

    yield receiver
    for each in made:
        each.close()


class Centre:
    """A store with events, its file of webhooks, and a sender whose clock the test turns."""

    def __init__(self, directory, make):
        self.directory, self.make = directory, make
        self.store = Store(directory / "central.db")
        self.count = 0
        self.put(7)
        self.hooks = Hooks(directory / "webhooks.db")
        (directory / "secret").write_text(SECRET + "\n")
        self.pool = ThreadPoolExecutor(4)
        self.wall_s, self.now = time.time, 0.0
        self.restart()

    def restart(self):
        """As after a kill: what the sender had not written down is forgotten."""
        self.sender = Sender(
            self.hooks,
            reader_of(self.directory / "central.db"),
            self.pool,
            Random(7),
            post=partial(post, timeout_s=0.4),
            wall_s=lambda: self.wall_s(),
        )

    def put(self, more):
        self.count += more
        bodies = self.make.sales(self.count)
        ingest(self.store, [(f"counters/{self.make.COUNTER}/events", body) for body in bodies], RECEIVED)

    def add(self, url, *more):
        line = ["webhook", "add", url, "--secret-file", str(self.directory / "secret"), "--from-start"]
        assert main([*line, "--allow-private", *more, "--dir", str(self.directory)]) == 0
        return self.hooks.all()[-1].id

    def turn(self):
        """One step, an hour later than the last: no pause is longer."""
        self.now += 3600.0
        self.sender.turn(self.now)
        while self.sender.is_busy():
            time.sleep(0.005)
            self.sender.turn(self.now)

    def until(self, true):
        for _ in range(200):
            if true():
                return
            self.turn()
        raise AssertionError("did not come true in 200 turns")

    def close(self):
        self.pool.shutdown()
        self.hooks.close()
        self.store.close()


@pytest.fixture
def centre(tmp_path, make):
    made = Centre(tmp_path, make)
    yield made
    made.close()


# --- signatures -------------------------------------------------------------------------------------
def test_two_secrets_sign_side_by_side_and_each_is_verified_by_the_library():
    texts = [hook_signing.secret_text(bytes([n]) * 24) for n in (1, 2)]
    secrets = hook_signing.secrets_in("\n".join(["# new one first", *texts]))
    headers = hook_signing.headers(secrets, "msg_1", int(time.time()), b'{"a":1}')
    for text in texts:
        assert Webhook(text).verify(b'{"a":1}', dict(headers)) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(texts[0]).verify(b'{"a":2}', dict(headers))


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_!!!!", "whsec_" + "QUFB" * 4, "QUFB" * 40, "\n".join(["a"] * 4)]
)
def test_what_is_no_secret_is_refused_without_being_shown(text):
    with pytest.raises(hook_signing.BadSecret) as error:
        hook_signing.secrets_in(text)
    assert "QUFB" not in str(error.value)


# --- where nothing is sent -----------------------------------------------------------------------------
ADDRESSES = [
    ("93.184.215.14", True, True),
    ("2606:2800:21f:cb07::1", True, True),
    ("10.1.2.3", False, True),
    ("192.168.1.1", False, True),
    ("127.0.0.1", False, True),
    ("::1", False, True),
    ("fd00::1", False, True),
    ("::ffff:10.0.0.1", False, True),
    ("64:ff9b::a00:1", False, True),
    ("2002:a00:1::1", False, True),
    ("169.254.169.254", False, False),
    ("::ffff:169.254.169.254", False, False),
    ("fe80::1", False, False),
    ("0.0.0.0", False, False),
    ("::", False, False),
    ("224.0.0.1", False, False),
    ("255.255.255.255", False, True),
]


@pytest.mark.parametrize(("text", "public", "private"), ADDRESSES, ids=[each[0] for each in ADDRESSES])
def test_addresses_that_are_called(text, public, private):
    assert (is_allowed(ip_address(text), False), is_allowed(ip_address(text), True)) == (public, private)


TARGETS = [
    "http://erp.example/",
    "ftp://erp.example/",
    "https:///hook",
    "https://user:word@erp.example/",
    "https://erp.example/#part",
    "https://erp.example/a b",
    "https://erp.example/\r\nX-Header: 1",
    "https://erp.example:99999/",
    "https://例.example/",
    "file:///etc/passwd",
]


@pytest.mark.parametrize("url", TARGETS)
def test_a_url_that_is_not_called_is_refused_when_it_is_added(url, centre, capsys):
    with pytest.raises(BadTarget):
        checked(Target(url))
    secret = str(centre.directory / "secret")
    assert main(["webhook", "add", url, "--secret-file", secret, "--dir", str(centre.directory)]) == 2
    assert "URL" in capsys.readouterr().err


def test_a_private_address_is_not_called_unless_it_is_allowed(receivers):
    receiver = receivers()
    with pytest.raises(BadTarget, match="127"):
        post(Target(receiver.url.replace("http:", "https:")), {}, b"{}")
    assert receiver.asked == 0


def test_a_line_that_never_ends_is_left(receivers):
    """The byte that comes now and then does not begin the time-out anew."""
    drip = receivers(script=["drip"])
    headers = hook_signing.headers(hook_signing.secrets_in(SECRET), "m", int(time.time()), b'{"data":[]}')
    with pytest.raises(NotReached):
        post(Target(drip.url, allow_private=True), headers, b'{"data":[]}', timeout_s=0.3)


def test_a_head_that_never_ends_is_left():
    with closing(socket.create_server(("127.0.0.1", 0))) as server:

        def flood():
            line, _ = server.accept()
            with closing(line):
                line.recv(65536)
                line.sendall(b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 10_000)

        flooding = threading.Thread(target=flood)
        flooding.start()
        with pytest.raises(NotReached, match="more than"):
            post(Target(f"http://127.0.0.1:{server.getsockname()[1]}/", allow_private=True), {}, b"{}")
        flooding.join()


# --- what an answer means ---------------------------------------------------------------------------------
STEPS = [
    (Tried(200, 3, 0, 0), Step.DELIVERED),
    (Tried(204, 1, 0, 9e9), Step.DELIVERED),
    (Tried(500, 3, 0, 60), Step.AGAIN),
    (Tried(302, 1, 0, 60), Step.AGAIN),
    (Tried(429, 1, 99, 60), Step.AGAIN),
    (Tried(None, 1, 0, 60), Step.AGAIN),
    (Tried(None, 1, 0, GIVE_UP_S), Step.DISABLED),
    (Tried(422, 3, 1, 0), Step.APART),
    (Tried(422, 1, TRIES - 1, 0), Step.AGAIN),
    (Tried(422, 1, TRIES, 0), Step.ASIDE),
    (Tried(410, 3, 0, 0), Step.DISABLED),
]


@pytest.mark.parametrize(("tried", "wanted"), STEPS)
def test_an_answer_leads_to_a_step(tried, wanted):
    assert step(tried) is wanted


def test_pauses_double_are_jittered_and_end_at_an_hour():
    pauses = [hook_rules.wait_s(n, None, Random(n)) for n in range(1, 40)]
    assert all(2.0 ** min(n, 11) / 2 <= pause <= 3600 for n, pause in enumerate(pauses, start=1))
    assert len(set(pauses)) == len(pauses)
    assert hook_rules.wait_s(1, 120, Random(1)) == 120
    assert hook_rules.wait_s(1, 9_999_999, Random(1)) == 3600


# --- deliveries -----------------------------------------------------------------------------------
SCRIPTS = [
    [],
    [500, 503, "drop", "hang", 200, "garbage", 429, "drip", "elsewhere", 500],
    *([Random(seed).choice([200, 500, "drop", "garbage", 302, 408]) for _ in range(9)] for seed in range(3)),
]


@pytest.mark.parametrize("script", SCRIPTS, ids=[str(n) for n in range(len(SCRIPTS))])
def test_whatever_the_receiver_does_each_event_arrives_in_order(centre, receivers, script):
    receiver = receivers(script=script)
    centre.add(receiver.url)
    for _ in range(4):
        centre.turn()
        centre.put(3)
    centre.until(lambda: len(receiver.taken) == 19)
    assert receiver.taken == list(range(1, 20))
    assert centre.hooks.all()[0].cursor == 19


def test_a_message_that_arrived_before_a_kill_comes_again_under_the_same_id(centre, receivers):
    receiver = receivers()
    centre.add(receiver.url)
    centre.sender.turn(0.0)
    centre.pool.shutdown()  # it arrived, and nobody wrote that down
    centre.pool = ThreadPoolExecutor(4)
    centre.restart()
    centre.turn()
    assert receiver.taken == [*range(1, 8), *range(1, 8)]
    assert receiver.ids[0] == receiver.ids[1]


def test_one_event_that_is_refused_is_set_aside_alone_and_sent_again_when_asked(centre, receivers):
    receiver = receivers(refuses={3})
    id = centre.add(receiver.url)
    with capture_logs() as logs:
        centre.until(lambda: len(receiver.taken) == 6)
    assert receiver.taken == [1, 2, 4, 5, 6, 7]
    assert [letter.number for letter in centre.hooks.dead(id)] == [3]
    assert next(line for line in logs if line.get("alarm"))["event"] == "webhook_dead_letter"
    receiver.refuses = set()
    assert main(["webhook", "replay", id, "--dead", "--dir", str(centre.directory)]) == 0
    centre.turn()
    assert (receiver.taken[-1], centre.hooks.dead(id), centre.hooks.again(id)) == (3, [], [])
    assert len(set(receiver.ids)) == len(receiver.ids)


def test_a_receiver_away_for_days_is_disabled_with_an_alarm_and_loses_nothing(centre, receivers, capsys):
    receiver = receivers(script=[503] * 4)
    id = centre.add(receiver.url)
    centre.turn()
    later = time.time() + GIVE_UP_S + 1
    centre.wall_s = lambda: later  # the receiver's own clock would refuse the stamp; it answers 503 first
    receiver.answer = lambda desk: (desk.send_response(503), desk.end_headers())
    with capture_logs() as logs:
        centre.turn()
    assert [line["event"] for line in logs if line.get("alarm")] == ["webhook_disabled"]
    centre.turn()
    assert main(["webhook", "list", "--json", "--dir", str(centre.directory)]) == 1
    (told,) = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (told["subscription"]["state"], told["waiting"]) == ("DISABLED", 7)
    del receiver.answer
    receiver.script, centre.wall_s = [], time.time
    assert main(["webhook", "replay", id, "--dir", str(centre.directory)]) == 0
    centre.until(lambda: receiver.taken == list(range(1, 8)))


def test_a_slow_receiver_holds_up_nobody_else(centre, receivers):
    slow, quick = receivers(script=["hang"]), receivers()
    centre.add(slow.url)
    centre.add(quick.url)
    centre.sender.turn(0.0)
    while not quick.taken:
        time.sleep(0.005)
    assert (quick.taken, slow.taken) == (list(range(1, 8)), [])
    centre.sender.finish()


def test_a_subscription_gets_what_it_asked_for_and_its_cursor_passes_the_rest(centre, receivers):
    receiver = receivers()
    alarm = feed.AlarmRaised(mono_ms=1, kind="DOOR_OPEN", subject="1", severity="MAJOR")
    (body,) = centre.make.chain([alarm], counter="T-002", inc="b" * 16)
    ingest(centre.store, [("counters/T-002/events", body)], RECEIVED)
    centre.add(receiver.url, "--types", "alarm.raised.v1,alarm.cleared.v1")
    centre.add(receiver.url, "--counter", "T-003")
    centre.turn()
    assert receiver.taken == [8]
    centre.turn()
    assert [each.cursor for each in centre.hooks.all()] == [8, 8]


def test_everything_from_a_number_on_is_sent_again_under_new_ids(centre, receivers):
    receiver = receivers()
    id = centre.add(receiver.url)
    centre.turn()
    assert main(["webhook", "replay", id, "--from", "6", "--dir", str(centre.directory)]) == 0
    centre.turn()
    assert receiver.taken == [1, 2, 3, 4, 5, 6, 7, 6, 7]
    assert len(set(receiver.ids)) == 2


def test_a_secret_that_is_gone_stops_its_receiver_with_a_reason(centre, receivers):
    receiver = receivers()
    centre.add(receiver.url)
    (centre.directory / "secret").unlink()
    centre.turn()
    (to,) = centre.hooks.all()
    assert (receiver.asked, to.cursor, to.failures) == (0, 0, 1)
    assert "secret file" in to.why


# --- the commands -------------------------------------------------------------------------------------------
def test_a_receiver_is_tried_before_it_is_trusted(centre, receivers, capsys):
    receiver = receivers(script=[500])
    id = centre.add(receiver.url)
    line = ["webhook", "test", id, "--dir", str(centre.directory)]
    assert main(line) == 69
    assert "HTTP 500" in capsys.readouterr().err
    assert main(line) == 0
    assert "HTTP 200" in capsys.readouterr().out
    assert main(["webhook", "remove", id, "--dir", str(centre.directory)]) == 0
    assert main(line) == 66


def test_a_secret_is_made_where_there_is_none_for_its_owner_alone(centre, receivers):
    made = centre.directory / "new-secret"
    line = ["webhook", "add", receivers().url, "--secret-file", str(made), "--allow-private"]
    assert main([*line, "--dir", str(centre.directory)]) == 0
    assert len(hook_signing.secrets_in(made.read_text())[0]) == 32
    assert made.stat().st_mode & 0o777 == 0o600
    assert SECRET not in (centre.directory / "webhooks.db").read_bytes().decode("latin-1")
    assert (centre.directory / "webhooks.db").stat().st_mode & 0o777 == 0o600
    assert centre.hooks.all()[0].cursor == 7


def test_who_changed_receivers_is_in_the_audit_trail_without_the_urls_secrets(centre, receivers, tmp_path):
    at = str(centre.directory)
    url = "https://erp.example/events?key=abc123"
    secret = str(tmp_path / "erp.secret")
    before = [each.id for each in centre.hooks.all()]
    assert main(["webhook", "add", url, "--dir", at, "--secret-file", secret]) == 0
    (made,) = [each for each in centre.hooks.all() if each.id not in before]
    for act in (["replay", made.id, "--from", "1"], ["remove", made.id]):
        assert main(["webhook", act[0], "--dir", at, *act[1:]]) == 0
    with closing(open_access(centre.directory / "central.db")) as db:
        rows = db.execute("select what, subject, detail from trail order by n").fetchall()
    assert [tuple(row) for row in rows] == [
        ("webhook_add", made.id, "erp.example"),
        ("webhook_replay", made.id, "dead: False, from: 1"),
        ("webhook_remove", made.id, ""),
    ]


def test_two_senders_never_send_from_one_file(tmp_path):
    path = Path(tmp_path) / "webhooks.db"
    with alone(path), pytest.raises(Busy), alone(path):
        pass


@pytest.mark.processes
def test_the_process_sends_while_the_centre_takes_in_and_ends_when_told(centre, receivers, until):
    receiver = receivers()
    centre.add(receiver.url)
    line = [sys.executable, "-m", "cloud_bridge.central", "webhooks", "--dir", str(centre.directory)]
    process = subprocess.Popen(line, stderr=subprocess.PIPE)
    try:
        until(lambda: len(receiver.taken) == 7, "first events")
        centre.put(3)
        until(lambda: len(receiver.taken) == 10, "later events")
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=10)
        assert (process.returncode, receiver.taken) == (0, list(range(1, 11))), err
    finally:
        process.kill()
        process.wait()


def test_the_wanted_shape_of_a_message(centre, receivers):
    """What docs/outward.md says a receiver gets."""
    seen = SimpleNamespace(body=b"")
    receiver = receivers()
    usual = receiver.answer

    def answer(desk):
        seen.type = desk.headers["content-type"]
        usual(desk)

    receiver.answer = answer
    centre.add(receiver.url)
    centre.turn()
    assert seen.type == "application/json"
    assert receiver.ids == [f"msg_{centre.hooks.all()[0].id}_0_1_7"]
