"""The card of a product over HTTP, and the sounds of the screen."""

import importlib.util
import io
import wave
from datetime import date
from pathlib import Path

import pytest
import zxingcpp
from PIL import Image
from prometheus_client import CollectorRegistry

from edge.domain.planogram import planogram_of
from edge.domain.product_view import Assortment, OnShelf
from edge.domain.stock import OPENING, Held, Lot
from edge.domain.trace import Traces
from edge.domain.values import Sku, TrayId
from edge.outfit.catalogue_csv import read_catalogue
from edge.screens.app import make_app
from edge.screens.strings import catalogue
from edge.screens.voice import KEYS, OURS, sound_of

CONFIG = Path(__file__).parents[2] / "config"
GOODS = Assortment(read_catalogue(CONFIG / "catalogue.csv"), planogram_of("v", []), Traces())


@pytest.fixture
def cards(counter, client, tmp_path):
    """A client of pages that know the sample catalogue; ``assortment`` may be taken away."""

    class Cards:
        assortment: Assortment | None = GOODS
        asked: list[Sku]

        def __init__(self) -> None:
            self.asked = []

        def lying(self, sku: Sku) -> tuple[OnShelf, ...]:
            self.asked.append(sku)
            return (OnShelf(TrayId("1-01"), Held(Lot(), 12, OPENING), "2026-11-06T01:20:00.000Z"),)

        def app(self):
            return make_app(
                counter.stage,
                counter.engine.ask,
                counter.old.get,
                counter.settings(),
                checks=lambda: counter.readiness,
                registry=CollectorRegistry(),
                version="0.1.0",
                assortment=lambda: self.assortment,
                lying=self.lying,
                today=lambda: date(2026, 11, 24),
                voice_dir=tmp_path,
            )

    made = Cards()
    made.client = type(client)(made.app(), "10.0.0.9")
    return made


def test_the_card_tells_price_and_stock_of_the_screen_and_the_rest_of_the_catalogue(cards):
    told = cards.client.get("/api/v1/products/ZY-WATER-500").json()
    assert (told["price_fen"], told["on_hand"], told["gtin"]) == (350, 12, "2996109240097")
    assert told["certificate"]["state"] == "VALID"
    assert [each["holds"] for each in told["gates"]] == [True] * 7
    assert [each["stage"] for each in told["lots"][0]["stages"] if each["registered"]] == ["SALE"]


NEGATIVE = [
    ("X-NOODLE-1KG", "EXPIRED"),
    ("X-JELLY-150", "SUSPENDED"),
    ("X-TEACAKE-120", "PENDING"),
    ("X-COLA-330", "NONE"),
]


@pytest.mark.parametrize(("sku", "state"), NEGATIVE)
def test_a_product_without_a_valid_certificate_is_told_why(cards, sku, state):
    told = cards.client.get(f"/api/v1/products/{sku}").json()
    assert (told["certificate"]["state"], told["on_hand"]) == (state, None)


def test_an_unknown_product_is_not_looked_up_in_the_ledger(cards, problem_of):
    assert problem_of(cards.client.get("/api/v1/products/NO-SUCH"))["code"] == "NOT_FOUND"
    assert cards.asked == []


def test_before_the_engines_first_turn_the_counter_is_starting(cards, problem_of):
    cards.assortment = None
    assert problem_of(cards.client.get("/api/v1/products/ZY-WATER-500"))["code"] == "STARTING"


def test_the_trace_code_leads_where_the_catalogue_says_and_nowhere_else(cards, problem_of):
    png = cards.client.get("/api/v1/products/ZY-WATER-500/trace.png").content
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(png)))
    assert code.text == "https://trace.example.invalid/p/2996109240097"
    without = cards.client.get("/api/v1/products/X-COLA-330/trace.png")
    assert problem_of(without)["detail"] == "no trace page is registered for this product"


def test_the_page_of_a_product_belongs_to_this_counter(cards, problem_of):
    page = cards.client.get("/c/AK-001/p/ZY-WATER-500")
    assert page.status_code == 200
    assert 'data-sku="ZY-WATER-500"' in page.text
    assert problem_of(cards.client.get("/c/AK-002/p/ZY-WATER-500"))["code"] == "NOT_FOUND"
    hostile = cards.client.get("/c/AK-001/p/%22%3E%3Cscript%3E")
    assert "<script>" not in hostile.text.replace('<script type="module"', "")


# Sounds


@pytest.mark.parametrize("key", KEYS)
def test_each_key_has_a_sound_of_its_own_and_words_in_both_languages(key):
    zh, en = (sound_of(language, key, None) for language in ("zh", "en"))
    assert zh is not None
    assert zh == en, "tones have no language"
    with wave.open(str(zh)) as file:
        assert 0.2 < file.getnframes() / file.getframerate() < 1.5
    assert f"voice_{key}" in catalogue()


def test_no_two_keys_sound_alike_and_all_are_small():
    files = sorted((OURS / "tones").iterdir())
    assert {each.stem for each in files} == set(KEYS)
    assert len({each.read_bytes() for each in files}) == len(KEYS)
    assert sum(each.stat().st_size for each in files) < 200_000


def test_the_committed_tones_are_those_of_the_tool(tmp_path, monkeypatch):
    path = Path(__file__).parents[2] / "tools" / "make_voice.py"
    spec = importlib.util.spec_from_file_location("make_voice", path)
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    monkeypatch.setattr(tool, "TARGET", tmp_path)
    tool.main()
    for made in tmp_path.iterdir():
        assert made.read_bytes() == (OURS / "tones" / made.name).read_bytes(), made.name


def test_a_sites_own_sound_goes_before_ours_in_its_language_only(cards, tmp_path):
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "open.ogg").write_bytes(b"OggS spoken")
    zh = cards.client.get("/voice/zh/open")
    assert (zh.content, zh.headers["content-type"]) == (b"OggS spoken", "audio/ogg")
    assert cards.client.get("/voice/en/open").headers["content-type"] == "audio/wav"


@pytest.mark.parametrize("path", ["/voice/zh/secret", "/voice/fr/open", "/voice/zh/..%2F..%2Fsettings"])
def test_nothing_but_a_known_key_is_served(cards, tmp_path, path):
    (tmp_path / "zh").mkdir()
    (tmp_path / "zh" / "secret.wav").write_bytes(b"RIFF")
    assert cards.client.get(path).status_code == 404
