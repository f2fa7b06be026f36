"""Stock in any order of events, with power cuts between and within them: the books stay explained.

The model is a list of what lies where, by lot. Each rule makes movements as the counter makes them; the
ledger has to agree after every step. A rule more is a method more.
"""

import tempfile
from collections import Counter
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from edge.domain.basket import movements_of
from edge.domain.records import Movement, Stray, TrayEvidence
from edge.domain.stock import Books, Lot, books_with, leaving, lot_of
from edge.domain.values import Kind
from edge.domain.verdict import verdict_of
from edge.errors import LedgerError
from edge.ledger.ledger import Ledger
from edge.ledger.reader import open_reader
from edge.ledger.space import Space
from edge.ledger.stock import books
from edge.ledger.verify import verify

TRAYS, SKUS = ("1-01", "1-02"), ("SX-0001", "SX-0002")
"""Few, so that lots meet."""
LOTS = (
    Lot(),
    Lot("L-1", date(2026, 11, 1), date(2027, 5, 30)),
    Lot("L-2", None, date(2027, 6, 30)),
    Lot("", None, date(2027, 4, 1)),
)

trays, skus, lots, counts = (
    st.sampled_from(TRAYS),
    st.sampled_from([SKUS[0]] * 3 + [SKUS[1]]),
    st.sampled_from(LOTS),
    st.integers(1, 9),
)
cuts = st.none() | st.integers(0, 400)
"""SQLite's steps until the current goes, or never."""


