"""The cursor of the read API never skips an event, also where several workers commit out of order."""

import threading
from contextlib import closing
from random import Random

import pytest

from cloud_bridge.central.database import open_reader
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.outward_ask import Asked
from cloud_bridge.central.outward_query import page
from cloud_bridge.central.outward_sources import SOURCES
from cloud_bridge.central.store import Store

RECEIVED = "2026-11-24T06:02:00.000Z"


@pytest.fixture
def server_url(postgresql_server):
    return postgresql_server.empty()


def test_a_reader_beside_four_workers_gets_each_event_once(server_url, make):
    """Each worker takes in small transactions; the reader only ever asks for what is after its cursor."""
    incs = [f"{n:016x}" for n in range(4)]

    def work(inc):
        random, bodies = Random(inc), make.sales(60, counter="T-001", inc=inc)
        with closing(Store(server_url)) as store:
            while bodies:
                some, bodies = bodies[: (n := random.randint(1, 5))], bodies[n:]
                ingest(store, [("counters/T-001/events", body) for body in some], RECEIVED)

    workers = [threading.Thread(target=work, args=(inc,)) for inc in incs]
    numbers, cursor = [], 0
    with closing(open_reader(server_url)) as reader:
        for worker in workers:
            worker.start()
        while True:
            done = not any(worker.is_alive() for worker in workers)
            told = page(reader, SOURCES["events"], Asked(filters={}, number=cursor, limit=7))
            numbers += [row.number for row in told.rows]
            cursor = int(told.cursor)
            if done and not told.more:
                break
        stored = [row[0] for row in reader.execute("select id from raw_event order by id").fetchall()]
    assert (numbers, len(stored)) == (stored, 240)


@pytest.mark.each_case_on_postgresql
@pytest.mark.parametrize("name", list(SOURCES))
def test_every_list_reads_both_stores(place, make, name):
    with closing(Store(place)) as store:
        ingest(store, [("counters/T-001/events", body) for body in make.sales(3)], RECEIVED)
        with closing(open_reader(place)) as reader:
            wanted = {each.name: 0 if each.kind in ("ms", "flag") else "x" for each in SOURCES[name].filters}
            found = page(reader, SOURCES[name], Asked(filters={}))
            assert len(found.rows) == (3 if name in ("events", "sales") else 0)
            page(reader, SOURCES[name], Asked(filters=wanted, number=1, newest=True))
