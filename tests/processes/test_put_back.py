"""A counter whose ledger is put back from an older copy goes on under a new incarnation; nothing is lost."""

import shutil

import pytest

pytestmark = [pytest.mark.processes, pytest.mark.long]

INCARNATION = "SELECT incarnation FROM meta"
NEW_ONES = "SELECT count(*) FROM raw_event WHERE inc <> ?"
LAST = "SELECT last_seq FROM feed"
ALARMS = "SELECT kind FROM alarm WHERE kind = 'LEDGER_RESTORED'"


def files(demo, *names):
    """The files as a stopped counter leaves them."""
    return [demo.place / name for name in names]


def copied(demo, names, to):
    to.mkdir()
    for path in files(demo, *names):
        shutil.copy2(path, to)


def put_back(demo, names, copy):
    for path in files(demo, *names):
        for leftover in ("-wal", "-shm"):
            path.with_name(path.name + leftover).unlink(missing_ok=True)
        shutil.copy2(copy / path.name, path)


def sold(demo):
    return {order for (order,) in demo.rows("ledger.db", "SELECT order_no FROM sale")}


@pytest.mark.parametrize(
    "names",
    [
        pytest.param(("ledger.db",), id="the ledger alone"),
        pytest.param(("ledger.db", "bridge.db"), id="all of its disk: only the centre knows"),
    ],
)
def test_all_sales_of_before_and_after_stand_at_the_centre_once(fresh_demo, tmp_path, names):
    demo, copy = fresh_demo, tmp_path / "copy"
    demo.start()
    demo.buys("1-01")
    demo.arrives()
    demo.stop()
    copied(demo, names, copy)
    demo.start()
    demo.buys("1-01", 2)
    demo.arrives()
    before, [(old,)] = sold(demo), demo.rows("ledger.db", INCARNATION)
    demo.stop()

    put_back(demo, names, copy)
    demo.start()
    demo.until(lambda: demo.rows("ledger.db", INCARNATION) != [(old,)], "a new incarnation")
    demo.sells()
    demo.buys("1-02")
    demo.until(lambda: demo.rows("central.db", NEW_ONES, old) == demo.rows("ledger.db", LAST), "its events")
    after = sold(demo)
    assert (len(before), len(before | after)) == (2, 3)
    assert {each["order_no"] for each in demo.centre_sales()} == before | after
    assert demo.rows("central.db", "SELECT count(*) FROM conflict") == [(0,)]
    assert len(demo.rows("central.db", "SELECT DISTINCT inc FROM raw_event")) == 2
    assert demo.rows("ledger.db", ALARMS) == [("LEDGER_RESTORED",)]
