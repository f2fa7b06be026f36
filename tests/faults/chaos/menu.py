"""What can go wrong: each fault begins on a target and says how it ends. Chosen by a seeded random."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from tests.faults.chaos.programs import Program
from tests.faults.chaos.proxy import Path as Way
from tests.faults.chaos.proxy import Weather
from tests.faults.chaos.server import Server
from tests.faults.chaos.stage import Stage

Undo = Callable[[], None]


@dataclass(frozen=True)
class Fault:
    """name: for the table. weight: how often, beside the others. lasts: seconds, from and to."""

    name: str
    weight: float
    lasts: tuple[float, float]
    targets: Callable[[Stage], list[str]]
    begin: Callable[[Stage, str, Random], Undo]


def _of_kind(*kinds: str) -> Callable[[Stage], list[str]]:
    def targets(stage: Stage) -> list[str]:
        return [p.name for p in stage.programs.values() if p.kind in kinds and p.lives]

    return targets


def _kill(stage: Stage, target: str, random: Random) -> Undo:
    stage.programs[target].kill(away_s=random.choice([0.0, 0.0, random.uniform(0, 2.5)]))
    return _nothing


def _freeze(stage: Stage, target: str, _: Random) -> Undo:
    program = stage.programs[target]
    program.freeze()
    return partial(_thaw, program, program.process)


def _thaw(program: Program, process: object) -> None:
    if program.process is process:  # killed meanwhile, its successor was never frozen
        program.thaw()


def _nothing() -> None:
    """A kill ends by itself."""


def _ways(stage: Stage) -> list[str]:
    return list(stage.ways)


def _mqtt_ways(stage: Stage) -> list[str]:
    return [name for name, way in stage.ways.items() if way.mqtt]


def _kill_one(stage: Stage, target: str, random: Random) -> Undo:
    program = stage.programs[target]
    assert isinstance(program, Server)
    program.kill_one(random)
    return _nothing


def _cut(stage: Stage, target: str, _: Random) -> Undo:
    stage.proxy.cut(stage.ways[target])
    return _nothing


def _weather(stage: Stage, target: str, weather: Weather) -> Undo:
    way = stage.ways[target]
    way.weather = weather
    return partial(_clear, way, weather)


def _clear(way: Way, weather: Weather) -> None:
    if way.weather is weather:
        way.weather = Weather()


def _gone(stage: Stage, target: str, random: Random) -> Undo:
    _cut(stage, target, random)
    return _weather(stage, target, Weather(refusing=True))


def _silent(stage: Stage, target: str, random: Random) -> Undo:
    ways = random.choice([("up",), ("down",), ("up", "down")])
    return _weather(stage, target, Weather(blocked=frozenset(ways)))


def _rain(stage: Stage, target: str, random: Random) -> Undo:
    weather = Weather(
        latency_s=random.choice([0.0, 0.05, 0.4]),
        jitter_s=random.choice([0.0, 0.1, 0.5]),
        double=random.choice([0.0, 0.1, 0.5]),
        late=random.choice([0.0, 0.2, 0.5]),
        late_s=random.choice([0.3, 1.0, 3.0]),
        slice=random.choice([0, 0, 7, 100]),
    )
    return _weather(stage, target, weather)


def _disks(stage: Stage) -> list[str]:
    return [name for name, disk in stage.disks.items() if disk.mounted]


def _full(stage: Stage, target: str, _: Random) -> Undo:
    disk = stage.disks[target]
    disk.fill()
    return disk.free


MENU = (
    Fault("kill -9 engine", 3, (0, 0), _of_kind("engine"), _kill),
    Fault("kill -9 writer", 3, (0, 0), _of_kind("writer"), _kill),
    Fault("kill -9 bridge", 4, (0, 0), _of_kind("bridge"), _kill),
    Fault("kill -9 broker", 2, (0, 0), _of_kind("broker"), _kill),
    Fault("kill -9 worker", 3, (0, 0), _of_kind("worker"), _kill),
    Fault("kill -9 postgresql", 1, (0, 0), _of_kind("database"), _kill),
    Fault("kill -9 one process of postgresql", 1, (0, 0), _of_kind("database"), _kill_one),
    Fault("freeze engine", 1, (0.3, 4), _of_kind("engine"), _freeze),
    Fault("freeze bridge", 1, (0.3, 8), _of_kind("bridge"), _freeze),
    Fault("freeze broker", 2, (0.3, 8), _of_kind("broker"), _freeze),
    Fault("freeze worker", 2, (0.3, 8), _of_kind("worker"), _freeze),
    Fault("freeze postgresql", 1.5, (0.3, 8), _of_kind("database"), _freeze),
    Fault("connection cut", 2, (0, 0), _ways, _cut),
    Fault("network gone", 2, (1, 8), _ways, _gone),
    Fault("network silent", 2, (1, 9), _ways, _silent),
    Fault("late, doubled, reordered", 4, (2, 10), _mqtt_ways, _rain),
    Fault("disk full", 1.5, (0.5, 4), _disks, _full),
)
"""Which of them a run has depends on who takes part and on what this user may do."""
