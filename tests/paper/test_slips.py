"""Receipts: what they say, that nothing lies over anything, and that the seal on them is read back."""

from dataclasses import replace
from datetime import date, datetime
from itertools import combinations

import pytest

from edge.domain.values import Fen
from edge.paper import slips, thermal
from edge.paper.fonts import CannotDraw
from edge.paper.issuer import Issuer
from edge.paper.panel import Box, painted
from edge.paper.receipts import Pulled, ReceiptDoc, ReceiptLine, RestockDoc, RestockLine, canonical
from edge.paper.sheets import black_and_white
from edge.paper.slips import ROLLS, Seal, receipt, restock_receipt

ISSUER = Issuer("AK-001", "示例专柜 1 号", "示例办公楼 1 层大厅", "000-0000-0000", complaint="12315")
AT = datetime(2026, 11, 24, 9, 12, 33)
SALE = ReceiptDoc(
    issuer=ISSUER,
    order_no="AK-001-20261124-000123",
    at=AT,
    lines=(
        ReceiptLine(
            "紫阳富硒毛尖(绿茶)罐装", "1-01", 1, "罐", Fen(12800), Fen(12600), True, discount=Fen(200)
        ),
        ReceiptLine("紫阳富硒矿泉水", "1-02", 3, "瓶", Fen(350), Fen(1050), certified=True, was=Fen(400)),
        ReceiptLine("示例可乐", "1-03", 2, "罐", Fen(300), Fen(600)),
    ),
    certified=Fen(13850),
    certified_word="示例认定产品",
    state="稍后扣款",
    note="7 天内可申诉",
)
RESTOCK = RestockDoc(
    issuer=ISSUER,
    number="AK-001-R-000017",
    at=AT,
    signer="补货员",
    lines=(
        RestockLine("1-02", "平利绿茶罐装", "罐", 12, 12, "20261101A", date(2026, 11, 1), date(2028, 4, 24)),
        RestockLine(
            "2-04",
            "宁陕香菇(干)",
            "袋",
            5,
            4,
            weighed=5,
            reason="SCALE",
            pulled=(Pulled("PULL_OFF", -2, "临期"), Pulled("ADJUST", 1, "盘盈"), Pulled("NEW_KIND", -1, "")),
        ),
    ),
)
SEAL = Seal("SC1." + "eyJjIjoiQUstMDAxIiwiaCI6IjVHRjNX" * 5 + "." + "kOas9-SWZav7" * 7, "444f5dec")
EVERY = pytest.mark.parametrize("roll", ROLLS.values(), ids=lambda roll: roll.name)
DOCS = [pytest.param(receipt, SALE, id="sale"), pytest.param(restock_receipt, RESTOCK, id="restock")]


def rows(panel) -> list[str]:
    """The receipt read line by line, left to right."""
    lines: dict[int, list[tuple[int, str]]] = {}
    for text in panel.texts:
        lines.setdefault(text.y, []).append((text.x, text.text))
    return [" | ".join(text for _, text in sorted(lines[y])) for y in sorted(lines)]


@EVERY
@pytest.mark.parametrize(("drawn", "doc"), DOCS)
def test_everything_stands_in_its_own_place_and_the_seal_is_read_back(drawn, doc, roll, read_back, printed):
    panel = drawn(doc, roll, SEAL)
    boxes = list(panel.boxes())
    paper = Box(0, 0, roll.width, panel.bottom)
    assert [name for name, box in boxes if not paper.holds(box)] == []
    assert [(a, b) for (a, one), (b, other) in combinations(boxes, 2) if one.meets(other)] == []
    if roll.name.startswith("thermal"):
        assert read_back(printed(thermal.strip(panel, roll.pad))) == [SEAL.text]
    else:
        assert read_back(painted(panel, panel.bottom + roll.pad)) == [SEAL.text]


