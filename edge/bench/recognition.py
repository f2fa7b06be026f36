"""``counter bench recognition``: recognisers side by side on sessions whose truth is known."""

import os
import sys
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import chain
from pathlib import Path

import click
import msgspec

from edge.bench.contest import CONTESTANTS, JUDGED, Standing, contest
from edge.bench.diagram import draw
from edge.bench.figures import Cell, Target
from edge.bench.fitting import fitted
from edge.bench.machine import machine
from edge.bench.record import Recorded, judge_record
from edge.bench.recorded import LEVELS, lines_of, made_lines
from edge.bench.scores import Bin, Score, Tally
from edge.bench.shares import Share
from edge.bench.tables import table
from edge.cli_options import json_option
from edge.errors import BadInput

GOALS: dict[str, dict[str, str]] = {
    "L1": {"exact": "≥ 99.5", "silently_wrong": "≤ 0.05", "review": "≤ 2"},
    "L2": {"exact": "≥ 98", "silently_wrong": "≤ 0.15", "review": "≤ 10", "top3": "≥ 99"},
    "L3s": {"exact": "≥ 86", "silently_wrong": "≤ 0.7"},
}
"""Per cent at 5,000 sessions or more; sessions without a sale are to be charged never, at any level."""


UNFIT = ("L0", "L4", "review")
"""Kinds of sessions that no table is fitted on: too easy, or swaps of the same weight and the like."""

SHOWN = 20
"""Sessions named in the text; ``--json`` names all."""


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints: scores by level (or kind) and contestant, and by oddity.

    silently_wrong: ids of the sessions where ours was; LEVEL-SEED-NUMBER can be made again alone.
    record: what was found in a real load cell's record.
    """

    machine: dict[str, str | int | float]
    source: str
    seed: int | None
    levels: dict[str, dict[str, Score]]
    oddities: dict[str, dict[str, Score]]
    silently_wrong: tuple[str, ...]
    record: tuple[Recorded, ...]
    targets: tuple[Target, ...]


@click.command()
@click.option(
    "--level", type=click.Choice([*LEVELS, "all"]), help="L2, unless --file or --record is to be judged."
)
@click.option(
    "--n", type=click.IntRange(min=1), default=1000, show_default=True, help="Sessions made up for a level."
)
@click.option(
    "--cells",
    type=click.Choice(["1", "4"]),
    default="1",
    show_default=True,
    help="With 4 each level is judged again, on trays whose four cells are read one by one.",
)
@click.option("--seed", type=int, default=1, show_default=True, help="Same seed, same sessions.")
@click.option(
    "--file", "path", type=click.Path(path_type=Path), help="Judge these recorded sessions instead."
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, file_okay=False),
    help="Look for the known steps in a real load cell's record, too (CSV files and steps.json).",
)
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(list(CONTESTANTS)),
    help="Leave the other contestants out; may be given again.",
)
@click.option("--plot", type=click.Path(path_type=Path, dir_okay=False), help="A reliability diagram (PNG).")
@click.option("--fit", is_flag=True, help="Print the table of edge/weighing/calibrated.py instead.")
@click.option("--jobs", type=click.IntRange(min=1), help="Processes; one a core without it.")
@json_option
def recognition(
    level: str | None,
    n: int,
    cells: str,
    seed: int,
    path: Path | None,
    record: Path | None,
    only: tuple[str, ...],
    plot: Path | None,
    fit: bool,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Let recognisers judge door sessions, and count what they got right.

    Sessions are made up by the simulator, run beside this program, or read from a file with one
    recorded session a line, truth included; a line that is no session is named on stderr, the rest goes
    on, and the exit code is then 65. Shares carry 95 % Wilson intervals. See docs/recognition.md.
    """
    files = judge_record(record) if record else ()
    levels = LEVELS if level == "all" else (level,) if level else () if record else ("L2",)
    lines = lines_of(path) if path else made_lines(levels, n, seed)
    if cells == "4" and not path:
        lines = chain(lines, made_lines(levels, n, seed, 4))
    whole = "" if path else f" of {n * len(levels) * (2 if cells == '4' else 1)}"
    standing = contest(lines, only or list(CONTESTANTS), jobs or os.cpu_count() or 1, partial(_say, whole))
    print(file=sys.stderr)
    if not standing.levels and (path or not record):
        raise BadInput("\n".join(standing.unusable[:SHOWN]) or f"{path}: there is no session in it")
    found = found_of(standing, str(path or "simulator"), None if path else seed, files)
    if plot:
        draw(_bins(found.levels), plot)
    if fit:
        click.echo("\n".join(_knots(standing)))
    elif as_json:
        click.echo(msgspec.json.encode(found).decode())
    else:
        click.echo("\n".join(text_of(found)))
    if standing.unusable:
        raise BadInput(
            "\n".join([*standing.unusable[:SHOWN], f"{len(standing.unusable)} lines are no session"])
        )
    return 0


def _say(whole: str, done: int) -> None:
    print(f"\r{done}{whole} sessions", end="", file=sys.stderr, flush=True)


def found_of(standing: Standing, source: str, seed: int | None, record: tuple[Recorded, ...] = ()) -> Found:
    """The figures of a whole run."""
    levels = _scored(standing.levels)
    return Found(
        machine=machine(),
        source=source,
        seed=seed,
        levels=levels,
        oddities=_scored(standing.oddities),
        silently_wrong=tuple(standing.silently_wrong),
        record=record,
        targets=(*_targets(levels), *_record_targets(record)),
    )


