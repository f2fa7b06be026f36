"""A supplier's page out of values: its own rows alone, in days of the counter's place."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path

import pytest

from edge.domain.delivery import Delivery
from edge.domain.own_goods import Gone, OwnGoods, Standing, Traded
from edge.domain.planogram import Facing, planogram_of
from edge.domain.product_view import Assortment
from edge.domain.restock import OFF_SHELF
from edge.domain.statement import Supplied
from edge.domain.stock import Held, Lot
from edge.domain.supplier_page import first_day, own_skus, supplier_view
from edge.domain.supplier_view import Scope
from edge.domain.trace import Traces
from edge.outfit.catalogue_csv import read_catalogue

CATALOGUE = read_catalogue(Path(__file__).parents[2] / "config" / "catalogue.csv")
NOODLES, WATER = "LG-KJ-NOOD270", "ZY-WATER-500"
OURS, OTHERS = (CATALOGUE.products[sku].supplier_id for sku in (NOODLES, WATER))
SHANGHAI = timezone(timedelta(hours=8))
NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
NOVEMBER = (date(2026, 11, 1), date(2026, 12, 1))
SCOPE = Scope("示例补货员", frozenset({OURS}))
PLAN = planogram_of(
    "v",
    [Facing("1-01", WATER, 20, 15, 0), Facing("2-01", NOODLES, 12, 8, 0), Facing("2-01", WATER, 12, 8, 0)],
)
GOODS = Assortment(
    CATALOGUE,
    PLAN,
    Traces(),
    (
        Delivery(NOODLES, 3, Lot("L3"), "岚皋县", in_transit=True),
        Delivery(NOODLES, 9, Lot("L4")),
        Delivery(WATER, 6, Lot("W9"), "紫阳县", in_transit=True),
    ),
)


def sold(at: datetime, n: int, **more: int) -> Traded:
    return Traded(at, OURS, Supplied(NOODLES, "面", 713, sold=n, sales=990 * n, **more))


NOTHING_OWNED = OwnGoods()


def view(owned: OwnGoods = NOTHING_OWNED, scope: Scope = SCOPE, **more):
    words = {"trays": (), "days": NOVEMBER, "now": NOW, "zone": SHANGHAI, "unsigned": False, **more}
    return supplier_view(scope, GOODS, owned, **words)


def test_only_own_products_are_asked_for_and_shown():
    assert NOODLES in own_skus(GOODS, SCOPE)
    assert WATER not in own_skus(GOODS, SCOPE)
    everything = OwnGoods(
        lots={("1-01", WATER): (Held(Lot("W1"), 4),), ("2-01", NOODLES): (Held(Lot("L1"), 2),)},
        traded=(Traded(NOW, OTHERS, Supplied(WATER, "水", 252, sold=1)),),
        gone=(Gone(NOW, WATER, "DAMAGED", 1),),
        suppliers={OTHERS: "别家"},
    )
    told = view(everything)
    assert [(row.tray, row.sku) for row in told.stock] == [("2-01", NOODLES)]
    assert [each.sku for each in told.in_transit] == [NOODLES]
    assert [each.id for each in told.suppliers] == [OURS]
    assert told.statements == ()


def test_what_is_wanted_counts_what_is_on_its_way():
    told = view(OwnGoods(lots={("2-01", NOODLES): (Held(Lot("L1"), 2),)}))
    assert told.stock[0].wanted == 8 - 2 - 3
    assert [(task.kind, task.count) for task in told.tasks] == [("BELOW_PAR", 3)]
    assert [(each.lot, each.count, each.node) for each in told.in_transit] == [("L3", 3, "岚皋县")]


ENDS = [(-1, "BLACK"), (0, "YELLOW"), (400, "GREEN")]


@pytest.mark.parametrize(("left", "state"), ENDS)
def test_lots_have_a_light_and_what_ends_is_listed(left, state):
    lot = Lot("L1", None, date(2026, 11, 24) + timedelta(days=left))
    product = CATALOGUE.products[NOODLES]
    goods = replace(
        GOODS,
        catalogue=replace(
            CATALOGUE, products={NOODLES: replace(product, near_expiry_days=5, block_sale_days=0)}
        ),
    )
    owned = OwnGoods(lots={("2-01", NOODLES): (Held(lot, 2),)})
    told = supplier_view(SCOPE, goods, owned, (), NOVEMBER, NOW, SHANGHAI, unsigned=False)
    assert told.stock[0].lots[0].state == state
    assert [each.state for each in told.ending] == ([] if state == "GREEN" else [state])
    assert ("TAKE_OFF" in [task.kind for task in told.tasks]) == (state == "BLACK")


def test_the_day_is_the_counters_and_not_the_clocks():
    late = datetime(2026, 11, 23, 15, 59, tzinfo=UTC)  # 23:59 in Shanghai
    told = view(OwnGoods(traded=(sold(late, 1), sold(late + timedelta(minutes=1), 2))))
    assert {each.key: each.pieces for each in told.windows} == {"today": 2, "week": 3, "month": 3}
    assert [(bar.day, bar.pieces) for bar in told.days[-2:]] == [("2026-11-23", 1), ("2026-11-24", 2)]
    assert len(told.days) == 14


def test_windows_end_at_their_first_day_and_refunds_count_on_their_own():
    long_ago = [sold(NOW - timedelta(days=n), 1) for n in (6, 7, 29, 30)]
    back = Traded(NOW, OURS, Supplied(NOODLES, "", 713, refunded=1, refund=990))
    told = view(OwnGoods(traded=(*long_ago, back)))
    assert [(w.pieces, w.sales_fen, w.refund_fen, w.net_fen) for w in told.windows] == [
        (0, 0, 990, -990),
        (1, 990, 990, 0),
        (3, 2970, 990, 1980),
    ]


def test_the_statement_is_of_its_period_alone():
    edge = [datetime(2026, 10, 31, 15, 59, 59, tzinfo=UTC), datetime(2026, 10, 31, 16, 0, tzinfo=UTC)]
    told = view(
        OwnGoods(traded=tuple(sold(at, 1) for at in edge), gone=(Gone(edge[0], NOODLES, "EXPIRED", 1),))
    )
    (november,) = told.statements
    assert (november.sold, november.payable_fen, november.written_off) == (1, 713, ())
    assert (november.from_day, november.to_day) == ("2026-11-01", "2026-12-01")


def test_sales_are_read_for_the_longest_of_page_and_period():
    today = date(2026, 11, 24)
    assert first_day(NOVEMBER, today) == date(2026, 10, 26)
    assert first_day((date(2026, 1, 1), date(2026, 2, 1)), today) == date(2026, 1, 1)


ALARMS = (
    Standing("LIGHT_LOT", NOODLES, "WARNING", "t"),
    Standing("LIGHT_LOT", WATER, "WARNING", "t"),
    Standing("SHRINKAGE", "1-01", "MAJOR", "t"),
    Standing("SHRINKAGE", "2-01", "MAJOR", "t"),
    Standing("EXPIRED_GOODS", "2-01", "MAJOR", "t"),
    Standing("BLOCKED_GOODS", "2-01", "MAJOR", "t"),
    Standing("FORCED_ENTRY", "door", "CRITICAL", "t"),
)


def test_alarms_are_those_of_own_goods_and_of_nobody_elses():
    told = view(OwnGoods(alarms=ALARMS, lots={("2-01", NOODLES): (Held(Lot(), 12),)}), unsigned=True)
    assert [(task.kind, task.tray) for task in told.tasks] == [
        ("UNSIGNED", ""),
        ("LIGHT_LOT", "2-01"),
        ("SHRINKAGE", "2-01"),
    ]


def test_strays_are_shown_where_they_lie_and_goods_in_hands_are_not():
    lots = {("1-01", NOODLES): (Held(Lot(), 1),), ("9-09", NOODLES): (Held(Lot(), 1),)}
    told = view(OwnGoods(lots={**lots, (OFF_SHELF, NOODLES): (Held(Lot(), 1),)}))
    assert [(row.tray, row.on_hand, row.par) for row in told.stock] == [
        ("1-01", 1, 0),
        ("2-01", 0, 8),
        ("9-09", 1, 0),
    ]


def test_who_handles_all_may_choose_one_and_a_bound_account_no_other():
    everybody = Scope("示例", None)
    assert {row.sku for row in view(scope=everybody).stock} == {NOODLES, WATER}
    assert {row.sku for row in view(scope=Scope("示例", None, OTHERS)).stock} == {WATER}
    assert (everybody.shown, Scope("示例", None, OTHERS).shown, SCOPE.shown) == (None, {OTHERS}, {OURS})
    forged = Scope("示例", frozenset({OURS}), OTHERS)
    assert not forged.holds(OTHERS)
    assert view(scope=forged).stock == ()
