"""A real broker on the files that the program writes, and real certificates."""

import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from types import SimpleNamespace

import paho.mqtt.client as mqtt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID
from paho.mqtt.enums import CallbackAPIVersion

from cloud_bridge import tls
from cloud_bridge.central.trust import authority, broker_files
from cloud_bridge.central.trust.cut import Door
from cloud_bridge.central.trust.office import Office, Papers

WORKERS = ("centre-1", "centre-2")


def now():
    return datetime.now(UTC).replace(microsecond=0)


def csr_of(name: str, key=None):
    """A request for ``name`` and the key that signs it, both PEM."""
    key = key or authority.new_key()
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    csr = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, hashes.SHA256())
    return authority.pem_of(csr), authority.key_pem(key)


def enrolled(office: Office, name: str) -> Papers:
    csr, key = csr_of(name)
    return Papers(office.enrol(office.code(name, now()), csr, "192.0.2.9", now())[1], key)


@dataclass
class Client:
    """One MQTT client with papers. heard: what arrived. ended: why it was thrown off."""

    client: mqtt.Client
    context: tls.Context
    events: SimpleQueue = field(default_factory=SimpleQueue)
    is_up: bool = False
    why: str = ""

    def wait(self, kind: str, limit_s: float = 5.0):
        deadline = time.monotonic() + limit_s
        while (left := deadline - time.monotonic()) > 0:
            try:
                found, *rest = self.events.get(timeout=left)
            except Empty:
                break
            if found == kind:
                return rest
        raise AssertionError(f"no {kind} within {limit_s} s")

    def publish(self, topic: str, body: bytes = b"{}") -> int:
        """The reason code of the PUBACK."""
        mid = self.client.publish(topic, body, qos=1).mid
        while True:
            got, code = self.wait("published")
            if got == mid:
                return code

    def subscribe(self, topic: str) -> int:
        self.client.subscribe(topic, 1)
        return self.wait("subscribed")[0]


@dataclass
class Broker:
    """mosquitto with our own files. Every client is closed with it."""

    place: Path
    office: Office
    port: int = 0
    process: subprocess.Popen | None = None
    clients: list = field(default_factory=list)

    @property
    def door(self) -> Door:
        return Door("localhost", self.port, self.office.place / "ca.crt", str(self.place / "pid"))

    def start(self):
        found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        assert found, "mosquitto is not installed; run: apt-get install -y --no-install-recommends mosquitto"
        with closing(socket.socket()) as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.place.mkdir(exist_ok=True)
        text = broker_files.config(str(self.place), self.port, "127.0.0.1", str(self.place / "pid"))
        (self.place / "mosquitto.conf").write_text(text + ("user root\n" if os.geteuid() == 0 else ""))
        (self.place / "counter.acl").write_text(broker_files.acl(WORKERS))
        (self.place / "counter.acl").chmod(0o600)
        self.show(self.office.server(["localhost"], now()))
        for name in ("ca.crt", "ca.crl"):
            shutil.copy(self.office.place / name, self.place / name)
        with (self.place / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [found, "-c", str(self.place / "mosquitto.conf")], stdout=log, stderr=log
            )
        deadline = time.monotonic() + 10
        while not self.accepts():
            assert time.monotonic() < deadline, (self.place / "log").read_text()
            time.sleep(0.02)

    def show(self, papers: Papers):
        """The certificate that the broker shows from its next start or SIGHUP on."""
        (self.place / "server.crt").write_bytes(papers.certificate)
        (self.place / "server.key").write_bytes(papers.key)
        (self.place / "server.key").chmod(0o600)

    def accepts(self) -> bool:
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def hang_up(self):
        self.process.send_signal(signal.SIGHUP)

    def stop(self):
        for client in self.clients:
            client.client.disconnect()
            client.client.loop_stop()
        if self.process and self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def client(self, papers: Papers, tmp: Path, name: str = "x", **keep) -> Client:
        """A client that has been let in or not: ``is_up``."""
        place = tmp / secrets.token_hex(4)
        place.mkdir()
        (place / "crt").write_bytes(papers.certificate)
        (place / "key").write_bytes(papers.key)
        (place / "key").chmod(0o600)
        files = tls.Tls(keep.get("ca") or self.office.place / "ca.crt", place / "crt", place / "key")
        made = Client(
            mqtt.Client(
                CallbackAPIVersion.VERSION2,
                client_id=name,
                protocol=mqtt.MQTTv5,
                reconnect_on_failure=False,
            ),
            tls.context(files),
        )
        self.clients.append(made)
        put, client = made.events.put, made.client
        client.on_connect = lambda _c, _u, _f, code, _p: put(("connected", not code.is_failure))
        client.on_disconnect = lambda _c, _u, _f, code, _p: put(("ended", code.value))
        client.on_publish = lambda _c, _u, mid, code, _p: put(("published", mid, code.value))
        client.on_subscribe = lambda _c, _u, _m, codes, _p: put(("subscribed", codes[0].value))
        client.on_message = lambda _c, _u, m: put(("heard", m.topic, bytes(m.payload)))
        client.tls_set_context(made.context)
        try:
            client.connect("localhost", self.port, keepalive=20, clean_start=True)
        except tls.ssl.SSLError as error:
            made.why = tls.why(error)
            return made
        client.loop_start()
        kind, value = made.events.get(timeout=5)
        made.is_up = kind == "connected" and value
        made.why = tls.why(made.context.fault) if made.context.fault else ""
        return made


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path / "pki", secrets.token_bytes)
    made.make(now())
    return made


@pytest.fixture(scope="module")
def broker(tmp_path_factory):
    """One for the module: tests use names of their own."""
    place = tmp_path_factory.mktemp("broker")
    office = Office(place / "pki", secrets.token_bytes)
    office.make(now())
    with started(Broker(place / "broker", office)) as running:
        yield running


@contextmanager
def started(broker: Broker):
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def people():
    """now(), csr_of(name) → (csr, key), enrolled(office, name) → Papers, started(Broker), Broker, WORKERS."""
    return SimpleNamespace(
        now=now,
        csr_of=csr_of,
        enrolled=enrolled,
        started=started,
        Broker=Broker,
        WORKERS=WORKERS,
        Office=Office,
    )


@pytest.fixture
def free_port():
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.fixture
def sample():
    """The sample settings' path."""
    return str(Path(__file__).parents[2] / "config" / "counter.toml")
