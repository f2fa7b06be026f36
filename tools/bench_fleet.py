"""How long the fleet's page takes at a centre with so many counters: fills a database, asks, prints a table.

    python tools/bench_fleet.py --n 30000                          # a SQLite file in a temporary directory
    python tools/bench_fleet.py --n 30000 --url postgresql://…     # an EMPTY database; its rows stay

Counters, marks, last sales, alarms and gaps are made up (示例); nothing goes through a broker.
"""

import asyncio
import json
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from random import Random

import click
import httpx

from cloud_bridge.central import fleet
from cloud_bridge.central.access_tables import attach, open_access
from cloud_bridge.central.app import Site
from cloud_bridge.central.database import Address, open_reader
from cloud_bridge.central.store import Store
from cloud_bridge.central.table import table

ROUNDS = 9
SALE = table(
    "sale",
    "counter session inc seq order_no channel total_fen certified_fen catalogue opened_at closed_at"
    " closed_ms clk",
    key=2,
)
ASKED = {
    "first page": {},
    "by last sale": {"sort": "sale"},
    "by backlog": {"sort": "backlog"},
    "only ALARM": {"state": "ALARM"},
    "only DEGRADED, by clock": {"state": "DEGRADED", "sort": "clock"},
    "search 0123": {"q": "0123"},
    "last page": {"sort": "counter", "offset": "-1"},
}


def filled(store: Store, n: int, random: Random) -> None:
    """``n`` counters: 2 % gone, 1 % with an alarm, 2 % behind, 0.2 % with missing numbers, 20 sales each."""
    now = datetime.now(UTC)
    at = now.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    names = [f"AK-{number:05d}" for number in range(1, n + 1)]
    ms = round(now.timestamp() * 1000)
    with store.transaction() as db:
        db.executemany(
            "insert into counter (counter, inc, online, since, version, backlog, parked, clock_off_s, heard)"
            " values (?, 'i', ?, ?, ?, ?, 0, ?, ?)",
            [
                (
                    name,
                    int(random.random() > 0.02),
                    at,
                    f"0.1.{random.randrange(4)}",
                    random.choice((0, 0, 0, 3)) if random.random() > 0.02 else 900,
                    random.randrange(-9, 9),
                    at,
                )
                for name in names
            ],
        )
        db.executemany(
            "insert into mark (counter, inc, hi) values (?, 'i', 100)", [(name,) for name in names]
        )
        db.executemany(
            "insert into stream (counter, inc, last_seq, last_at, clk, boot, sold_seq, sold_at, sold_ms)"
            " values (?, 'i', 100, ?, 1, 'b', 99, ?, ?)",
            [(name, at, at, ms - random.randrange(10**8)) for name in names],
        )
        sales = (
            (
                *(name, f"{name}-{k}", "i", k + 1, f"{name}-{k}", "C", 100, 100, "c", at, at),
                *(ms - random.randrange(10**8), 1),
            )
            for name in names
            for k in range(20)
        )
        while some := list(islice(sales, 10_000)):
            db.add(SALE, some)
        db.executemany(
            "insert into alarm (counter, inc, kind, subject, seq, active, severity, detail, at)"
            " values (?, 'i', 'NOT_LOCKED', 'door', 50, 1, ?, '示例', ?)",
            [(name, random.choice(("MAJOR", "MINOR")), at) for name in random.sample(names, n // 100)],
        )
        db.executemany(
            "insert into gap (counter, inc, first, top, seen_at, next_at, asks, alarm, alarm_at)"
            " values (?, 'i', 5, 9, 0, 0, 6, 'ASKED', 0)",
            [(name,) for name in random.sample(names, n // 500)],
        )


def ms_of(work: Callable[[], object]) -> float:
    """The quickest of some rounds, in milliseconds: on a busy machine it says most."""
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        times.append((time.perf_counter() - began) * 1000)
    return round(min(times[1:]), 1)


def measured(place: Address, n: int) -> list[dict[str, object]]:
    """A row for each question: the query alone, the page, the JSON; milliseconds and kB."""
    site = Site(place, lambda: True, anonymous="auditor")
    found = []
    with closing(open_access(place)), closing(open_reader(place)) as db:
        attach(db, place)
        for name, asked in ASKED.items():
            given = asked | ({"offset": str(max(n - 50, 0))} if "offset" in asked else {})
            now = datetime.now(UTC) + timedelta(seconds=1)
            words = {"search": given.get("q", ""), "state": given.get("state", "")}
            words |= {"sort": given.get("sort", "state")}
            offset = int(given.get("offset", 0))
            query = ms_of(lambda w=words, o=offset, t=now: fleet.fleet(db, t, **w, offset=o))
            cpu = time.process_time()
            fleet.fleet(db, now, **words, offset=offset)
            cpu = round((time.process_time() - cpu) * 1000, 1)
            found.append(
                {"asked": name, "query_ms": query, "query_cpu_ms": cpu, **asyncio.run(served(site, given))}
            )
    return found


async def served(site: Site, asked: dict[str, str]) -> dict[str, object]:
    """The page and the JSON, through the whole application but for the socket."""
    told: dict[str, object] = {}
    transport = httpx.ASGITransport(site.app())
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as client:
        for name, path in (("page", "/fleet"), ("json", "/api/v1/fleet")):
            times, size = [], 0
            for _ in range(ROUNDS):
                began = time.perf_counter()
                answer = await client.get(path, params=asked)
                times.append((time.perf_counter() - began) * 1000)
                assert answer.status_code == 200, answer.text
                size = len(answer.content)
            told |= {f"{name}_ms": round(min(times[1:]), 1), f"{name}_kb": round(size / 1024, 1)}
    return told


@click.command(help=__doc__)
@click.option("--n", default=30_000, show_default=True, help="Counters.")
@click.option("--url", default="", help="A PostgreSQL database instead of a SQLite file.")
@click.option(
    "--dir", "directory", type=click.Path(path_type=Path), help="Where the SQLite file goes, and stays."
)
@click.option("--json", "as_json", is_flag=True)
def main(n: int, url: str, directory: Path | None, as_json: bool) -> None:
    with tempfile.TemporaryDirectory() as temporary:
        place: Address = url or (directory or Path(temporary)) / "central.db"
        with closing(Store(place)) as store:
            if not store.db.execute("select 1 from counter").fetchone():
                filled(store, n, Random(1))
                if url:
                    store.db.execute("analyze")
        rows = measured(place, n)
    if as_json:
        click.echo(json.dumps(rows))
        return
    for row in rows:
        click.echo(
            "  ".join(f"{value:>24}" if name == "asked" else f"{name} {value}" for name, value in row.items())
        )


if __name__ == "__main__":
    main()
