"""The linter where a planogram is applied: what collides is refused in words, and learnt weights are told."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.alarms import AlarmBook
from edge.cli import main
from edge.domain.values import Instant
from edge.errors import ConfigError
from edge.outfit.loading import load_outfit
from edge.recognition import Weight
from edge.settings import Weighing
from edge.upkeep.lint_check import linted, names_of, sentences
from edge.upkeep.lint_watch import DOUBT, LintWatch
from edge.weighing.linter import Level

SAMPLE = Path(__file__).parents[2] / "config"
NOW = Instant(100.0, datetime(2026, 11, 23, 6, 0, tzinfo=UTC), "boot-1")
TEA, NOODLES, MATE = "PL-TEA-125", "LG-KJ-NOOD270", "ZY-TEA-MJ100"
SHARED = """
[[tray]]
id = "1-02"
sku = "{sku}"
capacity = 4
par = 4
opening = 0
{more}
"""


@pytest.fixture
def share(setup):
    """``share(sku, more)``: another product on the tray of the tea; gives the settings file."""

    def shared(sku: str, more: str = "") -> Path:
        planogram = setup / "planogram.toml"
        text = planogram.read_text(encoding="utf-8") + SHARED.format(sku=sku, more=more)
        planogram.write_text(text, encoding="utf-8")
        return setup / "counter.toml"

    return shared


def outfit_of(path, **flags):
    return load_outfit(path, environ={}, flags=flags)


def twin(setup, sku, **columns):
    """Make ``sku`` of the catalogue weigh, or cost, something else."""
    import csv
    import io

    path = setup / "catalogue.csv"
    rows = list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    for row in rows:
        if row["sku_id"] == sku:
            row.update(columns)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())
        writer.writeheader()
        writer.writerows(rows)


def test_the_sample_planogram_is_applied_with_what_was_found_said():
    outfit = outfit_of(SAMPLE / "counter.toml")
    assert outfit.lint.level is Level.WARN
    assert [said.partition(":")[0] for said in outfit.warnings] == ["tray 2-02", "tray 2-04"]
    assert "keep them apart" in outfit.warnings[0]


def test_goods_that_can_be_told_apart_may_share_a_tray(share):
    outfit = outfit_of(share(MATE))
    assert outfit.planogram.skus("1-02") == (TEA, MATE)
    assert not [said for said in outfit.warnings if "tray 1-02" in said and "cannot be told apart" in said]


def test_a_colliding_planogram_is_refused_with_its_sentence_and_its_remedy(setup, share, capsys):
    path = share(MATE)
    twin(setup, MATE, gross_weight_g="192")
    with pytest.raises(ConfigError) as refused:
        outfit_of(path)
    (said,) = [each for each in refused.value.problems if "tray 1-02" in each]
    assert said.startswith(str(setup / "planogram.toml"))
    assert "these two cannot be told apart by weight: 1 g" in said
    assert "move one of them to another tray" in said
    assert "靠重量无法区分" in said
    assert main(["config", "check", "--config", str(path), "--json"]) == 78
    assert said in json.loads(capsys.readouterr().out)["problems"]
    assert main(["lint", "--config", str(path), "--lang", "en"]) == 1  # it still shows what it would refuse
    assert "these two cannot be told apart by weight" in capsys.readouterr().out


@pytest.mark.parametrize(("mode", "warned"), [("warn", True), ("off", False)])
def test_the_setting_lets_it_pass_with_or_without_a_word(setup, share, mode, warned):
    path = share(MATE)
    twin(setup, MATE, gross_weight_g="192")
    outfit = outfit_of(path, **{"weighing.lint": mode})
    assert any("cannot be told apart" in said for said in outfit.warnings) is warned


def test_one_weight_and_one_price_declared_as_a_group_may_share_a_tray(setup, share):
    path = share(MATE, 'group = "tea"')
    planogram = setup / "planogram.toml"
    text = planogram.read_text(encoding="utf-8").replace(f'sku = "{TEA}"', f'sku = "{TEA}"\ngroup = "tea"', 1)
    planogram.write_text(text, encoding="utf-8")
    twin(setup, MATE, gross_weight_g="191", gross_sd_g="1.7", price_fen="9600", price_yuan="96.00")
    assert outfit_of(path).lint.level < Level.ERROR
    twin(setup, MATE, price_fen="9500", price_yuan="95.00")
    with pytest.raises(ConfigError, match="differs in price by 100 fen"):
        outfit_of(path)


def test_every_finding_has_a_remedy_in_both_languages():
    from edge.upkeep.lint_words import FINDINGS, REMEDIES

    assert FINDINGS.keys() == REMEDIES.keys()
    assert all(len(said) == 2 and all(said) for said in REMEDIES.values())


# --- learnt weights -----------------------------------------------------------------------------------
class NoLedger:
    """What an AlarmBook writes to: nothing is refused, nothing is kept."""

    def alarms(self):
        return ()

    def raise_alarm(self, *_words):
        return True

    def clear_alarm(self, *_words):
        return True


@pytest.fixture
def alarms():
    return AlarmBook(NoLedger())


def test_a_learnt_weight_by_which_goods_collide_is_told_until_it_is_gone(alarms):
    outfit = outfit_of(SAMPLE / "counter.toml")
    watch, goods = LintWatch(alarms, Weighing()), (outfit.planogram, outfit.catalogue)
    watch.look(*goods, {}, NOW)
    assert alarms.kinds() == ()  # what the catalogue's weights say was said when it was applied
    watch.look(*goods, {("2-01", NOODLES): Weight(291.0, 2.3, 0.4)}, NOW)
    assert alarms.subjects(DOUBT) == {"2-01", "2-03"}
    watch.look(*goods, {("2-01", NOODLES): Weight(279.0, 2.3, 0.4)}, NOW)
    assert alarms.subjects(DOUBT) == frozenset()


def test_goods_of_one_tray_that_drift_together_are_told(alarms, share):
    outfit = outfit_of(share(MATE))
    watch = LintWatch(alarms, Weighing())
    learnt = {("1-02", MATE): Weight(186.0, 1.2, 0.4)}
    watch.look(outfit.planogram, outfit.catalogue, learnt, NOW)
    assert "1-02" in alarms.subjects(DOUBT)


def test_nobody_is_told_where_the_linter_is_off(alarms):
    outfit = outfit_of(SAMPLE / "counter.toml")
    watch = LintWatch(alarms, Weighing(lint="off"))
    watch.look(outfit.planogram, outfit.catalogue, {("2-01", NOODLES): Weight(291.0, 2.3, 0.4)}, NOW)
    assert alarms.kinds() == ()


def test_a_tray_too_full_for_its_scale_says_what_to_do():
    outfit = outfit_of(SAMPLE / "counter.toml")
    report = linted(Weighing(max_load_g=6000.0), outfit.planogram, outfit.catalogue)
    found = list(sentences(report, names_of(outfit.catalogue), Level.ERROR))
    assert any("the scale saturates" in said and "lower its capacity" in said for said in found)
    assert replace(outfit, lint=None).warnings == ()
