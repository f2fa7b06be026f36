"""What the trays of one closed session said, for a person who has to decide. Reads only; decides nothing.

It comes from the raw event itself: what the counter sent is what the reviewer sees.
"""

import msgspec
import structlog

from cloud_bridge import feed
from cloud_bridge.central.database import Connection
from edge.curves.labels import Mark
from edge.curves.looks import Lang
from edge.curves.picture import MOST_POINTS, PHONE, REVIEW, Seen, picture

log = structlog.get_logger(__name__)

LISTED = 100
"""Sessions on the list; the page says how many there are."""

_EVENT = (
    "select s.counter, e.body, e.received from session s join raw_event e using (counter, inc, seq)"
    " where s.session = ? order by s.closed_ms limit 1"
)
_WAITING = (
    "select s.counter, e.body, e.received from session s join raw_event e using (counter, inc, seq)"
    " where s.state = 'REVIEW' order by s.closed_ms limit ?"
)
_NAME = (
    "select l.name from sale_line l join sale s using (counter, session) where l.sku = ?"
    " order by s.closed_ms desc limit 1"
)


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """A closed session as its counter told it. names: of every product in it, by SKU."""

    counter: str
    received_at: str
    fact: feed.SessionClosed
    names: dict[str, str]

    @property
    def trays(self) -> list[feed.TrayVerdict]:
        """Those on which something happened: the doubtful ones first."""
        told = [tray for tray in self.fact.trays if tray.verdict != "empty" or tray.curve]
        return sorted(told, key=lambda tray: (tray.verdict != "review", tray.verdict != "charge", tray.tray))

    @property
    def still(self) -> int:
        """How many trays nothing happened on."""
        return len(self.fact.trays) - len(self.trays)


def waiting(db: Connection) -> list[Closed]:
    """The sessions that wait for a person, oldest first; without those that cannot be read (see there)."""
    found = [_closed(db, *row) for row in db.execute(_WAITING, (LISTED,)).fetchall()]
    return [each for each in found if each is not None]


def closed(db: Connection, session: str) -> Closed | None:
    """The session of that id, whatever became of it; None where the centre holds none."""
    row = db.execute(_EVENT, (session,)).fetchone()
    return None if row is None else _closed(db, *row)


def _closed(db: Connection, counter: str, body: bytes, received: str) -> Closed | None:
    """None for an event in a form that this version reads no longer: its row is older than the program."""
    try:
        fact = feed.fact_of(feed.decode(body))
    except feed.Unreadable as error:
        log.warning("evidence_unreadable", counter=counter, why=str(error))
        return None
    assert isinstance(fact, feed.SessionClosed)  # the row was made from it
    skus = {good.sku for tray in fact.trays for good in tray.goods}
    skus |= {good.sku for tray in fact.trays for other in tray.alternatives for good in other.goods}
    return Closed(
        counter=counter, received_at=received, fact=fact, names={sku: _name(db, sku) for sku in skus}
    )


def _name(db: Connection, sku: str) -> str:
    """What it was called when it was last sold; the SKU where it never was."""
    row = db.execute(_NAME, (sku,)).fetchone()
    return str(row[0]) if row else sku


def curve_png(told: Closed, tray: str, *, narrow: bool, dark: bool, lang: Lang) -> bytes | None:
    """The tray's curve with its weights; None where none was sent, or more points than one may have."""
    found = next((each for each in told.fact.trays if each.tray == tray), None)
    if found is None or not 1 <= len(found.curve) <= MOST_POINTS:
        return None
    marks = tuple(Mark(each.t_ds, each.action, each.count) for each in found.events)
    seen = Seen(found.curve, marks, None, found.before_dg, found.after_dg, found.residual_dg)
    return picture(seen, PHONE if narrow else REVIEW, grams=True, dark=dark, lang=lang)
