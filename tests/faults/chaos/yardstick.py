"""Was anything lost, doubled or changed? Ledgers, centre and those who sold are compared row by row."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.faults.chaos.reading import Place, rows

_EVENTS = "SELECT seq, body FROM event ORDER BY seq"
_SALES = "SELECT order_no, total_fen FROM sale ORDER BY order_no"
_LINES = (
    "SELECT s.order_no, l.tray, l.sku, l.count, l.amount_fen FROM sale_line l JOIN sale s ON s.n = l.sale"
    " ORDER BY 1, 2, 3"
)
_STOCK = "SELECT tray, sku, sum(count) FROM stock_movement GROUP BY tray, sku ORDER BY 1, 2"
_THEIR_EVENTS = "SELECT seq, body FROM raw_event WHERE counter = ? ORDER BY seq"
_THEIR_SALES = "SELECT order_no, total_fen FROM sale WHERE counter = ? ORDER BY order_no"
_THEIR_LINES = (
    "SELECT s.order_no, l.tray, l.sku, l.count, l.amount_fen FROM sale_line l JOIN sale s"
    " ON s.counter = l.counter AND s.session = l.session WHERE s.counter = ? ORDER BY 1, 2, 3"
)
_THEIR_STOCK = "SELECT tray, sku, on_hand FROM stock WHERE counter = ? ORDER BY tray, sku"


@dataclass(frozen=True)
class Member:
    """One counter. told: what it was told is committed; None where the simulator is the yardstick."""

    id: str
    data: Path
    told: Path | None = None

    @property
    def ledger(self) -> Path:
        return self.data / "ledger.db"

    def last(self) -> int:
        found = rows(self.ledger, "SELECT last_seq FROM feed")
        return int(found[0][0]) if found else 0


@dataclass(frozen=True)
class Row:
    """One counter in the summary. Events, and sales, told, in the ledger and at the centre."""

    counter: str
    events: int
    arrived: int
    told: int | None
    sold: int
    counted: int
    lost: int
    doubled: int
    differing: int


def compare(member: Member, centre: Place) -> Row:
    """What the ledger says and what the centre made of it."""
    ours = dict(rows(member.ledger, _EVENTS))
    theirs = rows(centre, _THEIR_EVENTS, member.id)
    first = dict(reversed(theirs))
    sales = rows(centre, _THEIR_SALES, member.id)
    return Row(
        member.id,
        len(ours),
        len(theirs),
        len(told(member)) if member.told else None,
        len(rows(member.ledger, _SALES)),
        len(sales),
        lost=len(ours.keys() - first.keys()),
        doubled=len(theirs) - len(first) + len(sales) - len({order for order, _ in sales}),
        differing=sum(1 for seq, body in first.items() if ours.get(seq) != body),
    )


def told(member: Member) -> list[str]:
    """Orders that the writer was told are committed."""
    return member.told.read_text("ascii").split() if member.told and member.told.exists() else []


def problems(member: Member, centre: Place, deaths: int) -> Iterator[str]:
    """What is wrong with one counter, a sentence each. deaths: how often its writer was killed."""
    yield from _of_events(member, centre)
    for name, mine, theirs in (
        ("sales", _SALES, _THEIR_SALES),
        ("lines", _LINES, _THEIR_LINES),
        ("stock", _STOCK, _THEIR_STOCK),
    ):
        at_counter, at_centre = Counter(rows(member.ledger, mine)), Counter(rows(centre, theirs, member.id))
        if missing := at_counter - at_centre:
            yield f"{member.id}: {name}: {len(missing)} not at the centre: {_few(missing)}"
        if extra := at_centre - at_counter:
            yield f"{member.id}: {name}: {len(extra)} only at the centre: {_few(extra)}"
    if member.told:
        sold = {order for order, _ in rows(member.ledger, _SALES)}
        if missing_orders := set(told(member)) - sold:
            yield f"{member.id}: told and not in the ledger: {sorted(missing_orders)}"
        if len(sold) - len(told(member)) > deaths:
            yield f"{member.id}: {len(sold) - len(told(member))} sales never told, {deaths} deaths"


def _of_events(member: Member, centre: Place) -> Iterator[str]:
    """Events lost, doubled or differing, each with what it told of."""
    ours = dict(rows(member.ledger, _EVENTS))
    theirs = rows(centre, _THEIR_EVENTS, member.id)
    times = Counter(seq for seq, _ in theirs)
    differing = [seq for seq, body in theirs if ours.get(seq) != body]
    for what, seqs in (
        ("lost", sorted(ours.keys() - times.keys())),
        ("doubled", sorted(seq for seq, count in times.items() if count > 1)),
        ("differing", sorted(differing)),
    ):
        if seqs:
            yield f"{member.id}: {len(seqs)} {what}: {_few(_named(seq, ours.get(seq)) for seq in seqs)}"


def _named(seq: int, body: str | bytes | None) -> str:
    """An event as people look for it: its number, its type, the order it tells of."""
    if body is None:
        return f"{seq} (not in the ledger)"
    event = json.loads(body)
    order = (event.get("data") or {}).get("order_no") or ""
    return f"{seq} {event.get('type')} {order}".rstrip()


def _few(found: Iterable[object]) -> str:
    listed = [str(each) for each in found]
    return "; ".join(listed[:5]) + ("; …" if len(listed) > 5 else "")


def set_aside(centre: Place) -> Iterator[str]:
    for table in ("conflict", "dead_letter"):
        if found := rows(centre, f"SELECT counter, seq FROM {table}"):
            yield f"the centre has {len(found)} rows in {table}: {found[:5]}"


Check = tuple[tuple[str, ...], Mapping[str, str]]
"""A module with its words, and what it needs in its environment."""


def verified(checks: Sequence[Check]) -> Iterator[str]:
    """A problem for each of the product's own checks, all run at once, that does not end well."""
    running = [
        subprocess.Popen(
            [sys.executable, "-m", *words],
            env={**os.environ, **environ},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        for words, environ in checks
    ]
    for (words, _), process in zip(checks, running, strict=True):
        said = process.communicate()[0]
        if process.returncode:
            yield f"{' '.join(words)}: exit {process.returncode}: {said}"
