"""The numbered, hash-chained events of one transaction. It knows the feed's envelope, not who calls.

``append`` makes an event's bytes; ``finish`` stores them and raises the feed's row to the last. It is in
the transaction that made the fact, so that a fact without its event, or the other way round, cannot be.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlite_utils import Database

from cloud_bridge import feed
from edge.domain.values import Clk, Instant, rfc3339
from edge.ledger.ids import ULID_RANDOM_BYTES, ulids, wall_ms

_INSERT = "INSERT INTO event (seq, id, type, time, prev, hash, body) VALUES (?, ?, ?, ?, ?, ?, ?)"
_LAST = (
    "SELECT last_seq, last_hash, (SELECT coalesce(max(n), 0) FROM sale),"
    " (SELECT coalesce(max(n), 0) FROM stock_movement) FROM feed"
)
_RAISE = "UPDATE feed SET last_seq = ?, last_hash = ? WHERE id = 1"

CLK = {clk: index for index, clk in enumerate(Clk)}
"""The feed's ``clk``: 0 unsynced, 1 synced, 2 held."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Whose events these are. incarnation: 16 hex digits, made with the file."""

    counter: str
    incarnation: str
    random_bytes: Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class End:
    """Where the numbered things end: the last event and its hash, the last sale, the last movement."""

    seq: int
    hash: str
    sale: int
    movement: int


def end_of(db: Database) -> End:
    """The end, as the tables say."""
    return End(*db.execute(_LAST).fetchone())


class Chain:
    """One open transaction's end of the chain, and the numbers that come next.

    What it is given as the end must be it: triggers refuse a number or a hash that does not follow.
    """

    def __init__(self, db: Database, identity: Identity, now: Instant, end: End) -> None:
        self._db = db
        self.identity = identity
        self.now = now
        self.at = rfc3339(now.wall)
        self.mono_ms = int(now.mono * 1000)
        self._ids = ulids(wall_ms(now.wall), identity.random_bytes(ULID_RANDOM_BYTES))
        self._rows: list[tuple[int, str, str, str, str, str, bytes]] = []
        self._seq, self._hash, self._sale, self._movement = end.seq, end.hash, end.sale, end.movement

    def next_sale(self) -> int:
        """A sale's number; sales count from 1 without a gap."""
        self._sale += 1
        return self._sale

    def next_movement(self) -> int:
        """A stock movement's number; they count from 1 without a gap."""
        self._movement += 1
        return self._movement

    def append(self, fact: feed.Fact, subject: str) -> None:
        """Number, chain and serialise ``fact``. Raises ValueError above MAX_EVENT_BYTES."""
        seq, id, prev = self._seq + 1, next(self._ids), self._hash
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
            prev=prev,
        )
        self._seq, self._hash = seq, feed.sha256(body)
        self._rows.append((seq, id, feed.TYPES[type(fact)], self.at, prev, self._hash, body))

    def finish(self) -> End:
        """Store the events; the feed's own row follows, and a trigger compares it with the last of them."""
        if self._rows:
            self._db.conn.executemany(_INSERT, self._rows)
            self._db.execute(_RAISE, (self._seq, self._hash))
        return End(self._seq, self._hash, self._sale, self._movement)
