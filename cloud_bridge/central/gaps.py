"""Decides which counters are asked for missing numbers now, and what has been missing too long. Pure.

A bridge fills its gaps by itself within a minute: it knows them by the acks. What is still missing then was
forgotten at the counter, or lost behind an ack that never came, and the centre has to ask. A number counts
as missing once a higher one was read; what a counter has not sent yet is its backlog and no gap.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from random import Random

from cloud_bridge.central.store import Stream

NO_KEY = "NO_KEY"
OTHER_LEDGER = "OTHER_LEDGER"
AWAY = "AWAY"
ASKED = "ASKED"
"""Why a gap is an alarm: nothing to sign with; the counter writes another ledger now; it has not been here;
it was asked so often in vain."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Times in seconds. grace_s: the bridge's own turn; its longest back-off is 60 s.

    again_s: after the first request in vain, doubled each time up to longest_s. asks: in vain, then it is an
    alarm, and asked for once in rarely_s. away_s: of a counter that does not come. per_tick: requests of one
    look over all counters, so that a lost table starts no storm. span: numbers of one request.
    """

    grace_s: int = 90
    again_s: int = 120
    longest_s: int = 3600
    asks: int = 6
    rarely_s: int = 86_400
    away_s: int = 86_400
    per_tick: int = 20
    span: int = 1000


@dataclass(frozen=True, slots=True)
class Open:
    """A stream with numbers missing: the first of them, and the highest number known.

    here: its counter is online. current: that counter writes this ledger, so it can send them again.
    """

    stream: Stream
    first: int
    top: int
    here: bool
    current: bool


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a gap. Times in seconds since 1970.

    seen: since when this first number is missing. next: when to look at it again. alarm: why, "": none.
    """

    stream: Stream
    first: int
    top: int
    seen: int
    next: int
    asks: int = 0
    alarm: str = ""
    alarm_at: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """keep: rows to write. ask: whom, a subset of them. raised: gaps that became alarms. closed: filled."""

    keep: tuple[Kept, ...]
    ask: tuple[Kept, ...]
    raised: tuple[Kept, ...]
    closed: tuple[Stream, ...]


def plan(
    found: Iterable[Open],
    kept: Mapping[Stream, Kept],
    now: int,
    random: Random,
    patience: Patience,
    *,
    signs: bool = True,
) -> Plan:
    """What to do at ``now``. found: all open gaps. signs: there is a key to sign requests with."""
    keep: list[Kept] = []
    ask: list[Kept] = []
    raised: list[Kept] = []
    streams: set[Stream] = set()
    for gap in sorted(found, key=lambda each: kept[each.stream].next if each.stream in kept else now):
        streams.add(gap.stream)
        before = kept.get(gap.stream)
        row = _seen(gap, before, now, patience)
        why = "" if row.alarm else _hopeless(gap, row, now, patience, signs)
        if why:
            row = replace(row, alarm=why, alarm_at=now)
            raised.append(row)
        may = gap.here and gap.current and signs and now >= row.next
        if may and len(ask) < patience.per_tick:
            row = replace(row, asks=row.asks + 1, next=now + _wait(row, random, patience))
            ask.append(row)
        if row != before:
            keep.append(row)
    return Plan(tuple(keep), tuple(ask), tuple(raised), tuple(each for each in kept if each not in streams))


def _seen(gap: Open, before: Kept | None, now: int, patience: Patience) -> Kept:
    """``before`` goes on where nothing came; where some came, it is filling: a fresh start."""
    if before is not None and before.first == gap.first:
        return replace(before, top=gap.top)
    fresh = Kept(gap.stream, gap.first, gap.top, now, now + patience.grace_s)
    return fresh if before is None else replace(fresh, alarm=before.alarm, alarm_at=before.alarm_at)


def _hopeless(gap: Open, row: Kept, now: int, patience: Patience, signs: bool) -> str:
    age = now - row.seen
    if age >= patience.grace_s and not gap.current:
        return OTHER_LEDGER
    if age >= patience.grace_s and not signs:
        return NO_KEY
    if row.asks >= patience.asks and now >= row.next:
        return ASKED
    return AWAY if age >= patience.away_s and not gap.here else ""


def _wait(row: Kept, random: Random, patience: Patience) -> int:
    """Until the next request: doubled each time, with up to half as much again so that counters part."""
    if row.asks + 1 > patience.asks:
        return round(patience.rarely_s * random.uniform(1, 1.5))
    doubled = patience.again_s << min(row.asks, 16)
    return round(min(doubled, patience.longest_s) * random.uniform(1, 1.5))
