"""A ledger put back from a copy: seen by the centre's numbers, and gone on with under a new incarnation."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

import pytest

from cloud_bridge import feed
from cloud_bridge.central.ingest import ingest, standing
from cloud_bridge.central.store import Store, Stream
from cloud_bridge.ranges import Covered
from cloud_bridge.state import Kept, State
from cloud_bridge.turns import Connected
from cloud_bridge.uplink import Uplink
from edge.domain.values import Clk, Instant
from edge.ledger.delivery import used_beyond
from edge.ledger.outbox import Outbox
from edge.ledger.renewal import renew
from edge.ledger.verify import verify
from tests.faults.chaos.writer import opened, visit

COUNTER, AT = "W-001", "2026-11-24T03:00:00Z"


@dataclass
class Still:
    def now(self):
        return Instant(100.0, datetime(2026, 11, 24, tzinfo=UTC), "boot-1", Clk.SYNCED)


def sells(place, visits, seed):
    with closing(opened(place, COUNTER, Still())) as ledger:
        random = Random(seed)
        for _ in range(visits):
            visit(ledger, Still(), random)
        ledger.checkpoint()


def of(place):
    with closing(Outbox(place / "ledger.db")) as outbox:
        return outbox.incarnation(), outbox.last_seq(), [body for _, body in outbox.events(0, 10_000)]


def is_copy(place):
    with closing(Outbox(place / "ledger.db")) as outbox:
        return used_beyond(place / "bridge.db", outbox)


def sends(place, store):
    """All events to the centre; its acks go into bridge.db, as the bridge keeps them."""
    inc, _, bodies = of(place)
    acks = ingest(store, [(f"counters/{COUNTER}/events", body) for body in bodies], AT).acks[COUNTER]
    rejects = {r.seq: r.code for ack in acks for r in ack.reject}
    state = State(place / "bridge.db")
    state.keep(inc, Kept(Covered(acks[-1].through), {}, rejects), AT)
    state.close()


def sales(store):
    return store.db.execute("select session, total_fen from sale order by session").fetchall()


@pytest.fixture
def put_back(tmp_path):
    """(place, centre's store): ten visits, a copy, ten more, all at the centre; then the copy is put back."""
    place = tmp_path / "counter"
    place.mkdir()
    with closing(Store(tmp_path / "central.db")) as store:
        sells(place, 10, 1)
        shutil.copyfile(place / "ledger.db", tmp_path / "copy.db")
        sells(place, 10, 2)
        sends(place, store)
        assert is_copy(place) is None
        (place / "ledger.db").unlink()
        shutil.copyfile(tmp_path / "copy.db", place / "ledger.db")
        yield place, store


def test_a_mark_above_the_last_number_shows_the_copy(put_back):
    place, _ = put_back
    _, last, _ = of(place)
    assert is_copy(place) > last
    renew(place / "ledger.db", os.urandom)
    assert is_copy(place) is None


@pytest.mark.parametrize("sold_meanwhile", [0, 3, 15])
def test_under_its_new_name_every_sale_counts_once_and_none_is_lost(put_back, sold_meanwhile):
    place, store = put_back
    before = sales(store)
    if sold_meanwhile:
        sells(place, sold_meanwhile, 3)
        sends(place, store)  # refused: other bytes under numbers that were used
        assert sales(store) != before or sold_meanwhile == 3
    old, last, _ = of(place)
    sold = {(f.session, f.total_fen) for f in map(fact, of(place)[2]) if isinstance(f, feed.SaleSettled)}
    stock_before = stock(store)
    kept = renew(place / "ledger.db", os.urandom)
    inc, again, _ = of(place)
    assert (inc != old, again, verify(place / "ledger.db"), verify(kept)) == (True, last, [], [])
    sends(place, store)
    assert sales(store) == sorted({*before, *sold})
    if not sold_meanwhile:
        assert stock(store) == stock_before
    assert is_copy(place) is None


def fact(body):
    return feed.fact_of(feed.decode(body))


def stock(store):
    return store.db.execute("select tray, sku, on_hand from stock order by tray, sku").fetchall()


def test_every_piece_sold_leaves_the_stock_at_the_centre_once(put_back):
    place, store = put_back
    sells(place, 3, 3)
    sends(place, store)
    renew(place / "ledger.db", os.urandom)
    sends(place, store)
    assert_each_piece_sold_left_the_stock_once(store)


def assert_each_piece_sold_left_the_stock_once(store):
    sold = store.db.execute("select sku, sum(count) from sale_line group by sku order by sku").fetchall()
    left = store.db.execute("select sku, sum(on_hand) from stock group by sku order by sku").fetchall()
    assert [(sku, 1_000_000 - n) for sku, n in sold] == left


def test_it_sells_on_with_numbers_of_its_own(put_back):
    place, store = put_back
    renew(place / "ledger.db", os.urandom)
    sells(place, 5, 4)
    sends(place, store)
    assert verify(place / "ledger.db") == []
    assert store.db.execute("select count(*) from conflict").fetchone() == (0,)


@pytest.mark.parametrize("sold_meanwhile", [0, 3, 15])
def test_where_bridge_db_came_back_too_the_centres_answer_shows_it_and_goods_and_sales_count_once(
    tmp_path, sold_meanwhile
):
    place, copy = tmp_path / "counter", tmp_path / "copy"
    place.mkdir()
    with closing(Store(tmp_path / "central.db")) as store:
        sells(place, 10, 1)
        sends(place, store)
        shutil.copytree(place, copy)
        sells(place, 10, 2)
        sends(place, store)
        shutil.rmtree(place)
        shutil.copytree(copy, place)
        sells(place, sold_meanwhile, 3)  # without a network
        assert is_copy(place) is None
        with closing(Outbox(place / "ledger.db")) as outbox, store.transaction():
            uplink = Uplink(outbox, Random(1))
            turn = uplink.turn([Connected(), standing(store, Stream(COUNTER, outbox.incarnation()))], 0.0)
        [note] = [note for note in turn.notes if note.alarm]
        assert turn.publishes == ()
        state = State(place / "bridge.db")
        state.alarm(note.event, json.dumps(note.fields), AT)  # as the bridge leaves it
        state.close()
        assert is_copy(place) is not None
        renew(place / "ledger.db", os.urandom)
        assert is_copy(place) is None
        sends(place, store)
        assert_each_piece_sold_left_the_stock_once(store)
        assert store.db.execute("select count(*) from conflict").fetchone() == (0,)
        [(orders, sessions)] = store.db.execute(
            "select count(distinct order_no), count(*) from sale"
        ).fetchall()
        assert orders == sessions
        ours = {(f.session, f.order_no) for f in map(fact, of(place)[2]) if isinstance(f, feed.SaleSettled)}
        with closing(sqlite3.connect(place / "ledger.db")) as db:
            assert set(db.execute("select session, order_no from sale")) == ours
        assert verify(place / "ledger.db") == []


class SellsOn:
    """An outbox whose newest event the centre acknowledges just after its number was read."""

    def __init__(self, state):
        self.state = state

    def incarnation(self):
        return "00000000000000a1"

    def last_seq(self):
        self.state.keep(self.incarnation(), Kept(Covered(6), {}, {}), AT)
        return 5


def test_a_sale_between_the_two_questions_does_not_make_a_copy_of_the_ledger(tmp_path):
    with closing(State(tmp_path / "bridge.db")) as state:
        state.keep("00000000000000a1", Kept(Covered(5), {}, {}), AT)
        assert used_beyond(tmp_path / "bridge.db", SellsOn(state)) is None
        assert used_beyond(tmp_path / "bridge.db", SellsOn(state)) == 6
