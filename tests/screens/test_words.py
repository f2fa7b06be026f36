"""Words for people stand in one place, in both languages, and every word a page asks for is there."""

import re
from pathlib import Path

import pytest

import edge.screens
from edge.domain.requests import Refusal
from edge.screens.strings import catalogue, pictures, texts

HERE = Path(edge.screens.__file__).parent
PAGES = [*sorted((HERE / "static").glob("*")), *sorted((HERE / "templates").glob("*"))]
HAN = re.compile(r"[\u3400-\u9fff]")


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_holds_chinese_words_of_its_own(path):
    assert HAN.findall(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.name)
def test_no_page_loads_anything_from_outside_or_runs_inline_script(path):
    text = re.sub(r"http://www\.w3\.org/\S+", "", path.read_text(encoding="utf-8"))
    assert "://" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text)
    assert not re.search(r"""\sstyle=|\son\w+=["']""", text)


def asked_keys() -> set[str]:
    code = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    return set(re.findall(r"""\bt\("(\w+)["]""", code)) | set(re.findall(r"text\.(\w+) \}\}", code))


def test_every_word_a_page_asks_for_is_there():
    assert asked_keys() - set(catalogue()) == set()
    assert len(asked_keys()) > 60


def prefixes() -> list[str]:
    code = "".join(path.read_text(encoding="utf-8") for path in PAGES)
    return sorted(
        set(re.findall(r"\bt\(`(\w+)_\$\{", code)) | set(re.findall(r"""(?:told|said)\("(\w+)",""", code))
    )


def test_families_of_words_have_members():
    for prefix in prefixes():
        assert any(key.startswith(f"{prefix}_") for key in catalogue()), prefix


@pytest.mark.parametrize("key", sorted(catalogue()))
def test_each_text_says_the_same_in_both_languages(key):
    said = catalogue()[key]
    assert said.zh.strip()
    assert said.en.strip()
    assert sorted(re.findall(r"\{\w+\}", said.zh)) == sorted(re.findall(r"\{\w+\}", said.en))
    if key != "language_other":
        assert not HAN.search(said.en)


def test_every_refusal_has_words():
    assert {f"code_{code}" for code in Refusal} <= set(texts()["zh"])


NOTICES = ["door_long", "door_alarm", "latch", "foreign", "unsure", "bolt_stuck", "other"]
REASONS = ["ledger", "line", "lock", "misconfigured", "door", "locked_out", "other"]
PROBLEMS = [
    *("WRONG_GOODS", "OVER_CAPACITY", "OVERLOAD", "UNSURE", "SILENT", "EXPIRED_LOT", "BLOCK_WINDOW_LOT"),
    *("BLOCK_WINDOW", "LOT_MISSING", "REASON_MISSING", "PULL_REASON_MISSING", "COUNT_DIFFERS"),
    *("MORE_THAN_BOOKED", "PRODUCED_LATER", "OTHER_SUPPLIER", "CERT_EXPIRED", "CERT_PENDING"),
    *("CERT_SUSPENDED", "CERT_NONE", "GATE_FAILED", "RECALLED", "EXPIRED", "ALCOHOL", "RATIO"),
    *("FORBIDDEN_CATEGORY", "NOT_COUNTABLE"),
    *("NOT_FOR_COUNTER", "WEIGHT_DRIFT", "NEAR_EXPIRY", "BELOW_PAR", "other"),
]
STATES = ["READY", "BUSY", "RESTOCKING", "OUT_OF_ORDER", "offline"]


@pytest.mark.parametrize(
    ("family", "members"),
    [
        ("notice", NOTICES),
        ("reason", REASONS),
        ("state", STATES),
        ("restock_problem", PROBLEMS),
        ("restock_todo", PROBLEMS),
    ],
)
def test_what_the_engine_may_tell_has_words(family, members):
    assert {f"{family}_{member}" for member in members} <= set(catalogue())


def test_no_word_for_buyers_speaks_of_weights():
    shown = " ".join(
        f"{said.zh} {said.en}" for key, said in catalogue().items() if not key.startswith("restock_")
    )
    assert not re.search(r"\d\s?(?:g|kg)\b|克|公斤|\bgrams?\b", shown)


def test_every_category_of_the_sample_catalogue_has_a_picture_that_is_drawn():
    root = Path(__file__).resolve().parents[2]
    lines = (root / "config" / "catalogue.csv").read_text(encoding="utf-8")
    drawn = set(
        re.findall(r"^  (\w+): \(\) =>", (HERE / "static" / "icons.js").read_text("utf-8"), re.MULTILINE)
    )
    assert set(pictures().values()) <= drawn
    assert sum(f",{category}," in lines for category in pictures()) >= 20
