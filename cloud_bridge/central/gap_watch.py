"""The worker's part in gaps: finds them in the tables, has the counters asked, keeps what stays missing.

One worker does it for all of them (``duty``). What to do is ``gaps``'s to decide.
"""

from collections.abc import Callable
from random import Random

import structlog

from cloud_bridge.central.commanding import Issuer
from cloud_bridge.central.database import Clash, Connection
from cloud_bridge.central.duty import claimed
from cloud_bridge.central.gaps import Kept, Open, Patience, plan
from cloud_bridge.central.own_alarms import Kind, Sign
from cloud_bridge.central.store import Store, Stream, covered

DUTY = "gaps"
TICKS_OF_LEASE = 4
"""So many looks its holder may miss before another worker takes over."""

_OPEN = (
    "select s.counter, s.inc, m.hi + 1, s.last_seq, coalesce(c.online, 0),"
    " case when c.inc = s.inc then 1 else 0 end"
    " from stream s join mark m on m.counter = s.counter and m.inc = s.inc and m.hi < s.last_seq"
    " left join counter c on c.counter = s.counter"
)
_COLUMNS = "counter, inc, first, top, seen_at, next_at, asks, alarm, alarm_at"

log = structlog.get_logger("centre.gaps")


class GapWatch:
    """``look`` is called each turn or so, from the worker's thread; it acts once in ``tick_s``."""

    def __init__(
        self,
        store: Store,
        issuer: Callable[[], Issuer | None],
        holder: str,
        random: Random,
        patience: Patience,
        tick_s: int,
    ) -> None:
        self._store, self._issuer, self._holder = store, issuer, holder
        self._random, self._patience, self._tick_s = random, patience, tick_s
        self._next = 0

    def look(self, now: int) -> int:
        """Ask whom it is time to ask; how many. now: seconds since 1970. A transaction of its own."""
        if self._next - self._tick_s <= now < self._next:
            return 0  # also where the clock was set back it is looked at again
        self._next = now + self._tick_s
        try:
            with self._store.transaction() as db:
                if not claimed(db, DUTY, self._holder, now, TICKS_OF_LEASE * self._tick_s):
                    return 0
                asked, told = self._done(db, now)
        except Clash:  # another worker took the duty at this moment
            return 0
        for event, fields in told:
            log.info(event, **fields)
        return asked

    def _done(self, db: Connection, now: int) -> tuple[int, list[tuple[str, dict[str, object]]]]:
        found, before = opened(db), kept(db)
        if not found and not before:
            return 0, []
        issuer = self._issuer()
        what = plan(found, before, now, self._random, self._patience, signs=issuer is not None)
        for stream in what.closed:
            db.execute("delete from gap where counter = ? and inc = ?", (stream.counter, stream.inc))
        put(db, what.keep)
        told: list[tuple[str, dict[str, object]]] = []
        for row in what.ask:
            assert issuer is not None
            last = _last_missing(db, row, self._patience.span)
            if id := issuer.resend(db, row.stream.counter, row.stream.inc, row.first, last, now):
                told.append(("gap_asked", {**_where(row), "last": last, "id": id, "asks": row.asks}))
        for row in what.raised:
            told.append(("gap_stays", {**_where(row), "why": row.alarm, "asks": row.asks}))
        told += [("gap_filled", {"counter": s.counter, "inc": s.inc}) for s in what.closed]
        return len(what.ask), told


def opened(db: Connection) -> list[Open]:
    """Every stream in which numbers are missing below one that was read."""
    rows = db.execute(_OPEN).fetchall()
    return [Open(Stream(c, i), first, top, bool(here), bool(now)) for c, i, first, top, here, now in rows]


def kept(db: Connection) -> dict[Stream, Kept]:
    """What is remembered of gaps, by stream."""
    rows = db.execute(f"select {_COLUMNS} from gap").fetchall()
    return {Stream(counter, inc): Kept(Stream(counter, inc), *rest) for counter, inc, *rest in rows}


def gap_signs(db: Connection) -> list[Sign]:
    """What stays missing, for the centre's own alarms."""
    rows = db.execute("select counter, inc, first, alarm from gap where alarm <> ''").fetchall()
    return [Sign(Kind.GAP, counter, inc, f"{first}… {why}") for counter, inc, first, why in rows]


def put(db: Connection, rows: tuple[Kept, ...]) -> None:
    """Inside a transaction."""
    settings = ", ".join(f"{name} = excluded.{name}" for name in _COLUMNS.split(", ")[2:])
    db.executemany(
        f"insert into gap ({_COLUMNS}) values (?, ?, ?, ?, ?, ?, ?, ?, ?)"
        f" on conflict (counter, inc) do update set {settings}",
        [
            (
                *(each.stream.counter, each.stream.inc, each.first, each.top, each.seen, each.next),
                *(each.asks, each.alarm, each.alarm_at),
            )
            for each in rows
        ],
    )


def _last_missing(db: Connection, row: Kept, span: int) -> int:
    """The highest number missing within ``span`` of the first: one request covers all gaps up to there."""
    end = row.first + span - 1
    gaps = [low_high for low_high in covered(db, row.stream).gaps() if low_high[0] <= end]
    return min(gaps[-1][1], end) if gaps else row.first


def _where(row: Kept) -> dict[str, object]:
    return {"counter": row.stream.counter, "inc": row.stream.inc, "first": row.first}
