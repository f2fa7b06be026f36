"""What several workers on one PostgreSQL, a lost database and a rebuild leave behind."""

from contextlib import closing
from random import Random
from threading import Barrier, Thread

import pytest

from cloud_bridge.central import cli, projections
from cloud_bridge.central.database import Lost, open_writer
from cloud_bridge.central.dialect import PARTS
from cloud_bridge.central.ingest import ingest
from cloud_bridge.central.schema import MIGRATIONS
from cloud_bridge.central.store import Store

AT = "2026-11-24T03:00:00.000Z"
TOPIC = "counters/T-001/events"


def projected(store):
    return {t: sorted(map(repr, store.db.execute(f"select * from {t}"))) for t in projections.TABLES}


def life(make):
    """Two incarnations that tell some sales twice, differently."""
    again = [make.sale(n, order_no=f"again-{n}") for n in range(1, 30)]
    return make.sales(120) + make.chain(again, inc="00000000000000b2")


@pytest.mark.long  # two at once, in any order, are in test_any_order
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


def test_workers_that_start_at_once_on_an_empty_server_make_the_tables_once(postgresql_server, make):
    url = postgresql_server.made("starting")
    together, opened = Barrier(3), []

    def start():
        together.wait()
        with closing(Store(url)) as store:
            opened.append(store.db.execute("select version from schema_version").fetchall())

    workers = [Thread(target=start) for _ in range(3)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    assert opened == [[(len(MIGRATIONS),)]] * 3
    with closing(Store(url)) as store:  # and once more: nothing is made twice
        assert ingest(store, [(TOPIC, body) for body in make.sales(2)], AT).stored == 2


def test_a_migration_that_fails_leaves_the_database_as_it_was(postgresql_server):
    url = postgresql_server.made("failing")
    good = "create table first (a integer not null) strict"
    with pytest.raises(Exception, match="nowhere"):
        open_writer(url, (good, "create table second (a integer) strict;\ninsert into nowhere values (1)"))
    with closing(open_writer(url, (good,))) as db:
        assert db.execute("select version from schema_version").fetchone() == (1,)
        assert db.execute("select to_regclass('second')").fetchone() == (None,)


def test_every_counter_has_its_partition_at_any_time_of_any_year(postgresql_server, make):
    """Parts are by the counter's hash, all made with the table: nobody has to make the next month's."""
    with closing(Store(postgresql_server.empty())) as store:
        names = [f"T-{n:03d}" for n in range(200)]
        body = make.sales(1)[0]
        sent = [(f"counters/{name}/events", body.replace(b"T-001", name.encode())) for name in names]
        assert ingest(store, sent[:100], AT).stored == 100
        assert ingest(store, sent[100:], "2099-12-31T23:59:59.999Z").stored == 100
        found = store.db.execute("select counter, tableoid::regclass::text from raw_event").fetchall()
    assert {counter for counter, _ in found} == set(names)
    assert {part for _, part in found} == {f"raw_event_{n}" for n in range(PARTS)}
