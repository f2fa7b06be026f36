"""Every scale driver on the bus, against its simulated boards on a virtual line: a late answer is never
believed, what means "unknown" is no weight, and the dead do not slow the living.
"""

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest

from edge.hardware.bus import Bus
from edge.hardware.drivers.scale_driver import Scales
from edge.hardware.drivers.scales import LEAST_GAPS_S, SCALES, scale_drivers
from edge.hardware.exchange import Gathering
from edge.hardware.signals import DeviceAlarm, Fault, Misconfigured, Reading, Signal, Sweep
from edge.settings import Scales as Settings
from hardware_sim import bus as sim
from hardware_sim.config import ScalesTable
from hardware_sim.devices.cabinet_iw import CabinetIw
from hardware_sim.devices.scale_x0502 import X0502Cell
from hardware_sim.door import Door
from hardware_sim.scale_boards import Loads, scale_boards
from hardware_sim.tray import Felt

BAUD = 9600
A, B, C = "1-01", "1-02", "1-03"
CASES = {
    "modbus32": ({"driver": "scale.modbus32"}, {A: 1, B: 2, C: 3}),
    "laumas": ({"driver": "scale.modbus32", "profile": "laumas"}, {A: 1, B: 2, C: 3}),
    "mettler_float": ({"driver": "scale.modbus32", "profile": "mettler_float"}, {A: 1, B: 2, C: 3}),
    "xunming": ({"driver": "scale.modbus32", "profile": "xunming"}, {A: 1, B: 2, C: 3}),
    "mt_sics": ({"driver": "scale.ascii", "dialect": "mt_sics"}, {A: 1}),
    "stgs": ({"driver": "scale.ascii", "dialect": "stgs"}, {A: 1}),
    "x0502": ({"driver": "scale.x0502"}, {A: 4, B: 1, C: 2}),
    "lowa": ({"driver": "scale.lowa"}, {A: 10, B: 21, C: 32}),
    "iw": ({"driver": "cabinet.iw"}, {A: 7, B: 1, C: 20}),
}
ASKED = [name for name in CASES if name != "stgs"]
SEVERAL = [name for name, (_, units) in CASES.items() if len(units) > 1 and name != "iw"]
"""Those whose trays answer each for itself."""
Spoil = Callable[[str, list[sim.Reply]], list[sim.Reply]]


@dataclass
class Tap:
    """The wire; ``spoil`` sees who answers and the answers."""

    spoil: Spoil = lambda device, replies: replies
    gone: bool = False
    echo: bool = False

    def to_devices(self, data: bytes, random: Random) -> bytes:
        return data

    def to_master(self, device: str, replies: list[sim.Reply], random: Random) -> list[sim.Reply]:
        return self.spoil(device, replies)


@dataclass
class Shelf:
    """Scales of one kind with their drivers on the bus, and the time. grams: what lies on each tray."""

    name: str
    change: Callable[[Scales], None] = lambda scales: None
    now: float = 100.0
    hz: float = 4.0
    signals: list[Signal] = field(default_factory=list)
    sent: list[tuple[float, bytes]] = field(default_factory=list)

    def __post_init__(self) -> None:
        keys, units = CASES[self.name]
        self.tap = Tap()
        self.grams = {tray: 1000.0 + 100 * number for number, tray in enumerate(units)}
        self.overload: set[str] = set()
        loads = {tray: (lambda at, tray=tray: self._felt(tray)) for tray in units}
        table = ScalesTable(units=units, **keys)
        self.boards = self._boards(table, loads)
        self.line = sim.Bus(self.boards, BAUD, Random(1), self.tap)
        self.scales = scale_drivers(Settings(units=units, **keys), "main")
        for each in self.scales:
            self.change(each)
        gap = LEAST_GAPS_S.get(keys["driver"], 0.00175)
        self.bus = Bus(
            "main", None, self.scales, baud=BAUD, idle_hz=self.hz, busy_hz=self.hz, least_gap_s=gap
        )
        self.bus.line_up(self.now)
        self.due = self.now

    def _boards(self, table: ScalesTable, loads: Loads) -> list[sim.Device]:
        if table.driver != "cabinet.iw":
            return scale_boards(table, loads, {"main": BAUD}, Path())["main"]
        places = {place: loads[tray] for tray, place in table.units.items()}
        return [CabinetIw(Door(motor=True), places, name=A)]

    def _felt(self, tray: str) -> Felt:
        return Felt(self.grams[tray], False, tray in self.overload)

    def run(self, seconds: float) -> "Shelf":
        end = self.now + seconds
        while self.now < end:
            coming = self.line.next_due()
            self.now = max(self.now, min(end, self.due, end if coming is None else coming))
            heard = self.line.receive(self.now)
            if heard or self.now >= self.due:
                turn = self.bus.step(heard, self.now)
                self.signals += turn.signals
                self.due = max(turn.due, self.now + 1e-6)
                if turn.send:
                    self.sent.append((self.now, turn.send))
                    self.line.send(turn.send, self.now)
        return self

    def readings(self, tray: str, since: float = 0.0) -> list[Reading]:
        sweeps = [signal for signal in self.signals if isinstance(signal, Sweep)]
        return [r for sweep in sweeps for r in sweep.readings if r.tray == tray and r.at >= since]

    def weights(self, tray: str, since: float = 0.0) -> set[int | None]:
        return {reading.weight for reading in self.readings(tray, since)}

    def of(self, kind: type) -> list:
        return [signal for signal in self.signals if isinstance(signal, kind)]


