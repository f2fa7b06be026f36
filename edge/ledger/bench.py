"""How fast a sale is made durable, beside plain sqlite3 writing the same rows and beside the disk itself.

One transaction is a settled session of three trays: 1 session, 1 sale, 3 lines, 3 tray evidences,
3 stock movements, 5 chained events, the feed's row. ``raw`` is ``sqlite3`` with hand-written statements
on the same schema (indexes, triggers, foreign keys) and settings (WAL, synchronous FULL, no automatic
checkpoint). It is given every row ready made, event bytes and hashes too: it encodes, hashes, numbers
and checks nothing and has no authorizer. ``chained`` is the same, but it makes the five events in the
transaction, from ready facts: what any writer of this ledger has to do. The disk is a 4 KiB append and
fdatasync. They take turns in blocks within one round; each figure is the median over the rounds.
"""

import gc
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from cloud_bridge import feed
from edge.domain.records import ClosedSession, Happened, Movement, Sale, SaleLine, TrayEvidence
from edge.domain.values import BuyerRef, Clk, Decigrams, Fen, Instant, Kind, SessionId, Sku, TrayId
from edge.ledger.ledger import Ledger
from edge.ledger.reader import open_reader
from edge.ledger.space import Space
from edge.ledger.store import SETTINGS

BLOCK = 25
"""Transactions before the next variant's turn, so that a slow moment of the machine hits all three."""

_TABLES = ("tray_evidence", "session", "sale_line", "sale", "event", "stock_movement", "quota_entry")


def bench_ledger(directory: Path, n: int, rounds: int = 5) -> dict[str, Any]:
    """Medians over ``rounds`` of ``n`` sales each; files are made in ``directory`` and removed.

    ``ours``, ``raw``, ``chained``, ``disk``: per_s, p50_ms, p99_ms, cpu_us.
    ``to_raw``, ``to_chained``: ours to theirs, in sales a second, of the same round.
    """
    results = []
    for number in range(rounds):
        with tempfile.TemporaryDirectory(dir=directory) as place:
            results.append(_round(Path(place), n, backwards=bool(number % 2)))
    return {
        "sales": n,
        "rounds": rounds,
        "sqlite": sqlite3.sqlite_version,
        **{who: {key: _median(results, who, key) for key in results[0][who]} for who in _WHO},
        "to_raw": _ratio(results, "raw"),
        "to_chained": _ratio(results, "chained"),
    }


_WHO = ("ours", "raw", "chained", "disk")


def _median(results: Sequence[dict[str, dict[str, float]]], who: str, key: str) -> float:
    return round(median(result[who][key] for result in results), 3)


def _ratio(results: Sequence[dict[str, dict[str, float]]], who: str) -> float:
    return round(median(result["ours"]["per_s"] / result[who]["per_s"] for result in results), 3)


def _round(place: Path, n: int, backwards: bool) -> dict[str, dict[str, float]]:
    now = Instant(1.0, datetime.now(UTC), "bench", Clk.SYNCED)
    sessions = [_session(i, now) for i in range(n)]
    made = _rows(place / "made", sessions, now)
    space = Space(place, reserve_bytes=0, selling_bytes=0)
    for who in ("ours", "raw", "chained"):
        (place / who).mkdir()
    with (
        closing(Ledger.open(place / "ours" / "ledger.db", "BENCH-1", now, os.urandom, space)) as ledger,
        closing(_raw(place / "raw" / "ledger.db", now, space)) as conn,
        closing(_raw(place / "chained" / "ledger.db", now, space)) as chained,
        closing(_Disk(place / "append")) as disk,
    ):
        work: dict[str, Callable[[int], object]] = {
            "ours": lambda i: ledger.close_session(sessions[i], now),
            "raw": lambda i: _replay(conn, made[i]),
            "chained": lambda i: _replay(chained, _made_again(made[i])),
            "disk": disk.append,
        }
        order = _WHO[::-1] if backwards else _WHO
        gc.collect()
        gc.freeze()  # the rows made ready are many; whose turn it is must not pay for walking them
        try:
            return _take_turns({who: work[who] for who in order}, n)
        finally:
            gc.unfreeze()


def _take_turns(work: dict[str, Callable[[int], object]], n: int) -> dict[str, dict[str, float]]:
    walls: dict[str, list[float]] = {who: [] for who in work}
    cpu = dict.fromkeys(work, 0.0)
    for start in range(0, n, BLOCK):
        for who, do in work.items():
            busy = time.process_time()
            for i in range(start, min(start + BLOCK, n)):
                begun = time.perf_counter()
                do(i)
                walls[who].append(time.perf_counter() - begun)
            cpu[who] += time.process_time() - busy
    return {who: _figures(walls[who], cpu[who]) for who in work}


def _figures(walls: list[float], cpu: float) -> dict[str, float]:
    cuts = quantiles(walls, n=100)
    return {
        "per_s": len(walls) / sum(walls),
        "p50_ms": cuts[49] * 1000,
        "p99_ms": cuts[98] * 1000,
        "cpu_us": cpu / len(walls) * 1e6,
    }


