"""PIN tries, alarms, baselines, facts: the small tables."""

import errno
from contextlib import closing
from pathlib import Path

import pytest

from cloud_bridge import feed
from edge.domain.values import Decigrams
from edge.errors import LedgerError
from edge.ledger.outbox import Outbox
from edge.ledger.pins import Locked
from edge.ledger.space import Space


# --- PINs ------------------------------------------------------------------------------------------
def test_the_fifth_try_may_be_checked_and_the_sixth_may_not(ledger, facts):
    tries = [ledger.count_try("demo-001", facts.at(n), 5, 900) for n in range(7)]
    assert tries == [1, 2, 3, 4, 5, Locked(899.0), Locked(898.0)]
    assert ledger.locked_for("demo-001", facts.at(6)) == 898.0
    assert ledger.locked_for("demo-002", facts.at(6)) == 0.0


def test_a_right_pin_forgets_the_tries(ledger, facts):
    for n in range(5):
        ledger.count_try("demo-001", facts.at(n), 5, 900)
    ledger.clear_tries("demo-001", facts.at(5))
    assert ledger.locked_for("demo-001", facts.at(5)) == 0.0
    assert ledger.count_try("demo-001", facts.at(6), 5, 900) == 1


def test_after_the_lock_the_count_starts_again(ledger, facts):
    for n in range(5):
        ledger.count_try("demo-001", facts.at(n), 5, 900)
    assert ledger.count_try("demo-001", facts.at(903.9), 5, 900) == Locked(pytest.approx(0.1))
    assert [ledger.count_try("demo-001", facts.at(904 + n), 5, 900) for n in range(6)] == [
        *range(1, 6),
        Locked(899.0),
    ]


def test_tries_and_locks_outlive_a_kill(path, open_at, facts):
    for expected in (1, 2, 3, 4, 5):
        with closing(open_at(path)) as ledger:
            assert ledger.count_try("demo-001", facts.at(expected), 5, 900) == expected
    with closing(open_at(path)) as ledger:
        assert ledger.count_try("demo-001", facts.at(6), 5, 900) == Locked(899.0)


def test_a_reboot_starts_a_running_lock_anew_for_its_whole_time(path, open_at, facts):
    with closing(open_at(path)) as ledger:
        for n in range(5):
            ledger.count_try("demo-001", facts.at(n), 5, 900)
    with closing(open_at(path)) as ledger:
        assert ledger.locked_for("demo-001", facts.at(-90, "boot-2")) == 900.0
        assert ledger.locked_for("demo-001", facts.at(0, "boot-2")) == 810.0
        assert ledger.count_try("demo-001", facts.at(810, "boot-2"), 5, 900) == 1


def test_tries_below_the_limit_are_remembered_over_a_reboot(ledger, facts):
    ledger.count_try("demo-001", facts.at(0), 5, 900)
    assert ledger.count_try("demo-001", facts.at(-50, "boot-2"), 5, 900) == 2


# --- alarms ----------------------------------------------------------------------------------------
def kinds(path):
    with closing(Outbox(path)) as outbox:
        return [feed.decode(body).type for _, body in outbox.events(0, 100)]


def test_an_alarm_is_told_once_until_it_is_cleared(ledger, path, facts):
    assert ledger.raise_alarm("TRAY_SILENT", "1-01", "MAJOR", "no answer", None, facts.at(0))
    assert not ledger.raise_alarm("TRAY_SILENT", "1-01", "MAJOR", "no answer", None, facts.at(1))
    assert not ledger.raise_alarm("TRAY_SILENT", "1-01", "CRITICAL", "checksum", facts.id(1), facts.at(2))
    assert ledger.raise_alarm("TRAY_SILENT", "1-02", "MAJOR", "no answer", None, facts.at(3))
    (one, two) = ledger.alarms()
    assert (one.subject, one.severity, one.detail, one.session) == (
        "1-01",
        "CRITICAL",
        "checksum",
        facts.id(1),
    )
    assert (one.since, two.since) == ("2026-11-23T06:00:00.000Z", "2026-11-23T06:00:03.000Z")
    assert ledger.clear_alarm("TRAY_SILENT", "1-01", facts.at(4))
    assert not ledger.clear_alarm("TRAY_SILENT", "1-01", facts.at(5))
    assert not ledger.clear_alarm("NEVER", "1-01", facts.at(5))
    assert ledger.raise_alarm("TRAY_SILENT", "1-01", "MAJOR", "again", None, facts.at(6))
    assert [alarm.since[-7:] for alarm in ledger.alarms()] == ["03.000Z", "06.000Z"]
    assert kinds(path) == [*["alarm.raised.v1"] * 2, "alarm.cleared.v1", "alarm.raised.v1"]


def test_alarms_outlive_a_restart(path, open_at, facts):
    with closing(open_at(path)) as ledger:
        ledger.raise_alarm("FORCED", "door", "CRITICAL", "open without a session", None, facts.at(0))
        before = ledger.alarms()
    with closing(open_at(path)) as ledger:
        assert ledger.alarms() == before != ()


# --- baselines and facts ----------------------------------------------------------------------------
def test_the_last_baseline_of_each_tray_is_kept(path, open_at, facts):
    with closing(open_at(path)) as ledger:
        ledger.set_baseline({"1-01": Decigrams(60000), "1-02": Decigrams(-3)}, facts.at(0))
        ledger.set_baseline({"1-01": Decigrams(54500)}, facts.at(60))
    with closing(open_at(path)) as ledger:
        found = ledger.baselines()
    assert {tray: baseline.weight for tray, baseline in found.items()} == {"1-01": 54500, "1-02": -3}
    assert [baseline.at for baseline in found.values()] == [facts.at(60).wall, facts.at(0).wall]


