"""B10: the buyer sees where goods come from, as ledger, catalogue and traces have it, while they are sold."""

from datetime import date

from edge.domain.product_view import Assortment, ProductView, product_view
from edge.domain.values import Sku
from edge.ledger.shelf import Shelf

HONEY, AT = Sku("NS-HONEY-500"), "3-01"


def card(rig) -> ProductView:
    """What the page would show now, by the ledger's file and the screen's view."""
    goods = rig.engine.goods
    assortment = Assortment(goods.catalogue, goods.planogram, rig.outfit.traces)
    trays = [tray for tray in rig.view.trays if tray.sku == HONEY]
    lying = Shelf(rig.folder / "ledger.db").lying(HONEY)
    return product_view(
        goods.catalogue.products[HONEY], assortment, trays, lying, rig.view.name, date(2026, 11, 23)
    )


def test_b10_the_card_tells_the_way_of_what_lies_there_and_follows_a_sale(rig):
    before = card(rig)
    (lot,) = before.lots
    stages = {each.stage: each.registered for each in lot.stages}
    assert (before.on_hand, lot.count, lot.expires_on) == (7, 7, "2027-06-28")
    assert stages == {
        "PRODUCTION": True,
        "STORAGE": True,
        "TRANSPORT": False,
        "SALE": True,
        "BRAND": False,
    }, "what nobody registered is not made up"
    assert before.certificate.state == "VALID"
    rig.visit(("take", {"tray": AT, "count": 2}))
    after = card(rig)
    assert (after.on_hand, [each.count for each in after.lots]) == (5, [5])


def test_b10_the_price_on_the_card_is_the_one_on_the_screen(rig):
    rig.reprice(AT, 6500)
    assert card(rig).price_fen == 6500
    assert {tray.price_fen for tray in rig.view.trays if tray.sku == HONEY} == {6500}
