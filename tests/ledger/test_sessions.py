from contextlib import closing
from dataclasses import replace

import pytest

from cloud_bridge import feed
from edge.domain.records import Alternative, Happened, Movement, Sale, SaleLine
from edge.errors import LedgerError
from edge.ledger.outbox import Outbox
from edge.ledger.reading import Reading, session_view
from edge.ledger.sessions import AlreadyClosed
from edge.ledger.verify import verify
from edge.recognition import MOST_POINTS
from edge.weighing.curve import MOST


def told(path):
    """The events so far, as (type, subject, fact)."""
    with closing(Outbox(path)) as outbox:
        events = [feed.decode(body) for _, body in outbox.events(0, 1000)]
    return [(event.type, event.subject, feed.fact_of(event)) for event in events]


def test_a_settled_session_is_one_transaction_with_its_sale_stock_and_events(ledger, path, facts):
    ledger.open_stock([facts.restock(10), facts.restock(5, "1-02")], facts.at(0))
    ledger.begin_session(facts.opened(1), facts.at(1))

    order_no = ledger.close_session(facts.closed(1, {"1-01": 2, "1-02": 1}), facts.at(30))

    assert order_no == f"XA-001-{ledger.incarnation[:4]}-000001"
    assert ledger.on_hand() == {("1-01", "SX-0001"): 8, ("1-02", "SX-0001"): 4}
    assert ledger.spent("b-1") == 1050
    assert ledger.unfinished() is None
    events = told(path)
    assert [(kind, subject) for kind, subject, _ in events] == [
        ("stock.moved.v1", "1-01"),
        ("stock.moved.v1", "1-02"),
        ("sale.settled.v1", order_no),
        ("session.closed.v1", facts.id(1)),
        ("stock.moved.v1", "1-01"),
        ("stock.moved.v1", "1-02"),
    ]
    sale, session, moved = events[2][2], events[3][2], events[4][2]
    assert (sale.order_no, sale.total_fen, sale.certified_fen) == (order_no, 1050, 700)
    assert [(line.tray, line.count, line.amount_fen) for line in sale.lines] == [
        ("1-01", 2, 700),
        ("1-02", 1, 350),
    ]
    assert (session.state, session.order_no, session.trays[2].delta_dg) == ("SETTLED", order_no, -11000)
    assert (moved.kind, moved.count, moved.session) == ("SALE", -2, facts.id(1))
    assert verify(path) == []


@pytest.mark.parametrize("state", ["EMPTY", "CANCELLED", "REVIEW"])
def test_a_session_without_a_sale_has_no_order_number(ledger, path, facts, state):
    closed = replace(facts.closed(1, {}), state=state, verdict="review" if state == "REVIEW" else "empty")
    assert ledger.close_session(closed, facts.at(30)) is None
    assert [kind for kind, _, _ in told(path)] == ["session.closed.v1"]
    assert ledger.spent("b-1") == 0


def test_closing_a_session_twice_raises_and_changes_nothing(ledger, path, facts):
    first = ledger.close_session(facts.closed(1), facts.at(30))
    before = told(path)
    with pytest.raises(AlreadyClosed):
        ledger.close_session(facts.closed(1, {"1-02": 3}), facts.at(31))
    assert told(path) == before
    assert ledger.on_hand() == {("1-01", "SX-0001"): -1}
    assert ledger.can_sell()
    assert ledger.close_session(facts.closed(2), facts.at(40)) == first.replace("000001", "000002")


def test_a_session_cut_off_is_rebuilt_from_its_journal_after_a_restart(path, open_at, facts):
    with closing(open_at(path)) as ledger:
        ledger.begin_session(facts.opened(1), facts.at(1))
        for note, body in [
            ("pulse", {}),
            ("unlocked", {"outcome": "accepted"}),
            ("door_opened", {}),
            ("step", {"tray": "1-01", "level_dg": 54500}),
            ("step", {"tray": "1-02", "level_dg": 50000}),
        ]:
            ledger.journal(facts.id(1), note, body, facts.at(2))
    with closing(open_at(path)) as ledger:
        assert ledger.unfinished() == replace(
            facts.opened(1),
            pulsed=True,
            door_opened=True,
            steps=('{"tray":"1-01","level_dg":54500}', '{"tray":"1-02","level_dg":50000}'),
        )
        ledger.close_session(facts.closed(1), facts.at(50))
        assert ledger.unfinished() is None


def test_a_grant_alone_says_that_no_pulse_was_sent(ledger, facts):
    ledger.begin_session(facts.opened(1), facts.at(1))
    assert ledger.unfinished() == facts.opened(1)


