"""Lots in the ledger: what movements tell of them is kept, told and checked, and so is the intake record."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date

import msgspec
import pytest

from cloud_bridge import feed
from edge.domain.stock import Held, Lot
from edge.domain.values import Kind
from edge.errors import LedgerError
from edge.ledger.outbox import Outbox
from edge.ledger.verify import verify

MADE, MAY, JUNE = date(2026, 11, 1), date(2027, 5, 30), date(2027, 6, 30)
OLD, NEW = Lot("L-1", MADE, MAY), Lot("L-2", MADE, JUNE)


def of(lot, moved):
    return replace(moved, lot=lot.name, produced_on=lot.produced_on, expires_on=lot.expires_on)


@pytest.fixture
def stocked(ledger, facts):
    """Tray 1-01 with nine of a lot and then three of one that expires earlier; 1-02 with opening stock."""
    ledger.open_stock([replace(facts.restock(4, "1-02"), expires_on=MAY)], facts.at(0))
    delivered = [of(NEW, facts.restock(9)), of(OLD, facts.restock(3))]
    ledger.move_stock(delivered, facts.id(7), facts.at(1))
    return ledger


HERE, THERE = ("1-01", "SX-0001"), ("1-02", "SX-0001")
LYING = {HERE: (Held(NEW, 9), Held(OLD, 3)), THERE: (Held(Lot("", None, MAY), 4, "opening"),)}


def test_lots_are_known_by_place_in_the_order_in_which_they_came(stocked):
    assert stocked.lots() == LYING
    assert stocked.on_hand() == {HERE: 12, THERE: 4}


def test_lots_are_the_same_after_a_restart(stocked, path, open_at):
    stocked.close()
    with closing(open_at(path)) as again:
        assert again.lots() == LYING


def test_what_was_given_out_is_a_copy(stocked):
    stocked.lots().clear()
    assert stocked.lots() == LYING


def test_a_movement_that_was_not_written_moves_no_lot(stocked, facts):
    with pytest.raises(LedgerError):
        stocked.move_stock([of(OLD, replace(facts.restock(), count=0))], None, facts.at(2))
    assert stocked.lots() == LYING


def test_each_movement_is_told_with_its_lot(stocked, path):
    with closing(Outbox(path)) as outbox:
        told = [feed.fact_of(feed.decode(body)) for _, body in outbox.events(0, 100)]
    assert [(each.count, each.lot, each.produced_on, each.expires_on) for each in told] == [
        (4, "", None, "2027-05-30"),
        (9, "L-2", "2026-11-01", "2027-06-30"),
        (3, "L-1", "2026-11-01", "2027-05-30"),
    ]
    assert verify(path) == []


def test_a_movement_of_before_lots_is_still_understood():
    body = b'{"mono_ms":1,"movement":"x-1","tray":"1-01","sku":"S","kind":"SALE","count":-1}'
    assert msgspec.json.decode(body, type=feed.StockMoved) == feed.StockMoved(
        mono_ms=1, movement="x-1", tray="1-01", sku="S", kind="SALE", count=-1, lot="", expires_on=None
    )


@pytest.mark.parametrize("day", ["2027-02-30", "30.5.2027", "20270530", ""])
def test_a_date_that_is_none_is_refused_by_the_table(stocked, path, day):
    stocked.close()
    with closing(sqlite3.connect(path)) as conn, pytest.raises(sqlite3.IntegrityError, match="CHECK"):
        conn.execute(
            "INSERT INTO stock_movement (tray, sku, kind, count, reason, at, expires_on)"
            " VALUES ('1-01', 'S', 'ADJUST', 1, '', '', ?)",
            (day,),
        )


# --- the intake record of the food law ----------------------------------------------------------------
def restocked(facts, n, *taken_in):
    return replace(facts.closed(n, {}), kind=Kind.RESTOCK, intake=taken_in)


def test_what_a_restock_brought_is_kept_with_it(ledger, path, facts):
    whole = facts.taken_in()
    bare = facts.taken_in(
        2, lot="", produced_on=None, shelf_life_days=None, expires_on=None, supplier_contact="", document=""
    )
    ledger.close_session(restocked(facts, 1, whole, bare), facts.at(30))
    ledger.close_session(restocked(facts, 2), facts.at(60))
    assert ledger.taken_in(facts.id(1)) == (whole, bare)
    assert ledger.taken_in(facts.id(2)) == ()
    ledger.close()
    with closing(sqlite3.connect(path)) as conn:
        kept = conn.execute("SELECT session, qty, kept_until FROM intake ORDER BY n").fetchall()
    assert kept == [(facts.id(1), 10, "2027-11-30"), (facts.id(1), 2, "2028-11-23")]
    assert verify(path) == []


def test_a_session_that_is_not_closed_leaves_no_intake_record(ledger, facts):
    with pytest.raises(LedgerError, match="a fault of the program"):
        ledger.close_session(restocked(facts, 1, facts.taken_in(), facts.taken_in(0)), facts.at(30))
    assert ledger.taken_in(facts.id(1)) == ()
    assert not ledger.knows(facts.id(1))
    ledger.close_session(restocked(facts, 1, facts.taken_in()), facts.at(31))
    assert ledger.taken_in(facts.id(1)) == (facts.taken_in(),)
