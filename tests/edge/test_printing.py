"""``counter labels``, ``qr`` and ``receipt``: what is written where, and what is refused and why."""

import json
import re
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest
import zxingcpp
from PIL import Image

from edge.cli import main
from edge.commands import receipt as receipt_cli
from edge.domain.records import ClosedSession, Sale, SaleLine
from edge.domain.values import BuyerRef, Fen, Instant, Kind, SessionId, Sku, TrayId
from edge.ledger.ledger import Ledger
from edge.ledger.space import Space
from edge.outfit.loading import load_outfit
from edge.printing import poster_doc, tags, tray_docs, with_planogram
from edge.signing import KEY_FILE

PHONES = "screens.public_url=https://counter.example/"
PRICES = """
[[price]]
sku = "PL-TEA-125"
from = 2026-12-01T00:00:00
fen = 9900
[[promotion]]
id = "test-limited"
kind = "LIMITED_TIME"
label_zh = "示例限时"
label_en = "Sample"
skus = ["PL-TEA-125"]
from = 2026-11-01T00:00:00
to = 2027-01-01T00:00:00
percent = 80
"""
WAITING = "files.planogram_draft=draft.toml"
NOW = Instant(100.0, datetime(2026, 11, 23, 19, 30, tzinfo=UTC), "boot-1")
TEA = SaleLine(
    tray=TrayId("1-02"),
    sku=Sku("PL-TEA-125"),
    name="平利绿茶罐装",
    count=2,
    price=Fen(9600),
    amount=Fen(19000),
    discount=Fen(200),
    promotion="+test-reduction",
    certified=True,
    county="平利县",
    supplier="示例社",
)
SALE = ClosedSession(
    id=SessionId("a" * 32),
    kind=Kind.BUY,
    state="SETTLED",
    opener=BuyerRef("b-1"),
    verdict="charge",
    reasons=(),
    opened=NOW,
    closed=NOW,
    catalogue="0123456789abcdef",
    channel="UNIT_HELP",
    trays=(),
    sale=Sale((TEA,)),
)


@pytest.fixture
def run(setup, capsys, monkeypatch):
    """``run(words…)``: the command with the settings of ``setup``; gives exit code, stdout and stderr."""
    monkeypatch.chdir(setup.parent)

    def ran(*words):
        code = main([*words, "--config", str(setup / "counter.toml"), "--set", "files.data=data"])
        seen = capsys.readouterr()
        return code, seen.out, seen.err

    return ran


@pytest.fixture
def order(setup):
    """The number of a sale in the ledger of ``setup``."""
    place = setup.parent / "data"
    place.mkdir()
    space = Space(place, reserve_bytes=4096, selling_bytes=0)
    with closing(Ledger.open(place / "ledger.db", "AK-001", NOW, Random(1).randbytes, space)) as ledger:
        return ledger.close_session(SALE, NOW)


def codes(path) -> list[str]:
    with Image.open(path) as picture:
        grey = picture.convert("L")
        small = grey.reduce(2) if grey.width > 2000 else grey
        return sorted(found.text for found in zxingcpp.read_barcodes(small))


def test_a_tag_for_a_tray_leads_to_its_products_page(run):
    code, out, _ = run("labels", "--set", PHONES, "--sheet", "thermal384", "--tray", "1-02", "--json")
    said = json.loads(out)
    assert (code, said) == (0, {"files": ["labels-price-thermal384.png"], "labels": 1, "kind": "price"})
    assert codes(said["files"][0]) == ["2996109260033", "https://counter.example/c/AK-001/p/PL-TEA-125"]


def test_several_labels_get_a_file_each_and_progress_goes_to_stderr(run):
    words = ("labels", "--kind", "tray", "--sheet", "thermal576", "--out", "t.png")
    code, out, err = run(*words, "--tray", "1-02", "--tray", "2-04", "--tray", "1-01")
    assert (code, out.split()) == (0, ["t-1-01.png", "t-1-02.png", "t-2-04.png"])
    assert err.splitlines() == ["1 / 3", "2 / 3", "3 / 3"]


def test_sheets_are_one_pdf(run, tmp_path):
    code, out, _ = run("labels", "--kind", "tray", "--out", "sheet.pdf", "--json")
    assert (code, json.loads(out)["labels"]) == (0, 12)
    assert (tmp_path / "sheet.pdf").read_bytes().count(b"/Type /Page ") == 1
    assert sorted(each.name for each in tmp_path.iterdir()) == ["config", "sheet.pdf"], "no half file is left"


