"""What happened on the trays while nobody was let in: the proof that a weight with the door shut stays. Pure.

Between two sessions measured = zero + Σ n · w must hold within drift. What breaks it is told apart by
its shape: a step with the door contact open was a forced door, one with it shut a disturbance; a slow
fall of goods that can lose weight is a leak; any other slow way is a drifting cell; whole units that
are missing without any movement were lost in sessions (shrinkage). Grams are floats inside; a line
holds whole tenths.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from math import isfinite, sqrt
from statistics import median

from edge.domain.values import Decigrams, decigrams, grams

DRIFT_G_PER_H = 5 / 8
"""A cell that wanders more than 5 g in a night of 8 hours deserves a ticket."""
CREEP_SHARE = 2.45e-4
"""Creep after the last load change: 2.45 g in 30 minutes at 10 kg for a class C3 cell, v = 3.33 g
(OIML R 60-1:2021, 5.5: 0.735 v)."""
JUMP_G = 8.0
"""A smaller change from one level to the next is no goods: 1/6 of the lightest product."""
LATE_S = 5.0
"""Door contact and weight are seen by different polls: how far apart they may tell of one event."""
BAND_G, BAND_SD = 5.0, 3.0
"""How far a stock's weight may be from its count: 3 standard deviations and 5 g, as when selling."""
UNIT_SHARE = 0.35
"""A remainder must be within this share of a unit to be called a whole number of units."""
NOTHING = Decigrams(0)
COMMON_TRAYS = 4
"""From this many trays on, what all of them do together is the room's temperature."""


class Cause(StrEnum):
    """Why a tray's weight is not what the books say; the first that fits, in this order."""

    SILENT = "SILENT"
    FORCED_DOOR = "FORCED_DOOR"
    DISTURBED = "DISTURBED"
    LEAK = "LEAK"
    DRIFTING_CELL = "DRIFTING_CELL"
    SHRINKAGE = "SHRINKAGE"
    SURPLUS = "SURPLUS"
    UNEXPLAINED = "UNEXPLAINED"
    NONE = "NONE"


SEVERITY = {
    Cause.SILENT: "MAJOR",
    Cause.FORCED_DOOR: "CRITICAL",
    Cause.DISTURBED: "MAJOR",
    Cause.LEAK: "MAJOR",
    Cause.DRIFTING_CELL: "WARNING",
    Cause.SHRINKAGE: "MAJOR",
    Cause.SURPLUS: "MINOR",
    Cause.UNEXPLAINED: "MINOR",
}
"""Of the alarm that each cause deserves; NONE deserves none."""


@dataclass(frozen=True, slots=True)
class Stock:
    """What the books say lies on a tray. error_g: of the unit weight, common to all units.

    may_lose: liquid, fresh or chilled goods, which can lose weight by themselves.
    """

    sku: str
    count: int
    unit_g: float
    sd_g: float
    error_g: float = 0.0
    may_lose: bool = False


@dataclass(frozen=True, slots=True)
class Watched:
    """One tray from the end of a session to the audit.

    zero_g, zero_sd_g: what the empty tray shows, and how well that is known. levels: (seconds, grams),
    levels at rest in time order, on the clock of the door's times. noise_g: of one level.
    """

    tray: str
    stock: Sequence[Stock]
    zero_g: float
    zero_sd_g: float
    levels: Sequence[tuple[float, float]]
    noise_g: float = 0.3


@dataclass(frozen=True, slots=True)
class Line:
    """The audit's line for one tray.

    residual: measured − expected. slow: what the level wandered, steps left out; common: the part of it
    that all trays share. jump: the sum of its steps. missing: (sku, pieces) that would explain the
    residual (or the steps), negative where there are too many. Weights in tenths of a gram; None: silent.
    """

    tray: str
    cause: Cause
    hours: float
    expected: Decigrams
    measured: Decigrams | None = None
    slow: Decigrams = NOTHING
    common: Decigrams = NOTHING
    jump: Decigrams = NOTHING
    missing: tuple[tuple[str, int], ...] = ()

    @property
    def residual(self) -> Decigrams | None:
        return None if self.measured is None else Decigrams(self.measured - self.expected)


@dataclass(frozen=True, slots=True)
class _Course:
    """How one tray's level went. jumps: (from, to, grams)."""

    hours: float
    last_g: float
    slow_g: float
    rise_g: float
    jumps: tuple[tuple[float, float, float], ...]


def audit(trays: Sequence[Watched], door_opened: Iterable[float]) -> list[Line]:
    """A line for each tray, in the order given. door_opened: when the contact opened without a session."""
    opened = tuple(door_opened)
    courses = [_course(tray) for tray in trays]
    slow = [course.slow_g for course in courses if course]
    common = median(slow) if len(slow) >= COMMON_TRAYS else 0.0
    return [
        _line(tray, course, common, opened) if course else _silent(tray)
        for tray, course in zip(trays, courses, strict=True)
    ]


def expected_g(tray: Watched) -> float:
    """What the tray should show: zero + Σ n · w."""
    return tray.zero_g + sum(good.count * good.unit_g for good in tray.stock)


def sentence(line: Line) -> tuple[str, str]:
    """The nightly line in Chinese and in English."""
    zh, en = _WORDS[line.cause]
    head = f"{line.tray} {line.hours:.1f} h"
    if line.measured is None or line.residual is None:
        return f"{head} {zh}", f"{head} {en}"
    sums = f"{grams(line.measured):.1f} − {grams(line.expected):.1f} = {grams(line.residual):+.1f} g"
    wander = f"{grams(line.slow):+.1f} g"
    goods = ", ".join(f"{sku} {-count:+d}" for sku, count in line.missing)
    rest = f" ({goods})" if goods else ""
    return (
        f"{head} {zh}:实测 − 应有 {sums},缓变 {wander}{rest}",
        f"{head} {en}: measured − expected {sums}, wandered {wander}{rest}",
    )


