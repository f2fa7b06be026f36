"""A real load cell's record against its known steps: those found, those missed, those that never were.

A record is a directory: ``steps.json`` with the steps of each CSV file (``unix_time_s,grams``, as it is or
packed by gzip) beside it. It knows no goods: what is judged is the first stage alone.
"""

import csv
import gzip
from collections.abc import Iterator, Sequence
from math import isfinite
from pathlib import Path

import msgspec

from edge.domain.values import Sku, TrayId
from edge.errors import BadInput, NoInput
from edge.weighing.recogniser import Recogniser
from edge.weighing.recording import Stocked, StockedTray
from edge.weighing.steps import Step

LIGHTEST_G, GAIN_SHARE = 80.0, 0.002
"""A small cup of coffee; and what four cells without corner adjustment are off, measured on this very rig."""
NEAR_G, NEAR_PRESSED_G, PRESSED_S = 12.0, 30.0, 3.0
"""How far a step may be from its label: more where a hand lay on it, which takes longer than this."""
BEFORE_S, AFTER_S = 2.0, 1.0
"""A step begins this long before and after its label at the most."""

RIG = StockedTray(TrayId("record"), (Stocked(Sku("cup"), LIGHTEST_G, 4.0, 1),), GAIN_SHARE)


class Label(msgspec.Struct, frozen=True):
    """A step as it is known: it lies between two moments, in seconds from the file's first row."""

    after_s: float
    before_s: float
    delta_g: float

    @property
    def tolerance_g(self) -> float:
        return NEAR_PRESSED_G if self.before_s - self.after_s > PRESSED_S else NEAR_G

    def fits(self, step: Step) -> bool:
        in_time = self.after_s - BEFORE_S < step.began < self.before_s + AFTER_S
        return in_time and abs(step.delta - self.delta_g) <= self.tolerance_g


class Labels(msgspec.Struct, frozen=True):
    steps: tuple[Label, ...]


class Recorded(msgspec.Struct, frozen=True, kw_only=True):
    """One file's outcome. known: steps there are; false: steps found that fit none.

    worst_g: the largest deviation of a found step from its label.
    """

    file: str
    minutes: float
    rows: int
    known: int
    found: int
    missed: int
    false: int
    worst_g: float | None


def judge_record(place: Path) -> tuple[Recorded, ...]:
    """Every file of the record in ``place``. Raises NoInput, BadInput naming the file."""
    path = place / "steps.json"
    try:
        told = msgspec.json.decode(path.read_bytes(), type=dict[str, Labels])
    except OSError as error:
        raise NoInput(f"{path}: {error.strerror}; a record has its steps beside its CSV files") from error
    except msgspec.DecodeError as error:
        raise BadInput(f"{path}: {error}") from error
    return tuple(judge_file(name, _rows(place, name), labels.steps) for name, labels in sorted(told.items()))


def judge_file(name: str, rows: Sequence[tuple[float, float]], labels: Sequence[Label]) -> Recorded:
    """rows: seconds from the first one, grams; one or more."""
    recogniser = Recogniser([RIG])
    recogniser.feed_all((at, 0, grams) for at, grams in rows)
    recogniser.close()
    left, off = list(recogniser.steps), []
    for label in labels:
        fitting = [step for step in left if label.fits(step)]
        if fitting:
            left.remove(fitting[0])
            off.append(abs(fitting[0].delta - label.delta_g))
    return Recorded(
        file=name,
        minutes=round((rows[-1][0] - rows[0][0]) / 60, 1),
        rows=len(rows),
        known=len(labels),
        found=len(off),
        missed=len(labels) - len(off),
        false=len(left),
        worst_g=round(max(off), 1) if off else None,
    )


def _rows(place: Path, name: str) -> list[tuple[float, float]]:
    path, packed = place / name, place / f"{name}.gz"
    try:
        whole = path.read_bytes() if path.exists() else gzip.decompress(packed.read_bytes())
        lines = csv.reader(whole.decode("ascii").splitlines())
        rows = list(_numbers(lines))
    except (FileNotFoundError, PermissionError) as error:
        raise NoInput(f"{error.filename}: {error.strerror}") from error
    except (ValueError, EOFError, OSError) as error:
        raise BadInput(f"{path}: {error}; wanted are lines of seconds,grams") from error
    if not rows:
        raise BadInput(f"{path}: there is no row in it")
    return [(at - rows[0][0], grams) for at, grams in rows]


def _numbers(lines: Iterator[list[str]]) -> Iterator[tuple[float, float]]:
    """Rows of two numbers; a head and blank lines are left out."""
    for number, line in enumerate(lines, 1):
        if not line or (number == 1 and not line[0][:1].isdigit()):
            continue
        at, grams = map(float, line)
        if isfinite(at):
            yield at, grams