def test_a_buyers_receipt_adds_up_and_names_what_the_law_asks_for():
    said = rows(receipt(SALE, slips.THERMAL_576, SEAL))
    for line in (
        "购物小票",
        "订单号 | AK-001-20261124-000123",
        "时间 | 2026-11-24 09:12",
        "紫阳富硒毛尖(绿茶)罐装 ✓",
        "1 罐 × ¥128.00 | ¥128.00",
        "3 瓶 × ¥3.50(原价 ¥4.00) | ¥10.50",
        "示例可乐",
        "优惠 | -¥2.00",
        "合计 | ¥142.50",
        "其中示例认定产品 | ¥138.50",
        "稍后扣款",
        "经营者 未登记",
        "备案号 未登记 · 有效期至 未登记",
        "消费者投诉 12315",
        "7 天内可申诉",
    ):
        assert line in said


def test_a_restock_receipt_says_planned_measured_difference_and_what_came_off():
    said = rows(restock_receipt(RESTOCK, slips.THERMAL_576))
    for line in (
        "补货签收单",
        "签收人 | 补货员",
        "1-02  平利绿茶罐装",
        "批次 | 20261101A",
        "生产 / 到期 | 2026-11-01 / 2028-04-24",
        "应补 / 实补 | 12 / 12 罐   ✓",
        "批次 | 未登记",
        "生产 / 到期 | 未登记 / 未登记",
        "应补 / 实补 | 5 / 4 袋   ! 差 -1",
        "秤上读数 | 5 袋(秤不准)",
        "下架(临期) | -2 袋",
        "盘点调整(盘盈) | +1 袋",
        "NEW_KIND | -1 袋",
        "应补 / 实补 | 17 / 16",
        "差异 | -1",
        "下架与调整 | -2",
        "签字",
    ):
        assert line in said
    assert not any("密钥" in line for line in said), "nothing says that it is signed when it is not"


@EVERY
def test_long_names_wrap_and_long_pairs_go_below_each_other(roll):
    long = replace(RESTOCK.lines[1], product="鑫" * 40, lot="LOT-" + "0123456789" * 3)
    panel = restock_receipt(replace(RESTOCK, lines=(long,)), roll)
    assert "".join(rows(panel)).count("鑫") == 40
    boxes = [box for _, box in panel.boxes()]
    assert not any(one.meets(other) for one, other in combinations(boxes, 2))


def test_a_character_in_no_font_is_named_with_its_document():
    spoilt = replace(SALE, lines=(replace(SALE.lines[0], name="\U0001f600"),))
    with pytest.raises(CannotDraw, match=r"AK-001-20261124-000123: .*U\+1F600"):
        receipt(spoilt, slips.PHONE)


@pytest.mark.parametrize(
    "changed",
    [
        replace(RESTOCK, number="AK-001-R-000018"),
        replace(RESTOCK, at=AT.replace(second=34)),
        replace(RESTOCK, lines=RESTOCK.lines[:1]),
        replace(RESTOCK, lines=(replace(RESTOCK.lines[0], expires_on=date(2028, 4, 25)), RESTOCK.lines[1])),
    ],
)
def test_any_change_of_a_document_changes_its_canonical_bytes(changed):
    assert canonical(RESTOCK) == canonical(replace(RESTOCK))
    assert canonical(changed) != canonical(RESTOCK)


def test_the_bytes_for_the_printer_hold_every_dot_once():
    strip = thermal.strip(receipt(SALE, slips.THERMAL_384, SEAL), 8)
    body = thermal.job([strip])
    assert body.startswith(b"\x1b@\x1dv0\x00")
    assert body.endswith(b"\x1dVB\x00")
    at, dots = 2, b""
    while body[at : at + 4] == b"\x1dv0\x00":
        wide, high = (int.from_bytes(body[at + place : at + place + 2], "little") for place in (4, 6))
        assert (wide, high <= thermal.BAND) == (48, True)
        dots += body[at + 8 : at + 8 + wide * high]
        at += 8 + wide * high
    assert at == len(body) - len(thermal.CUT)
    white_is_one = bytes(byte ^ 0xFF for byte in dots)
    assert white_is_one == strip.tobytes()


def test_a_picture_that_no_raster_can_hold_is_refused():
    with pytest.raises(ValueError, match="multiple of 8"):
        thermal.raster(black_and_white(painted(receipt(SALE, slips.PHONE), 10)))
