"""Takes a change of what was learnt back, by a row that says so. For a stopped counter's ledger."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from edge.domain.catalogue import Catalogue
from edge.domain.values import Instant
from edge.errors import BadInput
from edge.ledger.calibrations import Calibrated, Known
from edge.ledger.ledger import Ledger
from edge.upkeep.calibration_rows import declared_of, observation, of_lot
from edge.weighing.learning import replayed, unlearnt


def undo(ledger: Ledger, catalogue: Catalogue, n: int, now: Instant) -> Calibrated:
    """Take row ``n`` back: what its lot or tray would be known as without it. Gives the row that says so.

    ``n`` may itself be an undoing, which is then taken back. Raises BadInput where there is no such row,
    where it is undone already, or while a session is unfinished (it must keep the weights it began with).
    """
    rows = ledger.calibrations()
    row = next((each for each in rows if each.n == n), None)
    if row is None:
        raise BadInput(f"calibration {n}: there is no such row; see counter calibrate history")
    if by := next((each.n for each in rows if each.undoes == n and each.n in standing(rows)), None):
        raise BadInput(f"calibration {n}: undone by {by} already; undo {by} to have it again")
    if ledger.unfinished() is not None:
        raise BadInput("a door session is unfinished: run the counter until it is settled, then undo")
    same = [each for each in rows if _subject(each) == _subject(row)]
    undoing = replace(same[-1], why="undone", old=same[-1].new, undoes=n, seen=None, session=None)
    new = _without([*same, replace(undoing, n=rows[-1].n + 1)], catalogue)
    ledger.calibrate([replace(undoing, new=new)], now)
    return ledger.calibrations()[-1]


def standing(rows: Iterable[Calibrated]) -> frozenset[int]:
    """Numbers of the rows that nothing undoes; an undoing that was undone itself undoes nothing."""
    undone: set[int] = set()
    numbers = []
    for row in sorted(rows, key=lambda each: -each.n):
        if row.n in undone:
            continue
        numbers.append(row.n)
        if row.undoes is not None:
            undone.add(row.undoes)
    return frozenset(numbers)


def _without(rows: list[Calibrated], catalogue: Catalogue) -> Known:
    """What is known by the rows of one lot, or one tray, that still stand."""
    stand = standing(rows)
    kept = [row for row in rows if row.n in stand and row.undoes is None]
    if rows[0].kind == "ZERO":
        return kept[-1].new if kept else Known()
    sku, lot = rows[0].sku, rows[0].lot
    known = declared_of(catalogue.products.get(sku))
    if known is None:
        raise BadInput(f"{sku}: not in the catalogue, or without a spread; its history cannot be worked out")
    seen = [(datetime.fromisoformat(row.at), observation(row)) for row in kept]
    changes = replayed(known, lot, seen)
    return of_lot(changes[-1].new if changes else unlearnt(known, lot))


def _subject(row: Calibrated) -> tuple[str, ...]:
    return (row.sku, row.lot) if row.kind == "UNIT" else (row.tray,)
