"""Makes a catalogue as large as the whole programme's: the sample's products and made-up ones beside them.

810 products of 264 suppliers is what was certified for the programme at the end of September 2020. Every
made-up name begins with 示例, numbers are of the in-store range 299, and nothing is drawn at random.
"""

import csv
import io
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path
from typing import NamedTuple

from edge.domain.gtin import check_digit

PRODUCTS, SUPPLIERS = 810, 264
FIRST_SERIAL = 101
"""Of the numbers that a county has: those of the sample are below."""


class _Kind(NamedTuple):
    zh: str
    en: str
    category: str
    spec: str
    gross_g: int
    sd_g: float
    fen: int
    life: int


_KINDS = (
    _Kind("绿茶", "green tea", "茶叶", "100g/罐", 162, 1.5, 6800, 540),
    _Kind("绞股蓝茶", "gynostemma tea", "代用茶", "125g/罐", 191, 1.7, 9600, 540),
    _Kind("魔芋面", "konjac noodles", "魔芋制品", "270g/袋", 278, 2.9, 990, 270),
    _Kind("香菇", "shiitake", "食用菌", "200g/袋", 212, 3.1, 3980, 365),
    _Kind("核桃", "walnuts", "坚果炒货", "500g/袋", 512, 5.2, 3280, 180),
    _Kind("大米", "rice", "粮油", "1kg/袋", 1012, 3.9, 1580, 365),
    _Kind("木瓜饮料", "quince drink", "饮料", "310mL/罐", 341, 2.6, 600, 365),
    _Kind("蜂蜜", "honey", "蜂产品", "250g/瓶", 462, 3.3, 4500, 540),
    _Kind("豆腐干", "dried tofu", "豆制品", "120g/袋", 127, 1.9, 880, 90),
    _Kind("柿饼", "dried persimmon", "果干蜜饯", "400g/袋", 408, 3.6, 2680, 180),
)


def sample_goods(sample: Path, products: int = PRODUCTS, suppliers: int = SUPPLIERS) -> bytes:
    """A catalogue file of so many ``products`` of so many ``suppliers``, those of ``sample`` among them."""
    rows = list(csv.DictReader(io.StringIO(sample.read_text(encoding="utf-8"), newline="")))
    columns, known = list(rows[0]), {row["supplier_id"] for row in rows}
    counties = sorted({(row["county_code"], row["county_zh"], row["county_en"]) for row in rows})
    out = io.StringIO(newline="")
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    made = _made(counties, suppliers - len(known))
    writer.writerows({**dict.fromkeys(columns, ""), **row} for row in islice(made, products - len(rows)))
    return out.getvalue().encode()


def _made(counties: list[tuple[str, str, str]], suppliers: int) -> Iterator[dict[str, str]]:
    """Rows without end; suppliers, counties and kinds come in turns, each supplier at home in one county."""
    for number, supplier in enumerate(cycle(range(suppliers))):
        county = counties[supplier % len(counties)]
        yield _row(number, supplier, county, _KINDS[(number // len(counties)) % len(_KINDS)])


def _row(number: int, supplier: int, county: tuple[str, str, str], kind: _Kind) -> dict[str, str]:
    code, county_zh, county_en = county
    payload = f"299{code}{FIRST_SERIAL + number:03d}"
    fen = kind.fen + 10 * (number % 40)
    return {
        "sku_id": f"SAMPLE-{number:04d}",
        "gtin13": f"{payload}{check_digit(payload)}",
        "name_zh": f"示例{county_zh[:2]}{kind.zh}{number:04d}号",
        "name_en": f"Sample {county_en} {kind.en} no. {number:04d}",
        "spec": kind.spec,
        "category": kind.category,
        "county_zh": county_zh,
        "county_en": county_en,
        "county_code": code,
        "supplier_id": f"T{supplier:03d}",
        "supplier_name": f"示例-{county_zh[:2]}供货商{supplier:03d}(虚构)",
        "gross_weight_g": str(kind.gross_g + number % 7),
        "gross_sd_g": str(kind.sd_g),
        "count_by_weight_max": "8",
        "pack_type": "bag",
        "price_fen": str(fen),
        "price_yuan": f"{fen // 100}.{fen % 100:02d}",
        "ref_price_fen": str(fen * 104 // 100),
        "supply_price_fen": str(fen * 72 // 100),
        "shelf_life_days": str(kind.life),
        "block_sale_days": "0",
        "storage": "阴凉干燥",
        "age_restricted": "0",
        "counter_ok": "1",
        "tray_capacity": "12",
        "par_level": "10",
        "reorder_point": "4",
        "cert_no": f"SAMPLE-AK-{code}-{FIRST_SERIAL + number:04d}",
        "cert_status": "ACTIVE",
        "cert_from": "2025-01-01",
        "cert_to": "2027-12-31",
        "gates7": "1111111",
        "linkage": "订单收购",
        "evidence": "plausible",
    }
