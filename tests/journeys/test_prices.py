"""B7 and O5 over real bytes: what is charged is what was shown when the door opened, come what may."""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from edge.domain.pricing import PriceList, PriceVersion, Promotion, PromotionKind, Step, When
from edge.domain.records import Movement
from edge.domain.values import Fen, Sku
from edge.ledger.verify import verify

WATER, TEA, KONJAC, RICE = "1-01", "1-02", "2-02", "3-02"
WATER_SKU, KONJAC_SKU = Sku("ZY-WATER-500"), Sku("LG-KJ-SPICY180")
TAKE_KONJAC = ("take", {"tray": KONJAC, "count": 1})
SHANGHAI = ZoneInfo("Asia/Shanghai")


def local(rig, seconds=0.0):
    """The counter's local wall time, so many seconds from now."""
    return (rig.instant.wall + timedelta(seconds=seconds)).astimezone(SHANGHAI).replace(tzinfo=None)


def bring(rig, *promotions, **prices):
    """A prices file arrives: promotions, and price versions that begin at once. Restarts keep it."""
    begun = datetime(2026, 1, 1)
    versions = {Sku(sku): (PriceVersion(begun, Fen(fen)),) for sku, fen in prices.items()}
    rig.outfit = replace(rig.outfit, prices=PriceList(f"v{len(promotions)}{prices}", versions, promotions))
    rig._bring(replace(rig.goods, prices=rig.outfit.prices))


def single(id, kind=PromotionKind.LIMITED_TIME, zh="示例特惠", **more):
    return Promotion(id, kind, zh, "Sample offer", **more)


THIRTY = Promotion(
    "thirty", PromotionKind.FULL_REDUCTION, "满30减5", "¥5 off ¥30", steps=(Step(Fen(3000), Fen(500)),)
)


def tile(rig, tray):
    (found,) = [each for each in rig.view.trays if each.tray == tray]
    return found


def sale(rig):
    """The last sale as the feed tells it."""
    return rig.events("sale.settled.v1")[-1]


def test_b7_a_price_that_changes_while_the_door_is_open_is_the_next_visitors(rig):
    bring(rig, **{KONJAC_SKU: 1580})
    session = rig.open()
    rig.act("open_door")
    bring(rig, **{KONJAC_SKU: 1280})
    rig.act(TAKE_KONJAC[0], **TAKE_KONJAC[1])
    assert tile(rig, KONJAC).price_fen == 1580
    assert (rig.view.basket.total_fen, rig.sessions[session].total_fen) == (1580, 1580)
    rig.act("close_door", wait=0.0)
    receipt = rig.settled(session)
    (line,) = receipt.lines
    assert (line.name, line.count, line.price_fen, receipt.total_fen) == (
        "岚皋魔芋素毛肚(香辣)",
        1,
        1580,
        1580,
    )
    rig.run(2.0)
    assert tile(rig, KONJAC).price_fen == 1280
    assert rig.visit(TAKE_KONJAC).total_fen == 1280
    assert verify(rig.folder / "ledger.db") == []


def test_a_promotion_that_ends_while_the_door_is_open_holds_for_this_visit_only(rig):
    when = When(begins=local(rig, -60), ends=local(rig, 5))
    bring(rig, single("five-seconds", when=when, percent=80))
    assert (tile(rig, KONJAC).price_fen, tile(rig, KONJAC).list_price_fen) == (1264, 1580)
    assert tile(rig, KONJAC).promotion.zh == "示例特惠"
    session = rig.open()
    at_grant = tile(rig, KONJAC).price_fen
    rig.act("open_door", wait=6.0)
    rig.act(TAKE_KONJAC[0], **TAKE_KONJAC[1])
    assert (tile(rig, KONJAC).price_fen, tile(rig, KONJAC).promotion.zh) == (1264, "示例特惠")
    rig.act("close_door", wait=0.0)
    assert rig.settled(session).total_fen == at_grant == 1264
    (line,) = sale(rig)["lines"]
    assert (line["price_fen"], line["list_price_fen"], line["promotion"]) == (1264, 1580, "five-seconds")
    rig.run(2.0)
    assert (tile(rig, KONJAC).price_fen, tile(rig, KONJAC).promotion) == (1580, None)