class Stock(RuleBasedStateMachine):
    """``model``: pieces by tray, product and lot."""

    facts = None

    @initialize(opening=st.dictionaries(trays, counts))
    def begin(self, opening):
        self.place = tempfile.TemporaryDirectory()
        self.path = Path(self.place.name) / "ledger.db"
        self.random = Random(11)
        self.seconds = self.sessions = 0
        self.model: Counter = Counter()
        self.told: list[Movement] = []
        self.ledger = self.opened()
        movements = [Movement(tray, SKUS[0], "RESTOCK", n, "opening stock") for tray, n in opening.items()]
        if movements:
            assert self.ledger.open_stock(movements, self.now())
            self.book(movements)

    def opened(self):
        space = Space(self.path.parent, reserve_bytes=4096, selling_bytes=0)
        return Ledger.open(self.path, "XA-001", self.now(), self.random.randbytes, space)

    def now(self):
        self.seconds += 1
        return self.facts.at(self.seconds)

    # --- what happens ---------------------------------------------------------------------------------
    @rule(tray=trays, sku=skus, brought=st.lists(st.tuples(lots, counts), min_size=1, max_size=3), cut=cuts)
    def restock(self, tray, sku, brought, cut):
        movements = [self.moved(tray, sku, "RESTOCK", count, lot) for lot, count in brought]
        taken_in = tuple(self.facts.taken_in(count, sku=sku, lot=lot.name) for lot, count in brought)
        self.close(Kind.RESTOCK, movements, cut, intake=taken_in)

    @rule(tray=trays, sku=skus, count=counts, cut=cuts)
    def sale(self, tray, sku, count, cut):
        """As the closing of a visit makes it."""
        count = min(count, self.on_hand(tray, sku))
        if count:
            took = TrayEvidence(tray, "charge", ((sku, count),), None, None, None)
            self.close(Kind.BUY, movements_of(Kind.BUY, verdict_of((took,)), self.ledger.lots()), cut)

    @rule(tray=trays, to=trays, sku=skus, count=counts, cut=cuts)
    def misplaced(self, tray, to, sku, count, cut):
        count = min(count, self.on_hand(tray, sku))
        if count and tray != to:
            verdict = verdict_of((), (Stray(sku, count, tray, to),))
            movements = movements_of(Kind.BUY, verdict, self.ledger.lots())
            assert not +self.by_lot(movements), "no lot came out of nothing"
            self.close(Kind.BUY, movements, cut)

    @rule(tray=trays, sku=skus, count=counts, cut=cuts)
    def pull_off_and_write_off(self, tray, sku, count, cut):
        """Goods that are pulled off lie in the staff's hands until they are written off."""
        gone = self.leaves(tray, sku, "PULL_OFF", count)
        hands = [replace(m, tray="off-shelf", kind="PULL_OFF", count=-m.count) for m in gone]
        lost = [replace(m, kind="WRITE_OFF", count=-m.count, reason="EXPIRED") for m in hands]
        self.close(Kind.RESTOCK, [*gone, *hands, *lost], cut)

    @precondition(lambda self: +self.model)
    @rule(data=st.data(), cut=cuts)
    def pull_off_of_a_lot(self, data, cut):
        """Whatever date it has: an operator names the lot that goes."""
        (tray, sku, lot), count = data.draw(st.sampled_from(sorted((+self.model).items(), key=repr)))
        gone = -data.draw(st.integers(1, count))
        self.close(Kind.RESTOCK, [self.moved(tray, sku, "PULL_OFF", gone, lot)], cut)

    @rule(tray=trays, sku=skus, measured=st.integers(0, 12), cut=cuts)
    def stock_take(self, tray, sku, measured, cut):
        """What is missing leaves by its date, what is found has no lot."""
        more = measured - self.on_hand(tray, sku)
        found = [Movement(tray, sku, "ADJUST", more, "GAIN")] if more > 0 else []
        self.close(Kind.RESTOCK, [*found, *self.leaves(tray, sku, "ADJUST", max(0, -more))], cut)

    @rule(kill=st.booleans())
    def current_goes_and_comes(self, kill):
        """Without a word (the file as it is, its log beside it), or in order."""
        if kill:
            copy = Path(self.place.name) / f"{self.seconds}" / "ledger.db"
            copy.parent.mkdir()
            for name in (self.path.name, f"{self.path.name}-wal"):
                if (source := self.path.parent / name).exists():
                    (copy.parent / name).write_bytes(source.read_bytes())
            self.ledger.close()
            self.path = copy
        else:
            self.ledger.close()
        self.ledger = self.opened()

    # --- how it is written ----------------------------------------------------------------------------
    def moved(self, tray, sku, kind, count, lot):
        return Movement(tray, sku, kind, count, "", lot.name, lot.produced_on, lot.expires_on)

    def by_lot(self, movements):
        pieces: Counter = Counter()
        for m in movements:
            pieces[m.sku, lot_of(m)] += m.count
        return pieces

    def leaves(self, tray, sku, kind, count):
        count = min(count, self.on_hand(tray, sku))
        return leaving(self.ledger.lots().get((tray, sku), ()), tray, sku, kind, count) if count else []

    def on_hand(self, tray, sku):
        return self.ledger.on_hand().get((tray, sku), 0)

    def close(self, kind, movements, cut, **more):
        """A session that books ``movements``, whole or, cut off while it is written, not at all."""
        self.sessions += 1
        closed = replace(self.facts.closed(self.sessions, {}), kind=kind, movements=tuple(movements), **more)
        if self.written(closed, cut):
            self.book(movements)
            assert len(self.ledger.taken_in(closed.id)) == len(closed.intake)
        else:
            assert not self.ledger.knows(closed.id)
            assert self.ledger.taken_in(closed.id) == ()

    def written(self, closed, cut):
        conn = self.ledger._store.db.conn
        left = iter(range(-1 if cut is None else cut, -1, -1))
        committing = cut is None

        def traced(statement):  # that a COMMIT is whole or not at all, killed processes show elsewhere
            nonlocal committing
            committing = committing or statement == "COMMIT"

        conn.set_trace_callback(traced)
        conn.set_progress_handler(lambda: not committing and next(left, 1) == 0, 1)
        try:
            self.ledger.close_session(closed, self.now())
        except LedgerError:
            assert cut is not None
            return False
        finally:
            conn.set_progress_handler(None, 0)
            conn.set_trace_callback(None)
        return True

    def book(self, movements):
        """The model knows lots by what movements say, and nothing of how they came."""
        for m in movements:
            self.told.append(m)
            self.model[m.tray, m.sku, lot_of(m)] += m.count

    # --- what must hold -------------------------------------------------------------------------------
    @invariant()
    def booked_is_the_sum_of_the_movements(self):
        summed: Counter = Counter()
        for m in self.told:
            summed[m.tray, m.sku] += m.count
        assert self.ledger.on_hand() == dict(summed)

    @invariant()
    def nothing_is_below_nothing(self):
        assert all(count >= 0 for count in self.ledger.on_hand().values())
        assert all(count >= 0 for count in self.model.values())
        assert all(each.count > 0 for held in self.ledger.lots().values() for each in held)

    @invariant()
    def lots_are_those_of_the_model_and_make_up_what_is_on_hand(self):
        found: Counter = Counter()
        for (tray, sku), held in self.ledger.lots().items():
            for each in held:
                found[tray, sku, each.lot] += each.count
        assert found == +self.model
        for place, count in self.ledger.on_hand().items():
            assert sum(each.count for each in self.ledger.lots().get(place, ())) == count

    @invariant()
    def another_reader_of_the_file_finds_the_same(self):
        with closing(open_reader(self.path)) as conn:
            read: Books = books(conn)
        assert (read.on_hand, read.lots) == (self.ledger.on_hand(), self.ledger.lots())
        assert books_with(read.lots).lots == read.lots

    def teardown(self):
        if hasattr(self, "ledger"):
            self.ledger.close()
            assert verify(self.path) == []
            self.place.cleanup()


def in_histories(facts, examples, steps):
    Stock.facts = facts
    run_state_machine_as_test(
        Stock, settings=settings(max_examples=examples, stateful_step_count=steps, deadline=None)
    )


def test_stock_is_explained_in_every_history(facts):
    in_histories(facts, 8, 20)


@pytest.mark.long
def test_stock_is_explained_in_many_long_histories(facts):
    in_histories(facts, 100, 60)
