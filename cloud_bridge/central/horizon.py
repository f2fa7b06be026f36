"""How far the raw events may be read by number without ever skipping one. Knows numbers, no contents.

The number of an event is drawn when it is inserted, and seen by others when its transaction commits. With one
writer (SQLite) these are the same order. With several (PostgreSQL) number 7 may be seen before 6, and a
reader who went on to 7 would never get 6. So whoever is about to draw numbers says up to which
none will be his, by a shared advisory lock that holds no one up and ends with his transaction; readers stop
at the lowest.
"""

from cloud_bridge.central.database import Connection

_TAG = 0x6665
"""In the upper 16 bits of our locks' keys; below it the number. Any tag will do that nobody else uses."""
_DRAWN = "select case when is_called then last_value else 0 end from raw_event_id"
_ANNOUNCE = f"select pg_advisory_xact_lock_shared((cast({_TAG} as bigint) << 48) | ({_DRAWN}))"
_LOWEST = (
    "select min(((cast(classid as bigint) & 65535) << 32) | cast(objid as bigint)) from pg_locks"
    " where locktype = 'advisory' and objsubid = 1 and cast(classid as bigint) >> 16 = ?"
    " and database = (select oid from pg_database where datname = current_database())"
)


def announce(db: Connection) -> None:
    """Inside a transaction, before it stores its first event."""
    if db.many_writers:
        db.execute(_ANNOUNCE)


def settled(db: Connection) -> int:
    """The number up to which nothing can appear any more; 0 where there is no event.

    Outside a transaction, and asked before the events are read. First the last number drawn, then the locks:
    whoever drew up to it and is not done holds one, and whoever is done is seen by the next question.
    """
    if not db.many_writers:
        return int(db.execute("select coalesce(max(id), 0) from raw_event").fetchone()[0])
    drawn = int(db.execute(_DRAWN).fetchone()[0])
    lowest = db.execute(_LOWEST, (_TAG,)).fetchone()[0]
    return drawn if lowest is None else min(drawn, int(lowest))
