"""``bench ingest``: the centre's ingest beside a bare loop that writes the same rows into the same tables.

Each contestant is a process of its own on a new, empty database of the same server or disk; they take turns.
It imports nothing of the centre: what is measured is the program that ships.
"""

import importlib.util
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import zip_longest
from pathlib import Path
from typing import Protocol

import msgspec

from edge.bench import postgres_server
from edge.bench.feed_sales import filled
from edge.bench.figures import Cell, Report, Target, in_ms, percentile, ratio, spread
from edge.bench.idle import PROC, cpu_ticks
from edge.errors import Unavailable
from edge.ledger.outbox import Outbox

ROUNDS = 3
COUNTERS = 20
"""Whose events are mixed, at most."""
EVENTS_A_MESSAGE = 100
"""What a bridge that catches up puts into one message."""
EVENTS_A_VISIT = 4
OURS, BARE = "ingest", {"sqlite": "bare executemany", "postgresql": "bare COPY"}
SETTINGS = {"listen_addresses": ""}
"""Else the server's defaults: fsync and synchronous_commit are on."""
RAM = Path("/dev/shm")
"""Where the events are made, if it is there: that they are made is not what is measured."""
NO_POSTGRES = f"PostgreSQL was not measured: it is not installed; run: {postgres_server.INSTALL}"
NO_DRIVER = "PostgreSQL was not measured: its driver is not here; run: pip install 'smart-counter[postgres]'"


class Took(msgspec.Struct, frozen=True, kw_only=True):
    """What a peer says, as in ``cloud_bridge.central.ingest_bench``."""

    events: int
    began: float
    ended: float
    cpu_s: float
    commits: list[float]
    waited_s: float = 0.0
    held_s: float = 0.0


class Database(Protocol):
    """Where contestants write. fresh: the address of a new, empty one. cpu_s: its server's so far."""

    name: str
    most_workers: int

    def fresh(self) -> str: ...
    def cpu_s(self) -> float: ...


@dataclass(slots=True)
class Files:
    """SQLite: its work is done in the contestant's own process, and one process writes a file."""

    directory: Path
    name: str = "sqlite"
    most_workers: int = 1
    _made: int = 0

    def fresh(self) -> str:
        self._made += 1
        return str(self.directory / f"{self._made}.db")

    def cpu_s(self) -> float:
        return 0.0


@dataclass(slots=True)
class Postgres:
    server: postgres_server.Server
    name: str = "postgresql"
    most_workers: int = 16
    _made: int = 0

    def fresh(self) -> str:
        self._made += 1
        url = self.server.made(f"bench{self._made}")
        self.server.run("psql", "-q", "-d", url, "-c", "checkpoint")
        return url

    def cpu_s(self) -> float:
        """Of the postmaster, of its children, and of those that ended."""
        pid = self.server.pid
        ticks = 0
        for stat in PROC.glob("[0-9]*/stat"):
            try:
                text = stat.read_text()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if stat.parent.name == str(pid):
                ticks += cpu_ticks(text) + _reaped_ticks(text)
            elif int(text.rpartition(")")[2].split()[1]) == pid:
                ticks += cpu_ticks(text)
        return ticks / os.sysconf("SC_CLK_TCK")


def _reaped_ticks(stat: str) -> int:
    """User and system time of children that ended, of a line of /proc/PID/stat."""
    fields = stat.rpartition(")")[2].split()
    return int(fields[13]) + int(fields[14])


@dataclass(frozen=True, slots=True)
class Pass:
    """One contestant's turn, all its processes together."""

    events_s: float
    cpu_s: float
    server_cpu_s: float
    commits: list[float]
    waited: float
    held: float


@dataclass(frozen=True, slots=True)
class Contestant:
    """workers: processes. ``who`` is ingest, or the bare loop of that store."""

    store: str
    who: str
    workers: int = 1


@dataclass(slots=True)
class Run:
    """What is measured, with what, and what was found."""

    path: Path
    events: int
    commit: int
    found: dict[Contestant, list[Pass]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)


def bench_ingest(
    events: int,
    directory: Path,
    stores: Sequence[str] = ("sqlite", "postgresql"),
    workers: Sequence[int] = (1, 2, 4),
    commit: int = 500,
    say: Callable[[str], None] = lambda _: None,
) -> Report:
    """``ROUNDS`` rounds of about so many events, in ``directory``. commit: events in one transaction, about.

    Raises Unavailable where PostgreSQL is all that was asked for and is not here.
    """
    say(f"ingest: about {events} events into ledgers")
    path = directory / "messages"
    run = Run(path, made(path, events), max(1, round(commit / EVENTS_A_MESSAGE)))
    rounds = ROUNDS if events >= 1000 else 1
    with ExitStack() as stack:
        for database in databases(stack, stores, directory, run.left_out):
            processes = {min(n, database.most_workers) for n in workers}
            contestants = [
                Contestant(database.name, BARE[database.name]),
                *(Contestant(database.name, OURS, n) for n in sorted(processes)),
            ]
            for number in range(rounds):
                for each in contestants if number % 2 == 0 else reversed(contestants):
                    say(f"ingest: {each.store}, round {number + 1}, {each.who} × {each.workers}")
                    run.found.setdefault(each, []).append(_pass(run, each, database))
    return _report(run, rounds)


def databases(
    stack: ExitStack, stores: Sequence[str], directory: Path, left_out: list[str]
) -> Iterator[Database]:
    """One after the other. left_out: is told what is not here. Raises Unavailable where that is all."""
    if "sqlite" in stores:
        yield Files(directory)
    if "postgresql" not in stores:
        return
    why = NO_POSTGRES if postgres_server.programs() is None else ""
    why = why or (NO_DRIVER if importlib.util.find_spec("psycopg") is None else "")
    if why and len(stores) == 1:
        raise Unavailable(why)
    if why:
        left_out.append(why)
        return
    inner = directory / "postgresql"
    inner.mkdir()
    directory.chmod(0o711)  # so that nobody, as whom root runs the server, reaches its own directory
    yield Postgres(stack.enter_context(postgres_server.running(inner, **SETTINGS)))


