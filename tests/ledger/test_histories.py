"""Whatever happens, in whatever order, with writes that fail at any point: the books stay whole."""

import os
import signal
import sqlite3
import tempfile
import time
from contextlib import closing
from dataclasses import replace
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

from cloud_bridge import feed
from edge.errors import LedgerError
from edge.ledger.ledger import Ledger
from edge.ledger.outbox import Outbox
from edge.ledger.reading import Reading
from edge.ledger.space import Space
from edge.ledger.verify import verify


def sound(path):
    """The invariants that hold for every committed state of a ledger's file."""
    assert verify(path) == []
    with closing(Outbox(path)) as outbox:
        events = [feed.decode(body) for _, body in outbox.events(0, 100_000)]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    assert len({event.id for event in events}) == len(events)


class Histories(RuleBasedStateMachine):
    """The ledger beside a model of dictionaries. ``fail_after``: SQLite steps until the write is cut off."""

    facts = None

    @initialize()
    def begin(self):
        self.place = tempfile.TemporaryDirectory()
        self.path = Path(self.place.name) / "ledger.db"
        self.random = Random(7)
        self.seconds = 0
        self.sessions = 0
        self.open = None
        self.stock: dict[tuple[str, str], int] = {}
        self.closed: dict[str, int] = {}
        self.alarms: set[tuple[str, str]] = set()
        self.ledger = self.opened()

    def opened(self):
        space = Space(self.path.parent, reserve_bytes=4096, selling_bytes=0)
        return Ledger.open(self.path, "XA-001", self.now(), self.random.randbytes, space)

    def now(self):
        self.seconds += 1
        return self.facts.at(self.seconds)

    def done(self, write, fail_after=None):
        """Whether ``write`` took place; cut off after so many looks of SQLite's machine, it must not have."""
        conn = self.ledger._store.db.conn
        if fail_after is None:
            write()
            return True
        left = iter(range(fail_after, -1, -1))
        committing = False

        def traced(statement):
            # SQLite reports an interrupt that comes after a COMMIT took effect; that COMMIT is whole or
            # not at all is what the killed children below show.
            nonlocal committing
            committing = statement == "COMMIT"

        conn.set_trace_callback(traced)
        conn.set_progress_handler(lambda: not committing and next(left, 1) == 0, 1)
        try:
            write()
        except LedgerError:
            return False
        finally:
            conn.set_progress_handler(None, 0)
            conn.set_trace_callback(None)
        return True

    def book(self, movements):
        for m in movements:
            self.stock[m.tray, m.sku] = self.stock.get((m.tray, m.sku), 0) + m.count

    cuts = st.none() | st.integers(0, 300)
    takes = st.dictionaries(st.sampled_from(["1-01", "1-02", "1-03"]), st.integers(1, 4), max_size=3)

    @rule(
        tray=st.sampled_from(["1-01", "1-02"]),
        sku=st.sampled_from(["SX-0001", "SX-0002"]),
        count=st.integers(-5, 20).filter(bool),
        cut=cuts,
    )
    def moves_stock(self, tray, sku, count, cut):
        moved = [replace(self.facts.restock(count, tray), sku=sku), self.facts.restock(1, "1-03")]
        if self.done(lambda: self.ledger.move_stock(moved, None, self.now()), cut):
            self.book(moved)

    @precondition(lambda self: self.open is None)
    @rule(cut=cuts)
    def begins(self, cut):
        self.sessions += 1
        session = self.facts.opened(self.sessions)
        if self.done(lambda: self.ledger.begin_session(session, self.now()), cut):
            self.open = session

    @precondition(lambda self: self.open is not None)
    @rule(note=st.sampled_from(["pulse", "door_opened", "step"]), cut=cuts)
    def notes(self, note, cut):
        self.done(lambda: self.ledger.journal(self.open.id, note, {"n": self.seconds}, self.now()), cut)

    @precondition(lambda self: self.open is not None)
    @rule(took=takes, cut=cuts)
    def closes(self, took, cut):
        closed = self.facts.closed(self.sessions, took)
        if self.done(lambda: self.ledger.close_session(closed, self.now()), cut):
            self.closed[closed.id] = closed.sale.total if closed.sale else 0
            self.open = None
            self.book(closed.movements)

    @precondition(lambda self: self.closed)
    @rule(took=takes)
    def closes_again(self, took):
        closed = self.facts.closed(int(next(iter(self.closed)), 16), took)
        with pytest.raises(LedgerError):
            self.ledger.close_session(closed, self.now())

    @rule(kind=st.sampled_from("ABC"), cut=cuts)
    def raises(self, kind, cut):
        if self.done(lambda: self.ledger.raise_alarm(kind, "x", "MAJOR", "", None, self.now()), cut):
            self.alarms.add((kind, "x"))

    @rule(kind=st.sampled_from("ABC"), cut=cuts)
    def clears(self, kind, cut):
        if self.done(lambda: self.ledger.clear_alarm(kind, "x", self.now()), cut):
            self.alarms.discard((kind, "x"))

    @precondition(lambda self: self.closed)
    @rule(cut=cuts)
    def appeals(self, cut):
        self.done(lambda: self.ledger.appeal(next(iter(self.closed)), "没拿", self.now()), cut)

    @rule()
    def is_opened_again(self):
        self.ledger.close()
        self.ledger = self.opened()

    @rule()
    def is_checkpointed(self):
        self.ledger.checkpoint()

    @invariant()
    def the_model_agrees(self):
        assert self.ledger.on_hand() == self.stock
        with closing(sqlite3.connect(self.path)) as conn:
            rows = conn.execute("SELECT tray, sku, sum(count) FROM stock_movement GROUP BY tray, sku")
            assert {(tray, sku): count for tray, sku, count in rows} == self.stock
        assert self.ledger.spent("b-1") == sum(self.closed.values())
        assert {(alarm.kind, alarm.subject) for alarm in self.ledger.alarms()} == self.alarms
        found = self.ledger.unfinished()
        assert (found and found.id) == (self.open and self.open.id)

    def teardown(self):
        if hasattr(self, "ledger"):
            sound(self.path)
            self.ledger.close()
            self.place.cleanup()


