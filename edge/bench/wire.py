"""``bench serial``: our bus and port thread beside a bare pyserial loop, over a real pseudo-terminal.

Both read the same register pair of the same units from the same far end, turn about, with the same
silences before a request. It measures polls a second and the CPU of this process; the far end is another.
"""

import os
import struct
import subprocess
import sys
import threading
import time
import tty
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from statistics import median

import serial

from edge.bench.figures import Cell, Report, Target, ratio, spread
from edge.children import dies_with
from edge.domain.values import TrayId
from edge.errors import NoAnswer
from edge.hardware.bus import BITS_PER_CHARACTER, GAP_LEAST_S, Bus
from edge.hardware.codecs.checksums import crc16_modbus
from edge.hardware.codecs.modbus_rtu import SHORTEST
from edge.hardware.drivers.scale_modbus32 import ScaleModbus32
from edge.hardware.port import PortThread
from edge.hardware.profiles import loading
from edge.hardware.signals import Signal, Sweep

UNITS = range(11, 23)
"""Twelve single trays, as in the sample counter."""
REPLY_BYTES, ROUND_CHARACTERS = 9, 17
"""Of an answer with two registers; of request and answer together."""
BAUD = 38400
WARM_SWEEPS = 40
"""By then the settings of twelve trays were proven, one question a sweep; start-up is not measured."""
PATIENCE_S = 60.0
HURRY_HZ = 1e6
"""A pace that no line reaches: the next sweep begins when the last one has ended."""
UNPACED_BAUD = 10**9


@dataclass(frozen=True, slots=True)
class Pacing:
    """character_s: wire time of a character, 0 for none; gap_s: silence before each request."""

    name: str
    character_s: float
    gap_s: float


PACINGS = (
    Pacing("no pacing", 0.0, 0.0),
    Pacing(f"{BAUD} baud", BITS_PER_CHARACTER / BAUD, GAP_LEAST_S),
)


@dataclass(frozen=True, slots=True)
class Took:
    """What ``polls`` polls cost: seconds on the clock, and of this process's CPU."""

    polls: int
    wall_s: float
    cpu_s: float

    @property
    def per_s(self) -> float:
        return self.polls / self.wall_s

    @property
    def cpu_us(self) -> float:
        return self.cpu_s / self.polls * 1e6


