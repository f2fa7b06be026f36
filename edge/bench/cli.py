"""``counter bench``: runs the benchmarks and prints what they found. It asserts nothing."""

import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

import click
import msgspec

from edge.bench.catalogue import bench_catalogue
from edge.bench.catch_up import bench_catch_up
from edge.bench.feed import bench_feed
from edge.bench.figures import Report
from edge.bench.idle import bench_idle
from edge.bench.ingest import bench_ingest
from edge.bench.machine import machine
from edge.bench.money import report_ledger
from edge.bench.recognition import recognition
from edge.bench.tables import text_of
from edge.bench.visits import bench_visit
from edge.bench.wire import bench_serial
from edge.cli_options import json_option
from edge.errors import CannotCreate
from edge.logs import configure

Say = Callable[[str], None]

BENCHES: dict[str, tuple[int, Callable[[int, Path, Say], Report]]] = {
    "serial": (2000, lambda n, place, say: bench_serial(n, say=say)),
    "ledger": (500, lambda n, place, say: report_ledger(n, place, say=say)),
    "idle": (25, lambda n, place, say: bench_idle(n, place, say)),
    "catalogue": (100, lambda n, place, say: bench_catalogue(n, place, say)),
    "feed": (50_000, lambda n, place, say: bench_feed(n, place, say)),
    "visit": (50, lambda n, place, say: bench_visit(n, place, say=say)),
}
"""Name → how much is measured without ``--n``, and what measures it."""


class _Bench(click.Group):
    """``bench serial`` is short for ``bench machine serial``, and ``bench`` for ``bench machine``."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if args[:1] not in [[name] for name in (*self.commands, *ctx.help_option_names)]:
            args = ["machine", *args]
        return super().parse_args(ctx, args)


@click.group(cls=_Bench, commands={"recognition": recognition})
def bench() -> None:
    """Measure this machine (the usual case), or the recogniser.

    `bench serial`, `ledger`, `idle`, `catalogue`, `feed`, `visit`, `all` measure the machine:
    `bench machine --help`. `bench ingest` measures the centre.
    """


STORES = click.Choice(["sqlite", "postgresql", "all"])


def stores_of(store: str) -> tuple[str, ...]:
    return ("sqlite", "postgresql") if store == "all" else (store,)


place_option = click.option(
    "--dir",
    "place",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".counter"),
    show_default=True,
    help="Files are made on this disk, and removed.",
)


@bench.command("machine")
@click.argument("name", type=click.Choice([*BENCHES, "all"]), default="all")
@click.option(
    "--n",
    type=click.IntRange(min=1),
    help="How much: polls or sales a round (serial, ledger), visits, seconds (idle), requests, events.",
)
@place_option
@json_option
def machine_command(name: str, n: int | None, place: Path, as_json: bool) -> int:
    """Measure this machine: serial polls, durable sales, idling, large catalogue, feed, waits of a visit.

    A table on stdout, or one JSON object; how far it has come on stderr. Nothing is judged: a goal
    stands beside what was found. See docs/performance.md.
    """
    _tell([_bench(each, n) for each in (BENCHES if name == "all" else [name])], place, as_json)
    return 0


@bench.command()
@click.option("--n", type=click.IntRange(min=1), default=20_000, show_default=True, help="Events a round.")
@click.option("--store", type=STORES, default="all", show_default=True)
@click.option(
    "--workers",
    type=click.IntRange(1, 16),
    multiple=True,
    default=(1, 2, 4),
    show_default=True,
    help="Processes on PostgreSQL; may be given again.",
)
@click.option(
    "--commit",
    type=click.IntRange(min=1),
    default=500,
    show_default=True,
    help="Events in one transaction, about.",
)
@place_option
@json_option
def ingest(n: int, store: str, workers: tuple[int, ...], commit: int, place: Path, as_json: bool) -> int:
    """Measure the centre's ingest beside a bare loop that writes the same rows.

    PostgreSQL is a server of its own with its default settings, made and removed; it has to be installed.
    Otherwise as `bench machine`.
    """
    stores = stores_of(store)
    _tell(
        [("ingest", lambda inner, say: bench_ingest(n, inner, stores, workers, commit, say))], place, as_json
    )
    return 0


@bench.command()
@click.option(
    "--n", type=click.IntRange(min=1), default=BENCHES["feed"][0], show_default=True, help="Events."
)
@click.option("--catch-up", type=click.IntRange(min=1), help="Instead: so many events into a real centre.")
@click.option("--store", type=STORES, default="all", show_default=True, help="Of that centre.")
@place_option
@json_option
def feed(n: int, catch_up: int | None, store: str, place: Path, as_json: bool) -> int:
    """Measure the bridge beside bare paho and mosquitto_pub, or how one counter catches up.

    mosquitto has to be installed. Otherwise as `bench machine`.
    """
    few = catch_up or 0
    named = _bench("feed", n)
    if few:
        named = ("feed", lambda inner, say: bench_catch_up(few, inner, stores_of(store), say))
    _tell([named], place, as_json)
    return 0


Named = tuple[str, Callable[[Path, Say], Report]]


def _bench(name: str, n: int | None) -> Named:
    usual, measure = BENCHES[name]
    return name, lambda inner, say: measure(n or usual, inner, say)


def _tell(benches: Iterable[Named], place: Path, as_json: bool) -> None:
    """Run them, one after the other, and print what they found."""
    configure("warning")
    found: dict[str, object] = {"machine": machine()}
    if not as_json:
        click.echo("  ".join(f"{key}: {value}" for key, value in machine().items()))
    for name, measure in benches:
        report = _measured(measure, place)
        found[name] = msgspec.to_builtins(report)
        if not as_json:
            click.echo(f"\n{text_of(report)}")
    if as_json:
        click.echo(msgspec.json.encode(found).decode())


def _measured(measure: Callable[[Path, Say], Report], place: Path) -> Report:
    try:
        place.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix="bench-", dir=place) as inner:
            return measure(Path(inner).absolute(), lambda text: click.echo(text, err=True))
    except PermissionError as error:
        raise CannotCreate(f"{error.filename}: {error.strerror}; choose another place with --dir") from error
