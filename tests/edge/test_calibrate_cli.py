"""``counter calibrate`` and ``counter status --audit``: what the ledger holds of weights and nights."""

import json
from contextlib import closing
from datetime import UTC, datetime
from random import Random

import pytest

from cloud_bridge import feed
from edge.cli import main
from edge.domain.records import Movement
from edge.domain.values import Instant
from edge.ledger.calibrations import Calibrated, Known, Seen
from edge.ledger.ledger import Ledger
from edge.ledger.space import Space

NOW = Instant(100.0, datetime(2026, 11, 23, 19, 30, tzinfo=UTC), "boot-1")
TEA = "PL-TEA-125"


@pytest.fixture
def data(setup):
    """The data directory of the settings in ``setup``, which then has a ledger."""
    place = setup.parent / "data"
    place.mkdir()
    space = Space(place, reserve_bytes=4096, selling_bytes=0)
    with closing(Ledger.open(place / "ledger.db", "AK-001", NOW, Random(1).randbytes, space)) as ledger:
        ledger.open_stock([Movement("1-02", TEA, "RESTOCK", 10, "opening stock")], NOW)
        old, new = Known(191_000, 1_700, 595, 0), Known(191_400, 1_690, 560, 1)
        seen = Seen(193_000, 1_430, 1, 999_000)
        ledger.calibrate([Calibrated("UNIT", "single_take", "1-02", TEA, "opening", old, new, seen)], NOW)
    return place


@pytest.fixture
def run(setup, data, capsys):
    """``run(words…)``: the command with the settings of ``setup``; gives exit code, stdout and stderr."""

    def ran(*words):
        where = ["--config", str(setup / "counter.toml"), "--set", f"files.data={data}"]
        code = main([*words, *where])
        seen = capsys.readouterr()
        return code, seen.out, seen.err

    return ran


def test_history_says_what_was_learnt_and_by_what(run):
    code, out, _ = run("calibrate", "history")
    assert code == 0
    assert out == (
        "    1  2026-11-23T19:30:00.000Z  PL-TEA-125, lot opening (tray 1-02):"
        " 191.00 g ± 0.59 → 191.40 g ± 0.56  [single_take]\n"
    )
    (row,) = map(json.loads, run("calibrate", "history", "--json")[1].splitlines())
    assert (row["n"], row["stands"], row["seen"]["mg"]) == (1, True, 193_000)
    assert run("calibrate", "history", "--sku", "HY-RICE-25")[1] == ""


def test_undo_takes_a_change_back_by_a_row_of_its_own(run):
    code, out, _ = run("calibrate", "undo", "1")
    assert code == 0
    assert out.endswith("191.40 g ± 0.56 → 191.00 g ± 0.59  [undoes 1]\n")
    first, second = run("calibrate", "history")[1].splitlines()
    assert first.endswith("(undone)")
    assert second.endswith("[undoes 1]")


def test_undo_of_what_is_not_there_or_of_a_running_counter_says_so(run, data):
    code, _, said = run("calibrate", "undo", "7")
    assert (code, "there is no such row" in said) == (65, True)
    space = Space(data, reserve_bytes=4096, selling_bytes=0)
    with closing(Ledger.open(data / "ledger.db", "AK-001", NOW, Random(2).randbytes, space)):
        code, _, said = run("calibrate", "undo", "1")
    assert (code, "stop it first" in said) == (75, True)


def test_without_a_ledger_there_is_nothing_to_show(run, data):
    (data / "ledger.db").unlink()
    assert run("calibrate", "history")[0] == 66
    assert run("calibrate", "undo", "1")[0] == 66
    assert run("status", "--audit")[0] == 66
    assert not (data / "ledger.db").exists()


def counted(tray, cause, mono_ms=1, missing=0):
    return feed.StockCounted(
        mono_ms=mono_ms,
        tray=tray,
        day="2026-11-24",
        cause=cause,
        basis="LAST_SESSION",
        since="2026-11-23T11:30:00.000Z",
        watched_s=28_800,
        expected_dg=20_400,
        measured_dg=20_400 - 1_910 * missing,
        residual_dg=-1_910 * missing,
        slow_dg=0,
        jump_dg=0,
        goods=(feed.Counted(sku=TEA, booked=10, missing=missing),),
    )


def test_before_the_first_night_status_says_when_it_comes(run):
    assert run("status", "--audit") == (0, "no audit yet: the first comes at 03:30\n", "")


def test_the_last_nights_lines_are_shown_in_both_languages(run, data):
    space = Space(data, reserve_bytes=4096, selling_bytes=0)
    with closing(Ledger.open(data / "ledger.db", "AK-001", NOW, Random(3).randbytes, space)) as ledger:
        ledger.record_facts([(counted("1-01", "LEAK"), "1-01")], NOW)
        lines = [counted("1-01", "NONE", 2), counted("1-02", "SHRINKAGE", 2, missing=1)]
        ledger.record_facts([(line, line.tray) for line in lines], NOW)
    code, out, _ = run("status", "--audit")
    first, _, second, english = out.splitlines()
    assert code == 1
    assert first.startswith("1-01 8.0 h 正常")
    assert second.startswith("1-02 8.0 h 账实不符,短少:实测 − 应有 1849.0 − 2040.0 = -191.0 g")
    assert "(PL-TEA-125 -1); held against the weight after the last session" in english
    assert english.endswith("watched since 11-23 19:30")
    assert [each["cause"] for each in json.loads(run("status", "--audit", "--json")[1])] == [
        "NONE",
        "SHRINKAGE",
    ]


def test_lint_looks_by_the_weights_that_were_learnt(run, setup):
    from edge.outfit.loading import load_outfit
    from edge.serving import planogram_picture

    as_declared, as_learnt = (json.loads(run("lint", "--json", *words)[1]) for words in ((), ("--learnt",)))
    tea = [next(t for t in each["trays"] if t["tray"] == "1-02") for each in (as_declared, as_learnt)]
    assert [tray["pairs"][0]["gap_g"] for tray in tea] == [191.0, 191.4]
    assert run("lint", "--learnt", "--planogram", "p", "--catalogue", "c")[0] == 2
    data = run("config", "show", "--json")[1]
    flags = {"files.data": json.loads(data)["files.data"]}
    picture = planogram_picture(load_outfit(setup / "counter.toml", environ={}, flags=flags))
    assert picture.startswith(b"\x89PNG")
