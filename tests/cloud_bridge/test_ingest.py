"""The centre's ingest: bytes in, rows and acks out, whatever the order, the doubles and the damage."""

import json
from contextlib import closing
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud_bridge import feed
from cloud_bridge.central import projecting, projections
from cloud_bridge.central.database_sqlite import Sqlite
from cloud_bridge.central.ingest import ingest, standing
from cloud_bridge.central.store import Store, Stream
from tests.postgresql import refusing

AT = "2026-11-24T03:00:00.000Z"
TOPIC = "counters/T-001/events"


@pytest.fixture
def store(place):
    with closing(Store(place)) as made:
        yield made


def tables(store):
    """Every table and view of the database, by name."""
    asked = (
        "select name from sqlite_master where type in ('table', 'view')"
        if isinstance(store.db, Sqlite)
        else "select c.relname from pg_class c where relnamespace = 'public'::regnamespace"
        " and relkind in ('r', 'p', 'v') and not relispartition and relname <> 'schema_version'"
    )
    return {name for (name,) in store.db.execute(asked)}


def dump(store):
    """Every row of every table."""
    found = sorted(tables(store))
    return [(table, sorted(map(repr, store.db.execute(f"select * from {table}")))) for table in found]


def rows(store, table, columns="*"):
    return store.db.execute(f"select {columns} from {table} order by 1, 2, 3").fetchall()


def send(store, *bodies, topic=TOPIC):
    return ingest(store, [(topic, body) for body in bodies], AT)


def the_ack(outcome, counter="T-001"):
    (found,) = outcome.acks[counter]
    return found


def test_an_event_is_stored_with_its_own_bytes_and_acknowledged(store, make):
    (body,) = make.sales(1)
    assert the_ack(send(store, body)) == feed.Ack(inc=make.INC, through=1)
    assert store.db.execute("select counter, inc, seq, body from raw_event").fetchall() == [
        ("T-001", make.INC, 1, body)
    ]


def test_a_batch_is_unpacked_to_the_same_bytes(store, make):
    bodies = make.sales(5)
    assert the_ack(send(store, feed.batch(bodies))).through == 5
    assert [body for (body,) in store.db.execute("select body from raw_event order by seq")] == bodies


def test_the_same_event_again_changes_nothing_and_is_acknowledged_again(store, make):
    bodies = make.sales(2)
    first = send(store, *bodies)
    before = dump(store)
    again = send(store, *bodies, *bodies)
    assert dump(store) == before
    assert again.acks == first.acks
    assert again.known == 4


def test_two_counters_and_two_incarnations_are_told_apart(store, make):
    mine, new_disk = make.sales(2), make.sales(1, inc="00000000000000b2")
    theirs = make.sales(3, counter="T-002")
    outcome = ingest(
        store,
        [*((TOPIC, b) for b in mine + new_disk), *(("counters/T-002/events", b) for b in theirs)],
        AT,
    )
    marks = {(c, a.inc): a.through for c, acks in outcome.acks.items() for a in acks}
    assert marks == {("T-001", make.INC): 2, ("T-001", "00000000000000b2"): 1, ("T-002", make.INC): 3}


GAPS = [
    pytest.param([1, 2, 3], 3, (), id="in order"),
    pytest.param([2], 0, ((2, 2),), id="the first one missing"),
    pytest.param([1, 3], 1, ((3, 3),), id="one missing"),
    pytest.param([5, 6, 2, 9], 0, ((2, 2), (5, 6), (9, 9)), id="several gaps"),
    pytest.param([3, 2, 1], 3, (), id="backwards"),
]


@pytest.mark.parametrize(("order", "through", "have"), GAPS)
def test_through_is_contiguous_from_one_and_have_names_the_rest(store, make, order, through, have):
    bodies = make.sales(9)
    outcome = send(store, *(bodies[n - 1] for n in order))
    assert the_ack(outcome) == feed.Ack(inc=make.INC, through=through, have=have)


