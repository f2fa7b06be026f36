"""Copies of what was applied: whole or not there, whatever a power cut leaves; a start that needs them."""

import os
import shutil
import stat
from pathlib import Path

import pytest

from edge.domain.gate import Recalls
from edge.errors import ConfigError
from edge.outfit.applied import CURRENT, MAKING, MANIFEST, Applied, stamps_of
from edge.outfit.loading import load_or_kept, load_outfit
from edge.outfit.watch import OutfitWatch
from edge.turn import FilesRead, Goods


def written(folder: Path, **bodies: str) -> dict[str, Path]:
    folder.mkdir(exist_ok=True)
    files = {what: folder / f"{what}.toml" for what in bodies}
    for what, body in bodies.items():
        files[what].write_text(body, encoding="utf-8")
    return files


def kept(data: Path) -> dict[str, str]:
    return {what: path.read_text(encoding="utf-8") for what, path in Applied(data).files().items()}


OLD = {"planogram": "old", "roster": "old"}
NEW = {"planogram": "new", "roster": "new"}


@pytest.fixture
def data(tmp_path):
    """A data folder in which the set OLD is kept."""
    place = tmp_path / "data"
    Applied(place).keep(written(tmp_path / "etc", **OLD))
    return place


def test_what_was_kept_is_found_again_and_is_the_owners_alone(data):
    assert kept(data) == OLD
    assert {path.stat().st_mode & 0o777 for path in Applied(data).files().values()} == {0o600}


def test_nothing_is_kept_before_anything_was(tmp_path):
    assert Applied(tmp_path).files() == {}


def test_the_newest_set_is_used_and_the_one_before_it_stays(data, tmp_path):
    Applied(data).keep(written(tmp_path / "etc", **NEW))
    Applied(data).keep(written(tmp_path / "etc", planogram="newer", roster="new"))
    assert kept(data) == {"planogram": "newer", "roster": "new"}
    assert len([each for each in (data / "applied").iterdir() if each.is_dir()]) == 2


def test_the_same_files_again_are_the_same_set(data, tmp_path):
    before = sorted((data / "applied").iterdir())
    assert Applied(data).keep(written(tmp_path / "etc", **OLD))
    assert sorted((data / "applied").iterdir()) == before


def test_a_file_that_changed_since_it_was_read_is_not_kept(data, tmp_path):
    files = written(tmp_path / "etc", **OLD)
    stamps = stamps_of(files)
    files = written(tmp_path / "etc", planogram="something else", roster="old")
    assert not Applied(data).keep(files, stamps)
    assert kept(data) == OLD


class Cut(Exception):
    """The power fails here."""


