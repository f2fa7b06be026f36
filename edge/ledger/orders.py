"""Commands of the centre in the ledger: received before anything acts, ended once, with their answer.

What a command changes for good (a lockout, a recall, the document in force) is written in the transaction
of its answer. It checks and carries out nothing. A command's text is kept until it ended: documents may
hold what must not stay, and the centre has it; its hash stays.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec
from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.orders import Change, Ended, Standing, Stands, standing_of
from edge.domain.values import Instant
from edge.ledger.chain import Chain

T = TypeVar("T")

SCHEMA = """
CREATE TABLE command (
    n INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    nonce TEXT UNIQUE, -- null: refused, as its nonce had been used
    kind TEXT NOT NULL,
    hash TEXT NOT NULL CHECK (length(hash) = 64), -- SHA-256 of its text
    at TEXT NOT NULL
) STRICT;

CREATE TABLE command_text (
    command TEXT PRIMARY KEY REFERENCES command (id),
    jws TEXT NOT NULL -- as it came; until it ended
) STRICT, WITHOUT ROWID;

CREATE TABLE command_end (
    command TEXT PRIMARY KEY REFERENCES command (id),
    outcome TEXT NOT NULL CHECK (outcome IN ('DONE', 'REFUSED', 'FAILED')),
    code TEXT NOT NULL CHECK ((code = '') = (outcome = 'DONE')),
    session TEXT,
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE standing (
    kind TEXT NOT NULL CHECK (kind IN ('LOCKOUT', 'TRAY', 'RECALL', 'DOCUMENT')),
    subject TEXT NOT NULL,
    lot TEXT NOT NULL,
    detail TEXT NOT NULL,
    command TEXT NOT NULL REFERENCES command (id),
    PRIMARY KEY (kind, subject, lot)
) STRICT, WITHOUT ROWID;
"""

_KNOWN = "SELECT 1 FROM command WHERE id = ?1 OR nonce = ?1"
_TAKE = "INSERT INTO command (id, nonce, kind, hash, at) VALUES (?, ?, ?, ?, ?)"
_TEXT = "INSERT INTO command_text (command, jws) VALUES (?, ?)"
_END = "INSERT INTO command_end (command, outcome, code, session, at) VALUES (?, ?, ?, ?, ?)"
_FORGET = "DELETE FROM command_text WHERE command = ?"
_OPEN = (
    "SELECT c.id, c.kind, t.jws FROM command c JOIN command_text t ON t.command = c.id"
    " WHERE NOT EXISTS (SELECT 1 FROM command_end WHERE command = c.id) ORDER BY c.n"
)
_STAND = (
    "INSERT INTO standing (kind, subject, lot, detail, command) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (kind, subject, lot) DO UPDATE SET detail = excluded.detail, command = excluded.command"
)
_LIFT = "DELETE FROM standing WHERE kind = ? AND subject = ? AND lot = ?"
STANDING = "SELECT kind, subject, lot, detail, command FROM standing ORDER BY kind, subject, lot"
_LATEST = "SELECT coalesce((SELECT time FROM event ORDER BY seq DESC LIMIT 1), '')"
"""Not the highest of many: a clock that was wrong and was set right leaves those of the future behind it."""

DETAIL_BYTES, REPORT_BYTES = 16 * 1024, 24 * 1024
"""What of an answer's texts fits into an event, as JSON. Only diagnostics have a report."""


@dataclass(frozen=True, slots=True)
class Open:
    """A command that was received and has not ended."""

    id: str
    kind: str
    jws: str


class Writes(Protocol):
    """The ledger's one way to write."""

    def __call__(self, now: Instant, work: Callable[[Database, Chain], T]) -> T: ...


class Reads(Protocol):
    """Its one way to read."""

    def __call__(self, question: Callable[[Database], T]) -> T: ...


class OrderBook:
    """The ledger's part about commands; each method that writes is one transaction. Raises LedgerError."""

    def __init__(self, read: Reads, write: Writes) -> None:
        self._read = read
        self._write = write

    def __contains__(self, name: object) -> bool:
        """Whether ``name`` is the id or the nonce of a command that was taken."""
        return self._read(lambda db: db.execute(_KNOWN, (name,)).fetchone() is not None)

    def take(self, id: str, nonce: str | None, kind: str, jws: str, now: Instant) -> None:
        """Note that the command was received, before anything is done about it."""
        self._write(now, lambda db, chain: take(db, chain, id, nonce, kind, jws))

    def end(self, ended: Sequence[Ended], changes: Sequence[Change], now: Instant) -> None:
        """Commands have ended, for the same reason; ``changes``: what stands from now on."""

        def work(db: Database, chain: Chain) -> None:
            end(db, chain, ended, changes)

        self._write(now, work)

    def refuse(self, nonce: str | None, jws: str, ended: Ended, now: Instant) -> None:
        """``take`` and ``end`` at once."""

        def work(db: Database, chain: Chain) -> None:
            take(db, chain, ended.id, nonce, ended.kind, jws)
            end(db, chain, (ended,), ())

        self._write(now, work)

    def open(self) -> tuple[Open, ...]:
        """Commands that were received and have not ended, oldest first."""
        return self._read(lambda db: tuple(Open(*row) for row in db.execute(_OPEN)))

    def standing(self) -> Standing:
        """What stands by order."""
        return self._read(lambda db: standing_of(tuple(Stands(*row) for row in db.execute(STANDING))))

    def latest(self) -> str:
        """The wall time of the last event, RFC 3339 UTC; "": there is none. No unset clock runs behind it."""
        return self._read(lambda db: str(db.execute(_LATEST).fetchone()[0]))

    def last_seq(self) -> int:
        """The number of the newest event, 0 while there is none."""
        return self._read(lambda db: int(db.execute("SELECT last_seq FROM feed").fetchone()[0]))


def take(db: Database, chain: Chain, id: str, nonce: str | None, kind: str, jws: str) -> None:
    """A command was received."""
    db.execute(_TAKE, (id, nonce, kind, hashlib.sha256(jws.encode()).hexdigest(), chain.at))
    db.execute(_TEXT, (id, jws))


def end(db: Database, chain: Chain, ended: Sequence[Ended], changes: Sequence[Change]) -> None:
    """Commands have ended: their rows, their answers, and what stands from now on."""
    for each in ended:
        db.execute(_END, (each.id, each.outcome.value, each.code, each.session, chain.at))
        db.execute(_FORGET, (each.id,))
        chain.append(_answer(chain, each), each.id)
    for change in changes:
        stands = change.stands
        if change.lifted:
            db.execute(_LIFT, stands.key)
        else:
            db.execute(_STAND, (*stands.key, stands.detail, stands.command))


def _answer(chain: Chain, ended: Ended) -> feed.CommandAnswered:
    return feed.CommandAnswered(
        mono_ms=chain.mono_ms,
        command=ended.id,
        kind=ended.kind,
        outcome=ended.outcome.value,
        code=ended.code,
        detail=_cut(ended.detail),
        session=ended.session,
        report=ended.report,
    )


def _cut(text: str) -> str:
    """``text``, or as much of it as there is room for."""
    if len(msgspec.json.encode(text)) <= DETAIL_BYTES:
        return text
    return text[: DETAIL_BYTES // 6] + "…"  # no character needs more than 6 bytes