@pytest.mark.parametrize(
    ("act", "why"),
    [
        pytest.param(
            lambda led, f: led.begin_session(f.opened(2), f.at(2)),
            "another session is open",
            id="second grant",
        ),
        pytest.param(
            lambda led, f: led.journal(f.id(7), "pulse", {}, f.at(2)),
            "was not granted",
            id="unknown session",
        ),
        pytest.param(
            lambda led, f: led.journal(f.id(0), "step", {}, f.at(2)), "session is closed", id="closed session"
        ),
        pytest.param(
            lambda led, f: led.begin_session(f.opened(0), f.at(2)), "session is closed", id="granted again"
        ),
    ],
)
def test_the_journal_takes_only_what_fits_the_one_open_session(ledger, facts, act, why):
    ledger.begin_session(facts.opened(0), facts.at(0))
    ledger.close_session(facts.closed(0), facts.at(0))
    ledger.begin_session(facts.opened(1), facts.at(1))
    with pytest.raises(LedgerError, match=why):
        act(ledger, facts)
    assert ledger.unfinished() == facts.opened(1)


def test_a_line_whose_amount_is_not_count_times_price_is_refused_whole(ledger, path, facts):
    line = facts.closed(1).sale.lines[0]
    wrong = replace(facts.closed(1), sale=Sale((replace(line, amount=line.amount + 1),)))
    with pytest.raises(LedgerError, match="CHECK"):
        ledger.close_session(wrong, facts.at(30))
    assert told(path) == []
    assert not ledger.knows(facts.id(1))


def test_a_sale_without_lines_is_refused(ledger, facts):
    with pytest.raises(LedgerError, match="sum of its lines"):
        ledger.close_session(replace(facts.closed(1), sale=Sale(())), facts.at(30))


def test_an_event_above_the_feeds_limit_is_refused_and_nothing_is_written(ledger, path, facts):
    long = SaleLine("1-01", "SX-0001", "名" * 20000, 1, 350, 350, True, "县", "社")
    with pytest.raises(ValueError, match="the limit is"):
        ledger.close_session(replace(facts.closed(1), sale=Sale((long,))), facts.at(30))
    assert told(path) == []
    assert ledger.close_session(facts.closed(1), facts.at(31))