@settings(max_examples=60, deadline=None)
@given(order=st.lists(st.integers(1, 25), max_size=40), cuts=st.integers(1, 7))
def test_the_mark_equals_brute_force_whatever_order_numbers_arrive_in(order, cuts, tmp_path_factory, make):
    bodies = make.sales(25)
    with closing(Store(tmp_path_factory.mktemp("mark") / "central.db")) as store:
        seen = set()
        for start in range(0, len(order), cuts):
            part = order[start : start + cuts]
            ack = the_ack(send(store, *(bodies[n - 1] for n in part)))
            seen |= set(part)
            through = 0
            while through + 1 in seen:
                through += 1
            assert ack.through == through
            assert {n for a, b in ack.have for n in range(a, b + 1)} == {n for n in seen if n > through}


def test_other_bytes_under_a_stored_number_are_kept_aside_and_never_overwrite(store, make):
    (first,), (other,) = make.sales(1), make.chain([make.sale(1, total_fen=1)])
    send(store, first)
    outcome = send(store, other)
    assert the_ack(outcome) == feed.Ack(
        inc=make.INC, through=1, reject=(feed.Rejected(seq=1, code="conflict"),)
    )
    assert outcome.conflicts == [(Stream("T-001", make.INC), 1)]
    assert store.db.execute("select body from raw_event").fetchall() == [(first,)]
    assert store.db.execute("select seq, body from conflict").fetchall() == [(1, other)]
    assert store.db.execute("select total_fen from sale").fetchall() == [(1000,)]


def damaged(body, **changes):
    return json.dumps({**json.loads(body), **changes}).encode()


LETTERS = [
    pytest.param(lambda b: b[:-20], "envelope", True, id="cut short"),
    pytest.param(lambda b: damaged(b, data={"mono_ms": 1}), "fact", True, id="fact without its fields"),
    pytest.param(
        lambda b: damaged(b, source="/counters/T-999"), "source", True, id="another counter's source"
    ),
    pytest.param(lambda b: damaged(b, seq="two"), "envelope", False, id="number in words"),
    pytest.param(lambda b: damaged(b, seq=2**70), "seq", False, id="number out of range"),
    pytest.param(lambda b: damaged(b, inc="no incarnation"), "inc", False, id="no incarnation"),
    pytest.param(lambda b: b"\xff\xfe\x00", "envelope", False, id="no text at all"),
    pytest.param(lambda b: b"[" * 20_000, "envelope", False, id="nested 20,000 deep"),
    pytest.param(lambda b: b"[1, 2", "envelope", False, id="broken batch"),
    pytest.param(lambda b: b"", "envelope", False, id="empty"),
    pytest.param(lambda b: damaged(b, inc="\ud800"), "envelope", False, id="lone surrogate"),
]


@pytest.mark.parametrize(("damage", "code", "named"), LETTERS)
def test_what_cannot_be_read_is_kept_and_holds_nothing_up(store, make, damage, code, named):
    bodies = make.sales(3)
    poison = damage(bodies[1])
    outcome = send(store, bodies[0], poison, bodies[2])
    ack = the_ack(outcome)
    assert [(letter.code, letter.body) for letter in outcome.dead] == [(code, poison)]
    assert store.db.execute("select code, body from dead_letter").fetchall() == [(code, poison)]
    if named:
        assert ack == feed.Ack(inc=make.INC, through=3, reject=(feed.Rejected(seq=2, code=code),))
    else:
        assert ack == feed.Ack(inc=make.INC, through=1, have=((3, 3),))


BAD_FACTS = [
    pytest.param({"total_fen": 2**70}, id="money beyond 64 bits"),
    pytest.param({"closed_at": "yesterday"}, id="no time"),
    pytest.param({"closed_at": "2026-11-24T10:00:00"}, id="time without zone"),
]


@pytest.mark.each_case_on_postgresql
@pytest.mark.parametrize("changes", BAD_FACTS)
def test_a_fact_no_table_can_hold_is_a_dead_letter_and_leaves_no_half_row(store, make, changes):
    body = make.sales(1)[0]
    data = {**json.loads(body)["data"], **changes}
    outcome = send(store, damaged(body, data=data))
    assert [letter.code for letter in outcome.dead] == ["fact"]
    assert the_ack(outcome).through == 1
    assert rows(store, "sale") == rows(store, "sale_line") == rows(store, "raw_event") == []


