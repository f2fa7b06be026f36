"""What the counter learns: from sure sessions only, kept in the ledger, and taken back on demand."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random

import pytest

from edge.alarms import AlarmBook
from edge.domain.catalogue import Catalogue, Product
from edge.domain.planogram import Facing, planogram_of
from edge.domain.records import Alternative, ClosedSession, Happened, Movement, OpenSession, TrayEvidence
from edge.domain.values import Instant, Kind
from edge.errors import BadInput
from edge.ledger.ledger import Ledger
from edge.ledger.space import Space
from edge.ledger.verify import verify
from edge.upkeep.calibration import Calibration
from edge.upkeep.calibration_undo import undo
from edge.upkeep.known_weights import read_weights

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
TEA, TRAY = "TEA", "1-02"
PLACE = (TRAY, TEA)


def product(unit_dg=2000, sd_dg=20):
    return Product(
        sku=TEA,
        gtin13="2996109240011",
        name_zh="绿茶",
        name_en="green tea",
        spec="100g/罐",
        category="茶叶",
        county_zh="样例县",
        county_en="Sample",
        supplier="示例社",
        unit_weight=unit_dg,
        unit_sd=sd_dg,
        count_by_weight_max=15,
        price=9600,
        cert_no="SAMPLE",
        cert_status="ACTIVE",
        cert_to=None,
        linkage="",
        shelf_life_days=None,
        age_restricted=False,
        counter_ok=True,
    )


CATALOGUE = Catalogue("c-1", {TEA: product()})
PLANOGRAM = planogram_of("p-1", [Facing(TRAY, TEA, 20, 10, 6)])


class Counter:
    """A ledger with opening stock, and what is learnt from sessions made of numbers."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.seconds = 0.0
        self.count = 0
        self.open()
        self.ledger.open_stock([Movement(TRAY, TEA, "RESTOCK", 6, "opening stock")], self.now)
        self.calibration.look_at_stock()

    def open(self) -> None:
        space = Space(self.path.parent, reserve_bytes=4096, selling_bytes=0)
        self.ledger = Ledger.open(self.path, "XA-001", self.now, Random(1).randbytes, space)
        self.alarms = AlarmBook(self.ledger)
        self.calibration = Calibration(self.ledger, self.alarms)

    def again(self) -> None:
        self.ledger.close()
        self.open()

    @property
    def now(self) -> Instant:
        self.seconds += 30
        return Instant(100.0 + self.seconds, START + timedelta(seconds=self.seconds), "boot-1")

    def weight(self):
        return self.calibration.weights_for(PLANOGRAM, CATALOGUE).get(PLACE)

    def rows(self):
        return [(row.why, row.new.mg) for row in self.ledger.calibrations()]

    def session(
        self, kind, goods, change_g, events=(), permille=999, verdict="charge", whole=True, lot="", also=()
    ):
        """A recorded session in which ``goods`` left the tray; gives the products whose weight moved.

        lot: what a restock brought. also: further movements."""
        self.count += 1
        id, at = f"{self.count:08x}".ljust(32, "0"), self.now
        self.ledger.begin_session(OpenSession(id, kind, "b-1", at, "c-1", {}, {}), at)
        sure = verdict == "charge"
        named = {Kind.BUY: "SALE", Kind.RESTOCK: "RESTOCK" if goods < 0 else "PULL_OFF"}.get(kind)
        movements = (Movement(TRAY, TEA, named, -goods, lot=lot), *also) if sure and goods else ()
        evidence = TrayEvidence(
            tray=TRAY,
            verdict=verdict,
            goods=((TEA, goods),) if goods else (),
            before=20000,
            after=20000 + round(10 * change_g),
            residual=0,
            reasons=() if sure else ("ambiguous",),
            events=events,
            alternatives=(Alternative(((TEA, goods),), permille),) if kind is Kind.BUY else (),
        )
        state = "SETTLED" if sure else "REVIEW"
        closed = ClosedSession(
            id, kind, state, "b-1", verdict, (), at, at, "c-1", "UNIT_HELP", (evidence,), None, movements
        )
        self.ledger.close_session(closed, at)
        self.calibration.hear(closed, self.ledger.on_hand(), whole)
        return self.calibration.settle(CATALOGUE, self.now)

    def take(self, grams, **words):
        return self.session(Kind.BUY, 1, -grams, (Happened(1.0, "TAKE", 1, TEA),), **words)

    def fill(self, count, unit_g, **words):
        return self.session(Kind.RESTOCK, -count, count * unit_g, **words)