_WORDS = {
    Cause.SILENT: ("秤无读数", "no reading"),
    Cause.FORCED_DOOR: (
        "无会话开门,重量突变",
        "the door was opened without a session, and the weight jumped",
    ),
    Cause.DISTURBED: ("门关着,重量突变", "the weight jumped with the door shut"),
    Cause.LEAK: ("重量持续减少,疑似漏液或失水", "the goods lose weight: leak or drying out"),
    Cause.DRIFTING_CELL: ("称重传感器漂移", "the load cell drifts"),
    Cause.SHRINKAGE: ("账实不符,短少", "pieces are missing"),
    Cause.SURPLUS: ("账实不符,多出", "more pieces than booked"),
    Cause.UNEXPLAINED: ("账实不符,不是整件", "off, and by no whole pieces"),
    Cause.NONE: ("正常", "in order"),
}


def _course(tray: Watched) -> _Course | None:
    """The tray's course, None where it gave no level. What is not finite or not later is left out."""
    levels = list(_good(tray.levels))
    if not levels:
        return None
    jumps, slow, low, rise = [], 0.0, 0.0, 0.0
    for (start, before), (end, after) in pairwise(levels):
        change = after - before
        if abs(change) > _jump_limit(tray, (end - start) / 3600):
            jumps.append((start, end, change))
            continue
        slow += change
        low = min(low, slow)
        rise = max(rise, slow - low)
    hours = (levels[-1][0] - levels[0][0]) / 3600
    return _Course(hours, levels[-1][1], slow, rise, tuple(jumps))


def _good(levels: Sequence[tuple[float, float]]) -> Iterator[tuple[float, float]]:
    last = float("-inf")
    for at, level in levels:
        if isfinite(at) and isfinite(level) and at > last:
            last = at
            yield at, level


def _jump_limit(tray: Watched, hours: float) -> float:
    """Levels that lie far apart may wander apart as well."""
    return max(JUMP_G, 6 * sqrt(2) * tray.noise_g) + 4 * DRIFT_G_PER_H * hours


def _slow_limit(tray: Watched, hours: float) -> float:
    load = sum(good.count * good.unit_g for good in tray.stock)
    return CREEP_SHARE * load + DRIFT_G_PER_H * hours + 3 * sqrt(2) * tray.noise_g


def _line(tray: Watched, course: _Course, common: float, opened: Sequence[float]) -> Line:
    jump = sum(change for _, _, change in course.jumps)
    missing = _missing(tray, course.last_g - expected_g(tray))
    cause = _moved(tray, course, common, opened) or _balance(tray, course, missing)
    return Line(
        tray=tray.tray,
        cause=cause,
        hours=course.hours,
        expected=decigrams(expected_g(tray)),
        measured=decigrams(course.last_g),
        slow=decigrams(course.slow_g),
        common=decigrams(common),
        jump=decigrams(jump),
        missing=missing,
    )


def _silent(tray: Watched) -> Line:
    return Line(tray.tray, Cause.SILENT, 0.0, decigrams(expected_g(tray)))


def _moved(tray: Watched, course: _Course, common: float, opened: Sequence[float]) -> Cause | None:
    """The cause of a weight that did not stay; None: it stayed."""
    if course.jumps:
        forced = any(start - LATE_S <= at <= end + LATE_S for start, end, _ in course.jumps for at in opened)
        return Cause.FORCED_DOOR if forced else Cause.DISTURBED
    limit = _slow_limit(tray, course.hours)
    if abs(course.slow_g - common) <= limit:
        return None
    loses = any(good.may_lose and good.count for good in tray.stock)
    falls = course.slow_g - common < 0 and course.slow_g < 0
    steady = course.rise_g <= max(6 * tray.noise_g, 0.2 * abs(course.slow_g))
    return Cause.LEAK if loses and falls and steady else Cause.DRIFTING_CELL


def _balance(tray: Watched, course: _Course, missing: Sequence[tuple[str, int]]) -> Cause:
    """What a weight that stayed, but is not what the books say, means."""
    if abs(course.last_g - expected_g(tray)) <= _band(tray):
        return Cause.NONE
    if not missing:
        return Cause.UNEXPLAINED
    return Cause.SHRINKAGE if missing[0][1] > 0 else Cause.SURPLUS


def _band(tray: Watched) -> float:
    var = tray.zero_sd_g**2 + tray.noise_g**2
    var += sum(g.count * g.sd_g**2 + (g.count * g.error_g) ** 2 for g in tray.stock)
    return BAND_SD * sqrt(var) + BAND_G


def _missing(tray: Watched, residual_g: float) -> tuple[tuple[str, int], ...]:
    """The one product whose whole units explain ``residual_g`` best; () where none does, or none needs to."""
    band = _band(tray)
    if abs(residual_g) <= band:
        return ()
    fits = []
    for good in tray.stock:
        pieces = round(-residual_g / good.unit_g)
        off = abs(residual_g + pieces * good.unit_g)
        if pieces and pieces <= good.count and off <= band and off < UNIT_SHARE * good.unit_g:
            fits.append((off, good.sku, pieces))
    return ((min(fits)[1], min(fits)[2]),) if fits else ()
