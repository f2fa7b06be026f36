"""The catalogue file: what is read, and every fault with its line and column."""

import csv
import hashlib
import io
from datetime import date
from pathlib import Path

import pytest

from edge.domain.catalogue import Catalogue, Claim, Gate
from edge.errors import ConfigError
from edge.outfit.catalogue_csv import COLUMNS, parse
from edge.outfit.planogram_file import read_catalogue
from edge.wording import read_wording

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


# (text in the sample, text instead of it, what the sentence must say)
SPOILT = [
    pytest.param(
        "2996109240097",
        "2996109240098",
        "line 10, gtin13: '2996109240098' has a wrong check digit; it should end in 7",
    ),
    pytest.param("2996109240097", "299610924009", "line 10, gtin13: '299610924009' has a wrong check"),
    pytest.param(
        "2996109240097,", "２996109240097,", "line 10, gtin13: '２996109240097' must have 8, 12, 13 or 14"
    ),
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


def with_columns(**columns):
    """The sample with the bottled water's columns replaced, or added where the file has none."""
    rows = list(csv.reader(io.StringIO(BODY.decode())))
    header = rows[0]
    for column, value in columns.items():
        if column not in header:
            header.append(column)
            for row in rows[1:]:
                row.append("")
        rows[9][header.index(column)] = value
    out = io.StringIO(newline="")
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue().encode()


def water(**columns):
    products, problems = parse(with_columns(**columns), read_wording())
    assert problems == []
    return next(each for each in products if each.sku == "ZY-WATER-500")


def test_what_the_file_says_beyond_the_price_is_read():
    each = water()
    assert (each.supplier_id, each.county_code, each.pack_type, each.storage) == (
        "S002", "610924", "pet", "常温",
    )  # fmt: skip
    assert (each.ref_price, each.supply_price, each.cert_from) == (360, 252, date(2025, 1, 1))
    assert (each.near_expiry_days, each.block_sale_days) == (45, 0)
    assert [result.gate for result in each.gates] == list(Gate)
    assert all(result.passed and result.valid_to is None for result in each.gates)
    assert each.trace_url.startswith("https://trace.example.invalid/")
    assert (each.tray_capacity, each.par_level, each.reorder_point) == (28, 23, 9)


def test_a_file_of_before_these_columns_still_loads():
    rows = list(csv.DictReader(io.StringIO(BODY.decode())))
    out = io.StringIO(newline="")
    old = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
    old.writeheader()
    old.writerows(rows)
    products, problems = parse(out.getvalue().encode(), read_wording())
    assert (len(products), problems) == (52, [])
    assert (products[0].gates, products[0].supplier_id, products[0].ref_price) == ((), "", None)
    assert products[0].near_expiry_days == 45  # by its shelf life of 540 days


@pytest.mark.parametrize(
    ("code", "asked"),
    [
        pytest.param("2996109240097", "02996109240097", id="as GTIN-14"),
        pytest.param("036000291452", "0036000291452", id="GTIN-12 as GTIN-13"),
        pytest.param("96385074", "00000096385074", id="GTIN-8 as GTIN-14"),
        pytest.param("2996109240097; 036000291452", "036000291452", id="the second of two"),
    ],
)
def test_a_product_is_found_by_each_of_its_codes_however_many_zeros_lead(code, asked):
    products, problems = parse(with_columns(gtin13=code))
    assert problems == []
    catalogue = Catalogue("v", {each.sku: each for each in products})
    found = catalogue.find_by_gtin(asked)
    assert found is not None
    assert found.sku == "ZY-WATER-500"
    assert found.gtin13 == code.split(";")[0]  # kept as text, with its zeros
    assert catalogue.find_by_gtin("4006381333931") is None


def test_a_code_that_another_product_has_with_more_zeros_is_the_same_code():
    _, problems = parse(with_columns(gtin13="02996109240080"))
    assert problems == ["line 10, gtin13: '02996109240080' stands in line 9 already"]


def test_a_claim_without_its_document_is_not_a_claim():
    each = water(claims="富硒=DB61/T 556 检字2026-017；有机；地理标志=")
    assert each.claims == (Claim("富硒", "DB61/T 556 检字2026-017"),)
    assert each.unproven == ("有机", "地理标志")


def test_each_gate_may_have_a_last_day():
    each = water(gates7="1111011", gates7_to="2027-12-31;;;2026-06-30;;;")
    assert each.failed_gates(date(2026, 6, 30)) == (Gate.TAX,)
    assert each.failed_gates(date(2026, 7, 1)) == (Gate.SAFETY, Gate.TAX)


NOT_SAID = [
    ({"name_zh": "紫阳抗癌茶"}, "line 10, name_zh: says '抗癌'; nothing may be said of illness"),
    ({"name_en": "Anti-Cancer tea"}, "line 10, name_en: says 'anti-cancer'"),
    ({"claims": "降血糖=检字7"}, "line 10, claims: says '降血糖'"),
    ({"linkage": "疗效显著"}, "line 10, linkage: says '疗效'"),
    ({"category": "烤烟"}, "line 10, category: '烤烟' must not be sold from a counter"),
    ({"category": "药品"}, "line 10, category: '药品' must not be sold from a counter"),
    ({"county_code": "61092"}, "line 10, county_code: '61092' must have 6 digits"),
    ({"gates7": "11111"}, "line 10, gates7: '11111' must be seven times 0 or 1"),
    ({"gates7_to": "2027-12-31"}, "line 10, gates7_to: '2027-12-31' must be seven days"),
]


@pytest.mark.parametrize(("columns", "says"), NOT_SAID)
def test_what_must_not_be_sold_or_said_is_refused_by_its_word(columns, says):
    _, problems = parse(with_columns(**columns), read_wording())
    assert any(each.startswith(says) for each in problems), problems


def test_a_category_that_only_sounds_like_a_forbidden_one_is_sold():
    assert water(category="药食同源").category == "药食同源"
