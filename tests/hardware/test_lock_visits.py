"""Whole visits over real bytes with each lock board: engine, bus, driver, simulated board, door and trays."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from edge.domain.requests import Granted
from edge.hardware.bus import Bus
from edge.hardware.drivers.locks import LOCKS, lock_driver
from edge.outfit.loading import Outfit, load_outfit
from tests.journeys.conftest import CONFIG, Rig

WATER, TEA = "1-01", "1-02"
WATER_FEN = 350

BOARDS: dict[str, dict[str, Any]] = {
    "lock.bcc8a": {"baud": 38400, "board": 1},
    "lock.krcu": {"baud": 19200, "board": 0, "lock": 3, "reed": 12},
    "lock.krcu48": {"baud": 19200, "board": 0, "lock": 48, "reed": 1},
    "lock.modbus": {"baud": 38400, "board": 7, "lock": 2, "bolt": 1, "reed": 8},
    "lock.winnsen": {"baud": 19200, "board": 1, "lock": 8, "reed": 9, "rest_s": 15.0},
    "lock.wkly": {"baud": 19200, "board": 1, "lock": 5, "reed": 6},
    "cabinet.iw": {"baud": 115200},
}
"""By driver: the line's speed and what stands in [lock] on both sides."""
TIGHT = {"rest_s": 0.0, "pulses_a_minute": 600}
"""The simulated coil does not get warm."""
SLOWER = (("busy_hz = 10.0", "busy_hz = 5.0"),)
"""Fewer sweeps: these visits are the lock's."""


class Tapped:
    """The bus with a tap: what it sent, in order."""

    def __init__(self, bus: Bus, sent: list[bytes]) -> None:
        self._bus, self._sent = bus, sent

    def step(self, received: bytes, now: float):
        turn = self._bus.step(received, now)
        if turn.send:
            self._sent.append(turn.send)
        return turn

    def __getattr__(self, name: str):
        return getattr(self._bus, name)


class LockRig(Rig):
    """A rig that remembers what went out on the wire."""

    def start(self) -> None:
        self.sent: list[bytes] = []
        super().start()
        self.bus = Tapped(self.bus, self.sent)

    @property
    def pulses(self) -> int:
        """How often an unlock went out."""
        return self.sent.count(lock_driver(self.outfit.settings.lock).unlock.request)


def table(name: str, keys: dict[str, Any]) -> str:
    return f"[{name}]\n" + "".join(
        f"{key} = {str(value) if isinstance(value, int | float) else repr(value)}\n"
        for key, value in keys.items()
    )


def config_with(folder: Path, driver: str, given: dict[str, Any]) -> Path:
    """The sample configuration with another lock board on both sides of the wire."""
    keys = {"driver": driver, **given}
    baud = keys.pop("baud")
    config = folder / "config"
    shutil.copytree(CONFIG, config)
    for file, behind, more in (("counter.toml", "[scales]", TIGHT), ("sim.toml", "[door]", {})):
        text = (config / file).read_text(encoding="utf-8")
        for old, new in (("baud = 38400", f"baud = {baud}"), *SLOWER):
            text = text.replace(old, new)
        before, rest = text.split("[lock]\n")
        after = rest[rest.index(behind) :]
        ours = {key: value for key, value in {**more, **keys}.items() if not (more == {} and key in TIGHT)}
        (config / file).write_text(before + table("lock", ours) + "\n" + after, encoding="utf-8")
    return config


ALWAYS = ("lock.bcc8a", "lock.modbus", "lock.winnsen", "cabinet.iw")
"""One of each way to tell of the bolt: answer, inputs, two agreeing looks, motor. The others: long proofs."""


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, marks=[] if name in ALWAYS else pytest.mark.long) for name in BOARDS],
)
def outfitted(request, tmp_path_factory) -> tuple[Path, Outfit]:
    """A configuration with this lock board, read and checked."""
    config = config_with(tmp_path_factory.mktemp("lock"), request.param, BOARDS[request.param])
    return config, load_outfit(config / "counter.toml", environ={})


@pytest.fixture
def rig(outfitted, tmp_path) -> LockRig:
    config, outfit = outfitted
    return LockRig(tmp_path, 1, outfit, config).ready()


def fault(rig: LockRig, name: str, wait: float = 0.0, **words: Any) -> None:
    rig.act("fault", wait=wait, name=name, **words)


def until_sent(rig: LockRig) -> None:
    assert rig.run_until(lambda: rig.pulses == 1, 2.0)


