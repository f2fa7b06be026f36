"""Faults that somebody could make, each planted into the product from outside: every one must be found.

A test plants one in its own process, or in the programs it starts (``python -m tests.faults.careless``).
"""

from collections.abc import Callable

FAULTS: dict[str, Callable[[], None]] = {}


def plant(fault: str) -> None:
    """From now on this process has that fault. Raises KeyError where there is none of the name."""
    FAULTS[fault]()


def _fault(name: str) -> Callable[[Callable[[], None]], Callable[[], None]]:
    def note(planting: Callable[[], None]) -> Callable[[], None]:
        FAULTS[name] = planting
        return planting

    return note


@_fault("ack on PUBACK")
def _ack_on_puback() -> None:
    """The bridge takes the broker's PUBACK for the centre's ack.

    One that asks how the centre stands would notice at its next session, so this one does not ask, either.
    """
    from cloud_bridge.uplink import Uplink

    careful = Uplink._puback

    def careless(self: Uplink, seqs: tuple[int, ...], code: int, now: float) -> None:
        careful(self, seqs, code, now)
        if code == 0 and seqs:
            self._progress(self.covered.plus(0, [(seq, seq) for seq in seqs]), now)

    def deaf(*_: object) -> None:
        """What the centre no longer names stays acknowledged."""

    Uplink._puback = careless
    Uplink._send_what_it_forgot = deaf


@_fault("synchronous=NORMAL")
def _synchronous_normal() -> None:
    """A commit that the disk may not have yet."""
    from edge.ledger import store

    store.SETTINGS["synchronous"] = 1


# --- the bridge -----------------------------------------------------------------------------------
@_fault("0x10 counted as sent")
def _refusals_are_delivery() -> None:
    from cloud_bridge.uplink import Uplink

    def careless(self: Uplink, seqs: tuple[int, ...], code: int, now: float) -> None:
        if code != 0 and seqs:
            self._progress(self.covered.plus(0, [(seq, seq) for seq in seqs]), now)

    Uplink._puback = careless


@_fault("0x87 ignored")
def _denial_ignored() -> None:
    from cloud_bridge.uplink import DENIED, Uplink

    careful = Uplink._puback

    def careless(self: Uplink, seqs: tuple[int, ...], code: int, now: float) -> None:
        careful(self, seqs, 0 if code in DENIED else code, now)

    Uplink._puback = careless


@_fault("no resend")
def _no_resend() -> None:
    from cloud_bridge.uplink import Uplink

    def never(self: Uplink) -> None:
        self._resend_at = float("inf")

    Uplink._rewind = never


@_fault("all below the highest ack is freed")
def _highest_frees() -> None:
    from cloud_bridge import feed
    from cloud_bridge.uplink import Uplink

    careful = Uplink._mark

    def careless(self: Uplink, ack: feed.Ack, last: int, now: float) -> None:
        highest = max([ack.through, *(high for _, high in ack.have)])
        careful(self, feed.Ack(inc=ack.inc, through=highest), last, now)

    Uplink._mark = careless


@_fault("what the centre forgot is not sent again")
def _deaf() -> None:
    from cloud_bridge.uplink import Uplink

    def deaf(*_: object) -> None:
        """What the centre no longer names stays acknowledged."""

    Uplink._send_what_it_forgot = deaf


@_fault("a poison row blocks the outbox")
def _nothing_is_parked() -> None:
    from cloud_bridge.uplink import Uplink

    def waits(self: Uplink, seq: int, code: str, now: float) -> None:
        self._rewind()

    Uplink._park = waits


@_fault("a command's signature is not checked")
def _signature_unchecked() -> None:
    from cloud_bridge import signed

    signed._jws.decode = lambda *_, **__: {}


@_fault("a command may come twice")
def _command_twice() -> None:
    from cloud_bridge import signed

    careful = signed.check

    def careless(jws, *, seen, **more):
        return careful(jws, seen=(), **more)

    signed.check = careless


# --- the centre -----------------------------------------------------------------------------------
@_fault("mark = highest, not contiguous")
def _mark_is_highest() -> None:
    from cloud_bridge.central import store

    store.MOVE = (
        "update mark set hi = (select coalesce(max(seq), mark.hi) from (select seq from raw_event e"
        " where e.counter = mark.counter and e.inc = mark.inc order by seq limit :limit) found)"
        " where (counter, inc) in (values {keys}) returning counter, inc, hi"
    )


@_fault("acknowledged before the commit")
def _acknowledged_early() -> None:
    from cloud_bridge.central.worker import Worker

    careful = Worker._commit

    def careless(self: Worker, arrived: list) -> None:
        for each in arrived:
            self._link.acknowledge(each)
        careful(self, arrived)

    Worker._commit = careless


@_fault("insert without a conflict rule")
def _no_conflict_rule() -> None:
    """Every event counts as new, and the table takes it however often it comes."""
    from cloud_bridge.central.store import Store

    def add_all(self, events, received):
        insert = "insert into raw_event (counter, inc, seq, hash, body, received) values (?, ?, ?, ?, ?, ?)"
        return self.db.executemany(insert, [(*e.key, e.hash, e.body, received) for e in events])

    Store.known = lambda self, events: {}
    Store.put_events = add_all


