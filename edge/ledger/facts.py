"""What the last event of a kind said. It knows the events' bytes and changes nothing."""

from sqlite_utils import Database

from cloud_bridge import feed

_LAST = "SELECT body FROM event WHERE type = ? ORDER BY seq DESC LIMIT 1"


def last_planogram(db: Database) -> str | None:
    """The version of the planogram that was applied last; None: none ever was."""
    row = db.execute(_LAST, (feed.TYPES[feed.PlanogramApplied],)).fetchone()
    if row is None:
        return None
    fact = feed.fact_of(feed.decode(row[0]))
    assert isinstance(fact, feed.PlanogramApplied)
    return fact.version
