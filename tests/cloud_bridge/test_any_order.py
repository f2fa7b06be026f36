"""Whatever order, repetition, batching and worker events come by: the same rows, also after a rebuild.

Compared byte for byte is every column of every projection. What depends on the arrival, and is therefore in
no projection: ``raw_event.id`` (the number of arrival) and ``raw_event.received``, the same two columns of
``conflict`` and ``dead_letter``, and the row ``counter`` (who was heard when). Of two forms under one number
the one that came first stands. Times estimated for a clock that was never set are bounded by ``received``;
here all is received at one moment.

Planted bugs, each of which the same check has to see (the last test): an insert without a conflict rule; a
conflict not decided by the hash; a projection without its rule which of two rows stands; a projection that
counts what is told twice; poison that takes its batch along.
"""

import json
from contextlib import closing
from dataclasses import dataclass
from itertools import pairwise
from random import Random
from threading import Thread

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloud_bridge import feed, packing
from cloud_bridge.central import cli, projections
from cloud_bridge.central import ingest as ingesting
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import RAW, Store
from cloud_bridge.central.table import Table

AT = "2026-11-24T03:00:00.000Z"
RESTORED = "00000000000000b2"


@dataclass(frozen=True)
class Told:
    """One message's event: its counter and bytes. key: of a good event; None: what nobody can read."""

    counter: str
    body: bytes
    key: tuple[str, int] | None


def again(body, **changes):
    return json.dumps(json.loads(body) | changes).encode()


def facts_of(make):
    for n in range(1, 6):
        yield make.sale(n)
        yield feed.SessionClosed(
            mono_ms=n,
            session=f"{n:032x}",
            kind="BUY",
            state="SETTLED",
            opener="sample-buyer",
            verdict="charge",
            reasons=(),
            trays=(),
            opened_at="2026-11-24T02:00:00Z",
            closed_at="2026-11-24T02:01:00Z",
        )
        yield feed.StockMoved(mono_ms=n, movement=f"m{n}", tray="1-01", sku="ZY", kind="SALE", count=-n)
        door = {"mono_ms": n, "kind": "DOOR_OPEN", "subject": "door"}
        yield feed.AlarmCleared(**door) if n % 3 else feed.AlarmRaised(**door, severity="MAJOR")


def refund(make, lines):
    return feed.SaleRefunded(
        mono_ms=1,
        refund="r1",
        session=f"{1:032x}",
        order_no="T-001-000001",
        buyer="sample-buyer",
        fen=700,
        certified_fen=700,
        lines=tuple(feed.RefundedLine(line=n, fen=350, count=1) for n in lines),
        paid=(),
    )


def older_form(body):
    """A session as it was told while a tray held one product."""
    event = json.loads(body)
    levels = {"before_dg": 62280, "after_dg": 51900, "delta_dg": -10380, "residual_dg": 0, "reasons": []}
    event["data"]["trays"] = [{"tray": "1-01", "sku": "ZY", "verdict": "charge", "count": 2, **levels}]
    return json.dumps(event, separators=(",", ":")).encode()


@pytest.fixture(scope="session")
def events(make):
    """Two counters, a disk put back, an older form, two numbers told in two forms, four kinds of poison."""
    life = make.chain([*facts_of(make), refund(make, (1, 2))])
    life[1] = older_form(life[1])
    retold = [make.sale(2, order_no="again"), make.sale(9), *list(facts_of(make))[2:8:5]]
    moved = feed.StockMoved(mono_ms=1, movement="m1", tray="1-01", sku="ZY", kind="SALE", count=-7)
    restored = make.chain([*retold, moved], inc=RESTORED)
    unset = [again(body, clk=0) for body in make.chain([make.sale(n) for n in (1, 2)], counter="T-002")]
    good = [(make.COUNTER, body) for body in (*life, *restored)] + [("T-002", body) for body in unset]
    good += [(make.COUNTER, again(body, id=f"other-{n}")) for n, body in enumerate(life[4:6])]
    last = json.loads(life[-1])
    twice = make.chain([refund(make, (1, 1))])[0]
    poison = [
        life[3][:-20],
        again(life[8], data={"mono_ms": 1}),
        again(life[0], seq=90, data={**json.loads(life[0])["data"], "total_fen": 2**70}),
        again(twice, seq=last["seq"] + 1, data={**json.loads(twice)["data"], "refund": "r2"}),
    ]
    found = [Told(counter, body, (feed.decode(body).inc, feed.decode(body).seq)) for counter, body in good]
    return (*found, *(Told(make.COUNTER, body, None) for body in poison))


def messages(told, packed):
    """One message for each counter's events, as its bridge would send them; what is no JSON goes alone."""
    by_counter = {}
    for each in told:
        if each.body.endswith(b"}"):
            by_counter.setdefault(each.counter, []).append(each.body)
        else:
            yield f"counters/{each.counter}/events", each.body
    for counter, bodies in by_counter.items():
        body = feed.batch(bodies) if len(bodies) > 1 else bodies[0]
        yield f"counters/{counter}/events", packing.packed(body) if packed else body


def rows(store, tables=(*projections.TABLES, "stock", "stock_lot", "mark")):
    return {table: sorted(map(repr, store.db.execute(f"select * from {table}"))) for table in tables}


def kept(store, table):
    return {bytes(body) for (body,) in store.db.execute(f"select body from {table}")}