@pytest.fixture
def counter(tmp_path) -> Iterator[Counter]:
    made = Counter(tmp_path / "ledger.db")
    yield made
    made.ledger.close()


def test_what_nobody_weighed_is_left_to_the_catalogue(counter):
    assert counter.weight() is None


def test_a_sure_single_take_moves_the_lots_weight_and_stays_through_a_restart(counter):
    assert counter.take(203.0) == {TEA}
    weight = counter.weight()
    assert 200.0 < weight.unit_g < 203.0
    assert weight.lot_sd_g < 0.7 + 0.001
    counter.again()
    assert counter.weight() == weight
    assert [row.lot for row in counter.ledger.calibrations()] == ["opening"]


UNSURE = [
    pytest.param({"permille": 995}, id="not beyond .995"),
    pytest.param({"verdict": "review"}, id="under review"),
    pytest.param({"whole": False}, id="a power cut hid a part of it"),
]


@pytest.mark.parametrize("words", UNSURE)
def test_an_unsure_take_never_teaches(counter, words):
    assert counter.take(203.0, **words) == frozenset()
    assert (counter.rows(), counter.weight()) == ([], None)


def test_a_trusted_restock_is_a_lot_of_its_own_and_mixes_with_the_old_one(counter):
    counter.fill(4, 203.0)
    assert counter.rows() == [("restock", 203_000)]
    mixed = counter.weight()
    assert mixed.unit_g == pytest.approx((6 * 200 + 4 * 203) / 10)
    counter.session(Kind.BUY, 6, -1200)
    only = counter.weight()
    assert only.unit_g == 203.0
    assert only.lot_sd_g < mixed.lot_sd_g


def test_who_only_reads_the_ledger_finds_the_same_weights(counter):
    counter.take(203.0)
    counter.fill(4, 203.0)
    known = counter.calibration.weights_for(PLANOGRAM, CATALOGUE)
    assert known
    assert read_weights(counter.path, PLANOGRAM, CATALOGUE) == known


def test_of_two_lots_on_a_tray_no_take_can_tell(counter):
    counter.fill(4, 203.0)
    counter.take(199.0)
    assert counter.rows() == [("restock", 203_000)]


def test_a_delivered_lot_has_one_weight_however_many_restocks_brought_it(counter):
    counter.session(Kind.BUY, 6, -1200)
    counter.fill(4, 203.0, lot="L-7")
    counter.fill(6, 201.0, lot="L-7")
    learnt = [(row.lot, row.new.units) for row in counter.ledger.calibrations() if row.kind == "UNIT"]
    assert learnt == [("L-7", 4), ("L-7", 10)]
    assert counter.weight().unit_g == pytest.approx(201.8, abs=0.2)
    counter.take(201.0)
    assert [row.lot for row in counter.ledger.calibrations() if row.kind == "UNIT"] == ["L-7"] * 3
    known = counter.weight()
    assert read_weights(counter.path, PLANOGRAM, CATALOGUE) == {PLACE: known}
    counter.again()
    assert counter.weight() == known


@pytest.mark.parametrize(
    "also",
    [
        pytest.param(Movement(TRAY, TEA, "RESTOCK", 2, lot="L-8"), id="two lots came"),
        pytest.param(Movement(TRAY, TEA, "PULL_OFF", -2, lot="L-7"), id="others were taken away"),
        pytest.param(Movement(TRAY, TEA, "ADJUST", -1, "recount", "L-7"), id="the count was put right"),
    ],
)
def test_a_restock_of_which_the_weight_is_not_one_lots_alone_teaches_nothing(counter, also):
    counter.fill(4, 203.0, lot="L-7", also=[also])
    assert counter.rows() == []


def test_a_restock_in_doubt_teaches_nothing(counter):
    counter.fill(4, 203.0, verdict="review")
    assert counter.rows() == []


def test_a_weight_never_leaves_the_catalogues_tolerance(counter):
    for _ in range(5):
        counter.take(208.0)
    assert counter.weight().unit_g <= 206.0
    heavier = Catalogue("c-2", {TEA: product(unit_dg=2200)})
    assert counter.calibration.weights_for(PLANOGRAM, heavier)[PLACE].unit_g == 214.0


