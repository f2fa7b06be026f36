"""The gate over what lies on the trays: masked, refused and told, by lot, by place and by policy."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from edge.domain.gate import Recalls
from edge.domain.requests import Refusal
from edge.domain.stock import Held, Lot
from edge.domain.values import Instant
from edge.gatekeeper import Gatekeeper
from edge.outfit.loading import load_outfit
from edge.outfit.watch import goods_of
from edge.settings import Policy

SAMPLE = Path(__file__).parents[2] / "config" / "counter.toml"
NOW = Instant(0.0, datetime(2026, 11, 23, 4, 0, tzinfo=UTC), "boot")
TODAY, DAY = date(2026, 11, 23), timedelta(days=1)
WATER, TEA = ("1-01", "ZY-WATER-500"), ("1-02", "PL-TEA-125")


class Alarms:
    """What stands, as the book of alarms would have it."""

    def __init__(self):
        self.up = {}

    def raise_(self, kind, subject, severity, detail, now):
        self.up[kind, subject] = detail

    def clear(self, kind, subject, now):
        del self.up[kind, subject]

    def subjects(self, kind):
        return frozenset(subject for known, subject in self.up if known == kind)


OUTFIT = load_outfit(SAMPLE, environ={}, flags={"weighing.lint": "off"})
STAFF, OTHER = OUTFIT.roster.accounts["demo-001"], OUTFIT.roster.accounts["demo-002"]


@pytest.fixture
def alarms():
    return Alarms()


@pytest.fixture
def gate(alarms):
    """``gate(lots, recalls, policy…)``: a gatekeeper that has looked at these goods and told of them."""

    def look(lots, recalls=(), now=NOW, **policy):
        settings = msgspec.structs.replace(OUTFIT.settings, policy=Policy(**policy))
        keeper = Gatekeeper(settings, alarms)
        goods = replace(goods_of(OUTFIT), recalls=Recalls(frozenset(recalls)))
        keeper.look(goods, lots, now)
        keeper.tell(now)
        return keeper

    return look


def held(*lots):
    """(lot's name, days until its last one) of a piece each."""
    return tuple(
        Held(Lot(name, None, None if days is None else TODAY + days * DAY), 1) for name, days in lots
    )


def test_nothing_is_held_where_nothing_is_wrong(gate, alarms):
    keeper = gate({WATER: held(("L1", 10)), TEA: held(("L2", 0))})
    assert (keeper.held.masked, alarms.up, keeper.why_not_buy(OTHER, NOW)) == (frozenset(), {}, None)


def test_one_expired_lot_of_two_holds_the_tray(gate, alarms):
    keeper = gate({WATER: held(("L1", -1), ("L2", 100))})
    assert keeper.held.shown(WATER) == "EXPIRED"
    assert alarms.up == {("EXPIRED_GOODS", "1-01"): "ZY-WATER-500: EXPIRED"}
    assert keeper.why_not_buy(STAFF, NOW) == (Refusal.EXPIRED_GOODS, "expired goods on tray 1-01")
    assert gate({WATER: held(("L1", -1))}, expired_tray="mask").why_not_buy(STAFF, NOW) is None


def test_a_recalled_lot_holds_the_tray_on_which_it_lies_and_no_other(gate, alarms):
    lots = {WATER: held(("L1", 10), ("L2", 10)), ("1-04", "ZY-WATER-500"): held(("L2", 10))}
    keeper = gate(lots, [("ZY-WATER-500", "L1")])
    assert keeper.held.masked == {"1-01"}
    assert alarms.up == {("BLOCKED_GOODS", "1-01"): "ZY-WATER-500: RECALLED"}
    assert keeper.why_not_buy(STAFF, NOW) is None
    shut = gate(lots, [("ZY-WATER-500", "L1")], blocked_tray="refuse_door")
    assert shut.why_not_buy(STAFF, NOW) == (
        Refusal.GOODS_BLOCKED,
        "goods that may not be sold on tray 1-01",
    )


def test_recalled_goods_that_were_put_back_elsewhere_hold_that_tray_and_what_is_planned_there(gate):
    keeper = gate(
        {("1-02", "ZY-WATER-500"): held(("L1", 10)), TEA: held(("L9", 9))}, [("ZY-WATER-500", None)]
    )
    assert keeper.held.masked == {"1-01", "1-02"}
    assert keeper.held.shown(TEA) == "RECALLED"


def test_a_place_without_pieces_is_masked_by_its_papers_and_raises_no_alarm(gate, alarms):
    keeper = gate({}, [("ZY-WATER-500", None)])
    assert (keeper.held.masked, alarms.up) == ({"1-01"}, {})
    assert gate({}, [("ZY-WATER-500", "L1")]).held.masked == frozenset()  # its lots are gone


def test_alarms_end_with_what_they_are_about(gate, alarms):
    keeper = gate({WATER: held(("L1", -1)), TEA: held(("L1", -1))})
    keeper.look(goods_of(OUTFIT), {TEA: held(("L1", -1))}, NOW)
    keeper.tell(NOW)
    assert set(alarms.up) == {("EXPIRED_GOODS", "1-02")}


# 15:59 in UTC is 23:59 at the counter.
@pytest.mark.parametrize(("utc", "masked"), [("15:59:59", frozenset()), ("16:00:00", {"1-01"})])
def test_a_date_ends_at_the_counters_own_midnight(gate, utc, masked):
    now = Instant(0.0, datetime.fromisoformat(f"2026-11-23T{utc}+00:00"), "boot")
    assert gate({WATER: held(("L1", 0))}, now=now).held.masked == masked


def test_another_day_is_looked_at_anew_without_anything_else_being_new(gate):
    lots = {WATER: held(("L1", 0))}
    keeper, goods = gate(lots), goods_of(OUTFIT)
    keeper.look(goods, lots, NOW)
    assert keeper.held.masked == frozenset()
    keeper.look(goods, lots, replace(NOW, wall=NOW.wall + DAY))
    assert keeper.held.masked == {"1-01"}


@pytest.mark.parametrize(
    ("policy", "account", "code"),
    [
        ({"identity": "unit_staff"}, STAFF, None),
        ({"identity": "unit_staff"}, OTHER, Refusal.NOT_ALLOWED),
        ({"hours": ("mon 12:00-12:01",)}, OTHER, None),  # 12:00 at the counter
        ({"hours": ("mon 12:01-13:00",)}, OTHER, Refusal.CLOSED),
        ({"hours": ("tue-sun 00:00-24:00",)}, OTHER, Refusal.CLOSED),
    ],
)
def test_who_may_buy_and_when(gate, policy, account, code):
    why = gate({}, **policy).why_not_buy(account, NOW)
    assert (why and why[0]) == code
