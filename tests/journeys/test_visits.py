"""Whole visits over real bytes, each compared with what the simulator knows to be true."""

import pytest

WATER, TEA, RICE = "1-01", "1-02", "3-02"
TAKE_ONE = ("take", {"tray": WATER, "count": 1})


def lines(receipt):
    return {line.tray: line.count for line in receipt.lines if line.sure}


@pytest.mark.parametrize(
    ("acts", "state", "taken"),
    [
        pytest.param([TAKE_ONE], "SETTLED", {WATER: 1}, id="take one"),
        pytest.param([("take", {"tray": WATER, "count": 3})], "SETTLED", {WATER: 3}, id="take three"),
        pytest.param([TAKE_ONE] * 3, "SETTLED", {WATER: 3}, id="take one three times"),
        pytest.param(
            [("take", {"tray": WATER, "count": 2}), ("put_back", {"tray": WATER, "count": 1})],
            "SETTLED",
            {WATER: 1},
            id="put one back",
        ),
        pytest.param(
            [("take", {"tray": WATER, "count": 2}), ("put_back", {"tray": WATER, "count": 2})],
            "EMPTY",
            {},
            id="put all back",
        ),
        pytest.param([], "EMPTY", {}, id="only look"),
        pytest.param(
            [("take", {"tray": TEA, "count": 1}), ("take", {"tray": RICE, "count": 2})],
            "SETTLED",
            {TEA: 1, RICE: 2},
            id="two trays",
        ),
        pytest.param(
            [("lean", {"tray": WATER, "grams": 300, "seconds": 1.5}), TAKE_ONE],
            "SETTLED",
            {WATER: 1},
            id="lean, then take",
        ),
    ],
)
def test_a_visit_charges_what_truly_left(rig, acts, state, taken):
    before = rig.truly_on()
    receipt = rig.visit(*acts)
    after = rig.truly_on()
    assert receipt.state == state
    assert lines(receipt) == taken == {t: before[t] - after[t] for t in before if before[t] != after[t]}
    assert rig.charged() == taken
    prices = {tray.tray: tray.price_fen for tray in rig.view.trays}
    assert receipt.total_fen == sum(prices[tray] * count for tray, count in taken.items())
    assert (receipt.order_no is None) == (not taken)
    assert {tray.tray: tray.on_hand for tray in rig.view.trays} == after


def test_two_waters_and_a_tea_with_one_water_put_back_are_one_water_and_a_tea(rig):
    receipt = rig.visit(
        ("take", {"tray": WATER, "count": 2}),
        ("take", {"tray": TEA, "count": 1}),
        ("put_back", {"tray": WATER, "count": 1}),
    )
    assert lines(receipt) == rig.charged() == {WATER: 1, TEA: 1}
    assert receipt.total_fen == 350 + 9600
    (water,) = [line for line in receipt.lines if line.tray == WATER]
    assert (water.evidence.before, water.evidence.after) == (12, 11)
    assert [(e.action, e.count) for e in water.evidence.events] == [("TAKE", 2), ("PUT_BACK", 1)]
    (sale,) = rig.events("sale.settled.v1")
    assert sale["total_fen"] == sale["certified_fen"] == receipt.total_fen
    assert sale["order_no"] == receipt.order_no


def test_an_unknown_object_left_inside_charges_nothing_on_its_tray_and_the_rest_as_usual(rig):
    receipt = rig.visit(("put", {"tray": TEA, "grams": 730}), TAKE_ONE)
    assert receipt.state == "REVIEW"
    assert rig.charged() == {WATER: 1}
    (closed,) = rig.events("session.closed.v1")
    (tea,) = [tray for tray in closed["trays"] if tray["tray"] == TEA]
    assert tea["verdict"] == "review"
    assert tea["reasons"] == ["foreign_object"]


def test_a_piece_put_back_on_another_tray_is_charged_to_nobody(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray="2-01", count=1)
    rig.act("put_back", tray="2-02", sku="LG-KJ-NOOD270")
    rig.act("close_door")
    assert rig.settled(session).state == "EMPTY"
    assert rig.charged() == {}
    moved = [(m["kind"], m["tray"], m["count"]) for m in rig.events("stock.moved.v1") if m["session"]]
    assert moved == [("MISPLACED", "2-01", -1), ("MISPLACED", "2-02", 1)]


def test_a_swap_for_something_lighter_is_no_silent_zero(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray="2-04", count=1)
    rig.act("put", tray="2-04", grams=rig.outfit.catalogue.products["NS-XG-200"].unit_weight / 10 - 10)
    rig.act("close_door")
    assert rig.settled(session).state == "REVIEW"
    assert rig.charged() == {}


def test_the_price_is_the_one_shown_when_the_door_opened(rig):
    session = rig.open()
    rig.act("open_door")
    rig.reprice(WATER, 999)
    rig.act(*TAKE_ONE[:1], **TAKE_ONE[1])
    assert rig.view.trays[0].price_fen == 350
    rig.act("close_door")
    assert rig.settled(session).total_fen == 350
    rig.run(2.0)
    assert rig.view.trays[0].price_fen == 999
    assert rig.visit(TAKE_ONE).total_fen == 999


def test_the_live_basket_follows_within_300_ms_of_a_stable_weight(rig):
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=2, wait=0.0)
    settles = rig.now + 0.12 * 7 + 0.05  # first order, 120 ms: 1000 g are within 1 g after 6.9 time constants
    shown = rig.run_until(lambda: rig.sessions[session].total_fen == 700, 3.0)
    assert shown
    assert rig.now - settles <= 0.3
    assert rig.view.basket.total_fen == 700