def test_labels_of_a_planogram_to_come_can_hang_before_the_restock(run, setup, spoil):
    draft = (setup / "planogram.toml").read_text(encoding="utf-8").replace('"sample-1"', '"next"')
    draft = f'apply = "next_restock"\n{draft}'
    (setup / "draft.toml").write_text(draft.replace("capacity = 15\npar = 12", "capacity = 14\npar = 11", 1))
    words = ("labels", "--kind", "tray", "--sheet", "thermal384", "--tray", "1-02", "--set", WAITING)
    assert run(*words, "--out", "now.png")[0] == run(*words, "--draft", "--out", "next.png")[0] == 0
    assert Path("now.png").read_bytes() != Path("next.png").read_bytes()
    outfit = load_outfit(setup / "counter.toml", environ={}, flags={"files.planogram_draft": "draft.toml"})
    labels = [next(tray_docs(with_planogram(outfit, draft=draft), ["1-02"])) for draft in (False, True)]
    assert [label.goods[0].capacity for label in labels] == [15, 14]


def test_bytes_for_a_thermal_printer_hold_all_labels(run, tmp_path):
    code, _, _ = run(
        "labels", "--kind", "tray", "--sheet", "thermal384", "--out", "roll.bin", "--tray", "1-01"
    )
    assert code == 0
    assert (tmp_path / "roll.bin").read_bytes().startswith(b"\x1b@\x1dv0\x00")


def test_the_poster_carries_the_counters_fixed_code(run):
    assert run("labels", "--set", PHONES, "--kind", "poster", "--out", "p.png")[0] == 0
    assert codes("p.png") == ["https://counter.example/c/AK-001"]


def test_the_fixed_code_is_shown_or_written_as_a_sticker(run):
    code, out, _ = run("qr", "--set", PHONES)
    assert (code, out.splitlines()[-1]) == (0, "https://counter.example/c/AK-001")
    assert json.loads(run("qr", "--set", PHONES, "--out", "s.png", "--json")[1])["file"] == "s.png"
    assert codes("s.png") == ["https://counter.example/c/AK-001"]


REFUSED = [
    (("labels",), 78, "screens.public_url is empty"),
    (("qr",), 78, "screens.public_url is empty"),
    (("labels", "--kind", "tray", "--tray", "9-99"), 65, "no tray 9-99; the planogram has 1-01"),
    (("labels", "--kind", "tray", "--sheet", "a3"), 2, "not for --kind tray"),
    (("labels", "--kind", "poster", "--sheet", "thermal384"), 2, "not for --kind poster"),
    (("labels", "--kind", "poster", "--tray", "1-01"), 2, "does not belong to a poster"),
    (("labels", "--kind", "tray", "--all"), 2, "--all is for price tags"),
    (("labels", "--kind", "tray", "--draft"), 65, "no planogram waits"),
    (("labels", "--out", "x.gif"), 2, "a4 is written as .pdf or .png"),
    (("labels", "--sheet", "thermal384", "--out", "x.pdf"), 2, "written as .png or .bin"),
    (("labels", "--kind", "tray", "--out", "not/there/x.pdf"), 73, "not/there/x.pdf: cannot be written"),
    (("qr", "--out", "x.pdf"), 2, "a sticker is written as .png"),
    (("receipt", "print", "X-1"), 66, "no ledger here yet"),
    (("receipt", "verify", "SC1.x.y"), 66, "no signing key here"),
    (("receipt", "print", "X-1", "--out", "x.bin"), 2, "phone is written as .png"),
]


@pytest.mark.parametrize(("words", "code", "said"), REFUSED)
def test_what_cannot_be_printed_is_refused_with_a_reason(run, words, code, said):
    got, out, err = run(*words)
    assert (got, out) == (code, "")
    assert said in err


def test_a_name_that_cannot_be_drawn_leaves_no_file(run, setup, spoil, tmp_path):
    spoil(setup / "catalogue.csv", "平利绿茶罐装", "平利绿茶\U0001f600罐装")
    code, _, err = run("labels", "--set", PHONES, "--out", "sheet.pdf")
    assert code == 70
    assert re.search(r"PL-TEA-125: .*\U0001f600 \(U\+1F600\)", err)
    assert [each.name for each in tmp_path.iterdir()] == ["config"]