def test_a_fact_without_rows_is_an_event_of_its_own(ledger, path, facts):
    ledger.record_fact(feed.CatalogueApplied(mono_ms=1, version="v2", products=52), "v2", facts.at(0))
    with closing(Outbox(path)) as outbox:
        event = feed.decode(outbox.events(0, 10)[0][1])
    assert (event.type, event.subject, event.seq, event.prev) == (
        "catalogue.applied.v1",
        "v2",
        1,
        feed.GENESIS,
    )
    assert (event.boot, event.clk, event.inc) == ("boot-1", 1, ledger.incarnation)
    assert (event.source, event.time) == ("/counters/XA-001", "2026-11-23T06:00:00.000Z")
    assert feed.fact_of(event) == feed.CatalogueApplied(mono_ms=1, version="v2", products=52)


def test_opening_stock_is_booked_once(ledger, facts):
    assert ledger.open_stock([facts.restock(10)], facts.at(0))
    assert not ledger.open_stock([facts.restock(99)], facts.at(1))
    assert ledger.on_hand() == {("1-01", "SX-0001"): 10}


# --- space -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(("free", "sells"), [(64 << 20, True), ((64 << 20) - 1, False), (0, False)])
def test_below_64_mib_nothing_is_sold(path, open_at, free, sells):
    space = Space(path.parent, free=lambda _: free, reserve_bytes=4096)
    with closing(open_at(path, space=space)) as ledger:
        assert ledger.can_sell() is sells


def test_the_reserve_holds_real_blocks_and_is_made_again(path):
    space = Space(path.parent, selling_bytes=0)
    assert space.enough()
    assert space.reserve.stat().st_blocks * 512 >= 8 << 20
    assert space.release()
    assert not space.release()
    assert space.enough()
    assert space.reserve.exists()


def test_without_room_for_the_reserve_nothing_is_sold(path, monkeypatch):
    def full(*_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    space = Space(path.parent, selling_bytes=0)
    monkeypatch.setattr("os.posix_fallocate", full)
    assert not space.enough()
    assert not space.reserve.exists()


class Quota(Space):
    """The disk as a page quota on the writing connection: giving the reserve back lifts it."""

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, reserve_bytes=4096, selling_bytes=0)
        self.store = None

    def limit(self, pages: int) -> None:
        conn = self.store.db.conn
        conn.set_authorizer(None)
        conn.execute(f"PRAGMA max_page_count = {pages}").fetchall()
        conn.set_authorizer(self.store._allows)

    def release(self) -> bool:
        released = super().release()
        if released:
            self.limit(1 << 30)
        return released


def test_an_open_session_is_still_recorded_when_the_disk_is_full_and_then_selling_stops(path, open_at, facts):
    space = Quota(path.parent)
    with closing(open_at(path, space=space)) as ledger:
        space.store = ledger._store
        space.limit(1)
        order_no = ledger.close_session(facts.closed(1, dict.fromkeys(facts.trays, 2)), facts.at(0))
        assert order_no
        assert not space.reserve.exists()
        space.limit(1)

        def sell_on() -> None:
            for n in range(2, 50):
                ledger.close_session(facts.closed(n, dict.fromkeys(facts.trays, 2)), facts.at(n))

        with pytest.raises(LedgerError, match="SQLITE_FULL") as refused:
            sell_on()
        assert refused.value.exit_code == 74
        assert ledger.spent("b-1") % 2100 == 0
        space.limit(1 << 30)
        assert ledger.can_sell()
        assert ledger.close_session(facts.closed(99), facts.at(99))


def test_a_write_that_fails_stops_selling_until_the_ledger_is_opened_again(path, open_at, facts):
    with closing(open_at(path)) as ledger:
        ledger._store.db.conn.set_progress_handler(lambda: 1, 1)
        with pytest.raises(LedgerError, match="SQLITE_INTERRUPT"):
            ledger.close_session(facts.closed(1), facts.at(0))
        with pytest.raises(LedgerError, match="SQLITE_INTERRUPT"):
            ledger.spent("b-1")
        ledger._store.db.conn.set_progress_handler(None, 0)
        assert not ledger.can_sell()
        assert "SQLITE_INTERRUPT" in ledger.sick
        assert ledger.close_session(facts.closed(1), facts.at(1))
        assert not ledger.can_sell()
    with closing(open_at(path)) as ledger:
        assert ledger.can_sell()


def test_a_write_cut_off_at_any_step_leaves_no_transaction_behind(ledger, facts):
    conn = ledger._store.db.conn
    outcomes = []
    for cut in [*range(80), *range(80, 3000, 40)]:
        left = iter(range(cut, -1, -1))
        conn.set_progress_handler(lambda left=left: next(left, 1) == 0, 1)
        try:
            ledger.close_session(facts.closed(cut), facts.at(cut))
        except LedgerError:
            outcomes.append("cut")
        else:
            outcomes.append("done")
        conn.set_progress_handler(None, 0)
        assert not conn.in_transaction
        assert ledger.knows(facts.id(cut)) is (outcomes[-1] == "done")
        ledger.checkpoint()
    assert outcomes[0] == "cut"
    assert outcomes[-1] == "done"
    assert ledger.on_hand() == {("1-01", "SX-0001"): -outcomes.count("done")}
