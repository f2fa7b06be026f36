"""A ledger put back from a copy goes on under a new incarnation. It knows files and events, no network.

Its numbers were used before the copy was put back, so the centre refuses what comes under them now. All
events are chained again under a name of their own; the centre counts what it has once, by sessions and
movements. What was written since the copy was put back gets new names of movements and new order numbers,
because the lost time gave the old ones to other goods and orders. The file as it was stays, as evidence.
"""

import os
import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from cloud_bridge import feed
from edge.errors import LedgerError
from edge.ledger.delivery import others_from
from edge.ledger.ids import ULID_RANDOM_BYTES, ulids, wall_ms
from edge.ledger.reader import ledger_errors, refuse_foreign, refuse_older
from edge.ledger.store import writer_lock

_NAMES = ("movement", "entry", "refund", "calibration", "undoes")
"""Fields of facts that hold a name ``{incarnation}-{n}``."""


def renew(path: Path, random_bytes: Callable[[int], bytes]) -> Path:
    """Give the ledger at ``path`` a new incarnation; gives where the old file was put.

    Nobody may write it meanwhile; who reads it has to open it again. Raises Busy, LedgerError.
    """
    lock = writer_lock(path)
    try:
        draft = path.with_name(f"{path.name}.renewed")
        draft.unlink(missing_ok=True)
        with ledger_errors(path):
            old = _copied(path, draft)
            _rewrite(draft, old, path.parent / "bridge.db", random_bytes)
        evidence = path.with_name(f"{path.stem}-{old}{path.suffix}")
        evidence.unlink(missing_ok=True)
        os.link(path, evidence)
        for log in ("-wal", "-shm"):  # of the old file, which has all of it; the new one must not read them
            Path(f"{path}{log}").unlink(missing_ok=True)
        draft.replace(path)
        _sync(path.parent)
    finally:
        os.close(lock)
    return evidence


def _copied(path: Path, draft: Path) -> str:
    """A whole copy of the file; gives its incarnation. The file's own log is folded back into it."""
    with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(draft)) as target:
        refuse_foreign(path, source)
        refuse_older(path, source)
        if source.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0]:
            raise LedgerError(f"{path}: somebody is reading it just now; try again")
        source.backup(target)
        return str(source.execute("SELECT incarnation FROM meta").fetchone()[0])


def _rewrite(draft: Path, old: str, bridge_db: Path, random_bytes: Callable[[int], bytes]) -> None:
    new = old
    while new[:4] == old[:4]:  # what order numbers have of it
        new = random_bytes(8).hex()
    with closing(sqlite3.connect(draft, isolation_level=None)) as db:
        db.execute("PRAGMA synchronous = FULL")
        db.execute("BEGIN IMMEDIATE")
        triggers = db.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for name, _ in triggers:
            db.execute(f'DROP TRIGGER "{name}"')
        db.execute("UPDATE meta SET incarnation = ?", (new,))
        _number_again(db, old, new, bridge_db, random_bytes)
        for _, sql in triggers:
            db.execute(sql)
        db.execute("COMMIT")


def _number_again(
    db: sqlite3.Connection, old: str, new: str, bridge_db: Path, random_bytes: Callable[[int], bytes]
) -> None:
    prev, last = feed.GENESIS, int(db.execute("SELECT last_seq FROM feed").fetchone()[0])
    others = others_from(bridge_db, old, last) or last + 1
    numbers = _other_numbers(db, others, old, new)
    for seq in range(1, last + 1):
        time, body = db.execute("SELECT time, body FROM event WHERE seq = ?", (seq,)).fetchone()
        made = wall_ms(datetime.fromisoformat(time))
        event = feed.decode(body)
        if seq >= others:
            event = _renamed(event, old, new, numbers)
        id = next(ulids(made, random_bytes(ULID_RANDOM_BYTES)))
        again = msgspec.json.encode(msgspec.structs.replace(event, id=id, inc=new, prev=prev))
        row = (id, prev, feed.sha256(again), again, seq)
        db.execute("UPDATE event SET id = ?, prev = ?, hash = ?, body = ? WHERE seq = ?", row)
        prev = feed.sha256(again)
    db.execute("UPDATE feed SET last_hash = ?", (prev,))


def _other_numbers(db: sqlite3.Connection, others: int, old: str, new: str) -> dict[str, str]:
    """Numbers of the orders and documents made from ``others`` on, and their new ones, put into the tables.

    The lost time gave the same numbers to other orders, and the centre has those.
    """
    found: dict[str, str] = {}
    for (body,) in db.execute(_NUMBERED, (others,)):
        fact: Any = msgspec.json.decode(feed.decode(body).data)
        number = str(fact.get("order_no") or fact.get("document"))
        head, inc, n = number.rsplit("-", 2)
        if inc == old[:4]:
            found[number] = f"{head}-{new[:4]}-{n}"
    for table in ("sale", "refund", "quota_entry"):
        changes = [(now, was) for was, now in found.items()]
        db.executemany(f"UPDATE {table} SET order_no = ? WHERE order_no = ?", changes)
    return found


_NUMBERED = "SELECT body FROM event WHERE seq >= ? AND type IN ('sale.settled.v1', 'restock.finished.v1')"


def _renamed(event: feed.Envelope, old: str, new: str, numbers: Mapping[str, str]) -> feed.Envelope:
    """The event with names and numbers that the lost time did not use."""
    fact: Any = msgspec.json.decode(event.data)
    for name in _NAMES:
        if isinstance(was := fact.get(name), str) and was.startswith(f"{old}-"):
            fact[name] = f"{new}{was.removeprefix(old)}"
    for name in ("order_no", "document"):
        if name in fact:
            fact[name] = numbers.get(fact[name], fact[name])
    data, subject = msgspec.Raw(msgspec.json.encode(fact)), numbers.get(event.subject, event.subject)
    return msgspec.structs.replace(event, subject=subject, data=data)


def _sync(directory: Path) -> None:
    fd = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