def test_what_the_database_refuses_is_found_by_halves_and_stops_nothing(store, make):
    """Here it keeps one sale an order number, which no database of ours asks for."""
    store.db.execute("create unique index once on sale (order_no)")
    try:
        outcome = send(store, *make.chain([make.sale(n, order_no=f"o-{n % 5}") for n in range(1, 8)]))
    finally:
        store.db.execute("drop index once")
    assert (outcome.stored, [(letter.seq, letter.code) for letter in outcome.dead]) == (
        5,
        [(6, "fact"), (7, "fact")],
    )
    assert the_ack(outcome).through == 7


@pytest.mark.parametrize("together", [True, False])
def test_a_fact_that_no_table_can_hold_is_a_dead_letter_whoever_came_with_it(store, make, together):
    """Its sale is told by a lower number, too, which stands: the database never gets to see it."""
    good, bad = make.chain([make.sale(1), make.sale(1)])
    bad = damaged(bad, data={**json.loads(bad)["data"], "total_fen": 2**63})
    outcomes = [send(store, good, bad)] if together else [send(store, bad), send(store, good)]
    assert [letter.seq for outcome in outcomes for letter in outcome.dead] == [2]
    assert store.db.execute("select seq from raw_event").fetchall() == [(1,)]


def test_the_whole_event_arriving_after_its_damaged_copy_is_stored(store, make):
    (body,) = make.sales(1)
    send(store, body[:-20])
    outcome = send(store, body)
    assert outcome.stored == 1
    assert the_ack(outcome).through == 1
    assert store.db.execute("select body from raw_event").fetchall() == [(body,)]


def test_an_unknown_type_is_stored_and_acknowledged_without_rows(store, make):
    body = make.sales(1)[0].replace(b"sale.settled.v1", b"sale.imagined.v9")
    assert the_ack(send(store, body)).through == 1
    assert store.db.execute("select body from raw_event").fetchall() == [(body,)]
    assert rows(store, "sale") == []


def test_nothing_is_stored_when_the_transaction_fails(store, make):
    before = dump(store)
    boom = refusing(store.db, "insert", "mark", "disk")
    with boom, pytest.raises(Exception, match="disk"):
        send(store, *make.sales(3))
    assert dump(store) == before


def history(make):
    """A life with sales, sessions, stock and alarms; and a restored disk that tells one sale again."""
    facts = []
    for n in range(1, 15):
        facts.append(make.sale(n))
        facts.append(
            feed.SessionClosed(
                mono_ms=n,
                session=f"{n:032x}",
                kind="BUY",
                state="REVIEW" if n % 5 == 0 else "SETTLED",
                opener="sample-buyer",
                verdict="charge",
                reasons=("unsure",) if n % 5 == 0 else (),
                trays=(),
                opened_at="2026-11-24T02:00:00Z",
                closed_at="2026-11-24T02:01:00Z",
            )
        )
        facts.append(
            feed.StockMoved(
                mono_ms=n, movement=f"m{n}", tray="1-01", sku="ZY-WATER-500", kind="SALE", count=-2
            )
        )
        alarm = {"mono_ms": n, "kind": "DOOR_OPEN", "subject": "door"}
        facts.append(
            feed.AlarmRaised(**alarm, severity="MAJOR", detail=str(n))
            if n % 3
            else feed.AlarmCleared(**alarm)
        )
    return make.chain(facts) + make.chain([make.sale(3, order_no="again")], inc="00000000000000b2")


def one_product_a_tray(make, **more):
    """A session as counters told it while a tray held one product."""
    closed = feed.SessionClosed(
        mono_ms=1,
        session=f"{1:032x}",
        kind="BUY",
        state="REVIEW",
        opener="sample-buyer",
        verdict="review",
        reasons=("poor_fit",),
        trays=(),
        opened_at="2026-11-24T02:00:00Z",
        closed_at="2026-11-24T02:01:00Z",
    )
    event = json.loads(make.chain([closed])[0])
    levels = {"before_dg": 62280, "after_dg": 51900, "delta_dg": -10380, "residual_dg": 0, "reasons": []}
    tray = {"tray": "1-01", "sku": "ZY-WATER-500", "verdict": "charge", "count": 2, **levels, **more}
    still = {**tray, "tray": "1-02", "count": 0, "verdict": "empty"}
    event["data"]["trays"] = [
        {key: value for key, value in each.items() if value is not ...} for each in (tray, still)
    ]
    return json.dumps(event, separators=(",", ":")).encode()


