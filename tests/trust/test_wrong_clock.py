"""A box whose clock is not set: it learns the time from the centre, and judges certificates by that."""

import secrets
import socket
import ssl
import threading
from contextlib import closing
from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from cloud_bridge import enrolment as said
from cloud_bridge import tls
from cloud_bridge.beside import leave_time
from cloud_bridge.central.trust.office import Office
from cloud_bridge.known_time import FRESH_S, LONGEST_ANSWER_S, KnownTime
from cloud_bridge.signed import key_id
from edge.clock import Clock, Machine
from edge.domain.values import Clk
from edge.errors import Unavailable
from edge.told_time import ToldWatch

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
KEY = Ed25519PrivateKey.generate()
KEYS = {key_id(KEY.public_key()): KEY.public_key()}


class Line:
    """A centre that tells NOW, and a monotonic clock that the test moves."""

    def __init__(self, key=KEY, told=NOW, takes=0.0, change=lambda answer: answer):
        self.at, self.asked, self.is_synced = 100.0, 0, False
        self._key, self._told, self._takes, self._change = key, told, takes, change
        self.time = KnownTime(KEYS, self.post, lambda: self.is_synced, lambda: self.at)

    def signed(self, nonce="0" * 32):
        seconds = int(self._told.timestamp())
        return said.SignedTime(
            nonce=nonce, time=seconds, signature=self._key.sign(said.time_text(nonce, seconds))
        )

    def post(self, path, body):
        assert path == said.TIME
        self.asked += 1
        self.at += self._takes
        nonce, seconds = msgspec.json.decode(body, type=said.AskTime).nonce, int(self._told.timestamp())
        signature = self._key.sign(said.time_text(nonce, seconds))
        return msgspec.json.encode(
            self._change(said.SignedTime(nonce=nonce, time=seconds, signature=signature))
        )


def engine_of(tmp_path, boot="boot-1", mono=130.0):
    """The engine's clock of a board that shows 1970, and what it takes over."""
    clock = Clock(boot, Machine(lambda: mono, lambda: datetime(1970, 1, 1, tzinfo=UTC), lambda: False))
    ToldWatch(tmp_path, KEYS, clock).look()
    return clock.now()


def test_the_engine_counts_on_from_what_the_bridge_was_told(tmp_path):
    line = Line()
    left = said.ToldTime(boot="boot-1", mono_ms=100_000, told=line.signed())
    leave_time(tmp_path, left)
    now = engine_of(tmp_path)
    assert (now.wall, now.clk) == (NOW + timedelta(seconds=30), Clk.HELD)


def test_what_the_bridge_was_told_is_left_with_the_monotonic_clock_of_then():
    kept = []
    line = Line(takes=1.0)
    line.time._keep = lambda told, mono: kept.append((told.time, mono))
    line.time.now()
    assert kept == [(int(NOW.timestamp()), 101.0)]


NOT_TAKEN = [
    pytest.param({"boot": "boot-0"}, KEY, id="of a boot that is over"),
    pytest.param({"mono_ms": 140_000}, KEY, id="of a moment that has not come"),
    pytest.param({}, Ed25519PrivateKey.generate(), id="signed by somebody else"),
]


@pytest.mark.parametrize(("changes", "key"), NOT_TAKEN)
def test_what_proves_nothing_is_not_taken_over(tmp_path, changes, key):
    told = {"boot": "boot-1", "mono_ms": 100_000, "told": Line(key).signed()} | changes
    leave_time(tmp_path, said.ToldTime(**told))
    assert engine_of(tmp_path).clk is Clk.UNSYNCED


@pytest.mark.parametrize("body", [b"", b"[" * 4000, b"{}", b"\xff"])
def test_a_file_that_is_no_time_is_passed_over(tmp_path, body):
    (tmp_path / said.TIME_FILE).write_bytes(body)
    assert engine_of(tmp_path).clk is Clk.UNSYNCED


def test_a_clock_that_is_right_is_believed_and_nobody_asked():
    line = Line()
    line.is_synced = True
    assert line.time.judge() is None
    assert line.asked == 0