def test_books_stay_whole_in_every_history(facts):
    Histories.facts = facts
    run_state_machine_as_test(
        Histories, settings=settings(max_examples=12, stateful_step_count=25, deadline=None)
    )


def sells_until_killed(path: Path, facts, told: int, first: int) -> None:
    """In the child: visits without end; each order number is told after its commit."""
    space = Space(path.parent, reserve_bytes=4096, selling_bytes=0)
    with closing(Ledger.open(path, "XA-001", facts.at(0), os.urandom, space)) as ledger:
        if left := ledger.unfinished():
            ledger.close_session(facts.closed(int(left.id, 16), {}), facts.at(1))
        for n in range(first, first + 100_000):
            ledger.begin_session(facts.opened(n), facts.at(n))
            ledger.journal(facts.id(n), "pulse", {}, facts.at(n))
            order_no = ledger.close_session(facts.closed(n, {"1-01": 1, "1-02": 2}), facts.at(n))
            ledger.move_stock([facts.restock(3)], None, facts.at(n))
            os.write(told, f"{order_no} {n}\n".encode())


def killed_once(path: Path, facts, first: int, after_s: float) -> list[str]:
    """What a child that is killed ``after_s`` after its first sale (0: at once) has told."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        try:
            sells_until_killed(path, facts, writing, first)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as told:
        lines = [told.readline()]
        time.sleep(after_s)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return [line.strip() for line in (lines + told.readlines()) if line.endswith("\n")]


def nothing_told_is_lost(path: Path, facts, trials: int, longest_s: float) -> None:
    random, told, first = Random(trials), [], 1
    for _ in range(trials):
        told += killed_once(path, facts, first, random.uniform(0, longest_s))
        first = int(told[-1].split()[1]) + 2  # the one after the last may have been granted
    sales = {(sale.order_no, int(sale.id, 16)) for sale in Reading(path).last_sales(1_000_000)}
    assert len(told) >= trials
    assert {(order_no, int(n)) for order_no, n in map(str.split, told)} <= sales
    sound(path)
    with closing(sqlite3.connect(path)) as conn:
        assert conn.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        doubtful = "SELECT count(*) FROM (SELECT session FROM session_journal EXCEPT SELECT id FROM session)"
        assert conn.execute(doubtful).fetchone()[0] <= 1


def test_nothing_told_is_lost_by_a_kill_at_any_moment(path, facts):
    nothing_told_is_lost(path, facts, trials=20, longest_s=0.03)


@pytest.mark.long
def test_nothing_told_is_lost_by_three_hundred_kills(path, facts):
    nothing_told_is_lost(path, facts, trials=300, longest_s=0.3)
