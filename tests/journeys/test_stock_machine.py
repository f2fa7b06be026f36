"""The whole counter in any order of events, with power cuts within them: stock stays explained.

Buyers, restockers, recalls, prices, plans and midnights come as they may; the power may fail at any effect.
After each of them the ledger is compared with what the simulator knows to be true. What may differ is named
in ``explained``, and why. A rule more is a method more; ``tests/ledger`` has its like for movements alone.
"""

import tempfile
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from edge.closing import LODGED
from edge.domain.gate import Recalls
from edge.domain.planogram import Planogram
from edge.domain.pricing import PriceVersion, Promotion, PromotionKind, Step
from edge.domain.requests import Accepted, Refused
from edge.domain.restock_view import ApplyDraft, SetCount, SetLot, SetPull, SetStock, Undo
from edge.domain.stock import Held
from edge.domain.values import Fen, Kind, Sku, TrayId
from edge.ledger.verify import verify
from edge.outfit.watch import goods_of
from edge.settings import Policy
from tests.journeys.conftest import Rig
from tests.journeys.people import Place, Restocker, idle, let_in, lying, open_sheet, power, shop

TRAYS = ("1-01", "1-02", "1-04", "2-01")
"""Few, so that things meet; the other eight lie still and have to stay as they are.

No two of their goods weigh alike: a piece that a restocker puts on the tray of its double no scale finds.
"""
REDUCED = Fen(2000), Fen(500)
"""满20减5"""
REASONS = ("EXPIRED", "DAMAGED", "RECALLED", "RETURNED")

trays, counts = st.sampled_from(TRAYS), st.integers(1, 3)
cuts = st.none() | st.integers(1, 350)
"""Effects until the current goes, or never. A visit has some 330."""

takes = st.tuples(st.just("take"), st.fixed_dictionaries({"tray": trays, "count": counts}))
puts_back = st.tuples(st.just("put_back"), st.fixed_dictionaries({"tray": trays, "count": st.just(1)}))
moves = st.tuples(
    st.just("move"), st.fixed_dictionaries({"tray": trays, "to": trays, "count": st.integers(1, 2)})
)
brings = st.tuples(st.just("put"), st.fixed_dictionaries({"tray": trays, "count": counts}))
shopping = st.lists(takes | takes | puts_back | moves, max_size=4)
filling = st.lists(brings | brings | takes | moves, max_size=4)
days = st.sampled_from([-1, 0, 1, 2, 300])
"""Until a lot's date."""
edits = st.tuples(
    st.sampled_from(["lot", "count", "pull", "pulled", "stock", "true stock", "true stock", "undo"]),
    trays,
    st.integers(0, 4),
    days,
)
news = st.sampled_from(["price", "promotion", "none", "recall", "recall lot", "lift"])