def _scored(tallies: Mapping[str, Mapping[str, Tally]]) -> dict[str, dict[str, Score]]:
    return {key: {name: tally.score() for name, tally in each.items()} for key, each in tallies.items()}


def _targets(levels: Mapping[str, Mapping[str, Score]]) -> Iterator[Target]:
    for level, scores in levels.items():
        if (score := scores.get(JUDGED)) is None:
            continue
        for name, goal in GOALS.get(level, {}).items():
            yield Target(what=f"{level} {name} %", target=goal, found=_interval(getattr(score, name)))
        found = f"{score.nothing_charged.hits} of {score.nothing_charged.n}"
        yield Target(what=f"{level} charged without a sale", target="0", found=found)


def _record_targets(files: tuple[Recorded, ...]) -> Iterator[Target]:
    if files:
        known = sum(each.known for each in files)
        yield Target(what="record: steps found", target=f"{known}", found=sum(each.found for each in files))
        yield Target(what="record: false steps", target="0", found=sum(each.false for each in files))


def _bins(levels: Mapping[str, Mapping[str, Score]]) -> dict[str, tuple[Bin, ...]]:
    return {level: scores[JUDGED].reliability for level, scores in levels.items() if JUDGED in scores}


def text_of(found: Found) -> Iterator[str]:
    """Tables for a terminal: scores, confidence, oddities, goals."""
    yield "  ".join(f"{key}: {value}" for key, value in found.machine.items())
    if found.levels:
        seed = "" if found.seed is None else f", seed {found.seed}"
        yield f"sessions: {found.source}{seed}; per cent\n"
        yield from table(list(_rows(found.levels)))
        yield ""
        yield from table(list(_costs(found.levels)))
    if bins := _bins(found.levels):
        yield "\nHow sure ours was, and how often it was right"
        yield from table([_bin_row(level, each) for level, many in bins.items() for each in many])
    if rows := list(_thresholds(found.levels)):
        yield "\nWhat other thresholds of P buy and cost"
        yield from table(rows)
    if found.oddities:
        yield "\nWhat people should not do"
        alone = {name: {JUDGED: by[JUDGED]} for name, by in found.oddities.items() if JUDGED in by}
        yield from table(list(_rows(alone)))
    if found.silently_wrong:
        yield f"\nSilently wrong: {' '.join(found.silently_wrong[:SHOWN])}"
    if found.record:
        yield "\nA real load cell's record"
        yield from table([msgspec.structs.asdict(each) for each in found.record])
    if found.targets:
        yield ""
        yield from table([{"goal": t.what, "target": t.target, "found": t.found} for t in found.targets])


def _rows(levels: Mapping[str, Mapping[str, Score]]) -> Iterator[dict[str, Cell]]:
    for level, scores in levels.items():
        for name, score in scores.items():
            yield {
                "level": level,
                "contestant": name,
                "n": score.exact.n,
                "exact": _interval(score.exact),
                "review": round(score.review.percent, 1),
                "silently wrong": _interval(score.silently_wrong, 2),
                "silently over": round(score.silently_over.percent, 2),
                "charged over": round(score.charged_over.percent, 2),
                "items": round(score.items.percent, 1),
                "over": round(score.overcharged.percent, 1),
                "under": round(score.undercharged.percent, 1),
                "top 3": round(score.top3.percent, 1),
                "no sale, charged": f"{score.nothing_charged.hits}/{score.nothing_charged.n}",
            }


def _costs(levels: Mapping[str, Mapping[str, Score]]) -> Iterator[dict[str, Cell]]:
    for level, scores in levels.items():
        for name, score in scores.items():
            yield {
                "level": level,
                "contestant": name,
                "CPU ms mean": score.ms_mean,
                "p50": score.ms_p50,
                "p99": score.ms_p99,
                "µs a sample": score.us_per_sample,
                "stage 1": score.stage1_us_per_sample,
                "right if unflagged": _interval(score.right_unflagged, 2),
            }


def _bin_row(level: str, each: Bin) -> dict[str, Cell]:
    return {
        "level": level,
        "P from": each.above,
        "n": each.n,
        "said": each.said,
        "right": _interval(each.right),
    }


def _thresholds(levels: Mapping[str, Mapping[str, Score]]) -> Iterator[dict[str, Cell]]:
    for level, scores in levels.items():
        for each in scores[JUDGED].thresholds if JUDGED in scores else ():
            yield {
                "level": level,
                "sure from P": each.p,
                "review": _interval(each.review),
                "silently wrong": _interval(each.silently_wrong, 2),
                "charged over": _interval(each.charged_over, 2),
            }


def _knots(standing: Standing) -> Iterator[str]:
    """The fitted tables as they stand in the source; no scale can be sure about what UNFIT holds."""
    tried = [
        each
        for kind, tallies in standing.levels.items()
        if kind.split(":")[0] not in UNFIT and JUDGED in tallies
        for each in tallies[JUDGED].tried
    ]
    for name, mixed in (("ONE_PRODUCT", False), ("SEVERAL_PRODUCTS", True)):
        yield f"{name}: tuple[Knot, ...] = ("
        yield from (f"    Knot({knot.said:g}, {knot.found:g})," for knot in fitted(tried, mixed))
        yield ")"


def _interval(share: Share, digits: int = 1) -> str:
    return f"{share.percent:.{digits}f} [{share.low:.{digits}f}, {share.high:.{digits}f}]"
