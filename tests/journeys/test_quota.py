"""Quotas of a unit's people, as the union and the buyer see them: stories U1 and U4, limits of the day."""

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import click
import msgspec
import pytest

from edge.cli import counter
from edge.domain.quota import Quota, Scheme
from edge.domain.values import Fen
from edge.errors import ConfigError
from edge.ledger.verify import verify
from edge.outfit.planogram_file import read_roster
from edge.screens.openapi import document

CONFIG = Path(__file__).parents[2] / "config"
TODAY = date(2026, 11, 23)
YEAR_END = date(2026, 12, 31)
WATER = "1-01"  # ZY-WATER-500, ¥3.50, certified


def quota(cap, to=YEAR_END, id="festival", **scope):
    return Quota(id, Scheme.UNION_FESTIVAL, "u-1", Fen(cap), date(2026, 1, 1), to, **scope)


@pytest.fixture
def granted(rig_of, outfit):
    """``granted(*quotas, **policy)``: a counter at which demo-001 has them."""

    def make(*quotas, **policy):
        changed = msgspec.structs.replace(outfit.settings.policy, **policy)
        settings = msgspec.structs.replace(outfit.settings, policy=changed)
        accounts = dict(outfit.roster.accounts)
        accounts["demo-001"] = replace(accounts["demo-001"], unit="u-1", quotas=quotas)
        roster = replace(outfit.roster, accounts=accounts)
        return rig_of(replace(outfit, settings=settings, roster=roster))

    return make


def buys(rig, count):
    rig.run(4.0)  # the coil rests
    return rig.visit(("take", {"tray": WATER, "count": count}))


def paid(session):
    return [(part.scheme, part.fen, part.owed, part.left_fen) for part in session.paid]


def entries(rig):
    return rig.query("SELECT kind, scheme, quota, fen FROM quota_entry ORDER BY n")


def sound(rig):
    """The books and the events tell the same, and every sale is paid to the fen by its parts."""
    for sale in rig.events("sale.settled.v1"):
        assert sum(part["fen"] for part in sale["paid"]) == sale["total_fen"]
        assert sum(part["certified_fen"] for part in sale["paid"]) == sale["certified_fen"]
    return verify(rig.folder / "ledger.db") == []


def test_u1_a_purchase_within_the_balance_is_the_units(granted):
    rig = granted(quota(20000))
    session = buys(rig, 2)
    assert paid(session) == [("UNION_FESTIVAL", 700, False, 19300)]
    (sale,) = rig.events("sale.settled.v1")
    assert sale["unit"] == "u-1"
    assert sound(rig)


def test_u1_a_purchase_beyond_the_balance_is_split_to_self_pay_by_policy(granted):
    rig = granted(quota(500), over_quota="self_pay")
    assert paid(buys(rig, 2)) == [("UNION_FESTIVAL", 500, False, 0), ("SELF_PAY", 200, False, None)]
    assert paid(buys(rig, 1)) == [("SELF_PAY", 350, False, None)]  # nothing left: the door opens all the same
    assert sound(rig)


def test_u1_by_policy_the_door_is_refused_once_nothing_is_left(granted):
    rig = granted(quota(700), over_quota="refuse")
    assert paid(buys(rig, 2)) == [("UNION_FESTIVAL", 700, False, 0)]
    rig.run(4.0)
    assert rig.refused() == "NO_QUOTA"
    assert rig.unlocks_sent == 1


def test_u1_what_a_visit_takes_beyond_the_balance_is_owed_and_the_next_door_waits_for_it(granted):
    rig = granted(quota(500), over_quota="refuse")
    session = buys(rig, 2)
    assert (session.total_fen, session.state) == (700, "SETTLED")
    assert paid(session) == [("UNION_FESTIVAL", 500, False, 0), ("SELF_PAY", 200, True, None)]
    rig.run(4.0)
    assert rig.refused() == "UNPAID"
    assert rig.ledger.settle(session.order_no, "示例:已付清", rig.instant) == 200
    rig.limit("demo-001", 99999)  # another roster comes; nothing is left of the quota all the same
    assert rig.refused() == "NO_QUOTA"
    assert sound(rig)


def test_u1_only_certified_goods_are_the_units(granted, outfit):
    rig = granted(quota(20000), over_quota="self_pay", certified_only=False)
    sku = outfit.planogram.skus(WATER)[0]
    products = dict(rig.goods.catalogue.products)
    products[sku] = replace(products[sku], cert_status="NONE")
    rig._bring(replace(rig.goods, catalogue=replace(rig.goods.catalogue, products=products)))
    assert paid(buys(rig, 1)) == [("SELF_PAY", 350, False, None)]


