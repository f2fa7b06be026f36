"""The catalogue file: what is read, and every fault with its line and column."""

import hashlib
from datetime import date
from pathlib import Path

import pytest

from edge.catalogue_csv import check_digit, parse
from edge.errors import ConfigError
from edge.files import read_catalogue

SAMPLE = Path(__file__).parents[2] / "config" / "catalogue.csv"
BODY = SAMPLE.read_bytes()


def test_a_row_becomes_a_product_in_whole_fen_and_tenths_of_a_gram():
    catalogue = read_catalogue(SAMPLE)
    water = catalogue.products["ZY-WATER-500"]
    assert (water.price, water.unit_weight, water.unit_sd) == (350, 5190, 38)
    assert (water.county_zh, water.cert_to, water.shelf_life_days) == ("紫阳县", date(2027, 12, 31), 540)
    assert catalogue.products["XY-GZ-VIN500"].shelf_life_days is None
    assert not catalogue.products["SQ-SILK-Q200"].counter_ok
    assert catalogue.version == hashlib.sha256(BODY).hexdigest()[:16]


def test_the_check_digit_is_gs1s():
    assert check_digit("629104150021") == 3  # the example of GS1's own check digit calculator


# (text in the sample, text instead of it, what the sentence must say)
SPOILT = [
    pytest.param(
        "2996109240097",
        "2996109240098",
        "line 10, gtin13: '2996109240098' has a wrong check digit; it should end in 7",
    ),
    pytest.param("2996109240097", "299610924009", "line 10, gtin13: '299610924009' must have 13 digits"),
    pytest.param("2996109240097,", "２996109240097,", "line 10, gtin13: '２996109240097' must have 13"),
    pytest.param(
        "2996109240097,", "2996109240080,", "line 10, gtin13: '2996109240080' stands in line 9 already"
    ),
    pytest.param("ZY-WATER-500,", "ZY-FUNG-150,", "line 10, sku_id: 'ZY-FUNG-150' stands in line 9 already"),
    pytest.param("ZY-WATER-500,", ",", "line 10, sku_id: '' is empty"),
    pytest.param(
        ",519,3.8,", ",519.25,3.8,", "line 10, gross_weight_g: '519.25' must be grams > 0 with at most one"
    ),
    pytest.param(",519,3.8,", ",0,3.8,", "line 10, gross_weight_g: '0' must be grams > 0"),
    pytest.param(",519,3.8,", ",NaN,3.8,", "line 10, gross_weight_g: 'NaN' must be grams > 0"),
    pytest.param(",519,3.8,", ",519,-1,", "line 10, gross_sd_g: '-1' must be grams > 0"),
    pytest.param(",350,3.50,", ",3.50,3.50,", "line 10, price_fen: '3.50' must be a whole number ≥ 1"),
    pytest.param(",350,3.50,", ",0,0.00,", "line 10, price_fen: '0' must be a whole number ≥ 1"),
    pytest.param(",350,3.50,", ",350,3.80,", "line 10, price_yuan: '3.80' is not what price_fen 350 says"),
    pytest.param("0009,ACTIVE", "0009,VALID", "line 10, cert_status: 'VALID' must be one of ACTIVE"),
    pytest.param(
        "0009,ACTIVE,2025-01-01,2027-12-31",
        "0009,ACTIVE,2025-01-01,2027-13-31",
        "line 10, cert_to: '2027-13-31' must be a day",
    ),
    pytest.param(",360,252,540,", ",360,252,0,", "line 10, shelf_life_days: '0' must be a whole number ≥ 1"),
    pytest.param("常温,0,1,28", "常温,no,1,28", "line 10, age_restricted: 'no' must be 0 or 1"),
    pytest.param("常温,0,1,28", "常温,0,yes,28", "line 10, counter_ok: 'yes' must be 0 or 1"),
    pytest.param("紫阳富硒矿泉水,", "紫阳,富硒矿泉水,", "line 10: has more fields than the header"),
    pytest.param("price_fen,", "price,", "line 1: these columns are missing: price_fen"),
]


@pytest.mark.parametrize(("old", "new", "says"), SPOILT)
def test_a_fault_is_named_with_its_line_and_column(old, new, says):
    assert old.encode() in BODY
    _, problems = parse(BODY.replace(old.encode(), new.encode(), 1))
    assert any(each.startswith(says) for each in problems), problems


def test_all_faults_come_at_once_and_name_the_file(tmp_path):
    path = tmp_path / "goods.csv"
    path.write_bytes(BODY.replace(b",519,3.8,", b",x,y,").replace(b",162,1.5,", b",x,1.5,", 1))
    with pytest.raises(ConfigError) as raised:
        read_catalogue(path)
    assert [each.split(": ")[1] for each in raised.value.problems] == [
        "line 2, gross_weight_g",
        "line 10, gross_weight_g",
        "line 10, gross_sd_g",
    ]
    assert all(each.startswith(f"{path}: ") for each in raised.value.problems)


def test_a_file_saved_in_a_chinese_windows_code_page_is_named_as_such():
    _, problems = parse(BODY.decode().encode("gb18030"))
    assert problems == ["line 2 is not UTF-8; save the file as “CSV UTF-8”"]


def test_the_mark_that_spreadsheets_put_before_utf_8_is_accepted():
    assert parse(b"\xef\xbb\xbf" + BODY) == parse(BODY)


def test_a_catalogue_without_products_is_a_fault():
    assert parse(BODY.split(b"\n")[0] + b"\n") == ([], ["has no products; add a row"])
