"""mosquitto on our own files: who gets in, who may say and hear what, and how fast one is thrown out."""

import secrets
import shutil
import socket
import ssl

import pytest

from cloud_bridge.central.trust import cut
from cloud_bridge.central.trust.office import Office

pytestmark = pytest.mark.processes

ALLOWED, NOBODY_LISTENS, DENIED = 0x00, 0x10, 0x87
UP = ("events", "presence", "live", "health")
DOWN = ("acks", "commands")


@pytest.fixture
def let_in(broker, people, tmp_path):
    """let_in(name) → a connected counter; let_in(worker=name) → a connected worker."""

    def let_in(name="", *, worker="", asks_for="x"):
        papers = (
            broker.office.worker(worker, people.now()) if worker else people.enrolled(broker.office, name)
        )
        client = broker.client(papers, tmp_path, name=asks_for)
        assert client.is_up, client.why
        return client

    return let_in


@pytest.mark.parametrize("leaf", UP)
def test_a_counter_may_say_this_under_its_own_name_alone(let_in, leaf):
    counter = let_in("U-1")
    assert counter.publish(f"counters/U-1/{leaf}") in (ALLOWED, NOBODY_LISTENS)
    assert counter.publish(f"counters/U-2/{leaf}") == DENIED


FORBIDDEN = [
    "counters/U-3/acks",
    "counters/U-3/commands",
    "counters/U-4/acks",
    "counters/U-4/commands",
    "counters/U-3/events/more",
    "counters/U-3",
    "counters/centre-1/events",
    "centre/state",
    "anything/else",
    "$SYS/broker/clients/connected",
]


@pytest.mark.parametrize("topic", FORBIDDEN)
def test_a_counter_may_say_nothing_else(let_in, topic):
    assert let_in("U-3").publish(topic) == DENIED


def test_a_counter_hears_its_own_acks_and_commands_and_the_centre_and_nothing_else(let_in):
    worker, counter, other = let_in(worker="centre-1"), let_in("H-1"), let_in("H-2")
    for topic in ("#", "+/+/+", "counters/+/commands", "counters/H-2/acks", "$share/g/counters/+/events"):
        counter.subscribe(topic)
    for name in ("H-2", "H-1"):
        for leaf in DOWN:
            assert worker.publish(f"counters/{name}/{leaf}") in (ALLOWED, NOBODY_LISTENS)
    assert other.publish("counters/H-2/events") in (ALLOWED, NOBODY_LISTENS)
    assert other.publish("counters/H-2/live") in (ALLOWED, NOBODY_LISTENS)
    assert worker.publish("centre/state", b"the last word") in (ALLOWED, NOBODY_LISTENS)
    heard, last = set(), b""
    while last != b"the last word":
        topic, last = counter.wait("heard")
        heard.add(topic)
    assert heard == {"counters/H-1/acks", "counters/H-1/commands", "centre/state"}


@pytest.mark.parametrize("name", ["centre-1", "centre-2"])
def test_each_worker_hears_all_counters_and_answers_them(let_in, name):
    worker, counter = let_in(worker=name), let_in(f"W-{name[-1]}")
    for leaf in UP:
        worker.subscribe(f"$share/{name}/counters/+/{leaf}")
    for leaf in UP:
        assert counter.publish(f"counters/W-{name[-1]}/{leaf}") == ALLOWED
        assert worker.wait("heard")[0] == f"counters/W-{name[-1]}/{leaf}"
    for leaf in DOWN:
        assert worker.publish(f"counters/W-{name[-1]}/{leaf}") in (ALLOWED, NOBODY_LISTENS)
    for topic in ("counters/W-1/events", "anything/else"):
        assert worker.publish(topic) == DENIED


def test_a_worker_that_no_line_names_may_nothing(let_in):
    stranger = let_in(worker="centre-9")
    assert stranger.publish("counters/U-1/acks") == DENIED
    assert stranger.publish("centre/state") == DENIED