def check(place, directory, arranged, workers):
    """``workers`` take the batches of ``arranged`` in; then everything that the module's docstring says."""
    workers(place, arranged)
    delivered = [each for part, _ in arranged for each in part]
    with closing(Store(place)) as store:
        raw, before = kept(store, "raw_event"), rows(store)
        refused = kept(store, "conflict") | kept(store, "dead_letter")
    assert raw | refused == {each.body for each in delivered}
    assert not raw & refused
    good = [each for each in delivered if each.key is not None]
    assert {each.body for each in good if each.body in raw} == raw
    assert len(raw) == len({(each.counter, *each.key) for each in good})
    assert cli.main(["rebuild", "--dir", str(directory)]) == 0
    with closing(Store(place)) as store:
        assert rows(store) == before
    standing = sorted({each for each in good if each.body in raw}, key=lambda each: (each.counter, each.key))
    beside = [each for each in delivered if each.body not in raw]
    with closing(Store(directory / "straight.db")) as store:
        for part in (standing, beside):
            ingest(store, list(messages(part, False)), AT)
        assert rows(store) == before


def one_by_one(place, arranged):
    """SQLite has one writer: what two workers would take comes in turns."""
    with closing(Store(place)) as store:
        for part, packed in arranged:
            ingest(store, list(messages(part, packed)), AT)


def two_at_once(place, arranged):
    failed = []

    def work(share):
        try:
            one_by_one(place, share)
        except Exception as error:  # whatever ends a worker ends this test, not silently its thread
            failed.append(error)

    threads = [Thread(target=work, args=(arranged[n::2],)) for n in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []


@st.composite
def arrangements(draw, size):
    """Numbers of events: a part of them in any order, some repeatedly, cut into batches, packed or not."""
    repeated = draw(st.lists(st.integers(0, size - 1), max_size=12))
    order = draw(st.permutations([*range(size), *repeated]))
    order = order[draw(st.integers(0, 6)) :]
    cuts = draw(st.lists(st.integers(1, 20), min_size=1, max_size=6))
    found, n = [], 0
    while order:
        size = cuts[n % len(cuts)]
        found.append((order[:size], draw(st.booleans())))
        order, n = order[size:], n + 1
    return found


def arranged_by(events, arrangement):
    return [([events[n] for n in part], packed) for part, packed in arrangement]


SIZE = 34
"""Of ``events``."""


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrangement=arrangements(SIZE))
def test_any_order_gives_the_rows_of_one_in_order_and_of_a_rebuild(arrangement, events, tmp_path_factory):
    assert len(events) == SIZE
    directory = tmp_path_factory.mktemp("order")
    check(directory / "central.db", directory, arranged_by(events, arrangement), one_by_one)


def shuffled(events, seed):
    random = Random(seed)
    order = random.sample([*events, *random.choices(events, k=12)], k=SIZE + 12)
    cuts = [0, *sorted(random.sample(range(1, len(order)), 5)), len(order)]
    return [(order[a:b], random.random() < 0.5) for a, b in pairwise(cuts)]


@pytest.mark.parametrize(
    "seed", [*range(3), *(pytest.param(n, marks=pytest.mark.long) for n in range(3, 60))]
)
def test_two_workers_at_once_on_postgresql_leave_them_too(
    seed, events, tmp_path, postgresql_server, monkeypatch
):
    url = postgresql_server.empty()
    monkeypatch.setenv("COUNTER_CENTRAL_DATABASE__URL", url)
    check(url, tmp_path, shuffled(events, seed), two_at_once)


def unchecked(monkeypatch):
    """insert without a conflict rule"""
    monkeypatch.setattr(Store, "known", lambda self, events: {})
    monkeypatch.setattr(
        Store,
        "put_events",
        lambda self, events, received: (
            self.db.insert(RAW, [(*each.key, each.hash, each.body, received) for each in events])
            or len(events)
        ),
    )


def hash_not_compared(monkeypatch):
    """conflict not decided by the hash"""
    real = Store.known

    def known(self, events):
        stored = real(self, events)
        return {each.key: each.hash for each in events if each.key in stored}

    monkeypatch.setattr(Store, "known", known)


def last_one_stands(monkeypatch):
    """a projection without its rule"""
    sale = projections.SALE
    monkeypatch.setitem(
        vars(sale), "replaces", Table(sale.name, sale.columns, sale.key, wins="true").replaces
    )


def counting(monkeypatch):
    """a projection counts duplicates"""
    added = " on conflict (counter, movement) do update set count = stock_move.count + excluded.count"
    monkeypatch.setitem(vars(projections.STOCK_MOVE), "replaces", added)


def poison_blocks(monkeypatch):
    """poison takes its batch along"""
    real = ingesting._put

    def put(taken, store, received):
        poisoned = any(getattr(each, "entries", None) is None for each in taken)
        return ingesting.Outcome() if poisoned else real(taken, store, received)

    monkeypatch.setattr(ingesting, "_put", put)


BUGS = [unchecked, hash_not_compared, last_one_stands, counting, poison_blocks]


@pytest.mark.parametrize("plant", BUGS)
def test_the_same_check_sees_each_planted_bug(plant, events, tmp_path, monkeypatch):
    plant(monkeypatch)
    with pytest.raises(AssertionError):
        check(tmp_path / "central.db", tmp_path, shuffled(events, 1), one_by_one)


def test_without_a_bug_that_order_passes(events, tmp_path):
    check(tmp_path / "central.db", tmp_path, shuffled(events, 1), one_by_one)
