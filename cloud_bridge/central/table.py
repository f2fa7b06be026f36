"""A projection's table to those who write it: columns, key, and which of two rows stands. Pure."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

Row = tuple[Any, ...]

FIRST = "(excluded.inc, excluded.seq) < ({table}.inc, {table}.seq)"
"""Two events under one name (a disk restored from a copy) count once: the lower (inc, seq) wins."""
LATEST = "excluded.seq > {table}.seq"
"""Of events of one incarnation the one with the highest number tells how things stand."""


@dataclass(frozen=True, eq=False)
class Table:
    """The first ``key`` columns are the key. wins: when a new row replaces the one that is there.

    folds: for tables that take the better half of each row: column → its new value, instead of ``wins``.
    """

    name: str
    columns: tuple[str, ...]
    key: int
    wins: str = ""
    folds: tuple[tuple[str, str], ...] = ()

    @cached_property
    def listed(self) -> str:
        return ", ".join(self.columns)

    @cached_property
    def amounts(self) -> tuple[int, ...]:
        """Places of the columns that hold neither a time nor an event's number."""
        return tuple(at for at, name in enumerate(self.columns) if not name.endswith(("_ms", "seq")))

    @cached_property
    def keys(self) -> str:
        return ", ".join(self.columns[: self.key])

    @cached_property
    def replaces(self) -> str:
        """What follows the rows of an insert."""
        if not self.wins and not self.folds:
            return ""
        plain = tuple((each, f"excluded.{each}") for each in self.columns[self.key :])
        settings = ", ".join(f"{column} = {value}" for column, value in self.folds or plain)
        where = f" where {self.wins.format(table=self.name)}" if self.wins else ""
        return f" on conflict ({self.keys}) do update set {settings}{where}"

    @cached_property
    def insert(self) -> str:
        """For one row whose key is free."""
        marks = ", ".join("?" * len(self.columns))
        return f"insert into {self.name} ({self.listed}) values ({marks})"


def table(name: str, columns: str, *, key: int, wins: str = "") -> Table:
    """columns: their names, parted by blanks."""
    return Table(name, tuple(columns.split()), key, wins)


class Entry(NamedTuple):
    """One row, and the rows of other tables that come and go with it: their first columns are its key."""

    table: Table
    row: Row
    parts: tuple[tuple[Table, Sequence[Row]], ...] = ()


def best(entries: Iterable[Entry]) -> list[Entry]:
    """For each key the entry that stands against the others, in the order of the keys.

    Only for tables with ``wins``. The order keeps two workers from waiting for each other.
    """
    found: dict[Row, Entry] = {}
    for entry in entries:
        key = entry.row[: entry.table.key]
        other = found.get(key)
        if other is None or _beats(entry, other):
            found[key] = entry
    return [found[key] for key in sorted(found)]


def _beats(entry: Entry, other: Entry) -> bool:
    columns = entry.table.columns
    seq = columns.index("seq")
    if entry.table.wins == LATEST:
        return bool(entry.row[seq] > other.row[seq])
    inc = columns.index("inc")
    return bool((entry.row[inc], entry.row[seq]) < (other.row[inc], other.row[seq]))
