"""Goods that may not be sold: nobody is charged for them, whatever passes while nobody is there to tell."""

import shutil
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec
import pytest

from edge.domain.gate import Recalls
from edge.domain.restock_view import ApplyDraft, Leave
from edge.domain.values import Kind
from edge.errors import ConfigError
from edge.outfit.applied import Applied
from edge.outfit.loading import load_outfit
from edge.outfit.watch import OutfitWatch, goods_of
from edge.settings import Policy

CONFIG = Path(__file__).parents[2] / "config"
WATER, TEA = "1-01", "1-02"
WATERS, TEAS = "ZY-WATER-500", "PL-TEA-125"
TAKE_BOTH = [("take", {"tray": WATER, "count": 1}), ("take", {"tray": TEA, "count": 1})]
TODAY = date(2026, 11, 23)
TIMEZONE = ZoneInfo("Asia/Shanghai")


def with_product(outfit, sku, **differs):
    products = dict(outfit.catalogue.products)
    products[sku] = replace(products[sku], **differs)
    return replace(outfit, catalogue=replace(outfit.catalogue, products=products))


def with_date(outfit, tray, day):
    """The goods that the new ledger opens with on this tray have this date."""
    trays = dict(outfit.planogram.trays)
    trays[tray] = tuple(replace(facing, expires_on=day) for facing in trays[tray])
    return replace(outfit, planogram=replace(outfit.planogram, trays=trays))


def with_policy(outfit, **policy):
    return replace(outfit, settings=msgspec.structs.replace(outfit.settings, policy=Policy(**policy)))


def bring(rig, outfit):
    """These files are read, as on SIGHUP."""
    rig.outfit = outfit
    rig._bring(goods_of(outfit))


def until_midnight(rig, before_s):
    """Leap to so many seconds before the counter's midnight; less than none: after it."""
    local = rig.instant.wall.astimezone(TIMEZONE)
    passed = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    rig.skip((timedelta(days=1) - passed).total_seconds() - before_s - 2.0)


def blocked(rig):
    return {tray.tray: tray.blocked for tray in rig.view.trays if tray.blocked}


def alarms(rig):
    """What stands: (kind, subject)."""
    raised = [(each["kind"], each["subject"]) for each in rig.events("alarm.raised.v1")]
    for each in rig.events("alarm.cleared.v1"):
        raised.remove((each["kind"], each["subject"]))
    return set(raised)


def charged_tea_alone(rig, receipt):
    """Of a water and a tea only the tea was charged; the water waits for somebody to look at it."""
    assert {line.tray: (line.sure, line.amount_fen) for line in receipt.lines} == {
        WATER: (False, 0), TEA: (True, 9600),
    }  # fmt: skip
    (reasons,) = rig.query(
        "SELECT reasons FROM tray_evidence WHERE session = ? AND tray = ?", receipt.session, WATER
    )[0]
    return receipt.verdict == "review" and "blocked_goods" in reasons and rig.charged() == {TEA: 1}


def test_a_certificate_that_lapses_at_midnight_offline_blocks_its_goods_and_nothing_else(rig_of, outfit):
    rig = rig_of(with_product(outfit, WATERS, cert_to=TODAY))
    assert blocked(rig) == {}
    until_midnight(rig, 5.0)
    assert blocked(rig) == {}
    until_midnight(rig, -1.0)
    assert blocked(rig) == {WATER: "CERT_EXPIRED"}
    assert alarms(rig) == {("BLOCKED_GOODS", WATER)}
    assert charged_tea_alone(rig, rig.visit(*TAKE_BOTH))


def test_a_counter_started_after_the_midnight_blocks_the_same(rig_of, outfit):
    rig = rig_of(with_product(outfit, WATERS, cert_to=TODAY - timedelta(days=1)))
    assert blocked(rig) == {WATER: "CERT_EXPIRED"}
    assert charged_tea_alone(rig, rig.visit(*TAKE_BOTH))


@pytest.mark.parametrize("killed", [False, True])
def test_a_midnight_while_the_door_is_open_unmakes_no_sale_and_blocks_the_next(rig_of, outfit, killed):
    """What was on sale when the door opened is sold, as its price is that of the door's opening."""
    rig = rig_of(with_date(outfit, WATER, TODAY))
    until_midnight(rig, 9.0)
    session = rig.open()
    rig.act("open_door")
    for do, words in TAKE_BOTH:
        rig.act(do, **words)
    if killed:
        rig.kill()
        rig.start()
    rig.run(9.0)
    assert rig.instant.wall.astimezone(TIMEZONE).date() == TODAY + timedelta(days=1)
    assert blocked(rig) == {}  # whoever stands at the open door goes on by what was so at its opening
    rig.act("close_door", wait=0.0)
    assert rig.settled(session).verdict == "charge"
    assert rig.charged() == {WATER: 1, TEA: 1}
    rig.run(0.1)
    assert blocked(rig) == {WATER: "EXPIRED"}
    assert rig.refused() == "EXPIRED_GOODS"