def test_a_session_told_by_an_older_counter_is_understood(store, make):
    body = one_product_a_tray(make)
    ack = the_ack(send(store, body))
    assert (ack.through, ack.reject) == (1, ())
    assert store.db.execute("select session, state from session").fetchall() == [(f"{1:032x}", "REVIEW")]
    assert store.db.execute("select body from raw_event").fetchall() == [(body,)]
    first, still = feed.fact_of(feed.decode(body)).trays
    assert (first.tray, first.goods, first.delta_dg) == (
        "1-01",
        (feed.Goods(sku="ZY-WATER-500", count=2),),
        -10380,
    )
    assert (first.alternatives, first.curve, still.goods) == ((), (), ())


@pytest.mark.parametrize(
    "spoilt", [{"count": "2"}, {"count": ...}, {"sku": 5}, {"before_dg": "x"}, {"verdict": ...}]
)
def test_a_session_in_neither_form_is_unreadable_and_says_so(store, make, spoilt):
    body = one_product_a_tray(make, **spoilt)
    with pytest.raises(feed.Unreadable, match=r"session\.closed\.v1: .*\$\.trays\[0\]"):
        feed.fact_of(feed.decode(body))
    assert len(the_ack(send(store, body)).reject) == 1


def projected(store):
    return [line for table in (*projections.TABLES, "stock") for line in rows(store, table)]


@pytest.mark.parametrize("seed", range(12))
def test_three_copies_in_any_order_give_the_same_rows_as_one_in_order(place, tmp_path, make, seed):
    bodies = history(make)
    with closing(Store(tmp_path / "a.db")) as straight, closing(Store(place)) as shuffled:
        send(straight, *bodies)
        many, random = bodies * 3, Random(seed)
        random.shuffle(many)
        while many:
            cut = random.randint(1, 40)
            part, many = many[:cut], many[cut:]
            send(shuffled, feed.batch(part) if random.random() < 0.5 else part[0], *part)
        assert projected(shuffled) == projected(straight)
        assert len(rows(straight, "sale")) == 14
        assert straight.db.execute("select on_hand from stock").fetchall() == [(-28,)]


@pytest.mark.parametrize("order", ["id", "hash", "seq desc, inc"])
def test_projections_made_again_from_the_raw_events_are_the_same_rows(store, make, order):
    send(store, *history(make))
    before = projected(store)
    with store.transaction() as db:
        projecting.rebuild(db, order)
    assert projected(store) == before


@pytest.mark.each_case_on_postgresql
@pytest.mark.parametrize("statement", ["update raw_event set hash = ''", "delete from raw_event"])
def test_raw_events_cannot_be_changed(store, make, statement):
    send(store, *make.sales(1))
    with pytest.raises(Exception, match="append-only"):
        store.db.execute(statement)


def test_the_schema_has_these_tables_and_no_other(store):
    ours = {
        *("raw_event", "mark", "held", "dead_letter", "conflict", "counter", "projected"),
        *(*projections.TABLES, "stock", "stock_lot", "counter_now", "command", "document", "live"),
        *("centre_alarm", "duty", "gap"),
        *("centre_alarm", "gap", "duty"),
    }
    assert tables(store) >= ours
    assert tables(store) == ours or not isinstance(store.db, Sqlite)  # other rooms share that database


def test_the_answer_to_a_birth_names_the_highest_event_held_and_its_hash(store, make):
    stream, sales = Stream(make.COUNTER, make.INC), make.sales(5)
    with store.transaction():
        assert standing(store, stream) == feed.Ack(inc=make.INC, through=0)
    ingest(
        store, [("counters/T-001/events", body) for body in (*sales[:2], sales[4])], "2026-11-24T03:00:00Z"
    )
    with store.transaction():
        found = standing(store, stream)
    assert found == feed.Ack(inc=make.INC, through=2, have=((5, 5),), tip=(5, feed.sha256(sales[4])))
