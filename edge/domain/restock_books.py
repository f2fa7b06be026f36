"""What a signed sheet books: movements with their lots, the document's lines, the law's records. Pure."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date

from edge.domain.records import Intake, Movement, RestockLine
from edge.domain.restock import OFF_SHELF, WRITTEN_OFF, Row
from edge.domain.stock import NO_LOT, Books, Lot, books_with


def booked_by(rows: Iterable[Row]) -> tuple[Movement, ...]:
    """Everything that a signed sheet books, row by row."""
    return tuple(moved for row in rows for moved in _moved(row))


def _moved(row: Row) -> Iterator[Movement]:
    tray, sku = row.place
    books = books_with({row.place: row.lots})
    if row.home.to is not None:
        for gone in books.take(tray, sku, "MISPLACED", -row.home.count, f"lies on {row.home.to}"):
            yield gone
            yield replace(gone, tray=row.home.to, count=-gone.count, reason=f"from {tray}")
    for gone in _pulls(row, books):
        yield gone
        if row.pull_reason in WRITTEN_OFF:
            yield replace(gone, tray=OFF_SHELF, count=-gone.count, reason=f"from {tray}")
            yield replace(gone, tray=OFF_SHELF, kind="WRITE_OFF")
    if row.brought:
        lot = row.lot or NO_LOT
        brought = Movement(
            tray, sku, "RESTOCK", row.brought, row.reason, lot.name, lot.produced_on, lot.expires_on
        )
        books.book(brought, None)
        yield brought
    if row.counted_off > 0:
        held = books.lots.get(row.place, ())
        newest = held[-1].lot if held else row.lot or NO_LOT
        found = row.counted_off, row.reason, newest.name, newest.produced_on, newest.expires_on
        yield Movement(tray, sku, "ADJUST", *found)
    elif row.counted_off < 0:
        yield from books.take(tray, sku, "ADJUST", -row.counted_off, row.reason)


def _pulls(row: Row, books: Books) -> Iterator[Movement]:
    """What had to go goes first, the rest by its date."""
    tray, sku = row.place
    left = row.pulled
    for held in row.doomed.lots:
        gone, lot = min(left, held.count), held.lot
        left -= gone
        if gone:
            moved = Movement(
                tray, sku, "PULL_OFF", -gone, row.pull_reason, lot.name, lot.produced_on, lot.expires_on
            )
            books.book(moved, None)
            yield moved
    if left:
        yield from books.take(tray, sku, "PULL_OFF", left, row.pull_reason)


def lines_of(rows: Iterable[Row]) -> tuple[RestockLine, ...]:
    """The document's lines: every row that was planned or touched."""
    return tuple(_line(row) for row in rows if row.touched or row.wanted)


def intake_of(rows: Iterable[Row], today: date) -> tuple[Intake, ...]:
    """What the food law wants to be kept of everything that was brought. today: the local day."""
    return tuple(_intake(row, row.lot or NO_LOT, today) for row in rows if row.brought)


def _intake(row: Row, lot: Lot, today: date) -> Intake:
    product = row.product
    return Intake(
        sku=product.sku,
        name=product.name_zh,
        spec=product.spec,
        qty=row.brought,
        lot=lot.name,
        produced_on=lot.produced_on,
        shelf_life_days=product.shelf_life_days,
        expires_on=lot.expires_on,
        taken_in_on=today,
        supplier=product.supplier,
        supplier_address="",
        supplier_contact="",
        document=product.cert_no,
    )


def _line(row: Row) -> RestockLine:
    lot = row.lot if row.brought else None
    return RestockLine(
        tray=row.facing.tray,
        sku=row.facing.sku,
        planned=row.wanted,
        weighed=row.weighed,
        brought=row.brought,
        pulled=row.pulled,
        pull_reason=row.pull_reason if row.pulled else "",
        counted=row.counted,
        adjusted=row.counted_off,
        now=row.now,
        lot=lot.name if lot else "",
        produced_on=lot.produced_on if lot else None,
        expires_on=lot.expires_on if lot else None,
        reason=row.reason,
    )