def test_the_centre_is_asked_once_and_time_passes_by_the_monotonic_clock():
    line = Line()
    assert line.time.known() is None
    assert line.time.judge()() == NOW
    line.at += 90
    assert line.time.now() == line.time.known() == NOW + timedelta(seconds=90)
    assert line.asked == 1
    line.at += FRESH_S
    line.time.now()
    assert line.asked == 2


def replayed(answer):
    return msgspec.structs.replace(answer, nonce="0" * 32)


def later(answer):
    return msgspec.structs.replace(answer, time=answer.time + 1)


FALSE = [
    pytest.param(Line(key=Ed25519PrivateKey.generate()), "not our centre", id="another key"),
    pytest.param(Line(change=replayed), "not our centre", id="an old answer"),
    pytest.param(Line(change=later), "not our centre", id="altered"),
    pytest.param(Line(takes=LONGEST_ANSWER_S + 1), "old", id="held back"),
    pytest.param(Line(told=datetime(2020, 1, 1, tzinfo=UTC)), "old", id="before this program was made"),
]


@pytest.mark.parametrize(("line", "words"), FALSE)
def test_a_false_time_is_not_believed(line, words):
    with pytest.raises(Unavailable, match=words):
        line.time.now()
    assert line.time.known() is None


@pytest.fixture
def meet(tmp_path, people):
    """meet(when the authority and the server's certificate were made, told=…) → "" or why we hung up."""

    def meet(made, judge, ours=None):
        office = Office(tmp_path / secrets.token_hex(4), secrets.token_bytes)
        office.make(made)
        server, mine = office.server(["localhost"], made), office.worker("centre-1", made)
        for name, papers in (("s", server), ("c", mine)):
            (office.place / f"{name}.crt").write_bytes(papers.certificate)
            (office.place / f"{name}.key").write_bytes(papers.key)
            (office.place / f"{name}.key").chmod(0o600)
        pinned = (ours or office).place / "ca.crt"
        files = tls.Tls(pinned, office.place / "c.crt", office.place / "c.key")
        theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        theirs.load_cert_chain(str(office.place / "s.crt"), str(office.place / "s.key"))
        return shaken(theirs, tls.context(files, judge))

    return meet


def shaken(theirs, context):
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        with closing(listener.accept()[0]) as line:
            try:
                theirs.wrap_socket(line, server_side=True).close()
            except (ssl.SSLError, OSError):
                line.close()

    serving = threading.Thread(target=serve)
    serving.start()
    try:
        with socket.create_connection(listener.getsockname()) as line:
            context.wrap_socket(line, server_hostname="localhost").close()
        return ""
    except ssl.SSLError as error:
        return tls.why(error)
    finally:
        serving.join(5)
        listener.close()


LONG_AGO, FAR_OFF = datetime(2000, 6, 1, tzinfo=UTC), datetime(2040, 6, 1, tzinfo=UTC)


@pytest.mark.parametrize("made", [LONG_AGO, FAR_OFF], ids=["2000", "2040"])
def test_by_the_centres_time_certificates_of_that_year_are_good_whatever_our_clock_says(meet, made):
    by_machine = meet(made, None)
    assert "expired" in by_machine or "not valid yet" in by_machine
    assert meet(made, lambda: made + timedelta(days=30)) == ""


@pytest.mark.parametrize(
    ("days", "words"), [(-2, "not valid yet"), (900, "has expired"), (4000, "has expired")]
)
def test_dates_are_still_judged(meet, people, days, words):
    assert words in meet(people.now(), lambda: people.now() + timedelta(days=days))


def test_without_a_time_from_the_centre_nobody_is_believed_and_it_is_said_why(meet, people):
    line = Line(key=Ed25519PrivateKey.generate())
    assert "the clock is not set" in meet(people.now(), line.time.now)


def test_another_authority_is_refused_with_a_wrong_clock_too(meet, people, office):
    assert "not of our authority" in meet(LONG_AGO, lambda: LONG_AGO + timedelta(days=1), ours=office)
