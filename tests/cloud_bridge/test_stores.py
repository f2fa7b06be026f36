"""What several workers on one PostgreSQL, a lost database and a rebuild leave behind."""

from contextlib import closing
from random import Random
from threading import Thread

import pytest

from cloud_bridge.central import cli, projections
from cloud_bridge.central.database import Lost
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.store import Store

AT = "2026-11-24T03:00:00.000Z"
TOPIC = "counters/T-001/events"


def projected(store):
    return {t: sorted(map(repr, store.db.execute(f"select * from {t}"))) for t in projections.TABLES}


def life(make):
    """Two incarnations that tell some sales twice, differently."""
    again = [make.sale(n, order_no=f"again-{n}") for n in range(1, 30)]
    return make.sales(120) + make.chain(again, inc="00000000000000b2")


def test_workers_at_once_leave_what_one_in_order_leaves(postgresql_server, tmp_path, make):
    bodies, url = life(make), postgresql_server.empty()
    failed = []

    def work(seed):
        mine, random = bodies * 2, Random(seed)
        random.shuffle(mine)
        try:
            with closing(Store(url)) as store:
                while mine:
                    cut = random.randint(1, 60)
                    ingest(store, [(TOPIC, body) for body in mine[:cut]], AT)
                    del mine[:cut]
        except Exception as error:  # whatever ends a worker ends this test, not silently its thread
            failed.append(error)

    workers = [Thread(target=work, args=(seed,)) for seed in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert failed == []
    with closing(Store(tmp_path / "one.db")) as one, closing(Store(url)) as many:
        ingest(one, [(TOPIC, body) for body in bodies], AT)
        assert projected(many) == projected(one)
        assert sorted(many.db.execute("select inc, hi from mark")) == sorted(
            one.db.execute("select inc, hi from mark")
        )
        assert many.db.execute("select count(*) from raw_event").fetchone() == (149,)


def test_one_command_makes_the_same_rows_again(place, tmp_path, make):
    with closing(Store(place)) as store:
        ingest(store, [(TOPIC, body) for body in life(make)], AT)
        before = projected(store)
        store.db.execute("delete from sale_line")
    assert cli.main(["rebuild", "--dir", str(tmp_path)]) == 0
    with closing(Store(place)) as store:
        assert projected(store) == before


def test_a_database_that_went_away_is_opened_again_and_takes_all(postgresql_server, make):
    with closing(Store(postgresql_server.empty())) as store:
        messages = [(TOPIC, body) for body in make.sales(3)]
        with pytest.raises(Lost), store.transaction() as db:
            db.execute("select pg_terminate_backend(pg_backend_pid())")
        assert ingest(store, messages, AT).stored == 3
