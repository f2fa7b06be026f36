"""What the last event of a kind said. It knows the events' bytes and changes nothing."""

from sqlite_utils import Database

from cloud_bridge import feed

_LAST = "SELECT body FROM event WHERE type = ? ORDER BY seq DESC LIMIT 1"

_LATELY = "SELECT body FROM (SELECT type, body, seq FROM event ORDER BY seq DESC LIMIT 2000) WHERE type = ?"
"""Without an index on types a whole ledger would be read where there is none."""


def last_clock(db: Database) -> feed.ClockSync | None:
    """The last word on a clock that can be trusted; None: none of late."""
    for (body,) in db.execute(_LATELY, (feed.TYPES[feed.ClockSync],)):
        event = feed.decode(body)
        fact = feed.fact_of(event)
        if event.clk and isinstance(fact, feed.ClockSync):
            return fact
    return None


def last_planogram(db: Database) -> str | None:
    """The version of the planogram that was applied last; None: none ever was."""
    row = db.execute(_LAST, (feed.TYPES[feed.PlanogramApplied],)).fetchone()
    if row is None:
        return None
    fact = feed.fact_of(feed.decode(row[0]))
    assert isinstance(fact, feed.PlanogramApplied)
    return fact.version
