"""Who takes part: broker, centre, real counters with their cabinets, counters that only sell, the network.

It lays out directories and command lines and knows no fault.
"""

import re
import shutil
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from random import Random

import psycopg

from edge.clock import Clock
from edge.demo_children import answers, broker_command, listens
from edge.demo_files import LOOPBACK, Layout, Ports, free_ports, lay_out
from tests.faults.chaos import server, yardstick
from tests.faults.chaos.disk import Disk
from tests.faults.chaos.programs import Program
from tests.faults.chaos.proxy import Path as Way
from tests.faults.chaos.proxy import Proxy
from tests.faults.chaos.reading import Place, Unreadable, rows
from tests.faults.chaos.writer import TOLD, settle
from tests.faults.chaos.yardstick import Member

CENTRE = "centre"
FAST = {"KEEPALIVE_S": "5", "REDIAL_MAX_S": "4"}
"""A silent link is noticed, and a lost broker dialled again, within seconds: a run lasts minutes."""
READY_S = 40.0
SELLING_MB = 72
"""What the real engine wants free to sell, and its reserve."""
SERVER_MB = 160
"""What PostgreSQL takes before the first event, its log of changes included."""


@dataclass(frozen=True)
class Plan:
    """writers: counters that only sell. rate: visits a minute of each. cabinets: real counters.

    store: sqlite or postgres. workers: of the centre, more than one on PostgreSQL alone. planted: a fault of
    ``tests.faults.careless`` that all programs have, as a control; "": none.
    """

    place: Path
    seed: int
    writers: int
    rate: float
    cabinets: int
    disk_mb: int
    inflight: int = 20
    """Messages that the broker has under way to one client; more wait in the broker."""
    store: str = "sqlite"
    workers: int = 1
    planted: str = ""


@dataclass(frozen=True)
class Cabinet:
    """A real counter and its simulated cabinet."""

    member: Member
    layout: Layout
    ports: Ports

    @property
    def api(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.screen}"

    @property
    def sim(self) -> str:
        return f"http://{LOOPBACK}:{self.ports.panel}"

    @property
    def engine(self) -> str:
        return f"engine-{self.member.id}"


