"""``bench ledger``: the ledger room's own benchmark, put into the shape that all benchmarks report in."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from edge.bench.figures import Cell, Report, Target
from edge.ledger.bench import bench_ledger

NAMES = {
    "ours": "ours",
    "raw": "raw sqlite3, rows ready made",
    "chained": "raw sqlite3, events encoded and chained",
    "disk": "the disk: 4 KiB append + fdatasync",
}


def report_ledger(
    sales: int, directory: Path, rounds: int = 5, say: Callable[[str], None] = lambda _: None
) -> Report:
    """``rounds`` rounds of ``sales`` sales each, on the disk that holds ``directory``."""
    say(f"ledger: {rounds} rounds of {sales} sales")
    found = bench_ledger(directory, sales, rounds)
    return Report(
        name="ledger",
        what=(
            f"{rounds} rounds of {sales} sales turn about; WAL, synchronous FULL; SQLite {found['sqlite']}; "
            "one transaction: session, sale, 3 lines, 3 evidences, 3 movements, 5 chained events"
        ),
        rows=tuple(_row(name, found[who]) for who, name in NAMES.items()),
        targets=(
            Target(what="sales/s, ours to raw", target="≥ 0.9", found=found["to_raw"]),
            Target(
                what="sales/s, ours to raw that makes its events", target="≥ 0.9", found=found["to_chained"]
            ),
        ),
        not_included=("an SD card's fsync; the bridge reading beside; checkpoints",),
    )


def _row(name: str, figures: dict[str, Any]) -> dict[str, Cell]:
    return {
        "who": name,
        "tx_s": round(figures["per_s"], 1),
        "p50_ms": round(figures["p50_ms"], 2),
        "p99_ms": round(figures["p99_ms"], 2),
        "cpu_us": round(figures["cpu_us"]),
    }