class WholeCounter(RuleBasedStateMachine):
    outfit = None

    @initialize(
        seed=st.integers(0, 9),
        dates=st.dictionaries(trays, st.integers(0, 2), max_size=2),
        expired=st.sampled_from(["mask", "refuse_door"]),
    )
    def begin(self, seed, dates, expired):
        self.place = tempfile.TemporaryDirectory()
        plan = dict(self.outfit.planogram.trays)
        for tray, left in dates.items():
            day = datetime(2026, 11, 23) + timedelta(days=left)
            plan[TrayId(tray)] = (replace(plan[TrayId(tray)][0], expires_on=day.date()),)
        opened = replace(
            self.outfit,
            planogram=replace(self.outfit.planogram, trays=plan),
            settings=msgspec.structs.replace(self.outfit.settings, policy=Policy(expired_tray=expired)),
        )
        self.rig = Rig(Path(self.place.name), seed, opened).ready()
        self.staff = Restocker(self.rig)
        self.refuses = expired == "refuse_door"
        self.explained: set[Place] = set()
        self.plans = 0
        self.reduction = False
        self.unsigned: tuple[Counter[Place], dict[Place, int], int] | None = None
        """What lay, what was booked and how many documents there were when the restock under way began."""
        self.documents = 0
        self.plan = dict(self.rig.engine.goods.planogram.trays)

    # --- buyers -----------------------------------------------------------------------------------------
    @precondition(lambda self: self.unsigned is None)
    @rule(acts=shopping, cut=cuts, meanwhile=st.none() | news, about=trays, fen=st.integers(300, 3000))
    def visit(self, acts, cut, meanwhile, about, fen):
        rig = self.rig
        assert rig.run_until(lambda: idle(rig) and rig.view.state == "READY", 30.0), rig.view
        before, lots, shown = lying(rig), rig.ledger.lots(), rig.view.trays
        terms = self.reduction, self.held_back(), len(self.sales())
        with power(rig, cut):
            opened = let_in(rig)
            if opened is True:
                if meanwhile:
                    self.hear(meanwhile, about, fen)
                shop(rig, acts)
        if isinstance(opened, Refused):
            self.refused_rightly(opened, terms[1])
        assert rig.run_until(lambda: idle(rig), 60.0)
        self.judge(before, lots, shown, *terms, opened)

    def refused_rightly(self, why, held_back):
        assert why.code in ("EXPIRED_GOODS", "TOO_SOON", "NO_QUOTA"), why
        if why.code == "EXPIRED_GOODS":
            assert self.refuses
            assert "EXPIRED" in held_back.values()

    def held_back(self, goods=None):
        """Places with goods that must not be sold now, and why, by the books' own lots."""
        rig, found = self.rig, {}
        goods, today = goods or rig.engine.goods, rig.engine._today(rig.instant)
        for place, held in rig.ledger.lots().items():
            fallback = [f.expires_on for f in goods.planogram.facings if f.sku == place[1] and f.expires_on]
            here = [f.expires_on for f in goods.planogram.trays.get(place[0], ()) if f.sku == place[1]]
            for each in held:
                day = each.lot.expires_on or (here[0] if here else min(fallback, default=None))
                if day is not None and day < today:
                    found[place] = "EXPIRED"
                of = {lot for sku, lot in goods.recalls.lots if sku == place[1]}
                if None in of or each.lot.name in of or (of and not each.lot.name):
                    found.setdefault(place, "RECALLED")
        return found

    def judge(self, before, lots, shown, reduction, held_back, sales, opened):
        """What a visit left behind is what happened, and what was shown."""
        rig, after = self.rig, lying(self.rig)
        carried: Counter = Counter()
        for (_, sku), count in before.items():
            carried[sku] += count
        for (_, sku), count in after.items():
            carried[sku] -= count
        new = self.sales()[sales:]
        assert len(new) <= 1
        state, session = self.last_session(Kind.BUY) if opened is True else ("", "")
        lines = new[0]["lines"] if new else []
        charged: Counter = Counter()
        for line in lines:
            charged[line["sku"]] += line["count"]
        assert charged <= +carried, (charged, carried)
        assert (state in ("SETTLED", "REVIEW")) if lines else state != "SETTLED"
        if state in ("SETTLED", "EMPTY"):
            assert charged == +carried, (charged, carried, rig.events("session.closed.v1")[-1])
        elif state != "REVIEW":
            assert before == after
        self.priced_as_shown(lines, shown, reduction)
        closed = {tray.tray for tray in shown if tray.blocked} | {tray for tray, _ in held_back}
        assert not closed & {line["tray"] for line in lines}
        self.left_by_date(session, lines, lots)
        changed = {place for place in before | after if before[place] != after[place]}
        lodged = rig.engine._alarms.subjects(LODGED)
        if state == "REVIEW" or {tray for tray, _ in changed} & set(lodged):
            self.explained |= changed

    def priced_as_shown(self, lines, shown, reduction):
        prices = {tray.sku: tray for tray in shown}
        counted = 0
        for line in lines:
            tile = prices.get(line["sku"])
            assert line["amount_fen"] == line["price_fen"] * line["count"] - line["discount_fen"]
            if tile is None:  # astray, and planned nowhere: no tile shows it
                continue
            assert line["price_fen"] == tile.price_fen
            counted += line["price_fen"] * line["count"] if tile.promotion is None else 0
        off = REDUCED[1] if reduction and counted >= REDUCED[0] else 0
        assert sum(line["discount_fen"] for line in lines) == off

    def left_by_date(self, session, lines, lots):
        """What was sold left the books lot by lot, the first to expire first."""
        rows = self.rig.query(
            "SELECT tray, sku, lot, produced_on, expires_on, -sum(count) FROM stock_movement"
            " WHERE session = ? AND kind = 'SALE' GROUP BY tray, sku, lot, produced_on, expires_on",
            session,
        )
        sold = {(row[0], row[1]): 0 for row in rows}
        for row in rows:
            sold[row[0], row[1]] += row[5]
        assert sold == {(line["tray"], line["sku"]): line["count"] for line in lines}
        for place, count in sold.items():
            found = {row[2:5]: row[5] for row in rows if (row[0], row[1]) == place}
            assert found == first_out(lots.get(place, ()), count)

    # --- restockers -------------------------------------------------------------------------------------
    @precondition(lambda self: self.unsigned is None)
    @rule(acts=filling, typed=st.lists(edits, max_size=3), sign=st.booleans(), cut=cuts)
    def restock(self, acts, typed, sign, cut):
        self.back_to_the_trays(acts, typed, sign, cut)

    @precondition(lambda self: self.unsigned is not None)
    @rule(acts=filling, typed=st.lists(edits, max_size=3), sign=st.booleans(), cut=cuts)
    def once_more(self, acts, typed, sign, cut):
        self.back_to_the_trays(acts, typed, sign, cut)

    def back_to_the_trays(self, acts, typed, sign, cut):
        began = self.unsigned or self.as_it_is()
        with power(self.rig, cut):
            self.staff.begin([self.of_the_plan(act) for act in acts])
        self.unsigned = began if open_sheet(self.rig) else None
        self.fill_in(typed, None)
        if sign:
            self.sign(None)

    @precondition(lambda self: self.unsigned is not None)
    @rule(typed=st.lists(edits, min_size=1, max_size=4), cut=cuts)
    def fill_in(self, typed, cut):
        with power(self.rig, cut):
            for each in typed if self.unsigned else ():
                if self.staff.at_sheet():
                    self.type(*each)

    @precondition(lambda self: self.unsigned is not None)
    @rule(cut=cuts)
    def sign(self, cut):
        if self.unsigned is None:
            return
        rig, tiles, goods = self.rig, {}, self.rig.engine.goods
        with power(rig, cut):
            self.staff.sign(tiles)
        self.signed(tiles)
        assert not self.held_back(goods), "what had to go lies there"
        self.staff.leave()

    def type(self, what, tray, count, left):
        rig, sku = self.rig, self.sku_on(tray)
        place = {"tray": tray, "sku": sku}
        day = (rig.instant.wall + timedelta(days=left)).date().isoformat()
        made = (rig.instant.wall - timedelta(days=3)).date().isoformat()
        acts = {
            "lot": SetLot(**place, lot=f"L-{left}", produced_on=made, expires_on=day),
            "count": SetCount(**place, count=count, reason="counted by hand"),
            "pull": SetPull(**place, reason=REASONS[count % 4]),
            "pulled": SetPull(**place, reason=REASONS[count % 4], count=count),
            "stock": SetStock(**place, count=count, reason="counted by hand"),
            "true stock": SetStock(**place, count=lying(rig)[tray, sku], reason="counted by hand"),
            "undo": Undo(),
        }
        self.staff.tap(acts[what])

    def signed(self, tiles):
        """One document more; the books changed as its sheet said, and as the simulator knows."""
        assert self.unsigned is not None
        rig, (lay, booked, documents) = self.rig, self.unsigned
        self.unsigned = None
        self.documents = documents + 1
        state, session = self.last_session(Kind.RESTOCK)
        assert state in ("SETTLED", "EMPTY")
        truly, moved = lying(rig), self.moved_by(session)
        assert {place: count for place, count in moved.items() if count} == {
            place: tile.now - tile.before for place, tile in tiles.items() if tile.now != tile.before
        }
        assert self.brought_by(session) == {
            (*place, tile.lot, tile.produced_on, tile.lot_expires_on): tile.brought
            for place, tile in tiles.items()
            if tile.brought
        }
        for place, tile in tiles.items():
            now = booked.get(place, 0) + moved[place]
            if tile.counted is not None:
                assert now == tile.counted, (place, tile)
            elif tile.sure and tile.typed is None and place not in self.staff.pulls_typed:
                assert moved[place] == truly[place] - lay[place], (place, tile)
                continue
            if now != truly[place]:
                self.explained.add(place)

    def moved_by(self, session) -> Counter[Place]:
        """What a session booked, by tray and product."""
        rows = self.rig.query(
            "SELECT tray, sku, sum(count) FROM stock_movement WHERE session = ? GROUP BY tray, sku", session
        )
        return Counter({(tray, sku): count for tray, sku, count in rows})

    def brought_by(self, session):
        """What a session brought, lot by lot."""
        rows = self.rig.query(
            "SELECT tray, sku, lot, produced_on, expires_on, sum(count) FROM stock_movement"
            " WHERE session = ? AND kind = 'RESTOCK' GROUP BY tray, sku, lot, produced_on, expires_on",
            session,
        )
        return {row[:5]: row[5] for row in rows}

    # --- the centre and the calendar ------------------------------------------------------------------------
    @rule(what=news, about=trays, fen=st.integers(300, 3000), cut=cuts)
    def news_arrive(self, what, about, fen, cut):
        with power(self.rig, cut):
            self.hear(what, about, fen)

    def hear(self, what, about, fen):
        rig, sku = self.rig, self.sku_on(about)
        outfit, list_ = rig.outfit, rig.outfit.prices
        offer = Promotion("off", PromotionKind.LIMITED_TIME, "示例特惠", "Offer", skus=(sku,), percent=80)
        full = Promotion("full", PromotionKind.FULL_REDUCTION, "满20减5", "¥5 off", steps=(Step(*REDUCED),))
        version = PriceVersion(datetime(2026, 1, 1), Fen(fen))
        named = (
            [each.lot.name for each in rig.ledger.lots().get((about, sku), ()) if each.lot.name]
            if (rig.starts_at is None)
            else []
        )
        match what:
            case "price":
                list_ = replace(list_, prices={**list_.prices, sku: (version,)})
            case "promotion":
                list_ = replace(list_, promotions=(offer, full))
            case "none":
                list_ = replace(list_, promotions=())
            case "recall":
                outfit = replace(outfit, recalls=Recalls(frozenset({(sku, None)})))
            case "recall lot":
                outfit = replace(outfit, recalls=Recalls(frozenset({(sku, name) for name in named[:1]})))
            case "lift":
                outfit = replace(outfit, recalls=Recalls())
        self.plans += 1
        self.bring(replace(outfit, prices=replace(list_, version=f"prices-{self.plans}")))
        self.reduction = bool(list_.promotions)

    def bring(self, outfit):
        self.rig.outfit = outfit
        self.rig._bring(goods_of(outfit))

    @rule(a=trays, b=trays, draft=st.booleans(), cut=cuts)
    def plan_changes(self, a, b, draft, cut):
        """Two trays change their goods, at once or when a restocker says so. The goods lie where they lay."""
        if a == b:
            return
        plan = self.rig.engine.goods.planogram
        trays = dict(plan.trays)
        trays[a] = (replace(plan.trays[b][0], tray=a),)
        trays[b] = (replace(plan.trays[a][0], tray=b),)
        self.plans += 1
        new = Planogram(f"plan-{self.plans}", trays)
        outfit = self.rig.outfit
        with power(self.rig, cut):
            if draft:
                self.bring(replace(outfit, draft=new))
            else:
                self.bring(replace(outfit, planogram=new, draft=None))

    @precondition(lambda self: self.unsigned is None and self.rig.outfit.draft is not None)
    @rule(cut=cuts)
    def draft_is_accepted(self, cut):
        with power(self.rig, cut):
            answer = self.staff.tap(ApplyDraft())
            self.rig.run(0.5)
        if isinstance(answer, Accepted):
            assert self.rig.engine.goods.planogram.version == self.rig.outfit.draft.version
        self.staff.leave()

    @rule(cut=cuts)
    def midnight_passes(self, cut):
        rig = self.rig
        local = rig.instant.wall.astimezone(rig.engine._zone)
        passed = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
        with power(rig, cut):
            rig.skip((timedelta(days=1) - passed).total_seconds() + 60.0)

    @rule()
    def the_program_starts_again(self):
        self.rig.kill()
        self.rig.now += 3.0
        self.rig.start()
        self.rig.run(2.0)

    # --- what they look at --------------------------------------------------------------------------------
    def sku_on(self, tray) -> Sku:
        return self.rig.engine.goods.planogram.skus(TrayId(tray))[0]

    def of_the_plan(self, act):
        do, words = act
        return (do, {**words, "sku": self.sku_on(words["tray"])}) if do == "put" else act

    def as_it_is(self):
        return lying(self.rig), self.rig.ledger.on_hand(), len(self.rig.events("restock.finished.v1"))

    def off(self) -> set[Place]:
        """Places where something else lies than is booked; while a restock is unsigned, lay before it."""
        truly = lying(self.rig) if self.unsigned is None else self.unsigned[0]
        booked = self.rig.ledger.on_hand()
        return {place for place in truly | booked if truly[place] != booked.get(place, 0)}

    def sales(self):
        return self.rig.events("sale.settled.v1")

    def last_session(self, kind) -> tuple[str, str]:
        rows = self.rig.query(
            "SELECT state, id FROM session WHERE kind = ? ORDER BY n DESC LIMIT 1", kind.value
        )
        return rows[0] if rows else ("", "")

    # --- what must hold -----------------------------------------------------------------------------------
    @invariant()
    def the_books_are_the_sum_of_the_movements_and_of_the_lots(self):
        ledger = self.rig.ledger
        summed = self.rig.query("SELECT tray, sku, sum(count) FROM stock_movement GROUP BY tray, sku")
        assert ledger.on_hand() == {(tray, sku): count for tray, sku, count in summed}
        lots = ledger.lots()
        for place, count in ledger.on_hand().items():
            assert sum(each.count for each in lots.get(place, ())) == max(0, count)
        assert all(each.count > 0 for held in lots.values() for each in held)

    @invariant()
    def everything_is_explained(self):
        self.a_restock_is_booked_once_and_only_when_it_is_signed()
        self.what_lies_otherwise_than_it_is_booked_is_explained()
        self.plan = dict(self.rig.engine.goods.planogram.trays)

    def what_lies_otherwise_than_it_is_booked_is_explained(self):
        off = self.off()
        self.explained |= {place for place in off if place[0] in self.replanned}
        assert off <= self.explained, (off - self.explained, self.rig.events("session.closed.v1")[-1:])
        self.explained &= off

    @property
    def replanned(self) -> set[str]:
        """Trays whose goods another plan has changed since it was last looked at here."""
        plan = self.rig.engine.goods.planogram.trays
        return {tray for tray, facings in plan.items() if facings != self.plan[tray]}

    @invariant()
    def nothing_is_below_nothing_without_an_explanation(self):
        below = {place for place, count in self.rig.ledger.on_hand().items() if count < 0}
        assert below <= self.explained

    def a_restock_is_booked_once_and_only_when_it_is_signed(self):
        told = self.rig.events("restock.finished.v1")
        assert (
            len({each["document"] for each in told}) == len({each["session"] for each in told}) == len(told)
        )
        assert len(told) == (self.documents if self.unsigned is None else self.unsigned[2])
        if self.unsigned is not None:
            lay, booked, documents = self.unsigned
            under_way, now = self.rig.ledger.unfinished(), self.rig.ledger.on_hand()
            assert under_way is not None
            assert self.moved_by(under_way.id) == {}
            changed = {place[0] for place in now if now[place] != booked.get(place)}
            assert changed <= self.replanned
            self.unsigned = lay, now, documents

    @invariant()
    def the_ledger_verifies(self):
        assert verify(self.rig.folder / "ledger.db") == []

    def teardown(self):
        if hasattr(self, "rig"):
            self.rig.kill()
            self.place.cleanup()


def first_out(held: tuple[Held, ...], count: int) -> dict[tuple[str, str | None, str | None], int]:
    """Which lots ``count`` pieces are, by the rule as one would do it by hand: piece by piece."""
    pieces = [each.lot for each in held for _ in range(each.count)]
    pieces.sort(key=lambda lot: (lot.expires_on is None, lot.expires_on or 0))
    found: Counter = Counter()
    for lot in pieces[:count]:
        days = [None if day is None else day.isoformat() for day in (lot.produced_on, lot.expires_on)]
        found[lot.name, *days] += 1
    if count > len(pieces):
        found["", None, None] += count - len(pieces)
    return dict(found)


def in_histories(outfit, examples, steps, **more):
    WholeCounter.outfit = outfit
    run_state_machine_as_test(
        WholeCounter,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            **more,
        ),
    )


def test_stock_is_explained_whatever_happens_to_the_counter(outfit):
    in_histories(outfit, 5, 9, derandomize=True, phases=(Phase.explicit, Phase.generate))


@pytest.mark.long
def test_stock_is_explained_whatever_happens_to_the_counter_for_long(outfit):
    in_histories(outfit, 200, 25)
