"""``bench feed``: the bridge on a real ledger beside bare paho and ``mosquitto_pub``, and bytes on the wire.

Each sender is a process of its own, in front of the same broker and the same listener; they take turns.
It imports nothing of the bridge: what is measured is the program that ships.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from edge.bench.feed_sales import COUNTER, filled
from edge.bench.feed_tap import Tap
from edge.bench.figures import Cell, Report, Target, ratio, spread
from edge.bench.idle import PROC, cpu_ticks
from edge.demo_children import SYSTEM_PATH, children_environment, listens
from edge.demo_files import free_ports, sample_dir
from edge.errors import Unavailable
from edge.ledger.outbox import Outbox

WINDOW = 20
"""Messages awaiting their PUBACK: the counter's default, mosquitto_pub's own, and what bare paho is given."""
ROUNDS = 3
ON_THE_WIRE = 500
"""Sales whose bytes are counted while catching up; a tenth of them live."""
PATIENCE_S = 600.0
LOOK_S = 0.4
"""Between two live sales: longer than the bridge's look at the ledger and the way to the broker."""
OURS, BARE, TOOL = "ours", "bare paho", "mosquitto_pub -l"


class Word(msgspec.Struct, frozen=True):
    word: str
    at: float


@dataclass(frozen=True, slots=True)
class Pass:
    """One sender's turn."""

    seconds: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Place:
    """Where a benchmark has its files, and its broker's port."""

    directory: Path
    port: int

    @property
    def lines(self) -> Path:
        return self.directory / "events.jsonl"


def bench_feed(events: int, directory: Path, say: Callable[[str], None] = lambda _: None) -> Report:
    """``ROUNDS`` rounds of so many events, in ``directory``. Raises Unavailable without mosquitto."""
    sales = max(1, round(events / 4))
    say(f"feed: {sales} sales into a ledger")
    with ExitStack() as stack:
        place = Place(directory, stack.enter_context(broker(directory)))
        filled(directory / "ledger.db", sales)
        count = _written(place)
        found: dict[str, list[Pass]] = {OURS: [], BARE: []}
        if shutil.which("mosquitto_pub"):
            found[TOOL] = []
        for number in range(ROUNDS if events >= 1000 else 1):
            for who in found if number % 2 == 0 else reversed(found):
                say(f"feed: round {number + 1}, {who}")
                found[who].append(_SENDERS[who](place, count))
        say("feed: bytes on the wire")
        behind, live = _wire(place, min(sales, ON_THE_WIRE))
        say("feed: the real centre")
        centre_s = _with_centre(place, count)
    return _report(count, sales, found, behind, live, centre_s)


def _written(place: Place) -> int:
    """The ledger's events as lines for the others; how many there are."""
    outbox = Outbox(place.directory / "ledger.db")
    rows = outbox.events(0, outbox.last_seq())
    outbox.close()
    place.lines.write_bytes(b"\n".join(body for _, body in rows) + b"\n")
    return len(rows)


# --- the senders ------------------------------------------------------------------------------------
def _forget_acks(place: Place) -> None:
    for path in place.directory.glob("bridge.db*"):
        path.unlink()


def _ours(place: Place, events: int) -> Pass:
    _forget_acks(place)
    with _listener(place, events) as heard, bridge(place) as process:
        first, before = _until(heard, "first"), cpu_of(process.pid)
        last = _until(heard, "last")
        return Pass(last - first, cpu_of(process.pid) - before)