def test_what_was_out_of_sale_when_the_door_opened_stays_so_when_the_clock_goes_back(rig_of, outfit, mocker):
    rig = rig_of(with_product(outfit, WATERS, cert_to=TODAY - timedelta(days=1)))
    session = rig.open()
    rig.act("open_door")
    instant = type(rig).instant.fget
    back = timedelta(days=9)
    earlier = property(lambda rig: replace(instant(rig), wall=instant(rig).wall - back))
    mocker.patch.object(type(rig), "instant", earlier)
    for do, words in TAKE_BOTH:
        rig.act(do, **words)
    rig.act("close_door", wait=0.0)
    assert charged_tea_alone(rig, rig.settled(session))


def test_a_recall_that_a_restart_finds_in_a_visit_keeps_its_goods_from_being_charged(rig, outfit):
    session = rig.open()
    rig.act("open_door")
    for do, words in TAKE_BOTH:
        rig.act(do, **words)
    rig.outfit = replace(outfit, recalls=TestO6Recall.RECALLED)
    rig.kill()
    rig.start()
    rig.run(3.0)
    rig.act("close_door", wait=0.0)
    assert charged_tea_alone(rig, rig.settled(session))


class TestO6Recall:
    """It takes effect at once, is known after a restart, and ends when it is lifted."""

    RECALLED = Recalls(frozenset({(WATERS, None)}))

    def test_it_is_followed_at_an_open_door_too_and_survives_a_restart_offline(self, rig, outfit):
        session = rig.open()
        rig.act("open_door")
        bring(rig, replace(outfit, recalls=self.RECALLED))
        rig.act("take", tray=TEA, count=1)
        assert blocked(rig) == {WATER: "RECALLED"}
        rig.act("close_door", wait=0.0)
        assert rig.settled(session).verdict == "charge"  # of what is not recalled
        rig.kill()
        rig.start()
        rig.ready()
        assert blocked(rig) == {WATER: "RECALLED"}
        receipt = rig.visit(("take", {"tray": WATER, "count": 2}))
        assert (receipt.verdict, receipt.total_fen) == ("review", 0)
        assert alarms(rig) == {("BLOCKED_GOODS", WATER)}

    def test_one_that_is_lifted_blocks_no_more(self, rig, outfit):
        bring(rig, replace(outfit, recalls=self.RECALLED))
        bring(rig, outfit)
        assert (blocked(rig), alarms(rig)) == ({}, set())
        assert rig.visit(("take", {"tray": WATER, "count": 1})).verdict == "charge"

    def test_the_door_stays_shut_where_policy_says_so(self, rig_of, outfit):
        policy = with_policy(outfit, blocked_tray="refuse_door")
        rig = rig_of(replace(policy, recalls=self.RECALLED))
        assert rig.refused() == rig.view.shut == "GOODS_BLOCKED"
        assert rig.open(account="demo-restock", kind=Kind.RESTOCK)


def test_what_was_recalled_when_the_door_opened_is_not_sold_when_a_restart_finds_it_lifted(rig, outfit):
    bring(rig, replace(outfit, recalls=TestO6Recall.RECALLED))
    session = rig.open()
    rig.act("open_door")
    for do, words in TAKE_BOTH:
        rig.act(do, **words)
    rig.outfit = outfit
    rig.kill()
    rig.start()
    rig.run(3.0)
    rig.act("close_door", wait=0.0)
    assert charged_tea_alone(rig, rig.settled(session))


@pytest.mark.parametrize("policy", ["refuse_door", "mask"])
def test_goods_are_sold_through_their_day_and_not_after_its_midnight(rig_of, outfit, policy):
    rig = rig_of(with_policy(with_date(outfit, WATER, TODAY), expired_tray=policy))
    assert rig.visit(("take", {"tray": WATER, "count": 1})).verdict == "charge"
    until_midnight(rig, -1.0)
    assert alarms(rig) == {("EXPIRED_GOODS", WATER)}
    assert blocked(rig) == {WATER: "EXPIRED"}
    if policy == "refuse_door":
        assert rig.refused() == rig.view.shut == "EXPIRED_GOODS"
    else:
        assert rig.view.shut == ""
        receipt = rig.visit(*TAKE_BOTH)
        assert (receipt.verdict, receipt.total_fen) == ("review", 9600)
        assert rig.charged() == {WATER: 1, TEA: 1}


def test_the_alarm_of_expired_goods_ends_when_they_are_pulled_off(rig_of, outfit):
    rig = rig_of(with_date(outfit, WATER, TODAY - timedelta(days=1)))
    assert rig.refused() == "EXPIRED_GOODS"
    assert rig.restock(("take", {"tray": WATER, "count": 12}))
    rig.taps(Leave())
    rig.run(1.0)
    assert alarms(rig) == set()
    assert rig.visit(("take", {"tray": TEA, "count": 1})).verdict == "charge"


