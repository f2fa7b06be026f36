"""The open doors' baskets as the centre heard them last: one row for each counter, which may be lost.

The worker hears (``LiveBook``) and writes a few times a second; pages read (``latest``), in this process or
in another. Nothing is charged by it.
"""

import re

import msgspec

from cloud_bridge import feed
from cloud_bridge.central.database import Connection
from cloud_bridge.central.presence import NUL

TOPIC = re.compile(rf"counters/({feed.COUNTER_ID.pattern})/live")
MAX_BYTES = 32 * 1024
"""The bridge reads twice as much; a basket of ``MAX_LINES`` long names is a third of it."""
MAX_LINES, MAX_TEXT, MAX_NUMBER = 100, 200, 2**53
FINAL = frozenset({"SETTLED", "EMPTY", "REVIEW", "CANCELLED"})
STATES = FINAL | {"GRANTED", "UNLOCKING", "OPEN", "SETTLING"}

WRITE_EVERY_S = 0.2
MOST_WAITING = 20_000
"""Baskets that wait to be written, one for each counter; at 2 kB each that is 40 MB, and 30,000 counters
do not all have their doors open."""
REORDER_S = 10
"""What the network delays longer than this is lost, so a smaller clock that comes later is of a new boot."""
KEPT_S = 3600
PRUNE_EVERY_S = 60.0

_PUT = (
    "insert into live (counter, session, command, state, mono_ms, body, heard_ms)"
    " values (?, ?, ?, ?, ?, ?, ?) on conflict (counter) do update set"
    " session = excluded.session, command = excluded.command,"
    " state = excluded.state, mono_ms = excluded.mono_ms, body = excluded.body, heard_ms = excluded.heard_ms"
    " where excluded.mono_ms > live.mono_ms or excluded.heard_ms > live.heard_ms + ?"
)


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """The latest basket of a counter. heard_ms: since 1970, by the centre's clock."""

    live: feed.Live
    heard_ms: int


class LiveBook:
    """What came since it was written last: of each counter the latest. One thread's."""

    def __init__(self) -> None:
        self._waiting: dict[str, Heard] = {}
        self._write_at = self._prune_at = 0.0

    def hear(self, topic: str, body: bytes, heard_ms: int) -> bool:
        """Keep it until it is written. False: not this topic, too large, unreadable or out of its bounds."""
        found = TOPIC.fullmatch(topic)
        live = _read(body) if found else None
        if found is None or live is None:
            return False
        before = self._waiting.get(found[1])
        if before is None or _newer(live, heard_ms, before):
            self._waiting[found[1]] = Heard(live=live, heard_ms=heard_ms)
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        return True

    def due(self, now: float) -> float | None:
        """When there is something to write, monotonic seconds; None: nothing waits."""
        return max(now, self._write_at) if self._waiting else None

    def is_due(self, now: float) -> bool:
        return bool(self._waiting) and now >= self._write_at

    def write(self, db: Connection, now: float, now_ms: int) -> None:
        """Inside a transaction. Nothing waits after it, whether that is committed or not."""
        self._write_at = now + WRITE_EVERY_S
        waiting, self._waiting = self._waiting, {}
        db.executemany(_PUT, [_row(counter, each) for counter, each in sorted(waiting.items())])
        if now >= self._prune_at:
            self._prune_at = now + PRUNE_EVERY_S
            db.execute("delete from live where heard_ms < ?", (now_ms - KEPT_S * 1000,))


def latest(db: Connection, counter: str) -> Heard | None:
    """What the open door of ``counter`` held when it was heard last, however long ago that is."""
    row = db.execute("select body, heard_ms from live where counter = ?", (counter,)).fetchone()
    return None if row is None else Heard(live=msgspec.json.decode(row[0], type=feed.Live), heard_ms=row[1])


def open_door(db: Connection, counter: str) -> Heard | None:
    """The basket of a buyer who is at ``counter`` now, as far as it is known; whose it is, is not in it.

    An end that the feed lost is known by the session's own event.
    """
    found = latest(db, counter)
    if found is None or found.live.state in FINAL:
        return None
    ended = "select 1 from session where counter = ? and session = ?"
    return None if db.execute(ended, (counter, found.live.session)).fetchone() else found


def _newer(live: feed.Live, heard_ms: int, than: Heard) -> bool:
    """By the counter's own clock, which begins anew with each boot; as the database decides (``_PUT``)."""
    return live.mono_ms > than.live.mono_ms or heard_ms > than.heard_ms + REORDER_S * 1000


def _row(counter: str, heard: Heard) -> tuple[str | int, ...]:
    live = heard.live
    body = msgspec.json.encode(live).decode()
    return (
        *(counter, live.session, live.command, live.state, live.mono_ms, body, heard.heard_ms),
        REORDER_S * 1000,
    )


def _read(body: bytes) -> feed.Live | None:
    if len(body) > MAX_BYTES or NUL in body:
        return None
    try:
        live = msgspec.json.decode(body, type=feed.Live)
        msgspec.json.encode(live)
    except (*feed.BAD_JSON, UnicodeEncodeError):  # half a character, which no database takes
        return None
    return live if _fits(live) else None


def _fits(live: feed.Live) -> bool:
    texts = [
        live.session,
        live.command,
        *(t for line in live.lines for t in (line.tray, line.sku, line.name)),
    ]
    numbers = [live.mono_ms, live.total_fen, *(n for line in live.lines for n in _numbers(line))]
    return (
        live.state in STATES
        and bool(live.session)
        and len(live.lines) <= MAX_LINES
        and all(len(text) <= MAX_TEXT for text in texts)
        and all(0 <= number < MAX_NUMBER for number in numbers)
    )


def _numbers(line: feed.LiveLine) -> tuple[int, int, int]:
    return line.count, line.price_fen, line.amount_fen