def _session(i: int, now: Instant) -> ClosedSession:
    sku, trays = Sku("SX-0001"), [TrayId(f"1-{tray:02d}") for tray in (1, 2, 3)]
    took = (Happened(2.5, "TAKE", 2, sku), Happened(4.0, "PUT_BACK", 1, sku))
    before, after, goods = Decigrams(60000), Decigrams(54500), ((sku, 1),)
    evidence = [TrayEvidence(tray, "charge", goods, before, after, Decigrams(3), (), took) for tray in trays]
    lines = [
        SaleLine(tray, sku, "天然山泉水(示例)", 1, Fen(350), Fen(350), True, "样例县", "示例合作社")
        for tray in trays
    ]
    return ClosedSession(
        id=SessionId(f"{i:032x}"),
        kind=Kind.BUY,
        state="SETTLED",
        opener=BuyerRef("b-7f3a90"),
        verdict="charge",
        reasons=(),
        opened=now,
        closed=now,
        catalogue="0123456789abcdef",
        channel="UNIT_HELP",
        trays=tuple(evidence),
        sale=Sale(tuple(lines)),
        movements=tuple(Movement(tray, sku, "SALE", -1) for tray in trays),
    )


def _rows(
    place: Path, sessions: Sequence[ClosedSession], now: Instant
) -> list[dict[str, list[tuple[Any, ...]]]]:
    """For each session the rows that it makes, as our own ledger wrote them."""
    place.mkdir()
    with closing(
        Ledger.open(place / "ledger.db", "BENCH-1", now, os.urandom, Space(place, reserve_bytes=0))
    ) as made:
        for session in sessions:
            made.close_session(session, now)
    with closing(open_reader(place / "ledger.db")) as conn:
        orders = {"tray_evidence": "session, tray", "sale_line": "sale, line"}
        read = {
            table: conn.execute(f"SELECT * FROM {table} ORDER BY {orders.get(table, 1)}").fetchall()
            for table in _TABLES
        }
    read["facts"] = [_fact(row[6]) for row in read["event"]]
    size = {table: len(rows) // len(sessions) for table, rows in read.items()}
    return [
        {table: rows[i * size[table] : (i + 1) * size[table]] for table, rows in read.items()}
        for i in range(len(sessions))
    ]


def _fact(body: bytes) -> tuple[Any, ...]:
    event = feed.decode(body)
    return feed.fact_of(event), event.subject, event.inc


def _raw(path: Path, now: Instant, space: Space) -> sqlite3.Connection:
    Ledger.open(path, "BENCH-1", now, os.urandom, space).close()  # the schema
    conn = sqlite3.connect(path, isolation_level=None)
    for name, value in SETTINGS.items():
        conn.execute(f"PRAGMA {name} = {value}").fetchall()
    return conn


def _marks(n: int) -> str:
    return ", ".join("?" * n)


_EVIDENCE = f"INSERT INTO tray_evidence VALUES ({_marks(12)})"
_SESSION = f"INSERT INTO session VALUES ({_marks(13)})"
_LINE = f"INSERT INTO sale_line VALUES ({_marks(14)})"
_SALE = f"INSERT INTO sale VALUES ({_marks(8)})"
_ENTRY = f"INSERT INTO quota_entry VALUES ({_marks(13)})"
_EVENT = f"INSERT INTO event VALUES ({_marks(7)})"
_MOVEMENT = f"INSERT INTO stock_movement VALUES ({_marks(11)})"


def _replay(conn: sqlite3.Connection, rows: dict[str, list[tuple[Any, ...]]]) -> None:
    """The same rows in the same order, nothing computed."""
    conn.execute("BEGIN IMMEDIATE")
    conn.executemany(_EVIDENCE, rows["tray_evidence"])
    conn.execute(_SESSION, rows["session"][0])
    conn.executemany(_LINE, rows["sale_line"])
    conn.executemany(_ENTRY, rows["quota_entry"])
    conn.execute(_SALE, rows["sale"][0])
    conn.executemany(_MOVEMENT, rows["stock_movement"])
    conn.executemany(_EVENT, rows["event"])
    last = rows["event"][-1]
    conn.execute("UPDATE feed SET last_seq = ?, last_hash = ? WHERE id = 1", (last[0], last[5]))
    conn.execute("COMMIT")


def _made_again(rows: dict[str, list[tuple[Any, ...]]]) -> dict[str, list[tuple[Any, ...]]]:
    """``rows`` with each event's bytes and hash made from its fact, as the transaction has to."""
    events = [_event_row(row, fact) for row, fact in zip(rows["event"], rows["facts"], strict=True)]
    return {**rows, "event": events}


def _event_row(row: tuple[Any, ...], fact: tuple[Any, ...]) -> tuple[Any, ...]:
    seq, id, type, time, prev, _, _ = row
    kind, subject, inc = fact
    body = feed.encode(
        kind,
        counter="BENCH-1",
        id=id,
        time=time,
        subject=subject,
        inc=inc,
        seq=seq,
        boot="bench",
        clk=1,
        prev=prev,
    )
    return seq, id, type, time, prev, feed.sha256(body), body


class _Disk:
    """4 KiB more at the file's end, and durable."""

    _page = b"\xa5" * 4096

    def __init__(self, path: Path) -> None:
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def append(self, _: int) -> None:
        os.write(self._fd, self._page)
        os.fdatasync(self._fd)

    def close(self) -> None:
        os.close(self._fd)