@dataclass
class Stage:
    """Everything that runs, by name. ``start`` builds it up, ``close`` takes it down."""

    plan: Plan
    proxy: Proxy = field(default_factory=Proxy)
    programs: dict[str, Program] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    counters: list[Member] = field(default_factory=list)
    cabinets: list[Cabinet] = field(default_factory=list)
    central_db: Place = Path()
    broker_port: int = 0
    _layout: Layout = field(init=False)
    _centre: dict[str, str] = field(default_factory=dict)
    _ready: dict[str, Callable[[], bool]] = field(default_factory=dict)

    def start(self) -> None:
        self.proxy.start()
        layout, ports = Layout(self.plan.place / "demo"), free_ports(0, print)
        self._layout, self.broker_port = layout, ports.broker
        lay_out(layout, ports, lan="", mqtt="5")
        _plenty(layout.config)
        _inflight(layout.config / "mosquitto.conf", self.plan.inflight)
        command, _ = broker_command("mosquitto", layout, ports, print)
        self._add("broker", "broker", command, ready=lambda: listens(ports.broker))
        for number in range(1, self.plan.cabinets + 1):
            self._cabinet(f"AK-{number:03d}")
        self._store()
        self._all_ready()
        for number in range(1, self.plan.workers + 1):
            self._worker(f"worker-{number}")
        for cabinet in self.cabinets:
            self._counter(cabinet)
        for number in range(1, self.plan.writers + 1):
            self._writer(f"W-{number:03d}", small_disk=number == 1)
        self._all_ready()

    def tend(self) -> None:
        now = time.monotonic()
        for program in self.programs.values():
            program.tend(now)

    def wait(self, seconds: float) -> None:
        """Let everything run."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            self.tend()
            time.sleep(0.05)

    def stop_selling(self) -> None:
        """kill -9 of those who only sell, for good: what stands in the ledgers now has to arrive."""
        for program in self.programs.values():
            if program.kind == "writer":
                program.retired = True
                program.kill(0.0)
        for member in self.counters:
            if member.told is not None:
                settle(member.data, member.id, Clock())

    def drained(self, since: float, patience_s: float) -> float | None:
        """Seconds from ``since`` until what stands in the ledgers now is at the centre; None: it is not."""
        goals = {member.id: member.last() for member in self.counters}
        while time.monotonic() < since + patience_s:
            self.tend()
            if all(self.mark(counter) >= goal for counter, goal in goals.items()):
                return time.monotonic() - since
            time.sleep(0.1)
        return None

    def mark(self, counter: str) -> int:
        """How many events of ``counter`` the centre holds without a gap; 0 while it cannot be asked."""
        found = self.at_the_centre("SELECT coalesce(max(hi), 0) FROM mark WHERE counter = ?", counter)
        return int(found[0][0]) if found else 0

    def at_the_centre(self, sql: str, *parameters: object) -> list[tuple[object, ...]]:
        """Rows, or [] where its database does not answer at once: it may be for us to start it again."""
        try:
            return rows(self.central_db, sql, *parameters, patience_s=0)
        except Unreadable:
            return []

    def problems(self) -> list[str]:
        """Ends all programs, so that what is on the disk counts and nothing else; then the sums."""
        others = [each for each in self.programs.values() if each.kind != "database"]
        for program in others:
            program.ask_to_stop()  # all at once: each takes its time
        for program in others:
            program.stop()
        for program in self.programs.values():
            if program.kind == "database":  # what it promised has to outlive it
                program.kill(0.0)
                program.tend(time.monotonic())
        found: list[str] = []
        for member in self.counters:
            writer = self.programs.get(f"writer-{member.id}")
            deaths = writer.kills + len(writer.ended) if writer else 0
            found += yardstick.problems(member, self.central_db, deaths)
        found += yardstick.set_aside(self.central_db)
        checks = [(("edge", "ledger", "verify", "--db", str(each.ledger)), {}) for each in self.counters]
        verify = ("cloud_bridge.central", "verify", "--config", str(self._layout.config / "central.toml"))
        return [*found, *yardstick.verified([*checks, (verify, self._centre)])]

    def close(self) -> None:
        for program in reversed(self.programs.values()):
            program.stop()
        self.proxy.close()
        for name, disk in self.disks.items():
            kept = self.plan.place / f"kept-{name}"
            kept.mkdir(exist_ok=True)
            disk.keep_in(kept)
            disk.unmount()
            if not disk.place.is_relative_to(self.plan.place):
                shutil.rmtree(disk.place)

    # --- the parts ----------------------------------------------------------------------------------
    def _store(self) -> None:
        if self.plan.store == "sqlite":
            assert self.plan.workers == 1, "a SQLite file has one writer"
            self.central_db = self._disk(CENTRE).place / "central.db"
            self._centre = {"COUNTER_CENTRAL_DATABASE__PATH": str(self.central_db)}
            return
        port, place = free_port(), server.made_place()
        self._disk(CENTRE, place, SERVER_MB + self.plan.disk_mb)
        program = server.server(place, port, self.plan.place / "logs" / "postgresql.log")
        self.programs[program.name] = program
        self._begin(program.name, lambda: _made_database(_url(port, "postgres")))
        self.central_db = _url(port)
        self._centre = {"COUNTER_CENTRAL_DATABASE__URL": self.central_db}

    def _worker(self, name: str) -> None:
        run = ["cloud_bridge.central", "run", "--config", str(self._layout.config / "central.toml")]
        port = free_port()
        environ = {**self._centre, "COUNTER_CENTRAL_WEB__PORT": str(port)}
        environ |= self._way(name, "COUNTER_CENTRAL_")
        if isinstance(self.central_db, str):  # the way to the database can be bad, too
            path = Way(
                f"{name}-db", _port(self.central_db), Random(f"{self.plan.seed}/{name}-db"), mqtt=False
            )
            self.ways[path.name] = path
            self.proxy.open(path)
            environ["COUNTER_CENTRAL_DATABASE__URL"] = _url(path.port)
        command = [*run, "--worker-id", name]
        self._add(name, "worker", command, environ, ready=lambda: answers(port, "/readyz"))

    def _cabinet(self, id: str) -> None:
        """The simulated cabinet of a real counter, and the disk for the counter's data."""
        layout = Layout(self.plan.place / id)
        ports = replace(free_ports(0, print), broker=self.broker_port)
        lay_out(layout, ports, lan="", mqtt="5")
        _plenty(layout.config)
        member = Member(id, self._disk(id, megabytes=SELLING_MB + self.plan.disk_mb).place)
        self.counters.append(member)
        self.cabinets.append(Cabinet(member, layout, ports))
        sim = ["--config", str(layout.config / "sim.toml"), "--dir", str(layout.sim)]
        run = ["hardware_sim", "run", *sim]
        self._add(f"cabinet-{id}", "cabinet", run, ready=lambda: answers(ports.panel, "/sim/state"))

    def _counter(self, cabinet: Cabinet) -> None:
        """The engine and the bridge of a real counter."""
        id, config = cabinet.member.id, ["--config", str(cabinet.layout.config / "counter.toml")]
        own = {"COUNTER_COUNTER__ID": id, "COUNTER_FILES__DATA": str(cabinet.member.data)}
        ready = partial(answers, cabinet.ports.screen, "/readyz")
        self._add(cabinet.engine, "engine", ["edge", "run", *config], own, ready)
        way = self._way(f"bridge-{id}", "COUNTER_")
        self._add(f"bridge-{id}", "bridge", ["cloud_bridge", "run", *config], {**own, **way})

    def _writer(self, id: str, *, small_disk: bool) -> None:
        if small_disk:
            data = self._disk(id).place
        else:
            data = self.plan.place / id
            data.mkdir()
        sells = ["tests.faults.chaos.writer", str(data), id, str(self.plan.seed), str(self.plan.rate)]
        self._add(f"writer-{id}", "writer", sells)
        self.bridge(id, data, data / TOLD)

    def bridge(self, id: str, data: Path, told: Path | None = None) -> None:
        """A bridge for the counter whose ledger lies in ``data``; it runs from the next ``tend`` on."""
        run = ["cloud_bridge", "run", "--config", str(self._layout.config / "counter.toml")]
        environ = {**self._way(f"bridge-{id}", "COUNTER_"), "COUNTER_COUNTER__ID": id}
        self._add(f"bridge-{id}", "bridge", [*run, "--dir", str(data)], environ)
        self.counters.append(Member(id, data, told))

    def _disk(self, name: str, place: Path | None = None, megabytes: int = 0) -> Disk:
        place = place or self.plan.place / f"disk-{name}"
        self.disks[name] = disk = Disk(place, megabytes or self.plan.disk_mb)
        disk.mount()
        return disk

    def _way(self, name: str, prefix: str) -> dict[str, str]:
        """A network of its own between ``name`` and the broker; gives the environment that leads there."""
        self.ways[name] = way = Way(name, self.broker_port, Random(f"{self.plan.seed}/{name}"))
        self.proxy.open(way)
        return {f"{prefix}MQTT__{key}": value for key, value in {"PORT": str(way.port), **FAST}.items()}

    def _add(
        self,
        name: str,
        kind: str,
        command: list[str],
        environ: dict[str, str] | None = None,
        ready: Callable[[], bool] | None = None,
    ) -> None:
        careless = ["tests.faults.careless", self.plan.planted] if self.plan.planted else []
        words = command if kind == "broker" else [sys.executable, "-m", *careless, *command]
        log = self.plan.place / "logs" / f"{name}.log"
        self.programs[name] = Program(name, kind, words, log, environ or {})
        self.programs[name].tend(time.monotonic())
        if ready:
            self._ready[name] = ready

    def _all_ready(self) -> None:
        for name, ready in self._ready.items():
            self._begin(name, ready)
        self._ready.clear()

    def _begin(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_S
        while not ready():
            self.tend()
            if time.monotonic() >= deadline:
                raise TimeoutError(f"{name} is not ready; see {self.programs[name].log}")
            time.sleep(0.1)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _url(port: int, database: str = "chaos") -> str:
    return f"postgresql://counter@{LOOPBACK}:{port}/{database}"


def _port(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def _made_database(url: str) -> bool:
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=2) as db:
            db.execute("create database chaos")
    except psycopg.OperationalError:
        return False
    return True


def _inflight(config: Path, most: int) -> None:
    text = config.read_text("utf-8")
    config.write_text(
        re.sub(r"(?m)^max_inflight_messages \d+", f"max_inflight_messages {most}", text), "utf-8"
    )


def _plenty(config: Path) -> None:
    """Enough goods and enough quota for many visits."""
    planogram, roster = config / "planogram.toml", config / "roster.toml"
    text = planogram.read_text("utf-8")
    planogram.write_text(re.sub(r"capacity = (\d+)((?:\n.*)*?)\nopening = \d+", _full, text), "utf-8")
    text = roster.read_text("utf-8")
    roster.write_text(re.sub(r"quota_fen = \d+", "quota_fen = 200000000", text), "utf-8")


def _full(found: re.Match[str]) -> str:
    return f"capacity = {found[1]}{found[2]}\nopening = {found[1]}"
