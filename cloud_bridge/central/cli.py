"""The command ``counter-central``: one worker with its pages, reports, and the check of what arrived."""

import json
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime, timedelta
from pathlib import Path
from random import SystemRandom
from threading import Event as Flag
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
import msgspec

from cloud_bridge.central import answers, audit, clock, statements
from cloud_bridge.central.database import Address, Connection, open_reader, shown
from cloud_bridge.central.hook_store import FILE as HOOKS
from cloud_bridge.central.prices import prices_text, verify_prices
from cloud_bridge.central.settings import FILE as DATABASE
from cloud_bridge.central.settings import Settings, address_of
from cloud_bridge.central.statement_text import bill_text, statement_text
from edge import logs
from edge.cli_options import LazyGroup, exit_code_of
from edge.domain.statement import statement_csv
from edge.outfit.catalogue_csv import read_catalogue
from edge.outfit.price_file import read_prices
from edge.outfit.settings_load import find_config, load

PROGRAM = "counter-central"

FILE = click.Path(path_type=Path, dir_okay=False)

config_option = click.option("--config", type=FILE, help="The settings file (TOML).")
dir_option = click.option(
    "--dir",
    "directory",
    type=click.Path(path_type=Path, file_okay=False),
    help=f"Where {DATABASE} lives.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
csv_option = click.option("--csv", "as_csv", is_flag=True, help="CSV on stdout, amounts in fen.")
DAY = click.DateTime(["%Y-%m-%d"])


LATE = {
    "broker-config": ("cloud_bridge.central.trust.cli:broker_config", "Write mosquitto's files."),
    "ca": ("cloud_bridge.central.trust.cli:ca", "The centre's certificate authority."),
    "enrol": ("cloud_bridge.central.trust.cli:enrol", "A one-time code for a counter."),
    "revoke": ("cloud_bridge.central.trust.cli:revoke", "Take a counter's certificates back, at once."),
    "command": ("cloud_bridge.central.commanding_cli:command", "Order something of counters."),
    "export": ("cloud_bridge.central.export_cli:export", "The lists as CSV, JSON or JSON lines files."),
    "keys": (
        "cloud_bridge.central.commanding_cli:keys",
        "The key that signs commands.",
    ),
    "buyer": ("cloud_bridge.central.buyer_cli:buyer", "Who opens counters from the centre's phone page."),
    "account": (
        "cloud_bridge.central.account_cli:account",
        "Logins of the centre's pages and API: who they are and what they may.",
    ),
}


@click.group(cls=LazyGroup, late=LATE, context_settings={"help_option_names": ["-h", "--help"]})
def central() -> None:
    """智能专柜中心 · The centre: takes in what counters send, and shows it."""


@central.command()
@config_option
@dir_option
@json_option
@click.option("--worker-id", help="Instead of [worker] id: two workers on one database need two.")
@click.option("--no-web", is_flag=True, help="A worker without pages: any number, on PostgreSQL.")
@click.option("--no-worker", is_flag=True, help="Pages and API alone, beside workers of their own.")
def run(
    config: Path | None,
    directory: Path | None,
    as_json: bool,
    worker_id: str | None,
    no_web: bool,
    no_worker: bool,
) -> int:
    """Take in events and serve the pages until SIGTERM or Ctrl-C.

    With --json one line on stdout says when it is ready, and where: {"centre": URL, …}; without pages null.
    """
    from cloud_bridge.central.process import serve, show

    if no_web and no_worker:
        raise click.UsageError("--no-web and --no-worker leave nothing to do")
    logs.configure()
    settings = _settings(config)
    if worker_id:
        settings = msgspec.structs.replace(
            settings, worker=msgspec.structs.replace(settings.worker, id=worker_id)
        )
    database = address_of(settings.database, directory)
    if directory:
        hooks = msgspec.structs.replace(settings.webhooks, path=str(directory / HOOKS))
        settings = msgspec.structs.replace(settings, webhooks=hooks)

    def ready(url: str | None) -> None:
        line = {"centre": url, "database": shown(database), "pid": os.getpid()}
        click.echo(json.dumps(line) if as_json else f"{PROGRAM}: {url or settings.worker.id}")
        sys.stdout.flush()

    if no_worker:
        show(settings, database, Flag(), ready)
    else:
        serve(settings, database, Flag(), ready, SystemRandom(), pages=not no_web)
    return 0


@central.command()
@config_option
@dir_option
def rebuild(config: Path | None, directory: Path | None) -> int:
    """Make every table that pages and reports read again from the raw events; progress on stderr.

    On SQLite the centre has to be stopped; on PostgreSQL workers wait with their acks until it is done.
    """
    from cloud_bridge.central import projecting
    from cloud_bridge.central.store import Store

    def progress(done: int, of: int) -> None:
        click.echo(f"{done} of {of} events", err=True)

    with (
        closing(Store(address_of(_settings(config).database, directory))) as store,
        store.transaction() as db,
    ):
        store.gate()
        projecting.rebuild(db, progress=progress)
        store.note_rebuilt()
    return 0


@central.group(invoke_without_command=True)
@config_option
@dir_option
@json_option
@click.option("--from", "from_day", type=click.DateTime(["%Y-%m-%d"]), help="First day (Asia/Shanghai).")
@click.option("--to", "to_day", type=click.DateTime(["%Y-%m-%d"]), help="The day after the last one.")
@click.pass_context
def report(
    context: click.Context,
    config: Path | None,
    directory: Path | None,
    as_json: bool,
    from_day: datetime | None,
    to_day: datetime | None,
) -> int:
    """Realised sales (成交) closed in [from, to): in all, by counter, by product, by origin county."""
    if context.invoked_subcommand is not None:
        return 0
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


@report.command("unit-bill")
@config_option
@dir_option
@json_option
@csv_option
@click.option("--unit", required=True, help="The unit's opaque id, as in the rosters.")
@click.option("--month", type=click.DateTime(["%Y-%m"]), required=True, help="Like 2026-11 (Asia/Shanghai).")
def unit_bill(
    config: Path | None, directory: Path | None, as_json: bool, as_csv: bool, unit: str, month: datetime
) -> int:
    """One unit's month: sales, refunds and net, certified share, by origin county, by scheme. No names."""
    following = (month + timedelta(days=31)).replace(day=1)
    bounds = clock.day_start_ms(month), clock.day_start_ms(following)
    with closing(_reader(config, directory)) as db:
        bill = statements.unit_bill(db, unit, f"{month:%Y-%m}", *bounds)
    _tell(bill, as_json, statements.bill_csv(bill) if as_csv else bill_text(bill))
    return 0


@report.command()
@config_option
@dir_option
@json_option
@csv_option
@click.option("--supplier", "supplier_id", required=True, help="The supplier's id, as in the catalogue.")
@click.option("--from", "from_day", type=DAY, required=True, help="First day (Asia/Shanghai).")
@click.option("--to", "to_day", type=DAY, required=True, help="The day after the last one.")
def supplier(
    config: Path | None,
    directory: Path | None,
    as_json: bool,
    as_csv: bool,
    supplier_id: str,
    from_day: datetime,
    to_day: datetime,
) -> int:
    """One supplier's own goods: sold, refunded, written off, and what it is due at its supply prices."""
    bounds = clock.day_start_ms(from_day), clock.day_start_ms(to_day)
    days = from_day.date().isoformat(), to_day.date().isoformat()
    with closing(_reader(config, directory)) as db:
        told = statements.supplier_statement(db, supplier_id, days, *bounds)
    _tell(told, as_json, statement_csv(told) if as_csv else statement_text(told))
    return 0


def _tell(told: msgspec.Struct, as_json: bool, text: str) -> None:
    shown = msgspec.json.encode(told).decode() if as_json else text
    click.echo(shown, nl=not shown.endswith("\n"))


@central.command()
@config_option
@dir_option
@json_option
@click.option("--prices", "prices_file", type=FILE, help="A counter's prices file; needs --catalogue.")
@click.option("--catalogue", "catalogue_file", type=FILE, help="That counter's catalogue.")
@click.option("--timezone", default="Asia/Shanghai", help="Of the counters that sold by these files.")
def verify(
    config: Path | None,
    directory: Path | None,
    as_json: bool,
    prices_file: Path | None,
    catalogue_file: Path | None,
    timezone: str,
) -> int:
    """Check every counter's events: numbers missing, hashes, the chain, conflicts, dead letters.

    With --prices and --catalogue also every sale made by these very files, line by line: was it charged
    what they say? With --json: {"streams": …, "prices": …}. Exit code 1 where something is wrong.
    """
    if (prices_file is None) != (catalogue_file is None):
        raise click.UsageError("--prices and --catalogue go together")
    priced = None
    with closing(_reader(config, directory)) as db:
        found = audit.verify(db)
        if prices_file and catalogue_file:
            catalogue = read_catalogue(catalogue_file)
            prices = read_prices(prices_file, catalogue.products)
            priced = verify_prices(db, catalogue, prices, _zone(timezone))
    told = found if priced is None else {"streams": found, "prices": priced}
    text = [audit.verify_text(found), *([prices_text(priced)] if priced else [])]
    click.echo(msgspec.json.encode(told).decode() if as_json else "\n".join(text))
    return 0 if all(stream.sound for stream in found) and not (priced and priced.wrong) else 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line; gives the exit code."""
    from cloud_bridge.central.hook_cli import webhook, webhooks

    central.add_command(webhook)
    central.add_command(webhooks)
    return exit_code_of(central, PROGRAM, argv)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise click.BadParameter(f"{name} is no time zone", param_hint="--timezone") from error


def _settings(config: Path | None) -> Settings:
    path = find_config(config, os.environ, name="central", variable="COUNTER_CENTRAL_CONFIG")
    return load(path, Settings, env_prefix="COUNTER_CENTRAL_", environ=os.environ).value


def database_of(config: Path | None, directory: Path | None) -> Address:
    """Where the centre's database lies, or will."""
    return address_of(_settings(config).database, directory)


def _reader(config: Path | None, directory: Path | None) -> Connection:
    return open_reader(address_of(_settings(config).database, directory))


if __name__ == "__main__":
    sys.exit(main())
