"""``python -m tests.faults.chaos``: the whole feed as real processes, broken at random; then the sums.

Same seed, same faults in the same order; when they hit depends on the machine. Exit 0: nothing lost,
doubled or differing. Otherwise the seed is printed and the directory kept.
"""

import argparse
import shutil
import sys
import tempfile
from pathlib import Path
from random import SystemRandom

from tests.faults.chaos.report import Report, text
from tests.faults.chaos.run import Run
from tests.faults.chaos.stage import Plan

WORKERS = {"sqlite": 1, "postgres": 2}


def main() -> int:
    given = _words().parse_args()
    seed = given.seed if given.seed is not None else SystemRandom().randrange(1_000_000)
    stores = list(WORKERS) if given.store == "both" else [given.store]
    return max([_one(store, seed, given) for store in stores])


def _words() -> argparse.ArgumentParser:
    words = argparse.ArgumentParser(prog="chaos", description=__doc__)
    words.add_argument(
        "--store", choices=[*WORKERS, "both"], default="both", help="both: one after the other"
    )
    words.add_argument(
        "--seconds", type=float, default=1860, help="how long things break on each store (31 minutes)"
    )
    words.add_argument("--seed", type=int, default=None)
    words.add_argument("--workers", type=int, default=2, help="of the centre, on PostgreSQL")
    words.add_argument("--cabinets", type=int, default=1, help="real counters, with simulated cabinets")
    words.add_argument("--writers", type=int, default=3, help="counters that only sell")
    words.add_argument("--rate", type=float, default=100, help="visits a minute of each of those")
    words.add_argument("--planted", default="", help="a fault of tests.faults.careless, as a control")
    words.add_argument("--dir", type=Path, default=None, help="kept; without it a temporary one")
    words.add_argument("--report", type=Path, default=None, help="the JSON file; without it beside DIR")
    return words


def _one(store: str, seed: int, given: argparse.Namespace) -> int:
    place = _place(given.dir, store)
    minutes = given.seconds / 60
    workers = given.workers if store == "postgres" else 1
    plan = Plan(
        place,
        seed,
        given.writers,
        given.rate,
        given.cabinets,
        disk_mb=48 + int(minutes * 12),
        store=store,
        workers=workers,
        planted=given.planted,
    )
    again = (
        f"python -m tests.faults.chaos --store {store} --seconds {given.seconds:g} --seed {seed}"
        f" --workers {workers} --cabinets {given.cabinets} --writers {given.writers} --rate {given.rate:g}"
        + (f" --planted '{given.planted}'" if given.planted else "")
    )
    report = Report(again, seed, store, workers, given.cabinets, given.writers, given.seconds)
    print(f"SEED={seed} on {store} in {place}", flush=True)
    Run(plan, given.seconds, report).run()
    file = given.report or place.with_suffix(".json")
    if given.report and given.store == "both":
        file = file.with_stem(f"{file.stem}-{store}")
    report.write(file)
    print(f"{text(report)}\nreport: {file}" + ("" if report.sound else f"; kept: {place}"), flush=True)
    if report.sound and given.dir is None:
        shutil.rmtree(place)
    return 0 if report.sound else 1


def _place(given: Path | None, store: str) -> Path:
    place = given / store if given else Path(tempfile.mkdtemp(prefix=f"chaos-{store}-"))
    place.mkdir(parents=True, exist_ok=True)
    return place.absolute()


if __name__ == "__main__":
    sys.exit(main())
