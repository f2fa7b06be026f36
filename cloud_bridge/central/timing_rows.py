"""Puts worked-out times into the projections' rows; what they are is ``timing``'s to say.

It belongs behind the gate, when a batch's events and rows are written: then everything is there that any
worker wrote before, and the outcome is the same whatever order events came in.
"""

from collections.abc import Iterable, Sequence

import msgspec

from cloud_bridge import feed
from cloud_bridge.central.database import Connection
from cloud_bridge.central.standing import epoch_ms
from cloud_bridge.central.table import FIRST, Entry, Row, table
from cloud_bridge.central.timing import BY_CLK, Anchor, Span, Timed, corrected, estimates, lag_of

CLOCK_UNSET = table("clock_unset", "counter inc seq boot mono_ms raw_ms projection", key=3, wins=FIRST)
CLOCK_SYNC = table("clock_sync", "counter inc seq boot mono_ms wall_ms before_ms source", key=3, wins=FIRST)
CLOCK_BOOT = table("clock_boot", "counter inc boot timed told", key=3)

TABLES = """
create table clock_unset (
    counter text not null, inc text not null, seq integer not null, boot text not null,
    mono_ms integer not null, raw_ms integer not null, projection text not null,
    primary key (counter, inc, seq)
) strict, without rowid;
create index clock_unset_by_boot on clock_unset (counter, inc, boot);
create table clock_sync (
    counter text not null, inc text not null, seq integer not null, boot text not null,
    mono_ms integer not null, wall_ms integer not null, before_ms integer not null, source text not null,
    primary key (counter, inc, seq)
) strict, without rowid;
create table clock_boot (
    counter text not null, inc text not null, boot text not null, timed text not null, told text not null,
    primary key (counter, inc, boot)
) strict, without rowid;
alter table sale add column timed text not null default 'CLOCK';
alter table session add column timed text not null default 'CLOCK';
alter table stock_move add column timed text not null default 'CLOCK';
alter table refund add column timed text not null default 'CLOCK';
alter table quota_entry add column timed text not null default 'CLOCK';
alter table restock add column timed text not null default 'CLOCK';
create index quota_entry_by_event on quota_entry (counter, inc, seq)
"""

TIMES = {
    "sale": "closed_ms",
    "session": "closed_ms",
    "restock": "closed_ms",
    "stock_move": "at_ms",
    "refund": "at_ms",
    "quota_entry": "at_ms",
}
"""Projection → the column of its time; all have ``timed`` as their last column."""
AT_ONCE = 200
LONGEST_MS = 2**46
"""Since a boot; a monotonic clock that shows more is none."""
FIRST_MS, LAST_MS = 0, 253_402_300_799_999
"""From 1970 to the end of 9999."""

Stream = tuple[str, str]


class _Mono(msgspec.Struct):
    mono_ms: int


def timed(counter: str, event: feed.Envelope, entry: Entry | None) -> tuple[Entry | None, list[Entry]]:
    """``entry`` with its time and how sure it is; and what is noted of the clock, for ``settle``.

    Raises ValueError on a time that is none.
    """
    event_ms, lag = epoch_ms(event.time), 0
    projection = "" if entry is None or entry.table.name not in TIMES else entry.table.name
    if entry is not None and projection:
        at = entry.table.columns.index(TIMES[projection])
        lag = lag_of(event_ms, entry.row[at])
        how = BY_CLK.get(event.clk, Timed.ESTIMATE).value
        entry = Entry(entry.table, (*entry.row[:at], event_ms - lag, *entry.row[at + 1 :], how), entry.parts)
    mono_ms = None if event.clk in (1, 2) else _mono_of(event)
    if mono_ms is None or not 0 <= mono_ms <= LONGEST_MS:
        return entry, []
    row = (counter, event.inc, event.seq, event.boot, mono_ms - lag, event_ms - lag, projection)
    return entry, [Entry(CLOCK_UNSET, row)]