def bench_serial(
    polls: int, rounds: int = 5, warm_sweeps: int = WARM_SWEEPS, say: Callable[[str], None] = lambda _: None
) -> Report:
    """``rounds`` rounds of at least ``polls`` polls each; on the slow line a tenth of that."""
    found: dict[str, dict[str, list[Took]]] = {}
    for pacing in PACINGS:
        say(f"serial: {pacing.name}")
        count = max(len(UNITS), polls // 10 if pacing.character_s else polls)
        found[pacing.name] = _take_turns(pacing, count, rounds, warm_sweeps * len(UNITS))
    rows = tuple(_row(who, pacing, took[who]) for pacing, took in found.items() for who in took)
    return Report(
        name="serial",
        what=f"FC03, 2 registers, {len(UNITS)} units, {rounds} rounds turn about; medians (min, max)",
        rows=rows,
        targets=_targets(found),
        not_included=(
            "the far end's CPU (another process); the lock board; the first sweeps, which prove settings",
            "'no pacing' has neither wire time nor silences: it shows cost, not what a line gives",
        ),
    )


def _take_turns(pacing: Pacing, polls: int, rounds: int, warm: int) -> dict[str, list[Took]]:
    found: dict[str, list[Took]] = {"bare pyserial": [], "ours": []}
    runs = {"bare pyserial": bare, "ours": ours}
    with far_end(pacing) as url:
        for number in range(rounds):
            for who in sorted(runs, reverse=bool(number % 2)):
                found[who].append(runs[who](url, pacing, polls, warm))
    return found


def _row(who: str, pacing: str, took: list[Took]) -> dict[str, Cell]:
    sweep_ms = median(len(UNITS) / each.per_s * 1000 for each in took)
    return {
        "who": who,
        "line": pacing,
        **spread([each.per_s for each in took], "polls_s"),
        **spread([each.cpu_us for each in took], "cpu_us"),
        "sweep_ms": round(sweep_ms, 1),
    }


def _targets(found: dict[str, dict[str, list[Took]]]) -> tuple[Target, ...]:
    cpu = [
        Target(
            what=f"CPU a poll, ours to bare, {name}",
            target="≤ 1.5",
            found=ratio(
                [each.cpu_us for each in took["ours"]], [each.cpu_us for each in took["bare pyserial"]]
            ),
        )
        for name, took in found.items()
    ]
    slow = PACINGS[-1]
    wire_s = len(UNITS) * (ROUND_CHARACTERS * slow.character_s + 2 * slow.gap_s)
    sweep_s = median(len(UNITS) / each.per_s for each in found[slow.name]["ours"])
    what = f"sweep to the wire's own {wire_s * 1000:.1f} ms, both silences of a poll included"
    return (*cpu, Target(what=what, target="≤ 1.15", found=round(sweep_s / wire_s, 2)))


@contextmanager
def far_end(pacing: Pacing) -> Iterator[str]:
    """A pseudo-terminal with the responder behind it; gives the path to open."""
    master, slave = os.openpty()
    try:
        tty.setraw(slave)
        command = [sys.executable, "-m", "edge.bench.responder", str(master)]
        silence_s = pacing.gap_s if pacing.character_s else 0.0
        process = subprocess.Popen(
            [*command, str(pacing.character_s), str(silence_s)],
            pass_fds=(master,),
            preexec_fn=dies_with(os.getpid()),
        )
        try:
            yield os.ttyname(slave)
        finally:
            process.kill()
            process.wait()
    finally:
        os.close(master)
        os.close(slave)


def bare(url: str, pacing: Pacing, polls: int, warm: int) -> Took:
    """What somebody writes in a quarter of an hour, with the least that a poll needs to be safe.

    Clear the input, write, read the shortest answer, then the rest, check head and CRC, take the number.
    """
    with closing(serial.Serial(url, BAUD, timeout=PATIENCE_S)) as port:
        _bare_polls(port, pacing.gap_s, min(warm, len(UNITS)))
        began, busy = time.perf_counter(), time.process_time()
        _bare_polls(port, pacing.gap_s, polls)
        return Took(polls, time.perf_counter() - began, time.process_time() - busy)


def _bare_polls(port: serial.Serial, gap_s: float, polls: int) -> None:
    for number in range(polls):
        if gap_s:
            time.sleep(gap_s)
        _bare_poll(port, UNITS[number % len(UNITS)])


def _bare_poll(port: serial.Serial, unit: int) -> int:
    request = struct.pack(">BBHH", unit, 3, 80, 2)
    request += crc16_modbus(request).to_bytes(2, "little")
    port.reset_input_buffer()
    port.write(request)
    reply: bytes = port.read(SHORTEST)
    if reply[:3] == bytes([unit, 3, 4]):
        reply += port.read(REPLY_BYTES - SHORTEST)
    if len(reply) != REPLY_BYTES or crc16_modbus(reply) != 0:
        raise NoAnswer(f"the far end of {port.port} answered {reply.hex()!r}; run the benchmark again")
    (grams,) = struct.unpack_from(">i", reply, 3)
    return int(grams)


def ours(url: str, pacing: Pacing, polls: int, warm: int) -> Took:
    """The port's thread and the bus as ``counter run`` has them, without the engine behind."""
    profile = loading.load("modbus32")
    scales = [ScaleModbus32(TrayId(f"1-{unit}"), unit, profile) for unit in UNITS]
    baud = BAUD if pacing.character_s else UNPACED_BAUD
    bus = Bus("bench", None, scales, baud=baud, least_gap_s=pacing.gap_s, idle_hz=HURRY_HZ, busy_hz=HURRY_HZ)
    watch, stop = Stopwatch(warm, polls), threading.Event()
    thread = PortThread(url, BAUD, bus, watch.put, stop)
    thread.start()
    try:
        if not watch.done.wait(PATIENCE_S):
            raise NoAnswer(f"the far end of {url} gave {watch.polls} answers in {PATIENCE_S:.0f} s")
    finally:
        stop.set()
        thread.join()
    return watch.took()


@dataclass(slots=True)
class Stopwatch:
    """Takes signals in the port's thread; times good readings from number ``skip`` on, ``count`` or more."""

    skip: int
    count: int
    polls: int = 0
    marks: list[tuple[int, float, float]] = field(default_factory=list)
    done: threading.Event = field(default_factory=threading.Event)

    def put(self, signal: Signal) -> None:
        if not isinstance(signal, Sweep) or self.done.is_set():
            return
        self.polls += sum(reading.weight is not None for reading in signal.readings)
        if self.polls >= (self.skip, self.skip + self.count)[len(self.marks)]:
            self.marks.append((self.polls, time.perf_counter(), time.process_time()))
        if len(self.marks) == 2:
            self.done.set()

    def took(self) -> Took:
        (polls, began, busy), (all_polls, ended, all_busy) = self.marks
        return Took(all_polls - polls, ended - began, all_busy - busy)
