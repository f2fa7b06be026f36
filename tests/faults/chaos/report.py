"""What a run came to: for people as text, for programs as one JSON file, with all that repeats it."""

import json
import os
import platform
import resource
import sqlite3
import subprocess
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from tests.faults.chaos.people import Visit
from tests.faults.chaos.yardstick import Row

ROOT = Path(__file__).parents[3]


@dataclass
class Report:
    """Times in seconds. again: the command that begins the same run. visits: at the real counters."""

    again: str
    seed: int
    store: str
    workers: int
    real_counters: int
    writers: int
    asked_s: float
    commit: str = field(default_factory=lambda: _said("git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"))
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    machine: dict[str, object] = field(default_factory=lambda: _machine())
    faults: dict[str, int] = field(default_factory=dict)
    not_run: list[str] = field(default_factory=list)
    counters: list[Row] = field(default_factory=list)
    visits: dict[str, object] = field(default_factory=dict)
    drained_s: float | None = None
    took_s: float = 0.0
    cpu_s: float = 0.0
    load_after: float = 0.0
    problems: list[str] = field(default_factory=list)
    _cpu_before: float = field(default_factory=lambda: _cpu_s(), repr=False)

    @property
    def sound(self) -> bool:
        return not self.problems

    @property
    def verdict(self) -> str:
        """One line: what a reader wants to know first."""
        lost, doubled, differing = (
            sum(getattr(row, what) for row in self.counters) for what in ("lost", "doubled", "differing")
        )
        sold, events = (sum(getattr(row, what) for row in self.counters) for what in ("sold", "events"))
        late = "never drained" if self.drained_s is None else f"drained {self.drained_s:.1f} s after the last"
        return (
            f"{'sound' if self.sound else 'NOT SOUND'}: {lost} lost, {doubled} doubled, {differing} differing"
            f" of {sold} sales in {events} events; {sum(self.faults.values())} faults in {self.asked_s:g} s,"
            f" {late}; {self.store}, workers: {self.workers}; SEED={self.seed}"
        )

    def ended(self, took_s: float) -> None:
        """Note what only the end knows."""
        self.took_s = round(took_s, 1)
        self.cpu_s = round(_cpu_s() - self._cpu_before, 1)
        self.load_after = round(os.getloadavg()[0], 2)

    def write(self, path: Path) -> None:
        found = {"verdict": self.verdict, "sound": self.sound, **asdict(self)}
        del found["_cpu_before"]
        path.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", "utf-8")


def visits_of(visits: Sequence[Visit], turned_away: Counter[str]) -> dict[str, object]:
    """Pieces that truly left the trays beside those charged; what went to review is not charged."""
    unsure = [visit for visit in visits if visit.unsure]
    return {
        "visits": len(visits),
        "taken": sum(sum(visit.taken.values()) for visit in visits),
        "charged": sum(sum(visit.charged.values()) for visit in visits),
        "in_review": sum(sum(visit.taken.values()) - sum(visit.charged.values()) for visit in unsure),
        "reviews": len(unsure),
        "cancelled and alarmed": sum(1 for visit in visits if visit.cancelled_and_told and visit.taken),
        "turned_away": dict(turned_away),
    }


def text(report: Report) -> str:
    """Tables for people."""
    faults = [f"{name:<34} {times}" for name, times in sorted(report.faults.items())]
    head = ("counter", "events", "centre", "told", "sales", "centre", "lost", "doubled", "differing")
    rows = [_line(*head), *(_line(*_cells(row)) for row in report.counters)]
    visits = ", ".join(f"{name} {value}" for name, value in report.visits.items())
    machine = ", ".join(f"{name} {value}" for name, value in report.machine.items())
    told = [
        *("", f"{'fault':<34} times", *faults),
        *(f"{name}: NOT RUN" for name in report.not_run),
        *("", *rows, "", f"real counters {report.real_counters}: {visits}"),
        f"took {report.took_s} s, CPU {report.cpu_s} s; {machine}, load after {report.load_after}",
        *(f"WRONG: {problem}" for problem in report.problems),
        *(f"again: {report.again}", report.verdict),
    ]
    return "\n".join(told)


def _cells(row: Row) -> tuple[object, ...]:
    told = "–" if row.told is None else row.told
    counts = (row.events, row.arrived, told, row.sold, row.counted, row.lost, row.doubled, row.differing)
    return row.counter, *counts


def _line(first: object, *others: object) -> str:
    return f"{first:<8}" + "".join(f"{each:>10}" for each in others)


def _cpu_s() -> float:
    """Of this process and of all its children that ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN), resource.getrusage(resource.RUSAGE_SELF)
    return sum(each.ru_utime + each.ru_stime for each in used)


def _machine() -> dict[str, object]:
    return {
        "cores": os.cpu_count() or 0,
        "load before": round(os.getloadavg()[0], 2),
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "kernel": platform.release(),
    }


def _said(*command: str) -> str:
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""
