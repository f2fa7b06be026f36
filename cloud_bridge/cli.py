"""The command ``counter-bridge``: carries the counter's events to the centre."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from random import SystemRandom
from threading import Event as Flag
from time import monotonic
from typing import Any

import click

from cloud_bridge.beside import leave_time
from cloud_bridge.downlink import Trust
from cloud_bridge.enrolment import SignedTime, ToldTime
from cloud_bridge.known_time import KnownTime
from cloud_bridge.link import broker_of
from cloud_bridge.signed import Keys, trusted
from cloud_bridge.tls import IDENTITY
from edge import logs
from edge.cli_options import exit_code_of, json_option
from edge.clock import Clock
from edge.domain.values import Clk
from edge.errors import ConfigError
from edge.identity import CENTRE, Identity, poster
from edge.ledger.outbox import Outbox
from edge.outfit.settings_load import find_config, load
from edge.settings import Settings

PROGRAM = "counter-bridge"

config_option = click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="The counter's settings file (TOML)."
)
dir_option = click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help="The counter's data directory; stands above [files] data.",
)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def bridge() -> None:
    """专柜上传 · The bridge: brings the ledger's events to the centre, and nothing gets lost on the way."""


@bridge.command()
@config_option
@dir_option
def run(config: Path | None, directory: Path | None) -> int:
    """Carry events until SIGTERM or Ctrl-C. Waits for the ledger and for the broker as long as it takes."""
    from cloud_bridge import bridge as process

    logs.configure()
    settings = _settings(config)
    data, clock = _data(settings, directory), Clock()
    told = _known_time(settings, data, clock)
    trust = _trust(settings, clock, told)
    broker = broker_of(settings.mqtt, data / IDENTITY, told.judge if told else None)
    mqtt = settings.mqtt
    of = settings.counter
    sign = (of.name, of.place, of.hotline)
    plan = process.Plan(
        of.id,
        data,
        broker,
        mqtt.window,
        trust,
        mqtt.replay_per_s,
        sign,
        status_port=settings.bridge.status_port,
    )
    process.run(plan, Outbox, Flag(), SystemRandom())
    return 0


@bridge.command()
@config_option
@dir_option
@json_option
def backlog(config: Path | None, directory: Path | None, as_json: bool) -> int:
    """How many events the centre has not acknowledged, and which were set aside or rejected.

    Also which commands arrived, what was refused on their topic, and, where the centre was put back from a
    copy, how much of what it forgot has arrived again (sent_again: arrived of so many).
    """
    found = _backlog(_data(_settings(config), directory))
    lines = (f"{name}: {value}" for name, value in found.items())
    click.echo(json.dumps(found) if as_json else "\n".join(lines))
    return 0


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    return exit_code_of(bridge, PROGRAM, argv)


def _settings(config: Path | None) -> Settings:
    return load(find_config(config, os.environ), Settings, env_prefix="COUNTER_", environ=os.environ).value


def _known_time(settings: Settings, data: Path, clock: Clock) -> KnownTime | None:
    """Who tells the time while the clock is not set; None where nobody does: no TLS, no centre, no keys."""
    url = settings.mqtt.centre
    if not url and (data / IDENTITY / CENTRE).exists():
        url = Identity(data / IDENTITY).centre().centre
    if not settings.mqtt.tls or not url or not settings.commands.keys:
        return None
    post = poster(url, plain=True, unchecked=True)  # the answer proves itself by its signature

    def keep(told: SignedTime, mono: float) -> None:
        leave_time(data, ToldTime(boot=clock.boot, mono_ms=int(mono * 1000), told=told))

    return KnownTime(_keys(settings), post, lambda: clock.now().clk is not Clk.UNSYNCED, monotonic, keep)


def _keys(settings: Settings) -> Keys:
    try:
        return trusted(settings.commands.keys)
    except ValueError as error:
        raise ConfigError(f"commands.keys: {error}; `counter-central keys` shows the right one") from error


def _trust(settings: Settings, clock: Clock, told: KnownTime | None) -> Trust:
    def wall() -> int | None:
        now = clock.now()
        if now.clk is not Clk.UNSYNCED:
            return int(now.wall.timestamp())
        known = told.known() if told else None
        return None if known is None else int(known.timestamp())

    return Trust(settings.counter.id, _keys(settings), wall)


def _data(settings: Settings, directory: Path | None) -> Path:
    return directory or Path(settings.files.data)


def _backlog(data: Path) -> dict[str, Any]:
    from cloud_bridge.bridge import LEDGER
    from cloud_bridge.database import open_reader
    from cloud_bridge.inbox import Looked, looked
    from cloud_bridge.ranges import Covered
    from cloud_bridge.state import FILE, Kept, kept, sent_again

    with closing(Outbox(data / LEDGER)) as outbox:
        inc, last = outbox.incarnation(), outbox.last_seq()
    now, commands, again = Kept(Covered(), {}, {}), Looked(0, [], {}, []), {}
    if (data / FILE).is_file():
        with closing(open_reader(data / FILE)) as db:
            now, commands = kept(db, inc), looked(db)
            again = sent_again(db, inc, now.covered)
    return {
        "inc": inc,
        "last_seq": last,
        "through": now.covered.through,
        "have": [list(each) for each in now.covered.have],
        "backlog": now.covered.missing(last),
        "sent_again": again,
        "parked": {str(seq): code for seq, code in now.parked.items()},
        "rejected": {str(seq): code for seq, code in now.rejects.items()},
        "commands": asdict(commands),
    }


if __name__ == "__main__":
    sys.exit(main())
