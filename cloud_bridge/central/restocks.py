"""Restock documents: events → rows, and rows → what pages and the API show. Idempotent, as ``projections``.

A document is what a supplier's staff signed at a counter; nobody changes it here. Its signer is an opaque
reference, whose name the operator's roster alone knows.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from cloud_bridge import feed
from cloud_bridge.central.database import Connection
from cloud_bridge.central.table import FIRST, Entry, Row, table

RESTOCK = table(
    "restock",
    "counter session inc seq document signer opened_at closed_at closed_ms timed",
    key=2,
    wins=FIRST,
)
RESTOCK_LINE = table(
    "restock_line",
    "counter session line tray sku planned weighed brought pulled pull_reason counted adjusted lies lot"
    " produced_on expires_on reason",
    key=3,
)
_LIST = (
    "select e.id, r.counter, r.session, r.document, r.signer, r.opened_at, r.closed_at, e.received"
    " from raw_event e join restock r using (counter, inc, seq)"
)
_LINES = (
    "select tray, sku, coalesce((select l.name from sale_line l join sale s using (counter, session)"
    " where l.sku = x.sku order by s.closed_ms desc limit 1), ''), planned, weighed, brought, pulled,"
    " pull_reason, counted, adjusted, lies, lot, produced_on, expires_on, reason from restock_line x"
    " where counter = ? and session = ? order by line"
)


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One product on one tray. Pieces, as in ``feed.RestockLine``; lies: what is there afterwards.

    name: what it was called when it was last sold, "": it never was.
    """

    tray: str
    sku: str
    name: str
    planned: int
    weighed: int
    brought: int
    pulled: int
    pull_reason: str
    counted: int | None
    adjusted: int
    lies: int
    lot: str
    produced_on: str | None
    expires_on: str | None
    reason: str

    @property
    def differs(self) -> bool:
        """Whether somebody signed another count than scale and books told."""
        return self.brought != self.weighed or self.adjusted != 0


class Restock(msgspec.Struct, frozen=True, kw_only=True):
    """One signed document. id: order of arrival here, the cursor of the list. Sums are pieces.

    differences: lines on which somebody signed another count than scale and books told.
    """

    id: int
    counter: str
    session: str
    document: str
    signer: str
    opened_at: str
    closed_at: str
    received_at: str
    planned: int
    brought: int
    pulled: int
    differences: int
    lines: tuple[Line, ...]


def finished(counter: str, event: feed.Envelope, done: feed.RestockFinished, closed_ms: int) -> Entry:
    """A document and its lines."""
    row = (
        *(counter, done.session, event.inc, event.seq, done.document, done.signer),
        *(done.opened_at, done.closed_at, closed_ms),
    )
    lines = [_row(counter, done.session, n, line) for n, line in enumerate(done.lines)]
    return Entry(RESTOCK, row, ((RESTOCK_LINE, lines),))


def _row(counter: str, session: str, n: int, line: feed.RestockLine) -> Row:
    return (
        *(counter, session, n, line.tray, line.sku, line.planned, line.weighed, line.brought, line.pulled),
        *(line.pull_reason, line.counted, line.adjusted, line.now, line.lot),
        *(line.produced_on, line.expires_on, line.reason),
    )


def restocks(
    db: Connection, *, counter: str | None = None, limit: int = 50, before: int | None = None
) -> list[Restock]:
    """Newest arrival first. before: ids below it."""
    rows = db.execute(
        _LIST + " where (:counter is null or r.counter = :counter) and (:before is null or e.id < :before)"
        " order by e.id desc limit :limit",
        {"counter": counter, "before": before, "limit": limit},
    ).fetchall()
    return [_restock(db, row) for row in rows]


def restock(db: Connection, session: str) -> Restock | None:
    """The document of that session; None where the centre holds none."""
    row = db.execute(_LIST + " where r.session = ? order by e.id limit 1", (session,)).fetchone()
    return None if row is None else _restock(db, row)


def _restock(db: Connection, row: Sequence[Any]) -> Restock:
    id, counter, session, document, signer, opened_at, closed_at, received = row
    names = [field.name for field in msgspec.structs.fields(Line)]
    lines = tuple(
        Line(**dict(zip(names, each, strict=True))) for each in db.execute(_LINES, (counter, session))
    )
    return Restock(
        id=id,
        counter=counter,
        session=session,
        document=document,
        signer=signer,
        opened_at=opened_at,
        closed_at=closed_at,
        received_at=received,
        planned=sum(line.planned for line in lines),
        brought=sum(line.brought for line in lines),
        pulled=sum(line.pulled for line in lines),
        differences=sum(line.differs for line in lines),
        lines=lines,
    )
