"""The restock's receipt: what the ledger's document says, on paper, sealed by the counter."""

import io
from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime
from random import Random

import msgspec
import pytest
import zxingcpp
from PIL import Image

from edge.domain.records import ClosedSession, RestockLine
from edge.domain.roster import Roster
from edge.domain.values import Instant, Kind, SessionId, Sku, TrayId
from edge.ledger.finished import restock_of
from edge.ledger.ledger import Ledger
from edge.ledger.space import Space
from edge.outfit.loading import load_outfit
from edge.paper.fonts import drawable
from edge.paper.receipts import Pulled, canonical
from edge.restocking.receipt import OFFICE, restock_doc, restock_picture
from edge.signing import digest, open_signer, verified

NOW = Instant(100.0, datetime(2026, 11, 23, 19, 30, tzinfo=UTC), "boot-1")
TEA = RestockLine(
    tray=TrayId("1-02"),
    sku=Sku("PL-TEA-125"),
    planned=5,
    weighed=4,
    brought=5,
    pulled=2,
    pull_reason="EXPIRED",
    counted=None,
    adjusted=1,
    now=8,
    lot="示例-T2610",
    produced_on=date(2026, 10, 8),
    expires_on=date(2028, 3, 31),
    reason="PACK",
)
QUIET = RestockLine(
    tray=TrayId("1-01"),
    sku=Sku("ZY-WATER-500"),
    planned=0,
    weighed=0,
    brought=0,
    pulled=0,
    pull_reason="",
    counted=None,
    adjusted=0,
    now=12,
    lot="",
    produced_on=None,
    expires_on=None,
    reason="",
)


@pytest.fixture
def outfit(setup):
    return load_outfit(setup / "counter.toml", environ={}, flags={"files.data": str(setup.parent / "data")})


@pytest.fixture
def number(outfit):
    """The number of a restock in the ledger of ``outfit``, signed by its sample restocker."""
    signer = outfit.roster.accounts["demo-restock"].ref
    closed = ClosedSession(
        id=SessionId("b" * 32),
        kind=Kind.RESTOCK,
        state="SETTLED",
        opener=signer,
        verdict="charge",
        reasons=(),
        opened=NOW,
        closed=NOW,
        catalogue="0123456789abcdef",
        channel="UNIT_HELP",
        trays=(),
        sale=None,
        restock=(TEA, QUIET),
    )
    outfit.data.mkdir()
    space = Space(outfit.data, reserve_bytes=4096, selling_bytes=0)
    with closing(Ledger.open(outfit.data / "ledger.db", "AK-001", NOW, Random(1).randbytes, space)) as ledger:
        return ledger.close_session(closed, NOW)


def doc_of(outfit, number):
    return restock_doc(restock_of(outfit.data / "ledger.db", number), outfit)


def test_the_receipt_says_what_was_signed_and_leaves_out_what_was_not_touched(outfit, number):
    doc = doc_of(outfit, number)
    (line,) = doc.lines
    assert (doc.number, f"{doc.at:%Y-%m-%d %H:%M}") == (number, "2026-11-24 03:30")
    assert (line.tray, line.product, line.unit) == ("1-02", "平利绿茶罐装", "罐")
    assert (line.planned, line.measured, line.weighed, line.difference) == (5, 5, 4, 0)
    assert (line.lot, line.produced_on, line.expires_on) == ("示例-T2610", TEA.produced_on, TEA.expires_on)
    assert line.pulled == (Pulled("PULL_OFF", -2, "EXPIRED"), Pulled("ADJUST", 1, "PACK"))
    assert doc.totals == {"planned": 5, "measured": 5, "corrected": -1}


def test_the_signer_is_an_office_and_never_a_login(outfit, number):
    assert doc_of(outfit, number).signer == outfit.roster.accounts["demo-restock"].title
    accounts = {login: replace(each, title=login) for login, each in outfit.roster.accounts.items()}
    for roster in (Roster(accounts), Roster({})):
        assert doc_of(replace(outfit, roster=roster), number).signer == OFFICE


def test_goods_that_left_the_catalogue_keep_their_number(outfit, number):
    products = {sku: each for sku, each in outfit.catalogue.products.items() if sku != TEA.sku}
    bare = replace(outfit, catalogue=replace(outfit.catalogue, products=products))
    assert [line.product for line in doc_of(bare, number).lines] == ["PL-TEA-125"]


@pytest.mark.parametrize("width", [384, 576, 750, 1080])
def test_the_picture_carries_a_seal_over_the_whole_document(outfit, number, width):
    with Image.open(io.BytesIO(restock_picture(outfit, number, width))) as picture:
        assert picture.width == width
        (found,) = zxingcpp.read_barcodes(picture.convert("L"))
    payload = verified(found.text, open_signer(outfit.data).public_key)
    assert (payload.kind, payload.counter, payload.number) == ("restock", "AK-001", number)
    assert payload.digest == digest(canonical(doc_of(outfit, number)))


def test_there_is_no_receipt_of_a_restock_that_never_was(outfit, number):
    assert restock_picture(outfit, f"{number}9", 576) is None


def test_signs_that_no_font_has_do_not_keep_the_receipt_from_its_signer(outfit, number, monkeypatch):
    finished = restock_of(outfit.data / "ledger.db", number)
    lines = tuple(msgspec.structs.replace(line, lot="L🎉", reason="ا") for line in finished.lines)
    odd = msgspec.structs.replace(finished, lines=lines)
    monkeypatch.setattr("edge.restocking.receipt.restock_of", lambda *_: odd)
    assert restock_picture(outfit, number, 576).startswith(b"\x89PNG")
    assert drawable("L🎉 批次") == "L□ 批次"
