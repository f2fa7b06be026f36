"""The worker's look at what is wrong at the centre: gathers signs, keeps the alarms that follow from them.

Any number of workers may look: each writes what it sees, and a state ends when none has seen it for a while.
"""

import sqlite3
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import structlog

from cloud_bridge import feed
from cloud_bridge.central.access_tables import open_access
from cloud_bridge.central.database import Address, Clash, Connection
from cloud_bridge.central.fair import Buckets
from cloud_bridge.central.hook_store import troubles
from cloud_bridge.central.own_alarms import HAPPENED, SEVERITY, Changes, Key, Kind, Row, Sign, changes
from cloud_bridge.central.store import Store
from cloud_bridge.central.twins import Births, birth
from cloud_bridge.wall import now_text
from edge.errors import CannotCreate

LOOK_S = 5.0
SETTLED_S = 660.0
"""Silence is judged once this worker has listened for so long; twice a healthy bridge's longest pause."""

_COLUMNS = "kind, counter, subject, number, active, detail, seen_s"
_ASIDE = (
    "select x.counter, {subject}, max(x.id), count(*) from {table} x where x.id > coalesce("
    "(select max(number) from centre_alarm where kind = :kind), 0) group by x.counter, {subject}"
)

log = structlog.get_logger("centre")

Signs = Callable[[], Iterable[Sign]]


class Watch:
    """``look`` is called each turn, from the worker's thread; it acts every ``LOOK_S``.

    more: signs of what this worker saw itself. hooks: the file of webhooks, where this machine has it.
    """

    def __init__(
        self, store: Store, address: Address, silent_s: int, hooks: Path | None, more: Sequence[Signs] = ()
    ) -> None:
        self._store, self._address, self._hooks = store, address, hooks
        self._silent_s, self._more = silent_s, more
        self._next = 0.0
        self._up_at: float | None = None
        self._access: Connection | None = None
        self._births = Births()

    def born(self, counter: str, what: feed.Presence, now: float) -> None:
        """A counter said that it is there. now: monotonic seconds."""
        self._births.note(counter, birth(now, what))

    def look(self, now: float, now_s: int, *, up: bool) -> bool:
        """Whether something changed. now: monotonic seconds; now_s: since 1970; up: the broker is there."""
        self._up_at = (now if self._up_at is None else self._up_at) if up else None
        if now < self._next:
            return False
        self._next = now + LOOK_S
        settled = self._up_at is not None and now - self._up_at >= SETTLED_S
        db = self._store.db
        signs = [*_aside(db), *_refused(db), *self._silent(now_s, settled), *self._of_hooks()]
        signs += [Sign(Kind.TWO_COUNTERS, *each) for each in _told(self._births.twins(now))]
        signs += [each for more in self._more for each in more()]
        kept = _kept(db)
        found = changes(signs, kept, self._acked(kept), now_s)
        if found:
            try:
                with self._store.transaction():
                    _write(db, found, now_text())
            except Clash:  # another worker writes the same; the next look sees what came of it
                return False
            _tell(found)
        return bool(found)

    def close(self) -> None:
        if self._access is not None:
            self._access.close()

    def _silent(self, now_s: int, settled: bool) -> list[Sign]:
        before = datetime.fromtimestamp(now_s, UTC) - timedelta(seconds=self._silent_s)
        text = before.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        rows = self._store.db.execute(
            "select counter, heard from counter where heard < ?", (text,)
        ).fetchall()
        return [Sign(Kind.SILENT_COUNTER, name, detail=heard, raises=settled) for name, heard in rows]

    def _of_hooks(self) -> list[Sign]:
        found = troubles(self._hooks) if self._hooks else []
        return [
            Sign(Kind.WEBHOOK_DISABLED if each.disabled else Kind.WEBHOOK_REFUSED, "", each.name, each.why)
            for each in found
        ]

    def _acked(self, kept: Iterable[Row]) -> frozenset[Key]:
        """Of what happened and stands: what somebody has acknowledged."""
        waiting = [row for row in kept if row.active and row.kind in HAPPENED]
        if not waiting:
            return frozenset()
        try:
            return self._seen_of(waiting)
        except (sqlite3.OperationalError, CannotCreate) as error:  # somebody writes it just now; next time
            log.warning("acknowledgements_unreadable", why=str(error))
            return frozenset()

    def _seen_of(self, waiting: Iterable[Row]) -> frozenset[Key]:
        if self._access is None:
            self._access = open_access(self._address)
        asked = (
            "select 1 from alarm_ack where counter = ? and inc = '' and kind = ? and subject = ? and seq = ?"
        )
        return frozenset(
            row.key
            for row in waiting
            if self._access.execute(asked, (row.counter, row.kind.value, row.subject, row.number)).fetchone()
        )