def test_there_is_a_case_of_every_driver():
    assert {keys["driver"] for keys, _ in CASES.values()} == set(SCALES)


@pytest.mark.parametrize("name", CASES)
def test_every_tray_gives_its_own_weight_and_nothing_is_wrong(name):
    shelf = Shelf(name).run(5.0)
    for tray, grams in shelf.grams.items():
        assert shelf.weights(tray) == {10 * grams}
        assert [r.suspect for r in shelf.readings(tray)[:3]] == [True, False, False]
    assert not shelf.of(DeviceAlarm)
    assert not shelf.of(Misconfigured)


@pytest.mark.parametrize("name", CASES)
def test_a_negative_weight_is_negative(name):
    shelf = Shelf(name)
    shelf.grams[A] = -27.0
    assert shelf.run(3.0).weights(A) == {-270}


@pytest.mark.parametrize("name", CASES)
def test_an_overload_is_unknown_and_never_0_g(name):
    shelf = Shelf(name).run(3.0)
    shelf.overload.add(A)
    since = shelf.run(4.0).now
    shelf.run(3.0)
    assert shelf.weights(A, since) == {None}
    assert {r.fault for r in shelf.readings(A, since)} == {Fault.SENTINEL}
    shelf.overload.clear()
    since = shelf.run(4.0).now
    assert shelf.run(2.0).weights(A, since) == {10 * shelf.grams[A]}


def once_late(shelf: Shelf, seconds: float) -> None:
    """The next answer of tray A's device comes so late; from then on its load is another one."""
    kept: list[bool] = []

    def spoil(device: str, replies: list[sim.Reply]) -> list[sim.Reply]:
        if device == A and replies and not kept:
            kept.append(True)
            shelf.grams = {tray: grams - 500.0 for tray, grams in shelf.grams.items()}
            return [(due + seconds, says) for due, says in replies]
        return replies

    shelf.tap.spoil = spoil


LATE = [0.12, 0.25, 0.35, 0.45, 0.6, 0.75, 0.95]


@pytest.mark.parametrize("seconds", LATE)
@pytest.mark.parametrize("name", ASKED)
def test_a_late_answer_is_never_taken_for_that_of_a_later_question(name, seconds):
    shelf = Shelf(name, hz=8.0).run(3.0)
    now = {tray: 10 * (grams - 500) for tray, grams in shelf.grams.items()}
    before = {tray: 10 * grams for tray, grams in shelf.grams.items()}
    since = shelf.now
    once_late(shelf, seconds)
    shelf.run(4.0)
    for tray in shelf.grams:
        told = [r.weight for r in shelf.readings(tray, since) if r.weight is not None]
        changed = told.index(now[tray])
        assert set(told[:changed]) <= {before[tray]}
        assert set(told[changed:]) == {now[tray]}
    if seconds > 0.6:
        assert None in shelf.weights(A, since)


def hasty(scales: Scales) -> None:
    """Without the counter-measure: nobody waits for what may still come, and nobody is doubted."""
    if hasattr(scales, "weigh"):
        scales.weigh = dataclasses.replace(scales.weigh, worst=0.0, hold=0.0)
        scales.probe = dataclasses.replace(scales.probe, deadline=0.05, worst=0.0, hold=0.0)
        return
    question = scales.question

    def at_once(awaited: frozenset) -> Gathering:
        return dataclasses.replace(question(awaited), worst=0.0, hold=0.0)

    scales.question = at_once
    for each in scales.drivers:
        each.probe = dataclasses.replace(each.probe, worst=0.0, hold=0.0)


@pytest.mark.parametrize(
    "name", [ASKED[0], *(pytest.param(name, marks=pytest.mark.long) for name in ASKED[1:])]
)
def test_without_waiting_the_late_answer_would_be_believed(name):
    """Shows that the test above tests something."""
    believed = []
    for seconds in [0.1 + 0.003 * step for step in range(250)]:
        shelf = Shelf(name, hasty, hz=8.0).run(2.0)
        before = {10 * grams for grams in shelf.grams.values()}
        now = {tray: 10 * (grams - 500) for tray, grams in shelf.grams.items()}
        since = shelf.now
        once_late(shelf, seconds)
        shelf.run(1.5)
        for tray in shelf.grams:
            told = [r.weight for r in shelf.readings(tray, since)]
            if now[tray] in told:
                believed += [seconds for weight in told[told.index(now[tray]) :] if weight in before]
        told = [r.weight for r in shelf.readings(A, since)]
        if None in told and told[told.index(None) :].count(10 * (shelf.grams[A] + 500)):
            believed.append(seconds)
        if believed:
            return
    raise AssertionError("nothing late was believed: the test above shows nothing")