def test_u3_outside_opening_hours_the_door_is_shut_to_buyers_only(rig_of, outfit):
    rig = rig_of(with_policy(outfit, hours=("mon-fri 10:00-12:00",)))
    assert rig.visit(("take", {"tray": TEA, "count": 1})).verdict == "charge"
    rig.skip(2 * 3600.0)
    assert rig.view.shut == "CLOSED"
    assert rig.refused() == "CLOSED"
    assert rig.restock()
    rig.taps(Leave())
    rig.skip(22 * 3600.0)
    assert rig.open()


STAFF_ONLY = {"alcohol": True, "identity": "unit_staff"}


class TestB12Alcohol:
    def test_it_is_out_of_sale_and_nobody_is_charged_for_it(self, rig_of, outfit):
        rig = rig_of(with_product(outfit, WATERS, age_restricted=True))
        assert blocked(rig) == {WATER: "ALCOHOL"}
        assert charged_tea_alone(rig, rig.visit(*TAKE_BOTH))

    def test_where_policy_allows_it_staff_of_the_unit_may_buy_it_and_nobody_else_may_open(
        self, rig_of, outfit
    ):
        spirits = with_product(outfit, WATERS, age_restricted=True)
        rig = rig_of(with_policy(spirits, **STAFF_ONLY))
        assert rig.refused(account="demo-002", pin="135791") == "NOT_ALLOWED"
        assert rig.visit(("take", {"tray": WATER, "count": 1})).verdict == "charge"


NEGATIVE = {
    "X-NOODLE-1KG": "the certificate of X-NOODLE-1KG is EXPIRED",
    "X-JELLY-150": "the certificate of X-JELLY-150 is SUSPENDED",
    "X-TEACAKE-120": "the certificate of X-TEACAKE-120 is PENDING",
    "X-COLA-330": "X-COLA-330 is not certified (certificate NONE), and policy.certified_only is set",
}


@pytest.mark.parametrize("sku", NEGATIVE)
def test_o2_a_planogram_with_a_bad_product_is_refused_for_its_own_reason_and_the_old_one_sells_on(
    rig, tmp_path, monkeypatch, sku
):
    monkeypatch.chdir(tmp_path)
    files = tmp_path / "config"
    shutil.copytree(CONFIG, files)
    first = load_outfit(files / "counter.toml", environ={})
    watch = OutfitWatch(
        first, lambda: load_outfit(files / "counter.toml", environ={}), lambda item: rig.inbox.append(item)
    )
    watch.begin(())
    plan = (files / "planogram.toml").read_text(encoding="utf-8").replace('"sample-1"', '"sample-2"')
    old = 'sku = "PL-TEA-125"\ncapacity = 15\npar = 12\nopening = 10'
    assert old in plan
    plan = plan.replace(old, f'sku = "{sku}"\ncapacity = 1\npar = 1\nopening = 1')
    (files / "planogram.toml").write_text(plan, encoding="utf-8")
    watch.read_again()
    rig.run(1.0)
    assert alarms(rig) == {("CATALOGUE_REFUSED", "files")}
    (said,) = [each["detail"] for each in rig.events("alarm.raised.v1")]
    assert f"tray 1-02: {NEGATIVE[sku]}" in said
    assert [each["version"] for each in rig.events("planogram.applied.v1")] == ["sample-1"]
    assert rig.visit(("take", {"tray": TEA, "count": 1})).total_fen == 9600
    shutil.copy(CONFIG / "planogram.toml", files / "planogram.toml")
    watch.read_again()
    rig.run(1.0)
    assert alarms(rig) == set()


def test_a_start_with_bad_files_sells_by_the_copies_under_an_alarm(rig, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    files = tmp_path / "config"
    shutil.copytree(CONFIG, files)
    first = load_outfit(files / "counter.toml", environ={})
    Applied(first.data).keep(first.files, first.stamps)
    (files / "catalogue.csv").write_text("nonsense", encoding="utf-8")
    with pytest.raises(ConfigError):
        load_outfit(files / "counter.toml", environ={})
    kept = load_outfit(files / "counter.toml", environ={}, kept=Applied(first.data).files())
    bring(rig, kept)
    OutfitWatch(kept, lambda: kept, lambda item: rig.inbox.append(item)).begin(("catalogue.csv: nonsense",))
    rig.run(1.0)
    assert alarms(rig) == {("CATALOGUE_REFUSED", "files")}
    assert rig.visit(("take", {"tray": TEA, "count": 1})).verdict == "charge"


def test_a_draft_that_a_restocker_accepted_is_in_force_after_a_restart(rig, outfit):
    trays = dict(outfit.planogram.trays)
    trays[WATER] = (replace(trays[WATER][0], par=10),)
    draft = replace(outfit.planogram, version="next", trays=trays)
    bring(rig, replace(outfit, draft=draft))
    assert rig.engine._goods.planogram.version == "sample-1"
    rig.sign_in()
    rig.taps(ApplyDraft(), Leave())
    assert rig.engine._goods.planogram.version == "next"
    rig.kill()
    rig.start()
    rig.ready()
    assert (rig.engine._goods.planogram, rig.engine._goods.draft) == (draft, None)
