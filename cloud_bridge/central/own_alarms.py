"""The centre's own alarms: what there is, and how what is seen changes what stands. Pure.

Something that happened (bytes that nobody can read) stands until somebody has acknowledged it; a state (a
counter that is silent) until it is over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kind(StrEnum):
    """Each has its words in ``words`` and its line in docs/operations.md."""

    CONFLICT = "CONFLICT"
    DEAD_LETTER = "DEAD_LETTER"
    COMMANDS_REFUSED = "COMMANDS_REFUSED"
    GAP = "GAP"
    SILENT_COUNTER = "SILENT_COUNTER"
    FLOOD = "FLOOD"
    TWO_COUNTERS = "TWO_COUNTERS"
    WEBHOOK_DISABLED = "WEBHOOK_DISABLED"
    WEBHOOK_REFUSED = "WEBHOOK_REFUSED"


SEVERITY: Mapping[Kind, str] = {
    Kind.CONFLICT: "CRITICAL",
    Kind.DEAD_LETTER: "MAJOR",
    Kind.COMMANDS_REFUSED: "MAJOR",
    Kind.GAP: "MAJOR",
    Kind.SILENT_COUNTER: "MINOR",  # how it stands says offline already
    Kind.FLOOD: "MAJOR",
    Kind.TWO_COUNTERS: "CRITICAL",
    Kind.WEBHOOK_DISABLED: "MAJOR",
    Kind.WEBHOOK_REFUSED: "MAJOR",
}
HAPPENED = frozenset({Kind.CONFLICT, Kind.DEAD_LETTER, Kind.COMMANDS_REFUSED})
LINGERS_S: Mapping[Kind, int] = {
    Kind.FLOOD: 120,
    Kind.TWO_COUNTERS: 600,
    Kind.WEBHOOK_DISABLED: 60,
    Kind.WEBHOOK_REFUSED: 60,
}
"""Seconds that a state stands after it was last seen: not every worker sees it. Others end at once."""
SEEN_S = 15
"""How often it is written that a state that lingers is still seen."""

Key = tuple[Kind, str, str]


@dataclass(frozen=True, slots=True)
class Sign:
    """Something seen now. counter "": the centre itself. number: of what happened, higher: happened since.

    raises False: it keeps an alarm that stands and raises none.
    """

    kind: Kind
    counter: str
    subject: str = ""
    detail: str = ""
    number: int = 0
    raises: bool = True

    @property
    def key(self) -> Key:
        return self.kind, self.counter, self.subject


@dataclass(frozen=True, slots=True)
class Row:
    """An alarm as it is kept. number: which raising of it. seen_s: seconds since 1970."""

    kind: Kind
    counter: str
    subject: str
    number: int
    active: bool
    detail: str
    seen_s: int

    @property
    def key(self) -> Key:
        return self.kind, self.counter, self.subject


@dataclass(frozen=True, slots=True)
class Changes:
    """raised: with their numbers. seen: rows that stand on. cleared: rows that end."""

    raised: tuple[Row, ...]
    seen: tuple[Row, ...]
    cleared: tuple[Row, ...]

    def __bool__(self) -> bool:
        return bool(self.raised or self.seen or self.cleared)


def changes(signs: Iterable[Sign], kept: Iterable[Row], acked: frozenset[Key], now_s: int) -> Changes:
    """What to write. kept: rows that stand, and those of what happened. acked: keys that people have seen."""
    before = {row.key: row for row in kept}
    raised: list[Row] = []
    seen: list[Row] = []
    found: set[Key] = set()
    for sign in signs:
        row = before.get(sign.key)
        found.add(sign.key)
        number = sign.number or now_s
        if row is None or not row.active or (sign.kind in HAPPENED and number > row.number):
            if sign.raises and (row is None or sign.kind not in HAPPENED or number > row.number):
                raised.append(_row(sign, number, now_s))
        elif row.detail != sign.detail or (sign.kind in LINGERS_S and now_s - row.seen_s >= SEEN_S):
            seen.append(_row(sign, row.number, now_s))
    again = {row.key for row in raised}
    over = (row for row in before.values() if row.active and row.key not in again)
    return Changes(
        tuple(raised), tuple(seen), tuple(row for row in over if _is_over(row, found, acked, now_s))
    )


def _is_over(row: Row, found: set[Key], acked: frozenset[Key], now_s: int) -> bool:
    if row.kind in HAPPENED:
        return row.key in acked
    return row.key not in found and now_s - row.seen_s >= LINGERS_S.get(row.kind, 0)


def _row(sign: Sign, number: int, now_s: int) -> Row:
    return Row(sign.kind, sign.counter, sign.subject, number, True, sign.detail, now_s)