@_fault("a conflict is not decided by the hash")
def _hash_ignored() -> None:
    """Other bytes under a number that is taken pass for the same event once more."""
    from cloud_bridge.central.ingest import _Sorted

    careful = _Sorted._sort

    def careless(self, each, hashes):
        if each.event.key in hashes:
            hashes[each.event.key] = each.event.hash
        return careful(self, each, hashes)

    _Sorted._sort = careless


@_fault("a projection counts duplicates")
def _duplicates_count() -> None:
    """What comes again is added to the counter's stock again."""
    from cloud_bridge.central import ingest

    careful = ingest._transaction

    def careless(taken, store, received, alone):
        known = store.known([each.event for each in taken if isinstance(each, ingest.Taken)])
        outcome = careful(taken, store, received, alone)
        for counter, inc, seq in known:
            store.db.execute(
                "update stock_move set count = count * 2 where counter = ? and inc = ? and seq = ?",
                (counter, inc, seq),
            )
        return outcome

    ingest._transaction = careless


@_fault("a poison event blocks its counter")
def _poison_blocks() -> None:
    """A number whose bytes cannot be read does not count as held."""
    from cloud_bridge.central.store import DeadLetter, Store

    def careless(self: Store, letter: DeadLetter, received: str) -> None:
        self.db.execute(
            "insert into dead_letter (counter, inc, seq, code, why, hash, body, received)"
            " values (?, ?, ?, ?, ?, ?, ?, ?) on conflict do nothing",
            (letter.counter, None, None, letter.code, letter.why, letter.hash, letter.body, received),
        )

    Store.put_dead_letter = careless


# --- the counter ----------------------------------------------------------------------------------
@_fault("sale and event in two transactions")
def _two_transactions() -> None:
    from edge.ledger.chain import Chain, end_of
    from edge.ledger.ledger import Ledger

    def careless(self, now, work):
        with self._store.writing() as db:
            chain = Chain(db, self._identity, now, end_of(db))
            result = work(db, chain)
        with self._store.writing():
            chain.finish()
        return result

    Ledger._attempt = careless


@_fault("numbers from the wall clock")
def _numbers_of_the_clock() -> None:
    from edge.ledger.chain import Chain

    careful = Chain.append

    def careless(self: Chain, fact, subject: str) -> None:
        self._seq = max(self._seq, int(self.now.wall.timestamp()))
        careful(self, fact, subject)

    Chain.append = careless


@_fault("pulse before the intent")
def _pulse_first() -> None:
    """The bolt is moved, and what for is noted when the next weights come."""
    from dataclasses import replace

    from edge.conductor import Conductor

    careful, hear = Conductor._pulse, Conductor.hear_sweep

    def careless(self, visit, now):
        ledger, self._ledger = self._ledger, _Unwritten()
        careful(self, visit, now)
        self._ledger, self._late = ledger, replace(visit.facts, pulsed=True)

    def and_then(self, sweep, now, turn):
        if (late := getattr(self, "_late", None)) is not None and self._waited(now):
            self._late = None
            self._ledger.begin_session(late, now)
        hear(self, sweep, now, turn)

    def waited(self, now):
        self._since = getattr(self, "_since", now.mono)
        return now.mono > self._since + 0.5

    Conductor._pulse = careless
    Conductor.hear_sweep = and_then
    Conductor._waited = waited


class _Unwritten:
    """A ledger that takes nothing."""

    def begin_session(self, *_: object) -> None:
        """It is written later."""


@_fault("pulse again after a restart")
def _pulse_again() -> None:
    from edge.conductor import Conductor
    from edge.hardware.signals import Unlock

    careful = Conductor.resume

    def careless(self, goods, learnt, now, turn):
        careful(self, goods, learnt, now, turn)
        if self.visit is not None:
            turn.jobs.append(Unlock(self.visit.facts.id, now.mono + 5.0))

    Conductor.resume = careless


@_fault("settled twice")
def _settled_twice() -> None:
    """Its sale is written once more, under another name."""
    from dataclasses import replace

    from edge.ledger.ledger import Ledger

    careful = Ledger.close_session

    def careless(self, closed, now):
        number = careful(self, closed, now)
        if closed.sale is not None:
            careful(self, replace(closed, id=closed.id[::-1]), now)
        return number

    Ledger.close_session = careless


@_fault("deadlines on the wall clock")
def _deadlines_on_the_wall() -> None:
    from dataclasses import replace

    from edge.conductor import Conductor

    careful = Conductor.pass_time
    first: list = []

    def careless(self, now, turn):
        first[:] = first or [now]
        passed = (now.wall - first[0].wall).total_seconds()
        careful(self, replace(now, mono=first[0].mono + passed), turn)

    Conductor.pass_time = careless


@_fault("a code on the screen serves twice")
def _code_twice() -> None:
    from edge.domain.tokens import TokenBook

    TokenBook.redeem = TokenBook.check


@_fault("no reserve on the disk")
def _no_reserve() -> None:
    from edge.ledger.space import Space

    Space.keep = lambda self: True
    Space.release = lambda self: False


@_fault("a ledger put back keeps its incarnation")
def _copy_unnoticed() -> None:
    from edge.ledger import delivery

    delivery.used_beyond = lambda *_: None
