"""A counter in a simulated cabinet with other scales than the sample's, on any number of lines."""

import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from edge.hardware.build import buses_of
from edge.hardware.bus import Bus
from edge.hardware.exchange import BusTurn
from edge.hardware.signals import Job, Unlock
from edge.outfit.loading import load_outfit
from tests.journeys import conftest as journeys
from tests.journeys.conftest import CONFIG, Rig


@dataclass(frozen=True)
class Cabinet:
    """What the sample counter has instead of its scales. units: tray → number, the trays it has.

    keys: what else stands in [scales], on both sides. baud: of the main line. lines: further lines with
    their speeds; ports: the trays on them.
    """

    units: dict[str, int]
    keys: dict[str, str]
    baud: int = 38400
    lines: dict[str, int] = field(default_factory=dict)
    ports: dict[str, str] = field(default_factory=dict)
    busy_hz: float = 5.0
    lock: str = "lock.bcc8a"

    def write(self, folder: Path) -> Path:
        """The sample configuration with these scales; gives the directory."""
        config = folder / "config"
        shutil.copytree(CONFIG, config)
        more = {name: {"url": f".counter/{name}", "baud": baud} for name, baud in self.lines.items()}
        counter = "".join(_table(f"ports.{name}", table) for name, table in more.items())
        linked = [{"link": f".counter/{name}", "baud": baud} for name, baud in self.lines.items()]
        sim = "".join(_table(f"lines.{name}", table) for name, table in zip(self.lines, linked, strict=True))
        pace = {"idle_hz": min(2.0, self.busy_hz), "busy_hz": self.busy_hz}
        self._edit(config / "counter.toml", "[scales]", counter + self._scales(pace))
        self._edit(config / "sim.toml", "[scales.units]", sim + self._scales({}))
        self._plan(config / "planogram.toml")
        return config

    def _scales(self, more: dict[str, Any]) -> str:
        ports = _table("scales.ports", self.ports) if self.ports else ""
        return _table("scales", {**self.keys, **more}) + _table("scales.units", self.units) + ports

    def _edit(self, path: Path, first: str, instead: str) -> None:
        """Put ``instead`` in the place of the tables from ``first`` to the end of the units."""
        text = path.read_text("utf-8").replace("baud = 38400", f"baud = {self.baud}")
        text = text.replace('driver = "lock.bcc8a"\n', "").replace(
            "[lock]\n", f'[lock]\ndriver = "{self.lock}"\n'
        )
        before, rest = text.split(first, 1)
        units = rest.split("[scales.units]")[-1].splitlines(keepends=True)
        after = "".join(line for line in units if not line.startswith('"'))
        path.write_text(before + instead + after, "utf-8")

    def _plan(self, path: Path) -> None:
        head, *tables = path.read_text("utf-8").split("[[tray]]")
        kept = [table for table in tables if any(f'id = "{tray}"' in table for tray in self.units)]
        path.write_text("[[tray]]".join([head, *kept]), "utf-8")


def _table(name: str, keys: dict[str, Any]) -> str:
    rows = (f'"{key}" = {value!r}\n' if not isinstance(value, str) else f'"{key}" = "{value}"\n'
            for key, value in keys.items())  # fmt: skip
    return f"[{name}]\n" + "".join(rows) + "\n"


class Lines:
    """All buses of the counter where the rig expects one; each on its own line of the world."""

    def __init__(self, rig: Rig, buses: dict[str, Bus]) -> None:
        self.rig, self.buses = rig, buses
        self.due = dict.fromkeys(buses, 0.0)

    def submit(self, job: Job) -> None:
        for name, bus in self.buses.items():
            if name == self.rig.outfit.settings.lock.port or not isinstance(job, Unlock):
                bus.submit(job)
        self.due = dict.fromkeys(self.buses, 0.0)

    def line_up(self, now: float) -> None:
        for bus in self.buses.values():
            bus.line_up(now)
        self.due = dict.fromkeys(self.buses, 0.0)

    def line_down(self, now: float, reason: str) -> None:
        for bus in self.buses.values():
            bus.line_down(now, reason)

    def step(self, received: bytes, now: float) -> BusTurn:
        """A step of every bus that is due or has heard something; received: what the main line said."""
        signals: tuple = ()
        for name, bus in self.buses.items():
            heard = received if name == "main" else self._heard(name, now)
            if heard or now >= self.due[name]:
                signals += self._stepped(name, bus, heard, now)
        return BusTurn(b"", signals, 0, self._next())

    def _stepped(self, name: str, bus: Bus, heard: bytes, now: float) -> tuple:
        turn = bus.step(heard, now)
        self.due[name] = max(turn.due, now + 1e-6)
        if turn.send and self.rig.plugged:
            self.rig.world.lines[name].send(turn.send, now)
        return turn.signals

    def _heard(self, name: str, now: float) -> bytes:
        return self.rig.world.lines[name].receive(now) if self.rig.plugged else b""

    def _next(self) -> float:
        lines = self.rig.world.lines.values() if self.rig.plugged else []
        arriving = [at for line in lines if (at := line.next_due()) is not None]
        return min([*self.due.values(), *arriving])


class ScaleRig(Rig):
    """The counter of a ``Cabinet``, ready to sell."""

    def start(self) -> None:
        def joined(settings: Any) -> dict[str, Any]:
            return {"all": Lines(self, buses_of(settings, self.outfit.path.parent))}

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(journeys, "buses_of", joined)
            super().start()

    def _step(self) -> None:
        super()._step()
        if not self.inbox:  # a due time less than a float's step ahead would never come
            self.engine_due = max(self.engine_due, self.now + 1e-6)


def rig_of(cabinet: Cabinet, folder: Path, seed: int = 1) -> ScaleRig:
    """The counter in ``cabinet``, once it sells."""
    config = cabinet.write(folder)
    outfit = load_outfit(config / "counter.toml", environ={})
    rig = ScaleRig(folder, seed, outfit, config)
    rig.ready()
    return rig
