"""Whole visits over real bytes with each kind of scale: engine, buses, drivers, simulated boards and door."""

from pathlib import Path
from typing import Any

import pytest

from edge.domain.requests import Granted
from edge.hardware.drivers.scales import SCALES
from tests.hardware.scale_rig import Cabinet, ScaleRig, rig_of

WATER, TEA = "1-01", "1-02"
WATER_FEN = 350
FOUR = {"1-01": 11, "1-02": 12, "1-03": 13, "1-04": 14}

CABINETS = {
    "modbus32": Cabinet(FOUR, {"driver": "scale.modbus32", "profile": "modbus32"}),
    "laumas": Cabinet(FOUR, {"driver": "scale.modbus32", "profile": "laumas"}),
    "mettler_float": Cabinet(FOUR, {"driver": "scale.modbus32", "profile": "mettler_float"}),
    "xunming": Cabinet(FOUR, {"driver": "scale.modbus32", "profile": "xunming"}, baud=115200),
    "mt_sics": Cabinet(
        dict.fromkeys((WATER, TEA), 1),
        {"driver": "scale.ascii", "dialect": "mt_sics"},
        lines={"one": 9600, "two": 9600},
        ports={WATER: "one", TEA: "two"},
    ),
    "stgs": Cabinet(
        dict.fromkeys((WATER, TEA), 1),
        {"driver": "scale.ascii", "dialect": "stgs"},
        lines={"one": 9600, "two": 9600},
        ports={WATER: "one", TEA: "two"},
    ),
    "x0502": Cabinet(
        {"1-01": 3, "1-02": 1, "1-03": 4, "1-04": 6}, {"driver": "scale.x0502"}, baud=9600, busy_hz=4.0
    ),
    "iw": Cabinet(
        {"1-01": 2, "1-02": 1, "1-03": 20, "1-04": 6},
        {"driver": "cabinet.iw"},
        baud=115200,
        lock="cabinet.iw",
    ),
    "lowa": Cabinet(
        {"1-01": 1230, "1-03": 1231, "1-04": 1237, "1-02": 70},
        {"driver": "scale.lowa"},
        baud=9600,
        busy_hz=3.0,
    ),
}
NOISY = (("noise", 0.3), ("drop", 0.03), ("wrong_crc", 0.03), ("truncate", 0.02), ("flip", 0.002))


ALWAYS = ("modbus32", "x0502", "iw")
"""One of each way to weigh: tray by tray, all in a burst, all in one answer. The others: long proofs."""


@pytest.fixture(
    params=[pytest.param(name, marks=[] if name in ALWAYS else pytest.mark.long) for name in CABINETS]
)
def rig(request: pytest.FixtureRequest, tmp_path: Path) -> ScaleRig:
    return rig_of(CABINETS[request.param], tmp_path)


def fault(rig: ScaleRig, name: str, wait: float = 0.0, **words: Any) -> None:
    rig.act("fault", wait=wait, name=name, **words)


def test_every_driver_has_its_visits():
    assert {cabinet.keys["driver"] for cabinet in CABINETS.values()} == set(SCALES)


def test_one_thing_taken_is_charged_once_and_a_look_costs_nothing(rig):
    receipt = rig.visit(("take", {"tray": WATER, "count": 1}))
    assert (receipt.state, receipt.total_fen) == ("SETTLED", WATER_FEN)
    assert rig.charged() == {WATER: 1}
    rig.skip(20.0)
    assert rig.visit().state == "EMPTY"
    assert rig.charged() == {WATER: 1}
    assert rig.view.alarms == ()


def test_a_silent_tray_goes_to_review_and_the_rest_is_sold(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    fault(rig, "tray_silent", tray=TEA)
    rig.act("take", tray=TEA, count=1)
    rig.act("close_door", wait=0.0)
    assert rig.settled(session, 30).state == "REVIEW"
    assert rig.charged() == {WATER: 1}
    rig.run(5.0)
    assert len(rig.alarm_kinds()) == 1


def test_an_overload_is_unknown_and_nothing_is_charged_for_it(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    fault(rig, "overload", tray=TEA, wait=4.0)
    rig.act("close_door", wait=0.0)
    rig.settled(session, 30)
    assert rig.charged() == {WATER: 1}


def test_a_noisy_line_never_charges_what_was_not_taken(rig):
    for name, share in NOISY:
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
    assert taken >= 1
    assert set(rig.charged()) <= {WATER}
    assert rig.charged().get(WATER, 0) <= taken


def test_late_answers_never_charge_what_was_not_taken(rig):
    session = rig.open()
    rig.act("open_door")
    fault(rig, "late", probability=0.3, seconds=0.6)
    rig.act("take", tray=WATER, count=1)
    rig.act("clear", name="late", wait=2.0)
    rig.act("close_door", wait=0.0)
    rig.settled(session, 30)
    assert rig.charged() in ({WATER: 1}, {})
