"""``bench catalogue``: what a catalogue as large as the programme's costs a counter, beside the sample's.

Both are measured in one run: taken up by an engine here, and by a running demo whose files change under it.
"""

import os
import shutil
import signal
import time
import tracemalloc
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from statistics import median
from urllib.parse import urlsplit

from edge.bench.figures import Cell, Report, Target, percentile
from edge.bench.idle import PROC, memory_mb
from edge.bench.running import Told, running_demo
from edge.bench.sample_goods import PRODUCTS, SUPPLIERS, sample_goods
from edge.demo_files import sample_dir
from edge.domain.values import Instant
from edge.engine import Engine
from edge.errors import Unavailable
from edge.ledger.ledger import Ledger
from edge.ledger.reader import ledger_errors, open_reader
from edge.outfit.loading import Outfit, load_outfit
from edge.outfit.watch import goods_of

PAGES = ("/", "/api/v1/counter", "/c/AK-001")
"""The attract screen, the JSON of the counter, and the page that a phone opens."""
ROUNDS = 5
SETTLE_S = 5.0
APPLIED_WITHIN_S = 20.0
_APPLIED = "SELECT count(*) FROM event WHERE type = 'catalogue.applied.v1'"


@dataclass(slots=True)
class Cost:
    """Of one catalogue. Times in seconds, memory in MB of 10⁶ bytes."""

    products: int
    suppliers: int
    file_kb: float
    check_s: list[float] = field(default_factory=list)
    apply_s: list[float] = field(default_factory=list)
    values_mb: float = 0.0
    taken_up_s: list[float] = field(default_factory=list)
    resident_mb: float = 0.0
    pages_s: dict[str, list[float]] = field(default_factory=dict)


def bench_catalogue(requests: int, directory: Path, say: Callable[[str], None] = lambda _: None) -> Report:
    """requests: of each page, with each catalogue."""
    here = {"sample": directory / "small", "large": directory / "large"}
    samples = sample_dir()
    bodies = {
        "sample": (samples / "catalogue.csv").read_bytes(),
        "large": sample_goods(samples / "catalogue.csv"),
    }
    costs = {}
    for name, place in here.items():
        say(f"catalogue: {name}, taken up by an engine")
        shutil.copytree(samples, place)
        (place / "catalogue.csv").write_bytes(bodies[name])
        costs[name] = _taken_up(place, directory / f"{name}.db")
    with running_demo(directory / "demo") as (told, _):
        for name, body in bodies.items():
            say(f"catalogue: {name}, in a running counter")
            _in_a_counter(told, directory / "demo", body, costs[name], requests)
    return _report(costs["sample"], costs["large"], requests)


def _taken_up(config: Path, ledger_file: Path) -> Cost:
    """Reading, checking and applying, in this process; what the values take, by tracemalloc."""
    outfit = load_outfit(config / "counter.toml", environ={})  # what is imported or kept at the first use
    products = outfit.catalogue.products.values()
    suppliers = len({product.supplier_id for product in products})
    cost = Cost(len(products), suppliers, (config / "catalogue.csv").stat().st_size / 1000)
    now = Instant(0.0, datetime(2026, 11, 23, tzinfo=UTC), "bench")
    with closing(Ledger.open(ledger_file, outfit.settings.counter.id, now, os.urandom)) as ledger:
        engine = Engine(outfit.settings, goods_of(outfit), ledger, lambda size: os.urandom(size).hex(), now)
        for _ in range(ROUNDS):
            began = time.perf_counter()
            again = load_outfit(config / "counter.toml", environ={})
            checked = time.perf_counter()
            engine.step([goods_of(again)], now)
            cost.apply_s.append(time.perf_counter() - checked)
            cost.check_s.append(checked - began)
    cost.values_mb = _values_mb(config)
    return cost


