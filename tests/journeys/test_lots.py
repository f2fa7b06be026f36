"""Lots over whole visits: the first to expire is sold first, and pages have the date of what lies there."""

from datetime import date

from edge.domain.records import Movement
from edge.domain.stock import leaving
from edge.domain.values import Kind

WATER, NOODLES, SPICY = "1-01", "2-01", "2-02"
SOONER = date(2027, 1, 15)


def relabel(rig, tray, count, lot, day):
    """So many of a tray's pieces turn out to be of another lot."""
    (sku,) = rig.goods.planogram.skus(tray)
    held = rig.ledger.lots()[tray, sku]
    found = Movement(tray, sku, "RESTOCK", count, "counted anew", lot, None, day)
    rig.ledger.move_stock([*leaving(held, tray, sku, "ADJUST", count), found], None, rig.instant)
    return sku


def shown(rig, tray):
    rig.run(0.2)
    (found,) = [each.expires_on for each in rig.view.trays if each.tray == tray]
    return found


def moved(rig):
    return rig.query(
        "SELECT kind, tray, count, lot, expires_on FROM stock_movement WHERE session IS NOT NULL"
    )


def test_a_purchase_is_of_the_lot_that_expires_first(rig):
    planned = rig.goods.planogram.trays[WATER][0].expires_on.isoformat()
    assert shown(rig, WATER) == planned
    relabel(rig, WATER, 2, "L-2", SOONER)
    assert shown(rig, WATER) == "2027-01-15"
    receipt = rig.visit(("take", {"tray": WATER, "count": 3}))
    assert [(line.tray, line.count) for line in receipt.lines] == [(WATER, 3)]
    assert moved(rig) == [("SALE", WATER, -2, "L-2", "2027-01-15"), ("SALE", WATER, -1, "", planned)]
    assert shown(rig, WATER) == planned


def test_goods_put_elsewhere_take_their_lot_along(rig):
    sku = relabel(rig, NOODLES, 1, "L-2", SOONER)
    rig.visit(("take", {"tray": NOODLES, "count": 1}), ("put_back", {"tray": SPICY, "sku": sku}))
    assert moved(rig) == [
        ("MISPLACED", NOODLES, -1, "L-2", "2027-01-15"),
        ("MISPLACED", SPICY, 1, "L-2", "2027-01-15"),
    ]


def test_a_visit_taken_up_after_a_power_cut_sells_of_the_same_lot(rig):
    relabel(rig, WATER, 2, "L-2", SOONER)
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    rig.kill()
    rig.start()
    rig.run(3.0)
    rig.act("close_door")
    assert rig.settled(session).state == "SETTLED"
    assert moved(rig) == [("SALE", WATER, -1, "L-2", "2027-01-15")]


def test_weight_alone_tells_the_pieces_of_a_tray_that_was_seen_empty(rig):
    (sku,) = rig.goods.planogram.skus(WATER)
    upkeep = rig.engine._upkeep
    assert upkeep.measured(rig.goods, rig.instant)[WATER, sku] is None
    rig.visit(("take", {"tray": WATER, "count": rig.truly_on()[WATER]}))
    rig.run(2.0)
    assert upkeep.measured(rig.goods, rig.instant)[WATER, sku] == 0
    rig.open(account="demo-restock", kind=Kind.RESTOCK)
    rig.act("open_door")
    rig.act("put", tray=WATER, sku=sku, count=5)
    assert upkeep.measured(rig.goods, rig.instant)[WATER, sku] == 5