def test_goods_near_their_date_are_sold_for_less_and_say_why(rig):
    near = single("short", PromotionKind.NEAR_EXPIRY, "临期特惠", days_left=7, percent=50)
    bring(rig, near)
    assert tile(rig, KONJAC).price_fen == 1580
    soon = local(rig).date() + timedelta(days=7)
    rig.ledger.move_stock([Movement(KONJAC, KONJAC_SKU, "RESTOCK", 1, expires_on=soon)], None, rig.instant)
    rig.run(1.5)
    assert tile(rig, KONJAC).expires_on == soon.isoformat()
    assert (tile(rig, KONJAC).price_fen, tile(rig, KONJAC).promotion.kind) == (790, "NEAR_EXPIRY")
    assert (tile(rig, WATER).price_fen, tile(rig, WATER).promotion) == (350, None)
    receipt = rig.visit(TAKE_KONJAC, ("take", {"tray": WATER, "count": 1}))
    assert receipt.total_fen == 790 + 350
    assert [line.list_price_fen for line in receipt.lines] == [None, 1580]


def test_goods_of_two_dates_have_the_lower_price_on_both_trays(shared_rig):
    rig = shared_rig({"2-02": {KONJAC_SKU: 6}, "2-03": {KONJAC_SKU: 6}})
    trays, soon = dict(rig.goods.planogram.trays), local(rig).date() + timedelta(days=3)
    trays["2-02"] = (replace(trays["2-02"][0], expires_on=soon),)
    trays["2-03"] = (replace(trays["2-03"][0], expires_on=soon + timedelta(days=300)),)
    rig._bring(replace(rig.goods, planogram=replace(rig.goods.planogram, trays=trays)))
    bring(rig, single("short", PromotionKind.NEAR_EXPIRY, days_left=7, percent=50))
    assert (tile(rig, "2-02").price_fen, tile(rig, "2-03").price_fen) == (790, 790)
    assert (tile(rig, "2-02").promotion is None, tile(rig, "2-03").promotion is None) == (False, True)
    assert rig.visit(("take", {"tray": "2-03", "count": 1})).total_fen == 790
    rig.visit(("take", {"tray": "2-02", "count": 3}))
    rig.visit(("take", {"tray": "2-02", "count": 3}))  # the last of the old ones
    rig.run(2.0)
    assert tile(rig, "2-03").price_fen == 1580


def test_a_full_reduction_on_two_lines_is_shared_out_live_and_on_the_receipt(rig):
    bring(rig, THIRTY)
    assert {each.reduction.zh for each in rig.view.trays} == {"满30减5"}
    session = rig.open()
    rig.act("open_door")
    rig.act(TAKE_KONJAC[0], **TAKE_KONJAC[1])
    assert (rig.view.basket.total_fen, rig.view.basket.discount_fen, rig.view.basket.reduction) == (
        1580,
        0,
        None,
    )
    rig.act("take", tray=RICE, count=1)
    live = rig.view.basket
    gross = sum(line.price_fen * line.count for line in live.lines)
    assert (live.total_fen, live.discount_fen, live.reduction.zh) == (gross - 500, 500, "满30减5")
    rig.act("close_door", wait=0.0)
    receipt = rig.settled(session)
    assert (receipt.total_fen, receipt.discount_fen, receipt.reduction.zh) == (gross - 500, 500, "满30减5")
    assert [(line.amount_fen, line.discount_fen) for line in receipt.lines] == [
        (line.amount_fen, line.discount_fen) for line in live.lines
    ]
    told = sale(rig)
    assert (told["total_fen"], told["discount_fen"]) == (receipt.total_fen, 500)
    assert sum(line["amount_fen"] for line in told["lines"]) == told["total_fen"]
    assert verify(rig.folder / "ledger.db") == []


def test_a_piece_put_back_below_the_threshold_takes_the_reduction_with_it(rig):
    bring(rig, THIRTY)
    receipt = rig.visit(TAKE_KONJAC, TAKE_KONJAC, ("put_back", {"tray": KONJAC, "count": 1}))
    assert (receipt.total_fen, receipt.discount_fen) == (1580, 0)


