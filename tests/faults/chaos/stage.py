"""Who takes part: broker, centre, the real counter with its cabinet, counters that only sell, the network.

It lays out directories and command lines and knows no fault.
"""

import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from edge.clock import Clock
from edge.demo_children import answers, broker_command, listens
from edge.demo_files import LOOPBACK, Layout, free_ports, lay_out
from tests.faults.chaos import yardstick
from tests.faults.chaos.disk import Disk
from tests.faults.chaos.programs import Program
from tests.faults.chaos.proxy import Path as Way
from tests.faults.chaos.proxy import Proxy
from tests.faults.chaos.reading import rows
from tests.faults.chaos.writer import TOLD, settle
from tests.faults.chaos.yardstick import Member

CENTRE = "centre"
FAST = {"KEEPALIVE_S": "5", "REDIAL_MAX_S": "4"}
"""A silent link is noticed, and a lost broker dialled again, within seconds: a run lasts minutes."""
READY_S = 40.0


@dataclass(frozen=True)
class Plan:
    """writers: counters that only sell. rate: visits a minute of each. cabinet: with the real counter."""

    place: Path
    seed: int
    writers: int
    rate: float
    cabinet: bool
    disk_mb: int
    inflight: int = 20
    """Messages that the broker has under way to one client; more wait in the broker."""
    bridge: str = "cloud_bridge"
    """The bridge's module; a control puts a careless one in its place."""


@dataclass
class Stage:
    """Everything that runs, by name. ``start`` builds it up, ``close`` takes it down."""

    plan: Plan
    proxy: Proxy = field(default_factory=Proxy)
    programs: dict[str, Program] = field(default_factory=dict)
    ways: dict[str, Way] = field(default_factory=dict)
    disks: dict[str, Disk] = field(default_factory=dict)
    counters: list[Member] = field(default_factory=list)
    api: str = ""
    sim: str = ""
    central_db: Path = Path()
    _layout: Layout = field(init=False)
    broker_port: int = 0

    def start(self) -> None:
        place = self.plan.place
        self.proxy.start()
        layout, ports = Layout(place / "cabinet"), free_ports(0, print)
        self._layout, self.broker_port = layout, ports.broker
        lay_out(layout, ports, lan="", mqtt="5")
        _plenty(layout.config)
        self._disk(CENTRE)
        self.central_db = self.disks[CENTRE].place / "central.db"
        _inflight(layout.config / "mosquitto.conf", self.plan.inflight)
        command, _ = broker_command("mosquitto", layout, ports, print)
        self._add("broker", "broker", command)
        self._begin("broker", lambda: listens(ports.broker))
        config = str(layout.config / "central.toml")
        run = ["cloud_bridge.central", "run", "--config", config, "--dir", str(self.disks[CENTRE].place)]
        self._add("worker-1", "worker", run, self._way("worker-1", ports.broker, "COUNTER_CENTRAL_"))
        self._begin("worker-1", lambda: answers(ports.centre, "/readyz"))
        if self.plan.cabinet:
            self._cabinet(layout, ports.screen, ports.panel, ports.broker)
        for number in range(1, self.plan.writers + 1):
            self._writer(f"W-{number:03d}", small_disk=number == 1)

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
        """How many events of ``counter`` the centre holds without a gap."""
        found = rows(self.central_db, "SELECT coalesce(max(hi), 0) FROM mark WHERE counter = ?", counter)
        return int(found[0][0]) if found else 0

    def problems(self) -> list[str]:
        """Ends all programs, so that what is on the disk counts and nothing else; then the sums."""
        for program in self.programs.values():
            program.stop()
        found: list[str] = []
        for member in self.counters:
            writer = self.programs.get(f"writer-{member.id}")
            deaths = writer.kills + len(writer.ended) if writer else 0
            found += yardstick.problems(member, self.central_db, deaths)
            found += yardstick.verified("edge", "ledger", "verify", "--db", str(member.ledger))
        found += yardstick.set_aside(self.central_db)
        place = str(self.central_db.parent)
        return [*found, *yardstick.verified("cloud_bridge.central", "verify", "--dir", place)]

    def close(self) -> None:
        for program in reversed(self.programs.values()):
            program.stop()
        self.proxy.close()
        for name, disk in self.disks.items():
            kept = self.plan.place / f"kept-{name}"
            kept.mkdir(exist_ok=True)
            disk.keep_in(kept)
            disk.unmount()

    # --- the parts ----------------------------------------------------------------------------------
    def _cabinet(self, layout: Layout, screen: int, panel: int, broker: int) -> None:
        toml = str(layout.config / "counter.toml")
        sim = ["hardware_sim", "run", "--config", str(layout.config / "sim.toml"), "--dir", str(layout.sim)]
        self._add("cabinet", "cabinet", sim)
        self._begin("cabinet", lambda: answers(panel, "/sim/state"))
        self._add("engine", "engine", ["edge", "run", "--config", toml])
        self._begin("engine", lambda: answers(screen, "/readyz"))
        bridge = [self.plan.bridge, "run", "--config", toml]
        self._add("bridge-cabinet", "bridge", bridge, self._way("bridge-cabinet", broker, "COUNTER_"))
        self.counters.append(Member("AK-001", layout.place))
        self.api, self.sim = (f"http://{LOOPBACK}:{port}" for port in (screen, panel))

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
        run = [self.plan.bridge, "run", "--config", str(self._layout.config / "counter.toml")]
        environ = {**self._way(f"bridge-{id}", self.broker_port, "COUNTER_"), "COUNTER_COUNTER__ID": id}
        self._add(f"bridge-{id}", "bridge", [*run, "--dir", str(data)], environ)
        self.counters.append(Member(id, data, told))

    def _disk(self, name: str) -> Disk:
        self.disks[name] = disk = Disk(self.plan.place / f"disk-{name}", self.plan.disk_mb)
        disk.mount()
        return disk

    def _way(self, name: str, broker: int, prefix: str) -> dict[str, str]:
        """A network of its own between ``name`` and the broker; gives the environment that leads there."""
        self.ways[name] = way = Way(name, broker, Random(f"{self.plan.seed}/{name}"))
        self.proxy.open(way)
        return {f"{prefix}MQTT__{key}": value for key, value in {"PORT": str(way.port), **FAST}.items()}

    def _add(self, name: str, kind: str, command: list[str], environ: dict[str, str] | None = None) -> None:
        words = command if kind == "broker" else [sys.executable, "-m", *command]
        log = self.plan.place / "logs" / f"{name}.log"
        self.programs[name] = Program(name, kind, words, log, environ or {})

    def _begin(self, name: str, ready: Callable[[], bool]) -> None:
        deadline = time.monotonic() + READY_S
        while not ready():
            self.tend()
            if time.monotonic() >= deadline:
                raise TimeoutError(f"{name} is not ready; see {self.programs[name].log}")
            time.sleep(0.1)


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
