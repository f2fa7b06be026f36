"""Exported files: whole, of the same rows as the read API, and never half of one."""

import csv
import json

import msgspec
import pytest

from cloud_bridge import feed
from cloud_bridge.central import cli, export_cli
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.outward_rows import Stock
from cloud_bridge.central.outward_sources import SOURCES
from cloud_bridge.central.settings import FILE
from cloud_bridge.central.store import Store

RECEIVED = "2026-11-24T06:02:00.000Z"


def moved(n, sku):
    return feed.StockMoved(mono_ms=n, movement=f"m{n}", tray=f"1-{n:02d}", sku=sku, kind="RESTOCK", count=n)


@pytest.fixture
def centre(tmp_path, make):
    """A directory with a centre's database: five sales and three movements of two counters."""
    store = Store(tmp_path / FILE)
    ours = make.chain([make.sale(1), moved(1, "A"), make.sale(2), moved(2, "B"), make.sale(3)])
    other = make.chain([make.sale(4), moved(3, "A"), make.sale(5)], counter="T-002", inc="b" * 16)
    for counter, bodies in (("T-001", ours), ("T-002", other)):
        ingest(store, [(f"counters/{counter}/events", body) for body in bodies], RECEIVED)
    store.close()
    return tmp_path


@pytest.fixture
def export(centre, capsys):
    """export(*arguments) → (exit code, what stdout says as JSON, stderr); files go to ``centre/out``."""

    def run(*arguments):
        code = cli.main(["export", "--dir", str(centre), "--out", str(centre / "out"), "--json", *arguments])
        out, err = capsys.readouterr()
        return code, json.loads(out) if out else None, err

    return run


@pytest.mark.parametrize("limit", [1, 2, 1000])
def test_every_row_is_in_the_file_once_whatever_the_page_size(centre, export, monkeypatch, limit):
    monkeypatch.setattr(export_cli, "MAX_LIMIT", limit)
    for form in ("json", "jsonl", "csv"):
        code, told, _ = export("sales", "events", "stock", "--format", form)
        assert code == 0
        assert [(each["list"], each["rows"]) for each in told] == [("sales", 5), ("events", 8), ("stock", 3)]
    out = centre / "out"
    sales = json.loads((out / "sales.json").read_bytes())
    assert [each["order_no"][-1] for each in sales] == ["1", "2", "3", "4", "5"]
    assert [json.loads(line) for line in (out / "sales.jsonl").read_bytes().splitlines()] == sales
    rows = list(csv.DictReader((out / "sales.csv").read_text("utf-8").splitlines()))
    assert [row["order_no"] for row in rows] == [each["order_no"] for each in sales for _ in each["lines"]]
    assert len(json.loads((out / "events.json").read_bytes())) == 8
    assert len((out / "stock.csv").read_bytes().splitlines()) == 1 + 3


def test_without_names_every_list_is_written_under_its_own_name(centre, export):
    export("--format", "jsonl")
    files = {path.name for path in (centre / "out").iterdir()}
    assert files == {f"{each.file}.jsonl" for each in SOURCES.values()}


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
def test_an_empty_list_is_a_file_that_can_be_read(centre, export, form):
    assert export("refunds", "--format", form)[1][0]["rows"] == 0
    text = (centre / "out" / f"refunds.{form}").read_text("utf-8")
    assert (json.loads(text) if form == "json" else text.splitlines()[1:]) == []


def test_filters_hold_and_lists_that_do_not_know_them_are_named(centre, export):
    code, told, err = export("--counter", "T-002", "--from", "2026-11-01", "--to", "2026-12-01")
    assert code == 0
    rows = {each["list"]: each["rows"] for each in told}
    assert (rows["sales"], rows["stock/movements"], "stock" in rows) == (2, 1, False)
    assert "not written" in err


@pytest.mark.parametrize(
    "arguments",
    [("stock", "--from", "2026-11-01"), ("sales", "--from", "yesterday"), ("--order-no", "1", "--sku", "A")],
)
def test_a_filter_that_cannot_hold_is_wrong_use_and_writes_nothing(centre, export, arguments):
    assert export(*arguments)[0] == 2
    assert not (centre / "out").exists()


def test_the_cursor_told_lies_behind_all_that_was_written(export):
    (told,) = export("sales")[1]
    assert told["cursor"] == "8"


def test_a_file_that_was_there_stays_whole_when_writing_fails(centre, export, monkeypatch):
    export("sales", "--format", "json")
    path = centre / "out" / "sales.json"
    before = path.read_bytes()

    def fails(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(export_cli, "continued", fails)
    code, _, err = export("sales", "--format", "json")
    assert (code, path.read_bytes()) == (73, before)
    assert "No space left" in err
    assert [each.name for each in path.parent.iterdir()] == ["sales.json"]


def test_without_a_database_it_says_so(tmp_path, capsys):
    assert cli.main(["export", "--dir", str(tmp_path / "none"), "--out", str(tmp_path)]) == 66
    assert "none" in capsys.readouterr().err


def test_the_file_holds_the_sums_of_the_read_api(centre, export):
    export("stock", "--format", "json")
    found = msgspec.json.decode((centre / "out" / "stock.json").read_bytes(), type=list[Stock])
    assert {(each.counter, each.sku, each.on_hand) for each in found} == {
        ("T-001", "A", 1),
        ("T-001", "B", 2),
        ("T-002", "A", 3),
    }
