"""U5: a fault that a buyer reports stands as an alarm until staff have been at the door."""

import pytest

from edge.domain.reports import About, FaultReport
from edge.domain.requests import Accepted
from edge.domain.values import Kind


def alarms(rig) -> set[tuple[str, str, str]]:
    return {
        (each.subject, each.severity, each.detail)
        for each in rig.ledger.alarms()
        if each.kind == "FAULT_REPORT"
    }


def report(rig, about: About, text: str = "") -> object:
    told = FaultReport(f"report-{about}-{text}", about, text)
    rig.inbox.append(told)
    rig.run(1.0)
    return rig.answers[told.id]


@pytest.mark.parametrize("with_power_cut", [False, True])
def test_u5_a_reported_fault_is_an_alarm_and_survives_a_restart(rig, with_power_cut):
    assert report(rig, About.DOOR, "门关不上") == Accepted("report-DOOR-门关不上")
    report(rig, About.DOOR, "门关不上")
    report(rig, About.PRICE)
    if with_power_cut:
        rig.kill()
        rig.start()
        rig.run(3.0)
    ((door, severity, detail), price) = sorted(alarms(rig))
    assert (door.partition(" ")[0], severity, detail) == ("DOOR", "MAJOR", "门关不上")
    assert price == ("PRICE", "MINOR", "")


def test_u5_a_buyer_leaves_the_report_and_a_technician_at_the_door_clears_it(rig):
    report(rig, About.SCREEN, "黑屏")
    rig.visit(("take", {"tray": "1-01", "count": 1}))
    assert len(alarms(rig)) == 1, "a buyer's visit mends nothing"
    session = rig.open(account="demo-tech", pin="975310", kind=Kind.SERVICE)
    rig.act("open_door")
    rig.act("close_door", wait=0.0)
    rig.settled(session)
    assert alarms(rig) == set()
    assert [each["subject"] for each in rig.events("alarm.cleared.v1") if each["kind"] == "FAULT_REPORT"]