def test_nobody_takes_another_ones_place_by_its_client_id(let_in, broker):
    honest = let_in("T-1")
    thief = let_in("T-2", asks_for="T-1")
    assert thief.is_up
    assert honest.publish("counters/T-1/events") in (ALLOWED, NOBODY_LISTENS)
    assert "already connected" not in (broker.place / "log").read_text().partition("as T-1")[2]


def test_without_a_certificate_nobody_is_let_in(broker):
    context = ssl.create_default_context(cafile=str(broker.office.place / "ca.crt"))
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with (
        socket.create_connection(("localhost", broker.port)) as line,
        pytest.raises(ssl.SSLError, match=r"(?i)handshake.failure"),
    ):
        context.wrap_socket(line, server_hostname="localhost")


def test_tls_older_than_1_2_is_refused(broker):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(str(broker.office.place / "ca.crt"))
    context.set_ciphers("DEFAULT@SECLEVEL=0")
    with pytest.deprecated_call():
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("localhost", broker.port)) as line, pytest.raises(ssl.SSLError):
        context.wrap_socket(line, server_hostname="localhost")


def test_a_certificate_of_another_authority_is_refused(broker, people, tmp_path):
    foreign = Office(tmp_path / "other", secrets.token_bytes)
    foreign.make(people.now())
    client = broker.client(people.enrolled(foreign, "F-1"), tmp_path)
    assert not client.is_up
    assert "does not know who issued" in client.why


def test_a_revoked_counter_is_cut_off_and_stays_out_and_nobody_else_notices(broker, people, tmp_path):
    papers = people.enrolled(broker.office, "R-1")
    stolen, other = (
        broker.client(papers, tmp_path),
        broker.client(people.enrolled(broker.office, "R-2"), tmp_path),
    )
    assert stolen.is_up

    def take_back(probe):
        for name in (probe, "R-1"):
            broker.office.revoke(name, "test", people.now())
        shutil.copy(broker.office.place / "ca.crl", broker.place / "ca.crl")

    def make(name, role):
        return broker.office.tool(name, role, people.now())

    assert cut.revoke_live(broker.door, make, take_back, "R-1") < 60
    stolen.wait("ended")
    again = broker.client(papers, tmp_path)
    assert not again.is_up
    assert "was revoked" in again.why
    assert other.publish("counters/R-2/events") in (ALLOWED, NOBODY_LISTENS)


def test_revocation_says_so_where_the_broker_does_not_read_the_list(broker, people):
    probe = broker.office.tool("deaf", "probe", people.now())
    broker.office.revoke("deaf", "probe", people.now())
    deaf = cut.Door(broker.door.host, broker.port, broker.door.ca)
    with pytest.raises(cut.Unavailable, match=r"send it SIGHUP"):
        cut.wait_refused(deaf, probe, patience_s=0.1)


def test_a_broker_that_is_not_there_is_not_taken_for_one_that_refuses(broker, people, free_port):
    gone = cut.Door("localhost", free_port, broker.door.ca)
    with pytest.raises(cut.Unavailable, match="is it running"):
        cut.admitted(gone, broker.office.tool("nobody", "probe", people.now()))


def test_the_broker_shows_its_own_name_or_the_counter_hangs_up(people, tmp_path):
    office = Office(tmp_path / "pki", secrets.token_bytes)
    office.make(people.now())
    wrong = people.Broker(tmp_path / "broker", office)
    with people.started(wrong):
        wrong.show(office.server(["elsewhere.example"], people.now()))
        wrong.hang_up()
        papers = people.enrolled(office, "N-1")
        client = wrong.client(papers, tmp_path)
        while client.is_up:  # until it has read its new certificate
            client = wrong.client(papers, tmp_path)
    assert "for another host" in client.why


def test_papers_of_a_foreign_authority_are_not_believed_by_the_counter(broker, people, tmp_path):
    foreign = Office(tmp_path / "other", secrets.token_bytes)
    foreign.make(people.now())
    papers = people.enrolled(broker.office, "M-1")
    client = broker.client(papers, tmp_path, ca=foreign.place / "ca.crt")
    assert not client.is_up
    assert "not of our authority" in client.why
