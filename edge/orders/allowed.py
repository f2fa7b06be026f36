"""Which settings the centre may change, and within which bounds: a table, and nothing else. Pure.

Whatever leads to devices, keys, files, the network or the scales is not in it: a counter must stay one that
a technician on the spot set up. Types and meanings are the settings' own; bounds here are only narrower.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

Value = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Range:
    """Least and most of a number."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Word:
    """A text; which ones, the settings know. listed: it is a list, written as TOML: ``["a", "b"]``."""

    listed: bool = False


ALLOWED: dict[str, Range | Flag | Word] = {
    "counter.hotline": Word(),
    "counter.complaint_line": Word(),
    "policy.certified_only": Flag(),
    "policy.certified_ratio_min": Range(0, 1),
    "policy.ratio_by": Word(),
    "policy.alcohol": Flag(),
    "policy.identity": Word(),
    "policy.expired_tray": Word(),
    "policy.blocked_tray": Word(),
    "policy.hours": Word(listed=True),
    "policy.over_quota": Word(),
    "policy.per_day_fen": Range(1, 10_000_000),
    "policy.per_day_pieces": Range(1, 10_000),
    "policy.abandoned_days": Range(1, 366),
    "policy.price_guard_pct": Range(0, 100),
    "session.token_new_s": Range(5, 60),
    "session.token_ttl_s": Range(10, 60),
    "session.warn_s": Range(10, 600),
    "session.alarm_s": Range(30, 3600),
    "session.settle_s": Range(2, 60),
    "session.ask_s": Range(0, 120),
    "session.pin_tries": Range(1, 10),
    "session.pin_lock_s": Range(60, 86_400),
    "weighing.flight_days": Range(1, 366),
    "weighing.audit_at": Word(),
    "screens.voice": Word(),
    "screens.volume": Range(0, 1),
}


def problems_of(values: Mapping[str, Value]) -> Iterator[str]:
    """Why ``values`` may not be set from the centre, one sentence each."""
    for name, value in values.items():
        match ALLOWED.get(name):
            case None:
                yield f"{name} may not be changed from the centre"
            case Range(low, high):
                number = isinstance(value, int | float) and not isinstance(value, bool)
                if not number or not low <= float(value) <= high:
                    yield f"{name} = {value!r} must be a number from {low:g} to {high:g}"
            case Flag():
                if not isinstance(value, bool):
                    yield f"{name} = {value!r} must be true or false"
            case Word():
                if not isinstance(value, str):
                    yield f"{name} = {value!r} must be a text"


def is_listed(name: str) -> bool:
    """Whether the value is a list written in a text."""
    kind = ALLOWED.get(name)
    return isinstance(kind, Word) and kind.listed
