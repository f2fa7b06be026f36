"""Is what arrived whole? Numbers without gaps, bytes that match their hash, a chain without a break."""

from collections.abc import Mapping
from typing import Any

import msgspec

from cloud_bridge import feed
from cloud_bridge.central.database import Connection
from cloud_bridge.central.page import yuan
from cloud_bridge.central.store import Stream, covered


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """One incarnation of one counter. broken: numbers whose ``prev`` is not the event before them.

    altered: numbers whose bytes no longer have the stored hash.
    """

    counter: str
    inc: str
    through: int
    events: int
    gaps: tuple[tuple[int, int], ...]
    broken: tuple[int, ...]
    altered: tuple[int, ...]
    conflicts: int
    dead_letters: int

    @property
    def sound(self) -> bool:
        return not (self.gaps or self.broken or self.altered or self.conflicts or self.dead_letters)


def verify(db: Connection) -> list[Verdict]:
    """One verdict for each counter and incarnation, in their order."""
    streams = db.execute("select counter, inc from mark order by counter, inc").fetchall()
    return [_verdict(db, Stream(counter, inc)) for counter, inc in streams]


def _verdict(db: Connection, stream: Stream) -> Verdict:
    key = (stream.counter, stream.inc)
    broken, altered, events = [], [], 0
    before = (0, feed.GENESIS)
    rows = db.execute(
        "select seq, hash, body, 1 from raw_event where counter = ? and inc = ? union all"
        " select seq, hash, body, 0 from dead_letter where counter = ? and inc = ? and seq is not null"
        " order by 1, 4",
        (*key, *key),
    )
    for seq, hash, body, readable in rows:
        events += readable
        if feed.sha256(body) != hash:
            altered.append(seq)
        if readable and before[0] == seq - 1 and feed.decode(body).prev != before[1]:
            broken.append(seq)
        before = (seq, hash)
    held = covered(db, stream)
    return Verdict(
        counter=stream.counter,
        inc=stream.inc,
        through=held.through,
        events=events,
        gaps=tuple(held.gaps()),
        broken=tuple(broken),
        altered=tuple(altered),
        conflicts=_count(db, "conflict", key),
        dead_letters=_count(db, "dead_letter", key),
    )


def _count(db: Connection, table: str, key: tuple[str, str]) -> int:
    return int(db.execute(f"select count(*) from {table} where counter = ? and inc = ?", key).fetchone()[0])


def verify_text(found: list[Verdict]) -> str:
    """For people, one line a stream."""
    if not found:
        return "no events yet"
    return "\n".join(
        f"{each.counter} {each.inc}: {each.events} events up to {each.through}, "
        + ("sound" if each.sound else _faults(each))
        for each in found
    )


def _faults(each: Verdict) -> str:
    faults = {
        "missing": [f"{a}–{b}" for a, b in each.gaps],
        "chain broken at": each.broken,
        "altered": each.altered,
        "conflicts": each.conflicts,
        "dead letters": each.dead_letters,
    }
    return "; ".join(f"{name} {value}" for name, value in faults.items() if value)


def report_text(found: Mapping[str, Any]) -> str:
    """The report for people: every row has orders, total and certified amount."""
    lines = [
        f"成交 (realised) {found['from'] or '…'} – {found['to'] or '…'}, Asia/Shanghai",
        _row(found["total"]),
    ]
    for title, key in (
        ("专柜 counters", "counters"),
        ("商品 products", "products"),
        ("产地 counties", "counties"),
    ):
        lines += ["", title, *(_row(row) for row in found[key])]
    return "\n".join(lines)


def _row(row: Any) -> str:
    name = f"{row.key} {row.name}".strip() or "未登记"
    back = (
        f", 退回 {yuan(row.refund_fen)}, 净额 {yuan(row.total_fen - row.refund_fen)}"
        if row.refund_fen
        else ""
    )
    return f"  {name}: {row.orders} 单, 总额 {yuan(row.total_fen)}, 认定 {yuan(row.certified_fen)}{back}"
