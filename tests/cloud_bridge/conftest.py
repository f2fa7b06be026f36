"""Real bytes, a real broker and the real processes for the tests of the feed."""

import json
import os
import re
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jsonschema import Draft202012Validator

from cloud_bridge import feed, signed
from cloud_bridge.central.openapi import document
from cloud_bridge.commands import Command, Resume
from edge.domain.values import Instant
from edge.ledger.ledger import Ledger

ROOT = Path(__file__).parents[2]
COUNTER = "T-001"
INC = "00000000000000a1"


def sale(n: int, **changes) -> feed.SaleSettled:
    """Sale number ``n``: two lines, the second one not certified. Sample goods, 示例."""
    line = {"county": "紫阳县", "supplier": "示例供应商"}
    lines = (
        feed.Line(
            tray="1-01",
            sku="ZY-WATER-500",
            name="示例水",
            count=2,
            price_fen=350,
            amount_fen=700,
            certified=True,
            **line,
        ),
        feed.Line(
            tray="1-02",
            sku="X-COLA-330",
            name="示例汽水",
            count=1,
            price_fen=300,
            amount_fen=300,
            certified=False,
            **line,
        ),
    )
    values = {
        "mono_ms": n * 1000,
        "session": f"{n:032x}",
        "order_no": f"{COUNTER}-{n:06d}",
        "buyer": "sample-buyer",
        "channel": "UNIT_HELP",
        "lines": lines,
        "total_fen": 1000,
        "certified_fen": 700,
        "catalogue": "sample-1",
        "opened_at": "2026-11-24T02:00:00Z",
        "closed_at": f"2026-11-24T02:{n // 60 % 60:02d}:{n % 60:02d}Z",
    }
    return feed.SaleSettled(**(values | changes))


def chain(facts, *, counter=COUNTER, inc=INC) -> list[bytes]:
    """The events of ``facts`` in order, numbered from 1 and chained, as a ledger would store them."""
    bodies, prev = [], feed.GENESIS
    for seq, fact in enumerate(facts, start=1):
        body = feed.encode(
            fact,
            counter=counter,
            id=f"{inc}{seq:010d}",
            time=getattr(fact, "closed_at", "2026-11-24T02:00:00Z"),
            subject=getattr(fact, "session", None) or "subject",
            inc=inc,
            seq=seq,
            boot="boot-1",
            clk=1,
            prev=prev,
        )
        bodies.append(body)
        prev = feed.sha256(body)
    return bodies


@dataclass
class MemoryOutbox:
    """An outbox of real event bytes. It has the ledger's verbs and no way to lose a row."""

    bodies: list[bytes]
    inc: str = INC

    def incarnation(self):
        return self.inc

    def last_seq(self):
        return len(self.bodies)

    def answered(self, commands):
        return set()

    def events(self, after, limit):
        return list(enumerate(self.bodies, start=1))[after : after + limit]


@pytest.fixture(scope="session")
def make():
    """sale(n), sales(n) → bytes, chain(facts) → bytes, outbox(n) → MemoryOutbox."""
    return SimpleNamespace(
        sale=sale,
        chain=chain,
        sales=lambda n, **kw: chain([sale(k) for k in range(1, n + 1)], **kw),
        outbox=lambda n: MemoryOutbox(chain([sale(k) for k in range(1, n + 1)])),
        COUNTER=COUNTER,
        INC=INC,
    )


KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


def command(n: int = 1, body=None, **changes) -> Command:
    """Command number ``n``, issued a moment ago: a ``resume`` where no body says otherwise."""
    now = int(time.time())
    values = {
        "id": f"{n:026d}",
        "aud": COUNTER,
        "nonce": f"{n:032x}",
        "issued": now - 5,
        "expires": now + 600,
        "kind": "resume",
        "body": msgspec.Raw(msgspec.json.encode(body or Resume(reason="示例"))),
    }
    return Command(**(values | changes))


@pytest.fixture(scope="session")
def signer():
    """key, its public text, keys that trust it, command(n), wire(n): signed."""
    public = signed.public_text(KEY.public_key())
    return SimpleNamespace(
        key=KEY,
        public=public,
        keys=signed.trusted([public]),
        command=command,
        wire=lambda *a, **changes: signed.sign(command(*a, **changes), KEY).encode(),
    )


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(true, what: str, limit_s: float = 60.0):
    """Wait for ``true()`` and give its value; a limit only so that a broken build ends."""
    deadline = time.monotonic() + limit_s
    while not (value := true()):
        assert time.monotonic() < deadline, f"{what} did not come true in {limit_s} s"
        time.sleep(0.02)
    return value


@dataclass
class Mosquitto:
    """The real broker with the project's own configuration, on a free loopback port."""

    directory: Path
    port: int = field(default_factory=free_port)
    process: subprocess.Popen | None = None
    extra: str = ""
    changed: dict = field(default_factory=dict)

    version = "5"

    def start(self):
        found = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")
        assert found, "mosquitto is not installed; run: apt-get install -y --no-install-recommends mosquitto"
        text = (ROOT / "config/mosquitto.conf").read_text()
        for name, value in self.changed.items():
            text = re.sub(rf"^{name} .*$", f"{name} {value}", text, flags=re.MULTILINE)
        config = self.directory / "mosquitto.conf"
        config.write_text(text.replace("listener 1883", f"listener {self.port}") + self.extra)
        log = (self.directory / "mosquitto.log").open("ab")
        with log:
            self.process = subprocess.Popen([found, "-c", str(config)], stderr=log, stdout=log)
        until(self.accepts, "broker accepting")

    def accepts(self):
        with closing(socket.socket()) as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.kill()