def floods(buckets: Buckets, worker: str, now: float) -> list[Sign]:
    """Counters that this worker holds back. now: monotonic seconds."""
    return [Sign(Kind.FLOOD, name, worker, f"> {buckets.per_s}/s") for name in buckets.floods(now)]


def _told(twins: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    return ((counter, "", detail) for counter, detail in twins.items())


def _aside(db: Connection) -> list[Sign]:
    """What was set aside since the last alarm about it. Ids are given in the order of commits."""
    found = []
    for kind, table, subject in (
        (Kind.CONFLICT, "conflict", "x.inc"),
        (Kind.DEAD_LETTER, "dead_letter", "x.code"),
    ):
        rows = db.execute(_ASIDE.format(table=table, subject=subject), {"kind": kind.value}).fetchall()
        found += [Sign(kind, name, about, f"+{count}", int(last)) for name, about, last, count in rows]
    return found


def _refused(db: Connection) -> list[Sign]:
    rows = db.execute("select counter, refused from counter where refused > refused_told").fetchall()
    return [Sign(Kind.COMMANDS_REFUSED, name, detail=str(count)) for name, count in rows]


def _kept(db: Connection) -> list[Row]:
    names = ", ".join(f"'{kind}'" for kind in sorted(HAPPENED))
    rows = db.execute(f"select {_COLUMNS} from centre_alarm where active = 1 or kind in ({names})").fetchall()
    return [
        Row(Kind(kind), counter, subject, int(number), bool(active), detail, int(seen_s))
        for kind, counter, subject, number, active, detail, seen_s in rows
    ]


def _write(db: Connection, found: Changes, at: str) -> None:
    for row in found.raised:
        db.execute(
            f"insert into centre_alarm ({_COLUMNS}, severity, at) values (?, ?, ?, ?, 1, ?, ?, ?, ?)"
            " on conflict (counter, kind, subject) do update set number = excluded.number, active = 1,"
            " detail = excluded.detail, seen_s = excluded.seen_s, at = excluded.at",
            (*_where(row), row.number, row.detail, row.seen_s, SEVERITY[row.kind], at),
        )
        if row.kind is Kind.COMMANDS_REFUSED:
            db.execute(
                "update counter set refused_told = ? where counter = ?", (int(row.detail), row.counter)
            )
    for row in found.seen:
        db.execute(
            "update centre_alarm set detail = ?, seen_s = ? where kind = ? and counter = ? and subject = ?",
            (row.detail, row.seen_s, *_where(row)),
        )
    for row in found.cleared:
        db.execute(
            "update centre_alarm set active = 0 where kind = ? and counter = ? and subject = ?"
            " and number = ?",
            (*_where(row), row.number),
        )


def _where(row: Row) -> tuple[str, str, str]:
    return row.kind.value, row.counter, row.subject


def _tell(found: Changes) -> None:
    for row in found.raised:
        log.error("centre_alarm", alarm=True, kind=row.kind, counter=row.counter, subject=row.subject)
    for row in found.cleared:
        log.info("centre_alarm_over", kind=row.kind, counter=row.counter, subject=row.subject)