@pytest.mark.parametrize("when_cut", ["before the door opens", "while it is open", "after it is shut"])
def test_a_power_cut_between_open_and_settle_charges_the_frozen_price(rig, when_cut):
    bring(rig, single("off", when=When(begins=local(rig, -60), ends=local(rig, 5)), percent=80), THIRTY)
    rig.outfit = replace(rig.outfit, prices=replace(rig.outfit.prices, version="after", promotions=()))
    session = rig.open()
    shown = tile(rig, TEA).price_fen
    if when_cut == "before the door opens":
        restart(rig)
    rig.act("open_door", wait=6.0)
    rig.act("take", tray=TEA, count=1)
    if when_cut == "while it is open":
        restart(rig)
        assert tile(rig, TEA).price_fen == 7680  # still that of the grant, by a program that never saw it
    rig.act("close_door", wait=0.2 if when_cut == "after it is shut" else 0.0)
    if when_cut == "after it is shut":
        restart(rig)
    receipt = rig.settled(session, 15.0)
    assert (receipt.state, receipt.total_fen, shown) == ("SETTLED", 7680, 7680)
    rig.run(2.0)
    assert tile(rig, TEA).price_fen == 9600
    assert verify(rig.folder / "ledger.db") == []


def restart(rig):
    """The power fails, and the program starts with the files of now."""
    rig.kill()
    rig.start()
    rig._bring(replace(rig.goods, prices=rig.outfit.prices))
    rig.run(2.0)


def test_a_reduction_survives_a_power_cut_too(rig):
    bring(rig, THIRTY)
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=KONJAC, count=2)
    rig.outfit = replace(rig.outfit, prices=replace(rig.outfit.prices, version="after", promotions=()))
    restart(rig)
    assert rig.view.basket.reduction.zh == "满30减5"
    rig.act("close_door", wait=0.0)
    receipt = rig.settled(session, 15.0)
    assert (receipt.total_fen, receipt.discount_fen) == (2660, 500)
    (version,) = rig.query("SELECT prices FROM sale")
    assert version[0].startswith("v1")


def test_a_struck_price_is_shown_after_a_deal_at_it_and_goes_with_a_lower_one(rig):
    bring(rig, single("off", skus=(KONJAC_SKU,), percent=80))
    assert tile(rig, KONJAC).strike_fen is None  # nobody ever paid it here
    bring(rig)
    rig.visit(TAKE_KONJAC)
    bring(rig, single("off", skus=(KONJAC_SKU,), percent=80))
    rig.run(1.0)
    assert (tile(rig, KONJAC).price_fen, tile(rig, KONJAC).strike_fen) == (1264, 1580)
    rig.visit(TAKE_KONJAC)
    rig.run(2.0)
    assert (tile(rig, KONJAC).price_fen, tile(rig, KONJAC).strike_fen) == (1264, None)


def test_each_answer_to_the_question_costs_what_it_says_with_the_reduction_in_it(shared_rig):
    rig = shared_rig({KONJAC: {"NS-XG-200": 5, "NS-FUNG-200": 5}})  # one weight, 39.80 and 42.00
    over = replace(THIRTY, steps=(Step(Fen(4500), Fen(500)),))
    bring(rig, over)
    session = rig.open()
    rig.act("open_door")
    rig.act("take", tray=WATER, count=1)
    rig.act("take", tray=KONJAC, sku="NS-FUNG-200", count=1)
    rig.act("close_door", wait=0.0)
    assert rig.run_until(lambda: rig.sessions[session].question is not None, 5.0)
    options = rig.sessions[session].question.options
    found = {option.total_fen: option.discount_fen for option in options}
    assert found == {4330: 0, 4050: 500}
    (choice,) = [n for n, option in enumerate(options) if option.total_fen == 4050]
    rig.answer(choice, session)
    receipt = rig.settled(session)
    assert (receipt.total_fen, receipt.discount_fen) == (4050, 500)