def _bare(place: Place, events: int) -> Pass:
    command = ["edge.bench.feed_peers", "bare", str(place.port), str(WINDOW), str(place.lines)]
    with (
        _listener(place, events) as heard,
        python(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process,
    ):
        _until(process, "ready")
        before = cpu_of(process.pid)
        assert process.stdin is not None
        process.stdin.write(b"\n")
        process.stdin.flush()
        first, last = _until(heard, "first"), _until(heard, "last")
        return Pass(last - first, cpu_of(process.pid) - before)


def _tool(place: Place, events: int) -> Pass:
    command = ["mosquitto_pub", "-h", "127.0.0.1", "-p", str(place.port), "-V", "5", "-q", "1", "-l"]
    with _listener(place, events) as heard, place.lines.open("rb") as lines:
        with subprocess.Popen([*command, "-t", "counters/TOOL/events"], stdin=lines) as process:
            first, before = _until(heard, "first"), cpu_of(process.pid)
            last = _until(heard, "last")
            with suppress(FileNotFoundError):  # it ends by itself as soon as it is done
                return Pass(last - first, cpu_of(process.pid) - before)
        return Pass(last - first, float("nan"))


_SENDERS: dict[str, Callable[[Place, int], Pass]] = {OURS: _ours, BARE: _bare, TOOL: _tool}


# --- bytes, and the whole way ----------------------------------------------------------------------
def _wire(place: Place, sales: int) -> tuple[tuple[float, float], tuple[float, float]]:
    """(bytes an event, bytes a sale) of whole PUBLISH packets: catching up, and sale by sale."""
    inner = place.directory / "wire"
    inner.mkdir()
    filled(inner / "ledger.db", sales, seed=2)
    inside = Place(inner, place.port)
    events = _written(inside)
    with Tap(place.port) as tap, _listener(inside, events) as heard, bridge(Place(inner, tap.port)):
        _until(heard, "last")
        behind = tap.published()
    few = max(1, sales // 10)
    with Tap(place.port) as tap, _listener(inside, 10**9), bridge(Place(inner, tap.port)):
        _acknowledged(inside, events)
        began = tap.published()
        for number in range(few):
            filled(inner / "ledger.db", 1, seed=1000 + number)
            time.sleep(LOOK_S)
        more = _written(inside) - events
        _acknowledged(inside, events + more)
        live = tap.published() - began
    return (behind / events, behind / sales), (live / more, live / few)


def _acknowledged(place: Place, events: int) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while (marked := _marked(place)) < events:
        if time.monotonic() > deadline:
            raise Unavailable(f"{marked} of {events} events in {PATIENCE_S:.0f} s")
        time.sleep(0.1)


def _with_centre(place: Place, events: int) -> float:
    """Seconds from the bridge's start until the real centre has committed all and the bridge knows."""
    _forget_acks(place)
    environ = environ_of(place) | {
        "COUNTER_CENTRAL_MQTT__PORT": str(place.port),
        "COUNTER_CENTRAL_WEB__PORT": "0",
        "COUNTER_CENTRAL_WORKER__COUNTER_PER_S": "1000000",  # one counter without pace is what is measured
    }
    command = [sys.executable, "-m", "cloud_bridge.central", "run", "--json", "--dir", str(place.directory)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env=environ) as centre:
        try:
            assert centre.stdout is not None
            if not centre.stdout.readline():
                raise Unavailable("the centre did not start; run `counter-central run` to see why")
            with bridge(place):
                began = time.monotonic()
                _acknowledged(place, events)
                return time.monotonic() - began
        finally:
            stop(centre)


def _marked(place: Place) -> int:
    command = ["cloud_bridge", "backlog", "--json", "--config", str(_config()), "--dir", str(place.directory)]
    found = subprocess.run([sys.executable, "-m", *command], capture_output=True, check=True)
    return int(msgspec.json.decode(found.stdout)["through"])


# --- processes --------------------------------------------------------------------------------------
@contextmanager
def broker(directory: Path) -> Iterator[int]:
    """mosquitto by the sample's configuration; gives its port. Raises Unavailable without it."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path=SYSTEM_PATH)
    if program is None:
        raise Unavailable("bench feed needs mosquitto: apt-get install mosquitto")
    port = free_ports(0, lambda _: None).broker
    text = (sample_dir() / "mosquitto.conf").read_text("utf-8").replace("listener 1883", f"listener {port}")
    (directory / "mosquitto.conf").write_text(text, "utf-8")
    with subprocess.Popen(
        [program, "-c", str(directory / "mosquitto.conf")], stderr=subprocess.DEVNULL
    ) as process:
        try:
            deadline = time.monotonic() + 10
            while not listens(port):
                if time.monotonic() > deadline:
                    raise Unavailable("mosquitto does not accept connections")
                time.sleep(0.02)
            yield port
        finally:
            stop(process)


@contextmanager
def bridge(place: Place) -> Iterator["subprocess.Popen[bytes]"]:
    """Without pace, which is what a fleet sets, not a machine."""
    command = ["cloud_bridge", "run", "--config", str(_config()), "--dir", str(place.directory)]
    with (
        (place.directory / "bridge.log").open("ab") as log,
        python(command, environ_of(place), stderr=log) as it,
    ):
        yield it


def _config() -> Path:
    return sample_dir() / "counter.toml"


def environ_of(place: Place) -> dict[str, str]:
    """Of a bridge in front of that place's broker."""
    return children_environment(os.environ) | {
        "COUNTER_COUNTER__ID": COUNTER,
        "COUNTER_MQTT__PORT": str(place.port),
        "COUNTER_MQTT__WINDOW": str(WINDOW),
        "COUNTER_MQTT__REPLAY_PER_S": "0",
    }


@contextmanager
def _listener(place: Place, events: int) -> Iterator["subprocess.Popen[bytes]"]:
    command = ["edge.bench.feed_peers", "listen", str(place.port), str(events)]
    with python(command, stdout=subprocess.PIPE) as process:
        _until(process, "ready")
        time.sleep(0.2)  # its subscription is on the way
        yield process


@contextmanager
def python(
    command: Sequence[str], env: dict[str, str] | None = None, **files: Any
) -> "Iterator[subprocess.Popen[bytes]]":
    with subprocess.Popen([sys.executable, "-m", *command], env=env, **files) as process:
        try:
            yield process
        finally:
            stop(process)


def stop(process: "subprocess.Popen[bytes]") -> None:
    """In good order, or by force after ten seconds."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()


def _until(process: "subprocess.Popen[bytes]", word: str) -> float:
    """When the process said ``word``. Raises Unavailable where it ended instead."""
    assert process.stdout is not None
    for line in process.stdout:
        said = msgspec.json.decode(line, type=Word)
        if said.word == word:
            return said.at
    raise Unavailable(f"a part of the benchmark ended before it said {word!r}")


def cpu_of(pid: int) -> float:
    """Seconds of user and system time so far."""
    return cpu_ticks((PROC / str(pid) / "stat").read_text()) / os.sysconf("SC_CLK_TCK")


# --- the report -------------------------------------------------------------------------------------
def _report(
    events: int,
    sales: int,
    found: dict[str, list[Pass]],
    behind: tuple[float, float],
    live: tuple[float, float],
    centre_s: float,
) -> Report:
    rates = {who: [events / each.seconds for each in passes] for who, passes in found.items()}
    rows: list[dict[str, Cell]] = []
    for who, passes in found.items():
        cpu = [each.cpu_s / events * 1e6 for each in passes]
        rows.append({"who": who, **spread(rates[who], "events_s", 0), **spread(cpu, "cpu_us", 1)})
    return Report(
        name="feed",
        what=f"{len(found[OURS])} rounds of {events} events of {sales} sales; window {WINDOW}; mosquitto",
        rows=tuple(rows),
        targets=(
            Target(what="events/s, ours to bare paho", target="≥ 0.8", found=ratio(rates[OURS], rates[BARE])),
            Target(what="catching up, bytes an event", target="≤ 200", found=round(behind[0])),
            Target(what="catching up, bytes a sale with all its events", target="", found=round(behind[1])),
            Target(what="live, bytes an event", target="", found=round(live[0])),
            Target(what="live, bytes a sale with all its events", target="", found=round(live[1])),
            Target(what=f"{events} events to the real centre, s", target="", found=round(centre_s, 1)),
        ),
        not_included=(
            "TLS; TCP's own bytes and acks, PUBACKs and the centre's acks; the pace of a fleet "
            "(mqtt.replay_per_s); a real network's delay",
        ),
    )
