"""``bench feed --catch-up``: one counter's backlog by its real bridge and a real broker into a real centre.

It imports nothing of either bank: what is measured are the programs that ship.
"""

import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from edge.bench.feed import PATIENCE_S, Place, bridge, broker, cpu_of, environ_of, stop
from edge.bench.feed_sales import filled
from edge.bench.feed_tap import Tap
from edge.bench.figures import Cell, Report, Target
from edge.bench.ingest import EVENTS_A_VISIT, RAM, Database, databases
from edge.errors import Unavailable
from edge.ledger.outbox import Outbox

LOOK_S = 0.05
"""Between two looks at how far the bridge knows the centre to be."""


def bench_catch_up(
    events: int,
    directory: Path,
    stores: Sequence[str] = ("sqlite", "postgresql"),
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """Once with each store, without pace. Raises Unavailable without mosquitto."""
    say(f"feed: about {events} events into a ledger")
    ledger = directory / "ledger.db"
    count = _filled(ledger, max(1, round(events / EVENTS_A_VISIT)))
    rows: list[dict[str, Cell]] = []
    left_out: list[str] = []
    with ExitStack() as stack:
        port = stack.enter_context(broker(directory))
        for database in databases(stack, stores, directory, left_out):
            say(f"feed: catching up, {database.name}")
            place = Place(directory / database.name / "counter", port)
            place.directory.mkdir(parents=True)
            shutil.copy(ledger, place.directory / "ledger.db")
            rows.append(_caught_up(place, database, count))
    return Report(
        name="feed",
        what=f"one counter catches up {count} events, once with each store; mosquitto",
        rows=tuple(rows),
        targets=tuple(
            Target(
                what=f"bytes an event on the wire, {row['store']}", target="≤ 200", found=row["bytes_event"]
            )
            for row in rows
        ),
        not_included=(
            *left_out,
            "TLS; TCP's own bytes and acks; a fleet's pace (mqtt.replay_per_s), the centre's limit for one"
            " counter (worker.counter_per_s); a real network's delay. The proxy that counts bytes takes CPU",
        ),
    )


def _filled(path: Path, sales: int) -> int:
    """A ledger, made in memory where there is such a place; how many events it has."""
    with tempfile.TemporaryDirectory(dir=RAM if RAM.is_dir() else path.parent) as inner:
        made = Path(inner, "ledger.db")
        filled(made, sales)
        with closing(Outbox(made)) as outbox:
            count = outbox.last_seq()
        shutil.copy(made, path)
    return count


def _caught_up(place: Place, database: Database, events: int) -> dict[str, Cell]:
    """From the bridge's start until it knows that the centre has committed all."""
    with _centre(place, database) as centre, Tap(place.port) as tap:
        before = database.cpu_s(), cpu_of(centre.pid)
        with bridge(Place(place.directory, tap.port)) as process:
            began = time.monotonic()
            _acknowledged(place, events)
            seconds = time.monotonic() - began
            spent = cpu_of(process.pid)
        server, centre_s = database.cpu_s() - before[0], cpu_of(centre.pid) - before[1]
        sent = tap.published()
    per_event = 1e6 / events
    return {
        "store": database.name,
        "events": events,
        "seconds": round(seconds, 1),
        "events_s": round(events / seconds),
        "bytes_event": round(sent / events),
        "bridge_cpu_us": round(spent * per_event, 1),
        "centre_cpu_us": round(centre_s * per_event, 1),
        "server_cpu_us": round(server * per_event, 1),
    }


@contextmanager
def _centre(place: Place, database: Database) -> "Iterator[subprocess.Popen[bytes]]":
    environ = environ_of(place) | {
        "COUNTER_CENTRAL_MQTT__PORT": str(place.port),
        "COUNTER_CENTRAL_WEB__PORT": "0",
        "COUNTER_CENTRAL_WORKER__COUNTER_PER_S": "1000000",
    }
    if database.name == "postgresql":
        environ["COUNTER_CENTRAL_DATABASE__URL"] = database.fresh()
    command = [sys.executable, "-m", "cloud_bridge.central", "run", "--json", "--dir", str(place.directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ) as centre:
        try:
            assert centre.stdout is not None
            if not centre.stdout.readline():
                raise Unavailable("the centre did not start; run `counter-central run` to see why")
            yield centre
        finally:
            stop(centre)


def _acknowledged(place: Place, events: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (through := _through(place.directory / "bridge.db")) < events:
        if time.monotonic() > deadline:
            raise Unavailable(f"{through} of {events} events in {PATIENCE_S:.0f} s")
        time.sleep(LOOK_S)


def _through(path: Path) -> int:
    """What the bridge wrote down; looked at without another process, which would take CPU."""
    if not path.exists():
        return 0
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        try:
            row = db.execute("select through from mark").fetchone()
        except sqlite3.OperationalError:
            return 0  # it is about to make its tables
    return int(row[0]) if row else 0
