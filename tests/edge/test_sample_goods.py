"""The made-up catalogue of the programme's size: as many as it says, readable, drawable, and marked."""

from pathlib import Path

import pytest

from edge.bench.sample_goods import sample_goods
from edge.domain.gate import NO_RECALLS, Policy, why_not_plan
from edge.domain.gtin import check_digit
from edge.outfit.catalogue_csv import parse
from edge.wording import read_wording

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "config" / "catalogue.csv"
COVERED = set((ROOT / "edge" / "assets" / "fonts" / "coverage.txt").read_text(encoding="utf-8")) | {" "}


@pytest.fixture(scope="module")
def products():
    found, problems = parse(sample_goods(SAMPLE), read_wording())
    assert problems == []
    return found


@pytest.fixture(scope="module")
def made(products):
    return [each for each in products if each.sku.startswith("SAMPLE-")]


def test_it_is_as_large_as_the_programme_and_holds_the_sample(products, made):
    assert len(products) == 810
    assert len({each.supplier_id for each in products}) == 264
    assert len(made) == 810 - 52


def test_every_made_up_product_has_a_name_and_a_number_of_its_own(products, made):
    assert len({each.name_zh for each in products}) == len({each.gtin13 for each in products}) == 810
    assert all(each.gtin13.startswith("299") and len(each.gtin13) == 13 for each in made)
    assert all(check_digit(each.gtin13[:-1]) == int(each.gtin13[-1]) for each in made)


def test_nothing_made_up_looks_real(made):
    assert all(each.name_zh.startswith("示例") and each.name_en.startswith("Sample") for each in made)
    assert all(each.supplier.startswith("示例-") for each in made)
    assert all(each.cert_no.startswith("SAMPLE-") for each in made)


def test_every_name_can_be_drawn_with_the_counters_own_font(made):
    assert {sign for each in made for sign in each.name_zh + each.supplier + each.spec} <= COVERED


def test_all_of_them_may_be_planned(made):
    day = made[0].cert_to
    assert {why_not_plan(each, day, Policy(), NO_RECALLS) for each in made} == {()}


def test_it_is_the_same_each_time():
    assert sample_goods(SAMPLE) == sample_goods(SAMPLE)
