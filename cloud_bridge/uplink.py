"""Decides what the counter publishes next, and when. Pure: no client, no file, no clock of its own.

An event leaves the outbox by the centre's ack and by nothing else. A PUBACK says that the broker
has the message, and brokers lose messages they have acknowledged (measured: all 500 of 500 after a
kill of mosquitto with its default persistence); it only makes room in the window. What the centre
has not named in time is sent again from its mark on, in the order of the numbers.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random

import msgspec

from cloud_bridge import feed
from cloud_bridge.cutoffs import POISON, CutOffs
from cloud_bridge.loading import PACKET_OVERHEAD, Row, fits, is_event, loaded, waiting
from cloud_bridge.ranges import Covered, Range, merged, without
from cloud_bridge.turns import (
    CentreIs,
    Connected,
    Disconnected,
    Input,
    Limits,
    Note,
    Outbox,
    PubAck,
    Publish,
    Turn,
)

NOBODY_LISTENS = 0x10
DENIED = (0x87, 0x90)
"""PUBACK reason codes (MQTT 5, 3.4.2.1): no matching subscribers; not authorized, topic name invalid."""


@dataclass(slots=True)
class Parked:
    """A row set aside so that those behind it pass; tried again now and then."""

    code: str
    retry_at: float


@dataclass(slots=True)
class Uplink:
    """The sender's state. ``covered``, ``rejects`` and ``parked`` are what is worth keeping on disk."""

    outbox: Outbox
    random: Random
    limits: Limits = field(default_factory=Limits)
    covered: Covered = field(default_factory=Covered)
    parked: dict[int, Parked] = field(default_factory=dict)
    rejects: dict[int, str] = field(default_factory=dict)

    _inc: str = field(init=False)
    _link: Connected | None = None
    _cursor: int = 0
    _next_ref: int = 1
    _flight: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _unmarked: set[int] = field(default_factory=set)
    _tries: dict[int, int] = field(default_factory=dict)
    _passed: set[int] = field(default_factory=set)
    """Sent, and passed over by an ack that came afterwards and names rows behind them."""
    _singly_to: int = 0
    _trial: int = 0
    _cut: CutOffs = field(default_factory=CutOffs)
    _hold: float = -math.inf
    _pace: float = -math.inf
    _resend_at: float = math.inf
    _out_since: float | None = None
    _resends: int = 0
    _refusals: int = 0
    _denied: bool = False
    _asked: list[Range] = field(default_factory=list)
    _again: tuple[Range, ...] = ()
    _asks_how_it_stands: bool = True
    _ask_at: float = math.inf
    _is_copy: bool = False
    _notes: list[Note] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._inc = self.outbox.incarnation()

    def turn(self, inputs: Sequence[Input], now: float) -> Turn:
        """Take what arrived and say what to publish. ``now``: seconds, monotonic."""
        last = self.outbox.last_seq()
        if self._asked:
            self._uncover(now)
        for item in inputs:
            self._take(item, last, now)
        if now >= self._resend_at and self._unmarked:
            self._resends += 1
            self._note("resend", after=self.covered.through, tries=self._resends)
            self._rewind()
        asks = self._link is not None and now >= self._ask_at
        if asks:
            self._ask_later(now)
            self._asks_how_it_stands = True
        publishes = tuple(self._fill(last, now)) if self._link else ()
        notes, self._notes = tuple(self._notes), []
        return Turn(publishes, notes, self._due(last, now), self._stalled(now), asks)

    def backlog(self) -> int:
        """Events the centre has not acknowledged."""
        return self.covered.missing(self.outbox.last_seq())

    def resend(self, first: int, last: int) -> int:
        """Send ``first`` to ``last`` again although acknowledged, from the next turn on; how many those are.

        They count as not delivered until an ack names them that came after they were sent. Numbers
        that this ledger does not have are left out.
        """
        first, last = max(first, 1), min(last, self.outbox.last_seq())
        if first > last:
            return 0
        self._asked.append((first, last))
        return last - first + 1

    # --- what arrives ---------------------------------------------------------------------------
    def _uncover(self, now: float) -> None:
        """A centre that lost rows asks every counter at once, so the start has its jitter here, too."""
        for first, last in self._asked:
            self._note("asked_to_send_again", first=first, last=last)
        self._again = merged([*self._again, *self._asked])
        self.covered = self.covered.minus(self._asked)
        self._asked.clear()
        self._pace = max(self._pace, now + self.random.uniform(0, self.limits.start_jitter_s))
        self._rewind()

    def _take(self, item: Input, last: int, now: float) -> None:
        match item:
            case Connected():
                self._forget_flight()
                self._link, self._hold = item, now
                self._asks_how_it_stands = True
                self._ask_later(now)
                behind = self.covered.missing(last) > self.limits.behind_above
                self._pace = now + (self.random.uniform(0, self.limits.start_jitter_s) if behind else 0)
            case Disconnected(code):
                self._ended(code, now)
            case PubAck(ref, code):
                self._cut.answered()
                self._puback(self._flight.pop(ref, ()), code, now)
            case CentreIs(online):
                self._note("centre", online=online)
                self._asks_how_it_stands |= online
                if online and not self._denied:
                    soon = now + self.random.uniform(0, 1)
                    self._hold = min(self._hold, soon) if self._refusals else self._hold
                    self._resend_at = min(self._resend_at, soon) if self._resends else self._resend_at
            case feed.Ack():
                self._mark(item, last, now)

    def _ended(self, code: int, now: float) -> None:
        blamed = self._cut.ended(self._flight.values(), code) if self._link else None
        if blamed is not None and blamed not in self.parked:
            self._park(blamed, f"0x{code:02x}" if code in POISON else "ends_the_session", now)
        self._forget_flight()
        self._link = None

    def _mark(self, ack: feed.Ack, last: int, now: float) -> None:
        held = Covered().plus(ack.through, [*ack.have, *((r.seq, r.seq) for r in ack.reject)])
        if ack.inc != self._inc:
            self._note("mark_of_another_incarnation", alarm=True, theirs=ack.inc, ours=self._inc)
            return
        for reject in ack.reject:
            if reject.seq <= last and self.rejects.get(reject.seq) != reject.code:
                self.rejects[reject.seq] = reject.code
                self._note("rejected_by_centre", alarm=True, seq=reject.seq, code=reject.code)
        if self._shows_a_copy(ack, held, last):
            self._is_copy = True
            return
        if self._asks_how_it_stands:
            self._asks_how_it_stands = len(ack.have) >= feed.MAX_HAVE  # then it says nothing of what is above
            self._send_what_it_forgot(ack, held)
        self._cut.answered()
        held = held.minus(self._again)  # asked for and not sent yet: the ack speaks of the first time
        covered = self.covered.plus(held.through, held.have)
        if covered != self.covered:
            self._progress(covered, now)
        self._passed |= {seq for seq in self._unmarked if seq < held.highest}
        self._out_since = now if self._out else None

    def _shows_a_copy(self, ack: feed.Ack, held: Covered, last: int) -> bool:
        """The centre has events of this ledger that it does not have, or has otherwise: an older copy of it.

        Nothing more is sent under numbers that were used; the engine reads the alarm and renews the ledger.
        """
        tip = (0, "") if isinstance(ack.tip, msgspec.UnsetType) else ack.tip
        if (mark := max(held.highest, tip[0])) > last:
            self._note("mark_above_our_last", alarm=True, mark=mark, last=last, inc=self._inc)
            return True
        for seq, body in self.outbox.events(tip[0] - 1, 1) if tip[0] else []:
            if seq == tip[0] and feed.sha256(body) != tip[1]:
                self._note("other_event_at_centre", alarm=True, mark=seq, last=last, inc=self._inc)
                return True
        return False

    def _send_what_it_forgot(self, ack: feed.Ack, held: Covered) -> None:
        """The first ack of a session, since the centre came up or since we asked tells how its tables stand.

        What it named before and no longer names is gone there: its database was put back from a copy.
        Later acks may be late or overtaken, so a lower one of those says nothing.
        """
        gone = self.covered.minus([(1, held.through), *held.have])
        top = held.highest if len(ack.have) >= feed.MAX_HAVE else gone.highest
        found = [
            (low, min(high, top)) for low, high in [(1, gone.through), *gone.have] if low <= min(high, top)
        ]
        if not found:
            return
        count = sum(self.resend(low, high) for low, high in found)
        first, last = found[0][0], found[-1][1]
        self._note("forgotten_by_centre", alarm=True, first=first, last=last, count=count, inc=self._inc)

    def _progress(self, covered: Covered, now: float) -> None:
        self.covered = covered
        self._unmarked = {seq for seq in self._unmarked if seq not in covered}
        self.parked = {seq: row for seq, row in self.parked.items() if seq not in covered}
        self._tries = {seq: n for seq, n in self._tries.items() if seq not in covered}
        if self._refusals:
            self._hold = now
        self._resends = self._refusals = 0
        self._denied = False
        self._resend_at = now + self.limits.resend_s if self._unmarked else math.inf

    def _puback(self, seqs: tuple[int, ...], code: int, now: float) -> None:
        if not seqs or code == 0:
            return
        if code in POISON and len(seqs) == 1:
            self._unmarked.discard(seqs[0])
            self._park(seqs[0], f"0x{code:02x}", now)
            return
        if code in POISON:
            self._singly_to = max(self._singly_to, seqs[-1])
            self._note("batch_refused", code=f"0x{code:02x}", first=seqs[0], last=seqs[-1])
        elif now >= self._hold:  # one refusal of a window holds all of it; the others say the same
            self._refuse(code, now)
        self._rewind()

    def _refuse(self, code: int, now: float) -> None:
        self._refusals += 1
        self._denied = code in DENIED
        if self._denied:
            wait = self.limits.retry_rarely_s * self.random.uniform(0.9, 1.1)
        else:
            wait = self._backoff(1.0, self._refusals)
        self._hold = now + wait
        nobody = code == NOBODY_LISTENS
        self._note(
            "nobody_listens" if nobody else "refused_by_broker",
            alarm=not nobody,
            code=f"0x{code:02x}",
            wait_s=round(wait, 1),
        )

    # --- what goes out --------------------------------------------------------------------------
    def _fill(self, last: int, now: float) -> Iterator[Publish]:
        if self._is_copy or now < self._hold or self._trial in self._flight:
            return
        for seq in sorted(seq for seq, row in self.parked.items() if row.retry_at <= now):
            if self._flight:
                return
            yield from self._retry(seq, now)
        if self._trial in self._flight:
            return
        while now >= self._pace and (rows := self._rows(last, now)):
            message = self._publish(rows, now)
            if len(message.seqs) > 1:
                self._pace = max(self._pace, now) + len(message.seqs) / self.limits.replay_per_s
            yield message

    def _rows(self, last: int, now: float) -> list[Row]:
        """The next message's rows, oldest first; none while the window is full."""
        assert self._link is not None
        probing = bool(self._resends or self._refusals or self._cursor < self._cut.alone_to)
        if len(self._flight) >= min(self.limits.window, self._link.receive_maximum):
            return []
        if probing and self._out:
            return []  # one message at a time until the centre answers again
        room = self.limits.unmarked - len(self._unmarked)
        ready = self.covered.missing(last) - len(self._unmarked)
        singly_to = max(self._singly_to, self._cut.alone_to)
        several = ready > self.limits.batch_above and self._cursor >= singly_to
        return self._read(last, min(self.limits.batch_events if several else 1, room), now)

    def _read(self, last: int, wanted: int, now: float) -> list[Row]:
        rows: list[Row] = []
        size = 0
        for seq, body in waiting(self.outbox, self.covered, self.parked, self._cursor, last, wanted):
            if not self._fit_to_send(seq, body, now):
                self._cursor = seq
                continue
            size += len(body) + 1
            if rows and size > self.limits.batch_raw_bytes:
                break
            rows.append((seq, body))
            self._cursor = seq
            if len(rows) >= wanted:
                break
        return rows

    def _fit_to_send(self, seq: int, body: bytes, now: float) -> bool:
        assert self._link is not None
        if not fits(body, self._link.max_packet):
            self._park(seq, "too_large_for_broker", now)
        elif not is_event(self._inc, seq, body):
            self._park(seq, "unreadable_in_ledger", now)
        elif self._tries.get(seq, 0) >= self.limits.unanswered:
            self._park(seq, "unanswered", now)
        else:
            return True
        return False

    def _retry(self, seq: int, now: float) -> Iterator[Publish]:
        """One that was set aside, with nothing else under way: it may end the session."""
        assert self._link is not None
        self.parked[seq].retry_at = now + self.limits.retry_rarely_s
        for row in self.outbox.events(seq - 1, 1):
            if fits(row[1], self._link.max_packet):
                self._trial = self._next_ref
                yield self._publish([row], now)

    def _publish(self, rows: Sequence[Row], now: float) -> Publish:
        assert self._link is not None
        seqs, body = loaded(rows, min(self.limits.batch_bytes, self._link.max_packet - PACKET_OVERHEAD))
        if len(seqs) < len(rows):
            self._cursor = seqs[-1]
        message = Publish(self._next_ref, seqs, body)
        self._next_ref += 1
        self._flight[message.ref] = seqs
        self._unmarked.update(seqs)
        if self._again:
            self._again = without(self._again, merged((seq, seq) for seq in seqs))
        for seq in self._passed.intersection(seqs):
            self._tries[seq] = self._tries.get(seq, 0) + 1
        self._passed.difference_update(seqs)
        if self._resend_at == math.inf:
            self._resend_at = now + self._backoff(self.limits.resend_s, self._resends)
        if self._out_since is None:
            self._out_since = now
        return message

    def telemetry_may_pass(self) -> bool:
        """Whether no event waits for room that health or a basket would take: money goes first."""
        return self.backlog() - len(self.parked) <= self.limits.behind_above

    # --- small things ---------------------------------------------------------------------------
    @property
    def _out(self) -> bool:
        return bool(self._flight or self._unmarked)

    def _stalled(self, now: float) -> bool:
        if self._out_since is None or not self._out:
            self._out_since = None
            return False
        return now - self._out_since > self.limits.stalled_s

    def _due(self, last: int, now: float) -> float:
        """When time alone will change something; far away while there is nothing to send."""
        if self._link is None:
            return math.inf
        times = [self._resend_at, self._ask_at]
        if not self._flight:
            times += [max(row.retry_at, self._hold) for row in self.parked.values()]
        if self.covered.missing(last) > len(self._unmarked) + len(self.parked):
            times += [at for at in (self._hold, self._pace) if at > now]
        if self._out_since is not None and self._out:
            times.append(self._out_since + self.limits.stalled_s)
        return max(now, min(times))

    def _ask_later(self, now: float) -> None:
        """Now and then, in case that an ack from before a restore came after it and was believed."""
        self._ask_at = now + self.limits.audit_s * self.random.uniform(0.5, 1.5)

    def _backoff(self, base: float, level: int) -> float:
        """``base`` at level 0; then anything between it and its doublings, at most the ceiling."""
        return self.random.uniform(base, min(self.limits.ceiling_s, base * 2 ** min(level, 16)))

    def _rewind(self) -> None:
        self._unmarked.clear()
        self._cursor = 0
        self._resend_at = math.inf

    def _forget_flight(self) -> None:
        self._flight.clear()
        self._out_since = None
        self._rewind()

    def _park(self, seq: int, code: str, now: float) -> None:
        self.parked[seq] = Parked(code, now + self.limits.retry_rarely_s)
        self._tries.pop(seq, None)
        self._note("parked", alarm=True, seq=seq, code=code)

    def _note(self, event: str, *, alarm: bool = False, **fields: object) -> None:
        self._notes.append(Note(event, fields, alarm))
