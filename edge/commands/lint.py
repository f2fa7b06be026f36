"""``counter lint``: whether the goods of a planogram can be told apart by weight. It sends nothing."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import click

from edge.cli_options import environment, json_option, settings_options
from edge.domain import planogram as plan
from edge.domain.catalogue import Catalogue
from edge.domain.gate import Policy
from edge.domain.planogram import Planogram
from edge.errors import CannotCreate, ConfigError
from edge.outfit.loading import load_outfit
from edge.outfit.planogram_file import read_catalogue, read_planogram
from edge.settings import Weighing
from edge.upkeep import lint_words as words
from edge.upkeep.known_weights import read_weights
from edge.upkeep.lint_check import Learnt, capacity_g, names_of, plans_of
from edge.weighing.linter import CabinetReport, Level, Pair, TrayReport, lint

MARKS = {Level.OK: "✓", Level.WARN: "!", Level.ERROR: "✗"}


@click.command("lint")
@settings_options
@click.option("--planogram", "planogram_file", type=click.Path(path_type=Path), help="A planogram by itself.")
@click.option("--catalogue", "catalogue_file", type=click.Path(path_type=Path), help="… and its catalogue.")
@click.option("--capacity", type=click.FloatRange(min=1), help="Grams at which a tray's scale saturates.")
@click.option("--learnt", is_flag=True, help="By the weights that this counter has learnt, from its ledger.")
@click.option("--lang", type=click.Choice(words.LANGUAGES), default="zh", help="Language of the text.")
@click.option("--picture", type=click.Path(path_type=Path), help="Write a picture of the cabinet (PNG) here.")
@json_option
def lint_command(
    config: Path | None,
    overrides: dict[str, object],
    planogram_file: Path | None,
    catalogue_file: Path | None,
    capacity: float | None,
    learnt: bool,
    lang: str,
    picture: Path | None,
    as_json: bool,
) -> int:
    """Check whether the planogram's goods can be told apart by weight. Exit 1 where a tray is at fault.

    Of the settings' planogram, or of --planogram with --catalogue.
    """
    if (planogram_file is None) != (catalogue_file is None):
        raise click.UsageError("--planogram and --catalogue belong together")
    if learnt and planogram_file:
        raise click.UsageError("--learnt is about the settings' planogram, not about --planogram")
    known: Learnt = {}
    if planogram_file and catalogue_file:
        planogram, catalogue = _pair_of(planogram_file, catalogue_file)
        weighing = Weighing()
    else:
        unjudged = {**overrides, "weighing.lint": "off"}  # what it would refuse is to be seen here
        outfit = load_outfit(config, environ=environment(), flags=unjudged)
        planogram, catalogue, weighing = outfit.planogram, outfit.catalogue, outfit.settings.weighing
        if learnt:
            known = read_weights(outfit.data / "ledger.db", planogram, catalogue)
    report = lint(plans_of(planogram, catalogue, capacity or capacity_g(weighing), known))
    names = names_of(catalogue)
    if picture:
        _draw(picture, report, planogram, names)
    if as_json:
        click.echo(json.dumps(told(report, planogram, names), ensure_ascii=False))
    else:
        click.echo("\n".join(lines(report, names, words.LANGUAGES.index(lang))))
    return 1 if report.level is Level.ERROR else 0


def _pair_of(planogram_file: Path, catalogue_file: Path) -> tuple[Planogram, Catalogue]:
    """Both files, which must fit each other. Raises ConfigError with every fault."""
    planogram, catalogue = read_planogram(planogram_file), read_catalogue(catalogue_file)
    found = [*plan.problems_of(planogram, catalogue), *plan.refusals_of(planogram, catalogue, Policy(), None)]
    if problems := [f"{planogram_file}: {each}" for each in found]:
        raise ConfigError(problems)
    return planogram, catalogue


def _draw(path: Path, report: CabinetReport, planogram: Planogram, names: words.Names) -> None:
    from edge.commands.lint_picture import planogram_png  # Pillow is not needed without a picture

    try:
        path.write_bytes(planogram_png(report, planogram, names))
    except OSError as error:
        raise CannotCreate(f"{path}: cannot be written ({error.strerror}); name another --picture") from error


def lines(report: CabinetReport, names: words.Names, language: int) -> Iterator[str]:
    """The report as text. language: 0 Chinese, 1 English."""
    for tray in report.trays:
        yield f"{MARKS[tray.level]} {tray.tray} {_summary(tray, language)}"
        for found in tray.findings:
            yield f"    {MARKS[found.level]} {words.finding(found, names)[language]}"
        for near in (each for each in tray.pairs if each.level):
            yield f"      {words.pair(near, names)[language]}"
    for across in report.cross:
        yield f"! {words.cross(across, names)[language]}"
    for proposed in report.swaps:
        yield f"→ {words.swap(proposed, names)[language]}"
    title = ("总评", "planogram")[language]
    yield f"{title}: {words.LEVELS[report.level][language]}"


def _summary(tray: TrayReport, language: int) -> str:
    level = words.LEVELS[tray.level][language]
    safe = min(tray.safe_counts.values(), default=0)
    if language == 0:
        return f"{level} · 满载 {tray.load_share:.0%} · 存疑 {tray.doubt:.1%} · 一次可数 {safe} 件"
    return f"{level} · load {tray.load_share:.0%} · doubt {tray.doubt:.1%} · countable in one take: {safe}"


def told(report: CabinetReport, planogram: Planogram, names: words.Names) -> dict[str, object]:
    """The report as JSON, every sentence in both languages."""
    return {
        "ok": report.level is not Level.ERROR,
        "level": _word(report.level),
        "planogram": planogram.version,
        "trays": [_tray(tray, names) for tray in report.trays],
        "cross": [{**asdict(each), **_both(words.cross(each, names))} for each in report.cross],
        "swaps": [{**asdict(each), **_both(words.swap(each, names))} for each in report.swaps],
    }


def _tray(tray: TrayReport, names: words.Names) -> dict[str, object]:
    return {
        "tray": tray.tray,
        "level": _word(tray.level),
        "doubt": round(tray.doubt, 4),
        "load_share": round(tray.load_share, 3),
        "full_share": round(tray.full_share, 3),
        "safe_counts": tray.safe_counts,
        "findings": [
            {**asdict(each), "level": _word(each.level), **_both(words.finding(each, names))}
            for each in tray.findings
        ],
        "pairs": [_pair(each, names) for each in tray.pairs],
        "collisions": [_pair(each, names) for each in tray.collisions],
    }


def _pair(near: Pair, names: words.Names) -> dict[str, object]:
    return {
        "one": dict(near.one),
        "other": dict(near.other),
        "units": near.units,
        "gap_g": round(near.gap_g, 1),
        "d_prime": round(near.d_prime, 2),
        "level": _word(near.level),
        **_both(words.pair(near, names)),
    }


def _both(said: tuple[str, str]) -> dict[str, str]:
    return dict(zip(words.LANGUAGES, said, strict=True))


def _word(level: Level) -> str:
    return level.name.lower()