def busiest(facts, trays):
    """A session in review in which every one of ``trays`` trays moved as much as evidence can tell."""
    sku = "ZY-TEA-BAG20-GIFT"
    either = tuple(Alternative(((sku, n), (f"{sku}-2", -n)), 333) for n in (1, 2, 3))
    moved = tuple(Happened(1000.123 + n, "FOREIGN_OBJECT", 0) for n in range(200))
    curve = tuple((5000 + 100 * n, -100_000 - n) for n in range(min(MOST, MOST_POINTS // trays)))
    told = [
        facts.evidence(
            f"{1 + n // 4}-{1 + n % 4:02d}",
            3,
            "review",
            goods=((sku, 3), (f"{sku}-2", -1)),
            reasons=("ambiguous", "foreign_object", "unexplained_removal"),
            alternatives=either,
            events=moved,
            curve=curve,
        )
        for n in range(trays)
    ]
    return replace(facts.closed(1, {}), state="REVIEW", verdict="review", trays=tuple(told))


@pytest.mark.parametrize("trays", [1, 12, 20, 60])
def test_the_busiest_session_of_a_whole_cabinet_fits_the_feed(ledger, path, facts, trays):
    ledger.close_session(busiest(facts, trays), facts.at(30))
    ((kind, _, fact),) = told(path)
    assert (kind, len(fact.trays)) == ("session.closed.v1", trays)
    assert verify(path) == []


def test_an_appeal_is_recorded_once_and_told_to_the_centre(ledger, path, facts):
    ledger.close_session(facts.closed(1), facts.at(30))
    assert ledger.appeal(facts.id(1), "没拿", facts.at(60))
    assert ledger.appeal(facts.id(1), "还是没拿", facts.at(61))
    alarms = [(subject, fact) for kind, subject, fact in told(path) if kind == "alarm.raised.v1"]
    assert [(s, f.kind, f.detail, f.session) for s, f in alarms] == [
        (facts.id(1), "APPEAL", "没拿", facts.id(1))
    ]
    assert ledger.alarms() == ()
    assert verify(path) == []


@pytest.mark.parametrize("granted", [False, True])
def test_there_is_no_appeal_before_the_session_is_closed(ledger, facts, granted):
    if granted:
        ledger.begin_session(facts.opened(1), facts.at(0))
    assert not ledger.appeal(facts.id(1), "没拿", facts.at(60))
    assert ledger.knows(facts.id(1)) is granted


def test_spending_is_the_sum_of_an_accounts_sales(ledger, facts):
    ledger.close_session(facts.closed(1, {"1-01": 2}), facts.at(30))
    ledger.close_session(replace(facts.closed(2), opener="b-2"), facts.at(60))
    ledger.close_session(facts.closed(3, {"1-03": 1}), facts.at(90))
    assert [ledger.spent(ref) for ref in ("b-1", "b-2", "b-3")] == [1050, 350, 0]


def shared(facts):
    """A visit that took of two products of one tray, put a piece of another tray there, and left a doubt."""
    water, tea = "SX-0001", "SX-0002"
    closed = facts.closed(1, {"1-01": 2})
    (line,) = closed.sale.lines
    both = facts.evidence("1-01", 2, goods=((water, 2), (tea, 1)), curve=((-5, 60000), (25, 54500)))
    either = (Alternative(((water, 1),), 620), Alternative((), 300))
    doubt = facts.evidence("1-02", 1, "review", goods=((water, 1), (tea, -1)), alternatives=either)
    stray = [
        Movement("1-03", tea, "MISPLACED", -1, "lies on 1-01"),
        Movement("1-01", tea, "MISPLACED", 1, "from 1-03"),
    ]
    return replace(
        closed,
        trays=(both, doubt),
        sale=Sale((line, replace(line, sku=tea, count=1, price=300, amount=300, certified=False))),
        movements=(*closed.movements, Movement("1-01", tea, "SALE", -1), *stray),
    )


def test_goods_of_a_shared_tray_are_sold_booked_and_told_each_by_its_own(ledger, path, facts):
    ledger.open_stock([facts.restock(10), replace(facts.restock(4), sku="SX-0002")], facts.at(0))
    order_no = ledger.close_session(shared(facts), facts.at(30))
    assert ledger.on_hand() == {
        ("1-01", "SX-0001"): 8,
        ("1-01", "SX-0002"): 4,
        ("1-03", "SX-0002"): -1,
    }
    facts_told = [fact for _, _, fact in told(path)]
    sale = next(fact for fact in facts_told if isinstance(fact, feed.SaleSettled))
    assert (sale.order_no, sale.total_fen) == (order_no, 1000)
    assert [(line.tray, line.sku, line.count) for line in sale.lines] == [
        ("1-01", "SX-0001", 2),
        ("1-01", "SX-0002", 1),
    ]
    both, doubt = next(fact for fact in facts_told if isinstance(fact, feed.SessionClosed)).trays
    assert both.goods == (feed.Goods(sku="SX-0001", count=2), feed.Goods(sku="SX-0002", count=1))
    assert both.curve == ((-5, 60000), (25, 54500))
    assert doubt.goods == (feed.Goods(sku="SX-0001", count=1), feed.Goods(sku="SX-0002", count=-1))
    assert doubt.alternatives == (
        feed.Alternative(goods=(feed.Goods(sku="SX-0001", count=1),), permille=620),
        feed.Alternative(goods=(), permille=300),
    )
    assert verify(path) == []


def test_books_of_a_shared_tray_are_the_same_after_a_restart(path, open_at, facts):
    with closing(open_at(path)) as ledger:
        ledger.close_session(shared(facts), facts.at(30))
        before = ledger.on_hand()
    with closing(open_at(path)) as ledger:
        assert ledger.on_hand() == before


def test_evidence_keeps_what_was_booked_of_each_product_before(ledger, path, facts):
    ledger.open_stock([facts.restock(10), replace(facts.restock(4), sku="SX-0002")], facts.at(0))
    ledger.close_session(shared(facts), facts.at(30))
    view = session_view(Reading(path).session_of(facts.id(1)), lambda sku: (sku, sku))
    assert [(x.tray, x.sku, x.count, x.sure, x.evidence.before, x.evidence.after) for x in view.lines] == [
        ("1-01", "SX-0001", 2, True, 10, 8),
        ("1-01", "SX-0002", 1, True, 4, 3),
        ("1-02", "SX-0001", 1, False, 0, -1),
        ("1-02", "SX-0002", -1, False, 0, 1),
    ]


def test_the_planogram_that_was_applied_last_is_known_after_a_restart(path, open_at, facts):
    with closing(open_at(path)) as ledger:
        assert ledger.planogram() is None
        for version in ("v1", "v2"):
            ledger.record_fact(
                feed.PlanogramApplied(mono_ms=1, version=version, trays=12), version, facts.at(0)
            )
            ledger.record_fact(feed.CatalogueApplied(mono_ms=1, version="c", products=52), "c", facts.at(0))
            assert ledger.planogram() == version
    with closing(open_at(path)) as ledger:
        assert ledger.planogram() == "v2"
