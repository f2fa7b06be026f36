"""Figures out of samples: medians, percentiles, ratios, and the shape all benchmarks report in. Pure."""

from collections.abc import Sequence
from math import ceil
from statistics import median

import msgspec

Cell = str | float | int | None


class Target(msgspec.Struct, frozen=True, kw_only=True):
    """A goal beside what was found. Nobody judges here: a noisy machine misses goals, too."""

    what: str
    target: str
    found: Cell


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """One benchmark's outcome. rows: all with the same keys; what was measured, the floor and peers alike."""

    name: str
    what: str
    rows: tuple[dict[str, Cell], ...]
    targets: tuple[Target, ...]
    not_included: tuple[str, ...]


def spread(values: Sequence[float], name: str, digits: int = 1) -> dict[str, Cell]:
    """Median, smallest and largest of one or more values, named ``name``, ``name_min``, ``name_max``."""
    found = {name: median(values), f"{name}_min": min(values), f"{name}_max": max(values)}
    return {key: round(value, digits) for key, value in found.items()}


def percentile(values: Sequence[float], share: float) -> float | None:
    """The smallest value that ``share`` of all do not exceed (nearest rank); None of no values."""
    ranked = sorted(values)
    return ranked[max(0, ceil(share * len(ranked)) - 1)] if ranked else None


def latencies_ms(what: str, seconds: Sequence[float]) -> dict[str, Cell]:
    """A row about waits: how many, p50, p95 and the longest, in milliseconds."""
    cells: dict[str, Cell] = {"from_to": what, "n": len(seconds)}
    for name, share in (("p50_ms", 0.5), ("p95_ms", 0.95), ("max_ms", 1.0)):
        cells[name] = in_ms(percentile(seconds, share))
    return cells


def in_ms(seconds: float | None) -> float | None:
    """Milliseconds with one digit; None stays None."""
    return None if seconds is None else round(seconds * 1000, 1)


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """The median over the rounds of ours to theirs of the same round."""
    return round(median(a / b for a, b in zip(ours, theirs, strict=True)), 2)