def test_every_driver_has_its_visits():
    assert set(BOARDS) == set(LOCKS)


def test_a_visit_is_one_pulse_and_charges_what_was_taken_and_so_is_the_next(rig):
    receipt = rig.visit(("take", {"tray": WATER, "count": 1}))
    assert (receipt.state, receipt.total_fen) == ("SETTLED", WATER_FEN)
    assert rig.charged() == {WATER: 1}
    assert rig.pulses == 1
    rig.skip(20.0)
    assert (rig.view.state, rig.state["bolt"], rig.view.alarms) == ("READY", "locked", ())
    assert rig.visit(("take", {"tray": TEA, "count": 1})).state == "SETTLED"
    assert rig.charged() == {WATER: 1, TEA: 1}
    assert rig.pulses == 2


@pytest.mark.long
def test_a_door_never_pulled_locks_again_and_sells_nothing(rig):
    assert rig.settled(rig.open(), 15).state == "CANCELLED"
    assert rig.charged() == {}
    rig.run(1.0)
    assert (rig.view.state, rig.view.alarms) == ("READY", ())


def test_a_stuck_bolt_cancels_with_an_alarm_after_one_pulse(rig):
    fault(rig, "bolt_stuck")
    answer = rig.ask()
    assert isinstance(answer, Granted)
    assert rig.settled(answer.session, 8).state == "CANCELLED"
    assert "BOLT_STUCK" in rig.alarm_kinds()
    rig.run(10.0)
    assert rig.pulses == 1
    assert rig.charged() == {}


def test_a_lost_answer_to_the_unlock_costs_neither_the_visit_nor_a_second_pulse(rig):
    fault(rig, "drop", probability=1.0)
    asked = rig.send()
    until_sent(rig)
    rig.run(0.95)
    rig.act("clear", name="drop", wait=0.9)
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    rig.act("close_door", wait=0.0)
    receipt = rig.settled(rig.answers[asked].session)
    assert receipt.state in {"SETTLED", "REVIEW"}
    assert rig.charged() in ({WATER: 1}, {})
    assert rig.pulses == 1
    assert "BOLT_STUCK" not in rig.alarm_kinds()


@pytest.mark.parametrize(
    "when", [pytest.param("before the door opens", marks=pytest.mark.long), "while it is open"]
)
def test_a_line_lost_in_the_visit_charges_nothing_that_was_not_taken(rig, when):
    session = rig.open()
    if when == "before the door opens":
        lose_the_line(rig)
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    if when == "while it is open":
        lose_the_line(rig)
    rig.act("close_door", wait=0.2)
    receipt = rig.settled(session, 30)
    assert receipt.state in {"SETTLED", "REVIEW"}
    assert rig.charged() in ({WATER: 1}, {})
    assert rig.pulses == 1
    assert "LINE_GONE" in rig.alarm_kinds()
    rig.skip(12.0)
    assert (rig.view.state, rig.view.alarms) == ("READY", ())


def lose_the_line(rig: LockRig) -> None:
    fault(rig, "line_gone", wait=2.0)
    rig.act("clear", name="line_gone", wait=2.0)


def test_a_door_forced_while_idle_is_an_alarm_and_nobody_is_charged(rig):
    rig.act("force_door")
    assert "FORCED_ENTRY" in rig.alarm_kinds()
    rig.act("take", tray=WATER, count=1)
    rig.act("close_door", wait=5.0)
    assert rig.charged() == {}
    assert "GOODS_MOVED" in rig.alarm_kinds()


@pytest.mark.long
def test_a_noisy_line_never_charges_wrongly(rig):
    for name, share in (("noise", 0.3), ("drop", 0.03), ("wrong_crc", 0.03), ("truncate", 0.02)):
        fault(rig, name, probability=share)
    stood = rig.truly_on()[WATER]
    for _ in range(2):
        rig.skip(20.0)
        answer = rig.ask()
        if not isinstance(answer, Granted):
            continue
        if not rig.run_until(lambda: rig.state["bolt"] == "unlocked", 3.0):
            continue
        rig.act("open_door")
        rig.act("take", tray=WATER, count=1)
        rig.act("close_door", wait=0.0)
        rig.settled(answer.session, 30)
    taken = stood - rig.truly_on()[WATER]
    assert set(rig.charged()) <= {WATER}
    assert rig.charged().get(WATER, 0) <= taken