def test_a_light_lot_raises_an_alarm_and_a_right_one_clears_it(counter):
    counter.session(Kind.BUY, 6, -1200)
    counter.fill(9, 194.4)
    assert counter.alarms.subjects("LIGHT_LOT") == {TEA}
    (alarm,) = counter.ledger.alarms()
    assert (alarm.severity, alarm.detail) == (
        "MAJOR",
        "lot 00000002: a piece weighs 194.4 g, declared 200.0 g",
    )
    counter.session(Kind.BUY, 9, -1750)
    counter.fill(9, 200.2)
    assert counter.alarms.subjects("LIGHT_LOT") == frozenset()


def test_a_piece_of_another_product_is_told_and_not_learnt(counter):
    counter.take(186.0)
    assert counter.alarms.subjects("UNLIKE_UNIT") == {TEA}
    assert counter.rows() == []


def test_every_change_is_an_event_and_the_ledger_verifies(counter):
    counter.take(202.0)
    counter.session(Kind.BUY, 5, -1000)
    undo(counter.ledger, CATALOGUE, 1, counter.now)
    types = counter.ledger._store.query("SELECT type FROM event WHERE type LIKE 'calibration%'")
    assert types == [("calibration.changed.v1",)] * 3
    counter.ledger.close()
    assert verify(counter.path) == []
    with closing(sqlite3.connect(counter.path)) as conn, conn:
        conn.execute("DROP TRIGGER calibration_no_update")
        conn.execute("UPDATE calibration SET new_mg = 1 + new_mg WHERE n = 1")
    (problem,) = verify(counter.path)
    assert problem.startswith("calibration ")
    assert "-1 or its lines were altered" in problem
    counter.open()


def test_an_undone_change_is_as_if_it_had_not_been_seen(counter):
    counter.take(202.0)
    first = counter.weight()
    counter.take(196.0)
    both = counter.weight()
    row = undo(counter.ledger, CATALOGUE, 2, counter.now)
    assert (row.n, row.why, row.undoes, row.old.mg) == (3, "undone", 2, round(1000 * both.unit_g))
    counter.again()
    assert counter.weight() == first
    undo(counter.ledger, CATALOGUE, 3, counter.now)
    counter.again()
    assert counter.weight() == both


def test_an_early_change_can_be_undone_too(counter):
    counter.take(202.0)
    counter.take(196.0)
    undo(counter.ledger, CATALOGUE, 1, counter.now)
    counter.again()
    later = counter.weight()
    other = Counter(counter.path.with_name("other.db"))
    with closing(other.ledger):
        other.take(196.0)
        assert (other.weight().unit_g, other.weight().sd_g) == (later.unit_g, later.sd_g)


def test_all_undone_leaves_the_catalogue(counter):
    counter.take(202.0)
    undo(counter.ledger, CATALOGUE, 1, counter.now)
    counter.again()
    assert counter.weight() is None


def test_what_cannot_be_undone_says_why(counter):
    counter.take(202.0)
    with pytest.raises(BadInput, match="calibration 7: there is no such row"):
        undo(counter.ledger, CATALOGUE, 7, counter.now)
    undo(counter.ledger, CATALOGUE, 1, counter.now)
    with pytest.raises(BadInput, match="calibration 1: undone by 2 already; undo 2 to have it again"):
        undo(counter.ledger, CATALOGUE, 1, counter.now)
    counter.ledger.begin_session(OpenSession("a" * 32, Kind.BUY, "b", counter.now, "c", {}, {}), counter.now)
    with pytest.raises(BadInput, match="a door session is unfinished"):
        undo(counter.ledger, CATALOGUE, 2, counter.now)


def test_a_tray_sold_empty_shows_its_zero_until_somebody_works_on_it(counter):
    counter.session(Kind.BUY, 6, -1200)
    assert counter.calibration.zeros[TRAY].level == 8000
    counter.again()
    assert counter.calibration.zeros[TRAY].level == 8000
    counter.session(Kind.SERVICE, 0, 0)
    assert counter.calibration.zeros == {}
    undo(counter.ledger, CATALOGUE, 2, counter.now)
    counter.again()
    assert counter.calibration.zeros[TRAY].level == 8000


def test_a_tray_with_something_strange_on_it_shows_no_zero(counter):
    counter.alarms.raise_("FOREIGN_OBJECT", TRAY, "MINOR", "", counter.now)
    counter.session(Kind.BUY, 6, -1200)
    assert counter.calibration.zeros == {}