def _values_mb(config: Path) -> float:
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        outfit: Outfit | None = load_outfit(config / "counter.toml", environ={})
        assert outfit is not None
        after, _ = tracemalloc.get_traced_memory()
        return (after - before) / 1e6
    finally:
        tracemalloc.stop()


def _in_a_counter(told: Told, place: Path, body: bytes, cost: Cost, requests: int) -> None:
    """The demo's catalogue is replaced, SIGHUP sent, and its pages asked for."""
    pid = told.pids["counter"]
    for _ in range(ROUNDS):
        (place / "config" / "catalogue.csv").write_bytes(body)
        before, began = _applied(place), time.perf_counter()
        os.kill(pid, signal.SIGHUP)
        while _applied(place) == before:
            if time.perf_counter() - began > APPLIED_WITHIN_S:
                raise Unavailable("the demo's counter did not take the catalogue up; see its log")
            time.sleep(0.01)
        cost.taken_up_s.append(time.perf_counter() - began)
    time.sleep(SETTLE_S)
    cost.resident_mb = memory_mb((PROC / str(pid) / "status").read_text())["rss_mb"]
    cost.pages_s = {page: _waits(told.api, page, requests) for page in PAGES}


def _applied(place: Path) -> int:
    with closing(open_reader(place / "ledger.db")) as conn, ledger_errors(place / "ledger.db"):
        count: int = conn.execute(_APPLIED).fetchone()[0]
        return count


def _waits(api: str, page: str, requests: int) -> list[float]:
    where = urlsplit(api)
    waits = []
    with closing(HTTPConnection(where.hostname or "", where.port, timeout=10)) as line:
        for _ in range(requests):
            began = time.perf_counter()
            line.request("GET", page)
            answer = line.getresponse()
            answer.read()
            if answer.status != 200:
                raise Unavailable(f"GET {page}: {answer.status}")
            waits.append(time.perf_counter() - began)
    return waits


def _report(small: Cost, large: Cost, requests: int) -> Report:
    rows = [
        _figure("suppliers", small.suppliers, large.suppliers, ""),
        _figure("the file", round(small.file_kb, 1), round(large.file_kb, 1), "kB"),
        _figure("read and check", _ms(small.check_s), _ms(large.check_s), "ms"),
        _figure("apply", _ms(small.apply_s), _ms(large.apply_s), "ms"),
        _figure("its values", round(small.values_mb, 2), round(large.values_mb, 2), "MB"),
        _figure("SIGHUP → applied, a running counter", _ms(small.taken_up_s), _ms(large.taken_up_s), "ms"),
        _figure("resident memory of that counter", small.resident_mb, large.resident_mb, "MB"),
        *(
            _figure(f"GET {page}, p95", _p95(small.pages_s[page]), _p95(large.pages_s[page]), "ms")
            for page in PAGES
        ),
    ]
    slowest = max(_p95(large.pages_s[page]) for page in PAGES)
    growth = round(large.resident_mb - small.resident_mb, 1)
    return Report(
        name="catalogue",
        what=f"{ROUNDS} rounds, medians; {requests} requests a page. The large one is made up: 示例",
        rows=tuple(rows),
        targets=(
            Target(
                what=f"SIGHUP → applied, {PRODUCTS} products of {SUPPLIERS} suppliers, longest, ms",
                target="≤ 2000",
                found=round(max(large.taken_up_s) * 1000, 1),
            ),
            Target(what="resident memory beside the sample's, MB", target="≤ 10", found=growth),
            Target(what="slowest page, p95 ms", target="≤ 200", found=slowest),
        ),
        not_included=("a browser's drawing of the page; a planogram of more than the sample's 12 trays",),
    )


def _figure(what: str, small: Cell, large: Cell, unit: str) -> dict[str, Cell]:
    return {"what": what, "sample": small, "large": large, "unit": unit}


def _ms(seconds: list[float]) -> float:
    return round(median(seconds) * 1000, 1)


def _p95(seconds: list[float]) -> float:
    return round((percentile(seconds, 0.95) or 0.0) * 1000, 1)
