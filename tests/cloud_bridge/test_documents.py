"""A text that travels whole or as what changed: the same text comes out, or an error with a code."""

import base64
import csv
import io
import zlib
from random import Random

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_bridge.commands import MAX_COMMAND_BYTES, Command, Document
from cloud_bridge.documents import (
    CODES,
    MAX_TEXT_BYTES,
    PART_BYTES,
    BadDocument,
    delta,
    digest,
    joined,
    shortest,
    snapshot,
)
from cloud_bridge.signed import sign


def never(_sha256):
    return None


def holding(*texts):
    return {digest(text): text for text in texts}.get


LINES = st.lists(
    st.sampled_from(["a\n", "b\n", "c\n", "价格,350\n", "\n", "x\r\n", "no end", "\u2028"]), max_size=30
)
TEXTS = LINES.map("".join) | st.text(st.characters(exclude_categories=["Cs"]), max_size=60)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
def test_snapshot_and_delta_give_the_text_back(base, text):
    assert joined(snapshot(text, "2"), never) == text
    assert joined(delta(base, text, "2"), holding(base)) == text
    assert joined(shortest(base, text, "2"), holding(base)) == text


def noise(size, seed=1):
    """Text that hardly packs: one of 3 bytes in 4 survives base64."""
    return base64.b64encode(Random(seed).randbytes(size)).decode()


def test_a_large_text_comes_in_parts_in_any_order_and_more_than_once():
    text = noise(200_000)
    parts = snapshot(text, "1")
    assert len(parts) > 5
    shuffled = [*parts, parts[0]]
    Random(7).shuffle(shuffled)
    assert joined(shuffled, never) == text


def test_a_full_part_fits_a_command():
    part = snapshot(noise(3 * PART_BYTES), "版" * 64)[0]
    body = msgspec.Raw(msgspec.json.encode(msgspec.structs.replace(part, base="0" * 64, of=64)))
    command = Command(
        id="0" * 26, aud="X" * 24, nonce="0" * 32, issued=2**40, expires=2**40, kind="catalogue", body=body
    )
    wire = sign(command, Ed25519PrivateKey.generate())
    assert 0.9 * MAX_COMMAND_BYTES < len(wire) <= MAX_COMMAND_BYTES


def packed(data: bytes) -> str:
    return base64.b64encode(zlib.compress(data)).decode()


def document(data: str, **changes) -> Document:
    return Document(**({"version": "1", "sha256": digest("text"), "data": data} | changes))


GOOD = snapshot("text", "1")[0]
FROM_A = {"base": digest("a\n")}
BAD = [
    ("no part", [], "PART_MISSING"),
    ("one of two", [document(GOOD.data, of=2)], "PART_MISSING"),
    ("of two versions", [document("", of=2), document("", of=2, part=2, version="2")], "PARTS_DIFFER"),
    ("of two bases", [document("", of=2), document("", of=2, part=2, **FROM_A)], "PARTS_DIFFER"),
    ("no base64", [document("=")], "CORRUPT"),
    ("no zlib", [document("AAAA")], "CORRUPT"),
    ("cut short", [document(base64.b64encode(zlib.compress(b"text")[:-1]).decode())], "CORRUPT"),
    ("more behind it", [document(base64.b64encode(zlib.compress(b"text") + b"!").decode())], "CORRUPT"),
    ("another text", [document(packed(b"other"))], "HASH"),
    ("no UTF-8", [document(packed(b"\xff"))], "CORRUPT"),
    ("a bomb", [document(packed(b" " * (MAX_TEXT_BYTES + 1)))], "TOO_LARGE"),
    ("another base", [document(packed(b'["text"]'), base=digest("b"))], "BASE_UNKNOWN"),
    ("operations that are none", [document(packed(b'{"keep":1}'), **FROM_A)], "CORRUPT"),
    ("nested operations", [document(packed(b"[" * 20_000), **FROM_A)], "CORRUPT"),
    ("more lines than there are", [document(packed(b"[2]"), **FROM_A)], "CORRUPT"),
    ("drops more than there are", [document(packed(b'[-2,"text"]'), **FROM_A)], "CORRUPT"),
    ("a delta of another text", [document(packed(b'[1,"text"]'), **FROM_A)], "HASH"),
]


@pytest.mark.parametrize(("parts", "code"), [pytest.param(p, c, id=name) for name, p, c in BAD])
def test_parts_that_give_no_text_say_why(parts, code):
    with pytest.raises(BadDocument) as error:
        joined(parts, holding("a\n"))
    assert error.value.code == code
    assert code in CODES


def test_a_base_that_is_not_what_it_is_taken_for_is_unknown():
    with pytest.raises(BadDocument, match="BASE_UNKNOWN"):
        joined(delta("a\n", "text", "2"), lambda _sha256: "b\n")


def test_what_is_too_large_is_not_sent():
    with pytest.raises(BadDocument, match="TOO_LARGE"):
        snapshot("x" * (MAX_TEXT_BYTES + 1), "1")
    with pytest.raises(BadDocument, match="TOO_LARGE"):
        snapshot(noise(2 * 1024 * 1024), "1")


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 255))
def test_no_altered_byte_gives_another_text(place, flip):
    base, text = catalogue(60), catalogue(60, dearer=(3, 30, 59))
    part = delta(base, text, "2")[0]
    data = bytearray(base64.b64decode(part.data))
    data[place % len(data)] ^= flip
    bent = msgspec.structs.replace(part, data=base64.b64encode(data).decode())
    try:
        found = joined([bent], holding(base))
    except BadDocument:
        found = text  # refused: as good
    assert found == text


COLUMNS = ("sku", "name", "spec", "supplier", "county", "certificate", "gtin", "g", "sd", "fen", "days")


def catalogue(products: int, dearer: tuple[int, ...] = ()) -> str:
    """A catalogue of the real columns' widths, made up. 示例"""
    random = Random(810)
    table = io.StringIO()
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(
        [
            "sku",
            "name",
            "spec",
            "supplier",
            "county",
            "certificate",
            "gtin",
            "unit_g",
            "tol_g",
            "price_fen",
            "shelf_days",
        ]
    )
    for n in range(products):
        price = random.randint(100, 9900)
        rows.writerow(
            [
                f"SX-{n:04d}",
                f"示例商品{random.randint(0, 10**6)}号",
                f"{random.randint(50, 900)}克",
                f"示例供应商{random.randint(1, 90)}",
                f"样例县{random.randint(1, 40)}",
                f"{random.randint(10**11, 10**12)}",
                f"69{random.randint(10**10, 10**11)}",
                random.randint(50, 900),
                random.randint(1, 9),
                price + (50 if n in dearer else 0),
                random.randint(30, 720),
            ]
        )
    return table.getvalue()


def test_three_prices_of_810_products_cost_a_hundredth_of_the_catalogue():
    base, text = catalogue(810), catalogue(810, dearer=(5, 400, 809))
    whole, difference = snapshot(text, "2"), delta(base, text, "2")
    sizes = [sum(len(base64.b64decode(part.data)) for part in parts) for parts in (whole, difference)]
    print("bytes of text, snapshot, delta:", len(text.encode()), *sizes)
    assert sizes[1] * 100 < sizes[0] < len(text.encode()) / 2
    assert shortest(base, text, "2") == difference