# --- the events -------------------------------------------------------------------------------------
def made(path: Path, events: int) -> int:
    """Write messages as so many counters' bridges make them, mixed; gives how many events are in them."""
    counters = min(COUNTERS, max(1, events // EVENTS_A_MESSAGE))
    sales = max(1, round(events / counters / EVENTS_A_VISIT))
    of_each = []
    with tempfile.TemporaryDirectory(dir=RAM if RAM.is_dir() else path.parent) as inner:
        for number in range(1, counters + 1):
            ledger = Path(inner, f"{number}.db")
            filled(ledger, sales, seed=number, counter=f"BENCH-{number}")
            of_each.append([(f"BENCH-{number}", bodies) for bodies in _messages(ledger)])
    mixed = [each for turn in zip_longest(*of_each) for each in turn if each is not None]
    path.write_bytes(msgspec.msgpack.encode(mixed))
    return sum(len(bodies) for _, bodies in mixed)


def _messages(ledger: Path) -> Iterator[list[bytes]]:
    outbox = Outbox(ledger)
    try:
        after = 0
        while rows := outbox.events(after, EVENTS_A_MESSAGE):
            yield [body for _, body in rows]
            after = rows[-1][0]
    finally:
        outbox.close()


# --- the turns --------------------------------------------------------------------------------------
def _pass(run: Run, contestant: Contestant, database: Database) -> Pass:
    address = database.fresh()
    with ExitStack() as stack:
        peers = [
            stack.enter_context(_peer(run, contestant, address, nth)) for nth in range(contestant.workers)
        ]
        before = database.cpu_s()
        for each in peers:
            assert each.stdin is not None
            each.stdin.write(b"\n")
            each.stdin.flush()
        took = [msgspec.json.decode(_line(each), type=Took) for each in peers]
        spent = database.cpu_s() - before
    seconds = max(each.ended for each in took) - min(each.began for each in took)
    whole = sum(each.ended - each.began for each in took)
    return Pass(
        events_s=sum(each.events for each in took) / seconds,
        cpu_s=sum(each.cpu_s for each in took),
        server_cpu_s=spent,
        commits=[each for one in took for each in one.commits],
        waited=sum(each.waited_s for each in took) / whole,
        held=sum(each.held_s for each in took) / seconds,
    )


@contextmanager
def _peer(run: Run, contestant: Contestant, address: str, nth: int) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is ready to begin. The first one of a pass makes the tables."""
    side = ["ours", "--nth", str(nth), "--of", str(contestant.workers)]
    command = side if contestant.who == OURS else ["bare"]
    module = [sys.executable, "-m", "cloud_bridge.central.ingest_bench"]
    with subprocess.Popen(
        [*module, *command, "--commit", str(run.commit), address, str(run.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        try:
            _line(process)
            yield process
        finally:
            process.kill()


def _line(process: "subprocess.Popen[bytes]") -> bytes:
    assert process.stdout is not None
    line: bytes = process.stdout.readline()
    if not line:
        raise Unavailable("a part of the benchmark ended early; what it said is above")
    return line


# --- the report -------------------------------------------------------------------------------------
def _report(run: Run, rounds: int) -> Report:
    rates = {who: [each.events_s for each in passes] for who, passes in run.found.items()}
    goals = []
    for who in run.found:
        bare = rates[Contestant(who.store, BARE[who.store])]
        if who.who == OURS:
            what = f"events/s, {who.store}, {who.workers} × ingest to {BARE[who.store]}"
            goals.append(Target(what=what, target="≥ 0.5", found=ratio(rates[who], bare)))
        else:
            goals.append(Target(what=f"noise: {who.store}, {who.who}, %", target="", found=_noise(bare)))
    return Report(
        name="ingest",
        what=f"{rounds} rounds of {run.events} events, {EVENTS_A_MESSAGE} a message as a counter catches up;"
        f" {run.commit} messages a commit",
        rows=tuple(_row(run, who, passes) for who, passes in run.found.items()),
        targets=tuple(goals),
        not_included=(
            *run.left_out,
            "broker and network; pages; the making of the bare loop's rows; marks and the counters' presence,"
            " which ingest alone writes",
            "more than one worker on SQLite: a file has one writer",
        ),
    )


def _row(run: Run, who: Contestant, passes: list[Pass]) -> dict[str, Cell]:
    commits = [seconds for each in passes for seconds in each.commits]
    per_thousand = 1000 / run.events * 1000
    return {
        "store": who.store,
        "who": who.who,
        "workers": who.workers,
        **spread([each.events_s for each in passes], "events_s", 0),
        "cpu_ms_1000": round(min(each.cpu_s for each in passes) * per_thousand, 1),
        "server_cpu_ms_1000": round(min(each.server_cpu_s for each in passes) * per_thousand, 1),
        "commit_p50_ms": in_ms(percentile(commits, 0.5)),
        "commit_p99_ms": in_ms(percentile(commits, 0.99)),
        "gate_waited_pct": round(100 * max(each.waited for each in passes)),
        "gate_held_pct": round(100 * max(each.held for each in passes)),
    }


def _noise(rates: Sequence[float]) -> float:
    """How far apart the same loop's rounds are, of their middle, in per cent."""
    found = spread(rates, "x", 3)
    low, high, middle = (float(found[key] or 0.0) for key in ("x_min", "x_max", "x"))
    return round(100 * (high - low) / middle, 1)