@pytest.fixture
def mosquitto(tmp_path):
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


@dataclass
class Rig:
    """A counter's ledger, its bridge and the centre as real processes around a broker."""

    directory: Path
    broker: object
    started: list = field(default_factory=list)
    ledger: Ledger | None = None
    sold: int = 0
    centre_url: str = ""

    def __post_init__(self):
        self.ledger = Ledger.open(self.directory / "ledger.db", COUNTER, instant(), os.urandom)

    def sell(self, count: int):
        for _ in range(count):
            self.sold += 1
            fact = sale(self.sold)
            self.ledger.record_fact(fact, fact.session, instant())

    def start_bridge(self, fault="", port=None):
        """fault: one of ``tests.faults.careless``. port: of what stands in front of the broker."""
        config = self.directory / "counter.toml"
        text = (ROOT / "config/counter.toml").read_text("utf-8")
        public = signed.public_text(KEY.public_key())
        config.write_text(text.replace("keys = []", f'keys = ["{public}"]'), "utf-8")
        careless = ["tests.faults.careless", fault] if fault else []
        return self._start(*careless, "cloud_bridge", "run", "--config", str(config), port=port)

    def start_centre(self, *arguments, **environ):
        process = self._start("cloud_bridge.central", "run", "--json", *arguments, **environ)
        self.centre_url = json.loads(process.stdout.readline())["centre"]
        return process

    def _start(self, module, *arguments, port=None, **more):
        name = module.replace(".", "-")
        mqtt = {"MQTT__PORT": str(port or self.broker.port), "MQTT__VERSION": self.broker.version}
        environ = {
            **os.environ,
            "COUNTER_COUNTER__ID": COUNTER,
            "COUNTER_CENTRAL_WEB__PORT": "0",
            **{f"COUNTER_{key}": value for key, value in mqtt.items()},
            **{f"COUNTER_CENTRAL_{key}": value for key, value in mqtt.items()},
            **more,
        }
        with (self.directory / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments, "--dir", str(self.directory)],
                stderr=log,
                stdout=subprocess.PIPE,
                env=environ,
            )
        self.started.append(process)
        return process

    def kill(self, process):
        process.kill()
        self.ended(process)

    def ended(self, process) -> int:
        code = process.wait(timeout=10)
        process.stdout.close()
        self.started.remove(process)
        return code

    def arrived(self) -> int:
        """How many raw events the centre holds; 0 while it has no tables."""
        return len(self.at_centre())

    def at_centre(self) -> list[tuple[int, bytes]]:
        path = self.directory / "central.db"
        if not path.exists():
            return []
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            try:
                return db.execute("select seq, body from raw_event order by seq").fetchall()
            except sqlite3.OperationalError:
                return []

    def backlog_at_centre(self) -> int | None:
        """What the counter last said is waiting, as the centre shows it."""
        path = self.directory / "central.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            row = db.execute("select backlog from counter").fetchone()
        return row[0] if row else None

    def in_ledger(self) -> list[tuple[int, bytes]]:
        path = self.directory / "ledger.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            return db.execute("select seq, body from event order by seq").fetchall()

    def mark(self) -> int:
        """What bridge.db says the centre has acknowledged."""
        path = self.directory / "bridge.db"
        if not path.exists():
            return 0
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
            try:
                row = db.execute("select through from mark").fetchone()
            except sqlite3.OperationalError:
                return 0
        return row[0] if row else 0

    def log(self, name: str) -> str:
        return (self.directory / f"{name}.log").read_text()

    def close(self):
        for process in list(self.started):
            self.kill(process)
        self.ledger.close()


def instant() -> Instant:
    return Instant(time.monotonic(), datetime.now(UTC), "boot-1")


@pytest.fixture
def rig(tmp_path, mosquitto):
    """A rig around mosquitto, with nothing started but the broker."""
    made = Rig(tmp_path, mosquitto)
    yield made
    made.close()


@pytest.fixture
def rig_around(tmp_path):
    """rig_around(broker): a rig around any broker."""
    made = []

    def around(broker):
        made.append(Rig(tmp_path, broker))
        return made[-1]

    yield around
    for each in made:
        each.close()


@pytest.fixture(scope="session", name="until")
def until_fixture():
    return until


@pytest.fixture(scope="session", name="free_port")
def free_port_fixture():
    return free_port


@pytest.fixture(scope="session")
def undescribed():
    """(path, status, answer's JSON, method) → what of it is not as the centre's OpenAPI document says."""
    told = json.loads(msgspec.json.encode(document("0")))

    def wrong(path, status, value, method="get"):
        responses = told["paths"][path][method]["responses"]
        (schema,) = [
            content["schema"]
            for kind, content in responses.get(str(status), responses["default"])["content"].items()
            if kind.endswith("json") and kind != "application/x-ndjson"
        ]
        schemas = told["components"]["schemas"].items()
        closed = {
            name: each | ({"additionalProperties": False} if each.get("type") == "object" else {})
            for name, each in schemas
        }
        rooted = {"allOf": [schema], "components": {"schemas": closed}}
        return [each.message for each in Draft202012Validator(rooted).iter_errors(value)]

    return wrong
