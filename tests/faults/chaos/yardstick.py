"""Was anything lost, doubled or changed? Ledgers, centre and those who sold are compared row by row."""

import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.faults.chaos.reading import rows

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


def compare(member: Member, centre: Path) -> Row:
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


def problems(member: Member, centre: Path, deaths: int) -> Iterator[str]:
    """What is wrong with one counter, a sentence each. deaths: how often its writer was killed."""
    row = compare(member, centre)
    if row.lost or row.doubled or row.differing:
        yield f"{member.id}: {row.lost} lost, {row.doubled} doubled, {row.differing} differing"
    for name, mine, theirs in (
        ("sales", _SALES, _THEIR_SALES),
        ("lines", _LINES, _THEIR_LINES),
        ("stock", _STOCK, _THEIR_STOCK),
    ):
        at_counter, at_centre = Counter(rows(member.ledger, mine)), Counter(rows(centre, theirs, member.id))
        if at_counter != at_centre:
            missing, extra = at_counter - at_centre, at_centre - at_counter
            yield f"{member.id}: {name}: {len(missing)} not at the centre, {len(extra)} only there"
    if member.told:
        sold = {order for order, _ in rows(member.ledger, _SALES)}
        if missing_orders := set(told(member)) - sold:
            yield f"{member.id}: told and not in the ledger: {sorted(missing_orders)}"
        if len(sold) - len(told(member)) > deaths:
            yield f"{member.id}: {len(sold) - len(told(member))} sales never told, {deaths} deaths"


def set_aside(centre: Path) -> Iterator[str]:
    for table in ("conflict", "dead_letter"):
        if found := rows(centre, f"SELECT counter, seq FROM {table}"):
            yield f"the centre has {len(found)} rows in {table}: {found[:5]}"


def verified(module: str, *words: str) -> Iterator[str]:
    """A problem where the product's own check does not end well."""
    command = [sys.executable, "-m", module, *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"{' '.join([module, *words])}: exit {done.returncode}: {done.stdout}{done.stderr}"
