"""``bench idle``: what each program of a demo costs while nobody is at the door, read from /proc."""

import os
import re
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

from edge.bench.figures import Report, Target, spread
from edge.bench.running import running_demo
from edge.errors import Unavailable

SETTLE_S = 12.0
"""Start-up is not measured: imports, settings of twelve scales, first events to the centre."""
WINDOWS = 5
SWEEPS = "counter_sweeps_total"
PROC = Path("/proc")


def bench_idle(seconds: float, directory: Path, say: Callable[[str], None] = lambda _: None) -> Report:
    """CPU of each program over ``WINDOWS`` windows that make ``seconds``, and its memory at the end."""
    with running_demo(directory / "idle") as (told, ready_s):
        say(f"idle: settling for {SETTLE_S:.0f} s")
        time.sleep(SETTLE_S)
        cpu: dict[str, list[float]] = {name: [] for name in told.pids}
        hertz = []
        for number in range(WINDOWS):
            say(f"idle: window {number + 1} of {WINDOWS}")
            shares, sweeps_hz = _window(told.pids, told.api, seconds / WINDOWS)
            hertz.append(sweeps_hz)
            for name, share in shares.items():
                cpu[name].append(share)
        memory = {
            name: memory_mb((PROC / str(pid) / "status").read_text()) for name, pid in told.pids.items()
        }
    rows = tuple({"program": name, **spread(cpu[name], "cpu_pct", 2), **memory[name]} for name in told.pids)
    found = {str(row["program"]): row for row in rows}
    counter, bridge = found["counter"], found["bridge"]
    return Report(
        name="idle",
        what=f"{WINDOWS} windows, {seconds:.0f} s in all; % of one core; demo ready in {ready_s:.1f} s",
        rows=rows,
        targets=(
            Target(what="counter run, % of a core", target="≤ 3", found=counter["cpu_pct"]),
            Target(what="counter run, peak MB", target="≤ 80", found=counter["peak_mb"]),
            Target(what="sweeps over the trays a second", target="≥ 5", found=spread(hertz, "hz", 2)["hz"]),
            Target(what="bridge, % of a core", target="≤ 0.5", found=bridge["cpu_pct"]),
            Target(what="bridge, peak MB", target="≤ 50", found=bridge["peak_mb"]),
        ),
        not_included=("a browser on the counter's screen; pages of phones; start-up",),
    )


def _window(pids: Mapping[str, int], api: str, seconds: float) -> tuple[dict[str, float], float]:
    """CPU in percent of one core by program, and sweeps a second, over so many seconds."""
    ticks, sweeps, began = _ticks(pids), _sweeps(api), time.monotonic()
    time.sleep(seconds)
    later, more, took = _ticks(pids), _sweeps(api), time.monotonic() - began
    per_tick = 100 / os.sysconf("SC_CLK_TCK") / took
    return {name: (later[name] - ticks[name]) * per_tick for name in pids}, (more - sweeps) / took


def _ticks(pids: Mapping[str, int]) -> dict[str, int]:
    try:
        return {name: cpu_ticks((PROC / str(pid) / "stat").read_text()) for name, pid in pids.items()}
    except FileNotFoundError as error:
        raise Unavailable(f"a program of the demo ended while it was measured: {error.filename}") from error


def cpu_ticks(stat: str) -> int:
    """User and system time in a ``/proc/PID/stat``, in clock ticks: fields 14 and 15 (proc(5))."""
    after_name = stat.rpartition(")")[2].split()
    return int(after_name[11]) + int(after_name[12])


def memory_mb(status: str) -> dict[str, float]:
    """Resident memory now and at its peak, of a ``/proc/PID/status``, in MB of 10⁶ bytes."""
    kib = dict(re.findall(r"^(VmRSS|VmHWM):\s+(\d+) kB$", status, re.MULTILINE))
    return {
        name: round(int(kib[key]) * 1024 / 1e6, 1)
        for name, key in (("rss_mb", "VmRSS"), ("peak_mb", "VmHWM"))
    }


def _sweeps(api: str) -> float:
    with closing(HTTPConnection(urlsplit(api).netloc, timeout=5)) as asking:
        asking.request("GET", "/metrics")
        return sweeps_in(asking.getresponse().read().decode())


def sweeps_in(metrics: str) -> float:
    """The counter's sweeps so far, out of its ``/metrics``."""
    found = re.search(rf"^{SWEEPS} ([\d.e+]+)$", metrics, re.MULTILINE)
    if found is None:
        raise Unavailable(f"the counter's /metrics has no {SWEEPS}")
    return float(found[1])