def test_u1_what_ends_first_pays_first_and_what_has_ended_pays_nothing(granted):
    rig = granted(
        quota(20000, id="late"),
        quota(400, date(2026, 11, 24), id="soon"),
        quota(20000, date(2026, 11, 22), id="ended"),
        over_quota="self_pay",
    )
    buys(rig, 2)
    assert [row for row in entries(rig) if row[0] == "DEBIT"] == [
        ("DEBIT", "UNION_FESTIVAL", "soon", 400),
        ("DEBIT", "UNION_FESTIVAL", "late", 300),
    ]


def test_u1_what_is_not_used_lapses_to_the_unit_after_its_last_day(granted):
    rig = granted(quota(1000, TODAY), over_quota="refuse")
    order = buys(rig, 2).order_no
    assert rig.events("quota.entered.v1") == []
    rig.skip(24 * 3600.0)
    rig.run(2.0)
    (lapsed,) = rig.events("quota.entered.v1")
    assert (lapsed["kind"], lapsed["unit"], lapsed["fen"]) == ("LAPSE", "u-1", 300)
    assert rig.refused() == "NO_QUOTA"
    rig.ledger.refund(order, Fen(350), "示例", rig.instant)  # comes back to an ended quota: the unit's again
    rig.skip(24 * 3600.0)
    assert [event["fen"] for event in rig.events("quota.entered.v1")] == [300, 350]
    assert rig.refused() == "NO_QUOTA"
    assert sound(rig)


def test_u1_a_refund_returns_to_the_same_quota_and_can_be_spent_again(granted):
    rig = granted(quota(700), over_quota="refuse")
    order = buys(rig, 2).order_no
    rig.run(4.0)
    assert rig.refused() == "NO_QUOTA"
    back = rig.ledger.refund(order, Fen(350), "示例:只取一瓶", rig.instant, line=1, pieces=1)
    assert [(part.scheme, part.quota, part.fen) for part in back.parts] == [
        ("UNION_FESTIVAL", "festival", 350)
    ]
    (event,) = rig.events("sale.refunded.v1")
    assert (event["unit"], event["fen"], event["lines"][0]["count"]) == ("u-1", 350, 1)
    assert paid(buys(rig, 1)) == [("UNION_FESTIVAL", 350, False, 0)]
    assert sound(rig)


def test_u1_a_power_cut_over_midnight_pays_once_and_by_the_day_of_opening(granted):
    rig = granted(quota(500, TODAY), over_quota="self_pay")
    midnight = datetime(2026, 11, 23, 16, tzinfo=UTC)  # in Shanghai
    rig.skip((midnight - rig.instant.wall).total_seconds() - 20)
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=2)
    rig.kill()
    rig.now += 30.0
    rig.start()
    rig.run(3.0)
    rig.act("close_door", wait=0.0)
    assert paid(rig.settled(session)) == [("UNION_FESTIVAL", 500, False, 0), ("SELF_PAY", 200, False, None)]
    rig.run(2.0)
    assert [row[0] for row in entries(rig)] == ["DEBIT", "DEBIT"]
    assert sound(rig)


def test_u1_no_way_leads_from_a_quota_to_money():
    """No path, command or option lets anybody pay in, pay out or hand a quota on."""
    cash = re.compile(r"cash|withdraw|pay_?out|top_?up|recharge|transfer|提现|充值|转账", re.IGNORECASE)
    told = json.dumps(document("0"), ensure_ascii=False)
    assert "/api/v1/sessions" in told
    assert not cash.search(told)
    assert not [name for name in words_of(counter) if cash.search(name)]
    assert cash.search("POST /api/v1/quota/withdraw")  # it would be seen


def words_of(group):
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        yield name
        yield from (text for parameter in command.params for text in parameter.opts)
        if isinstance(command, click.Group):
            yield from words_of(command)


def test_u4_a_counter_has_no_832_quota(tmp_path):
    text = (CONFIG / "roster.toml").read_text(encoding="utf-8")
    spoilt = tmp_path / "roster.toml"
    spoilt.write_text(text.replace("UNION_FESTIVAL", "832_RESERVED"), encoding="utf-8")
    with pytest.raises(ConfigError, match="a counter sale is not an 832 purchase"):
        read_roster(spoilt)


@pytest.mark.parametrize("limit", [{"per_day_fen": 700}, {"per_day_pieces": 2}])
def test_what_a_person_may_buy_a_day_is_used_up_and_back_the_next(granted, limit):
    rig = granted(quota(20000), **limit)
    buys(rig, 1)
    buys(rig, 1)
    rig.run(4.0)
    assert rig.refused() == "NO_QUOTA"
    rig.skip(24 * 3600.0)
    assert rig.open()


def test_accounts_without_quotas_pay_as_before(granted):
    rig = granted()
    session = buys(rig, 1)
    assert session.paid == ()
    (sale,) = rig.events("sale.settled.v1")
    assert [(part["scheme"], part["fen"]) for part in sale["paid"]] == [("ACCOUNT", 350)]
    assert sound(rig)
