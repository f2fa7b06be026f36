"""What one worker does for all: a duty is claimed for a while, and goes to another when its holder is gone.

Two clocks that differ may give two workers a duty for a moment, so it has to be harmless when done twice.
"""

from cloud_bridge.central.database import Connection


def claimed(db: Connection, name: str, holder: str, now: int, lease_s: int) -> bool:
    """Whether ``holder`` has the duty until ``now + lease_s`` (seconds since 1970); inside a transaction."""
    done = db.execute(
        "insert into duty (name, holder, until) values (?, ?, ?) on conflict (name) do update"
        " set holder = excluded.holder, until = excluded.until"
        " where duty.holder = excluded.holder or duty.until <= ?",
        (name, holder, now + lease_s, now),
    )
    return done.rowcount == 1