def synced(counter: str, event: feed.Envelope, fact: feed.ClockSync) -> Entry | None:
    """The moment at which a clock was set; None where it is trusted no more than before."""
    if event.clk not in (1, 2) or not 0 <= fact.mono_ms <= LONGEST_MS:
        return None
    row = (counter, event.inc, event.seq, event.boot, fact.mono_ms)
    return Entry(CLOCK_SYNC, (*row, epoch_ms(fact.after), epoch_ms(fact.before), fact.source))


def _mono_of(event: feed.Envelope) -> int | None:
    try:
        return msgspec.json.decode(event.data, type=_Mono).mono_ms
    except feed.BAD_JSON:
        return None


# --- writing ----------------------------------------------------------------------------------------
def settle(db: Connection, streams: Iterable[Stream], entries: Iterable[Entry]) -> None:
    """Work out the times of ``streams``, of which ``entries`` are new."""
    fresh: dict[Stream, dict[str, list[Row]]] = {}
    for entry in entries:
        if entry.table in (CLOCK_UNSET, CLOCK_SYNC):
            rows = fresh.setdefault(entry.row[:2], {}).setdefault(entry.row[3], [])
            rows += [entry.row] if entry.table is CLOCK_UNSET else []
    for stream in sorted({*fresh, *_unset(db, list(streams))}):
        _Settling(db, stream).settle(fresh.get(stream, {}))


def settle_all(db: Connection) -> None:
    """Of every counter, when all rows were made anew."""
    for counter, inc in db.execute("select distinct counter, inc from clock_unset order by 1, 2").fetchall():
        _Settling(db, (counter, inc)).settle({})


def _unset(db: Connection, streams: Sequence[Stream]) -> set[Stream]:
    """Those that had an unset clock before."""
    found: set[Stream] = set()
    for start in range(0, len(streams), AT_ONCE):
        some = streams[start : start + AT_ONCE]
        marks = ", ".join(["(?, ?)"] * len(some))
        rows = db.execute(
            f"select distinct counter, inc from clock_boot where (counter, inc) in (values {marks})",
            [value for stream in some for value in stream],
        )
        found |= {(counter, inc) for counter, inc in rows.fetchall()}
    return found


