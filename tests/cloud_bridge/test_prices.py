"""The centre works prices out by the counter's own function, and names lines that were charged otherwise."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from cloud_bridge import feed
from cloud_bridge.central import cli
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store
from edge.outfit.catalogue_csv import read_catalogue
from edge.outfit.price_file import read_prices

CATALOGUE = Path(__file__).parents[2] / "config" / "catalogue.csv"
WATER, KONJAC = "ZY-WATER-500", "LG-KJ-SPICY180"
PRICES = """
[[price]]
sku = "ZY-WATER-500"
from = 2026-11-24T08:00:00
fen = 400

[[promotion]]
id = "evening"
kind = "TIME_OF_DAY"
skus = ["LG-KJ-SPICY180"]
hours = "17:00-19:00"
percent = 80

[[promotion]]
id = "short"
kind = "NEAR_EXPIRY"
skus = ["LG-KJ-SPICY180"]
days_left = 7
fen = 790

[[promotion]]
id = "thirty"
kind = "FULL_REDUCTION"
steps = [{ over_fen = 3000, minus_fen = 500 }]
"""


def line(sku, count, price, listed=None, discount=0, promotion=""):
    return feed.Line(
        tray="1-01", sku=sku, name=f"示例 {sku}", count=count, price_fen=price,
        amount_fen=count * price - discount, certified=True, county="示例县", supplier="示例社",
        list_price_fen=listed, discount_fen=discount, promotion=promotion,
    )  # fmt: skip


@pytest.fixture
def centre(place, tmp_path, make):
    """``centre(opened_at, *lines)``: a centre that holds this one sale; gives the command's arguments."""
    prices = tmp_path / "prices.toml"
    prices.write_text(PRICES, encoding="utf-8")
    catalogue = read_catalogue(CATALOGUE)
    version = read_prices(prices, catalogue.products).version

    def hold(opened_at, *lines, **changes):
        total = sum(each.amount_fen for each in lines)
        told = {"prices": version, "catalogue": catalogue.version, "lines": lines, "total_fen": total}
        bodies = make.chain([make.sale(1, certified_fen=total, opened_at=opened_at, **(told | changes))])
        with closing(Store(place)) as store:
            ingest(store, [("counters/T-001/events", body) for body in bodies], "2026-11-24T13:00:00.000Z")
        return ["verify", "--dir", str(tmp_path), "--prices", str(prices), "--catalogue", str(CATALOGUE)]

    return hold


NOON, EVENING, NIGHT = (f"2026-11-24T{hour}:00:00.000Z" for hour in ("04", "10", "12"))  # 12, 18, 20 o'clock


@pytest.mark.parametrize(
    ("opened_at", "lines", "wrong"),
    [
        pytest.param(NOON, [line(WATER, 2, 400), line(KONJAC, 1, 1580)], [], id="list prices"),
        pytest.param(EVENING, [line(KONJAC, 1, 1264, 1580, 0, "evening")], [], id="its hour, in local time"),
        pytest.param(NIGHT, [line(KONJAC, 1, 790, 1580, 0, "short")], [], id="a near date, by its word"),
        pytest.param(
            NOON, [line(KONJAC, 2, 1580, None, 500, "thirty")], [], id="a full reduction"
        ),
        pytest.param(NOON, [line(WATER, 2, 350)], [(1, WATER, 350, 0, 400, 0)], id="the price of before"),
        pytest.param(
            NIGHT, [line(KONJAC, 1, 1264, 1580, 0, "evening")], [(1, KONJAC, 1264, 0, 1580, 0)], id="too late"
        ),
        pytest.param(
            NIGHT, [line(KONJAC, 1, 780, 1580, 0, "short")], [(1, KONJAC, 780, 0, 790, 0)], id="too cheap"
        ),
        pytest.param(
            NOON, [line(KONJAC, 2, 1580), line(WATER, 1, 400)],
            [(1, KONJAC, 1580, 0, 1580, 444), (2, WATER, 400, 0, 400, 56)], id="a reduction not given",
        ),
        pytest.param(NOON, [line("GONE", 1, 100)], [(1, "GONE", 100, 0, None, 0)], id="no such product"),
    ],
)  # fmt: skip
def test_lines_that_were_charged_otherwise_are_named(centre, capsys, opened_at, lines, wrong):
    arguments = centre(opened_at, *lines)
    assert cli.main([*arguments, "--json"]) == (1 if wrong else 0)
    found = json.loads(capsys.readouterr().out)["prices"]
    assert (found["sales"], found["others"]) == (1, 0)
    keys = ("line", "sku", "price_fen", "discount_fen", "due_fen", "due_discount_fen")
    assert [tuple(each[key] for key in keys) for each in found["wrong"]] == wrong


def test_people_are_told_in_a_sentence(centre, capsys):
    assert cli.main(centre(NOON, line(WATER, 2, 350))) == 1
    said = capsys.readouterr().out
    assert "1 sales compared, 0 by other files" in said
    assert f"line 1 示例 {WATER}: charged ¥3.50, due ¥4.00" in said


@pytest.mark.parametrize("changes", [{"prices": "other"}, {"catalogue": "other"}, {"prices": ""}])
def test_sales_by_other_files_are_counted_and_not_compared(centre, capsys, changes):
    assert cli.main([*centre(NOON, line(WATER, 2, 350), **changes), "--json"]) == 0
    found = json.loads(capsys.readouterr().out)["prices"]
    assert (found["sales"], found["others"], found["wrong"]) == (0, 1, [])


@pytest.mark.parametrize(
    ("more", "code"), [(["--timezone", "Nowhere/City"], 2), (["--timezone", "Asia/Shanghai"], 0)]
)
def test_a_time_zone_that_is_none_is_a_fault_of_the_command(centre, capsys, more, code):
    assert cli.main([*centre(NOON, line(WATER, 1, 400)), *more]) == code


def test_prices_without_their_catalogue_are_a_fault_of_the_command(centre, capsys):
    assert cli.main(centre(NOON, line(WATER, 1, 400))[:-2]) == 2
    assert "go together" in capsys.readouterr().err