def outfit_of(setup, **flags):
    return load_outfit(
        setup / "counter.toml", environ={}, flags={"screens.public_url": "https://x.example", **flags}
    )


def test_the_programmes_words_follow_the_setting(setup):
    new, old = (outfit_of(setup, **{"counter.program_terms": which}) for which in ("2021", "2020"))
    for make in (lambda o: next(tags(o, ["1-02"], NOW.wall)).certified, lambda o: poster_doc(o).counter_word):
        assert make(new) != make(old) != ""


def test_a_tag_carries_the_list_price_of_its_day_and_no_promotion(setup):
    (setup / "prices.toml").write_text(PRICES, encoding="utf-8")
    outfit = outfit_of(setup, **{"files.prices": "prices.toml"})
    days = [datetime(2026, 11, 30), datetime(2026, 12, 1)]
    shown = [next(tags(outfit, ["1-02"], day)) for day in days]
    assert [(tag.price, tag.was) for tag in shown] == [(9600, None), (9900, None)]


def test_a_tag_is_not_marked_certified_once_the_certificate_has_lapsed(setup):
    assert next(tags(outfit_of(setup), ["1-02"], NOW.wall)).certified
    assert next(tags(outfit_of(setup), ["1-02"], NOW.wall.replace(year=2040))).certified == ""


def test_the_receipt_of_a_sale_is_printed_sealed_and_believed(run, order, tmp_path):
    code, out, _ = run("receipt", "print", order, "--out", "r.png", "--json")
    seal = json.loads(out)["seal"]
    assert (code, codes("r.png")) == (0, [seal])
    assert (tmp_path / "data" / KEY_FILE).stat().st_mode & 0o777 == 0o600
    code, out, _ = run("receipt", "verify", "r.png", "--json")
    said = json.loads(out)
    assert (code, said["ok"], said["number"]) == (0, True, order)
    assert said["totals"] == {"fen": 19000, "pieces": 2}
    code, out, _ = run("receipt", "verify", seal)
    assert code == 0
    assert order in out
    assert "fen: 19000" in out


def test_a_changed_seal_is_refused_with_the_reason(run, order):
    seal = json.loads(run("receipt", "print", order, "--json")[1])["seal"]
    form, body, signature = seal.split(".")
    other = "A" if body[20] != "A" else "B"
    code, out, err = run("receipt", "verify", f"{form}.{body[:20]}{other}{body[21:]}.{signature}")
    assert (code, out) == (65, "")
    assert "the receipt was changed" in err


def test_another_party_verifies_with_the_public_key_alone(run, order, tmp_path):
    seal = json.loads(run("receipt", "print", order, "--json")[1])["seal"]
    key = json.loads(run("receipt", "key", "--json")[1])["key"]
    (tmp_path / "data" / KEY_FILE).unlink()
    (tmp_path / "key.txt").write_text(f"{key}\n")
    assert run("receipt", "verify", seal, "--key", key)[0] == 0
    assert run("receipt", "verify", seal, "--key", "key.txt")[0] == 0
    assert run("receipt", "verify", seal, "--key", "A" * 43)[0] == 65


def test_without_a_reader_of_codes_the_files_own_note_is_used_and_said(run, order, monkeypatch):
    run("receipt", "print", order, "--out", "r.png")
    monkeypatch.setattr(receipt_cli, "find_spec", lambda name: None)
    code, _, err = run("receipt", "verify", "r.png")
    assert code == 0
    assert "not from its picture" in err
    with Image.open("r.png") as picture:
        picture.convert("L").save("bare.png")
    code, _, err = run("receipt", "verify", "bare.png")
    assert code == 65
    assert "smart-counter[scan]" in err


@pytest.mark.parametrize("sheet", ["thermal384", "thermal576"])
def test_a_receipt_for_a_thermal_printer(run, order, sheet, tmp_path):
    assert run("receipt", "print", order, "--sheet", sheet, "--out", "r.bin")[0] == 0
    assert (tmp_path / "r.bin").read_bytes().startswith(b"\x1b@\x1dv0\x00")
    assert run("receipt", "print", order, "--sheet", sheet, "--out", "r.png")[0] == 0
    assert len(codes("r.png")) == 1


def test_an_unknown_order_is_said(run, order):
    code, _, err = run("receipt", "print", f"{order}9")
    assert code == 65
    assert f"there is no sale {order}9" in err