class _Settling:
    """Of one incarnation of one counter."""

    def __init__(self, db: Connection, stream: Stream) -> None:
        self._db, self._stream = db, stream

    def settle(self, fresh: dict[str, list[Row]]) -> None:
        """fresh: by boot, new rows of CLOCK_UNSET; they alone are written where nothing else has changed."""
        asked = "select boot, timed, told from clock_boot where counter = ? and inc = ?"
        before = {boot: (how, told) for boot, how, told in self._db.execute(asked, self._stream).fetchall()}
        for boot, (how, anchors) in self._told().items():
            now = (how.value, msgspec.json.encode([(a.mono_ms, a.wall_ms) for a in anchors]).decode())
            changed = before.get(boot) != now
            self._write(self._rows(boot) if changed else fresh.get(boot, []), how, anchors)
            if changed:
                self._db.execute(
                    "insert into clock_boot (counter, inc, boot, timed, told) values (?, ?, ?, ?, ?)"
                    " on conflict (counter, inc, boot) do update set timed = excluded.timed,"
                    " told = excluded.told",
                    (*self._stream, boot, *now),
                )

    def _told(self) -> dict[str, tuple[Timed, list[Anchor]]]:
        """Of each boot with events of an unset clock: how their times are known, and by what."""
        boots = self._db.execute(
            "select boot, min(seq), max(seq) from clock_unset where counter = ? and inc = ?"
            " group by boot order by 2",
            self._stream,
        ).fetchall()
        synced = self._anchors()
        found: dict[str, tuple[Timed, list[Anchor]]] = {}
        spans: dict[str, Span] = {}
        for boot, first, last in boots:
            known = synced.get(boot) or self._beside(boot, first, last)
            if known:
                found[boot] = Timed.SYNC, known
            else:
                spans[boot] = self._span(first, last)
        for (boot, _), base in zip(spans.items(), estimates(list(spans.values())), strict=True):
            found[boot] = Timed.ESTIMATE, [Anchor(0, base)]
        return found

    def _anchors(self) -> dict[str, list[Anchor]]:
        rows = self._db.execute(
            "select boot, mono_ms, max(wall_ms) from clock_sync where counter = ? and inc = ?"
            " group by boot, mono_ms order by boot, mono_ms",
            self._stream,
        )
        found: dict[str, list[Anchor]] = {}
        for boot, mono_ms, wall_ms in rows.fetchall():
            found.setdefault(boot, []).append(Anchor(int(mono_ms), int(wall_ms)))
        return found

    def _beside(self, boot: str, first: int, last: int) -> list[Anchor]:
        """Of a counter that tells of no sync: its next events of a set clock in the same boot."""
        events = (self._sure(first, "<", "desc"), self._sure(last, ">", "asc"))
        monos = [(_mono_of(each), each) for each in events if each is not None and each.boot == boot]
        return [Anchor(mono, epoch_ms(each.time)) for mono, each in monos if mono is not None]

    def _span(self, first: int, last: int) -> Span:
        rows = [self._row(first), self._row(last)]
        before, after = self._sure(first, "<", "desc"), self._sure(last, ">", "asc")
        (first_mono, _, _), (last_mono, last_raw, _) = rows
        return Span(
            first_mono=first_mono,
            last_mono=last_mono,
            base_ms=last_raw - last_mono,
            high_ms=min(epoch_ms(received) - mono for mono, _, received in rows),
            not_before=None if before is None else epoch_ms(before.time),
            not_after=None if after is None else epoch_ms(after.time),
        )

    def _row(self, seq: int) -> tuple[int, int, str]:
        asked = (
            "select u.mono_ms, u.raw_ms, e.received from clock_unset u join raw_event e"
            " on e.counter = u.counter and e.inc = u.inc and e.seq = u.seq"
            " where u.counter = ? and u.inc = ? and u.seq = ?"
        )
        mono_ms, raw_ms, received = self._db.execute(asked, (*self._stream, seq)).fetchone()
        return int(mono_ms), int(raw_ms), received

    def _sure(self, seq: int, side: str, order: str) -> feed.Envelope | None:
        """The nearest event of a set clock on that side of ``seq``."""
        found = self._db.execute(
            f"select e.body from raw_event e where e.counter = ? and e.inc = ? and e.seq {side} ?"
            " and not exists (select 1 from clock_unset u where u.counter = e.counter and u.inc = e.inc"
            f" and u.seq = e.seq) order by e.seq {order} limit 1",
            (*self._stream, seq),
        ).fetchone()
        if found is None:
            return None
        event = feed.decode(found[0])
        return event if event.clk in (1, 2) else None

    def _rows(self, boot: str) -> list[Row]:
        return self._db.execute(
            f"select {CLOCK_UNSET.listed} from clock_unset where counter = ? and inc = ? and boot = ?",
            (*self._stream, boot),
        ).fetchall()

    def _write(self, rows: Iterable[Row], how: Timed, anchors: Sequence[Anchor]) -> None:
        by_table: dict[str, list[Row]] = {}
        for *key, _boot, mono_ms, _raw, projection in rows:
            if projection:
                at = min(max(corrected(mono_ms, anchors), FIRST_MS), LAST_MS)
                row = (at, how.value, *key)
                by_table.setdefault(projection, []).append(row)
        for name, written in sorted(by_table.items()):
            written.sort(key=_key)
            self._db.executemany(
                f"update {name} set {TIMES[name]} = ?, timed = ? where counter = ? and inc = ? and seq = ?",
                written,
            )


def _key(row: Row) -> Row:
    return row[2:]
