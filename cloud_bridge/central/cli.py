"""The command ``counter-central``: one worker with its pages, reports, and the check of what arrived."""

import json
import os
import sqlite3
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from random import SystemRandom
from threading import Event as Flag

import click
import msgspec

from cloud_bridge.central import answers, audit, clock
from cloud_bridge.central.settings import Settings
from cloud_bridge.database import open_reader
from edge import logs
from edge.cli_options import exit_code_of
from edge.errors import NoInput
from edge.settings_load import find_config, load

PROGRAM = "counter-central"
DATABASE = "central.db"

config_option = click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), help="The settings file (TOML)."
)
dir_option = click.option(
    "--dir", "directory", type=click.Path(path_type=Path, file_okay=False), help=f"Where {DATABASE} lives."
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def central() -> None:
    """智能专柜中心 · The centre: takes in what counters send, and shows it."""


@central.command()
@config_option
@dir_option
@json_option
def run(config: Path | None, directory: Path | None, as_json: bool) -> int:
    """Take in events and serve the pages until SIGTERM or Ctrl-C.

    With --json one line on stdout says when it is ready, and where: {"centre": URL, …}.
    """
    from cloud_bridge.central.process import serve

    logs.configure()
    settings = _settings(config)
    database = _database(settings, directory)

    def ready(url: str) -> None:
        line = {"centre": url, "database": str(database), "pid": os.getpid()}
        click.echo(json.dumps(line) if as_json else f"{PROGRAM}: {url}")
        sys.stdout.flush()

    serve(settings, database, Flag(), ready, SystemRandom())
    return 0


@central.command()
@config_option
@dir_option
@json_option
@click.option("--from", "from_day", type=click.DateTime(["%Y-%m-%d"]), help="First day (Asia/Shanghai).")
@click.option("--to", "to_day", type=click.DateTime(["%Y-%m-%d"]), help="The day after the last one.")
def report(
    config: Path | None,
    directory: Path | None,
    as_json: bool,
    from_day: datetime | None,
    to_day: datetime | None,
) -> int:
    """Realised sales (成交) closed in [from, to): in all, by counter, by product, by origin county."""
    low = clock.day_start_ms(from_day) if from_day else answers.ALL_TIME[0]
    high = clock.day_start_ms(to_day) if to_day else answers.ALL_TIME[1]
    with closing(_reader(config, directory)) as db:
        found = {
            "measure": "REALISED",
            "from": from_day.date().isoformat() if from_day else None,
            "to": to_day.date().isoformat() if to_day else None,
            "total": answers.total(db, low, high),
            "counters": answers.by_counter(db, low, high),
            "products": answers.by_product(db, low, high),
            "counties": answers.by_county(db, low, high),
        }
    click.echo(msgspec.json.encode(found).decode() if as_json else audit.report_text(found))
    return 0


@central.command()
@config_option
@dir_option
@json_option
def verify(config: Path | None, directory: Path | None, as_json: bool) -> int:
    """Check every counter's events: numbers missing, hashes, the chain, conflicts, dead letters.

    Exit code 1 where something is wrong.
    """
    with closing(_reader(config, directory)) as db:
        found = audit.verify(db)
    click.echo(msgspec.json.encode(found).decode() if as_json else audit.verify_text(found))
    return 0 if all(stream.sound for stream in found) else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    return exit_code_of(central, PROGRAM, argv)


def _settings(config: Path | None) -> Settings:
    path = find_config(config, os.environ, name="central", variable="COUNTER_CENTRAL_CONFIG")
    return load(path, Settings, env_prefix="COUNTER_CENTRAL_", environ=os.environ).value


def _database(settings: Settings, directory: Path | None) -> Path:
    return directory / DATABASE if directory else Path(settings.database.path)


def _reader(config: Path | None, directory: Path | None) -> sqlite3.Connection:
    database = _database(_settings(config), directory)
    if not database.is_file():
        raise NoInput(f"{database}: no database of a centre here; `{PROGRAM} run` makes one")
    return open_reader(database)


if __name__ == "__main__":
    sys.exit(main())
