"""How far the raw events may be read by number without ever skipping one. Knows numbers, no contents.

The number of an event is drawn when it is inserted, and shown to others when its transaction commits. With
one writer these are the same order, so every number that can be seen is safe.
"""

from cloud_bridge.central.database import Connection


def settled(db: Connection) -> int:
    """The highest number below which nothing can appear any more; 0 where there is no event."""
    return int(db.execute("select coalesce(max(id), 0) from raw_event").fetchone()[0])
