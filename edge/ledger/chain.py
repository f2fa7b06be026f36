"""The numbered, hash-chained events of one transaction. It knows the feed's envelope, not who calls.

``append`` writes an event's bytes; ``finish`` raises the feed's row to the last of them. Both happen in
the transaction that made the fact, so that a fact without its event, or the other way round, cannot be.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.values import Clk, Instant
from edge.ledger.ids import ULID_RANDOM_BYTES, rfc3339, ulid, wall_ms

_INSERT = "INSERT INTO event (seq, id, type, time, prev, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
_LAST = "SELECT last_seq, last_hash FROM feed"
_RAISE = "UPDATE feed SET last_seq = ?, last_hash = ? WHERE id = 1"

CLK = {clk: index for index, clk in enumerate(Clk)}
"""The feed's ``clk``: 0 unsynced, 1 synced, 2 held."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose events these are. incarnation: 16 hex digits, made with the file."""

    counter: str
    incarnation: str
    random_bytes: Callable[[int], bytes]


class Chain:
    """One open transaction's end of the chain."""

    __slots__ = ("_db", "_from", "_hash", "_ids_ms", "_seq", "at", "identity", "mono_ms", "now")

    def __init__(self, db: Database, identity: Identity, now: Instant) -> None:
        self._db = db
        self.identity = identity
        self.now = now
        self.at = rfc3339(now.wall)
        self.mono_ms = int(now.mono * 1000)
        self._ids_ms = wall_ms(now.wall)
        self._seq, self._hash = db.execute(_LAST).fetchone()
        self._from = self._seq

    def append(self, fact: feed.Fact, subject: str) -> None:
        """Number, chain, serialise and store ``fact``. Raises ValueError above MAX_EVENT_BYTES."""
        seq = self._seq + 1
        id = ulid(self._ids_ms, self.identity.random_bytes(ULID_RANDOM_BYTES))
        body = feed.encode(
            fact,
            counter=self.identity.counter,
            id=id,
            time=self.at,
            subject=subject,
            inc=self.identity.incarnation,
            seq=seq,
            boot=self.now.boot,
            clk=CLK[self.now.clk],
            prev=self._hash,
        )
        hash = feed.sha256(body)
        self._db.execute(_INSERT, (seq, id, feed.TYPES[type(fact)], self.at, self._hash, hash, body))
        self._seq, self._hash = seq, hash

    def finish(self) -> None:
        """The feed's own row follows; a trigger compares it with the last event."""
        if self._seq != self._from:
            self._db.execute(_RAISE, (self._seq, self._hash))
