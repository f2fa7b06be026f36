"""``counter lint``: the sample passes, a spoilt one fails, both in words and as a picture."""

import io
import json
from pathlib import Path

import pytest
from PIL import Image

from edge.cli import main
from edge.commands.lint import lines, told
from edge.commands.lint_picture import LOOKS, cabinet_png, drawable, shelves_of
from edge.upkeep import lint_words
from edge.upkeep.lint_check import names_of, plans_of
from edge.weighing.linter import Good, Level, TrayPlan, lint

SAMPLE = Path(__file__).parents[2] / "config"
NAMES = {"A": ("绿茶", "green tea"), "B": ("红茶", "black tea"), "C": ("蜂蜜", "honey")}


def test_the_sample_planogram_has_no_error(capsys):
    assert main(["lint", "--config", str(SAMPLE / "counter.toml"), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert report["ok"]
    assert len(report["trays"]) == 12
    assert {tray["level"] for tray in report["trays"]} <= {"ok", "warn"}


def test_a_planogram_and_its_catalogue_are_linted_by_themselves(capsys):
    files = ["--planogram", str(SAMPLE / "planogram.toml"), "--catalogue", str(SAMPLE / "catalogue.csv")]
    assert main(["lint", *files]) == 0
    seen = capsys.readouterr()
    assert seen.err == ""
    assert seen.out.splitlines()[0].startswith("✓ 1-01 正常")
    assert main(["lint", *files, "--lang", "en"]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "planogram: warning"


def test_an_error_is_exit_code_1_and_said_in_words(setup, capsys):
    assert main(["lint", "--config", str(setup / "counter.toml"), "--capacity", "9000", "--lang", "en"]) == 1
    told = capsys.readouterr().out
    assert "✗ full and with a leaning hand the scale saturates (142%); plan fewer" in told
    assert told.endswith("planogram: error\n")


@pytest.mark.parametrize("option", ["--planogram", "--catalogue"])
def test_one_file_without_the_other_is_wrong_use(option, setup):
    assert main(["lint", option, str(setup / "planogram.toml")]) == 2


def test_files_that_do_not_fit_each_other_are_a_fault_of_settings(setup, spoil, capsys):
    spoil(setup / "planogram.toml", "NS-HONEY-500", "NO-SUCH-SKU")
    files = ["--planogram", str(setup / "planogram.toml"), "--catalogue", str(setup / "catalogue.csv")]
    assert main(["lint", *files]) == 78
    assert "tray 3-01: product NO-SUCH-SKU is not in the catalogue" in capsys.readouterr().err


def test_a_picture_of_the_cabinet_is_written_or_the_place_named(setup, capsys):
    picture = setup / "cabinet.png"
    assert main(["lint", "--config", str(setup / "counter.toml"), "--picture", str(picture)]) == 0
    with Image.open(picture) as opened:
        assert opened.format == "PNG"
        assert opened.width > 4 * 300
        assert opened.height > 3 * 200
    nowhere = setup / "no" / "cabinet.png"
    assert main(["lint", "--config", str(setup / "counter.toml"), "--picture", str(nowhere)]) == 73
    assert str(nowhere) in capsys.readouterr().err


def mixed_report():
    """A tray of each level: one good, two of different trays alike, twins on one tray."""
    good = {sku: Good(sku, grams, 2.0, 8, 1000) for sku, grams in (("A", 200.0), ("B", 203.0), ("C", 700.0))}
    far = Good("D", 400.0, 2.0, 8, 1000)
    like = Good("E", 703.0, 2.0, 8, 1000)
    return lint(
        [
            TrayPlan("1-01", (good["A"], good["B"]), 20_000.0),
            TrayPlan("1-02", (good["C"],), 20_000.0),
            TrayPlan("2-01", (like,), 20_000.0),
            TrayPlan("2-02", (far,), 20_000.0),
        ]
    )


def test_collisions_and_swaps_are_said_in_both_languages():
    report = mixed_report()
    zh, en = (list(lines(report, NAMES, language)) for language in (0, 1))
    assert "      绿茶 与 红茶 靠重量无法区分:相差 3 克,区分度 0.9" in zh
    assert "      green tea / black tea: these two cannot be told apart by weight: 3 g, d′ 0.9" in en
    assert any(line.startswith("→ 建议对调:1-01 的 ") for line in zh)
    assert any(line.startswith("→ swap ") for line in en)
    assert "! 1-02 honey / 2-01 E: one unit each differs by 3 g" in en


def test_every_finding_has_words_in_both_languages():
    plans = [
        TrayPlan("1-01", (Good("A", 200.0, None, 90, 1), Good("B", 201.0, 20.0, 9, 1, declared_g=190.0)),
                 9e3),
        TrayPlan("1-02", (Good("C", 3.0, 1.0, 3, 1), Good("D", 300.0, 2.0, 9, 1, group="G"),
                          Good("E", 300.0, 2.0, 9, 2, group="G")), 9e4),
        TrayPlan("1-03", (Good("F", 300.0, 2.0, 9, 1, group="H"), Good("H", 330.0, 2.0, 9, 1, group="H")),
                 9e4),
    ]  # fmt: skip
    report = lint(plans)
    codes = {found.code for tray in report.trays for found in tray.findings}
    assert codes == set(lint_words.FINDINGS)
    for tray in report.trays:
        for found in tray.findings:
            zh, en = lint_words.finding(found, NAMES)
            assert "{" not in zh + en
            assert en.isascii() or "d′" in en or "×" in en


@pytest.mark.parametrize("level", list(Level))
def test_each_level_has_a_colour_of_its_own_on_its_card(level):
    report = mixed_report()
    tray = next(each for each in report.trays if each.level is level)
    with Image.open(io.BytesIO(cabinet_png(report, {}, "sample", NAMES))) as picture:
        colours = {colour for _, colour in picture.getcolors(1 << 24)}
    assert tuple(bytes.fromhex(LOOKS[tray.level].fill[1:])) in colours


def test_levels_are_told_apart_by_fill_and_by_ink():
    assert len({look.fill for look in LOOKS.values()}) == len({look.ink for look in LOOKS.values()}) == 3


def luminance(colour):
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in
              (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))]  # fmt: skip
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("look", LOOKS.values())
def test_words_on_a_card_have_contrast_enough(look):
    assert (luminance(look.fill) + 0.05) / (luminance(look.ink) + 0.05) >= 4.5


def test_trays_stand_in_the_picture_as_in_the_cabinet():
    assert shelves_of(["2-02", "10-01", "2-01", "1-01"]) == [["1-01"], ["2-01", "2-02"], ["10-01"]]
    assert shelves_of(["a", "b", "c", "d", "e"]) == [["a", "b", "c", "d"], ["e"]]
    assert shelves_of([]) == [[]]


def test_a_name_the_font_lacks_is_shown_by_its_number():
    assert drawable("绿茶", "SKU") == "绿茶"
    assert drawable("\U0002a6a5", "SKU") == "SKU"


def test_json_gives_pairs_and_swaps_with_their_words(setup):
    from edge.outfit.planogram_file import read_catalogue, read_planogram

    planogram, catalogue = read_planogram(setup / "planogram.toml"), read_catalogue(setup / "catalogue.csv")
    report = lint(plans_of(planogram, catalogue, 15_000.0, {}))
    whole = json.loads(json.dumps(told(report, planogram, names_of(catalogue)), ensure_ascii=False))
    (across,) = whole["cross"]
    assert (across["sku"], across["other_sku"]) == ("LG-KJ-SPICY180", "NS-XG-200")
    assert across["zh"].endswith("单件相差 10 克")
    tray = next(each for each in whole["trays"] if each["tray"] == "2-02")
    assert tray["findings"][0]["code"] == "cross_tray"
    assert tray["findings"][0]["level"] == "warn"
    assert tray["pairs"][0]["one"] == {"LG-KJ-SPICY180": 1}
    assert tray["pairs"][0]["other"] == {"LG-KJ-SPICY180": 2}
