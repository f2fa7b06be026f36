"""What counters say of themselves beside their numbered events: presence and health. May be lost."""

import re
from collections.abc import Iterable
from datetime import datetime

import msgspec

from cloud_bridge import feed
from cloud_bridge.central.commanding import came_online
from cloud_bridge.central.database import Connection
from cloud_bridge.central.store import Stream
from cloud_bridge.central.table import Table

INC = re.compile(r"[0-9A-Za-z-]{1,64}")
TOPIC = re.compile(rf"counters/({feed.COUNTER_ID.pattern})/(presence|health)")

MOST_SHOWN = 120
"""Characters of a counter's name or place that pages show."""

NUL = b"\\u0000"
"""The one character that PostgreSQL takes in no text; JSON can write it in no other way."""


def note(db: Connection, topic: str, body: bytes, heard: str) -> bool:
    """Write it into ``counter``. False: not one of these topics, or unreadable. heard: RFC 3339 UTC."""
    found = TOPIC.fullmatch(topic)
    if found is None or NUL in body:
        return False
    try:
        if found[2] == "presence":
            now = msgspec.json.decode(body, type=feed.Presence)
            _presence(db, found[1], now, heard)
            if now.online:
                came_online(db, found[1], int(datetime.fromisoformat(heard).timestamp()))
        else:
            health = msgspec.json.decode(body, type=feed.Health)
            if not all(0 <= each < 2**63 for each in (health.backlog, health.parked, health.refused)):
                return False
            _health(db, found[1], health, heard)
    except (*feed.BAD_JSON, OverflowError, UnicodeEncodeError):
        return False
    return True


def born(topic: str, body: bytes) -> Stream | None:
    """Whose ledger came online; None: the message is no such birth, or one that names no ledger."""
    found = birth(topic, body)
    if found is None:
        return None
    inc = found[1].inc or ""
    return Stream(found[0], inc) if INC.fullmatch(inc) else None


def birth(topic: str, body: bytes) -> tuple[str, feed.Presence] | None:
    """Which counter came online, and what it says of itself; None: the message is no such birth."""
    found = TOPIC.fullmatch(topic)
    if found is None or found[2] != "presence":
        return None
    try:
        now = msgspec.json.decode(body, type=feed.Presence)
    except feed.BAD_JSON:
        return None
    return (found[1], now) if now.online else None


HEARD = Table("counter", ("counter", "inc", "heard"), key=1, wins="true")


def heard_from(db: Connection, streams: Iterable[Stream], heard: str) -> None:
    """Events were heard of each; ``inc`` is the ledger that its counter writes now."""
    db.put(HEARD, [(counter, inc, heard) for counter, inc in dict(sorted(streams)).items()])


def _presence(db: Connection, counter: str, now: feed.Presence, heard: str) -> None:
    told = (now.since, now.version, now.boot, *(_short(each) for each in (now.name, now.place, now.hotline)))
    db.execute(
        "insert into counter (counter, online, since, version, boot, name, place, hotline, heard)"
        " values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (counter) do update set online = excluded.online,"
        " since = coalesce(excluded.since, counter.since),"
        " version = coalesce(excluded.version, counter.version),"
        " boot = coalesce(excluded.boot, counter.boot), name = coalesce(excluded.name, counter.name),"
        " place = coalesce(excluded.place, counter.place),"
        " hotline = coalesce(excluded.hotline, counter.hotline), heard = excluded.heard",
        (counter, now.online, *told, heard),
    )


def _short(text: str | None) -> str | None:
    return None if text is None else text[:MOST_SHOWN]


def _health(db: Connection, counter: str, now: feed.Health, heard: str) -> None:
    db.execute(
        "insert into counter (counter, online, backlog, parked, version, clock_off_s, clk, refused, heard)"
        " values (?, 1, ?, ?, ?, ?, ?, ?, ?)"
        " on conflict (counter) do update set backlog = excluded.backlog, parked = excluded.parked,"
        " version = excluded.version, clock_off_s = excluded.clock_off_s, clk = excluded.clk,"
        " heard = excluded.heard,"
        " refused = excluded.refused, refused_told = case when counter.refused_told > excluded.refused"
        " then 0 else counter.refused_told end",
        (counter, now.backlog, now.parked, now.version, *_clock(now, heard), now.refused, heard),
    )


def _clock(now: feed.Health, heard: str) -> tuple[int | None, str]:
    clk = now.engine.clk if now.engine else ""
    return _clock_off_s(now.at, heard), clk if clk in ("unsynced", "synced", "held") else ""


def _clock_off_s(told: str, heard: str) -> int | None:
    """The counter's clock less ours, in whole seconds; what the way took is part of it. None: not told."""
    try:
        off = datetime.fromisoformat(told) - datetime.fromisoformat(heard)
        return round(off.total_seconds())
    except (ValueError, TypeError):  # no time, or one without a zone
        return None
