"""A counter that nobody looks after calls the operator, and is quiet again after the next restock."""

from dataclasses import replace

import msgspec

from edge.domain.stock import leaving

WATER = "1-01"
DAY_S = 86_400.0


def alarms(rig, state="raised"):
    return [e for e in rig.events(f"alarm.{state}.v1") if e["kind"] == "ABANDONED"]


def empty_out(rig, keep):
    """Almost everything is counted away, in one go."""
    gone = [
        moved
        for place, held in rig.ledger.lots().items()
        for moved in leaving(held, *place, "ADJUST", sum(h.count for h in held) - keep)
        if moved.count
    ]
    rig.ledger.move_stock(gone, None, rig.instant)


def test_three_weeks_without_a_restock_call_the_operator_and_a_restock_clears_it(rig):
    rig.skip(20.9 * DAY_S)
    assert alarms(rig) == []
    rig.skip(0.2 * DAY_S)
    (told,) = alarms(rig)
    assert (told["subject"], told["severity"], told["detail"]) == (
        "counter",
        "MAJOR",
        "no restock since 2026-11-23",
    )
    rig.skip(3 * DAY_S)
    assert len(alarms(rig)) == 1, "it is said once"
    rig.ready()
    rig.restock(("put", {"tray": WATER, "sku": "ZY-WATER-500", "count": 2}))
    rig.run(20.0)
    assert len(alarms(rig, "cleared")) == 1


def test_a_week_nearly_empty_calls_the_operator_also_over_a_restart(rig):
    rig.skip(DAY_S)
    empty_out(rig, keep=1)
    rig.skip(6.9 * DAY_S)
    assert alarms(rig) == []
    rig.kill()
    rig.start()
    rig.ready()
    rig.skip(0.2 * DAY_S)
    (told,) = alarms(rig)
    assert told["detail"] == "less than 20 % of par since 2026-11-24"


def test_days_are_the_sites_to_say(rig_of, outfit):
    policy = msgspec.structs.replace(outfit.settings.policy, abandoned_days=3)
    rig = rig_of(replace(outfit, settings=msgspec.structs.replace(outfit.settings, policy=policy)))
    rig.skip(3.1 * DAY_S)
    assert [each["detail"] for each in alarms(rig)] == ["no restock since 2026-11-23"]