@pytest.mark.parametrize("at", range(1, 15))
def test_a_power_cut_at_any_step_leaves_the_old_set_or_the_new_one_whole(data, tmp_path, monkeypatch, at):
    """A step is a system call that changes the disk; a file cut off in it has half of what it should."""
    files, steps = written(tmp_path / "etc", **NEW), iter(range(1, 1000))
    real_sync = os.fsync

    def sync(handle):
        if next(steps) == at:
            if stat.S_ISREG(os.fstat(handle).st_mode):
                os.ftruncate(handle, os.fstat(handle).st_size // 2)
            raise Cut
        real_sync(handle)

    def step(real):
        def call(self, *words, **named):
            if next(steps) == at:
                raise Cut
            return real(self, *words, **named)

        return call

    monkeypatch.setattr(os, "fsync", sync)
    for name in ("rename", "replace", "mkdir"):
        monkeypatch.setattr(Path, name, step(getattr(Path, name)))
    try:
        Applied(data).keep(files)
    except Cut:
        assert kept(data) in (OLD, NEW)
    else:
        assert at >= next(steps)  # the whole of it has fewer steps
        assert kept(data) == NEW
    monkeypatch.undo()
    Applied(data).keep(files)  # the next try is not in the way of what was left behind
    assert kept(data) == NEW


def damaged(folder: Path, how: str) -> None:
    match how:
        case "a copy is cut short":
            (folder / "roster.toml").write_text("n")
        case "a copy is gone":
            (folder / "roster.toml").unlink()
        case "the manifest is cut short":
            path = folder / MANIFEST
            path.write_bytes(path.read_bytes()[:20])
        case "the manifest is gone":
            (folder / MANIFEST).unlink()


@pytest.mark.parametrize(
    "how",
    ["a copy is cut short", "a copy is gone", "the manifest is cut short", "the manifest is gone"],
)
def test_a_damaged_set_is_passed_over_for_the_one_before_it(data, tmp_path, how):
    Applied(data).keep(written(tmp_path / "etc", **NEW))
    damaged(data / "applied" / (data / "applied" / CURRENT).read_text(), how)
    assert kept(data) == OLD


def test_a_pointer_that_says_nothing_leaves_a_whole_set(data):
    (data / "applied" / CURRENT).write_bytes(b"\xff")
    (data / "applied" / MAKING).mkdir()
    assert kept(data) == OLD


# --- the counter's own files --------------------------------------------------------------------------
@pytest.fixture
def running(setup, tmp_path, monkeypatch):
    """The sample's files as a counter that runs by them left them: its working directory is ``tmp_path``."""
    monkeypatch.chdir(tmp_path)
    outfit = load_outfit(setup / "counter.toml", environ={})
    Applied(outfit.data).keep(outfit.files, outfit.stamps)
    return setup


FILES = ["catalogue.csv", "planogram.toml", "roster.toml", "traces.toml", "deliveries.toml"]


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("how", ["spoilt", "gone"])
def test_a_counter_whose_files_are_bad_starts_with_the_copies_and_says_why(running, name, how):
    right = load_outfit(running / "counter.toml", environ={})
    if how == "gone":
        (running / name).unlink()
    else:
        (running / name).write_text("nonsense", encoding="utf-8")
    outfit, refused = load_or_kept(running / "counter.toml", environ={})
    assert refused
    assert all(name in each for each in refused)
    assert (outfit.catalogue, outfit.planogram, outfit.roster) == (
        right.catalogue, right.planogram, right.roster,
    )  # fmt: skip
    with pytest.raises(ConfigError):
        load_outfit(running / "counter.toml", environ={})  # what is read on SIGHUP is refused as before


def test_good_files_are_used_whatever_the_copies_say(running, spoil):
    spoil(running / "catalogue.csv", ",350,3.50,", ",360,3.60,")
    outfit, refused = load_or_kept(running / "counter.toml", environ={})
    assert refused == ()
    assert outfit.catalogue.products["ZY-WATER-500"].price == 360


def test_without_copies_bad_files_keep_the_counter_from_starting(setup, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (setup / "roster.toml").write_text("nonsense", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"roster\.toml"):
        load_or_kept(setup / "counter.toml", environ={})


def test_copies_that_do_not_fit_the_settings_any_more_are_no_help(running, spoil):
    spoil(running / "counter.toml", '"3-04" = 34\n', "")
    (running / "roster.toml").write_text("nonsense", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"the copies kept of before do not fit either: .*3-04"):
        load_or_kept(running / "counter.toml", environ={})


def test_settings_at_fault_are_no_matter_of_copies(running):
    (running / "counter.toml").write_text("nonsense", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"counter\.toml"):
        load_or_kept(running / "counter.toml", environ={})


def with_recalls(setup: Path, spoil) -> None:
    spoil(
        setup / "counter.toml", 'traces = "traces.toml"', 'traces = "traces.toml"\nrecalls = "recalls.toml"'
    )
    (setup / "recalls.toml").write_text("", encoding="utf-8")


RECALL = '[[recall]]\nsku = "ZY-WATER-500"\nreason = "示例"\n'
RECALLED = Recalls(frozenset({("ZY-WATER-500", None)}))


def test_a_recall_is_followed_though_another_file_is_bad(setup, spoil, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with_recalls(setup, spoil)
    told = []
    first = load_outfit(setup / "counter.toml", environ={})
    watch = OutfitWatch(first, lambda: load_outfit(setup / "counter.toml", environ={}), told.append)
    watch.begin(())
    (setup / "recalls.toml").write_text(RECALL, encoding="utf-8")
    (setup / "catalogue.csv").write_text("nonsense", encoding="utf-8")
    watch.read_again()
    refused, goods = told[1:]
    assert isinstance(refused, FilesRead)
    assert refused.problems
    assert isinstance(goods, Goods)
    assert (goods.recalls, goods.catalogue) == (RECALLED, first.catalogue)
    for lost in (False, True):  # the next start knows it too, from its file or from the copies
        if lost:
            (setup / "recalls.toml").unlink()
        outfit, _ = load_or_kept(setup / "counter.toml", environ={})
        assert outfit.recalls == RECALLED


def test_a_refused_reload_leaves_everything_and_a_good_one_ends_the_alarm(
    setup, spoil, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    told = []
    first = load_outfit(setup / "counter.toml", environ={})
    watch = OutfitWatch(first, lambda: load_outfit(setup / "counter.toml", environ={}), told.append)
    watch.begin(())
    spoil(setup / "catalogue.csv", ",350,3.50,", ",360,3.50,")
    watch.read_again()
    assert watch.outfit is first
    spoil(setup / "catalogue.csv", ",360,3.50,", ",360,3.60,")
    watch.read_again()
    assert [type(each) for each in told] == [FilesRead, FilesRead, FilesRead, Goods]
    assert [bool(each.problems) for each in told[:3]] == [False, True, False]
    shutil.rmtree(setup)
    copies = Applied(watch.outfit.data).files()
    assert ",360,3.60," in copies["catalogue"].read_text(encoding="utf-8")
