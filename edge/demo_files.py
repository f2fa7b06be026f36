"""Lays out the demo's directory: sample settings with this demo's ports and paths. It starts nothing."""

import os
import re
import shutil
import socket
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import CannotCreate, ConfigError
from edge.outfit.toml_text import overlaid, toml

LOOPBACK = "127.0.0.1"
COPIED = ("catalogue.csv", "planogram.toml", "roster.toml", "traces.toml", "deliveries.toml")
NOTE = "# Made by `counter demo` from the sample. Ports and paths are set at each start; the rest stays.\n"


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the demo keeps its things. place: absolute."""

    place: Path

    @property
    def config(self) -> Path:
        return self.place / "config"

    @property
    def logs(self) -> Path:
        return self.place / "logs"

    @property
    def sim(self) -> Path:
        return self.place / "sim"

    @property
    def bus(self) -> Path:
        return self.place / "bus"


@dataclass(frozen=True, slots=True)
class Ports:
    """One free TCP port for each program that listens."""

    screen: int
    panel: int
    centre: int
    broker: int


def sample_dir() -> Path:
    """The sample files: beside the package in a checkout, inside it where it was installed."""
    package = Path(__file__).resolve().parent
    for place in (package.parent / "config", package / "defaults" / "sample"):
        if (place / "counter.toml").is_file():
            return place
    raise ConfigError(f"the sample files are missing from {package}; install the program again")


def free_ports(base: int, say: Callable[[str], None]) -> Ports:
    """Four ports from ``base`` on (0: any); one that is taken is replaced by a free one, and named."""
    names = ("screen", "panel", "centre", "broker")
    found: list[int] = []
    for number, name in enumerate(names):
        wanted = base + number if base else 0
        got = _free(wanted, found) if wanted else None
        if got is None:
            got = _free(0, found)
            if wanted:
                say(f"端口 {wanted} 被占用,{name} 改用 {got} · port {wanted} is taken, {name} uses {got}")
        if got is None:
            raise CannotCreate("no free TCP port on 127.0.0.1")
        found.append(got)
    return Ports(*found)


def _free(wanted: int, taken: list[int]) -> int | None:
    """``wanted`` (0: any) if it can be listened on and is not among ``taken``."""
    for _ in range(20):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((LOOPBACK, wanted))
            except OSError:
                return None
            port: int = probe.getsockname()[1]
        if port not in taken:
            return port
        if wanted:
            return None
    return None


def lan_address() -> str:
    """This machine's address in its network. A UDP socket is only connected: nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # TEST-NET-1: routed like any far address
        except OSError as error:
            raise ConfigError(
                f"--lan: this machine has no network ({error.strerror}); start without it"
            ) from error
        address: str = probe.getsockname()[0]
    return address


def lay_out(
    layout: Layout, ports: Ports, *, lan: str, mqtt: str, key: str = "", scan_at_centre: bool = False
) -> str:
    """Make or update the files; gives the counter's id. lan: address for phones or "". mqtt: version.

    key: whose commands the counter obeys; "": as its file says. scan_at_centre: the screen's code leads to
    the centre's page.
    """
    for place in (layout.config, layout.logs, layout.sim):
        place.mkdir(parents=True, exist_ok=True)
    samples = sample_dir()
    for name in COPIED:
        if not (layout.config / name).exists():
            shutil.copyfile(samples / name, layout.config / name)
    for name, changes in _changes(layout, ports, lan, mqtt, key, scan_at_centre).items():
        own = layout.config / name
        values = _parsed(own if own.exists() else samples / name)
        own.write_text(NOTE + toml(overlaid(values, changes)), encoding="utf-8")
    (layout.config / "mosquitto.conf").write_text(_mosquitto(samples, ports.broker), encoding="utf-8")
    identity: str = _parsed(layout.config / "counter.toml")["counter"]["id"]
    return identity


def _changes(
    layout: Layout, ports: Ports, lan: str, mqtt: str, key: str, scan_at_centre: bool
) -> dict[str, Mapping[str, Any]]:
    broker = {"host": LOOPBACK, "port": ports.broker, "version": mqtt}
    return {
        "counter.toml": {
            "files": {"data": str(layout.place)},
            "ports": {"main": {"url": str(layout.bus)}},
            "screens": {
                "host": "0.0.0.0" if lan else LOOPBACK,
                "port": ports.screen,
                "public_url": f"http://{lan or LOOPBACK}:{ports.screen}",
                "scan_url": f"http://{lan or LOOPBACK}:{ports.centre}" if scan_at_centre else "",
            },
            "mqtt": broker,
            **({"commands": {"keys": [key]}} if key else {}),
        },
        "sim.toml": {
            "line": {"link": str(layout.bus)},
            "http": {"host": LOOPBACK, "port": ports.panel},
        },
        "central.toml": {
            "database": {"path": str(layout.place / "central.db")},
            "web": {
                "host": "0.0.0.0" if lan and scan_at_centre else LOOPBACK,
                "port": ports.centre,
                "anonymous": "auditor",
            },
            "phone": {"samples": ["demo-001"]},
            "mqtt": broker,
        },
    }


def _parsed(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(f"{path}: {error}; remove the file to get the sample again") from error


def _mosquitto(samples: Path, port: int) -> str:
    """The sample broker's file, listening on ``port`` of this machine only.

    Started by root it stays root: a change of user would undo its tie to our life (prctl(2)).
    """
    text = (samples / "mosquitto.conf").read_text(encoding="utf-8")
    listening = re.sub(r"(?m)^listener .*$", f"listener {port} {LOOPBACK}", text)
    return f"{listening.rstrip()}\n\nuser root\n" if os.geteuid() == 0 else listening
