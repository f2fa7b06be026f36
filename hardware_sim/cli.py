"""``counter-sim``: the simulated cabinet as a program. Composes the parts; decides nothing."""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from random import Random

import click

from hardware_sim import saved
from hardware_sim.config import Config, load
from hardware_sim.errors import SimError
from hardware_sim.field import made as field
from hardware_sim.links.pty import PtyLink
from hardware_sim.links.tcp import TcpLink
from hardware_sim.runner import Link, Runner
from hardware_sim.server import Server
from hardware_sim.sessions.levels import LEVELS
from hardware_sim.sessions.made import session_lines
from hardware_sim.sessions.stock import REFERENCE, from_catalogue
from hardware_sim.web import app
from hardware_sim.world import World

WATCH_S = 0.2


@click.group(name="counter-sim")
def group() -> None:
    """The counter's boards, trays, door and goods without hardware."""


@group.command()
@click.option(
    "--config",
    "config_path",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("config/sim.toml"),
    show_default=True,
    help="The cabinet: boards, trays, files of goods.",
)
@click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="Keep goods and door here, so that a restarted simulator goes on where it was.",
)
@click.option("--link", help="Serial line's name, or socket://host:port. Default: [line] link.")
@click.option("--http", "port", type=click.IntRange(0, 65535), help="Control port; 0: any free one.")
@click.option("--seed", type=int, default=0, show_default=True, help="Same seed, same goods and noise.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line on stdout when ready.")
def run(
    config_path: Path, directory: Path | None, link: str | None, port: int | None, seed: int, as_json: bool
) -> None:
    """Run the cabinet until SIGTERM or Ctrl-C."""
    config = load(config_path)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    runner = _runner(config, directory, link or config.file.line.link, seed)
    server = Server(app(runner), config.file.http.host, config.file.http.port if port is None else port)
    runner.start()
    server.start()
    try:
        _announce(server.url, runner.url, as_json)
        _wait(stop, runner, server)
    finally:
        server.stop()
        runner.stop()


@group.command()
@click.option(
    "--family",
    type=click.Choice(["levels", "field"]),
    default="levels",
    show_default=True,
    help="Whose model.",
)
@click.option(
    "--group",
    "group_name",
    type=click.Choice([*field.GROUPS, "all"]),
    default="core",
    show_default=True,
    help="Which sessions of the field family.",
)
@click.option("--level", type=click.Choice([*LEVELS, "all"]), default="L2", show_default=True)
@click.option("--n", type=click.IntRange(min=1), default=1000, show_default=True, help="Sessions a level.")
@click.option(
    "--first", type=click.IntRange(min=0), default=0, show_default=True, help="Number of the first."
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same bytes.")
@click.option(
    "--catalogue",
    type=click.Path(path_type=Path, dir_okay=False),
    help="A catalogue.csv to stock from instead of the reference goods.",
)
@click.option(
    "--cells",
    type=click.Choice(["1", "4"]),
    default="1",
    show_default=True,
    help="Cells a tray that are read one by one; with 4 each row says where the load acts (levels only).",
)
def generate(
    family: str,
    group_name: str,
    level: str,
    n: int,
    first: int,
    seed: int,
    catalogue: Path | None,
    cells: str,
) -> None:
    """Write made-up door sessions to stdout, one JSON object a line, with what was truly taken.

    Two families by two authors: levels (--level, --catalogue) and field (--group).
    """
    if family == "field":
        groups = field.GROUPS if group_name == "all" else [group_name]
        sources = [field.session_lines(name, seed, first, n) for name in groups]
    else:
        goods = from_catalogue(catalogue) if catalogue else REFERENCE
        levels = LEVELS if level == "all" else [level]
        sources = [session_lines(LEVELS[name], goods, seed, first, n, cells == "4") for name in levels]
    for line in chain.from_iterable(sources):
        sys.stdout.buffer.write(line + b"\n")


@group.command()
@click.option("--n", type=click.IntRange(min=1), default=100, show_default=True, help="Counters.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The broker's.")
@click.option("--port", type=click.IntRange(1, 65535), default=1883, show_default=True)
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=60.0, show_default=True, help="Seconds a sale."
)
@click.option("--seconds", type=click.FloatRange(min=1), default=60.0, show_default=True)
@click.option("--seed", type=int, default=0, show_default=True)
def fleet(n: int, host: str, port: int, every: float, seconds: float, seed: int) -> None:
    """Many counters at one broker: connect, sell, and come back when the broker was started again.

    They keep their events in memory and have no cabinet. At the end one JSON line of figures on stdout.
    """
    from cloud_bridge.link import Broker
    from hardware_sim.fleet import fleet as run_fleet  # the feed's libraries are loaded for this alone

    click.echo(json.dumps(run_fleet(n, Broker(host, port), every, seed, seconds)))


def _runner(config: Config, directory: Path | None, link: str, seed: int) -> Runner:
    keep = None
    if directory is not None:
        directory.mkdir(parents=True, exist_ok=True)
        keep = directory / "sim.json"
    found = saved.read(keep) if keep is not None else None
    world = World(config, seed, found, time.monotonic())
    others = {name: _link(line.link, line.baud, seed) for name, line in config.file.lines.items()}
    return Runner(world, _link(link, config.file.line.baud, seed), keep, others)


def _link(name: str, baud: int, seed: int) -> Link:
    if not name.startswith("socket://"):
        return PtyLink(Path(name), baud, Random(f"{seed}/speed"))
    host, _, port = name.removeprefix("socket://").rpartition(":")
    if not host or not port.isdecimal():
        raise click.BadParameter(f"{name}: write socket://host:port", param_hint="--link")
    return TcpLink(host, int(port))


def _announce(url: str, link: str, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"sim": url, "port": link, "pid": os.getpid()}))
    else:
        click.echo(f"模拟柜面板 cabinet panel: {url}/\n串口 serial line: {link}\nCtrl-C 停止 stops")
    sys.stdout.flush()


def _wait(stop: threading.Event, runner: Runner, server: Server) -> None:
    """Until asked to stop, or until a part has died: then raise, so that whoever watches starts us again."""
    while not stop.wait(WATCH_S):
        if not runner.alive:
            raise SimError(f"the line's thread has died: {runner.failure!r}")
        if not server.alive:
            raise SimError("the control port's thread has died")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the group; errors of the tree go to stderr and give their exit code."""
    try:
        group.main(args=argv, standalone_mode=False)
    except SimError as error:
        click.echo(f"counter-sim: {error}", err=True)
        return error.exit_code
    except click.Abort:
        return 130
    except click.ClickException as error:
        error.show()
        return error.exit_code
    return 0