@pytest.mark.parametrize("name", SEVERAL)
def test_a_dead_device_does_not_slow_the_sweeps_of_the_living_and_comes_back(name):
    shelf = Shelf(name).run(3.0)
    shelf.tap.spoil = lambda device, replies: [] if device == A else replies
    since = shelf.run(12.0).now
    shelf.run(60.0)
    assert shelf.weights(A, since) == {None}
    assert {r.fault for r in shelf.readings(A, since)} == {Fault.SILENT}
    for tray in (B, C):
        assert len(shelf.readings(tray, since)) >= 0.95 * 60 * shelf.hz
        assert shelf.weights(tray, since) == {10 * shelf.grams[tray]}
    assert [alarm.device for alarm in shelf.of(DeviceAlarm)] == [A]
    shelf.tap.spoil = lambda device, replies: replies
    since = shelf.run(13.0).now
    assert shelf.run(2.0).weights(A, since) == {10 * shelf.grams[A]}


@pytest.mark.parametrize("name", CASES)
def test_100_kb_of_junk_leave_the_bus_bounded_and_able(name):
    shelf = Shelf(name).run(2.0)
    random = Random(5)
    for _ in range(200):
        turn = shelf.bus.step(random.randbytes(512), shelf.now)
        shelf.now += 0.05
        if turn.send:
            shelf.line.send(turn.send, shelf.now)
    assert shelf.bus._asking is None or len(shelf.bus._asking.heard) <= 2 * 512
    shelf.due = shelf.now
    since = shelf.run(15.0).now
    assert shelf.run(2.0).weights(A, since) == {10 * shelf.grams[A]}


@pytest.mark.parametrize("name", CASES)
def test_noise_before_every_answer_is_skipped(name):
    shelf = Shelf(name)
    shelf.tap.spoil = lambda device, replies: [(due, b"\x00\xff\x5a" + says) for due, says in replies]
    shelf.run(5.0)
    assert shelf.weights(A) == {10 * shelf.grams[A]}


def test_a_stream_that_stops_is_a_fault_and_not_an_unchanged_weight():
    shelf = Shelf("stgs").run(3.0)
    shelf.tap.spoil = lambda device, replies: []
    since = shelf.run(0.2).now
    shelf.run(4.0)
    assert shelf.weights(A, since) == {None}
    assert [alarm.fault for alarm in shelf.of(DeviceAlarm)] == [Fault.SILENT]


def test_a_stream_is_read_from_a_fresh_start_each_time():
    """What the port held before is old: the bus asks for it to be thrown away."""
    shelf = Shelf("stgs")
    fresh = []
    step = shelf.bus.step

    def watched(received: bytes, now: float):
        turn = step(received, now)
        if turn.want and not received:
            fresh.append(turn.fresh)
        return turn

    shelf.bus.step = watched
    shelf.run(2.0)
    assert len(fresh) >= 4
    assert all(fresh)
    assert not shelf.sent


def test_x0502_all_cells_are_weighed_with_one_question():
    shelf = Shelf("x0502").run(3.0)
    since = shelf.now
    shelf.run(5.0)
    assert {says.hex() for at, says in shelf.sent if at >= since} == {"000502050c"}
    assert len([at for at, _ in shelf.sent if at >= since]) == pytest.approx(20, abs=1)


def test_x0502_two_cells_with_one_address_are_unknown():
    shelf = Shelf("x0502")
    twin = X0502Cell("twin", 1, lambda at: Felt(5.0, False, False), 10 / BAUD)

    def spoil(device: str, replies: list[sim.Reply]) -> list[sim.Reply]:
        if device != B or not any(len(says) == 9 for _, says in replies):
            return replies
        ((due, _),) = replies
        ((_, says),) = twin.feed(bytes.fromhex("000502050c"), shelf.now)
        return [*replies, (due + 2 * 9.5 * 10 / BAUD, says)]

    shelf.tap.spoil = spoil
    shelf.run(5.0)
    assert shelf.weights(A) == {10 * shelf.grams[A]}
    assert {(r.weight, r.fault) for r in shelf.readings(B)} == {(None, Fault.WRONG_UNIT)}


def test_x0502_tracking_that_is_on_is_told_and_0_is_not():
    shelf = Shelf("x0502")
    shelf.boards[0].tracking = 5
    (told,) = shelf.run(3.0).of(Misconfigured)
    assert (told.tray, told.register, told.value) == (A, 0x2E, 5)


def test_lowa_an_answer_is_from_whoever_was_asked_and_missing_cells_are_unknown():
    shelf = Shelf("lowa").run(3.0)
    mux = shelf.boards[0]
    mux._loads = {}
    since = shelf.run(0.5).now
    shelf.run(2.0)
    assert shelf.weights(A, since) == {None}
    assert {r.fault for r in shelf.readings(A, since)} == {Fault.SENTINEL}
