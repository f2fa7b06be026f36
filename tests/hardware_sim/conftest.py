from pathlib import Path

import pytest

from hardware_sim.bus import Line
from hardware_sim.config import Config, load
from hardware_sim.links.virtual import Clock, ask
from hardware_sim.world import World

SIM_TOML = Path(__file__).parents[2] / "config" / "sim.toml"


class Bench:
    """A world on a virtual clock, with the master's end and the visitor's end in one hand."""

    def __init__(self, config: Config, seed: int = 1, **more) -> None:
        self.clock = Clock()
        self.world = World(config, seed, **more)

    @property
    def line(self) -> Line:
        return self.world.line

    def ask(self, request: bytes | str, wait_s: float = 1.0) -> bytes:
        data = bytes.fromhex(request) if isinstance(request, str) else request
        return ask(self.line, self.clock, data, wait_s)

    def act(self, do: str, **more) -> dict:
        return self.world.act({"do": do, **more}, self.clock())

    def state(self) -> dict:
        return self.world.state(self.clock())

    def tray(self, name: str) -> dict:
        return next(tray for tray in self.state()["trays"] if tray["id"] == name)

    def wait(self, seconds: float) -> None:
        self.clock.sleep(seconds)

    def unlock_and_open(self) -> None:
        self.ask("8A 01 01 11 9B")
        self.act("open_door")


@pytest.fixture(scope="session")
def sim_toml() -> Path:
    return SIM_TOML


@pytest.fixture(scope="session")
def config() -> Config:
    return load(SIM_TOML)


@pytest.fixture
def bench(config) -> Bench:
    return Bench(config)


@pytest.fixture(scope="session")
def make_bench(config):
    return lambda seed=1, **more: Bench(config, seed, **more)
